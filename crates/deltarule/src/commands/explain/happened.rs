//! A sentence on what a step did.

use deltarule_core::{Loss, WorkedOutput, WorkedStep};

use crate::number::{percent, short};

/// What the step did, and why.
pub(super) fn what_happened(step: &WorkedStep) -> String {
    let text = match (why_no_step(step), why_nothing(step)) {
        (Some(why), _) => why,
        (_, Some(why)) => format!("nothing. {why}"),
        _ => format!("{} {}", way(step), end(step)),
    };
    format!("What happened: {text}")
}

/// Where the numbers are too large for a step.
fn why_no_step(step: &WorkedStep) -> Option<String> {
    if !step.loss.is_finite() {
        let is_output = |output: &WorkedOutput| output.output.is_finite();
        let what = if step.outputs.iter().all(is_output) { "E" } else { "f" };
        return Some(format!(
            "{what} is not finite here, so there is no step; smaller weights or inputs, or another f, are needed."
        ));
    }
    let far = "E is not finite with the new weights: the step is too large for f, and a smaller η is needed.";
    (!step.new_loss.is_finite()).then(|| far.to_owned())
}

fn why_nothing(step: &WorkedStep) -> Option<&'static str> {
    let stays = |of: fn(&WorkedOutput) -> bool| step.outputs.iter().all(of);
    if !step.rule.penalty.is_none() {
        return None;
    }
    if step.rule.times == 0.0 {
        return Some("This record counts 0 times, so no weight moves.");
    }
    if stays(|output| output.delta == 0.0) {
        return Some(match (step.loss == 0.0, step.error) {
            (true, Loss::Hinge) => "The output is on the right side of the margin, so δ is 0 and no weight moves.",
            (true, _) => "The output is the target, so δ is 0 and no weight moves.",
            (false, _) => {
                "f' is 0 here, so δ is 0 and no weight moves, although the output is wrong: f is flat where h is."
            }
        });
    }
    let none = step.inputs.iter().all(|x| *x == 0.0) && stays(|output| output.bias.is_none());
    none.then_some("Every input is 0, so Δw = ηδx is 0 and no weight moves.")
}

/// Which way the weights went.
fn way(step: &WorkedStep) -> String {
    if !step.rule.penalty.is_none() {
        return "The error moved each weight by its δ, and the penalty moved it towards 0.".into();
    }
    let [output] = &step.outputs[..] else { return "Each output's weights moved by its own δ.".into() };
    let why = match output.residual {
        0.0 => "The output is the target, where L has a kink: δ is that of a larger output".to_owned(),
        residual => {
            format!("The output was too {} by {}", if residual > 0.0 { "low" } else { "high" }, short(residual.abs()))
        }
    };
    let (up, down) = if output.delta > 0.0 { ("up", "down") } else { ("down", "up") };
    if step.inputs.iter().all(|x| *x == 0.0) {
        return format!("{why}, so the bias went {up}; every input is 0, and no weight moves.");
    }
    format!("{why}, so each weight went {up} where its input is positive, and {down} where it is negative.")
}

/// What became of E.
fn end(step: &WorkedStep) -> String {
    let is_penalised = !step.rule.penalty.is_none();
    let (before, after) = if is_penalised { step.objectives() } else { (step.loss, step.new_loss) };
    let name = if is_penalised { "E with its penalty" } else { "E" };
    if after < before {
        format!("{name} fell by {} of what it was.", percent(1.0 - after / before))
    } else if after > before && before == 0.0 {
        format!("{name} rose: it was 0, and cannot be less.")
    } else if after > before {
        format!("{name} rose: η was so large that the step went past the bottom and up on the other side.")
    } else {
        format!("{name} stayed the same: the step is smaller than the precision of the numbers.")
    }
}
