//! Random tables, and the two forms in which tests need them.

use deltarule_core::{Activation, Column, Dataset, Loss, Moments, Parameters, Problem, Scaling, Targets, Threads};
use deltarule_core::{Random, Stream};

use crate::oracle::Net;

/// A table held as the core holds it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column<'static, f64>>,
    pub(crate) targets: Targets<'static, f64>,
}

impl Table {
    /// Number columns and number targets.
    pub(crate) fn of(columns: Vec<Vec<f64>>, targets: Vec<Vec<f64>>) -> Self {
        Self {
            columns: columns.into_iter().map(|values| Column::Numbers(values.into())).collect(),
            targets: Targets::Numbers(targets.into_iter().map(Into::into).collect()),
        }
    }

    /// `n` records with number columns, category columns (with some unseen codes), missing values, and targets in (0, 1).
    pub(crate) fn random(seed: u64, n: usize, numbers: usize, levels: &[usize], outputs: usize, missing: bool) -> Self {
        let mut random = Random::new(seed, Stream::Split);
        let mut columns: Vec<Column<'static, f64>> = Vec::new();
        for index in 0..numbers {
            let scale = 10.0_f64.powi(index as i32 % 5 - 2);
            let values: Vec<f64> =
                (0..n)
                    .map(|r| {
                        if missing && r > 2 && random.below(7) == 0 {
                            f64::NAN
                        } else {
                            scale * (random.normal() + 1.0)
                        }
                    })
                    .collect();
            columns.push(Column::Numbers(values.into()));
        }
        for &n_levels in levels {
            let codes: Vec<u32> = (0..n)
                .map(|_| if missing && random.below(9) == 0 { u32::MAX } else { random.below(n_levels as u64) as u32 })
                .collect();
            columns.push(Column::Codes { codes: codes.into(), n_levels });
        }
        let targets = (0..outputs).map(|_| (0..n).map(|_| random.uniform()).collect::<Vec<f64>>().into()).collect();
        Self { columns, targets: Targets::Numbers(targets) }
    }

    pub(crate) fn dataset(&self) -> Dataset<'_, f64> {
        Dataset::from_columns(&self.columns, &self.targets).unwrap()
    }

    pub(crate) fn n(&self) -> usize {
        match &self.targets {
            Targets::Numbers(columns) => columns[0].len(),
            Targets::Classes { codes, .. } => codes.len(),
        }
    }

    /// One row a record, scaled, categories one-hot; and the targets.
    pub(crate) fn rows(&self, scaling: &Scaling) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let xs = (0..self.n())
            .map(|r| {
                let mut x = Vec::new();
                for (index, (column, scale)) in self.columns.iter().zip(scaling.columns()).enumerate() {
                    match column {
                        Column::Numbers(values) => x.push(scale.apply(values[r])),
                        Column::Tiled(tiled) => x.push(scale.apply(tiled.get(r))),
                        Column::Codes { codes, n_levels } => {
                            x.extend((0..*n_levels).map(|level| f64::from(u8::from(codes[r] as usize == level))));
                        }
                        Column::Sparse { n_columns, starts, indices, values } => {
                            let stored = starts[r]..starts[r + 1];
                            let value = |i: usize| {
                                let at = indices[stored.clone()].iter().position(|&index| index as usize == i);
                                at.map_or(0.0, |at| values[stored.start + at])
                            };
                            x.extend((0..*n_columns).map(|i| scaling.sparse(index)[i].apply(value(i))));
                        }
                    }
                }
                x
            })
            .collect();
        let ys = match &self.targets {
            Targets::Numbers(columns) => (0..self.n()).map(|r| columns.iter().map(|y| y[r]).collect()).collect(),
            Targets::Classes { codes, n_classes, low, high } => codes
                .iter()
                .map(|&code| (0..*n_classes).map(|k| if k == code as usize { *high } else { *low }).collect())
                .collect(),
        };
        (xs, ys)
    }
}

/// Runs `test` on the problem that a table and a network make.
pub(crate) fn with_problem<R>(
    table: &Table,
    standard: bool,
    bias: bool,
    activation: &Activation,
    threads: usize,
    test: impl FnOnce(&Problem<'_, f64>) -> R,
) -> R {
    let dataset = table.dataset();
    let threads = Threads::new(threads);
    let moments = Moments::of(&dataset, &threads).unwrap();
    let scaling = if standard { Scaling::standard(&moments) } else { Scaling::none(&moments, bias) };
    test(&Problem {
        source: &dataset,
        scaling: &scaling,
        moments: &moments,
        activation,
        loss: Loss::Squared,
        has_bias: bias,
        threads: &threads,
    })
}

/// Random weights, in both forms.
pub(crate) fn random_weights(
    seed: u64,
    d: usize,
    outputs: usize,
    bias: bool,
    activation: &Activation,
) -> (Parameters, Net) {
    let mut random = Random::new(seed, Stream::Start);
    let mut net = Net::new(d, outputs, bias, activation.clone());
    let mut flat = Vec::new();
    for j in 0..outputs {
        for i in 0..d {
            net.weights[i][j] = 0.5 * random.normal();
            flat.push(net.weights[i][j]);
        }
    }
    if let Some(b) = &mut net.bias {
        b.iter_mut().for_each(|b| *b = random.normal());
    }
    (Parameters::new(d, flat, net.bias.clone(), outputs).unwrap(), net)
}
