//! On which line of its file each record begins.

use serde::{Deserialize, Serialize};

/// The line of every record, where it is not simply the next one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Lines {
    /// From this record on, its line and those after it.
    pub(crate) jumps: Vec<(usize, u64)>,
}

impl Lines {
    pub(crate) fn push(&mut self, record: usize, line: u64) {
        if self.of(record) != line {
            self.jumps.push((record, line));
        }
    }

    /// Takes in the lines of the records that follow the first `n`.
    pub(crate) fn append(&mut self, n: usize, further: &Lines) {
        for (record, line) in &further.jumps {
            self.push(n + record, *line);
        }
    }

    pub(crate) fn of(&self, record: usize) -> u64 {
        let after = self.jumps.partition_point(|(first, _)| *first <= record);
        match after.checked_sub(1).and_then(|before| self.jumps.get(before)) {
            Some((first, line)) => line + (record - first) as u64,
            None => 0,
        }
    }
}
