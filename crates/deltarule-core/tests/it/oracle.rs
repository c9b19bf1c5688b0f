//! The specification, as slow and plain as it can be: every fast path is tested against it.
//!
//! Inputs are one row a record, categories one-hot, no block, no tile, no thread.

use deltarule_core::Activation;

/// One layer: `weights[i][j]`, and biases if there are any.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    pub(crate) weights: Vec<Vec<f64>>,
    pub(crate) bias: Option<Vec<f64>>,
    pub(crate) activation: Activation,
}

impl Net {
    pub(crate) fn new(d: usize, j: usize, bias: bool, activation: Activation) -> Self {
        Self { weights: vec![vec![0.0; j]; d], bias: bias.then(|| vec![0.0; j]), activation }
    }

    pub(crate) fn net_input(&self, x: &[f64], j: usize) -> f64 {
        let h: f64 = x.iter().zip(&self.weights).map(|(x, w)| w[j] * x).sum();
        h + self.bias.as_ref().map_or(0.0, |b| b[j])
    }

    pub(crate) fn output(&self, x: &[f64], j: usize) -> f64 {
        self.activation.value(self.net_input(x, j))
    }

    pub(crate) fn delta(&self, x: &[f64], y: f64, j: usize) -> f64 {
        let (output, slope) = self.activation.value_and_derivative(self.net_input(x, j));
        (y - output) * slope
    }

    /// E = ½ΣΣ(y − ŷ)².
    pub(crate) fn sse(&self, xs: &[Vec<f64>], ys: &[Vec<f64>]) -> f64 {
        let mut sum = 0.0;
        for (x, y) in xs.iter().zip(ys) {
            for (j, y) in y.iter().enumerate() {
                sum += (y - self.output(x, j)).powi(2);
            }
        }
        0.5 * sum
    }

    /// Σδx for every weight, Σδ for every bias.
    pub(crate) fn descent(&self, xs: &[Vec<f64>], ys: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let n_outputs = ys[0].len();
        let mut weights = vec![vec![0.0; n_outputs]; self.weights.len()];
        let mut bias = vec![0.0; n_outputs];
        for (x, y) in xs.iter().zip(ys) {
            for (j, y) in y.iter().enumerate() {
                let delta = self.delta(x, *y, j);
                for (w, x) in weights.iter_mut().zip(x) {
                    w[j] += delta * x;
                }
                bias[j] += delta;
            }
        }
        (weights, bias)
    }

    /// w ← w + η Σδx.
    pub(crate) fn step(&mut self, xs: &[Vec<f64>], ys: &[Vec<f64>], eta: f64) {
        let (weights, bias) = self.descent(xs, ys);
        for (w, g) in self.weights.iter_mut().flatten().zip(weights.iter().flatten()) {
            *w += eta * g;
        }
        if let Some(b) = &mut self.bias {
            for (b, g) in b.iter_mut().zip(&bias) {
                *b += eta * g;
            }
        }
    }
}

/// The smallest E of any linear network, by Householder's QR of [X 1 | y], with E as half the squared last element.
pub(crate) fn least_squares_sse(xs: &[Vec<f64>], y: &[f64], bias: bool) -> f64 {
    let mut rows: Vec<Vec<f64>> =
        xs.iter().zip(y).map(|(x, y)| x.iter().copied().chain(bias.then_some(1.0)).chain([*y]).collect()).collect();
    let (n, columns) = (rows.len(), rows[0].len());
    let mut top = 0;
    for column in 0..columns - 1 {
        let size = |rows: &[Vec<f64>]| rows[top..].iter().map(|r| r[column] * r[column]).sum::<f64>().sqrt();
        let length = size(&rows);
        let whole = rows.iter().map(|r| r[column] * r[column]).sum::<f64>().sqrt();
        if top >= n || length <= 1e-13 * whole {
            continue;
        }
        let mut v: Vec<f64> = rows[top..].iter().map(|r| r[column]).collect();
        v[0] += if v[0] >= 0.0 { length } else { -length };
        let vv: f64 = v.iter().map(|v| v * v).sum();
        for c in column..columns {
            let product: f64 = rows[top..].iter().zip(&v).map(|(r, v)| r[c] * v).sum();
            for (r, v) in rows[top..].iter_mut().zip(&v) {
                r[c] -= 2.0 * product / vv * v;
            }
        }
        top += 1;
    }
    0.5 * rows[top.min(n)..].iter().map(|r| r[columns - 1].powi(2)).sum::<f64>()
}

#[test]
fn least_squares_of_a_line_is_exact() {
    let xs: Vec<Vec<f64>> = (0..5).map(|x| vec![f64::from(x)]).collect();
    let y = [1.0, 3.0, 2.0, 5.0, 4.0];
    // Slope 0.8, intercept 1.4: residuals −0.4, 0.8, −1, 1.2, −0.6; squares 0.16 + 0.64 + 1 + 1.44 + 0.36 = 3.6.
    assert!((least_squares_sse(&xs, &y, true) - 1.8).abs() < 1e-14);
}
