//! Which records are held out, and which fold each is in.

mod cut;
mod folds;
mod key;
mod quota;

use std::collections::HashMap;
use std::ops::ControlFlow;

use deltarule_core::{Random, Stream};

use super::target::TargetKind;
use crate::error::{DataError, Result};
use crate::pages::{PAGE_ROWS, PageColumn, RowSet, Wanted};
use crate::table::Table;
use cut::cuts;
pub use folds::{FoldRule, Folds};
use key::Keys;
use quota::shares;

/// The column by which records are kept together, or in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitBy {
    /// Its name.
    pub column: String,
    /// What it is taken as; `None`: time where it holds dates, groups otherwise.
    pub kind: Option<SplitKind>,
}

/// What a column is to a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitKind {
    /// Records with the same value are on the same side.
    Groups,
    /// The latest records are held out.
    Time,
}

/// How it was decided which records are held out.
#[derive(Debug, Clone, PartialEq)]
pub enum SplitRule {
    /// They were drawn.
    Drawn {
        /// Whether each class has its share of them.
        stratified: bool,
    },
    /// Groups were drawn.
    Groups {
        /// The column with the groups.
        column: String,
        /// How many groups are trained on.
        training: usize,
        /// How many are held out.
        held_out: usize,
    },
    /// They are the latest.
    Time {
        /// The column with the time.
        column: String,
        /// The latest time that is trained on.
        until: String,
        /// The earliest that is held out.
        from: String,
        /// How many records were left out since they have no time.
        without: usize,
    },
}

/// Records to train on, records held out, and how they came to be those.
pub(super) struct Sides {
    pub(super) training: RowSet,
    pub(super) held_out: RowSet,
    pub(super) rule: SplitRule,
}

/// What a split needs to know.
pub(super) struct Splitter<'a> {
    table: &'a Table,
    records: &'a RowSet,
    seed: u64,
    kind: &'a TargetKind,
    /// The positions of the target columns.
    targets: &'a [usize],
    by: Option<(Keys, SplitKind)>,
}

/// Sets of records of which none has a record of another.
#[derive(Debug)]
struct Parts {
    n_records: usize,
    words: Vec<Vec<u64>>,
}

impl Parts {
    /// Puts each record into the part that `place` says, if it says one.
    fn of(
        table: &Table,
        records: &RowSet,
        wanted: &Wanted,
        n_parts: usize,
        mut place: impl FnMut(&[PageColumn], usize) -> Option<usize>,
    ) -> Result<Self> {
        let n_records = table.n_records();
        let mut words = vec![vec![0_u64; n_records.div_ceil(64)]; n_parts];
        table.pages().show_each(wanted, |page, shown, columns| {
            records.in_page(page, 0, |row| {
                let record = page * PAGE_ROWS + row;
                if let Some(part) = place(columns, shown.start + row).and_then(|part| words.get_mut(part)) {
                    part[record / 64] |= 1 << (record % 64);
                }
            });
            ControlFlow::Continue(())
        })?;
        Ok(Self { n_records, words })
    }

    /// The records of some parts together.
    fn together(&self, parts: impl Iterator<Item = usize>) -> RowSet {
        let mut all = vec![0_u64; self.n_records.div_ceil(64)];
        for part in parts {
            all.iter_mut().zip(&self.words[part]).for_each(|(all, word)| *all |= word);
        }
        RowSet::of_words(self.n_records, all)
    }
}

impl<'a> Splitter<'a> {
    /// Errors: there is no such column, or it cannot be what it is to be.
    pub(super) fn new(
        table: &'a Table,
        records: &'a RowSet,
        seed: u64,
        (kind, targets): (&'a TargetKind, &'a [usize]),
        by: Option<&SplitBy>,
    ) -> Result<Self> {
        let by = by.map(|by| Keys::of(table, by)).transpose()?;
        Ok(Self { table, records, seed, kind, targets, by })
    }

    /// Records to train on and a share of them that is held out.
    ///
    /// Errors: one side is empty.
    pub(super) fn hold_out(&self, share: f64) -> Result<Sides> {
        let wrong = || DataError::Split { found: share, n_records: self.records.len() };
        if !(share > 0.0 && share < 1.0) {
            return Err(wrong());
        }
        let (parts, rule) = match &self.by {
            None => {
                let quotas = |counts: &[u64]| {
                    let held_out = shares(counts, share);
                    counts.iter().zip(held_out).map(|(n, held_out)| vec![held_out, n - held_out]).collect()
                };
                (self.draw(quotas)?, SplitRule::Drawn { stratified: self.kind.n_classes() > 1 })
            }
            Some((keys, SplitKind::Groups)) => self.hold_out_groups(keys, share)?,
            Some((keys, SplitKind::Time)) => self.hold_out_latest(keys, share)?,
        };
        let (held_out, training) = (parts.together(0..1), parts.together(1..2));
        if training.len() == 0 || held_out.len() == 0 {
            return Err(wrong());
        }
        Ok(Sides { training, held_out, rule })
    }

