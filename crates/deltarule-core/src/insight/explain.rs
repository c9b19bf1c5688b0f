//! The arithmetic of one step of the delta rule, every quantity of it.

use crate::error::{Error, Result};
use crate::learning::{ErrorTerm, Loss, Penalty, Reduction, Shrink, delta};
use crate::network::{Layer, Parameters};

/// One step of the delta rule on one record, worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkedStep {
    /// x, shape (d,).
    pub inputs: Vec<f64>,
    /// η, how often δx counts, and what large weights cost.
    pub rule: RecordRule,
    /// The outputs, shape (J,).
    pub outputs: Vec<WorkedOutput>,
    /// What the error of an output is.
    pub error: Loss,
    /// E of this record, Σ L(y_j, ŷ_j), before the step; for the squared error ½Σ(y_j − ŷ_j)².
    pub loss: f64,
    /// E of this record after the step.
    pub new_loss: f64,
    /// The penalty on the weights, ½λ₂Σw² + λ₁Σ|w|, before the step; 0 without one.
    pub penalty: f64,
    /// The same after the step.
    pub new_penalty: f64,
}

impl WorkedStep {
    /// What the step goes down, before and after it: E of this record, as often as it counts, and the penalty.
    pub fn objectives(&self) -> (f64, f64) {
        (self.rule.times * self.loss + self.penalty, self.rule.times * self.new_loss + self.new_penalty)
    }
}

/// What a step on one record follows: Δw = η (c·δx − λ₂w), and then each weight goes towards 0 by ηλ₁, and no further.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordRule {
    /// η.
    pub eta: f64,
    /// c, how often δx counts: 1 unless records have weights.
    pub times: f64,
    /// λ₁ and λ₂; a bias has no penalty.
    pub penalty: Penalty,
}

/// What a step over several records follows: Δw = η (Σ v·δx − Nλ₂w), or η/N times that for the mean, where N is Σv, and then each weight goes towards 0 by ηNλ₁, or
/// ηλ₁ for the mean, and no further.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchRule {
    /// η.
    pub eta: f64,
    /// Sum or mean.
    pub reduction: Reduction,
    /// λ₁ and λ₂; a bias has no penalty.
    pub penalty: Penalty,
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
    /// Δw_i, shape (d,): η δ x_i, where the record counts once and there is no penalty.
    pub step: Vec<f64>,
    /// What λ₁ has of Δw_i, shape (d,); 0 without it.
    pub shrunk: Vec<f64>,
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
    explain_with(loss, layer, inputs, targets, &RecordRule { eta, times: 1.0, penalty: Penalty::NONE })
}

/// The same where the record need not count once, and weights may cost something.
///
/// Shapes and errors: those of [`explain`].
pub fn explain_with(
    loss: Loss,
    layer: &Layer,
    inputs: &[f64],
    targets: &[f64],
    rule: &RecordRule,
) -> Result<WorkedStep> {
    check_record(loss, layer, inputs, targets)?;
    let RecordRule { eta, times, penalty } = *rule;
    let parameters = layer.parameters();
    let net_inputs = layer.net_inputs(inputs);
    let coupled = couple(layer, &net_inputs);
    let mut step = Parameters::zeros(parameters.n_features(), parameters.n_outputs(), parameters.has_bias());
    let terms: Vec<ErrorTerm> =
        coupled.iter().zip(targets).map(|(&h, &y)| delta(loss, layer.activation(), y, h)).collect();
    for (j, term) in terms.iter().enumerate() {
        let by = eta * times * term.delta;
        for ((step, x), w) in step.weights_mut(j).iter_mut().zip(inputs).zip(parameters.weights(j)) {
            *step = by * x - eta * penalty.l2 * w;
        }
        step.set_bias(j, by);
    }
    let (moved, shrunk) = take_step(parameters, &mut step, &penalty, eta);
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
                step: step.weights(j).to_vec(),
                shrunk: shrunk.weights(j).to_vec(),
                bias_step: bias(step.bias(j)),
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
        rule: *rule,
        error: loss,
        loss: outputs.iter().map(|output| output.loss).sum(),
        new_loss: outputs.iter().map(|output| output.new_loss).sum(),
        penalty: penalty.value(parameters),
        new_penalty: penalty.value(moved.parameters()),
        outputs,
    })
}

/// Takes a step, and then the one of λ₁ with η on the mean, which is added to it: the weights that are reached, and λ₁'s part.
fn take_step(
    parameters: &Parameters,
    step: &mut Parameters,
    penalty: &Penalty,
    eta_of_mean: f64,
) -> (Parameters, Parameters) {
    let mut reached = parameters.clone();
    reached.add_scaled(1.0, step);
    if penalty.l1 == 0.0 {
        let none = Parameters::zeros(parameters.n_features(), parameters.n_outputs(), parameters.has_bias());
        return (reached, none);
    }
    let mut shrunk = reached.clone();
    Shrink::of(penalty, eta_of_mean).apply(&mut reached);
    shrunk.scale(-1.0);
    shrunk.add_scaled(1.0, &reached);
    step.add_scaled(1.0, &shrunk);
    (reached, shrunk)
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
    /// η, sum or mean, and what large weights cost.
    pub rule: BatchRule,
    /// N: the number of records, or Σv, where they have weights v.
    pub n: f64,
    /// Σ_μ v (y − ŷ), shape (J,): signed errors cancel.
    pub residual_sum: Vec<f64>,
    /// Σ_μ v (y − ŷ)², shape (J,): squared ones do not.
    pub squared_sum: Vec<f64>,
    /// What the error of an output is.
    pub error: Loss,
    /// E, the sum over records and outputs, each record as often as it counts; for the squared error ½ΣΣ v (y − ŷ)².
    pub loss: f64,
    /// N times the penalty on the weights; 0 without one.
    pub penalty: f64,
    /// Σ_μ v δ x and Σ_μ v δ: minus the gradient of E.
    pub descent: Parameters,
    /// −Nλ₂w, minus the gradient of λ₂'s part of the penalty; 0 without it.
    pub pull: Parameters,
    /// What λ₁ has of the change of every weight; 0 without it.
    pub shrunk: Parameters,
    /// The change of every weight.
    pub step: Parameters,
    /// The weights after the step.
    pub new_parameters: Parameters,
    /// E after the step.
    pub new_loss: f64,
    /// N times the penalty after the step.
    pub new_penalty: f64,
}

