//! `deltarule completions`: tab completion for a shell.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::output;

pub(crate) fn run(shell: clap_complete::Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "deltarule", &mut script);
    output::print_document(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
