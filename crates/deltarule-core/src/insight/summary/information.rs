//! The sums that standard errors are made of, tile by tile.

use crate::data::{Block, Scaling, Shape, Tile, TileColumn};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::learning::{Loss, Reflector, delta_of};
use crate::network::{Activation, Layer, WorkingWeights};

/// An output is certain of a record where ŷ(1 − ŷ) is below this.
const CERTAIN: f64 = 1e-6;
/// Less information than this is none.
const SMALLEST: f64 = 1e-200;

/// The pairs of loss and activation that standard errors are known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theory {
    /// Squared error and the identity: y = h + noise of one variance. c = 1.
    LeastSquares,
    /// Log loss and sigmoid: y is 1 with probability σ(h). c = σ(h)σ(−h).
    Logistic,
    /// Log loss and softmax: class j with probability p_j. ∂²L/∂h_j∂h_k = p_j(δ_jk − p_k).
    Multinomial,
    /// Poisson loss and exp: y is a count with mean and variance eʰ. c = eʰ.
    Poisson,
}

impl Theory {
    /// That of a loss and an activation, if there is one.
    pub fn of(loss: Loss, activation: &Activation) -> Option<Self> {
        match (loss, activation) {
            (Loss::Squared, Activation::Identity) => Some(Theory::LeastSquares),
            (Loss::Log, Activation::Sigmoid) => Some(Theory::Logistic),
            (Loss::Log, Activation::Softmax) => Some(Theory::Multinomial),
            (Loss::Poisson, Activation::Exp) => Some(Theory::Poisson),
            _ => None,
        }
    }

    fn loss(self) -> Loss {
        match self {
            Theory::LeastSquares => Loss::Squared,
            Theory::Logistic | Theory::Multinomial => Loss::Log,
            Theory::Poisson => Loss::Poisson,
        }
    }
}

/// A covariance that holds where records do not vary as the theory says: A⁻¹(Σ δ² x xᵀ)A⁻¹.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Robust {
    /// As it is (White 1980).
    Hc0,
    /// Times N/(N − rank), which makes up for δ being smaller at the minimum than it would be at the true weights (MacKinnon, White 1985).
    Hc1,
}

/// Sums over records at the weights of a layer. A record that counts v times is v equal records. In the order in which blocks are added they have the same bits on every machine.
///
/// Shapes: m inputs with the bias. With softmax the last class is the one that others are compared with, so that there are (J − 1)·m of them.
#[derive(Debug)]
pub struct Information {
    pub(super) theory: Theory,
    pub(super) robust: Option<Robust>,
    pub(super) shape: Shape,
    pub(super) scaling: Scaling,
    pub(super) has_bias: bool,
    pub(super) n_records: u64,
    /// Σv, v being how many equal records a record stands for.
    pub(super) weight: f64,
    /// Of each column: records without a level.
    pub(super) without_level: Vec<u64>,
    /// Of each feature: Σv of the records that a level has; nothing for other columns.
    pub(super) level_weights: Vec<f64>,
    /// R with RᵀR = Σ v c x xᵀ: one for all outputs with least squares and softmax, and one for each otherwise.
    pub(super) triangles: Vec<Reflector>,
    /// Of each output; of all together with softmax.
    pub(super) sums: Vec<Sums>,
    /// Of each output: the largest ŷ(1 − ŷ) of a record, where outputs are probabilities.
    least_certain: Vec<f64>,
    activation: Activation,
    working: WorkingWeights<f64>,
    tile: Tile<f64>,
    inputs: Reflector,
}

/// Sums of one output, or of all outputs of softmax.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// Σvδ x, shape (m,): 0 at a minimum.
    pub(super) score: Vec<f64>,
    /// Σvδ².
    pub(super) squares: f64,
    /// Poisson: Σv(y − ŷ)²/ŷ.
    pub(super) pearson: f64,
    /// R with RᵀR = Σ v δ² x xᵀ, for robust errors.
    pub(super) meat: Option<Reflector>,
}

impl Information {
    /// No more weights than this in one matrix: the work grows with the square for each record, and with the cube at the end.
    pub const MOST_WEIGHTS: usize = 1000;

