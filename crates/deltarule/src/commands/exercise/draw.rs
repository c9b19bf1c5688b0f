//! The numbers of an exercise: drawn from a seed, with few digits, and such that there is something to work out.

use anyhow::{Result, bail};
use deltarule_core::{
    Activation, Layer, Loss, Parameters, Random, Reduction, WorkedBatch, WorkedQuotient, WorkedStep, explain,
    explain_batch, explain_quotient,
};

/// What the numbers are for.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) loss: Loss,
    pub(super) activation: Activation,
    pub(super) n_inputs: usize,
    pub(super) n_outputs: usize,
    pub(super) n_records: usize,
    pub(super) has_bias: bool,
}

/// A network, and everything that is asked about it.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) layer: Layer,
    /// The step of one record.
    pub(super) step: WorkedStep,
    /// The weight of the slope that is measured: its input and output.
    pub(super) weight: (usize, usize),
    pub(super) quotient: WorkedQuotient,
    /// Inputs and targets.
    pub(super) records: Vec<(Vec<f64>, Vec<f64>)>,
    /// A step over all records with an η that lowers E.
    pub(super) small: WorkedBatch,
    /// The same with a larger one.
    pub(super) large: WorkedBatch,
}

impl Drawn {
    /// Whether signed errors cancel, and the larger step goes too far: with some losses and functions neither can be.
    fn shows_all(&self) -> bool {
        let has = |sign: f64| self.small.records.iter().flat_map(|row| &row.residual).any(|r| r * sign > 0.0);
        has(1.0) && has(-1.0) && self.large.new_loss > self.large.loss
    }
}

/// So many numbers are drawn before it is given up.
const TRIES: usize = 20_000;
/// Up to here, numbers are passed over that show less than others would.
const PATIENCE: usize = 1_000;

/// ε of the slope that is measured by hand.
pub(super) const EPSILON: f64 = 0.1;

/// h stays within this, where exp and its kin are moderate.
const FAR: f64 = 2.0;

/// An error is at least this, and so is h: less is hard to tell from 0 with few digits.
const NEAR: f64 = 0.05;

/// Draws a network and records.
///
/// Errors: the loss cannot be with the activation; no numbers were found at which f is finite and δ is not 0.
pub(super) fn draw(random: &mut Random, kind: &Kind) -> Result<Drawn> {
    for attempt in 0..TRIES {
        if let Some(drawn) = self::attempt(random, kind)?
            && (attempt >= PATIENCE || drawn.shows_all())
        {
            return Ok(drawn);
        }
    }
    bail!(
        "--activation: found {}, with which no numbers of few digits have an h between -{FAR} and {FAR}, a finite f and a δ other than 0; expected another \
         function, or other --inputs and --outputs",
        kind.activation.name()
    )
}

