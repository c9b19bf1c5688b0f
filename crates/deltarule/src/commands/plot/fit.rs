//! `deltarule plot fit`.

use anyhow::{Result, bail};
use deltarule_model::{Model, Target};
use deltarule_plot::{Fit, FitRecord, FitView, Words};

use super::ground::{Ground, Sample, stoppable};
use super::names::{choices, class_text, figure, short_choices};
use super::save::Destination;
use super::subject::Subject;
use crate::cli::plot::FitArgs;
use crate::number::count;

/// So many points make a smooth curve.
const POINTS: usize = 241;

pub(super) fn run(args: &FitArgs) -> Result<()> {
    let read: Vec<_> = args.on.data.iter().chain([&args.on.model]).collect();
    let destination = Destination::open(&args.picture, &read)?;
    let subject = Subject::read(&args.on.model, &args.on.data, &args.records, None, args.picture.force)?;
    let fit = fit_of(&subject.ground(&stoppable(subject.records.records())), args.output.as_deref())?;
    destination.save(&fit.draw(args.picture.look())?)
}

/// Predictions of one output beside what is so.
pub(crate) fn fit_of(ground: &Ground<'_>, output: Option<&str>) -> Result<Fit> {
    let model = ground.model;
    let outputs = &ground.names.outputs;
    let j = match output {
        None => 0,
        Some(name) => match outputs.iter().position(|output| output == name) {
            Some(j) => j,
            None => bail!("--output: found {name:?}, expected one of {}", choices(outputs)),
        },
    };
    let mut notes = ground.notes.clone();
    if outputs.len() > 1 && output.is_none() {
        notes.push(format!(
            "output {} of {}; --output NAME draws another: {}",
            outputs[j],
            outputs.len(),
            short_choices(outputs)
        ));
    }
    let only_input = ground.only_input();
    let mut sample = Sample::of(ground.source.n_records());
    // x where there is one input, y, ŷ and the weight.
    let mut drawn: Vec<(f64, f64, f64, f64)> = Vec::new();
    let (mut squares, mut weights, mut n) = (0.0, 0.0, 0);
    ground.for_each_scored(|record| {
        let (y, o, v) = (record.targets[j], record.outputs[j], record.weight);
        // A record of weight 0 is as good as none, whatever its prediction is.
        squares += if v > 0.0 { v * (y - o) * (y - o) } else { 0.0 };
        (weights, n) = (weights + v, n + 1);
        if sample.takes_next() {
            // What is missing is taken to be the mean.
            let x = only_input
                .as_ref()
                .map_or(0.0, |(_, mean, _)| Some(record.first_number()).filter(|x| !x.is_nan()).unwrap_or(*mean));
            drawn.push((x, y, o, v));
        }
    })?;
    notes.extend(sample.note());
    let error_line = format!("root mean square of y − ŷ: {}", figure((squares / weights).sqrt()));
    let name = &outputs[j];
    let line = ground.line.clone();
    if let Some((input_label, _, scaling)) = only_input {
        let records = drawn.iter().map(|&(x, y, _, weight)| FitRecord { x, y, weight }).collect();
        let finite = || drawn.iter().map(|record| record.0).filter(|x| x.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let room = 0.04 * (high - low);
        let at = |k: usize| (low - room) + (high - low + 2.0 * room) * k as f64 / (POINTS - 1) as f64;
        let line_of = (0..POINTS).map(at).map(|x| (x, model.layer().outputs(&[scaling.apply(x)])[j])).collect();
        let title = format!("{name} over {input_label}: records and fit");
        return Ok(Fit {
            words: Words { title, lines: vec![line, error_line], notes },
            output_label: name.clone(),
            view: FitView::Line { input_label, records, line: line_of },
        });
    }
    if matches!(model.encoding().target, Target::Numbers { .. }) {
        return Ok(Fit {
            words: Words {
                title: format!("{name}: predicted against actual, and residuals"),
                lines: vec![line, error_line],
                notes,
            },
            output_label: name.clone(),
            view: FitView::Pairs {
                records: drawn.iter().map(|&(_, y, o, weight)| FitRecord { x: y, y: o, weight }).collect(),
            },
        });
    }
    let (class, low, high) = class_of(model, j);
    let is_so = |y: f64| (y - high).abs() < (y - low).abs();
    let part = |wanted: bool| -> Vec<(f64, f64)> {
        drawn.iter().filter(|(_, y, ..)| is_so(*y) == wanted).map(|&(_, _, o, v)| (o, v)).collect()
    };
    let groups = [part(true), part(false)];
    let two = matches!(model.encoding().target, Target::TwoClasses { .. });
    let others = match &model.encoding().target {
        target @ Target::TwoClasses { .. } => class_text(target, 0),
        _ => "the others".to_owned(),
    };
    Ok(Fit {
        words: Words { title: format!("ŷ of {class} among {}", count(n, "record")), lines: vec![line], notes },
        output_label: format!("ŷ for {class}: {} for its own records, {} for others", figure(high), figure(low)),
        view: FitView::Classes {
            names: [class, others],
            outputs: groups,
            is_weighed: ground.counts_by_column(),
            threshold: two.then_some(0.5 * (low + high)),
        },
    })
}

/// The class that an output stands for, and the targets of others and of it.
fn class_of(model: &Model, j: usize) -> (String, f64, f64) {
    match &model.encoding().target {
        Target::Numbers { names, .. } => (names[j].clone(), 0.0, 1.0),
        target @ Target::TwoClasses { low, high, .. } => (class_text(target, 1), *low, *high),
        target @ Target::Classes { low, high, .. } => (class_text(target, j), *low, *high),
    }
}
