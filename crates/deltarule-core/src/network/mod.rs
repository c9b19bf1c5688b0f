//! The network: weighted sums, an activation, outputs. It knows nothing of targets.

mod activation;
mod formula;
mod layer;
mod parameters;

pub use activation::{Activation, UnknownActivation};
pub use formula::{Formula, FormulaError};
pub use layer::Layer;
pub(crate) use layer::WorkingWeights;
pub use parameters::Parameters;
