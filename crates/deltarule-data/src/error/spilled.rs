//! What cannot be written while a table is read, and what helps.

/// What goes to a file while a table is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spilled {
    /// The pages that do not fit into memory.
    Pages,
    /// All pages, for later runs.
    Cache,
    /// What can be read once only.
    Copy,
    /// What is in an object store.
    Object,
}

impl Spilled {
    /// What helps beside room.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Spilled::Pages => {
                "choose another folder with the variable TMPDIR, or allow more --memory, so that fewer pages need a file"
            }
            Spilled::Cache => "name another file with --cache",
            Spilled::Copy => "choose another folder with the variable TMPDIR, or give the file itself",
            Spilled::Object => "choose another folder with the variable TMPDIR",
        }
    }
}

impl std::fmt::Display for Spilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Spilled::Pages | Spilled::Cache => "the pages of the table",
            Spilled::Copy => "a copy of what can be read once only",
            Spilled::Object => "a copy of an object",
        })
    }
}

/// What a system's error means for a file that was to be written.
pub(super) fn spill_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}
