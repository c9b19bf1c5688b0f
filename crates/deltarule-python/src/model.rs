//! A trained model, as Python holds it.

use std::path::PathBuf;

use deltarule_core::{Block, PreparedLayer, Scaling, most_probable};
use deltarule_data::FrameRows;
use deltarule_export::{Form, export};
use deltarule_model::{ClassType, FeatureKind, Model, Target};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::Failure;
use crate::stream::{Truths, ask};
use crate::train::{Data, Source};
use crate::watch::{unless, without_lock};

/// A trained model: its encoding, its weights and how it was trained. It does not change.
#[pyclass(frozen, name = "Model", module = "deltarule._core")]
pub(crate) struct PyModel(pub(crate) Model);

/// Weights, shape (outputs, inputs), and biases, shape (outputs,).
type WeightArrays<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>);

/// What is so, what a model says, and how often each record counts.
type ComparedArrays<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<f64>>, Option<Bound<'py, PyArray1<f64>>>);

/// What is asked of a model for each record.
#[derive(Clone, Copy)]
pub(crate) enum Asked {
    NetInputs,
    Outputs,
    Probabilities,
    Classes,
}

/// What a model says of records, block by block.
pub(crate) struct Answers<'a> {
    model: &'a Model,
    asked: Asked,
    scaling: Scaling,
    prepared: PreparedLayer,
    /// The outputs of a block, shape (outputs, records), and the probabilities of a record.
    outputs: Vec<f64>,
    probabilities: Vec<f64>,
    /// All answers so far, record by record.
    pub(crate) all: Vec<f64>,
}

impl<'a> Answers<'a> {
    pub(crate) fn of(model: &'a Model, asked: Asked) -> Result<Self, Failure> {
        let scaling = model.encoding().scaling();
        let prepared = model.layer().prepare(&model.encoding().shape(), &scaling)?;
        let probabilities = vec![0.0; model.encoding().target.classes().map_or(0, <[_]>::len)];
        Ok(Self { model, asked, scaling, prepared, outputs: Vec::new(), probabilities, all: Vec::new() })
    }

    /// How many answers each record has.
    pub(crate) fn width(&self) -> usize {
        match self.asked {
            Asked::NetInputs | Asked::Outputs => self.model.encoding().target.n_outputs(),
            Asked::Probabilities => self.probabilities.len(),
            Asked::Classes => 1,
        }
    }

    pub(crate) fn add(&mut self, block: &Block<'_, f64>) -> deltarule_core::Result<()> {
        let target = &self.model.encoding().target;
        match self.asked {
            Asked::NetInputs => self.model.layer().net_inputs_into(block, &self.scaling, &mut self.outputs)?,
            _ => self.prepared.outputs_into(block, &mut self.outputs)?,
        }
        let n = block.n_records();
        let mut row = Vec::with_capacity(target.n_outputs());
        for r in 0..n {
            row.clear();
            row.extend((0..target.n_outputs()).map(|j| self.outputs[j * n + r]));
            match self.asked {
                Asked::NetInputs | Asked::Outputs => self.all.extend_from_slice(&row),
                Asked::Probabilities => {
                    target.probabilities_into(&row, &mut self.probabilities);
                    self.all.extend_from_slice(&self.probabilities);
                }
                Asked::Classes => {
                    target.probabilities_into(&row, &mut self.probabilities);
                    self.all.push(most_probable(&self.probabilities) as f64);
                }
            }
        }
        Ok(())
    }
}

