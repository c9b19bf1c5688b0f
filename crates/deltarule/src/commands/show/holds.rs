//! What a model file holds of the data that it was trained on.

use std::fmt::Write as _;

use deltarule_model::{FeatureKind, Model, Origin, Target};
use serde_json::{Value, json};

use crate::number::count;
use crate::output;

/// What is in a model that was in its data.
pub(super) struct Holds {
    is_private: bool,
    /// Columns of categories, each with how many levels are named, or hashed.
    levels: Vec<(String, usize)>,
    /// Pairs of levels that occurred together.
    pairs: Vec<(String, usize)>,
    /// Columns of numbers, with their mean and deviation, and maybe their ends.
    numbers: Vec<String>,
    /// Columns of dates: which months, weekdays and hours occurred.
    dates: Vec<String>,
    /// Columns that were hashed into buckets.
    buckets: Vec<String>,
    /// How many sparse numbers there are.
    sparse: usize,
    classes: usize,
    data: Option<String>,
    command: bool,
    fingerprint: bool,
}

impl Holds {
    pub(super) fn of(model: &Model) -> Self {
        let training = model.training();
        let mut holds = Self {
            is_private: model.is_private(),
            levels: Vec::new(),
            pairs: Vec::new(),
            numbers: Vec::new(),
            dates: Vec::new(),
            buckets: Vec::new(),
            sparse: 0,
            classes: model.encoding().target.classes().map_or(0, <[String]>::len),
            data: Some(training.data.clone()).filter(|data| !data.is_empty()),
            command: training.command.is_some(),
            fingerprint: !training.fingerprint.is_empty(),
        };
        for feature in &model.encoding().features {
            let name = feature.name.clone();
            match (&feature.kind, &feature.origin) {
                (_, Origin::Date { column, .. }) => {
                    if holds.dates.last() != Some(column) {
                        holds.dates.push(column.clone());
                    }
                }
                (_, Origin::Missing { .. } | Origin::Product(_)) => {}
                (FeatureKind::Category { levels, .. }, Origin::Pair(_)) => holds.pairs.push((name, levels.len())),
                (FeatureKind::Category { levels, .. }, _) => holds.levels.push((name, levels.len())),
                (FeatureKind::Hashed { .. }, _) => holds.buckets.push(name),
                (FeatureKind::Sparse { features, .. }, _) => holds.sparse += features.len(),
                (FeatureKind::Number { .. } | FeatureKind::Boolean { .. }, _) => holds.numbers.push(name),
            }
        }
        holds
    }

    /// A section, a line for each kind of thing.
    pub(super) fn text(&self, model: &Model) -> String {
        let mut text = String::from("\nwhat this file holds of the data\n");
        let mut line = |what: &str, held: String| {
            let _ = writeln!(text, "  {what:<10} {held}");
        };
        line("columns", "their names".to_owned());
        if !self.levels.is_empty() {
            let how = match self.is_private {
                true => {
                    "hashed (SHA-256 with the salt of this file, 128 bits): who guesses a name can see whether it is there"
                }
                false => "their names",
            };
            line("levels", format!("{how}: {}", listed(&self.levels)));
            line("", "and how many records had each of them".to_owned());
        }
        if !self.pairs.is_empty() {
            line("pairs", format!("of levels that occurred together, in the same way: {}", listed(&self.pairs)));
        }
        if !self.numbers.is_empty() {
            let ends = if self.is_private { "" } else { ", smallest and largest value" };
            line("numbers", format!("mean and standard deviation{ends}: {}", named(&self.numbers)));
        }
        if !self.dates.is_empty() {
            let ends = if self.is_private { "" } else { ", the first and the last date" };
            let dates = named(&self.dates);
            line("dates", format!("which months, weekdays and hours occurred, how often{ends}: {dates}"));
        }
        if !self.buckets.is_empty() {
            line("buckets", format!("which ones values were hashed into, and how often: {}", named(&self.buckets)));
        }
        if self.sparse > 0 {
            line(
                "numbers",
                format!("which indices occurred, with mean and deviation: {}", count(self.sparse as u64, "index")),
            );
        }
        line(
            "target",
            match &model.encoding().target {
                Target::Numbers { .. } => "the mean".to_owned(),
                _ => format!(
                    "the names of its {}, which predictions give, and how many records had each",
                    count(self.classes as u64, "class")
                ),
            },
        );
        line("data", self.data.as_ref().map_or("not named".to_owned(), |data| format!("its name, {data}")));
        line("", if self.fingerprint { "its fingerprint" } else { "no fingerprint" }.to_owned());
        line("command", if self.command { "as it was typed, with its paths" } else { "none" }.to_owned());
        line("weights", "which follow from all records".to_owned());
        if !self.is_private {
            text.push_str("  (train --private hashes levels, and leaves out smallest and largest values, name and fingerprint of the data, paths and the command)\n");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let named = |levels: &[(String, usize)]| -> Value {
            levels.iter().map(|(column, n)| json!({ "column": column, "levels": n })).collect()
        };
        json!({
            "private": self.is_private,
            "levels": named(&self.levels),
            "levels_are": if self.is_private { "hashed" } else { "named" },
            "pairs": named(&self.pairs),
            "numbers": self.numbers,
            "ends_of_numbers": !self.is_private,
            "dates": self.dates,
            "buckets": self.buckets,
            "sparse": self.sparse,
            "classes": self.classes,
            "data": self.data,
            "fingerprint": self.fingerprint,
            "command": self.command,
        })
    }
}

/// Columns are counted where there are more.
const MOST: usize = 8;

fn named(columns: &[String]) -> String {
    match columns.len() {
        n if n > MOST => count(n as u64, "column"),
        _ => columns.iter().map(|column| output::one_line(column)).collect::<Vec<_>>().join(", "),
    }
}

fn listed(levels: &[(String, usize)]) -> String {
    if levels.len() > MOST {
        let all: usize = levels.iter().map(|(_, n)| n).sum();
        return format!("{all} in {}", count(levels.len() as u64, "column"));
    }
    levels.iter().map(|(column, n)| format!("{} ({n})", output::one_line(column))).collect::<Vec<_>>().join(", ")
}
