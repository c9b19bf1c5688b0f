//! η from the data: how strongly E bends, and the step whose guaranteed fall of E is largest.

use super::Loss;
use super::matrix::{Symmetric, largest_by_power_iteration};
use super::sparse_gram;
use crate::data::{
    BlockSource, ColumnKind, ColumnScaling, Moments, Scaling, Shape, Threads, Tile, TileColumn, fold_blocks, fold_tiles,
};
use crate::error::Result;
use crate::kernel::{Float, dot, scatter_add, sum};
use crate::network::{Activation, Parameters, RawPass, WorkingWeights};

/// Whether a step follows the sum of the records' gradients or their mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// The gradient is divided by the number of records, so η does not depend on how many there are.
    #[default]
    Mean,
    /// The gradient is the sum, as in the lesson: η on the mean equals η/N on the sum.
    Sum,
}

impl Reduction {
    /// `mean` or `sum`.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
        }
    }

    /// What a sum over records of so much weight, so many where they have none, is multiplied by.
    pub fn factor(self, weight: f64) -> f64 {
        match self {
            Reduction::Mean if weight > 0.0 => 1.0 / weight,
            Reduction::Mean => 1.0,
            Reduction::Sum => 1.0,
        }
    }
}

/// How E bends over the weights: eigenvalues of XᵀX/N, X in the units descended in, with its column of ones if there is a bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curvature {
    /// λmax of XᵀX/N: a bound from above if `proven`, otherwise an estimate with a margin of a quarter.
    pub lambda_max: f64,
    /// λmax from below: what power iteration came to.
    pub at_least: f64,
    /// Whether `lambda_max` is a bound from above.
    pub proven: bool,
    /// λmin of XᵀX/N where XᵀX was formed and is not singular; an estimate.
    pub lambda_min: Option<f64>,
    /// max ‖x‖² over the records, the bias's 1 counted.
    pub max_record: f64,
}

/// Tables with at most so many columns, and features, have their XᵀX formed; the others are probed by power iteration.
const GRAM_COLUMNS: usize = 64;
const MANY_FEATURES: usize = 1024;
const POWER_PASSES: usize = 24;

impl Curvature {
    /// Finds the curvature of a table.
    ///
    /// With up to 64 columns and 1024 features XᵀX is formed in one pass, λmax estimated by power iteration on it, and a value
    /// two per cent above accepted once the Cholesky factorisation of (that value)·I − XᵀX/N exists, which proves it a bound.
    /// Wider tables are probed by 24 passes of power iteration, and a quarter is added.
    ///
    /// Errors: those of the source.
    pub fn of<T: Float>(
        source: &dyn BlockSource<T>,
        scaling: &Scaling,
        has_bias: bool,
        threads: &Threads,
    ) -> Result<Self> {
        let shape = source.shape();
        let small = shape.columns().len() <= GRAM_COLUMNS && shape.n_features() < MANY_FEATURES;
        let size = if small { shape.n_features() + usize::from(has_bias) } else { 0 };
        let mut sums = fold_tiles(
            source,
            scaling,
            threads,
            || Gram::zero(size, has_bias),
            |total, tile| total.add(tile, shape),
            |total, part| total.merge(&part),
        )?;
        let n = sums.weight;
        let max_record = sums.max_record * (source.n_records() as f64 / n);
        if !small {
            let estimate = power_iteration(source, scaling, has_bias, threads)? / n;
            let (at_least, lambda_max) = (estimate, 1.25 * estimate);
            return Ok(Self { lambda_max, at_least, proven: false, lambda_min: None, max_record });
        }
        sparse_gram::add_zeros(scaling, shape, n, &mut sums.values, &sums.sums);
        let matrix = sums.into_matrix(1.0 / n);
        let (at_least, lambda_max) = matrix.bounds();
        let lambda_min = matrix.smallest_eigenvalue(lambda_max);
        Ok(Self { lambda_max, at_least, proven: true, lambda_min, max_record })
    }

    /// λmax/λmin of XᵀX, the condition number, an estimate: of λmax as power iteration has it, and not of its bound. `None` where XᵀX was not formed, or is singular.
    pub fn condition_number(&self) -> Option<f64> {
        self.lambda_min.map(|lambda_min| (self.at_least / lambda_min).max(1.0))
    }

