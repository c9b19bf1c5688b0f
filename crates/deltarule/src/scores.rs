//! Scores of a model on some records, beside those of the best constant.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use deltarule_core::{Block, ClassScores, Layer, RegressionScores, Scaling, Targets, class_scores, regression_scores};
use deltarule_data::{Reader, RowEncoder, RowState};
use deltarule_model::{Model, Target};
use serde_json::{Value, json};

use crate::number::{digits, percent, short};

/// Targets and outputs of some records, gathered block by block.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// y, output by output, shape (J, records).
    pub(crate) targets: Vec<Vec<f64>>,
    /// ŷ, output by output, shape (J, records).
    pub(crate) outputs: Vec<Vec<f64>>,
    /// The class of each record; nothing for numbers.
    pub(crate) classes: Vec<u32>,
}

impl Outcome {
    pub(crate) fn new(n_outputs: usize) -> Self {
        Self { targets: vec![Vec::new(); n_outputs], outputs: vec![Vec::new(); n_outputs], classes: Vec::new() }
    }

    /// Of whole blocks.
    pub(crate) fn of(layer: &Layer, scaling: &Scaling, blocks: &[Block<'_, f64>], classes: &[u32]) -> Result<Self> {
        let mut outcome = Self::new(layer.parameters().n_outputs());
        for block in blocks {
            outcome.add(layer, scaling, block, |_| true)?;
        }
        outcome.classes = classes.to_vec();
        Ok(outcome)
    }

    /// Targets and outputs of all records of a file that have both; which records of the file these are, from 1; and how many
    /// there are in all.
    pub(crate) fn of_file(
        reader: &mut Reader,
        encoder: &mut RowEncoder<'_>,
        model: &Model,
    ) -> Result<(Self, Vec<u64>, u64)> {
        let scaling = model.encoding().scaling();
        let mut outcome = Self::new(model.encoding().target.n_outputs());
        let (mut records, mut n_read) = (Vec::new(), 0);
        loop {
            while encoder.len() < deltarule_core::BLOCK_ROWS {
                match reader.next_record()? {
                    Some(record) => encoder.push(&record)?,
                    None => break,
                }
            }
            if encoder.is_empty() {
                break;
            }
            let complete = |r: usize| encoder.states()[r] == RowState::Complete;
            outcome.add(model.layer(), &scaling, &encoder.block()?, complete)?;
            for r in (0..encoder.len()).filter(|&r| complete(r)) {
                records.push(n_read + r as u64 + 1);
                outcome.classes.extend(encoder.classes().get(r));
            }
            n_read += encoder.len() as u64;
            encoder.clear();
        }
        if records.is_empty() {
            bail!("{}: found no record with every feature and the target, expected at least one", reader.name());
        }
        Ok((outcome, records, n_read))
    }

    /// Adds the rows of a block that `keep` lets pass.
    pub(crate) fn add(
        &mut self,
        layer: &Layer,
        scaling: &Scaling,
        block: &Block<'_, f64>,
        keep: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let mut outputs = Vec::new();
        layer.outputs_into(block, scaling, &mut outputs)?;
        let n = block.n_records();
        for j in 0..self.outputs.len() {
            for r in (0..n).filter(|&r| keep(r)) {
                self.outputs[j].push(outputs[j * n + r]);
                self.targets[j].push(match block.targets() {
                    Targets::Numbers(columns) => columns[j][r],
                    Targets::Classes { codes, low, high, .. } => {
                        if codes[r] as usize == j {
                            *high
                        } else {
                            *low
                        }
                    }
                });
            }
        }
        Ok(())
    }

    pub(crate) fn n_records(&self) -> usize {
        self.outputs.first().map_or(0, Vec::len)
    }

    /// ½Σ_j(y_j − ŷ_j)² of one record.
    pub(crate) fn error_of(&self, r: usize) -> f64 {
        let squares = self.targets.iter().zip(&self.outputs).map(|(y, o)| (y[r] - o[r]) * (y[r] - o[r]));
        0.5 * squares.sum::<f64>()
    }

    /// The scores of these records.
    pub(crate) fn scores(&self, target: &Target) -> Scores {
        let each: Vec<RegressionScores> =
            self.targets.iter().zip(&self.outputs).map(|(y, o)| regression_scores(y, o)).collect();
        let sse = each.iter().map(|scores| scores.sse).sum();
        let n = self.n_records();
        let detail = match target {
            Target::Numbers { names, means } => Detail::Numbers(
                names
                    .iter()
                    .zip(means)
                    .zip(self.targets.iter().zip(each))
                    .map(|((name, mean), (y, scores))| {
                        (name.clone(), scores, regression_scores(y, &vec![*mean; y.len()]))
                    })
                    .collect(),
            ),
            Target::TwoClasses { .. } | Target::Classes { .. } => {
                let names = target.classes().unwrap_or_default().to_vec();
                let k = names.len();
                let mut probabilities = vec![0.0; n * k];
                let mut row_outputs = vec![0.0; self.outputs.len()];
                for (r, row) in probabilities.chunks_exact_mut(k.max(1)).enumerate() {
                    for (output, column) in row_outputs.iter_mut().zip(&self.outputs) {
                        *output = column[r];
                    }
                    target.probabilities_into(&row_outputs, row);
                }
                let counts = target.class_counts();
                let total = counts.iter().sum::<u64>().max(1) as f64;
                let constant: Vec<f64> = counts.iter().map(|&count| count as f64 / total).collect();
                let baseline = class_scores(&self.classes, &constant.repeat(n), k);
                // The least E of a constant output is at the mean of its targets, as the least squared error is.
                let outputs = target.constant_outputs();
                let baseline_sse =
                    self.targets.iter().zip(&outputs).map(|(y, &mean)| regression_scores(y, &vec![mean; n]).sse).sum();
                let scores = class_scores(&self.classes, &probabilities, k);
                Detail::Classes { scores, baseline, baseline_sse, names }
            }
        };
        Scores { n: n as u64, sse, detail }
    }
}

/// Scores and the baseline's.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) n: u64,
    /// E = ½ΣΣ(y − ŷ)².
    pub(crate) sse: f64,
    pub(crate) detail: Detail,
}

