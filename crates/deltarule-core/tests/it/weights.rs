//! Weights of records: a record of weight k is k equal records, and one of weight 0 is none.

use std::ops::ControlFlow;

use deltarule_core::{
    Activation, Batch, Block, Column, Config, Curvature, Dataset, Epoch, Error, Eta, Gradient, Layer, Loss, Moments,
    OptimizerKind, Parameters, Penalty, Plan, Problem, Random, Reduction, Scaling, Silent, StopReason, Stream, Targets,
    Threads, check_gradient, fit,
};
use proptest::prelude::*;

use crate::descent::{flat, permutations};
use crate::tables::{Table, random_weights};

/// What is to be learned of a table, beside its values.
#[derive(Debug, Clone)]
struct Question {
    loss: Loss,
    activation: Activation,
    threads: usize,
    tiled: bool,
}

impl Question {
    fn of(loss: Loss, activation: Activation) -> Self {
        Self { loss, activation, threads: 2, tiled: false }
    }

    fn ask<R>(&self, table: &Table, weights: Option<&[f64]>, test: impl FnOnce(&Problem<'_, f64>) -> R) -> R {
        let dataset = match weights {
            Some(weights) => table.dataset().with_weights(weights).unwrap(),
            None => table.dataset(),
        };
        let dataset = if self.tiled { dataset.tiled().unwrap() } else { dataset };
        let threads = &Threads::new(self.threads);
        let moments = &Moments::of(&dataset, threads).unwrap();
        let scaling = &Scaling::standard(moments);
        let (loss, activation) = (self.loss, &self.activation);
        test(&Problem { source: &dataset, scaling, moments, activation, loss, has_bias: true, threads })
    }
}

/// Weights from 0 to 3, not all 0.
fn weights(seed: u64, n: usize) -> Vec<f64> {
    let mut random = Random::new(seed, Stream::Split);
    let mut weights: Vec<f64> = (0..n).map(|_| random.below(4) as f64).collect();
    weights[0] = 2.0;
    weights
}

/// The table in which every record stands as often as its weight says.
fn copied(table: &Table, weights: &[f64]) -> Table {
    let rows: Vec<usize> = weights.iter().enumerate().flat_map(|(r, &v)| vec![r; v as usize]).collect();
    let numbers = |values: &[f64]| rows.iter().map(|&r| values[r]).collect::<Vec<f64>>();
    let codes = |codes: &[u32]| rows.iter().map(|&r| codes[r]).collect::<Vec<u32>>();
    let column = |column: &Column<'static, f64>| match column {
        Column::Numbers(values) => Column::Numbers(numbers(values).into()),
        Column::Codes { codes: of_rows, n_levels } => {
            Column::Codes { codes: codes(of_rows).into(), n_levels: *n_levels }
        }
        Column::Sparse { n_columns, starts, indices, values } => {
            let (mut new_starts, mut new_indices, mut new_values) = (vec![0], Vec::new(), Vec::new());
            for &r in &rows {
                new_indices.extend_from_slice(&indices[starts[r]..starts[r + 1]]);
                new_values.extend_from_slice(&values[starts[r]..starts[r + 1]]);
                new_starts.push(new_values.len());
            }
            Column::Sparse {
                n_columns: *n_columns,
                starts: new_starts.into(),
                indices: new_indices.into(),
                values: new_values.into(),
            }
        }
        Column::Tiled(_) => panic!("tables of tests are not tiled"),
    };
    let targets = match &table.targets {
        Targets::Numbers(columns) => Targets::Numbers(columns.iter().map(|y| numbers(y).into()).collect()),
        Targets::Classes { codes: of_rows, n_classes, low, high } => {
            Targets::Classes { codes: codes(of_rows).into(), n_classes: *n_classes, low: *low, high: *high }
        }
    };
    Table { columns: table.columns.iter().map(column).collect(), targets }
}

/// A table with numbers, a category, missing values and, if asked for, a sparse column and classes.
fn table(seed: u64, n: usize, outputs: usize, sparse: bool, classes: bool) -> Table {
    let mut table = Table::random(seed, n, 3, &[3], outputs, true);
    let mut random = Random::new(seed + 1, Stream::Split);
    if sparse {
        let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for _ in 0..n {
            for i in 0..4 {
                if random.below(5) > i {
                    indices.push(i as u32);
                    values.push(random.normal() + i as f64);
                }
            }
            starts.push(values.len());
        }
        let (starts, indices, values) = (starts.into(), indices.into(), values.into());
        table.columns.push(Column::Sparse { n_columns: 4, starts, indices, values });
    }
    if classes {
        let codes: Vec<u32> = (0..n).map(|_| random.below(outputs as u64) as u32).collect();
        table.targets = Targets::Classes { codes: codes.into(), n_classes: outputs, low: 0.0, high: 1.0 };
    }
    table
}

