//! E over one or two weights, the others held: the bowl and its contours.

use super::reach::Reach;
use crate::data::{BlockSource, ColumnKind, Scaling, Shape, Threads, Tile, TileColumn, fold_blocks};
use crate::error::{Error, Result};
use crate::kernel::{Float, LANES, fold};
use crate::learning::{DeltaRows, Gradient, Loss, Penalty, SmoothedLoss, delta_into, sum_factor};
use crate::network::{Activation, Layer, Parameters, WorkingWeights};

/// A weight of a network: w_ij, or the bias b_j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightIndex {
    /// j, from 0.
    pub output: usize,
    /// i, from 0; `None` for the bias.
    pub feature: Option<usize>,
}

/// Which weights are held while one of them moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WeightUnits {
    /// Those that are descended in, of x̃ = (x − m)·s.
    #[default]
    Scaled,
    /// Those of the columns as they are, ω = w·s, and with them the bias β = b − Σ ω m. Where ω_i moves by Δ, w_i moves by Δ/s and b by Δ·m, so that h moves
    /// by Δ·x. In a network without a bias none moves.
    Original,
}

/// One weight and the values that it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct SurfaceAxis {
    /// The weight.
    pub weight: WeightIndex,
    /// Its values, in the units of the slice.
    pub values: Vec<f64>,
}

/// E over a grid of one or two weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// What descent goes down, E and the penalty on the weights: for the values a of the first and b of the second axis at `a·n₂ + b`, or at `a`. Infinite where
    /// E is not finite.
    pub objective: Vec<f64>,
    /// The same without the penalty.
    pub loss: Vec<f64>,
}

/// A network on some records, of which one or two weights move.
#[derive(Clone, Copy)]
pub struct Slice<'a, T: Float> {
    /// The records.
    pub source: &'a dyn BlockSource<T>,
    /// How their columns become inputs.
    pub scaling: &'a Scaling,
    /// The network, whose other weights are held.
    pub layer: &'a Layer,
    /// The error of one prediction.
    pub loss: Loss,
    /// What large weights cost.
    pub penalty: Penalty,
    /// Which weights are held.
    pub units: WeightUnits,
    /// The threads of a pass.
    pub threads: &'a Threads,
}

/// How the weights that are descended in move with a weight of a slice.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Motion {
    /// By so much w_i moves for 1.
    weight: f64,
    /// By so much b moves for 1.
    bias: f64,
}

impl<T: Float> std::fmt::Debug for Slice<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slice")
            .field("n_records", &self.source.n_records())
            .field("layer", &self.layer)
            .field("loss", &self.loss)
            .field("penalty", &self.penalty)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

