//! What can go wrong with a picture.

use thiserror::Error;

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// There is nothing to draw.
    #[error("found no {what} that is finite, expected at least one")]
    Nothing {
        /// What there should be.
        what: &'static str,
    },
    /// A picture of no pixels, or of too many.
    #[error("found a picture of {width} × {height} pixels, expected at least 1 × 1 and at most 200 million in all")]
    Pixels {
        /// How wide.
        width: f64,
        /// How high.
        height: f64,
    },
    /// The picture cannot be brought into another form.
    #[error("the picture cannot be converted to {form}: {reason}")]
    Convert {
        /// The form.
        form: &'static str,
        /// Why, in the words of the library that does it.
        reason: String,
    },
}

/// A result with a [`PlotError`].
pub type Result<T> = std::result::Result<T, PlotError>;
