//! Tables on which others give NaN, or a wrong answer: they work out on defaults, to the least-squares error.

use deltarule_core::{Activation, Column, Config, Parameters, Plan, Silent, StopReason, Targets, fit};

use crate::oracle::least_squares_sse;
use crate::tables::{Table, with_problem};

/// Trains on defaults; returns E, the least-squares E (by the oracle, on scaled inputs), ½Σy², and the weights.
fn trained(table: &Table, standard: bool) -> (f64, f64, f64, Parameters) {
    with_problem(table, standard, true, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config::default()).unwrap();
        let d = problem.source.shape().n_features();
        let fit = fit(problem, &plan, Parameters::zeros(d, 1, true), &mut Silent).unwrap();
        assert!(matches!(fit.reason, StopReason::Minimum { .. } | StopReason::Exact), "{:?}", fit.reason);
        let (xs, ys) = table.rows(problem.scaling);
        let y = ys.concat();
        let half_squares = 0.5 * y.iter().map(|y| y * y).sum::<f64>();
        (fit.loss, least_squares_sse(&xs, &y, true), half_squares, fit.layer.parameters().clone())
    })
}

/// E is the least-squares one, to 1e-9 of it or to the rounding of the targets.
fn assert_least_squares(table: &Table) -> Parameters {
    let (sse, least, half_squares, parameters) = trained(table, true);
    assert!(sse <= least * (1.0 + 1e-9) + 1e-26 * half_squares, "{sse:e} against {least:e}");
    parameters
}

#[test]
fn a_line_from_0_to_99() {
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let y = x.iter().map(|x| 3.0 * x + 7.0).collect();
    let table = Table::of(vec![x], vec![y]);
    for standard in [true, false] {
        let (sse, _, half_squares, parameters) = trained(&table, standard);
        assert!(sse <= 1e-24 * half_squares, "{sse:e}");
        if !standard {
            assert!((parameters.weights(0)[0] - 3.0).abs() < 1e-10 && (parameters.bias(0) - 7.0).abs() < 1e-9);
        }
    }
}

#[test]
fn eight_rows_of_age_and_spending() {
    let age = vec![23.0, 28.0, 31.0, 36.0, 42.0, 47.0, 55.0, 61.0];
    let spending = vec![31_500.0, 42_300.0, 39_800.0, 55_100.0, 61_700.0, 58_900.0, 74_200.0, 69_400.0];
    assert_least_squares(&Table::of(vec![age.clone()], vec![spending.clone()]));
    assert_least_squares(&Table::of(vec![spending], vec![age]));
}

#[test]
fn one_row() {
    let parameters = assert_least_squares(&Table::of(vec![vec![5.0], vec![-2.0]], vec![vec![7.0]]));
    assert_eq!((parameters.weights(0), parameters.bias(0)), (&[0.0, 0.0][..], 7.0));
}

#[test]
fn one_huge_value_among_ordinary_ones() {
    let mut x: Vec<f64> = (0..50).map(|i| f64::from(i % 7)).collect();
    x[20] = 1e12;
    let other: Vec<f64> = (0..50).map(|i| f64::from(i % 5)).collect();
    let y: Vec<f64> = (0..50).map(|i| f64::from(i % 5) * 2.0 + f64::from(i % 3)).collect();
    assert_least_squares(&Table::of(vec![x.clone(), other.clone()], vec![y]));
    assert_least_squares(&Table::of(vec![other], vec![x]));
}

#[test]
fn a_constant_column_has_weight_0() {
    let x: Vec<f64> = (0..30).map(|i| f64::from(i * i % 11)).collect();
    let y = x.iter().map(|x| 2.0 * x - 1.0).collect();
    let parameters = assert_least_squares(&Table::of(vec![x, vec![4.25; 30]], vec![y]));
    assert_eq!(parameters.weights(0)[1], 0.0);
}

#[test]
fn two_equal_columns_share_their_weight() {
    let x: Vec<f64> = (0..30).map(|i| f64::from(i * i % 11)).collect();
    let y = x.iter().enumerate().map(|(i, x)| 2.0 * x - 1.0 + (i % 2) as f64).collect();
    let parameters = assert_least_squares(&Table::of(vec![x.clone(), x], vec![y]));
    assert_eq!(parameters.weights(0)[0], parameters.weights(0)[1]);
}

#[test]
fn levels_beside_a_bias_average_to_zero() {
    let codes: Vec<u32> = (0..40).map(|i| [0, 1, 1, 2][i % 4]).collect();
    let y = codes.iter().enumerate().map(|(i, &c)| f64::from(c) * 3.0 + (i % 3) as f64).collect::<Vec<f64>>();
    let table = Table {
        columns: vec![Column::Codes { codes: codes.into(), n_levels: 3 }],
        targets: Targets::Numbers(vec![y.clone().into()]),
    };
    let parameters = assert_least_squares(&table);
    let w = parameters.weights(0);
    assert!((10.0 * w[0] + 20.0 * w[1] + 10.0 * w[2]).abs() < 1e-12, "{w:?}");
    assert!((parameters.bias(0) - y.iter().sum::<f64>() / 40.0).abs() < 1e-6);
}

#[test]
fn columns_of_scale_1e_minus_9_and_1e9() {
    let small: Vec<f64> = (0..60).map(|i| f64::from(i * 7 % 13) * 1e-9).collect();
    let large: Vec<f64> = (0..60).map(|i| f64::from(i * 5 % 17) * 1e9 + 3e10).collect();
    let y = (0..60).map(|i| small[i] * 4e9 - large[i] * 2e-9 + (i % 4) as f64).collect();
    assert_least_squares(&Table::of(vec![small, large], vec![y]));
}

#[test]
fn random_tables_of_many_shapes() {
    for seed in 0..20 {
        let n = 20 + 13 * seed as usize;
        assert_least_squares(&Table::random(seed, n, 4, &[3], 1, seed % 2 == 0));
    }
}
