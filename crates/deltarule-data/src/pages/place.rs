//! Putting a file that has no name yet into its place.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Gives a file its name; another one of that name is replaced.
///
/// Errors: the system's. The place is then as it was.
pub(super) fn put_into_place(file: &File, path: &Path) -> io::Result<()> {
    file.sync_data()?;
    if link(file, path).is_ok() {
        return Ok(());
    }
    // No link can be made of a file without a name here: a copy, then, that gets its name at the end.
    let mut copy = tempfile::Builder::new().prefix(".deltarule-").suffix(".tmp").tempfile_in(folder_of(path))?;
    let mut from = file;
    from.seek(SeekFrom::Start(0))?;
    io::copy(&mut from, &mut copy)?;
    copy.as_file().sync_data()?;
    copy.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Links an unnamed file to a name beside its place, and moves it there.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use std::fs;
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    let beside = folder_of(path).join(format!(".deltarule-{}.tmp", std::process::id()));
    linkat(CWD, unnamed, CWD, &beside, AtFlags::SYMLINK_FOLLOW)?;
    fs::rename(&beside, path).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
