//! E of every epoch of every run, in a file.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use anyhow::Result;
use deltarule_core::{Epoch, Loss, Penalty, Plan};

use crate::output::{self, OutputFile};

/// The file, if one was asked for.
pub(super) struct Trace {
    file: Option<OutputFile>,
    failed: Option<io::Error>,
    /// Which fold is held out, where there are folds.
    pub(super) fold: Option<String>,
}

impl Trace {
    pub(super) fn new(file: Option<OutputFile>) -> Self {
        Self { file, failed: None, fold: None }
    }

    /// The first line.
    pub(super) fn begin(&mut self, loss: Loss) -> Result<()> {
        if let Some(file) = &mut self.file {
            let fold = if self.fold.is_some() { "fold," } else { "" };
            let (sum, mean) = (loss.sum_name(), loss.mean_name());
            writeln!(file, "{fold}run,optimizer,l2,l1,seed,first_eta,epoch,{sum},{mean},eta")?;
        }
        Ok(())
    }

    /// A line of a run, whose number counts from 0. Breaks where it cannot be written, and where someone interrupts.
    pub(super) fn look(&mut self, run: usize, plan: &Plan, epoch: &Epoch<'_>) -> ControlFlow<()> {
        if let Some(file) = &mut self.file {
            let fold = self.fold.as_ref().map_or(String::new(), |fold| format!("{fold},"));
            let (optimizer, seed, eta) = (plan.optimizer.name(), plan.seed, plan.eta.eta);
            let (k, sum, mean) = (epoch.index, epoch.loss, epoch.mean_loss);
            let Penalty { l2, l1 } = plan.penalty;
            let row = writeln!(
                file,
                "{fold}{},{optimizer},{l2:?},{l1:?},{seed},{eta:?},{k},{sum:?},{mean:?},{:?}",
                run + 1,
                epoch.eta
            );
            if let Err(error) = row {
                self.failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        if output::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Errors: a line that could not be written.
    pub(super) fn check(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), |error| Err(error.into()))
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        self.file.take().map_or(Ok(()), OutputFile::finish)
    }
}
