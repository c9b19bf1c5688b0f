//! How η changes from epoch to epoch.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::error::{Error, Result};

/// By which rule η changes from epoch to epoch: the factor that the η of a plan is multiplied by, k epochs after the first.
///
/// What else moves η goes on beside it: a chosen one is halved when a full-batch step raises E. Steps over few records with a chosen η follow the gradient
/// where each epoch ends ([`EtaBasis::Stochastic`](super::EtaBasis::Stochastic)) with `auto` alone.
///
/// ```
/// # use deltarule_core::Schedule;
/// let schedule: Schedule = "step:10:0.5".parse()?;
/// assert_eq!((schedule.factor(9, 100), schedule.factor(20, 100)), (1.0, 0.25));
/// # Ok::<(), deltarule_core::UnknownSchedule>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Schedule {
    /// A given η stays; a chosen one follows what the steps show.
    #[default]
    Auto,
    /// 1.
    Constant,
    /// 1/(1 + k/T)^p. Source: Robbins, Monro 1951, a stochastic approximation method, for p = 1.
    Inverse {
        /// T, above 0: with p = 1 η is half of what it was after so many epochs.
        epochs: f64,
        /// p, above 0.
        power: f64,
    },
    /// qᵏ.
    Exponential {
        /// q, above 0 and at most 1.
        factor: f64,
    },
    /// q^⌊k/T⌋.
    Step {
        /// T, from 1 on.
        every: u64,
        /// q, above 0 and at most 1.
        factor: f64,
    },
    /// ½(1 + cos(π (k mod T)/T)). Source: Loshchilov, Hutter 2017, SGDR, eq. 5, with η_min = 0.
    Cosine {
        /// T, from 1 on; `None`: all epochs of the descent.
        epochs: Option<u64>,
    },
}

impl Schedule {
    /// The names that every front end uses, each with its settings.
    pub const FORMS: &'static [&'static str] =
        &["auto", "constant", "inverse[:EPOCHS[:POWER]]", "exponential:FACTOR", "step:EVERY:FACTOR", "cosine[:EPOCHS]"];

    /// T of `inverse` when none is given.
    pub const DEFAULT_INVERSE_EPOCHS: f64 = 10.0;

    /// The factor of η after `k` epochs, of `last` in all.
    pub fn factor(self, k: u64, last: u64) -> f64 {
        match self {
            Schedule::Auto | Schedule::Constant => 1.0,
            Schedule::Inverse { epochs, power } => {
                let base = 1.0 + k as f64 / epochs;
                if power == 1.0 { 1.0 / base } else { libm::pow(base, -power) }
            }
            Schedule::Exponential { factor } => libm::pow(factor, k as f64),
            Schedule::Step { every, factor } => libm::pow(factor, (k / every) as f64),
            Schedule::Cosine { epochs } => {
                let period = epochs.unwrap_or(last).max(1);
                0.5 * (1.0 + libm::cos(PI * ((k % period) as f64 / period as f64)))
            }
        }
    }

    /// Whether η goes down by this rule, so that E may fall again after a while in which it did not.
    pub fn goes_down(self) -> bool {
        !matches!(self, Schedule::Auto | Schedule::Constant)
    }

    /// Errors: a setting outside of what makes sense.
    pub(super) fn check(self) -> Result<()> {
        let is_share = |q: f64| q > 0.0 && q <= 1.0;
        let makes_sense = match self {
            Schedule::Auto | Schedule::Constant => true,
            Schedule::Inverse { epochs, power } => {
                epochs > 0.0 && epochs.is_finite() && power > 0.0 && power.is_finite()
            }
            Schedule::Exponential { factor } => is_share(factor),
            Schedule::Step { every, factor } => every > 0 && is_share(factor),
            Schedule::Cosine { epochs } => epochs != Some(0),
        };
        match makes_sense {
            true => Ok(()),
            false => Err(Error::Setting {
                setting: "schedule",
                found: self.to_string(),
                expected: "numbers of epochs and powers above 0, and factors above 0 and at most 1".to_owned(),
            }),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Auto => f.write_str("auto"),
            Schedule::Constant => f.write_str("constant"),
            Schedule::Inverse { epochs, power } if *power == 1.0 => write!(f, "inverse:{epochs}"),
            Schedule::Inverse { epochs, power } => write!(f, "inverse:{epochs}:{power}"),
            Schedule::Exponential { factor } => write!(f, "exponential:{factor}"),
            Schedule::Step { every, factor } => write!(f, "step:{every}:{factor}"),
            Schedule::Cosine { epochs: None } => f.write_str("cosine"),
            Schedule::Cosine { epochs: Some(epochs) } => write!(f, "cosine:{epochs}"),
        }
    }
}

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("schedule: found {found:?}, expected {}", self.expected())]
pub struct UnknownSchedule {
    /// What was given.
    pub found: String,
}

