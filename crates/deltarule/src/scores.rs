//! Scores of a model on some records, beside those of the best constant. They are added up block by block.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use deltarule_core::{
    Activation, BLOCK_ROWS, Block, BlockSource, ClassScores, ClassTally, Layer, Loss, RegressionScores,
    RegressionTally, Scaling, Targets, ThresholdTally,
};
use deltarule_data::{Prepared, Reader, RowEncoder, RowState};
use deltarule_model::{Encoding, Model, Target};
use serde_json::{Value, json};

use crate::number::{digits, exact, percent, short};
use crate::report;
use crate::rows::{RowTally, Rows};
use crate::valid::HeldOutRows;

/// Scores under way.
#[derive(Debug)]
pub(crate) struct Tally<'t> {
    target: &'t Target,
    n: u64,
    /// Of each output: its scores, and those of the best constant.
    outputs: Vec<(RegressionTally, RegressionTally)>,
    /// Of each output: E, and that of the best constant.
    loss_sums: Vec<(f64, f64)>,
    /// How often all records count in E.
    weight_sum: f64,
    loss: Loss,
    sum_text: String,
    constants: Vec<f64>,
    classes: Option<ClassTally>,
    /// The same with the weights of classes, where there are any.
    weighted: Option<ClassTally>,
    /// Where there are two classes.
    thresholds: Option<ThresholdTally>,
    /// Records of each class, and Σv of them.
    counts: Vec<(u64, f64)>,
    weighing: Weighing<'t>,
    /// Σv of the training records of each class.
    class_sums: Vec<f64>,
    buffer: Vec<f64>,
}

/// One record that was scored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored<'a> {
    /// y of each output.
    pub(crate) targets: &'a [f64],
    /// ŷ of each output.
    pub(crate) outputs: &'a [f64],
    /// The record's class, where there are classes.
    pub(crate) class: Option<u32>,
    /// How often the record counts in E, and in the other scores.
    pub(crate) weights: (f64, f64),
    /// L(y_j, ŷ_j) of each output, as often as the record counts; for the squared error ½(y_j − ŷ_j)².
    pub(crate) errors: &'a [f64],
}

/// What records are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'a> {
    /// The error of one prediction.
    pub(crate) loss: Loss,
    pub(crate) activation: &'a Activation,
    /// The best constant outputs in training.
    pub(crate) baseline: &'a [f64],
    pub(crate) weighing: Weighing<'a>,
    /// Σv of the training records of each class; nothing for numbers.
    pub(crate) class_sums: &'a [f64],
}

/// How often a record counts: in E as in descent, in the other scores without the weight of its class.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weighing<'a> {
    /// Whether a column of weights does that.
    by_column: bool,
    /// The weight of each class in E; empty where they count alike.
    of_classes: &'a [f64],
    /// Whether the weights of classes are in those of the blocks.
    in_blocks: bool,
}

impl<'a> Weighing<'a> {
    /// As the records of a table were prepared.
    pub(crate) fn of_prepared(prepared: &'a Prepared<'_>) -> Self {
        let of_classes = prepared.training.class_weights();
        Self { by_column: prepared.weight_column().is_some(), of_classes, in_blocks: true }
    }

    /// For records of files, which may have a column of weights.
    pub(crate) fn of_file(of_classes: &'a [f64], by_column: bool) -> Self {
        Self { by_column, of_classes, in_blocks: false }
    }

    /// For records whose blocks have the weights of the column and of the classes.
    pub(crate) fn of_blocks(of_classes: &'a [f64], by_column: bool) -> Self {
        Self { by_column, of_classes, in_blocks: true }
    }

    /// Whether a column of weights says how often a record counts in scores.
    pub(crate) fn by_column(&self) -> bool {
        self.by_column
    }

    fn is_any(&self) -> bool {
        self.by_column || !self.of_classes.is_empty()
    }

    /// The weight of a record in E, and in the other scores.
    pub(crate) fn of_record(&self, block: &Block<'_, f64>, row: usize, class: Option<u32>) -> (f64, f64) {
        let v = block.weights().map_or(1.0, |weights| weights[row]);
        match class.and_then(|class| self.of_classes.get(class as usize)) {
            None => (v, v),
            // Without a column of weights a record counts once, to the last bit.
            Some(_) if self.in_blocks && !self.by_column => (v, 1.0),
            Some(of_class) if self.in_blocks => (v, v / of_class),
            Some(of_class) => (v * of_class, v),
        }
    }
}

