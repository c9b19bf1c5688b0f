//! `deltarule plot calibration`.

use anyhow::{Result, bail};
use deltarule_core::{ClassTally, ThresholdTally};
use deltarule_model::Target;
use deltarule_plot::{Calibration, Decision, Group, Words};

use super::ground::{Ground, stoppable};
use super::names::{choices, class_text, figure, short_choices};
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
    let source = stoppable(subject.records.records());
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
            None => bail!("--class: found {name:?}, expected one of {}", choices(classes)),
        },
        None => {
            if classes.len() > 2 {
                notes.push(format!(
                    "{} against all others; --class NAME draws another: {}",
                    classes[0],
                    short_choices(classes)
                ));
            }
            if classes.len() == 2 { 1 } else { 0 }
        }
    };
    let class = class_text(target, k);
    let tallies = Tallies::of(ground, k)?;
    let Tallies { decisions, counts, scores, .. } = &tallies;
    let ratio = |part: f64, rest: f64| (part + rest > 0.0).then(|| part / (part + rest));
    let thresholds: Vec<u64> = if least > 1 { coarse_thresholds(counts, at, least) } else { (0..=STEPS).collect() };
    let decisions_of = |k: u64| {
        let row = decisions.decisions(k);
        Decision {
            threshold: row.threshold,
            recall: row.recall(),
            false_alarms: ratio(row.false_positives, row.true_negatives),
            precision: row.precision(),
            f1: row.f1(),
        }
    };
    let groups = tallies.groups().into_iter().filter(|group| group.n >= least.max(1));
    let all = decisions.decisions(0);
    let row = decisions.decisions(at);
    let percent = |share: Option<f64>| share.map_or("none".to_owned(), crate::number::percent);
    if least > 1 {
        notes.push(format!("groups of fewer than {least} records are left out, and thresholds between them"));
    }
    let by_column = ground.counts_by_column();
    let records = |n: f64| match by_column {
        false => count(n as u64, "record"),
        true => format!("records of the weight {}", figure(n)),
    };
    let of_class = match by_column {
        false => format!("{} of them {class}", all.true_positives),
        true => format!(
            "the weight of {class} is {} of {}",
            figure(all.true_positives),
            figure(all.true_positives + all.false_positives)
        ),
    };
    Ok(Calibration {
        words: Words {
            title: format!("p of {class}: how far it can be believed, and what a threshold does"),
            lines: vec![
                format!("{}, {of_class}", ground.line),
                format!(
                    "called so where p ≥ {}: precision {}, recall {}; {} wrongly called so, {} missed",
                    figure(row.threshold),
                    percent(row.precision()),
                    percent(row.recall()),
                    records(row.false_positives),
                    figure(row.false_negatives)
                ),
            ],
            notes,
        },
        class,
        groups: groups.collect(),
        decisions: thresholds.into_iter().map(decisions_of).collect(),
        auc: scores.as_ref().and_then(|scores| scores.scores().auc).filter(|auc| auc.is_finite()),
        threshold: at as f64 / STEPS as f64,
    })
}

/// Records by p of a class against all others.
#[derive(Default)]
struct Tallies {
    /// A record counts as often as its weight says.
    decisions: ThresholdTally,
    /// Each counts once.
    counts: ThresholdTally,
    /// For the area under the curve.
    scores: Option<ClassTally>,
    /// Σv² of each group of the calibration.
    squares: Vec<f64>,
}

impl Tallies {
    /// Errors: those of the source.
    fn of(ground: &Ground<'_>, class: usize) -> Result<Self> {
        let target = &ground.model.encoding().target;
        let mut probabilities = vec![0.0; target.classes().map_or(0, |classes| classes.len())];
        let mut tallies = Self::default();
        let mut scores = ClassTally::new(2);
        ground.for_each_scored(|record| {
            let is_so = match target {
                Target::TwoClasses { low, high, .. } => is_high(record.targets[0], *low, *high) == (class == 1),
                Target::Classes { low, high, .. } => is_high(record.targets[class], *low, *high),
                Target::Numbers { .. } => return,
            };
            target.probabilities_into(record.outputs, &mut probabilities);
            let p = probabilities[class];
            tallies.add(p, is_so, record.weight);
            scores.add(u32::from(is_so), &[1.0 - p, p], record.weight);
        })?;
        tallies.scores = Some(scores);
        Ok(tallies)
    }

