//! A lane: a network with its settings, and its walk down the error, on which one can go back.

use deltarule_core::{
    Activation, BatchStep, Config, Descent, Eta, Fit, Gradient, Init, Layer, Loss, Moments, OptimizerKind, Parameters,
    PlainStep, Plan, Problem, Scaling, Silent, Slice, StopReason, Threads, WeightUnits, fit, start_of,
};
use deltarule_model::ScaleRule;

use crate::error::{Result, setting};
use crate::points::Points;
use crate::settings::Settings;

/// So many numbers all states of a lane may have, weights and the records of their steps.
const MOST_KEPT: usize = 8_000_000;
/// An epoch whose steps have more numbers than this is kept as one state: a walk that ends within its first epochs is none.
const MOST_OF_AN_EPOCH: usize = MOST_KEPT / 4;
/// E of every step within an epoch is worked out where an epoch costs no more than so many records for it.
const MOST_LOOKS: u64 = 4_000_000;

/// Where a walk was after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The weights, in the units descended in.
    pub parameters: Parameters,
    /// Epochs done; within an epoch, those before it.
    pub epoch: u64,
    /// Whether the epoch is at its end, as it always is where all records make a step.
    pub is_epoch: bool,
    /// The records of the step that led here, from 1; `None`: all, or no step yet.
    pub records: Option<Vec<u64>>,
    /// η of the step that led here; `None` at a start.
    pub eta: Option<f64>,
    /// E; `None` where it is worked out at the ends of epochs only.
    pub loss: Option<f64>,
    /// E/(N·J), for the squared error the mean squared error, 2E/(N·J).
    pub mean_loss: Option<f64>,
    /// The norm of the reduced gradient.
    pub gradient_norm: Option<f64>,
}

impl State {
    /// How many numbers it has, those of its weights and its records.
    fn n_numbers(&self) -> usize {
        self.parameters.values().count() + self.records.as_ref().map_or(0, Vec::len)
    }
}

/// What is read off a state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// E.
    pub loss: f64,
    /// E/(N·J), for the squared error 2E/(N·J).
    pub mean_loss: f64,
    /// The norm of the reduced gradient.
    pub gradient_norm: f64,
}

/// The slope where a walk is shown, and where the next step leads.
#[derive(Debug, Clone, PartialEq)]
pub struct NextStep {
    /// ∂E/∂w over all records, with the penalty's part.
    pub slope: Parameters,
    /// Δw = −η ∂E/∂w; `None` for a rule with a memory of other steps, and for steps over few records.
    pub step: Option<Parameters>,
    /// w after the step; `None` for steps over few records, and where there is no step.
    pub reached: Option<Parameters>,
}

/// What came of some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Walked {
    /// How many were taken.
    pub steps: usize,
    /// Why there are no more.
    pub reason: Option<StopReason>,
}

/// What is worked out once for the points and a network.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) activation: Activation,
    pub(crate) loss: Loss,
    pub(crate) has_bias: bool,
    pub(crate) targets: deltarule_core::Targets<'static, f64>,
    pub(crate) moments: Moments,
    pub(crate) scaling: Scaling,
    threads: Threads,
}

impl Network {
    fn of(points: &Points, settings: &Settings) -> Result<Self> {
        let activation = settings.activation()?.unwrap_or_else(|| points.activation().clone());
        let loss = settings.loss()?;
        let targets = points.targets(&activation, loss);
        let threads = Threads::one();
        let moments = Moments::of(&points.dataset(&targets)?, &threads)?;
        let scaling = match settings.scale()? {
            // Of one record alone nothing says which column is constant: its numbers are taken as they are.
            _ if points.n_records() == 1 => Scaling::identity(&points.kinds()),
            ScaleRule::Standard => Scaling::standard(&moments),
            ScaleRule::None => Scaling::none(&moments, settings.bias),
        };
        Ok(Self { activation, loss, has_bias: settings.bias, targets, moments, scaling, threads })
    }

