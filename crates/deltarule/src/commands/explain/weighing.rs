//! How often records count in what is explained.

use anyhow::Result;
use deltarule_core::{Block, Problem};
use deltarule_data::{Prepared, Reader, RowEncoder};
use deltarule_model::{Encoding, Model, Target};

use crate::number::short;
use crate::scores::class_of;

/// How often records count.
#[derive(Debug, Default)]
pub(super) struct Weighing {
    /// v̄, the mean weight of all records; `None` where each counts once.
    pub(super) mean: Option<f64>,
    /// The same in words.
    pub(super) notes: Vec<String>,
    column: Option<String>,
    of_classes: Vec<f64>,
    /// How many records were taken, and Σv over them.
    taken: (u64, f64),
}

impl Weighing {
    /// Of the training records of a table.
    pub(super) fn of_table(prepared: &Prepared<'_>, problem: &Problem<'_, f64>) -> Self {
        let column = prepared.weight_column().map(str::to_owned);
        let of_classes = prepared.training.class_weights().to_vec();
        let notes = notes(column.as_deref(), &of_classes, prepared.target.classes());
        Self { mean: problem.moments.mean_weight(), notes, column, of_classes, taken: (0, 0.0) }
    }

    /// As in the training of a model, if the files have the column that says so.
    pub(super) fn of_model(model: &Model, reader: &Reader) -> Self {
        let training = model.training();
        let has_column = |name: &&String| reader.header().contains(name);
        let column = training.weight.as_ref().filter(has_column).cloned();
        let of_classes = training.class_weights.clone();
        let mut notes = notes(column.as_deref(), &of_classes, model.encoding().target.classes());
        if let (None, Some(name)) = (&column, &training.weight) {
            notes.push(format!(
                "weights are left out: in training each record counted as often as column {name} said, which {} does not have; here each counts once",
                reader.name()
            ));
        }
        Self { mean: None, notes, column, of_classes, taken: (0, 0.0) }
    }

    /// Whether records need not count once.
    pub(super) fn is_any(&self) -> bool {
        self.column.is_some() || !self.of_classes.is_empty()
    }

    /// What reads records of files with their weights.
    ///
    /// Errors: those of the files.
    pub(super) fn encoder<'m>(&self, encoding: &'m Encoding, reader: &Reader) -> Result<RowEncoder<&'m Encoding>> {
        let encoder = RowEncoder::new(encoding, reader, true)?;
        Ok(match &self.column {
            Some(column) => encoder.with_weight(reader, column)?,
            None => encoder,
        })
    }

    /// Takes the only record of a block into the mean: how often it counts.
    pub(super) fn take(&mut self, target: &Target, block: &Block<'_, f64>) -> f64 {
        let own = block.weights().map_or(1.0, |weights| weights[0]);
        let of_class = match &self.of_classes[..] {
            [] => 1.0,
            of_classes => of_classes.get(class_of(target, block, 0) as usize).copied().unwrap_or(1.0),
        };
        let v = own * of_class;
        if self.is_any() {
            let (n, sum) = (self.taken.0 + 1, self.taken.1 + v);
            self.taken = (n, sum);
            self.mean = Some(sum / n as f64);
        }
        v
    }
}

/// What is said of weights of records and of classes.
fn notes(column: Option<&str>, of_classes: &[f64], classes: Option<&[String]>) -> Vec<String> {
    let of_column = column.map(|name| format!("weights: each record counts as often as column {name} says"));
    let each = classes.unwrap_or_default().iter().zip(of_classes);
    let each: Vec<String> = each.map(|(class, weight)| format!("{class} {}", short(*weight))).collect();
    let of_classes = (!each.is_empty()).then(|| format!("class weights: {}", each.join(", ")));
    of_column.into_iter().chain(of_classes).collect()
}