    /// λ that bounds the expected curvature of a step over `batch` of `n` records, drawn without replacement.
    ///
    /// Source: Gower et al. 2019, SGD: general analysis and improved rates, proposition 3.8 (τ-nice sampling).
    pub fn of_batch(&self, batch: u64, n: u64) -> f64 {
        if n <= 1 || batch >= n {
            return self.lambda_max;
        }
        let (b, n) = (batch as f64, n as f64);
        (n * (b - 1.0)) / (b * (n - 1.0)) * self.lambda_max + (n - b) / (b * (n - 1.0)) * self.max_record
    }
}

/// Where η comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtaBasis {
    /// Given by the user, and kept.
    Given,
    /// 1/(c·λmax) with both known bounds: no plain step raises E.
    Bound,
    /// 1/(c·λmax) with an estimate of λmax, halved whenever a plain step raises E.
    Estimate,
    /// f has no bound c with this loss: a first guess, halved whenever a plain step raises E, and raised while all goes well.
    Backtracking,
    /// Stochastic steps: from the expected curvature of a batch. Where an epoch ends, the gradient of the whole table points back if the
    /// epoch was mostly noise, and on if it was mostly progress: η is then divided by [`LOWER`](Self::LOWER) or multiplied by
    /// [`RAISE`](Self::RAISE), and is never larger than at first.
    Stochastic,
    /// Rules whose steps have a size of their own: the length of a plain step in a typical weight at first, for scaled numbers √(2E₀/(N·c))/λ with E₀ of
    /// the best constant. Over full batches it is halved whenever a step raises E, and raised while all goes well; over few records it follows the gradient where
    /// an epoch ends as [`Stochastic`](Self::Stochastic) does, but may grow to [`MOST`](Self::MOST) times what it was at first.
    Adaptive,
}

impl EtaBasis {
    /// What a chosen η of stochastic steps is divided by after an epoch of noise.
    pub const LOWER: f64 = 3.0;
    /// What it is multiplied by after an epoch of progress.
    pub const RAISE: f64 = 1.5;
    /// How many times what it was at first the η of steps with a size of their own may become.
    pub const MOST: f64 = 100.0;
}

/// η of the first step, what it rests on, and what is known about larger ones. All on the reduction in use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChosenEta {
    /// η of the first step.
    pub eta: f64,
    /// Why this η.
    pub basis: EtaBasis,
    /// c, the curvature bound of the error in h; `None` where there is none.
    pub c: Option<f64>,
    /// 1/(c·λmax + λ₂), where c is known: the η with which the guaranteed fall of E in a plain step over all records is largest. E falls by
    /// η(1 − η/(2·guaranteed))‖∂E/∂w‖² at least, so no η up to twice this one raises it.
    pub guaranteed: Option<f64>,
    /// 2/(λmax + λ₂) with λmax from below, beyond which plain full-batch descent cannot converge; for the identity only.
    pub exact_limit: Option<f64>,
    /// The same η on the other reduction.
    pub equivalent: f64,
    /// The curvature that all this rests on.
    pub curvature: Curvature,
}

/// Everything the choice of η depends on but the data itself.
pub(crate) struct RateQuestion<'a> {
    pub(crate) activation: &'a Activation,
    pub(crate) loss: Loss,
    pub(crate) moments: &'a Moments,
    pub(crate) reduction: Reduction,
    /// Records a step; `None` for all.
    pub(crate) batch: Option<u64>,
    pub(crate) given: Option<f64>,
    /// λ₂ of the penalty, which bends by itself.
    pub(crate) l2: f64,
    /// For rules whose steps have a size of their own: √(Σx²/N) of a typical feature, over the number of η that the first step is long.
    pub(crate) own_size: Option<f64>,
}

