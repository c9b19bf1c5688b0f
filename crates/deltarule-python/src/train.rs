//! From data and settings to a trained model.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use deltarule_core::{
    BlockSource, ColumnScaling, Config, Epoch, Fit, Float, Gradient, HeldOut, Moments, Parameters, Plan, Problem,
    StopReason, fit_watched,
};
use deltarule_data::{CsvOptions, FrameColumn, FrameRows, FrameTargets, Prepared, Sieve, Table, find_files, prepare};
use deltarule_model::{Encoding, Model, Training};
use deltarule_train::{
    NamedStart, Ready, Record, eta_warning, in_f32, pure_inputs_warning, reason_text, sound_memory, with_problem,
};
use pyo3::prelude::*;

use crate::error::{DivergedError, Failure, in_python};
use crate::frame::Frame;
use crate::model::PyModel;
use crate::settings::Settings;
use crate::watch::{Watcher, breakable, unless, without_lock};

/// What is learned from.
#[derive(FromPyObject)]
pub(crate) enum Source {
    Frame(Py<Frame>),
    Paths(Vec<PathBuf>),
}

/// The same without Python.
pub(crate) enum Data {
    Frame(String, Vec<FrameColumn>),
    Paths(Vec<PathBuf>),
}

impl Source {
    pub(crate) fn data(self) -> Data {
        match self {
            Source::Frame(frame) => Data::Frame(frame.get().name.clone(), frame.get().columns()),
            Source::Paths(paths) => Data::Paths(paths),
        }
    }
}

impl Data {
    /// The table; what does not fit into memory goes to a file where it is read from files.
    pub(crate) fn read(self, settings: &Settings, stop: &AtomicBool) -> Result<Table, Failure> {
        let options = settings.read_options()?;
        Ok(match self {
            Data::Frame(name, columns) => {
                let options = deltarule_data::ReadOptions { memory: None, ..options };
                Table::of_frame(&name, columns, &options, &mut |_| unless(stop))?
            }
            Data::Paths(paths) => {
                let memory = Some(options.memory.unwrap_or_else(sound_memory));
                let options = deltarule_data::ReadOptions { memory, ..options };
                let (paths, csv, sieve) = (find_files(&paths)?, CsvOptions::default(), Sieve::default());
                Table::read_sifted(&paths, &csv, &options, &sieve, &mut |_| Ok(()), &mut |_| unless(stop))?
            }
        })
    }
}

/// A descent that has ended, and the model that it gave.
#[pyclass(frozen, get_all, module = "deltarule._core")]
pub(crate) struct Descent {
    model: Py<PyModel>,
    /// E at the start and after every epoch.
    loss_curve: Vec<f64>,
    /// E of the records held out, likewise.
    held_out_curve: Vec<f64>,
    /// η of each step that follows.
    eta_curve: Vec<f64>,
    n_epochs: u64,
    best_epoch: u64,
    reason: String,
    failed: bool,
    reason_text: String,
    eta: f64,
    last_eta: f64,
    guaranteed_eta: Option<f64>,
    loss: f64,
    held_out_loss: Option<f64>,
    baseline_loss: f64,
    optimizer: String,
    n_records: usize,
    n_held_out: usize,
    notes: Vec<String>,
    warnings: Vec<String>,
    /// Whether epochs were used up before anything else ended it.
    used_up: bool,
}

/// Why a descent ended that a callback ended.
const ENDED_BY_CALLBACK: &str = "the callback asked for an end; the best weights so far are kept";

