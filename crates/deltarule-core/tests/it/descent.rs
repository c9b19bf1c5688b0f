//! The rules of descent against the oracle, epoch by epoch.

use std::ops::ControlFlow;

use deltarule_core::{
    Activation, Batch, Column, Config, Course, Dataset, Epoch, Error, Eta, EtaBasis, Fit, Init, Loss, Moments,
    OptimizerKind, Parameters, Plan, Problem, Reduction, Scaling, Schedule, Silent, StopReason, Targets, Threads, fit,
    start,
};

use crate::oracle::Net;
use crate::tables::{Table, random_weights, with_problem};

/// E and the weights of every epoch.
pub(crate) fn trace(
    table: &Table,
    standard: bool,
    bias: bool,
    activation: &Activation,
    config: &Config,
    from: &Parameters,
) -> (Vec<(f64, Vec<f64>)>, Fit) {
    with_problem(table, standard, bias, activation, 2, |problem| {
        let plan = Plan::of(problem, config).unwrap();
        let mut seen = Vec::new();
        let mut observer = |epoch: &Epoch<'_>| {
            assert_eq!(epoch.index as usize, seen.len());
            seen.push((epoch.loss, epoch.parameters.values().collect()));
            ControlFlow::Continue(())
        };
        let fit = fit(problem, &plan, from.clone(), &mut observer).unwrap();
        (seen, fit)
    })
}

pub(crate) fn flat(net: &Net) -> Vec<f64> {
    let outputs = net.weights[0].len();
    let weights = (0..outputs).flat_map(|j| net.weights.iter().map(move |w| w[j]));
    weights.chain(net.bias.clone().unwrap_or_default()).collect()
}

pub(crate) fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-10 * b.abs().max(1.0), "{found:?} {expected:?}");
    }
}

#[test]
fn the_plain_rule_takes_the_textbooks_steps() {
    let table = Table::random(1, 40, 3, &[2], 2, false);
    let activation = Activation::Sigmoid;
    for (reduction, eta) in [(Reduction::Sum, 0.01), (Reduction::Mean, 0.4)] {
        let (parameters, mut net) = random_weights(2, 5, 2, true, &activation);
        let config = Config { eta: Eta::Given(eta), reduction, epochs: Some(25), ..Config::default() };
        let (seen, fit) = trace(&table, true, true, &activation, &config, &parameters);
        let (xs, ys) = with_problem(&table, true, true, &activation, 1, |problem| table.rows(problem.scaling));
        for (sse, weights) in &seen {
            assert!((sse / net.sse(&xs, &ys) - 1.0).abs() < 1e-12);
            assert_close(weights, &flat(&net));
            net.step(&xs, &ys, eta * reduction.factor(40.0));
        }
        assert_eq!(seen.len(), 26);
        assert!(matches!(fit.reason, StopReason::Epochs { .. }));
    }
}

#[test]
fn momentum_and_nesterov_take_their_textbooks_steps() {
    let table = Table::random(4, 30, 3, &[], 1, false);
    let (xs, ys) = with_problem(&table, true, false, &Activation::Tanh, 1, |problem| table.rows(problem.scaling));
    let (parameters, net) = random_weights(5, 3, 1, false, &Activation::Tanh);
    let (eta, beta) = (0.02, 0.8);
    let config = |optimizer| Config {
        eta: Eta::Given(eta),
        reduction: Reduction::Sum,
        optimizer: Some(optimizer),
        epochs: Some(30),
        ..Config::default()
    };
    let gradient = |net: &Net| net.descent(&xs, &ys).0.concat();
    let set = |net: &mut Net, values: &[f64]| {
        for (w, v) in net.weights.iter_mut().zip(values) {
            w[0] = *v;
        }
    };

    let (seen, _) =
        trace(&table, true, false, &Activation::Tanh, &config(OptimizerKind::Momentum { beta }), &parameters);
    let (mut ball, mut velocity) = (net.clone(), vec![0.0; 3]);
    for (_, weights) in &seen {
        assert_close(weights, &flat(&ball));
        let g = gradient(&ball);
        velocity.iter_mut().zip(&g).for_each(|(v, g)| *v = beta * *v + eta * g);
        let next: Vec<f64> = flat(&ball).iter().zip(&velocity).map(|(w, v)| w + v).collect();
        set(&mut ball, &next);
    }

    let nesterov = OptimizerKind::Nesterov { beta: Some(beta) };
    let (seen, _) = trace(&table, true, false, &Activation::Tanh, &config(nesterov), &parameters);
    let (mut point, mut position) = (net.clone(), flat(&net));
    for (_, weights) in &seen {
        assert_close(weights, &flat(&point));
        let next: Vec<f64> = flat(&point).iter().zip(gradient(&point)).map(|(w, g)| w + eta * g).collect();
        let ahead: Vec<f64> = next.iter().zip(&position).map(|(n, p)| n + beta * (n - p)).collect();
        set(&mut point, &ahead);
        position = next;
    }
}

