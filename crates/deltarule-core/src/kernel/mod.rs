//! The loops that touch every value: the only place for `unsafe` and for code of one kind of machine.
//!
//! Every sum has a fixed order that is written in the source: [`LANES`] partial sums, element `r` in lane `r % LANES`, folded
//! from the first lane to the last. A compiler may put the lanes into registers of any width; the bits stay the same. No loop
//! fuses a multiplication with an addition, and every transcendental function is `libm`'s, compiled from Rust.

mod float;
mod linear;

pub use float::Float;
pub(crate) use linear::{add_scaled, add_weight_of_code, dot, scatter_add, standardize_into, sum, sum_squares};

/// How many partial sums a reduction keeps.
pub(crate) const LANES: usize = 16;
