//! What is to be learned, the settings of a descent, and the plan that is made of both before its first step.

use std::sync::Arc;

use super::bend::is_uneven;
use super::kink::first_widths;
use super::rate::{RateQuestion, feature_squares};
use super::{
    Baseline, ChosenEta, Course, Curvature, EtaBasis, Gradient, Loss, OptimizerKind, Penalty, Reduction, Triangle,
};
use crate::data::{BlockSource, Moments, Scaling, Threads};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::{Activation, Layer};

/// What is to be learned: a table, the units it is descended in, and a network for it.
#[derive(Clone, Copy)]
pub struct Problem<'a, T: Float> {
    /// The records.
    pub source: &'a dyn BlockSource<T>,
    /// The units descended in.
    pub scaling: &'a Scaling,
    /// The moments of the records.
    pub moments: &'a Moments,
    /// f.
    pub activation: &'a Activation,
    /// The error of one prediction.
    pub loss: Loss,
    /// Whether the network has biases.
    pub has_bias: bool,
    /// The threads that passes may use.
    pub threads: &'a Threads,
}

impl<T: Float> std::fmt::Debug for Problem<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Problem")
            .field("shape", self.source.shape())
            .field("n_records", &self.source.n_records())
            .field("activation", &self.activation)
            .field("has_bias", &self.has_bias)
            .finish_non_exhaustive()
    }
}

impl<T: Float> Problem<'_, T> {
    /// E and its gradient at some weights: one pass.
    pub fn gradient(&self, layer: &Layer) -> Result<Gradient> {
        Gradient::of(self.source, self.scaling, layer, self.loss, self.threads)
    }
}

/// η: given, or chosen from the data.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Eta {
    /// Chosen from the data.
    #[default]
    Auto,
    /// Exactly this.
    Given(f64),
}

/// How many records make a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batch {
    /// All of them.
    #[default]
    Full,
    /// So many, in random order; the last step of an epoch may have fewer.
    Records(u64),
}

/// The settings of a descent. The defaults live here, for every front end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// The rule; `None`: for full batches and a chosen η Nesterov's with the squared error and L-BFGS with the others, otherwise the plain delta
    /// rule.
    pub optimizer: Option<OptimizerKind>,
    /// What large weights cost.
    pub penalty: Penalty,
    /// The learning rate.
    pub eta: Eta,
    /// How η changes from epoch to epoch.
    pub course: Course,
    /// Sum or mean.
    pub reduction: Reduction,
    /// Records a step.
    pub batch: Batch,
    /// The epoch, from 1, from which on the weights are the mean over all steps, for steps over few records; `None`: they are those of the last step.
    pub average: Option<u64>,
    /// After so many epochs without a lower E of the records held out a descent ends; `None`: it is not watched on any.
    pub patience: Option<u64>,
    /// At most so many passes over the table; `None`: [`Config::FULL_BATCH_EPOCHS`] or [`Config::STOCHASTIC_EPOCHS`].
    pub epochs: Option<u64>,
    /// The correlation with δ below which every column must fall at a minimum.
    pub tolerance: f64,
    /// Where the order of the records, and the start, are drawn from.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            optimizer: None,
            penalty: Penalty::NONE,
            eta: Eta::Auto,
            course: Course::default(),
            reduction: Reduction::Mean,
            batch: Batch::Full,
            average: None,
            patience: None,
            epochs: None,
            tolerance: 1e-7,
            seed: 0,
        }
    }
}

impl Config {
    /// Epochs of full-batch descent, unless a reason to stop comes first.
    pub const FULL_BATCH_EPOCHS: u64 = 100_000;
    /// Epochs of stochastic descent, unless a reason to stop comes first.
    pub const STOCHASTIC_EPOCHS: u64 = 200;

