//! The network: weighted sums, an activation, outputs. It knows nothing of targets.

mod activation;
mod formula;
mod latex;
mod layer;
mod parameters;
mod working;

pub use activation::{Activation, UnknownActivation};
pub use formula::{Formula, FormulaError, FormulaPart};
pub use layer::{Layer, PreparedLayer};
pub use parameters::Parameters;
pub(crate) use working::{ColumnSums, RawPass, WorkingWeights, number_features};
