//! The slope of E along one weight as one would measure it by hand.

use super::explain::explain_batch;
use crate::error::{Error, Result};
use crate::learning::{Loss, Reduction};
use crate::network::Layer;

/// E a little above and a little below a weight, and the slope that follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkedQuotient {
    /// The weight w.
    pub weight: f64,
    /// ε.
    pub epsilon: f64,
    /// w + ε.
    pub weight_above: f64,
    /// w − ε.
    pub weight_below: f64,
    /// E(w + ε).
    pub loss_above: f64,
    /// E(w − ε).
    pub loss_below: f64,
    /// (E(w + ε) − E(w − ε))/2ε.
    pub by_differences: f64,
    /// ∂E/∂w = −Σδx by the delta rule.
    pub by_delta_rule: f64,
}

/// Works out ∂E/∂w of one weight from two values of E, with an ε that can be followed by hand, beside that of the delta rule.
///
/// The two differ by a part that grows with ε², and by nothing but rounding where E is a parabola (squared error, f the identity). To check a derivative, use
/// [`check_gradient`](super::check_gradient), which chooses ε as small as rounding allows.
///
/// Shapes: each record is its inputs (d,) and its targets (J,); `feature` is `None` for the bias. Errors: those of [`explain_batch`]; no such weight, as the bias of
/// a network without one; an ε that is not above 0.
///
/// ```
/// use deltarule_core::{Activation, Layer, Loss, Parameters, explain_quotient};
/// let layer = Layer::new(Parameters::new(1, vec![1.0], None, 1)?, Activation::Identity);
/// let quotient = explain_quotient(Loss::Squared, &layer, &[(vec![2.0], vec![5.0])], 0, Some(0), 0.5)?;
/// // E = ½(5 − 2w)²: 2 at w = 1.5, 8 at w = 0.5.
/// assert_eq!((quotient.loss_above, quotient.loss_below, quotient.by_differences), (2.0, 8.0, -6.0));
/// assert_eq!(quotient.by_delta_rule, -6.0);
/// # Ok::<(), deltarule_core::Error>(())
/// ```
pub fn explain_quotient(
    loss: Loss,
    layer: &Layer,
    records: &[(Vec<f64>, Vec<f64>)],
    output: usize,
    feature: Option<usize>,
    epsilon: f64,
) -> Result<WorkedQuotient> {
    let parameters = layer.parameters();
    let of_feature = feature.map(|i| ("number of a feature", i, parameters.n_features()));
    for (what, found, expected) in
        [("number of an output", output, parameters.n_outputs())].into_iter().chain(of_feature)
    {
        if found >= expected {
            return Err(Error::Shape { what: format!("{what}, from 0 to less than"), found, expected });
        }
    }
    if feature.is_none() && !parameters.has_bias() {
        return Err(Error::Setting {
            setting: "weight",
            found: "the bias".to_owned(),
            expected: "the number of a feature, since the network has no bias".to_owned(),
        });
    }
    if !(epsilon > 0.0 && epsilon.is_finite()) {
        return Err(Error::setting("epsilon", epsilon, "a finite number above 0"));
    }
    let weight = feature.map_or(parameters.bias(output), |i| parameters.weights(output)[i]);
    let of = |layer: &Layer| explain_batch(loss, layer, records, 0.0, Reduction::Sum);
    let at = |by: f64| {
        let mut moved = parameters.clone();
        match feature {
            Some(i) => moved.weights_mut(output)[i] = weight + by,
            None => moved.set_bias(output, weight + by),
        }
        of(&Layer::new(moved, layer.activation().clone())).map(|batch| batch.loss)
    };
    let (loss_above, loss_below) = (at(epsilon)?, at(-epsilon)?);
    let descent = of(layer)?.descent;
    Ok(WorkedQuotient {
        weight,
        epsilon,
        weight_above: weight + epsilon,
        weight_below: weight - epsilon,
        loss_above,
        loss_below,
        by_differences: (loss_above - loss_below) / (2.0 * epsilon),
        by_delta_rule: -feature.map_or(descent.bias(output), |i| descent.weights(output)[i]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Activation, Parameters};

    #[test]
    fn a_weight_that_is_not_there_is_refused_in_words() {
        let records = [(vec![2.0], vec![5.0])];
        let of = |bias: Option<Vec<f64>>, output, feature| {
            let layer = Layer::new(Parameters::new(1, vec![1.0], bias, 1).unwrap(), Activation::Identity);
            explain_quotient(Loss::Squared, &layer, &records, output, feature, 0.5)
        };
        let error = of(None, 0, None).unwrap_err().to_string();
        assert!(error.contains("the bias") && error.contains("no bias"), "{error}");
        assert!(of(None, 0, Some(1)).is_err() && of(None, 1, Some(0)).is_err());
        // E = ½(5 − 2 − b)² has the slope −3 at b = 0.
        assert_eq!(of(Some(vec![0.0]), 0, None).unwrap().by_differences, -3.0);
        // A network of nothing but a bias has one.
        let layer = Layer::new(Parameters::new(0, Vec::new(), Some(vec![0.0]), 1).unwrap(), Activation::Identity);
        let only_bias = explain_quotient(Loss::Squared, &layer, &[(Vec::new(), vec![3.0])], 0, None, 0.5);
        assert_eq!(only_bias.unwrap().by_differences, -3.0);
    }
}
