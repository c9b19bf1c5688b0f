//! From a gradient to a step. An optimizer sees parameters, a gradient and η; neither data nor loss.

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
    /// Nesterov's accelerated descent.
    Nesterov {
        /// A constant β in [0, 1); `None`: β grows from 0, and starts anew whenever the path turns uphill.
        beta: Option<f64>,
    },
}

impl OptimizerKind {
    /// The names that every front end uses.
    pub const NAMES: &'static [&'static str] = &["gd", "momentum", "nesterov"];

    /// β of `momentum` when none is given.
    pub const DEFAULT_BETA: f64 = 0.9;

    /// `gd`, `momentum` or `nesterov`.
    pub fn name(self) -> &'static str {
        match self {
            OptimizerKind::GradientDescent => "gd",
            OptimizerKind::Momentum { .. } => "momentum",
            OptimizerKind::Nesterov { .. } => "nesterov",
        }
    }

    /// A new optimizer of this kind, at rest.
    pub fn build(self) -> Box<dyn Optimizer> {
        match self {
            OptimizerKind::GradientDescent => Box::new(GradientDescent),
            OptimizerKind::Momentum { beta } => Box::new(Momentum { beta, velocity: None }),
            OptimizerKind::Nesterov { beta } => Box::new(Nesterov { beta, theta: 1.0, position: None }),
        }
    }
}

/// Takes steps. The parameters are always the point at which the next gradient is to be taken.
pub trait Optimizer: Send {
    /// One step from `parameters`: `descent` is minus the (reduced) gradient there, so a plain step adds `eta · descent`.
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64);
    /// Forgets the steps before, as after a jump to another place.
    fn restart(&mut self);
    /// Whether the next step is a plain one, with no memory of those before.
    fn is_at_rest(&self) -> bool;
}

/// w ← w + η Σδx.
#[derive(Debug)]
struct GradientDescent;

impl Optimizer for GradientDescent {
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64) {
        parameters.add_scaled(eta, descent);
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
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64) {
        let velocity = self.velocity.get_or_insert_with(|| zeros_like(parameters));
        velocity.scale(self.beta);
        velocity.add_scaled(eta, descent);
        parameters.add_scaled(1.0, velocity);
    }

    fn restart(&mut self) {
        self.velocity = None;
    }

    fn is_at_rest(&self) -> bool {
        self.velocity.is_none()
    }
}

/// u' = w + η Σδx at w; w ← u' + β (u' − u), where u is the position and w the point ahead of it.
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
    fn step(&mut self, parameters: &mut Parameters, descent: &Parameters, eta: f64) {
        let before = self.position.get_or_insert_with(|| parameters.clone());
        parameters.add_scaled(eta, descent);
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

fn zeros_like(parameters: &Parameters) -> Parameters {
    Parameters::zeros(parameters.n_features(), parameters.n_outputs(), parameters.has_bias())
}