fn questions() -> Vec<Question> {
    [
        (Loss::Squared, Activation::Sigmoid),
        (Loss::Squared, Activation::Identity),
        (Loss::Log, Activation::Sigmoid),
        (Loss::Log, Activation::Softmax),
        (Loss::Huber { threshold: 0.2 }, Activation::Identity),
        (Loss::Poisson, Activation::Exp),
        (Loss::Quantile { level: 0.8 }, Activation::Tanh),
    ]
    .map(|(loss, activation)| Question::of(loss, activation))
    .to_vec()
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-11 * scale.max(a.abs()).max(b.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_weight_is_so_many_equal_records(
        seed in 0_u64..10_000, n in 2_usize..120, outputs in 1_usize..4, sparse: bool, tiled: bool,
        question in prop::sample::select(questions()),
    ) {
        let outputs = if question.activation == Activation::Softmax { outputs.max(2) } else { outputs };
        let question = Question { tiled, ..question };
        let table = table(seed, n, outputs, sparse, question.activation == Activation::Softmax);
        let weights = weights(seed, n);
        let copies = copied(&table, &weights);
        let d = table.dataset().blocks()[0].shape().n_features();
        let (parameters, _) = random_weights(seed, d, outputs, true, &question.activation);
        let layer = Layer::new(parameters, question.activation.clone());
        let of = |problem: &Problem<'_, f64>| {
            let curvature = Curvature::of(problem.source, problem.scaling, true, problem.threads).unwrap();
            let plan = Plan::of(problem, &Config::default()).unwrap();
            (problem.scaling.clone(), problem.moments.weight(), problem.gradient(&layer).unwrap(), curvature, plan)
        };
        let (scaling, weight, gradient, curvature, plan) = question.ask(&table, Some(&weights), of);
        let (scaling_of_copies, n_copies, expected, curvature_of_copies, plan_of_copies) =
            question.ask(&copies, None, of);
        prop_assert_eq!(weight, n_copies);
        prop_assert_eq!((gradient.n_records, gradient.weight), (n as u64, n_copies));
        for (a, b) in scaling.columns().iter().zip(scaling_of_copies.columns()) {
            prop_assert!(close(a.offset, b.offset, 0.0) && close(a.factor, b.factor, 0.0), "{:?} {:?}", a, b);
        }
        prop_assert!(close(gradient.loss, expected.loss, 0.0), "{} {}", gradient.loss, expected.loss);
        let size = (n_copies * expected.delta_squares.iter().sum::<f64>()).sqrt();
        for (a, b) in gradient.descent.values().zip(expected.descent.values()) {
            prop_assert!(close(a, b, 10.0 * size), "{} {}", a, b);
        }
        for (a, b) in gradient.delta_squares.iter().zip(&expected.delta_squares) {
            prop_assert!(close(*a, *b, 0.0));
        }
        prop_assert!(close(curvature.lambda_max, curvature_of_copies.lambda_max, 0.0));
        prop_assert!(close(plan.eta.eta, plan_of_copies.eta.eta, 0.0));
        prop_assert!(close(plan.baseline.loss, plan_of_copies.baseline.loss, 1e-3), "{:?} {:?}", plan.baseline, plan_of_copies.baseline);
        // Where slopes do not grow all the way there may be an interval of best constants.
        let is_one = matches!(question.loss, Loss::Squared | Loss::Log | Loss::Poisson);
        for (a, b) in plan.baseline.outputs.iter().zip(&plan_of_copies.baseline.outputs) {
            prop_assert!(!is_one || (a - b).abs() < 1e-7);
        }
    }
}

fn descend(problem: &Problem<'_, f64>, config: &Config) -> deltarule_core::Fit {
    let plan = Plan::of(problem, config).unwrap();
    let shape = problem.source.shape();
    let start = Parameters::zeros(shape.n_features(), shape.n_outputs(), true);
    fit(problem, &plan, start, &mut Silent).unwrap()
}