pub(crate) fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(n - 1);
    let insert = |order: &Vec<usize>, place: usize| {
        let mut order = order.clone();
        order.insert(place, n - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..n).map(|place| insert(order, place)).collect::<Vec<_>>()).collect()
}

#[test]
fn a_stochastic_epoch_is_some_order_of_the_records_and_a_short_batch_divides_by_its_own_size() {
    let table = Table::random(9, 5, 2, &[2], 2, false);
    let activation = Activation::Sigmoid;
    let (parameters, net) = random_weights(1, 4, 2, true, &activation);
    let (xs, ys) = with_problem(&table, true, true, &activation, 1, |problem| table.rows(problem.scaling));
    for optimizer in [OptimizerKind::GradientDescent, OptimizerKind::Momentum { beta: 0.0 }] {
        for batch in [1, 2, 3, 5] {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let config = Config {
                    eta: Eta::Given(0.7),
                    batch: Batch::Records(batch),
                    epochs: Some(1),
                    optimizer: Some(optimizer),
                    reduction,
                    ..Config::default()
                };
                let (seen, _) = trace(&table, true, true, &activation, &config, &parameters);
                let reached = permutations(5).iter().any(|order| {
                    let mut net = net.clone();
                    for rows in order.chunks(batch as usize) {
                        let pick = |all: &[Vec<f64>]| rows.iter().map(|&r| all[r].clone()).collect::<Vec<_>>();
                        net.step(&pick(&xs), &pick(&ys), 0.7 * reduction.factor(rows.len() as f64));
                    }
                    flat(&net).iter().zip(&seen[1].1).all(|(a, b)| (a - b).abs() < 1e-12)
                });
                assert!(reached, "batch {batch} {reduction:?}");
            }
        }
    }
}

/// Plain steps touch only the levels that are there; momentum without memory is the same rule and touches every weight.
#[test]
fn steps_over_few_records_have_the_bits_of_steps_over_all_weights() {
    for (levels, batch) in [(vec![5000], 7), (vec![3, 2000], 64), (vec![4], 50), (vec![], 9)] {
        let table = Table::random(11, 600, 3, &levels, 2, true);
        let d = 3 + levels.iter().sum::<usize>();
        let (parameters, _) = random_weights(12, d, 2, true, &Activation::Tanh);
        let with = |optimizer| {
            let config = Config {
                eta: Eta::Given(0.05),
                batch: Batch::Records(batch),
                optimizer: Some(optimizer),
                epochs: Some(3),
                ..Config::default()
            };
            let (seen, _) = trace(&table, true, true, &Activation::Tanh, &config, &parameters);
            seen.into_iter().map(|(sse, weights)| (sse.to_bits(), weights)).collect::<Vec<_>>()
        };
        assert_eq!(
            with(OptimizerKind::GradientDescent),
            with(OptimizerKind::Momentum { beta: 0.0 }),
            "{levels:?}, {batch} records a step"
        );
    }
}

