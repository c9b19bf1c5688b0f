//! What records are read from.

use serde::{Deserialize, Serialize};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFormat {
    /// Text whose fields are parted by a delimiter.
    Csv,
    /// An object of JSON on each line.
    JsonLines,
    /// libsvm's and SVMlight's text.
    Libsvm,
    /// Parquet and Arrow, the result of a query, and tables in memory.
    Batches,
}

impl FileFormat {
    /// Whether it is text, whose records have lines.
    pub fn has_lines(self) -> bool {
        self != FileFormat::Batches
    }

    /// What it is, for messages.
    pub fn name(self) -> &'static str {
        match self {
            FileFormat::Csv => "CSV",
            FileFormat::JsonLines => "JSON lines",
            FileFormat::Libsvm => "libsvm's format",
            FileFormat::Batches => "Parquet or Arrow",
        }
    }
}
