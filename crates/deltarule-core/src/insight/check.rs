//! The gradient of the delta rule against central differences of E, weight by weight.

use crate::data::{Tile, TileColumn, fold_tiles};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::learning::{ErrorTerm, Gradient, Loss, Problem, delta};
use crate::network::{Activation, Layer, Parameters, WorkingWeights};

/// What a gradient check found.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientCheck {
    /// One entry for every weight that was checked, output by output, the bias last.
    pub weights: Vec<WeightCheck>,
    /// The largest [`WeightCheck::relative_error`]; NaN if one of them is.
    pub worst: f64,
}

impl GradientCheck {
    /// The relative error that a right derivative stays below: the differences themselves are no more exact.
    pub const TOLERANCE: f64 = 1e-6;

    /// Whether every weight passes, and there was something to compare.
    pub fn passes(&self) -> bool {
        self.worst <= Self::TOLERANCE && !self.compares_nothing()
    }

    /// Whether every record was left out at every weight, so that nothing could be compared.
    pub fn compares_nothing(&self) -> bool {
        self.weights.iter().all(|weight| weight.compared == 0) && self.weights.iter().any(|weight| weight.at_kinks > 0)
    }
}

/// One weight's gradient, two ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightCheck {
    /// The output, from 0.
    pub output: usize,
    /// The feature, from 0; `None` for the bias.
    pub feature: Option<usize>,
    /// ∂E/∂w by the delta rule, −Σδx.
    pub by_delta_rule: f64,
    /// (E(w + ε) − E(w − ε))/2ε.
    pub by_differences: f64,
    /// Σ|δx|, what the difference of the two is measured against.
    pub scale: f64,
    /// How far apart the two are, relative to `scale`.
    pub relative_error: f64,
    /// Records left out because a kink of f, or an end of where it is finite, lies between h(w − ε) and h(w + ε).
    pub at_kinks: u64,
    /// Records with x other than 0 that were not left out.
    pub compared: u64,
}

/// Checks the gradient of the delta rule at some weights, with two passes over the table for each weight.
///
/// The differences are taken record by record before they are added up, so that only the rounding of each record's own E
/// counts. ε is chosen for each weight so that no net input moves by more than about 6·10⁻⁶ of its size (the cube root of the
/// rounding unit, where rounding and curvature do equal harm). Shapes: `parameters` (d, J). Errors: E is not finite at these weights; those
/// of the source.
pub fn check_gradient(problem: &Problem<'_, f64>, parameters: &Parameters) -> Result<GradientCheck> {
    let features: Vec<usize> = (0..parameters.n_features()).collect();
    check_gradient_of(problem, parameters, &features)
}

/// The same for the weights of some features, and the biases. Features beyond the last do not count.
pub fn check_gradient_of(
    problem: &Problem<'_, f64>,
    parameters: &Parameters,
    features: &[usize],
) -> Result<GradientCheck> {
    let layer = Layer::new(parameters.clone(), problem.activation.clone());
    require_finite(&Gradient::of(problem.source, problem.scaling, &layer, problem.loss, problem.threads)?)?;
    let largest = largest_inputs(problem)?;
    let mut weights = Vec::new();
    for j in 0..parameters.n_outputs() {
        let known = features.iter().copied().filter(|&i| i < parameters.n_features());
        let features = known.map(Some).chain(parameters.has_bias().then_some(None));
        for feature in features {
            let reach = feature.map_or(1.0, |i| largest[i]);
            weights.push(check_weight(problem, &layer, j, feature, reach)?);
        }
    }
    let worst = weights.iter().map(|weight| weight.relative_error).fold(0.0, |worst: f64, error| {
        // f64::max would pass over NaN.
        if error > worst || error.is_nan() { error } else { worst }
    });
    Ok(GradientCheck { weights, worst })
}

fn require_finite(gradient: &Gradient) -> Result<()> {
    if gradient.is_finite() {
        return Ok(());
    }
    let (record, net_input, output) =
        gradient.not_finite.map_or((1, f64::NAN, f64::NAN), |at| (at.record, at.net_input, at.value));
    Err(Error::NotFiniteAtStart { record, net_input, output })
}

/// Sums over the records for one weight.
#[derive(Default)]
struct Sums {
    by_delta_rule: f64,
    difference: f64,
    scale: f64,
    at_kinks: u64,
    compared: u64,
}

/// v of a record of a tile.
fn weight(tile: &Tile<f64>, row: usize) -> f64 {
    tile.weights().map_or(1.0, |weights| weights[row])
}