impl<'t> Tally<'t> {
    pub(crate) fn new(target: &'t Target, judge: Judge<'t>) -> Self {
        let n_classes = target.classes().map_or(0, |classes| classes.len());
        let n_outputs = judge.baseline.len();
        let classes = target.classes().map(|classes| ClassTally::new(classes.len()));
        Self {
            target,
            n: 0,
            outputs: vec![Default::default(); n_outputs],
            loss_sums: vec![(0.0, 0.0); n_outputs],
            weight_sum: 0.0,
            loss: judge.loss,
            sum_text: report::sum_text(judge.loss, judge.activation, judge.weighing.is_any()),
            constants: judge.baseline.to_vec(),
            weighted: classes.clone().filter(|_| !judge.weighing.of_classes.is_empty()),
            classes,
            thresholds: (n_classes == 2).then(ThresholdTally::default),
            counts: vec![(0, 0.0); n_classes],
            weighing: judge.weighing,
            class_sums: judge.class_sums.to_vec(),
            buffer: Vec::new(),
        }
    }

    /// The scores on some records of a table, or of files that are held in memory.
    pub(crate) fn of_part(
        target: &Target,
        judge: Judge<'_>,
        layer: &Layer,
        scaling: &Scaling,
        part: &dyn BlockSource<f64>,
    ) -> Result<Scores> {
        let mut tally = Tally::new(target, judge);
        for index in 0..part.n_blocks() {
            let mut added = Ok(());
            part.read(index, &mut |block| added = tally.add(layer, scaling, block, |_| true, |_, _| {}))?;
            added?;
        }
        Ok(tally.scores())
    }

