//! Error, error term, gradient, optimizer, and the descent that uses them.

mod adaptive;
mod baseline;
mod delta;
mod descent;
mod fit;
mod gradient;
mod latex;
mod loss;
mod matrix;
mod observer;
mod optimizer;
mod penalty;
mod rate;
mod reflector;
mod schedule;
mod sparse_gram;
mod start;
mod stochastic;
mod stopping;
mod triangle;

pub use baseline::Baseline;
pub(crate) use delta::delta_of;
pub use delta::{ErrorTerm, delta};
pub use fit::{Batch, Config, Eta, Fit, HeldOut, Plan, Problem, fit, fit_many, fit_many_watched, fit_watched};
pub use gradient::{Gradient, NotFiniteRecord};
pub use loss::{Loss, UnknownLoss};
pub use observer::{Epoch, Observer, Silent};
pub use optimizer::{Optimizer, OptimizerKind};
pub use penalty::{Penalty, Shrink};
pub use rate::{ChosenEta, Curvature, EtaBasis, Reduction};
pub(crate) use reflector::Reflector;
pub use schedule::{Course, Schedule, UnknownSchedule};
pub use start::{Init, start};
pub use stopping::StopReason;
pub use triangle::Triangle;
