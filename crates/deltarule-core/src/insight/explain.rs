//! The arithmetic of one step of the delta rule, every quantity of it.

use crate::error::{Error, Result};
use crate::learning::{ErrorTerm, Loss, Reduction, delta};
use crate::network::{Layer, Parameters};

/// One step of the delta rule on one record, worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkedStep {
    /// x, shape (d,).
    pub inputs: Vec<f64>,
    /// η.
    pub eta: f64,
    /// The outputs, shape (J,).
    pub outputs: Vec<WorkedOutput>,
    /// What the error of an output is.
    pub error: Loss,
    /// E of this record, Σ L(y_j, ŷ_j), before the step; for the squared error ½Σ(y_j − ŷ_j)².
    pub loss: f64,
    /// E of this record after the step.
    pub new_loss: f64,
}

/// What one step does for one output.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkedOutput {
    /// w_i, shape (d,).
    pub weights: Vec<f64>,
    /// b; `None` without a bias.
    pub bias: Option<f64>,
    /// w_i x_i, shape (d,).
    pub terms: Vec<f64>,
    /// h = Σ w_i x_i + b.
    pub net_input: f64,
    /// ŷ = f(h).
    pub output: f64,
    /// y.
    pub target: f64,
    /// y − ŷ.
    pub residual: f64,
    /// (y − ŷ)².
    pub squared: f64,
    /// L(y, ŷ); for the squared error ½(y − ŷ)².
    pub loss: f64,
    /// −∂L/∂ŷ; for the squared error y − ŷ.
    pub slope: f64,
    /// f'(h).
    pub derivative: f64,
    /// δ = −∂E/∂h: −∂L/∂ŷ f'(h), for the squared error (y − ŷ) f'(h); with softmax, where every output depends on this h, y − ŷ.
    pub delta: f64,
    /// ∂E/∂w_i = −δ x_i, shape (d,).
    pub gradient: Vec<f64>,
    /// ∂E/∂b = −δ; `None` without a bias.
    pub bias_gradient: Option<f64>,
    /// Δw_i = η δ x_i, shape (d,).
    pub step: Vec<f64>,
    /// Δb = η δ; `None` without a bias.
    pub bias_step: Option<f64>,
    /// w_i + Δw_i, shape (d,).
    pub new_weights: Vec<f64>,
    /// b + Δb; `None` without a bias.
    pub new_bias: Option<f64>,
    /// h with the new weights.
    pub new_net_input: f64,
    /// ŷ with the new weights.
    pub new_output: f64,
    /// L(y, ŷ) with the new weights.
    pub new_loss: f64,
}

/// Works out one step of the delta rule on one record.
///
/// Shapes: `inputs` (d,), `targets` (J,). Errors: other lengths than the layer's; an activation or a target that the loss is not defined for.
///
/// ```
/// use deltarule_core::{Activation, Layer, Loss, Parameters, explain};
/// let layer = Layer::new(Parameters::new(2, vec![0.6, 0.1], Some(vec![0.2]), 1)?, Activation::Sigmoid);
/// let step = explain(Loss::Squared, &layer, &[1.0, -2.0], &[1.0], 0.5)?;
/// assert!((step.outputs[0].delta - 0.08106825284073778).abs() < 1e-16);
/// assert!((step.outputs[0].step[1] + 0.08106825284073778).abs() < 1e-16);
/// # Ok::<(), deltarule_core::Error>(())
/// ```
pub fn explain(loss: Loss, layer: &Layer, inputs: &[f64], targets: &[f64], eta: f64) -> Result<WorkedStep> {
    check_record(loss, layer, inputs, targets)?;
    let parameters = layer.parameters();
    let net_inputs = layer.net_inputs(inputs);
    let coupled = couple(layer, &net_inputs);
    let mut moved = parameters.clone();
    let terms: Vec<ErrorTerm> =
        coupled.iter().zip(targets).map(|(&h, &y)| delta(loss, layer.activation(), y, h)).collect();
    for (j, term) in terms.iter().enumerate() {
        for (w, x) in moved.weights_mut(j).iter_mut().zip(inputs) {
            *w += eta * term.delta * x;
        }
        moved.set_bias(j, moved.bias(j) + eta * term.delta);
    }
    let moved = Layer::new(moved, layer.activation().clone());
    let new_net_inputs = moved.net_inputs(inputs);
    let new_coupled = couple(layer, &new_net_inputs);
    let outputs: Vec<WorkedOutput> = (0..targets.len())
        .map(|j| {
            let (target, term) = (targets[j], terms[j]);
            let new = delta(loss, layer.activation(), target, new_coupled[j]);
            let bias = |value: f64| parameters.has_bias().then_some(value);
            WorkedOutput {
                weights: parameters.weights(j).to_vec(),
                bias: bias(parameters.bias(j)),
                terms: parameters.weights(j).iter().zip(inputs).map(|(w, x)| w * x).collect(),
                net_input: net_inputs[j],
                output: term.output,
                target,
                residual: term.residual,
                squared: term.residual * term.residual,
                loss: term.loss,
                slope: term.slope,
                derivative: term.derivative,
                delta: term.delta,
                gradient: inputs.iter().map(|x| -(term.delta * x)).collect(),
                bias_gradient: bias(-term.delta),
                step: inputs.iter().map(|x| eta * term.delta * x).collect(),
                bias_step: bias(eta * term.delta),
                new_weights: moved.parameters().weights(j).to_vec(),
                new_bias: bias(moved.parameters().bias(j)),
                new_net_input: new_net_inputs[j],
                new_output: new.output,
                new_loss: new.loss,
            }
        })
        .collect();
    Ok(WorkedStep {
        inputs: inputs.to_vec(),
        eta,
        error: loss,
        loss: outputs.iter().map(|output| output.loss).sum(),
        new_loss: outputs.iter().map(|output| output.new_loss).sum(),
        outputs,
    })
}

