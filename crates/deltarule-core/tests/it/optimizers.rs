//! Rules with steps of their own, schedules of η, averages over steps and early stopping, against plain loops.

use std::ops::ControlFlow;

use deltarule_core::{
    Activation, Batch, Config, Course, Epoch, Eta, Fit, Gradient, HeldOut, Layer, OptimizerKind, Parameters, Penalty,
    Plan, Reduction, Schedule, Silent, StopReason, fit, fit_many_watched, fit_watched,
};

use crate::descent::{assert_close, flat, permutations, trace};
use crate::tables::{Table, random_weights, with_problem};

/// The three rules with a step for each weight, as their papers and PyTorch write them; `g` is Σδx, and `k` counts the steps from 1.
fn adaptive_step(kind: OptimizerKind, w: &mut [f64], g: &[f64], memory: &mut [(f64, f64)], k: i32, eta: f64) {
    for ((w, &g), (m, v)) in w.iter_mut().zip(g).zip(memory) {
        match kind {
            OptimizerKind::AdaGrad { epsilon } => {
                *v += g * g;
                *w += eta * g / (v.sqrt() + epsilon);
            }
            OptimizerKind::RmsProp { decay, epsilon } => {
                *v = decay * *v + (1.0 - decay) * g * g;
                *w += eta * g / (v.sqrt() + epsilon);
            }
            OptimizerKind::Adam { beta1, beta2, epsilon } => {
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                let (m_hat, v_hat) = (*m / (1.0 - beta1.powi(k)), *v / (1.0 - beta2.powi(k)));
                *w += eta * m_hat / (v_hat.sqrt() + epsilon);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// With all settings at other values than their defaults, and an ε that counts.
const ADAPTIVE: [OptimizerKind; 6] = [
    OptimizerKind::ADAGRAD,
    OptimizerKind::RMSPROP,
    OptimizerKind::ADAM,
    OptimizerKind::AdaGrad { epsilon: 0.1 },
    OptimizerKind::RmsProp { decay: 0.7, epsilon: 0.05 },
    OptimizerKind::Adam { beta1: 0.6, beta2: 0.8, epsilon: 0.02 },
];

#[test]
fn adaptive_rules_take_the_steps_of_their_papers() {
    let table = Table::random(4, 30, 3, &[2], 2, false);
    let activation = Activation::Tanh;
    let (xs, ys) = with_problem(&table, true, true, &activation, 1, |problem| table.rows(problem.scaling));
    let (parameters, start) = random_weights(5, 5, 2, true, &activation);
    for kind in ADAPTIVE {
        for (batch, reduction) in
            [(Batch::Full, Reduction::Sum), (Batch::Full, Reduction::Mean), (Batch::Records(30), Reduction::Mean)]
        {
            let (eta, course) = (Eta::Given(0.03), "inverse:8".parse().unwrap());
            let course = Course { schedule: course, warm_up: 2 };
            let config =
                Config { eta, course, reduction, batch, optimizer: Some(kind), epochs: Some(30), ..Config::default() };
            let (seen, _) = trace(&table, true, true, &activation, &config, &parameters);
            let mut net = start.clone();
            let mut memory = vec![(0.0, 0.0); 12];
            for (k, (_, weights)) in (1..).zip(&seen) {
                assert_close(weights, &flat(&net));
                let (of_weights, of_biases) = net.descent(&xs, &ys);
                let mut values = flat(&net);
                let slopes = (0..2).flat_map(|j| of_weights.iter().map(move |w| w[j]));
                let slopes: Vec<f64> = slopes.chain(of_biases).map(|g| g * reduction.factor(30.0)).collect();
                // Epoch 1, 2: a third and two thirds; then 1, 8/9, 8/10, …
                let factor = if k <= 2 { f64::from(k) / 3.0 } else { 8.0 / (8.0 + f64::from(k - 3)) };
                adaptive_step(kind, &mut values, &slopes, &mut memory, k, 0.03 * factor);
                for (i, row) in net.weights.iter_mut().enumerate() {
                    (row[0], row[1]) = (values[i], values[5 + i]);
                }
                net.bias = Some(values[10..].to_vec());
            }
            assert_eq!(seen.len(), 31);
        }
    }
}

/// Worked by hand: one weight, x = 1, y = 2, w = 0, so that g = 2 − w. Adam with η = ½ goes to ½ at first, whatever the slope; then m̂ = (0.18·2 +
/// 0.1·2·1.5/2)/0.19 and so on.
#[test]
fn the_first_steps_of_adam_are_those_worked_by_hand() {
    let table = Table::of(vec![vec![1.0]], vec![vec![2.0]]);
    let config =
        Config { eta: Eta::Given(0.5), optimizer: Some(OptimizerKind::ADAM), epochs: Some(2), ..Config::default() };
    let (seen, _) = trace(&table, false, false, &Activation::Identity, &config, &Parameters::zeros(1, 1, false));
    let found: Vec<f64> = seen.iter().map(|(_, weights)| weights[0]).collect();
    let second = {
        let (m_hat, v_hat) = ((0.09 * 2.0 + 0.1 * 1.5) / 0.19, (0.000_999 * 4.0 + 0.001 * 2.25) / 0.001_999);
        0.5 + 0.5 * m_hat / f64::sqrt(v_hat)
    };
    assert!((found[1] - 0.5).abs() < 1e-8 && (found[2] - second).abs() < 1e-8, "{found:?} {second}");
}

#[test]
fn adaptive_rules_get_to_the_least_squares_error_with_an_eta_of_the_datas() {
    for seed in [21, 22] {
        let table = Table::random(seed, 500, 4, &[3], 1, false);
        let d = 7;
        let (xs, ys) =
            with_problem(&table, true, true, &Activation::Identity, 1, |problem| table.rows(problem.scaling));
        let least = crate::oracle::least_squares_sse(&xs, &ys.concat(), true);
        for kind in &ADAPTIVE[..3] {
            let config = Config { optimizer: Some(*kind), ..Config::default() };
            let from = Parameters::zeros(d, 1, true);
            let (_, fit) = trace(&table, true, true, &Activation::Identity, &config, &from);
            assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{kind:?}: {:?}", fit.reason);
            assert!(fit.loss <= least * (1.0 + 1e-10), "{kind:?}: {} {least}", fit.loss);
            for batch in [1, 16, 500] {
                let config = Config { batch: Batch::Records(batch), ..config };
                let (_, fit) = trace(&table, true, true, &Activation::Identity, &config, &from);
                assert!(fit.loss <= least * 1.002, "{kind:?}, {batch} records a step: {} {least}", fit.loss);
            }
        }
    }
}

#[test]
fn adaptive_rules_have_the_same_bits_on_any_number_of_threads() {
    let table = Table::random(23, 9000, 5, &[40], 2, true);
    for kind in &ADAPTIVE[..3] {
        for (batch, schedule) in
            [(Batch::Full, "exponential:0.9"), (Batch::Records(32), "cosine"), (Batch::Records(1), "auto")]
        {
            let course = Course { schedule: schedule.parse().unwrap(), warm_up: 1 };
            let config = Config { optimizer: Some(*kind), batch, course, epochs: Some(4), ..Config::default() };
            let run = |threads: usize| {
                with_problem(&table, true, true, &Activation::Sigmoid, threads, |problem| {
                    let mut seen = Vec::new();
                    let mut observer = |epoch: &Epoch<'_>| {
                        seen.push((epoch.loss.to_bits(), epoch.eta.to_bits(), epoch.parameters.clone()));
                        ControlFlow::Continue(())
                    };
                    let plan = Plan::of(problem, &config).unwrap();
                    fit(problem, &plan, Parameters::zeros(45, 2, true), &mut observer).unwrap();
                    seen
                })
            };
            let one = run(1);
            assert_eq!(one.len(), 5);
            for threads in [2, 3, 8] {
                assert_eq!(run(threads), one, "{kind:?} {batch:?} on {threads} threads");
            }
        }
    }
}

/// A named schedule stands in for what follows the gradient, and warm-up and schedule multiply an η that was chosen.
#[test]
fn a_schedule_says_what_eta_is() {
    let table = Table::random(24, 300, 3, &[], 1, false);
    let etas = |config: &Config| {
        with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
            let plan = Plan::of(problem, config).unwrap();
            let mut etas = Vec::new();
            let mut observer = |epoch: &Epoch<'_>| {
                etas.push(epoch.eta);
                ControlFlow::Continue(())
            };
            fit(problem, &plan, Parameters::zeros(3, 1, true), &mut observer).unwrap();
            (plan.eta.eta, etas)
        })
    };
    for batch in [Batch::Records(8), Batch::Records(1)] {
        let course = Course { schedule: "step:2:0.5".parse().unwrap(), warm_up: 1 };
        let (first, found) = etas(&Config { batch, course, epochs: Some(7), ..Config::default() });
        let expected = [0.5, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125];
        assert_eq!(found, expected.map(|factor| factor * first));
        let constant = Course { schedule: Schedule::Constant, warm_up: 0 };
        let (first, found) = etas(&Config { batch, course: constant, epochs: Some(40), ..Config::default() });
        assert!(found.iter().all(|eta| *eta == first), "a constant η is not lowered");
        let (first, found) = etas(&Config { batch, epochs: Some(40), ..Config::default() });
        assert!(found.iter().any(|eta| *eta < first), "without a schedule it is");
    }
}

