//! What Arrow's columns push into a column.

use std::ops::Range;

use arrow_array::{Array, StringArray, UInt32Array};
use deltarule_model::number::exact;

use super::ColumnBuilder;
use crate::batch::Cells;
use crate::column::Place;
use crate::column::numbers::{is_exact_text, is_in_range, is_large};
use crate::column::state::{Level, State};
use crate::csv::is_missing;
use crate::pages::PageColumn;

impl ColumnBuilder {
    /// Takes the values of some rows of a batch; `first_record` is the number of its first one, from 1.
    pub(crate) fn push_cells(&mut self, cells: &Cells, rows: Range<usize>, first_record: u64) {
        if let Cells::Coded { codes, texts } = cells {
            return self.push_coded(codes, texts, rows, first_record);
        }
        let missing = |array: &dyn Array, row: usize| array.is_null(row);
        for row in rows {
            let record = first_record + row as u64;
            match cells {
                Cells::Numbers(x) if !missing(x, row) => self.push_cell_number(x.value(row), record),
                Cells::Integers(x) if !missing(x, row) => {
                    self.push_digits(x.value(row) as f64, record, || x.value(row).to_string());
                }
                Cells::Naturals(x) if !missing(x, row) => {
                    self.push_digits(x.value(row) as f64, record, || x.value(row).to_string());
                }
                Cells::Decimals(x, texts) if !missing(x, row) => {
                    self.push_digits(x.value(row), record, || texts.value(row).to_owned());
                }
                Cells::Booleans(x) if !missing(x, row) => {
                    self.push_word(if x.value(row) { "true" } else { "false" }, record);
                }
                Cells::Texts(x) if !missing(x, row) => {
                    let text = x.value(row).trim_ascii();
                    if is_missing(text.as_bytes()) { self.push_missing(record) } else { self.push_word(text, record) }
                }
                Cells::Unsupported(kind) => {
                    self.mix();
                    self.state = State::Unsupported(kind.clone());
                }
                _ => self.push_missing(record),
            }
            self.n += 1;
        }
    }

    /// The same, of codes of texts: each text that occurs is looked at once.
    fn push_coded(&mut self, codes: &UInt32Array, texts: &StringArray, rows: Range<usize>, first_record: u64) {
        let mut levels: Vec<Option<Level>> = vec![None; texts.len()];
        for row in rows {
            let record = first_record + row as u64;
            let code = codes.value(row) as usize;
            if codes.is_null(row) || texts.is_null(code) {
                self.push_missing(record);
            } else if let Some(level) = levels[code] {
                self.push_level(level);
            } else {
                let text = texts.value(code).trim_ascii();
                if is_missing(text.as_bytes()) {
                    self.push_missing(record);
                } else {
                    self.push_word(text, record);
                    levels[code] = self.level(text);
                }
            }
            self.n += 1;
        }
    }

    /// Takes all values of some cells, of which the first is record `first_record`, from 1.
    pub(crate) fn push_many(&mut self, cells: &Cells, n: usize, first_record: u64) {
        if let Cells::Numbers(x) = cells
            && x.null_count() == 0
            && self.takes_numbers()
            && matches!(self.state, State::Nothing | State::Numbers)
            && x.values().iter().all(|&number| is_in_range(number))
            && let Some(&first) = x.values().first()
        {
            // The rest follows as it stands, once the first has said what they are.
            self.push_value(first);
            if let PageColumn::Numbers(values) = &mut self.values {
                values.extend_from_slice(&x.values()[1..]);
            }
            self.n += n;
            return;
        }
        self.push_cells(cells, 0..n, first_record);
    }

    fn push_cell_number(&mut self, number: f64, record: u64) {
        if number.is_nan() {
            self.push_missing(record);
        } else if !self.takes_numbers() {
            self.push_word(&format!("{number:?}"), record);
        } else {
            self.push_number(number, record, || exact(number));
        }
    }

    /// Takes a number that has a text with all of its digits.
    fn push_digits(&mut self, number: f64, record: u64, text: impl Fn() -> String) {
        if !self.takes_numbers() {
            return self.push_word(&text(), record);
        }
        if is_large(number) && self.facts.inexact.is_none() && !is_exact_text(text().as_bytes(), number) {
            self.facts.inexact = Some(Place { text: text(), line: record, file: 0 });
        }
        self.push_number(number, record, text);
    }
}
