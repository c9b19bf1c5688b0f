//! Looking into a step: its arithmetic, and its gradient against finite differences; and into weights: how sure they are.

mod alone;
mod check;
mod distribution;
mod explain;
mod quotient;
mod summary;

pub use alone::{Alone, explained_alone, spread_of_parts};
pub use check::{GradientCheck, WeightCheck, check_gradient, check_gradient_of};
pub use distribution::Distribution;
pub use explain::{WorkedBatch, WorkedOutput, WorkedRecord, WorkedStep, explain, explain_batch};
pub use quotient::{WorkedQuotient, explain_quotient};
pub use summary::{Direction, Estimate, Information, OutputSummary, Robust, Summary, Theory, Weight};