    /// No records yet.
    ///
    /// Errors: a layer of another shape; a loss and an activation without a theory; more than [`MOST_WEIGHTS`](Self::MOST_WEIGHTS).
    pub fn new(shape: &Shape, scaling: &Scaling, layer: &Layer, loss: Loss, robust: Option<Robust>) -> Result<Self> {
        let parameters = layer.parameters();
        if parameters.n_features() != shape.n_features() {
            let (what, found, expected) = ("features of a layer", parameters.n_features(), shape.n_features());
            return Err(Error::Shape { what: what.to_owned(), found, expected });
        }
        let Some(theory) = Theory::of(loss, layer.activation()) else {
            return Err(Error::Setting {
                setting: "summary",
                found: format!("loss {loss} with f = {}", layer.activation()),
                expected: "squared with identity, log with sigmoid or softmax, or poisson with exp".to_owned(),
            });
        };
        let has_bias = parameters.has_bias();
        let (m, n_outputs) = (shape.n_features() + usize::from(has_bias), parameters.n_outputs());
        let (size, n_triangles, n_sums) = match theory {
            Theory::LeastSquares => (m, 1, n_outputs),
            Theory::Multinomial => (m * n_outputs.saturating_sub(1), 1, 1),
            Theory::Logistic | Theory::Poisson => (m, n_outputs, n_outputs),
        };
        if size > Self::MOST_WEIGHTS {
            return Err(Error::Setting {
                setting: "summary",
                found: format!("{size} weights"),
                expected: format!("at most {}", Self::MOST_WEIGHTS),
            });
        }
        let sums =
            Sums { score: vec![0.0; size], squares: 0.0, pearson: 0.0, meat: robust.map(|_| Reflector::new(size)) };
        Ok(Self {
            theory,
            robust,
            shape: shape.clone(),
            scaling: scaling.clone(),
            has_bias,
            n_records: 0,
            weight: 0.0,
            without_level: vec![0; shape.columns().len()],
            level_weights: vec![0.0; shape.n_features()],
            triangles: vec![Reflector::new(size); n_triangles],
            sums: vec![sums; n_sums],
            least_certain: vec![0.0; n_outputs],
            activation: layer.activation().clone(),
            working: WorkingWeights::of(parameters, shape, scaling),
            tile: Tile::new(shape, crate::data::BLOCK_ROWS),
            inputs: Reflector::new(m),
        })
    }

    /// Takes the rows of a block that `keep` lets pass. The block's shape is that of [`new`](Self::new).
    ///
    /// Errors: another shape.
    pub fn add(&mut self, block: &Block<'_, f64>, keep: impl Fn(usize) -> bool) -> Result<()> {
        let shape = block.shape();
        if shape != self.shape {
            let (found, expected) = (shape.n_features(), self.shape.n_features());
            return Err(Error::Shape { what: "features of a block".to_owned(), found, expected });
        }
        let mut tile = std::mem::replace(&mut self.tile, Tile::new(&shape, 0));
        let scaling = self.scaling.clone();
        tile.for_each(block, &scaling, 0, |tile| self.add_tile(tile, &keep));
        self.tile = tile;
        Ok(())
    }

    /// Takes in the sums over further records at the same weights.
    pub fn merge(&mut self, other: &Self) {
        self.n_records += other.n_records;
        self.weight += other.weight;
        let certain = self.least_certain.iter_mut().zip(&other.least_certain);
        certain.for_each(|(total, part)| *total = total.max(*part));
        self.without_level.iter_mut().zip(&other.without_level).for_each(|(total, n)| *total += n);
        self.level_weights.iter_mut().zip(&other.level_weights).for_each(|(total, v)| *total += v);
        self.triangles.iter_mut().zip(&other.triangles).for_each(|(total, part)| total.merge(part));
        for (total, part) in self.sums.iter_mut().zip(&other.sums) {
            total.score.iter_mut().zip(&part.score).for_each(|(total, part)| *total += part);
            total.squares += part.squares;
            total.pearson += part.pearson;
            if let (Some(total), Some(part)) = (&mut total.meat, &part.meat) {
                total.merge(part);
            }
        }
    }