/// At the same minimum as by other rules, with the conditions that λ₁ sets.
#[test]
fn adaptive_rules_make_weights_zero_that_are_worth_less_than_they_cost() {
    let table = Table::random(25, 400, 6, &[], 1, false);
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        for l1 in [0.002, 0.01] {
            let run = |optimizer| {
                let penalty = Penalty { l2: 0.01, l1 };
                let config = Config { optimizer, penalty, ..Config::default() };
                fit(problem, &Plan::of(problem, &config).unwrap(), Parameters::zeros(6, 1, true), &mut Silent).unwrap()
            };
            let expected = run(None);
            let zeros = |fit: &Fit| fit.layer.parameters().weights(0).iter().filter(|w| **w == 0.0).count();
            assert!(zeros(&expected) > 0);
            for kind in &ADAPTIVE[..3] {
                let found = run(Some(*kind));
                assert!(matches!(found.reason, StopReason::Minimum { .. }), "{kind:?}: {:?}", found.reason);
                assert_eq!(zeros(&found), zeros(&expected), "{kind:?}");
                let of = |fit: &Fit| fit.loss + fit.penalty;
                assert!((of(&found) - of(&expected)).abs() < 1e-10 * of(&expected), "{kind:?}: {found:?} {expected:?}");
            }
        }
    });
}