#[test]
fn one_record_a_step_gets_to_the_least_squares_error() {
    let table = Table::random(12, 3000, 4, &[], 1, false);
    let config = Config { batch: Batch::Records(1), ..Config::default() };
    let (seen, fit) = trace(&table, true, true, &Activation::Identity, &config, &Parameters::zeros(4, 1, true));
    let (xs, ys) = with_problem(&table, true, true, &Activation::Identity, 1, |problem| table.rows(problem.scaling));
    let least = crate::oracle::least_squares_sse(&xs, &ys.concat(), true);
    assert!(fit.loss < least * (1.0 + 1e-3), "{} {least} after {} epochs", fit.loss, seen.len());
    let (again, _) = trace(&table, true, true, &Activation::Identity, &config, &Parameters::zeros(4, 1, true));
    assert_eq!(seen, again, "a seed means the same run");
    let other = Config { seed: 1, ..config };
    let (others, _) = trace(&table, true, true, &Activation::Identity, &other, &Parameters::zeros(4, 1, true));
    assert_ne!(seen, others, "another seed is another order");
}

#[test]
fn a_step_within_the_bound_never_raises_the_error() {
    for activation in Activation::ALL {
        let table = Table::random(7, 50, 3, &[3], 2, false);
        with_problem(&table, true, true, activation, 1, |problem| {
            let Ok(plan) = Plan::of(problem, &Config { epochs: Some(60), ..Config::default() }) else {
                return assert_eq!(*activation, Activation::Step);
            };
            let Some(guaranteed) = plan.eta.guaranteed else { return };
            for seed in 0..4 {
                let (from, _) = random_weights(seed, 6, 2, true, activation);
                let config = Config { eta: Eta::Given(guaranteed), epochs: Some(60), ..Config::default() };
                let plan = Plan::of(problem, &config).unwrap();
                let mut last = f64::INFINITY;
                let mut observer = |epoch: &Epoch<'_>| {
                    assert!(epoch.loss <= last * (1.0 + 1e-13), "{activation}: {} after {last}", epoch.loss);
                    last = epoch.loss;
                    ControlFlow::Continue(())
                };
                match fit(problem, &plan, from, &mut observer) {
                    // A ReLU can be dead from the start: 0 at every record, and so its derivative.
                    Err(Error::FlatStart { .. }) => assert_eq!(*activation, Activation::Relu),
                    ended => assert!(ended.is_ok(), "{activation}: {ended:?}"),
                }
            }
        });
    }
}

#[test]
fn an_output_that_can_never_move_is_an_error() {
    let table = Table::random(7, 50, 3, &[], 2, false);
    let config = Config::default();
    for (activation, bias) in [(Activation::Relu, -1e3), (Activation::Sigmoid, 1e4)] {
        with_problem(&table, true, true, &activation, 1, |problem| {
            let from = Parameters::new(3, vec![0.1; 6], Some(vec![0.0, bias]), 2).unwrap();
            let plan = Plan::of(problem, &config).unwrap();
            let error = fit(problem, &plan, from, &mut Silent).unwrap_err();
            assert_eq!(error, Error::FlatStart { output: 2 }, "{activation}");
        });
    }
}

#[test]
fn every_start_gets_down_and_never_ends_above_it() {
    let formulas = ["h / (1 + abs(h))", "exp(h) - 1", "h^3", "sqrt(h)", "ln(h + 2)", "1/h"];
    let formulas = formulas.map(|text| text.parse::<Activation>().unwrap());
    for activation in Activation::ALL.iter().chain(&formulas).filter(|a| a.is_trainable()) {
        for batch in [Batch::Full, Batch::Records(1), Batch::Records(8)] {
            let table = Table::random(13, 64, 3, &[], 1, false);
            with_problem(&table, true, true, activation, 1, |problem| {
                let config = Config { batch, epochs: Some(50), ..Config::default() };
                let plan = Plan::of(problem, &config).unwrap();
                let from = start(Init::Auto, activation, 3, 1, true, 0);
                match fit(problem, &plan, from, &mut Silent) {
                    Ok(fit) => {
                        assert!(fit.layer.parameters().is_finite() && fit.loss.is_finite());
                        assert!(fit.loss <= fit.start_loss, "{activation} {batch:?}: {} {}", fit.loss, fit.start_loss);
                        assert!(!fit.reason.is_failure(), "{activation} {batch:?} {:?}", fit.reason);
                    }
                    Err(error) => assert!(error.to_string().contains("not finite at the starting weights"), "{error}"),
                }
            });
        }
    }
}

