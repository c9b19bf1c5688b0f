//! `deltarule plot activation`.

use anyhow::{Result, bail};
use deltarule_core::Activation;
use deltarule_plot::{Function, Words};

use super::save::Destination;
use crate::cli::plot::ActivationArgs;
use crate::number::exact;

const POINTS: usize = 601;

pub(super) fn run(args: &ActivationArgs) -> Result<()> {
    let destination = Destination::open(&args.picture, &[])?;
    let (from, to) = (args.from, args.to);
    if !(from < to && from.is_finite() && to.is_finite() && (to - from).is_finite()) {
        bail!("--from, --to: found {} and {}, expected a number and a larger one", exact(from), exact(to));
    }
    let activation = &args.activation;
    if *activation == Activation::Softmax {
        bail!(
            "found softmax, whose outputs depend on the h of all classes, expected a function of one h; for two classes it is sigmoid"
        );
    }
    let at = |k: usize| from + (to - from) * k as f64 / (POINTS - 1) as f64;
    let points = (0..POINTS).map(at).map(|h| {
        let (value, slope): (f64, f64) = activation.value_and_derivative(h);
        (h, value, slope)
    });
    let points: Vec<(f64, f64, f64)> = points.collect();
    let mut notes = Vec::new();
    if points.iter().any(|(_, value, slope)| !value.is_finite() || !slope.is_finite()) {
        notes.push("there is no line where f or f' is not finite".to_owned());
    }
    if !activation.is_trainable() {
        notes.push("f' is 0 everywhere: it predicts, and cannot be trained by the delta rule".to_owned());
    }
    let function = Function {
        words: Words { title: format!("f = {activation}"), lines: Vec::new(), notes },
        value_label: format!("f(h) = {}", activation.value_text()),
        derivative_label: activation
            .derivative_text()
            .map_or_else(|| "f'(h)".to_owned(), |text| format!("f'(h) = {text}")),
        jumps: jumps(&points),
        points,
    };
    destination.save(&function.draw(args.picture.look())?)
}

/// Places at which f or f' jumps: between two points there is more of a change than both of its neighbours have together, by far.
fn jumps(points: &[(f64, f64, f64)]) -> Vec<f64> {
    let of = |pick: fn(&(f64, f64, f64)) -> f64| -> Vec<f64> {
        let change = |k: usize| (pick(&points[k + 1]) - pick(&points[k])).abs();
        let is_jump = |k: &usize| {
            let beside = change(k - 1).max(change(k + 1));
            change(*k) > 20.0 * beside && change(*k) > 1e-6 * pick(&points[*k]).abs().max(1e-9)
        };
        (1..points.len() - 2).filter(is_jump).map(|k| 0.5 * (points[k].0 + points[k + 1].0)).collect()
    };
    [of(|point| point.1), of(|point| point.2)].concat()
}