/// The mean over the steps, which are those of one order of the records, from the epoch on that was named.
#[test]
fn an_average_is_the_mean_of_the_weights_after_each_step() {
    let table = Table::random(9, 5, 2, &[2], 2, false);
    let activation = Activation::Sigmoid;
    let (parameters, net) = random_weights(1, 4, 2, true, &activation);
    let (xs, ys) = with_problem(&table, true, true, &activation, 1, |problem| table.rows(problem.scaling));
    for optimizer in [OptimizerKind::GradientDescent, OptimizerKind::Momentum { beta: 0.0 }] {
        for batch in [1, 2] {
            let config = Config {
                eta: Eta::Given(0.7),
                batch: Batch::Records(batch),
                average: Some(1),
                epochs: Some(1),
                optimizer: Some(optimizer),
                ..Config::default()
            };
            let (seen, _) = trace(&table, true, true, &activation, &config, &parameters);
            let reached = permutations(5).iter().any(|order| {
                let mut net = net.clone();
                let mut sums = [0.0; 10];
                let steps = order.chunks(batch as usize);
                let n_steps = steps.len() as f64;
                for rows in steps {
                    let pick = |all: &[Vec<f64>]| rows.iter().map(|&r| all[r].clone()).collect::<Vec<_>>();
                    net.step(&pick(&xs), &pick(&ys), 0.7 / rows.len() as f64);
                    sums.iter_mut().zip(flat(&net)).for_each(|(sum, w)| *sum += w);
                }
                sums.iter().zip(&seen[1].1).all(|(sum, found)| (sum / n_steps - found).abs() < 1e-12)
            });
            assert!(reached, "{optimizer:?}, batch {batch}");
        }
    }
    // One step an epoch: the order does not matter, and what the mean begins with can be seen.
    let config = Config {
        eta: Eta::Given(0.7),
        batch: Batch::Records(5),
        average: Some(3),
        epochs: Some(8),
        ..Config::default()
    };
    let (seen, fit) = trace(&table, true, true, &activation, &config, &parameters);
    let (mut net, mut sums) = (net, vec![0.0; 10]);
    for (epoch, (sse, weights)) in seen.iter().enumerate() {
        let expected: Vec<f64> = if epoch < 3 {
            flat(&net)
        } else {
            sums.iter_mut().zip(flat(&net)).for_each(|(sum, w)| *sum += w);
            sums.iter().map(|sum| sum / (epoch - 2) as f64).collect()
        };
        assert_close(weights, &expected);
        assert!(epoch > 2 || (sse / net.sse(&xs, &ys) - 1.0).abs() < 1e-12);
        net.step(&xs, &ys, 0.7 / 5.0);
    }
    assert!(fit.loss <= seen.iter().map(|(sse, _)| *sse).fold(f64::INFINITY, f64::min));
}

