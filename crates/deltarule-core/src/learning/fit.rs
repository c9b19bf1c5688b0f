//! Training: a problem, a plan made from it, and the descent to a reason to stop.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::descent::Descent;
use super::rate::{MANY_FEATURES, RateQuestion, feature_squares};
use super::{
    Baseline, ChosenEta, Course, Curvature, Epoch, Gradient, HeldOut, Loss, Observer, OptimizerKind, Penalty,
    Reduction, StopReason, Triangle,
};
use crate::data::{BlockSource, ColumnKind, ColumnScaling, Moments, Scaling, Threads};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::{Activation, Layer, Parameters};

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
    /// The table as a triangle, which then stands for it: full batches, f the identity, many records and few columns.
    pub triangle: Option<Arc<Triangle>>,
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
        let has_many = problem.source.shape().n_features() >= MANY_FEATURES;
        let optimizer = config.optimizer.unwrap_or(match (batch, given, problem.loss) {
            (None, None, Loss::Squared) if has_many && config.course.is_auto() => OptimizerKind::LBfgs,
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
        let triangle = match batch {
            None if Triangle::suits(problem) => match known.and_then(|plan| plan.triangle.clone()) {
                Some(triangle) => Some(triangle),
                None => Some(Arc::new(Triangle::of(problem)?)),
            },
            _ => None,
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
        let epochs = match batch {
            None => Config::FULL_BATCH_EPOCHS,
            Some(_) => Config::STOCHASTIC_EPOCHS,
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
            epochs: config.epochs.unwrap_or(epochs),
            tolerance: config.tolerance,
            seed: config.seed,
            triangle,
        })
    }

    /// Whether η was left to deltarule, so that a step may be taken back and η changed.
    pub fn chooses_eta(&self) -> bool {
        self.eta.basis != super::EtaBasis::Given
    }
}

/// The mean over the features of √(Σx²/N), those left out that are always 0: 1 for scaled numbers.
fn mean_input<T: Float>(problem: &Problem<'_, T>) -> f64 {
    let n = problem.moments.weight();
    let squares = feature_squares(problem.source.shape(), problem.moments, problem.scaling);
    let sizes: Vec<f64> = squares.iter().map(|squares| (squares / n).sqrt()).filter(|size| *size > 0.0).collect();
    if sizes.is_empty() { 1.0 } else { sizes.iter().sum::<f64>() / sizes.len() as f64 }
}

/// A descent that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The network with the best weights of all epochs, in the units descended in.
    pub layer: Layer,
    /// E at the start.
    pub start_loss: f64,
    /// E at the best weights, without its penalty.
    pub loss: f64,
    /// N times the penalty on the best weights.
    pub penalty: f64,
    /// The least E of the records held out, which is that of these weights; `None` where the descent was not watched on any.
    pub held_out_loss: Option<f64>,
    /// How many epochs were run.
    pub epochs: u64,
    /// After which epoch the best weights came: those with the least E of the records held out, where the descent was watched on any.
    pub best_epoch: u64,
    /// Why the descent ended.
    pub reason: StopReason,
    /// η of the last step.
    pub eta: f64,
    /// How many steps were taken back because E rose or was not finite.
    pub rejected: u64,
}

/// Walks down from `start` until there is a reason to stop, and keeps the best weights.
///
/// The result never has a higher E than the start, and no value that is not finite. What the data cannot tell apart is settled
/// by convention at the end: a constant column has weight 0, and beside a bias and without a penalty the weights of a category's levels average to
/// zero, weighted by the levels' records.
///
/// Shapes: `start` (d, J) for the problem's table. Errors: a start of another shape, or one at which E is not finite; those of
/// the source.
pub fn fit<T: Float>(
    problem: &Problem<'_, T>,
    plan: &Plan,
    start: Parameters,
    observer: &mut dyn Observer,
) -> Result<Fit> {
    fit_watched(problem, plan, start, None, observer)
}

/// The same, watched on records that are held out: see [`fit_many_watched`].
pub fn fit_watched<T: Float>(
    problem: &Problem<'_, T>,
    plan: &Plan,
    start: Parameters,
    held_out: Option<HeldOut<'_>>,
    observer: &mut dyn Observer,
) -> Result<Fit> {
    let plans = std::slice::from_ref(plan);
    let fits = fit_many_watched(problem, plans, vec![start], held_out, &mut |_, epoch| observer.epoch(epoch))?;
    fits.into_iter().next().ok_or(Error::NoRecords)
}