/// What a descent gave, before Python sees it.
pub(crate) struct Ended {
    pub(crate) model: Model,
    pub(crate) plan: Plan,
    pub(crate) fit: Fit,
    pub(crate) curves: [Vec<f64>; 3],
    pub(crate) reason_text: String,
    /// E of the records held out.
    pub(crate) held_out_loss: Option<f64>,
    /// How many records were trained on, and how many held out.
    pub(crate) counts: [usize; 2],
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Ended {
    /// What one descent of a problem gave; `record` tells how it came about.
    ///
    /// Errors: the records held out cannot be read.
    pub(crate) fn of(
        ready: &Ready<'_>,
        record: &Record<'_>,
        (plan, fit): (Plan, Fit),
        watcher: Watcher<'_>,
    ) -> Result<Self, Failure> {
        let (problem, prepared) = (&ready.problem, record.prepared);
        let pure = pure_inputs_warning(problem, &ready.encoding, &plan, &fit.reason)?;
        let training = record.of(problem.loss, &plan, &fit, fit.loss);
        Ok(Self {
            model: Model::new(ready.encoding.clone(), fit.layer.clone(), training)?,
            curves: [watcher.curve, watcher.held_out, watcher.etas],
            reason_text: match watcher.ended {
                true => ENDED_BY_CALLBACK.to_owned(),
                false => reason_text(&fit.reason, &plan, problem.loss, &prepared.activation),
            },
            held_out_loss: held_out_loss(problem, prepared, &fit)?,
            counts: [Some(&prepared.training), prepared.held_out.as_ref()]
                .map(|part| part.map_or(0, |part| part.n_records())),
            notes: prepared.notes.clone(),
            warnings: prepared.warnings.iter().cloned().chain(eta_warning(&plan)).chain(pure).collect(),
            plan,
            fit,
        })
    }
}

/// Trains a network.
#[pyfunction]
#[pyo3(signature = (source, settings, *, start=None, callback=None))]
pub(crate) fn train(
    py: Python<'_>,
    source: Source,
    settings: Settings,
    start: Option<Py<PyModel>>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Descent> {
    let data = source.data();
    let start = start.as_ref().map(|model| &model.get().0);
    let ended = without_lock(py, |stop| run(data, &settings, start, callback.as_ref(), stop))?;
    Descent::unless_failed(py, ended)
}

impl Descent {
    /// Errors: the descent failed.
    fn unless_failed(py: Python<'_>, ended: Ended) -> PyResult<Self> {
        if ended.fit.reason.is_failure() {
            return Err(DivergedError::new_err(in_python(&ended.reason_text)));
        }
        Self::of(py, ended)
    }

    pub(crate) fn of(py: Python<'_>, ended: Ended) -> PyResult<Self> {
        let Ended { model, plan, fit, curves: [loss_curve, held_out_curve, eta_curve], .. } = ended;
        let in_words = |texts: &[String]| texts.iter().map(|text| in_python(text)).collect();
        Ok(Descent {
            model: Py::new(py, PyModel(model))?,
            loss_curve,
            held_out_curve,
            eta_curve,
            n_epochs: fit.epochs,
            best_epoch: fit.best_epoch,
            reason: fit.reason.name().to_owned(),
            failed: fit.reason.is_failure(),
            reason_text: in_python(&ended.reason_text),
            eta: plan.eta.eta,
            last_eta: fit.eta,
            guaranteed_eta: plan.eta.guaranteed,
            loss: fit.loss,
            held_out_loss: ended.held_out_loss,
            baseline_loss: plan.baseline.loss,
            optimizer: plan.optimizer.name().to_owned(),
            n_records: ended.counts[0],
            n_held_out: ended.counts[1],
            notes: in_words(&ended.notes),
            warnings: in_words(&ended.warnings),
            used_up: matches!(fit.reason, StopReason::Epochs { .. }),
        })
    }
}

fn run(
    data: Data,
    settings: &Settings,
    start: Option<&Model>,
    callback: Option<&Py<PyAny>>,
    stop: &AtomicBool,
) -> Result<Ended, Failure> {
    let table = data.read(settings, stop)?;
    let prepared = prepare(&table, &settings.choices()?)?;
    with_prepared(&table, &prepared, settings, |ready| {
        let begin = Begin::of(settings, start, &ready)?;
        let mut watcher = Watcher::new(callback, stop);
        let config = settings.config()?;
        // Raw values, so in the scaling of f64 in any case.
        let source = prepared.held_out.as_ref().map(|part| part as &dyn BlockSource<f64>);
        let held_out = source.map(|source| HeldOut { source, scaling: ready.problem.scaling });
        let descended = if settings.is_narrow()? {
            in_f32(&ready.problem, &prepared.training, |problem| {
                let source = breakable(problem.source, stop);
                descend(&with_source(problem, &source), &config, &begin, held_out, &mut watcher)
            })
        } else {
            let source = breakable(ready.problem.source, stop);
            descend(&with_source(&ready.problem, &source), &config, &begin, held_out, &mut watcher)
        };
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        if let Some(error) = watcher.raised {
            return Err(Failure::Python(error));
        }
        let (plan, fit) = descended?;
        let precision = if settings.is_narrow()? { "f32" } else { "f64" };
        let record = Record { table: &table, prepared: &prepared, command: None, start: &begin.text, precision };
        Ended::of(&ready, &record, (plan, fit), watcher)
    })
}

/// E of the records held out, if there are any.
fn held_out_loss(problem: &Problem<'_, f64>, prepared: &Prepared<'_>, fit: &Fit) -> Result<Option<f64>, Failure> {
    let Some(part) = &prepared.held_out else { return Ok(None) };
    Ok(Some(Gradient::of(part, problem.scaling, &fit.layer, problem.loss, problem.threads)?.loss))
}

/// The problem of the training records, with as many threads as were chosen.
pub(crate) fn with_prepared<R>(
    table: &Table,
    prepared: &Prepared<'_>,
    settings: &Settings,
    run: impl FnOnce(Ready<'_>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let threads = deltarule_train::threads(settings.n_jobs, table.n_values())?;
    with_problem(prepared, settings.missing()?, settings.loss()?, settings.scale()?, settings.bias, &threads, run)
}

/// The same problem with another source of the same records.
pub(crate) fn with_source<'a, T: Float>(problem: &Problem<'a, T>, source: &'a dyn BlockSource<T>) -> Problem<'a, T> {
    let Problem { scaling, moments, activation, loss, has_bias, threads, .. } = *problem;
    Problem { source, scaling, moments, activation, loss, has_bias, threads }
}

/// Where descent starts.
pub(crate) struct Begin {
    pub(crate) parameters: Parameters,
    pub(crate) text: String,
}

impl Begin {
    /// The weights of a model, in the units of these records, or those that the settings name.
    ///
    /// Errors: a model of another shape, or whose function no weights give in these units.
    pub(crate) fn of(settings: &Settings, model: Option<&Model>, ready: &Ready<'_>) -> Result<Self, Failure> {
        let Some(model) = model else {
            let start = NamedStart::of(settings.init()?, &ready.problem, settings.seed);
            return Ok(Self { parameters: start.parameters, text: start.text });
        };
        let (old, new) = (model.encoding(), &ready.encoding);
        let is_same = old.input_names() == new.input_names()
            && old.target.output_names() == new.target.output_names()
            && model.layer().parameters().has_bias() == settings.bias;
        if !is_same {
            return Err(Failure::Value(
                "warm_start: found other inputs, outputs or another bias than in the last fit, expected the same; use warm_start=False"
                    .to_owned(),
            ));
        }
        Ok(Self { parameters: in_units_of(model, new)?, text: "the weights of the last fit".to_owned() })
    }
}

/// The weights of a model where columns have the scaling of another encoding with the same inputs. The function is the same for records
/// whose values are all there: with w the weights in original units, w' = w/factor' and b' = b + Σ w·(offset' − offset), the sum over the
/// columns whose scaling differs; the weights of the others keep their bits. A column that is constant in the new records has the factor 0 and
/// the weight 0 there, and its value is in b'.
///
/// Errors: other offsets without a bias, which would have to take them up.
fn in_units_of(model: &Model, new: &Encoding) -> Result<Parameters, Failure> {
    let mut parameters = model.layer().parameters().clone();
    let differs = |old: &ColumnScaling, new: &ColumnScaling| old.offset != new.offset || old.factor != new.factor;
    let pairs: Vec<(usize, ColumnScaling, ColumnScaling)> = scalings(model.encoding())
        .into_iter()
        .zip(scalings(new))
        .enumerate()
        .filter_map(|(place, (old, new))| Some((place, old?, new?)))
        .filter(|(_, old, new)| differs(old, new))
        .collect();
    if let Some((place, ..)) = pairs.iter().find(|(_, old, new)| old.offset != new.offset && !parameters.has_bias()) {
        return Err(Failure::Value(format!(
            "warm_start: found another mean of {:?} than in the last fit, and no bias that could take up the difference; use bias=True, \
             scale='none', or warm_start=False",
            new.input_names()[*place]
        )));
    }
    for j in 0..parameters.n_outputs() {
        let original = model.original_weights(j).weights;
        let mut bias = parameters.bias(j);
        let weights = parameters.weights_mut(j);
        for (place, old, new) in &pairs {
            weights[*place] = if new.factor == 0.0 { 0.0 } else { original[*place] / new.factor };
            bias += original[*place] * (new.offset - old.offset);
        }
        parameters.set_bias(j, bias);
    }
    Ok(parameters)
}

/// The scaling of each input; `None` for levels, which have none.
fn scalings(encoding: &Encoding) -> Vec<Option<ColumnScaling>> {
    let mut all = Vec::new();
    for feature in &encoding.features {
        match feature.scaling() {
            Some(scaling) => all.push(Some(scaling)),
            None if feature.is_category() => all.extend((0..feature.n_inputs()).map(|_| None)),
            None => all.extend(feature.sparse().iter().map(|feature| Some(feature.scaling))),
        }
    }
    all
}

fn descend<T: Float>(
    problem: &Problem<'_, T>,
    config: &Config,
    begin: &Begin,
    held_out: Option<HeldOut<'_>>,
    watcher: &mut Watcher<'_>,
) -> Result<(Plan, Fit), Failure> {
    let plan = Plan::of(problem, config)?;
    let fit =
        fit_watched(problem, &plan, begin.parameters.clone(), held_out, &mut |epoch: &Epoch<'_>| watcher.look(epoch))?;
    Ok((plan, fit))
}

/// One pass of descent over further records, in the units of a model.
#[pyfunction]
#[pyo3(signature = (model, frame, settings, *, numbers, classes, weights, callback=None))]
#[expect(clippy::too_many_arguments, reason = "Python gives most of them by their names")]
pub(crate) fn train_further(
    py: Python<'_>,
    model: Py<PyModel>,
    frame: Py<Frame>,
    settings: Settings,
    numbers: Vec<Vec<f64>>,
    classes: Vec<u32>,
    weights: Option<Vec<f64>>,
    callback: Option<Py<PyAny>>,
) -> PyResult<Descent> {
    let (model, frame) = (&model.get().0, frame.get());
    let (name, columns) = (frame.name.clone(), frame.columns());
    let targets = FrameTargets { numbers, classes, weights };
    let ended = without_lock(py, |stop| {
        let rows = FrameRows::new(&name, columns, model.encoding())?.with_targets(targets)?;
        let threads = deltarule_train::threads(settings.n_jobs, rows.n_records() * model.encoding().features.len())?;
        let moments = Moments::of(&rows, &threads)?;
        let scaling = model.encoding().scaling();
        let source = breakable(&rows, stop);
        let problem = Problem {
            source: &source,
            scaling: &scaling,
            moments: &moments,
            activation: model.layer().activation(),
            loss: model.training().loss,
            has_bias: model.layer().parameters().has_bias(),
            threads: &threads,
        };
        let plan = Plan::of(&problem, &settings.config()?)?;
        let start = model.layer().parameters().clone();
        let mut watcher = Watcher::new(callback.as_ref(), stop);
        let fit = fit_watched(&problem, &plan, start, None, &mut |epoch: &Epoch<'_>| watcher.look(epoch));
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        if let Some(error) = watcher.raised {
            return Err(Failure::Python(error));
        }
        let fit = fit?;
        let before = model.training();
        let record = Training {
            rows: before.rows + rows.n_records() as u64,
            rows_trained: before.rows_trained + rows.n_records() as u64,
            epochs: before.epochs + fit.epochs,
            best_epoch: before.epochs + fit.best_epoch,
            stop_reason: fit.reason.name().to_owned(),
            loss_sum: fit.loss,
            // E of these records, so of the same ones as the sum above.
            baseline_loss_sum: plan.baseline.loss,
            eta: plan.eta.eta,
            ..before.clone()
        };
        Ok(Ended {
            model: Model::new(model.encoding().clone(), fit.layer.clone(), record)?,
            curves: [watcher.curve, watcher.held_out, watcher.etas],
            reason_text: match watcher.ended {
                true => ENDED_BY_CALLBACK.to_owned(),
                false => reason_text(&fit.reason, &plan, problem.loss, problem.activation),
            },
            held_out_loss: None,
            counts: [rows.n_records(), 0],
            notes: Vec::new(),
            warnings: eta_warning(&plan).into_iter().collect(),
            plan,
            fit,
        })
    })?;
    Descent::unless_failed(py, ended)
}
