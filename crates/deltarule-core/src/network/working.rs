//! Forward and backward over the rows of a table, in the type of the data: h = Σ w x + b, and Σ v x for one value v a row.

use super::Parameters;
use crate::data::{Block, Column, ColumnKind, STRIP_ROWS, Scaling, Shape, SparseRows, Tile, rows_in_cache};
use crate::kernel::{
    Aligned, Float, GROUP_ROWS, LANES, RawColumn, SparseSlices, add_raw_products, add_raw_products_and_go_on,
    add_tile_products, add_weight_of_code, fold, group_rows, prefetch_next, raw_net_inputs, scatter_add,
    tile_net_inputs,
};

/// The parameters of one or several layers for one pass, in the type of the data: the outputs of all layers, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct WorkingWeights<T> {
    n_features: usize,
    n_numbers: usize,
    /// The weights of the number columns, in their order, shape (J, numbers).
    numbers: Vec<T>,
    /// All weights, shape (J, d).
    weights: Vec<T>,
    /// What is added to every net input: the bias, and what the zeros of sparse columns add. Shape (J,).
    constants: Vec<T>,
    has_constants: bool,
}

impl<T: Float> WorkingWeights<T> {
    /// Of one layer.
    pub(crate) fn of(parameters: &Parameters, shape: &Shape, scaling: &Scaling) -> Self {
        Self::of_many(&[parameters], shape, scaling)
    }

    /// Of several layers of the same shape.
    pub(crate) fn of_many(layers: &[&Parameters], shape: &Shape, scaling: &Scaling) -> Self {
        let number_features = number_features(shape);
        let outputs = || layers.iter().flat_map(|layer| (0..layer.n_outputs()).map(move |j| (layer, j)));
        Self {
            n_features: shape.n_features(),
            n_numbers: number_features.len(),
            numbers: outputs()
                .flat_map(|(layer, j)| number_features.iter().map(move |&i| T::from_f64(layer.weights(j)[i])))
                .collect(),
            weights: outputs().flat_map(|(layer, j)| layer.weights(j)).map(|&w| T::from_f64(w)).collect(),
            constants: outputs()
                .map(|(layer, j)| match scaling.constant_of_zeros(shape, layer.weights(j)) {
                    None => T::from_f64(layer.bias(j)),
                    Some(zeros) => T::from_f64(layer.bias(j) + zeros),
                })
                .collect(),
            has_constants: shape.has_sparse() || layers.iter().any(|layer| layer.has_bias()),
        }
    }

    /// How many outputs there are.
    pub(crate) fn n_outputs(&self) -> usize {
        self.constants.len()
    }

    /// h_j for every row of a tile and every output, shape (J, rows): the number columns first, then the categories, then
    /// what is stored of sparse columns, and last the bias with what their zeros add.
    pub(crate) fn net_inputs_into(&self, tile: &Tile<T>, h: &mut Vec<T>) {
        self.net_inputs_of(tile, 0..self.n_outputs(), h);
    }

    /// The same for some of the outputs.
    pub(crate) fn net_inputs_of(&self, tile: &Tile<T>, outputs: std::ops::Range<usize>, h: &mut Vec<T>) {
        let (columns, stride) = tile.numbers();
        let (n_numbers, n_rows) = (self.n_numbers, tile.n_rows());
        h.resize(outputs.len() * n_rows, T::ZERO);
        let numbers = &self.numbers[outputs.start * n_numbers..outputs.end * n_numbers];
        tile_net_inputs(columns, stride, n_numbers, n_rows, numbers, h);
        for (j, h) in outputs.zip(h.chunks_mut(n_rows.max(1))) {
            self.add_others(j, tile.categories(), tile.sparse(), h);
        }
    }

