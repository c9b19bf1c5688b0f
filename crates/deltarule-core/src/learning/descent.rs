//! One descent: step, look, keep the best, and stop once there is a reason (`ending`).

mod ending;

use std::ops::ControlFlow;

use super::bend::Bends;
use super::kink::Smoothing;
use super::rate::feature_squares;
use super::recession::Recession;
use super::stochastic::{Average, BatchStep, OnStep, Pool, StochasticEpoch};
use super::stopping::{Window, largest_correlation};
use super::{
    Epoch, EtaBasis, Fit, Gradient, NotFiniteRecord, Observer, Optimizer, OptimizerKind, Plan, Problem, Schedule,
    Shrink, StopReason,
};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::{Layer, Parameters};
use ending::flat_output;

/// E may rise by this much, relatively, before a step is taken back: rounding, not a rise.
fn tolerated_rise<T: Float>() -> f64 {
    (8.0 * T::EPSILON).max(1e-10)
}

/// The same for steps with a size of their own, which do not get shorter by themselves: only what is taken back makes them.
fn rise_of_own_steps<T: Float>() -> f64 {
    (8.0 * T::EPSILON).max(1e-13)
}

/// After so many steps taken back in a row there is no progress to be had.
const MAX_REJECTED: u32 = 100;
/// The same for one width of what stands in for a kink.
const MAX_REJECTED_WITHOUT_KINK: u32 = 20;
/// Without a bound on the curvature, η grows by this factor after as many good steps in a row as [`GROW_AFTER`].
const GROW: f64 = 1.5;
const GROW_AFTER: u32 = 10;

/// A descent under way, which is walked down epoch by epoch; [`fit`](super::fit) walks one to its end.
///
/// It holds no data: every call is given the problem again, which must be the one that it began with.
///
/// ```
/// use deltarule_core::*;
/// # let columns = [Column::Numbers(vec![0.0, 1.0, 2.0, 3.0].into())];
/// # let targets = Targets::Numbers(vec![vec![7.0, 10.0, 13.0, 16.0].into()]);
/// # let table = Dataset::from_columns(&columns, &targets)?;
/// # let (threads, moments) = (Threads::one(), Moments::of(&table, &Threads::one())?);
/// # let scaling = Scaling::standard(&moments);
/// # let problem = Problem {
/// #     source: &table, scaling: &scaling, moments: &moments, activation: &Activation::Identity,
/// #     loss: Loss::Squared, has_bias: true, threads: &threads,
/// # };
/// let config = Config { eta: Eta::Given(0.1), ..Config::default() };
/// let mut descent = Descent::begin(&problem, Plan::of(&problem, &config)?, Parameters::zeros(1, 1, true))?;
/// let before = descent.state(&problem).loss;
/// assert_eq!(descent.advance(&problem, None)?, None);
/// assert!(descent.state(&problem).loss < before);
/// # Ok::<(), Error>(())
/// ```
pub struct Descent {
    plan: Plan,
    feature_squares: Vec<f64>,
    /// The point where the gradient is taken.
    layer: Layer,
    /// Where the next stochastic step begins, if that point is the mean over the steps before.
    walker: Option<Parameters>,
    average: Average,
    gradient: Gradient,
    best: Best,
    optimizer: Box<dyn Optimizer>,
    /// η as it stands now, before its schedule.
    eta: f64,
    start_loss: f64,
    /// E and its penalty at the start.
    start_objective: f64,
    epoch: u64,
    stepped: Option<Stepped>,
    /// The weights before the last epoch.
    before: Parameters,
    rejected: u64,
    rejected_in_a_row: u32,
    accepted_in_a_row: u32,
    rising: u32,
    saturated: u32,
    window: Window,
    recession: Recession,
    /// Room for stochastic epochs.
    pools: Vec<Pool>,
    /// What stands in for the kink of the loss.
    smoothing: Smoothing,
    /// It has become narrower, and E without its kink is another one where the weights are.
    narrowed: bool,
    /// E of the records held out, at the point where the gradient was taken.
    held_out: Option<f64>,
    /// The weights with the least of it; or, without its kink, with the least E.
    kept: Option<Kept>,
}

struct Best {
    parameters: Parameters,
    gradient: Gradient,
    epoch: u64,
}

/// The weights that descent gives where they are others than those with the least of what it goes down.
struct Kept {
    parameters: Parameters,
    loss: f64,
    penalty: f64,
    /// E of the records held out, or E and its penalty: the least so far.
    score: f64,
    epoch: u64,
}

/// What the weights did since the gradient was last taken.
#[derive(Clone, Copy)]
struct Stepped {
    /// Whether it was one plain step, with no memory of those before.
    plain: bool,
    /// E and its penalty before.
    objective: f64,
}

