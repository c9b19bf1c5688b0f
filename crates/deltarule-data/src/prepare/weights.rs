//! How often each record counts.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use deltarule_model::Target;
use deltarule_model::number::exact;

use super::target::{Output, TargetKind};
use crate::column::Values;
use crate::error::{DataError, Result};
use crate::pages::{PAGE_ROWS, PageColumn, RowSet, Wanted};
use crate::table::Table;

/// How often the records of each class count.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeight {
    /// All classes alike: Σv/(K·Σv of the class), over the training records.
    Balanced,
    /// The classes that are named so often, the others once.
    Given(Vec<(String, f64)>),
}

/// The weight v of each record: that in a column, times that of its class.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Weighting {
    /// The position of the column.
    column: Option<usize>,
    /// One for each class; empty where they count alike.
    of_classes: Vec<f64>,
}

impl Weighting {
    /// A column of weights.
    ///
    /// Errors: the column does not hold numbers from 0 on, in every one of `rows`, with one above 0; those of the file that holds the table's pages.
    pub(super) fn of_column(table: &Table, name: &str, rows: &RowSet) -> Result<Self> {
        let position = table.position(name, "--weight")?;
        let column = &table.columns()[position];
        table.check_usable(column)?;
        let wrong =
            |file: &str, found: String| DataError::Weight { file: file.to_owned(), column: name.to_owned(), found };
        let kind = match column.values {
            Values::Numbers => None,
            Values::Booleans => Some("true and false"),
            Values::Missing => Some("no value at all"),
            Values::Text { .. } | Values::Unique { .. } => Some("text"),
            Values::Hashed { .. } => Some("a column that is also hashed"),
            Values::Dates { .. } => Some("a column that is also taken apart as dates"),
            Values::Skipped => Some("a column that is also dropped"),
            _ => Some("a column without numbers"),
        };
        if let Some(found) = kind {
            return Err(wrong(table.name(), found.to_owned()));
        }
        let (mut bad, mut any) = (None, false);
        table.pages().show_each(&Wanted::of([position]), |page, shown, columns| {
            rows.in_page(page, 0, |row| {
                let v = columns[position].numbers().get(shown.start + row).copied().unwrap_or(f64::NAN);
                // What is missing is NaN, and no comparison with it is true.
                if !(v >= 0.0 && v.is_finite()) && bad.is_none() {
                    bad = Some((page * PAGE_ROWS + row, v));
                }
                any |= v > 0.0;
            });
            if bad.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if let Some((record, v)) = bad {
            let found = if v.is_nan() { "no value".to_owned() } else { exact(v) };
            return Err(wrong(table.file(record), format!("{found} in {}", table.at(record))));
        }
        if !any {
            return Err(wrong(table.name(), "0 in every record".to_owned()));
        }
        Ok(Self { column: Some(position), of_classes: Vec::new() })
    }

    /// The same with weights of classes.
    ///
    /// `sums` are Σv of the training records of each class, shape (K,). Errors: the target is not one of classes; a name that is no class.
    pub(super) fn with_classes(self, of: &ClassWeight, output: &Output, table: &Table, sums: &[f64]) -> Result<Self> {
        let name = &table.columns()[output.columns[0]].name;
        let wrong = |found: String, expected: String| DataError::ClassWeight {
            file: table.name().to_owned(),
            column: name.clone(),
            found,
            expected,
        };
        let TargetKind::Classes { names, .. } = &output.kind else {
            return Err(wrong("numbers".to_owned(), "classes; --task classification takes numbers as such".to_owned()));
        };
        let of_classes = match of {
            ClassWeight::Balanced => {
                let total: f64 = sums.iter().sum();
                sums.iter().map(|sum| if *sum > 0.0 { total / (sums.len() as f64 * sum) } else { 1.0 }).collect()
            }
            ClassWeight::Given(given) => {
                let mut of_classes = vec![1.0; names.len()];
                for (class, weight) in given {
                    let position = names.iter().position(|name| name == class);
                    let position = position.ok_or_else(|| {
                        wrong(format!("no class {class:?}"), format!("one of its classes: {}", names.join(", ")))
                    })?;
                    of_classes[position] = *weight;
                }
                of_classes
            }
        };
        Ok(Self { of_classes, ..self })
    }

    /// The column that is needed for it.
    pub(super) fn column(&self) -> Option<usize> {
        self.column
    }

    /// The weight of each class; empty where they count alike.
    pub(super) fn of_classes(&self) -> &[f64] {
        &self.of_classes
    }

    /// Whether weights are made for each block, and are not just a column.
    pub(super) fn is_made(&self) -> bool {
        !self.of_classes.is_empty()
    }

    /// The weight in the column, of a row of a page; 1 where there is no column.
    pub(super) fn of_record(&self, columns: &[PageColumn], row: usize) -> f64 {
        self.column.map_or(1.0, |position| columns[position].numbers().get(row).copied().unwrap_or(0.0))
    }

    /// The weights of some rows of a page; `None` where all are 1.
    pub(super) fn of_rows<'p>(
        &self,
        columns: &'p [PageColumn],
        rows: Range<usize>,
        output: &Output,
    ) -> Option<Cow<'p, [f64]>> {
        let own = self.column.map(|position| columns[position].numbers().get(rows.clone()).unwrap_or_default());
        if self.of_classes.is_empty() {
            return own.map(Cow::Borrowed);
        }
        let target = &columns[output.columns[0]];
        let of_class =
            |row: usize| self.of_classes.get(output.kind.class(target, row) as usize).copied().unwrap_or(1.0);
        let weight = |(k, row): (usize, usize)| own.map_or(1.0, |own| own[k]) * of_class(row);
        Some(rows.enumerate().map(weight).collect())
    }

    /// What was decided, to be said.
    pub(super) fn notes(&self, table: &Table, target: &Target) -> Vec<String> {
        let column = self.column.map(|position| {
            format!("weights: each record counts as often as column {} says", table.columns()[position].name)
        });
        let classes = target.classes().unwrap_or_default().iter().zip(&self.of_classes);
        let classes: Vec<String> = classes.map(|(class, weight)| format!("{class} {weight:.4}")).collect();
        let of_classes = (!classes.is_empty()).then(|| {
            format!(
                "class weights, in E but not in the scores: {}; p is the share of a class among records weighted so",
                classes.join(", ")
            )
        });
        column.into_iter().chain(of_classes).collect()
    }
}