/// Levels that a step does not touch are averaged as if it had: by the rule that touches every weight.
#[test]
fn an_average_of_rare_levels_is_that_of_steps_over_all_weights() {
    for (levels, batch) in [(vec![500], 1), (vec![3, 400], 7), (vec![4], 50), (vec![], 9)] {
        let table = Table::random(11, 600, 3, &levels, 2, true);
        let d = 3 + levels.iter().sum::<usize>();
        let (parameters, _) = random_weights(12, d, 2, true, &Activation::Tanh);
        let with = |optimizer| {
            let config = Config {
                eta: Eta::Given(0.05),
                batch: Batch::Records(batch),
                average: Some(2),
                optimizer: Some(optimizer),
                epochs: Some(4),
                ..Config::default()
            };
            trace(&table, true, true, &Activation::Tanh, &config, &parameters).0
        };
        let (plain, dense) = (with(OptimizerKind::GradientDescent), with(OptimizerKind::Momentum { beta: 0.0 }));
        assert_eq!(plain.len(), 5);
        for ((_, found), (_, expected)) in plain.iter().zip(&dense) {
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-13, "{levels:?}, {batch} records a step: {a} {b}");
            }
        }
    }
}

#[test]
fn an_average_gets_nearer_to_the_least_squares_error_than_steps_with_the_same_eta() {
    let table = Table::random(12, 3000, 4, &[], 1, false);
    let (xs, ys) = with_problem(&table, true, true, &Activation::Identity, 1, |problem| table.rows(problem.scaling));
    let least = crate::oracle::least_squares_sse(&xs, &ys.concat(), true);
    // The steps of `adagrad` get shorter by themselves.
    for optimizer in [OptimizerKind::GradientDescent, OptimizerKind::RMSPROP, OptimizerKind::ADAM] {
        let loss = |average| {
            let course = Course { schedule: Schedule::Constant, warm_up: 0 };
            let (batch, epochs) = (Batch::Records(1), Some(20));
            let config = Config { batch, course, average, epochs, optimizer: Some(optimizer), ..Config::default() };
            let (_, fit) = trace(&table, true, true, &Activation::Identity, &config, &Parameters::zeros(4, 1, true));
            fit.loss / least - 1.0
        };
        let (averaged, last) = (loss(Some(2)), loss(None));
        assert!(averaged < 0.2 * last && averaged < 1e-3, "{optimizer:?}: {averaged} {last}");
    }
}

/// Few records and many columns that have nothing to say: E of other records falls at first, and then rises.
fn overfitted(missing: bool) -> (Table, Table) {
    (Table::random(31, 40, 12, &[3], 1, false), Table::random(32, 200, 12, &[3], 1, missing))
}

