//! The points on the page: a table that was read like every other one, and can then be changed with the mouse.

mod given;

use deltarule_core::{Activation, Column, ColumnKind, Dataset, Loss, Scaling, Targets};
use deltarule_data::csv_field;
use serde::{Deserialize, Serialize};

use crate::error::{Result, setting};
pub use given::{Chosen, ColumnFact, columns_of};

/// An input column: its name, and the levels of a category.
#[derive(Debug, Clone, Serialize)]
pub struct FeatureName {
    /// The column.
    pub name: String,
    /// Its levels, if it is a category.
    pub levels: Option<Vec<String>>,
}

/// The points: inputs and targets of every record.
#[derive(Debug, Clone)]
pub struct Points {
    name: String,
    features: Vec<FeatureName>,
    inputs: Vec<String>,
    columns: Vec<Column<'static, f64>>,
    /// The target column, and what each output stands for.
    target: String,
    outputs: Vec<String>,
    classes: Option<Vec<String>>,
    /// Two classes and one output are 0 and 1 here.
    targets: Targets<'static, f64>,
    /// The activation that goes with the target, unless another is chosen.
    activation: Activation,
    notes: Vec<String>,
}

impl Points {
    /// The name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The input columns.
    pub fn features(&self) -> &[FeatureName] {
        &self.features
    }

    /// A name for each of the d inputs.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// A name for each output.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The target column, or columns.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The classes, if the target has some.
    pub fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// f that goes with the target.
    pub fn activation(&self) -> &Activation {
        &self.activation
    }

    /// What was decided when the table was read, to be said.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// N.
    pub fn n_records(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    /// The columns as they are.
    pub fn columns(&self) -> &[Column<'static, f64>] {
        &self.columns
    }

    /// What the columns hold.
    pub fn kinds(&self) -> Vec<ColumnKind> {
        self.columns.iter().map(Column::kind).collect()
    }

    /// The targets as they are kept: two classes are 0 and 1, more of them their numbers.
    pub(crate) fn stored_targets(&self) -> &Targets<'static, f64> {
        &self.targets
    }

