//! Descent by one record, or a few, a step.
//!
//! The order of an epoch is drawn anew from the seed: chunks of 256 records in random order, up to 32 of them at a time in a
//! pool (fewer where records are wider than 128 columns), and the records of a pool in random order. A table of up to 8192 records is thus shuffled as a whole, a larger one can
//! be read in pieces, no batch ends where a chunk does, and no pool is much smaller than another. The order is part of what a
//! seed means, and stays.

mod average;
mod pool;
mod sparse;

use std::ops::ControlFlow;

use super::{Loss, NotFiniteRecord, Optimizer, Reduction, Shrink, delta::delta_of};
use crate::data::{BlockSource, Scaling, Threads};
use crate::error::Result;
use crate::kernel::{Float, NET_INPUT_LANES, NO_INPUT, RecordWeights, Records, walk_records};
use crate::network::{Activation, Parameters, number_features};
use crate::random::{Random, Stream};
pub(super) use average::Average;
use average::Lag;
pub(super) use pool::Pool;
use sparse::SparseSteps;

/// How many consecutive records stay together when the table is shuffled.
const CHUNK_ROWS: usize = 256;
/// At most so many chunks are mixed record by record, and at least four.
const POOL_CHUNKS: usize = 32;
/// A pool is not larger than about this where that leaves it enough chunks.
const POOL_BYTES: usize = 8 << 20;
/// While the steps of one pool are taken, the next ones are filled: so many are alive.
const POOLS: usize = 3;

/// One step, as whoever watches an epoch sees it.
#[derive(Debug, Clone, Copy)]
pub struct BatchStep<'a> {
    /// The records of the step, from 1, in the order in which they were drawn; `None`: all of them.
    pub records: Option<&'a [u64]>,
    /// The weights after it, in the units descended in.
    pub parameters: &'a Parameters,
}