impl std::fmt::Debug for Descent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { plan, epoch, layer, .. } = self;
        f.debug_struct("Descent")
            .field("plan", plan)
            .field("epoch", epoch)
            .field("layer", layer)
            .finish_non_exhaustive()
    }
}

impl Descent {
    /// A descent at its start, with E and the gradient there.
    ///
    /// Errors: E is not finite there, or no weight of an output can move.
    pub(super) fn new<T: Float>(
        problem: &Problem<'_, T>,
        plan: Plan,
        start: Parameters,
        gradient: Gradient,
    ) -> Result<Self> {
        let layer = Layer::new(start, problem.activation.clone());
        if let Some(output) = flat_output(&gradient, problem) {
            return Err(Error::FlatStart { output: output + 1 });
        }
        if !gradient.is_finite() {
            let (record, net_input, output) =
                gradient.not_finite.map_or((1, f64::NAN, f64::NAN), |at| (at.record, at.net_input, at.value));
            return Err(Error::NotFiniteAtStart { record, net_input, output });
        }
        let best = Best { parameters: layer.parameters().clone(), gradient: gradient.clone(), epoch: 0 };
        let feature_squares = feature_squares(problem.source.shape(), problem.moments, problem.scaling);
        let bends = Bends::of(problem, &feature_squares, &plan);
        let smoothing = Smoothing::of(&plan);
        let mut descent = Self {
            optimizer: plan.optimizer.build_for(bends),
            feature_squares,
            eta: plan.eta.eta,
            start_loss: gradient.loss,
            start_objective: gradient.error(),
            epoch: 0,
            stepped: None,
            before: layer.parameters().clone(),
            rejected: 0,
            rejected_in_a_row: 0,
            accepted_in_a_row: 0,
            rising: 0,
            saturated: 0,
            window: match smoothing.is_there() {
                true => Window::of_width(gradient.objective(), 0),
                false => Window::new(gradient.objective(), &plan, problem.loss.has_kink()),
            },
            recession: Recession::new(layer.parameters(), gradient.loss, &plan),
            pools: Vec::new(),
            walker: None,
            average: Average::new(layer.parameters()),
            smoothing,
            narrowed: false,
            held_out: None,
            kept: None,
            plan,
            layer,
            gradient,
            best,
        };
        descent.keep_least_error();
        Ok(descent)
    }

    /// The point where the gradient is to be taken.
    pub(super) fn layer(&self) -> &Layer {
        &self.layer
    }

    /// The widths of what stands there in the place of kinks; none where E is gone down as it is.
    pub(super) fn widths(&self) -> &[f64] {
        self.smoothing.widths()
    }

    /// What the descent does.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Shows the state, and steps on unless there is a reason to stop. [`judge`](Self::judge) must follow with the gradient where
    /// the steps led, if they [led anywhere](Self::wants_gradient).
    pub(super) fn go_on<T: Float>(
        &mut self,
        problem: &Problem<'_, T>,
        observer: &mut dyn Observer,
    ) -> Result<Option<StopReason>> {
        if let ControlFlow::Break(()) = observer.epoch(&self.state(problem)) {
            return Ok(Some(StopReason::Interrupted));
        }
        self.step_on(problem, None)
    }

    /// Steps on unless there is a reason to stop.
    pub(super) fn step_on<T: Float>(
        &mut self,
        problem: &Problem<'_, T>,
        watch: Option<OnStep<'_>>,
    ) -> Result<Option<StopReason>> {
        if !self.narrowed
            && let Some(reason) = self.reason_to_stop(problem)?
            && let Some(reason) = self.narrow_or_end(reason)
        {
            return Ok(Some(reason));
        }
        self.epoch += 1;
        if self.narrowed {
            self.stepped = Some(Stepped { plain: true, objective: self.gradient.objective() });
            return Ok(None);
        }
        self.before.copy_from(self.layer.parameters());
        self.stepped = Some(Stepped { plain: self.optimizer.is_at_rest(), objective: self.gradient.objective() });
        if let Err(record) = self.step(problem, watch)? {
            self.stepped = None;
            return Ok(self.reject_not_finite(f64::INFINITY, Some(record)));
        }
        Ok(None)
    }

    /// Whether the weights are where the gradient was not taken yet.
    pub(super) fn wants_gradient(&self) -> bool {
        self.stepped.is_some()
    }

    /// Takes in E of the records held out at the point where the gradient was taken. The weights with the least of it are what the descent gives.
    pub(super) fn watch(&mut self, held_out: f64) {
        let held_out = if held_out.is_finite() { held_out } else { f64::INFINITY };
        self.held_out = Some(held_out);
        // No descent ends above the E that it started from.
        let is_sound = self.gradient.is_finite() && self.gradient.error() <= self.start_objective;
        self.keep(held_out, is_sound);
    }

