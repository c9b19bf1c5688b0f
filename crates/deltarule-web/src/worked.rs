//! One record's step, line by line, with the check of its gradient.

use deltarule_core::{GradientCheck, Moments, Problem, Threads, WorkedStep, check_gradient, explain};
use serde_json::{Value, json};

use crate::error::Result;
use crate::lane::Lane;
use crate::points::Points;

impl Lane {
    /// One step of the delta rule on one record alone, with this η, at the weights that are shown.
    ///
    /// Errors: no such record; those of the core.
    pub fn worked(&self, points: &Points, record: usize) -> Result<WorkedStep> {
        let one = points.only(record)?;
        let x = one.inputs_of(0, &self.network.scaling);
        let layer = self.network.layer(&self.state().parameters);
        let targets = one.targets(&self.network.activation, self.network.loss);
        let y = match &targets {
            deltarule_core::Targets::Numbers(all) => all.iter().map(|values| values[0]).collect(),
            deltarule_core::Targets::Classes { codes, n_classes, low, high } => {
                (0..*n_classes).map(|class| if codes[0] as usize == class { *high } else { *low }).collect::<Vec<f64>>()
            }
        };
        Ok(explain(self.network.loss, &layer, &x, &y, self.plan().eta.eta)?)
    }

    /// The gradient of the same record by the delta rule and by differences.
    ///
    /// Errors: those of [`worked`](Self::worked).
    pub fn checked(&self, points: &Points, record: usize) -> Result<GradientCheck> {
        let one = points.only(record)?;
        let targets = one.targets(&self.network.activation, self.network.loss);
        let source = &one.dataset(&targets)?;
        let threads = &Threads::one();
        let problem = Problem {
            source,
            scaling: &self.network.scaling,
            moments: &Moments::of(source, threads)?,
            activation: &self.network.activation,
            loss: self.network.loss,
            has_bias: self.network.has_bias,
            threads,
        };
        Ok(check_gradient(&problem, &self.state().parameters)?)
    }

    /// Both for the page.
    pub(crate) fn worked_json(&self, points: &Points, record: usize) -> Result<Value> {
        let step = self.worked(points, record)?;
        let check = self.checked(points, record)?;
        let outputs = step.outputs.iter().zip(points.outputs()).enumerate().map(|(j, (output, name))| {
            let checked = check.weights.iter().filter(|weight| weight.output == j);
            json!({
                "name": name,
                "weights": output.weights, "bias": output.bias, "terms": output.terms,
                "net_input": output.net_input, "output": output.output, "target": output.target,
                "residual": output.residual, "squared": output.squared, "loss": output.loss, "slope": output.slope,
                "derivative": output.derivative, "delta": output.delta,
                "gradient": output.gradient, "bias_gradient": output.bias_gradient,
                "step": output.step, "bias_step": output.bias_step,
                "new_weights": output.new_weights, "new_bias": output.new_bias,
                "new_net_input": output.new_net_input, "new_output": output.new_output, "new_loss": output.new_loss,
                "check": checked.map(|weight| json!({
                    "by_delta_rule": weight.by_delta_rule, "by_differences": weight.by_differences,
                    "apart": weight.relative_error, "at_kink": weight.at_kinks > 0,
                })).collect::<Vec<_>>(),
            })
        });
        Ok(json!({
            "record": record, "inputs": step.inputs, "names": points.inputs(), "eta": step.rule.eta, "loss": step.loss, "new_loss": step.new_loss,
            "outputs": outputs.collect::<Vec<_>>(),
            "check": {"worst": check.worst, "passes": check.passes(), "tolerance": GradientCheck::TOLERANCE},
        }))
    }
}
