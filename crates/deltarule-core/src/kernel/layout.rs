//! Where the numbers of a block lie in memory.

use std::ops::Range;

use super::{GROUP_ROWS, LANES};

/// Where the rows of number columns lie: some of a column together, its run, and after the stride its next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// How many rows a run has: [`LANES`] or [`GROUP_ROWS`].
    run_rows: usize,
    /// From the begin of one run to the begin of the next.
    stride: usize,
}

impl Layout {
    /// Of a column that has its memory for itself.
    pub(crate) const ALONE: Self = Self { run_rows: GROUP_ROWS, stride: GROUP_ROWS };
    /// From so many columns on, the runs of columns that share their memory are short: rows are then read from as many places as there are runs
    /// in a group, of which more memory's answers are under way.
    const WIDE: usize = 128;

    /// Of so many columns that share their memory: after each run of a column comes the same run of the next.
    pub(crate) fn tiled(n_columns: usize) -> Self {
        if n_columns < Self::WIDE {
            Self { run_rows: GROUP_ROWS, stride: n_columns * GROUP_ROWS }
        } else {
            Self::of_short_runs(n_columns * LANES)
        }
    }

    /// Of runs of [`LANES`] rows.
    pub(super) fn of_short_runs(stride: usize) -> Self {
        Self { run_rows: LANES, stride }
    }

    /// How many rows of a column lie together.
    pub(crate) fn run_rows(self) -> usize {
        self.run_rows
    }

    /// Where a row stands, from the column's first value on.
    #[inline(always)]
    pub(crate) fn place(self, row: usize) -> usize {
        // Both lengths are powers of two.
        (row >> self.run_rows.trailing_zeros()) * self.stride + (row & (self.run_rows - 1))
    }

    /// Where each [`LANES`] rows stand from `start` on, which is a multiple of them.
    #[inline(always)]
    pub(super) fn places<const K: usize>(self, start: usize) -> [usize; K] {
        std::array::from_fn(|k| self.place(start + k * LANES))
    }

    /// Rows parted where runs end.
    pub(crate) fn runs(self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let Range { mut start, end } = rows;
        std::iter::from_fn(move || {
            let run = start..end.min((start / self.run_rows + 1) * self.run_rows);
            start = run.end;
            (!run.is_empty()).then_some(run)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_parted_where_runs_end() {
        let layout = Layout::of_short_runs(5 * LANES);
        let runs: Vec<_> = layout.runs(3..40).collect();
        assert_eq!(runs, [3..16, 16..32, 32..40]);
        assert_eq!(layout.runs(7..7).count(), 0);
        assert_eq!([3, 16, 39].map(|row| layout.place(row)), [3, 80, 167]);
    }
}
