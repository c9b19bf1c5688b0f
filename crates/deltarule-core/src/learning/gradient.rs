//! The gradient as a mergeable sum over records.

use std::ops::Range;

use super::{
    Loss, Penalty, Reduction,
    delta::{DeltaRows, add_losses_of, delta_into, delta_of, loss_of, sum_factor},
    kink::SmoothedLoss,
};
use crate::data::{Ahead, Block, BlockSource, Scaling, Shape, Threads, Tile, fold_blocks};
use crate::error::Result;
use crate::kernel::{Aligned, Float, LANES, fold, prefetch_next};
use crate::network::{Activation, ColumnSums, Layer, Parameters, RawPass, WorkingWeights};

/// E, Σδx and Σδ over some records: the sums that one pass of the delta rule makes, never divided by N inside.
///
/// A record of weight v counts v times in each. Parts of a table add up: blocks, threads, files and machines are the same operation, [`Gradient::merge`].
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// Σ_μ δ_j x_i and Σ_μ δ_j, in the shape of the parameters: **minus** the gradient of E.
    pub descent: Parameters,
    /// E: Σ_μ Σ_j L(y_j, ŷ_j), for the squared error ½ Σ_μ Σ_j (y_j − ŷ_j)².
    pub loss: f64,
    /// N times the penalty on the weights (Σv times, where records have weights), and what it takes from `descent`; 0 as a pass gives it.
    pub penalty: f64,
    /// Σ_μ v δ_j², one for each output.
    pub delta_squares: Vec<f64>,
    /// Σ_μ v L(y_j, ŷ_j), one for each output.
    pub losses: Vec<f64>,
    /// How many records are in the sums.
    pub n_records: u64,
    /// Σv over them: their number, where they have no weights.
    pub weight: f64,
    /// The first record, if any, whose output or derivative is not finite.
    pub not_finite: Option<NotFiniteRecord>,
    /// By how much E is above what descent goes down: 0 but for a loss without its kink.
    kink: f64,
    /// Σ_μ δ_j of the records whose sparse zeros are not in `descent` yet, one for each output; 0 once a pass has ended.
    without_zeros: Vec<f64>,
}

/// A record at which f(h) or f'(h) is not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NotFiniteRecord {
    /// The record, counted from 1 among the records of the pass.
    pub record: u64,
    /// The output, from 0.
    pub output: usize,
    /// h.
    pub net_input: f64,
    /// f(h).
    pub value: f64,
}

impl Gradient {
    /// The sum over no records.
    pub fn zero(n_features: usize, n_outputs: usize, has_bias: bool) -> Self {
        Self {
            descent: Parameters::zeros(n_features, n_outputs, has_bias),
            loss: 0.0,
            penalty: 0.0,
            delta_squares: vec![0.0; n_outputs],
            losses: vec![0.0; n_outputs],
            n_records: 0,
            weight: 0.0,
            not_finite: None,
            kink: 0.0,
            without_zeros: vec![0.0; n_outputs],
        }
    }

    /// One full pass: E and the gradient at a layer's weights.
    ///
    /// Errors: those of the source. The result has the same bits for any number of threads.
    pub fn of<T: Float>(
        source: &dyn BlockSource<T>,
        scaling: &Scaling,
        layer: &Layer,
        loss: Loss,
        threads: &Threads,
    ) -> Result<Self> {
        let mut gradients = Self::of_many(source, scaling, &[layer], loss, threads)?;
        Ok(gradients.swap_remove(0))
    }

    /// The same for several layers of one shape, in one pass: each tile is loaded once for all of them.
    ///
    /// Errors: those of the source. Each result has the bits that it has alone.
    pub fn of_many<T: Float>(
        source: &dyn BlockSource<T>,
        scaling: &Scaling,
        layers: &[&Layer],
        loss: Loss,
        threads: &Threads,
    ) -> Result<Vec<Self>> {
        let exact: Vec<(&Layer, &[f64])> = layers.iter().map(|layer| (*layer, &[][..])).collect();
        Self::of_many_smoothed(source, scaling, &exact, loss, threads)
    }