impl PyModel {
    /// What is asked for, record by record: how many numbers each has, and all of them.
    fn of_source(&self, py: Python<'_>, source: Source, asked: Asked) -> Result<(usize, Vec<f64>), Failure> {
        let (data, model) = (source.data(), &self.0);
        without_lock(py, |stop| {
            let (name, columns) = match data {
                Data::Frame(name, columns) => (name, columns),
                Data::Paths(paths) => {
                    let told = ask(model, &paths, asked, None, stop)?;
                    return Ok((told.width, told.answers));
                }
            };
            let rows = FrameRows::new(&name, columns, model.encoding())?;
            let mut answers = Answers::of(model, asked)?;
            answers.all.reserve(rows.n_records() * answers.width());
            for index in 0..rows.n_blocks() {
                if unless(stop).is_break() {
                    return Err(Failure::Interrupted);
                }
                let shown = rows.show(index, |block: &Block<'_, f64>| Ok(answers.add(block)?));
                shown.map_err(|error| Failure::of_prediction(error, model.encoding().missing))?;
            }
            Ok((answers.width(), answers.all))
        })
    }

    fn table<'py>(&self, py: Python<'py>, source: Source, asked: Asked) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (width, all) = self.of_source(py, source, asked)?;
        let n = all.len().checked_div(width).unwrap_or(0);
        all.into_pyarray(py).reshape([n, width])
    }
}

#[pymethods]
impl PyModel {
    /// Reads a model file.
    #[staticmethod]
    fn from_json(bytes: &[u8]) -> PyResult<Self> {
        Ok(Self(Model::from_bytes(bytes).map_err(Failure::from)?))
    }

