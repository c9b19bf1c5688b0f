//! Starting weights by their names.

use deltarule_core::{Activation, Init, Parameters, start};
use deltarule_model::Encoding;

/// How starting weights are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartChoice(Init);

impl StartChoice {
    /// `auto`, `zeros` or `normal`; `None` for other names.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self(Init::Auto)),
            "zeros" => Some(Self(Init::Zeros)),
            "normal" => Some(Self(Init::Normal)),
            _ => None,
        }
    }
}

/// Starting weights, and a sentence on where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedStart {
    /// The weights.
    pub parameters: Parameters,
    /// Where they come from.
    pub text: String,
}

impl NamedStart {
    /// The weights of a choice, for a network with this encoding.
    pub fn of(choice: StartChoice, encoding: &Encoding, activation: &Activation, has_bias: bool, seed: u64) -> Self {
        let (StartChoice(choice), shape) = (choice, encoding.shape());
        let parameters = start(choice, activation, shape.n_features(), shape.n_outputs(), has_bias, seed);
        let text = match (choice, choice.resolve(activation)) {
            (Init::Auto, Init::Normal) => format!(
                "normal with deviation 1/√d, seed {seed}, since {activation} does not move from all zeros (--init auto)"
            ),
            (_, Init::Normal) => format!("normal with deviation 1/√d, seed {seed}"),
            (Init::Auto, _) => format!("zeros, a sound start for {activation} (--init auto)"),
            _ => "zeros".to_owned(),
        };
        Self { parameters, text }
    }
}
