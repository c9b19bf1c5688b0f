//! What pictures of a model on some records are made from, wherever both come from.

use anyhow::Result;
use deltarule_core::{
    BlockSource, Column, ColumnScaling, Layer, Loss, Penalty, Scaling, Slice, Targets, Threads, WeightUnits,
};
use deltarule_model::{FeatureKind, Model};

use super::names::Names;
use crate::report;

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
    /// Whether some records count more than others.
    pub(crate) is_weighted: bool,
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

    /// The only input, where there is one number and nothing else: its name, its values and its scaling.
    pub(super) fn only_input(&self) -> Result<Option<(String, Vec<f64>, ColumnScaling)>> {
        let [feature] = &self.model.encoding().features[..] else { return Ok(None) };
        let FeatureKind::Number { mean, scaling, .. } = &feature.kind else { return Ok(None) };
        let mut x = Vec::with_capacity(self.source.n_records());
        for index in 0..self.source.n_blocks() {
            self.source.read(index, &mut |block| match &block.columns()[0] {
                Column::Numbers(values) => x.extend_from_slice(values),
                Column::Tiled(tiled) => x.extend((0..block.n_records()).map(|r| tiled.get(r))),
                _ => {}
            })?;
        }
        // What is missing is taken to be the mean.
        x.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = *mean);
        Ok(Some((feature.name.clone(), x, *scaling)))
    }

    /// y and ŷ of all records.
    pub(super) fn scored(&self) -> Result<Scored> {
        let n = self.source.n_records();
        let n_outputs = self.model.encoding().target.n_outputs();
        let mut scored = Scored { n, targets: vec![0.0; n * n_outputs], outputs: vec![0.0; n * n_outputs] };
        let (mut of_block, mut before, mut failed) = (Vec::new(), 0, None);
        for index in 0..self.source.n_blocks() {
            self.source.read(index, &mut |block| {
                let rows = block.n_records();
                if let Err(error) = self.model.layer().outputs_into(block, self.scaling, &mut of_block) {
                    failed = Some(error);
                    return;
                }
                for j in 0..n_outputs {
                    let at = j * n + before;
                    scored.outputs[at..at + rows].copy_from_slice(&of_block[j * rows..(j + 1) * rows]);
                    for (r, y) in scored.targets[at..at + rows].iter_mut().enumerate() {
                        *y = match block.targets() {
                            Targets::Numbers(columns) => columns[j][r],
                            Targets::Classes { codes, high, .. } if codes[r] as usize == j => *high,
                            Targets::Classes { low, .. } => *low,
                        };
                    }
                }
                before += rows;
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
        }
        Ok(scored)
    }
}

/// y and ŷ of every record, output by output.
pub(super) struct Scored {
    n: usize,
    targets: Vec<f64>,
    outputs: Vec<f64>,
}

impl Scored {
    /// y of output `j`.
    pub(super) fn targets(&self, j: usize) -> &[f64] {
        &self.targets[j * self.n..(j + 1) * self.n]
    }

    /// ŷ of output `j`.
    pub(super) fn outputs(&self, j: usize) -> &[f64] {
        &self.outputs[j * self.n..(j + 1) * self.n]
    }

    /// p of every class, class by class. Shape: (classes, records).
    pub(super) fn probabilities(&self, model: &Model) -> Vec<Vec<f64>> {
        let target = &model.encoding().target;
        let n_classes = target.classes().map_or(0, |classes| classes.len());
        let mut found = vec![Vec::with_capacity(self.n); n_classes];
        let (mut outputs, mut p) = (vec![0.0; target.n_outputs()], vec![0.0; n_classes]);
        for r in 0..self.n {
            outputs.iter_mut().enumerate().for_each(|(j, output)| *output = self.outputs(j)[r]);
            target.probabilities_into(&outputs, &mut p);
            found.iter_mut().zip(&p).for_each(|(of_class, p)| of_class.push(*p));
        }
        found
    }
}
