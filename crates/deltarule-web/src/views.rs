//! What is drawn: E over weights, f over inputs, and the ranges in which they are worth a look.

use deltarule_core::{Column, Parameters, SurfaceAxis, WeightIndex};
use serde::{Deserialize, Serialize};

use crate::error::{Result, setting};
use crate::lane::Lane;
use crate::points::{Points, level_near};

/// A weight: w_ij, or a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightName {
    /// j, from 0.
    pub output: usize,
    /// i, from 0; `None` for the bias.
    pub feature: Option<usize>,
}

/// Equally spaced values.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
    /// How many.
    pub n: usize,
}

/// No picture has more points than this on a side.
const MOST_VALUES: usize = 1000;

impl Axis {
    fn values(self) -> Result<Vec<f64>> {
        let Self { from, to, n } = self;
        if !(from.is_finite() && to.is_finite() && from < to && (2..=MOST_VALUES).contains(&n)) {
            return setting(
                "axis",
                format!("{n} values from {from} to {to}"),
                format!("2 to {MOST_VALUES} values between two numbers, the smaller first"),
            );
        }
        let step = (to - from) / (n - 1) as f64;
        Ok((0..n).map(|k| if k + 1 == n { to } else { from + k as f64 * step }).collect())
    }
}

impl WeightName {
    /// Every weight of the network, output by output, the bias last.
    pub fn all(n_features: usize, n_outputs: usize, has_bias: bool) -> impl Iterator<Item = Self> {
        let features = move || (0..n_features).map(Some).chain(has_bias.then_some(None));
        (0..n_outputs).flat_map(move |output| features().map(move |feature| Self { output, feature }))
    }

    /// Its value.
    pub fn of(self, parameters: &Parameters) -> f64 {
        match self.feature {
            Some(i) => parameters.weights(self.output)[i],
            None => parameters.bias(self.output),
        }
    }

    /// The same for the core.
    fn index(self) -> WeightIndex {
        WeightIndex { output: self.output, feature: self.feature }
    }

    fn check(self, parameters: &Parameters) -> Result<()> {
        let is_there = self.output < parameters.n_outputs()
            && self.feature.map_or(parameters.has_bias(), |i| i < parameters.n_features());
        match is_there {
            true => Ok(()),
            false => setting("weight", format!("{self:?}"), "a weight of the network"),
        }
    }
}

impl Lane {
    /// E along one weight, the others held where they are. Shape (n,); infinite where E is not finite.
    ///
    /// Errors: no such weight, no sound axis.
    pub fn bowl(&self, points: &Points, weight: WeightName, axis: Axis) -> Result<Vec<f64>> {
        let axes = [SurfaceAxis { weight: weight.index(), values: axis.values()? }];
        self.slice(points, |slice| Ok(slice.surface(&axes)?.loss))
    }

    /// E over two weights: for value a of the first and b of the second at `a·n_b + b`.
    ///
    /// Errors: no such weights, or twice the same; no sound axis.
    pub fn surface(&self, points: &Points, weights: [WeightName; 2], axes: [Axis; 2]) -> Result<Vec<f64>> {
        let [first, second] = axes;
        let axes = [
            SurfaceAxis { weight: weights[0].index(), values: first.values()? },
            SurfaceAxis { weight: weights[1].index(), values: second.values()? },
        ];
        self.slice(points, |slice| Ok(slice.surface(&axes)?.loss))
    }

    /// From where to where a weight is worth a look: the start, the way that was gone as long as E was not far above the start's, and the minimum, with room on both
    /// sides.
    ///
    /// Errors: no such weight; those of the core.
    pub fn range(&mut self, points: &Points, weight: WeightName) -> Result<(f64, f64)> {
        weight.check(&self.state().parameters)?;
        let most = 3.0 * self.start_loss().unwrap_or(f64::INFINITY).max(self.plan().baseline.loss);
        let is_seen = |loss: Option<f64>| loss.is_none_or(|loss| loss <= most);
        let way = self.states().iter().filter(|state| is_seen(state.loss));
        let mut values: Vec<f64> = way.map(|state| weight.of(&state.parameters)).collect();
        if let Some(goal) = self.goal(points)? {
            values.push(weight.of(goal));
        }
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // A weight that moves by 1/√(Σx²/N) moves h by about 1.
        let unit = match weight.feature {
            None => 1.0,
            Some(i) => self.unit(points, i),
        };
        let room = (0.45 * (high - low)).max(0.6 * unit);
        Ok((low - room, high + room))
    }