    /// The scores on all records of a file that have what is needed. `visit` sees each record that is scored, with its number from 1 among
    /// those that can be used.
    pub(crate) fn of_file(
        reader: &mut Reader,
        model: &Model,
        weight: Option<&str>,
        rows: &mut Rows,
        mut visit: impl FnMut(u64, Scored<'_>),
    ) -> Result<FileScores> {
        let scaling = model.encoding().scaling();
        let baseline = model.baseline_outputs();
        let (loss, activation) = (model.training().loss, model.layer().activation());
        let weighing = Weighing::of_file(&model.training().class_weights, weight.is_some());
        let judge = Judge { loss, activation, baseline: &baseline, weighing, class_sums: &model.class_sums() };
        let mut tally = Tally::new(&model.encoding().target, judge);
        let file = reader.name().to_owned();
        let mut encoder = encoder_of(model.encoding(), reader, judge.loss, weight, rows)?;
        let n_read = for_each_block(reader, &mut encoder, rows, |before, states, block| {
            let complete = |r: usize| states[r] == RowState::Complete;
            check_targets(tally.target, tally.loss, block, complete, &file, before)?;
            tally.add(model.layer(), &scaling, block, complete, |r, scored| visit(before + r as u64 + 1, scored))
        })?;
        let left_out = rows.conclude(reader.name(), n_read)?;
        tally.check(reader.name())?;
        let unseen = encoder.unseen().to_vec();
        Ok(FileScores { scores: tally.scores(), n_read, unseen, left_out })
    }

    /// The scores of each of some layers on all records of a file, in one pass over it.
    pub(crate) fn of_file_for_each(
        reader: &mut Reader,
        encoding: &Encoding,
        judge: Judge<'_>,
        layers: &[&Layer],
        weight: Option<&str>,
        rows: &mut Rows,
    ) -> Result<(Vec<Scores>, HeldOutRows)> {
        let scaling = encoding.scaling();
        let mut tallies: Vec<Tally<'_>> = layers.iter().map(|_| Tally::new(&encoding.target, judge)).collect();
        let file = reader.name().to_owned();
        let mut encoder = encoder_of(encoding, reader, judge.loss, weight, rows)?;
        let n_read = for_each_block(reader, &mut encoder, rows, |before, states, block| {
            let complete = |r: usize| states[r] == RowState::Complete;
            check_targets(&encoding.target, judge.loss, block, complete, &file, before)?;
            let mut pairs = tallies.iter_mut().zip(layers);
            pairs.try_for_each(|(tally, layer)| tally.add(layer, &scaling, block, complete, |_, _| {}))
        })?;
        let left_out = rows.conclude(reader.name(), n_read)?;
        tallies.iter().try_for_each(|tally| tally.check(reader.name()))?;
        let n_scored = tallies.first().map_or(n_read, |tally| tally.n);
        let held = HeldOutRows::of_files(left_out, (n_read, n_scored), encoding, encoder.unseen());
        Ok((tallies.iter().map(Tally::scores).collect(), held))
    }

    /// Errors: there was no record.
    fn check(&self, file: &str) -> Result<()> {
        if self.n == 0 {
            bail!("{file}: found no record with every feature and the target, expected at least one");
        }
        Ok(())
    }

    /// Adds the rows of a block that `keep` lets pass, and shows them to `visit`.
    fn add(
        &mut self,
        layer: &Layer,
        scaling: &Scaling,
        block: &Block<'_, f64>,
        keep: impl Fn(usize) -> bool,
        mut visit: impl FnMut(usize, Scored<'_>),
    ) -> Result<()> {
        let mut net_inputs = std::mem::take(&mut self.buffer);
        layer.net_inputs_into(block, scaling, &mut net_inputs)?;
        layer.activation().couple(&mut net_inputs, block.n_records());
        let (n, n_outputs) = (block.n_records(), self.outputs.len());
        let (mut y, mut o, mut errors) = (vec![0.0; n_outputs], vec![0.0; n_outputs], vec![0.0; n_outputs]);
        let mut probabilities = vec![0.0; self.counts.len()];
        for r in (0..n).filter(|&r| keep(r)) {
            let class = self.classes.as_ref().map(|_| class_of(self.target, block, r));
            let (in_error, v) = self.weighing.of_record(block, r, class);
            for j in 0..n_outputs {
                let h = net_inputs[j * n + r];
                o[j] = layer.activation().value(h);
                y[j] = target_of(block, j, r);
                let (own, constant) = &mut self.outputs[j];
                own.add(y[j], o[j], v);
                constant.add(y[j], self.constants[j], v);
                // From h where that has more digits.
                let of_output = match self.loss.is_paired_with(layer.activation()) {
                    true => self.loss.of_net_input(layer.activation(), y[j], h),
                    false => self.loss.value(y[j], o[j]),
                };
                // A record of weight 0 is as good as none, whatever its error is.
                errors[j] = if in_error > 0.0 { in_error * of_output } else { 0.0 };
                if in_error > 0.0 {
                    let (own, constant) = &mut self.loss_sums[j];
                    *own += errors[j];
                    *constant += in_error * self.loss.of_constant(layer.activation(), y[j], self.constants[j]);
                }
            }
            if let (Some(classes), Some(class)) = (&mut self.classes, class) {
                self.target.probabilities_into(&o, &mut probabilities);
                classes.add(class, &probabilities, v);
                if let Some(weighted) = &mut self.weighted {
                    weighted.add(class, &probabilities, in_error);
                }
                if let (Some(thresholds), [_, p]) = (&mut self.thresholds, &probabilities[..]) {
                    thresholds.add(*p, class == 1, v);
                }
                let (count, weight) = &mut self.counts[class as usize];
                (*count, *weight) = (*count + 1, *weight + v);
            }
            visit(r, Scored { targets: &y, outputs: &o, class, errors: &errors, weights: (in_error, v) });
            self.n += 1;
            self.weight_sum += in_error;
        }
        self.buffer = net_inputs;
        Ok(())
    }

    pub(crate) fn scores(&self) -> Scores {
        let each: Vec<(RegressionScores, RegressionScores)> =
            self.outputs.iter().map(|(own, constant)| (own.scores(), constant.scores())).collect();
        let loss_sum: f64 = self.loss_sums.iter().map(|(own, _)| own).sum();
        let baseline_loss_sum: f64 = self.loss_sums.iter().map(|(_, constant)| constant).sum();
        let detail = match (self.target, &self.classes) {
            (Target::Numbers { names, .. }, _) => {
                let each = names.iter().cloned().zip(each).zip(self.loss_sums.iter().copied());
                Detail::Numbers(
                    each.map(|((name, (own, base)), sums)| NumberScores { name, own, base, sums }).collect(),
                )
            }
            (target, classes) => {
                let (counts, sums): (Vec<u64>, Vec<f64>) = self.counts.iter().copied().unzip();
                let weighted = self.weighted.as_ref().map(|tally| {
                    let times =
                        |sums: &[f64]| sums.iter().zip(self.weighing.of_classes).map(|(sum, of)| sum * of).collect();
                    let (in_training, here): (Vec<f64>, Vec<f64>) = (times(&self.class_sums), times(&sums));
                    Box::new([tally.scores(), ClassScores::of_constant(&counts, &here, &shares(&in_training))])
                });
                Detail::Classes {
                    scores: classes.as_ref().map_or_else(|| ClassTally::new(0).scores(), ClassTally::scores),
                    baseline: Box::new(ClassScores::of_constant(&counts, &sums, &shares(&self.class_sums))),
                    weighted,
                    baseline_loss_sum,
                    names: target.classes().unwrap_or_default().to_vec(),
                    thresholds: self.thresholds.clone(),
                    at: None,
                }
            }
        };
        let mean_losses = (loss_sum / self.weight_sum, baseline_loss_sum / self.weight_sum);
        let (n, is_weighted, sum_text) = (self.n, self.weighing.by_column, self.sum_text.clone());
        Scores { n, is_weighted, loss: self.loss, sum_text, loss_sum, mean_losses, detail }
    }
}

/// The share of the records that are called what they are, with weights of classes if there are any.
fn accuracy_of(matrix: &[[f64; 2]; 2], of_classes: &[f64]) -> f64 {
    let weight = |class: usize| of_classes.get(class).copied().unwrap_or(1.0);
    let right: f64 = (0..2).map(|class| weight(class) * matrix[class][class]).sum();
    right / (0..2).map(|class| weight(class) * matrix[class].iter().sum::<f64>()).sum::<f64>()
}

/// The part that each of some sums has in all of them.
fn shares(sums: &[f64]) -> Vec<f64> {
    let total: f64 = sums.iter().sum();
    sums.iter().map(|sum| sum / total.max(f64::MIN_POSITIVE)).collect()
}

/// Errors: a target that the loss a model was trained with is not defined for, in a row that `keep` lets pass. `before` records stand before the block.
pub(crate) fn check_targets(
    target: &Target,
    loss: Loss,
    block: &Block<'_, f64>,
    keep: impl Fn(usize) -> bool,
    file: &str,
    before: u64,
) -> Result<()> {
    let (low, high) = loss.target_range();
    let Targets::Numbers(columns) = block.targets() else { return Ok(()) };
    for (name, targets) in target.columns().iter().zip(columns) {
        let outside = |(r, y): &(usize, &f64)| keep(*r) && !(low..=high).contains(*y);
        if let Some((r, y)) = targets.iter().enumerate().find(outside) {
            bail!(
                "{file}: record {}: target {name:?}: found {}, expected {}, since the model was trained with --loss {loss}",
                before + r as u64 + 1,
                exact(*y),
                loss.target_text(),
            );
        }
    }
    Ok(())
}

/// What a model's file of records gave.
pub(crate) struct FileScores {
    pub(crate) scores: Scores,
    /// How many records can be used.
    pub(crate) n_read: u64,
    /// How many values of each feature the model has not seen.
    pub(crate) unseen: Vec<u64>,
    /// Which cannot.
    pub(crate) left_out: RowTally,
}

/// An encoder for records that are scored; where those that cannot be used are left out, targets that the loss is not defined for are.
pub(crate) fn encoder_of<'m>(
    encoding: &'m Encoding,
    reader: &Reader,
    loss: Loss,
    weight: Option<&str>,
    rows: &Rows,
) -> Result<RowEncoder<&'m Encoding>> {
    let encoder = RowEncoder::new(encoding, reader, true)?;
    let encoder = match weight {
        Some(weight) => encoder.with_weight(reader, weight)?,
        None => encoder,
    };
    Ok(if rows.skips() { encoder.with_target_range(loss.target_range()) } else { encoder })
}

