//! What is to be said of levels that no finite weight fits best.

use deltarule_core::{Plan, Problem, PureLevel, StopReason, pure_levels};
use deltarule_model::{Encoding, Target};

use crate::number::count;

/// A warning of levels whose weights grow for as long as descent goes on, whatever made it end: their size means nothing. `None` where a penalty bounds
/// them, where each step saw a few records alone, and where descent came to no end of its own. `has_names` is whether levels and classes may be named.
///
/// One pass over the table, if it has categories and f an end that it does not reach.
///
/// Errors: those of the source.
pub fn pure_levels_warning(
    problem: &Problem<'_, f64>,
    encoding: &Encoding,
    plan: &Plan,
    reason: &StopReason,
    has_names: bool,
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
    let example = if has_names {
        let name = encoding.input_names().get(first.feature).cloned().unwrap_or_default();
        format!(", {name:?} for one, {}", what_they_have(first, &encoding.target))
    } else {
        String::new()
    };
    let (verb, whose) = if levels.len() == 1 { ("has", "Its weight") } else { ("have", "Their weights") };
    Ok(Some(format!(
        "{}{example}, {verb} no finite minimum: the further the weight goes, the less is E. {whose} would go on growing, and how large \
         they are means nothing; try --l2 0.001, which bounds them, or --min-count 20, which pools rare levels",
        count(levels.len() as u64, "level")
    )))
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
