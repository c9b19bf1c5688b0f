//! Pictures of a single-layer network and of its descent.
//!
//! Each picture is a struct of numbers and words that others worked out, with a `draw` that makes a [`Picture`] of it: SVG, which becomes PNG or PDF. Nothing here
//! computes a weight, an error or a prediction. The numbers that are drawn stand in the SVG with all their digits, as `data-…` attributes, beside the range
//! and the place of each axis, so that a picture can be checked and used again.
//!
//! ```
//! use deltarule_plot::{Function, Look, Words};
//! let points = (-40..=40).map(|k| f64::from(k) / 10.0).map(|h| (h, h.tanh(), 1.0 - h.tanh().powi(2))).collect();
//! let picture = Function {
//!     words: Words { title: "tanh".into(), ..Words::default() },
//!     value_label: "f(h) = tanh(h)".into(),
//!     derivative_label: "f'(h) = 1 − f(h)²".into(),
//!     points,
//!     jumps: Vec::new(),
//! };
//! let drawn = picture.draw(Look::default())?;
//! assert!(drawn.svg().contains("<title") && drawn.to_png(1.0)?.starts_with(b"\x89PNG") && drawn.to_pdf()?.starts_with(b"%PDF"));
//! # Ok::<(), deltarule_plot::PlotError>(())
//! ```

mod bowl;
mod calibration;
mod canvas;
mod contour;
mod curve;
mod error;
mod fit;
mod function;
mod iso;
mod marks;
mod panel;
mod pdf;
mod picture;
mod report;
mod scale;
mod svg;
mod text;
mod theme;
mod weights;

pub use bowl::{Bowl, BowlCurve, BowlStep};
pub use calibration::{Calibration, Decision, Group};
pub use canvas::{Look, Words};
pub use contour::{Contour, ContourStep};
pub use curve::{Curve, Run};
pub use error::{PlotError, Result};
pub use fit::{Fit, FitRecord, FitView};
pub use function::Function;
pub use marks::{Mark, MarkKind, Path, PathPoint};
pub use picture::Picture;
pub use report::{Part, Report, Section};
pub use scale::short;
pub use theme::Theme;
pub use weights::{Network, WeightRow, Weights};