    /// Keeps the weights as what the descent gives if their score is the least so far.
    fn keep(&mut self, score: f64, is_sound: bool) {
        if self.kept.as_ref().is_none_or(|kept| is_sound && score < kept.score) {
            self.kept = Some(Kept {
                parameters: self.layer.parameters().clone(),
                loss: self.gradient.loss,
                penalty: self.gradient.penalty,
                score,
                epoch: self.epoch,
            });
        }
    }

    /// The weights with the least E are others than those with the least without its kink.
    fn keep_least_error(&mut self) {
        if self.smoothing.is_there() {
            self.keep(self.gradient.error(), true);
        }
    }

    /// What follows from the gradient where the last steps led.
    pub(super) fn judge<T: Float>(&mut self, problem: &Problem<'_, T>, gradient: Gradient) -> Option<StopReason> {
        let Stepped { plain, objective: before } = self.stepped.take()?;
        self.gradient = gradient;
        if !self.gradient.is_finite() {
            return self.reject_not_finite(self.gradient.objective(), self.gradient.not_finite);
        }
        self.keep_least_error();
        if self.narrowed {
            self.begin_narrower();
            return None;
        }
        let objective = self.gradient.objective();
        if objective <= self.best.gradient.objective() {
            self.keep_as_best();
        } else if self.plan.chooses_eta() && self.rises_too_far::<T>(objective) {
            return self.reject(plain).and_then(|reason| self.narrow_or_end(reason));
        }
        self.rejected_in_a_row = 0;
        self.accepted_in_a_row += 1;
        match (self.plan.eta.basis, self.plan.batch) {
            // A schedule stands in for it.
            // And a mean over the steps takes out the noise of an η that stays.
            (EtaBasis::Stochastic | EtaBasis::Adaptive, Some(_))
                if self.plan.course.schedule != Schedule::Auto || self.walker.is_some() => {}
            (EtaBasis::Stochastic, _) => self.calm_down(self.plan.eta.eta),
            (EtaBasis::Adaptive, Some(_)) => self.calm_down(EtaBasis::MOST * self.plan.eta.eta),
            // L-BFGS finds the length of its steps without η.
            (EtaBasis::Backtracking | EtaBasis::Adaptive, _)
                if self.plan.optimizer != OptimizerKind::LBfgs && self.accepted_in_a_row.is_multiple_of(GROW_AFTER) =>
            {
                self.eta *= GROW;
            }
            _ => {}
        }
        self.rising = if objective > before { self.rising + 1 } else { 0 };
        if self.plan.chooses_eta() {
            return None;
        }
        self.blown_up().or_else(|| self.stuck_on_a_plateau(problem, before))
    }

    /// Fits η of stochastic steps to what the last epoch was: mostly noise if the gradient where it ended points back, and progress if it
    /// points on. It grows to `most`.
    fn calm_down(&mut self, most: f64) {
        let gradient = &self.gradient.descent;
        let points_on = gradient.inner_product(self.layer.parameters()) > gradient.inner_product(&self.before);
        self.eta = if points_on { (self.eta * EtaBasis::RAISE).min(most) } else { self.eta / EtaBasis::LOWER };
        if !points_on && self.plan.optimizer.is_adaptive() {
            // With few steps an epoch the slopes of the way here would go on as if nothing had been learned.
            self.optimizer.take_back();
        }
    }

    /// What the descent gave, once it has ended.
    pub(super) fn finish<T: Float>(self, problem: &Problem<'_, T>, reason: StopReason) -> Fit {
        let eta = self.eta_of_step(self.epoch);
        let best = self.best;
        let held_out_loss = self.plan.patience.and(self.kept.as_ref()).map(|kept| kept.score);
        let (parameters, loss, penalty, best_epoch) = match self.kept {
            Some(kept) => (kept.parameters, kept.loss, kept.penalty, kept.epoch),
            None => (best.parameters, best.gradient.loss, best.gradient.penalty, best.epoch),
        };
        Fit {
            layer: Layer::new(parameters, problem.activation.clone()),
            start_loss: self.start_loss,
            loss,
            penalty,
            held_out_loss,
            epochs: self.epoch,
            best_epoch,
            reason,
            eta,
            rejected: self.rejected,
        }
    }

    /// The largest correlation of a column with δ, at the point where the gradient was taken.
    fn correlation(&self) -> f64 {
        let Self { gradient, feature_squares, plan, layer, .. } = self;
        largest_correlation(gradient, feature_squares, &plan.penalty, layer.parameters())
    }

    /// η of the steps of an epoch, from 1: what it stands at, and the factor of the schedule.
    fn eta_of_step(&self, epoch: u64) -> f64 {
        self.eta * self.plan.course.factor(epoch.saturating_sub(1), self.plan.epochs)
    }

    fn reduction_factor(&self) -> f64 {
        self.plan.reduction.factor(self.gradient.weight)
    }