    /// h_j for every record of a block, output by output: h_j of row `r` becomes `into[j·rows + r]`. The block has the shape that the weights are for.
    pub(crate) fn net_inputs_of_block(
        &self,
        block: &Block<'_, T>,
        shape: &Shape,
        scaling: &Scaling,
        into: &mut Vec<T>,
    ) {
        let n = block.n_records();
        into.clear();
        into.resize(n * self.n_outputs(), T::ZERO);
        let (mut tile, mut net_inputs) = (Tile::new(shape, n), Vec::new());
        tile.for_each(block, scaling, 0, |tile| {
            let first = tile.first_record() as usize;
            self.net_inputs_into(tile, &mut net_inputs);
            for (j, h) in net_inputs.chunks(tile.n_rows()).enumerate() {
                into[j * n + first..][..h.len()].copy_from_slice(h);
            }
        });
    }

    /// Adds all terms but those of number columns.
    fn add_others<'c>(
        &self,
        j: usize,
        categories: impl Iterator<Item = (&'c [u32], usize, usize)>,
        sparse: &[SparseRows<T>],
        h: &mut [T],
    ) {
        for (codes, first, n_levels) in categories {
            let first = j * self.n_features + first;
            add_weight_of_code(&self.weights[first..first + n_levels], codes, h);
        }
        sparse
            .iter()
            .for_each(|rows| rows.add_net_inputs(&self.weights[j * self.n_features..(j + 1) * self.n_features], h));
        if self.has_constants {
            let constant = self.constants[j];
            h.iter_mut().for_each(|h| *h += constant);
        }
    }
}

/// The feature of each number column.
pub(crate) fn number_features(shape: &Shape) -> Vec<usize> {
    let columns = shape.columns().iter().enumerate();
    columns.filter(|(_, kind)| **kind == ColumnKind::Number).map(|(index, _)| shape.features_of(index).start).collect()
}

/// Σ_r v_rj x_ri over the rows of a strip, for every output and number column, in lanes: shape (J, numbers).
#[derive(Debug, Clone)]
pub(crate) struct ColumnSums<T> {
    number_features: Vec<usize>,
    lanes: Aligned<T>,
}

impl<T: Float> ColumnSums<T> {
    /// Room for so many outputs.
    pub(crate) fn new(shape: &Shape, n_outputs: usize) -> Self {
        let number_features = number_features(shape);
        let lanes = Aligned::zeros(number_features.len() * n_outputs * LANES);
        Self { number_features, lanes }
    }

    /// Adds the rows of a tile with their values v, shape (J, rows), for the number columns.
    pub(crate) fn add_numbers(&mut self, tile: &Tile<T>, values: &[T]) {
        let (columns, stride) = tile.numbers();
        let n_outputs = values.len() / tile.n_rows().max(1);
        let lanes = &mut self.arrays()[..n_outputs * tile.n_numbers()];
        add_tile_products(columns, stride, tile.n_numbers(), tile.n_rows(), values, lanes);
    }

    /// Adds what belongs to output `j` to its sums over the table, shape (d,): the categories and sparse columns of the same rows, and the
    /// number columns at the end of a strip. What the zeros of sparse columns add is not in it. Shape: values (rows,).
    pub(crate) fn finish_tile(&mut self, j: usize, tile: &Tile<T>, values: &[T], into: &mut [f64]) {
        for (codes, first, n_levels) in tile.categories() {
            scatter_add(values, codes, &mut into[first..first + n_levels]);
        }
        tile.sparse().iter().for_each(|rows| rows.add_products(values, into));
        if tile.ends_strip() {
            self.fold(j, into);
        }
    }

    /// The lanes of each output and column.
    fn arrays(&mut self) -> &mut [[T; LANES]] {
        self.lanes.as_chunks_mut().0
    }

    /// Moves the sums of a strip into those of the table.
    fn fold(&mut self, j: usize, into: &mut [f64]) {
        let n = self.number_features.len();
        let (lanes, _) = self.lanes.as_chunks_mut();
        for (lanes, &feature) in lanes[j * n..(j + 1) * n].iter_mut().zip(&self.number_features) {
            into[feature] += fold(std::mem::replace(lanes, [T::ZERO; LANES])).to_f64();
        }
    }
}

/// What raw columns and their scratch may take up in the second-level cache, in bytes.
const RAW_BYTES: usize = 128 * 1024;

