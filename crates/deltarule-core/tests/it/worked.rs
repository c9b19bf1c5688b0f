//! The worked numbers of docs/delta-rule.md.

use deltarule_core::{Activation, Layer, Loss, Parameters, explain};

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 2e-15 * expected.abs().max(0.01), "{found:e} against {expected:e}");
}

#[test]
fn one_record_one_output_sigmoid_comes_out_to_15_digits() {
    let parameters = Parameters::new(2, vec![0.6, 0.1], Some(vec![0.2]), 1).unwrap();
    let step = explain(Loss::Squared, &Layer::new(parameters, Activation::Sigmoid), &[1.0, -2.0], &[1.0], 0.5).unwrap();
    let output = &step.outputs[0];
    close(output.net_input, 0.6);
    close(output.output, 0.6456563062257954);
    close(output.residual, 0.3543436937742046);
    close(output.squared, 0.12555945331754728);
    close(step.loss, 0.06277972665877364);
    close(output.derivative, 0.22878424045665732);
    close(output.delta, 0.08106825284073778);
    close(output.step[0], 0.04053412642036889);
    close(output.step[1], -0.08106825284073778);
    close(output.bias_step.unwrap(), 0.04053412642036889);
    close(output.gradient[0], -0.08106825284073778);
    assert!(step.new_loss < step.loss);
}

#[test]
fn two_outputs_tanh_come_out_to_15_digits() {
    let parameters = Parameters::new(3, vec![0.1, 0.3, -0.4, -0.2, 0.05, 0.25], None, 2).unwrap();
    let step = explain(Loss::Squared, &Layer::new(parameters, Activation::Tanh), &[1.0, 2.0, -1.0], &[0.5, -0.5], 0.1)
        .unwrap();
    let [first, second] = &step.outputs[..] else { panic!("two outputs") };
    close(first.net_input, 1.1);
    close(second.net_input, -0.35);
    close(first.output, 0.8004990217606297);
    close(second.output, -0.3363755443363322);
    close(first.delta, -0.10793964412129325);
    close(second.delta, -0.14511059282485086);
    for (found, expected) in first.step.iter().zip([-0.010793964412129327, -0.021587928824258654, 0.010793964412129327])
    {
        close(*found, expected);
    }
    for (found, expected) in
        second.step.iter().zip([-0.014511059282485087, -0.029022118564970174, 0.014511059282485087])
    {
        close(*found, expected);
    }
    assert_eq!(first.bias_step, None);
}