    fn check(&self) -> Result<()> {
        let wrong = |setting, found: String, expected: &str| {
            Err(Error::Setting { setting, found, expected: expected.to_owned() })
        };
        if let Eta::Given(eta) = self.eta
            && !(eta > 0.0 && eta.is_finite())
        {
            return Err(Error::setting("eta", eta, "a finite number above 0, or auto"));
        }
        self.course.schedule.check()?;
        if self.batch == Batch::Records(0) {
            return wrong("batch", "0".into(), "full, or a number of records from 1 on");
        }
        if let Some(from) = self.average {
            if self.batch == Batch::Full {
                let expected = "a number of records a step, as in --batch 16: the mean takes out the noise of steps over few records";
                return wrong("average", "all records a step".into(), expected);
            }
            let epochs = self.epochs.unwrap_or(Self::STOCHASTIC_EPOCHS);
            if !(1..=epochs).contains(&from) {
                return wrong(
                    "average",
                    format!("from epoch {from} on"),
                    &format!("one of the epochs from 1 to {epochs}"),
                );
            }
        }
        if self.patience == Some(0) {
            return wrong("early-stopping", "0".into(), "a number of epochs from 1 on");
        }
        self.penalty.check()?;
        if let (Batch::Records(n), false) = (self.batch, self.penalty.is_none()) {
            let expected = "a penalty with --batch full: steps over few records have none yet";
            return wrong(
                if self.penalty.l2 > 0.0 { "l2" } else { "l1" },
                format!("a penalty beside {n} records a step"),
                expected,
            );
        }
        if self.penalty.l1 > 0.0
            && let Some(kind @ OptimizerKind::Momentum { .. }) = self.optimizer
        {
            let expected =
                "another rule: after a step of momentum, one towards 0 would be taken from what it remembers";
            return wrong("optimizer", format!("{} beside l1", kind.name()), expected);
        }
        if self.optimizer == Some(OptimizerKind::LBfgs) {
            if let Batch::Records(n) = self.batch {
                let expected = "lbfgs with --batch full: what a few records say of the curvature is mostly noise";
                return wrong("optimizer", format!("lbfgs beside {n} records a step"), expected);
            }
            if !self.course.is_auto() {
                let expected = "lbfgs without --schedule and --warm-up: it finds the length of its steps itself";
                return wrong("optimizer", format!("lbfgs beside {}", self.course), expected);
            }
            if let Eta::Given(eta) = self.eta {
                let expected = "lbfgs with --eta auto: it finds the length of its steps itself";
                return wrong("optimizer", format!("lbfgs beside eta {eta}"), expected);
            }
        }
        if !(self.tolerance >= 0.0 && self.tolerance < 1.0) {
            return Err(Error::setting("tolerance", self.tolerance, "a number from 0 to below 1"));
        }
        self.optimizer.map_or(Ok(()), OptimizerKind::check)
    }
}

/// What a descent will do, settled before its first step.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The rule.
    pub optimizer: OptimizerKind,
    /// What large weights cost.
    pub penalty: Penalty,
    /// η and what it rests on.
    pub eta: ChosenEta,
    /// How it changes from epoch to epoch.
    pub course: Course,
    /// The best constant outputs, and E with them: what any network should beat.
    pub baseline: Baseline,
    /// Sum or mean.
    pub reduction: Reduction,
    /// Records a step; `None` for all of them.
    pub batch: Option<u64>,
    /// The epoch from which on the weights are the mean over all steps.
    pub average: Option<u64>,
    /// After so many epochs without a lower E of the records held out it ends.
    pub patience: Option<u64>,
    /// At most so many epochs.
    pub epochs: u64,
    /// The tolerance of the test for a minimum.
    pub tolerance: f64,
    /// The seed of the records' order.
    pub seed: u64,
    /// The table as a triangle, which then stands for it wherever E and its slope are looked at: f the identity and the squared error, many records and few
    /// columns.
    pub triangle: Option<Arc<Triangle>>,
    /// Where L-BFGS goes down a loss with a kink, one for each output: over how much of ŷ (of the margin yŷ with hinge) for a slope of 1 a parabola stands in for the
    /// kink at first. It becomes narrower as descent goes on. Empty where E is gone down as it is.
    pub kink_widths: Vec<f64>,
}

impl Plan {
    /// Settles the settings for a problem; finds its curvature, in one or a few passes.
    ///
    /// Errors: a setting outside of what makes sense, an activation that cannot be trained, those of the source.
    pub fn of<T: Float>(problem: &Problem<'_, T>, config: &Config) -> Result<Self> {
        Self::settle(problem, config, None)
    }

