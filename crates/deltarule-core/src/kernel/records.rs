//! Descent record by record: net input, δ and step of one record after the other, each on the weights that the one before left.

use super::aligned::OnLine;
use super::dispatch::for_every_width;
#[cfg(target_arch = "x86_64")]
use super::dispatch::return_in_width;
#[cfg(target_arch = "x86_64")]
use super::eight::{Avx2, Avx512, Eight, Four};
use super::linear::prefetch_nearest;
use super::{Float, NET_INPUT_LANES, RawColumns, fold_net_input};

/// So many values of one record that stand in one lane each.
pub(crate) type Lanes = [f64; NET_INPUT_LANES];

/// Records, row by row, ready to be gone through in any order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    /// x̃ of the number columns, filled up with zeros, shape (records, groups).
    pub(crate) numbers: Vec<OnLine<Lanes>>,
    /// How many groups of lanes a record has.
    pub(crate) n_groups: usize,
    /// The input, among all features, that each category switches on, shape (records, categories); [`NO_INPUT`] for none.
    pub(crate) inputs: Vec<u32>,
    pub(crate) n_categories: usize,
    /// Shape (records, J).
    pub(crate) targets: Vec<f64>,
    /// What δ of each record is multiplied by; empty where that is 1.
    pub(crate) weights: Vec<f64>,
}

impl Records {
    /// Tells memory that a record will be wanted soon.
    #[inline(always)]
    fn prefetch(&self, position: Option<&u32>) {
        if let Some(&position) = position {
            let first = position as usize * self.n_groups;
            for group in 0..self.n_groups {
                prefetch_nearest(self.numbers.as_ptr().wrapping_add(first + group));
            }
        }
    }
}

/// A category without a level.
pub(crate) const NO_INPUT: u32 = u32::MAX;

/// Weights, or sums in their shape, in the form in which records are gone through.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordWeights {
    /// Of the number columns, shape (J, groups).
    pub(crate) numbers: Vec<Lanes>,
    /// By feature, of which only those of categories count, shape (J, d).
    pub(crate) categories: Vec<f64>,
    /// Shape (J,).
    pub(crate) bias: Vec<f64>,
    pub(crate) has_bias: bool,
}

/// A record at which δ is not finite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BadRecord {
    /// Its position among the records.
    pub(crate) position: usize,
    pub(crate) output: usize,
    pub(crate) net_input: f64,
}

/// So many records ahead, memory is told which one will be wanted.
const AHEAD: usize = 6;

/// Goes through records in an order. With `eta`, each one moves the weights by Δw = ηδx; without, `sums` takes in δx and the weights stay.
///
/// `couple` changes the net inputs of a record before `delta(y, h)`, δ of one output, sees them. Gives the first record at which it is not finite, if there is one.
pub(crate) fn walk_records<C: Fn(&mut [f64]), F: Fn(f64, f64) -> f64>(
    records: &Records,
    order: &[u32],
    weights: &mut RecordWeights,
    eta: Option<f64>,
    sums: &mut RecordWeights,
    deltas: &mut [f64],
    (couple, delta): (C, F),
) -> Option<BadRecord> {
    if let (1, 0, true, Some(eta)) = (weights.bias.len(), records.n_categories, records.weights.is_empty(), eta) {
        match records.n_groups {
            1 => return walk_numbers::<1, F>(records, order, weights, eta, delta),
            2 => return walk_numbers::<2, F>(records, order, weights, eta, delta),
            3 => return walk_numbers::<3, F>(records, order, weights, eta, delta),
            4 => return walk_numbers::<4, F>(records, order, weights, eta, delta),
            _ => {}
        }
    }
    walk_any(records, order, weights, eta, sums, deltas, (couple, delta))
}

/// [`walk_records`] for one output, a step at each record, and number columns in `G` groups.
fn walk_numbers<const G: usize, F: Fn(f64, f64) -> f64>(
    records: &Records,
    order: &[u32],
    weights: &mut RecordWeights,
    eta: f64,
    delta: F,
) -> Option<BadRecord> {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<const G: usize>(
            records: &Records,
            order: &[u32],
            weights: &mut RecordWeights,
            eta: f64,
            delta: impl Fn(f64, f64) -> f64,
        ) -> Option<BadRecord> {
            walk_in_registers::<Avx2, G>(records, order, weights, eta, delta)
        }
        #[target_feature(enable = "avx2,avx512f,avx512vl,avx512dq")]
        fn avx512<const G: usize>(
            records: &Records,
            order: &[u32],
            weights: &mut RecordWeights,
            eta: f64,
            delta: impl Fn(f64, f64) -> f64,
        ) -> Option<BadRecord> {
            walk_in_registers::<Avx512, G>(records, order, weights, eta, delta)
        }
        return_in_width!(
            avx512::<G>(records, order, weights, eta, delta),
            avx2::<G>(records, order, weights, eta, delta)
        );
    }
    let (mut sums, mut deltas) = (RecordWeights::default(), [0.0]);
    walk_any(records, order, weights, Some(eta), &mut sums, &mut deltas, (|_: &mut [f64]| {}, delta))
}

