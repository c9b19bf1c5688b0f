//! The weights that descent starts from.

use super::{Loss, Problem};
use crate::kernel::Float;
use crate::network::{Activation, Parameters};
use crate::random::{Random, Stream};

/// How the starting weights are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Init {
    /// Zeros where that is a sound start for f, normal otherwise.
    #[default]
    Auto,
    /// Every weight 0.
    Zeros,
    /// Weights drawn from a normal distribution with mean 0 and standard deviation 1/√d; biases 0.
    Normal,
}

impl Init {
    /// What [`Init::Auto`] means for an activation.
    pub fn resolve(self, activation: &Activation) -> Self {
        match self {
            Init::Auto if activation.starts_at_zero() => Init::Zeros,
            Init::Auto => Init::Normal,
            chosen => chosen,
        }
    }

    /// `zeros`, `normal` or `auto`.
    pub fn name(self) -> &'static str {
        match self {
            Init::Auto => "auto",
            Init::Zeros => "zeros",
            Init::Normal => "normal",
        }
    }
}

/// Starting weights for a problem: those of [`start`], but with [`Init::Auto`], Poisson's loss and exp each bias is ln ȳ, the best constant. From 0 it would be a
/// descent of |ln ȳ| with one curvature first, and the weights could run away on it.
pub fn start_of<T: Float>(problem: &Problem<'_, T>, init: Init, seed: u64) -> Parameters {
    let shape = problem.source.shape();
    let (d, n_outputs) = (shape.n_features(), shape.n_outputs());
    let mut parameters = start(init, problem.activation, d, n_outputs, problem.has_bias, seed);
    if problem.has_bias && starts_at_mean(init, problem.loss, problem.activation) {
        for (j, target) in problem.moments.targets().iter().enumerate() {
            let mean = target.mean();
            parameters.set_bias(j, if mean > 0.0 { libm::log(mean) } else { 0.0 });
        }
    }
    parameters
}

/// Whether [`start_of`] begins with the best constant, where there is a bias.
pub fn starts_at_mean(init: Init, loss: Loss, activation: &Activation) -> bool {
    init == Init::Auto && loss == Loss::Poisson && *activation == Activation::Exp
}

/// Starting weights for d = `n_features` and J = `n_outputs`.
///
/// The draws go output by output, feature by feature; the same seed gives the same start for ever.
pub fn start(
    init: Init,
    activation: &Activation,
    n_features: usize,
    n_outputs: usize,
    has_bias: bool,
    seed: u64,
) -> Parameters {
    let mut parameters = Parameters::zeros(n_features, n_outputs, has_bias);
    if init.resolve(activation) == Init::Normal {
        let mut random = Random::new(seed, Stream::Start);
        let deviation = 1.0 / (n_features.max(1) as f64).sqrt();
        for j in 0..n_outputs {
            for w in parameters.weights_mut(j) {
                *w = deviation * random.normal();
            }
        }
    }
    parameters
}
