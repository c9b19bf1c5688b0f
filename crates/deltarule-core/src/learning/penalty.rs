//! What large weights cost.

use crate::error::{Error, Result};
use crate::network::Parameters;

/// A penalty on the weights, beside the mean of the errors: J = E/N + ½λ₂ Σw² + λ₁ Σ|w|, or N times that beside their sum. Where records
/// have weights v, N is Σv.
///
/// The weights are those that are descended in, scaled if the columns are, so that units do not matter; a bias never has a penalty. λ₂ keeps weights small and makes a
/// minimum finite (Hoerl, Kennard 1970); λ₁ makes those exactly 0 that are worth less than they cost (Tibshirani 1996).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Penalty {
    /// λ₂, from 0 on.
    pub l2: f64,
    /// λ₁, from 0 on.
    pub l1: f64,
}

impl Penalty {
    /// No penalty.
    pub const NONE: Penalty = Penalty { l2: 0.0, l1: 0.0 };

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// ½λ₂ Σw² + λ₁ Σ|w|.
    pub fn value(&self, parameters: &Parameters) -> f64 {
        let weights = (0..parameters.n_outputs()).flat_map(|j| parameters.weights(j));
        let (squares, sizes) = weights.fold((0.0, 0.0), |(squares, sizes), w| (squares + w * w, sizes + w.abs()));
        0.5 * self.l2 * squares + self.l1 * sizes
    }

    pub(super) fn check(&self) -> Result<()> {
        for (setting, value) in [("l2", self.l2), ("l1", self.l1)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::setting(setting, value, "a finite number from 0 on"));
            }
        }
        Ok(())
    }

    /// Takes N λ₂ w from Σδx.
    pub(crate) fn add_to(&self, descent: &mut Parameters, parameters: &Parameters, n: f64) {
        if self.l2 == 0.0 {
            return;
        }
        for j in 0..parameters.n_outputs() {
            for (total, w) in descent.weights_mut(j).iter_mut().zip(parameters.weights(j)) {
                *total -= n * self.l2 * w;
            }
        }
    }

    /// What is left of Σδx − Nλ₂w at a weight once λ₁ has its part: 0 where that holds the weight at 0, and at a minimum.
    pub(super) fn pull(&self, product: f64, weight: f64, n: f64) -> f64 {
        let threshold = n * self.l1;
        if weight != 0.0 { product - threshold * weight.signum() } else { (product.abs() - threshold).max(0.0) }
    }
}

/// The step that λ₁ takes after each step of descent with η: every weight goes towards 0 by ηλ₁, and no further.
///
/// It is the proximal operator of ηλ₁ Σ|w|. Source: Daubechies, Defrise, De Mol 2004; with acceleration Beck, Teboulle 2009 (FISTA).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shrink {
    /// ηλ₁.
    by: f64,
}

impl Shrink {
    /// Of a step with η on the mean of the errors.
    pub fn of(penalty: &Penalty, eta: f64) -> Self {
        Self { by: eta * penalty.l1 }
    }

    /// λ₁ on the scale of a gradient that is followed with `eta`.
    pub(super) fn slope(&self, eta: f64) -> f64 {
        if self.by == 0.0 { 0.0 } else { self.by / eta }
    }

    /// Takes the step; nothing without λ₁.
    pub fn apply(&self, parameters: &mut Parameters) {
        if self.by == 0.0 {
            return;
        }
        for j in 0..parameters.n_outputs() {
            parameters.weights_mut(j).iter_mut().for_each(|w| *w = self.weight(*w, 1.0));
        }
    }

    /// Where a weight goes whose own step is `size`·η times its slope.
    pub(super) fn weight(&self, w: f64, size: f64) -> f64 {
        let by = self.by * size;
        if by == 0.0 {
            w
        } else if w.abs() <= by {
            0.0
        } else {
            w - by * w.signum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_has_no_penalty() {
        let parameters = Parameters::new(2, vec![3.0, -4.0], Some(vec![100.0]), 1).unwrap();
        assert_eq!(Penalty { l2: 2.0, l1: 0.5 }.value(&parameters), 25.0 + 3.5);
        let mut shrunk = parameters.clone();
        Shrink::of(&Penalty { l2: 0.0, l1: 2.0 }, 1.75).apply(&mut shrunk);
        assert_eq!((shrunk.weights(0), shrunk.bias(0)), (&[0.0, -0.5][..], 100.0));
    }
}
