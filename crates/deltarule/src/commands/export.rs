//! `deltarule export`: a model in a form that runs without deltarule.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use deltarule_export::{Form, export};

use crate::cli::ExportArgs;
use crate::output::{self, OutputFile, StandardOutput};
use crate::setup;

pub(crate) fn run(args: &ExportArgs) -> Result<ExitCode> {
    let form = Form::from(args.to);
    let model = setup::read_model(&args.model)?;
    let bytes = export(&model, form).with_context(|| format!("{}: --to {form}", args.model.display()))?;
    match &args.out {
        Some(path) => {
            output::check_not_read(path, std::slice::from_ref(&args.model))?;
            let mut file = OutputFile::create(path, args.force)?;
            file.write_all(&bytes)?;
            file.finish()?;
        }
        None => {
            if form == Form::Onnx && std::io::stdout().is_terminal() {
                bail!("--to onnx: found a terminal, expected a file for what is no text: --out model.onnx");
            }
            let mut out = StandardOutput::lock();
            out.write_all(&bytes)?;
            out.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
