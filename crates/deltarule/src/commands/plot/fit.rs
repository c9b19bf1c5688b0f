//! `deltarule plot fit`.

use anyhow::{Result, bail};
use deltarule_model::{Model, Target};
use deltarule_plot::{Fit, FitView, Words};

use super::ground::Ground;
use super::names::figure;
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
    let source = subject.records.dataset()?;
    let fit = fit_of(&subject.ground(&source), args.output.as_deref())?;
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
            None => bail!("--output: found {name:?}, expected one of {}", outputs.join(", ")),
        },
    };
    let mut notes = ground.notes.clone();
    if outputs.len() > 1 && output.is_none() {
        notes.push(format!(
            "output {} of {}; --output NAME draws another: {}",
            outputs[j],
            outputs.len(),
            outputs.join(", ")
        ));
    }
    let scored = ground.scored()?;
    let (targets, predicted) = (scored.targets(j), scored.outputs(j));
    let rmse =
        (targets.iter().zip(predicted).map(|(y, o)| (y - o) * (y - o)).sum::<f64>() / targets.len() as f64).sqrt();
    let name = &outputs[j];
    let line = ground.line.clone();
    let of_numbers = matches!(model.encoding().target, Target::Numbers { .. });
    if let Some((input_label, x, scaling)) = ground.only_input()? {
        let records: Vec<(f64, f64)> = x.iter().copied().zip(targets.iter().copied()).collect();
        let finite = || x.iter().copied().filter(|x| x.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let room = 0.04 * (high - low);
        let at = |k: usize| (low - room) + (high - low + 2.0 * room) * k as f64 / (POINTS - 1) as f64;
        let line_of = (0..POINTS).map(at).map(|x| (x, model.layer().outputs(&[scaling.apply(x)])[j])).collect();
        let title = format!("{name} over {input_label}: records and fit");
        return Ok(Fit {
            words: Words { title, lines: vec![line, format!("root mean square of y − ŷ: {}", figure(rmse))], notes },
            output_label: name.clone(),
            view: FitView::Line { input_label, records, line: line_of },
        });
    }
    if of_numbers {
        return Ok(Fit {
            words: Words {
                title: format!("{name}: predicted against actual, and residuals"),
                lines: vec![line, format!("root mean square of y − ŷ: {}", figure(rmse))],
                notes,
            },
            output_label: name.clone(),
            view: FitView::Pairs { records: targets.iter().copied().zip(predicted.iter().copied()).collect() },
        });
    }
    let (class, low, high) = class_of(model, j);
    let is_so = |y: &f64| (*y - high).abs() < (*y - low).abs();
    let part = |wanted: bool| -> Vec<f64> {
        targets.iter().zip(predicted).filter(|(y, _)| is_so(y) == wanted).map(|(_, o)| *o).collect()
    };
    let groups = [part(true), part(false)];
    let two = matches!(model.encoding().target, Target::TwoClasses { .. });
    let others = match &model.encoding().target {
        Target::TwoClasses { classes, .. } => classes[0].clone(),
        _ => "the others".to_owned(),
    };
    Ok(Fit {
        words: Words {
            title: format!("ŷ of {class} among {}", count(targets.len() as u64, "record")),
            lines: vec![line],
            notes,
        },
        output_label: format!("ŷ for {class}: {} for its own records, {} for others", figure(high), figure(low)),
        view: FitView::Classes {
            names: [class, others],
            outputs: groups,
            threshold: two.then_some(0.5 * (low + high)),
        },
    })
}

/// The class that an output stands for, and the targets of others and of it.
fn class_of(model: &Model, j: usize) -> (String, f64, f64) {
    match &model.encoding().target {
        Target::Numbers { names, .. } => (names[j].clone(), 0.0, 1.0),
        Target::TwoClasses { classes, low, high, .. } => (classes[1].clone(), *low, *high),
        Target::Classes { classes, low, high, .. } => (classes[j].clone(), *low, *high),
    }
}
