//! A model and the records that E is worked out from.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use deltarule_core::{BlockSource, Eta, Loss, Penalty, Reduction, Scaling, Slice, Threads};
use deltarule_data::Reader;
use deltarule_model::Model;
use deltarule_plot::MarkKind;

use super::ground::{Ground, weight_text};
use super::names::Names;
use super::names::figure;
use super::scene::{Scene, Way};
use crate::cli::plot::{RecordArgs, SurfaceArgs};
use crate::held::HeldOutFiles;
use crate::number::count;
use crate::rows::Rows;
use crate::scores::Weighing;
use crate::{setup, weights_file};

/// A model with its records in memory.
pub(super) struct Subject {
    pub(super) model: Model,
    pub(super) model_name: String,
    pub(super) names: Names,
    pub(super) records: HeldOutFiles,
    pub(super) data_name: String,
    pub(super) scaling: Scaling,
    pub(super) threads: Threads,
    pub(super) loss: Loss,
    pub(super) penalty: Penalty,
    /// Whether records have weights of a column.
    by_column: bool,
    /// The weight of each class in E; empty where they count alike.
    of_classes: Vec<f64>,
    /// What a reader of the picture should know of the records.
    pub(super) notes: Vec<String>,
}

impl Subject {
    /// Reads a model and the records of some files, or one of them.
    ///
    /// Errors: those of the files; a model that cannot be descended.
    pub(super) fn read(
        model: &Path,
        data: &[PathBuf],
        args: &RecordArgs,
        record: Option<u64>,
        force: bool,
    ) -> Result<Self> {
        let model_name = model.display().to_string();
        let read = [data, std::slice::from_ref(&model.to_owned())].concat();
        let model = setup::read_model(model)?;
        let mut rows = Rows::of(&args.rows, &read, &[], force)?;
        let mut reader: Reader = setup::open(data, &args.files, rows.skips())?;
        let training = model.training();
        let loss = training.loss;
        // One record is looked at as a table of its own.
        let weight = training.weight.as_deref().filter(|_| record.is_none());
        let by_column = weight.is_some();
        let of_classes = if record.is_none() { training.class_weights.clone() } else { Vec::new() };
        let records = HeldOutFiles::read(
            &mut reader,
            model.encoding(),
            (loss, weight, &of_classes),
            args.memory.unwrap_or_else(setup::sound_memory),
            record,
            &mut rows,
        )?;
        rows.finish()?;
        let mut notes: Vec<String> = records.left_out().text().into_iter().collect();
        notes.extend(weight.map(weight_text));
        notes.extend(record.and_then(|_| deltarule_train::left_out_of_one(training)));
        let penalty = match record {
            None => Penalty { l2: training.l2, l1: training.l1 },
            Some(_) => Penalty::NONE,
        };
        let has_bias = model.layer().parameters().has_bias();
        Ok(Self {
            names: Names::of(model.encoding(), has_bias),
            scaling: model.encoding().scaling(),
            threads: deltarule_train::threads(None, usize::MAX)?,
            data_name: reader.name().to_owned(),
            model,
            model_name,
            records,
            loss,
            penalty,
            by_column,
            of_classes,
            notes,
        })
    }

    /// What pictures are made from; the records as a source of blocks.
    pub(super) fn ground<'a>(&'a self, source: &'a dyn BlockSource<f64>) -> Ground<'a> {
        let n = count(self.records.n_records() as u64, "record");
        Ground {
            model: &self.model,
            names: &self.names,
            source,
            scaling: &self.scaling,
            threads: &self.threads,
            loss: self.loss,
            penalty: self.penalty,
            is_weighted: self.records.is_weighted(),
            weighing: Weighing::of_blocks(&self.of_classes, self.by_column),
            line: format!("{} on {}: {n}, f = {}", self.model_name, self.data_name, self.model.layer().activation()),
            notes: self.notes.clone(),
        }
    }

    /// E along weights, with the ways that were asked for.
    ///
    /// Errors: those of the paths.
    pub(super) fn scene<'a>(
        &'a self,
        source: &'a dyn BlockSource<f64>,
        args: &SurfaceArgs,
        record: Option<u64>,
    ) -> Result<Scene<'a>> {
        let mut ground = self.ground(source);
        let layer = self.model.layer();
        let slice = ground.slice(layer, args.units.into());
        let objective = slice.objectives(std::slice::from_ref(layer.parameters()))?[0];
        let loss = Slice { penalty: Penalty::NONE, ..slice }.objectives(std::slice::from_ref(layer.parameters()))?[0];
        let standing = match record {
            Some(_) => (MarkKind::Here, "the model's weight"),
            None => self.standing(loss, &mut ground.notes),
        };
        let mut ways = Vec::with_capacity(args.path.len());
        for path in &args.path {
            let states = weights_file::read_states(path, self.model.encoding(), layer.parameters().has_bias())?;
            let stem = path.file_stem().unwrap_or(path.as_os_str());
            ways.push(Way::of(stem.to_string_lossy().into_owned(), states, &slice)?);
        }
        let (eta, reduction) = self.rule(args)?;
        let training = self.model.training();
        let share = self.records.n_records() as f64 / (training.rows_trained.max(1) as f64);
        let rise = if record.is_some() { 0.0 } else { rise(training.baseline_loss_sum * share, objective) };
        Ok(Scene { ground, slice, ways, eta, reduction, standing, objective, rise, record })
    }

    /// η and the reduction of the step that is drawn.
    pub(super) fn rule(&self, args: &SurfaceArgs) -> Result<(f64, Reduction)> {
        let training = self.model.training();
        let reduction = match (&args.reduction, training.reduction.as_str()) {
            (Some(reduction), _) => (*reduction).into(),
            (None, "sum") => Reduction::Sum,
            (None, _) => Reduction::Mean,
        };
        match args.eta {
            Some(Eta::Given(eta)) => Ok((eta, reduction)),
            Some(Eta::Auto) => bail!("--eta: found auto, expected a number, or no --eta for that of the training"),
            None => Ok((training.eta, reduction)),
        }
    }

    /// What the weights of the model are, and what is to be said where E is not that of its training.
    fn standing(&self, loss: f64, notes: &mut Vec<String>) -> (MarkKind, &'static str) {
        let training = self.model.training();
        let is_same = (loss - training.loss_sum).abs() <= 1e-9 * training.loss_sum.abs().max(1e-300)
            && self.records.n_records() as u64 == training.rows_trained;
        if is_same {
            return standing_of(&training.stop_reason);
        }
        notes.push(format!(
            "the model was trained on {}, with E = {}, and not on just these: its weights need not be a minimum here",
            count(training.rows_trained, "record"),
            figure(training.loss_sum)
        ));
        (MarkKind::Here, "the model's weights")
    }
}

/// What weights are that were trained on the same records, by the reason why descent ended.
pub(crate) fn standing_of(stop_reason: &str) -> (MarkKind, &'static str) {
    match stop_reason {
        "minimum" | "minimum-at-kinks" | "exact" => (MarkKind::Minimum, "the minimum that descent found"),
        "no-progress" => (MarkKind::Minimum, "where E could not be lowered any more"),
        _ => (MarkKind::Here, "where descent ended"),
    }
}

/// By how much E rises to the edges of a picture: half of what it is below that of the best constant, if it is.
pub(crate) fn rise(baseline: f64, objective: f64) -> f64 {
    (0.5 * (baseline - objective)).max(0.05 * objective.abs())
}
