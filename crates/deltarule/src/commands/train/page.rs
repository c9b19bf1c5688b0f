//! `--report`: a page with all that a training was and gave.

use anyhow::Result;
use deltarule_core::{Layer, Loss, Parameters, WeightIndex, WeightUnits};
use deltarule_model::{Encoding, Feature, FeatureKind, Model, Target, Training};
use deltarule_plot::{Curve, Look, Part, Picture, PlotError, Report, Run as DrawnRun, Section, Theme, Words};

use super::watch::Seen;
use super::{Run, Trained};
use crate::commands::explain;
use crate::commands::plot::{
    Ground, Names, Scene, Way, calibration_of, figure, fit_of, rise, standing_of, stoppable, weight_text, weights_of,
};
use crate::number::{count, digits, short};
use crate::report;
use crate::scores::{Scores, Weighing};

/// A worked step with more inputs than this is no help.
const MOST_INPUTS: usize = 2000;

/// What a training gave, for its report.
pub(super) struct Outcome<'a> {
    pub(super) model: &'a Model,
    pub(super) scores: &'a [(&'a str, &'a Scores)],
    /// Why descent ended, in words.
    pub(super) reason: &'a str,
    pub(super) warnings: Vec<String>,
    /// Whether neither a record nor the name of a level is to be shown.
    pub(super) is_private: bool,
}

