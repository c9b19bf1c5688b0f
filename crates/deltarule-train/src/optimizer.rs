//! Optimizers by their names, with their settings.

use std::str::FromStr;

use deltarule_core::OptimizerKind;

use crate::error::{Result, TrainError};

/// The rule of descent, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptimizerName {
    /// The plain delta rule.
    Gd,
    /// Heavy ball.
    Momentum,
    /// Nesterov's rule.
    Nesterov,
    /// L-BFGS.
    Lbfgs,
    /// AdaGrad.
    Adagrad,
    /// RMSProp.
    Rmsprop,
    /// Adam.
    Adam,
}

impl OptimizerName {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Gd, Self::Momentum, Self::Nesterov, Self::Lbfgs, Self::Adagrad, Self::Rmsprop, Self::Adam];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gd => "gd",
            Self::Momentum => "momentum",
            Self::Nesterov => "nesterov",
            Self::Lbfgs => "lbfgs",
            Self::Adagrad => "adagrad",
            Self::Rmsprop => "rmsprop",
            Self::Adam => "adam",
        }
    }
}

impl FromStr for OptimizerName {
    type Err = String;

    /// Errors: what is expected instead.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = || format!("expected one of {}", Self::ALL.map(Self::name).join(", "));
        Self::ALL.into_iter().find(|optimizer| optimizer.name() == text).ok_or_else(known)
    }
}

/// The settings of optimizers; `None`: the default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OptimizerSettings {
    /// β of momentum or of nesterov.
    pub momentum: Option<f64>,
    /// β₁ of adam.
    pub beta1: Option<f64>,
    /// β₂ of adam.
    pub beta2: Option<f64>,
    /// ρ of rmsprop.
    pub decay: Option<f64>,
    /// ε of adagrad, rmsprop and adam.
    pub epsilon: Option<f64>,
}

/// The rules that were asked for, with their settings.
///
/// ```
/// use deltarule_core::OptimizerKind;
/// use deltarule_train::{OptimizerName, OptimizerSettings, optimizers};
/// let settings = OptimizerSettings { momentum: Some(0.5), ..OptimizerSettings::default() };
/// assert_eq!(optimizers(&[OptimizerName::Momentum], &settings), Ok(vec![OptimizerKind::Momentum { beta: 0.5 }]));
/// assert!(optimizers(&[OptimizerName::Gd], &settings).is_err());
/// ```
///
/// Errors: a setting that none of the rules has.
pub fn optimizers(names: &[OptimizerName], settings: &OptimizerSettings) -> Result<Vec<OptimizerKind>> {
    use OptimizerName::{Adagrad, Adam, Momentum, Nesterov, Rmsprop};
    let takes = |rules: &[OptimizerName]| names.iter().any(|name| rules.contains(name));
    for (setting, value, rules, expected) in [
        ("momentum", settings.momentum, &[Momentum, Nesterov][..], "--optimizer momentum or --optimizer nesterov"),
        ("beta1", settings.beta1, &[Adam], "--optimizer adam"),
        ("beta2", settings.beta2, &[Adam], "--optimizer adam"),
        ("decay", settings.decay, &[Rmsprop], "--optimizer rmsprop"),
        ("epsilon", settings.epsilon, &[Adagrad, Rmsprop, Adam], "--optimizer adagrad, rmsprop or adam"),
    ] {
        if value.is_some() && !takes(rules) {
            return Err(TrainError::Beside { setting, expected });
        }
    }
    Ok(names.iter().map(|name| kind(*name, settings)).collect())
}

fn kind(name: OptimizerName, settings: &OptimizerSettings) -> OptimizerKind {
    let mut kind = match name {
        OptimizerName::Gd => OptimizerKind::GradientDescent,
        OptimizerName::Momentum => {
            OptimizerKind::Momentum { beta: settings.momentum.unwrap_or(OptimizerKind::DEFAULT_BETA) }
        }
        OptimizerName::Nesterov => OptimizerKind::Nesterov { beta: settings.momentum },
        OptimizerName::Lbfgs => OptimizerKind::LBfgs,
        OptimizerName::Adagrad => OptimizerKind::ADAGRAD,
        OptimizerName::Rmsprop => OptimizerKind::RMSPROP,
        OptimizerName::Adam => OptimizerKind::ADAM,
    };
    let set = |to: &mut f64, value: Option<f64>| *to = value.unwrap_or(*to);
    match &mut kind {
        OptimizerKind::AdaGrad { epsilon } => set(epsilon, settings.epsilon),
        OptimizerKind::RmsProp { decay, epsilon } => {
            set(decay, settings.decay);
            set(epsilon, settings.epsilon);
        }
        OptimizerKind::Adam { beta1, beta2, epsilon } => {
            set(beta1, settings.beta1);
            set(beta2, settings.beta2);
            set(epsilon, settings.epsilon);
        }
        _ => {}
    }
    kind
}
