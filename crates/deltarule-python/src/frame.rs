//! Python's arrays and frames as columns, without a copy of numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::types::{Float64Type, Int32Type, Int64Type, UInt8Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, DictionaryArray, Int32Array, LargeStringArray, PrimitiveArray,
};
use deltarule_data::{FrameColumn, FrameValues};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList, PyString};
use pyo3_arrow::buffer::AnyBufferProtocol;
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};

/// Columns in memory, one after the other.
#[pyclass(frozen, module = "deltarule._core")]
pub(crate) struct Frame {
    /// What messages call it.
    pub(crate) name: String,
    columns: Mutex<Vec<FrameColumn>>,
}

impl Frame {
    /// Its columns, whose values are shared.
    pub(crate) fn columns(&self) -> Vec<FrameColumn> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, name: String, values: FrameValues) {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).push(FrameColumn { name, values });
    }

    fn push_coded(&self, name: String, codes: Int32Array, texts: LargeStringArray) -> PyResult<()> {
        let array = DictionaryArray::try_new(codes, Arc::new(texts))
            .map_err(|error| PyValueError::new_err(format!("column {name:?}: {error}")))?;
        self.push(name, FrameValues::Arrays(vec![Arc::new(array)]));
        Ok(())
    }
}

/// Texts of Python's as codes of different texts, in the order in which they come up; -1 is missing.
struct Coded {
    codes: Vec<i32>,
    texts: Vec<String>,
}

impl Coded {
    /// `None` where an object is neither a text nor stands for one that is missing. An object that comes up again is known by where it is, as
    /// most are in a column of categories, and is not looked at.
    ///
    /// Errors: a text with half of a surrogate pair, which no Unicode text has.
    fn of(name: &str, objects: &Bound<'_, PyList>) -> PyResult<Option<Self>> {
        let mut coded = Self { codes: Vec::with_capacity(objects.len()), texts: Vec::new() };
        let mut of_object: HashMap<*mut PyObject, i32> = HashMap::new();
        let mut of_text: HashMap<String, i32> = HashMap::new();
        for (object, record) in objects.iter().zip(1_u64..) {
            let no_text = |_| {
                let found = format!("found {object:?}, which is no Unicode text");
                PyValueError::new_err(format!(
                    "column {name:?}: record {record}: {found}; correct it, or drop the column"
                ))
            };
            // The list holds every object that was seen, so that no other one can have come to its place.
            let code = match of_object.entry(object.as_ptr()) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    let code = if let Ok(text) = object.cast::<PyString>() {
                        let text = text.to_str().map_err(no_text)?;
                        match of_text.get(text) {
                            Some(&code) => code,
                            None => {
                                let code = coded.texts.len() as i32;
                                coded.texts.push(text.to_owned());
                                of_text.insert(text.to_owned(), code);
                                code
                            }
                        }
                    } else if is_none(&object)? {
                        -1
                    } else {
                        return Ok(None);
                    };
                    *new.insert(code)
                }
            };
            coded.codes.push(code);
        }
        Ok(Some(coded))
    }
}

/// Whether an object stands for a value that is missing, as far as that can be seen without NumPy.
fn is_none(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if object.is_none() {
        return Ok(true);
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        return Ok(number.value().is_nan());
    }
    let kind = object.get_type().name()?;
    Ok(kind == "NAType" || kind == "NaTType")
}

/// One-dimensional numbers without a gap, in place.
fn buffer(values: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    Ok(values.extract::<AnyBufferProtocol>()?.into_arrow_array()?)
}