impl RateQuestion<'_> {
    /// Chooses η.
    pub(crate) fn answer(&self, curvature: Curvature, baseline_loss: f64) -> ChosenEta {
        let (n, weight) = (self.moments.n_records(), self.moments.weight());
        let c = self.curvature_of_outputs();
        let batch = self.batch.unwrap_or(n).min(n).max(1);
        let batch_weight = batch as f64 * self.moments.mean_weight().unwrap_or(1.0);
        // An all-zero table bends nowhere; any η will do.
        let positive = |lambda: f64| if lambda > 0.0 { lambda } else { 1.0 };
        let lambda_max = positive(curvature.lambda_max);
        let full_step = |limit: f64| match self.reduction {
            Reduction::Mean => limit,
            Reduction::Sum => limit / weight,
        };
        let on_batch = |limit: f64| match self.reduction {
            Reduction::Mean => limit,
            Reduction::Sum => limit / batch_weight,
        };
        let exact = *self.activation == Activation::Identity && self.loss == Loss::Squared && self.own_size.is_none();
        let bend = c.unwrap_or_else(|| self.guess());
        let (eta, basis) = match (self.given, self.batch) {
            (Some(given), _) => (given, EtaBasis::Given),
            (None, Some(_)) if self.own_size.is_some() => {
                let lambda = positive(curvature.of_batch(batch, n));
                (0.5 / (bend * lambda) * self.own_step(bend, baseline_loss), EtaBasis::Adaptive)
            }
            (None, None) if self.own_size.is_some() => {
                (self.own_step(bend, baseline_loss) / (bend * lambda_max + self.l2), EtaBasis::Adaptive)
            }
            (None, Some(_)) => {
                let lambda = positive(curvature.of_batch(batch, n));
                (on_batch(0.5 / (bend * lambda)), EtaBasis::Stochastic)
            }
            (None, None) => {
                let basis = match (c, curvature.proven) {
                    (Some(_), true) => EtaBasis::Bound,
                    (Some(_), false) => EtaBasis::Estimate,
                    (None, _) => EtaBasis::Backtracking,
                };
                (full_step(1.0 / (bend * lambda_max + self.l2)), basis)
            }
        };
        let equivalent = match self.reduction {
            // Neither the mean nor the sum of slopes makes such a step longer.
            _ if self.own_size.is_some() => eta,
            Reduction::Mean => eta / batch_weight,
            Reduction::Sum => eta * batch_weight,
        };
        ChosenEta {
            eta,
            basis,
            c,
            guaranteed: c
                .filter(|_| curvature.proven && self.own_size.is_none())
                .map(|c| full_step(1.0 / (c * lambda_max + self.l2))),
            exact_limit: (exact && curvature.proven).then(|| full_step(2.0 / (positive(curvature.at_least) + self.l2))),
            equivalent,
            curvature,
        }
    }

    /// How large a plain step with η = 1 is in a typical weight at first: an upper bound of |Σδx|/N. With it the steps of a rule that gives each
    /// weight a step of about η begin as long as those of the plain rule.
    ///
    /// |Σδx|/N ≤ √(Σδ²/N) √(Σx²/N), and δ² ≤ 2cL where c bounds the curvature of a loss that is never negative; Σδ² is taken from E of the best constant.
    fn own_step(&self, bend: f64, baseline_loss: f64) -> f64 {
        let n_values = self.moments.weight() * self.moments.targets().len() as f64;
        let of_deltas = (2.0 * bend * baseline_loss / n_values).sqrt();
        let step = self.own_size.unwrap_or(1.0) * of_deltas;
        if step > 0.0 && step.is_finite() { step } else { 1.0 }
    }

    /// The largest c over the outputs, from each one's smallest and largest target.
    fn curvature_of_outputs(&self) -> Option<f64> {
        self.moments.targets().iter().try_fold(0.0_f64, |largest, target| {
            let (low, high) = target.range();
            self.loss.curvature_bound(self.activation, low, high).map(|c| largest.max(c))
        })
    }

    /// What is taken for c where there is no bound.
    fn guess(&self) -> f64 {
        let of_targets = self.moments.targets().iter();
        of_targets
            .map(|target| self.loss.curvature_guess(target.mean(), target.standard_deviation()))
            .fold(0.0, f64::max)
    }
}

/// max v‖x‖² over the records of a tile, the bias's 1 counted.
pub(super) fn longest_record<T: Float>(tile: &Tile<T>, has_bias: bool) -> f64 {
    let mut squares = vec![if has_bias { 1.0 } else { 0.0 }; tile.n_rows()];
    for (column, _) in tile.columns_with_features() {
        if let TileColumn::Sparse(rows) = column {
            rows.add_squares(&mut squares);
            continue;
        }
        for (r, total) in squares.iter_mut().enumerate() {
            *total += match column {
                TileColumn::Numbers(x) => x[r].to_f64() * x[r].to_f64(),
                TileColumn::Codes(_) => 1.0,
                TileColumn::Sparse(_) => 0.0,
            };
        }
    }
    if let Some(weights) = tile.weights() {
        squares.iter_mut().zip(weights).for_each(|(square, v)| *square *= v.to_f64());
    }
    squares.into_iter().fold(0.0, f64::max)
}

