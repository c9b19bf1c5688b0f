//! Which options were typed: those that differ from their defaults. A command refuses the ones that it would have no use for.

use anyhow::{Result, bail};
use deltarule_core::Eta;

use super::{BadRowArg, ColumnArgs, DescentArgs, FileArgs, MemoryArgs, MissingArg, NetworkArgs, RowArgs};

/// Options, and whether each was typed.
type Options<const N: usize> = [(&'static str, bool); N];

fn typed<const N: usize>(options: Options<N>) -> impl Iterator<Item = &'static str> {
    options.into_iter().filter(|(_, is_typed)| *is_typed).map(|(option, _)| option)
}

/// Errors: one of these options was typed, of which there is nothing to make.
pub(crate) fn refuse(mut options: impl Iterator<Item = &'static str>, found: &str, expected: &str) -> Result<()> {
    match options.next() {
        Some(option) => bail!("{option}: found {found}, expected {expected}"),
        None => Ok(()),
    }
}

impl ColumnArgs {
    pub(crate) fn typed(&self) -> impl Iterator<Item = &'static str> {
        typed([
            ("--target", !self.target.is_empty()),
            ("--features", !self.features.is_empty()),
            ("--drop", !self.drop.is_empty()),
            ("--categorical", !self.categorical.is_empty()),
            ("--hash", !self.hash.is_empty()),
            ("--date", !self.date.is_empty()),
            ("--missing", self.missing != MissingArg::Error),
            ("--min-count", self.min_count.is_some()),
            ("--interact", !self.interact.is_empty()),
            ("--poly", !self.poly.is_empty()),
            ("--task", self.task.is_some()),
            ("--scale", self.scale.is_some()),
        ])
    }
}

impl NetworkArgs {
    /// Those that say which network it is.
    pub(crate) fn typed_network(&self) -> impl Iterator<Item = &'static str> {
        typed([("--activation", self.activation.is_some()), ("--loss", self.loss.is_some())])
    }

    /// Those that say where it starts, and `--no-bias`.
    pub(crate) fn typed_start(&self) -> impl Iterator<Item = &'static str> {
        typed([("--no-bias", self.no_bias), ("--init", self.init.is_some()), ("--seed", self.seed != 0)])
    }
}

impl DescentArgs {
    pub(crate) fn typed(&self) -> impl Iterator<Item = &'static str> {
        typed([("--eta", self.eta != Eta::Auto), ("--reduction", self.reduction.is_some())])
    }
}

impl RowArgs {
    pub(crate) fn typed(&self) -> impl Iterator<Item = &'static str> {
        typed([
            ("--where", self.condition.is_some()),
            ("--on-bad-row", self.on_bad_row == BadRowArg::Skip),
            ("--rejects", self.rejects.is_some()),
            ("--max-bad", self.max_bad.is_some()),
        ])
    }
}

impl MemoryArgs {
    pub(crate) fn typed(&self) -> impl Iterator<Item = &'static str> {
        typed([("--memory", self.memory.is_some()), ("--cache", self.cache.is_some())])
    }
}

impl FileArgs {
    pub(crate) fn typed(&self) -> impl Iterator<Item = &'static str> {
        self.typed_csv().chain(typed([
            ("--index-base", self.index_base != "auto"),
            ("--sql", self.sql.is_some()),
            ("--table", !self.table.is_empty()),
        ]))
    }

    /// Those that say how CSV is written.
    pub(crate) fn typed_csv(&self) -> impl Iterator<Item = &'static str> {
        typed([
            ("--delimiter", self.delimiter.is_some()),
            ("--decimal", self.decimal != "."),
            ("--no-header", self.no_header),
            ("--header", self.header),
        ])
    }
}
