//! `show --summary`: how sure each weight is, from the records that a model was trained on.

use std::ops::Range;

use anyhow::{Result, bail};
use deltarule_core::{Distribution, Estimate, Information, Layer, Loss, Robust, Summary, Theory, Weight};
use deltarule_data::{DataError, RowState};
use deltarule_model::{FeatureKind, Model};

use crate::cli::ShowArgs;
use crate::number::{count, short};
use crate::rows::{RowTally, Rows};
use crate::setup::Repeated;
use crate::{output, scores};

/// Weights may be so far from the minimum, in their standard errors: less than the second digit of a z.
const FARTHEST: f64 = 0.01;
/// Where they are farther than this, standard errors are those of the weights that one step of Newton's leads to.
const NEAR: f64 = 1e-7;

/// A summary, and what is needed to tell of it.
pub(super) struct Told<'m> {
    pub(super) model: &'m Model,
    pub(super) data: String,
    /// What became of the rows that were read.
    pub(super) left_out: RowTally,
    pub(super) theory: Theory,
    pub(super) robust: Option<Robust>,
    pub(super) level: f64,
    pub(super) summary: Summary,
    /// Of the farthest weight: how far the minimum of E is away, in standard errors.
    pub(super) distance: f64,
}

/// One weight of the summary in the units of the user's columns.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) estimate: f64,
    pub(super) weight: Weight,
}

/// What follows from an estimate and its standard error.
pub(super) struct Tested {
    pub(super) standard_error: f64,
    /// z or t.
    pub(super) statistic: f64,
    pub(super) p: f64,
    pub(super) interval: Range<f64>,
}

impl<'m> Told<'m> {
    /// Reads the records, and works out the summary.
    pub(super) fn of(model: &'m Model, args: &ShowArgs) -> Result<Self> {
        let theory = theory(model)?;
        let mut rows = Rows::of(&args.rows, &args.summary, &[], false)?;
        let repeated = Repeated::of(&args.summary, &args.files)?;
        let (information, data, left_out) = gather(model, model.layer(), args, &repeated, &mut rows)?;
        let conventions = conventions(model, &information);
        for (index, feature) in model.encoding().features.iter().enumerate() {
            let n = information.without_level(index);
            if n > 0 && !conventions[index].is_empty() {
                bail!(
                    "{data}: found {} with a level of {:?} that the model does not have, expected the records that it was trained on",
                    count(n, "record"),
                    feature.name
                );
            }
        }
        if information.n_records() == 0 {
            bail!("{data}: found no record with every feature and the target, expected at least one");
        }
        if let Some(j) = information.certain_output() {
            bail!(
                "--summary: found {} predicted as 0 or 1 to six digits in every record, expected some that are not certain: the inputs tell its \
                 records apart without exception, E falls for ever as the weights grow, and their size means nothing",
                model.encoding().target.output_names()[j]
            );
        }
        let summary = information.summary(&conventions)?;
        let (robust, level) = (args.robust.map(Into::into), args.level.unwrap_or(0.95));
        let mut told = Self { model, data, left_out, theory, robust, level, summary, distance: 0.0 };
        told.check_distance()?;
        if told.distance > NEAR {
            let mut parameters = model.layer().parameters().clone();
            parameters.add_scaled(1.0, &information.step(&conventions));
            let nearer = Layer::new(parameters, model.layer().activation().clone());
            told.summary = gather(model, &nearer, args, &repeated, &mut rows.again())?.0.summary(&conventions)?;
        }
        rows.finish()?;
        Ok(told)
    }

    /// Each output with its weights, the bias last.
    pub(super) fn outputs(&self) -> Vec<(String, Vec<Line>)> {
        let encoding = self.model.encoding();
        let names = encoding.input_names();
        let outputs = encoding.target.output_names().into_iter().zip(&self.summary.outputs).enumerate();
        let lines = outputs.map(|(j, (output, summary))| {
            let original = self.model.original_weights(j);
            let weights = names.iter().zip(&original.weights).zip(&summary.weights);
            let mut lines: Vec<Line> =
                weights.map(|((name, &estimate), &weight)| Line { name: name.clone(), estimate, weight }).collect();
            let bias = summary.bias.map(|weight| Line { name: "(bias)".to_owned(), estimate: original.bias, weight });
            lines.extend(bias);
            (output, lines)
        });
        lines.collect()
    }