/// XᵀVX, summed tile by tile, and the longest record.
struct Gram {
    size: usize,
    has_bias: bool,
    values: Vec<f64>,
    /// Σ of what is stored of each feature, where there are sparse columns.
    sums: Vec<f64>,
    max_record: f64,
    /// Σv.
    weight: f64,
}

impl Gram {
    fn zero(size: usize, has_bias: bool) -> Self {
        let (values, sums) = (vec![0.0; size * size], vec![0.0; size]);
        Self { size, has_bias, values, sums, max_record: 0.0, weight: 0.0 }
    }

    fn add<T: Float>(&mut self, tile: &Tile<T>, shape: &Shape) {
        self.max_record = self.max_record.max(longest_record(tile, self.has_bias));
        self.weight += tile.weight();
        if self.size == 0 {
            return;
        }
        if shape.has_sparse() {
            return sparse_gram::add_records(tile, self.has_bias, &mut self.values, &mut self.sums);
        }
        let columns: Vec<TileColumn<'_, T>> = tile.columns_with_features().map(|(column, _)| column).collect();
        let ones = vec![T::ONE; if self.has_bias { tile.n_rows() } else { 0 }];
        let mut weighted = Vec::new();
        for (a, &left) in columns.iter().enumerate() {
            let rows = shape.features_of(a);
            // One of the two columns has the weights in it, a number column if there is one.
            let weighs_left = matches!(left, TileColumn::Numbers(_));
            let left = if weighs_left { weigh(left, tile.weights(), &mut weighted) } else { left };
            let mut weighted = Vec::new();
            for (b, &right) in columns.iter().enumerate().skip(a) {
                let right = if weighs_left { right } else { weigh(right, tile.weights(), &mut weighted) };
                self.add_pair(left, rows.start, right, shape.features_of(b), tile.weights());
            }
            if self.has_bias {
                let (last, ones) = (self.size - 1, TileColumn::Numbers(&ones));
                let ones = if weighs_left { ones } else { weigh(ones, tile.weights(), &mut weighted) };
                self.add_pair(left, rows.start, ones, last..last + 1, tile.weights());
            }
        }
        if self.has_bias {
            let corner = self.values.len() - 1;
            self.values[corner] += tile.weight();
        }
    }

