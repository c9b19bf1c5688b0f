//! The loops that touch every value: the only place for `unsafe` and for code of one kind of machine.
//!
//! Every sum has a fixed order that is written in the source: [`LANES`] partial sums, element `r` in lane `r % LANES`, folded
//! from the first lane to the last. A compiler may put the lanes into registers of any width; the bits stay the same. No loop
//! fuses a multiplication with an addition; exp and tanh are our own, written without a branch, the other transcendental functions
//! `libm`'s, compiled from Rust.

mod float;
mod linear;
mod transcendental;
mod width;

pub use float::Float;
pub(crate) use linear::{
    add_column_products, add_multiples, add_weight_of_code, add_weighted_columns, dot, map_pairs, prefetch_values,
    scatter_add, standardize_into, sum, sum_squares,
};
pub(crate) use transcendental::tanh_and_derivative;
pub use width::Width;

/// How many partial sums a reduction keeps.
pub(crate) const LANES: usize = 16;
