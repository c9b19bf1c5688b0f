//! Columns that tell too much: those from which the target could have been copied.

use anyhow::Result;
use deltarule_core::{Alone, Layer, Problem, explained_alone, spread_of_parts};
use deltarule_model::{Encoding, Target};

use crate::number::percent;
use crate::output;
use crate::scores::{Detail, Scores};

/// A column is suspected that alone explains so large a share of the target's variance …
const MUCH: f64 = 0.9;
/// … and so large a share of what all columns explain together.
const NEARLY_ALL: f64 = 0.97;
/// What is left of the variance of a target that others make up without an error: the rounding of tables with a few digits is above it.
const EXACT: f64 = 1e-9;
/// Of columns that make up a target, those whose part has less than this share of its standard deviation do not count.
const PART: f64 = 1e-3;

/// What is to be said of columns that may tell what is known only after the target; nothing for a single column, which has nothing to be compared with.
///
/// The measure is the share of the training targets' variance that is explained, classes being 1 for their own records and 0 for others (all outputs
/// together): R² for numbers, 1 − Brier/Brier of the best constant for classes; for one column alone that of least squares ([`explained_alone`]).
///
/// Errors: those of the source.
pub(crate) fn warnings(
    problem: &Problem<'_, f64>,
    encoding: &Encoding,
    layer: &Layer,
    training: &Scores,
) -> Result<Vec<String>> {
    let n_inputs = encoding.shape().n_features();
    if encoding.columns().len() < 2 && !encoding.is_sparse() || n_inputs < 2 {
        return Ok(Vec::new());
    }
    let together = explained_together(training);
    // Where all columns together explain little, no single one has to be looked at.
    if !together.iter().any(|(_, share)| *share >= MUCH) {
        return Ok(Vec::new());
    }
    let alone = explained_alone(problem)?;
    let mut warnings = Vec::new();
    for (j, (target, together)) in together.iter().enumerate() {
        let is_of_classes = encoding.target.classes().is_some();
        let share = |alone: &Alone| if is_of_classes { alone.share } else { alone.shares[j] };
        let suspects: Vec<&Alone> =
            alone.iter().filter(|alone| share(alone) >= MUCH && share(alone) >= NEARLY_ALL * together).collect();
        if let Some(worst) = suspects.iter().copied().max_by(|a, b| share(a).total_cmp(&share(b))) {
            warnings.push(of_one(encoding, worst, share(worst), target, *together));
        } else if !is_of_classes && 1.0 - together < EXACT {
            warnings.extend(of_several(problem, encoding, layer, j, target));
        }
    }
    Ok(warnings)
}

/// The share that all columns explain together, of each target.
fn explained_together(training: &Scores) -> Vec<(String, f64)> {
    match &training.detail {
        Detail::Numbers(targets) => {
            targets.iter().map(|target| (target.name.clone(), target.own.r_squared.unwrap_or(0.0))).collect()
        }
        Detail::Classes { scores, baseline, .. } => {
            let share = if baseline.brier > 0.0 { 1.0 - scores.brier / baseline.brier } else { 0.0 };
            vec![(String::new(), share)]
        }
    }
}

fn of_one(encoding: &Encoding, alone: &Alone, share: f64, target: &str, together: f64) -> String {
    let feature = &encoding.features[alone.column];
    let (name, advice) = match alone.place.and_then(|place| feature.sparse().get(place)) {
        Some(sparse) => (format!("the number of index {}", sparse.index), "leave it out of the file".to_owned()),
        None => (format!("{:?}", feature.name), format!("try --drop {}", output::quoted_list([feature.column()]))),
    };
    let target = match &encoding.target {
        Target::Numbers { .. } => target,
        Target::TwoClasses { name, .. } | Target::Classes { name, .. } => name,
    };
    format!(
        "{name} may be a leak: alone it explains {} of the variance of {target}, and all columns together {}. If it is known only after {target} \
         is, the scores promise too much: {advice}",
        percent(share),
        percent(together)
    )
}

/// Columns that make up a target without an error, if they are not all of them.
fn of_several(
    problem: &Problem<'_, f64>,
    encoding: &Encoding,
    layer: &Layer,
    j: usize,
    target: &str,
) -> Option<String> {
    let spread = spread_of_parts(problem, layer.parameters(), j);
    let deviation = problem.moments.targets()[j].standard_deviation();
    let counted = encoding.features.iter().zip(&spread).filter(|(_, spread)| **spread > PART * deviation);
    let mut columns: Vec<&str> = counted.map(|(feature, _)| feature.column()).collect();
    columns.dedup();
    // With hardly more records than weights any target is met.
    let enough = problem.moments.n_records() > 2 * encoding.shape().n_features() as u64;
    if columns.len() < 2 || !enough {
        return None;
    }
    let names: Vec<String> = columns.iter().map(|name| format!("{name:?}")).collect();
    Some(format!(
        "{} may be a leak: together they give {target} without an error. If they are known only after {target} is, the scores promise too much: \
         try --drop {}",
        names.join(" and "),
        output::quoted_list(columns.iter().map(|name| name.as_ref()))
    ))
}
