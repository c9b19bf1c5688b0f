//! From a gradient to a step. An optimizer sees parameters, a gradient and η; neither data nor loss.

use std::collections::VecDeque;

use super::Shrink;
use super::adaptive::{Adaptive, Memory};
use super::bend::Bends;
use crate::error::{Error, Result};
use crate::network::Parameters;

/// Which rule turns the gradient into a step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum OptimizerKind {
    /// The delta rule as it stands: Δw = ηδx.
    GradientDescent,
    /// Heavy ball: Δw = ηδx + β Δw of the step before.
    Momentum {
        /// β, in [0, 1).
        beta: f64,
    },
    /// Nesterov's accelerated descent: v ← βv + ηδx, Δw = βv + ηδx, so that w, where E and δ are taken, is one βv ahead of where the steps have led.
    Nesterov {
        /// A constant β in [0, 1); `None`: β grows from 0, and starts anew whenever the path turns uphill.
        beta: Option<f64>,
    },
    /// Steps with the curvature that the last ten showed, over full batches; their length is found by the rule itself.
    LBfgs,
    /// Each weight's step is divided by the root of the sum of its squared slopes: Δw = ηg/(√Σg² + ε).
    AdaGrad {
        /// ε, above 0.
        epsilon: f64,
    },
    /// Each weight's step is divided by the root of the mean of its squared slopes, the last ones counting most: Δw = ηg/(√v + ε), v ← ρv + (1 − ρ)g².
    RmsProp {
        /// ρ, in [0, 1).
        decay: f64,
        /// ε, above 0.
        epsilon: f64,
    },
    /// The mean of a weight's slopes over the root of the mean of their squares, the last ones counting most: Δw = ηm̂/(√v̂ + ε).
    Adam {
        /// β₁, of the slopes, in [0, 1).
        beta1: f64,
        /// β₂, of their squares, in [0, 1).
        beta2: f64,
        /// ε, above 0.
        epsilon: f64,
    },
}