    /// How many records were taken.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Σv of the records of each level of a column; of another column 0.
    ///
    /// Shape: that of the column's features.
    pub fn level_weights(&self, column: usize) -> &[f64] {
        &self.level_weights[self.shape.features_of(column)]
    }

    /// How many records have no level in a column, which is 0 for columns that are no categories.
    pub fn without_level(&self, column: usize) -> u64 {
        self.without_level[column]
    }

    /// An output that is 0 or 1 to six digits in every record, where outputs are probabilities: its weights tell the records apart without
    /// exception, and E falls for ever as they grow.
    pub fn certain_output(&self) -> Option<usize> {
        match self.theory {
            Theory::Logistic | Theory::Multinomial => self.least_certain.iter().position(|&p| p < CERTAIN),
            Theory::LeastSquares | Theory::Poisson => None,
        }
    }

    fn add_tile(&mut self, tile: &Tile<f64>, keep: impl Fn(usize) -> bool) {
        let first = tile.first_record() as usize;
        let weight_of = |r: usize| tile.weights().map_or(1.0, |weights| weights[r]);
        // A record of weight 0 is as good as none.
        let kept: Vec<f64> = (0..tile.n_rows()).map(|r| if keep(first + r) { weight_of(r) } else { 0.0 }).collect();
        self.count(tile, &kept);
        self.inputs.make_room(tile.n_rows());
        self.inputs.fill_inputs(tile, self.has_bias);
        let mut net_inputs = Vec::new();
        self.working.net_inputs_into(tile, &mut net_inputs);
        self.activation.couple(&mut net_inputs, tile.n_rows());
        match self.theory {
            Theory::Multinomial => self.add_classes(tile, &kept, &net_inputs),
            _ => self.add_outputs(tile, &kept, &net_inputs),
        }
    }

    fn count(&mut self, tile: &Tile<f64>, kept: &[f64]) {
        self.n_records += kept.iter().filter(|v| **v > 0.0).count() as u64;
        self.weight += kept.iter().sum::<f64>();
        let mut first = 0;
        for (index, (column, n)) in tile.columns_with_features().enumerate() {
            if let TileColumn::Codes(codes) = column {
                for (&code, &v) in codes.iter().zip(kept).filter(|(_, v)| **v > 0.0) {
                    match self.level_weights[first..first + n].get_mut(code as usize) {
                        Some(weight) => *weight += v,
                        None => self.without_level[index] += 1,
                    }
                }
            }
            first += n;
        }
    }

    /// Outputs that do not depend on each other.
    fn add_outputs(&mut self, tile: &Tile<f64>, kept: &[f64], net_inputs: &[f64]) {
        let n = tile.n_rows();
        let loss = self.theory.loss();
        let mut deltas = vec![0.0; n];
        for (j, (h, sums)) in net_inputs.chunks(n.max(1)).zip(&mut self.sums).enumerate() {
            let targets = tile.targets(j);
            for r in 0..n {
                let v = kept[r];
                deltas[r] = if v > 0.0 { delta_of(loss, &self.activation, targets[r], h[r]) } else { 0.0 };
                sums.squares += v * deltas[r] * deltas[r];
                // Where ŷ = 0 = y it is 0.
                if v > 0.0 && self.theory == Theory::Poisson && deltas[r] != 0.0 {
                    sums.pearson += v * deltas[r] * deltas[r] / self.activation.value(h[r]);
                }
            }
            sums.add_rows(&self.inputs, &mut [&mut deltas], kept);
            let curvature = |r: usize| match self.theory {
                _ if kept[r] <= 0.0 => 0.0,
                Theory::Logistic => self.activation.value(h[r]) * self.activation.value(-h[r]),
                Theory::Poisson => self.activation.value(h[r]),
                Theory::LeastSquares | Theory::Multinomial => 1.0,
            };
            self.least_certain[j] = (0..n).map(curvature).fold(self.least_certain[j], f64::max);
            if let Some(triangle) = self.triangles.get_mut(j) {
                let roots: Vec<f64> = (0..n).map(|r| root(curvature(r)) * f64::sqrt(kept[r])).collect();
                triangle.make_room(n);
                triangle.copy_scaled(&self.inputs, 0, 0, &roots);
                triangle.reflect();
            }
        }
    }

