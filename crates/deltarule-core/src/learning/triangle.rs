//! The whole table as one small triangle: with f the identity and squared error, no further pass is needed.
//!
//! Householder's reflections turn [X 1 y] into a triangle R with the same products: RᵀR = [X 1 y]ᵀ[X 1 y], each record times √v
//! where it has a weight v. Tile after tile is reflected into the triangle of those before it, and the triangles of segments into each other, in order (TSQR; J. Demmel,
//! L. Grigori, M. Hoemmen, J. Langou, "Communication-optimal Parallel and Sequential QR and LU Factorizations", 2012). Then
//! E = ½(‖R_x w − z‖² + ρ²), which cannot fall below 0 by rounding and does not square the condition number, as XᵀX does; and
//! a gradient costs d² products, however many records there are.

use super::matrix::Symmetric;
use super::rate::longest_record;
use super::reflector::Reflector;
use super::{Curvature, Gradient, Loss, Problem};
use crate::data::fold_tiles;
use crate::error::Result;
use crate::kernel::{Float, dot, sum_squares};
use crate::network::{Activation, Parameters};

/// Triangles of more columns than this cost more than the passes that they save.
const MOST_COLUMNS: usize = 128;
/// A triangle costs about as much as one pass over so many number columns for each of its own (32 columns of a million records: 4.4 passes more than XᵀX,
/// measured), and steps over few records have a pass for each epoch without it.
const COLUMNS_PER_PASS: u64 = 6;
/// Not more epochs than these are counted on: most descents over few records end before.
const MOST_EPOCHS: u64 = 20;
/// Tables with fewer records are passed over as quickly as they are reflected.
const FEWEST_RECORDS: usize = 8192;

/// A table with targets, reflected into a triangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Triangle {
    n_features: usize,
    n_outputs: usize,
    has_bias: bool,
    n_records: u64,
    /// Σv.
    weight: f64,
    /// R, column by column, shape (columns, columns): features, bias, outputs.
    values: Vec<f64>,
    max_record: f64,
    least_sse: f64,
}

impl Triangle {
    /// Whether a problem can be carried by its triangle, and is: a matter of its shape and settings alone. `epochs` are the most that there may be of steps over
    /// few records; `None` for steps over all.
    pub(super) fn suits<T: Float>(problem: &Problem<'_, T>, epochs: Option<u64>) -> bool {
        let shape = problem.source.shape();
        let columns = shape.n_features() + usize::from(problem.has_bias) + shape.n_outputs();
        let saves_passes = epochs.is_none_or(|epochs| {
            // A category is a column of a pass, and as many columns of the triangle as it has levels.
            let passed =
                (epochs.min(MOST_EPOCHS) + 1) * COLUMNS_PER_PASS * (shape.columns().len() + shape.n_outputs()) as u64;
            passed >= (columns * columns) as u64
        });
        *problem.activation == Activation::Identity
            && problem.loss == Loss::Squared
            && columns <= MOST_COLUMNS
            && problem.source.n_records() >= FEWEST_RECORDS
            && saves_passes
    }

    /// Reflects a whole table, in one pass.
    ///
    /// Errors: those of the source.
    pub(super) fn of<T: Float>(problem: &Problem<'_, T>) -> Result<Self> {
        let shape = problem.source.shape();
        let (n_features, n_outputs, has_bias) = (shape.n_features(), shape.n_outputs(), problem.has_bias);
        let size = n_features + usize::from(has_bias) + n_outputs;
        let (reflector, max_record, weight) = fold_tiles(
            problem.source,
            problem.scaling,
            problem.threads,
            || (Reflector::new(size), 0.0_f64, 0.0_f64),
            |(reflector, max_record, weight), tile| {
                *max_record = max_record.max(longest_record(tile, has_bias));
                *weight += tile.weight();
                reflector.make_room(tile.n_rows());
                reflector.fill_inputs(tile, has_bias);
                for j in 0..n_outputs {
                    let targets = tile.targets(j);
                    let column = reflector.column_mut(size - n_outputs + j);
                    column.iter_mut().zip(targets).for_each(|(into, y)| *into = y.to_f64());
                }
                if let Some(weights) = tile.weights() {
                    let roots: Vec<f64> = weights.iter().map(|v| v.to_f64().sqrt()).collect();
                    reflector.scale_rows(&roots);
                }
                reflector.reflect();
            },
            |(total, longest, weight), (part, other, further)| {
                total.merge(&part);
                *longest = longest.max(other);
                *weight += further;
            },
        )?;
        let n_records = problem.source.n_records() as u64;
        let values = reflector.into_triangle();
        let mut triangle =
            Self { n_features, n_outputs, has_bias, n_records, weight, values, max_record, least_sse: 0.0 };
        triangle.least_sse = (0..n_outputs).map(|j| 0.5 * triangle.least_squares(j)).sum();
        Ok(triangle)
    }