impl OptimizerKind {
    /// The names that every front end uses.
    pub const NAMES: &'static [&'static str] = &["gd", "momentum", "nesterov", "lbfgs", "adagrad", "rmsprop", "adam"];

    /// β of `momentum` when none is given.
    pub const DEFAULT_BETA: f64 = 0.9;

    /// `adagrad` with the settings of PyTorch.
    pub const ADAGRAD: Self = OptimizerKind::AdaGrad { epsilon: 1e-10 };
    /// `rmsprop` with the settings of PyTorch.
    pub const RMSPROP: Self = OptimizerKind::RmsProp { decay: 0.99, epsilon: 1e-8 };
    /// `adam` with the settings of its paper.
    pub const ADAM: Self = OptimizerKind::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

    /// One of [`OptimizerKind::NAMES`].
    pub fn name(self) -> &'static str {
        match self {
            OptimizerKind::GradientDescent => "gd",
            OptimizerKind::Momentum { .. } => "momentum",
            OptimizerKind::Nesterov { .. } => "nesterov",
            OptimizerKind::LBfgs => "lbfgs",
            OptimizerKind::AdaGrad { .. } => "adagrad",
            OptimizerKind::RmsProp { .. } => "rmsprop",
            OptimizerKind::Adam { .. } => "adam",
        }
    }

    /// Whether steps have a size of their own, so that η is about how far a weight goes in one: they do not become shorter as the slope does.
    pub fn is_adaptive(self) -> bool {
        matches!(self, OptimizerKind::AdaGrad { .. } | OptimizerKind::RmsProp { .. } | OptimizerKind::Adam { .. })
    }

    /// How many η the first step in a weight is long, where steps have a size of their own. The mean of `rmsprop` begins at 0.
    pub(super) fn first_step(self) -> f64 {
        match self {
            OptimizerKind::RmsProp { decay, .. } => 1.0 / (1.0 - decay).sqrt(),
            _ => 1.0,
        }
    }

    /// Errors: a setting outside of what makes sense.
    pub(super) fn check(self) -> Result<()> {
        let (shares, epsilon): (&[(&'static str, f64)], Option<f64>) = match self {
            OptimizerKind::Momentum { beta } | OptimizerKind::Nesterov { beta: Some(beta) } => {
                (&[("momentum", beta)], None)
            }
            OptimizerKind::AdaGrad { epsilon } => (&[], Some(epsilon)),
            OptimizerKind::RmsProp { decay, epsilon } => (&[("decay", decay)], Some(epsilon)),
            OptimizerKind::Adam { beta1, beta2, epsilon } => (&[("beta1", beta1), ("beta2", beta2)], Some(epsilon)),
            _ => (&[], None),
        };
        let wrong = |setting, found: f64, expected: &str| Err(Error::setting(setting, found, expected));
        if let Some((setting, found)) = shares.iter().find(|(_, share)| !(0.0..1.0).contains(share)) {
            return wrong(setting, *found, "a number from 0 to below 1");
        }
        match epsilon {
            Some(found) if !(found > 0.0 && found.is_finite()) => {
                wrong("epsilon", found, "a finite number above 0, such as 1e-8")
            }
            _ => Ok(()),
        }
    }

    /// A new optimizer of this kind, at rest.
    pub fn build(self) -> Box<dyn Optimizer> {
        match self {
            OptimizerKind::GradientDescent => Box::new(GradientDescent),
            OptimizerKind::Momentum { beta } => Box::new(Momentum { beta, velocity: None }),
            OptimizerKind::Nesterov { beta } => Box::new(Nesterov { beta, theta: 1.0, position: None }),
            OptimizerKind::LBfgs => Box::<LBfgs>::default(),
            OptimizerKind::AdaGrad { epsilon } => Box::new(Adaptive::new(Memory::Sum, epsilon)),
            OptimizerKind::RmsProp { decay, epsilon } => Box::new(Adaptive::new(Memory::Mean { decay }, epsilon)),
            OptimizerKind::Adam { beta1, beta2, epsilon } => {
                Box::new(Adaptive::new(Memory::Moments { beta1, beta2 }, epsilon))
            }
        }
    }
}

impl OptimizerKind {
    /// The same, told about how strongly E bends along each weight, where that differs from one to the next by far; only L-BFGS makes use of it.
    pub(super) fn build_for(self, bends: Option<Bends>) -> Box<dyn Optimizer> {
        match self {
            OptimizerKind::LBfgs => Box::new(LBfgs { bends, ..LBfgs::default() }),
            other => other.build(),
        }
    }
}

/// Takes steps. The parameters are always the point at which the next gradient is to be taken.
pub trait Optimizer: Send {
    /// One step from `parameters`: `descent` is minus the (reduced) gradient there, so a plain step adds `eta · descent`; `shrink` follows it.
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64, shrink: Shrink);
    /// Forgets the steps before, as after a jump to another place.
    fn restart(&mut self);
    /// Whether the next step is a plain one, with no memory of those before.
    fn is_at_rest(&self) -> bool;
    /// The last step led uphill and was taken back. A rule that looks for the length of its steps tries a shorter one; the others forget what they
    /// know.
    fn take_back(&mut self) {
        self.restart();
    }
}

/// w ← w + η Σδx.
#[derive(Debug)]
struct GradientDescent;

impl Optimizer for GradientDescent {
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64, shrink: Shrink) {
        parameters.add_scaled(eta, descent);
        shrink.apply(parameters);
    }

    fn restart(&mut self) {}

    fn is_at_rest(&self) -> bool {
        true
    }
}

/// v ← βv + η Σδx, w ← w + v.
///
/// Source: Polyak 1964, some methods of speeding up the convergence of iteration methods, eq. 9.
#[derive(Debug)]
struct Momentum {
    beta: f64,
    velocity: Option<Parameters>,
}

