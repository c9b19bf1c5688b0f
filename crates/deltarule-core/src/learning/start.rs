//! The weights that descent starts from.

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
