//! Rows after rows, reflected into one triangle with the same products.
//!
//! Householder's reflections turn rows X into a triangle R with RᵀR = XᵀX, without forming XᵀX, whose condition number is the square of
//! that of X. Triangles of parts of a table are reflected into each other as the rows that they stand for.

use crate::data::{Tile, TileColumn};
use crate::kernel::{Aligned, Float, add_column_products, add_multiples, sum_squares};

/// A triangle under construction, and the rows that are to be reflected into it next.
#[derive(Debug, Clone)]
pub(crate) struct Reflector {
    size: usize,
    /// Column by column, shape (size, size); nothing below the diagonal.
    triangle: Vec<f64>,
    /// Column by column, `stride` apart.
    rows: Aligned<f64>,
    stride: usize,
    n_rows: usize,
    products: Vec<f64>,
}

impl Reflector {
    /// Nothing yet, of so many columns.
    pub(crate) fn new(size: usize) -> Self {
        let triangle = vec![0.0; size * size];
        Self { size, triangle, rows: Aligned::default(), stride: 0, n_rows: 0, products: vec![0.0; size] }
    }

    /// How many columns there are.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Room for so many rows, all of them 0.
    pub(crate) fn make_room(&mut self, n_rows: usize) {
        self.n_rows = n_rows;
        self.stride = n_rows.next_multiple_of(16) + 16;
        self.rows.make_room(self.size * self.stride);
        self.rows.fill(0.0);
    }

    /// Column `k` of the rows, shape (rows,).
    pub(crate) fn column(&self, k: usize) -> &[f64] {
        &self.rows[k * self.stride..k * self.stride + self.n_rows]
    }

    /// The same, to write to.
    pub(crate) fn column_mut(&mut self, k: usize) -> &mut [f64] {
        &mut self.rows[k * self.stride..k * self.stride + self.n_rows]
    }

    /// Writes the inputs of a tile into the first columns of its rows: x̃, indicators of levels, and 1 for the bias.
    pub(crate) fn fill_inputs<T: Float>(&mut self, tile: &Tile<T>, has_bias: bool) {
        let mut feature = 0;
        for (column, n) in tile.columns_with_features() {
            match column {
                TileColumn::Numbers(x) => {
                    self.column_mut(feature).iter_mut().zip(x).for_each(|(into, x)| *into = x.to_f64());
                }
                TileColumn::Codes(codes) => {
                    for (r, &code) in codes.iter().enumerate().filter(|(_, code)| (**code as usize) < n) {
                        self.column_mut(feature + code as usize)[r] = 1.0;
                    }
                }
                TileColumn::Sparse(rows) => {
                    for (i, &zero) in rows.zeros().iter().enumerate() {
                        self.column_mut(feature + i).fill(zero);
                    }
                    for (r, (indices, values)) in rows.slices().rows().enumerate() {
                        for (&i, x) in indices.iter().zip(values) {
                            self.column_mut(feature + i as usize)[r] += x.to_f64();
                        }
                    }
                }
            }
            feature += n;
        }
        if has_bias {
            self.column_mut(feature).fill(1.0);
        }
    }

    /// Multiplies each row by its factor. Shape: `factors` (rows,).
    pub(crate) fn scale_rows(&mut self, factors: &[f64]) {
        for k in 0..self.size {
            self.column_mut(k).iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
        }
    }

    /// Copies the rows of another reflector, each times its factor, to the columns from `column` and the rows from `row` on. Shape: `factors` (rows
    /// of the other,).
    pub(crate) fn copy_scaled(&mut self, other: &Self, column: usize, row: usize, factors: &[f64]) {
        for k in 0..other.size {
            let into = &mut self.column_mut(column + k)[row..row + factors.len()];
            for ((into, x), factor) in into.iter_mut().zip(other.column(k)).zip(factors) {
                *into = x * factor;
            }
        }
    }

    /// Reflects the rows into the triangle, column by column, so that nothing is left of them.
    pub(crate) fn reflect(&mut self) {
        let (size, stride, n) = (self.size, self.stride, self.n_rows);
        for k in 0..size {
            let (done, rest) = self.rows.split_at_mut((k + 1) * stride);
            let column = &done[k * stride..k * stride + n];
            let squares = sum_squares(column);
            if squares == 0.0 {
                continue;
            }
            let diagonal = self.triangle[k * size + k];
            let length = (diagonal * diagonal + squares).sqrt();
            let new = if diagonal > 0.0 { -length } else { length };
            // The mirror is v = (diagonal − new, column); 2/‖v‖² times its product with a column is what to take of it.
            let head = diagonal - new;
            let factor = 2.0 / (head * head + squares);
            self.triangle[k * size + k] = new;
            let products = &mut self.products[k + 1..];
            products.fill(0.0);
            add_column_products(rest, stride, column, products);
            for (i, product) in products.iter_mut().enumerate() {
                let entry = &mut self.triangle[(k + 1 + i) * size + k];
                let take = factor * (head * *entry + *product);
                *entry -= take * head;
                *product = -take;
            }
            add_multiples(products, column, stride, rest);
        }
    }

    /// Reflects another triangle into this one, as the rows that it stands for.
    pub(crate) fn merge(&mut self, other: &Self) {
        let size = self.size;
        self.make_room(size);
        for k in 0..size {
            self.column_mut(k)[..=k].copy_from_slice(&other.triangle[k * size..=k * size + k]);
        }
        self.reflect();
    }

    /// Column `k` of the triangle, from its first row to its diagonal.
    pub(crate) fn triangle_column(&self, k: usize) -> &[f64] {
        &self.triangle[k * self.size..=k * self.size + k]
    }

    /// R, column by column, shape (size, size); nothing below the diagonal.
    pub(crate) fn into_triangle(self) -> Vec<f64> {
        self.triangle
    }
}
