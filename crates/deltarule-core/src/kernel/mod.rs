//! The loops that touch every value: the only place for `unsafe` and for code of one kind of machine.
//!
//! Every sum has a fixed order that is written in the source. A sum over rows has [`LANES`] partial sums, row `r` in lane
//! `r % LANES`, added from the first to the last; a net input, a sum over columns, has [`NET_INPUT_LANES`], added by [`fold_net_input`]. A compiler may put
//! the lanes into registers of any width; the bits stay the same. No loop fuses a multiplication with an addition; exp and tanh are our own,
//! written without a branch, the other transcendental functions `libm`'s, compiled from Rust.

mod aligned;
mod dispatch;
#[cfg(target_arch = "x86_64")]
mod eight;
mod float;
mod layout;
mod linear;
mod raw;
mod records;
mod sixteen;
mod sparse;
mod tile;
mod transcendental;
mod width;

pub(crate) use aligned::{Aligned, OnLine};
pub use float::Float;
pub(crate) use layout::Layout;
pub(crate) use linear::{
    add_column_products, add_losses, add_multiples, add_terms, add_weight_of_code, all_finite, dot, fold, map_pairs,
    map_pairs_in_two, prefetch_next, prefetch_values, scatter_add, squared_deltas, standardize_into, sum, sum_squares,
};
pub(crate) use raw::{RawColumn, RawColumns, add_raw_products, add_raw_products_and_go_on, group_rows, raw_net_inputs};
pub(crate) use records::{
    BadRecord, Lanes, NO_INPUT, RecordWeights, Records, RowScale, make_deltas, standardize_rows, walk_records,
};
pub(crate) use sparse::{SparseSlices, add_sparse_net_inputs, add_sparse_products};
pub(crate) use tile::{add_tile_products, net_input, tile_net_inputs};
pub(crate) use transcendental::{tanh_and_derivative, tanh_and_derivative_of, tanh_exp};
pub use width::Width;

/// How many partial sums a sum over rows keeps.
pub(crate) const LANES: usize = 16;

/// How many partial sums a net input keeps: number column `i`, counted among the number columns, is in lane `i % NET_INPUT_LANES`. One
/// record's sum is then a few vector additions instead of a chain as long as the record.
pub const NET_INPUT_LANES: usize = 8;

/// How many lanes of a net input are left when its second half was added to its first.
const HALF: usize = NET_INPUT_LANES / 2;

/// Adds up the lanes of a net input: the second half to the first, lane by lane, and then the sums from the first to the last. One record's h
/// has to wait for four additions in a row and not for eight, and up to four columns are added in their order.
#[inline(always)]
pub fn fold_net_input<T: Float>(lanes: [T; NET_INPUT_LANES]) -> T {
    let mut total = T::ZERO;
    for l in 0..HALF {
        total += lanes[l] + lanes[l + HALF];
    }
    total
}

/// How many rows are gone through at a time, column by column.
pub(crate) const GROUP_ROWS: usize = 4 * LANES;