fn check_weight(
    problem: &Problem<'_, f64>,
    layer: &Layer,
    j: usize,
    feature: Option<usize>,
    reach: f64,
) -> Result<WeightCheck> {
    let parameters = layer.parameters();
    let value = feature.map_or(parameters.bias(j), |i| parameters.weights(j)[i]);
    let epsilon = f64::EPSILON.cbrt() / if reach > 0.0 { reach } else { 1.0 };
    let moved = |by: f64| {
        let mut moved = parameters.clone();
        match feature {
            Some(i) => moved.weights_mut(j)[i] = value + by,
            None => moved.set_bias(j, value + by),
        }
        WorkingWeights::<f64>::of(&moved, problem.source.shape(), problem.scaling)
    };
    let (up, down, here) = (moved(epsilon), moved(-epsilon), moved(0.0));
    // What was really added, after rounding.
    let width = (value + epsilon) - (value - epsilon);
    let (activation, loss) = (problem.activation, problem.loss);
    let outputs = if *activation == Activation::Softmax { 0..parameters.n_outputs() } else { j..j + 1 };
    let (sums, _) = fold_tiles(
        problem.source,
        problem.scaling,
        problem.threads,
        || (Sums::default(), [Vec::new(), Vec::new(), Vec::new(), Vec::new()]),
        |(sums, [h, above, below, x]), tile| {
            let n = tile.n_rows();
            for (buffer, weights) in [(&mut *h, &here), (above, &up), (below, &down)] {
                weights.net_inputs_of(tile, outputs.clone(), buffer);
                activation.couple(buffer, n);
            }
            feature_into(tile.columns_with_features(), feature, n, x);
            // With softmax the weight moves the outputs of the other classes, too.
            for k in outputs.clone().filter(|k| *k != j) {
                let at = (k - outputs.start) * n;
                for (r, &y) in tile.targets(k).iter().enumerate() {
                    let [high, low] = [above[at + r], below[at + r]].map(|h| delta(loss, activation, y, h));
                    sums.difference += weight(tile, r) * difference(loss, y, &high, &low);
                }
            }
            let at = (j - outputs.start) * n;
            let (h, above, below) = (&h[at..at + n], &above[at..at + n], &below[at..at + n]);
            for (r, &y) in tile.targets(j).iter().enumerate() {
                let [here, high, low] = [h[r], above[r], below[r]].map(|h| delta(loss, activation, y, h));
                if x[r] != 0.0 {
                    if has_kink(loss, &here, &high, &low) {
                        sums.at_kinks += 1;
                        continue;
                    }
                    sums.compared += 1;
                }
                let product = weight(tile, r) * here.delta * x[r];
                sums.by_delta_rule -= product;
                sums.scale += product.abs();
                sums.difference += weight(tile, r) * difference(loss, y, &high, &low);
            }
        },
        |(total, _), (part, _)| {
            total.by_delta_rule += part.by_delta_rule;
            total.difference += part.difference;
            total.scale += part.scale;
            total.at_kinks += part.at_kinks;
            total.compared += part.compared;
        },
    )?;
    let by_differences = sums.difference / width;
    let error = (sums.by_delta_rule - by_differences).abs();
    Ok(WeightCheck {
        output: j,
        feature,
        by_delta_rule: sums.by_delta_rule,
        by_differences,
        scale: sums.scale,
        relative_error: if error == 0.0 { 0.0 } else { error / sums.scale.max(f64::MIN_POSITIVE) },
        at_kinks: sums.at_kinks,
        compared: sums.compared,
    })
}

/// Whether f' or −∂L/∂ŷ jumps on the way from one point to the other, or L is not finite at one of them.
fn has_kink(loss: Loss, here: &ErrorTerm, high: &ErrorTerm, low: &ErrorTerm) -> bool {
    let jumps = |of: fn(&ErrorTerm) -> f64| {
        let [here, high, low] = [here, high, low].map(of);
        (high - low).abs() > 0.05 * high.abs().max(low.abs()).max(here.abs())
    };
    !(high.loss.is_finite() && low.loss.is_finite())
        || jumps(|term| term.derivative)
        || loss.has_kink() && jumps(|term| term.slope)
}

/// L at one point less L at another.
fn difference(loss: Loss, y: f64, high: &ErrorTerm, low: &ErrorTerm) -> f64 {
    match loss {
        // ½(y − a)² − ½(y − b)² without cancellation.
        Loss::Squared => 0.5 * (low.output - high.output) * ((y - high.output) + (y - low.output)),
        _ => high.loss - low.loss,
    }
}

/// x_i of every row of a tile; 1 for the bias.
fn feature_into<'t>(
    columns: impl Iterator<Item = (TileColumn<'t, f64>, usize)>,
    feature: Option<usize>,
    n_rows: usize,
    into: &mut Vec<f64>,
) {
    into.clear();
    into.resize(n_rows, 1.0);
    let Some(feature) = feature else { return };
    let mut first = 0;
    for (column, n_features) in columns {
        if (first..first + n_features).contains(&feature) {
            match column {
                TileColumn::Numbers(x) => into.copy_from_slice(x),
                TileColumn::Codes(codes) => {
                    for (x, &code) in into.iter_mut().zip(codes) {
                        *x = if code as usize == feature - first { 1.0 } else { 0.0 };
                    }
                }
                TileColumn::Sparse(rows) => rows.feature_into((feature - first) as u32, into),
            }
        }
        first += n_features;
    }
}

/// max |x_i| of every feature, shape (d,).
fn largest_inputs<T: Float>(problem: &Problem<'_, T>) -> Result<Vec<f64>> {
    let shape = problem.source.shape();
    fold_tiles(
        problem.source,
        problem.scaling,
        problem.threads,
        || vec![0.0_f64; shape.n_features()],
        |largest, tile| {
            for (index, (column, _)) in tile.columns_with_features().enumerate() {
                let own = &mut largest[shape.features_of(index)];
                match column {
                    TileColumn::Numbers(x) => own[0] = x.iter().fold(own[0], |m, x| m.max(x.abs().to_f64())),
                    TileColumn::Codes(_) => own.fill(1.0),
                    TileColumn::Sparse(rows) => rows.largest_into(own),
                }
            }
        },
        |total, part| total.iter_mut().zip(part).for_each(|(t, p)| *t = t.max(p)),
    )
}
