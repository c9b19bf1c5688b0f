//! Sparse columns: the same as dense columns of the same values, but for rounding.

use std::ops::Range;

use deltarule_core::{
    Activation, Batch, BlockSource, Column, ColumnMoments, Config, Curvature, Dataset, Eta, Gradient, Layer, Loss,
    Moments, OptimizerKind, Parameters, Plan, Problem, Random, Scaling, Silent, Stream, Targets, Threads, Width,
    check_gradient, fit,
};
use proptest::prelude::*;

use crate::tables::{Table, random_weights, with_problem};

/// Number columns with the given shares of values that are not zero; values about as large as given.
fn columns(seed: u64, n: usize, features: &[(f64, f64)]) -> Vec<Vec<f64>> {
    let mut random = Random::new(seed, Stream::Split);
    let mut value = |share: f64, size: f64| if random.uniform() < share { size + random.normal() } else { 0.0 };
    features.iter().map(|&(share, size)| (0..n).map(|_| value(share, size)).collect()).collect()
}

/// One sparse column of some number columns that stand beside each other.
fn gathered(columns: &[Column<'static, f64>]) -> Column<'static, f64> {
    let numbers: Vec<&[f64]> = columns
        .iter()
        .map(|column| match column {
            Column::Numbers(values) => values.as_ref(),
            _ => panic!("a number column"),
        })
        .collect();
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for r in 0..columns[0].len() {
        for (i, column) in numbers.iter().enumerate().filter(|(_, column)| column[r] != 0.0) {
            indices.push(i as u32);
            values.push(column[r]);
        }
        starts.push(values.len());
    }
    Column::Sparse { n_columns: columns.len(), starts: starts.into(), indices: indices.into(), values: values.into() }
}

/// The same table with the number columns of a range as one sparse column.
fn sparse(table: &Table, range: Range<usize>) -> Table {
    let mut columns = table.columns.clone();
    let group = gathered(&columns[range.clone()]);
    columns.splice(range, [group]);
    Table { columns, targets: table.targets.clone() }
}

/// Three dense numbers, a category, six features of all kinds for a sparse column (a constant one and a nearly constant one with a
/// large mean among them), another number.
fn mixed(seed: u64, n: usize, outputs: usize) -> (Table, Table) {
    let features = [(1.0, 0.0), (1.0, 5.0), (0.1, 1.0), (0.5, 0.0), (0.0, 0.0), (0.98, 30.0), (0.3, -2.0), (1.0, 1e4)];
    let mut table = Table::random(seed, n, 3, &[4], outputs, true);
    let numbers = columns(seed + 1, n, &features[2..]).into_iter().map(|values| Column::Numbers(values.into()));
    table.columns.extend(numbers.collect::<Vec<_>>());
    table.columns.push(Column::Numbers(columns(seed + 2, n, &features[..1]).swap_remove(0).into()));
    let sparse = sparse(&table, 4..10);
    (table, sparse)
}

fn close(a: f64, b: f64, relative: f64, scale: f64) -> bool {
    (a - b).abs() <= relative * scale.max(a.abs()).max(b.abs()) || a == b
}

fn assert_same_gradient(a: &Gradient, b: &Gradient, relative: f64, context: &str) {
    assert_eq!(a.n_records, b.n_records);
    assert!(close(a.loss, b.loss, relative, 0.0), "{context}: E {} {}", a.loss, b.loss);
    let scale = (a.n_records as f64 * a.delta_squares.iter().sum::<f64>()).sqrt();
    for (i, (x, y)) in a.descent.values().zip(b.descent.values()).enumerate() {
        assert!(close(x, y, relative, 10.0 * scale), "{context}: weight {i}: {x} {y}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn gradient_of_sparse_columns_is_that_of_dense_ones_and_the_oracles(
        seed in 0_u64..10_000, n in 1_usize..120, outputs in 1_usize..4, bias: bool, standard: bool,
        activation in prop::sample::select(vec![Activation::Identity, Activation::Sigmoid, Activation::Tanh]),
    ) {
        let (dense, sparse) = mixed(seed, n, outputs);
        let d = dense.dataset().shape().n_features();
        let (mut parameters, mut net) = random_weights(seed, d, outputs, bias, &activation);
        if !standard {
            // Raw values of ten thousand would only saturate f.
            parameters.scale(1e-3);
            net.weights.iter_mut().flatten().for_each(|w| *w *= 1e-3);
            net.bias.iter_mut().flatten().for_each(|b| *b *= 1e-3);
        }
        let layer = Layer::new(parameters, activation.clone());
        let of = |table: &Table| {
            with_problem(table, standard, bias, &activation, 1, |problem| {
                let mut outputs = Vec::new();
                for block in table.dataset().blocks() {
                    layer.outputs_into(block, problem.scaling, &mut outputs).unwrap();
                }
                (problem.gradient(&layer).unwrap(), outputs)
            })
        };
        let ((expected, outputs_dense), (found, outputs_sparse)) = (of(&dense), of(&sparse));
        assert_same_gradient(&expected, &found, 1e-10, &format!("{activation} {n} {standard}"));
        for (a, b) in outputs_dense.iter().zip(&outputs_sparse) {
            prop_assert!(close(*a, *b, 1e-11, 1.0), "{} {}", a, b);
        }
        with_problem(&sparse, standard, bias, &activation, 1, |problem| {
            let (xs, ys) = sparse.rows(problem.scaling);
            prop_assert!(close(net.sse(&xs, &ys), found.loss, 1e-10, 0.0));
            Ok(())
        })?;
    }

    #[test]
    fn moments_and_scaling_are_those_of_dense_columns(seed in 0_u64..10_000, n in 1_usize..150) {
        let (dense, sparse) = mixed(seed, n, 1);
        let threads = Threads::one();
        let (a, b) = (Moments::of(&dense.dataset(), &threads).unwrap(), Moments::of(&sparse.dataset(), &threads).unwrap());
        let features: Vec<ColumnMoments> = b.columns()[4].sparse_features().collect();
        for (of_dense, of_sparse) in a.columns()[4..10].iter().zip(&features) {
            prop_assert_eq!(of_dense.range(), of_sparse.range());
            let (ColumnMoments::Number { mean, .. }, ColumnMoments::Number { mean: found, count, .. }) = (of_dense, of_sparse)
            else { panic!("numbers") };
            prop_assert_eq!(*count, n as u64);
            prop_assert!(close(*mean, *found, 1e-13, 1.0), "{} {}", mean, found);
            prop_assert!(close(of_dense.standard_deviation(), of_sparse.standard_deviation(), 1e-8, 1e-12));
        }
        let stored = match &b.columns()[4] {
            ColumnMoments::Sparse { features, n_records, .. } => {
                assert_eq!(*n_records, n as u64);
                features.iter().map(|feature| feature.count()).sum::<u64>()
            }
            _ => 0,
        };
        let Column::Sparse { values, .. } = &sparse.columns[4] else { panic!("sparse") };
        prop_assert_eq!(stored, values.len() as u64);
        prop_assert_eq!(Scaling::standard(&b).sparse(4).len(), 6);
        prop_assert!(Scaling::standard(&b).sparse(3).is_empty());
    }

    #[test]
    fn curvature_is_that_of_dense_columns(seed in 0_u64..1000, n in 2_usize..100, bias: bool, standard: bool) {
        let (dense, sparse) = mixed(seed, n, 1);
        let of = |table: &Table| with_problem(table, standard, bias, &Activation::Sigmoid, 1, |problem| {
            Curvature::of(problem.source, problem.scaling, bias, problem.threads).unwrap()
        });
        let (a, b) = (of(&dense), of(&sparse));
        prop_assert!(a.proven && b.proven);
        prop_assert!(close(a.lambda_max, b.lambda_max, 1e-9, 0.0), "{} {}", a.lambda_max, b.lambda_max);
        prop_assert!(close(a.max_record, b.max_record, 1e-9, 0.0), "{} {}", a.max_record, b.max_record);
    }
}

/// A table of many features, few of which a record has.
fn wide(n: usize, d: usize) -> (Table, Table) {
    let features: Vec<(f64, f64)> = (0..d).map(|i| (0.02 + 0.3 * f64::from(u8::from(i % 50 == 0)), 1.0)).collect();
    let numbers = columns(7, n, &features);
    let target =
        (0..n).map(|r| f64::from(u8::from(numbers.iter().step_by(3).map(|x| x[r]).sum::<f64>() > 1.0))).collect();
    let dense = Table::of(numbers, vec![target]);
    let sparse = sparse(&dense, 0..d);
    (dense, sparse)
}

#[test]
fn curvature_of_many_features_is_that_of_dense_columns() {
    let (dense, sparse) = wide(60, 1100);
    for (standard, bias) in [(true, true), (false, false)] {
        let of = |table: &Table| {
            with_problem(table, standard, bias, &Activation::Sigmoid, 2, |problem| {
                Curvature::of(problem.source, problem.scaling, bias, problem.threads).unwrap()
            })
        };
        let (a, b) = (of(&dense), of(&sparse));
        assert!(!a.proven && !b.proven);
        assert!(close(a.lambda_max, b.lambda_max, 1e-9, 0.0), "{a:?} {b:?}");
        assert!(close(a.max_record, b.max_record, 1e-9, 0.0), "{a:?} {b:?}");
    }
}

/// E after every epoch of a descent.
fn trace(table: &Table, activation: &Activation, standard: bool, config: &Config, threads: usize) -> Vec<f64> {
    with_problem(table, standard, true, activation, threads, |problem| {
        let plan = Plan::of(problem, config).unwrap();
        let shape = problem.source.shape();
        let start = Parameters::zeros(shape.n_features(), shape.n_outputs(), true);
        let mut trace = Vec::new();
        let fit = fit(problem, &plan, start, &mut |epoch: &deltarule_core::Epoch<'_>| {
            trace.push(epoch.loss);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        trace.extend([fit.loss, fit.best_epoch as f64]);
        trace.extend(fit.layer.parameters().values());
        trace
    })
}

#[test]
fn descent_is_that_of_dense_columns() {
    let (dense, sparse) = mixed(3, 700, 2);
    let batches = [Batch::Full, Batch::Records(1), Batch::Records(7), Batch::Records(700)];
    let rules =
        [None, Some(OptimizerKind::Momentum { beta: 0.8 }), Some(OptimizerKind::ADAGRAD), Some(OptimizerKind::ADAM)];
    let all = batches.into_iter().flat_map(|batch| rules.map(|rule| (batch, rule)));
    for (batch, optimizer, average) in all.flat_map(|(batch, rule)| [None, Some(2)].map(|from| (batch, rule, from))) {
        if average.is_some() && batch == Batch::Full {
            continue;
        }
        for (activation, standard) in
            [(Activation::Sigmoid, true), (Activation::Identity, true), (Activation::Tanh, false)]
        {
            let config = Config { batch, optimizer, average, epochs: Some(12), seed: 5, ..Config::default() };
            let of = |table: &Table| trace(table, &activation, standard, &config, 1);
            for (a, b) in of(&dense).iter().zip(of(&sparse)) {
                assert!(
                    close(*a, b, 1e-8, 1e-3),
                    "{batch:?} {optimizer:?} {average:?} {activation} {standard}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn one_record_a_step_over_many_features_is_that_of_dense_columns() {
    let (dense, sparse) = wide(9000, 60);
    for batch in [1, 16] {
        let config =
            Config { batch: Batch::Records(batch), epochs: Some(3), eta: Eta::Given(1e-3), ..Config::default() };
        let of = |table: &Table| trace(table, &Activation::Sigmoid, true, &config, 2);
        for (a, b) in of(&dense).iter().zip(of(&sparse)) {
            assert!(close(*a, b, 1e-9, 1e-3), "{batch}: {a} {b}");
        }
    }
}

#[test]
fn a_constant_feature_has_weight_0() {
    let numbers = columns(1, 200, &[(0.3, 1.0), (0.0, 0.0), (0.4, 0.0)]);
    let mut table = Table::of(numbers, vec![(0..200).map(f64::from).collect()]);
    table.columns.push(Column::Numbers(vec![2.5; 200].into()));
    let sparse = sparse(&table, 0..4);
    with_problem(&sparse, true, true, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config::default()).unwrap();
        let start = Parameters::new(4, vec![1.0; 4], Some(vec![0.0]), 1).unwrap();
        let fit = fit(problem, &plan, start, &mut Silent).unwrap();
        let weights = fit.layer.parameters().weights(0);
        assert_eq!((weights[1], weights[3]), (0.0, 0.0));
        assert!(weights[0] != 0.0 && weights[2] != 0.0);
    });
}

#[test]
fn a_mean_of_a_million_deviations_keeps_its_digits() {
    // The stored values are all about a million, with a deviation of one, and a few are zero or none is.
    for zeros in [0, 1] {
        let mut numbers = columns(2, 5000, &[(1.0, 1e6), (0.2, 0.0)]);
        numbers[0][..zeros].fill(0.0);
        let target: Vec<f64> = numbers[0].iter().zip(&numbers[1]).map(|(x, z)| (x - 1e6).max(-9.0) + 2.0 * z).collect();
        let dense = Table::of(numbers, vec![target]);
        let sparse = sparse(&dense, 0..2);
        let of = |table: &Table| trace(table, &Activation::Identity, true, &Config::default(), 1);
        let ((a, b), n) = ((of(&dense), of(&sparse)), 5);
        for (a, b) in a[a.len() - n..].iter().zip(&b[b.len() - n..]) {
            assert!(close(*a, *b, 1e-8, 1e-6), "{zeros}: {a} {b}");
        }
        let layer = Layer::new(Parameters::new(2, vec![0.5, 2.0], Some(vec![0.1]), 1).unwrap(), Activation::Identity);
        let predictions = |table: &Table| {
            with_problem(table, true, true, &Activation::Identity, 1, |problem| {
                let (dataset, mut into) = (table.dataset(), Vec::new());
                layer.outputs_into(&dataset.blocks()[1], problem.scaling, &mut into).unwrap();
                into
            })
        };
        for (a, b) in predictions(&dense).iter().zip(predictions(&sparse)) {
            assert!((a - b).abs() < 1e-8, "{zeros}: {a} {b}");
        }
    }
}

#[test]
fn any_number_of_threads_and_any_width_give_the_same_bits() {
    let (_, sparse) = mixed(5, 20_000, 2);
    for batch in [Batch::Full, Batch::Records(1), Batch::Records(10)] {
        let config = Config { batch, epochs: Some(3), ..Config::default() };
        let of = |threads| -> Vec<u64> {
            trace(&sparse, &Activation::Sigmoid, true, &config, threads).iter().map(|x| x.to_bits()).collect()
        };
        let one = of(1);
        for threads in [2, 3, 8] {
            assert_eq!(of(threads), one, "{batch:?} {threads} threads");
        }
        for width in Width::ALL {
            width.limit();
            assert_eq!(of(2), one, "{batch:?} {}", width.name());
        }
        Width::widest().limit();
    }
}

#[test]
fn merging_halves_of_sparse_rows_equals_the_whole() {
    let (_, whole) = mixed(4, 9000, 2);
    let threads = Threads::one();
    let dataset = whole.dataset();
    let moments = Moments::of(&dataset, &threads).unwrap();
    let scaling = Scaling::standard(&moments);
    let (parameters, _) = random_weights(1, dataset.shape().n_features(), 2, false, &Activation::Tanh);
    let layer = Layer::new(parameters, Activation::Tanh);
    let halves = [0..5000, 5000..9000].map(|rows: Range<usize>| Table {
        columns: whole
            .columns
            .iter()
            .map(|column| match column {
                Column::Numbers(values) => Column::Numbers(values[rows.clone()].to_vec().into()),
                Column::Codes { codes, n_levels } => {
                    Column::Codes { codes: codes[rows.clone()].to_vec().into(), n_levels: *n_levels }
                }
                Column::Tiled(_) => unreachable!("a table of whole columns"),
                // The second half does not begin with the first value that is stored.
                Column::Sparse { n_columns, starts, indices, values } => Column::Sparse {
                    n_columns: *n_columns,
                    starts: starts[rows.start..=rows.end].to_vec().into(),
                    indices: indices.clone(),
                    values: values.clone(),
                },
            })
            .collect(),
        targets: match &whole.targets {
            Targets::Numbers(columns) => {
                Targets::Numbers(columns.iter().map(|y| y[rows.clone()].to_vec().into()).collect())
            }
            Targets::Classes { .. } => unreachable!(),
        },
    });
    let of = |table: &Table| Gradient::of(&table.dataset(), &scaling, &layer, Loss::Squared, &threads).unwrap();
    let mut merged = of(&halves[0]);
    merged.merge(&of(&halves[1]));
    assert_same_gradient(&of(&whole), &merged, 1e-12, "halves");
    let mut of_parts = Moments::of(&halves[0].dataset(), &threads).unwrap();
    of_parts.merge(&Moments::of(&halves[1].dataset(), &threads).unwrap());
    for (a, b) in of_parts.columns()[4].sparse_features().zip(moments.columns()[4].sparse_features()) {
        assert!(close(a.standard_deviation(), b.standard_deviation(), 1e-12, 0.0));
        assert_eq!(a.range(), b.range());
    }
}

#[test]
fn the_triangle_of_sparse_columns_is_that_of_dense_ones() {
    let (dense, sparse) = mixed(6, 9000, 2);
    let least = |table: &Table| {
        with_problem(table, true, true, &Activation::Identity, 2, |problem| {
            let triangle = Plan::of(problem, &Config::default()).unwrap().triangle.unwrap();
            (triangle.n_columns(), triangle.least_sse())
        })
    };
    let ((columns, a), (same, b)) = (least(&dense), least(&sparse));
    assert_eq!(columns, same);
    assert!(close(a, b, 1e-11, 0.0), "{a} {b}");
}

#[test]
fn the_gradient_check_passes_on_sparse_columns() {
    for standard in [true, false] {
        let (_, sparse) = wide(80, 12);
        with_problem(&sparse, standard, true, &Activation::Sigmoid, 1, |problem| {
            let (parameters, _) = random_weights(2, 12, 1, true, &Activation::Sigmoid);
            let check = check_gradient(problem, &parameters).unwrap();
            assert!(check.passes(), "{:?}", check.worst);
        });
    }
}

#[test]
fn f32_agrees_with_f64_to_its_precision() {
    let (_, sparse) = wide(5000, 40);
    let Column::Sparse { n_columns, starts, indices, values } = &sparse.columns[0] else { panic!("sparse") };
    let narrow = [Column::Sparse {
        n_columns: *n_columns,
        starts: starts.clone(),
        indices: indices.clone(),
        values: values.iter().map(|&x| x as f32).collect(),
    }];
    let Targets::Numbers(targets) = &sparse.targets else { panic!("numbers") };
    let targets = Targets::Numbers(targets.iter().map(|y| y.iter().map(|&y| y as f32).collect()).collect());
    let narrow = Dataset::from_columns(&narrow, &targets).unwrap();
    let (parameters, _) = random_weights(4, 40, 1, true, &Activation::Sigmoid);
    let layer = Layer::new(parameters, Activation::Sigmoid);
    with_problem(&sparse, true, true, &Activation::Sigmoid, 1, |problem: &Problem<'_, f64>| {
        let wide = problem.gradient(&layer).unwrap();
        let found = Gradient::of(&narrow, problem.scaling, &layer, Loss::Squared, problem.threads).unwrap();
        assert_same_gradient(&wide, &found, 1e-5, "f32");
    });
}

#[test]
fn bad_sparse_rows_are_refused_with_their_place() {
    let refused = |starts: Vec<usize>, indices: Vec<u32>, values: Vec<f64>| {
        let columns =
            [Column::Sparse { n_columns: 3, starts: starts.into(), indices: indices.into(), values: values.into() }];
        let targets = Targets::Numbers(vec![vec![0.0, 1.0].into()]);
        Dataset::from_columns(&columns, &targets).map(|d| d.n_records()).unwrap_err().to_string()
    };
    let out_of_range = refused(vec![0, 1, 2], vec![0, 3], vec![1.0, 1.0]);
    assert!(out_of_range.contains("found index 3") && out_of_range.contains("record 2"), "{out_of_range}");
    let not_ascending = refused(vec![0, 2, 2], vec![1, 1], vec![1.0, 1.0]);
    assert!(not_ascending.contains("from 2") && not_ascending.contains("record 1"), "{not_ascending}");
    assert!(refused(vec![0, 0, 1], vec![0], vec![f64::INFINITY]).contains("record 2"));
    assert!(refused(vec![0, 0, 1], vec![0], vec![f64::NAN]).contains("feature 0"));
    assert!(refused(vec![0, 2, 1], vec![0, 1], vec![1.0, 1.0]).contains("row 2"));
    assert!(refused(vec![0, 1, 3], vec![0, 1], vec![1.0, 1.0]).contains("sparse column 1"));
    assert!(refused(vec![0, 1, 2], vec![0, 1], vec![1.0]).contains("values"));
    assert!(refused(vec![0, 1], vec![0], vec![1.0]).contains("rows of column 1"));
}
