//! The compiled part of the Python package `deltarule`.
//!
//! Arrays and frames become columns (`frame`), parameters the settings of the crates (`settings`); `train` makes a model of both, `insight`
//! numbers to look at; `model` is what it is to Python, and `stream` has it predict the records of files. `watch` lets go of Python's lock meanwhile, and sees to Ctrl-C; `error` makes exceptions of errors.

mod error;
mod frame;
mod insight;
mod model;
mod settings;
mod stream;
mod train;
mod watch;

use pyo3::prelude::*;

/// The compiled part of deltarule: what the classes in Python are made of.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DivergedError", module.py().get_type::<error::DivergedError>())?;
    module.add_class::<frame::Frame>()?;
    module.add_class::<model::PyModel>()?;
    module.add_class::<train::Descent>()?;
    module.add_function(wrap_pyfunction!(train::train, module)?)?;
    module.add_function(wrap_pyfunction!(train::train_further, module)?)?;
    module.add_function(wrap_pyfunction!(insight::explain, module)?)?;
    module.add_function(wrap_pyfunction!(insight::check, module)?)?;
    module.add_function(wrap_pyfunction!(insight::sweep, module)?)?;
    module.add("PARAMETERS", error::PARAMETERS.map(|(_, parameter)| parameter))?;
    module.add_function(wrap_pyfunction!(error::in_python, module)?)
}
