//! Descent record by record: net input, δ and step of one record after the other, each on the weights that the one before left.

use super::dispatch::for_every_width;
use super::linear::prefetch_nearest;
use super::{Float, NET_INPUT_LANES, RUN_ROWS, RawColumn, Width};

/// So many values of one record that stand in one lane each.
pub(crate) type Lanes = [f64; NET_INPUT_LANES];

/// Records, row by row, ready to be gone through in any order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    /// x̃ of the number columns, filled up with zeros, shape (records, groups).
    pub(crate) numbers: Vec<Lanes>,
    /// How many groups of lanes a record has.
    pub(crate) n_groups: usize,
    /// The input, among all features, that each category switches on, shape (records, categories); [`NO_INPUT`] for none.
    pub(crate) inputs: Vec<u32>,
    pub(crate) n_categories: usize,
    /// Shape (records, J).
    pub(crate) targets: Vec<f64>,
}

/// A category without a level.
pub(crate) const NO_INPUT: u32 = u32::MAX;

/// Weights, or sums in their shape, in the form in which records are gone through.
#[derive(Debug, Clone)]
pub(crate) struct RecordWeights {
    /// Of the number columns, shape (J, groups).
    pub(crate) numbers: Vec<Lanes>,
    /// By feature, of which only those of categories count, shape (J, d).
    pub(crate) categories: Vec<f64>,
    /// Shape (J,).
    pub(crate) bias: Vec<f64>,
    pub(crate) has_bias: bool,
}

/// A record at which δ is not finite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BadRecord {
    /// Its position among the records.
    pub(crate) position: usize,
    pub(crate) output: usize,
    pub(crate) net_input: f64,
}

/// So many records ahead, memory is told which one will be wanted.
const AHEAD: usize = 6;

for_every_width! {
    /// Goes through records in an order. With `eta`, each one moves the weights by Δw = ηδx; without, `sums` takes in δx and the weights stay.
    ///
    /// `delta(y, h)` is δ of one output. Gives the first record at which it is not finite, if there is one.
    fn walk_records<F: [Fn(f64, f64) -> f64]>(
        records: &Records, order: &[u32], weights: &mut RecordWeights, eta: Option<f64>, sums: &mut RecordWeights,
        deltas: &mut [f64], delta: F,
    ) -> Option<BadRecord> {
        let Records { n_groups, n_categories, .. } = *records;
        let n_outputs = weights.bias.len();
        let d = weights.categories.len() / n_outputs.max(1);
        for (place, &position) in order.iter().enumerate() {
            let r = position as usize;
            if let Some(&next) = order.get(place + AHEAD) {
                let next = next as usize * n_groups;
                for group in 0..n_groups {
                    prefetch_nearest(records.numbers.as_ptr().wrapping_add(next + group));
                }
            }
            let x = &records.numbers[r * n_groups..(r + 1) * n_groups];
            let inputs = &records.inputs[r * n_categories..(r + 1) * n_categories];
            let targets = &records.targets[r * n_outputs..(r + 1) * n_outputs];
            for j in 0..n_outputs {
                let mut lanes = [0.0; NET_INPUT_LANES];
                for (w, x) in weights.numbers[j * n_groups..(j + 1) * n_groups].iter().zip(x) {
                    for l in 0..NET_INPUT_LANES {
                        lanes[l] += w[l] * x[l];
                    }
                }
                let mut h = 0.0;
                for lane in lanes {
                    h += lane;
                }
                for &input in inputs {
                    if input != NO_INPUT {
                        h += weights.categories[j * d + input as usize];
                    }
                }
                if weights.has_bias {
                    h += weights.bias[j];
                }
                let delta = delta(targets[j], h);
                if !delta.is_finite() {
                    return Some(BadRecord { position: r, output: j, net_input: h });
                }
                deltas[j] = delta;
            }
            let (into, factor) = match eta {
                Some(eta) => (&mut *weights, eta),
                None => (&mut *sums, 1.0),
            };
            for j in 0..n_outputs {
                let step = factor * deltas[j];
                for (w, x) in into.numbers[j * n_groups..(j + 1) * n_groups].iter_mut().zip(x) {
                    *w = std::array::from_fn(|l| w[l] + step * x[l]);
                }
                for &input in inputs {
                    if input != NO_INPUT {
                        into.categories[j * d + input as usize] += step;
                    }
                }
                if into.has_bias {
                    into.bias[j] += step;
                }
            }
        }
        None
    }
}

for_every_width! {
    /// Writes `into.len()/n_groups` rows of raw columns that lie within one run, from `start` on, centred, scaled and row by row.
    /// Shape: `into` (rows, groups).
    fn standardize_rows<T: [Float]>(
        columns: &[RawColumn<'_, T>], scales: &[RowScale], start: usize, n_groups: usize, into: &mut [Lanes],
    ) {
        let n_rows = (into.len() / n_groups.max(1)).min(RUN_ROWS);
        // Column by column first, in vectors, and then turned round.
        let mut inputs = [[0.0; RUN_ROWS]; NET_INPUT_LANES];
        for (group, (columns, scale)) in columns.chunks(NET_INPUT_LANES).zip(scales).enumerate() {
            inputs[columns.len()..].fill([0.0; RUN_ROWS]);
            for (l, (column, inputs)) in columns.iter().zip(&mut inputs).enumerate() {
                let (offset, factor, fill) = (scale.offset[l], scale.factor[l], scale.fill[l]);
                for (input, x) in inputs.iter_mut().zip(column.run(start, n_rows)) {
                    let x = x.to_f64();
                    let z = (x - offset) * factor;
                    *input = if x.is_nan() { fill } else { z };
                }
            }
            for r in 0..n_rows {
                into[r * n_groups + group] = std::array::from_fn(|l| inputs[l][r]);
            }
        }
    }
}

/// How a group of number columns is centred and scaled; all 0 where there is no column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowScale {
    pub(crate) offset: Lanes,
    pub(crate) factor: Lanes,
    pub(crate) fill: Lanes,
}
