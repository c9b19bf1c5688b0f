//! What the runs of a sweep differ in.

use anyhow::{Result, bail};
use deltarule_core::{Batch, Config, Eta, OptimizerKind, Penalty, Reduction};

use crate::cli::{BatchArg, SweepArgs, parse_eta, parse_penalty};
use crate::rule;

/// Epochs of one full-batch run, unless asked for otherwise: a sweep is to see, not to finish.
const EPOCHS: u64 = 1000;
/// Numbers of a range, unless asked for otherwise.
const POINTS: usize = 16;
/// More runs at once than this are a mistake.
const MOST_RUNS: usize = 1000;

/// What distinguishes one run from the others.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) optimizer: Option<OptimizerKind>,
    pub(super) penalty: Penalty,
    pub(super) eta: Eta,
    pub(super) seed: u64,
}

pub(super) fn config(args: &SweepArgs, setting: &Setting) -> Config {
    let (batch, epochs) = match args.batch {
        BatchArg::Full => (Batch::Full, Some(args.epochs.unwrap_or(EPOCHS))),
        BatchArg::Records(n) => (Batch::Records(n), args.epochs),
    };
    Config {
        optimizer: setting.optimizer,
        penalty: setting.penalty,
        eta: setting.eta,
        course: rule::course(&args.rule),
        reduction: args.reduction.map_or(Reduction::Mean, Into::into),
        batch,
        average: args.rule.average,
        patience: args.valid.early_stopping,
        epochs,
        tolerance: args.tolerance,
        seed: setting.seed,
    }
}

/// Every combination of optimizers, seeds and learning rates.
pub(super) fn settings(args: &SweepArgs) -> Result<Vec<Setting>> {
    let points = points(args)?;
    let etas = etas(&args.eta, points)?;
    let seeds = match &args.seeds {
        None => vec![args.network.seed],
        Some(text) => seeds(text)?,
    };
    let kinds = rule::kinds(&args.optimizer, None, &args.rule)?;
    let optimizers: Vec<Option<OptimizerKind>> = match args.optimizer.is_empty() {
        true => vec![None],
        false => kinds.into_iter().map(Some).collect(),
    };
    let (l2s, l1s) = (penalties("--l2", args.l2.as_deref(), points)?, penalties("--l1", args.l1.as_deref(), points)?);
    let penalties: Vec<Penalty> = l2s.iter().flat_map(|&l2| l1s.iter().map(move |&l1| Penalty { l2, l1 })).collect();
    let counts = [etas.len(), seeds.len(), optimizers.len(), penalties.len()];
    let n_runs = counts.into_iter().fold(1, usize::saturating_mul);
    if n_runs > MOST_RUNS {
        bail!(
            "found more than {MOST_RUNS} runs, expected at most so many; try fewer --points, --seeds, --optimizer, --l2 or --l1"
        );
    }
    let mut settings = Vec::with_capacity(n_runs);
    for optimizer in &optimizers {
        for &seed in &seeds {
            for &penalty in &penalties {
                settings.extend(etas.iter().map(|&eta| Setting { optimizer: *optimizer, penalty, eta, seed }));
            }
        }
    }
    Ok(settings)
}

/// How many numbers each range has.
///
/// Errors: a number of them without a range.
fn points(args: &SweepArgs) -> Result<usize> {
    let mut ranges = [Some(&args.eta), args.l2.as_ref(), args.l1.as_ref()].into_iter().flatten();
    match args.points {
        Some(points) if !ranges.any(|text| text.contains("..")) => {
            bail!(
                "--points: found {points} without a range, expected one beside it, as in --eta 0.01..10, --l2 1e-6..1 or --l1 1e-6..1"
            )
        }
        points => Ok(points.unwrap_or(POINTS)),
    }
}

/// LOW..HIGH in equal ratios, or a list.
fn etas(text: &str, points: usize) -> Result<Vec<Eta>> {
    let one =
        |part: &str| parse_eta(part.trim()).or_else(|expected| bail!("--eta: found {part:?} in {text:?}, {expected}"));
    let Some((low, high)) = text.split_once("..") else { return text.split(',').map(one).collect() };
    let (Eta::Given(low), Eta::Given(high)) = (one(low)?, one(high)?) else {
        bail!("--eta: found {text:?}, expected two numbers, as in 1e-4..10");
    };
    Ok(spread("--eta", text, low, high, points)?.into_iter().map(Eta::Given).collect())
}

/// LOW..HIGH in equal ratios, or a list; no penalty where nothing is said.
fn penalties(option: &str, text: Option<&str>, points: usize) -> Result<Vec<f64>> {
    let Some(text) = text else { return Ok(vec![0.0]) };
    let one = |part: &str| {
        parse_penalty(part.trim()).or_else(|expected| bail!("{option}: found {part:?} in {text:?}, {expected}"))
    };
    match text.split_once("..") {
        None => text.split(',').map(one).collect(),
        Some((low, _)) if one(low)? == 0.0 => {
            bail!("{option}: found {text:?}, expected two numbers above 0, as in 1e-6..1, or a list such as 0,0.01,0.1")
        }
        Some((low, high)) => spread(option, text, one(low)?, one(high)?, points),
    }
}

/// Numbers from `low` to `high` in equal ratios.
fn spread(option: &str, text: &str, low: f64, high: f64, points: usize) -> Result<Vec<f64>> {
    if low >= high {
        bail!("{option}: found {text:?}, expected the smaller number first, as in 1e-4..10");
    }
    if points < 2 {
        bail!("--points: found {points}, expected a number from 2 on");
    }
    let ratio = (high / low).ln();
    // Twelve digits: numbers that can be read and typed again, and the same on every machine.
    let rounded = |x: f64| format!("{x:.11e}").parse().unwrap_or(x);
    let at = |k: usize| match k {
        0 => low,
        k if k + 1 == points => high,
        k => rounded(low * (ratio * k as f64 / (points - 1) as f64).exp()),
    };
    Ok((0..points.min(MOST_RUNS + 1)).map(at).collect())
}

/// FIRST..LAST, both counted, or a list.
fn seeds(text: &str) -> Result<Vec<u64>> {
    let one = |part: &str| match part.trim().parse::<u64>() {
        Ok(seed) => Ok(seed),
        Err(_) => bail!("--seeds: found {part:?} in {text:?}, expected whole numbers, as in 0..4 or 1,2,3"),
    };
    match text.split_once("..") {
        None => text.split(',').map(one).collect(),
        Some((first, last)) => match (one(first)?, one(last)?) {
            (first, last) if first > last => {
                bail!("--seeds: found {text:?}, expected the smaller number first, as in 0..4")
            }
            (first, last) => Ok((first..=last).take(MOST_RUNS + 1).collect()),
        },
    }
}
