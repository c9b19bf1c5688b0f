//! What is said of a descent, wherever it was asked for.

use deltarule_core::{Activation, Loss, OptimizerKind, Plan, StopReason};

use crate::number::{count, digits, short};

/// What to know about a given η before the first step.
pub fn eta_warning(plan: &Plan) -> Option<String> {
    if plan.chooses_eta() || plan.batch.is_some() {
        return None;
    }
    let eta = plan.eta.eta;
    if plan.optimizer == OptimizerKind::GradientDescent
        && let Some(limit) = plan.eta.exact_limit
        && eta > limit
    {
        return Some(format!(
            "η = {} is above {}, where plain descent stops converging on this data (2/λmax): E will grow{}",
            short(eta),
            short(limit),
            plan.eta.guaranteed.map_or(String::new(), |eta| format!("; with η = {} it falls", short(eta)))
        ));
    }
    let guaranteed = plan.eta.guaranteed?;
    let (bound, what) = match plan.optimizer {
        OptimizerKind::GradientDescent => (2.0 * guaranteed, "up to which no step raises E on this data"),
        _ => (guaranteed, "up to which plain steps lower E on this data the more the larger η is"),
    };
    (eta > bound).then(|| format!("η = {} is above {}, {what}: it may work, and it may not", short(eta), short(bound)))
}

/// Why descent ended, and what that means.
pub fn reason_text(reason: &StopReason, plan: &Plan, loss: Loss, activation: &Activation) -> String {
    let guaranteed = match plan.eta.guaranteed {
        Some(eta) => format!(
            "with η = {} no step raises E on this data, that is guaranteed: try --eta {}{}",
            short(eta),
            short(eta),
            if plan.chooses_eta() { "" } else { ", or leave out --eta" }
        ),
        None if plan.chooses_eta() => format!("the choice of η was a guess: try --eta {}", short(plan.eta.eta / 10.0)),
        None => "leave out --eta, and deltarule finds one".to_owned(),
    };
    let kind = match loss.is_convex_with(activation) {
        true => String::new(),
        false => format!(" (with {activation} E may have others)"),
    };
    match reason {
        StopReason::KinkedMinimum { above } => format!(
            "a minimum{kind}, at kinks of the loss: with parabolas in their places E is lower by {} of itself, and falls no more",
            digits(*above, 2)
        ),
        StopReason::Minimum { correlation } => {
            format!(
                "a minimum{kind}: no column's correlation with δ is above {} (the largest is {})",
                short(plan.tolerance),
                digits(*correlation, 2)
            )
        }
        StopReason::Exact => "a minimum: what is left of E is the rounding of the numbers".to_owned(),
        StopReason::NoFiniteMinimum { movement, fall } => format!(
            "no finite minimum: E has all but stopped falling (lately by {} of the baseline's E), while the net input of some record \
             moved by {} and goes on moving: ever larger weights fit ever better. So it is where inputs tell the targets of some \
             records apart without exception, or where targets lie beyond what f can give. The predictions hardly change any more; \
             the size of these weights means nothing",
            digits(*fall, 2),
            digits(*movement, 2)
        ),
        StopReason::NoProgress { epochs, correlation } => format!(
            "no more progress: E has hardly fallen for {} (largest correlation of a column with δ: {}). {}",
            count(*epochs, "epoch"),
            digits(*correlation, 2),
            if plan.batch.is_some() {
                "Steps over few records end in a small neighbourhood of the minimum; --batch full goes all the way"
                    .to_owned()
            } else if plan.eta.guaranteed.is_some_and(|eta| plan.eta.eta > eta) {
                format!("Steps with this η jump across the minimum; {guaranteed}")
            } else if plan.course.schedule.goes_down() {
                format!(
                    "It may be that --schedule {} has made η too small; a schedule that goes down more slowly may go on",
                    plan.course.schedule
                )
            } else {
                "What is left is below the precision of the numbers, or f or the loss has a kink there".to_owned()
            }
        ),
        StopReason::HeldOut { epochs, loss } => format!(
            "E of the held-out records has not been lower for {} (--early-stopping); the weights are those with the least of it, {}",
            count(*epochs, "epoch"),
            digits(*loss, 8)
        ),
        StopReason::Epochs { correlation } => format!(
            "epochs used up: E may fall further (largest correlation of a column with δ: {}); try --epochs {}{}",
            digits(*correlation, 2),
            2 * plan.epochs.max(1),
            if plan.chooses_eta() { "" } else { ", or leave out --eta for a chosen η and accelerated steps" }
        ),
        StopReason::Interrupted => "interrupted; the best weights so far are kept".to_owned(),
        StopReason::Diverged { epoch, eta, loss, net_input } => {
            let what = match net_input {
                Some(h) => format!("f(h) is not finite at h = {}", short(*h)),
                None if loss.is_finite() => format!("E rose to {} and goes on rising", short(*loss)),
                None => "E is not finite any more".to_owned(),
            };
            format!("diverged in epoch {epoch} with η = {}: {what}; {guaranteed}", short(*eta))
        }
        StopReason::Saturated { epoch, eta, loss } => format!(
            "saturated in epoch {epoch} with η = {}: the steps were so large that every h is far out, where f' is 0; δ is 0 with it, and \
             descent stands still at E = {}; {guaranteed}",
            short(*eta),
            short(*loss)
        ),
        other => other.name().to_owned(),
    }
}