impl Run<'_> {
    /// The page.
    pub(super) fn page(&self, trained: &Trained, outcome: &Outcome<'_>) -> Result<String> {
        let without_names;
        // Products have the names of levels in theirs.
        let names_levels = outcome.is_private && self.encoding.features.iter().any(Feature::is_combined);
        let model = match outcome.is_private && !names_levels {
            true => {
                without_names = nameless(outcome.model)?;
                &without_names
            }
            false => outcome.model,
        };
        let names = Names::of(model.encoding(), model.layer().parameters().has_bias());
        let training = &match outcome.is_private {
            true => placeless(outcome.model)?,
            false => outcome.model.training().clone(),
        };
        let source = stoppable(&self.prepared.training);
        let ground = Ground {
            model,
            names: &names,
            source: &source,
            scaling: self.problem.scaling,
            threads: self.problem.threads,
            loss: self.problem.loss,
            penalty: trained.plan.penalty,
            is_weighted: !self.prepared.is_unweighted(),
            weighing: Weighing::of_prepared(self.prepared),
            line: format!(
                "{}: {}, f = {}",
                training.data,
                count(training.rows_trained, "training record"),
                self.prepared.activation
            ),
            notes: self.prepared.weight_column().map(weight_text).into_iter().collect(),
        };
        let mut sections =
            vec![self.read_section(trained, training, outcome), self.trained_section(trained, training, outcome)];
        sections.push(scores_section(outcome));
        sections.extend(curve_section(&trained.seen, &ground.error_label())?);
        if names_levels {
            let text = "The weights, and E over them, are not shown: this training is private, and products have the names of levels in theirs.";
            sections.push(Section { heading: "Weights".to_owned(), parts: vec![Part::Text(text.to_owned())] });
        } else {
            sections.extend(self.surface_section(trained, &ground)?);
            sections.push(weights_section(&ground)?);
            sections.extend(fit_section(&ground, outcome.is_private)?);
        }
        sections.push(self.step_section(trained, outcome)?);
        sections.push(self.again_section(trained, training));
        let report = Report {
            title: format!("{} from {}", self.prepared.target.columns().join(", "), training.data),
            lead: vec![
                format!(
                    "A single-layer network, ŷ = f(Σ w x + b) with f = {}, trained by the delta rule on {}.",
                    self.prepared.activation,
                    count(training.rows_trained, "record")
                ),
                format!("Stopped after {}: {}.", count(trained.fit.epochs, "epoch"), outcome.reason),
            ],
            sections,
            footer: format!("deltarule {}; all pictures and numbers of this page are in this file", training.version),
        };
        Ok(report.to_html())
    }

    fn read_section(&self, trained: &Trained, training: &Training, outcome: &Outcome<'_>) -> Section {
        let mut parts = Vec::new();
        // What is said of classes and columns names levels.
        if !outcome.is_private {
            parts.extend(trained.opening.read.lines().map(|line| Part::Text(line.to_owned())));
        } else {
            parts.push(Part::Text(format!(
                "{}: {} read, {} trained on, {} held out, {} left out.",
                training.data,
                count(training.rows, "record"),
                training.rows_trained,
                training.rows_held_out,
                training.rows_dropped
            )));
        }
        let told = self.encoding.features.iter().filter(|feature| !outcome.is_private || !feature.is_combined());
        let kinds = told.map(|feature| {
            let range = match &feature.kind {
                // The ends are values of records.
                FeatureKind::Number { mean, .. } if outcome.is_private => {
                    vec![short(*mean), String::new(), String::new()]
                }
                FeatureKind::Number { mean, min, max, .. } => [short(*mean), short(*min), short(*max)].to_vec(),
                FeatureKind::Boolean { mean, .. } => vec![short(*mean), "0".into(), "1".into()],
                _ => vec![count(feature.n_inputs() as u64, "weight"), String::new(), String::new()],
            };
            [vec![feature.name.clone(), feature.kind_name().to_owned()], range].concat()
        });
        /// More columns than this are not listed.
        const MOST: usize = 100;
        let rows: Vec<Vec<String>> = kinds.take(MOST).collect();
        let head = ["column", "kind", "mean", "least", "largest"].map(str::to_owned).to_vec();
        parts.push(Part::Table(head, rows));
        if self.encoding.features.len() > MOST {
            parts.push(Part::Text(format!("The first {MOST} of {} columns.", self.encoding.features.len())));
        }
        Section { heading: "What was read".to_owned(), parts }
    }

    fn trained_section(&self, trained: &Trained, training: &Training, outcome: &Outcome<'_>) -> Section {
        // The start as the record of the training has it: of a private one it names no file.
        let mut lines = format!(
            "start: {}\n{}\nstopped after {}: {}",
            training.init,
            trained.opening.rule,
            count(trained.fit.epochs, "epoch"),
            outcome.reason
        );
        for more in [
            report::distance_text(&trained.plan, trained.fit.loss),
            report::penalised_text(&trained.plan, &trained.fit),
        ] {
            lines.extend(more.map(|text| format!("\n{text}")));
        }
        let mut parts: Vec<Part> = lines.lines().map(|line| Part::Text(line.to_owned())).collect();
        if !outcome.is_private {
            parts.extend(outcome.warnings.iter().map(|warning| Part::Text(format!("Warning: {warning}"))));
        }
        Section { heading: "How it was trained".to_owned(), parts }
    }

    /// The bowl of the weight that counts most, and the contours of the two that do.
    fn surface_section(&self, trained: &Trained, ground: &Ground<'_>) -> Result<Option<Section>> {
        let layer = &trained.fit.layer;
        let slice = ground.slice(layer, WeightUnits::Scaled);
        let objective = slice.objectives(std::slice::from_ref(layer.parameters()))?[0];
        if !objective.is_finite() {
            return Ok(None);
        }
        let way = Way::of("the way of descent".to_owned(), trained.seen.states.clone(), &slice)?;
        let scene = Scene {
            ground: ground.clone(),
            slice,
            ways: vec![way],
            eta: trained.plan.eta.eta,
            reduction: trained.plan.reduction,
            standing: standing_of(trained.fit.reason.name()),
            objective,
            rise: rise(trained.plan.baseline.loss, objective),
            record: None,
        };
        let largest = largest_weights(layer.parameters());
        let mut parts = Vec::new();
        if let [first, second, ..] = largest[..] {
            let contour = scene.contour([first, second])?;
            parts.push(picture(|look| contour.draw(look))?);
        }
        if let [first, ..] = largest[..] {
            let bowl = scene.bowl(first, None)?;
            parts.push(picture(|look| bowl.draw(look))?);
        }
        Ok((!parts.is_empty()).then(|| Section { heading: "E over the weights".to_owned(), parts }))
    }

    fn step_section(&self, trained: &Trained, outcome: &Outcome<'_>) -> Result<Section> {
        let heading = "One step, worked out".to_owned();
        let left_out = |text: &str| Section { heading: heading.clone(), parts: vec![Part::Text(text.to_owned())] };
        if outcome.is_private {
            return Ok(left_out("No record is shown: this training is private."));
        }
        if self.encoding.is_sparse() || self.encoding.shape().n_features() > MOST_INPUTS {
            return Ok(left_out(
                "There are too many inputs to write a step out; deltarule explain works out those of smaller tables.",
            ));
        }
        let layer = Layer::new(self.start.clone(), self.prepared.activation.clone());
        let text = explain::first_record(self.prepared, self.problem, self.encoding, &layer, &trained.plan)?;
        Ok(match text {
            Some(text) => Section { heading, parts: vec![Part::Lines(text)] },
            None => left_out("There is no record to work a step out for."),
        })
    }

    fn again_section(&self, trained: &Trained, training: &Training) -> Section {
        let mut rows = vec![
            ("deltarule", training.version.clone()),
            ("data", training.data.clone()),
            ("fingerprint of the data", training.fingerprint.clone()),
            ("f", self.prepared.activation.to_string()),
            ("error", training.loss.to_string()),
            ("optimizer", training.optimizer.clone()),
            ("η", digits(training.eta, 17)),
            ("reduction", training.reduction.clone()),
            ("records a step", training.batch.map_or("all".to_owned(), |n| n.to_string())),
            ("schedule", trained.plan.course.schedule.to_string()),
            ("start", training.init.clone()),
            ("seed", training.seed.to_string()),
            ("precision", training.precision.clone()),
            ("epochs", training.epochs.to_string()),
            ("weights of epoch", training.best_epoch.to_string()),
        ];
        if !trained.plan.penalty.is_none() {
            rows.push(("l2", short(training.l2)));
            rows.push(("l1", short(training.l1)));
        }
        let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        let mut parts = vec![Part::Table(vec!["setting".to_owned(), "value".to_owned()], rows)];
        // A condition on rows has values of theirs.
        if let Some(command) = training.command.as_ref().filter(|_| !self.args.private) {
            parts.insert(0, Part::Lines(command.clone()));
        }
        parts.push(Part::Text(
            "The same data, settings and version give the same bits, on any machine and any number of threads."
                .to_owned(),
        ));
        Section { heading: "To repeat it".to_owned(), parts }
    }
}

