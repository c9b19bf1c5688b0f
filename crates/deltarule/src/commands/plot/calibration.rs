//! `deltarule plot calibration`.

use anyhow::{Result, bail};
use deltarule_core::{ClassTally, ThresholdTally};
use deltarule_model::Target;
use deltarule_plot::{Calibration, Decision, Group, Words};

use super::ground::Ground;
use super::names::figure;
use super::save::Destination;
use super::subject::Subject;
use crate::cli::plot::CalibrationArgs;
use crate::number::count;

/// Thresholds are so many parts of 1.
const STEPS: u64 = 1000;

pub(super) fn run(args: &CalibrationArgs) -> Result<()> {
    let read: Vec<_> = args.on.data.iter().chain([&args.on.model]).collect();
    let destination = Destination::open(&args.picture, &read)?;
    let subject = Subject::read(&args.on.model, &args.on.data, &args.records, None, args.picture.force)?;
    let source = subject.records.dataset()?;
    let ground = subject.ground(&source);
    if subject.model.encoding().target.classes().is_none() {
        bail!("{}: found a model of numbers, expected one of classes; plot fit draws numbers", subject.model_name);
    }
    let calibration = calibration_of(&ground, args.class.as_deref(), args.threshold.unwrap_or(STEPS / 2), 1)?;
    destination.save(&calibration.draw(args.picture.look())?)
}

/// How far p of a class can be believed; nothing in it is of fewer than `least` records.
pub(crate) fn calibration_of(ground: &Ground<'_>, class: Option<&str>, at: u64, least: u64) -> Result<Calibration> {
    let target = &ground.model.encoding().target;
    let classes = target.classes().unwrap_or_default();
    let mut notes = ground.notes.clone();
    let k = match class {
        Some(name) => match classes.iter().position(|class| class == name) {
            Some(k) => k,
            None => bail!("--class: found {name:?}, expected one of {}", classes.join(", ")),
        },
        None => {
            if classes.len() > 2 {
                notes.push(format!(
                    "{} against all others; --class NAME draws another: {}",
                    classes[0],
                    classes.join(", ")
                ));
            }
            if classes.len() == 2 { 1 } else { 0 }
        }
    };
    let scored = ground.scored()?;
    let p = &scored.probabilities(ground.model)[k];
    let is_so: Vec<bool> = match target {
        Target::TwoClasses { low, high, .. } => {
            let is_second = |y: &f64| (y - high).abs() < (y - low).abs();
            scored.targets(0).iter().map(|y| is_second(y) == (k == 1)).collect()
        }
        Target::Classes { low, high, .. } => {
            scored.targets(k).iter().map(|y| (y - high).abs() < (y - low).abs()).collect()
        }
        Target::Numbers { .. } => Vec::new(),
    };
    let (mut tally, mut scores) = (ThresholdTally::default(), ClassTally::new(2));
    for (p, is_so) in p.iter().zip(&is_so) {
        tally.add(*p, *is_so, 1.0);
        scores.add(u32::from(*is_so), &[1.0 - p, *p], 1.0);
    }
    let ratio = |part: f64, rest: f64| (part + rest > 0.0).then(|| part / (part + rest));
    let thresholds: Vec<u64> = if least > 1 { coarse_thresholds(p, at, least) } else { (0..=STEPS).collect() };
    let decisions = thresholds.into_iter().map(|k| tally.decisions(k)).map(|row| Decision {
        threshold: row.threshold,
        recall: row.recall(),
        false_alarms: ratio(row.false_positives, row.true_negatives),
        precision: row.precision(),
        f1: row.f1(),
    });
    let groups = tally.calibration().into_iter().filter(|group| group.n >= least.max(1));
    let n_of_class = is_so.iter().filter(|is_so| **is_so).count() as u64;
    let row = tally.decisions(at);
    let percent = |share: Option<f64>| share.map_or("none".to_owned(), crate::number::percent);
    if least > 1 {
        notes.push(format!("groups of fewer than {least} records are left out, and thresholds between them"));
    }
    if ground.is_weighted {
        notes.push("here each record counts once".to_owned());
    }
    Ok(Calibration {
        words: Words {
            title: format!("p of {}: how far it can be believed, and what a threshold does", classes[k]),
            lines: vec![
                format!("{}, {n_of_class} of them {}", ground.line, classes[k]),
                format!(
                    "called so where p ≥ {}: precision {}, recall {}; {} wrongly called so, {} missed",
                    figure(row.threshold),
                    percent(row.precision()),
                    percent(row.recall()),
                    count(row.false_positives as u64, "record"),
                    row.false_negatives
                ),
            ],
            notes,
        },
        class: classes[k].clone(),
        groups: groups.map(|group| Group { mean_p: group.mean_p, share: group.share, n: group.n }).collect(),
        decisions: decisions.collect(),
        auc: scores.scores().auc.filter(|auc| auc.is_finite()),
        threshold: at as f64 / STEPS as f64,
    })
}

/// Thresholds from 0 to 1, and `at`, each with at least so many records between it and the next, so that no step of a line is one record's p. Where there are
/// fewer on one side of `at`, they are one step.
fn coarse_thresholds(p: &[f64], at: u64, least: u64) -> Vec<u64> {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = |k: u64| sorted.partition_point(|p| *p < k as f64 / STEPS as f64) as u64;
    let mut kept = vec![0];
    for (first, last) in [(0, at.min(STEPS)), (at.min(STEPS), STEPS)] {
        let mut before = below(first);
        for k in first + 1..last {
            // What is left after it must be enough for a step too.
            if below(k) - before >= least && below(last) - below(k) >= least {
                kept.push(k);
                before = below(k);
            }
        }
        kept.push(last);
    }
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_is_one_record() {
        let p: Vec<f64> = (0..40).map(|k| f64::from(k * k) / 1600.0).collect();
        let kept = coarse_thresholds(&p, 500, 5);
        let between = |pair: &[u64]| {
            let (low, high) = (pair[0] as f64 / 1000.0, pair[1] as f64 / 1000.0);
            p.iter().filter(|p| (low..high).contains(*p)).count()
        };
        assert!(kept.len() > 5 && kept[0] == 0 && kept.contains(&500) && kept.last() == Some(&1000), "{kept:?}");
        assert!(kept.windows(2).all(|pair| pair[0] < pair[1] && between(pair) >= 5), "{kept:?}");
        // Two records, one on each side.
        assert_eq!(coarse_thresholds(&[0.1, 0.9], 500, 5), [0, 500, 1000]);
        assert_eq!(coarse_thresholds(&[0.1, 0.9], 0, 5), [0, 1000]);
        assert_eq!(coarse_thresholds(&[], 1000, 5), [0, 1000]);
    }
}
