//! Tables as blocks of raw columns, and tiles of them in cache.

mod block;
mod moments;
mod pass;
mod scaling;
mod source;
mod tile;

pub use block::{Block, Column, NO_LEVEL, Targets};
pub use moments::{ColumnMoments, Moments};
pub use pass::Threads;
pub(crate) use pass::fold_tiles;
pub use scaling::{ColumnScaling, Scaling};
pub use source::{BLOCK_ROWS, BlockSource, ColumnKind, Dataset, Shape};
pub(crate) use tile::{Tile, TileColumn};
