//! Why a walk ended, for whoever watches it.

use deltarule_core::{Plan, StopReason};
use deltarule_model::number::short;

/// A headline, and what it means.
pub(crate) fn reason(reason: &StopReason, plan: &Plan, is_convex: bool) -> (&'static str, String) {
    let eta = plan.eta.eta;
    let limit = match (plan.batch, plan.eta.exact_limit, plan.eta.guaranteed) {
        (Some(_), ..) => "Steps over few records want a smaller η than steps over all of them.".to_owned(),
        (None, Some(exact), _) => format!(
            "For this data the bowl is that of a parabola: steps with η above {} land higher on the other side than they began.",
            short(exact)
        ),
        (None, None, Some(guaranteed)) => {
            format!(
                "For this data no step raises E as long as η is at most {}, twice where the mark is.",
                short(2.0 * guaranteed)
            )
        }
        _ => "With this f no η is known that is safe for every start: try a smaller one.".to_owned(),
    };
    match reason {
        StopReason::Minimum { correlation } => (
            "A minimum",
            format!(
                "The slope ∂E/∂w has vanished: no input is correlated with δ any more (the largest correlation is {}). {}",
                short(*correlation),
                if is_convex { "With this f there is no other minimum." } else { "With this f E may have other minima: try another start." }
            ),
        ),
        StopReason::KinkedMinimum { .. } => (
            "A minimum",
            "It is at kinks of the loss, where no slope vanishes: with parabolas in their places E is hardly lower, and falls no more.".to_owned(),
        ),
        StopReason::Exact => ("A minimum", "Every point is met: what is left of E is the rounding of the numbers.".to_owned()),
        StopReason::NoFiniteMinimum { .. } => (
            "No finite minimum",
            "E goes on falling towards a value that it never reaches, while the weights grow for ever: the inputs tell some targets apart without exception, or the \
             targets lie where f cannot get."
                .to_owned(),
        ),
        StopReason::NoProgress { epochs, .. } => (
            "No more progress",
            match plan.batch {
                Some(_) => format!(
                    "E has hardly fallen for {epochs} epochs: steps over few records jump about in the neighbourhood of the minimum. A smaller η jumps less."
                ),
                None => format!("E has hardly fallen for {epochs} epochs. {limit}"),
            },
        ),
        StopReason::Diverged { loss, net_input, .. } => (
            "Diverged",
            format!(
                "With η = {} every step overshot, and E rose until {}. {limit} Go back, and make η smaller.",
                short(eta),
                match net_input {
                    Some(h) => format!("f was no number any more, at h = {}", short(*h)),
                    None if loss.is_finite() => format!("it was {}", short(*loss)),
                    None => "it was beyond all numbers".to_owned(),
                }
            ),
        ),
        StopReason::Saturated { .. } => (
            "Saturated",
            format!(
                "The steps with η = {} have thrown h so far out that f is flat there: f'(h) = 0, so δ = 0, and descent stands still although the error is large. {limit}",
                short(eta)
            ),
        ),
        _ => ("The end", "No further step is kept.".to_owned()),
    }
}