/// Shows all records of a file that can be used block by block: how many stand before a block, what became of each of its records, and the block. Gives the
/// number of records.
pub(crate) fn for_each_block(
    reader: &mut Reader,
    encoder: &mut RowEncoder<&Encoding>,
    rows: &mut Rows,
    mut visit: impl FnMut(u64, &[RowState], &Block<'_, f64>) -> Result<()>,
) -> Result<u64> {
    let condition = rows.condition_for(reader)?;
    let (mut n_read, mut goes_on) = (0, true);
    while goes_on {
        while goes_on && encoder.len() < BLOCK_ROWS {
            goes_on = rows.fill(reader, condition.as_ref(), encoder, BLOCK_ROWS, |_, _| {})?;
        }
        if !encoder.is_empty() {
            visit(n_read, encoder.states(), &encoder.block()?)?;
            n_read += encoder.len() as u64;
            encoder.clear();
        }
    }
    Ok(n_read)
}

/// Shows all records of a file block by block: how many stand before a block, which of its records are complete, and the block.
pub(crate) fn complete_records(
    reader: &mut Reader,
    encoder: &mut RowEncoder<&Encoding>,
    rows: &mut Rows,
    mut visit: impl FnMut(u64, &dyn Fn(usize) -> bool, &Block<'_, f64>) -> Result<()>,
) -> Result<u64> {
    for_each_block(reader, encoder, rows, |before, states, block| {
        visit(before, &|r| states[r] == RowState::Complete, block)
    })
}

/// y of output `j` in a row.
pub(crate) fn target_of(block: &Block<'_, f64>, j: usize, r: usize) -> f64 {
    match block.targets() {
        Targets::Numbers(columns) => columns[j][r],
        Targets::Classes { codes, low, high, .. } => {
            if codes[r] as usize == j {
                *high
            } else {
                *low
            }
        }
    }
}

/// The class of a row.
pub(crate) fn class_of(target: &Target, block: &Block<'_, f64>, r: usize) -> u32 {
    match (target, block.targets()) {
        (Target::TwoClasses { high, .. }, Targets::Numbers(columns)) => u32::from(columns[0][r] == *high),
        (_, Targets::Classes { codes, .. }) => codes[r],
        _ => 0,
    }
}

/// Scores and the baseline's.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) n: u64,
    /// Whether records count as often as a column of weights says.
    pub(crate) is_weighted: bool,
    /// The error of one prediction.
    pub(crate) loss: Loss,
    /// The formula of E.
    pub(crate) sum_text: String,
    /// E.
    pub(crate) loss_sum: f64,
    /// E over the number of records, or the sum of their weights: of the model, and of the best constant.
    pub(crate) mean_losses: (f64, f64),
    pub(crate) detail: Detail,
}

#[derive(Debug)]
pub(crate) enum Detail {
    Numbers(Vec<NumberScores>),
    Classes {
        scores: ClassScores,
        baseline: Box<ClassScores>,
        /// Both with the weights of classes, as E has them, where there are any.
        weighted: Option<Box<[ClassScores; 2]>>,
        /// E of the best constant outputs.
        baseline_loss_sum: f64,
        names: Vec<String>,
        /// Where there are two classes.
        thresholds: Option<ThresholdTally>,
        /// From which p on, in thousandths, a record was called the second of two classes, where that was chosen and is not the more probable class: accuracy and
        /// confusions are those of these decisions.
        at: Option<u64>,
    },
}

/// The scores of one target of numbers.
#[derive(Debug)]
pub(crate) struct NumberScores {
    pub(crate) name: String,
    pub(crate) own: RegressionScores,
    /// Those of the best constant.
    pub(crate) base: RegressionScores,
    /// E, and that of the best constant.
    sums: (f64, f64),
}

/// One of the scores, with its name and how it is shown.
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) show: fn(f64) -> String,
    pub(crate) model: Option<f64>,
    pub(crate) baseline: Option<f64>,
}

