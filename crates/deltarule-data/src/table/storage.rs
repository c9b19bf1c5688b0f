//! Where a table is held, for people.

/// Where a table is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// How many records are held in memory.
    pub in_memory: usize,
    /// How many are read from the file in every pass.
    pub on_disk: usize,
    /// How large that file is; a cache has all records.
    pub bytes_on_disk: u64,
    /// What became of the cache.
    pub cache: CacheUse,
}

/// What became of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheUse {
    /// None was asked for.
    None,
    /// The table came from it.
    Read,
    /// It was written.
    Written {
        /// Why the one that was there could not be used.
        remade: Option<&'static str>,
    },
}
