//! Which records have what is needed.

use std::ops::ControlFlow;

use deltarule_model::MissingRule;

use crate::error::{DataError, Result};
use crate::pages::{PAGE_ROWS, PageColumn, RowSet, Wanted};
use crate::table::Table;

/// The records that have a target and, where that is asked for, every feature; how many have no target; and how many lack a feature.
pub(super) fn choose_records(
    table: &Table,
    targets: &[usize],
    features: &[usize],
    rule: MissingRule,
) -> Result<(RowSet, usize, usize)> {
    let n = table.n_records();
    let with_gaps = |columns: &[usize]| -> Vec<usize> {
        columns.iter().copied().filter(|&index| table.columns()[index].facts.n_missing > 0).collect()
    };
    let targets = with_gaps(targets);
    let features = if rule.fills() { Vec::new() } else { with_gaps(features) };
    if targets.is_empty() && features.is_empty() {
        return Ok((RowSet::all(n), 0, 0));
    }
    let mut gaps = Gaps { counts: vec![0; features.len()], ..Gaps::default() };
    let mut words = vec![0_u64; n.div_ceil(64)];
    table.pages().show_each(&Wanted::of(targets.iter().chain(&features).copied()), |page, rows, columns| {
        for row in rows {
            let record = page * PAGE_ROWS + row;
            let keep = gaps.look(record, row, columns, &targets, &features);
            words[record / 64] |= u64::from(keep) << (record % 64);
        }
        ControlFlow::Continue(())
    })?;
    if rule == MissingRule::Error
        && let Some(first) = gaps.first
    {
        let before = n - gaps.without_target;
        let list: Vec<String> = features
            .iter()
            .zip(&gaps.counts)
            .filter(|(_, count)| **count > 0)
            .map(|(&index, count)| format!("{} ({count} of {before})", table.columns()[index].name))
            .collect();
        let (file, at) = (table.file(first).to_owned(), table.at(first));
        return Err(DataError::Missing { file, list: list.join(", "), at });
    }
    let records = RowSet::of_words(n, words);
    let (without_target, with_missing) = (gaps.without_target, gaps.with_missing);
    if records.len() == 0 {
        let (file, n_records) = (table.name().to_owned(), n);
        return Err(DataError::NoRecords { file, n_records, without_target, with_missing });
    }
    Ok((records, without_target, with_missing))
}

/// What was missing so far.
#[derive(Debug, Default)]
struct Gaps {
    without_target: usize,
    with_missing: usize,
    /// Of the records with a target, how many lack each feature.
    counts: Vec<usize>,
    /// The first record with a target that lacks a feature.
    first: Option<usize>,
}

impl Gaps {
    /// Whether a record is complete.
    fn look(&mut self, record: usize, row: usize, page: &[PageColumn], targets: &[usize], features: &[usize]) -> bool {
        if targets.iter().any(|&index| page[index].is_missing(row)) {
            self.without_target += 1;
            return false;
        }
        let mut complete = true;
        for (&index, count) in features.iter().zip(&mut self.counts) {
            if page[index].is_missing(row) {
                *count += 1;
                complete = false;
            }
        }
        if !complete {
            self.with_missing += 1;
            self.first.get_or_insert(record);
        }
        complete
    }
}
