//! From the sums to standard errors: which directions the data determine, and how well.

use super::information::{Information, Robust, Sums, Theory};
use crate::data::{ColumnKind, ColumnScaling};
use crate::error::{Error, Result};
use crate::insight::Distribution;
use crate::kernel::{dot, sum_squares};
use crate::learning::Reflector;
use crate::network::Parameters;

/// A column whose part beside all directions of others is less than this share of it is a combination of them.
const DEPENDENT: f64 = 1e-9;
/// A direction that takes up less than this share of a weight leaves it alone.
const TOUCHED: f64 = 1e-7;

/// How sure the weights of a network are.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many records there are.
    pub n_records: u64,
    /// N: as many, or Σv where a record stands for v equal ones.
    pub weight: f64,
    /// How many directions of the weights of one output the data determine; of all outputs with softmax.
    pub rank: usize,
    /// The distribution of a weight divided by its standard error, where the true weight is 0.
    pub distribution: Distribution,
    /// Each output, in order.
    pub outputs: Vec<OutputSummary>,
    /// What the data cannot tell apart.
    pub directions: Vec<Direction>,
}

/// The weights that lead to one output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSummary {
    /// Each weight, shape (d,).
    pub weights: Vec<Weight>,
    /// The bias in the units of the user's columns, where there is one.
    pub bias: Option<Weight>,
    /// Least squares: σ² = Σ(y − ŷ)²/(N − rank).
    pub residual_variance: Option<f64>,
    /// Poisson: Σ((y − ŷ)²/ŷ)/(N − rank), which is about 1 where the counts vary as Poisson's.
    pub dispersion: Option<f64>,
}

/// What the data say about one weight, in the units of the user's columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// It is determined.
    Estimated(Estimate),
    /// It can be changed together with others without any output changing.
    Undetermined,
    /// No record has this level.
    NoRecord,
    /// The column is the same in every record: 0 by convention.
    Constant,
}

/// How sure a weight is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The standard deviation that the weight has from sample to sample, as far as the theory knows.
    pub standard_error: f64,
    /// How far the minimum of E is away, by one step of Newton's, in standard errors.
    pub distance: f64,
}

/// Inputs of which a combination is the same number in every record: Σ factor·x = value.
#[derive(Debug, Clone, PartialEq)]
pub struct Direction {
    /// Features, and what each is multiplied by, in the units of the user's columns. The first has 1.
    pub terms: Vec<(usize, f64)>,
    /// What they add up to.
    pub value: f64,
}

impl Information {
    /// Standard errors, with what the levels of categories stand for by convention: of each column the records of its levels in training
    /// (shape (levels,)) where the weights average to zero by them, beside a bias, and nothing for the others.
    ///
    /// What has a convention is estimated without it, relative to the level with the most records (whose weight is then 0), and the errors
    /// are those of the weights that the convention makes of these: w_l − Σ n_k w_k/n, and b + Σ n_k w_k/n. With softmax likewise: w_j − Σ_k w_k/J.
    ///
    /// Errors: no more records than directions; conventions of another shape.
    pub fn summary(&self, conventions: &[Vec<f64>]) -> Result<Summary> {
        if conventions.len() != self.shape.columns().len() {
            let (found, expected) = (conventions.len(), self.shape.columns().len());
            return Err(Error::Shape { what: "conventions of columns".to_owned(), found, expected });
        }
        let used = self.used(conventions);
        let systems: Vec<System> = self.triangles.iter().map(|triangle| System::of(triangle, &used)).collect();
        let Some(first) = systems.first() else { return Err(Error::NoRecords) };
        let n = self.weight;
        let rank = systems.iter().map(|system| system.pivots.len()).max().unwrap_or(0);
        let degrees = n - rank as f64;
        if degrees <= 0.0 {
            return Err(Error::Setting {
                setting: "summary",
                found: format!("{n} records and {rank} directions of the weights"),
                expected: "more records than weights, since what is left over tells how much chance there is in them"
                    .to_owned(),
            });
        }
        let n_outputs = self.shape.n_outputs();
        let outputs = (0..n_outputs).map(|j| {
            let system = systems.get(j).unwrap_or(first);
            let sums = &self.sums[j.min(self.sums.len() - 1)];
            let variance = (self.theory == Theory::LeastSquares).then(|| sums.squares / degrees);
            let factor = match self.robust {
                None => variance.unwrap_or(1.0),
                Some(Robust::Hc0) => 1.0,
                Some(Robust::Hc1) => n / degrees,
            };
            let weight = |contrast: &[(usize, f64)]| system.weight(&self.over_classes(j, contrast), sums, factor);
            OutputSummary {
                weights: (0..self.shape.n_features()).map(|i| self.weight(i, conventions, &weight)).collect(),
                bias: self.bias(conventions).map(|contrast| weight(&contrast)),
                residual_variance: variance,
                dispersion: (self.theory == Theory::Poisson).then(|| sums.pearson / degrees),
            }
        });
        let distribution = match self.theory {
            Theory::LeastSquares => Distribution::StudentT { degrees },
            _ => Distribution::Normal,
        };
        let directions = self.directions(first);
        Ok(Summary { n_records: self.n_records, weight: n, rank, distribution, outputs: outputs.collect(), directions })
    }

