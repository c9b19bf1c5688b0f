//! Small symmetric matrices: their eigenvalues, and what can be proved about them.

use crate::kernel::dot;
use crate::random::{Random, Stream};

/// A symmetric matrix without negative eigenvalues.
pub(super) struct Symmetric {
    pub(super) size: usize,
    pub(super) values: Vec<f64>,
}

impl Symmetric {
    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.size..(i + 1) * self.size]
    }

    /// Bounds on the largest eigenvalue: from below an estimate, and from above two per cent or a little more than that, proven by a factorisation.
    pub(super) fn bounds(&self) -> (f64, f64) {
        let trace: f64 = (0..self.size).map(|i| self.row(i)[i]).sum();
        if trace <= 0.0 {
            return (0.0, 0.0);
        }
        let estimate = largest_by_power_iteration(self.size, 200, |v, into| {
            for (i, total) in into.iter_mut().enumerate() {
                *total = dot(self.row(i), v);
            }
        });
        let mut bound = 1.02 * estimate;
        while bound < trace {
            if cholesky(self.size, |i, k| if i == k { bound - self.row(i)[k] } else { -self.row(i)[k] }).is_some() {
                return (estimate, bound);
            }
            bound *= 1.05;
        }
        (estimate, trace)
    }

    /// The smallest eigenvalue by inverse iteration; `None` where the matrix is singular to rounding.
    pub(super) fn smallest_eigenvalue(&self, largest: f64) -> Option<f64> {
        let factor = cholesky(self.size, |i, k| self.row(i)[k])?;
        let inverse = largest_by_power_iteration(self.size, 100, |v, into| {
            into.copy_from_slice(v);
            solve_cholesky(self.size, &factor, into);
        });
        let smallest = 1.0 / inverse;
        (smallest.is_finite() && smallest > largest * self.size as f64 * f64::EPSILON).then_some(smallest)
    }
}

/// The lower factor L of A = LLᵀ, row by row; `None` where A is not positive definite.
fn cholesky(size: usize, a: impl Fn(usize, usize) -> f64) -> Option<Vec<f64>> {
    let mut factor = vec![0.0; size * size];
    for i in 0..size {
        for k in 0..=i {
            let rest = a(i, k) - dot(&factor[i * size..i * size + k], &factor[k * size..k * size + k]);
            if i == k {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                factor[i * size + i] = rest.sqrt();
            } else {
                factor[i * size + k] = rest / factor[k * size + k];
            }
        }
    }
    Some(factor)
}

/// Solves LLᵀx = b in place.
fn solve_cholesky(size: usize, factor: &[f64], b: &mut [f64]) {
    for i in 0..size {
        b[i] = (b[i] - dot(&factor[i * size..i * size + i], &b[..i])) / factor[i * size + i];
    }
    for i in (0..size).rev() {
        let mut rest = b[i];
        for k in i + 1..size {
            rest -= factor[k * size + i] * b[k];
        }
        b[i] = rest / factor[i * size + i];
    }
}

/// The largest eigenvalue of a symmetric operator without negative ones, from below, by up to `steps` products.
pub(super) fn largest_by_power_iteration(
    size: usize,
    steps: usize,
    mut product: impl FnMut(&[f64], &mut [f64]),
) -> f64 {
    let mut random = Random::new(0, Stream::Curvature);
    let mut v: Vec<f64> = (0..size).map(|_| random.normal()).collect();
    let mut image = vec![0.0; size];
    let mut estimate = 0.0;
    for _ in 0..steps {
        let norm = dot(&v, &v).sqrt();
        if norm == 0.0 || !norm.is_finite() {
            break;
        }
        v.iter_mut().for_each(|x| *x /= norm);
        product(&v, &mut image);
        let before = estimate;
        estimate = dot(&v, &image);
        std::mem::swap(&mut v, &mut image);
        if (estimate - before).abs() <= 1e-6 * estimate {
            break;
        }
    }
    estimate
}
