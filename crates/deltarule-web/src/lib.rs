//! The page of deltarule: the core in WebAssembly.
//!
//! A [`Lab`] holds the points on the page, a table that can be changed with the mouse, and one or two [`Lane`]s, each a network with its settings and a walk
//! down the error: forward, and back to the very same weights. Every number on the page is the core's; the page itself draws.
//! [`Page`] is what JavaScript calls.

mod error;
mod lab;
mod lane;
mod page;
mod points;
mod settings;
mod views;
mod words;
mod worked;

pub use error::{PageError, Result};
pub use lab::Lab;
pub use lane::{Lane, NextStep, Seen, State, Walked};
pub use page::{Page, activations, cloud, columns, version};
pub use points::{Chosen, ColumnFact, FeatureName, Place, Points, columns_of};
pub use settings::Settings;
pub use views::{Axis, WeightName};