    /// Hands the problem to `run`.
    pub(crate) fn with<R>(&self, points: &Points, run: impl FnOnce(&Problem<'_, f64>) -> Result<R>) -> Result<R> {
        run(&Problem {
            source: &points.dataset(&self.targets)?,
            scaling: &self.scaling,
            moments: &self.moments,
            activation: &self.activation,
            loss: self.loss,
            has_bias: self.has_bias,
            threads: &self.threads,
        })
    }

    pub(crate) fn layer(&self, parameters: &Parameters) -> Layer {
        Layer::new(parameters.clone(), self.activation.clone())
    }
}

/// A network with its settings, and its walk down the error.
#[derive(Debug)]
pub struct Lane {
    settings: Settings,
    pub(crate) network: Network,
    plan: Plan,
    /// η that the data suggest for these settings.
    suggested: f64,
    states: Vec<State>,
    /// So many of them have been walked to; one more may be known.
    walked: usize,
    /// How many numbers they have.
    kept: usize,
    /// Where the walk is shown.
    at: usize,
    /// The state from which on the settings are those that are in force.
    since: usize,
    /// Whether the first state is another one than the settings say, since points were moved.
    moved: bool,
    /// The descent that led to the last state and goes on from there; `None`: one is to begin where the walk is shown.
    descent: Option<Descent>,
    /// Why there is no step after the last state.
    ended: Option<StopReason>,
    /// The weights of the least E that L-BFGS finds from the start, and why it stopped there.
    goal: Option<Fit>,
}

impl Lane {
    /// A lane at its start.
    ///
    /// Errors: settings that do not exist or do not fit the points.
    pub fn new(points: &Points, settings: Settings) -> Result<Self> {
        let network = Network::of(points, &settings)?;
        let (plan, suggested) = plan(points, &network, &settings)?;
        let start = starting_weights(points, &network, &settings)?;
        let mut lane = Self {
            settings,
            network,
            plan,
            suggested,
            states: Vec::new(),
            walked: 0,
            kept: 0,
            at: 0,
            since: 0,
            moved: false,
            descent: None,
            ended: None,
            goal: None,
        };
        lane.begin_at(points, start)?;
        Ok(lane)
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the descent does.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// η that is taken from the data for these settings.
    pub fn suggested_eta(&self) -> f64 {
        self.suggested
    }

    /// All states so far.
    pub fn states(&self) -> &[State] {
        &self.states[..self.walked]
    }

    /// E at the start.
    pub fn start_loss(&self) -> Option<f64> {
        self.states[0].loss
    }

    /// The number of the state that is shown.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The state that is shown.
    pub fn state(&self) -> &State {
        &self.states[self.at]
    }

    /// Why the walk ends at the state that is shown, if it does.
    pub fn ended(&self) -> Option<StopReason> {
        self.ended.filter(|_| self.at + 1 == self.states.len())
    }

    /// Takes other settings. A change of how steps are taken goes on from the weights that are shown; one of the network, or of the start, begins anew.
    ///
    /// Errors: those of [`new`](Self::new); the lane stays as it was.
    pub fn set(&mut self, points: &Points, settings: Settings) -> Result<()> {
        let network = |of: &Settings| (of.activation.clone(), of.loss.clone(), of.bias, of.scale.clone());
        let start = |of: &Settings| (of.init.clone(), of.start.clone());
        let draws_start = settings.start.is_none() && settings.init != "zeros" && settings.seed != self.settings.seed;
        if network(&settings) != network(&self.settings) || start(&settings) != start(&self.settings) || draws_start {
            *self = Self::new(points, settings)?;
            return Ok(());
        }
        let (plan, suggested) = plan(points, &self.network, &settings)?;
        if plan != self.plan {
            (self.descent, self.ended) = (None, None);
            self.states.truncate(self.at + 1);
            self.walked = self.at + 1;
            self.kept = self.states.iter().map(State::n_numbers).sum();
            self.since = self.at;
        }
        (self.plan, self.suggested, self.settings) = (plan, suggested, settings);
        Ok(())
    }

    /// The lane as it goes on with points that were moved: from the weights that are shown, with nothing behind.
    ///
    /// Errors: E is not finite there.
    pub fn following(&self, points: &Points) -> Result<Self> {
        let network = Network::of(points, &self.settings)?;
        let (plan, suggested) = plan(points, &network, &self.settings)?;
        let here = self.state().parameters.clone();
        let mut lane = Self {
            network,
            plan,
            suggested,
            states: Vec::new(),
            walked: 0,
            kept: 0,
            at: 0,
            since: 0,
            moved: true,
            descent: None,
            ended: None,
            goal: None,
            settings: self.settings.clone(),
        };
        lane.begin_at(points, here)?;
        Ok(lane)
    }

    /// Back to the start.
    ///
    /// Errors: settings that do not fit the points.
    pub fn reset(&mut self, points: &Points) -> Result<()> {
        *self = Self::new(points, self.settings.clone())?;
        Ok(())
    }

    /// Weights from which so many steps with the settings lead to the state that is shown; without weights, the start of the settings.
    pub fn anchor(&self) -> (Option<Vec<f64>>, usize) {
        let from = self.since.min(self.at);
        let weights = || {
            let parameters = &self.states[from].parameters;
            let weights = (0..parameters.n_outputs()).flat_map(|j| parameters.weights(j).iter().copied());
            let biases = (0..parameters.n_outputs()).filter(|_| parameters.has_bias()).map(|j| parameters.bias(j));
            weights.chain(biases).collect()
        };
        let is_own = from == 0 && !self.moved;
        ((!is_own).then(weights), self.at - from)
    }

    /// One state back; false at the first.
    pub fn back(&mut self) -> bool {
        let can = self.at > 0;
        self.at -= usize::from(can);
        can
    }

    /// Shows another state, as far as there is one.
    pub fn go_to(&mut self, state: usize) {
        self.at = state.min(self.walked - 1);
    }

    /// Up to so many steps.
    ///
    /// Errors: those of the core, for what has nothing to do with divergence, which is a reason to stop.
    pub fn forward(&mut self, points: &Points, steps: usize) -> Result<Walked> {
        let from = self.at;
        while self.at - from < steps {
            if self.at + 1 == self.states.len() && !self.looks_ahead(points)? {
                break;
            }
            self.at += 1;
            self.walked = self.walked.max(self.at + 1);
        }
        Ok(Walked { steps: self.at - from, reason: self.ended() })
    }

    /// Walks on behind the last state, which is shown; whether there is another one then.
    fn looks_ahead(&mut self, points: &Points) -> Result<bool> {
        if self.ended.is_none() && !self.is_full(points) {
            self.walk(points)?;
        }
        Ok(self.at + 1 < self.states.len())
    }

    /// Whether there is no room for the states of another epoch.
    pub fn is_full(&self, points: &Points) -> bool {
        let of_steps = if self.keeps_epochs_only(points) { 0 } else { self.numbers_of_steps(points) };
        self.at + 1 == self.states.len() && self.kept + of_steps + self.states[0].n_numbers() > MOST_KEPT
    }

    /// Whether an epoch has so many steps that only the weights at its end are kept.
    pub fn keeps_epochs_only(&self, points: &Points) -> bool {
        self.numbers_of_steps(points) > MOST_OF_AN_EPOCH
    }

    /// How many steps an epoch of so many records has.
    pub fn steps_of_an_epoch(&self, n_records: usize) -> u64 {
        self.plan.batch.map_or(1, |batch| (n_records as u64).div_ceil(batch))
    }

    /// What the states within an epoch have: weights for each step, and each record once.
    fn numbers_of_steps(&self, points: &Points) -> usize {
        let n = points.n_records();
        if self.plan.batch.is_none() {
            return 0;
        }
        (self.steps_of_an_epoch(n) as usize).saturating_mul(self.states[0].n_numbers()).saturating_add(n)
    }

    /// One epoch more behind the last state, unless there is a reason to stop.
    fn walk(&mut self, points: &Points) -> Result<()> {
        let watches = self.plan.batch.is_some() && !self.keeps_epochs_only(points);
        let Self { network, plan, states, kept, descent, ended, at, .. } = self;
        network.with(points, |problem| {
            let last = &states[*at];
            let (epochs, eta) = (last.epoch + u64::from(!last.is_epoch), plan.eta.eta);
            let descent = match descent {
                Some(descent) => descent,
                None => descent.insert(Descent::begin(problem, plan.clone(), last.parameters.clone())?),
            };
            let (mut steps, before) = (Vec::new(), descent.state(problem).index);
            let mut watch = |step: &BatchStep<'_>| {
                steps.push((step.records.map(<[u64]>::to_vec), step.parameters.clone()));
            };
            let watched: Option<deltarule_core::OnStep<'_>> = if watches { Some(&mut watch) } else { None };
            let n_before = states.len();
            *ended = descent.advance(problem, watched)?;
            let state = descent.state(problem);
            let went_on = state.index > before && state.parameters.is_finite() && state.loss.is_finite();
            let looks = steps.len() as u64 * problem.moments.n_records() <= MOST_LOOKS;
            let last_records = if went_on { steps.pop().and_then(|(records, _)| records) } else { None };
            for (records, parameters) in steps {
                let at_step = State {
                    records,
                    epoch: epochs,
                    is_epoch: false,
                    eta: Some(eta),
                    ..look(problem, plan, &parameters, looks)?
                };
                if !parameters.is_finite() || at_step.loss.is_some_and(|loss| !loss.is_finite()) {
                    break;
                }
                states.push(at_step);
            }
            if went_on {
                states.push(State {
                    parameters: state.parameters.clone(),
                    epoch: epochs + 1,
                    is_epoch: true,
                    records: last_records,
                    eta: Some(eta),
                    loss: Some(state.loss),
                    mean_loss: Some(state.mean_loss),
                    gradient_norm: Some(state.gradient_norm),
                });
            }
            *kept += states[n_before..].iter().map(State::n_numbers).sum::<usize>();
            Ok(())
        })
    }

