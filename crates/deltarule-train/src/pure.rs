//! What is to be said of levels and sparse features that no finite weight fits best.

use deltarule_core::{Plan, Problem, PureInput, StopReason, pure_inputs};
use deltarule_model::{Encoding, FeatureKind, Target};

use crate::number::count;

/// A warning of levels and sparse features whose weights grow for as long as descent goes on, whatever made it end: their size means nothing. `None` where a
/// penalty bounds them, where each step saw a few records alone, and where descent came to no end of its own. It names inputs and classes.
///
/// One pass over the table, if it has categories or sparse columns, and f an end that it does not reach.
///
/// Errors: those of the source.
pub fn pure_inputs_warning(
    problem: &Problem<'_, f64>,
    encoding: &Encoding,
    plan: &Plan,
    reason: &StopReason,
) -> deltarule_core::Result<Option<String>> {
    let came_to_an_end = matches!(
        reason,
        StopReason::Minimum { .. }
            | StopReason::KinkedMinimum { .. }
            | StopReason::NoFiniteMinimum { .. }
            | StopReason::NoProgress { .. }
            | StopReason::Epochs { .. }
    );
    if plan.penalty.l2 > 0.0 || plan.penalty.l1 > 0.0 || plan.batch.is_some() || !came_to_an_end {
        return Ok(None);
    }
    let inputs = pure_inputs(problem)?;
    let Some(first) = inputs.first() else { return Ok(None) };
    let name = encoding.input_names().get(first.feature).cloned().unwrap_or_default();
    let example = format!("{name:?}, {}", what_they_have(first, encoding));
    let nouns: Vec<(&str, u64)> = ["level", "bucket", "sparse feature"]
        .into_iter()
        .map(|noun| (noun, inputs.iter().filter(|input| noun_of(encoding, input) == noun).count() as u64))
        .filter(|&(_, n)| n > 0)
        .collect();
    // Nothing but levels is pooled, and those that are left were not rare.
    let is_pooled = matches!(kind_of(encoding, first.feature), Some(FeatureKind::Category { pooled: Some(_), .. }));
    let advice = match nouns[0].0 {
        "level" if !is_pooled => "try --l2 0.001, which bounds it, or --min-count 20, which pools rare levels",
        _ => "try --l2 0.001, which bounds it",
    };
    Ok(Some(match nouns[..] {
        [(noun, 1)] => format!(
            "the {noun} {example}, has no finite minimum: the further its weight goes, the less is E. How large it is tells when descent stopped, and \
             nothing else; {advice}"
        ),
        _ => format!(
            "{} have no finite minimum, such as {example}: the further the weight of one goes, the less is E. How large it is tells when descent \
             stopped, and nothing else; {advice}",
            nouns.iter().map(|&(noun, n)| count(n, noun)).collect::<Vec<_>>().join(" and ")
        ),
    }))
}

/// What an input is called.
fn noun_of(encoding: &Encoding, input: &PureInput) -> &'static str {
    match kind_of(encoding, input.feature) {
        Some(FeatureKind::Hashed { .. }) => "bucket",
        Some(FeatureKind::Sparse { .. }) => "sparse feature",
        _ => "level",
    }
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

fn what_they_have(input: &PureInput, encoding: &Encoding) -> String {
    let is_high = input.target > 0.0;
    let is_sparse = matches!(kind_of(encoding, input.feature), Some(FeatureKind::Sparse { .. }));
    let of = if is_sparse { "which is other than 0 only in records that" } else { "whose records" };
    let none_of = if is_sparse { "which is other than 0 only in records of which" } else { "of whose records" };
    match &encoding.target {
        Target::Numbers { names, .. } => format!("{of} all have {} = {}", names[input.output], input.target),
        Target::TwoClasses { classes, .. } => format!("{of} are all {:?}", classes[usize::from(is_high)]),
        Target::Classes { classes, .. } if is_high => format!("{of} are all {:?}", classes[input.output]),
        Target::Classes { classes, .. } => format!("{none_of} none is {:?}", classes[input.output]),
    }
}
