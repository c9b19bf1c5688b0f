//! Which records are trained on, and which are held out.

use std::ops::ControlFlow;

use deltarule_core::{Random, Stream};
use deltarule_model::MissingRule;

use super::target::TargetKind;
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
    let features = if rule == MissingRule::Mean { Vec::new() } else { with_gaps(features) };
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
        let (file, line) = (table.file(first).to_owned(), table.line(first));
        return Err(DataError::Missing { file, list: list.join(", "), line });
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

/// Records to train on and records held out; classes keep their shares on both sides.
///
/// In the order of the table, each record is held out with the chance (how many are still wanted)/(how many are still to come), which
/// makes every choice of so many records as likely as any other. Source: Fan, Muller, Rezucha 1962 (Knuth, The Art of Computer
/// Programming, volume 2, 3.4.2, algorithm S).
pub(super) fn split(
    table: &Table,
    records: &RowSet,
    fraction: f64,
    seed: u64,
    kind: &TargetKind,
    targets: &[usize],
) -> Result<(RowSet, RowSet)> {
    let wrong = || DataError::Split { found: fraction, n_records: records.len() };
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(wrong());
    }
    // Numbers are a single class here, and need not be looked at.
    let wanted = Wanted::of(targets.iter().copied().filter(|_| kind.n_classes() > 1));
    let class_of = |columns: &[PageColumn], row: usize| match kind.n_classes() {
        1 => 0,
        _ => kind.class(&columns[targets[0]], row) as usize,
    };
    let mut to_come = vec![0_u64; kind.n_classes()];
    table.pages().show_each(&wanted, |page, shown, columns| {
        records.in_page(page, 0, |row| {
            if let Some(count) = to_come.get_mut(class_of(columns, shown.start + row)) {
                *count += 1;
            }
        });
        ControlFlow::Continue(())
    })?;
    let mut to_hold: Vec<u64> = to_come.iter().map(|&n| (n as f64 * fraction).round() as u64).collect();
    let n = table.n_records();
    let (mut training, mut held_out) = (vec![0_u64; n.div_ceil(64)], vec![0_u64; n.div_ceil(64)]);
    let mut random = Random::new(seed, Stream::Split);
    table.pages().show_each(&wanted, |page, shown, columns| {
        records.in_page(page, 0, |row| {
            let class = class_of(columns, shown.start + row);
            let (Some(to_come), Some(to_hold)) = (to_come.get_mut(class), to_hold.get_mut(class)) else { return };
            let hold = random.below(*to_come) < *to_hold;
            *to_come -= 1;
            *to_hold -= u64::from(hold);
            let record = page * PAGE_ROWS + row;
            let side = if hold { &mut held_out } else { &mut training };
            side[record / 64] |= 1 << (record % 64);
        });
        ControlFlow::Continue(())
    })?;
    let (training, held_out) = (RowSet::of_words(n, training), RowSet::of_words(n, held_out));
    if training.len() == 0 || held_out.len() == 0 {
        return Err(wrong());
    }
    Ok((training, held_out))
}
