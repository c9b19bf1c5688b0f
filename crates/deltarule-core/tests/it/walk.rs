//! A descent taken epoch by epoch, beside the same one in one go.

use std::ops::ControlFlow;

use deltarule_core::{
    Activation, Batch, BatchStep, Config, Descent, Epoch, Error, Eta, OptimizerKind, Parameters, Plan, Problem,
    StopReason, fit,
};

use crate::tables::{Table, with_problem};

/// Every state of a descent: its epoch, E, and weights.
type States = Vec<(u64, f64, Parameters)>;

fn in_one_go(problem: &Problem<'_, f64>, plan: &Plan, start: &Parameters) -> (States, StopReason) {
    let mut states = States::new();
    let fit = fit(problem, plan, start.clone(), &mut |epoch: &Epoch<'_>| {
        states.push((epoch.index, epoch.loss, epoch.parameters.clone()));
        ControlFlow::Continue(())
    });
    (states, fit.unwrap().reason)
}

/// The states after each epoch, the weights after each step, and the records of each step.
fn by_epochs(
    problem: &Problem<'_, f64>,
    plan: &Plan,
    start: &Parameters,
) -> (States, StopReason, Vec<(Vec<u64>, Parameters)>) {
    let mut descent = Descent::begin(problem, plan.clone(), start.clone()).unwrap();
    let (mut states, mut steps) = (States::new(), Vec::new());
    loop {
        let state = descent.state(problem);
        states.push((state.index, state.loss, state.parameters.clone()));
        let mut watch = |step: &BatchStep<'_>| {
            steps.push((step.records.unwrap_or_default().to_vec(), step.parameters.clone()));
        };
        if let Some(reason) = descent.advance(problem, Some(&mut watch)).unwrap() {
            return (states, reason, steps);
        }
    }
}

#[test]
fn epochs_one_by_one_are_those_of_a_fit_to_the_last_bit() {
    let table = Table::random(3, 37, 2, &[3], 2, true);
    let kinds = [OptimizerKind::GradientDescent, OptimizerKind::Momentum { beta: 0.5 }, OptimizerKind::ADAM];
    for activation in [Activation::Identity, Activation::Sigmoid] {
        for (kind, batch) in
            kinds.iter().flat_map(|kind| [Batch::Full, Batch::Records(1), Batch::Records(5)].map(|b| (*kind, b)))
        {
            with_problem(&table, true, true, &activation, 1, |problem| {
                let config = Config {
                    optimizer: Some(kind),
                    batch,
                    eta: Eta::Given(0.01),
                    epochs: Some(9),
                    seed: 4,
                    ..Config::default()
                };
                let plan = Plan::of(problem, &config).unwrap();
                let start = Parameters::zeros(5, 2, true);
                let (expected, reason) = in_one_go(problem, &plan, &start);
                let (states, own_reason, steps) = by_epochs(problem, &plan, &start);
                assert_eq!(states, expected, "{activation}, {kind:?}, {batch:?}");
                assert_eq!(own_reason, reason);
                // Each step is seen: the last of an epoch leads to its state, and the records of an epoch are all of them.
                let in_epoch = plan.batch.map_or(1, |batch| 37_usize.div_ceil(batch as usize));
                assert_eq!(steps.len(), 9 * in_epoch);
                for (of_epoch, (_, _, parameters)) in steps.chunks(in_epoch).zip(&states[1..]) {
                    assert_eq!(&of_epoch[in_epoch - 1].1, parameters);
                    let mut seen: Vec<u64> = of_epoch.iter().flat_map(|(records, _)| records).copied().collect();
                    seen.sort_unstable();
                    let all: Vec<u64> = if plan.batch.is_some() { (1..=37).collect() } else { Vec::new() };
                    assert_eq!(seen, all);
                }
            });
        }
    }
}

#[test]
fn a_descent_that_diverges_says_so_and_one_at_its_minimum_stays() {
    let table = Table::random(3, 37, 2, &[], 1, false);
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        let config =
            |eta| Config { eta: Eta::Given(eta), optimizer: Some(OptimizerKind::GradientDescent), ..Config::default() };
        let end = |eta| by_epochs(problem, &Plan::of(problem, &config(eta)).unwrap(), &Parameters::zeros(2, 1, true)).1;
        assert!(matches!(end(3.0), StopReason::Diverged { .. }));
        assert!(matches!(end(0.5), StopReason::Minimum { .. }));
    });
}

#[test]
fn what_cannot_be_walked_is_refused() {
    let table = Table::random(3, 37, 2, &[], 1, false);
    with_problem(&table, true, true, &Activation::Identity, 1, |problem| {
        let plan = Plan::of(problem, &Config { patience: Some(3), ..Config::default() }).unwrap();
        let watched = Descent::begin(problem, plan.clone(), Parameters::zeros(2, 1, true));
        assert!(matches!(watched, Err(Error::Setting { setting: "early-stopping", .. })));
        let plan = Plan { patience: None, ..plan };
        assert!(matches!(Descent::begin(problem, plan, Parameters::zeros(3, 1, true)), Err(Error::Shape { .. })));
    });
}
