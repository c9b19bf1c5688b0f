//! Rare levels and classes, and targets far from 1: descent ends soon, near the least error.

use deltarule_core::{
    Activation, Column, Config, Dataset, Init, Loss, Moments, OptimizerKind, Parameters, Penalty, Plan, Problem,
    Random, Scaling, Silent, StopReason, Stream, Targets, Threads, fit, start_of,
};

use crate::losses::{drawn, with_loss};
use crate::tables::Table;

#[test]
fn poisson_from_its_start_has_the_same_weights_in_every_unit() {
    let weights_in = |unit: f64| {
        let table = drawn(300, |h, random| unit * (h + random.uniform()).exp());
        with_loss(&table, Loss::Poisson, &Activation::Exp, 1, |problem| {
            let plan = Plan::of(problem, &Config::default()).unwrap();
            let start = start_of(problem, Init::Auto, 0);
            let fit = fit(problem, &plan, start, &mut Silent).unwrap();
            assert!(matches!(fit.reason, StopReason::Minimum { .. }) && fit.epochs <= 40, "{unit}: {fit:?}");
            fit.layer.parameters().weights(0).to_vec()
        })
    };
    let expected = weights_in(1.0);
    for unit in [1e-12, 1e-6, 1e6, 1e12] {
        for (found, expected) in weights_in(unit).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{unit}: {found} {expected}");
        }
    }
}

#[test]
fn rates_of_very_different_size_are_found_together() {
    let mut random = Random::new(5, Stream::Start);
    let x: Vec<f64> = (0..300).map(|_| random.normal()).collect();
    let mut rates = |unit: f64| x.iter().map(|x| unit * (0.5 * x + random.uniform()).exp()).collect::<Vec<f64>>();
    let (large, small) = (rates(1.0), rates(1e-8));
    let epochs = |targets: Vec<Vec<f64>>| {
        with_loss(&Table::of(vec![x.clone()], targets), Loss::Poisson, &Activation::Exp, 1, |problem| {
            let plan = Plan::of(problem, &Config::default()).unwrap();
            let fit = fit(problem, &plan, start_of(problem, Init::Auto, 0), &mut Silent).unwrap();
            assert!(matches!(fit.reason, StopReason::Minimum { .. }), "{fit:?}");
            fit.epochs
        })
    };
    let alone = epochs(vec![large.clone()]).max(epochs(vec![small.clone()]));
    let together = epochs(vec![large, small]);
    assert!(together <= 3 * alone, "{together} {alone}");
}

/// Records of three categories with `n_levels` each, the later ones the rarer, and of one of eight classes, the later ones the rarer; some levels lack some classes.
fn rare_levels_and_classes(n_records: usize, n_levels: u32) -> (Vec<Column<'static, f64>>, Vec<u32>) {
    let mut random = Random::new(7, Stream::Start);
    let mut rare = |n: u32| {
        let share = f64::powi(random.uniform(), 6);
        ((share * f64::from(n)) as u32).min(n - 1)
    };
    let codes: Vec<Vec<u32>> = (0..3).map(|_| (0..n_records).map(|_| rare(n_levels)).collect()).collect();
    let classes = (0..n_records).map(|r| (rare(8) + codes[0][r] % 3) % 8).collect();
    let columns = codes.into_iter().map(|codes| Column::Codes { codes: codes.into(), n_levels: n_levels as usize });
    (columns.collect(), classes)
}

#[test]
fn rare_levels_of_many_classes_end_soon_and_near_the_least_error() {
    let (columns, classes) = rare_levels_and_classes(4000, 40);
    let targets = Targets::Classes { codes: classes.into(), n_classes: 8, low: 0.0, high: 1.0 };
    let table = Dataset::from_columns(&columns, &targets).unwrap();
    let threads = Threads::one();
    let moments = Moments::of(&table, &threads).unwrap();
    let scaling = Scaling::standard(&moments);
    for (loss, activation, most) in [(Loss::Log, Activation::Softmax, 512), (Loss::Squared, Activation::Sigmoid, 1024)]
    {
        let problem = Problem {
            source: &table,
            scaling: &scaling,
            moments: &moments,
            activation: &activation,
            loss,
            has_bias: true,
            threads: &threads,
        };
        let fitted = |tolerance: f64, l2: f64| {
            let penalty = Penalty { l2, ..Penalty::default() };
            let plan = Plan::of(&problem, &Config { tolerance, penalty, ..Config::default() }).unwrap();
            assert_eq!(plan.optimizer, OptimizerKind::LBfgs);
            fit(&problem, &plan, Parameters::zeros(120, 8, true), &mut Silent).unwrap()
        };
        let found = fitted(1e-7, 0.0);
        assert!(matches!(found.reason, StopReason::NoFiniteMinimum { .. }), "{loss:?} {:?}", found.reason);
        assert!(found.epochs <= most, "{loss:?} {}", found.epochs);
        if loss == Loss::Log {
            // As the slopes do, whose sum over the classes is 0.
            let weights = found.layer.parameters();
            let sums = (0..120).map(|i| (0..8).map(|j| weights.weights(j)[i]).sum::<f64>());
            assert!(sums.fold(0.0, |largest: f64, sum| largest.max(sum.abs())) < 1e-9);
        }
        // A penalty so small that E itself comes near to its least, and has a minimum.
        let near = fitted(1e-5, 1e-9);
        assert!(found.loss <= near.loss * 1.001, "{loss:?} {} {}", found.loss, near.loss);
    }
}