/// A picture for light and for dark pages.
fn picture(draw: impl Fn(Look) -> Result<Picture, PlotError>) -> Result<Part> {
    let of = |theme| draw(Look { theme, ..Look::default() });
    Ok(Part::Picture(Box::new([of(Theme::Light)?, of(Theme::Dark)?])))
}

fn scores_section(outcome: &Outcome<'_>) -> Section {
    let mut head = vec!["score".to_owned()];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (label, scores) in outcome.scores {
        head.extend([format!("{label} ({})", scores.n), "baseline".to_owned()]);
        for (k, (name, value, baseline)) in scores.rows().into_iter().enumerate() {
            if rows.len() <= k {
                rows.push(vec![name]);
            }
            rows[k].extend([value, baseline]);
        }
    }
    let mut parts = vec![Part::Table(head, rows)];
    parts.push(Part::Text("Baseline: the best constant of the training records.".to_owned()));
    if !outcome.is_private {
        let details = Scores::details(outcome.scores);
        if !details.trim().is_empty() {
            parts.push(Part::Lines(details.trim_start_matches('\n').to_owned()));
        }
    }
    let warnings = outcome.scores.last().and_then(|(label, scores)| scores.warning(label));
    parts.extend(warnings.map(|warning| Part::Text(format!("Warning: {warning}"))));
    Section { heading: "How good it is".to_owned(), parts }
}

fn curve_section(seen: &Seen, error_label: &str) -> Result<Option<Section>> {
    let (Some((_, first)), Some((last, e))) = (seen.errors.first(), seen.errors.last()) else { return Ok(None) };
    let curve = Curve {
        words: Words {
            title: "E of every epoch".to_owned(),
            lines: vec![format!("from {} to {} in {}", figure(*first), figure(*e), count(*last as u64, "epoch"))],
            notes: match seen.held_out.is_empty() {
                true => Vec::new(),
                false => vec!["E of the records held out is the sum over these alone".to_owned()],
            },
        },
        // The penalty is in what is descended, and not in E.
        error_label: error_label.trim_end_matches(" + penalty").to_owned(),
        runs: vec![DrawnRun {
            label: "training records".to_owned(),
            points: seen.errors.clone(),
            held_out: seen.held_out.clone(),
            diverged: !e.is_finite() || e > first,
        }],
    };
    let parts = vec![picture(|look| curve.draw(look))?];
    Ok(Some(Section { heading: "The way down".to_owned(), parts }))
}

