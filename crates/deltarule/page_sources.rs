// A mark of the sources of the page, by which a page that was built is known as theirs. The page's builder (xtask) writes it into the page, and the
// build script of this crate compares: so no program shows an old page in silence.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// What the page is made of, from the root of the sources.
pub(crate) const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "crates/deltarule-core/src",
    "crates/deltarule-data/src",
    "crates/deltarule-model/src",
    "crates/deltarule-web/page",
    "crates/deltarule-web/src",
    "xtask/src",
];

/// Before and behind the mark in a page.
const ELEMENT: (&str, &str) = ("<meta name=\"deltarule-sources\" content=\"", "\">");

/// The mark of the files below `root`: of their names and all of their bytes (FNV-1a, 64 bits).
///
/// Errors: a folder or file that cannot be read.
pub(crate) fn mark_of(root: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        add(root.join(source), &mut files)?;
    }
    let mut mark = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            mark = (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).components();
        let name: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy()).collect();
        take(name.join("/").as_bytes());
        let bytes = fs::read(&file)?;
        take(&(bytes.len() as u64).to_le_bytes());
        take(&bytes);
    }
    Ok(format!("{mark:016x}"))
}

/// The files of a folder and of those in it, by name.
fn add(path: PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    entries.into_iter().try_for_each(|entry| add(entry, files))
}

/// The element of a page that holds a mark.
pub(crate) fn element(mark: &str) -> String {
    format!("{}{mark}{}", ELEMENT.0, ELEMENT.1)
}

/// The mark that a page holds.
pub(crate) fn mark_in(page: &str) -> Option<&str> {
    page.split_once(ELEMENT.0)?.1.split_once(ELEMENT.1).map(|(mark, _)| mark)
}