    /// The classes of softmax, each compared with the last.
    ///
    /// diag(p) − ppᵀ without its last row and column is LLᵀ with L_kk = √(p_k s_{k+1}/s_k) and L_jk = −p_j √(p_k/(s_k s_{k+1})), s_k being the
    /// sum of p from class k on: nothing cancels. So each record is J − 1 rows of the triangle.
    fn add_classes(&mut self, tile: &Tile<f64>, kept: &[f64], net_inputs: &[f64]) {
        let n = tile.n_rows();
        let n_classes = net_inputs.len() / n.max(1);
        let n_free = n_classes.saturating_sub(1);
        let m = self.inputs.size();
        let (Some(triangle), Some(sums)) = (self.triangles.first_mut(), self.sums.first_mut()) else { return };
        let mut deltas = vec![vec![0.0; n]; n_free];
        // Σ p from a class on, for each row.
        let mut tails = vec![vec![0.0; n]; n_classes + 1];
        for j in (0..n_classes).rev() {
            for r in (0..n).filter(|&r| kept[r] > 0.0) {
                let h = net_inputs[j * n + r];
                let p = Float::exp(h);
                tails[j][r] = tails[j + 1][r] + p;
                self.least_certain[j] = self.least_certain[j].max(p * (1.0 - p));
                if j < n_free {
                    deltas[j][r] = delta_of(Loss::Log, &self.activation, tile.targets(j)[r], h);
                    sums.squares += kept[r] * deltas[j][r] * deltas[j][r];
                }
            }
        }
        sums.add_rows(&self.inputs, &mut deltas.iter_mut().collect::<Vec<_>>(), kept);
        triangle.make_room(n * n_free);
        let mut factors = vec![0.0; n];
        for k in 0..n_free {
            for j in k..n_free {
                for r in 0..n {
                    let (p, tail, rest) = (Float::exp(net_inputs[k * n + r]), tails[k][r], tails[k + 1][r]);
                    let factor = if kept[r] <= 0.0 || rest < SMALLEST {
                        0.0
                    } else if j == k {
                        root(p * rest / tail)
                    } else {
                        -Float::exp(net_inputs[j * n + r]) * root(p / tail / rest)
                    };
                    factors[r] = factor * f64::sqrt(kept[r]);
                }
                triangle.copy_scaled(&self.inputs, j * m, k * n, &factors);
            }
        }
        triangle.reflect();
    }
}

/// √c of a record; nothing where it is so small that squares of it would vanish.
fn root(curvature: f64) -> f64 {
    if curvature < SMALLEST { 0.0 } else { curvature.sqrt() }
}

impl Sums {
    /// Takes δ of each output for some rows that count v times: Σvδ x, and rows √v·δ·x of the meat. Leaves √v·δ in `deltas`.
    fn add_rows(&mut self, inputs: &Reflector, deltas: &mut [&mut Vec<f64>], weights: &[f64]) {
        let m = inputs.size();
        let roots: Vec<f64> = weights.iter().map(|&v| f64::sqrt(v)).collect();
        let mut weighted = vec![0.0; weights.len()];
        for (part, deltas) in self.score.chunks_mut(m.max(1)).zip(deltas.iter_mut()) {
            weighted.iter_mut().zip(deltas.iter().zip(weights)).for_each(|(w, (delta, v))| *w = v * delta);
            for (k, total) in part.iter_mut().enumerate() {
                *total += crate::kernel::dot(inputs.column(k), &weighted);
            }
            deltas.iter_mut().zip(&roots).for_each(|(delta, root)| *delta *= root);
        }
        if let Some(meat) = &mut self.meat {
            meat.make_room(weights.len());
            for (j, deltas) in deltas.iter().enumerate() {
                meat.copy_scaled(inputs, j * m, 0, deltas);
            }
            meat.reflect();
        }
    }
}