#[test]
fn too_large_an_eta_diverges_with_the_identity_and_says_where() {
    let table =
        Table::of(vec![(0..100).map(f64::from).collect()], vec![(0..100).map(|x| 3.0 * f64::from(x) + 7.0).collect()]);
    with_problem(&table, false, true, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config { eta: Eta::Given(0.01), ..Config::default() }).unwrap();
        let limit = plan.eta.exact_limit.unwrap();
        assert!(limit < 0.01);
        let fit_ = fit(problem, &plan, Parameters::zeros(1, 1, true), &mut Silent).unwrap();
        let StopReason::Diverged { epoch, eta, .. } = fit_.reason else { panic!("{:?}", fit_.reason) };
        assert!(epoch >= 1 && eta == 0.01 && fit_.loss <= fit_.start_loss && fit_.layer.parameters().is_finite());
        // The limit is exact, but for what power iteration leaves of λmax.
        for (factor, converges) in [(0.99, true), (1.01, false)] {
            let config = Config { eta: Eta::Given(factor * limit), ..Config::default() };
            let fit =
                fit(problem, &Plan::of(problem, &config).unwrap(), Parameters::zeros(1, 1, true), &mut Silent).unwrap();
            assert_eq!(!fit.reason.is_failure(), converges, "{factor}: {:?}", fit.reason);
        }
    });
}

#[test]
fn too_large_an_eta_saturates_a_sigmoid_and_is_named() {
    let table =
        Table::of(vec![vec![300.0, 420.0, 510.0, 640.0, 700.0, 800.0]], vec![vec![0.0, 0.0, 1.0, 0.0, 1.0, 1.0]]);
    with_problem(&table, false, true, &Activation::Sigmoid, 1, |problem| {
        let plan = Plan::of(problem, &Config { eta: Eta::Given(50.0), ..Config::default() }).unwrap();
        let fit = fit(problem, &plan, Parameters::zeros(1, 1, true), &mut Silent).unwrap();
        assert!(matches!(fit.reason, StopReason::Saturated { .. }), "{:?}", fit.reason);
        assert!(fit.loss <= fit.start_loss);
    });
}

#[test]
fn a_separable_table_has_no_finite_minimum() {
    let table = Table::of(
        vec![(0..20).map(f64::from).collect()],
        vec![(0..20).map(|x| if x < 10 { 0.0 } else { 1.0 }).collect()],
    );
    with_problem(&table, true, true, &Activation::Sigmoid, 1, |problem| {
        let plan = Plan::of(problem, &Config::default()).unwrap();
        assert_eq!(plan.eta.basis, EtaBasis::Bound);
        let fit = fit(problem, &plan, Parameters::zeros(1, 1, true), &mut Silent).unwrap();
        assert!(matches!(fit.reason, StopReason::NoFiniteMinimum { .. }), "{:?}", fit.reason);
    });
}

#[test]
fn an_overlapping_table_has_a_minimum() {
    for (standard, seed) in [(true, 1), (true, 2), (false, 3)] {
        let mut table = Table::random(seed, 200, 3, &[], 1, false);
        let deltarule_core::Targets::Numbers(targets) = &mut table.targets else { panic!() };
        targets[0].to_mut().iter_mut().for_each(|y| *y = f64::from(u8::from(*y > 0.6)));
        with_problem(&table, standard, true, &Activation::Sigmoid, 1, |problem| {
            let plan = Plan::of(problem, &Config::default()).unwrap();
            let fit = fit(problem, &plan, Parameters::zeros(3, 1, true), &mut Silent).unwrap();
            assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{standard} {seed}: {:?}", fit.reason);
        });
    }
}

