//! The error of one prediction, and what the choice of it means for descent.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::delta::loss_of;
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::Activation;

/// How wrong one output is, as a function of target and output.
///
/// [`Loss::ALL`] lists them, from which help texts, documents and tests are made. A loss enters the rest of the core through two numbers only:
/// its value L(y, ŷ), whose sum over records and outputs is E, and δ = −∂L/∂h = −∂L/∂ŷ · f'(h).
///
/// ```
/// use deltarule_core::Loss;
/// let loss: Loss = "huber:1.5".parse()?;
/// assert_eq!(loss, Loss::Huber { threshold: 1.5 });
/// assert_eq!(loss.value(3.0, 1.0), 1.5 * 2.0 - 0.5 * 1.5 * 1.5);
/// # Ok::<(), deltarule_core::UnknownLoss>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Loss {
    /// ½(y − ŷ)², whose sum over records and outputs is E, the sum of squared errors with its ½.
    #[default]
    Squared,
    /// −y ln ŷ − (1 − y) ln(1 − ŷ), the negative log-likelihood of a class with the probability ŷ; y from 0 to 1.
    Log,
    /// ½r² for |r| ≤ t and t|r| − ½t² beyond, r = y − ŷ: a large error counts by its size and not by its square (Huber 1964).
    Huber {
        /// t, above 0, in the units of the target.
        threshold: f64,
    },
    /// ŷ − y + y ln(y/ŷ), half of the deviance of counts with the mean ŷ; y from 0 on. Infinite where ŷ is below 0, which is no mean of counts, or 0 with y above 0.
    Poisson,
    /// q·r for r > 0 and (q − 1)·r otherwise, r = y − ŷ: least where a share q of the targets lies below ŷ (Koenker, Bassett 1978).
    Quantile {
        /// q, between 0 and 1.
        level: f64,
    },
    /// max(0, 1 − y ŷ) with classes y = −1 and 1: only records inside of the margin count.
    Hinge,
}

