//! Stochastic steps over sparse records, in which a zero costs nothing although it is centred.
//!
//! A zero of feature i is x̃ = z_i, so that a step with a = ηδ moves every weight: by a(z_i + v_i) where v_i is stored, by a·z_i
//! elsewhere. What all weights have in common is kept apart as one number an output, t = Σa: w_i = u_i + z_i t, and only the u_i
//! of what is stored are touched. Σ_i w_i z_i, the part of h that all records share, is carried along: it grows by
//! a(Σ z_i v_i + Σ z_i²). That is the dense rule, exactly but for rounding; after each pool the weights are put together anew.

use super::{Lag, Pool};
use crate::data::{Scaling, Shape, SparseRows};
use crate::kernel::{
    BadRecord, Lanes, NET_INPUT_LANES, NO_INPUT, OnLine, RecordWeights, dot, fold_net_input, make_deltas,
};
use crate::network::Parameters;

/// The part of the weights of sparse features that is kept apart while steps are taken.
#[derive(Debug)]
pub(super) struct SparseSteps<'a> {
    shape: &'a Shape,
    scaling: &'a Scaling,
    /// t, one for each output.
    shift: Vec<f64>,
    /// The same of the lag behind the mean over the steps.
    lag_shift: Vec<f64>,
    /// Σ_i w_i z_i, one for each output.
    constant: Vec<f64>,
    /// Σ_i z_i².
    zero_squares: f64,
    /// Of a batch: Σδ, one for each output.
    delta_sums: Vec<f64>,
    /// Of a batch: the features of sparse columns and levels of categories that were there in some record, each once.
    touched: Vec<usize>,
    is_touched: Vec<bool>,
    /// z_i of every feature; 0 for those of other columns.
    zeros: Vec<f64>,
}

impl<'a> SparseSteps<'a> {
    /// At the start of an epoch; `None` where no column is sparse.
    pub(super) fn new(shape: &'a Shape, scaling: &'a Scaling, weights: &RecordWeights) -> Option<Self> {
        if !shape.has_sparse() {
            return None;
        }
        let n_outputs = weights.bias.len();
        let mut zeros = vec![0.0; shape.n_features()];
        for (features, sparse) in scaling.scaled_sparse(shape) {
            zeros[features].copy_from_slice(sparse.zeros());
        }
        let mut steps = Self {
            shape,
            scaling,
            shift: vec![0.0; n_outputs],
            lag_shift: vec![0.0; n_outputs],
            constant: vec![0.0; n_outputs],
            zero_squares: dot(&zeros, &zeros),
            delta_sums: vec![0.0; n_outputs],
            touched: Vec::new(),
            is_touched: vec![false; shape.n_features()],
            zeros,
        };
        steps.find_constants(weights);
        Some(steps)
    }

    /// Goes through records as [`walk_records`](crate::kernel::walk_records) does, with what is stored of sparse columns after the
    /// categories of each.
    #[allow(clippy::too_many_arguments)] // those of the dense loop
    pub(super) fn walk(
        &mut self,
        pool: &Pool,
        order: &[u32],
        weights: &mut RecordWeights,
        eta: Option<f64>,
        sums: &mut RecordWeights,
        deltas: &mut [f64],
        terms: (impl Fn(&mut [f64]), impl Fn(f64, f64) -> f64),
    ) -> Option<BadRecord> {
        let (n_outputs, n_groups) = (deltas.len(), pool.records().n_groups);
        let d = self.zeros.len();
        for &position in order {
            let r = position as usize;
            let row = Row::of(pool, r, n_outputs);
            for j in 0..n_outputs {
                let own = &weights.categories[j * d..(j + 1) * d];
                let mut h = row.net_input(own, &weights.numbers[j * n_groups..(j + 1) * n_groups]);
                for group in row.sparse {
                    h += self.stored_sum(group, r, own, j);
                }
                h += if weights.has_bias { weights.bias[j] + self.constant[j] } else { self.constant[j] };
                deltas[j] = h;
            }
            if let Some(bad) = make_deltas(pool.records(), r, row.targets, deltas, &terms) {
                return Some(bad);
            }
            let (into, factor) = match eta {
                Some(eta) => (&mut *weights, eta),
                None => (&mut *sums, 1.0),
            };
            for (j, delta) in deltas.iter().enumerate() {
                let step = factor * delta;
                let own = &mut into.categories[j * d..(j + 1) * d];
                row.add_products(step, own, &mut into.numbers[j * n_groups..(j + 1) * n_groups]);
                if into.has_bias {
                    into.bias[j] += step;
                }
                match eta {
                    Some(_) => self.step(&row, r, step, own, j),
                    None => self.add(&row, r, step, own, j),
                }
            }
        }
        None
    }

    /// Σ_k w_k v_k over what is stored of row `r`.
    fn stored_sum(&self, group: &SparseRows<f64>, r: usize, weights: &[f64], j: usize) -> f64 {
        let features = group.features();
        let (weights, zeros, shift) = (&weights[features.clone()], &self.zeros[features], self.shift[j]);
        let (indices, values) = group.row(r);
        indices.iter().zip(values).fold(0.0, |sum, (&i, v)| sum + (weights[i as usize] + zeros[i as usize] * shift) * v)
    }

    /// The step of one record, `factor` = ηδ, for what is stored of row `r`.
    fn step(&mut self, row: &Row<'_>, r: usize, factor: f64, weights: &mut [f64], j: usize) {
        let mut products = self.zero_squares;
        for group in row.sparse {
            let first = group.features().start;
            let (indices, values) = group.row(r);
            for (&i, v) in indices.iter().zip(values) {
                weights[first + i as usize] += factor * v;
                products += self.zeros[first + i as usize] * v;
            }
        }
        self.shift[j] += factor;
        self.constant[j] += factor * products;
    }

