//! A loss by its name.

use std::str::FromStr;

use deltarule_core::{Loss, Moments};

/// A loss, whose setting may be left to the data.
///
/// ```
/// use deltarule_train::LossChoice;
/// assert_eq!("huber".parse(), Ok(LossChoice::Huber));
/// assert!("squared".parse::<LossChoice>().is_ok());
/// assert!("cubic".parse::<LossChoice>().unwrap_err().starts_with("expected "));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LossChoice {
    /// This one.
    Of(Loss),
    /// `huber` without its t.
    Huber,
}

impl LossChoice {
    /// The default t of `huber`, in standard deviations of the target: where errors are normal with that deviation, the estimate is about as
    /// good as the mean's, with a variance 5 % larger (Huber 1964).
    const DEVIATIONS: f64 = 1.345;

    /// The loss, with any setting where it is left to the data.
    pub fn kind(self) -> Loss {
        match self {
            LossChoice::Of(loss) => loss,
            LossChoice::Huber => Loss::Huber { threshold: 1.0 },
        }
    }

    /// The loss for a table. Of several targets the one that spreads least counts.
    pub fn for_table(self, moments: &Moments) -> Loss {
        let LossChoice::Huber = self else { return self.kind() };
        let deviations = moments.targets().iter().map(|target| target.standard_deviation());
        let least = deviations.filter(|deviation| *deviation > 0.0).fold(f64::INFINITY, f64::min);
        // Four digits can be read and typed again.
        let threshold = format!("{:.3e}", Self::DEVIATIONS * least).parse().unwrap_or(1.0);
        Loss::Huber { threshold: if f64::is_finite(threshold) { threshold } else { 1.0 } }
    }
}

impl FromStr for LossChoice {
    type Err = String;

    /// Errors: what is expected instead.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("huber") {
            return Ok(LossChoice::Huber);
        }
        text.parse()
            .map(LossChoice::Of)
            .map_err(|error: deltarule_core::UnknownLoss| format!("expected {}", error.expected()))
    }
}
