//! One step in numbers, gradients against differences, and many descents at once.

use std::sync::atomic::{AtomicBool, Ordering};

use deltarule_core::{
    BlockSource, Epoch, Fit, Float, HeldOut, Parameters, Plan, Problem, WorkedOutput, check_gradient_of,
    explain as work_out, fit_many_watched,
};
use deltarule_data::{FrameRows, FrameTargets, prepare};
use deltarule_train::{NamedStart, Record, StartChoice, checked_inputs, in_f32, left_out_of_one, worked_record};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::Failure;
use crate::frame::Frame;
use crate::model::PyModel;
use crate::settings::Settings;
use crate::train::{Begin, Descent, Ended, Source, with_prepared, with_source};
use crate::watch::{Watcher, breakable, unless, without_lock};

/// All numbers of one step of the delta rule on the first record of a frame.
#[pyfunction]
#[pyo3(signature = (model, frame, *, numbers, classes, eta=None))]
pub(crate) fn explain<'py>(
    py: Python<'py>,
    model: &PyModel,
    frame: &Frame,
    numbers: Vec<Vec<f64>>,
    classes: Vec<u32>,
    eta: Option<f64>,
) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    let model = &model.0;
    let step = (|| -> Result<_, Failure> {
        let targets = FrameTargets { numbers, classes, weights: None };
        let rows = FrameRows::new(&frame.name, frame.columns(), model.encoding())?.with_targets(targets)?;
        let scaling = model.encoding().scaling();
        let (x, y) = rows.show(0, |block| Ok(worked_record(block, &scaling, 0)))?;
        Ok(work_out(model.training().loss, model.layer(), &x, &y, eta.unwrap_or(model.training().eta))?)
    })()?;
    told.set_item("f", model.layer().activation().value_text())?;
    told.set_item("derivative", model.layer().activation().derivative_text())?;
    told.set_item("loss_name", step.error.to_string())?;
    told.set_item("eta", step.rule.eta)?;
    told.set_item("left_out", left_out_of_one(model.training()))?;
    told.set_item("input_names", model.encoding().input_names())?;
    told.set_item("output_names", model.encoding().target.output_names())?;
    told.set_item("inputs", &step.inputs)?;
    told.set_item("loss", step.loss)?;
    told.set_item("new_loss", step.new_loss)?;
    let outputs = PyList::empty(py);
    for output in &step.outputs {
        outputs.append(output_dict(py, output)?)?;
    }
    told.set_item("outputs", outputs)?;
    Ok(told)
}

fn output_dict<'py>(py: Python<'py>, output: &WorkedOutput) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    for (name, numbers) in [
        ("weights", &output.weights),
        ("terms", &output.terms),
        ("gradient", &output.gradient),
        ("step", &output.step),
        ("new_weights", &output.new_weights),
    ] {
        told.set_item(name, numbers)?;
    }
    for (name, number) in [
        ("bias", output.bias),
        ("bias_gradient", output.bias_gradient),
        ("bias_step", output.bias_step),
        ("new_bias", output.new_bias),
    ] {
        told.set_item(name, number)?;
    }
    for (name, number) in [
        ("net_input", output.net_input),
        ("output", output.output),
        ("target", output.target),
        ("residual", output.residual),
        ("squared", output.squared),
        ("loss", output.loss),
        ("slope", output.slope),
        ("derivative", output.derivative),
        ("delta", output.delta),
        ("new_net_input", output.new_net_input),
        ("new_output", output.new_output),
        ("new_loss", output.new_loss),
    ] {
        told.set_item(name, number)?;
    }
    Ok(told)
}

/// A weight's gradient by the delta rule and by differences: the names of output and input, both, and how far they are apart.
type Checked = (String, String, f64, f64, f64);