impl<T: Float> Slice<'_, T> {
    /// Where the weight stands in the network, in the units of the slice.
    ///
    /// Errors: no such weight; a column that does not vary, which has no weight in its own units.
    pub fn position(&self, at: WeightIndex) -> Result<f64> {
        self.position_in(self.layer.parameters(), at)
    }

    /// The same for other weights.
    ///
    /// Errors: those of [`position`](Self::position).
    pub fn position_in(&self, parameters: &Parameters, at: WeightIndex) -> Result<f64> {
        self.check(at)?;
        let weights = parameters.weights(at.output);
        let shape = self.source.shape();
        Ok(match (self.units, at.feature) {
            (WeightUnits::Scaled, Some(i)) => weights[i],
            (WeightUnits::Scaled, None) => parameters.bias(at.output),
            (WeightUnits::Original, Some(i)) => weights[i] * scale_of(shape, self.scaling, i).1,
            (WeightUnits::Original, None) => {
                let shift = |i: usize| {
                    let (offset, factor) = scale_of(shape, self.scaling, i);
                    weights[i] * factor * offset
                };
                parameters.bias(at.output) - (0..weights.len()).map(shift).sum::<f64>()
            }
        })
    }

    /// The network's weights with this one at a value, the others of the slice being held.
    ///
    /// Errors: those of [`position`](Self::position).
    pub fn moved_to(&self, at: WeightIndex, value: f64) -> Result<Parameters> {
        let (by, motion) = (value - self.position(at)?, self.motion(at));
        let mut parameters = self.layer.parameters().clone();
        match (at.feature, self.units) {
            // The value itself, without the rounding of a difference.
            (Some(i), WeightUnits::Scaled) => parameters.weights_mut(at.output)[i] = value,
            (None, WeightUnits::Scaled) => parameters.set_bias(at.output, value),
            (feature, WeightUnits::Original) => {
                if let Some(i) = feature {
                    parameters.weights_mut(at.output)[i] += by * motion.weight;
                }
                parameters.set_bias(at.output, parameters.bias(at.output) + by * motion.bias);
            }
        }
        Ok(parameters)
    }

    /// By how much the weights that are descended in move.
    fn motion(&self, at: WeightIndex) -> Motion {
        match (self.units, at.feature) {
            (_, None) => Motion { weight: 0.0, bias: 1.0 },
            (WeightUnits::Scaled, Some(_)) => Motion { weight: 1.0, bias: 0.0 },
            (WeightUnits::Original, Some(i)) => {
                let (offset, factor) = scale_of(self.source.shape(), self.scaling, i);
                let bias = if self.layer.parameters().has_bias() { offset } else { 0.0 };
                Motion { weight: 1.0 / factor, bias }
            }
        }
    }

    fn check(&self, at: WeightIndex) -> Result<()> {
        let parameters = self.layer.parameters();
        let wrong = |found: String, expected: String| Err(Error::Setting { setting: "weight", found, expected });
        if at.output >= parameters.n_outputs() {
            return wrong(format!("output {}", at.output + 1), format!("one of {}", parameters.n_outputs()));
        }
        match at.feature {
            None if !parameters.has_bias() => {
                wrong("the bias".to_owned(), "a weight, since the network has no bias".to_owned())
            }
            Some(i) if i >= parameters.n_features() => {
                wrong(format!("input {}", i + 1), format!("one of {}", parameters.n_features()))
            }
            Some(i)
                if self.units == WeightUnits::Original && scale_of(self.source.shape(), self.scaling, i).1 == 0.0 =>
            {
                wrong(
                    format!("input {}, whose values are all the same", i + 1),
                    "an input that varies: this one has weight 0 by convention".to_owned(),
                )
            }
            _ => Ok(()),
        }
    }

    /// E over the values of one weight, or of two: one pass over the records for the whole grid.
    ///
    /// With h₀ the net input of a record, h = h₀ + a·x_i + b·x_j for every point (a, b), while the tile is in cache; with softmax, where all outputs depend on
    /// each h, they are worked out anew for each point. Sums have the order of [`Gradient`]: the same bits on any number of threads.
    ///
    /// Errors: not one or two axes; no such weight; twice the same; an axis without values; those of the source.
    pub fn surface(&self, axes: &[SurfaceAxis]) -> Result<Surface> {
        let wrong = |found: String, expected: &str| {
            Err(Error::Setting { setting: "weights", found, expected: expected.to_owned() })
        };
        if axes.is_empty() || axes.len() > 2 {
            return wrong(axes.len().to_string(), "one or two");
        }
        if axes.len() == 2 && axes[0].weight == axes[1].weight {
            return wrong("the same weight twice".to_owned(), "two weights");
        }
        if axes.iter().any(|axis| axis.values.is_empty()) {
            return wrong("no values".to_owned(), "at least one for each weight");
        }
        let mut moves = Vec::with_capacity(axes.len());
        for axis in axes {
            let position = self.position(axis.weight)?;
            let by = axis.values.iter().map(|value| T::from_f64(value - position)).collect();
            moves.push(Move { at: axis.weight, motion: self.motion(axis.weight), by });
        }
        let groups = Group::all(self.layer, &moves);
        let shape = self.source.shape();
        let weights = WorkingWeights::<T>::of(self.layer.parameters(), shape, self.scaling);
        let block_rows = self.source.block_rows().min(self.source.n_records());
        let zeros = || groups.iter().map(|group| vec![0.0; group.n_points(&moves)]).collect::<Vec<_>>();
        let ((sums, weight), ..) = fold_blocks(
            self.source,
            self.threads,
            || ((zeros(), 0.0), Tile::for_many_outputs(shape, block_rows), Scratch::default()),
            |((sums, weight), tile, scratch), index, block| {
                let first_record = (index * self.source.block_rows()) as u64;
                scratch.begin(&groups, &moves);
                tile.for_each(block, self.scaling, first_record, |tile| {
                    scratch.add(self, &weights, &groups, &moves, tile);
                });
                scratch.finish(sums, self.loss);
                *weight += block.weight();
            },
            |((totals, weight), ..), ((parts, part_weight), ..)| {
                for (total, part) in totals.iter_mut().zip(&parts) {
                    total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
                }
                *weight += part_weight;
            },
        )?;
        Ok(self.put_together(&groups, &moves, &sums, weight))
    }

    /// E at every point of the grid: the sum of what each group of outputs has there.
    fn put_together(&self, groups: &[Group], moves: &[Move<T>], sums: &[Vec<f64>], weight: f64) -> Surface {
        let n_second = moves.get(1).map_or(1, |second| second.by.len());
        let n_points = moves[0].by.len() * n_second;
        let of_base = if self.penalty.is_none() { 0.0 } else { self.penalty.value(self.layer.parameters()) };
        let finite = |x: f64| if x.is_finite() { x } else { f64::INFINITY };
        let mut surface = Surface { objective: Vec::with_capacity(n_points), loss: Vec::with_capacity(n_points) };
        for point in 0..n_points {
            let place = [point / n_second, point % n_second];
            let loss: f64 = groups.iter().zip(sums).map(|(group, sums)| sums[group.index(moves, place)]).sum();
            let mut penalty = of_base;
            if !self.penalty.is_none() {
                for (which, of) in moves.iter().enumerate() {
                    let Some(i) = of.at.feature else { continue };
                    let old = self.layer.parameters().weights(of.at.output)[i];
                    let new = old + of.motion.weight * of.by[place[which]].to_f64();
                    penalty += 0.5 * self.penalty.l2 * (new * new - old * old);
                    penalty += self.penalty.l1 * (new.abs() - old.abs());
                }
            }
            surface.loss.push(finite(loss));
            surface.objective.push(finite(loss + weight * penalty));
        }
        surface
    }

    /// What descent goes down, at each of some weights: E and the penalty, infinite where E is not finite.
    ///
    /// Errors: those of the source.
    pub fn objectives(&self, of: &[Parameters]) -> Result<Vec<f64>> {
        /// So many share a pass: each has a gradient of its own.
        const AT_ONCE: usize = 32;
        let mut found = Vec::with_capacity(of.len());
        for some in of.chunks(AT_ONCE) {
            let activation = self.layer.activation();
            let layers: Vec<Layer> =
                some.iter().map(|weights| Layer::new(weights.clone(), activation.clone())).collect();
            let layers: Vec<&Layer> = layers.iter().collect();
            let gradients = Gradient::of_many(self.source, self.scaling, &layers, self.loss, self.threads)?;
            for (mut gradient, parameters) in gradients.into_iter().zip(some) {
                gradient.penalise(&self.penalty, parameters);
                let objective = gradient.objective();
                found.push(if objective.is_finite() { objective } else { f64::INFINITY });
            }
        }
        Ok(found)
    }

    /// How far the weight can go to either side until E has risen by `rise`, or by most of what it can rise; see [`Reach`].
    ///
    /// Errors: those of [`surface`](Self::surface).
    pub fn reach(&self, at: WeightIndex, rise: f64) -> Result<Reach> {
        let unit = match (self.units, at.feature) {
            (WeightUnits::Original, Some(i)) => scale_of(self.source.shape(), self.scaling, i).1,
            _ => 1.0,
        };
        let center = self.position(at)?;
        Reach::find(center, unit.abs(), rise, |values| {
            let surface = self.surface(&[SurfaceAxis { weight: at, values }])?;
            Ok(surface.objective)
        })
    }
}

