//! The settings of a lane, by the names that every front end uses.

use deltarule_core::{Activation, Batch, Config, Eta, Init, Loss, OptimizerKind, Reduction};
use deltarule_model::ScaleRule;
use serde::{Deserialize, Serialize};

use crate::error::{PageError, Result, setting};

/// The settings of a lane. What is `None` is chosen from the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// f: a name or a formula; `None`: the one that goes with the target.
    pub activation: Option<String>,
    /// `squared`, or another error of the command's `--loss`.
    pub loss: String,
    /// Whether the network has biases.
    pub bias: bool,
    /// `standard` or `none`.
    pub scale: String,
    /// η.
    pub eta: Option<f64>,
    /// Records a step; `None`: all.
    pub batch: Option<u64>,
    /// `mean` or `sum`.
    pub reduction: String,
    /// `gd`, `momentum`, `nesterov`, …
    pub optimizer: String,
    /// `auto`, `zeros` or `normal`.
    pub init: String,
    /// Where the start and the order of the records are drawn from.
    pub seed: u64,
    /// The weights to start from, output by output, and after them the biases; instead of `init`.
    pub start: Option<Vec<f64>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activation: None,
            loss: Loss::Squared.name().to_owned(),
            bias: true,
            scale: ScaleRule::Standard.name().to_owned(),
            eta: None,
            batch: None,
            reduction: Reduction::Mean.name().to_owned(),
            optimizer: OptimizerKind::GradientDescent.name().to_owned(),
            init: Init::Auto.name().to_owned(),
            seed: 0,
            start: None,
        }
    }
}

/// Steps are given out until there is a reason to stop; this is none that anyone meets.
const EPOCHS: u64 = 1_000_000;

impl Settings {
    /// f, where one is chosen.
    ///
    /// Errors: neither a name nor a formula.
    pub(crate) fn activation(&self) -> Result<Option<Activation>> {
        Ok(self.activation.as_deref().map(str::parse).transpose()?)
    }

    /// The error of one prediction.
    pub(crate) fn loss(&self) -> Result<Loss> {
        self.loss.parse().or_else(|error: deltarule_core::UnknownLoss| setting("loss", &self.loss, error.expected()))
    }

    /// How numbers are scaled.
    pub(crate) fn scale(&self) -> Result<ScaleRule> {
        let rule = ScaleRule::ALL.iter().find(|rule| rule.name() == self.scale);
        rule.copied().map_or_else(|| setting("scale", &self.scale, "standard or none"), Ok)
    }

    /// How the start is made.
    pub(crate) fn init(&self) -> Result<Init> {
        let all = [Init::Auto, Init::Zeros, Init::Normal];
        let init = all.into_iter().find(|init| init.name() == self.init);
        init.map_or_else(|| setting("init", &self.init, "auto, zeros or normal"), Ok)
    }

    fn reduction(&self) -> Result<Reduction> {
        match self.reduction.as_str() {
            "mean" => Ok(Reduction::Mean),
            "sum" => Ok(Reduction::Sum),
            other => setting("reduction", other, "mean or sum"),
        }
    }

    fn optimizer(&self) -> Result<OptimizerKind> {
        Ok(match self.optimizer.as_str() {
            "gd" => OptimizerKind::GradientDescent,
            "momentum" => OptimizerKind::Momentum { beta: OptimizerKind::DEFAULT_BETA },
            "nesterov" => OptimizerKind::Nesterov { beta: None },
            "adagrad" => OptimizerKind::ADAGRAD,
            "rmsprop" => OptimizerKind::RMSPROP,
            "adam" => OptimizerKind::ADAM,
            other => return setting("optimizer", other, "gd, momentum, nesterov, adagrad, rmsprop or adam"),
        })
    }

    /// The same for the core; without an η of one's own, one from the data is taken and kept.
    pub(crate) fn config(&self) -> Result<Config> {
        Ok(Config {
            optimizer: Some(self.optimizer()?),
            eta: self.eta.map_or(Eta::Auto, Eta::Given),
            reduction: self.reduction()?,
            batch: self.batch.map_or(Batch::Full, Batch::Records),
            epochs: Some(EPOCHS),
            seed: self.seed,
            ..Config::default()
        })
    }

    /// Reads settings.
    ///
    /// Errors: no JSON of settings.
    pub(crate) fn of_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(PageError::from)
    }
}
