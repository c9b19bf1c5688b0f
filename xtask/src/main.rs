//! `cargo xtask page`: the page of deltarule as a folder for any static host, and as one file that opens by a double click.

mod bundle;
mod page;
// Shared with the build script of the program, which has no use for all of it either.
#[allow(dead_code)]
#[path = "../../crates/deltarule/page_sources.rs"]
mod page_sources;
mod serve;
mod toolchain;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "cargo xtask page [--out FOLDER] [--serve [--port PORT]]

Builds the page: FOLDER (target/page) for any static host, and crates/deltarule-web/built/page.html, the same in one file, which the program
takes in the next time it is built: then there is deltarule play.

  --out FOLDER   where the folder goes (default: target/page)
  --serve        shows it on 127.0.0.1
  --port PORT    at this port (default: any that is free)
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("page") => {}
        Some("--help" | "-h") | None => {
            print!("{HELP}");
            return Ok(());
        }
        Some(other) => bail!("found {other:?}, expected page\n\n{HELP}"),
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let (mut out, mut is_served, mut port) = (root.join("target/page"), false, 0);
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| anyhow::anyhow!("{argument}: found nothing behind it, expected a value"));
        match argument.as_str() {
            "--out" => out = value()?.into(),
            "--port" => {
                let text = value()?;
                port = text
                    .parse()
                    .map_err(|_| anyhow::anyhow!("--port: found {text:?}, expected a number from 0 to 65535"))?;
            }
            "--serve" => is_served = true,
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            other => bail!("found {other:?}, expected --out, --serve or --port"),
        }
    }
    page::build(&root, &out)?;
    if is_served { serve::serve(&out, port) } else { Ok(()) }
}
