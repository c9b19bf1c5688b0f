//! Why a record cannot be used.

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It has too few or too many fields.
    Fields,
    /// A word stands where there are numbers.
    Word,
    /// A number is infinite, or beyond 1e±150.
    Range,
    /// A text is no date.
    Date,
    /// A text is not UTF-8.
    Encoding,
    /// A value is missing that must not be.
    Missing,
    /// The target is none that can be learned, or scored.
    Target,
    /// The weight is missing, or no number from 0 on.
    Weight,
    /// The line is none of JSON lines, or of libsvm's format.
    Syntax,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Fields,
        Self::Word,
        Self::Range,
        Self::Date,
        Self::Encoding,
        Self::Missing,
        Self::Target,
        Self::Weight,
        Self::Syntax,
    ];

    /// One word, for files.
    pub fn name(self) -> &'static str {
        match self {
            Flaw::Fields => "fields",
            Flaw::Word => "word",
            Flaw::Range => "range",
            Flaw::Date => "date",
            Flaw::Encoding => "encoding",
            Flaw::Missing => "missing",
            Flaw::Target => "target",
            Flaw::Weight => "weight",
            Flaw::Syntax => "syntax",
        }
    }

    /// What is wrong, for people, after a number of records.
    pub fn text(self) -> &'static str {
        match self {
            Flaw::Fields => "with too few or too many fields",
            Flaw::Word => "with a word among numbers",
            Flaw::Range => "with a number out of range",
            Flaw::Date => "with a text that is no date",
            Flaw::Encoding => "with a text that is not UTF-8",
            Flaw::Missing => "with a missing value",
            Flaw::Target => "with a target that cannot be",
            Flaw::Weight => "with a weight that is none",
            Flaw::Syntax => "that cannot be read",
        }
    }
}