    /// Parts that are drawn, with as many records of each class as `quotas` makes of the records of the classes.
    ///
    /// In the order of the table, each record goes into a part with the chance (how many records of its class are still wanted
    /// there)/(how many are still to come), which makes every choice of so many records as likely as any other. Source: Fan, Muller,
    /// Rezucha 1962 (Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S).
    fn draw(&self, quotas: impl FnOnce(&[u64]) -> Vec<Vec<u64>>) -> Result<Parts> {
        // Numbers are a single class here, and need not be looked at.
        let n_classes = self.kind.n_classes();
        let wanted = Wanted::of(self.targets.iter().copied().filter(|_| n_classes > 1));
        let class_of = |columns: &[PageColumn], row: usize| match n_classes {
            1 => 0,
            _ => self.kind.class(&columns[self.targets[0]], row) as usize,
        };
        let mut to_come = vec![0_u64; n_classes];
        self.look(&wanted, |columns, row| {
            if let Some(count) = to_come.get_mut(class_of(columns, row)) {
                *count += 1;
            }
        })?;
        let mut quotas = quotas(&to_come);
        let n_parts = quotas.first().map_or(0, Vec::len);
        let mut random = Random::new(self.seed, Stream::Split);
        Parts::of(self.table, self.records, &wanted, n_parts, |columns, row| {
            let class = class_of(columns, row);
            let (to_come, quotas) = (to_come.get_mut(class)?, quotas.get_mut(class)?);
            let mut drawn = random.below(*to_come);
            *to_come -= 1;
            let part = quotas.iter().position(|&quota| {
                let here = drawn < quota;
                drawn = drawn.wrapping_sub(quota);
                here
            })?;
            quotas[part] -= 1;
            Some(part)
        })
    }

    /// Groups in a random order, and how many records each has.
    ///
    /// Errors: there are too few.
    fn groups(&self, keys: &Keys, least: usize) -> Result<Vec<(u64, u64)>> {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        self.look(&keys.wanted(), |columns, row| *counts.entry(keys.group(columns, row)).or_default() += 1)?;
        let mut groups: Vec<(u64, u64)> = counts.into_iter().collect();
        if groups.len() < least {
            let found = format!("{} of {} records", counted(groups.len(), "group"), self.records.len());
            return Err(keys.error(found, format!("at least {least}")));
        }
        groups.sort_unstable();
        Random::new(self.seed, Stream::Split).shuffle(&mut groups);
        Ok(groups)
    }

    /// Groups are taken in random order as long as they fit into the share that is to be held out.
    fn hold_out_groups(&self, keys: &Keys, share: f64) -> Result<(Parts, SplitRule)> {
        let groups = self.groups(keys, 2)?;
        let n: u64 = groups.iter().map(|(_, n)| n).sum();
        let mut room = ((n as f64 * share).round() as u64).clamp(1, n - 1);
        let mut held_out: HashMap<u64, usize> = HashMap::new();
        for &(group, n) in &groups {
            if n <= room {
                room -= n;
                held_out.insert(group, 0);
            }
        }
        // Where all are too large, the smallest comes nearest.
        if let (true, Some((group, _))) = (held_out.is_empty(), groups.iter().min_by_key(|(_, n)| n)) {
            held_out.insert(*group, 0);
        }
        let column = keys.name().to_owned();
        let rule = SplitRule::Groups { column, training: groups.len() - held_out.len(), held_out: held_out.len() };
        let parts = Parts::of(self.table, self.records, &keys.wanted(), 2, |columns, row| {
            Some(held_out.get(&keys.group(columns, row)).copied().unwrap_or(1))
        })?;
        Ok((parts, rule))
    }

    /// Records of one time are on one side; so their number is the nearest that there is to the share.
    fn hold_out_latest(&self, keys: &Keys, share: f64) -> Result<(Parts, SplitRule)> {
        let cut = cuts(self, keys, &[1.0 - share])?[0];
        let (mut until, mut from) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut without = 0;
        let parts = Parts::of(self.table, self.records, &keys.wanted(), 2, |columns, row| {
            let time = keys.value(columns, row);
            if time.is_nan() {
                without += 1;
                None
            } else if time >= cut {
                from = from.min(time);
                Some(0)
            } else {
                until = until.max(time);
                Some(1)
            }
        })?;
        let (column, until, from) = (keys.name().to_owned(), keys.text(until), keys.text(from));
        Ok((parts, SplitRule::Time { column, until, from, without }))
    }

    /// Shows every record to `visit`.
    fn look(&self, wanted: &Wanted, mut visit: impl FnMut(&[PageColumn], usize)) -> Result<()> {
        self.table.pages().show_each(wanted, |page, shown, columns| {
            self.records.in_page(page, 0, |row| visit(columns, shown.start + row));
            ControlFlow::Continue(())
        })
    }
}

impl SplitRule {
    /// What was decided, in words: how many of the records are held out, and which.
    pub(super) fn text(&self, held_out: usize, n: usize, seed: u64) -> String {
        let begin = format!("held out: {held_out} of {n} records");
        match self {
            SplitRule::Drawn { stratified: false } => format!("{begin}, drawn with seed {seed}"),
            SplitRule::Drawn { stratified: true } => {
                format!("{begin}, drawn with seed {seed}, each class in its share")
            }
            SplitRule::Groups { column, training, held_out } => format!(
                "{begin}, those of {held_out} of the {} in column {column}, drawn with seed {seed}; no group is on both sides",
                counted(training + held_out, "group")
            ),
            SplitRule::Time { column, until, from, without } => {
                let without = match without {
                    0 => String::new(),
                    n => format!("; {} without a time left out", counted(*n, "record")),
                };
                format!(
                    "{begin}, the latest by column {column}: from {from} on, after training on those up to {until}{without}"
                )
            }
        }
    }

    /// How many records are on neither side.
    pub fn without(&self) -> usize {
        if let SplitRule::Time { without, .. } = self { *without } else { 0 }
    }
}

/// A number with its noun.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
