//! What pictures of a model on some records are made from, wherever both come from.

use anyhow::Result;
use deltarule_core::{
    Block, BlockSource, Column, ColumnScaling, Layer, Loss, Penalty, Random, Scaling, Slice, Stream, Threads,
    WeightUnits,
};
use deltarule_model::{FeatureKind, Model};
use deltarule_train::Breakable;

use super::names::Names;
use crate::scores::{Weighing, class_of, target_of};
use crate::{output, report};

/// A model and records.
#[derive(Clone)]
pub(crate) struct Ground<'a> {
    pub(crate) model: &'a Model,
    pub(crate) names: &'a Names,
    pub(crate) source: &'a dyn BlockSource<f64>,
    pub(crate) scaling: &'a Scaling,
    pub(crate) threads: &'a Threads,
    pub(crate) loss: Loss,
    pub(crate) penalty: Penalty,
    /// Whether some records count more than others in E.
    pub(crate) is_weighted: bool,
    /// How often each counts in tallies.
    pub(crate) weighing: Weighing<'a>,
    /// Model and data, in a line below the title.
    pub(crate) line: String,
    /// What a reader of the picture should know of the records.
    pub(crate) notes: Vec<String>,
}

impl<'a> Ground<'a> {
    /// The network as a slice in which weights can move.
    pub(crate) fn slice(&self, layer: &'a Layer, units: WeightUnits) -> Slice<'a, f64> {
        Slice {
            source: self.source,
            scaling: self.scaling,
            layer,
            loss: self.loss,
            penalty: self.penalty,
            units,
            threads: self.threads,
        }
    }

    /// E, as an axis has it.
    pub(crate) fn error_label(&self) -> String {
        let sum = report::sum_text(self.loss, self.model.layer().activation(), self.is_weighted);
        if self.penalty.is_none() { format!("E = {sum}") } else { format!("E = {sum} + penalty") }
    }

    /// The only input, where there is one number and nothing else: its name, its mean and its scaling.
    pub(super) fn only_input(&self) -> Option<(String, f64, ColumnScaling)> {
        let [feature] = &self.model.encoding().features[..] else { return None };
        let FeatureKind::Number { mean, scaling, .. } = &feature.kind else { return None };
        Some((feature.name.clone(), *mean, *scaling))
    }

    /// Whether records count in tallies as often as a column of weights says.
    pub(super) fn counts_by_column(&self) -> bool {
        self.weighing.by_column()
    }

    /// Shows every record with its predictions, block by block.
    ///
    /// Errors: those of the source.
    pub(super) fn for_each_scored(&self, mut visit: impl FnMut(&Scored<'_, '_>)) -> Result<()> {
        let target = &self.model.encoding().target;
        let n_outputs = target.n_outputs();
        let (mut of_block, mut failed) = (Vec::new(), None);
        let (mut targets, mut outputs) = (vec![0.0; n_outputs], vec![0.0; n_outputs]);
        for index in 0..self.source.n_blocks() {
            self.source.read(index, &mut |block| {
                if let Err(error) = self.model.layer().outputs_into(block, self.scaling, &mut of_block) {
                    failed = Some(error);
                    return;
                }
                let n = block.n_records();
                for row in 0..n {
                    for j in 0..n_outputs {
                        outputs[j] = of_block[j * n + row];
                        targets[j] = target_of(block, j, row);
                    }
                    let class = target.classes().map(|_| class_of(target, block, row));
                    let (_, weight) = self.weighing.of_record(block, row, class);
                    visit(&Scored { block, row, targets: &targets, outputs: &outputs, weight });
                }
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// A record with its prediction.
pub(super) struct Scored<'a, 'b> {
    block: &'a Block<'b, f64>,
    row: usize,
    /// y of each output.
    pub(super) targets: &'a [f64],
    /// ŷ of each output.
    pub(super) outputs: &'a [f64],
    /// How often it counts in a tally, as in the scores of `evaluate`.
    pub(super) weight: f64,
}

impl Scored<'_, '_> {
    /// x of the first column, as it was read; NaN where it is missing.
    pub(super) fn first_number(&self) -> f64 {
        match self.block.columns().first() {
            Some(Column::Numbers(values)) => values[self.row],
            Some(Column::Tiled(tiled)) => tiled.get(self.row),
            _ => f64::NAN,
        }
    }
}

/// More records than this are not drawn one by one or in squares.
const MOST_RECORDS: usize = 50_000;
/// What says which of them are.
const SEED: u64 = 1;

/// Chooses among so many records, one after the other, as many as are drawn: each set of them is as likely as any other. Source: Knuth, The Art of Computer
/// Programming 2, 3.4.2, algorithm S.
pub(super) struct Sample {
    random: Random,
    left: usize,
    wanted: usize,
    n: usize,
}

impl Sample {
    pub(super) fn of(n: usize) -> Self {
        Self { random: Random::new(SEED, Stream::Picture), left: n, wanted: n.min(MOST_RECORDS), n }
    }

    /// Whether the next record is drawn.
    pub(super) fn takes_next(&mut self) -> bool {
        let takes = self.wanted == self.left || self.random.uniform() * (self.left as f64) < self.wanted as f64;
        self.left = self.left.saturating_sub(1);
        self.wanted -= usize::from(takes && self.wanted > 0);
        takes
    }

    /// What is said where not all are drawn.
    pub(super) fn note(&self) -> Option<String> {
        let text = format!("{MOST_RECORDS} of the {} records are drawn, by chance with seed {SEED}", self.n);
        (self.n > MOST_RECORDS).then_some(text)
    }
}

/// What is said of records that do not all count once.
pub(crate) fn weight_text(column: &str) -> String {
    format!("each record counts as often as column {column} says")
}

/// Records that are no longer read once Ctrl-C is pressed, after whatever it stopped before.
pub(crate) fn stoppable(source: &dyn BlockSource<f64>) -> Breakable<'_, f64> {
    let stopped_before = output::interrupted();
    Breakable::new(source, move || output::interrupted() && !stopped_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_all_of_few_and_so_many_of_many() {
        let taken = |n: usize| {
            let mut sample = Sample::of(n);
            (0..n).filter(|_| sample.takes_next()).collect::<Vec<_>>()
        };
        assert_eq!(taken(50_000).len(), 50_000);
        assert!(Sample::of(50_000).note().is_none() && taken(0).is_empty());
        let some = taken(200_000);
        assert_eq!((some.len(), &some), (50_000, &taken(200_000)));
        // A quarter of each part of the table.
        for part in 0..10 {
            let n = some.iter().filter(|k| **k / 20_000 == part).count();
            assert!((4_700..5_300).contains(&n), "{part}: {n}");
        }
        assert!(Sample::of(200_000).note().unwrap().starts_with("50000 of the 200000 records"));
    }
}
