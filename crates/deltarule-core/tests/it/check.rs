//! Every network passes the gradient check.

use deltarule_core::{Activation, Error, Parameters, check_gradient};

use crate::tables::{Table, random_weights, with_problem};

#[test]
fn every_activation_shape_and_kind_of_column_passes() {
    let formulas = ["h / (1 + abs(h))", "sin(h) + h^3 / 10", "max(h, 0)^2", "exp(-h^2)"];
    let formulas = formulas.map(|text| text.parse::<Activation>().unwrap());
    let activations = Activation::ALL.iter().filter(|a| a.is_trainable()).chain(&formulas);
    for activation in activations {
        for outputs in [1, 3] {
            for bias in [false, true] {
                for standard in [false, true] {
                    for (numbers, levels, missing) in [(3, vec![], false), (2, vec![3, 2], false), (3, vec![3], true)] {
                        let table = Table::random(11, 60, numbers, &levels, outputs, missing);
                        with_problem(&table, standard, bias, activation, 1, |problem| {
                            let d = problem.source.shape().n_features();
                            let (mut parameters, _) = random_weights(3, d, outputs, bias, activation);
                            parameters.scale(0.2);
                            let check = check_gradient(problem, &parameters).unwrap();
                            assert_eq!(check.weights.len(), outputs * (d + usize::from(bias)));
                            assert!(check.passes(), "{activation} {outputs} {bias} {standard}: {:e}", check.worst);
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn a_wrong_derivative_fails() {
    // At h = 0 the sign jumps, which its derivative, 0 by convention, does not say.
    let jump: Activation = "sign(h) + h".parse().unwrap();
    let table = Table::random(2, 50, 2, &[], 1, false);
    with_problem(&table, true, true, &jump, 1, |problem| {
        let check = check_gradient(problem, &Parameters::zeros(2, 1, true)).unwrap();
        assert!(!check.passes(), "{check:?}");
    });
}

#[test]
fn where_e_is_not_finite_nothing_is_certified() {
    let table = Table::random(2, 50, 2, &[], 1, false);
    for formula in ["ln(h)", "1e200 * h"] {
        let activation: Activation = formula.parse().unwrap();
        with_problem(&table, true, true, &activation, 1, |problem| {
            let (parameters, _) = random_weights(3, 2, 1, true, &activation);
            let error = check_gradient(problem, &parameters).unwrap_err();
            assert!(matches!(error, Error::NotFiniteAtStart { .. }), "{formula}: {error}");
        });
    }
}

#[test]
fn where_every_record_is_at_a_kink_nothing_is_certified() {
    let size: Activation = "abs(h)".parse().unwrap();
    let table = Table::random(2, 50, 2, &[], 1, false);
    with_problem(&table, true, true, &size, 1, |problem| {
        let check = check_gradient(problem, &Parameters::zeros(2, 1, true)).unwrap();
        assert!(check.compares_nothing() && !check.passes(), "{check:?}");
        let (parameters, _) = random_weights(3, 2, 1, true, &size);
        assert!(check_gradient(problem, &parameters).unwrap().passes());
    });
}
