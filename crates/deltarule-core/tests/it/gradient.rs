//! The gradient: the oracle's, however the table is held, cut, or shared among threads.

use deltarule_core::{
    Activation, Batch, BlockSource, Column, Config, Dataset, Gradient, Layer, Loss, Moments, Plan, Problem, Scaling,
    Silent, Targets, Threads, fit,
};
use proptest::prelude::*;

use crate::tables::{Table, random_weights, with_problem};

fn activations() -> impl Strategy<Value = Activation> {
    let all: Vec<Activation> = Activation::ALL.to_vec();
    prop::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn gradient_is_the_oracles(
        seed in 0_u64..1000, n in 1_usize..90, numbers in 0_usize..6, levels in prop::collection::vec(1_usize..5, 0..3),
        outputs in 1_usize..4, bias: bool, standard: bool, missing: bool, activation in activations(),
    ) {
        let table = Table::random(seed, n, numbers, &levels, outputs, missing);
        with_problem(&table, standard, bias, &activation, 1, |problem| {
            let d = problem.source.shape().n_features();
            let (parameters, net) = random_weights(seed, d, outputs, bias, &activation);
            let found = problem.gradient(&Layer::new(parameters, activation.clone())).unwrap();
            let (xs, ys) = table.rows(problem.scaling);
            let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= 1e-12 * scale.max(1e-300) || a == b;
            let sse = net.sse(&xs, &ys);
            prop_assume!(sse.is_finite() && sse < 1e200);
            prop_assert!(close(found.loss, sse, sse), "{} {}", found.loss, sse);
            let (weights, biases) = net.descent(&xs, &ys);
            for j in 0..outputs {
                for i in 0..d {
                    let scale: f64 = xs.iter().zip(&ys).map(|(x, y)| (net.delta(x, y[j], j) * x[i]).abs()).sum();
                    prop_assert!(close(found.descent.weights(j)[i], weights[i][j], scale + 1e-12));
                }
                if bias {
                    let scale: f64 = xs.iter().zip(&ys).map(|(x, y)| net.delta(x, y[j], j).abs()).sum();
                    prop_assert!(close(found.descent.bias(j), biases[j], scale));
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn merging_halves_equals_the_whole() {
    let whole = Table::random(3, 9000, 4, &[3], 2, false);
    let cut = |rows: std::ops::Range<usize>| Table {
        columns: whole
            .columns
            .iter()
            .map(|column| match column {
                Column::Numbers(values) => Column::Numbers(values[rows.clone()].to_vec().into()),
                Column::Codes { codes, n_levels } => {
                    Column::Codes { codes: codes[rows.clone()].to_vec().into(), n_levels: *n_levels }
                }
                Column::Tiled(_) | Column::Sparse { .. } => unreachable!("a table of whole columns"),
            })
            .collect(),
        targets: match &whole.targets {
            Targets::Numbers(columns) => {
                Targets::Numbers(columns.iter().map(|y| y[rows.clone()].to_vec().into()).collect())
            }
            Targets::Classes { .. } => unreachable!(),
        },
    };
    let (first, second) = (cut(0..5000), cut(5000..9000));
    let activation = Activation::Tanh;
    let threads = Threads::one();
    let moments = Moments::of(&whole.dataset(), &threads).unwrap();
    let scaling = Scaling::standard(&moments);
    let (parameters, _) = random_weights(1, 7, 2, true, &activation);
    let layer = Layer::new(parameters, activation);
    let of = |table: &Table| Gradient::of(&table.dataset(), &scaling, &layer, Loss::Squared, &threads).unwrap();
    let (whole_gradient, mut merged) = (of(&whole), of(&first));
    merged.merge(&of(&second));
    assert_eq!(merged.n_records, 9000);
    assert!((merged.loss / whole_gradient.loss - 1.0).abs() < 1e-13);
    for (a, b) in merged.descent.values().zip(whole_gradient.descent.values()) {
        assert!((a - b).abs() < 1e-10, "{a} {b}");
    }
    let mut moments_of_parts = Moments::of(&first.dataset(), &threads).unwrap();
    moments_of_parts.merge(&Moments::of(&second.dataset(), &threads).unwrap());
    for (a, b) in moments_of_parts.columns().iter().zip(moments.columns()) {
        assert!((a.standard_deviation() - b.standard_deviation()).abs() <= 1e-13 * b.standard_deviation());
        assert_eq!(a.level_counts(), b.level_counts());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    same_for_any_threads(&Table::random(5, 30_000, 5, &[4], 2, true), 9);
    // So many levels that the pass has fewer segments than blocks.
    same_for_any_threads(&Table::random(6, 70_000, 1, &[150_000], 2, true), 150_001);
}

fn same_for_any_threads(table: &Table, d: usize) {
    let (parameters, _) = random_weights(2, d, 2, true, &Activation::Sigmoid);
    let layer = Layer::new(parameters, Activation::Sigmoid);
    let with = |threads| {
        with_problem(table, true, true, &Activation::Sigmoid, threads, |problem| {
            let gradient = problem.gradient(&layer).unwrap();
            let bits: Vec<u64> = gradient.descent.values().chain([gradient.loss]).map(f64::to_bits).collect();
            let scaling: Vec<u64> = problem.scaling.columns().iter().map(|c| c.factor.to_bits()).collect();
            (bits, scaling)
        })
    };
    let one = with(1);
    for threads in [2, 3, 8] {
        assert_eq!(with(threads), one, "{threads} threads");
    }
}

#[test]
fn many_columns_have_the_bits_of_a_pass_for_several_layers() {
    let activation = Activation::Sigmoid;
    for (seed, n) in [1, 31, 32, 33, 64, 100, 1057, 9000].into_iter().enumerate() {
        let table = Table::random(seed as u64, n, 300, &[3], 1, true);
        with_problem(&table, true, true, &activation, 2, |problem| {
            let (parameters, _) = random_weights(7, 303, 1, true, &activation);
            let layer = Layer::new(parameters, activation.clone());
            // For several layers, values are scaled once and stored, and no row is gone through beside another.
            let layers = [&layer, &layer];
            let stored =
                Gradient::of_many(problem.source, problem.scaling, &layers, Loss::Squared, problem.threads).unwrap();
            assert_eq!(problem.gradient(&layer).unwrap(), stored[0], "{n} records");
            let tiled = table.dataset().tiled().unwrap();
            let tiled = Gradient::of(&tiled, problem.scaling, &layer, Loss::Squared, problem.threads).unwrap();
            assert_eq!(tiled, stored[0], "{n} records, tiled");
        });
    }
}

#[test]
fn f32_agrees_with_f64_to_its_precision() {
    let table = Table::random(8, 5000, 4, &[3], 2, false);
    let columns: Vec<Column<'_, f32>> = table
        .columns
        .iter()
        .map(|column| match column {
            Column::Numbers(values) => Column::Numbers(values.iter().map(|&x| x as f32).collect()),
            Column::Codes { codes, n_levels } => Column::Codes { codes: codes.clone(), n_levels: *n_levels },
            Column::Tiled(_) | Column::Sparse { .. } => unreachable!("a table of whole columns"),
        })
        .collect();
    let Targets::Numbers(targets) = &table.targets else { panic!("numbers") };
    let targets = Targets::Numbers(targets.iter().map(|y| y.iter().map(|&y| y as f32).collect()).collect());
    let narrow = Dataset::from_columns(&columns, &targets).unwrap();
    for activation in Activation::ALL.iter().filter(|a| **a != Activation::Step) {
        let (parameters, _) = random_weights(4, 7, 2, true, activation);
        let layer = Layer::new(parameters, activation.clone());
        with_problem(&table, true, true, activation, 1, |problem| {
            let wide = problem.gradient(&layer).unwrap();
            let found = Gradient::of(&narrow, problem.scaling, &layer, Loss::Squared, problem.threads).unwrap();
            assert!((found.loss / wide.loss - 1.0).abs() < 2e-5, "{activation}: {} {}", found.loss, wide.loss);
            let scale = (5000.0 * wide.delta_squares.iter().sum::<f64>()).sqrt();
            for (a, b) in found.descent.values().zip(wide.descent.values()) {
                assert!((a - b).abs() < 1e-5 * scale, "{activation}: {a} {b}");
            }
        });
    }
}

#[test]
fn classes_are_one_target_for_each_output() {
    let codes = vec![0_u32, 2, 1, 1, 0];
    let numbers =
        (0..3).map(|k| codes.iter().map(|&c| if c == k { 1.0 } else { -1.0 }).collect::<Vec<f64>>()).collect();
    let column = vec![1.0, 2.0, 0.5, -1.0, 3.0];
    let as_numbers = Table::of(vec![column.clone()], numbers);
    let mut as_classes = Table::of(vec![column], vec![vec![0.0; 5]]);
    as_classes.targets = Targets::Classes { codes: codes.into(), n_classes: 3, low: -1.0, high: 1.0 };
    let (parameters, _) = random_weights(6, 1, 3, true, &Activation::Tanh);
    let layer = Layer::new(parameters, Activation::Tanh);
    let of = |table: &Table| with_problem(table, true, true, &Activation::Tanh, 1, |p| p.gradient(&layer).unwrap());
    assert_eq!(of(&as_numbers), of(&as_classes));
    let spread = |table: &Table| {
        with_problem(table, true, true, &Activation::Tanh, 1, |p| {
            Plan::of(p, &Config::default()).unwrap().baseline.loss
        })
    };
    assert!((spread(&as_numbers) - spread(&as_classes)).abs() < 1e-14);
}

#[test]
fn bad_blocks_are_refused_with_their_place() {
    let refused = |columns: Vec<Column<'static, f64>>, targets: Vec<f64>| {
        let targets = Targets::Numbers(vec![targets.into()]);
        Dataset::from_columns(&columns, &targets).map(|d| d.n_records()).unwrap_err().to_string()
    };
    let numbers = |values: Vec<f64>| Column::Numbers(values.into());
    assert!(refused(vec![numbers(vec![1.0])], vec![1.0, 2.0]).contains("column 1"));
    assert!(refused(vec![numbers(vec![1.0, f64::INFINITY])], vec![1.0, 2.0]).contains("record 2"));
    assert!(refused(vec![numbers(vec![1.0, 2.0])], vec![1.0, f64::NAN]).contains("target 1"));
    assert!(refused(vec![Column::Codes { codes: vec![0, 5].into(), n_levels: 2 }], vec![1.0, 2.0]).contains("code 5"));
    assert!(refused(vec![numbers(vec![])], vec![]).contains("no records"));
    let mut long = vec![0.0; 5000];
    long[4999] = f64::INFINITY;
    assert!(refused(vec![numbers(long)], vec![0.0; 5000]).contains("record 5000"));
}

#[test]
fn tiled_memory_changes_no_bit() {
    for (n, numbers, outputs, missing) in
        [(1, 3, 1, false), (70, 9, 1, true), (9001, 20, 1, true), (5000, 11, 3, false), (2503, 130, 1, true)]
    {
        let table = Table::random(21, n, numbers, &[4], outputs, missing);
        for activation in [Activation::Identity, Activation::Sigmoid] {
            with_problem(&table, true, true, &activation, 2, |problem| {
                let dataset = table.dataset();
                let tiled = dataset.tiled().unwrap();
                assert_eq!(Moments::of(&tiled, problem.threads).unwrap(), *problem.moments);
                let d = problem.source.shape().n_features();
                let layer = Layer::new(random_weights(4, d, outputs, true, &activation).0, activation.clone());
                let other = Problem { source: &tiled, ..*problem };
                assert_eq!(other.gradient(&layer).unwrap(), problem.gradient(&layer).unwrap());
                for batch in [1, 7] {
                    let config = Config { batch: Batch::Records(batch), epochs: Some(2), ..Config::default() };
                    let descend = |problem: &Problem<'_, f64>| {
                        let plan = Plan::of(problem, &config).unwrap();
                        fit(problem, &plan, layer.parameters().clone(), &mut Silent).unwrap()
                    };
                    assert_eq!(descend(&other), descend(problem), "{n} records, {batch} a step");
                }
            });
        }
    }
}