    /// The same for a loss without its kink, each layer with its own widths, one for each output; without widths, for the loss as it is.
    pub(super) fn of_many_smoothed<T: Float>(
        source: &dyn BlockSource<T>,
        scaling: &Scaling,
        layers: &[(&Layer, &[f64])],
        loss: Loss,
        threads: &Threads,
    ) -> Result<Vec<Self>> {
        let shape = source.shape();
        let parameters: Vec<&Parameters> = layers.iter().map(|(layer, _)| layer.parameters()).collect();
        let weights = WorkingWeights::<T>::of_many(&parameters, shape, scaling);
        let zero = |parameters: &&Parameters| {
            Self::zero(parameters.n_features(), parameters.n_outputs(), parameters.has_bias())
        };
        let zeros = || parameters.iter().map(zero).collect::<Vec<_>>();
        let merge = |totals: &mut Vec<Self>, parts: &[Self]| {
            totals.iter_mut().zip(parts).for_each(|(total, part)| total.merge(part));
        };
        let block_rows = source.block_rows().min(source.n_records());
        let first_record = |index: usize| (index * source.block_rows()) as u64;
        if let ([(layer, widths)], 1) = (layers, weights.n_outputs()) {
            let loss = SmoothedLoss::of(loss, widths.first());
            let (mut total, ..) = fold_blocks(
                source,
                threads,
                || (zeros(), RawPass::new(shape, block_rows), RowBuffers::default()),
                |(parts, pass, buffers), index, block| {
                    for part in parts {
                        part.add_raw(
                            block,
                            scaling,
                            &weights,
                            layer.activation(),
                            loss,
                            first_record(index),
                            pass,
                            buffers,
                        );
                    }
                },
                |(totals, ..), (parts, ..)| merge(totals, &parts),
            )?;
            total.iter_mut().for_each(|gradient| gradient.add_zeros(shape, scaling));
            return Ok(total);
        }
        // As many outputs at a time as their sums over a strip, which are kept in lanes, fit into some megabytes.
        let fitting = (PANEL_VALUES / (LANES * shape.n_numbers().max(1))).max(4);
        // The outputs of a softmax are needed together.
        let least = if layers.iter().any(|(layer, _)| *layer.activation() == Activation::Softmax) {
            shape.n_outputs()
        } else {
            1
        };
        let at_once = (fitting / least * least).max(least).min(weights.n_outputs());
        let (mut total, ..) = fold_blocks(
            source,
            threads,
            || {
                (
                    zeros(),
                    Tile::for_many_outputs(shape, block_rows),
                    ColumnSums::new(shape, at_once),
                    RowBuffers::default(),
                )
            },
            |(parts, tile, sums, buffers), index, block| {
                for panel in (0..weights.n_outputs()).step_by(at_once) {
                    let outputs = panel..(panel + at_once).min(weights.n_outputs());
                    let mut errors = vec![OutputErrors::default(); outputs.len()];
                    tile.for_each_ahead(block, scaling, first_record(index), |tile, ahead| {
                        let outputs = outputs.clone();
                        add_tile(parts, tile, &ahead, layers, &weights, outputs, loss, sums, &mut errors, buffers);
                    });
                    for (output, errors) in outputs.zip(errors) {
                        let (index, j) = (output / shape.n_outputs(), output % shape.n_outputs());
                        parts[index].take(j, SmoothedLoss::of(loss, layers[index].1.get(j)), errors);
                    }
                }
                parts.iter_mut().for_each(|part| part.count(block));
            },
            |(totals, ..), (parts, ..)| merge(totals, &parts),
        )?;
        total.iter_mut().for_each(|gradient| gradient.add_zeros(shape, scaling));
        Ok(total)
    }

    /// Adds what the zeros of sparse columns are worth.
    fn add_zeros(&mut self, shape: &Shape, scaling: &Scaling) {
        for (j, total) in self.without_zeros.iter_mut().enumerate() {
            scaling.add_zeros(shape, std::mem::take(total), self.descent.weights_mut(j));
        }
    }

    /// Adds the records of one block for a network of one output, straight from the raw columns.
    #[allow(clippy::too_many_arguments)] // what one pass holds, for each block of it
    fn add_raw<T: Float>(
        &mut self,
        block: &Block<'_, T>,
        scaling: &Scaling,
        weights: &WorkingWeights<T>,
        activation: &Activation,
        loss: SmoothedLoss,
        first_record: u64,
        pass: &mut RawPass<T>,
        buffers: &mut RowBuffers<T>,
    ) {
        let mut errors = OutputErrors::default();
        pass.run(block, scaling, weights, self.descent.weights_mut(0), |rows, net_input, delta| {
            let range = rows.start..rows.start + net_input.len();
            block.targets().prefetch_next(range.clone());
            buffers.target.resize(net_input.len(), T::ZERO);
            block.targets().load_into(0, rows.start, &mut buffers.target);
            if let Some(weights) = block.weights() {
                prefetch_next(weights, range.clone());
            }
            let rows = OutputRows {
                j: 0,
                first_record: first_record + rows.start as u64,
                of: DeltaRows {
                    target: &buffers.target,
                    net_input,
                    weights: block.weights().map(|weights| &weights[range]),
                },
                ends_strip: rows.ends_strip,
            };
            errors.add(&rows, activation, loss, &mut buffers.residual, delta);
        });
        self.take(0, loss, errors);
        self.count(block);
    }

