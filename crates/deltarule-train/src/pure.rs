//! What is to be said of levels that no finite weight fits best.

use deltarule_core::{Plan, Problem, PureLevel, StopReason, pure_levels};
use deltarule_model::{Encoding, FeatureKind, Target};

use crate::number::count;

/// A warning of levels whose weights grow for as long as descent goes on, whatever made it end: their size means nothing. `None` where a penalty bounds
/// them, where each step saw a few records alone, and where descent came to no end of its own. It names levels and classes.
///
/// One pass over the table, if it has categories and f an end that it does not reach.
///
/// Errors: those of the source.
pub fn pure_levels_warning(
    problem: &Problem<'_, f64>,
    encoding: &Encoding,
    plan: &Plan,
    reason: &StopReason,
) -> deltarule_core::Result<Option<String>> {
    let came_to_an_end = matches!(
        reason,
        StopReason::Minimum { .. }
            | StopReason::NoFiniteMinimum { .. }
            | StopReason::NoProgress { .. }
            | StopReason::Epochs { .. }
    );
    if plan.penalty.l2 > 0.0 || plan.penalty.l1 > 0.0 || plan.batch.is_some() || !came_to_an_end {
        return Ok(None);
    }
    let levels = pure_levels(problem)?;
    let Some(first) = levels.first() else { return Ok(None) };
    let name = encoding.input_names().get(first.feature).cloned().unwrap_or_default();
    let example = format!("{name:?}, {}", what_they_have(first, &encoding.target));
    let is_of_buckets =
        |level: &&PureLevel| matches!(kind_of(encoding, level.feature), Some(FeatureKind::Hashed { .. }));
    // Buckets are not pooled.
    let (noun, advice) = match levels.iter().filter(is_of_buckets).count() {
        0 => ("level", "try --l2 0.001, which bounds it, or --min-count 20, which pools rare levels"),
        n if n == levels.len() => ("bucket", "try --l2 0.001, which bounds it"),
        _ => ("level", "try --l2 0.001, which bounds it, or --min-count 20, which pools rare levels"),
    };
    Ok(Some(match levels.len() {
        1 => format!(
            "the {noun} {example}, has no finite minimum: the further its weight goes, the less is E. How large it is tells when descent stopped, and \
             nothing else; {advice}"
        ),
        n => format!(
            "{} have no finite minimum, such as {example}: the further the weight of one goes, the less is E. How large it is tells when descent \
             stopped, and nothing else; {advice}",
            count(n as u64, noun)
        ),
    }))
}

/// What the feature is that an input belongs to.
fn kind_of(encoding: &Encoding, input: usize) -> Option<&FeatureKind> {
    let mut end = 0;
    let feature = encoding.features.iter().find(|feature| {
        end += feature.n_inputs();
        input < end
    });
    feature.map(|feature| &feature.kind)
}

fn what_they_have(level: &PureLevel, target: &Target) -> String {
    let is_high = level.target > 0.0;
    match target {
        Target::Numbers { names, .. } => {
            format!("whose records all have {} = {}", names[level.output], level.target)
        }
        Target::TwoClasses { classes, .. } => format!("whose records are all {:?}", classes[usize::from(is_high)]),
        Target::Classes { classes, .. } if is_high => format!("whose records are all {:?}", classes[level.output]),
        Target::Classes { classes, .. } => format!("of whose records none is {:?}", classes[level.output]),
    }
}