/// Forward and backward over the raw rows of blocks, for a network of one output: nothing is stored between the two but h.
#[derive(Debug, Clone)]
pub(crate) struct RawPass<T> {
    sums: ColumnSums<T>,
    /// How many rows are gone through forward before they are gone through backward.
    capacity: usize,
    net_input: Aligned<T>,
    values: Aligned<T>,
    sparse: Vec<SparseRows<T>>,
}

/// Some rows of a block, in a [`RawPass`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawRows {
    /// The first of them within the block.
    pub(crate) start: usize,
    /// Whether the last of them is the last of a strip or of the block.
    pub(crate) ends_strip: bool,
}

impl<T: Float> RawPass<T> {
    pub(crate) fn new(shape: &Shape, block_rows: usize) -> Self {
        let sums = ColumnSums::new(shape, 1);
        let n_numbers = sums.number_features.len();
        let capacity = match group_rows::<T>(n_numbers) {
            GROUP_ROWS => rows_in_cache::<T>(n_numbers, RAW_BYTES),
            fewer => fewer,
        };
        let capacity = capacity.min(block_rows).max(1);
        let (net_input, values) = (Aligned::zeros(capacity), Aligned::zeros(capacity));
        Self { sums, capacity, net_input, values, sparse: SparseRows::of_shape(shape) }
    }

    /// Goes through a block: `values_of(rows, h, v)` makes v of h, and `into[i] += Σ_r v_r x_ri`, without what the
    /// zeros of sparse columns add. Shapes: h and v (rows,), `into` (d,).
    pub(crate) fn run(
        &mut self,
        block: &Block<'_, T>,
        scaling: &Scaling,
        weights: &WorkingWeights<T>,
        into: &mut [f64],
        mut values_of: impl FnMut(RawRows, &[T], &mut [T]),
    ) {
        let numbers = block.raw_columns(|index, values| {
            let scale = &scaling.columns()[index];
            RawColumn {
                values,
                offset: T::from_f64(scale.offset),
                factor: T::from_f64(scale.factor),
                fill: T::from_f64(scale.fill),
                has_missing: block.has_missing(index),
            }
        });
        let (mut categories, mut sparse) = (Vec::new(), Vec::new());
        let mut first_feature = 0;
        for (index, column) in block.columns().iter().enumerate() {
            match column {
                Column::Codes { codes, n_levels } => categories.push((&**codes, first_feature, *n_levels)),
                Column::Sparse { starts, indices, values, .. } => {
                    sparse.push((SparseSlices { starts, indices, values }, scaling.sparse_scaling(index)));
                }
                Column::Numbers(_) | Column::Tiled(_) => {}
            }
            first_feature += column.kind().n_features();
        }
        let n = block.n_records();
        let mut h_is_there = false;
        for start in (0..n).step_by(self.capacity) {
            let end = (start + self.capacity).min(n);
            let rows = RawRows { start, ends_strip: end == n || end.is_multiple_of(STRIP_ROWS) };
            let h = &mut self.net_input[..end - start];
            if !h_is_there {
                raw_net_inputs(&numbers, &weights.numbers, start, h);
            }
            categories.iter().for_each(|(codes, ..)| prefetch_next(codes, start..end));
            let of_rows = || categories.iter().map(|(codes, first, n_levels)| (&codes[start..end], *first, *n_levels));
            for (loaded, (rows, scaling)) in self.sparse.iter_mut().zip(&sparse) {
                loaded.clear();
                loaded.append(SparseSlices { starts: &rows.starts[start..=end], ..*rows }, *scaling);
            }
            weights.add_others(0, of_rows(), &self.sparse, h);
            let values = &mut self.values[..end - start];
            values_of(rows, h, values);
            h_is_there = end + self.capacity <= n;
            let sums = self.sums.arrays();
            if h_is_there {
                let h = &mut self.net_input;
                add_raw_products_and_go_on(&numbers, &weights.numbers, [start, end], values, sums, h);
            } else {
                add_raw_products(&numbers, start, values, sums);
            }
            for (codes, first, n_levels) in of_rows() {
                scatter_add(values, codes, &mut into[first..first + n_levels]);
            }
            self.sparse.iter().for_each(|rows| rows.add_products(values, into));
            if rows.ends_strip {
                self.sums.fold(0, into);
            }
        }
    }
}
