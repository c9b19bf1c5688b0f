//! `deltarule play`: the page, with a person's data in it.

mod given;
mod server;

use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, bail};

use crate::cli::PlayArgs;
use crate::output::{self, OutputFile};

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The page holds what it is given as JSON in an element of its own, before the module.
const PLACE: &str = "<script type=\"text/plain\" id=\"wasm\">";

pub(crate) fn run(args: &PlayArgs) -> Result<ExitCode> {
    let Some(page) = PAGE else {
        bail!(
            "this program was built without the page; in its sources: cargo xtask page && cargo install --path crates/deltarule"
        );
    };
    if PAGE_IS_OLD {
        output::tell(
            "warning: the page in this program is older than the sources that it was built from; anew: cargo xtask page && cargo install \
             --path crates/deltarule",
        );
    }
    given::refuse_what_the_page_lacks(args)?;
    if let Some(path) = &args.export {
        output::check_not_read(path, &args.files.files_read(&args.data))?;
    }
    let file = args.export.as_ref().map(|path| OutputFile::create(path, args.force)).transpose()?;
    let page = with_data(page, args)?;
    if let (Some(mut file), Some(path)) = (file, &args.export) {
        file.write_all(page.as_bytes())?;
        file.finish()?;
        output::print(&format!("the page is in {}; it opens by a double click, without a network\n", path.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    output::catch_interrupts();
    server::serve(page, args.port, &mut |address| {
        output::print(&format!("{address}\nit can be seen on this machine alone; Ctrl-C ends it\n"))?;
        if !args.no_open {
            open(address);
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The page with the table in it, if one is named.
fn with_data(page: &str, args: &PlayArgs) -> Result<String> {
    if args.data.is_empty() {
        given::refuse_options_without_data(args)?;
        return Ok(page.to_owned());
    }
    let given = given::given(args)?.to_string();
    // A < could end the element in which the JSON stands.
    let element =
        format!("<script type=\"application/json\" id=\"given\">{}</script>\n{PLACE}", given.replace('<', "\\u003c"));
    if !page.contains(PLACE) {
        bail!("the page in this program is of another version; build it anew: cargo xtask page");
    }
    Ok(page.replacen(PLACE, &element, 1))
}

/// Opens an address in the person's browser. Where there is none the address, which was printed, is enough.
fn open(address: &str) {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let quiet = || Stdio::null();
    let _ = Command::new(program).args(before).arg(address).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
}
