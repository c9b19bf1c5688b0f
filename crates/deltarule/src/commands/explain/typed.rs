//! A record and a network of numbers that were typed.

use anyhow::{Result, bail};
use deltarule_core::{Activation, Layer, Loss, Parameters};

use crate::cli::LossArg;
use crate::number::{count, exact, short};

/// The largest number in size, as in tables.
const LARGEST: f64 = 1e150;

/// The loss for numbers that are no table.
pub(super) fn given_loss(loss: Option<LossArg>) -> Result<Loss> {
    match loss {
        None => Ok(Loss::Squared),
        Some(LossArg::Of(loss)) => Ok(loss),
        Some(LossArg::Huber) => {
            bail!(
                "--loss: found huber without its t, expected huber:T, such as huber:1, where there is no table to choose it from"
            )
        }
    }
}

/// Numbers that were typed, as texts.
pub(crate) struct Typed<'a> {
    pub(crate) x: &'a str,
    pub(crate) w: Option<&'a str>,
    pub(crate) y: Option<&'a str>,
    pub(crate) bias: Option<&'a str>,
    pub(crate) activation: Option<&'a Activation>,
    pub(crate) loss: Option<LossArg>,
}

/// The same as a record and a network.
pub(crate) struct Given {
    pub(crate) loss: Loss,
    pub(crate) layer: Layer,
    pub(crate) inputs: Vec<f64>,
    pub(crate) targets: Vec<f64>,
}

/// A record and a network from numbers that were typed.
///
/// Errors: what are no numbers, or too few or too many of them.
pub(crate) fn given(typed: &Typed<'_>) -> Result<Given> {
    let inputs = list("--x", typed.x)?;
    let Some(y) = typed.y else { bail!("--y: found nothing, expected the target, or one for each output: --y 1") };
    let targets = list("--y", y)?;
    let (d, n_outputs) = (inputs.len(), targets.len());
    let rows: Vec<Vec<f64>> =
        typed.w.unwrap_or_default().split(';').map(|row| list("--w", row)).collect::<Result<_>>()?;
    let weights: Vec<f64> = match &rows[..] {
        [row] if n_outputs == 1 && row.len() == d => row.clone(),
        rows if rows.len() == d && rows.iter().all(|row| row.len() == n_outputs) => {
            (0..n_outputs).flat_map(|j| rows.iter().map(move |row| row[j])).collect()
        }
        rows => {
            let found: Vec<String> = rows.iter().map(|row| row.len().to_string()).collect();
            let rows_found = if rows.len() == 1 { "one row of".to_owned() } else { format!("{} rows of", rows.len()) };
            bail!(
                "--w: found {rows_found} {} weights, expected {} (one for each of --x), separated by ;, each of {} (one for each of --y)",
                found.join(", "),
                count(d as u64, "row"),
                count(n_outputs as u64, "weight")
            )
        }
    };
    let bias = match typed.bias {
        None => None,
        Some(text) => {
            let bias = list("--bias", text)?;
            if bias.len() != n_outputs {
                bail!(
                    "--bias: found {}, expected {n_outputs}, one for each of --y",
                    count(bias.len() as u64, "number")
                );
            }
            Some(bias)
        }
    };
    let loss = given_loss(typed.loss)?;
    let natural = loss.activation().unwrap_or(Activation::Identity);
    let activation = typed.activation.cloned().unwrap_or(natural);
    let ranges: Vec<(f64, f64)> = targets.iter().map(|&y| (y, y)).collect();
    loss.check(&activation, &ranges)?;
    check_targets(loss, &activation, &targets)?;
    let layer = Layer::new(Parameters::new(d, weights, bias, n_outputs)?, activation);
    Ok(Given { loss, layer, inputs, targets })
}

/// Errors: shares that do not add up to 1, of softmax; a class that is neither −1 nor 1, of hinge.
fn check_targets(loss: Loss, activation: &Activation, targets: &[f64]) -> Result<()> {
    let sum: f64 = targets.iter().sum();
    if *activation == Activation::Softmax && (sum - 1.0).abs() > 1e-9 {
        bail!(
            "--y: found {}, which add up to {}, beside activation softmax, expected 1 for the own class and 0 for the others, or shares that add up to 1",
            targets.iter().map(|y| exact(*y)).collect::<Vec<_>>().join(","),
            short(sum)
        );
    }
    if let Some(y) = targets.iter().find(|y| loss == Loss::Hinge && y.abs() != 1.0) {
        bail!("--y: found {} beside loss hinge, expected -1 or 1, the two classes", exact(*y));
    }
    Ok(())
}

/// Numbers separated by commas, none of them beyond what tables may hold.
fn list(option: &str, text: &str) -> Result<Vec<f64>> {
    text.split(',')
        .map(|part| match part.trim().parse::<f64>() {
            Ok(number) if number.abs() <= LARGEST => Ok(number),
            Ok(number) if number.is_finite() => bail!(
                "{option}: found {} in {text:?}, expected numbers from -1e150 to 1e150, whose squares are finite; use a larger unit",
                part.trim()
            ),
            _ => bail!(
                "{option}: found {:?} in {text:?}, expected numbers separated by commas, such as 1,-2",
                part.trim()
            ),
        })
        .collect()
}
