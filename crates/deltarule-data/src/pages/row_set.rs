//! Some records of a table: a bit for each, or all of them.

use super::PAGE_ROWS;

const WORD: usize = u64::BITS as usize;
const PAGE_WORDS: usize = PAGE_ROWS / WORD;

/// Some records of a table, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowSet {
    n_records: usize,
    /// A bit for each record; nothing where all records are in.
    words: Vec<u64>,
    /// How many members there are before each page, and in all.
    before: Vec<usize>,
}

impl RowSet {
    /// All of `n` records.
    pub(crate) fn all(n_records: usize) -> Self {
        Self { n_records, words: Vec::new(), before: Vec::new() }
    }

    /// Those whose bits are set.
    pub(crate) fn of_words(n_records: usize, words: Vec<u64>) -> Self {
        let mut before = vec![0];
        for page in words.chunks(PAGE_WORDS) {
            let members: u32 = page.iter().map(|word| word.count_ones()).sum();
            before.push(before[before.len() - 1] + members as usize);
        }
        let set = Self { n_records, words, before };
        if set.len() == n_records { Self::all(n_records) } else { set }
    }

    /// Whether all records are in.
    pub(crate) fn is_all(&self) -> bool {
        self.before.is_empty()
    }

    /// How many records are in.
    pub(crate) fn len(&self) -> usize {
        self.before.last().copied().unwrap_or(self.n_records)
    }

    pub(crate) fn contains(&self, record: usize) -> bool {
        record < self.n_records && (self.is_all() || self.words[record / WORD] >> (record % WORD) & 1 == 1)
    }

    /// How many members there are before a record.
    pub(crate) fn rank(&self, record: usize) -> usize {
        if self.is_all() {
            return record;
        }
        let (page, word) = (record / PAGE_ROWS, record / WORD);
        let whole: u32 = self.words[page * PAGE_WORDS..word].iter().map(|word| word.count_ones()).sum();
        let part = self.words.get(word).map_or(0, |bits| (bits & !(u64::MAX << (record % WORD))).count_ones());
        self.before[page] + (whole + part) as usize
    }

    /// The record of the member with `k` others before it. There must be so many.
    pub(crate) fn select(&self, k: usize) -> usize {
        if self.is_all() {
            return k;
        }
        let page = self.before.partition_point(|before| *before <= k) - 1;
        let mut left = k - self.before[page];
        for (index, &word) in self.words.iter().enumerate().skip(page * PAGE_WORDS) {
            let members = word.count_ones() as usize;
            if left < members {
                let mut bits = word;
                (0..left).for_each(|_| bits &= bits - 1);
                return index * WORD + bits.trailing_zeros() as usize;
            }
            left -= members;
        }
        self.n_records
    }

    /// Shows the members in a page, as rows of it, from `from` on.
    pub(crate) fn in_page(&self, page: usize, from: usize, mut visit: impl FnMut(usize)) {
        let end = PAGE_ROWS.min(self.n_records.saturating_sub(page * PAGE_ROWS));
        if self.is_all() {
            return (from..end).for_each(visit);
        }
        for at in from / WORD..end.div_ceil(WORD) {
            let mut bits = self.words[page * PAGE_WORDS + at];
            if at == from / WORD {
                bits &= u64::MAX << (from % WORD);
            }
            while bits != 0 {
                visit(at * WORD + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_and_selections_are_those_of_a_list(n in 1_usize..10_000, step in 1_usize..50, skew in 0_usize..7) {
            let keep = |record: usize| (record * 7 + skew) % step < step.div_ceil(2);
            let mut words = vec![0_u64; n.div_ceil(WORD)];
            (0..n).for_each(|record| words[record / WORD] |= u64::from(keep(record)) << (record % WORD));
            let set = RowSet::of_words(n, words);
            let list: Vec<usize> = (0..n).filter(|&record| keep(record)).collect();
            prop_assert_eq!(set.len(), list.len());
            prop_assert_eq!(set.is_all(), list.len() == n);
            for (k, &record) in list.iter().enumerate() {
                prop_assert_eq!((set.select(k), set.rank(record)), (record, k));
                prop_assert!(set.contains(record));
            }
            let mut found = Vec::new();
            for page in 0..n.div_ceil(PAGE_ROWS) {
                set.in_page(page, 0, |row| found.push(page * PAGE_ROWS + row));
            }
            prop_assert_eq!(&found, &list);
            let from = (n / 3).min(PAGE_ROWS);
            found.clear();
            set.in_page(0, from, |row| found.push(row));
            prop_assert_eq!(found, list.into_iter().filter(|r| (from..PAGE_ROWS).contains(r)).collect::<Vec<_>>());
        }
    }
}