    /// Settles other settings for the same problem, without looking at the table again.
    ///
    /// Errors: a setting outside of what makes sense; those of the source, where this plan has no triangle and the other needs one.
    pub fn with<T: Float>(&self, problem: &Problem<'_, T>, config: &Config) -> Result<Self> {
        Self::settle(problem, config, Some(self))
    }

    fn settle<T: Float>(problem: &Problem<'_, T>, config: &Config, known: Option<&Self>) -> Result<Self> {
        config.check()?;
        if !problem.activation.is_trainable() {
            return Err(Error::NoDerivative { activation: problem.activation.to_string() });
        }
        if problem.moments.weight() <= 0.0 {
            return Err(if problem.moments.n_records() == 0 { Error::NoRecords } else { Error::NoWeight });
        }
        let ranges: Vec<_> = problem.moments.targets().iter().map(|target| target.range()).collect();
        problem.loss.check(problem.activation, &ranges)?;
        let n = problem.source.n_records() as u64;
        let batch = match config.batch {
            Batch::Full => None,
            Batch::Records(batch) => Some(batch.min(n)),
        };
        let given = match config.eta {
            Eta::Auto => None,
            Eta::Given(eta) => Some(eta),
        };
        let optimizer = config.optimizer.unwrap_or(match (batch, given, problem.loss) {
            (None, None, Loss::Squared) if config.course.is_auto() && is_uneven(problem) => OptimizerKind::LBfgs,
            (None, None, Loss::Squared) => OptimizerKind::Nesterov { beta: None },
            (None, None, _) if !config.course.is_auto() => OptimizerKind::Nesterov { beta: None },
            (None, None, _) => OptimizerKind::LBfgs,
            _ => OptimizerKind::GradientDescent,
        });
        let question = RateQuestion {
            activation: problem.activation,
            loss: problem.loss,
            moments: problem.moments,
            reduction: config.reduction,
            batch,
            given,
            l2: config.penalty.l2,
            own_size: optimizer.is_adaptive().then(|| mean_input(problem) / optimizer.first_step()),
        };
        let epochs = config.epochs.unwrap_or(match batch {
            None => Config::FULL_BATCH_EPOCHS,
            Some(_) => Config::STOCHASTIC_EPOCHS,
        });
        let triangle = if Triangle::suits(problem, batch.map(|_| epochs)) {
            Some(match known.and_then(|plan| plan.triangle.clone()) {
                Some(triangle) => triangle,
                None => Arc::new(Triangle::of(problem)?),
            })
        } else {
            None
        };
        let curvature = match (&triangle, known) {
            (_, Some(known)) => known.eta.curvature,
            (Some(triangle), None) => triangle.curvature(),
            (None, None) => Curvature::of(problem.source, problem.scaling, problem.has_bias, problem.threads)?,
        };
        let baseline = match known {
            Some(known) => known.baseline.clone(),
            None => Baseline::of(problem)?,
        };
        Ok(Self {
            optimizer,
            penalty: config.penalty,
            eta: question.answer(curvature, baseline.loss),
            course: config.course,
            baseline,
            reduction: config.reduction,
            batch,
            average: config.average,
            patience: config.patience,
            epochs,
            tolerance: config.tolerance,
            seed: config.seed,
            triangle,
            kink_widths: first_widths(problem, optimizer, config.patience),
        })
    }

    /// Whether η was left to deltarule, so that a step may be taken back and η changed.
    pub fn chooses_eta(&self) -> bool {
        self.eta.basis != EtaBasis::Given
    }
}

/// The mean over the features of √(Σx²/N), those left out that are always 0: 1 for scaled numbers.
fn mean_input<T: Float>(problem: &Problem<'_, T>) -> f64 {
    let n = problem.moments.weight();
    let squares = feature_squares(problem.source.shape(), problem.moments, problem.scaling);
    let sizes: Vec<f64> = squares.iter().map(|squares| (squares / n).sqrt()).filter(|size| *size > 0.0).collect();
    if sizes.is_empty() { 1.0 } else { sizes.iter().sum::<f64>() / sizes.len() as f64 }
}
