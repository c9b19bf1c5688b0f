//! Sums over rows of which only the values that are not zero are stored.
//!
//! Row r holds the values `starts[r]..starts[r + 1]` of `values`, each with its feature in `indices`. A row's sum goes from its first
//! value to its last, a feature's from the first row to the last, whatever the width of the registers.

use super::Float;

/// Rows of a sparse column: where each begins, and its features and values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SparseSlices<'a, T> {
    pub(crate) starts: &'a [usize],
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [T],
}

impl<'a, T> SparseSlices<'a, T> {
    /// The features and values of every row, in order.
    pub(crate) fn rows(self) -> impl Iterator<Item = (&'a [u32], &'a [T])> {
        self.starts.windows(2).map(move |ends| {
            let stored = ends[0]..ends[1];
            (&self.indices[stored.clone()], &self.values[stored])
        })
    }
}

/// Σ_k weights[indices[k]] · values[k], first to last. A feature without a weight adds nothing.
#[inline(always)]
fn sparse_dot<T: Float>(weights: &[T], indices: &[u32], values: &[T]) -> T {
    let mut sum = T::ZERO;
    for (&i, &x) in indices.iter().zip(values) {
        if let Some(&weight) = weights.get(i as usize) {
            sum += weight * x;
        }
    }
    sum
}

/// `h[r] += Σ_i weights[i] · x_ri` over what is stored of each row.
pub(crate) fn add_sparse_net_inputs<T: Float>(weights: &[T], rows: SparseSlices<'_, T>, h: &mut [T]) {
    for (h, (indices, values)) in h.iter_mut().zip(rows.rows()) {
        *h += sparse_dot(weights, indices, values);
    }
}

/// `into[i] += Σ_r factors[r] · x_ri` over what is stored of each row.
pub(crate) fn add_sparse_products<T: Float>(factors: &[T], rows: SparseSlices<'_, T>, into: &mut [f64]) {
    for (&factor, (indices, values)) in factors.iter().zip(rows.rows()) {
        let factor = factor.to_f64();
        for (&i, &x) in indices.iter().zip(values) {
            if let Some(total) = into.get_mut(i as usize) {
                *total += factor * x.to_f64();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_stored_is_added() {
        let rows = SparseSlices { starts: &[1, 3, 3, 4], indices: &[9, 0, 2, 1], values: &[9.0, 2.0, 3.0, 4.0] };
        let mut h = [1.0; 3];
        add_sparse_net_inputs(&[0.5, 10.0, 100.0], rows, &mut h);
        assert_eq!(h, [302.0, 1.0, 41.0]);
        let mut products = [1.0; 3];
        add_sparse_products(&[1.0, 5.0, -1.0], rows, &mut products);
        assert_eq!(products, [3.0, -3.0, 4.0]);
    }
}