/// The gradient against finite differences, at random weights: each weight's, the largest distance, and whether it is right, and whether nothing could be compared.
#[pyfunction]
pub(crate) fn check(py: Python<'_>, source: Source, settings: Settings) -> PyResult<(Vec<Checked>, f64, bool, bool)> {
    let data = source.data();
    let checked = without_lock(py, |stop| {
        let table = data.read(&settings, stop)?;
        let prepared = prepare(&table, &settings.choices()?)?;
        with_prepared(&table, &prepared, &settings, |ready| {
            // From all zeros many gradients are equal, and a mistake could hide.
            let choice = StartChoice::of_name("normal").unwrap_or(settings.init()?);
            let start = NamedStart::of(choice, &ready.problem, settings.seed).parameters;
            let source = breakable(ready.problem.source, stop);
            let problem = with_source(&ready.problem, &source);
            let check = check_gradient_of(&problem, &start, &checked_inputs(&ready.encoding))?;
            let (inputs, outputs) = (ready.encoding.input_names(), ready.encoding.target.output_names());
            let name = |feature: Option<usize>| feature.map_or("(bias)".to_owned(), |i| inputs[i].clone());
            let weights = check.weights.iter().map(|w| {
                (outputs[w.output].clone(), name(w.feature), w.by_delta_rule, w.by_differences, w.relative_error)
            });
            Ok((weights.collect(), check.worst, check.passes(), check.compares_nothing()))
        })
    })?;
    Ok(checked)
}

/// Many descents over the same records in the same passes, which differ in η, penalties, seeds and optimizers.
#[pyfunction]
pub(crate) fn sweep(py: Python<'_>, source: Source, settings: Vec<Settings>) -> PyResult<Vec<Descent>> {
    let data = source.data();
    let ended = without_lock(py, |stop| {
        let Some(first) = settings.first() else { return Ok(Vec::new()) };
        let table = data.read(first, stop)?;
        let prepared = prepare(&table, &first.choices()?)?;
        with_prepared(&table, &prepared, first, |ready| {
            let begins: Vec<Begin> =
                settings.iter().map(|settings| Begin::of(settings, None, &ready)).collect::<Result<_, Failure>>()?;
            let starts: Vec<Parameters> = begins.iter().map(|begin| begin.parameters.clone()).collect();
            let mut watchers: Vec<Watcher<'_>> = settings.iter().map(|_| Watcher::new(None, stop)).collect();
            // Raw values, so in the scaling of f64 in any case.
            let held_out = prepared.held_out.as_ref().map(|part| part as &dyn BlockSource<f64>);
            let held_out = held_out.map(|source| HeldOut { source, scaling: ready.problem.scaling });
            let is_narrow = first.is_narrow()?;
            let descended = if is_narrow {
                in_f32(&ready.problem, &prepared.training, |problem| {
                    let source = breakable(problem.source, stop);
                    descend_all(&with_source(problem, &source), &settings, starts, held_out, &mut watchers, stop)
                })
            } else {
                let source = breakable(ready.problem.source, stop);
                descend_all(&with_source(&ready.problem, &source), &settings, starts, held_out, &mut watchers, stop)
            };
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let (plans, fits) = descended?;
            let precision = if is_narrow { "f32" } else { "f64" };
            let runs = plans.into_iter().zip(fits).zip(&begins).zip(watchers);
            runs.map(|((run, begin), watcher)| {
                let (table, prepared) = (&table, &prepared);
                let record = Record { table, prepared, command: None, start: &begin.text, precision };
                Ended::of(&ready, &record, run, watcher)
            })
            .collect()
        })
    })?;
    ended.into_iter().map(|ended| Descent::of(py, ended)).collect()
}

/// The plans of all settings, and what their descents gave.
fn descend_all<T: Float>(
    problem: &Problem<'_, T>,
    settings: &[Settings],
    starts: Vec<Parameters>,
    held_out: Option<HeldOut<'_>>,
    watchers: &mut [Watcher<'_>],
    stop: &AtomicBool,
) -> Result<(Vec<Plan>, Vec<Fit>), Failure> {
    let mut plans = Vec::<Plan>::with_capacity(settings.len());
    for settings in settings {
        let config = settings.config()?;
        plans.push(match plans.first() {
            None => Plan::of(problem, &config)?,
            Some(plan) => plan.with(problem, &config)?,
        });
    }
    let fits = fit_many_watched(problem, &plans, starts, held_out, &mut |run, epoch: &Epoch<'_>| {
        let _ = watchers[run].look(epoch);
        unless(stop)
    })?;
    Ok((plans, fits))
}