    /// 1/√(Σx²/N) of an input.
    fn unit(&self, points: &Points, feature: usize) -> f64 {
        let n = points.n_records();
        let squares: f64 = (0..n).map(|r| points.inputs_of(r, &self.network.scaling)[feature].powi(2)).sum();
        if squares > 0.0 { (n as f64 / squares).sqrt() } else { 1.0 }
    }

    /// ŷ of every output along a column, the other columns at their means and commonest levels: output by output, shape (J, n).
    ///
    /// Errors: no such column, no sound axis.
    pub fn fitted(&self, points: &Points, column: usize, axis: Axis) -> Result<Vec<f64>> {
        let along = axis.values()?.into_iter().map(|x| vec![(column, x)]).collect();
        self.outputs_at(points, along)
    }

    /// ŷ of every output over two columns: output by output, for value a of the first and b of the second at `a·n_b + b`.
    ///
    /// Errors: those of [`fitted`](Self::fitted).
    pub fn field(&self, points: &Points, columns: [usize; 2], axes: [Axis; 2]) -> Result<Vec<f64>> {
        let second = axes[1].values()?;
        let first = axes[0].values()?;
        let over = first.iter().flat_map(|&a| second.iter().map(move |&b| vec![(columns[0], a), (columns[1], b)]));
        self.outputs_at(points, over.collect())
    }

    /// ŷ at places, each some columns with values. A category has its level's number, from 0; between two levels the nearer one counts.
    fn outputs_at(&self, points: &Points, places: Vec<Vec<(usize, f64)>>) -> Result<Vec<f64>> {
        let n_columns = points.columns().len();
        if let Some((column, _)) = places.iter().flatten().find(|(column, _)| *column >= n_columns) {
            return setting("column", column, format!("a number from 0 to below {n_columns}"));
        }
        let layer = self.network.layer(&self.state().parameters);
        let (n, n_outputs) = (places.len(), points.outputs().len());
        let typical = points.typical();
        let scales = self.network.scaling.columns();
        let mut outputs = vec![0.0; n * n_outputs];
        let mut x = Vec::with_capacity(points.inputs().len());
        for (k, place) in places.iter().enumerate() {
            x.clear();
            for (index, column) in points.columns().iter().enumerate() {
                let value = place.iter().find(|(at, _)| *at == index).map_or(typical[index], |(_, value)| *value);
                match column {
                    Column::Codes { n_levels, .. } => {
                        let at = level_near(value, *n_levels);
                        x.extend((0..*n_levels).map(|level| if level == at { 1.0 } else { 0.0 }));
                    }
                    _ => x.push(scales[index].apply(value)),
                }
            }
            for (j, output) in layer.outputs(&x).into_iter().enumerate() {
                outputs[j * n + k] = output;
            }
        }
        Ok(outputs)
    }

    /// ŷ of every record: output by output, shape (J, N).
    pub fn outputs(&self, points: &Points) -> Result<Vec<f64>> {
        let layer = self.network.layer(&self.state().parameters);
        let mut outputs = Vec::new();
        let mut all = vec![Vec::new(); points.outputs().len()];
        for block in points.dataset(&self.network.targets)?.blocks() {
            layer.outputs_into(block, &self.network.scaling, &mut outputs)?;
            all.iter_mut().zip(outputs.chunks(block.n_records())).for_each(|(all, some)| all.extend_from_slice(some));
        }
        Ok(all.concat())
    }
}
