//! What the values of a column are as far as they have come up, and the levels of its texts.

use std::collections::HashMap;

use super::Values;
use super::distinct::Distinct;
use super::hashed::Hashed;
use crate::pages::{Decode, PageColumn};

/// A text that has come up, and what is to be counted whenever it comes up again.
#[derive(Clone, Copy)]
pub(super) struct Level {
    /// How many others came up before it.
    pub(super) code: u32,
    pub(super) has_other_decimal: bool,
    pub(super) has_thousands: bool,
    pub(super) is_date: bool,
}

/// What the values so far are.
pub(super) enum State {
    /// Only missing values so far.
    Nothing,
    Numbers,
    Text {
        seen: HashMap<Box<str>, Level>,
    },
    Hashed(Hashed),
    /// Texts that are not kept, but counted.
    Unique(Distinct),
    /// Numbers and words both: what is left is to count.
    Mixed,
    /// Values of this type.
    Unsupported(String),
}

impl State {
    /// The state after this and another, and the values of the other, their codes made codes of the whole.
    pub(super) fn followed_by(self, further: Self, values: PageColumn) -> (Self, PageColumn) {
        match (self, further) {
            (State::Nothing, further @ (State::Nothing | State::Numbers | State::Text { .. } | State::Hashed(_))) => {
                (further, values)
            }
            (state @ (State::Numbers | State::Text { .. } | State::Hashed(_)), State::Nothing) => (state, values),
            (State::Hashed(mut hashed), State::Hashed(further)) => {
                hashed.merge(&further);
                (State::Hashed(hashed), values)
            }
            (State::Numbers, State::Numbers) => (State::Numbers, values),
            (State::Text { mut seen }, State::Text { seen: others }) => {
                // New levels get their codes in the order in which they came up, as if there had been no cut.
                let mut others: Vec<(Box<str>, Level)> = others.into_iter().collect();
                others.sort_unstable_by_key(|(_, level)| level.code);
                let mut code_of = Vec::with_capacity(others.len());
                for (text, level) in others {
                    let next = Level { code: seen.len() as u32, ..level };
                    code_of.push(seen.entry(text).or_insert(next).code);
                }
                (State::Text { seen }, Decode::Codes(code_of).apply(values, 0))
            }
            (State::Unsupported(kind), _) | (_, State::Unsupported(kind)) => {
                (State::Unsupported(kind), PageColumn::Missing)
            }
            (State::Unique(distinct), State::Nothing) | (State::Nothing, State::Unique(distinct)) => {
                (State::Unique(distinct), PageColumn::Missing)
            }
            (State::Unique(mut distinct), State::Text { seen })
            | (State::Text { seen }, State::Unique(mut distinct)) => {
                distinct.add_texts(seen.keys());
                (State::Unique(distinct), PageColumn::Missing)
            }
            (State::Unique(mut distinct), State::Unique(further)) => {
                distinct.merge(&further);
                (State::Unique(distinct), PageColumn::Missing)
            }
            _ => (State::Mixed, PageColumn::Missing),
        }
    }
}

/// 1 or 0 for each code.
pub(super) fn truth_values(seen: &HashMap<Box<str>, Level>) -> Vec<f64> {
    let mut value_of = vec![0.0; seen.len()];
    for (word, level) in seen {
        if word.eq_ignore_ascii_case("true") {
            value_of[level.code as usize] = 1.0;
        }
    }
    value_of
}

/// Levels in the order of their bytes, and the place of each code among them.
pub(super) fn sorted(seen: HashMap<Box<str>, Level>) -> (Values, Decode) {
    let mut levels: Vec<(Box<str>, Level)> = seen.into_iter().collect();
    levels.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let mut new_code = vec![0; levels.len()];
    for (new, (_, old)) in levels.iter().enumerate() {
        new_code[old.code as usize] = new as u32;
    }
    (
        Values::Text { levels: levels.into_iter().map(|(level, _)| level.into_string()).collect() },
        Decode::Codes(new_code),
    )
}