#[test]
fn a_watched_descent_keeps_the_weights_with_the_least_error_of_the_records_held_out() {
    let (table, held_out) = overfitted(false);
    let held_out = held_out.dataset();
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        let from = || Parameters::zeros(15, 1, true);
        let held_out = HeldOut { source: &held_out, scaling: problem.scaling };
        for (batch, optimizer, patience) in [
            (Batch::Full, Some(OptimizerKind::GradientDescent), 5),
            (Batch::Full, None, 3),
            (Batch::Records(4), None, 4),
            (Batch::Records(4), Some(OptimizerKind::ADAM), 10),
        ] {
            let config = Config { batch, optimizer, epochs: Some(400), ..Config::default() };
            // Without patience: all states on the way, each judged by a pass of its own.
            let mut layers = Vec::new();
            let mut observer = |epoch: &Epoch<'_>| {
                assert_eq!(epoch.held_out_loss, None);
                layers.push(Layer::new(epoch.parameters.clone(), Activation::Identity));
                ControlFlow::Continue(())
            };
            fit(problem, &Plan::of(problem, &config).unwrap(), from(), &mut observer).unwrap();
            let judge = |layer: &Layer| {
                Gradient::of(held_out.source, held_out.scaling, layer, problem.loss, problem.threads).unwrap().loss
            };
            let errors: Vec<f64> = layers.iter().map(judge).collect();
            let (mut best, mut last) = (0, errors.len() - 1);
            for (epoch, error) in errors.iter().enumerate() {
                if *error < errors[best] {
                    best = epoch;
                }
                if epoch - best >= patience {
                    last = epoch;
                    break;
                }
            }
            assert!(last < errors.len() - 1, "{batch:?} {optimizer:?}: the table is meant to be overfitted");
            let config = Config { patience: Some(patience as u64), ..config };
            let plan = Plan::of(problem, &config).unwrap();
            let mut seen = Vec::new();
            let mut observer = |epoch: &Epoch<'_>| {
                seen.push(epoch.held_out_loss.unwrap());
                ControlFlow::Continue(())
            };
            let watched = fit_watched(problem, &plan, from(), Some(held_out), &mut observer).unwrap();
            assert_eq!(seen.len(), last + 1);
            assert_eq!((watched.epochs, watched.best_epoch), (last as u64, best as u64), "{batch:?} {optimizer:?}");
            let StopReason::HeldOut { epochs, loss } = watched.reason else { panic!("{:?}", watched.reason) };
            assert_eq!((epochs, Some(loss)), (patience as u64, watched.held_out_loss));
            assert!(
                (judge(&watched.layer) - loss).abs() <= 1e-12 * loss,
                "{loss} is that of the weights that are kept"
            );
            assert!(watched.loss <= watched.start_loss);
        }
    });
}

#[test]
fn watched_runs_are_what_they_are_alone_on_any_number_of_threads() {
    let (table, held_out) = overfitted(true);
    let held_out = held_out.dataset();
    let run = |threads: usize, together: bool| {
        with_problem(&table, true, true, &Activation::Sigmoid, threads, |problem| {
            let plans: Vec<Plan> = [(Batch::Full, Some(4)), (Batch::Records(3), Some(2)), (Batch::Full, None)]
                .into_iter()
                .map(|(batch, patience)| {
                    Plan::of(problem, &Config { batch, patience, epochs: Some(60), ..Config::default() }).unwrap()
                })
                .collect();
            let start = || Parameters::zeros(15, 1, true);
            let held_out = Some(HeldOut { source: &held_out, scaling: problem.scaling });
            if together {
                let starts = plans.iter().map(|_| start()).collect();
                return fit_many_watched(problem, &plans, starts, held_out, &mut |_, _| ControlFlow::Continue(()))
                    .unwrap();
            }
            plans.iter().map(|plan| fit_watched(problem, plan, start(), held_out, &mut Silent).unwrap()).collect()
        })
    };
    let alone = run(1, false);
    // A record without a level has another h once the levels average to zero: what was looked at are the weights as they are at the end.
    with_problem(&table, true, true, &Activation::Sigmoid, 1, |problem| {
        let layer = &alone[0].layer;
        let judged = Gradient::of(&held_out, problem.scaling, layer, problem.loss, problem.threads).unwrap();
        assert_eq!(Some(judged.loss), alone[0].held_out_loss);
    });
    assert!(alone[0].held_out_loss.is_some() && alone[2].held_out_loss.is_none());
    for threads in [1, 2, 3, 8] {
        assert_eq!(run(threads, true), alone, "{threads} threads");
    }
}

#[test]
fn a_patience_needs_records_that_are_held_out_and_of_the_same_shape() {
    let (table, _) = overfitted(false);
    let other = Table::random(1, 10, 2, &[], 1, false);
    let other = other.dataset();
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config { patience: Some(3), ..Config::default() }).unwrap();
        let run = |held_out| fit_watched(problem, &plan, Parameters::zeros(15, 1, true), held_out, &mut Silent);
        assert!(run(None).unwrap_err().to_string().contains("early-stopping: found no records held out"));
        let other = HeldOut { source: &other, scaling: problem.scaling };
        assert!(run(Some(other)).unwrap_err().to_string().contains("features of the records held out: found 2"));
    });
}
