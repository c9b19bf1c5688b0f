//! The error of one prediction.

/// How wrong one output is, as a function of target and output.
///
/// A loss enters the rest of the core through two numbers only: its value, and δ = −∂(value)/∂h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Loss {
    /// ½(y − ŷ)², whose sum over records and outputs is E, the sum of squared errors with its ½.
    #[default]
    Squared,
}

impl Loss {
    /// Every loss.
    pub const ALL: &'static [Loss] = &[Loss::Squared];

    /// The name that every front end uses.
    pub fn name(self) -> &'static str {
        match self {
            Loss::Squared => "squared",
        }
    }

    /// The error of one prediction: ½(y − ŷ)².
    pub fn value(self, target: f64, output: f64) -> f64 {
        match self {
            Loss::Squared => {
                let residual = target - output;
                0.5 * (residual * residual)
            }
        }
    }
}