impl Scores {
    /// The same with the accuracy and the confusions of what is decided at a threshold, in thousandths, where there are two classes; `of_classes` are the weights of
    /// classes, empty where they count alike. A constant answer stays what it is.
    pub(crate) fn at_threshold(mut self, threshold: u64, of_classes: &[f64]) -> Self {
        if let Detail::Classes { scores, weighted, thresholds: Some(tally), at, .. } = &mut self.detail {
            let decided = tally.decisions(threshold);
            let matrix =
                [[decided.true_negatives, decided.false_positives], [decided.false_negatives, decided.true_positives]];
            scores.accuracy = accuracy_of(&matrix, &[]);
            if let Some(weighted) = weighted {
                weighted[0].accuracy = accuracy_of(&matrix, of_classes);
            }
            scores.confusion = matrix.map(Vec::from).to_vec();
            *at = Some(threshold);
        }
        self
    }

    /// The threshold that accuracy and confusions are for, if one was chosen.
    fn threshold(&self) -> Option<f64> {
        match &self.detail {
            Detail::Classes { at, .. } => at.map(|k| k as f64 / 1000.0),
            Detail::Numbers(_) => None,
        }
    }

    /// Scores that do not grow with the number of records, so that those of some records can be compared with those of others.
    pub(crate) fn measures(&self) -> Vec<Measure> {
        let measure = |name: &str, show: fn(f64) -> String, model: Option<f64>, baseline: Option<f64>| Measure {
            name: name.to_owned(),
            show,
            model,
            baseline,
        };
        match &self.detail {
            Detail::Numbers(targets) => {
                let of_target = |NumberScores { name: target, own, base, .. }: &NumberScores| {
                    let name =
                        |what: &str| if targets.len() > 1 { format!("{target}: {what}") } else { what.to_owned() };
                    [
                        measure(&name("RMSE"), short, Some(own.rmse), Some(base.rmse)),
                        measure(&name("MAE"), short, Some(own.mae), Some(base.mae)),
                        measure(&name("R²"), short, own.r_squared, base.r_squared),
                    ]
                };
                targets.iter().flat_map(of_target).collect()
            }
            Detail::Classes { scores, baseline, .. } => vec![
                measure("accuracy", percent, Some(scores.accuracy), Some(baseline.accuracy)),
                measure("log loss", short, Some(scores.log_loss), Some(baseline.log_loss)),
                measure("Brier score", short, Some(scores.brier), Some(baseline.brier)),
                measure("AUC", short, scores.auc, baseline.auc),
            ],
        }
    }