#[derive(Debug)]
pub(crate) enum Detail {
    /// Each target: its name, its scores, and the baseline's.
    Numbers(Vec<(String, RegressionScores, RegressionScores)>),
    Classes {
        scores: ClassScores,
        baseline: ClassScores,
        /// E of the best constant outputs.
        baseline_sse: f64,
        names: Vec<String>,
    },
}

impl Scores {
    /// A table with a column for each of the labelled scores and one for its baseline.
    pub(crate) fn table(parts: &[(&str, &Scores)]) -> String {
        let mut text = String::new();
        let heading = parts.iter().fold(format!("{:<26}", "scores"), |mut line, (label, scores)| {
            let _ = write!(line, "{:>16}{:>12}", format!("{label} ({})", scores.n), "baseline");
            line
        });
        let _ = writeln!(text, "{heading}");
        let rows: Vec<Vec<(String, String, String)>> = parts.iter().map(|(_, scores)| scores.rows()).collect();
        for (index, (name, ..)) in rows.first().into_iter().flatten().enumerate() {
            let _ = write!(text, "  {name:<24}");
            for part in &rows {
                if let Some((_, value, baseline)) = part.get(index) {
                    let _ = write!(text, "{value:>16}{baseline:>12}");
                }
            }
            text.push('\n');
        }
        for (label, scores) in parts {
            if let Detail::Classes { scores, names, .. } = &scores.detail {
                text.push_str(&confusion(label, &scores.confusion, names));
            }
        }
        text
    }

