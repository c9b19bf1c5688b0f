//! E over weights: the oracle's at every point, and that of a pass where nothing moves.

use deltarule_core::{
    Activation, Column, Dataset, Gradient, Layer, Loss, Moments, Parameters, Penalty, Reduction, Scaling, Slice,
    SurfaceAxis, Targets, Threads, WeightIndex, WeightUnits, explain,
};
use proptest::prelude::*;

use crate::tables::{Table, random_weights, with_problem};

fn axis(output: usize, feature: Option<usize>, values: &[f64]) -> SurfaceAxis {
    SurfaceAxis { weight: WeightIndex { output, feature }, values: values.to_vec() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_surface_is_the_oracles_at_every_point(
        seed in 0_u64..1000, n in 1_usize..80, numbers in 1_usize..5, levels in prop::collection::vec(1_usize..4, 0..3),
        outputs in 1_usize..4, bias: bool, standard: bool, missing: bool,
        activation in prop::sample::select(Activation::ALL.to_vec()), picks in prop::array::uniform4(0_usize..100),
        values in prop::array::uniform5(-2.0_f64..2.0),
    ) {
        let table = Table::random(seed, n, numbers, &levels, outputs, missing);
        with_problem(&table, standard, bias, &activation, 1, |problem| {
            let d = problem.source.shape().n_features();
            let (parameters, net) = random_weights(seed, d, outputs, bias, &activation);
            let layer = Layer::new(parameters, activation.clone());
            let slice = Slice {
                source: problem.source, scaling: problem.scaling, layer: &layer, loss: Loss::Squared,
                penalty: Penalty::NONE, units: WeightUnits::Scaled, threads: problem.threads,
            };
            let pick = |output: usize, feature: usize| WeightIndex {
                output: output % outputs,
                feature: Some(feature % (d + usize::from(bias))).filter(|i| *i < d),
            };
            let (first, second) = (pick(picks[0], picks[1]), pick(picks[2], picks[3]));
            let axes = [
                SurfaceAxis { weight: first, values: values[..3].to_vec() },
                SurfaceAxis { weight: second, values: values[3..].to_vec() },
            ];
            let (xs, ys) = table.rows(problem.scaling);
            let set = |net: &mut crate::oracle::Net, at: WeightIndex, value: f64| match at.feature {
                Some(i) => net.weights[i][at.output] = value,
                None => net.bias.as_mut().unwrap()[at.output] = value,
            };
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-11 * b.abs().max(1e-12) || (!b.is_finite() && a == f64::INFINITY);
            let along = slice.surface(&axes[..1]).unwrap();
            for (k, &a) in values[..3].iter().enumerate() {
                let mut moved = net.clone();
                set(&mut moved, first, a);
                prop_assert!(close(along.loss[k], moved.sse(&xs, &ys)), "{} {}", along.loss[k], moved.sse(&xs, &ys));
            }
            if first == second {
                prop_assert!(slice.surface(&axes).is_err());
                return Ok(());
            }
            let over = slice.surface(&axes).unwrap();
            for (k, &a) in values[..3].iter().enumerate() {
                for (l, &b) in values[3..].iter().enumerate() {
                    let mut moved = net.clone();
                    set(&mut moved, first, a);
                    set(&mut moved, second, b);
                    let (found, sse) = (over.loss[k * 2 + l], moved.sse(&xs, &ys));
                    prop_assert!(close(found, sse), "{found} {sse}");
                }
            }
            Ok(())
        })?;
    }
}

/// Two numbers far from 0, a category, and classes; every record with a weight.
fn table(n: usize, n_classes: usize) -> (Vec<Column<'static, f64>>, Targets<'static, f64>, Vec<f64>) {
    let at = |r: usize, k: usize| ((r * 7919 + k * 104_729) % 1000) as f64 / 1000.0;
    let columns = vec![
        Column::Numbers((0..n).map(|r| 500.0 + 40.0 * at(r, 1)).collect::<Vec<_>>().into()),
        Column::Codes { codes: (0..n).map(|r| (r % 3) as u32).collect::<Vec<_>>().into(), n_levels: 3 },
        Column::Numbers((0..n).map(|r| if r % 11 == 0 { f64::NAN } else { 3.0 - at(r, 2) }).collect::<Vec<_>>().into()),
    ];
    let codes: Vec<u32> = (0..n).map(|r| ((at(r, 1) + at(r, 3)) * 0.5 * n_classes as f64) as u32).collect();
    let targets = Targets::Classes { codes: codes.into(), n_classes, low: 0.0, high: 1.0 };
    (columns, targets, (0..n).map(|r| at(r, 5) + 0.1).collect())
}

fn layer_of(d: usize, outputs: usize, activation: Activation) -> Layer {
    let weights = (0..d * outputs).map(|k| 0.3 * (k as f64 * 1.7).sin()).collect();
    let bias = (0..outputs).map(|j| 0.1 - 0.05 * j as f64).collect();
    Layer::new(Parameters::new(d, weights, Some(bias), outputs).unwrap(), activation)
}

#[test]
fn every_loss_penalty_and_unit_is_that_of_a_pass_at_the_same_weights() {
    let penalty = Penalty { l2: 0.02, l1: 0.01 };
    for (n_classes, activation, loss) in [
        (2, Activation::Sigmoid, Loss::Squared),
        (2, Activation::Sigmoid, Loss::Log),
        (3, Activation::Softmax, Loss::Log),
        (3, Activation::Tanh, Loss::Huber { threshold: 0.3 }),
        (2, Activation::Identity, Loss::Quantile { level: 0.7 }),
        (2, Activation::Exp, Loss::Poisson),
    ] {
        let n = 9000;
        let (columns, targets, weights) = table(n, n_classes);
        let dataset = Dataset::from_columns(&columns, &targets).unwrap().with_weights(&weights).unwrap();
        let threads = Threads::new(3);
        let moments = Moments::of(&dataset, &threads).unwrap();
        let scaling = Scaling::standard(&moments);
        let outputs = if n_classes == 2 { 1 } else { n_classes };
        let layer = layer_of(5, outputs, activation.clone());
        let pass = |layer: &Layer, slice: &Slice<'_, f64>| slice.objectives(&[layer.parameters().clone()]).unwrap()[0];
        for units in [WeightUnits::Scaled, WeightUnits::Original] {
            let slice =
                Slice { source: &dataset, scaling: &scaling, layer: &layer, loss, penalty, units, threads: &threads };
            let last = outputs - 1;
            let (first, second) =
                (WeightIndex { output: 0, feature: Some(0) }, WeightIndex { output: last, feature: Some(4) });
            let (w, v) = (slice.position(first).unwrap(), slice.position(second).unwrap());
            let (dw, dv) = (0.3 * w.abs(), -0.2 * v.abs());
            let axes = [axis(0, Some(0), &[w, w + dw]), axis(last, Some(4), &[v, v + dv])];
            let surface = slice.surface(&axes).unwrap();
            // The same weights by hand: in original units h moves by Δω·x = Δω·(x̃/s + m).
            let moved = |a: f64, b: f64| {
                let mut parameters = layer.parameters().clone();
                for (at, by, column) in [(first, a, 0), (second, b, 2)] {
                    let (i, scale) = (at.feature.unwrap(), scaling.columns()[column]);
                    match units {
                        WeightUnits::Scaled => parameters.weights_mut(at.output)[i] += by,
                        WeightUnits::Original => {
                            parameters.weights_mut(at.output)[i] += by / scale.factor;
                            parameters.set_bias(at.output, parameters.bias(at.output) + by * scale.offset);
                        }
                    }
                }
                Layer::new(parameters, activation.clone())
            };
            for (point, (a, b)) in [(0.0, 0.0), (0.0, dv), (dw, 0.0), (dw, dv)].into_iter().enumerate() {
                let expected = pass(&moved(a, b), &slice);
                let found = surface.objective[point];
                assert!(
                    (found - expected).abs() <= 1e-10 * expected.abs(),
                    "{loss} {activation} {units:?} {found} {expected}"
                );
            }
            assert!(surface.objective[0] > surface.loss[0], "the penalty is in one and not in the other");
        }
    }
}

#[test]
fn where_nothing_moves_e_has_the_bits_of_a_pass_on_any_number_of_threads() {
    let table = Table::random(5, 20_000, 6, &[4], 1, true);
    let of = |threads: usize| {
        with_problem(&table, true, true, &Activation::Tanh, threads, |problem| {
            let (parameters, _) = random_weights(3, 10, 1, true, &Activation::Tanh);
            let layer = Layer::new(parameters, Activation::Tanh);
            let slice = Slice {
                source: problem.source,
                scaling: problem.scaling,
                layer: &layer,
                loss: Loss::Squared,
                penalty: Penalty::NONE,
                units: WeightUnits::Scaled,
                threads: problem.threads,
            };
            let w = slice.position(WeightIndex { output: 0, feature: Some(2) }).unwrap();
            let values = [w, w + 0.25, w - 1.5];
            let surface =
                slice.surface(&[axis(0, Some(2), &values), axis(0, None, &[layer.parameters().bias(0), 0.75])]);
            let pass = Gradient::of(problem.source, problem.scaling, &layer, Loss::Squared, problem.threads).unwrap();
            let surface = surface.unwrap();
            assert_eq!(surface.loss[0].to_bits(), pass.loss.to_bits());
            surface
        })
    };
    let one = of(1);
    assert_eq!(one, of(2));
    assert_eq!(one, of(5));
}

#[test]
fn the_step_over_one_record_is_the_worked_one() {
    let x = [1.0, -2.0];
    let columns: Vec<Column<'_, f64>> = x.iter().map(|x| Column::Numbers(vec![*x].into())).collect();
    let targets = Targets::Numbers(vec![vec![1.0].into()]);
    let dataset = Dataset::from_columns(&columns, &targets).unwrap();
    let scaling = Scaling::identity(dataset.blocks()[0].shape().columns());
    let layer = Layer::new(Parameters::new(2, vec![0.6, 0.1], Some(vec![0.2]), 1).unwrap(), Activation::Sigmoid);
    let threads = Threads::one();
    let slice = Slice {
        source: &dataset,
        scaling: &scaling,
        layer: &layer,
        loss: Loss::Squared,
        penalty: Penalty::NONE,
        units: WeightUnits::Scaled,
        threads: &threads,
    };
    let worked = explain(Loss::Squared, &layer, &x, &[1.0], 0.5).unwrap();
    for reduction in [Reduction::Sum, Reduction::Mean] {
        let step = slice.step(0.5, reduction).unwrap();
        assert_eq!(step.step.weights(0), worked.outputs[0].step);
        assert_eq!(Some(step.step.bias(0)), worked.outputs[0].bias_step);
        assert_eq!(step.objective, worked.loss);
        assert_eq!(step.reached.weights(0), worked.outputs[0].new_weights);
        assert_eq!(Some(step.reached.bias(0)), worked.outputs[0].new_bias);
    }
    let along = slice.surface(&[axis(0, Some(1), &[0.1, 0.1 + worked.outputs[0].step[1]])]).unwrap();
    assert_eq!(along.loss[0], worked.loss);
    assert!(along.loss[1] < along.loss[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Not (δx)η, whose last digit may be another than that of (ηδ)x.
    #[test]
    fn the_step_over_any_one_record_is_the_worked_one_to_the_last_bit(
        seed in 0_u64..1000, numbers in 1_usize..4, levels in prop::collection::vec(2_usize..4, 0..2), outputs in 1_usize..4, bias: bool,
        eta in 0.01_f64..3.0,
        activation in prop::sample::select(vec![Activation::Sigmoid, Activation::Tanh, Activation::Identity]),
    ) {
        let table = Table::random(seed, 1, numbers, &levels, outputs, false);
        with_problem(&table, false, bias, &activation, 1, |problem| {
            let d = problem.source.shape().n_features();
            let (parameters, _) = random_weights(seed, d, outputs, bias, &activation);
            let layer = Layer::new(parameters, activation.clone());
            // A column of one record is constant, and would be scaled to 0.
            let scaling = Scaling::identity(problem.source.shape().columns());
            let slice = Slice {
                source: problem.source, scaling: &scaling, layer: &layer, loss: Loss::Squared,
                penalty: Penalty::NONE, units: WeightUnits::Scaled, threads: problem.threads,
            };
            let (xs, ys) = table.rows(&scaling);
            let worked = explain(Loss::Squared, &layer, &xs[0], &ys[0], eta).unwrap();
            for reduction in [Reduction::Sum, Reduction::Mean] {
                let found = slice.step(eta, reduction).unwrap();
                for (j, output) in worked.outputs.iter().enumerate() {
                    prop_assert_eq!(found.step.weights(j), &output.step[..]);
                    prop_assert_eq!(found.step.bias(j), output.bias_step.unwrap_or(0.0));
                }
            }
            Ok(())
        })?;
    }

    /// With λ₁ the slope of what is drawn is not −descent.
    #[test]
    fn the_slope_of_a_step_is_that_of_the_surface(
        seed in 0_u64..1000, l2 in 0.0_f64..0.5, l1 in 0.0_f64..0.5, bias: bool, at_zero: bool,
    ) {
        let table = Table::random(seed, 30, 2, &[], 1, false);
        with_problem(&table, true, bias, &Activation::Sigmoid, 1, |problem| {
            let (mut parameters, _) = random_weights(seed, 2, 1, bias, &Activation::Sigmoid);
            if at_zero {
                parameters.weights_mut(0)[0] = 0.0;
            }
            let layer = Layer::new(parameters, Activation::Sigmoid);
            let penalty = Penalty { l2, l1 };
            let slice = Slice {
                source: problem.source, scaling: problem.scaling, layer: &layer, loss: Loss::Squared, penalty,
                units: WeightUnits::Scaled, threads: problem.threads,
            };
            let found = slice.step(0.1, Reduction::Mean).unwrap();
            for feature in [Some(0), Some(1), None].into_iter().filter(|feature| feature.is_some() || bias) {
                let at = WeightIndex { output: 0, feature };
                let w = slice.position(at).unwrap();
                let pick = |of: &Parameters| feature.map_or(of.bias(0), |i| of.weights(0)[i]);
                let (slope, descent, step) = (pick(&found.slope), pick(&found.descent), pick(&found.step));
                let d = 1e-6;
                let e = slice.surface(&[SurfaceAxis { weight: at, values: vec![w - d, w, w + d] }]).unwrap().objective;
                let (left, right) = ((e[1] - e[0]) / d, (e[2] - e[1]) / d);
                let n_l1 = if feature.is_some() { 30.0 * l1 } else { 0.0 };
                // At the kink the slope on the side that descent goes to, or 0 where both sides rise.
                let expected = if w != 0.0 { 0.5 * (left + right) } else if right < 0.0 { right } else { left.max(0.0) };
                prop_assert!((slope - expected).abs() < 1e-3 * (1.0 + expected.abs()), "{feature:?} {slope} {left} {right}");
                if w != 0.0 {
                    prop_assert!((slope + descent - n_l1 * w.signum()).abs() < 1e-12 * (1.0 + slope.abs()));
                }
                // The step is that of descent alone, and then towards 0.
                let plain = w + 0.1 / 30.0 * descent;
                let held = if n_l1 > 0.0 { plain.signum() * (plain.abs() - 0.1 * l1).max(0.0) } else { plain };
                prop_assert!((w + step - held).abs() < 1e-12, "{feature:?} {step} {held}");
            }
            Ok(())
        })?;
    }
}

#[test]
fn what_is_no_surface_is_refused() {
    let constant = Table::of(vec![vec![5.0; 4], vec![1.0, 2.0, 3.0, 5.0]], vec![vec![1.0, 2.0, 3.0, 4.0]]);
    with_problem(&constant, true, false, &Activation::Identity, 1, |problem| {
        let layer = Layer::new(Parameters::zeros(2, 1, false), Activation::Identity);
        let of = |units| Slice {
            source: problem.source,
            scaling: problem.scaling,
            layer: &layer,
            loss: Loss::Squared,
            penalty: Penalty::NONE,
            units,
            threads: problem.threads,
        };
        let slice = of(WeightUnits::Scaled);
        let one = axis(0, Some(1), &[0.0]);
        for wrong in [
            vec![],
            vec![one.clone(), one.clone()],
            vec![one.clone(), axis(0, Some(0), &[0.0]), axis(0, Some(1), &[1.0])],
            vec![axis(0, Some(2), &[0.0])],
            vec![axis(1, Some(0), &[0.0])],
            vec![axis(0, None, &[0.0])],
            vec![axis(0, Some(1), &[])],
        ] {
            assert!(slice.surface(&wrong).is_err(), "{wrong:?}");
        }
        // The weight of a column that does not vary is 0 in its own units, and nothing depends on it in scaled ones.
        assert!(of(WeightUnits::Original).position(WeightIndex { output: 0, feature: Some(0) }).is_err());
        let flat = slice.surface(&[axis(0, Some(0), &[-3.0, 9.0])]).unwrap();
        assert_eq!(flat.loss[0], flat.loss[1]);
        let overflow = slice.surface(&[axis(0, Some(1), &[0.0, 1e200])]).unwrap();
        assert!(overflow.loss[0].is_finite() && overflow.loss[1] == f64::INFINITY);
    });
}

#[test]
fn the_reach_of_a_weight_is_where_e_has_risen_by_so_much() {
    // E = ½Σ(y − w x)², with Σx² = 30 and the minimum at w = 2: it rises by 15 d².
    let line = Table::of(vec![vec![1.0, 2.0, 3.0, 4.0]], vec![vec![2.0, 4.0, 6.0, 8.0]]);
    with_problem(&line, false, false, &Activation::Identity, 1, |problem| {
        let layer = Layer::new(Parameters::new(1, vec![2.0], None, 1).unwrap(), Activation::Identity);
        let slice = Slice {
            source: problem.source,
            scaling: problem.scaling,
            layer: &layer,
            loss: Loss::Squared,
            penalty: Penalty::NONE,
            units: WeightUnits::Scaled,
            threads: problem.threads,
        };
        let reach = slice.reach(WeightIndex { output: 0, feature: Some(0) }, 60.0).unwrap();
        assert!((reach.below - 2.0).abs() < 1e-6 && (reach.above - 2.0).abs() < 1e-6, "{reach:?}");
    });
}