impl Optimizer for Momentum {
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64, shrink: Shrink) {
        let velocity = self.velocity.get_or_insert_with(|| zeros_like(parameters));
        velocity.scale(self.beta);
        velocity.add_scaled(eta, descent);
        parameters.add_scaled(1.0, velocity);
        shrink.apply(parameters);
    }

    fn restart(&mut self) {
        self.velocity = None;
    }

    fn is_at_rest(&self) -> bool {
        self.velocity.is_none()
    }
}

/// u' = w + η Σδx at w, shrunk; w ← u' + β (u' − u), where u is the position and w the point ahead of it.
///
/// Without a constant β: θ' = (1 + √(1 + 4θ²))/2, β = (θ − 1)/θ', and θ starts anew when the step and the descent point
/// away from each other. Sources: Nesterov 1983; O'Donoghue, Candès 2015, adaptive restart, eq. 12.
#[derive(Debug)]
struct Nesterov {
    beta: Option<f64>,
    theta: f64,
    position: Option<Parameters>,
}

impl Optimizer for Nesterov {
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64, shrink: Shrink) {
        let before = self.position.get_or_insert_with(|| parameters.clone());
        parameters.add_scaled(eta, descent);
        shrink.apply(parameters);
        // From here on `parameters` is the new position u', and `before` becomes u' − u.
        before.scale(-1.0);
        before.add_scaled(1.0, parameters);
        let beta = match self.beta {
            Some(beta) => beta,
            None if descent.inner_product(before) < 0.0 => {
                self.theta = 1.0;
                0.0
            }
            None => {
                let next = 0.5 * (1.0 + (1.0 + 4.0 * self.theta * self.theta).sqrt());
                let beta = (self.theta - 1.0) / next;
                self.theta = next;
                beta
            }
        };
        before.scale(beta);
        // w = u' + β(u' − u), and the position to remember is u' = w − β(u' − u), kept exactly.
        let ahead = std::mem::replace(before, parameters.clone());
        parameters.add_scaled(1.0, &ahead);
    }

    fn restart(&mut self) {
        self.theta = 1.0;
        self.position = None;
    }

    fn is_at_rest(&self) -> bool {
        self.position.is_none()
    }
}

/// Δw = t·H Σδx, H the inverse curvature that the last pairs of step s and change of the gradient y show, by the two-loop recursion; t = 1, and
/// shorter where that led uphill. Without pairs a plain step with η.
///
/// A pair is kept if s·y > 0 beyond rounding, so that H stays positive definite where E is not convex. Source: Liu, Nocedal 1989, on the limited memory
/// BFGS method for large scale optimization, algorithm 2.1 and eq. 2.2. With λ₁ H is that of E alone, the slope that of E + λ₁Σ|w|, and a step stays where no
/// weight changes its sign (Andrew, Gao 2007, scalable training of L₁-regularized log-linear models: OWL-QN).
#[derive(Debug, Default)]
struct LBfgs {
    /// The last ones first.
    pairs: VecDeque<Pair>,
    /// The point of the last step, and minus the gradient there; `None` where that step was taken back: it left the point where it was, and taught
    /// nothing.
    last: Option<(Parameters, Parameters)>,
    /// How many steps in a row were taken back.
    taken_back: i32,
    /// About how strongly E bends along each weight: H begins with the inverse of it, and with a multiple of 1 without it.
    bends: Option<Bends>,
}

#[derive(Debug)]
struct Pair {
    step: Parameters,
    change: Parameters,
    /// s·y.
    product: f64,
}

impl LBfgs {
    const PAIRS: usize = 10;
    const SHORTER: f64 = 0.25;
    /// After so many shorter steps in a row the pairs are of no use.
    const MOST_TAKEN_BACK: i32 = 8;

    /// Takes in what the last step has shown.
    fn learn(&mut self, parameters: &Parameters, descent: &Parameters) {
        let Some((mut step, mut change)) = self.last.take() else { return };
        self.taken_back = 0;
        step.scale(-1.0);
        step.add_scaled(1.0, parameters);
        change.add_scaled(-1.0, descent);
        let product = step.inner_product(&change);
        if product > f64::EPSILON * change.inner_product(&change) {
            self.pairs.truncate(Self::PAIRS - 1);
            self.pairs.push_front(Pair { step, change, product });
        }
    }

