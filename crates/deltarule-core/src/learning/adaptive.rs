//! Rules that give each weight a step of its own, from the squares of the slopes that it has seen.

use super::{Optimizer, Shrink};
use crate::network::Parameters;

/// What becomes of the slopes g = Σδx of a weight, and of their squares.
#[derive(Debug, Clone, Copy)]
pub(super) enum Memory {
    /// s ← s + g².
    ///
    /// Source: Duchi, Hazan, Singer 2011, adaptive subgradient methods, figure 1 with diagonal matrices.
    Sum,
    /// s ← ρs + (1 − ρ)g².
    ///
    /// Source: Tieleman, Hinton 2012, lecture 6.5 of neural networks for machine learning.
    Mean {
        /// ρ.
        decay: f64,
    },
    /// m ← β₁m + (1 − β₁)g and s ← β₂s + (1 − β₂)g², each divided by what their weights add up to, 1 − βᵏ after k steps.
    ///
    /// Source: Kingma, Ba 2015, Adam, algorithm 1.
    Moments {
        /// β₁.
        beta1: f64,
        /// β₂.
        beta2: f64,
    },
}

/// w ← w + η m/(√s + ε), weight by weight; m is the slope itself but for [`Memory::Moments`].
///
/// λ₁ takes from a weight what it is worth there: ηλ₁/(√s + ε), the proximal step in the metric of the rule.
#[derive(Debug)]
pub(super) struct Adaptive {
    memory: Memory,
    epsilon: f64,
    squares: Option<Parameters>,
    slopes: Option<Parameters>,
    /// β₁ᵏ and β₂ᵏ, k the steps since each was forgotten.
    powers: [f64; 2],
}

impl Adaptive {
    pub(super) fn new(memory: Memory, epsilon: f64) -> Self {
        Self { memory, epsilon, squares: None, slopes: None, powers: [1.0; 2] }
    }

    /// Takes in the slopes; the factors that m and s are to be multiplied by.
    fn learn(&mut self, descent: &Parameters) -> (f64, f64) {
        let zeros = || Parameters::zeros(descent.n_features(), descent.n_outputs(), descent.has_bias());
        let squares = self.squares.get_or_insert_with(zeros);
        let (kept, taken) = match self.memory {
            Memory::Sum => (1.0, 1.0),
            Memory::Mean { decay: kept } | Memory::Moments { beta2: kept, .. } => (kept, 1.0 - kept),
        };
        for (s, g) in squares.values_mut().zip(descent.values()) {
            *s = kept * *s + taken * (g * g);
        }
        let Memory::Moments { beta1, beta2 } = self.memory else { return (1.0, 1.0) };
        let slopes = self.slopes.get_or_insert_with(zeros);
        for (m, g) in slopes.values_mut().zip(descent.values()) {
            *m = beta1 * *m + (1.0 - beta1) * g;
        }
        self.powers[0] *= beta1;
        self.powers[1] *= beta2;
        (1.0 / (1.0 - self.powers[0]), 1.0 / (1.0 - self.powers[1]))
    }
}

impl Optimizer for Adaptive {
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64, shrink: Shrink) {
        let (of_slopes, of_squares) = self.learn(descent);
        let Some(squares) = &self.squares else { return };
        let slopes = self.slopes.as_ref().unwrap_or(descent);
        // Biases come last, and have no penalty.
        let n_weights = parameters.n_features() * parameters.n_outputs();
        let terms = parameters.values_mut().zip(slopes.values()).zip(squares.values());
        for (index, ((w, m), s)) in terms.enumerate() {
            let size = 1.0 / ((s * of_squares).sqrt() + self.epsilon);
            *w += eta * (m * of_slopes) * size;
            if index < n_weights {
                *w = shrink.weight(*w, size);
            }
        }
    }

    fn restart(&mut self) {
        *self = Self::new(self.memory, self.epsilon);
    }

    fn is_at_rest(&self) -> bool {
        self.squares.is_none()
    }

    /// The slopes belong to the way that led uphill; how steep each weight is does not.
    fn take_back(&mut self) {
        self.slopes = None;
        self.powers[0] = 1.0;
        if self.squares.as_ref().is_some_and(|squares| !squares.is_finite()) {
            self.restart();
        }
    }
}