impl Loss {
    /// Every loss, those with a setting at 1 and at the median.
    pub const ALL: &'static [Loss] = &[
        Loss::Squared,
        Loss::Log,
        Loss::Huber { threshold: 1.0 },
        Loss::Poisson,
        Loss::Quantile { level: 0.5 },
        Loss::Hinge,
    ];

    /// The name that every front end uses, without its setting.
    pub fn name(self) -> &'static str {
        match self {
            Loss::Squared => "squared",
            Loss::Log => "log",
            Loss::Huber { .. } => "huber",
            Loss::Poisson => "poisson",
            Loss::Quantile { .. } => "quantile",
            Loss::Hinge => "hinge",
        }
    }

    /// The error of one prediction as a formula of y and ŷ.
    pub fn formula(self, activation: &Activation) -> String {
        match self {
            Loss::Log if *activation == Activation::Softmax => {
                "−y ln ŷ, with y = 1 for the own class and 0 for others".to_owned()
            }
            Loss::Squared => "½(y − ŷ)²".to_owned(),
            Loss::Log => "−y ln ŷ − (1 − y) ln(1 − ŷ)".to_owned(),
            Loss::Huber { threshold: t } => format!("½r² for |r| ≤ {t}, {t}|r| − ½·{t}² beyond, r = y − ŷ"),
            Loss::Poisson => "ŷ − y + y ln(y/ŷ)".to_owned(),
            Loss::Quantile { level } => format!("{level}·r for r > 0, ({level} − 1)·r otherwise, r = y − ŷ"),
            Loss::Hinge => "max(0, 1 − yŷ)".to_owned(),
        }
    }

    /// E, the sum of it over records and outputs, in few characters.
    pub fn sum_text(self, activation: &Activation) -> String {
        match self {
            Loss::Log if *activation == Activation::Softmax => "−Σ ln ŷ(own class)".to_owned(),
            Loss::Squared => "½ΣΣ(y − ŷ)²".to_owned(),
            Loss::Log => "−ΣΣ(y ln ŷ + (1 − y) ln(1 − ŷ))".to_owned(),
            Loss::Huber { .. } | Loss::Quantile { .. } => format!("ΣΣ {self}(y − ŷ)"),
            Loss::Poisson => "ΣΣ(ŷ − y + y ln(y/ŷ))".to_owned(),
            Loss::Hinge => "ΣΣmax(0, 1 − yŷ)".to_owned(),
        }
    }

    /// The name of E in files and JSON: `sse` for the sum of squared errors with its ½, `loss_sum` for the others.
    pub fn sum_name(self) -> &'static str {
        match self {
            Loss::Squared => "sse",
            _ => "loss_sum",
        }
    }

    /// The name of the mean error in files and JSON: `mse`, without a ½, for squared errors, `mean_loss` for the others.
    pub fn mean_name(self) -> &'static str {
        match self {
            Loss::Squared => "mse",
            _ => "mean_loss",
        }
    }

    /// −∂L/∂ŷ as a formula; δ is this times f'(h).
    pub fn slope_text(self, activation: &Activation) -> String {
        match self {
            Loss::Log if *activation == Activation::Softmax => "y/ŷ".to_owned(),
            Loss::Squared => "y − ŷ".to_owned(),
            Loss::Log => "(y − ŷ) / (ŷ (1 − ŷ))".to_owned(),
            Loss::Huber { threshold: t } => format!("y − ŷ, but not beyond ±{t}"),
            Loss::Poisson => "y/ŷ − 1".to_owned(),
            Loss::Quantile { level } => format!("{level} for y > ŷ, {level} − 1 otherwise"),
            Loss::Hinge => "y for yŷ < 1, 0 otherwise".to_owned(),
        }
    }

    /// The error of a constant output. With softmax it is that of the own class alone.
    pub fn of_constant(self, activation: &Activation, target: f64, output: f64) -> f64 {
        match (self, activation) {
            (Loss::Log, Activation::Softmax) => {
                if target > 0.0 {
                    -(target * libm::log(output))
                } else {
                    0.0
                }
            }
            _ => self.value(target, output),
        }
    }

    /// The error of one prediction, L(y, ŷ).
    #[inline(always)]
    pub fn value<T: Float>(self, target: T, output: T) -> T {
        let residual = target - output;
        let half = T::from_f64(0.5);
        match self {
            Loss::Squared => half * (residual * residual),
            Loss::Log => {
                // 0 ln 0 is 0.
                let part = |share: T, p: T| if share > T::ZERO { -(share * p.ln()) } else { T::ZERO };
                part(target, output) + part(T::ONE - target, T::ONE - output)
            }
            Loss::Huber { threshold } => {
                let (t, size) = (T::from_f64(threshold), residual.abs());
                if size <= t { half * (residual * residual) } else { t * size - half * (t * t) }
            }
            Loss::Poisson => {
                // |ŷ| makes +0 of −0.
                let own = if target > T::ZERO { target * (target / output.abs()).ln() } else { T::ZERO };
                // Below 0 only by rounding.
                let loss = ((output - target) + own).max(T::ZERO);
                if output >= T::ZERO { loss } else { T::from_f64(f64::INFINITY) }
            }
            Loss::Quantile { level } => {
                let factor = if residual > T::ZERO { level } else { level - 1.0 };
                T::from_f64(factor) * residual
            }
            Loss::Hinge => (T::ONE - target * output).max(T::ZERO),
        }
    }

    /// L(y, f(h)), with all its digits where f(h) rounds to the end of its range; with softmax the h of a record are [coupled](Activation::couple).
    pub fn of_net_input(self, activation: &Activation, target: f64, net_input: f64) -> f64 {
        loss_of(self, activation, target, net_input)
    }

    /// −∂L/∂ŷ, which for the squared error is y − ŷ; NaN where L is infinite. At a kink it is the one of its two slopes that is smaller in size, or that of ŷ ≥ y.
    #[inline(always)]
    pub fn slope<T: Float>(self, target: T, output: T) -> T {
        let residual = target - output;
        match self {
            Loss::Squared => residual,
            Loss::Log => residual / (output * (T::ONE - output)),
            Loss::Huber { threshold } => {
                let t = T::from_f64(threshold);
                if residual > t {
                    t
                } else if residual < -t {
                    -t
                } else {
                    residual
                }
            }
            Loss::Poisson => {
                if output >= T::ZERO {
                    residual / output
                } else {
                    T::from_f64(f64::NAN)
                }
            }
            Loss::Quantile { level } => T::from_f64(if residual > T::ZERO { level } else { level - 1.0 }),
            Loss::Hinge => {
                if target * output < T::ONE {
                    target
                } else {
                    T::ZERO
                }
            }
        }
    }

    /// The activation that this loss is made for; `None` where that depends on the target alone.
    pub fn activation(self) -> Option<Activation> {
        match self {
            Loss::Log => Some(Activation::Sigmoid),
            Loss::Poisson => Some(Activation::Exp),
            Loss::Huber { .. } | Loss::Quantile { .. } | Loss::Hinge => Some(Activation::Identity),
            Loss::Squared => None,
        }
    }

    /// Whether it is for numbers alone, and not for classes.
    pub fn is_for_numbers(self) -> bool {
        matches!(self, Loss::Huber { .. } | Loss::Poisson | Loss::Quantile { .. })
    }

    /// Whether a target beyond what the activation can give is an error that no weight removes: hinge asks for no more than the right side of a
    /// margin, and log and Poisson say themselves which targets there can be.
    pub fn aims_at_targets(self) -> bool {
        matches!(self, Loss::Squared | Loss::Huber { .. } | Loss::Quantile { .. })
    }

    /// The targets of the two classes that this loss is made for; `None` where that depends on the activation.
    pub fn class_targets(self) -> Option<(f64, f64)> {
        match self {
            Loss::Log => Some((0.0, 1.0)),
            Loss::Hinge => Some((-1.0, 1.0)),
            _ => None,
        }
    }

    /// The targets of the two classes with an activation: those of the loss; without such, −1 and 1 where f lies between −1 and 1, and 0 and 1 otherwise.
    pub fn class_targets_with(self, activation: &Activation) -> (f64, f64) {
        self.class_targets().unwrap_or(match activation.range() {
            (-1.0, 1.0) => (-1.0, 1.0),
            _ => (0.0, 1.0),
        })
    }

    /// Whether a network of one layer with this activation has no minimum of E but the least: L(y, f(h)) is convex in h.
    pub fn is_convex_with(self, activation: &Activation) -> bool {
        match self {
            Loss::Log => matches!(activation, Activation::Sigmoid | Activation::Softmax),
            Loss::Poisson => *activation == Activation::Exp,
            _ => *activation == Activation::Identity,
        }
    }

    /// Whether δ comes to y − ŷ, the activation's f' being cancelled.
    pub fn is_paired_with(self, activation: &Activation) -> bool {
        matches!(
            (self, activation),
            (Loss::Log, Activation::Sigmoid | Activation::Softmax) | (Loss::Poisson, Activation::Exp)
        )
    }

    /// Whether it has a kink of its own, where −∂L/∂ŷ jumps.
    pub(crate) fn has_kink(self) -> bool {
        matches!(self, Loss::Quantile { .. } | Loss::Hinge)
    }

    /// Whether δ stays away from 0 where f is level and the output is wrong, so that no plateau holds descent up.
    pub(crate) fn leaves_plateaus(self) -> bool {
        matches!(self, Loss::Log | Loss::Poisson)
    }

    /// c: the largest second derivative of L(y, f(h)) by h, over all h and all targets in `[low, high]`; `None` where there is none or it is
    /// not known.
    ///
    /// Squared: [`Activation::curvature_bound`]. Log with sigmoid: σ' ≤ ¼; with softmax ½, the largest eigenvalue that diag(p) − ppᵀ can have (Böhning
    /// 1992). Huber: as squared, with y − f not beyond ±t.
    pub fn curvature_bound(self, activation: &Activation, low: f64, high: f64) -> Option<f64> {
        match (self, activation) {
            (Loss::Squared, _) => activation.curvature_bound(low, high),
            (Loss::Log, Activation::Sigmoid) => Some(0.25),
            (Loss::Log, Activation::Softmax) => Some(0.5),
            (Loss::Huber { threshold }, _) => activation.curvature_bound_up_to(threshold, low, high),
            _ => None,
        }
    }

    /// The second derivative of L(y, f(h)) by h where ŷ is `output`, for losses and activations in which it depends on nothing else: f'(h).
    pub(crate) fn curvature_at(self, activation: &Activation, output: f64) -> Option<f64> {
        match (self, activation) {
            (Loss::Log, Activation::Sigmoid | Activation::Softmax) => Some(output * (1.0 - output)),
            (Loss::Poisson, Activation::Exp) => Some(output),
            _ => None,
        }
    }

    /// A second derivative to begin with where there is no bound: what it is about at the targets themselves.
    pub(crate) fn curvature_guess(self, mean: f64, deviation: f64) -> f64 {
        let guess = match self {
            Loss::Poisson => mean,
            // δ has a size of its own, and h that of the target.
            Loss::Quantile { .. } => 1.0 / deviation,
            _ => 1.0,
        };
        if guess.is_finite() && guess > 0.0 { guess } else { 1.0 }
    }

    /// Checks that settings, activation and targets are those that the loss is defined for. `ranges` holds the smallest and the largest target
    /// of each output.
    ///
    /// Errors: [`Error::Setting`] that says what to use instead.
    pub fn check(self, activation: &Activation, ranges: &[(f64, f64)]) -> Result<()> {
        let wrong = |setting, found: String, expected: &str| {
            Err(Error::Setting { setting, found, expected: expected.to_owned() })
        };
        match self {
            Loss::Huber { threshold } if !(threshold > 0.0 && threshold.is_finite()) => {
                return wrong("loss", self.to_string(), "huber:t with a finite t above 0, in the units of the target");
            }
            Loss::Quantile { level } if !(level > 0.0 && level < 1.0) => {
                return wrong("loss", self.to_string(), "quantile:q with q between 0 and 1, such as quantile:0.9");
            }
            _ => {}
        }
        let of_pair = || format!("{} beside loss {self}", activation);
        match (self, activation) {
            (Loss::Log, Activation::Softmax) if ranges.len() > 1 => {}
            (_, Activation::Softmax) => {
                let expected =
                    "softmax with --loss log and a target of three or more classes; sigmoid is for one output";
                return wrong("activation", of_pair(), expected);
            }
            (Loss::Log, Activation::Sigmoid) => {}
            (Loss::Log, _) => {
                return wrong("activation", of_pair(), "sigmoid or softmax, whose outputs are probabilities");
            }
            (Loss::Poisson, Activation::Formula(_)) => {}
            (Loss::Poisson, _) if activation.range().0 < 0.0 || *activation == Activation::Relu => {
                return wrong("activation", of_pair(), "exp or softplus, whose outputs are above 0");
            }
            _ => {}
        }
        let (low, high) = self.target_range();
        match ranges.iter().find(|(smallest, largest)| *smallest < low || *largest > high) {
            None => Ok(()),
            Some((smallest, largest)) => {
                let found = if smallest == largest {
                    format!("{smallest} beside loss {self}")
                } else {
                    format!("targets from {smallest} to {largest} beside loss {self}")
                };
                wrong("target", found, self.target_text())
            }
        }
    }

    /// The targets that it is defined for, both ends counted.
    pub fn target_range(self) -> (f64, f64) {
        match self {
            Loss::Log => (0.0, 1.0),
            Loss::Poisson => (0.0, f64::INFINITY),
            Loss::Hinge => (-1.0, 1.0),
            Loss::Squared | Loss::Huber { .. } | Loss::Quantile { .. } => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// The same in words.
    pub fn target_text(self) -> &'static str {
        match self {
            Loss::Log => "targets from 0 to 1: two classes, or shares",
            Loss::Poisson => "targets from 0 on: counts, or amounts",
            Loss::Hinge => "targets from −1 to 1: two classes",
            Loss::Squared | Loss::Huber { .. } | Loss::Quantile { .. } => "numbers",
        }
    }

    /// What E is divided by beside the number of records and outputs to give a mean that is known by a name: 2E/(N·J) is the mean squared error.
    pub(crate) fn mean_factor(self) -> f64 {
        match self {
            Loss::Squared => 2.0,
            _ => 1.0,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Huber { threshold } => write!(f, "huber:{threshold}"),
            Loss::Quantile { level } => write!(f, "quantile:{level}"),
            loss => f.write_str(loss.name()),
        }
    }
}

