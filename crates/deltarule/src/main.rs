//! The command `deltarule`: single-layer networks on tables, trained by the delta rule.
//!
//! `main` is the map: arguments are read by [`cli`], each command has a file in [`commands`], what they share is in [`setup`]
//! (files to problem), [`scores`], [`report`] (words) and [`output`] (files and streams).

mod cli;
mod commands;
mod deciles;
mod decisions;
mod failure;
mod held;
mod intervals;
mod leak;
mod output;
mod record;
mod report;
mod rows;
mod rule;
mod scores;
mod setup;
mod spread;
mod valid;
mod weights_file;
mod worked;

use std::process::ExitCode;

use clap::Parser;
use deltarule_train::{number, sheet};

use cli::{Cli, Command};

fn main() -> ExitCode {
    failure::quieten_decoders();
    let cli = Cli::parse_from(cli::lists::unquoted(std::env::args_os()));
    if let Err(error) = setup::limit_width() {
        return failure::report(&error);
    }
    let done = match cli.command {
        Command::Train(args) => commands::train::run(&args),
        Command::Sweep(args) => commands::sweep::run(&args),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Show(args) => commands::show::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Plot(args) => commands::plot::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Exercise(args) => commands::exercise::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Play(args) => commands::play::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Completions { shell } => commands::completions::run(shell),
    };
    match done {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