    /// What follows from a line, where its weight is determined.
    pub(super) fn test(&self, line: &Line) -> Option<Tested> {
        let Weight::Estimated(Estimate { standard_error, .. }) = line.weight else { return None };
        let statistic = line.estimate / standard_error;
        let half = self.summary.distribution.central(self.level) * standard_error;
        Some(Tested {
            standard_error,
            statistic,
            p: self.summary.distribution.two_sided(statistic),
            interval: line.estimate - half..line.estimate + half,
        })
    }

    /// `t` or `z`.
    pub(super) fn statistic_name(&self) -> &'static str {
        match self.summary.distribution {
            Distribution::StudentT { .. } => "t",
            Distribution::Normal => "z",
        }
    }

    /// Errors: the weights are not at the minimum of E on these records.
    fn check_distance(&mut self) -> Result<()> {
        let mut farthest = (0.0, String::new());
        for (_, lines) in self.outputs() {
            for line in lines {
                match line.weight {
                    Weight::Estimated(Estimate { distance, .. }) if distance > farthest.0 => {
                        farthest = (distance, line.name);
                    }
                    _ => {}
                }
            }
        }
        let (distance, name) = farthest;
        self.distance = distance;
        if distance <= FARTHEST {
            return Ok(());
        }
        let training = self.model.training();
        let advice = if self.summary.n_records != training.rows_trained {
            format!(
                "the model was trained on {} of {}; give those{}",
                count(training.rows_trained, "record"),
                training.data,
                if training.rows_held_out > 0 { ", or train without --valid" } else { "" }
            )
        } else if training.stop_reason == "minimum" {
            format!("are these the records of {} that it was trained on?", training.data)
        } else {
            format!(
                "training stopped for another reason ({}); train with --batch full until there is a minimum",
                training.stop_reason
            )
        };
        bail!(
            "{}: found weights that are up to {} standard errors from the minimum of E on these {} ({name}), expected at most {FARTHEST}: \
             standard errors are those of a minimum; {advice}",
            self.data,
            short(distance),
            count(self.summary.n_records, "record")
        )
    }
}

/// The sums over the records of the files, at the weights of a layer, the name of the files, and what became of their rows.
fn gather(
    model: &Model,
    layer: &Layer,
    args: &ShowArgs,
    repeated: &Repeated<'_>,
    rows: &mut Rows,
) -> Result<(Information, String, RowTally)> {
    let (encoding, training) = (model.encoding(), model.training());
    let robust = args.robust.map(Into::into);
    let mut information = Information::new(&encoding.shape(), &encoding.scaling(), layer, training.loss, robust)?;
    let mut reader = repeated.open(rows.skips())?;
    let mut encoder = scores::encoder_of(encoding, &reader, training.loss, training.weight.as_deref(), rows)?;
    let data = reader.name().to_owned();
    let n_read = scores::for_each_block(&mut reader, &mut encoder, rows, |before, states, block| {
        if output::interrupted() {
            return Err(DataError::Interrupted { file: data.clone() }.into());
        }
        let complete = |r: usize| states[r] == RowState::Complete;
        scores::check_targets(&encoding.target, training.loss, block, complete, &data, before)?;
        Ok(information.add(block, complete)?)
    })?;
    let left_out = rows.conclude(&data, n_read)?;
    Ok((information, data, left_out))
}

