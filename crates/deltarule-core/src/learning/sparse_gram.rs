//! XᵀX of a table with sparse columns: products of what is stored of each record, and the zeros added at the end.
//!
//! With x̃_i = z_i + v_i, v_i being what is stored and z_i the same in all records, Σ x̃_i x̃_k = Σ v_i v_k + z_i Σv_k + z_k Σv_i + N z_i z_k.
//! A record costs the square of what is stored of it, not of how many features there are.

use crate::data::{Scaling, Shape, Tile, TileColumn};
use crate::kernel::Float;

/// Adds Σ v_i v_k to the upper half of a matrix, and Σ v_i to `sums`, over the records of a tile, each as often as its weight says; the bias's 1 is
/// the last feature.
pub(super) fn add_records<T: Float>(tile: &Tile<T>, has_bias: bool, values: &mut [f64], sums: &mut [f64]) {
    let size = sums.len();
    let columns: Vec<(TileColumn<'_, T>, usize)> = tile.columns_with_features().collect();
    let mut stored: Vec<(usize, f64)> = Vec::new();
    for r in 0..tile.n_rows() {
        let weight = tile.weights().map_or(1.0, |weights| weights[r].to_f64());
        stored.clear();
        let mut first = 0;
        for &(column, n_features) in &columns {
            match column {
                TileColumn::Numbers(x) => stored.push((first, x[r].to_f64())),
                TileColumn::Codes(codes) => {
                    stored.extend(Some(codes[r] as usize).filter(|code| *code < n_features).map(|k| (first + k, 1.0)));
                }
                TileColumn::Sparse(rows) => {
                    let (indices, values) = rows.row(r);
                    stored.extend(indices.iter().zip(values).map(|(&i, x)| (first + i as usize, x.to_f64())));
                }
            }
            first += n_features;
        }
        stored.extend(has_bias.then_some((first, 1.0)));
        for (at, &(i, v)) in stored.iter().enumerate() {
            let v = weight * v;
            sums[i] += v;
            let row = &mut values[i * size..(i + 1) * size];
            for &(k, u) in &stored[at..] {
                row[k] += v * u;
            }
        }
    }
}

/// Adds what the zeros of records of so much weight are worth to the upper half of a matrix.
pub(super) fn add_zeros(scaling: &Scaling, shape: &Shape, weight: f64, values: &mut [f64], sums: &[f64]) {
    let size = sums.len();
    let mut zeros = vec![0.0; size];
    for (features, sparse) in scaling.scaled_sparse(shape) {
        zeros[features].copy_from_slice(sparse.zeros());
    }
    for i in 0..size {
        for k in i..size {
            values[i * size + k] += zeros[i] * sums[k] + zeros[k] * sums[i] + weight * zeros[i] * zeros[k];
        }
    }
}
