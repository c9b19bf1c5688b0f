//! Starting weights by their names.

use deltarule_core::{Init, Parameters, Problem, start_of, starts_at_mean};

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
    /// The weights of a choice, for a problem.
    pub fn of(choice: StartChoice, problem: &Problem<'_, f64>, seed: u64) -> Self {
        let (StartChoice(choice), activation) = (choice, problem.activation);
        let parameters = start_of(problem, choice, seed);
        let text = match (choice, choice.resolve(activation)) {
            (Init::Auto, Init::Normal) => format!(
                "normal with deviation 1/√d, seed {seed}, since {activation} does not move from all zeros (--init auto)"
            ),
            (_, Init::Normal) => format!("normal with deviation 1/√d, seed {seed}"),
            (Init::Auto, _) if problem.has_bias && starts_at_mean(choice, problem.loss, activation) => {
                "zeros, and the bias ln ȳ, the best constant (--init auto)".to_owned()
            }
            (Init::Auto, _) => format!("zeros, a sound start for {activation} (--init auto)"),
            _ => "zeros".to_owned(),
        };
        Self { parameters, text }
    }
}
