//! What goes on while a descent runs: Ctrl-C, and a callback for each epoch.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use deltarule_core::{BlockSource, Epoch, Float};
use deltarule_train::Breakable;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Failure;

/// How often Python is asked whether to break off.
const PATIENCE: Duration = Duration::from_millis(50);

/// Does `work` on another thread, without Python's lock, and asks Python for signals meanwhile; after one, `work` is told by its argument, and
/// its result is Python's exception.
pub(crate) fn without_lock<R: Send>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> Result<R, Failure> + Send,
) -> Result<R, Failure> {
    let stop = AtomicBool::new(false);
    py.detach(|| {
        thread::scope(|scope| {
            let (sender, receiver) = channel();
            let stop = &stop;
            scope.spawn(move || {
                // The other end is there until this arrives.
                let _ = sender.send(work(stop));
            });
            let mut signal = None;
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(result) => return signal.map_or(result, |error| Err(Failure::Python(error))),
                    Err(RecvTimeoutError::Timeout) if signal.is_none() => {
                        if let Err(error) = Python::attach(|py| py.check_signals()) {
                            stop.store(true, Ordering::Relaxed);
                            signal = Some(error);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    // A panic, which the scope hands on.
                    Err(RecvTimeoutError::Disconnected) => return Err(Failure::Interrupted),
                }
            }
        })
    })
}

/// Goes on unless breaking off was asked for.
pub(crate) fn unless(stop: &AtomicBool) -> ControlFlow<()> {
    if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// The records of `source`, until breaking off is asked for.
pub(crate) fn breakable<'a, T: Float>(source: &'a dyn BlockSource<T>, stop: &'a AtomicBool) -> Breakable<'a, T> {
    Breakable::new(source, || stop.load(Ordering::Relaxed))
}

/// What is kept of each epoch, and who else is told.
pub(crate) struct Watcher<'a> {
    pub(crate) curve: Vec<f64>,
    pub(crate) held_out: Vec<f64>,
    pub(crate) etas: Vec<f64>,
    callback: Option<&'a Py<PyAny>>,
    stop: &'a AtomicBool,
    /// What the callback raised.
    pub(crate) raised: Option<PyErr>,
    /// Whether the callback asked for an end.
    pub(crate) ended: bool,
}

impl<'a> Watcher<'a> {
    pub(crate) fn new(callback: Option<&'a Py<PyAny>>, stop: &'a AtomicBool) -> Self {
        let (curve, held_out, etas) = (Vec::new(), Vec::new(), Vec::new());
        Self { curve, held_out, etas, callback, stop, raised: None, ended: false }
    }

    pub(crate) fn look(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()> {
        self.curve.push(epoch.loss);
        self.etas.push(epoch.eta);
        self.held_out.extend(epoch.held_out_loss);
        if let Some(callback) = self.callback {
            match Python::attach(|py| call(py, callback, epoch)) {
                Ok(false) => {}
                Ok(true) => {
                    self.ended = true;
                    return ControlFlow::Break(());
                }
                Err(error) => {
                    self.raised = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        unless(self.stop)
    }
}

/// Whether the callback asks for an end, by returning something that is true.
fn call(py: Python<'_>, callback: &Py<PyAny>, epoch: &Epoch<'_>) -> PyResult<bool> {
    let told = PyDict::new(py);
    told.set_item("epoch", epoch.index)?;
    told.set_item("loss", epoch.loss)?;
    told.set_item("mean_loss", epoch.mean_loss)?;
    told.set_item("eta", epoch.eta)?;
    told.set_item("gradient_norm", epoch.gradient_norm)?;
    told.set_item("correlation", epoch.correlation)?;
    told.set_item("held_out_loss", epoch.held_out_loss)?;
    callback.bind(py).call1((told,))?.is_truthy()
}
