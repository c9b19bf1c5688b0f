//! Files that appear whole or not at all, standard output, and progress on the terminal.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
pub(crate) use deltarule_data::quoted;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;

/// A file under way: written beside its place, and put there by [`finish`](Self::finish) only.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    writer: BufWriter<NamedTempFile>,
    force: bool,
}

impl OutputFile {
    /// Begins a file.
    ///
    /// Errors: it is there already and `force` is not given, or its folder cannot be written to.
    pub(crate) fn create(path: &Path, force: bool) -> Result<Self> {
        if path.is_dir() {
            bail!("{}: is a folder; name a file in it", path.display());
        }
        if path.exists() && !path.is_file() {
            bail!("{}: is a device or a pipe, expected a file that can be replaced as a whole", path.display());
        }
        if path.exists() && !force {
            bail!("{}: is there already; --force replaces it", path.display());
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            bail!("{}: there is no folder {}; create it first", path.display(), folder.display());
        }
        let file =
            tempfile::Builder::new().prefix(".deltarule-").suffix(".tmp").tempfile_in(folder).map_err(|error| {
                anyhow!("{}: cannot write into {}: {}", path.display(), folder.display(), error.kind())
            })?;
        Ok(Self { path: path.to_owned(), writer: BufWriter::new(file), force })
    }

    /// Puts the file into its place.
    pub(crate) fn finish(self) -> Result<()> {
        let file = self.writer.into_inner().map_err(|error| error.into_error())?;
        file.as_file().sync_all()?;
        // A temporary file is for its owner alone; what a user asked for has the usual rights.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        let placed = if self.force { file.persist(&self.path) } else { file.persist_noclobber(&self.path) };
        placed.with_context(|| format!("{}: cannot be written", self.path.display()))?;
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// Whether two names are of one file, which may not be there yet.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
    };
    a == b || (a.file_name() == b.file_name() && folder(a) == folder(b))
}

/// Prints a whole text to standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints JSON to standard output.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&format!("{value:#}\n"))
}

/// A progress bar on standard error, where that is a terminal and `quiet` is not asked for.
pub(crate) fn progress(quiet: bool, template: &str, length: Option<u64>) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match length {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C a request to stop; a second one ends the program at once.
pub(crate) fn catch_interrupts() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // Where no handler can be installed, Ctrl-C ends the program as it always does.
        let _ = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(crate::failure::INTERRUPTED));
            }
        });
    });
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    STOP.load(Ordering::Relaxed)
}