    /// Where the descent is, as an [`Observer`] sees it.
    pub fn state<T: Float>(&self, problem: &Problem<'_, T>) -> Epoch<'_> {
        Epoch {
            index: self.epoch,
            loss: self.gradient.loss,
            penalty: self.gradient.penalty,
            mean_loss: self.gradient.mean_loss(problem.loss, problem.activation),
            eta: self.eta_of_step(self.epoch + 1),
            gradient_norm: self.gradient.reduced_norm(self.plan.reduction),
            correlation: self.correlation(),
            held_out_loss: self.held_out,
            parameters: self.layer.parameters(),
        }
    }

    /// Moves the weights; the inner error is a record whose output was not finite on the way.
    fn step<T: Float>(
        &mut self,
        problem: &Problem<'_, T>,
        watch: Option<OnStep<'_>>,
    ) -> Result<std::result::Result<(), NotFiniteRecord>> {
        let eta = self.eta_of_step(self.epoch);
        match self.plan.batch {
            None => {
                let mut descent = self.gradient.descent.clone();
                descent.scale(self.reduction_factor());
                // λ₁ is on the mean of the errors, and η on their reduction.
                let eta_of_mean = eta * self.reduction_factor() * self.gradient.weight;
                let shrink = Shrink::of(&self.plan.penalty, eta_of_mean);
                self.optimizer.step(self.layer.parameters_mut(), &descent, eta, shrink);
                if let Some(watch) = watch {
                    watch(&BatchStep { records: None, parameters: self.layer.parameters() });
                }
                Ok(Ok(()))
            }
            Some(batch) => {
                let epoch = StochasticEpoch {
                    source: problem.source,
                    scaling: problem.scaling,
                    threads: problem.threads,
                    activation: problem.activation,
                    loss: problem.loss,
                    reduction: self.plan.reduction,
                    mean_weight: problem.moments.mean_weight(),
                    batch,
                    seed: self.plan.seed,
                };
                let plain = self.plan.optimizer == OptimizerKind::GradientDescent;
                let optimizer: Option<&mut dyn Optimizer> = if plain { None } else { Some(&mut *self.optimizer) };
                let pools = &mut self.pools;
                if self.plan.average.is_none_or(|from| self.epoch < from) {
                    return epoch.run(self.epoch, self.layer.parameters_mut(), optimizer, eta, (None, watch), pools);
                }
                let walker = self.walker.get_or_insert_with(|| self.layer.parameters().clone());
                let walked = epoch.run(self.epoch, walker, optimizer, eta, (Some(&mut self.average), watch), pools)?;
                self.layer.parameters_mut().copy_from(&self.average.mean(walker));
                Ok(walked)
            }
        }
    }

    /// Whether E with its penalty rose so far above the best that a step is taken back. Stochastic steps may rise by their noise.
    fn rises_too_far<T: Float>(&self, objective: f64) -> bool {
        let best = self.best.gradient.objective();
        match self.plan.batch {
            None if self.plan.optimizer.is_adaptive() => objective > best * (1.0 + rise_of_own_steps::<T>()),
            None => objective > best * (1.0 + tolerated_rise::<T>()),
            Some(_) => objective > 2.0 * best.max(self.start_objective),
        }
    }

    fn keep_as_best(&mut self) {
        self.best.parameters.copy_from(self.layer.parameters());
        self.best.gradient.clone_from(&self.gradient);
        self.best.epoch = self.epoch;
    }

    /// Goes back to the best weights; after a plain step η is halved, and wherever steps have a size of their own; after an accelerated one only
    /// its memory is cleared.
    fn reject(&mut self, plain_step: bool) -> Option<StopReason> {
        if plain_step || self.plan.batch.is_some() || self.plan.optimizer.is_adaptive() {
            self.eta *= 0.5;
        }
        self.layer.parameters_mut().copy_from(&self.best.parameters);
        self.gradient.clone_from(&self.best.gradient);
        self.walker = None;
        self.average.clear();
        self.optimizer.take_back();
        self.rejected += 1;
        self.rejected_in_a_row += 1;
        self.accepted_in_a_row = 0;
        let correlation = self.correlation();
        let epochs = self.epoch - self.best.epoch;
        let most = if self.smoothing.is_there() { MAX_REJECTED_WITHOUT_KINK } else { MAX_REJECTED };
        (self.rejected_in_a_row >= most).then_some(StopReason::NoProgress { epochs, correlation })
    }

    fn reject_not_finite(&mut self, loss: f64, at: Option<NotFiniteRecord>) -> Option<StopReason> {
        if self.plan.chooses_eta() {
            return self.reject(true);
        }
        let net_input = at.filter(|at| !at.value.is_finite()).map(|at| at.net_input);
        Some(StopReason::Diverged { epoch: self.epoch, eta: self.eta_of_step(self.epoch), loss, net_input })
    }
}