/// The weights stay in registers from record to record; the arithmetic is that of [`walk_any`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn walk_in_registers<E: Eight, const G: usize>(
    records: &Records,
    order: &[u32],
    weights: &mut RecordWeights,
    eta: f64,
    delta: impl Fn(f64, f64) -> f64,
) -> Option<BadRecord> {
    let rows = records.numbers.as_chunks::<G>().0;
    let (targets, has_bias) = (&records.targets[..rows.len()], weights.has_bias);
    let numbers = weights.numbers.first_chunk_mut::<G>()?;
    let mut w = [E::splat(0.0); G];
    for g in 0..G {
        w[g] = E::load(&numbers[g]);
    }
    let mut bias = weights.bias[0];
    let mut bad = None;
    for (place, &position) in order.iter().enumerate() {
        records.prefetch(order.get(place + AHEAD));
        let position = position as usize;
        let mut x = [E::splat(0.0); G];
        for g in 0..G {
            x[g] = E::load(&rows[position][g].0);
        }
        let mut lanes = E::splat(0.0);
        for g in 0..G {
            lanes = lanes.add(w[g].mul(x[g]));
        }
        let mut h = 0.0;
        for half in lanes.halves() {
            h += half;
        }
        if has_bias {
            h += bias;
        }
        let delta = delta(targets[position], h);
        if !delta.is_finite() {
            bad = Some(BadRecord { position, output: 0, net_input: h });
            break;
        }
        let step = eta * delta;
        let steps = E::splat(step);
        for g in 0..G {
            w[g] = w[g].add(steps.mul(x[g]));
        }
        bias += step;
    }
    for (numbers, w) in numbers.iter_mut().zip(w) {
        w.store(numbers);
    }
    if has_bias {
        weights.bias[0] = bias;
    }
    bad
}

/// Makes δ of the net inputs of a record, in their place, times its weight if it has one; the record is bad if one is not finite. Shapes: both (J,).
#[inline(always)]
pub(crate) fn make_deltas(
    records: &Records,
    position: usize,
    targets: &[f64],
    net_inputs: &mut [f64],
    (couple, delta): &(impl Fn(&mut [f64]), impl Fn(f64, f64) -> f64),
) -> Option<BadRecord> {
    // A record of weight 0 is as good as none, whatever its outputs are.
    if records.weights.get(position) == Some(&0.0) {
        net_inputs.fill(0.0);
        return None;
    }
    couple(net_inputs);
    for (output, (place, &target)) in net_inputs.iter_mut().zip(targets).enumerate() {
        let net_input = *place;
        *place = delta(target, net_input);
        if !place.is_finite() {
            return Some(BadRecord { position, output, net_input });
        }
    }
    if let Some(weight) = records.weights.get(position) {
        net_inputs.iter_mut().for_each(|delta| *delta *= weight);
    }
    None
}