/// Checks that a start has the shape of the problem's network.
pub(super) fn check_start<T: Float>(problem: &Problem<'_, T>, start: &Parameters) -> Result<()> {
    let shape = problem.source.shape();
    for (what, found, expected) in [
        ("features of the starting weights", start.n_features(), shape.n_features()),
        ("outputs of the starting weights", start.n_outputs(), shape.n_outputs()),
        ("biases of the starting weights", usize::from(start.has_bias()), usize::from(problem.has_bias)),
    ] {
        if found != expected {
            return Err(Error::Shape { what: what.to_owned(), found, expected });
        }
    }
    Ok(())
}

/// Walks down with several plans, each from a start of its own, and all of them in the same passes over the table.
///
/// Every run is, to the last bit, what [`fit`] would have given for it alone; runs that have ended wait for the others.
/// `observer` sees every epoch of every run, with the run's index; to break interrupts all.
///
/// Errors: those of [`fit`].
pub fn fit_many<T: Float>(
    problem: &Problem<'_, T>,
    plans: &[Plan],
    starts: Vec<Parameters>,
    observer: &mut dyn FnMut(usize, &Epoch<'_>) -> ControlFlow<()>,
) -> Result<Vec<Fit>> {
    fit_many_watched(problem, plans, starts, None, observer)
}

/// The same, and after each epoch of a plan that has a patience E of the records held out is looked at: the weights with the least of it are kept, and the
/// descent ends once it has not been lower for so many epochs ([`StopReason::HeldOut`]).
///
/// Errors: those of [`fit`]; a plan with a patience where no records are held out; records of another shape.
pub fn fit_many_watched<T: Float>(
    problem: &Problem<'_, T>,
    plans: &[Plan],
    starts: Vec<Parameters>,
    held_out: Option<HeldOut<'_>>,
    observer: &mut dyn FnMut(usize, &Epoch<'_>) -> ControlFlow<()>,
) -> Result<Vec<Fit>> {
    let is_watched = |index: usize| plans[index].patience.is_some();
    match held_out {
        Some(held_out) => held_out.check(problem)?,
        None if plans.iter().any(|plan| plan.patience.is_some()) => {
            let (found, expected) = ("no records held out".to_owned(), "some, on which E is looked at".to_owned());
            return Err(Error::Setting { setting: "early-stopping", found, expected });
        }
        None => {}
    }
    if starts.len() != plans.len() {
        let (what, found, expected) = ("starting weights".to_owned(), starts.len(), plans.len());
        return Err(Error::Shape { what, found, expected });
    }
    let mut starts = starts;
    for start in &mut starts {
        check_start(problem, start)?;
        clear_constant_columns(problem, start);
    }
    let layers: Vec<Layer> = starts.iter().map(|start| Layer::new(start.clone(), problem.activation.clone())).collect();
    let first = gradients(problem, plans.iter().zip(&layers))?;
    let mut descents = Vec::with_capacity(plans.len());
    for ((plan, start), gradient) in plans.iter().zip(starts).zip(first) {
        descents.push(Descent::new(problem, plan.clone(), start, gradient)?);
    }
    let mut reasons: Vec<Option<StopReason>> = vec![None; plans.len()];
    if let Some(held_out) = held_out {
        held_out.show(problem, &mut descents, is_watched)?;
    }
    while reasons.iter().any(Option::is_none) {
        for (index, (descent, reason)) in descents.iter_mut().zip(&mut reasons).enumerate() {
            if reason.is_none() {
                *reason = descent.go_on(problem, &mut |epoch: &Epoch<'_>| observer(index, epoch))?;
            }
        }
        let waiting =
            || reasons.iter().zip(&descents).enumerate().filter(|(_, (r, d))| r.is_none() && d.wants_gradient());
        let indices: Vec<usize> = waiting().map(|(index, _)| index).collect();
        let looked = gradients(problem, waiting().map(|(index, (_, descent))| (&plans[index], descent.layer())))?;
        for (index, gradient) in indices.into_iter().zip(looked) {
            reasons[index] = descents[index].judge(problem, gradient);
        }
        if let Some(held_out) = held_out {
            held_out.show(problem, &mut descents, |index| is_watched(index) && reasons[index].is_none())?;
        }
    }
    let mut fits: Vec<Fit> = descents
        .into_iter()
        .zip(reasons)
        .filter_map(|(descent, reason)| reason.map(|r| descent.finish(problem, r)))
        .collect();
    let mut moved = vec![false; fits.len()];
    // A penalty tells the weights of levels and the bias apart.
    for ((fit, plan), moved) in fits.iter_mut().zip(plans).zip(&mut moved) {
        *moved = plan.penalty.is_none() && centre_levels(problem, fit.layer.parameters_mut());
    }
    // The outputs are the same but for rounding, which is looked at.
    let of_moved = plans.iter().zip(&fits).zip(&moved).filter(|(_, moved)| **moved);
    let last = gradients(problem, of_moved.map(|((plan, fit), _)| (plan, &fit.layer)))?;
    for ((fit, _), gradient) in fits.iter_mut().zip(&moved).filter(|(_, moved)| **moved).zip(last) {
        fit.loss = gradient.loss.min(fit.start_loss);
        fit.penalty = gradient.penalty;
    }
    Ok(fits)
}

/// E and the gradient of several layers: from the triangle where a plan has one, all others in one pass.
pub(super) fn gradients<'l, T: Float>(
    problem: &Problem<'_, T>,
    wanted: impl Iterator<Item = (&'l Plan, &'l Layer)>,
) -> Result<Vec<Gradient>> {
    let wanted: Vec<(&Plan, &Layer)> = wanted.collect();
    let by_pass: Vec<&Layer> =
        wanted.iter().filter(|(plan, _)| plan.triangle.is_none()).map(|(_, layer)| *layer).collect();
    let mut passed = match by_pass.is_empty() {
        true => Vec::new(),
        false => Gradient::of_many(problem.source, problem.scaling, &by_pass, problem.loss, problem.threads)?,
    }
    .into_iter();
    let of = |(plan, layer): (&Plan, &Layer)| {
        let mut gradient = match &plan.triangle {
            Some(triangle) => triangle.gradient(layer.parameters()),
            None => passed.next()?,
        };
        gradient.penalise(&plan.penalty, layer.parameters());
        Some(gradient)
    };
    Ok(wanted.into_iter().filter_map(of).collect())
}

/// Weight 0 for every column, and feature of a sparse one, that is the same number in every record.
pub(super) fn clear_constant_columns<T: Float>(problem: &Problem<'_, T>, parameters: &mut Parameters) {
    let is_constant = |scale: &ColumnScaling| scale.factor == 0.0;
    for (index, scale) in problem.scaling.columns().iter().enumerate() {
        let features = problem.source.shape().features_of(index);
        for j in 0..parameters.n_outputs() {
            let weights = &mut parameters.weights_mut(j)[features.clone()];
            if is_constant(scale) {
                weights.fill(0.0);
            }
            let of_sparse = weights.iter_mut().zip(problem.scaling.sparse(index));
            of_sparse.filter(|(_, scale)| is_constant(scale)).for_each(|(weight, _)| *weight = 0.0);
        }
    }
}

/// Moves the weighted average of a category's weights into the bias: the outputs stay the same. Says whether there was any to move.
pub(super) fn centre_levels<T: Float>(problem: &Problem<'_, T>, parameters: &mut Parameters) -> bool {
    let mut moved = false;
    if !problem.has_bias {
        return moved;
    }
    let shape = problem.source.shape();
    let n = problem.moments.weight();
    for (index, (kind, column)) in shape.columns().iter().zip(problem.moments.columns()).enumerate() {
        // Only where every record has a level: otherwise those without one would be moved.
        let everywhere = column.level_counts().iter().sum::<u64>() == problem.moments.n_records();
        if !matches!(kind, ColumnKind::Category { .. }) || !everywhere {
            continue;
        }
        let of_levels = column.level_weights();
        moved = true;
        for j in 0..parameters.n_outputs() {
            let weights = &mut parameters.weights_mut(j)[shape.features_of(index)];
            let total: f64 = weights.iter().zip(&of_levels).map(|(w, v)| w * v).sum();
            let average = total / n;
            weights.iter_mut().for_each(|w| *w -= average);
            parameters.set_bias(j, parameters.bias(j) + average);
        }
    }
    moved
}
