//! Where a picture goes, and in which form.

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use deltarule_plot::Picture;

use crate::cli::plot::PictureArgs;
use crate::output::{self, OutputFile};

/// The form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Svg,
    Png,
    Pdf,
}

/// Pixels of PNG for each of width and height, unless said otherwise: those of a screen that shows print sharply.
const SCALE: f64 = 2.0;

/// Where a picture will go, known before anything is read.
pub(super) struct Destination<'a> {
    args: &'a PictureArgs,
    file: Option<(OutputFile, Form)>,
}

impl<'a> Destination<'a> {
    /// Begins the file.
    ///
    /// Errors: an ending that is none of the forms; a file that is read, that is there already, or that cannot be written; a terminal.
    pub(super) fn open(args: &'a PictureArgs, read: &[&PathBuf]) -> Result<Self> {
        if let Some(path) = &args.out {
            let read: Vec<PathBuf> = read.iter().map(|path| (*path).clone()).collect();
            output::check_not_read(path, &read)?;
        }
        let form = args.out.as_deref().map(form_of).transpose()?;
        if let Some(scale) = args.scale.filter(|_| form != Some(Form::Png)) {
            bail!(
                "--scale: found {scale} for a picture without pixels, expected --out with the ending .png; --width and --height are for all forms"
            );
        }
        let (Some(path), Some(form)) = (&args.out, form) else {
            if std::io::stdout().is_terminal() {
                bail!(
                    "--out: found nothing, and standard output is a terminal; expected a file, such as --out picture.svg"
                );
            }
            return Ok(Self { args, file: None });
        };
        Ok(Self { args, file: Some((OutputFile::create(path, args.force)?, form)) })
    }

    /// Writes the picture.
    pub(super) fn save(self, picture: &Picture) -> Result<()> {
        let Some((mut file, form)) = self.file else { return output::print_document(&picture.to_svg_file()) };
        let bytes = match form {
            Form::Svg => picture.to_svg_file().into_bytes(),
            Form::Png => picture.to_png(self.args.scale.unwrap_or(SCALE)).context("--width, --height, --scale")?,
            Form::Pdf => picture.to_pdf()?,
        };
        file.write_all(&bytes)?;
        file.finish()
    }
}

fn form_of(path: &Path) -> Result<Form> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    Ok(match ending.as_deref() {
        Some("svg") => Form::Svg,
        Some("png") => Form::Png,
        Some("pdf") => Form::Pdf,
        _ => bail!("{}: found a name with another ending, expected .svg, .png or .pdf", path.display()),
    })
}
