//! A lane: a network with its settings, and its walk down the error, on which one can go back.

use deltarule_core::{
    Activation, BatchStep, Config, Descent, Eta, Fit, Gradient, Init, Layer, Loss, Moments, OptimizerKind, Parameters,
    Plan, Problem, Scaling, Silent, StopReason, Threads, fit, start,
};
use deltarule_model::ScaleRule;

use crate::error::{Result, setting};
use crate::points::Points;
use crate::settings::Settings;

/// So many numbers the weights of all states may be.
const MOST_KEPT: usize = 8_000_000;
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
        &self.states
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
            self.since = self.at;
        }
        (self.plan, self.suggested, self.settings) = (plan, suggested, settings);
        Ok(())
    }

    /// Goes on with points that were moved: from the weights that are shown, with nothing behind.
    ///
    /// Errors: E is not finite there.
    pub fn follow(&mut self, points: &Points) -> Result<()> {
        let network = Network::of(points, &self.settings)?;
        let (plan, suggested) = plan(points, &network, &self.settings)?;
        let here = self.state().parameters.clone();
        let mut lane = Self {
            network,
            plan,
            suggested,
            states: Vec::new(),
            at: 0,
            since: 0,
            moved: true,
            descent: None,
            ended: None,
            goal: None,
            settings: self.settings.clone(),
        };
        lane.begin_at(points, here)?;
        *self = lane;
        Ok(())
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
        self.at = state.min(self.states.len() - 1);
    }

    /// Up to so many steps.
    ///
    /// Errors: those of the core, for what has nothing to do with divergence, which is a reason to stop.
    pub fn forward(&mut self, points: &Points, steps: usize) -> Result<Walked> {
        let from = self.at;
        while self.at - from < steps {
            if self.at + 1 < self.states.len() {
                self.at += 1;
                continue;
            }
            if self.ended.is_some() || self.is_full() {
                break;
            }
            let before = self.states.len();
            self.walk(points)?;
            if self.states.len() == before {
                break;
            }
        }
        Ok(Walked { steps: self.at - from, reason: self.ended() })
    }

    /// Whether there is no room for further states.
    pub fn is_full(&self) -> bool {
        self.states.len() * self.state().parameters.values().count() >= MOST_KEPT
    }

    /// One epoch more behind the last state, unless there is a reason to stop.
    fn walk(&mut self, points: &Points) -> Result<()> {
        let Self { network, plan, states, descent, ended, at, .. } = self;
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
            let watched: Option<deltarule_core::OnStep<'_>> =
                if plan.batch.is_some() { Some(&mut watch) } else { None };
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
            Ok(())
        })?;
        Ok(())
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
        (self.states, self.at, self.ended) = (vec![state.0], 0, None);
        self.descent = Some(state.1);
        Ok(())
    }

    /// E and its gradient at the state that is shown.
    ///
    /// Errors: those of the core.
    pub fn gradient(&self, points: &Points) -> Result<Gradient> {
        let layer = self.network.layer(&self.state().parameters);
        self.network.with(points, |problem| Ok(problem.gradient(&layer)?))
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
        state.loss = Some(gradient.loss);
        state.mean_loss = Some(gradient.mean_loss(problem.loss));
        state.gradient_norm = Some(gradient.descent.norm() * plan.reduction.factor(gradient.weight));
    }
    Ok(state)
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
        return Ok(start(init, &network.activation, d, n_outputs, network.has_bias, settings.seed));
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