    /// The targets for an activation and an error: classes are the numbers that these aim at, as for the command.
    pub fn targets(&self, activation: &Activation, loss: Loss) -> Targets<'static, f64> {
        let mut targets = self.targets.clone();
        let (of_first, of_second) = loss.class_targets_with(activation);
        match &mut targets {
            Targets::Classes { low, high, .. } => (*low, *high) = (of_first, of_second),
            Targets::Numbers(all) if self.classes.is_some() => {
                let number = |y: &mut f64| *y = if *y == 0.0 { of_first } else { of_second };
                all.iter_mut().for_each(|values| values.to_mut().iter_mut().for_each(number));
            }
            Targets::Numbers(_) => {}
        }
        targets
    }

    /// x of a record in the units that are descended in, 1 for the level that it has. Shape (d,).
    pub fn inputs_of(&self, record: usize, scaling: &Scaling) -> Vec<f64> {
        let mut x = Vec::with_capacity(self.inputs.len());
        for (column, scale) in self.columns.iter().zip(scaling.columns()) {
            match column {
                Column::Numbers(values) => x.push(scale.apply(values[record])),
                Column::Codes { codes, n_levels } => {
                    x.extend((0..*n_levels).map(|level| if codes[record] as usize == level { 1.0 } else { 0.0 }));
                }
                // Points are numbers and categories.
                Column::Tiled(_) | Column::Sparse { .. } => {}
            }
        }
        x
    }

    /// One record as a table of its own.
    ///
    /// Errors: there is no such record.
    pub fn only(&self, record: usize) -> Result<Self> {
        self.check(record)?;
        let mut one = self.clone();
        let rows = record..record + 1;
        one.columns = self.columns.iter().map(|column| part(column, rows.clone())).collect();
        one.targets = match &self.targets {
            Targets::Numbers(all) => Targets::Numbers(all.iter().map(|y| y[rows.clone()].to_vec().into()).collect()),
            Targets::Classes { codes, n_classes, low, high } => {
                let (codes, n_classes, low, high) = (codes[rows].to_vec().into(), *n_classes, *low, *high);
                Targets::Classes { codes, n_classes, low, high }
            }
        };
        Ok(one)
    }

    /// Moves a point: its value in a column, for a category the nearest level, or its target.
    ///
    /// Errors: no such record or column, a value that is not finite.
    pub fn set(&mut self, record: usize, place: &Place) -> Result<()> {
        self.check(record)?;
        place.check()?;
        match place {
            Place::Input { column, value } => match self.columns.get_mut(*column) {
                Some(Column::Numbers(values)) => values.to_mut()[record] = *value,
                Some(Column::Codes { codes, n_levels }) => {
                    codes.to_mut()[record] = level_near(*value, *n_levels) as u32;
                }
                Some(_) => return setting("column", &self.features[*column].name, "a column of numbers or a category"),
                None => return setting("column", column, format!("a number from 0 to below {}", self.columns.len())),
            },
            Place::Target { output, value } => match &mut self.targets {
                Targets::Numbers(all) => match all.get_mut(*output) {
                    Some(values) if self.classes.is_some() => values.to_mut()[record] = value.round().clamp(0.0, 1.0),
                    Some(values) => values.to_mut()[record] = *value,
                    None => {
                        return setting("output", output, format!("a number from 0 to below {}", self.outputs.len()));
                    }
                },
                Targets::Classes { codes, n_classes, .. } => {
                    let most = n_classes.saturating_sub(1).max(1) as f64;
                    codes.to_mut()[record] = value.round().clamp(0.0, most) as u32;
                }
            },
        }
        Ok(())
    }

    /// Adds a point: these values, and for all other columns their means and commonest levels.
    ///
    /// Errors: those of [`set`](Self::set).
    pub fn add(&mut self, places: &[Place]) -> Result<()> {
        let mut grown = self.clone();
        let typical = grown.typical();
        for (column, value) in grown.columns.iter_mut().zip(typical) {
            match column {
                Column::Numbers(values) => values.to_mut().push(value),
                Column::Codes { codes, .. } => codes.to_mut().push(value as u32),
                Column::Tiled(_) | Column::Sparse { .. } => {}
            }
        }
        match &mut grown.targets {
            Targets::Numbers(all) => all.iter_mut().for_each(|values| {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                values.to_mut().push(if grown.classes.is_some() { mean.round() } else { mean });
            }),
            Targets::Classes { codes, .. } => codes.to_mut().push(0),
        }
        let record = grown.n_records() - 1;
        places.iter().try_for_each(|place| grown.set(record, place))?;
        *self = grown;
        Ok(())
    }

    /// Takes a point away.
    ///
    /// Errors: no such record, or it is the last one.
    pub fn remove(&mut self, record: usize) -> Result<()> {
        self.check(record)?;
        if self.n_records() == 1 {
            return setting("points", "the last one to be taken away", "at least one point");
        }
        for column in &mut self.columns {
            match column {
                Column::Numbers(values) => _ = values.to_mut().remove(record),
                Column::Codes { codes, .. } => _ = codes.to_mut().remove(record),
                Column::Tiled(_) | Column::Sparse { .. } => {}
            }
        }
        match &mut self.targets {
            Targets::Numbers(all) => all.iter_mut().for_each(|values| _ = values.to_mut().remove(record)),
            Targets::Classes { codes, .. } => _ = codes.to_mut().remove(record),
        }
        Ok(())
    }

    /// For each column its mean, or the code of its commonest level.
    pub fn typical(&self) -> Vec<f64> {
        let of = |column: &Column<'static, f64>| match column {
            Column::Numbers(values) => {
                // Missing numbers have none.
                let there = || values.iter().filter(|x| !x.is_nan());
                there().sum::<f64>() / there().count().max(1) as f64
            }
            Column::Codes { codes, n_levels } => {
                let mut counts = vec![0_usize; *n_levels];
                for &code in codes.iter() {
                    if let Some(count) = counts.get_mut(code as usize) {
                        *count += 1;
                    }
                }
                let most = counts.iter().copied().max().unwrap_or(0);
                counts.iter().position(|&count| count == most).unwrap_or(0) as f64
            }
            Column::Tiled(_) | Column::Sparse { .. } => 0.0,
        };
        self.columns.iter().map(of).collect()
    }

    /// The table as CSV, which reads back to the same numbers.
    pub fn csv(&self) -> String {
        let number = |x: f64| if x.is_nan() { String::new() } else { x.to_string() };
        let classes = self.classes.as_deref();
        let class = |code: usize| vec![csv_field(classes.and_then(|all| all.get(code)).map_or("", String::as_str))];
        let targets = match classes {
            None => self.outputs.clone(),
            Some(_) => vec![self.target.clone()],
        };
        let names = self.features.iter().map(|feature| &feature.name).chain(&targets);
        let mut csv = names.map(|name| csv_field(name)).collect::<Vec<_>>().join(",") + "\n";
        for record in 0..self.n_records() {
            let inputs = self.columns.iter().zip(&self.features).map(|(column, feature)| match column {
                Column::Numbers(values) => number(values[record]),
                Column::Codes { codes, .. } => {
                    let level = feature.levels.as_ref().and_then(|levels| levels.get(codes[record] as usize));
                    csv_field(level.map_or("", String::as_str))
                }
                Column::Tiled(_) | Column::Sparse { .. } => String::new(),
            });
            let targets = match &self.targets {
                Targets::Numbers(all) if classes.is_some() => {
                    all.iter().flat_map(|y| class(y[record] as usize)).collect()
                }
                Targets::Numbers(all) => all.iter().map(|values| values[record].to_string()).collect(),
                Targets::Classes { codes, .. } => class(codes[record] as usize),
            };
            csv += &inputs.chain(targets).collect::<Vec<_>>().join(",");
            csv.push('\n');
        }
        csv
    }

    fn check(&self, record: usize) -> Result<()> {
        match record < self.n_records() {
            true => Ok(()),
            false => setting("record", record + 1, format!("a number from 1 to {}", self.n_records())),
        }
    }

    /// The same as a source of blocks. `targets` are those of [`targets`](Self::targets).
    pub(crate) fn dataset<'a>(&'a self, targets: &'a Targets<'static, f64>) -> Result<Dataset<'a, f64>> {
        Ok(Dataset::from_columns(&self.columns, targets)?)
    }
}