fn weights_section(ground: &Ground<'_>) -> Result<Section> {
    let mut parts = Vec::new();
    /// More outputs than this have no bars.
    const MOST: usize = 4;
    let outputs = &ground.names.outputs;
    for output in outputs.iter().take(MOST) {
        let of = |look| weights_of(ground.model, &ground.model.training().data, Some(output), None, look);
        let (light, dark) = (Look::default(), Look { theme: Theme::Dark, ..Look::default() });
        let pictures = [of(light)?.draw(light)?, of(dark)?.draw(dark)?];
        parts.push(Part::Picture(Box::new(pictures)));
    }
    if outputs.len() > MOST {
        parts.push(Part::Text(format!("The first {MOST} of {} outputs.", outputs.len())));
    }
    parts.push(Part::Lines(report::weights_text(ground.model, report::MOST_WEIGHTS, report::MOST_BUCKETS)));
    Ok(Section { heading: "The weights".to_owned(), parts })
}

/// Of a private training, no group of fewer records than this is shown.
const LEAST_PRIVATE: u64 = 5;

/// Predictions beside what is so; of a private training only groups of records, since ŷ of one record may tell what its inputs are.
fn fit_section(ground: &Ground<'_>, is_private: bool) -> Result<Option<Section>> {
    let mut parts = Vec::new();
    let is_of_classes = ground.model.encoding().target.classes().is_some();
    // Where nothing can be drawn, as of outputs that are not finite, the page goes on without it.
    if !is_private {
        let fit = fit_of(ground, None)?;
        parts.extend(picture(|look| fit.draw(look)).ok());
    }
    if is_of_classes && ground.loss != Loss::Hinge {
        let calibration = calibration_of(ground, None, 500, if is_private { LEAST_PRIVATE } else { 1 })?;
        parts.extend(picture(|look| calibration.draw(look)).ok());
    }
    Ok((!parts.is_empty()).then(|| Section { heading: "Predicted and actual".to_owned(), parts }))
}

/// The weights that are furthest from 0, the largest first, of the output that has the largest.
fn largest_weights(parameters: &Parameters) -> Vec<WeightIndex> {
    let size = |output: usize, i: usize| parameters.weights(output)[i].abs();
    let of_output = |output: usize| parameters.weights(output).iter().fold(0.0_f64, |most, w| most.max(w.abs()));
    let output = (0..parameters.n_outputs()).max_by(|a, b| of_output(*a).total_cmp(&of_output(*b)).then(b.cmp(a)));
    let Some(output) = output else { return Vec::new() };
    let mut features: Vec<usize> = (0..parameters.n_features()).collect();
    features.sort_by(|a, b| size(output, *b).total_cmp(&size(output, *a)).then(a.cmp(b)));
    let of_features = features.into_iter().take(2).map(|i| WeightIndex { output, feature: Some(i) });
    let bias = parameters.has_bias().then_some(WeightIndex { output, feature: None });
    of_features.chain(bias).collect()
}

/// The same model, whose levels and classes have numbers for names.
fn nameless(model: &Model) -> Result<Model> {
    let numbered = |what: &str, n: usize| -> Vec<String> {
        // With leading zeros they sort as numbers do.
        let digits = n.to_string().len();
        (1..=n).map(|k| format!("{what} {k:0digits$}")).collect()
    };
    let mut encoding: Encoding = model.encoding().clone();
    for feature in &mut encoding.features {
        if let FeatureKind::Category { levels, .. } = &mut feature.kind {
            *levels = numbered("level", levels.len());
        }
    }
    match &mut encoding.target {
        Target::Numbers { .. } => {}
        Target::TwoClasses { classes, .. } => *classes = ["class 1".to_owned(), "class 2".to_owned()],
        Target::Classes { classes, .. } => *classes = numbered("class", classes.len()),
    }
    Ok(Model::new(encoding, model.layer().clone(), placeless(model)?)?)
}

/// How a model was trained, without the names of files.
fn placeless(model: &Model) -> Result<Training> {
    let private = model.clone().into_private()?;
    Ok(Training { data: "data that is not named".to_owned(), ..private.training().clone() })
}
