//! What is drawn on a surface: paths, places, steps.

/// A place on the way down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPoint {
    /// After so many passes over the table.
    pub epoch: u64,
    /// The weight, or both of them.
    pub at: (f64, f64),
    /// E there.
    pub error: f64,
}

/// The way that a descent took.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// What tells it from others.
    pub label: String,
    /// Its places, in order.
    pub points: Vec<PathPoint>,
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// The least E that was found.
    Minimum,
    /// Where weights are, which need not be a minimum.
    Here,
}

/// A place that is marked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// The weight, or both of them.
    pub at: (f64, f64),
    /// E there.
    pub error: f64,
    /// The words beside it.
    pub label: String,
}