/// m and s of a feature, of x̃ = (x − m)·s.
fn scale_of(shape: &Shape, scaling: &Scaling, feature: usize) -> (f64, f64) {
    let column = shape.column_of(feature);
    let scale = match shape.columns()[column] {
        ColumnKind::Number => Some(scaling.columns()[column]),
        ColumnKind::Category { .. } => None,
        ColumnKind::Sparse { .. } => scaling.sparse(column).get(feature - shape.features_of(column).start).copied(),
    };
    scale.map_or((0.0, 1.0), |scale| (scale.offset, scale.factor))
}

/// A weight that moves.
struct Move<T> {
    at: WeightIndex,
    motion: Motion,
    /// How far, at each value.
    by: Vec<T>,
}

/// Outputs whose part of E depends on the same weights that move.
struct Group {
    outputs: Vec<usize>,
    /// Which of the moves.
    moves: Vec<usize>,
}

impl Group {
    fn all<T>(layer: &Layer, moves: &[Move<T>]) -> Vec<Self> {
        let n_outputs = layer.parameters().n_outputs();
        if *layer.activation() == Activation::Softmax {
            return vec![Group { outputs: (0..n_outputs).collect(), moves: (0..moves.len()).collect() }];
        }
        let mut groups: Vec<Self> = Vec::new();
        for output in 0..n_outputs {
            let of: Vec<usize> = (0..moves.len()).filter(|&which| moves[which].at.output == output).collect();
            match groups.iter_mut().find(|group| group.moves.is_empty() && of.is_empty()) {
                Some(group) => group.outputs.push(output),
                None => groups.push(Self { outputs: vec![output], moves: of }),
            }
        }
        groups
    }