/// Sees every step of an epoch.
pub type OnStep<'a> = &'a mut (dyn FnMut(&BatchStep<'_>) + Send);

/// What one stochastic epoch needs beside the parameters.
pub(crate) struct StochasticEpoch<'a, T: Float> {
    pub(crate) source: &'a dyn BlockSource<T>,
    pub(crate) scaling: &'a Scaling,
    pub(crate) threads: &'a Threads,
    pub(crate) activation: &'a Activation,
    pub(crate) loss: Loss,
    pub(crate) reduction: Reduction,
    /// Σv/N, if records have weights.
    pub(crate) mean_weight: Option<f64>,
    pub(crate) batch: u64,
    pub(crate) seed: u64,
}

impl<T: Float> StochasticEpoch<'_, T> {
    /// Runs epoch `epoch` (from 1): ⌈N/B⌉ steps from `parameters`, each with `eta`. A short last batch is a step of its own.
    ///
    /// `pools` is room that is kept from epoch to epoch. `optimizer` is `None` for the plain delta rule, which with B = 1 touches only the
    /// weights whose inputs are there. `average` takes in every step, and `watch` sees it. The inner error is the record whose output was not finite; the parameters are then of no use.
    pub(crate) fn run(
        &self,
        epoch: u64,
        parameters: &mut Parameters,
        optimizer: Option<&mut dyn Optimizer>,
        eta: f64,
        (mut average, watch): (Option<&mut Average>, Option<OnStep<'_>>),
        pools: &mut Vec<Pool>,
    ) -> Result<std::result::Result<(), NotFiniteRecord>> {
        let mut random = Random::new(self.seed, Stream::Epoch(epoch));
        let mut chunks: Vec<usize> = (0..self.source.n_records().div_ceil(CHUNK_ROWS)).collect();
        random.shuffle(&mut chunks);
        let chunk_bytes = CHUNK_ROWS * size_of::<f64>() * self.source.shape().columns().len().max(1);
        let n_pools = chunks.len().div_ceil((POOL_BYTES / chunk_bytes).clamp(4, POOL_CHUNKS));
        // Pools of nearly the same size: a small last one would end the epoch on a few neighbouring records.
        let fill = |index: usize, pool: &mut Pool| -> Result<()> {
            let of_pool = &chunks[index * chunks.len() / n_pools..(index + 1) * chunks.len() / n_pools];
            let mut random = Random::part(self.seed, Stream::Epoch(epoch), index as u32 + 1);
            pool.fill(self.source, self.threads, of_pool, &mut random)
        };
        // The loop over single records has no place for what a mean adds up.
        let in_place = self.batch == 1 && optimizer.is_none() && average.is_none();
        let mut steps = Steps::new(self, parameters, optimizer, eta, in_place);
        steps.watch = watch.map(|on_step| Watch { on_step, records: Vec::new(), parameters: steps.parameters.clone() });
        steps.lag = average.as_ref().map(|average| average.begin(&steps.number_features));
        // A mean over a batch is one over so many records of the mean weight, so that steps follow the mean of the table.
        let weight_factor = self.mean_weight.map(|mean| self.reduction.factor(mean));
        pools.resize_with(POOLS, || Pool::new(self.source.shape(), self.scaling, weight_factor));
        let mut walked = Ok(());
        self.threads.make_ahead(pools, n_pools, fill, |pool| {
            walked = steps.walk(pool);
            steps.settle();
            if walked.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if walked.is_ok() {
            steps.finish();
            if let (Some(average), Some(lag)) = (&mut average, &steps.lag) {
                average.finish(lag, &steps.number_features);
            }
        }
        Ok(walked)
    }
}

/// The steps of an epoch, under way.
struct Steps<'a, 'e, 'o, 'w, T: Float> {
    epoch: &'a StochasticEpoch<'e, T>,
    parameters: &'a mut Parameters,
    optimizer: Option<&'o mut dyn Optimizer>,
    eta: f64,
    /// Whether each record moves the weights by itself, without a sum over a batch and without an optimizer.
    in_place: bool,
    /// The feature of each number column.
    number_features: Vec<usize>,
    weights: RecordWeights,
    /// Σδx of the batch so far.
    sums: RecordWeights,
    /// The same as the optimizer sees it.
    descent: Parameters,
    deltas: Vec<f64>,
    in_batch: u64,
    /// Of the batch so far, where steps are plain and no column is sparse: the inputs of categories that were there, some of them more
    /// than once; where they are as many as all inputs, those that came first.
    touched: Vec<u32>,
    /// What sparse columns keep apart; `None` where there is none.
    sparse: Option<SparseSteps<'a>>,
    /// Where the mean over the steps is wanted.
    lag: Option<Lag>,
    watch: Option<Watch<'w>>,
}

/// Whoever sees every step.
struct Watch<'w> {
    on_step: OnStep<'w>,
    /// Those of the batch so far.
    records: Vec<u64>,
    /// Room for what is shown.
    parameters: Parameters,
}

impl<'a, 'e, 'o, 'w, T: Float> Steps<'a, 'e, 'o, 'w, T> {
    fn new(
        epoch: &'a StochasticEpoch<'e, T>,
        parameters: &'a mut Parameters,
        optimizer: Option<&'o mut dyn Optimizer>,
        eta: f64,
        in_place: bool,
    ) -> Self {
        let number_features = number_features(epoch.source.shape());
        let (d, n_outputs, has_bias) = (parameters.n_features(), parameters.n_outputs(), parameters.has_bias());
        let weights = record_weights(parameters, &number_features);
        let sums = Parameters::zeros(if in_place { 0 } else { d }, n_outputs, has_bias);
        let summed: &[usize] = if in_place { &[] } else { &number_features };
        Self {
            sums: record_weights(&sums, summed),
            descent: sums,
            deltas: vec![0.0; n_outputs],
            in_batch: 0,
            touched: Vec::new(),
            sparse: SparseSteps::new(epoch.source.shape(), epoch.scaling, &weights),
            lag: None,
            watch: None,
            epoch,
            parameters,
            optimizer,
            eta,
            in_place,
            number_features,
            weights,
        }
    }

    /// Goes through the records of a pool in its order. The error is a record whose δ is not finite.
    fn walk(&mut self, pool: &Pool) -> std::result::Result<(), NotFiniteRecord> {
        let mut order = pool.order();
        if self.in_place && self.watch.is_none() {
            return self.walk_some(pool, order, Some(self.eta));
        }
        if self.in_place {
            for position in order.chunks(1) {
                self.walk_some(pool, position, Some(self.eta))?;
                self.note(pool, position);
                self.show();
            }
            return Ok(());
        }
        while !order.is_empty() {
            let room = (self.epoch.batch - self.in_batch).min(order.len() as u64) as usize;
            let (now, later) = order.split_at(room);
            self.touch(pool.records(), now);
            self.note(pool, now);
            self.walk_some(pool, now, None)?;
            self.in_batch += room as u64;
            order = later;
            if self.in_batch == self.epoch.batch {
                self.take();
            }
        }
        Ok(())
    }

    fn walk_some(&mut self, pool: &Pool, order: &[u32], eta: Option<f64>) -> std::result::Result<(), NotFiniteRecord> {
        let (loss, records) = (self.epoch.loss, pool.records());
        let (weights, sums, deltas) = (&mut self.weights, &mut self.sums, &mut self.deltas);
        // A loop of its own for the common activations, so that the compiler sees through the choice.
        macro_rules! walk {
            ($loss:expr, $activation:expr) => {{
                let delta = |y, h| delta_of($loss, $activation, y, h);
                let couple = |h: &mut [f64]| $activation.couple(h, 1);
                match &mut self.sparse {
                    None => walk_records(records, order, weights, eta, sums, deltas, (couple, delta)),
                    Some(sparse) => sparse.walk(pool, order, weights, eta, sums, deltas, (couple, delta)),
                }
            }};
        }
        let bad = match (loss, self.epoch.activation) {
            (Loss::Squared, Activation::Identity) => walk!(Loss::Squared, &Activation::Identity),
            (Loss::Squared, Activation::Sigmoid) => walk!(Loss::Squared, &Activation::Sigmoid),
            (Loss::Squared, Activation::Tanh) => walk!(Loss::Squared, &Activation::Tanh),
            (Loss::Log, Activation::Sigmoid) => walk!(Loss::Log, &Activation::Sigmoid),
            (loss, Activation::Identity) => walk!(loss, &Activation::Identity),
            (loss, activation) => walk!(loss, activation),
        };
        bad.map_or(Ok(()), |bad| {
            let value = self.epoch.activation.value(bad.net_input);
            let (record, net_input) = (pool.record(bad.position), bad.net_input);
            Err(NotFiniteRecord { record, output: bad.output, net_input, value })
        })
    }

    /// Takes note of the inputs of categories of some records.
    fn touch(&mut self, records: &Records, order: &[u32]) {
        let (n, d) = (records.n_categories, self.parameters.n_features());
        if n == 0 || self.sparse.is_some() || self.optimizer.is_some() {
            return;
        }
        for &position in order {
            if self.touched.len() >= d {
                break;
            }
            let inputs = &records.inputs[position as usize * n..(position as usize + 1) * n];
            self.touched.extend(inputs.iter().filter(|input| **input != NO_INPUT));
        }
    }

    /// One step over the records of the batch so far, if there are any.
    fn take(&mut self) {
        if self.in_batch == 0 {
            return;
        }
        let factor = self.epoch.reduction.factor(self.in_batch as f64);
        if self.optimizer.is_none() {
            take_common(&mut self.sums, factor, self.eta, &mut self.weights, self.lag.as_mut());
            match &mut self.sparse {
                Some(sparse) => {
                    sparse.take_plain(&mut self.sums, factor, self.eta, &mut self.weights, self.lag.as_mut());
                }
                None => self.take_levels(factor),
            }
            self.count_step();
            return;
        }
        write_back(&self.sums, &self.number_features, &mut self.descent);
        if let Some(sparse) = &mut self.sparse {
            sparse.complete(&mut self.descent);
        }
        self.descent.scale(factor);
        if let Some(optimizer) = &mut self.optimizer {
            optimizer.step(self.parameters, &self.descent, self.eta, Shrink::default());
        }
        self.sums.numbers.fill([0.0; NET_INPUT_LANES]);
        self.sums.categories.fill(0.0);
        self.sums.bias.fill(0.0);
        let weights = record_weights(self.parameters, &self.number_features);
        if let Some(lag) = &mut self.lag {
            lag.add(&self.weights, &weights);
        }
        self.weights = weights;
        self.count_step();
        self.settle();
    }

    /// The batch is done.
    fn count_step(&mut self) {
        self.in_batch = 0;
        if let Some(lag) = &mut self.lag {
            lag.steps += 1;
        }
        self.show();
    }

    /// Notes the records of a step for whoever watches.
    fn note(&mut self, pool: &Pool, order: &[u32]) {
        if let Some(watch) = &mut self.watch {
            watch.records.extend(order.iter().map(|&position| pool.record(position as usize)));
        }
    }

    /// Shows the weights after a step.
    fn show(&mut self) {
        if let Some(watch) = &mut self.watch {
            write_back(&self.weights, &self.number_features, &mut watch.parameters);
            (watch.on_step)(&BatchStep { records: Some(&watch.records), parameters: &watch.parameters });
            watch.records.clear();
        }
    }

    /// The plain step of a batch for the levels of categories: those that were there alone, unless they are as many as all, since a step
    /// over few records must not cost as much as there are levels.
    fn take_levels(&mut self, factor: f64) {
        let (d, eta) = (self.parameters.n_features(), self.eta);
        let levels = self.weights.categories.chunks_mut(d.max(1)).zip(self.sums.categories.chunks_mut(d.max(1)));
        for (j, (weights, sums)) in levels.enumerate() {
            let mut lag = self.lag.as_mut().map(|lag| (lag.factor(), &mut lag.values.categories[j * d..(j + 1) * d]));
            if self.touched.len() >= d {
                take_each(weights, sums, factor, eta, lag);
                continue;
            }
            for &input in &self.touched {
                let change = change(&mut sums[input as usize], factor, eta);
                weights[input as usize] += change;
                if let Some((factor, lags)) = &mut lag {
                    lags[input as usize] += *factor * change;
                }
            }
        }
        self.touched.clear();
    }

    /// Puts the weights of sparse columns together.
    fn settle(&mut self) {
        if let Some(sparse) = &mut self.sparse {
            sparse.settle(&mut self.weights, self.lag.as_mut());
        }
    }

    /// Takes the last step, and leaves the weights where they are wanted.
    fn finish(&mut self) {
        self.take();
        self.settle();
        if self.optimizer.is_none() {
            write_back(&self.weights, &self.number_features, self.parameters);
        }
    }
}

/// η·factor·Σδx of a weight; the sum is cleared.
fn change(sum: &mut f64, factor: f64, eta: f64) -> f64 {
    eta * (factor * std::mem::take(sum))
}

/// The plain step of a batch for number columns and biases.
fn take_common(
    sums: &mut RecordWeights,
    factor: f64,
    eta: f64,
    weights: &mut RecordWeights,
    mut lag: Option<&mut Lag>,
) {
    let lags = lag.as_mut().map(|lag| (lag.factor(), lag.values.numbers.as_flattened_mut()));
    take_each(weights.numbers.as_flattened_mut(), sums.numbers.as_flattened_mut(), factor, eta, lags);
    if weights.has_bias {
        let lags = lag.as_mut().map(|lag| (lag.factor(), &mut lag.values.bias[..]));
        take_each(&mut weights.bias, &mut sums.bias, factor, eta, lags);
    }
}

/// w += η·factor·Σδx for some weights, whose sums are cleared; and what that adds to their lag, with the factor t − 1 of the step.
fn take_each(weights: &mut [f64], sums: &mut [f64], factor: f64, eta: f64, lag: Option<(f64, &mut [f64])>) {
    let pairs = weights.iter_mut().zip(sums);
    match lag {
        None => pairs.for_each(|(w, sum)| *w += change(sum, factor, eta)),
        Some((before, lags)) => pairs.zip(lags).for_each(|((w, sum), lag)| {
            let change = change(sum, factor, eta);
            *w += change;
            *lag += before * change;
        }),
    }
}

/// Parameters in the form in which records are gone through.
fn record_weights(parameters: &Parameters, number_features: &[usize]) -> RecordWeights {
    let n_outputs = parameters.n_outputs();
    let mut numbers = Vec::with_capacity(n_outputs * number_features.len().div_ceil(NET_INPUT_LANES));
    for j in 0..n_outputs {
        for features in number_features.chunks(NET_INPUT_LANES) {
            let mut lanes = [0.0; NET_INPUT_LANES];
            for (lane, &feature) in lanes.iter_mut().zip(features) {
                *lane = parameters.weights(j)[feature];
            }
            numbers.push(lanes);
        }
    }
    RecordWeights {
        numbers,
        categories: (0..n_outputs).flat_map(|j| parameters.weights(j)).copied().collect(),
        bias: (0..n_outputs).map(|j| parameters.bias(j)).collect(),
        has_bias: parameters.has_bias(),
    }
}

/// The way back from [`record_weights`].
fn write_back(from: &RecordWeights, number_features: &[usize], parameters: &mut Parameters) {
    let (d, n_groups) = (parameters.n_features(), number_features.len().div_ceil(NET_INPUT_LANES));
    for j in 0..parameters.n_outputs() {
        let weights = parameters.weights_mut(j);
        weights.copy_from_slice(&from.categories[j * d..(j + 1) * d]);
        let lanes = from.numbers[j * n_groups..(j + 1) * n_groups].as_flattened();
        for (&feature, &lane) in number_features.iter().zip(lanes) {
            weights[feature] = lane;
        }
        parameters.set_bias(j, from.bias[j]);
    }
}