    /// How many columns it has: features, bias, outputs.
    pub fn n_columns(&self) -> usize {
        self.n_inputs() + self.n_outputs
    }

    /// Features and bias.
    fn n_inputs(&self) -> usize {
        self.n_features + usize::from(self.has_bias)
    }

    /// Column `k`, from its first row to its diagonal.
    fn column(&self, k: usize) -> &[f64] {
        &self.values[k * self.n_columns()..k * self.n_columns() + k + 1]
    }

    /// The least E that any weights have. It says how far a descent is from it, and takes no part in it.
    pub fn least_sse(&self) -> f64 {
        self.least_sse
    }

    /// E and the gradient at some weights, as a pass over the table would give them but for rounding.
    pub(super) fn gradient(&self, parameters: &Parameters) -> Gradient {
        let (d, n_inputs) = (self.n_features, self.n_inputs());
        let mut gradient = Gradient::zero(d, self.n_outputs, self.has_bias);
        gradient.n_records = self.n_records;
        gradient.weight = self.weight;
        for j in 0..self.n_outputs {
            let target = self.column(n_inputs + j);
            // z − R_x w, and below it what no weight can change.
            let mut residual = target.to_vec();
            let bias = self.has_bias.then(|| parameters.bias(j));
            for (k, &weight) in parameters.weights(j).iter().chain(&bias).enumerate() {
                for (residual, &r) in residual.iter_mut().zip(self.column(k)) {
                    *residual -= weight * r;
                }
            }
            let squares = sum_squares(&residual);
            gradient.loss += 0.5 * squares;
            gradient.losses[j] = 0.5 * squares;
            gradient.delta_squares[j] = squares;
            for (i, total) in gradient.descent.weights_mut(j).iter_mut().enumerate() {
                let column = self.column(i);
                *total = dot(column, &residual[..column.len()]);
            }
            if self.has_bias {
                let column = self.column(d);
                gradient.descent.set_bias(j, dot(column, &residual[..column.len()]));
            }
        }
        gradient
    }

    /// The eigenvalues of XᵀVX/Σv.
    pub(super) fn curvature(&self) -> Curvature {
        let size = self.n_inputs();
        let mut values = vec![0.0; size * size];
        for i in 0..size {
            for k in i..size {
                let product = dot(self.column(i), &self.column(k)[..=i]) / self.weight;
                values[i * size + k] = product;
                values[k * size + i] = product;
            }
        }
        let matrix = Symmetric { size, values };
        let (at_least, lambda_max) = matrix.bounds();
        let lambda_min = matrix.smallest_eigenvalue(lambda_max);
        let max_record = self.max_record * (self.n_records as f64 / self.weight);
        Curvature { lambda_max, at_least, proven: true, lambda_min, max_record }
    }

    /// Σ(y − ŷ)² of output `j` at its least: what is left of its column beside all directions of the inputs.
    ///
    /// The columns are orthogonalised, the longest that is left first, each twice (Giraud, Langou 2002); those shorter than the
    /// rounding of the longest are combinations of others.
    fn least_squares(&self, j: usize) -> f64 {
        let rows = self.n_columns();
        let padded = |k: usize| {
            let mut column = self.column(k).to_vec();
            column.resize(rows, 0.0);
            column
        };
        let mut columns: Vec<Vec<f64>> = (0..self.n_inputs()).map(padded).collect();
        let mut target = padded(self.n_inputs() + j);
        let longest = columns.iter().map(|column| sum_squares(column)).fold(0.0, f64::max);
        let smallest = longest * (rows as f64 * f64::EPSILON).powi(2);
        while let Some((k, squares)) = columns
            .iter()
            .map(|column| sum_squares(column))
            .enumerate()
            .filter(|(_, squares)| *squares > smallest)
            .max_by(|a, b| a.1.total_cmp(&b.1))
        {
            let mut direction = columns.swap_remove(k);
            let length = squares.sqrt();
            direction.iter_mut().for_each(|x| *x /= length);
            for other in columns.iter_mut().chain([&mut target]) {
                for _ in 0..2 {
                    let along = dot(&direction, other);
                    other.iter_mut().zip(&direction).for_each(|(x, d)| *x -= along * d);
                }
            }
        }
        sum_squares(&target)
    }
}