    /// A table with a column for each of the labelled scores and one for its baseline.
    pub(crate) fn table(parts: &[(&str, &Scores)]) -> String {
        let mut text = String::new();
        let rows: Vec<Vec<(String, String, String)>> = parts.iter().map(|(_, scores)| scores.rows()).collect();
        let names = rows.first().into_iter().flatten().map(|(name, ..)| name.chars().count());
        let width = names.max().unwrap_or(0).max(24);
        let labels: Vec<String> = parts.iter().map(|(label, scores)| format!("{label} ({})", scores.n)).collect();
        // A space before each further part.
        let widths: Vec<usize> = labels
            .iter()
            .enumerate()
            .map(|(part, label)| if part > 0 { (label.chars().count() + 1).max(16) } else { 16 })
            .collect();
        let heading =
            labels.iter().zip(&widths).fold(format!("{:<1$}", "scores", width + 2), |mut line, (label, &of)| {
                let _ = write!(line, "{label:>of$}{:>14}", "baseline");
                line
            });
        let _ = writeln!(text, "{heading}");
        for (index, (name, ..)) in rows.first().into_iter().flatten().enumerate() {
            let _ = write!(text, "  {name:<width$}");
            for (part, &of) in rows.iter().zip(&widths) {
                if let Some((_, value, baseline)) = part.get(index) {
                    let _ = write!(text, "{value:>of$}{baseline:>14}");
                }
            }
            text.push('\n');
        }
        text + &Self::details(parts)
    }

