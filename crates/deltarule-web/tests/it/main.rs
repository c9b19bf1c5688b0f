//! The page without a browser.

mod lanes;
mod points;