    /// Name, value, baseline.
    fn rows(&self) -> Vec<(String, String, String)> {
        let optional = |x: Option<f64>| x.map_or("-".to_owned(), short);
        match &self.detail {
            Detail::Numbers(targets) => targets
                .iter()
                .flat_map(|(name, scores, baseline)| {
                    let name = |what: &str| if targets.len() > 1 { format!("{name}: {what}") } else { what.to_owned() };
                    [
                        (name("E = ½Σ(y − ŷ)²"), digits(scores.sse, 8), digits(baseline.sse, 8)),
                        (name("RMSE"), short(scores.rmse), short(baseline.rmse)),
                        (name("MAE"), short(scores.mae), short(baseline.mae)),
                        (name("R²"), optional(scores.r_squared), optional(baseline.r_squared)),
                    ]
                })
                .collect(),
            Detail::Classes { scores, baseline, baseline_sse, .. } => vec![
                ("E = ½ΣΣ(y − ŷ)²".to_owned(), digits(self.sse, 8), digits(*baseline_sse, 8)),
                ("accuracy".to_owned(), percent(scores.accuracy), percent(baseline.accuracy)),
                ("log loss".to_owned(), short(scores.log_loss), short(baseline.log_loss)),
                ("Brier score".to_owned(), short(scores.brier), short(baseline.brier)),
                ("AUC".to_owned(), optional(scores.auc), optional(baseline.auc)),
            ],
        }
    }

    /// A sentence, where the model is no better than the constant.
    pub(crate) fn warning(&self, label: &str) -> Option<String> {
        let useless = match &self.detail {
            Detail::Numbers(targets) => targets.iter().any(|(_, scores, baseline)| scores.rmse > baseline.rmse),
            Detail::Classes { scores, baseline, .. } => scores.accuracy < baseline.accuracy,
        };
        useless.then(|| format!("on the {label} records the model is worse than always giving the same answer"))
    }

    pub(crate) fn json(&self) -> Value {
        match &self.detail {
            Detail::Numbers(targets) => json!({
                "records": self.n,
                "sse": self.sse,
                "targets": targets.iter().map(|(name, scores, baseline)| json!({
                    "name": name,
                    "model": regression_json(scores),
                    "baseline": regression_json(baseline),
                })).collect::<Vec<_>>(),
            }),
            Detail::Classes { scores, baseline, baseline_sse, names } => json!({
                "records": self.n,
                "sse": self.sse,
                "baseline_sse": baseline_sse,
                "classes": names,
                "model": class_json(scores),
                "baseline": class_json(baseline),
                "confusion": scores.confusion,
            }),
        }
    }
}

fn regression_json(scores: &RegressionScores) -> Value {
    json!({ "sse": scores.sse, "rmse": scores.rmse, "mae": scores.mae, "r_squared": scores.r_squared })
}

fn class_json(scores: &ClassScores) -> Value {
    json!({
        "accuracy": scores.accuracy, "log_loss": scores.log_loss, "brier": scores.brier, "auc": scores.auc,
    })
}

/// Records by their own class and the predicted one; nothing beyond twenty classes, which no one would read.
fn confusion(label: &str, matrix: &[Vec<u64>], names: &[String]) -> String {
    if names.len() > 20 {
        return String::new();
    }
    let name = |name: &String| name.chars().take(18).collect::<String>();
    let width = names.iter().map(|n| n.chars().count().min(18)).max().unwrap_or(0).max(9) + 2;
    let mut text =
        format!("\nconfusion, {label}: rows are the records' own classes, columns the predicted ones\n  {:<20}", "");
    for n in names {
        let _ = write!(text, "{:>width$}", name(n));
    }
    text.push('\n');
    for (n, row) in names.iter().zip(matrix) {
        let _ = write!(text, "  {:<20}", name(n));
        for count in row {
            let _ = write!(text, "{count:>width$}");
        }
        text.push('\n');
    }
    text
}
