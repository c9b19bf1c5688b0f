//! Activations: derivatives, precision, extremes, curvature bounds.

use deltarule_core::Activation;

fn all_and_a_formula() -> Vec<Activation> {
    let formula: Activation = "h / (1 + abs(h))".parse().unwrap();
    Activation::ALL.iter().cloned().chain([formula]).collect()
}

#[test]
fn derivatives_match_central_differences() {
    for activation in all_and_a_formula() {
        for i in -400..=400 {
            let h = f64::from(i) * 0.05 + 0.013;
            let step = 1e-5;
            let difference = (activation.value(h + step) - activation.value(h - step)) / (2.0 * step);
            let (value, derivative) = activation.value_and_derivative(h);
            let scale = derivative.abs().max(1e-5 * value.abs()).max(1e-3);
            assert!(
                (difference - derivative).abs() <= 2e-7 * scale + 1e-9,
                "{activation} at {h}: {difference} {derivative}"
            );
        }
    }
}

#[test]
fn built_ins_but_exp_are_finite_far_out() {
    for activation in Activation::ALL.iter().filter(|a| **a != Activation::Exp) {
        for h in [-1e3_f64, -700.0, -40.0, -0.0, 0.0, 40.0, 700.0, 1e3] {
            let (value, derivative) = activation.value_and_derivative(h);
            assert!(value.is_finite() && derivative.is_finite(), "{activation} at {h}");
            let (value, derivative) = activation.value_and_derivative(h as f32);
            assert!(value.is_finite() && derivative.is_finite(), "{activation} at {h} in f32");
        }
    }
}

#[test]
fn small_values_keep_their_digits() {
    let relative = |found: f64, expected: f64| ((found - expected) / expected).abs();
    // e⁻⁴⁰ to 17 digits.
    let tail = 4.248354255291589e-18;
    let (value, derivative) = Activation::Sigmoid.value_and_derivative(-40.0);
    assert!(relative(value, tail) < 1e-15 && relative(derivative, tail) < 1e-15);
    assert!(relative(Activation::Sigmoid.value_and_derivative(40.0).1, tail) < 1e-15);
    assert!(relative(Activation::Softplus.value(-40.0), tail) < 1e-15);
    // 4e⁻⁴⁰ for tanh' at ±20.
    assert!(relative(Activation::Tanh.value_and_derivative(20.0).1, 4.0 * tail) < 1e-15);
    assert!(relative(Activation::Elu.value(-1e-12), -1e-12) < 1e-12);
}

#[test]
fn curvature_bounds_are_the_known_ones() {
    let bound = |activation: Activation, low, high| activation.curvature_bound(low, high).unwrap();
    assert_eq!(bound(Activation::Identity, -3.0, 8.0), 1.0);
    assert!((bound(Activation::Sigmoid, 0.0, 1.0) - 0.0770).abs() < 1e-4);
    assert!((bound(Activation::Tanh, -1.0, 1.0) - 1.2325).abs() < 1e-4);
    assert_eq!(Activation::Exp.curvature_bound(0.0, 1.0), None);
    assert_eq!(Activation::Relu.curvature_bound(-1.0, 1.0), None);
    assert_eq!(Activation::Relu.curvature_bound(0.0, 1.0), Some(1.0));
}

#[test]
fn curvature_bounds_hold_everywhere() {
    for activation in all_and_a_formula() {
        for (low, high) in [(0.0, 1.0), (-1.0, 1.0), (-7.0, 30.0)] {
            let Some(bound) = activation.curvature_bound(low, high) else { continue };
            let slope = |h: f64, y: f64| {
                let (value, derivative) = activation.value_and_derivative(h);
                -(y - value) * derivative
            };
            for y in [low, 0.5 * (low + high), high] {
                for i in -3000..=3000 {
                    let h = f64::from(i) * 0.01 + 0.0021;
                    let curvature = (slope(h + 1e-5, y) - slope(h - 1e-5, y)) / 2e-5;
                    assert!(
                        curvature <= bound * (1.0 + 1e-6) + 1e-6 * y.abs().max(1.0),
                        "{activation} {h} {y}: {curvature} {bound}"
                    );
                }
            }
        }
    }
}

#[test]
fn names_and_formulas_parse_and_others_say_why() {
    for activation in Activation::ALL {
        assert_eq!(activation.name().parse::<Activation>().unwrap(), *activation);
    }
    assert_eq!("Leaky_ReLU".parse::<Activation>().unwrap(), Activation::LeakyRelu);
    let message = "sigmoyd".parse::<Activation>().unwrap_err().to_string();
    assert!(message.contains("sigmoid") && message.contains("formula of h"), "{message}");
}
