//! Looking into a step: its arithmetic, and its gradient against finite differences; into weights: how sure they are; and at E over them.

mod alone;
mod check;
mod distribution;
mod explain;
mod quotient;
mod reach;
mod step;
mod summary;
mod surface;

pub use alone::{Alone, explained_alone, spread_of_parts};
pub use check::{GradientCheck, WeightCheck, check_gradient, check_gradient_of};
pub use distribution::Distribution;
pub use explain::{
    BatchRule, RecordRule, WorkedBatch, WorkedOutput, WorkedRecord, WorkedStep, explain, explain_batch,
    explain_batch_with, explain_with,
};
pub use quotient::{WorkedQuotient, explain_quotient};
pub use reach::Reach;
pub use step::PlainStep;
pub use summary::{Direction, Estimate, Information, OutputSummary, Robust, Summary, Theory, Weight};
pub use surface::{Slice, Surface, SurfaceAxis, WeightIndex, WeightUnits};
