//! The delta rule.
//!
//! A single-layer network is ŷ_j = f(h_j) with h_j = Σ_i w_ij x_i + b_j. Its error over a table is the sum of squared errors
//! E = ½ Σ_μ Σ_j (y_j − ŷ_j)². Each record has, for each output, an error term δ_j = (y_j − ŷ_j) f'(h_j), and
//! −∂E/∂w_ij = Σ_μ δ_j x_i. A step of Δw_ij = η Σ_μ δ_j x_i walks down, and steps are taken until there is a reason to stop:
//!
//! ```
//! use deltarule_core::*;
//! let columns = [Column::Numbers(vec![0.0, 1.0, 2.0, 3.0].into())];
//! let targets = Targets::Numbers(vec![vec![7.0, 10.0, 13.0, 16.0].into()]);
//! let table = Dataset::from_columns(&columns, &targets)?;
//! let threads = Threads::one();
//! let moments = Moments::of(&table, &threads)?;
//! let scaling = Scaling::standard(&moments);
//! let problem = Problem {
//!     source: &table, scaling: &scaling, moments: &moments, activation: &Activation::Identity,
//!     loss: Loss::Squared, has_bias: true, threads: &threads,
//! };
//! let plan = Plan::of(&problem, &Config::default())?;
//! let fit = fit(&problem, &plan, Parameters::zeros(1, 1, true), &mut Silent)?;
//! let slope = fit.layer.parameters().weights(0)[0] * scaling.columns()[0].factor;
//! assert!((slope - 3.0).abs() < 1e-12, "y = 3x + 7");
//! # Ok::<(), Error>(())
//! ```
//!
//! The core opens no file, reads no clock and prints nothing. The same values, settings and version give the same bits on any
//! machine and any number of threads.

mod data;
mod error;
mod insight;
mod kernel;
mod learning;
mod metrics;
mod network;
mod random;

pub use data::{
    BLOCK_ROWS, Block, BlockSource, Column, ColumnKind, ColumnMoments, ColumnScaling, Dataset, Moments, NO_LEVEL,
    NonZeros, Scaling, Shape, Targets, Threads, TiledNumbers,
};
pub use error::{Error, Result, number_text};
pub use insight::{
    Alone, BatchRule, Direction, Distribution, Estimate, GradientCheck, Information, OutputSummary, PlainStep, Reach,
    RecordRule, Robust, Slice, Summary, Surface, SurfaceAxis, Theory, Weight, WeightCheck, WeightIndex, WeightUnits,
    WorkedBatch, WorkedOutput, WorkedQuotient, WorkedRecord, WorkedStep, check_gradient, check_gradient_of, explain,
    explain_batch, explain_batch_with, explain_quotient, explain_with, explained_alone, spread_of_parts,
};
pub use kernel::{Float, NET_INPUT_LANES, Width, fold_net_input};
pub use learning::{
    Baseline, Batch, BatchStep, ChosenEta, Config, Course, Curvature, Descent, Epoch, ErrorTerm, Eta, EtaBasis, Fit,
    Gradient, HeldOut, Init, Loss, NotFiniteRecord, Observer, OnStep, Optimizer, OptimizerKind, Penalty, Plan, Problem,
    PureInput, Reduction, Schedule, Shrink, Silent, StopReason, Triangle, UnknownLoss, UnknownSchedule, delta, fit,
    fit_many, fit_many_watched, fit_watched, pure_inputs, start, start_of, starts_at_mean,
};
pub use metrics::{
    Bootstrap, CalibrationGroup, ClassReplicates, ClassScores, ClassTally, Decile, DecileTally, DecisionReplicates,
    Decisions, Interval, RegressionReplicates, RegressionScores, RegressionTally, ThresholdTally, class_scores,
    most_probable, regression_scores,
};
pub use network::{
    Activation, Formula, FormulaError, FormulaPart, Layer, Parameters, PreparedLayer, UnknownActivation,
};
pub use random::{Random, Stream};