    /// One step of Newton's, A⁻¹Σδx, which leads from weights near the minimum of E on these records to within the square of their distance: what is to be
    /// added to the weights. It is 0 where they are not determined.
    pub fn step(&self, conventions: &[Vec<f64>]) -> Parameters {
        let (d, m, n_outputs) = (self.shape.n_features(), self.n_inputs(), self.shape.n_outputs());
        let used = self.used(conventions);
        let mut step = Parameters::zeros(d, n_outputs, self.has_bias);
        let mut put = |j: usize, k: usize, value: f64| match step.weights_mut(j).get_mut(k) {
            Some(weight) => *weight = value,
            None => step.set_bias(j, value),
        };
        let first = self.triangles.first().map(|triangle| System::of(triangle, &used));
        for (j, sums) in self.sums.iter().enumerate() {
            let own = self.triangles.get(j).filter(|_| j > 0).map(|triangle| System::of(triangle, &used));
            let Some(system) = own.as_ref().or(first.as_ref()) else { continue };
            let of_pivots = |(k, length): &(usize, f64)| sums.score[*k] / length;
            let mut along: Vec<f64> = system.pivots.iter().map(of_pivots).collect();
            system.solve_transposed(&mut along);
            system.solve(&mut along);
            for ((k, length), value) in system.pivots.iter().zip(along) {
                // With softmax the classes stand one after the other in one system.
                put(if self.theory == Theory::Multinomial { k / m } else { j }, k % m, value / length);
            }
        }
        step
    }

    /// m: features and bias.
    fn n_inputs(&self) -> usize {
        self.shape.n_features() + usize::from(self.has_bias)
    }

    /// The columns of the triangles that are estimated: the bias first, and not the level that others are relative to.
    fn used(&self, conventions: &[Vec<f64>]) -> Vec<usize> {
        let m = self.n_inputs();
        let mut is_used = vec![true; m];
        for (index, counts) in conventions.iter().enumerate().filter(|(_, counts)| !counts.is_empty()) {
            let levels = self.shape.features_of(index);
            let most =
                levels.clone().max_by(|&a, &b| self.level_weights[a].total_cmp(&self.level_weights[b]).then(b.cmp(&a)));
            if let Some(reference) = most.filter(|_| counts.len() == levels.len()) {
                is_used[reference] = false;
            }
        }
        let size = self.triangles.first().map_or(0, Reflector::size);
        let features = (0..size).filter(|k| is_used[k % m.max(1)] && k % m.max(1) < self.shape.n_features());
        let biases = (0..size).filter(|k| k % m.max(1) >= self.shape.n_features());
        biases.chain(features).collect()
    }

    /// How a feature becomes an input.
    fn scale_of(&self, column: usize, feature: usize) -> ColumnScaling {
        match self.shape.columns()[column] {
            ColumnKind::Number => self.scaling.columns()[column],
            ColumnKind::Category { .. } => ColumnScaling::NONE,
            ColumnKind::Sparse { .. } => {
                let place = feature - self.shape.features_of(column).start;
                self.scaling.sparse(column).get(place).copied().unwrap_or(ColumnScaling::NONE)
            }
        }
    }