#[test]
fn an_observer_interrupts_and_keeps_the_best() {
    let table = Table::random(1, 40, 3, &[], 1, false);
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config { tolerance: 0.0, ..Config::default() }).unwrap();
        let mut observer =
            |epoch: &Epoch<'_>| if epoch.index == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let fit = fit(problem, &plan, Parameters::zeros(3, 1, true), &mut observer).unwrap();
        assert_eq!((fit.reason, fit.epochs), (StopReason::Interrupted, 3));
        assert!(fit.loss < fit.start_loss);
    });
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let table = Table::random(1, 4, 1, &[], 1, false);
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        let refused = |config: Config| Plan::of(problem, &config).unwrap_err().to_string();
        assert!(refused(Config { eta: Eta::Given(-1.0), ..Config::default() }).contains("eta"));
        assert!(refused(Config { eta: Eta::Given(f64::NAN), ..Config::default() }).contains("eta"));
        assert!(refused(Config { batch: Batch::Records(0), ..Config::default() }).contains("batch"));
        assert!(refused(Config { tolerance: 1.0, ..Config::default() }).contains("tolerance"));
        let beta = OptimizerKind::Momentum { beta: 1.0 };
        assert!(refused(Config { optimizer: Some(beta), ..Config::default() }).contains("momentum"));
        for (optimizer, setting) in [
            (OptimizerKind::Adam { beta1: 1.0, beta2: 0.9, epsilon: 1e-8 }, "beta1"),
            (OptimizerKind::Adam { beta1: 0.9, beta2: -0.1, epsilon: 1e-8 }, "beta2"),
            (OptimizerKind::Adam { beta1: 0.9, beta2: 0.9, epsilon: 0.0 }, "epsilon"),
            (OptimizerKind::RmsProp { decay: f64::NAN, epsilon: 1e-8 }, "decay"),
            (OptimizerKind::AdaGrad { epsilon: f64::INFINITY }, "epsilon"),
        ] {
            assert!(
                refused(Config { optimizer: Some(optimizer), ..Config::default() }).contains(setting),
                "{optimizer:?}"
            );
        }
        let of = |schedule, warm_up| Course { schedule, warm_up };
        let course = of(Schedule::Exponential { factor: 2.0 }, 0);
        assert!(refused(Config { course, ..Config::default() }).contains("schedule"));
        assert!(refused(Config { average: Some(1), ..Config::default() }).contains("average"));
        let (batch, epochs) = (Batch::Records(2), Some(5));
        assert!(refused(Config { average: Some(6), batch, epochs, ..Config::default() }).contains("from 1 to 5"));
        assert!(refused(Config { patience: Some(0), ..Config::default() }).contains("early-stopping"));
        let optimizer = Some(OptimizerKind::LBfgs);
        let warmed = Config { course: of(Schedule::Auto, 3), optimizer, ..Config::default() };
        assert!(refused(warmed).contains("--warm-up"));
    });
}