    fn n_points<T>(&self, moves: &[Move<T>]) -> usize {
        self.moves.iter().map(|&which| moves[which].by.len()).product()
    }

    /// Where an output stands among those of the group.
    fn place(&self, output: usize) -> usize {
        self.outputs.iter().position(|&j| j == output).unwrap_or(0)
    }

    /// Which of the group's points belongs to a point of the grid.
    fn index<T>(&self, moves: &[Move<T>], place: [usize; 2]) -> usize {
        self.moves.iter().fold(0, |index, &which| index * moves[which].by.len() + place[which])
    }
}

/// Sums of one block under way, and room for the rows of a tile.
#[derive(Debug, Clone, Default)]
struct Scratch<T> {
    /// For each group and each point of it: the strip under way in lanes, and the strips before it.
    sums: Vec<Vec<([T; LANES], f64)>>,
    net_input: Vec<T>,
    /// By how much h moves for 1 of each weight that moves, shape (moves, rows).
    inputs: Vec<Vec<T>>,
    first: Vec<T>,
    moved: Vec<T>,
    residual: Vec<T>,
    delta: Vec<T>,
}

impl<T: Float> Scratch<T> {
    fn begin(&mut self, groups: &[Group], moves: &[Move<T>]) {
        self.sums = groups.iter().map(|group| vec![([T::ZERO; LANES], 0.0); group.n_points(moves)]).collect();
    }

    fn add(
        &mut self,
        slice: &Slice<'_, T>,
        weights: &WorkingWeights<T>,
        groups: &[Group],
        moves: &[Move<T>],
        tile: &Tile<T>,
    ) {
        let n = tile.n_rows();
        weights.net_inputs_into(tile, &mut self.net_input);
        self.inputs.resize_with(moves.len(), Vec::new);
        for (inputs, of) in self.inputs.iter_mut().zip(moves) {
            inputs.clear();
            inputs.resize(n, T::ZERO);
            if let Some(feature) = of.at.feature {
                load_feature(tile, feature, inputs);
            }
            let (weight, bias) = (T::from_f64(of.motion.weight), T::from_f64(of.motion.bias));
            inputs.iter_mut().for_each(|x| *x = *x * weight + bias);
        }
        self.residual.resize(n, T::ZERO);
        self.delta.resize(n, T::ZERO);
        for (which, group) in groups.iter().enumerate() {
            self.add_group(which, group, slice, moves, tile);
        }
    }

