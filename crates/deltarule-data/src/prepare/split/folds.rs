//! Records in folds, each of which is held out once.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::cut::cuts;
use super::key::Keys;
use super::quota::evenly;
use super::{Parts, SplitKind, Splitter, counted};
use crate::error::{DataError, Result};
use crate::pages::RowSet;

/// More folds than this are refused.
const MOST: usize = 100;

/// Records in folds.
#[derive(Debug)]
pub struct Folds {
    parts: Parts,
    rule: FoldRule,
}

/// How records came into their folds.
#[derive(Debug, Clone, PartialEq)]
pub enum FoldRule {
    /// They were drawn.
    Drawn {
        /// Whether each fold has its share of each class.
        stratified: bool,
    },
    /// All records of a group are in one fold.
    Groups {
        /// The column with the groups.
        column: String,
        /// How many there are.
        n_groups: usize,
    },
    /// They are in the order of their times; before each fold that is held out, all earlier records are trained on.
    Time {
        /// The column with the time.
        column: String,
        /// How many records are in no fold since they have no time.
        without: usize,
    },
}

impl Folds {
    /// How many times there is something to train on and something held out.
    pub fn n_folds(&self) -> usize {
        match self.rule {
            FoldRule::Time { .. } => self.parts.words.len() - 1,
            _ => self.parts.words.len(),
        }
    }

    /// How records came into their folds.
    pub fn rule(&self) -> &FoldRule {
        &self.rule
    }

    /// The same in words.
    pub fn text(&self, seed: u64) -> String {
        let n = self.n_folds();
        match &self.rule {
            FoldRule::Drawn { stratified: false } => format!("{n} folds, drawn with seed {seed}"),
            FoldRule::Drawn { stratified: true } => {
                format!("{n} folds, drawn with seed {seed}, each class in its share")
            }
            FoldRule::Groups { column, n_groups } => format!(
                "{n} folds of the {} in column {column}, drawn with seed {seed}; no group is in two of them",
                counted(*n_groups, "group")
            ),
            FoldRule::Time { column, without } => {
                let without = match without {
                    0 => String::new(),
                    n => format!("; {} without a time are in none", counted(*n, "record")),
                };
                format!(
                    "{n} folds in the order of column {column}, each after training on all records before it{without}"
                )
            }
        }
    }

    /// The records to train on, and those of a fold.
    pub(in crate::prepare) fn sides(&self, fold: usize) -> (RowSet, RowSet) {
        let n_parts = self.parts.words.len();
        match self.rule {
            FoldRule::Time { .. } => (self.parts.together(0..fold + 1), self.parts.together(fold + 1..fold + 2)),
            _ => {
                let others = (0..n_parts).filter(|&part| part != fold);
                (self.parts.together(others), self.parts.together(fold..fold + 1))
            }
        }
    }
}

impl Splitter<'_> {
    /// Records in so many folds.
    ///
    /// Errors: fewer than two folds, or more than there can be.
    pub(in crate::prepare) fn folds(&self, n_folds: usize) -> Result<Folds> {
        let most = MOST.min(self.records.len());
        if !(2..=most).contains(&n_folds) {
            return Err(DataError::Folds { found: n_folds, n_records: self.records.len(), most });
        }
        match &self.by {
            None => {
                let parts = self.draw(|counts| evenly(counts, n_folds))?;
                Ok(Folds { parts, rule: FoldRule::Drawn { stratified: self.kind.n_classes() > 1 } })
            }
            Some((keys, SplitKind::Groups)) => self.folds_of_groups(keys, n_folds),
            Some((keys, SplitKind::Time)) => self.folds_in_time(keys, n_folds),
        }
    }

    /// The largest groups first, each into the fold that has the fewest records so far.
    fn folds_of_groups(&self, keys: &Keys, n_folds: usize) -> Result<Folds> {
        let mut groups = self.groups(keys, n_folds)?;
        // Groups of one size stay in the order in which they were drawn.
        groups.sort_by_key(|(_, n)| Reverse(*n));
        let mut sizes = vec![0_u64; n_folds];
        let mut fold_of: HashMap<u64, usize> = HashMap::with_capacity(groups.len());
        for (group, n) in groups {
            let smallest = (0..n_folds).min_by_key(|&fold| sizes[fold]).unwrap_or_default();
            sizes[smallest] += n;
            fold_of.insert(group, smallest);
        }
        let parts = Parts::of(self.table, self.records, &keys.wanted(), n_folds, |columns, row| {
            fold_of.get(&keys.group(columns, row)).copied()
        })?;
        Ok(Folds { parts, rule: FoldRule::Groups { column: keys.name().to_owned(), n_groups: fold_of.len() } })
    }

    /// One part more than there are folds, in the order of time: the first is only trained on.
    fn folds_in_time(&self, keys: &Keys, n_folds: usize) -> Result<Folds> {
        let n_parts = n_folds + 1;
        let shares: Vec<f64> = (1..n_parts).map(|part| part as f64 / n_parts as f64).collect();
        let cuts = cuts(self, keys, &shares)?;
        let mut without = 0;
        let parts = Parts::of(self.table, self.records, &keys.wanted(), n_parts, |columns, row| {
            let time = keys.value(columns, row);
            without += usize::from(time.is_nan());
            (!time.is_nan()).then(|| cuts.partition_point(|cut| *cut <= time))
        })?;
        Ok(Folds { parts, rule: FoldRule::Time { column: keys.name().to_owned(), without } })
    }
}
