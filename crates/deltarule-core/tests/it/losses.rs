//! Every loss: its gradient, its minimum, its baseline, and what it is not defined for.

use deltarule_core::{
    Activation, Batch, Config, Error, Fit, Layer, Loss, OptimizerKind, Parameters, Penalty, Plan, Problem, Silent,
    StopReason, check_gradient, delta, fit,
};
use deltarule_core::{Random, Stream};
use proptest::prelude::*;

use crate::tables::{Table, random_weights, with_problem};

/// Losses with activations that they are defined for.
fn pairs() -> Vec<(Loss, Activation)> {
    vec![
        (Loss::Log, Activation::Sigmoid),
        (Loss::Huber { threshold: 0.4 }, Activation::Identity),
        (Loss::Huber { threshold: 0.1 }, Activation::Tanh),
        (Loss::Poisson, Activation::Exp),
        (Loss::Poisson, Activation::Softplus),
        (Loss::Quantile { level: 0.8 }, Activation::Identity),
        (Loss::Quantile { level: 0.3 }, Activation::Sigmoid),
        (Loss::Hinge, Activation::Identity),
    ]
}

pub(crate) fn with_loss<R>(
    table: &Table,
    loss: Loss,
    f: &Activation,
    threads: usize,
    test: impl FnOnce(&Problem<'_, f64>) -> R,
) -> R {
    with_problem(table, true, true, f, threads, |problem| test(&Problem { loss, ..*problem }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn gradient_is_the_sum_over_records(
        seed in 0_u64..1000, n in 1_usize..90, numbers in 0_usize..6, levels in prop::collection::vec(1_usize..5, 0..3),
        outputs in 1_usize..4, missing: bool, pair in prop::sample::select(pairs()),
    ) {
        let (loss, activation) = pair;
        let table = Table::random(seed, n, numbers, &levels, outputs, missing);
        with_loss(&table, loss, &activation, 1, |problem| {
            let d = problem.source.shape().n_features();
            let (parameters, net) = random_weights(seed, d, outputs, true, &activation);
            let found = problem.gradient(&Layer::new(parameters, activation.clone())).unwrap();
            let (xs, ys) = table.rows(problem.scaling);
            let term = |x: &[f64], y: f64, j: usize| delta(loss, &activation, y, net.net_input(x, j));
            let mut sum = 0.0;
            for j in 0..outputs {
                let terms: Vec<_> = xs.iter().zip(&ys).map(|(x, y)| term(x, y[j], j)).collect();
                let of_output: f64 = terms.iter().map(|term| term.loss).sum();
                prop_assert!((found.losses[j] - of_output).abs() <= 1e-12 * of_output);
                sum += of_output;
                for i in 0..d {
                    let exact: f64 = terms.iter().zip(&xs).map(|(term, x)| term.delta * x[i]).sum();
                    let scale: f64 = terms.iter().zip(&xs).map(|(term, x)| (term.delta * x[i]).abs()).sum();
                    prop_assert!((found.descent.weights(j)[i] - exact).abs() <= 1e-12 * scale + 1e-14);
                }
                let exact: f64 = terms.iter().map(|term| term.delta).sum();
                let scale: f64 = terms.iter().map(|term| term.delta.abs()).sum();
                prop_assert!((found.descent.bias(j) - exact).abs() <= 1e-12 * scale);
            }
            prop_assert!((found.loss - sum).abs() <= 1e-12 * sum);
            Ok(())
        })?;
    }
}

#[test]
fn every_gradient_passes_its_check() {
    let table = Table::random(12, 400, 4, &[3], 2, true);
    for (loss, activation) in pairs() {
        with_loss(&table, loss, &activation, 2, |problem| {
            let (parameters, _) = random_weights(5, 7, 2, true, &activation);
            let check = check_gradient(problem, &parameters).unwrap();
            assert!(check.passes(), "{loss} with {activation}: {}", check.worst);
        });
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let table = Table::random(7, 20_000, 5, &[4], 2, true);
    for (loss, activation) in pairs() {
        let (parameters, _) = random_weights(2, 9, 2, true, &activation);
        let layer = Layer::new(parameters, activation.clone());
        let with = |threads| with_loss(&table, loss, &activation, threads, |problem| problem.gradient(&layer).unwrap());
        assert_eq!(with(1), with(3), "{loss} with {activation}");
    }
}

fn descend(problem: &Problem<'_, f64>, config: &Config) -> (Plan, Fit) {
    let plan = Plan::of(problem, config).unwrap();
    let d = problem.source.shape().n_features();
    let start = Parameters::zeros(d, problem.source.shape().n_outputs(), problem.has_bias);
    let fit = fit(problem, &plan, start, &mut Silent).unwrap();
    (plan, fit)
}

/// A table whose targets are drawn from `target(h, random)` with h = x₀ − ½x₁ + ¼.
pub(crate) fn drawn(n: usize, mut target: impl FnMut(f64, &mut Random) -> f64) -> Table {
    let mut random = Random::new(11, Stream::Split);
    let x: Vec<Vec<f64>> = (0..3).map(|_| (0..n).map(|_| random.normal()).collect()).collect();
    let y = (0..n).map(|r| target(x[0][r] - 0.5 * x[1][r] + 0.25, &mut random)).collect();
    Table::of(x, vec![y])
}

fn is_true(p: f64, random: &mut Random) -> f64 {
    f64::from(u8::from(random.uniform() < p))
}

#[test]
fn plain_steps_never_raise_e_where_the_curvature_has_a_bound() {
    let table = drawn(300, |h, random| is_true(Activation::Sigmoid.value(2.0 * h), random));
    for (loss, activation) in pairs() {
        with_loss(&table, loss, &activation, 1, |problem| {
            let config =
                Config { optimizer: Some(OptimizerKind::GradientDescent), epochs: Some(300), ..Config::default() };
            let plan = Plan::of(problem, &config).unwrap();
            let has_bound = matches!(loss, Loss::Log | Loss::Huber { .. });
            assert_eq!(plan.eta.guaranteed.is_some(), has_bound, "{loss} with {activation}");
            if has_bound {
                let mut last = f64::INFINITY;
                fit(problem, &plan, Parameters::zeros(3, 1, true), &mut |epoch: &deltarule_core::Epoch<'_>| {
                    assert!(epoch.loss <= last * (1.0 + 1e-13), "{loss}: {} after {last}", epoch.loss);
                    last = epoch.loss;
                    std::ops::ControlFlow::Continue(())
                })
                .unwrap();
            }
        });
    }
}

/// The weights with the least Σ L by Newton's method, for losses whose second derivative by h is `bend(y, h)`.
fn newton(xs: &[Vec<f64>], ys: &[Vec<f64>], loss: Loss, f: &Activation, bend: impl Fn(f64) -> f64) -> Vec<f64> {
    let size = xs[0].len() + 1;
    let mut w = vec![0.0; size];
    for _ in 0..50 {
        let mut system = vec![vec![0.0; size + 1]; size];
        for (x, y) in xs.iter().zip(ys) {
            let x: Vec<f64> = x.iter().copied().chain([1.0]).collect();
            let h = x.iter().zip(&w).map(|(x, w)| x * w).sum();
            let (d, c) = (delta(loss, f, y[0], h).delta, bend(h));
            for i in 0..size {
                (0..size).for_each(|k| system[i][k] += c * x[i] * x[k]);
                system[i][size] += d * x[i];
            }
        }
        // Gauss and Jordan.
        for i in 0..size {
            let pivot = system[i][i];
            system[i].iter_mut().for_each(|value| *value /= pivot);
            for k in (0..size).filter(|k| *k != i) {
                let factor = system[k][i];
                for c in 0..=size {
                    system[k][c] -= factor * system[i][c];
                }
            }
        }
        (0..size).for_each(|i| w[i] += system[i][size]);
    }
    w
}

#[test]
fn log_and_poisson_end_where_newtons_method_does() {
    let of_classes = drawn(800, |h, random| is_true(Activation::Sigmoid.value(2.0 * h), random));
    // A Poisson draw by counting (Knuth 1969).
    let of_counts = drawn(800, |h, random| {
        let (mut k, mut p) = (0.0, random.uniform());
        while p > (-h.exp()).exp() {
            k += 1.0;
            p *= random.uniform();
        }
        k
    });
    for (table, loss, activation) in
        [(of_classes, Loss::Log, Activation::Sigmoid), (of_counts, Loss::Poisson, Activation::Exp)]
    {
        with_loss(&table, loss, &activation, 1, |problem| {
            let (xs, ys) = table.rows(problem.scaling);
            let exact = newton(&xs, &ys, loss, &activation, |h| activation.value_and_derivative(h).1);
            let (_, fit) = descend(problem, &Config { tolerance: 1e-10, ..Config::default() });
            assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{loss}: {:?}", fit.reason);
            let found = fit
                .layer
                .parameters()
                .weights(0)
                .iter()
                .chain([fit.layer.parameters().bias(0)].iter())
                .copied()
                .collect::<Vec<_>>();
            for (a, b) in found.iter().zip(&exact) {
                assert!((a - b).abs() < 1e-8, "{loss}: {found:?} {exact:?}");
            }
        });
    }
}

#[test]
fn huber_is_not_pulled_away_by_outliers() {
    let table =
        drawn(500, |h, random| if h > 1.0 && random.below(5) == 0 { -300.0 } else { h + 0.1 * random.normal() });
    let slope = |loss| {
        with_loss(&table, loss, &Activation::Identity, 1, |problem| {
            let (_, fit) = descend(problem, &Config::default());
            assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{loss}: {:?}", fit.reason);
            fit.layer.parameters().weights(0)[0] * problem.scaling.columns()[0].factor
        })
    };
    assert!((slope(Loss::Huber { threshold: 0.15 }) - 1.0).abs() < 0.03);
    assert!((slope(Loss::Squared) - 1.0).abs() > 1.0);
}

#[test]
fn a_quantile_lies_where_its_share_of_targets_is_below() {
    let table = drawn(2000, |h, random| 50.0 * h + 20.0 * random.normal());
    for level in [0.1, 0.5, 0.9] {
        let loss = Loss::Quantile { level };
        with_loss(&table, loss, &Activation::Identity, 1, |problem| {
            let (plan, fit) = descend(problem, &Config::default());
            let (xs, ys) = table.rows(problem.scaling);
            let below = xs.iter().zip(&ys).filter(|(x, y)| y[0] <= fit.layer.outputs(x)[0]).count();
            assert!((below as f64 / 2000.0 - level).abs() < 0.01, "{level}: {below}");
            assert!(fit.loss < 0.5 * plan.baseline.loss, "{} of {}", fit.loss, plan.baseline.loss);
        });
    }
}

#[test]
fn hinge_tells_classes_apart() {
    let table = drawn(500, |h, _| if h > 0.0 { 1.0 } else { -1.0 });
    with_loss(&table, Loss::Hinge, &Activation::Identity, 1, |problem| {
        let (plan, fit) = descend(problem, &Config { epochs: Some(5000), ..Config::default() });
        assert!(fit.loss < 0.05 * plan.baseline.loss, "{} of {}: {:?}", fit.loss, plan.baseline.loss, fit.reason);
    });
}

#[test]
fn where_no_record_gives_a_delta_a_convex_e_is_least() {
    // A target of 0 has the error 1 whatever h is, and those of 1 are all on the right side.
    let table = drawn(200, |h, _| f64::from(h > 0.0));
    with_loss(&table, Loss::Hinge, &Activation::Identity, 1, |problem| {
        let (_, ys) = table.rows(problem.scaling);
        let zeros = ys.iter().filter(|y| y[0] == 0.0).count() as f64;
        let (_, fit) = descend(problem, &Config::default());
        assert!(matches!(fit.reason, StopReason::Minimum { correlation: 0.0 }), "{:?}", fit.reason);
        assert_eq!(fit.loss, zeros);
    });
}

#[test]
fn no_constant_has_a_lower_e_than_the_baseline() {
    let table = drawn(400, |h, random| is_true(Activation::Sigmoid.value(h), random) * (1.0 + random.uniform()));
    for (loss, activation) in pairs().into_iter().chain([(Loss::Squared, Activation::Identity)]) {
        let table = match loss {
            Loss::Log | Loss::Hinge => drawn(400, |h, random| is_true(Activation::Sigmoid.value(h), random)),
            _ => table.clone(),
        };
        with_loss(&table, loss, &activation, 1, |problem| {
            let baseline = Plan::of(problem, &Config::default()).unwrap().baseline;
            let (_, ys) = table.rows(problem.scaling);
            let at = |c: f64| ys.iter().map(|y| loss.value(y[0], c)).sum::<f64>();
            assert!((at(baseline.outputs[0]) / baseline.loss - 1.0).abs() < 1e-12, "{loss}");
            for step in [-0.3, -0.1, -1e-3, 1e-3, 0.1, 0.3] {
                let other = baseline.outputs[0] + step;
                let legal = loss != Loss::Log || (other > 0.0 && other < 1.0);
                assert!(!legal || at(other) >= baseline.loss * (1.0 - 1e-6), "{loss}: {other} beside {baseline:?}");
            }
        });
    }
}

#[test]
fn stochastic_steps_come_near_the_minimum_of_every_loss() {
    for (loss, activation) in pairs() {
        let table = drawn(3000, |h, random| match loss {
            Loss::Log => is_true(Activation::Sigmoid.value(2.0 * h), random),
            Loss::Hinge => 2.0 * is_true(Activation::Sigmoid.value(2.0 * h), random) - 1.0,
            _ => Activation::Sigmoid.value(h + 0.3 * random.normal()),
        });
        with_loss(&table, loss, &activation, 1, |problem| {
            let (plan, full) = descend(problem, &Config { epochs: Some(3000), ..Config::default() });
            for batch in [1, 32] {
                let config = Config { batch: Batch::Records(batch), epochs: Some(30), ..Config::default() };
                let (_, fit) = descend(problem, &config);
                let share = (fit.loss - full.loss) / (plan.baseline.loss - full.loss);
                assert!(share < 0.05, "{loss} with {activation}, {batch} a step: {share}");
            }
        });
    }
}

#[test]
fn what_a_loss_is_not_defined_for_is_refused() {
    let refused = |table: &Table, loss: Loss, activation: Activation| {
        with_loss(table, loss, &activation, 1, |problem| match Plan::of(problem, &Config::default()) {
            Err(Error::Setting { setting, .. }) => setting,
            other => panic!("{loss} with {activation}: {other:?}"),
        })
    };
    let wide = drawn(50, |h, _| 3.0 * h);
    let shares = drawn(50, |_, random| random.uniform());
    assert_eq!(refused(&wide, Loss::Log, Activation::Sigmoid), "target");
    assert_eq!(refused(&wide, Loss::Poisson, Activation::Exp), "target");
    assert_eq!(refused(&wide, Loss::Hinge, Activation::Identity), "target");
    assert_eq!(refused(&shares, Loss::Log, Activation::Tanh), "activation");
    assert_eq!(refused(&shares, Loss::Poisson, Activation::Identity), "activation");
    assert_eq!(refused(&shares, Loss::Poisson, Activation::Relu), "activation");
    assert_eq!(refused(&shares, Loss::Huber { threshold: 0.0 }, Activation::Identity), "loss");
    assert_eq!(refused(&shares, Loss::Quantile { level: 1.0 }, Activation::Identity), "loss");
}

#[test]
fn separable_classes_have_no_finite_minimum() {
    let table = drawn(60, |h, _| f64::from(u8::from(h > 0.0)));
    with_loss(&table, Loss::Log, &Activation::Sigmoid, 1, |problem| {
        let (plan, fit) = descend(problem, &Config::default());
        assert!(matches!(fit.reason, StopReason::NoFiniteMinimum { .. }), "{:?}", fit.reason);
        assert!(fit.loss < 0.05 * plan.baseline.loss && fit.layer.parameters().is_finite());
    });
}

/// Three classes by random weights, some inputs missing.
fn classes(n: usize, seed: u64) -> Table {
    let mut table = Table::random(seed, n, 3, &[4], 3, true);
    let mut random = Random::new(seed, Stream::Start);
    let codes: Vec<u32> = (0..n)
        .map(|r| {
            let x = match &table.columns[0] {
                deltarule_core::Column::Numbers(values) if values[r] > 0.01 => 1,
                _ => 0,
            };
            if random.below(3) == 0 { 2 } else { x }
        })
        .collect();
    table.targets = deltarule_core::Targets::Classes { codes: codes.into(), n_classes: 3, low: 0.0, high: 1.0 };
    table
}

#[test]
fn softmax_is_the_cross_entropy_of_probabilities_that_sum_to_1() {
    let table = classes(500, 3);
    with_loss(&table, Loss::Log, &Activation::Softmax, 2, |problem| {
        let d = problem.source.shape().n_features();
        let (parameters, net) = random_weights(4, d, 3, true, &Activation::Identity);
        let layer = Layer::new(parameters.clone(), Activation::Softmax);
        let found = problem.gradient(&layer).unwrap();
        let (xs, ys) = table.rows(problem.scaling);
        let (mut e, mut descent) = (0.0, vec![vec![0.0; d]; 3]);
        for (x, y) in xs.iter().zip(&ys) {
            let powers: Vec<f64> = (0..3).map(|j| net.net_input(x, j).exp()).collect();
            let total: f64 = powers.iter().sum();
            let outputs = layer.outputs(x);
            assert!((outputs.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            for j in 0..3 {
                let p = powers[j] / total;
                assert!((outputs[j] - p).abs() < 1e-13);
                e -= y[j] * p.ln();
                (0..d).for_each(|i| descent[j][i] += (y[j] - p) * x[i]);
            }
        }
        assert!((found.loss / e - 1.0).abs() < 1e-12, "{} {e}", found.loss);
        for j in 0..3 {
            for i in 0..d {
                assert!((found.descent.weights(j)[i] - descent[j][i]).abs() < 1e-9);
            }
        }
        let check = check_gradient(problem, &parameters).unwrap();
        assert!(check.passes(), "{}", check.worst);
    });
}

#[test]
fn softmax_is_exact_far_out() {
    let far = |h: [f64; 3]| {
        let mut z = h;
        Activation::Softmax.couple(&mut z, 1);
        let term = |j: usize, y: f64| delta(Loss::Log, &Activation::Softmax, y, z[j]);
        (term(0, 1.0), term(1, 0.0))
    };
    let (own, other) = far([1000.0, -1000.0, 0.0]);
    assert_eq!((own.delta, own.loss, other.delta, other.output), (0.0, 0.0, 0.0, 0.0));
    let (own, other) = far([-1000.0, 1000.0, 0.0]);
    assert_eq!((own.delta, own.loss, other.delta), (1.0, 2000.0, -1.0));
    // Where ŷ rounds to 1 there is still something left to learn.
    let (own, _) = far([40.0, 0.0, -800.0]);
    let exact = (-40.0_f64).exp();
    assert!((own.delta / exact - 1.0).abs() < 1e-15 && (own.loss / exact - 1.0).abs() < 1e-15);
}

#[test]
fn softmax_trains_by_every_rule_and_for_any_threads() {
    let table = classes(5000, 9);
    let fits: Vec<Fit> = [(None, 1), (None, 3), (Some(1), 1), (Some(20), 1)]
        .into_iter()
        .map(|(batch, threads)| {
            with_loss(&table, Loss::Log, &Activation::Softmax, threads, |problem| {
                let batch = batch.map_or(Batch::Full, Batch::Records);
                let config =
                    Config { batch, epochs: Some(if batch == Batch::Full { 500 } else { 20 }), ..Config::default() };
                let (plan, fit) = descend(problem, &config);
                assert!(fit.loss < plan.baseline.loss);
                fit
            })
        })
        .collect();
    assert!(matches!(fits[0].reason, StopReason::Minimum { .. }), "{:?}", fits[0].reason);
    assert_eq!(fits[0], fits[1]);
    for stochastic in &fits[2..] {
        assert!(stochastic.loss < fits[0].loss * 1.02, "{} {}", stochastic.loss, fits[0].loss);
    }
}

#[test]
fn ridge_ends_where_its_equations_do() {
    let table = drawn(400, |h, random| 3.0 * h + random.normal());
    with_loss(&table, Loss::Squared, &Activation::Identity, 1, |problem| {
        let (xs, ys) = table.rows(problem.scaling);
        for (l2, optimizer) in
            [(0.1, None), (5.0, Some(OptimizerKind::GradientDescent)), (0.5, Some(OptimizerKind::LBfgs))]
        {
            let penalty = Penalty { l2, l1: 0.0 };
            let config = Config { penalty, optimizer, tolerance: 1e-11, ..Config::default() };
            let (_, fit) = descend(problem, &config);
            assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{l2}: {:?}", fit.reason);
            // Σδx = Nλ₂w, and Σδ = 0.
            let w = fit.layer.parameters();
            for i in 0..3 {
                let sum: f64 = xs.iter().zip(&ys).map(|(x, y)| (y[0] - fit.layer.outputs(x)[0]) * x[i]).sum();
                assert!((sum - 400.0 * l2 * w.weights(0)[i]).abs() < 1e-6, "{l2}: {sum}");
            }
            let mean: f64 = ys.iter().map(|y| y[0]).sum::<f64>() / 400.0;
            assert!((w.bias(0) - mean).abs() < 1e-7);
            assert!((fit.penalty - 400.0 * penalty.value(w)).abs() < 1e-9 * fit.penalty);
        }
    });
}

#[test]
fn the_penalty_of_sizes_leaves_only_weights_that_are_worth_it() {
    let table = drawn(500, |h, random| is_true(Activation::Sigmoid.value(2.0 * h), random));
    let nesterov = OptimizerKind::Nesterov { beta: None };
    for (loss, activation, optimizer) in [
        (Loss::Log, Activation::Sigmoid, None),
        (Loss::Log, Activation::Sigmoid, Some(nesterov)),
        (Loss::Poisson, Activation::Exp, None),
        (Loss::Squared, Activation::Identity, None),
        (Loss::Squared, Activation::Identity, Some(OptimizerKind::LBfgs)),
    ] {
        with_loss(&table, loss, &activation, 1, |problem| {
            let (xs, ys) = table.rows(problem.scaling);
            for l1 in [0.03, 0.2, 10.0] {
                let penalty = Penalty { l2: 0.01, l1 };
                let (_, fit) = descend(problem, &Config { penalty, optimizer, tolerance: 1e-9, ..Config::default() });
                assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{l1}: {:?}", fit.reason);
                let w = fit.layer.parameters().weights(0);
                for i in 0..3 {
                    let pull: f64 = xs
                        .iter()
                        .zip(&ys)
                        .map(|(x, y)| {
                            let h = fit.layer.net_inputs(x)[0];
                            delta(loss, &activation, y[0], h).delta * x[i]
                        })
                        .sum::<f64>()
                        / 500.0
                        - 0.01 * w[i];
                    // The conditions of a minimum (Karush, Kuhn, Tucker).
                    if w[i] == 0.0 {
                        assert!(pull.abs() <= l1 * (1.0 + 1e-9), "{l1}: weight {i} pulls by {pull}");
                    } else {
                        assert!(
                            (pull - l1 * w[i].signum()).abs() < 1e-7,
                            "{l1}: weight {i} = {} pulls by {pull}",
                            w[i]
                        );
                    }
                }
                // The third column has nothing to say, and at the last λ₁ no column has.
                let zeros = w.iter().filter(|w| **w == 0.0).count();
                assert!(zeros >= 1 && (l1 < 10.0 || zeros == 3), "{loss} {l1}: {w:?}");
            }
        });
    }
}

#[test]
fn a_penalty_gives_separable_classes_a_minimum() {
    let table = drawn(60, |h, _| f64::from(u8::from(h > 0.0)));
    with_loss(&table, Loss::Log, &Activation::Sigmoid, 1, |problem| {
        let (_, fit) = descend(problem, &Config { penalty: Penalty { l2: 1e-3, l1: 0.0 }, ..Config::default() });
        assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{:?}", fit.reason);
    });
}

#[test]
fn penalties_that_make_no_sense_are_refused() {
    let table = drawn(50, |h, _| h);
    let refused = |config: Config| {
        with_loss(&table, Loss::Squared, &Activation::Identity, 1, |problem| match Plan::of(problem, &config) {
            Err(Error::Setting { setting, .. }) => setting,
            other => panic!("{other:?}"),
        })
    };
    let of = |l2, l1| Config { penalty: Penalty { l2, l1 }, ..Config::default() };
    assert_eq!(refused(of(-1.0, 0.0)), "l2");
    assert_eq!(refused(of(0.0, f64::NAN)), "l1");
    assert_eq!(refused(Config { batch: Batch::Records(8), ..of(0.1, 0.0) }), "l2");
    let momentum = OptimizerKind::Momentum { beta: 0.9 };
    assert_eq!(refused(Config { optimizer: Some(momentum), ..of(0.0, 0.1) }), "optimizer");
}