for_every_width! {
    /// [`walk_records`] for any number of outputs, with any columns.
    fn walk_any<C: [Fn(&mut [f64])], F: [Fn(f64, f64) -> f64]>(
        records: &Records, order: &[u32], weights: &mut RecordWeights, eta: Option<f64>, sums: &mut RecordWeights,
        deltas: &mut [f64], terms: (C, F),
    ) -> Option<BadRecord> {
        let Records { n_groups, n_categories, .. } = *records;
        let n_outputs = weights.bias.len();
        let d = weights.categories.len() / n_outputs.max(1);
        for (place, &position) in order.iter().enumerate() {
            let r = position as usize;
            records.prefetch(order.get(place + AHEAD));
            let x = &records.numbers[r * n_groups..(r + 1) * n_groups];
            let inputs = &records.inputs[r * n_categories..(r + 1) * n_categories];
            let targets = &records.targets[r * n_outputs..(r + 1) * n_outputs];
            for j in 0..n_outputs {
                let mut lanes = [0.0; NET_INPUT_LANES];
                for (w, x) in weights.numbers[j * n_groups..(j + 1) * n_groups].iter().zip(x) {
                    for l in 0..NET_INPUT_LANES {
                        lanes[l] += w[l] * x.0[l];
                    }
                }
                let mut h = fold_net_input(lanes);
                for &input in inputs {
                    if input != NO_INPUT {
                        h += weights.categories[j * d + input as usize];
                    }
                }
                if weights.has_bias {
                    h += weights.bias[j];
                }
                deltas[j] = h;
            }
            if let Some(bad) = make_deltas(records, r, targets, deltas, &terms) {
                return Some(bad);
            }
            let (into, factor) = match eta {
                Some(eta) => (&mut *weights, eta),
                None => (&mut *sums, 1.0),
            };
            for j in 0..n_outputs {
                let step = factor * deltas[j];
                for (w, x) in into.numbers[j * n_groups..(j + 1) * n_groups].iter_mut().zip(x) {
                    *w = std::array::from_fn(|l| w[l] + step * x.0[l]);
                }
                for &input in inputs {
                    if input != NO_INPUT {
                        into.categories[j * d + input as usize] += step;
                    }
                }
                if into.has_bias {
                    into.bias[j] += step;
                }
            }
        }
        None
    }
}

/// Writes `into.len()/n_groups` rows of raw columns that lie within one run, from `start` on, centred, scaled and row by row.
/// Shape: `into` (rows, groups).
pub(crate) fn standardize_rows<T: Float>(
    columns: &RawColumns<'_, T>,
    scales: &[RowScale],
    start: usize,
    n_groups: usize,
    into: &mut [OnLine<Lanes>],
) {
    let n_rows = into.len() / n_groups.max(1);
    let at = columns.layout().place(start);
    for (group, (columns, scale)) in columns.as_slice().chunks(NET_INPUT_LANES).zip(scales).enumerate() {
        let raw = std::array::from_fn(|l| columns.get(l).map(|column| &column.values[at..at + n_rows]));
        let into = &mut into[group..];
        let done = standardize_fours(&raw, scale, into, n_groups);
        for r in done..n_rows {
            into[r * n_groups].0 =
                std::array::from_fn(|l| scale.input(l, raw[l].map_or(0.0, |column| column[r].to_f64())));
        }
    }
}

/// `into[r·stride][l]` of column `l`, for four rows at a time, as far as they go; gives how many. Left to itself, a compiler moves value by value.
fn standardize_fours<T: Float>(
    columns: &[Option<&[T]>; NET_INPUT_LANES],
    scale: &RowScale,
    into: &mut [OnLine<Lanes>],
    stride: usize,
) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Float>(
            columns: &[Option<&[T]>; NET_INPUT_LANES],
            scale: &RowScale,
            into: &mut [OnLine<Lanes>],
            stride: usize,
        ) -> usize {
            standardize_in_registers(columns, scale, into, stride)
        }
        return_in_width!(avx2(columns, scale, into, stride), avx2(columns, scale, into, stride));
    }
    let _ = (columns, scale, into, stride);
    0
}

/// Four columns at a time: eight, and what they are centred and scaled by, are more than there are registers of AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn standardize_in_registers<T: Float>(
    columns: &[Option<&[T]>; NET_INPUT_LANES],
    scale: &RowScale,
    into: &mut [OnLine<Lanes>],
    stride: usize,
) -> usize {
    let Some(first) = columns[0] else { return 0 };
    let n_fours = first.len() / 4;
    for (half, columns) in columns.as_chunks::<4>().0.iter().enumerate() {
        let offset = Four::load(&scale.offset, half);
        let (factor, fill) = (Four::load(&scale.factor, half), Four::load(&scale.fill, half));
        // A lane without a column has values of another, times 0.
        let [a, b, c, d] = columns.map(|column| &column.unwrap_or(first).as_chunks::<4>().0[..n_fours]);
        for (place, into) in into.chunks_mut(4 * stride).take(n_fours).enumerate() {
            // No closures from here on: those are not compiled for the registers in use.
            let fours = [Four::of(&a[place]), Four::of(&b[place]), Four::of(&c[place]), Four::of(&d[place])];
            for (row, into) in Four::turn_round(fours).iter().zip(into.iter_mut().step_by(stride)) {
                row.sub(offset).mul(factor).or_where_missing(*row, fill).store(&mut into.0, half);
            }
        }
    }
    4 * n_fours
}

/// How a group of number columns is centred and scaled; all 0 where there is no column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowScale {
    pub(crate) offset: Lanes,
    pub(crate) factor: Lanes,
    pub(crate) fill: Lanes,
}