    /// What stands below the table of scores: how far an area can be off, and confusions.
    pub(crate) fn details(parts: &[(&str, &Scores)]) -> String {
        let mut text = String::new();
        for (label, whole) in parts {
            let is_weighted = whole.is_weighted;
            if let Detail::Classes { scores, weighted, names, .. } = &whole.detail {
                if let Some([own, base]) = weighted.as_deref() {
                    let _ = writeln!(
                        text,
                        "(with the weights of classes, {label}: accuracy {} beside the baseline's {}, log loss {} beside {}, Brier score {} beside {})",
                        percent(own.accuracy),
                        percent(base.accuracy),
                        short(own.log_loss),
                        short(base.log_loss),
                        short(own.brier),
                        short(base.brier)
                    );
                }
                if scores.auc_error > 0.0 {
                    let _ = writeln!(
                        text,
                        "(AUC, {label}: from counts in bins, at most {} off)",
                        digits(scores.auc_error, 2)
                    );
                }
                let at = whole.threshold().map(|p| (p, names.get(1).map_or("", String::as_str)));
                text.push_str(&confusion(label, &scores.confusion, names, is_weighted, at));
            }
        }
        text
    }

    /// Name, value, baseline.
    pub(crate) fn rows(&self) -> Vec<(String, String, String)> {
        let optional = |x: Option<f64>| x.map_or("-".to_owned(), short);
        match &self.detail {
            Detail::Numbers(targets) => targets
                .iter()
                .flat_map(|NumberScores { name, own, base, sums: (loss_sum, base_sum) }| {
                    let name = |what: &str| if targets.len() > 1 { format!("{name}: {what}") } else { what.to_owned() };
                    let of = if self.loss == Loss::Squared {
                        self.sum_text.replace("ΣΣ", "Σ")
                    } else {
                        self.sum_text.clone()
                    };
                    [
                        (name(&format!("E = {of}")), digits(*loss_sum, 8), digits(*base_sum, 8)),
                        (name("RMSE"), short(own.rmse), short(base.rmse)),
                        (name("MAE"), short(own.mae), short(base.mae)),
                        (name("R²"), optional(own.r_squared), optional(base.r_squared)),
                    ]
                })
                .collect(),
            Detail::Classes { scores, baseline, baseline_loss_sum, .. } => vec![
                (format!("E = {}", self.sum_text), digits(self.loss_sum, 8), digits(*baseline_loss_sum, 8)),
                (
                    self.threshold().map_or("accuracy".to_owned(), |p| format!("accuracy, p ≥ {}", short(p))),
                    percent(scores.accuracy),
                    percent(baseline.accuracy),
                ),
                ("log loss".to_owned(), short(scores.log_loss), short(baseline.log_loss)),
                ("Brier score".to_owned(), short(scores.brier), short(baseline.brier)),
                ("AUC".to_owned(), optional(scores.auc), optional(baseline.auc)),
            ],
        }
    }

    /// A sentence, where the model is no better than the constant. Of classes of which one is rare, the most probable one is hardly ever it, and less right
    /// than the constant at times where the probabilities are far better: E decides, and what it is owed to is said. What stands beside an E with the weights of
    /// classes has these weights, too: without them, a model that was to find more of a rare class is less right than the constant as it should be.
    pub(crate) fn warning(&self, label: &str) -> Option<String> {
        let (scores, baseline, is_above, is_weighted) = match &self.detail {
            // Nothing is better than a constant that is right, and what is worse by rounding is not bad.
            Detail::Numbers(targets) if targets.iter().any(|target| target.sums.1 == 0.0) => {
                return Some(format!(
                    "on the {label} records one answer is right for all: there is nothing to learn from them"
                ));
            }
            Detail::Numbers(targets) => {
                let is_above = targets.iter().any(|target| is_higher(target.sums.0, target.sums.1));
                return is_above
                    .then(|| format!("on the {label} records the model is worse than always giving the same answer"));
            }
            Detail::Classes { scores, baseline, weighted, baseline_loss_sum, .. } => {
                let (scores, baseline) = weighted.as_deref().map_or((scores, &**baseline), |[own, base]| (own, base));
                (scores, baseline, is_higher(self.loss_sum, *baseline_loss_sum), weighted.is_some())
            }
        };
        if !is_above {
            return None;
        }
        let (weighted, with_them, shares) = match is_weighted {
            true => (", with the weights of classes,", " with them", "weighted shares"),
            false => ("", "", "shares"),
        };
        // Brier's score is bounded for every record: where it is better and E is not, a few records far off make up the difference.
        Some(if scores.brier < baseline.brier {
            format!(
                "on the {label} records E{weighted} is above that of the best constant, though the Brier score{with_them} is better: a few records that were called all but impossible make up \
                 the difference. evaluate --worst 5 names them; a penalty such as --l2 0.001 in training keeps weights from going so far"
            )
        } else if scores.accuracy < baseline.accuracy {
            format!("on the {label} records{weighted} the model is worse than always giving the same answer")
        } else {
            format!(
                "on the {label} records E{weighted} is above that of the best constant: the probabilities are worse than the {shares} of the classes"
            )
        })
    }