fn attempt(random: &mut Random, kind: &Kind) -> Result<Option<Drawn>> {
    let weights = (0..kind.n_inputs * kind.n_outputs).map(|_| tenths(random, 9)).collect();
    let bias = kind.has_bias.then(|| (0..kind.n_outputs).map(|_| tenths(random, 5)).collect());
    let parameters = Parameters::new(kind.n_inputs, weights, bias, kind.n_outputs)?;
    let layer = Layer::new(parameters, kind.activation.clone());
    let mut records: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    while records.len() <= kind.n_records {
        let x: Vec<f64> = (0..kind.n_inputs).map(|_| input(random, records.is_empty())).collect();
        let y = targets(random, kind);
        // One input has seven values: a few records with the same one are better than none.
        if records.iter().all(|(other, _)| *other != x) || kind.n_inputs == 1 {
            records.push((x, y));
        }
    }
    let (x, y) = records.remove(0);
    let etas = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
    let first = random.below(3) as usize;
    let mut step = None;
    for &eta in &etas[first..] {
        let worked = explain(kind.loss, &layer, &x, &y, eta)?;
        let sound = worked.outputs.iter().all(|output| {
            let h = output.net_input.abs();
            (NEAR..=FAR).contains(&h)
                && output.residual.abs() >= NEAR
                && output.delta.abs() >= NEAR * NEAR
                && [output.delta, output.loss].iter().all(|x| x.is_finite())
        });
        if !sound {
            return Ok(None);
        }
        if worked.new_loss < worked.loss {
            step = Some(worked);
            break;
        }
    }
    let Some(step) = step else { return Ok(None) };
    let weight = (random.below(kind.n_inputs as u64) as usize, random.below(kind.n_outputs as u64) as usize);
    let quotient = explain_quotient(kind.loss, &layer, &[(x, y)], weight.1, Some(weight.0), EPSILON)?;
    if !quotient.by_differences.is_finite() {
        return Ok(None);
    }
    let batch = |eta: f64| explain_batch(kind.loss, &layer, &records, eta, Reduction::Sum);
    let small = first_of(&[0.1, 0.05, 0.02, 0.01], |eta| {
        batch(eta).map(|batch| (batch.new_loss < batch.loss).then_some(batch))
    })?;
    let Some(small) = small else { return Ok(None) };
    let moderate = small.records.iter().flat_map(|row| row.net_input.iter().zip(&row.delta));
    if !small.loss.is_finite()
        || !moderate.clone().all(|(h, delta)| h.abs() <= 2.0 * FAR && delta.is_finite())
        || moderate.clone().all(|(_, delta)| *delta == 0.0)
    {
        return Ok(None);
    }
    let rises = first_of(&[0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0], |eta| {
        batch(eta).map(|batch| (batch.new_loss > batch.loss && batch.new_loss.is_finite()).then_some(batch))
    })?;
    // With some f and targets no step goes too far: that is for the reader to find, too.
    let large = match rises {
        Some(large) => large,
        None => batch(50.0)?,
    };
    if !large.new_loss.is_finite() {
        return Ok(None);
    }
    Ok(Some(Drawn { layer, step, weight, quotient, records, small, large }))
}

/// What the first of some numbers gives for which there is something.
fn first_of<R>(
    values: &[f64],
    mut of: impl FnMut(f64) -> deltarule_core::Result<Option<R>>,
) -> deltarule_core::Result<Option<R>> {
    for &value in values {
        if let Some(found) = of(value)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A number of so many tenths at most, and not 0.
fn tenths(random: &mut Random, most: u64) -> f64 {
    let size = (1 + random.below(most)) as f64 / 10.0;
    if random.below(2) == 0 { size } else { -size }
}

/// A whole number from −3 to 3, and not 0 where `counts`: an input of 0 makes a step of 0.
fn input(random: &mut Random, counts: bool) -> f64 {
    loop {
        let x = random.below(7) as f64 - 3.0;
        if x != 0.0 || !counts {
            return x;
        }
    }
}

/// Targets that the loss is defined for, and that f can reach or nearly so.
fn targets(random: &mut Random, kind: &Kind) -> Vec<f64> {
    if kind.activation == Activation::Softmax {
        let own = random.below(kind.n_outputs as u64) as usize;
        return (0..kind.n_outputs).map(|j| if j == own { 1.0 } else { 0.0 }).collect();
    }
    let (low, high) = match kind.loss {
        Loss::Log => (0.0, 1.0),
        Loss::Hinge => (-1.0, 1.0),
        Loss::Poisson => (0.0, f64::INFINITY),
        _ => kind.activation.range(),
    };
    (0..kind.n_outputs)
        .map(|_| match (low.is_finite(), high.is_finite()) {
            (true, true) => {
                if random.below(2) == 0 {
                    low
                } else {
                    high
                }
            }
            (true, false) => low.ceil().max(0.0) + random.below(4) as f64,
            _ => random.below(7) as f64 - 3.0,
        })
        .collect()
}