impl UnknownSchedule {
    /// What a schedule can be.
    pub fn expected(&self) -> String {
        format!("{}, with numbers above 0 and factors up to 1", Schedule::FORMS.join(", "))
    }
}

impl FromStr for Schedule {
    type Err = UnknownSchedule;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownSchedule> {
        let unknown = || UnknownSchedule { found: text.to_owned() };
        let lower = text.trim().to_lowercase();
        let parts: Vec<&str> = lower.split(':').collect();
        let number = |part: &str| part.parse::<f64>().map_err(|_| unknown());
        let whole = |part: &str| part.parse::<u64>().map_err(|_| unknown());
        let schedule = match parts[..] {
            ["auto"] => Schedule::Auto,
            ["constant"] => Schedule::Constant,
            ["inverse"] => Schedule::Inverse { epochs: Self::DEFAULT_INVERSE_EPOCHS, power: 1.0 },
            ["inverse", epochs] => Schedule::Inverse { epochs: number(epochs)?, power: 1.0 },
            ["inverse", epochs, power] => Schedule::Inverse { epochs: number(epochs)?, power: number(power)? },
            ["exponential", factor] => Schedule::Exponential { factor: number(factor)? },
            ["step", every, factor] => Schedule::Step { every: whole(every)?, factor: number(factor)? },
            ["cosine"] => Schedule::Cosine { epochs: None },
            ["cosine", epochs] => Schedule::Cosine { epochs: Some(whole(epochs)?) },
            _ => return Err(unknown()),
        };
        schedule.check().map_err(|_| unknown())?;
        Ok(schedule)
    }
}

/// A schedule behind its warm-up, for a descent of a given length.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Course {
    /// The rule.
    pub schedule: Schedule,
    /// W: in the first W epochs η is multiplied by (k + 1)/(W + 1); the schedule begins after them. Source: Goyal et al. 2017, section 2.2.
    pub warm_up: u64,
}

impl Course {
    /// The factor of η after `k` epochs, of `last` in all.
    pub fn factor(self, k: u64, last: u64) -> f64 {
        match k.checked_sub(self.warm_up) {
            None => (k + 1) as f64 / (self.warm_up + 1) as f64,
            Some(k) => self.schedule.factor(k, last.saturating_sub(self.warm_up)),
        }
    }

    /// Whether η is anything but what `auto` makes of it.
    pub fn is_auto(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.warm_up {
            0 => write!(f, "schedule {}", self.schedule),
            warm_up => write!(f, "schedule {} after {warm_up} epochs of warm-up", self.schedule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Schedule {
        text.parse().unwrap()
    }

    #[test]
    fn factors_are_those_of_the_formulas() {
        for (text, k, expected) in [
            ("constant", 70, 1.0),
            ("inverse", 10, 0.5),
            ("inverse:4", 12, 0.25),
            ("inverse:1:0.5", 3, 0.5),
            ("exponential:0.9", 2, 0.81),
            ("step:5:0.1", 4, 1.0),
            ("step:5:0.1", 14, 0.01),
            ("cosine", 0, 1.0),
            ("cosine", 50, 0.5),
            ("cosine:4", 6, 0.5),
            ("cosine:4", 8, 1.0),
        ] {
            let found = of(text).factor(k, 100);
            assert!((found - expected).abs() < 1e-15, "{text} after {k}: {found}");
            assert_eq!(of(&of(text).to_string()), of(text), "{text}");
        }
    }

    #[test]
    fn a_warm_up_rises_in_equal_steps_and_the_schedule_begins_after_it() {
        let course = Course { schedule: of("exponential:0.5"), warm_up: 3 };
        let factors: Vec<f64> = (0..6).map(|k| course.factor(k, 100)).collect();
        assert_eq!(factors, [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]);
        let course = Course { schedule: of("cosine"), warm_up: 2 };
        assert!((course.factor(7, 12) - 0.5).abs() < 1e-15, "ten epochs are left to the cosine");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "linear",
            "step",
            "step:5",
            "step:0:0.5",
            "step:2.5:0.5",
            "exponential",
            "exponential:1.1",
            "exponential:0",
            "exponential:nan",
            "inverse:0",
            "inverse:-1",
            "inverse:1:0",
            "inverse:inf",
            "cosine:0",
            "cosine:1:2",
            "auto:1",
        ] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.to_string().contains("step:EVERY:FACTOR"), "{error}");
        }
    }
}
