//! Files that appear whole or not at all, standard output, and progress on the terminal.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use deltarule_data::find_files;
pub(crate) use deltarule_data::{quoted, quoted_list};
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempPath;

/// A file under way: written beside its place, and put there by [`finish`](Self::finish) only.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    beside: TempPath,
    writer: BufWriter<File>,
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
        let (file, beside) = file.into_parts();
        Ok(Self { path: path.to_owned(), beside, writer: BufWriter::new(file), force })
    }

    /// Puts the file into its place.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { path, beside, writer, force } = self;
        let named = |error: io::Error| cannot_write(&path.display(), &error);
        let file = writer.into_inner().map_err(|error| named(error.into_error()))?;
        file.sync_all().map_err(named)?;
        // A temporary file is for its owner alone; what a user asked for has the usual rights.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(named)?;
        }
        let placed = if force { beside.persist(&path) } else { beside.persist_noclobber(&path) };
        placed.map_err(|error| match error.error.kind() {
            ErrorKind::AlreadyExists => anyhow!("{}: is there by now; --force replaces it", path.display()),
            _ => named(error.error).into(),
        })
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(|error| cannot_write(&self.path.display(), &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|error| cannot_write(&self.path.display(), &error))
    }
}

/// An error of writing, with the name that the user knows, and what to try.
fn cannot_write(name: &dyn std::fmt::Display, error: &io::Error) -> io::Error {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "; make room, or write to another place"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("{name}: cannot be written: {error}{advice}"))
}

/// Standard output, whose errors say that they are its.
pub(crate) struct StandardOutput(io::StdoutLock<'static>);

impl StandardOutput {
    pub(crate) fn lock() -> Self {
        Self(io::stdout().lock())
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| cannot_write(&"standard output", &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|error| cannot_write(&"standard output", &error))
    }
}

/// Errors: the file is among those that a command reads, by their names or by patterns; it would be lost, whatever `--force` says.
pub(crate) fn check_not_read(path: &Path, read: &[PathBuf]) -> Result<()> {
    let is_read = |name: &PathBuf| {
        let files = find_files(std::slice::from_ref(name));
        same_file(name, path) || files.is_ok_and(|files| files.iter().any(|file| same_file(file, path)))
    };
    if read.iter().any(is_read) {
        bail!("{}: is a file that is read, expected another file to write to", path.display());
    }
    Ok(())
}

/// Errors: two of the files that the options name in one place, one of them among those that are `read`.
pub(crate) fn check_written(files: &[&PathBuf], options: &str, read: &[PathBuf]) -> Result<()> {
    for (index, path) in files.iter().enumerate() {
        if files[..index].iter().any(|other| same_file(other, path)) {
            bail!("{}: found twice among {options}, expected a file for each", path.display());
        }
        check_not_read(path, read)?;
    }
    Ok(())
}

/// Whether two names are of one file, which may not be there yet.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
    };
    a == b || (a.file_name() == b.file_name() && folder(a) == folder(b))
}

/// A text for a terminal: what comes of data, such as the name of a column, may have characters in it that move the cursor, colour or turn what follows. They
/// are written as in a program: `\u{1b}`.
fn readable(text: &str) -> Cow<'_, str> {
    written_out(text, |c| c != '\n' && acts(c))
}

/// A name or a level, with which a line goes on: ends of lines in it are written as in a program, too.
pub(crate) fn one_line(name: &str) -> Cow<'_, str> {
    written_out(name, acts)
}

/// Whether a terminal does something else with it than show it.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn written_out(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Prints a whole text for people to standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    print_document(&readable(text))
}

/// Says something on standard error. Whoever closed it does not want it.
pub(crate) fn tell(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{}", readable(&text.to_string()));
}

/// Prints a whole text for programs to standard output, byte by byte.
pub(crate) fn print_document(text: &str) -> Result<()> {
    let mut out = StandardOutput::lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints JSON to standard output.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<()> {
    print_document(&format!("{value:#}\n"))
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

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Makes Ctrl-C a request to stop, and so what a batch system sends at the end of a job's time (SIGTERM); a second one ends the program at once.
pub(crate) fn catch_interrupts() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let code = i32::from(crate::failure::INTERRUPTED);
        // Where no handler can be installed, a signal ends the program as it always does.
        let _ = ctrlc::set_handler(move || {
            if STOP.swap(true, Ordering::SeqCst) {
                std::process::exit(code);
            }
        });
        #[cfg(unix)]
        {
            use signal_hook::{consts::SIGTERM, flag};
            let second = flag::register_conditional_shutdown(SIGTERM, code, Arc::clone(&STOP));
            let _ = second.and_then(|_| flag::register(SIGTERM, Arc::clone(&STOP)));
        }
    });
}

/// Whether the program was asked to stop.
pub(crate) fn interrupted() -> bool {
    STOP.load(Ordering::Relaxed)
}