/// The triangle (many records, f the identity), passes, L-BFGS, a penalty and the convention for levels.
#[test]
fn descent_reaches_the_minimum_of_the_copies() {
    let penalty = Penalty { l2: 0.01, l1: 0.0 };
    for (question, n, penalty) in [
        (Question::of(Loss::Squared, Activation::Identity), 9000, Penalty::NONE),
        (Question::of(Loss::Squared, Activation::Identity), 300, penalty),
        (Question::of(Loss::Squared, Activation::Sigmoid), 300, Penalty::NONE),
        (Question::of(Loss::Log, Activation::Sigmoid), 300, penalty),
        (Question::of(Loss::Log, Activation::Sigmoid), 5000, Penalty::NONE),
    ] {
        let mut table = Table::random(3, n, 3, &[3], 1, false);
        table.columns.push(Table::random(4, n, 1, &[], 1, true).columns.swap_remove(0));
        let weights = weights(5, n);
        let config = Config { penalty, tolerance: 1e-10, ..Config::default() };
        let found = question.ask(&table, Some(&weights), |problem| descend(problem, &config));
        let expected = question.ask(&copied(&table, &weights), None, |problem| descend(problem, &config));
        assert!(matches!(found.reason, StopReason::Minimum { .. } | StopReason::NoProgress { .. }), "{found:?}");
        assert!((found.loss / expected.loss - 1.0).abs() < 1e-10, "{} {}", found.loss, expected.loss);
        assert!((found.penalty - expected.penalty).abs() < 1e-6 * expected.loss);
        for (a, b) in found.layer.parameters().values().zip(expected.layer.parameters().values()) {
            assert!((a - b).abs() < 1e-7, "{a} {b}");
        }
    }
}

#[test]
fn weights_of_1_have_the_bits_of_none_for_any_number_of_threads() {
    let table = table(8, 9000, 2, false, false);
    let ones = vec![1.0; 9000];
    for question in questions().into_iter().filter(|question| question.activation != Activation::Softmax) {
        let (parameters, _) = random_weights(2, 6, 2, true, &question.activation);
        let layer = Layer::new(parameters, question.activation.clone());
        let of = |weights: Option<&[f64]>, threads: usize| {
            let question = Question { threads, ..question.clone() };
            question.ask(&table, weights, |problem| {
                let stochastic = Config { batch: Batch::Records(1), epochs: Some(2), ..Config::default() };
                let descents = [Config { epochs: Some(3), ..Config::default() }, stochastic];
                let layers = descents.map(|config| descend(problem, &config).layer);
                (problem.gradient(&layer).unwrap(), layers)
            })
        };
        let plain = of(None, 1);
        assert_eq!(plain, of(Some(&ones), 1), "{}", question.loss);
        assert_eq!(plain, of(Some(&ones), 3), "{}", question.loss);
    }
    let uneven = weights(3, 9000);
    let question = Question::of(Loss::Log, Activation::Sigmoid);
    let layer = Layer::new(Parameters::zeros(6, 2, true), Activation::Sigmoid);
    let gradient = |threads| {
        let question = Question { threads, ..question.clone() };
        question.ask(&table, Some(&uneven), |problem| problem.gradient(&layer).unwrap())
    };
    assert_eq!(gradient(1), gradient(8));
}

/// The mean over a batch is one over so many records of the mean weight, and the sum is the sum.
#[test]
fn a_step_over_some_records_takes_each_as_often_as_its_weight_says() {
    let activation = Activation::Sigmoid;
    let weights = [2.0, 0.5, 0.0, 1.0, 4.0];
    let mean = 7.5 / 5.0;
    for (levels, optimizer) in [
        (vec![2], OptimizerKind::GradientDescent),
        (vec![], OptimizerKind::GradientDescent),
        (vec![], OptimizerKind::Momentum { beta: 0.0 }),
    ] {
        let table = Table::random(9, 5, 2, &levels, 1, false);
        let d = 2 + levels.iter().sum::<usize>();
        let (parameters, net) = random_weights(1, d, 1, true, &activation);
        for batch in [1, 2, 3, 5] {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let (eta, batch_records) = (Eta::Given(0.7), Batch::Records(batch));
                let optimizer = Some(optimizer);
                let config =
                    Config { eta, reduction, optimizer, batch: batch_records, epochs: Some(1), ..Config::default() };
                let question = Question::of(Loss::Squared, activation.clone());
                let (seen, xs, ys) = question.ask(&table, Some(&weights), |problem| {
                    let plan = Plan::of(problem, &config).unwrap();
                    let mut seen: Vec<Vec<f64>> = Vec::new();
                    let mut observer = |epoch: &Epoch<'_>| {
                        seen.push(epoch.parameters.values().collect());
                        ControlFlow::Continue(())
                    };
                    fit(problem, &plan, parameters.clone(), &mut observer).unwrap();
                    let (xs, ys) = table.rows(problem.scaling);
                    (seen, xs, ys)
                });
                let reached = permutations(5).iter().any(|order| {
                    let mut net = net.clone();
                    for rows in order.chunks(batch as usize) {
                        // Each record's own step at the weights before the batch.
                        let before = net.clone();
                        let factor = match reduction {
                            Reduction::Mean => 0.7 / (rows.len() as f64 * mean),
                            Reduction::Sum => 0.7,
                        };
                        for &r in rows {
                            let (of_weights, of_bias) = before.descent(&xs[r..=r], &ys[r..=r]);
                            let by = factor * weights[r];
                            for (w, g) in net.weights.iter_mut().flatten().zip(of_weights.iter().flatten()) {
                                *w += by * g;
                            }
                            for (b, g) in net.bias.iter_mut().flatten().zip(&of_bias) {
                                *b += by * g;
                            }
                        }
                    }
                    flat(&net).iter().zip(&seen[1]).all(|(a, b)| (a - b).abs() < 1e-12)
                });
                assert!(reached, "{levels:?}, batch {batch} {reduction:?}");
            }
        }
    }
}

