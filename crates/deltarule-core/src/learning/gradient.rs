//! The gradient as a mergeable sum over records.

use super::{Loss, delta::delta_into};
use crate::data::{BlockSource, Scaling, Threads, Tile, fold_tiles};
use crate::error::Result;
use crate::kernel::{Float, sum, sum_squares};
use crate::network::{Activation, Layer, Parameters, WorkingWeights};

/// E, Σδx and Σδ over some records: the sums that one pass of the delta rule makes, never divided by N inside.
///
/// Parts of a table add up: blocks, threads, files and machines are the same operation, [`Gradient::merge`].
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// Σ_μ δ_j x_i and Σ_μ δ_j, in the shape of the parameters: **minus** the gradient of E.
    pub descent: Parameters,
    /// E = ½ Σ_μ Σ_j (y_j − ŷ_j)².
    pub sse: f64,
    /// Σ_μ δ_j², one for each output.
    pub delta_squares: Vec<f64>,
    /// Σ_μ (y_j − ŷ_j)², one for each output.
    pub residual_squares: Vec<f64>,
    /// How many records are in the sums.
    pub n_records: u64,
    /// The first record, if any, whose output or derivative is not finite.
    pub not_finite: Option<NotFiniteRecord>,
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
            sse: 0.0,
            delta_squares: vec![0.0; n_outputs],
            residual_squares: vec![0.0; n_outputs],
            n_records: 0,
            not_finite: None,
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
        let weights: Vec<WorkingWeights<T>> =
            layers.iter().map(|layer| WorkingWeights::of(layer.parameters())).collect();
        let zero = |layer: &&Layer| {
            let parameters = layer.parameters();
            Self::zero(parameters.n_features(), parameters.n_outputs(), parameters.has_bias())
        };
        let (total, _) = fold_tiles(
            source,
            scaling,
            threads,
            || (layers.iter().map(zero).collect::<Vec<_>>(), TileBuffers::default()),
            |(parts, buffers), tile| {
                for ((part, layer), weights) in parts.iter_mut().zip(layers).zip(&weights) {
                    part.add(tile, weights, layer.activation(), loss, buffers);
                }
            },
            |(totals, _), (parts, _)| totals.iter_mut().zip(&parts).for_each(|(total, part)| total.merge(part)),
        )?;
        Ok(total)
    }

    /// Adds the records of one tile: net input, output, error, δ and gradient while the tile is in cache.
    pub(crate) fn add<T: Float>(
        &mut self,
        tile: &Tile<T>,
        weights: &WorkingWeights<T>,
        activation: &Activation,
        loss: Loss,
        buffers: &mut TileBuffers<T>,
    ) {
        let n = tile.n_rows();
        buffers.resize(n);
        let TileBuffers { net_input, residual, delta } = buffers;
        for j in 0..self.descent.n_outputs() {
            weights.net_inputs_into(tile, j, net_input);
            delta_into(loss, activation, tile.targets(j), net_input, residual, delta);
            let (error, delta_squares, delta_sum) = (sum_squares(residual), sum_squares(delta), sum(delta));
            self.sse += 0.5 * error.to_f64();
            self.delta_squares[j] += delta_squares.to_f64();
            self.residual_squares[j] += error.to_f64();
            if !(error.is_finite() && delta_squares.is_finite()) && self.not_finite.is_none() {
                self.not_finite = first_not_finite(tile, j, activation, net_input);
            }
            self.descent.set_bias(j, self.descent.bias(j) + delta_sum.to_f64());
            tile.add_products(delta, self.descent.weights_mut(j));
        }
        self.n_records += n as u64;
    }

    /// Takes in the sums over further records.
    pub fn merge(&mut self, other: &Self) {
        self.descent.add_scaled(1.0, &other.descent);
        self.sse += other.sse;
        for (total, part) in self.delta_squares.iter_mut().zip(&other.delta_squares) {
            *total += part;
        }
        for (total, part) in self.residual_squares.iter_mut().zip(&other.residual_squares) {
            *total += part;
        }
        self.n_records += other.n_records;
        self.not_finite = self.not_finite.or(other.not_finite);
    }

    /// Whether E and every sum are finite.
    pub fn is_finite(&self) -> bool {
        self.not_finite.is_none() && self.sse.is_finite() && self.descent.is_finite()
    }

    /// The mean squared error, 2E/(N·J).
    pub fn mse(&self) -> f64 {
        2.0 * self.sse / (self.n_records.max(1) as f64 * self.descent.n_outputs() as f64)
    }
}

/// Room for the rows of one tile, reused from tile to tile.
#[derive(Debug, Clone, Default)]
pub(crate) struct TileBuffers<T> {
    pub(crate) net_input: Vec<T>,
    pub(crate) residual: Vec<T>,
    pub(crate) delta: Vec<T>,
}

impl<T: Float> TileBuffers<T> {
    pub(crate) fn resize(&mut self, n_rows: usize) {
        for buffer in [&mut self.net_input, &mut self.residual, &mut self.delta] {
            buffer.resize(n_rows, T::ZERO);
        }
    }
}

/// The first row of a tile whose f(h) or f'(h) is not finite (or whose square is not).
fn first_not_finite<T: Float>(
    tile: &Tile<T>,
    j: usize,
    activation: &Activation,
    net_input: &[T],
) -> Option<NotFiniteRecord> {
    let row = net_input.iter().zip(tile.targets(j)).position(|(&h, &y)| {
        let (value, derivative) = activation.value_and_derivative(h);
        let residual = y - value;
        let delta = residual * derivative;
        !((residual * residual).is_finite() && (delta * delta).is_finite())
    })?;
    let h = net_input[row];
    Some(NotFiniteRecord {
        record: tile.first_record() + row as u64 + 1,
        output: j,
        net_input: h.to_f64(),
        value: activation.value(h).to_f64(),
    })
}