/// The theory that a model's weights have.
///
/// Errors: none, or training has made it useless.
fn theory(model: &Model) -> Result<Theory> {
    let training = model.training();
    let activation = model.layer().activation();
    let Some(theory) = Theory::of(training.loss, activation) else {
        let advice = match training.loss {
            Loss::Squared if model.encoding().target.classes().is_some() => "; for classes, train with --loss log",
            _ => "",
        };
        bail!(
            "--summary: found --loss {} with f = {activation}, expected squared with identity, log with sigmoid or softmax, or poisson with exp: \
             standard errors come from what is known of the targets' chances, and that is known for these{advice}",
            training.loss
        );
    };
    if training.l2 > 0.0 || training.l1 > 0.0 {
        let name = if training.l1 > 0.0 { "l1" } else { "l2" };
        bail!(
            "--summary: found a model with a penalty (--{name}), expected one without: a penalty moves the weights towards 0, and how far they \
             are from the true ones is then no matter of chance alone"
        );
    }
    if !training.class_weights.is_empty() {
        bail!(
            "--summary: found a model trained with --class-weight, expected one without: it describes records in which the classes have other shares \
             than in those that were seen, and these say nothing of how sure that is"
        );
    }
    match training.stop_reason.as_str() {
        "no-finite-minimum" => bail!(
            "--summary: found a model without a finite minimum, expected one with a minimum: the weights would grow for ever, and their size \
             means nothing. Some inputs tell the targets of some records apart without exception: drop those, or use predictions alone"
        ),
        "exact" => bail!(
            "--summary: found a model that is exact on its training records, expected one that is not: nothing is left over from which \
             standard errors could be estimated"
        ),
        _ => {}
    }
    let shape = model.encoding().shape();
    let per_output = shape.n_features() + usize::from(model.layer().parameters().has_bias());
    let n = match theory {
        Theory::Multinomial => per_output * shape.n_outputs().saturating_sub(1),
        _ => per_output,
    };
    if n > Information::MOST_WEIGHTS {
        let largest = model.encoding().features.iter().max_by_key(|feature| feature.n_inputs());
        bail!(
            "--summary: found {n} weights that depend on each other, expected at most {}: the work grows with their square for each record{}",
            Information::MOST_WEIGHTS,
            largest.filter(|feature| feature.n_inputs() > 1).map_or(String::new(), |feature| {
                let advice = match feature.kind {
                    FeatureKind::Category { .. } => ", or pool its levels with --min-count",
                    FeatureKind::Hashed { .. } => ", or hash it into fewer buckets (--hash NAME:BITS)",
                    _ => "",
                };
                format!("; {:?} alone has {}: drop it{advice}", feature.name, feature.n_inputs())
            })
        );
    }
    if theory == Theory::Multinomial && !is_centred(model) {
        bail!(
            "--summary: found weights of softmax that do not add up to 0 over the classes, expected those that training from zeros gives: only \
             differences between classes are determined; train with --init zeros"
        );
    }
    Ok(theory)
}

/// Whether the weights of each input add up to 0 over the outputs, as far as numbers go.
fn is_centred(model: &Model) -> bool {
    let parameters = model.layer().parameters();
    let outputs = 0..parameters.n_outputs();
    let of_input = |value: &dyn Fn(usize) -> f64| {
        let (sum, size) = outputs.clone().map(value).fold((0.0, 0.0), |(sum, size), w| (sum + w, size + w.abs()));
        sum.abs() <= 1e-6 * (size + 1e-6)
    };
    let weights = (0..parameters.n_features()).all(|i| of_input(&|j| parameters.weights(j)[i]));
    weights && of_input(&|j| parameters.bias(j))
}

/// The training records of each level of the columns whose weights average to zero by them, counted as often as a column of weights says; nothing for
/// other columns.
fn conventions(model: &Model, information: &Information) -> Vec<Vec<f64>> {
    let has_bias = model.layer().parameters().has_bias();
    let is_weighted = model.training().weight.is_some();
    let features = model.encoding().features.iter().enumerate().map(|(index, feature)| match &feature.kind {
        FeatureKind::Category { counts, .. } | FeatureKind::Hashed { counts, .. }
            if has_bias && counts.iter().sum::<u64>() == model.training().rows_trained =>
        {
            // The model holds no sums of weights.
            match is_weighted {
                true => information.level_weights(index).to_vec(),
                false => counts.iter().map(|&count| count as f64).collect(),
            }
        }
        _ => Vec::new(),
    });
    features.collect()
}
