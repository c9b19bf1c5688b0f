//! How much memory a table may take up.

use std::sync::atomic::{AtomicUsize, Ordering};

/// While a table is read, so much text for each thread is on its way.
const READING: usize = 8 * 1024 * 1024;

/// How many bytes may be held, and how many are.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    threads: usize,
}

impl Budget {
    /// `total` bytes for a table that so many threads work on.
    pub(crate) fn new(total: usize, threads: usize) -> Self {
        Self { total, used: AtomicUsize::new(0), threads }
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// What is needed beside the pages in memory once there are others: for each thread the text that it parses, a page as it
    /// comes from the file and as it is handed on; and the page that is being filled.
    pub(crate) fn reserve(&self, page_bytes: usize) -> usize {
        (self.threads.saturating_mul(2) + 1).saturating_mul(page_bytes).saturating_add(self.threads * READING)
    }

    /// Takes so many bytes, if there are so many left beside the others.
    pub(crate) fn take_beside(&self, bytes: usize, others: usize) -> bool {
        let more = |used: usize| {
            let wanted = used.checked_add(bytes)?;
            (wanted.checked_add(others)? <= self.total).then_some(wanted)
        };
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives bytes back.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