    /// Adds the rows of a tile at every point of a group. The last of its weights moves the fastest; h with the first one moved is kept while it does.
    fn add_group(&mut self, which: usize, group: &Group, slice: &Slice<'_, T>, moves: &[Move<T>], tile: &Tile<T>) {
        let n = tile.n_rows();
        let (outer, inner) = match group.moves[..] {
            [] => (None, None),
            [only] => (None, Some(only)),
            [first, second, ..] => (Some(first), Some(second)),
        };
        let n_inner = inner.map_or(1, |inner| moves[inner].by.len());
        for point in 0..group.n_points(moves) {
            if point % n_inner == 0 {
                self.first.clear();
                group.outputs.iter().for_each(|&j| self.first.extend_from_slice(&self.net_input[j * n..(j + 1) * n]));
                if let Some(outer) = outer {
                    let of = &moves[outer];
                    shift(&mut self.first, &self.inputs[outer], of.by[point / n_inner], group.place(of.at.output), n);
                }
            }
            self.moved.clone_from(&self.first);
            if let Some(inner) = inner {
                let of = &moves[inner];
                shift(&mut self.moved, &self.inputs[inner], of.by[point % n_inner], group.place(of.at.output), n);
            }
            let activation = slice.layer.activation();
            activation.couple(&mut self.moved, n);
            let (lanes, before) = &mut self.sums[which][point];
            for (net_input, &j) in self.moved.chunks(n).zip(&group.outputs) {
                let rows = DeltaRows { target: tile.targets(j), net_input, weights: tile.weights() };
                let mut sums = [*lanes, [T::ZERO; LANES], [T::ZERO; LANES]];
                let loss = SmoothedLoss::of(slice.loss, None);
                delta_into(loss, activation, rows, &mut self.residual, &mut self.delta, &mut sums);
                *lanes = sums[0];
            }
            if tile.ends_strip() {
                *before += fold(std::mem::replace(lanes, [T::ZERO; LANES])).to_f64();
            }
        }
    }

    /// Adds the sums of the block to those of its segment.
    fn finish(&mut self, totals: &mut [Vec<f64>], loss: Loss) {
        for (totals, sums) in totals.iter_mut().zip(&self.sums) {
            totals.iter_mut().zip(sums).for_each(|(total, (_, sum))| *total += sum_factor(loss) * sum);
        }
    }
}

/// h += by·x for the rows of the output in this place. Shapes: `h` (outputs, rows), `x` (rows,).
fn shift<T: Float>(h: &mut [T], x: &[T], by: T, place: usize, n_rows: usize) {
    if by == T::ZERO {
        return;
    }
    for (h, x) in h[place * n_rows..(place + 1) * n_rows].iter_mut().zip(x) {
        *h += by * *x;
    }
}

/// x̃ of one feature for the rows of a tile. Shape: `into` (rows,).
fn load_feature<T: Float>(tile: &Tile<T>, feature: usize, into: &mut [T]) {
    let mut first = 0;
    for (column, n_features) in tile.columns_with_features() {
        if feature < first + n_features {
            match column {
                TileColumn::Numbers(values) => into.copy_from_slice(values),
                TileColumn::Codes(codes) => {
                    let level = (feature - first) as u32;
                    let has = |code: &u32| if *code == level { T::ONE } else { T::ZERO };
                    into.iter_mut().zip(codes).for_each(|(x, code)| *x = has(code));
                }
                TileColumn::Sparse(rows) => rows.feature_into((feature - first) as u32, into),
            }
            return;
        }
        first += n_features;
    }
}