/// Net inputs of one record as the activation takes them.
fn couple(layer: &Layer, net_inputs: &[f64]) -> Vec<f64> {
    let mut coupled = net_inputs.to_vec();
    layer.activation().couple(&mut coupled, 1);
    coupled
}

fn check_record(loss: Loss, layer: &Layer, inputs: &[f64], targets: &[f64]) -> Result<()> {
    let parameters = layer.parameters();
    for (what, found, expected) in [
        ("inputs of a record", inputs.len(), parameters.n_features()),
        ("targets of a record", targets.len(), parameters.n_outputs()),
    ] {
        if found != expected {
            return Err(Error::Shape { what: what.to_owned(), found, expected });
        }
    }
    let ranges: Vec<(f64, f64)> = targets.iter().map(|&y| (y, y)).collect();
    loss.check(layer.activation(), &ranges)
}

/// One step over several records at once, worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkedBatch {
    /// A row for each record.
    pub records: Vec<WorkedRecord>,
    /// η.
    pub eta: f64,
    /// Sum or mean.
    pub reduction: Reduction,
    /// Σ_μ (y − ŷ), shape (J,): signed errors cancel.
    pub residual_sum: Vec<f64>,
    /// Σ_μ (y − ŷ)², shape (J,): squared ones do not.
    pub squared_sum: Vec<f64>,
    /// What the error of an output is.
    pub error: Loss,
    /// E, the sum over records and outputs; for the squared error ½ΣΣ(y − ŷ)².
    pub loss: f64,
    /// Σ_μ δ x and Σ_μ δ: minus the gradient of E.
    pub descent: Parameters,
    /// The change of every weight.
    pub step: Parameters,
    /// The weights after the step.
    pub new_parameters: Parameters,
    /// E after the step.
    pub new_loss: f64,
}

/// One record of a [`WorkedBatch`]. Shapes: all (J,).
#[derive(Debug, Clone, PartialEq)]
pub struct WorkedRecord {
    /// h.
    pub net_input: Vec<f64>,
    /// ŷ.
    pub output: Vec<f64>,
    /// y.
    pub target: Vec<f64>,
    /// y − ŷ.
    pub residual: Vec<f64>,
    /// L(y, ŷ).
    pub loss: Vec<f64>,
    /// δ.
    pub delta: Vec<f64>,
}

impl WorkedRecord {
    /// (y − ŷ)² of output j.
    pub fn squared(&self, j: usize) -> f64 {
        self.residual[j] * self.residual[j]
    }
}

impl WorkedBatch {
    /// Σ_μ L of output j.
    pub fn loss_sum(&self, j: usize) -> f64 {
        self.records.iter().map(|row| row.loss[j]).sum()
    }

    /// Σ_μ δ of output j.
    pub fn delta_sum(&self, j: usize) -> f64 {
        self.records.iter().map(|row| row.delta[j]).sum()
    }
}

/// Works out one step over several records, the sums over them with it.
///
/// Shapes: each record is its inputs (d,) and its targets (J,). Errors: those of [`explain`].
pub fn explain_batch(
    loss: Loss,
    layer: &Layer,
    records: &[(Vec<f64>, Vec<f64>)],
    eta: f64,
    reduction: Reduction,
) -> Result<WorkedBatch> {
    let parameters = layer.parameters();
    let n_outputs = parameters.n_outputs();
    let mut descent = Parameters::zeros(parameters.n_features(), n_outputs, parameters.has_bias());
    let (mut residual_sum, mut squared_sum) = (vec![0.0; n_outputs], vec![0.0; n_outputs]);
    let mut rows = Vec::with_capacity(records.len());
    for (inputs, targets) in records {
        check_record(loss, layer, inputs, targets)?;
        let net_input = layer.net_inputs(inputs);
        let coupled = couple(layer, &net_input);
        let mut row = WorkedRecord {
            net_input,
            output: Vec::new(),
            target: targets.clone(),
            residual: Vec::new(),
            loss: Vec::new(),
            delta: Vec::new(),
        };
        for j in 0..n_outputs {
            let term = delta(loss, layer.activation(), targets[j], coupled[j]);
            row.output.push(term.output);
            row.residual.push(term.residual);
            row.loss.push(term.loss);
            row.delta.push(term.delta);
            residual_sum[j] += term.residual;
            squared_sum[j] += term.residual * term.residual;
            for (g, x) in descent.weights_mut(j).iter_mut().zip(inputs) {
                *g += term.delta * x;
            }
            descent.set_bias(j, descent.bias(j) + term.delta);
        }
        rows.push(row);
    }
    let total = rows.iter().flat_map(|row| &row.loss).sum();
    let mut step = descent.clone();
    step.scale(eta * reduction.factor(records.len() as f64));
    let mut new_parameters = parameters.clone();
    new_parameters.add_scaled(1.0, &step);
    let moved = Layer::new(new_parameters.clone(), layer.activation().clone());
    let new_loss = records
        .iter()
        .flat_map(|(inputs, targets)| couple(&moved, &moved.net_inputs(inputs)).into_iter().zip(targets))
        .map(|(h, &target)| delta(loss, moved.activation(), target, h).loss)
        .sum();
    Ok(WorkedBatch {
        records: rows,
        eta,
        reduction,
        error: loss,
        loss: total,
        residual_sum,
        squared_sum,
        descent,
        step,
        new_parameters,
        new_loss,
    })
}