    /// Counts the records of a block.
    fn count<T: Float>(&mut self, block: &Block<'_, T>) {
        self.n_records += block.n_records() as u64;
        self.weight += block.weight();
    }

    /// Takes in the errors of output `j` over one block.
    fn take<T: Float>(&mut self, j: usize, loss: SmoothedLoss, errors: OutputErrors<T>) {
        let [sum, delta_squares, delta] = errors.sums;
        let smoothed = sum_factor(loss.loss()) * sum;
        let of_output = if loss.is_exact() { smoothed } else { errors.losses };
        self.loss += of_output;
        self.kink += of_output - smoothed;
        self.losses[j] += of_output;
        self.delta_squares[j] += delta_squares;
        self.descent.set_bias(j, self.descent.bias(j) + delta);
        self.without_zeros[j] += delta;
        self.not_finite = self.not_finite.or(errors.not_finite);
    }

    /// Takes in the sums over further records.
    pub fn merge(&mut self, other: &Self) {
        self.descent.add_scaled(1.0, &other.descent);
        self.loss += other.loss;
        self.kink += other.kink;
        for (total, part) in self.delta_squares.iter_mut().zip(&other.delta_squares) {
            *total += part;
        }
        for (total, part) in self.losses.iter_mut().zip(&other.losses) {
            *total += part;
        }
        for (total, part) in self.without_zeros.iter_mut().zip(&other.without_zeros) {
            *total += part;
        }
        self.n_records += other.n_records;
        self.weight += other.weight;
        self.not_finite = self.not_finite.or(other.not_finite);
    }

    /// Takes in what the weights cost.
    pub(crate) fn penalise(&mut self, penalty: &Penalty, parameters: &Parameters) {
        self.penalty = self.weight * penalty.value(parameters);
        penalty.add_to(&mut self.descent, parameters, self.weight);
    }

    /// What descent goes down: E and its penalty; of a loss with a kink, L-BFGS goes down E without it.
    pub fn objective(&self) -> f64 {
        self.loss - self.kink + self.penalty
    }

    /// E and its penalty.
    pub(super) fn error(&self) -> f64 {
        self.loss + self.penalty
    }

    /// Whether E and every sum are finite.
    pub fn is_finite(&self) -> bool {
        self.not_finite.is_none() && self.objective().is_finite() && self.descent.is_finite()
    }

    /// The norm of ∂E/∂w, or with the mean of ∂E/∂w / N.
    pub fn reduced_norm(&self, reduction: Reduction) -> f64 {
        self.descent.norm() * reduction.factor(self.weight)
    }

    /// The mean error of a prediction, E/(N·J); of squared errors, 2E/(N·J), the mean squared error; of the log loss with softmax, whose outputs are one
    /// prediction, E/N. Where records have weights, N is Σv.
    pub fn mean_loss(&self, loss: Loss, activation: &Activation) -> f64 {
        let weight = if self.weight > 0.0 { self.weight } else { 1.0 };
        let n_predictions = match (loss, activation) {
            (Loss::Log, Activation::Softmax) => 1,
            _ => self.descent.n_outputs(),
        };
        loss.mean_factor() * self.loss / (weight * n_predictions as f64)
    }
}

/// The sums of so many values over a strip are kept for the outputs that are worked on at a time.
const PANEL_VALUES: usize = 1 << 21;