    fn add(&mut self, p: f64, is_so: bool, weight: f64) {
        self.decisions.add(p, is_so, weight);
        self.counts.add(p, is_so, 1.0);
        let group = (1..GROUPS).rev().find(|k| p >= *k as f64 / GROUPS as f64).unwrap_or(0);
        self.squares.resize(GROUPS, 0.0);
        self.squares[group] += weight * weight;
    }

    /// Those that have a record which counts.
    fn groups(&self) -> Vec<Group> {
        let groups = self.decisions.calibration().into_iter().zip(&self.squares);
        let some = groups.filter(|(group, _)| group.weight > 0.0);
        some.map(|(group, squares)| Group {
            mean_p: group.mean_p,
            share: group.share,
            n: group.n,
            effective: group.weight * group.weight / squares,
        })
        .collect()
    }
}

/// Groups of the calibration, of equal widths in p.
const GROUPS: usize = 10;

/// Whether a target is that of the class.
fn is_high(y: f64, low: f64, high: f64) -> bool {
    (y - high).abs() < (y - low).abs()
}

/// Thresholds from 0 to 1, and `at`, each with at least so many records between it and the next, so that no step of a line is one record's p. Where there are
/// fewer on one side of `at`, they are one step.
fn coarse_thresholds(counts: &ThresholdTally, at: u64, least: u64) -> Vec<u64> {
    let below: Vec<u64> =
        (0..=STEPS).map(|k| counts.decisions(k)).map(|row| (row.false_negatives + row.true_negatives) as u64).collect();
    let below = |k: u64| below[k.min(STEPS) as usize];
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
        let tally = |p: &[f64]| {
            let mut tally = ThresholdTally::default();
            p.iter().for_each(|p| tally.add(*p, true, 1.0));
            tally
        };
        let kept = coarse_thresholds(&tally(&p), 500, 5);
        let between = |pair: &[u64]| {
            let (low, high) = (pair[0] as f64 / 1000.0, pair[1] as f64 / 1000.0);
            p.iter().filter(|p| (low..high).contains(*p)).count()
        };
        assert!(kept.len() > 5 && kept[0] == 0 && kept.contains(&500) && kept.last() == Some(&1000), "{kept:?}");
        assert!(kept.windows(2).all(|pair| pair[0] < pair[1] && between(pair) >= 5), "{kept:?}");
        // Two records, one on each side.
        assert_eq!(coarse_thresholds(&tally(&[0.1, 0.9]), 500, 5), [0, 500, 1000]);
        assert_eq!(coarse_thresholds(&tally(&[0.1, 0.9]), 0, 5), [0, 1000]);
        assert_eq!(coarse_thresholds(&tally(&[]), 1000, 5), [0, 1000]);
    }

    #[test]
    fn weights_widen_the_bars_and_do_not_narrow_them() {
        let of = |weights: &[f64]| {
            let mut tallies = Tallies::default();
            weights.iter().enumerate().for_each(|(k, v)| tallies.add(0.35, k % 2 == 0, *v));
            tallies.groups()
        };
        let equal = of(&[2.5; 8]);
        assert_eq!((equal.len(), equal[0].n, equal[0].share), (1, 8, 0.5));
        assert!((equal[0].effective - 8.0).abs() < 1e-12);
        let one_counts = of(&[100.0, 1.0, 1.0, 1.0]);
        assert!(one_counts[0].effective < 1.1 && one_counts[0].share > 0.9);
        assert!(of(&[0.0, 0.0]).is_empty());
    }
}