/// A text that is not a loss.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("found {found:?}, expected {}", self.expected())]
pub struct UnknownLoss {
    /// What was given.
    pub found: String,
}

impl UnknownLoss {
    /// What a loss can be.
    pub fn expected(&self) -> &'static str {
        "squared, log, huber:t with t above 0, poisson, quantile:q with q between 0 and 1, or hinge"
    }
}

impl FromStr for Loss {
    type Err = UnknownLoss;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownLoss> {
        let unknown = || UnknownLoss { found: text.to_owned() };
        let lower = text.trim().to_lowercase();
        let (name, setting) = match lower.split_once(':') {
            Some((name, setting)) => (name, Some(setting.parse::<f64>().map_err(|_| unknown())?)),
            None => (lower.as_str(), None),
        };
        match (name, setting) {
            ("squared", None) => Ok(Loss::Squared),
            ("log", None) => Ok(Loss::Log),
            ("huber", Some(t)) if t > 0.0 && t.is_finite() => Ok(Loss::Huber { threshold: t }),
            ("poisson", None) => Ok(Loss::Poisson),
            ("quantile", Some(q)) if q > 0.0 && q < 1.0 => Ok(Loss::Quantile { level: q }),
            ("hinge", None) => Ok(Loss::Hinge),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_is_read_back_from_its_text() {
        for loss in Loss::ALL {
            assert_eq!(loss.to_string().parse(), Ok(*loss));
        }
        for wrong in ["", "square", "huber:0", "huber:nan", "quantile", "quantile:1", "log:2", "huber:x"] {
            assert!(wrong.parse::<Loss>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_slope_is_minus_the_derivative() {
        let step = 1e-6;
        for &loss in Loss::ALL {
            for (y, output) in [(0.0, 0.3), (1.0, 0.3), (1.0, 0.9), (1.0, 1.5), (0.7, 0.2), (3.0, 0.1)] {
                let is_probability = y <= 1.0 && output < 1.0;
                if loss == Loss::Log && !is_probability {
                    continue;
                }
                let difference = (loss.value(y, output + step) - loss.value(y, output - step)) / (2.0 * step);
                let slope = loss.slope(y, output);
                assert!((slope + difference).abs() < 1e-6 * (1.0 + slope.abs()), "{loss} y = {y}, output = {output}");
            }
        }
    }

    #[test]
    fn the_error_of_a_right_prediction_is_0() {
        for &loss in Loss::ALL {
            assert_eq!(loss.value(1.0, 1.0), 0.0, "{loss}");
        }
        assert_eq!(Loss::Poisson.value(0.0, 0.0), 0.0);
    }

    #[test]
    fn an_output_below_0_is_no_mean_of_counts() {
        for (target, output) in [(1.0, -1.1), (0.0, -1e-9), (2.0, 0.0), (2.0, -0.0), (1.0, f64::NAN)] {
            assert_eq!(Loss::Poisson.value(target, output), f64::INFINITY, "{target} {output}");
            assert!(!Loss::Poisson.slope(target, output).is_finite(), "{target} {output}");
        }
        let narrow = Loss::Poisson.value(1.0_f32, -1.1_f32);
        assert_eq!(narrow, f32::INFINITY);
    }
}