/// Adds the records of one tile: net inputs, outputs, errors, δ and gradients of some outputs of some layers while the tile is in cache.
#[allow(clippy::too_many_arguments)] // what one pass holds, for each tile of it
fn add_tile<T: Float>(
    parts: &mut [Gradient],
    tile: &Tile<T>,
    ahead: &Ahead<'_, T>,
    layers: &[(&Layer, &[f64])],
    weights: &WorkingWeights<T>,
    outputs: Range<usize>,
    loss: Loss,
    sums: &mut ColumnSums<T>,
    errors: &mut [OutputErrors<T>],
    buffers: &mut RowBuffers<T>,
) {
    let n = tile.n_rows();
    let n_outputs = weights.n_outputs() / layers.len();
    let RowBuffers { net_input, residual, delta, .. } = buffers;
    weights.net_inputs_of(tile, outputs.clone(), net_input);
    for ((layer, _), net_inputs) in layers[outputs.start / n_outputs..].iter().zip(net_input.chunks_mut(n_outputs * n))
    {
        layer.activation().couple(net_inputs, n);
    }
    delta.make_room(net_input.len());
    for (index, (output, errors)) in outputs.clone().zip(errors).enumerate() {
        ahead.fetch(index, outputs.len());
        let (layer, widths) = layers[output / n_outputs];
        let j = output % n_outputs;
        let loss = SmoothedLoss::of(loss, widths.get(j));
        let (first_record, ends_strip) = (tile.first_record(), tile.ends_strip());
        let net_input = &net_input[index * n..(index + 1) * n];
        let of = DeltaRows { target: tile.targets(j), net_input, weights: tile.weights() };
        let rows = OutputRows { j, first_record, of, ends_strip };
        errors.add(&rows, layer.activation(), loss, residual, &mut delta[index * n..(index + 1) * n]);
    }
    sums.add_numbers(tile, delta);
    for (index, output) in outputs.enumerate() {
        let into = parts[output / n_outputs].descent.weights_mut(output % n_outputs);
        sums.finish_tile(index, tile, &delta[index * n..(index + 1) * n], into);
    }
}

/// One output for some rows.
struct OutputRows<'a, T> {
    j: usize,
    /// The index of the first of them among all records, from 0.
    first_record: u64,
    of: DeltaRows<'a, T>,
    /// Whether the last of them is the last of a strip or of a block.
    ends_strip: bool,
}

/// ΣvL (of the squared error without its ½), Σvδ² and Σvδ of one output over the rows of a block.
#[derive(Debug, Clone)]
struct OutputErrors<T> {
    /// Of the strip under way, in lanes.
    strip: [[T; LANES]; 3],
    sums: [f64; 3],
    /// ΣvL where the sums are those of the loss without its kink: of the strip, and of those before.
    losses_of_strip: [T; LANES],
    losses: f64,
    not_finite: Option<NotFiniteRecord>,
}

impl<T: Float> Default for OutputErrors<T> {
    fn default() -> Self {
        let zeros = [T::ZERO; LANES];
        Self { strip: [zeros; 3], sums: [0.0; 3], losses_of_strip: zeros, losses: 0.0, not_finite: None }
    }
}

impl<T: Float> OutputErrors<T> {
    /// Works out L and vδ, and adds them up. Shapes: `delta` (rows,) is written, `residual` is scratch.
    fn add(
        &mut self,
        rows: &OutputRows<'_, T>,
        activation: &Activation,
        loss: SmoothedLoss,
        residual: &mut Vec<T>,
        delta: &mut [T],
    ) {
        residual.resize(delta.len(), T::ZERO);
        delta_into(loss, activation, rows.of, residual, delta, &mut self.strip);
        if !loss.is_exact() {
            add_losses_of(loss.loss(), activation, rows.of, &mut self.losses_of_strip);
        }
        let [losses, delta_squares, _] = &self.strip;
        if self.not_finite.is_none() && !losses.iter().chain(delta_squares).all(|sum| sum.is_finite()) {
            self.not_finite = first_not_finite(rows, activation, loss.loss());
        }
        if rows.ends_strip {
            for (sum, lanes) in self.sums.iter_mut().zip(&mut self.strip) {
                *sum += fold(std::mem::replace(lanes, [T::ZERO; LANES])).to_f64();
            }
            self.losses += fold(std::mem::replace(&mut self.losses_of_strip, [T::ZERO; LANES])).to_f64();
        }
    }
}

/// Room for the rows of one tile, reused from tile to tile.
#[derive(Debug, Clone, Default)]
struct RowBuffers<T> {
    target: Vec<T>,
    net_input: Vec<T>,
    residual: Vec<T>,
    delta: Aligned<T>,
}

/// The first of some rows at which L or the square of δ is not finite.
fn first_not_finite<T: Float>(
    rows: &OutputRows<'_, T>,
    activation: &Activation,
    loss: Loss,
) -> Option<NotFiniteRecord> {
    let row = rows.of.net_input.iter().zip(rows.of.target).position(|(&h, &y)| {
        let (value, delta) = (loss_of(loss, activation, y, h), delta_of(loss, activation, y, h));
        !(value.is_finite() && (delta * delta).is_finite())
    })?;
    let h = rows.of.net_input[row];
    Some(NotFiniteRecord {
        record: rows.first_record + row as u64 + 1,
        output: rows.j,
        net_input: h.to_f64(),
        value: activation.value(h).to_f64(),
    })
}