/// One record of a [`WorkedBatch`]. Shapes: all (J,) but for v.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkedRecord {
    /// v, how often the record counts: 1 unless records have weights.
    pub weight: f64,
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
    /// Whether some record does not count just once.
    pub fn is_weighted(&self) -> bool {
        self.records.iter().any(|row| row.weight != 1.0)
    }

    /// Σ_μ v L of output j.
    pub fn loss_sum(&self, j: usize) -> f64 {
        self.records.iter().map(|row| row.weight * row.loss[j]).sum()
    }

    /// Σ_μ v δ of output j.
    pub fn delta_sum(&self, j: usize) -> f64 {
        self.records.iter().map(|row| row.weight * row.delta[j]).sum()
    }

    /// Σ_μ v |y − ŷ| of output j: what a sum of signed errors is to be compared with.
    pub fn residual_size(&self, j: usize) -> f64 {
        self.records.iter().map(|row| row.weight * row.residual[j].abs()).sum()
    }

    /// Σ_μ v |δ| of output j.
    pub fn delta_size(&self, j: usize) -> f64 {
        self.records.iter().map(|row| row.weight * row.delta[j].abs()).sum()
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
    let rule = BatchRule { eta, reduction, penalty: Penalty::NONE };
    explain_batch_with(loss, layer, records, &vec![1.0; records.len()], &rule)
}

/// The same where a record of weight v counts v times, and weights may cost something.
///
/// Shapes: those of [`explain_batch`]; `weights` are v of each record, from 0 on. Errors: those of [`explain`]; not as many weights as records.
pub fn explain_batch_with(
    loss: Loss,
    layer: &Layer,
    records: &[(Vec<f64>, Vec<f64>)],
    weights: &[f64],
    rule: &BatchRule,
) -> Result<WorkedBatch> {
    if weights.len() != records.len() {
        let what = "weights of records".to_owned();
        return Err(Error::Shape { what, found: weights.len(), expected: records.len() });
    }
    let BatchRule { eta, reduction, penalty } = *rule;
    let parameters = layer.parameters();
    let n_outputs = parameters.n_outputs();
    let zeros = || Parameters::zeros(parameters.n_features(), n_outputs, parameters.has_bias());
    let mut descent = zeros();
    let (mut residual_sum, mut squared_sum) = (vec![0.0; n_outputs], vec![0.0; n_outputs]);
    let mut rows = Vec::with_capacity(records.len());
    for ((inputs, targets), &weight) in records.iter().zip(weights) {
        check_record(loss, layer, inputs, targets)?;
        let net_input = layer.net_inputs(inputs);
        let coupled = couple(layer, &net_input);
        let mut row = WorkedRecord {
            weight,
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
            residual_sum[j] += weight * term.residual;
            squared_sum[j] += weight * (term.residual * term.residual);
            let by = weight * term.delta;
            for (g, x) in descent.weights_mut(j).iter_mut().zip(inputs) {
                *g += by * x;
            }
            descent.set_bias(j, descent.bias(j) + by);
        }
        rows.push(row);
    }
    let total = rows.iter().flat_map(|row| row.loss.iter().map(|loss| row.weight * loss)).sum();
    let n: f64 = weights.iter().sum();
    let mut pull = zeros();
    penalty.add_to(&mut pull, parameters, n);
    let mut step = descent.clone();
    penalty.add_to(&mut step, parameters, n);
    let factor = reduction.factor(n);
    step.scale(eta * factor);
    let (new_parameters, shrunk) = take_step(parameters, &mut step, &penalty, eta * factor * n);
    let moved = Layer::new(new_parameters.clone(), layer.activation().clone());
    let new_loss = records
        .iter()
        .zip(weights)
        .flat_map(|((inputs, targets), &weight)| {
            let coupled = couple(&moved, &moved.net_inputs(inputs));
            coupled.into_iter().zip(targets).map(move |(h, target)| (h, target, weight))
        })
        .map(|(h, &target, weight)| weight * delta(loss, moved.activation(), target, h).loss)
        .sum();
    Ok(WorkedBatch {
        records: rows,
        rule: *rule,
        n,
        error: loss,
        loss: total,
        penalty: n * penalty.value(parameters),
        residual_sum,
        squared_sum,
        descent,
        pull,
        shrunk,
        step,
        new_penalty: n * penalty.value(&new_parameters),
        new_parameters,
        new_loss,
    })
}