    /// The model file.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        let make = slf.get_type().getattr("from_json")?;
        Ok((make, (PyBytes::new(py, slf.get().0.to_json().as_bytes()),)))
    }

    /// The outputs, shape (records, outputs).
    fn outputs<'py>(&self, py: Python<'py>, source: Source) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.table(py, source, Asked::Outputs)
    }

    /// The net inputs h, shape (records, outputs).
    fn net_inputs<'py>(&self, py: Python<'py>, source: Source) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.table(py, source, Asked::NetInputs)
    }

    /// The probability of each class, shape (records, classes).
    fn probabilities<'py>(&self, py: Python<'py>, source: Source) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.table(py, source, Asked::Probabilities)
    }

    /// The most probable class of each record, as its place, shape (records,).
    fn classes_of<'py>(&self, py: Python<'py>, source: Source) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (_, all) = self.of_source(py, source, Asked::Classes)?;
        Ok(PyArray1::from_iter(py, all.into_iter().map(|class| class as i64)))
    }

    /// What is so for each record of files and what the model says of it, each shape (records, outputs), or of classes their places, shape
    /// (records, 1); and how often each counts, which a column may say.
    #[pyo3(signature = (paths, weight=None))]
    fn compared<'py>(
        &self,
        py: Python<'py>,
        paths: Vec<PathBuf>,
        weight: Option<String>,
    ) -> PyResult<ComparedArrays<'py>> {
        let asked = if self.0.encoding().target.classes().is_some() { Asked::Classes } else { Asked::Outputs };
        let of_weight = weight.as_deref();
        let told = without_lock(py, |stop| ask(&self.0, &paths, asked, Some(Truths { weight: of_weight }), stop))?;
        let n = told.answers.len().checked_div(told.width).unwrap_or(0);
        let table = |values: Vec<f64>| values.into_pyarray(py).reshape([n, told.width]);
        let weights = weight.map(|_| told.weights.into_pyarray(py));
        Ok((table(told.truths)?, table(told.answers)?, weights))
    }

    /// The weights in the units of the columns, shape (outputs, inputs), and the biases, shape (outputs,).
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<WeightArrays<'py>> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        let n_outputs = self.0.encoding().target.n_outputs();
        for j in 0..n_outputs {
            let original = self.0.original_weights(j);
            weights.extend(original.weights);
            biases.push(original.bias);
        }
        let d = weights.len() / n_outputs.max(1);
        Ok((weights.into_pyarray(py).reshape([n_outputs, d])?, biases.into_pyarray(py)))
    }

    /// The weights in the units that were descended in, as above.
    fn scaled_weights<'py>(&self, py: Python<'py>) -> PyResult<WeightArrays<'py>> {
        let parameters = self.0.layer().parameters();
        let (d, n_outputs) = (parameters.n_features(), parameters.n_outputs());
        let weights: Vec<f64> = (0..n_outputs).flat_map(|j| parameters.weights(j).to_vec()).collect();
        let biases: Vec<f64> = (0..n_outputs).map(|j| parameters.bias(j)).collect();
        Ok((weights.into_pyarray(py).reshape([n_outputs, d])?, biases.into_pyarray(py)))
    }

    /// The columns that it needs.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.encoding().columns().into_iter().map(str::to_owned).collect()
    }

    /// The inputs, one for each number and each level.
    #[getter]
    fn input_names(&self) -> Vec<String> {
        self.0.encoding().input_names()
    }

    /// Of a model of sparse numbers the index of each input, counted from 0; None otherwise.
    #[getter]
    fn sparse_indices(&self) -> Option<Vec<u32>> {
        self.0.encoding().features.iter().find_map(|feature| match &feature.kind {
            FeatureKind::Sparse { first_index, features } => {
                Some(features.iter().map(|feature| feature.index - first_index).collect())
            }
            _ => None,
        })
    }

    /// The columns that it predicts.
    #[getter]
    fn targets(&self) -> Vec<String> {
        self.0.encoding().target.columns().into_iter().map(str::to_owned).collect()
    }

    /// The names of the outputs.
    #[getter]
    fn output_names(&self) -> Vec<String> {
        self.0.encoding().target.output_names()
    }

    /// The names of the classes; None for numbers.
    #[getter]
    fn classes(&self) -> Option<Vec<String>> {
        self.0.encoding().target.classes().map(<[_]>::to_vec)
    }

    /// What the classes are: number, boolean or text; None for a target of numbers, and where an old file does not say.
    #[getter]
    fn class_type(&self) -> Option<&'static str> {
        self.0.encoding().target.class_type().map(ClassType::name)
    }

    /// The targets of two classes, or of a class and the others.
    #[getter]
    fn class_targets(&self) -> Option<(f64, f64)> {
        match &self.0.encoding().target {
            Target::TwoClasses { low, high, .. } | Target::Classes { low, high, .. } => Some((*low, *high)),
            Target::Numbers { .. } => None,
        }
    }

    /// f, by its name or its formula.
    #[getter]
    fn activation(&self) -> String {
        self.0.layer().activation().name().to_owned()
    }

    /// How it was trained.
    fn training<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let training = self.0.training();
        let told = PyDict::new(py);
        told.set_item("version", &training.version)?;
        told.set_item("data", &training.data)?;
        told.set_item("rows", training.rows)?;
        told.set_item("rows_trained", training.rows_trained)?;
        told.set_item("rows_held_out", training.rows_held_out)?;
        told.set_item("loss", training.loss.to_string())?;
        told.set_item("optimizer", &training.optimizer)?;
        told.set_item("eta", training.eta)?;
        told.set_item("reduction", &training.reduction)?;
        told.set_item("batch", training.batch)?;
        told.set_item("init", &training.init)?;
        told.set_item("seed", training.seed)?;
        told.set_item("epochs", training.epochs)?;
        told.set_item("best_epoch", training.best_epoch)?;
        told.set_item("stop_reason", &training.stop_reason)?;
        told.set_item("loss_sum", training.loss_sum)?;
        told.set_item("baseline_loss_sum", training.baseline_loss_sum)?;
        Ok(told)
    }

    /// The model as ONNX, SQL or C.
    fn export<'py>(&self, py: Python<'py>, form: &str) -> PyResult<Bound<'py, PyBytes>> {
        let known = Form::ALL.iter().find(|known| known.name() == form);
        let form = *known.ok_or_else(|| Failure::Value(format!("form: found {form:?}, expected onnx, sql or c")))?;
        Ok(PyBytes::new(py, &export(&self.0, form).map_err(Failure::from)?))
    }
}