    pub(crate) fn json(&self) -> Value {
        let sum_name = self.loss.sum_name();
        let mut value = match &self.detail {
            Detail::Numbers(targets) => json!({
                "targets": targets.iter().map(|target| json!({
                    "name": target.name,
                    "model": self.regression_json(&target.own, target.sums.0),
                    "baseline": self.regression_json(&target.base, target.sums.1),
                })).collect::<Vec<_>>(),
            }),
            Detail::Classes { scores, baseline, baseline_loss_sum, names, .. } => json!({
                format!("baseline_{sum_name}"): baseline_loss_sum,
                "classes": names,
                "model": class_json(scores),
                "baseline": class_json(baseline),
                "confusion": counts_json(&scores.confusion),
            }),
        };
        if let Detail::Classes { weighted: Some(weighted), .. } = &self.detail {
            let [own, base] = &**weighted;
            value["class_weighted"] = json!({ "model": class_json(own), "baseline": class_json(base) });
        }
        if let Some(threshold) = self.threshold() {
            value["threshold"] = json!(threshold);
        }
        value["records"] = json!(self.n);
        value[sum_name] = json!(self.loss_sum);
        value
    }

    fn regression_json(&self, scores: &RegressionScores, loss_sum: f64) -> Value {
        json!({
            self.loss.sum_name(): loss_sum, "rmse": scores.rmse, "mae": scores.mae, "r_squared": scores.r_squared,
        })
    }
}

fn class_json(scores: &ClassScores) -> Value {
    json!({
        "accuracy": scores.accuracy, "log_loss": scores.log_loss, "brier": scores.brier, "auc": scores.auc,
        "auc_error": scores.auc_error,
    })
}

/// A number of records, whole unless they have weights.
pub(crate) fn count_json(count: f64) -> Value {
    if count.fract() == 0.0 && count.abs() < 9e15 { json!(count as u64) } else { json!(count) }
}

fn counts_json(matrix: &[Vec<f64>]) -> Value {
    matrix.iter().map(|row| row.iter().map(|&count| count_json(count)).collect::<Value>()).collect()
}

/// Whether an error is above that of the baseline by more than the rounding of a descent that ended there.
fn is_higher(error: f64, of_baseline: f64) -> bool {
    error > of_baseline * (1.0 + 1e-9)
}

/// A number of records, for people: all digits of a whole one.
pub(crate) fn count_text(count: f64) -> String {
    if count.fract() == 0.0 && count.abs() < 9e15 { format!("{count}") } else { short(count) }
}

/// Records by their own class and the predicted one; nothing beyond twenty classes, which no one would read.
/// `at` is the threshold that was chosen, and the class that is said from it on.
fn confusion(label: &str, matrix: &[Vec<f64>], names: &[String], is_weighted: bool, at: Option<(f64, &str)>) -> String {
    if names.len() > 20 {
        return String::new();
    }
    let name = |name: &String| name.chars().take(18).collect::<String>();
    let width = names.iter().map(|n| n.chars().count().min(18)).max().unwrap_or(0).max(9) + 2;
    let weights = if is_weighted { "; sums of the records' weights" } else { "" };
    let at = at.map_or(String::new(), |(p, yes)| format!(", {yes:?} where its p is at least {}", short(p)));
    let mut text = format!(
        "\nconfusion, {label}: rows are the records' own classes, columns the predicted ones{at}{weights}\n  {:<20}",
        ""
    );
    for n in names {
        let _ = write!(text, "{:>width$}", name(n));
    }
    text.push('\n');
    for (n, row) in names.iter().zip(matrix) {
        let _ = write!(text, "  {:<20}", name(n));
        for &count in row {
            let _ = write!(text, "{:>width$}", count_text(count));
        }
        text.push('\n');
    }
    text
}
