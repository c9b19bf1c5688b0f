//! What is seen and kept of a descent while it goes on.

use std::io::Write as _;
use std::ops::ControlFlow;

use anyhow::Result;
use deltarule_core::{Epoch, Fit, Parameters, Plan};
use deltarule_model::Encoding;
use indicatif::ProgressBar;

use super::files::Files;
use super::words::Say;
use crate::number::{digits, short};
use crate::{output, report, weights_file};

/// What a report shows of the way.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Weights, as `--path` has them.
    pub(super) states: Vec<(u64, Parameters)>,
    /// Epochs and E after them.
    pub(super) errors: Vec<(f64, f64)>,
    /// The same of the records held out, where descent is watched on them.
    pub(super) held_out: Vec<(f64, f64)>,
}

/// Sees every epoch: the bar, the trace, the path, what a report needs, Ctrl-C.
pub(super) struct Watcher<'a> {
    bar: ProgressBar,
    encoding: &'a Encoding,
    files: &'a mut Files,
    path: PathSample,
    seen: Seen,
    failed: Option<std::io::Error>,
    /// What is said once the first point has proved sound.
    opening: Option<String>,
    warning: Option<String>,
    say: &'a Say,
    epochs: u64,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(
        plan: &Plan,
        encoding: &'a Encoding,
        opening: String,
        say: &'a Say,
        files: &'a mut Files,
    ) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            encoding,
            files,
            path: PathSample { kept: Vec::new(), stride: 1, last: None },
            seen: Seen::default(),
            failed: None,
            opening: Some(opening),
            warning: report::eta_warning(plan),
            say,
            epochs: plan.epochs,
        }
    }

    pub(super) fn look(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()> {
        if let Some(opening) = self.opening.take() {
            self.say.line(&opening);
            if let Some(warning) = &self.warning {
                output::tell(format_args!("warning: {warning}"));
            }
            let template = "epoch {pos} (at most {len}) {elapsed} {spinner} {msg}";
            self.bar = output::progress(self.say.is_silent(), template, Some(self.epochs));
        }
        self.bar.set_position(epoch.index);
        if !self.bar.is_hidden() {
            self.bar.set_message(format!(
                "E = {}, largest correlation {}",
                short(epoch.loss),
                digits(epoch.correlation, 2)
            ));
        }
        if let Some(trace) = &mut self.files.trace {
            let held_out = epoch.held_out_loss.map_or(String::new(), |loss| format!(",{loss:?}"));
            let row = writeln!(
                trace,
                "{},{:?},{:?},{:?},{:?}{held_out}",
                epoch.index, epoch.loss, epoch.mean_loss, epoch.eta, epoch.gradient_norm
            );
            if let Err(error) = row {
                self.failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        if self.files.report.is_some() {
            self.seen.errors.push((epoch.index as f64, epoch.loss));
            self.seen.held_out.extend(epoch.held_out_loss.map(|loss| (epoch.index as f64, loss)));
        }
        if self.files.path.is_some() || self.files.report.is_some() {
            self.path.push(epoch);
        }
        if output::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn finish(mut self, fit: &Fit) -> Result<Seen> {
        self.bar.finish_and_clear();
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        // The last state is the one that is kept: the best weights, as in the model.
        self.path.finish(fit);
        if let Some(file) = &mut self.files.path {
            for (epoch, parameters) in &self.path.kept {
                file.write_all(weights_file::lines(&format!("{epoch},"), self.encoding, parameters).as_bytes())?;
            }
        }
        self.seen.states = self.path.kept;
        Ok(self.seen)
    }
}

/// Up to about a thousand states of the weights, evenly spread however long the run is; the first and the last among them.
struct PathSample {
    kept: Vec<(u64, Parameters)>,
    stride: u64,
    last: Option<(u64, Parameters)>,
}

impl PathSample {
    fn push(&mut self, epoch: &Epoch<'_>) {
        let numbers = epoch.parameters.n_features() * epoch.parameters.n_outputs();
        let most = (4_000_000 / numbers.max(1)).clamp(4, 1000);
        if epoch.index.is_multiple_of(self.stride) {
            self.kept.push((epoch.index, epoch.parameters.clone()));
            self.last = None;
        } else {
            self.last = Some((epoch.index, epoch.parameters.clone()));
        }
        if self.kept.len() > most {
            self.stride *= 2;
            let stride = self.stride;
            self.last = self.kept.last().filter(|(epoch, _)| !epoch.is_multiple_of(stride)).cloned();
            self.kept.retain(|(epoch, _)| epoch.is_multiple_of(stride));
        }
    }

    fn finish(&mut self, fit: &Fit) {
        self.kept.extend(self.last.take());
        if let Some((epoch, parameters)) = self.kept.last_mut()
            && *epoch == fit.best_epoch
        {
            parameters.clone_from(fit.layer.parameters());
        }
    }
}