    /// Every feature with its column and how it becomes an input.
    fn features(&self) -> impl Iterator<Item = (usize, usize, ColumnScaling)> + '_ {
        let columns = 0..self.shape.columns().len();
        columns.flat_map(move |c| self.shape.features_of(c).map(move |i| (i, c, self.scale_of(c, i))))
    }

    /// What a category's weights have to be lessened by for the convention, times −1: Σ n_k w_k/n.
    fn average(&self, column: usize, counts: &[f64]) -> Vec<(usize, f64)> {
        let total = counts.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        self.shape.features_of(column).zip(counts).map(|(i, &count)| (i, count / total)).collect()
    }

    fn weight(&self, i: usize, conventions: &[Vec<f64>], of: &impl Fn(&[(usize, f64)]) -> Weight) -> Weight {
        let columns = 0..self.shape.columns().len();
        let Some(column) = columns.into_iter().find(|&c| self.shape.features_of(c).contains(&i)) else {
            return Weight::Undetermined;
        };
        let scale = self.scale_of(column, i);
        if scale.factor == 0.0 {
            return Weight::Constant;
        }
        if matches!(self.shape.columns()[column], ColumnKind::Category { .. }) && self.level_weights[i] == 0.0 {
            return Weight::NoRecord;
        }
        let average = self.average(column, &conventions[column]);
        // The only level of a category is its own average.
        if average.contains(&(i, 1.0)) {
            return Weight::Constant;
        }
        let mut contrast = vec![(i, scale.factor)];
        contrast.extend(average.into_iter().map(|(i, share)| (i, -share)));
        of(&contrast)
    }

    /// b + Σ n_k w_k/n − Σ w·m/s, if anything of it is learned.
    fn bias(&self, conventions: &[Vec<f64>]) -> Option<Vec<(usize, f64)>> {
        let mut contrast: Vec<(usize, f64)> = Vec::new();
        if self.has_bias {
            contrast.push((self.shape.n_features(), 1.0));
        }
        for (column, counts) in conventions.iter().enumerate() {
            contrast.extend(self.average(column, counts));
        }
        let shifts = self.features().map(|(i, _, scale)| (i, -scale.factor * scale.offset));
        contrast.extend(shifts.filter(|(_, shift)| *shift != 0.0));
        (!contrast.is_empty()).then_some(contrast)
    }

    /// With softmax, the same of class `j` less the mean of all classes, the last of which is 0.
    fn over_classes(&self, j: usize, contrast: &[(usize, f64)]) -> Vec<(usize, f64)> {
        if self.theory != Theory::Multinomial {
            return contrast.to_vec();
        }
        let (m, n_classes) = (self.n_inputs(), self.shape.n_outputs());
        let classes = 0..n_classes.saturating_sub(1);
        let share = |k: usize| f64::from(u8::from(k == j)) - 1.0 / n_classes as f64;
        classes.flat_map(|k| contrast.iter().map(move |&(i, factor)| (k * m + i, share(k) * factor))).collect()
    }

    /// The combinations of inputs that are the same in every record.
    fn directions(&self, system: &System) -> Vec<Direction> {
        let m = self.n_inputs();
        let scales: Vec<ColumnScaling> = self.features().map(|(.., scale)| scale).collect();
        let is_input = |k: usize| k < m && scales.get(k).is_some_and(|scale| scale.factor != 0.0);
        let is_level_without_record = |k: usize| {
            let mut features = self.features();
            features.any(|(i, c, _)| {
                i == k && matches!(self.shape.columns()[c], ColumnKind::Category { .. }) && self.level_weights[i] == 0.0
            })
        };
        let nulls = system.nulls.iter().filter(|null| is_input(null.column) && !is_level_without_record(null.column));
        nulls
            .map(|null| {
                // Σ a (x − offset)·factor + a_bias = 0, divided by what the first x has.
                let own = scales[null.column].factor * null.factor;
                let (mut terms, mut value) = (vec![(null.column, 1.0)], scales[null.column].offset);
                let largest = null.others.iter().map(|other| other.share.abs()).fold(1.0, f64::max);
                for other in null.others.iter().filter(|other| other.share.abs() > TOUCHED * largest) {
                    match scales.get(other.column) {
                        Some(scale) => {
                            let factor = other.factor * scale.factor / own;
                            terms.push((other.column, factor));
                            value += factor * scale.offset;
                        }
                        None => value -= other.factor / own,
                    }
                }
                terms[1..].sort_unstable_by_key(|(feature, _)| *feature);
                let size = terms.iter().map(|(i, factor)| (factor * scales[*i].offset).abs()).fold(0.0, f64::max);
                if value.abs() < TOUCHED * size {
                    value = 0.0;
                }
                Direction { terms, value }
            })
            .collect()
    }
}

/// A triangle with the columns that are estimated in the order in which they were found to be independent.
struct System {
    /// The columns of the whole triangle, in that order, and their lengths.
    pivots: Vec<(usize, f64)>,
    /// R of the pivots, each divided by its length: column by column, shape (rank, rank).
    triangle: Vec<Vec<f64>>,
    nulls: Vec<Null>,
    /// By column of the whole triangle: its place among the pivots.
    places: Vec<Option<usize>>,
    /// By column: those that were not estimated since the convention has them as 0.
    is_reference: Vec<bool>,
}

/// A column that is a combination of pivots: factor·x + Σ factor·x over the others = 0.
struct Null {
    column: usize,
    factor: f64,
    others: Vec<NullTerm>,
}

struct NullTerm {
    column: usize,
    /// Of the column divided by its length, as the own one has 1.
    share: f64,
    factor: f64,
}

