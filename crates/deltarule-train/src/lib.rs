//! From what was chosen to a trained model: what the program, the Python package and other front ends share, so that the same settings
//! mean the same bits in each.
//!
//! [`Prepared`](deltarule_data::Prepared) knows columns and records. [`with_problem`] makes of it the problem that descent is about, [`in_f32`] the
//! same one in half the memory; [`LossChoice`], [`OptimizerName`] and [`NamedStart`] are what a person may name, and [`Record`] is how a model
//! came about. What a descent did is said in words here too, and [`sheet`] writes worked steps for paper. Nothing here reads options or files, or
//! prints.

mod breakable;
mod error;
mod insight;
mod loss;
mod machine;
mod optimizer;
mod problem;
mod pure;
mod record;
pub mod sheet;
mod start;
mod words;

pub use breakable::Breakable;
pub use deltarule_model::number;
pub use error::{Result, TrainError};
pub use insight::{FEW_INPUTS, checked_inputs, left_out_of_one, worked_record};
pub use loss::LossChoice;
pub use machine::sound_memory;
pub use optimizer::{OptimizerName, OptimizerSettings, optimizers};
pub use problem::{Ready, in_f32, shifted, threads, with_problem};
pub use pure::pure_inputs_warning;
pub use record::Record;
pub use start::{NamedStart, StartChoice};
pub use words::{eta_warning, reason_text};
