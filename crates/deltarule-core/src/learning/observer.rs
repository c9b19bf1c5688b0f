//! Who watches a descent.

use std::ops::ControlFlow;

use crate::network::Parameters;

/// The state after some epochs; with accelerated steps, at the point where the gradient is taken.
#[derive(Debug, Clone, Copy)]
pub struct Epoch<'a> {
    /// How many epochs are done; 0 at the start.
    pub index: u64,
    /// E; for the squared error ½ΣΣ(y − ŷ)².
    pub loss: f64,
    /// N times the penalty on the weights.
    pub penalty: f64,
    /// The mean error of a prediction: see [`Gradient::mean_loss`](crate::Gradient::mean_loss).
    pub mean_loss: f64,
    /// η of the next step.
    pub eta: f64,
    /// The norm of the reduced gradient, in the units descended in.
    pub gradient_norm: f64,
    /// The largest correlation of a column with δ, which ends the descent when it is below the tolerance.
    pub correlation: f64,
    /// E of the records held out, where a descent is watched on them.
    pub held_out_loss: Option<f64>,
    /// The weights, in the units descended in.
    pub parameters: &'a Parameters,
}

/// Sees every epoch, and may end the descent.
pub trait Observer {
    /// Called at the start and after every epoch. `Break` interrupts the descent; the best weights are kept.
    fn epoch(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()>;
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &Epoch<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(&Epoch<'_>) -> ControlFlow<()>> Observer for F {
    fn epoch(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()> {
        self(epoch)
    }
}