/// The same as numbers of one type, in place.
fn typed<T: ArrowPrimitiveType>(values: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<T::Native>> {
    let array = buffer(values)?;
    let array = array.as_any().downcast_ref::<PrimitiveArray<T>>();
    let found = || PyTypeError::new_err(format!("{what}: found an array of another type, expected {}", T::DATA_TYPE));
    Ok(array.ok_or_else(found)?.values().to_vec())
}

#[pymethods]
impl Frame {
    #[new]
    fn new(name: String) -> Self {
        Self { name, columns: Mutex::new(Vec::new()) }
    }

    /// The names of its columns.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.columns().into_iter().map(|column| column.name).collect()
    }

    /// How many records it has.
    #[getter]
    fn n_records(&self) -> usize {
        self.columns().first().map_or(0, FrameColumn::len)
    }

    /// Columns of a table that stands in memory column by column, or row by row; `values` is all of it, one-dimensional.
    #[pyo3(signature = (names, values, *, by_rows))]
    fn add_table(&self, names: Vec<String>, values: &Bound<'_, PyAny>, by_rows: bool) -> PyResult<()> {
        let (array, d) = (buffer(values)?, names.len());
        if d == 0 || array.len() % d != 0 {
            return Err(PyValueError::new_err(format!("found {} values for {d} columns", array.len())));
        }
        let n = array.len() / d;
        for (index, name) in names.into_iter().enumerate() {
            self.push(
                name,
                match by_rows && d > 1 {
                    true => FrameValues::Strided { array: array.clone(), first: index, stride: d },
                    false => FrameValues::Arrays(vec![array.slice(index * n, n)]),
                },
            );
        }
        Ok(())
    }

    /// A column of numbers, one-dimensional.
    fn add_numbers(&self, name: String, values: &Bound<'_, PyAny>) -> PyResult<()> {
        self.push(name, FrameValues::Arrays(vec![buffer(values)?]));
        Ok(())
    }

    /// The same, of every `stride`-th number.
    fn add_strided(&self, name: String, values: &Bound<'_, PyAny>, stride: usize) -> PyResult<()> {
        self.push(name, FrameValues::Strided { array: buffer(values)?, first: 0, stride });
        Ok(())
    }

    /// The same, of truth values as bytes: Arrow holds a bit of each.
    #[pyo3(signature = (names, values, *, by_rows))]
    fn add_truths(&self, names: Vec<String>, values: &Bound<'_, PyAny>, by_rows: bool) -> PyResult<()> {
        let (bytes, d) = (typed::<UInt8Type>(values, "truth values")?, names.len());
        if d == 0 || bytes.len() % d != 0 {
            return Err(PyValueError::new_err(format!("found {} values for {d} columns", bytes.len())));
        }
        let n = bytes.len() / d;
        for (index, name) in names.into_iter().enumerate() {
            let place = |row: usize| if by_rows { row * d + index } else { index * n + row };
            let truths: BooleanArray = (0..n).map(|row| Some(bytes[place(row)] != 0)).collect();
            self.push(name, FrameValues::Arrays(vec![Arc::new(truths)]));
        }
        Ok(())
    }

    /// A column of objects that are texts, some of which may be missing; false, and no column, where there are others.
    fn add_texts(&self, name: String, objects: &Bound<'_, PyList>) -> PyResult<bool> {
        let Some(Coded { codes, texts }) = Coded::of(&name, objects)? else { return Ok(false) };
        let codes = codes.into_iter().map(|code| (code >= 0).then_some(code)).collect();
        self.push_coded(name, codes, LargeStringArray::from_iter_values(texts))?;
        Ok(true)
    }

    /// A column of codes of texts; -1 is missing.
    fn add_categories(&self, name: String, codes: &Bound<'_, PyAny>, texts: Vec<String>) -> PyResult<()> {
        let codes = typed::<Int32Type>(codes, &name)?;
        let codes = codes.into_iter().map(|code| (code >= 0).then_some(code)).collect();
        self.push_coded(name, codes, LargeStringArray::from_iter_values(texts))
    }

    /// A column of classes, as codes of their names.
    fn add_classes(&self, name: String, codes: &Bound<'_, PyAny>, names: Vec<String>) -> PyResult<()> {
        let codes: Vec<u32> = typed::<Int32Type>(codes, &name)?
            .into_iter()
            .map(|code| u32::try_from(code).ok().filter(|code| (*code as usize) < names.len()))
            .collect::<Option<_>>()
            .ok_or_else(|| PyValueError::new_err(format!("column {name:?}: found a code without a class")))?;
        self.push(name, FrameValues::Classes { codes: codes.into(), names });
        Ok(())
    }

    /// A column of sparse numbers, row by row, as scipy holds them; `indices` are at most those of an i32.
    fn add_sparse(
        &self,
        name: String,
        starts: &Bound<'_, PyAny>,
        indices: &Bound<'_, PyAny>,
        values: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let wrong = |what: &str, found: i64| {
            PyValueError::new_err(format!("{what}: found {found} in a sparse matrix, expected a number from 0 on"))
        };
        let starts: Vec<usize> = typed::<Int64Type>(starts, "indptr")?
            .into_iter()
            .map(|start| usize::try_from(start).map_err(|_| wrong("indptr", start)))
            .collect::<PyResult<_>>()?;
        let indices: Vec<u32> = typed::<Int32Type>(indices, "indices")?
            .into_iter()
            .map(|index| u32::try_from(index).map_err(|_| wrong("indices", index.into())))
            .collect::<PyResult<_>>()?;
        let values = typed::<Float64Type>(values, "data")?;
        let ends = starts.last().copied().unwrap_or(0);
        if ends != values.len() || ends != indices.len() || starts.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(PyValueError::new_err("found a sparse matrix whose parts contradict each other"));
        }
        self.push(name, FrameValues::Sparse { starts: starts.into(), indices: indices.into(), values: values.into() });
        Ok(())
    }

    /// A column that exports itself by Arrow's PyCapsule interface.
    fn add_arrow(&self, name: String, values: AnyArray) -> PyResult<()> {
        let (arrays, _) = values.into_chunked_array()?.into_inner();
        self.push(name, FrameValues::Arrays(arrays));
        Ok(())
    }

    /// All columns of a table that exports itself by Arrow's PyCapsule interface, by their own names or by these.
    #[pyo3(signature = (table, names=None))]
    fn add_arrow_table(&self, table: AnyRecordBatch, names: Option<Vec<String>>) -> PyResult<()> {
        let (batches, schema) = table.into_table()?.into_inner();
        let names = names.unwrap_or_else(|| schema.fields().iter().map(|field| field.name().clone()).collect());
        if names.len() != schema.fields().len() {
            let (found, expected) = (names.len(), schema.fields().len());
            return Err(PyValueError::new_err(format!("found {found} names for {expected} columns")));
        }
        for ((index, field), name) in schema.fields().iter().enumerate().zip(names) {
            let mut arrays: Vec<ArrayRef> = batches.iter().map(|batch| batch.column(index).clone()).collect();
            if arrays.is_empty() {
                arrays.push(arrow_array::new_empty_array(field.data_type()));
            }
            self.push(name, FrameValues::Arrays(arrays));
        }
        Ok(())
    }
}
