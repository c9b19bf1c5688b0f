//! Losses with a kink: descent by L-BFGS ends next to the least error.

use std::ops::ControlFlow;

use deltarule_core::{
    Activation, Config, Fit, Init, Layer, Loss, OptimizerKind, Penalty, Plan, Problem, Random, Silent, StopReason,
    Stream, fit, fit_many, start_of,
};

use crate::losses::with_loss;
use crate::tables::Table;

/// A line with noise of which large values are rare.
fn points(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random::new(11, Stream::Start);
    let x: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    let y = x.iter().map(|x| 100.0 + 30.0 * x + 20.0 * random.normal().exp()).collect();
    (x, y)
}

fn walk(problem: &Problem<'_, f64>, config: &Config) -> Fit {
    let plan = Plan::of(problem, config).unwrap();
    fit(problem, &plan, start_of(problem, Init::Auto, 0), &mut Silent).unwrap()
}

/// The least E of a line: it goes through two of the points.
fn least_of_lines(x: &[f64], y: &[f64], loss: Loss) -> f64 {
    let mut least = f64::INFINITY;
    for i in 0..x.len() {
        for k in 0..i {
            let slope = (y[i] - y[k]) / (x[i] - x[k]);
            let error = |(x_r, y_r): (&f64, &f64)| loss.value(*y_r, y[i] + slope * (x_r - x[i]));
            least = least.min(x.iter().zip(y).map(error).sum());
        }
    }
    least
}

#[test]
fn quantiles_end_next_to_the_least_error_of_all_lines_through_two_points() {
    let (x, y) = points(120);
    for level in [0.01, 0.1, 0.5, 0.9, 0.99] {
        let loss = Loss::Quantile { level };
        let least = least_of_lines(&x, &y, loss);
        with_loss(&Table::of(vec![x.clone()], vec![y.clone()]), loss, &Activation::Identity, 1, |problem| {
            let fit = walk(problem, &Config::default());
            assert!(fit.loss >= least * (1.0 - 1e-12) && fit.loss <= least * (1.0 + 1e-5), "{level}: {fit:?} {least}");
            assert!(fit.epochs < 1500, "{level}: {fit:?}");
            let exact = problem.gradient(&fit.layer).unwrap().loss;
            assert!((fit.loss - exact).abs() <= 1e-12 * exact, "{level}: {} {exact}", fit.loss);
        });
    }
}

#[test]
fn targets_of_different_size_end_next_to_the_least_error_of_each() {
    let (x, y) = points(120);
    let loss = Loss::Quantile { level: 0.8 };
    let small: Vec<f64> = x.iter().zip(&y).map(|(x, y)| 0.05 * (y - 70.0 * x)).collect();
    let least = least_of_lines(&x, &y, loss) + least_of_lines(&x, &small, loss);
    with_loss(&Table::of(vec![x], vec![y, small]), loss, &Activation::Identity, 1, |problem| {
        let fit = walk(problem, &Config::default());
        assert!(fit.loss <= least * (1.0 + 1e-5), "{fit:?} {least}");
    });
}

#[test]
fn targets_that_are_all_the_same_have_no_width() {
    let loss = Loss::Quantile { level: 0.9 };
    with_loss(&Table::of(vec![vec![1.0, 2.0, 4.0]], vec![vec![5.0; 3]]), loss, &Activation::Identity, 1, |problem| {
        assert!(Plan::of(problem, &Config::default()).unwrap().kink_widths.is_empty());
        assert!(walk(problem, &Config::default()).loss < 1e-9);
    });
}

/// Two classes, and how far the plane that tells them apart lets them be.
fn classes(margin: f64) -> Table {
    let mut random = Random::new(3, Stream::Start);
    let columns: Vec<Vec<f64>> = (0..6).map(|i| (0..200).map(|_| 10f64.powi(i) * random.normal()).collect()).collect();
    let side = |r: usize| (0..6).map(|i: i32| columns[i as usize][r] / 10f64.powi(i)).sum::<f64>();
    let labels = (0..200).map(|r| if side(r) + margin * random.normal() > 0.0 { 1.0 } else { -1.0 }).collect();
    Table::of(columns, vec![labels])
}

#[test]
fn classes_that_a_plane_tells_apart_have_no_error_left() {
    with_loss(&classes(0.0), Loss::Hinge, &Activation::Identity, 1, |problem| {
        let fit = walk(problem, &Config::default());
        assert_eq!((fit.loss, fit.reason), (0.0, StopReason::Exact), "{} epochs", fit.epochs);
    });
}

#[test]
fn no_small_step_from_the_end_leads_further_down() {
    for penalty in [Penalty::NONE, Penalty { l2: 0.01, l1: 0.0 }, Penalty { l2: 0.0, l1: 0.01 }] {
        with_loss(&classes(1.0), Loss::Hinge, &Activation::Identity, 1, |problem| {
            let fit = walk(problem, &Config { penalty, ..Config::default() });
            let n = problem.moments.weight();
            let error = |layer: &Layer| problem.gradient(layer).unwrap().loss + n * penalty.value(layer.parameters());
            let end = error(&fit.layer);
            let mut random = Random::new(8, Stream::Start);
            for step in (0..400).map(|k| f64::powi(10.0, -(k % 5))) {
                let mut parameters = fit.layer.parameters().clone();
                parameters.weights_mut(0).iter_mut().for_each(|w| *w += step * random.normal());
                parameters.set_bias(0, parameters.bias(0) + step * random.normal());
                let there = error(&Layer::new(parameters, Activation::Identity));
                assert!(there >= end * (1.0 - 1e-5), "{penalty:?} {step}: {there} {end}");
            }
        });
    }
}

#[test]
fn what_is_seen_on_the_way_is_the_error_with_its_kinks_and_the_least_of_it_is_given() {
    let (x, y) = points(60);
    let loss = Loss::Quantile { level: 0.9 };
    with_loss(&Table::of(vec![x], vec![y]), loss, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config::default()).unwrap();
        assert_eq!(plan.kink_widths.len(), 1);
        let mut least = f64::INFINITY;
        let start = || start_of(problem, Init::Auto, 0);
        let fits = fit_many(problem, std::slice::from_ref(&plan), vec![start()], &mut |_, epoch| {
            let layer = Layer::new(epoch.parameters.clone(), Activation::Identity);
            let exact = problem.gradient(&layer).unwrap().loss;
            assert!((epoch.loss - exact).abs() <= 1e-12 * exact, "{}: {} {exact}", epoch.index, epoch.loss);
            least = least.min(epoch.loss);
            ControlFlow::Continue(())
        });
        assert_eq!(fits.unwrap()[0].loss, least);
    });
}

#[test]
fn runs_in_the_same_passes_have_the_bits_of_each_alone() {
    with_loss(&classes(1.0), Loss::Hinge, &Activation::Identity, 2, |problem| {
        let rules = [None, Some(OptimizerKind::GradientDescent), Some(OptimizerKind::Nesterov { beta: None })];
        let configs = rules.map(|optimizer| Config { optimizer, epochs: Some(300), ..Config::default() });
        let plans = configs.map(|config| Plan::of(problem, &config).unwrap());
        let starts = vec![start_of(problem, Init::Auto, 0); plans.len()];
        let together = fit_many(problem, &plans, starts, &mut |_, _| ControlFlow::Continue(())).unwrap();
        for (config, fit) in configs.iter().zip(&together) {
            assert_eq!(walk(problem, config), *fit);
        }
    });
}