    /// Adds Σ left·right to the rows that begin at `row` and the columns `features`; of two categories Σv, and of others the weights are in one of
    /// them.
    fn add_pair<T: Float>(
        &mut self,
        left: TileColumn<'_, T>,
        row: usize,
        right: TileColumn<'_, T>,
        features: std::ops::Range<usize>,
        weights: Option<&[T]>,
    ) {
        let size = self.size;
        match (left, right) {
            (TileColumn::Numbers(x), TileColumn::Numbers(z)) => {
                self.values[row * size + features.start] += dot(x, z).to_f64();
            }
            (TileColumn::Numbers(x), TileColumn::Codes(codes)) => {
                scatter_add(x, codes, &mut self.values[row * size + features.start..row * size + features.end]);
            }
            (TileColumn::Codes(codes), TileColumn::Numbers(z)) => {
                for (&code, z) in codes.iter().zip(z) {
                    // A code that is no level has no row; the rows of the column end where the matrix may go on.
                    if code != crate::data::NO_LEVEL {
                        self.values[(row + code as usize) * size + features.start] += z.to_f64();
                    }
                }
            }
            // Tables with sparse columns are added record by record.
            (TileColumn::Sparse(_), _) | (_, TileColumn::Sparse(_)) => {}
            (TileColumn::Codes(codes), TileColumn::Codes(others)) => {
                for (r, (&code, &other)) in codes.iter().zip(others).enumerate() {
                    let v = weights.map_or(1.0, |weights| weights[r].to_f64());
                    if code != crate::data::NO_LEVEL && other != crate::data::NO_LEVEL {
                        self.values[(row + code as usize) * size + features.start + other as usize] += v;
                    }
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        let others = other.values.iter().chain(&other.sums);
        for (total, part) in self.values.iter_mut().chain(&mut self.sums).zip(others) {
            *total += part;
        }
        self.max_record = self.max_record.max(other.max_record);
        self.weight += other.weight;
    }

    /// The whole symmetric matrix, times `factor`.
    fn into_matrix(mut self, factor: f64) -> Symmetric {
        for row in 0..self.size {
            for column in row..self.size {
                let value = self.values[row * self.size + column] * factor;
                self.values[row * self.size + column] = value;
                self.values[column * self.size + row] = value;
            }
        }
        Symmetric { size: self.size, values: self.values }
    }
}

/// A number column times the weights of its records; others as they are.
fn weigh<'a, T: Float>(column: TileColumn<'a, T>, weights: Option<&[T]>, into: &'a mut Vec<T>) -> TileColumn<'a, T> {
    match (column, weights) {
        (TileColumn::Numbers(x), Some(weights)) => {
            into.clear();
            into.extend(x.iter().zip(weights).map(|(&x, &v)| v * x));
            TileColumn::Numbers(into)
        }
        _ => column,
    }
}

/// λmax of XᵀVX from below, by passes over the data.
fn power_iteration<T: Float>(
    source: &dyn BlockSource<T>,
    scaling: &Scaling,
    has_bias: bool,
    threads: &Threads,
) -> Result<f64> {
    let d = source.shape().n_features();
    let mut failed = Ok(());
    let largest = largest_by_power_iteration(d + usize::from(has_bias), POWER_PASSES, |v, into| {
        match gram_times(source, scaling, has_bias, threads, v) {
            Ok(image) => into.copy_from_slice(&image),
            Err(error) => {
                into.fill(0.0);
                failed = Err(error);
            }
        }
    });
    failed.map(|()| largest)
}

/// XᵀVX v in one pass, V the weights of the records.
fn gram_times<T: Float>(
    source: &dyn BlockSource<T>,
    scaling: &Scaling,
    has_bias: bool,
    threads: &Threads,
    v: &[f64],
) -> Result<Vec<f64>> {
    let d = source.shape().n_features();
    let bias = has_bias.then(|| vec![v[d]]);
    let shape = source.shape();
    // As a network of one output.
    let one = Shape::new(shape.columns().to_vec(), 1);
    let weights = WorkingWeights::<T>::of(&Parameters::new(d, v[..d].to_vec(), bias, 1)?, &one, scaling);
    let block_rows = source.block_rows().min(source.n_records());
    let (mut image, _) = fold_blocks(
        source,
        threads,
        // The last is Σh, of which the products of the bias and of zeros are made.
        || (vec![0.0; d + 1], RawPass::new(&one, block_rows)),
        |(image, pass), _, block| {
            let (of_features, of_bias) = image.split_at_mut(d);
            pass.run(block, scaling, &weights, of_features, |rows, h, values| {
                values.copy_from_slice(h);
                if let Some(weights) = block.weights() {
                    values.iter_mut().zip(&weights[rows.start..]).for_each(|(value, &v)| *value = v * *value);
                }
                of_bias.iter_mut().for_each(|total| *total += sum(values).to_f64());
            });
        },
        |(total, _), (part, _)| total.iter_mut().zip(part).for_each(|(t, p)| *t += p),
    )?;
    let total = image[d];
    scaling.add_zeros(shape, total, &mut image[..d]);
    image.truncate(v.len());
    Ok(image)
}

/// Σvx_i² of every feature, in the units descended in: what a correlation with δ is measured against. Shape (d,).
pub(crate) fn feature_squares(shape: &Shape, moments: &Moments, scaling: &Scaling) -> Vec<f64> {
    let mut squares = Vec::with_capacity(shape.n_features());
    let columns = shape.columns().iter().zip(moments.columns()).zip(scaling.columns());
    for (index, ((kind, column), scale)) in columns.enumerate() {
        match (kind, column) {
            (ColumnKind::Number, column) => squares.push(column.scaled_squares(scale)),
            (ColumnKind::Category { .. }, column) => squares.extend(column.level_weights()),
            (ColumnKind::Sparse { .. }, column) => {
                let scales = scaling.sparse(index).iter().copied().chain(std::iter::repeat(ColumnScaling::NONE));
                let features = column.sparse_features().zip(scales);
                squares.extend(features.map(|(feature, scale)| feature.scaled_squares(&scale)));
            }
        }
    }
    squares
}