    /// Begins at some weights, with nothing behind.
    fn begin_at(&mut self, points: &Points, parameters: Parameters) -> Result<()> {
        let plan = &self.plan;
        let state = self.network.with(points, |problem| {
            // The same look at the start that every descent takes, with its errors.
            let descent = Descent::begin(problem, plan.clone(), parameters)?;
            let state = descent.state(problem);
            Ok((
                State {
                    parameters: state.parameters.clone(),
                    epoch: 0,
                    is_epoch: true,
                    records: None,
                    eta: None,
                    loss: Some(state.loss),
                    mean_loss: Some(state.mean_loss),
                    gradient_norm: Some(state.gradient_norm),
                },
                descent,
            ))
        })?;
        self.kept = state.0.n_numbers();
        (self.states, self.walked, self.at, self.ended) = (vec![state.0], 1, 0, None);
        self.descent = Some(state.1);
        Ok(())
    }

    /// What is read off the state that is shown; where it was not worked out on the way, it is now.
    ///
    /// Errors: those of the core.
    pub fn seen(&self, points: &Points) -> Result<Seen> {
        let at = self.state();
        if let (Some(loss), Some(mean_loss), Some(gradient_norm)) = (at.loss, at.mean_loss, at.gradient_norm) {
            return Ok(Seen { loss, mean_loss, gradient_norm });
        }
        let layer = self.network.layer(&at.parameters);
        self.network.with(points, |problem| Ok(seen(&problem.gradient(&layer)?, problem, &self.plan)))
    }

