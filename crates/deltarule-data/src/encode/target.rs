//! The targets of records: numbers, or the classes that a model has.

use std::ops::Deref;

use deltarule_model::{Encoding, Target};

use super::{RowEncoder, file_of};
use crate::column::{LARGEST, WHOLE, is_exact_text, is_truth};
use crate::csv::{Decimal, Record, is_missing, parse_number, shown};
use crate::error::{DataError, Result};
use crate::flaw::Flaw;

impl<E: Deref<Target = Encoding>> RowEncoder<E> {
    /// Takes the targets; false where one is missing.
    pub(super) fn push_target(&mut self, record: &Record<'_>) -> Result<bool> {
        let fields = self.target_positions.iter().map(|&at| match (record.trimmed(at), &self.sparse) {
            // A label may have a plus sign.
            (label, Some(_)) => label.strip_prefix(b"+").unwrap_or(label),
            (field, None) => field,
        });
        let fields: Vec<&[u8]> = fields.collect();
        let missing = fields.iter().any(|field| is_missing(field));
        let wrong = |index: usize, expected: String| DataError::Value {
            file: file_of(&self.files, record),
            at: record.at,
            column: self.encoding.target.columns()[index].to_owned(),
            found: shown(fields[index]).into_owned(),
            expected: expected.into(),
            flaw: Flaw::Target,
        };
        match self.encoding.target.classes() {
            None => {
                for (j, field) in fields.iter().enumerate() {
                    let number = match parse_number(field, record.decimal) {
                        _ if missing => 0.0,
                        Some(y) if !is_exact_text(field, y) => return Err(wrong(j, WHOLE.into())),
                        Some(y) if y.abs() <= LARGEST => y,
                        _ if field.eq_ignore_ascii_case(b"true") => 1.0,
                        _ if field.eq_ignore_ascii_case(b"false") => 0.0,
                        _ => return Err(wrong(j, "a number, as in training".into())),
                    };
                    let (low, high) = self.target_range;
                    if !missing && !(low..=high).contains(&number) {
                        return Err(wrong(j, format!("a number from {low} to {high}, for the model's loss")));
                    }
                    self.targets[j].push(number);
                }
            }
            Some(classes) => {
                let class = match class_of(fields[0], classes, record.decimal) {
                    _ if missing => 0,
                    Some(class) => class,
                    None => return Err(wrong(0, format!("one of the model's classes: {}", classes.join(", ")))),
                };
                self.classes.push(class);
                match &self.encoding.target {
                    Target::TwoClasses { low, high, .. } => self.targets[0].push(if class == 1 { *high } else { *low }),
                    _ => {
                        for column in &mut self.targets {
                            column.push(0.0);
                        }
                    }
                }
            }
        }
        Ok(!missing)
    }
}

/// The position of a class: by its text, or by its number (1.0 is the class 1).
fn class_of(field: &[u8], classes: &[String], decimal: Decimal) -> Option<u32> {
    let same_text =
        |class: &String| class.as_bytes() == field || class.as_bytes().eq_ignore_ascii_case(field) && is_truth(field);
    let position = classes.iter().position(same_text).or_else(|| {
        let number = parse_number(field, decimal).filter(|number| is_exact_text(field, *number))?;
        classes.iter().position(|class| parse_number(class.as_bytes(), Decimal::Point) == Some(number))
    });
    position.map(|class| class as u32)
}