/// The triangle stands for the table: the same epochs, E and weights but for rounding, whatever the columns.
#[test]
fn a_triangle_descends_as_the_table_does() {
    for (n_numbers, levels, n_outputs, bias) in
        [(4, &[][..], 1, true), (3, &[3, 2][..], 2, true), (5, &[4][..], 1, false)]
    {
        let table = Table::random(11, 9000, n_numbers, levels, n_outputs, true);
        with_problem(&table, true, bias, &Activation::Identity, 2, |problem| {
            let d = problem.source.shape().n_features();
            // Not where steps over few records would be over before it paid; whatever the epochs where steps are over all.
            for (batch, has_triangle) in [(Batch::Full, true), (Batch::Records(20), false)] {
                let config = Config { batch, epochs: Some(0), ..Config::default() };
                assert_eq!(Plan::of(problem, &config).unwrap().triangle.is_some(), has_triangle);
            }
            let few = Config { batch: Batch::Records(20), epochs: Some(8), tolerance: 0.0, ..Config::default() };
            for config in
                [Config::default(), Config { eta: Eta::Given(0.01), epochs: Some(50), ..Config::default() }, few]
            {
                let by_triangle = Plan::of(problem, &config).unwrap();
                assert!(by_triangle.triangle.is_some());
                let by_passes = Plan { triangle: None, ..by_triangle.clone() };
                let run = |plan: &Plan| {
                    let mut seen = Vec::new();
                    let mut observer = |epoch: &Epoch<'_>| {
                        seen.push((epoch.loss, epoch.gradient_norm));
                        ControlFlow::Continue(())
                    };
                    let fit = fit(problem, plan, Parameters::zeros(d, n_outputs, bias), &mut observer).unwrap();
                    (fit, seen)
                };
                let ((small, traced), (large, expected)) = (run(&by_triangle), run(&by_passes));
                for ((e, norm), (other_e, other_norm)) in traced.iter().zip(&expected) {
                    assert!((e - other_e).abs() <= 1e-11 * other_e, "{e} {other_e}");
                    assert!((norm - other_norm).abs() <= 1e-9 * expected[0].1, "{norm} {other_norm}");
                }
                assert!(traced.len().abs_diff(expected.len()) <= 1);
                assert!((small.loss - large.loss).abs() <= 1e-11 * large.loss);
                let least = by_triangle.triangle.as_ref().unwrap().least_sse();
                assert!(small.loss >= least * (1.0 - 1e-12), "{} below {least}", small.loss);
                if config.eta == Eta::Auto && config.batch == Batch::Full {
                    assert!(small.loss <= least * (1.0 + 1e-9), "{} above {least}", small.loss);
                }
            }
        });
    }
}

#[test]
fn levels_of_very_different_counts_do_not_make_the_way_long() {
    // Levels of 401 records down to one, and a number.
    let n_levels = 1500_u32;
    let codes: Vec<u32> =
        (0..n_levels).flat_map(|level| std::iter::repeat_n(level, 1 + 400 / (1 + level as usize))).collect();
    let noise = |r: usize| (r as f64 * 12.9898).sin() * 43_758.545_3 % 1.0;
    let x: Vec<f64> = (0..codes.len()).map(|r| noise(r + 7) + f64::from(codes[r]) / 3000.0).collect();
    let y: Vec<f64> = (0..codes.len()).map(|r| 2.0 * x[r] + f64::from(codes[r] % 17) + noise(r)).collect();
    // The least E: of what is left of x and y beside the mean of their level.
    let mut sums = vec![[0.0_f64; 3]; n_levels as usize];
    for r in 0..codes.len() {
        let sum = &mut sums[codes[r] as usize];
        *sum = [sum[0] + 1.0, sum[1] + x[r], sum[2] + y[r]];
    }
    let left = |r: usize| {
        let [n, of_x, of_y] = sums[codes[r] as usize];
        (x[r] - of_x / n, y[r] - of_y / n)
    };
    let [xx, xy, yy] =
        (0..codes.len()).map(left).fold([0.0; 3], |[xx, xy, yy], (a, b)| [xx + a * a, xy + a * b, yy + b * b]);
    let least = 0.5 * (yy - xy * xy / xx);

    let columns =
        [Column::Numbers(x.clone().into()), Column::Codes { codes: codes.clone().into(), n_levels: n_levels as usize }];
    let targets = Targets::Numbers(vec![y.clone().into()]);
    let table = Dataset::from_columns(&columns, &targets).unwrap();
    let threads = Threads::one();
    let moments = Moments::of(&table, &threads).unwrap();
    let scaling = Scaling::standard(&moments);
    let problem = Problem {
        source: &table,
        scaling: &scaling,
        moments: &moments,
        activation: &Activation::Identity,
        loss: Loss::Squared,
        has_bias: true,
        threads: &threads,
    };
    let plan = Plan::of(&problem, &Config::default()).unwrap();
    assert_eq!(plan.optimizer, OptimizerKind::LBfgs);
    let found = fit(&problem, &plan, Parameters::zeros(1 + n_levels as usize, 1, true), &mut Silent).unwrap();
    assert!(matches!(found.reason, StopReason::Minimum { .. }), "{:?}", found.reason);
    assert!(found.epochs < 60, "{} epochs", found.epochs);
    assert!((found.loss - least).abs() < 1e-9 * least, "{} and not {least}", found.loss);
}