#[test]
fn gradients_of_weighted_records_pass_their_check() {
    for question in questions() {
        let softmax = question.activation == Activation::Softmax;
        let table = table(4, 200, 3, true, softmax);
        let d = table.dataset().blocks()[0].shape().n_features();
        let (parameters, _) = random_weights(5, d, 3, true, &question.activation);
        let weights = weights(6, 200);
        question.ask(&table, Some(&weights), |problem| {
            let check = check_gradient(problem, &parameters).unwrap();
            assert!(check.passes(), "{}: {}", question.loss, check.worst);
            // And the check is of the gradient that descent takes.
            let layer = Layer::new(parameters.clone(), question.activation.clone());
            let gradient = problem.gradient(&layer).unwrap();
            for weight in &check.weights {
                let expected = match weight.feature {
                    Some(i) => gradient.descent.weights(weight.output)[i],
                    None => gradient.descent.bias(weight.output),
                };
                let kinks = weight.at_kinks > 0;
                assert!(kinks || (weight.by_delta_rule + expected).abs() <= 1e-10 * weight.scale.max(1.0));
            }
        });
    }
}

#[test]
fn weights_add_up_over_parts_of_a_table() {
    let whole = table(1, 6000, 1, false, false);
    let weights = weights(2, 6000);
    let question = Question::of(Loss::Squared, Activation::Tanh);
    let layer = Layer::new(Parameters::zeros(6, 1, true), Activation::Tanh);
    let dataset = whole.dataset().with_weights(&weights).unwrap();
    question.ask(&whole, Some(&weights), |problem| {
        let expected = problem.gradient(&layer).unwrap();
        let mut sum = Gradient::zero(6, 1, true);
        for block in dataset.blocks() {
            struct One<'a>(&'a Block<'a, f64>, deltarule_core::Shape);
            impl deltarule_core::BlockSource<f64> for One<'_> {
                fn shape(&self) -> &deltarule_core::Shape {
                    &self.1
                }
                fn n_records(&self) -> usize {
                    self.0.n_records()
                }
                fn block_rows(&self) -> usize {
                    self.0.n_records()
                }
                fn read(&self, _: usize, visit: &mut dyn FnMut(&Block<'_, f64>)) -> deltarule_core::Result<()> {
                    visit(self.0);
                    Ok(())
                }
            }
            let one = One(block, block.shape());
            sum.merge(&Gradient::of(&one, problem.scaling, &layer, problem.loss, problem.threads).unwrap());
        }
        assert_eq!((sum.n_records, sum.weight), (expected.n_records, expected.weight));
        assert!((sum.loss / expected.loss - 1.0).abs() < 1e-12);
    });
}

#[test]
fn weights_that_are_none_are_refused() {
    let table = table(1, 5000, 1, false, false);
    let of = |weights: &[f64]| Dataset::with_weights(table.dataset(), weights).map(|_| ()).unwrap_err();
    let mut weights = vec![1.0; 5000];
    weights[4500] = -1.0;
    assert_eq!(of(&weights), Error::Weight { found: -1.0, record: 4501 });
    weights[4500] = f64::INFINITY;
    assert!(of(&weights).to_string().contains("found inf as the weight of a record"));
    assert_eq!(of(&[0.0; 5000]), Error::NoWeight);
    assert!(matches!(of(&[1.0; 3]), Error::Shape { found: 3, expected: 5000, .. }));
}