impl RowScale {
    /// x̃ of a value in a lane.
    fn input(&self, l: usize, x: f64) -> f64 {
        if x.is_nan() { self.fill[l] } else { (x - self.offset[l]) * self.factor[l] }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, RawColumn, Width};
    use super::*;
    use crate::random::{Random, Stream};

    #[test]
    fn steps_in_registers_have_the_bits_of_the_general_loop() {
        let mut random = Random::new(3, Stream::Start);
        for (n_groups, has_bias) in [(1, true), (2, false), (3, true), (4, true), (4, false)] {
            let n = 200;
            let numbers = (0..n * n_groups).map(|_| OnLine(std::array::from_fn(|_| random.normal()))).collect();
            let targets = (0..n).map(|_| random.normal()).collect();
            let records = Records { numbers, n_groups, targets, ..Records::default() };
            let mut order: Vec<u32> = (0..n as u32).collect();
            random.shuffle(&mut order);
            let start = RecordWeights {
                numbers: (0..n_groups).map(|_| std::array::from_fn(|_| random.normal())).collect(),
                bias: vec![0.5],
                has_bias,
                ..RecordWeights::default()
            };
            let delta = |y: f64, h: f64| if h.abs() < 1e3 { y - h } else { f64::NAN };
            let (mut fast, mut plain, mut sums) = (start.clone(), start, RecordWeights::default());
            for (eta, breaks) in [(0.01, false), (0.9, true)] {
                let (a, b) = (&mut fast, &mut plain);
                let bad =
                    walk_records(&records, &order, a, Some(eta), &mut sums, &mut [0.0], (|_: &mut [f64]| {}, delta));
                let expected =
                    walk_any(&records, &order, b, Some(eta), &mut sums, &mut [0.0], (|_: &mut [f64]| {}, delta));
                assert_eq!(
                    bad.map(|bad| (bad.position, bad.net_input.to_bits())),
                    expected.map(|bad| (bad.position, bad.net_input.to_bits()))
                );
                assert_eq!(bad.is_some(), breaks);
                assert_eq!((&fast.numbers, &fast.bias), (&plain.numbers, &plain.bias));
            }
        }
    }

    /// Rows in every width against plain ones, of all numbers of rows and columns: the same bits.
    fn check<T: Float>() {
        let mut random = Random::new(5, Stream::Start);
        for (n_rows, n_columns) in [(0, 3), (1, 8), (7, 9), (8, 1), (9, 16), (31, 20), (64, 30)] {
            let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| random.normal()).collect() };
            let values: Vec<Vec<T>> = (0..n_columns)
                .map(|i| {
                    let mut column: Vec<T> = numbers(n_rows).into_iter().map(T::from_f64).collect();
                    column.iter_mut().skip(i).step_by(11).for_each(|x| *x = T::from_f64(f64::NAN));
                    column
                })
                .collect();
            let n_groups = n_columns.div_ceil(NET_INPUT_LANES);
            let scales: Vec<RowScale> = (0..n_groups)
                .map(|group| {
                    let mut scale = RowScale::default();
                    for l in 0..NET_INPUT_LANES.min(n_columns - group * NET_INPUT_LANES) {
                        let of_column = numbers(3);
                        (scale.offset[l], scale.factor[l], scale.fill[l]) = (of_column[0], of_column[1], of_column[2]);
                    }
                    scale
                })
                .collect();
            let (offset, factor, fill) = (T::ZERO, T::ONE, T::ZERO);
            let columns = values.iter().map(|values| RawColumn { values, offset, factor, fill, has_missing: true });
            let columns = RawColumns::new(columns.collect(), Layout::ALONE, n_rows);
            for width in Width::ALL {
                width.limit();
                let mut into = vec![OnLine([f64::NAN; NET_INPUT_LANES]); n_rows * n_groups];
                standardize_rows(&columns, &scales, 0, n_groups, &mut into);
                for (place, lanes) in into.iter().enumerate() {
                    let (r, group) = (place / n_groups, place % n_groups);
                    let expected: Lanes = std::array::from_fn(|l| {
                        values
                            .get(group * NET_INPUT_LANES + l)
                            .map_or(0.0, |column| scales[group].input(l, column[r].to_f64()))
                    });
                    assert_eq!(lanes.0, expected, "{} {n_rows}x{n_columns}, row {r}", width.name());
                }
            }
            Width::widest().limit();
        }
    }

    #[test]
    fn rows_have_the_same_bits_in_every_width() {
        check::<f32>();
        check::<f64>();
    }
}