impl System {
    /// Orthogonalises the columns, the longest that is left first and each twice (Giraud, Langou 2002), the first of `used` before all.
    fn of(whole: &Reflector, used: &[usize]) -> Self {
        let size = whole.size();
        let mut is_reference = vec![true; size];
        used.iter().for_each(|&k| is_reference[k] = false);
        let mut left: Vec<(usize, f64, Vec<f64>, Vec<f64>)> = Vec::new();
        let mut nulls = Vec::new();
        for &k in used {
            let length = sum_squares(whole.triangle_column(k)).sqrt();
            if length > 0.0 {
                let mut column: Vec<f64> = whole.triangle_column(k).iter().map(|x| x / length).collect();
                column.resize(size, 0.0);
                left.push((k, length, column, Vec::new()));
            } else {
                nulls.push(Null { column: k, factor: 1.0, others: Vec::new() });
            }
        }
        let (mut pivots, mut triangle) = (Vec::new(), Vec::new());
        while !left.is_empty() {
            let squares = |at: usize| sum_squares(&left[at].2);
            let longest = (0..left.len()).fold(0, |best, at| if squares(at) > squares(best) { at } else { best });
            let at = if pivots.is_empty() { 0 } else { longest };
            let rest = squares(at).sqrt();
            if rest < DEPENDENT {
                break;
            }
            let (k, length, mut direction, mut coordinates) = left.remove(at);
            direction.iter_mut().for_each(|x| *x /= rest);
            coordinates.push(rest);
            pivots.push((k, length));
            triangle.push(coordinates);
            for (_, _, column, coordinates) in &mut left {
                let mut total = 0.0;
                for _ in 0..2 {
                    let along = dot(&direction, column);
                    column.iter_mut().zip(&direction).for_each(|(x, d)| *x -= along * d);
                    total += along;
                }
                coordinates.push(total);
            }
        }
        let mut places = vec![None; size];
        pivots.iter().enumerate().for_each(|(place, (k, _))| places[*k] = Some(place));
        let mut system = Self { pivots, triangle, nulls, places, is_reference };
        for (column, length, _, mut coordinates) in left {
            system.solve(&mut coordinates);
            let others = system.pivots.iter().zip(coordinates);
            let others = others.map(|((k, of), x)| NullTerm { column: *k, share: -x, factor: -x / of });
            system.nulls.push(Null { column, factor: 1.0 / length, others: others.collect() });
        }
        system
    }

    /// Solves R x = b in place.
    fn solve(&self, b: &mut [f64]) {
        for i in (0..b.len()).rev() {
            b[i] /= self.triangle[i][i];
            let (x, rest) = (b[i], &self.triangle[i][..i]);
            b[..i].iter_mut().zip(rest).for_each(|(b, r)| *b -= r * x);
        }
    }

    /// Solves Rᵀ x = b in place.
    fn solve_transposed(&self, b: &mut [f64]) {
        for i in 0..b.len() {
            let known = dot(&self.triangle[i][..i], &b[..i]);
            b[i] = (b[i] - known) / self.triangle[i][i];
        }
    }

    /// The standard error of Σ factor·w over some weights, which is √(factor·variance): ‖R⁻ᵀℓ‖, or with the meat M ‖M R⁻¹R⁻ᵀℓ‖.
    fn weight(&self, contrast: &[(usize, f64)], sums: &Sums, factor: f64) -> Weight {
        let mut along = vec![0.0; self.pivots.len()];
        let mut beside = vec![0.0; self.places.len()];
        for &(k, share) in contrast {
            match self.places[k] {
                Some(place) => along[place] += share / self.pivots[place].1,
                None if self.is_reference[k] => {}
                None => beside[k] += share,
            }
        }
        let touched = self.nulls.iter().any(|null| {
            let own = beside[null.column] * null.factor;
            let (mut product, mut squares, mut size) = (own, own * own, 1.0);
            for (other, along) in null.others.iter().zip(&along) {
                product += other.share * along;
                squares += along * along;
                size += other.share * other.share;
            }
            product.abs() > TOUCHED * (squares * size).sqrt()
        });
        if touched {
            return Weight::Undetermined;
        }
        self.solve_transposed(&mut along);
        let by_theory = sum_squares(&along);
        self.solve(&mut along);
        let pivots = || self.pivots.iter().zip(&along);
        let variance = match &sums.meat {
            None => by_theory,
            Some(meat) => {
                let mut image = vec![0.0; meat.size()];
                for ((k, length), x) in pivots() {
                    image.iter_mut().zip(meat.triangle_column(*k)).for_each(|(into, r)| *into += r * x / length);
                }
                sum_squares(&image)
            }
        };
        let standard_error = (factor * variance).sqrt();
        let step: f64 = pivots().map(|((k, length), x)| sums.score[*k] / length * x).sum();
        let distance = if step == 0.0 { 0.0 } else { step.abs() / standard_error };
        Weight::Estimated(Estimate { standard_error, distance })
    }
}