/// Where a point is put.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Place {
    /// A value of a number column, in its own units, or the number of a level.
    Input {
        /// The column, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A target, or the number of a class.
    Target {
        /// The output, from 0.
        output: usize,
        /// The value.
        value: f64,
    },
}

impl Place {
    fn check(&self) -> Result<()> {
        let (Place::Input { value, .. } | Place::Target { value, .. }) = self;
        // Larger numbers are refused in files, too.
        match value.is_finite() && value.abs() <= 1e150 {
            true => Ok(()),
            false => setting("point", value, "a finite number of at most 1e150"),
        }
    }
}

/// The level that is nearest to a value on an axis of levels, whose numbers begin with 0.
pub(crate) fn level_near(value: f64, n_levels: usize) -> usize {
    value.round().clamp(0.0, n_levels.saturating_sub(1) as f64) as usize
}

fn part(column: &Column<'_, f64>, rows: std::ops::Range<usize>) -> Column<'static, f64> {
    match column {
        Column::Numbers(values) => Column::Numbers(values[rows].to_vec().into()),
        Column::Codes { codes, n_levels } => Column::Codes { codes: codes[rows].to_vec().into(), n_levels: *n_levels },
        Column::Tiled(tiled) => Column::Numbers(rows.map(|row| tiled.get(row)).collect::<Vec<_>>().into()),
        // CSV has none.
        Column::Sparse { .. } => Column::Numbers(vec![0.0; rows.len()].into()),
    }
}
