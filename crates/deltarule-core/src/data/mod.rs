//! Tables as blocks of raw columns, and tiles of them in cache.

mod block;
mod moments;
mod non_zeros;
mod pass;
mod scaling;
mod source;
mod sparse;
mod tile;

pub use block::{Block, Column, NO_LEVEL, Targets, TiledNumbers};
pub use moments::{ColumnMoments, Moments};
pub use non_zeros::NonZeros;
pub use pass::Threads;
pub(crate) use pass::{fold_blocks, fold_tiles};
pub use scaling::{ColumnScaling, Scaling};
pub use source::{BLOCK_ROWS, BlockSource, ColumnKind, Dataset, Shape};
pub(crate) use sparse::{SparseRows, SparseScaling};
pub(crate) use tile::{Ahead, Tile, TileColumn, rows_in_cache};

/// A sum over rows is folded into f64 after so many rows of a block: few enough for f32, and no matter of the size of a cache.
pub(crate) const STRIP_ROWS: usize = 1024;
