//! Looking into a step: its arithmetic, and its gradient against finite differences.

mod check;
mod explain;

pub use check::{GradientCheck, WeightCheck, check_gradient, check_gradient_of};
pub use explain::{WorkedBatch, WorkedOutput, WorkedRecord, WorkedStep, explain, explain_batch};