    /// Adds δ·v of what is stored of row `r` to a batch's sums.
    fn add(&mut self, row: &Row<'_>, r: usize, delta: f64, sums: &mut [f64], j: usize) {
        let levels = row.inputs.iter().filter(|input| **input != NO_INPUT).map(|&input| input as usize);
        for feature in levels {
            touch(&mut self.touched, &mut self.is_touched, feature);
        }
        for group in row.sparse {
            let first = group.features().start;
            let (indices, values) = group.row(r);
            for (&i, v) in indices.iter().zip(values) {
                sums[first + i as usize] += delta * v;
                touch(&mut self.touched, &mut self.is_touched, first + i as usize);
            }
        }
        self.delta_sums[j] += delta;
    }

    /// The plain step of a batch, w += η·factor·Σδx, for categories and sparse columns, which clears its sums.
    pub(super) fn take_plain(
        &mut self,
        sums: &mut RecordWeights,
        factor: f64,
        eta: f64,
        weights: &mut RecordWeights,
        mut lag: Option<&mut Lag>,
    ) {
        let d = self.zeros.len();
        let change = |sum: &mut f64| super::change(sum, factor, eta);
        for j in 0..self.shift.len() {
            let shift = change(&mut self.delta_sums[j]);
            let mut products = shift * self.zero_squares;
            for &feature in &self.touched {
                let change = change(&mut sums.categories[j * d + feature]);
                weights.categories[j * d + feature] += change;
                products += change * self.zeros[feature];
                if let Some(lag) = &mut lag {
                    lag.values.categories[j * d + feature] += lag.factor() * change;
                }
            }
            self.shift[j] += shift;
            self.lag_shift[j] += lag.as_ref().map_or(0.0, |lag| lag.factor() * shift);
            self.constant[j] += products;
        }
        self.forget();
    }

    /// Completes a batch's sums by what zeros add to them, for an optimizer that moves every weight.
    pub(super) fn complete(&mut self, descent: &mut Parameters) {
        for (j, total) in self.delta_sums.iter_mut().enumerate() {
            self.scaling.add_zeros(self.shape, std::mem::take(total), descent.weights_mut(j));
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.touched.drain(..).for_each(|feature| self.is_touched[feature] = false);
    }

    /// Puts the weights together, so that nothing is kept apart.
    pub(super) fn settle(&mut self, weights: &mut RecordWeights, lag: Option<&mut Lag>) {
        let d = self.zeros.len();
        if let Some(lag) = lag {
            for (lags, shift) in lag.values.categories.chunks_mut(d.max(1)).zip(&mut self.lag_shift) {
                let shift = std::mem::take(shift);
                lags.iter_mut().zip(&self.zeros).for_each(|(lag, zero)| *lag += shift * zero);
            }
        }
        for (j, shift) in self.shift.iter_mut().enumerate() {
            let shift = std::mem::take(shift);
            let own = weights.categories[j * d..(j + 1) * d].iter_mut().zip(&self.zeros);
            own.filter(|(_, zero)| **zero != 0.0).for_each(|(w, zero)| *w += shift * zero);
        }
        self.find_constants(weights);
    }

    fn find_constants(&mut self, weights: &RecordWeights) {
        let d = self.zeros.len();
        for (j, constant) in self.constant.iter_mut().enumerate() {
            let own = &weights.categories[j * d..(j + 1) * d];
            *constant = self.scaling.constant_of_zeros(self.shape, own).unwrap_or(0.0);
        }
    }
}

fn touch(touched: &mut Vec<usize>, is_touched: &mut [bool], feature: usize) {
    if !std::mem::replace(&mut is_touched[feature], true) {
        touched.push(feature);
    }
}

/// One record of a pool.
struct Row<'a> {
    numbers: &'a [OnLine<Lanes>],
    inputs: &'a [u32],
    targets: &'a [f64],
    sparse: &'a [SparseRows<f64>],
}

impl<'a> Row<'a> {
    fn of(pool: &'a Pool, r: usize, n_outputs: usize) -> Self {
        let records = pool.records();
        let (n_groups, n_categories) = (records.n_groups, records.n_categories);
        Self {
            numbers: &records.numbers[r * n_groups..(r + 1) * n_groups],
            inputs: &records.inputs[r * n_categories..(r + 1) * n_categories],
            targets: &records.targets[r * n_outputs..(r + 1) * n_outputs],
            sparse: pool.sparse(),
        }
    }

    /// The terms of number columns and categories, in the order of every other pass.
    fn net_input(&self, categories: &[f64], numbers: &[Lanes]) -> f64 {
        let mut lanes = [0.0; NET_INPUT_LANES];
        for (w, x) in numbers.iter().zip(self.numbers) {
            for l in 0..NET_INPUT_LANES {
                lanes[l] += w[l] * x.0[l];
            }
        }
        let h = fold_net_input(lanes);
        let levels = self.inputs.iter().filter(|input| **input != NO_INPUT);
        levels.fold(h, |h, &input| h + categories[input as usize])
    }

    fn add_products(&self, step: f64, categories: &mut [f64], numbers: &mut [Lanes]) {
        for (w, x) in numbers.iter_mut().zip(self.numbers) {
            for l in 0..NET_INPUT_LANES {
                w[l] += step * x.0[l];
            }
        }
        for &input in self.inputs.iter().filter(|input| **input != NO_INPUT) {
            categories[input as usize] += step;
        }
    }
}
