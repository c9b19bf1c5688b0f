//! From a prepared table to the problem that descent is about.

use deltarule_core::{ColumnScaling, Error, Loss, Moments, Problem, Scaling, Threads};
use deltarule_data::{DataError, Part, Prepared};
use deltarule_model::{Encoding, MissingRule, ScaleRule};

use crate::error::{Result, TrainError};
use crate::loss::LossChoice;

/// Everything that training on some records needs.
#[derive(Debug)]
pub struct Ready<'a> {
    /// How columns become inputs.
    pub encoding: Encoding,
    /// What descent is about.
    pub problem: Problem<'a, f64>,
}

/// Makes a problem of the training records and hands it to `run`.
///
/// Errors: those of reading the records, and of `run`.
pub fn with_problem<R, E: From<Error>>(
    prepared: &Prepared<'_>,
    missing: MissingRule,
    loss: Option<LossChoice>,
    scale: ScaleRule,
    has_bias: bool,
    threads: &Threads,
    run: impl FnOnce(Ready<'_>) -> std::result::Result<R, E>,
) -> std::result::Result<R, E> {
    let source = &prepared.training;
    let moments = Moments::of(source, threads)?;
    let (encoding, scaling) = prepared.encoding(&moments, scale, missing, has_bias);
    let problem = Problem {
        source,
        scaling: &scaling,
        moments: &moments,
        activation: &prepared.activation,
        loss: loss.map_or(Loss::Squared, |loss| loss.for_table(&moments)),
        has_bias,
        threads,
    };
    run(Ready { encoding, problem })
}

/// Makes the same problem of the same records in f32, and hands it to `run`.
///
/// Errors: those of reading the records, and of `run`.
pub fn in_f32<R, E: From<Error> + From<DataError>>(
    problem: &Problem<'_, f64>,
    part: &Part<'_>,
    run: impl FnOnce(&Problem<'_, f32>) -> std::result::Result<R, E>,
) -> std::result::Result<R, E> {
    let source = &part.narrowed()?;
    let moments = &Moments::of(source, problem.threads)?;
    let scaling = &shifted(problem.scaling, source.shifts());
    let Problem { activation, loss, has_bias, threads, .. } = *problem;
    run(&Problem { source, scaling, moments, activation, loss, has_bias, threads })
}

/// The scaling for a part that is held in f32, less each column's shift.
pub fn shifted(scaling: &Scaling, shifts: &[f64]) -> Scaling {
    scaling.with_columns(
        scaling
            .columns()
            .iter()
            .zip(shifts)
            .map(|(column, shift)| ColumnScaling { offset: column.offset - shift, ..*column }),
    )
}

/// The threads to use on a table of so many values: so many, or all that there are.
///
/// Errors: none were wanted.
pub fn threads(wanted: Option<usize>, n_values: usize) -> Result<Threads> {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    match wanted {
        Some(0) => Err(TrainError::NoThreads),
        Some(wanted) => Ok(Threads::new(wanted.min(1024))),
        // A small table is done before a second thread has started; the bits are the same.
        None if n_values < 200_000 => Ok(Threads::one()),
        None => Ok(Threads::new(available)),
    }
}