    /// The slope where the walk is shown, and where the next step leads. A rule with a memory of other steps is followed there.
    ///
    /// Errors: those of the core.
    pub fn next_step(&mut self, points: &Points) -> Result<NextStep> {
        let (eta, reduction) = (self.plan.eta.eta, self.plan.reduction);
        let PlainStep { slope, step, reached, .. } = self.slice(points, |slice| slice.step(eta, reduction))?;
        let is_plain = self.plan.optimizer == OptimizerKind::GradientDescent;
        let (step, reached) = match self.plan.batch {
            Some(_) => (None, None),
            None if is_plain => (Some(step), Some(reached)),
            None => {
                let is_there = self.at + 1 < self.states.len() || self.looks_ahead(points)?;
                (None, is_there.then(|| self.states[self.at + 1].parameters.clone()))
            }
        };
        Ok(NextStep { slope, step, reached })
    }

    /// Hands the network at the weights that are shown, on all points, to `run`.
    pub(crate) fn slice<R>(
        &self,
        points: &Points,
        run: impl FnOnce(&Slice<'_, f64>) -> deltarule_core::Result<R>,
    ) -> Result<R> {
        let layer = self.network.layer(&self.state().parameters);
        self.network.with(points, |problem| {
            let Problem { source, scaling, loss, threads, .. } = *problem;
            let (penalty, units) = (self.plan.penalty, WeightUnits::Scaled);
            Ok(run(&Slice { source, scaling, layer: &layer, loss, penalty, units, threads })?)
        })
    }

    /// Where E is least, as far as L-BFGS finds it from the start; `None` where there is no minimum, or none was reached.
    ///
    /// Errors: those of the core.
    pub fn goal(&mut self, points: &Points) -> Result<Option<&Parameters>> {
        if self.goal.is_none() {
            let start = starting_weights(points, &self.network, &self.settings)?;
            let found = self.network.with(points, |problem| {
                let config = Config { optimizer: Some(OptimizerKind::LBfgs), epochs: Some(400), ..Config::default() };
                Ok(fit(problem, &Plan::of(problem, &config)?, start, &mut Silent)?)
            })?;
            self.goal = Some(found);
        }
        let is_minimum = |fit: &&Fit| matches!(fit.reason, StopReason::Minimum { .. } | StopReason::Exact);
        Ok(self.goal.as_ref().filter(is_minimum).map(|fit| fit.layer.parameters()))
    }
}

/// A state at some weights, with E where it is wanted.
fn look(problem: &Problem<'_, f64>, plan: &Plan, parameters: &Parameters, wanted: bool) -> Result<State> {
    let mut state = State {
        parameters: parameters.clone(),
        epoch: 0,
        is_epoch: true,
        records: None,
        eta: None,
        loss: None,
        mean_loss: None,
        gradient_norm: None,
    };
    if wanted && parameters.is_finite() {
        let gradient = problem.gradient(&Layer::new(parameters.clone(), problem.activation.clone()))?;
        let Seen { loss, mean_loss, gradient_norm } = seen(&gradient, problem, plan);
        (state.loss, state.mean_loss, state.gradient_norm) = (Some(loss), Some(mean_loss), Some(gradient_norm));
    }
    Ok(state)
}

fn seen(gradient: &Gradient, problem: &Problem<'_, f64>, plan: &Plan) -> Seen {
    Seen {
        loss: gradient.loss,
        mean_loss: gradient.mean_loss(problem.loss, problem.activation),
        gradient_norm: gradient.reduced_norm(plan.reduction),
    }
}

/// The plan with an η that stays, and the η that the data suggest.
fn plan(points: &Points, network: &Network, settings: &Settings) -> Result<(Plan, f64)> {
    let config = settings.config()?;
    network.with(points, |problem| {
        let chosen = Plan::of(problem, &Config { eta: Eta::Auto, ..config })?;
        let suggested = chosen.eta.eta;
        let eta = match config.eta {
            Eta::Auto => Eta::Given(suggested),
            given => given,
        };
        Ok((chosen.with(problem, &Config { eta, ..config })?, suggested))
    })
}

fn starting_weights(points: &Points, network: &Network, settings: &Settings) -> Result<Parameters> {
    let (d, n_outputs) = (points.inputs().len(), points.outputs().len());
    let Some(given) = &settings.start else {
        let init: Init = settings.init()?;
        return network.with(points, |problem| Ok(start_of(problem, init, settings.seed)));
    };
    let expected = d * n_outputs + if network.has_bias { n_outputs } else { 0 };
    if given.len() != expected {
        return setting(
            "start",
            format!("{} numbers", given.len()),
            format!("{expected}, one for each weight and bias"),
        );
    }
    let bias = network.has_bias.then(|| given[d * n_outputs..].to_vec());
    Ok(Parameters::new(d, given[..d * n_outputs].to_vec(), bias, n_outputs)?)
}