    /// H times a slope that leads down.
    fn direction(&self, descent: &Parameters) -> Parameters {
        let mut direction = descent.clone();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in &self.pairs {
            let share = pair.step.inner_product(&direction) / pair.product;
            direction.add_scaled(-share, &pair.change);
            shares.push(share);
        }
        if let Some(newest) = self.pairs.front() {
            let mut change = newest.change.clone();
            if let Some(bends) = &self.bends {
                bends.unbend(&mut change);
                bends.unbend(&mut direction);
            }
            direction.scale(newest.product / newest.change.inner_product(&change));
        }
        for (pair, share) in self.pairs.iter().zip(shares).rev() {
            let back = pair.change.inner_product(&direction) / pair.product;
            direction.add_scaled(share - back, &pair.step);
        }
        direction
    }
}

impl Optimizer for LBfgs {
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64, shrink: Shrink) {
        self.learn(parameters, descent);
        let l1 = shrink.slope(eta);
        let mut slope = descent.clone();
        if l1 > 0.0 {
            for_each_weight(&mut slope, parameters, |slope, w| *slope = slope_with_l1(*slope, w, l1));
        }
        let mut direction = self.direction(&slope);
        if l1 > 0.0 {
            // What leads up by itself is left out.
            for_each_weight(&mut direction, &slope, |way, slope| *way = if *way * slope > 0.0 { *way } else { 0.0 });
        }
        let leads_down = direction.is_finite() && direction.inner_product(&slope) > 0.0;
        if self.pairs.is_empty() || !leads_down {
            self.pairs.clear();
            direction.copy_from(&slope);
            direction.scale(eta);
        }
        let before = parameters.clone();
        parameters.add_scaled(Self::SHORTER.powi(self.taken_back), &direction);
        if l1 > 0.0 {
            // No weight goes beyond 0 in one step, or leaves it for where its slope does not lead.
            for j in 0..before.n_outputs() {
                let from = before.weights(j).iter().zip(slope.weights(j));
                for (w, (before, slope)) in parameters.weights_mut(j).iter_mut().zip(from) {
                    let side = if *before != 0.0 { *before } else { *slope };
                    *w = if *w * side > 0.0 { *w } else { 0.0 };
                }
            }
        }
        self.last = Some((before, descent.clone()));
    }

    fn restart(&mut self) {
        *self = Self { bends: self.bends.take(), ..Self::default() };
    }

    fn is_at_rest(&self) -> bool {
        self.pairs.is_empty() && self.last.is_none()
    }

    fn take_back(&mut self) {
        self.last = None;
        self.taken_back += 1;
        if self.taken_back > Self::MOST_TAKEN_BACK {
            self.restart();
        }
    }
}

/// Changes every weight, biases not among them, by the one in its place among others.
fn for_each_weight(weights: &mut Parameters, others: &Parameters, mut change: impl FnMut(&mut f64, f64)) {
    for j in 0..others.n_outputs() {
        weights.weights_mut(j).iter_mut().zip(others.weights(j)).for_each(|(w, other)| change(w, *other));
    }
}

/// The way down of E + λ₁Σ|w| at a weight, as steep as it is: 0 where λ₁ holds the weight at 0.
///
/// `slope` is minus the derivative of E.
fn slope_with_l1(slope: f64, weight: f64, l1: f64) -> f64 {
    let side = if weight != 0.0 { weight } else { slope };
    if weight == 0.0 && slope.abs() <= l1 { 0.0 } else { slope - l1.copysign(side) }
}

fn zeros_like(parameters: &Parameters) -> Parameters {
    Parameters::zeros(parameters.n_features(), parameters.n_outputs(), parameters.has_bias())
}
