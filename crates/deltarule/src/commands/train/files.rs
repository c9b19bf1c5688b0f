//! The files that a training writes.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use deltarule_core::Loss;

use crate::cli::TrainArgs;
use crate::output::{self, OutputFile};

/// The files that a run writes, none of them in its place before the end.
pub(super) struct Files {
    pub(super) model: Option<OutputFile>,
    pub(super) trace: Option<OutputFile>,
    pub(super) path: Option<OutputFile>,
    pub(super) report: Option<OutputFile>,
}

impl Files {
    /// Begins them.
    ///
    /// Errors: two of them in one file, one of the files that are `read`, one that cannot be written.
    pub(super) fn create(args: &TrainArgs, read: &[PathBuf]) -> Result<Self> {
        let named = [&args.out, &args.trace, &args.path, &args.report, &args.memory.cache];
        let named: Vec<&PathBuf> = named.into_iter().flatten().collect();
        output::check_written(&named, "--out, --trace, --path, --report and --cache", read)?;
        let create =
            |path: &Option<PathBuf>| path.as_ref().map(|path| OutputFile::create(path, args.force)).transpose();
        let mut files = Self {
            model: create(&args.out)?,
            trace: create(&args.trace)?,
            path: create(&args.path)?,
            report: create(&args.report)?,
        };
        if let Some(path) = &mut files.path {
            writeln!(path, "epoch,output,feature,weight")?;
        }
        Ok(files)
    }

    /// The first line of the trace.
    pub(super) fn begin_trace(&mut self, loss: Loss, watched: bool) -> Result<()> {
        if let Some(trace) = &mut self.trace {
            let held_out = if watched { format!(",held_out_{}", loss.sum_name()) } else { String::new() };
            writeln!(trace, "epoch,{},{},eta,gradient_norm{held_out}", loss.sum_name(), loss.mean_name())?;
        }
        Ok(())
    }

    /// Trace and path, which are kept even where training failed.
    pub(super) fn finish_records(&mut self) -> Result<()> {
        for file in [self.trace.take(), self.path.take()].into_iter().flatten() {
            file.finish()?;
        }
        Ok(())
    }
}
