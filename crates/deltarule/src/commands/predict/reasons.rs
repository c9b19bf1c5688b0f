//! What `predict --reasons` adds to a row: the largest contributions to h, in words.

use std::io::Write;

use deltarule_core::{Block, Column};
use deltarule_data::csv_field;
use deltarule_model::{Contribution, FeatureKind, Model, Reasons, Target};

use crate::number::short;

/// The reasons of rows, as columns of the output.
pub(super) struct ReasonColumns<'m> {
    model: &'m Model,
    reasons: Reasons<&'m Model>,
    /// How many contributions are named.
    n: usize,
    contributions: Vec<Contribution>,
}

impl<'m> ReasonColumns<'m> {
    pub(super) fn new(model: &'m Model, n: usize) -> Self {
        Self { model, reasons: Reasons::of(model), n, contributions: Vec::new() }
    }

    /// The names of the columns: for each output that has reasons its h, h of the average record, K reasons with their contributions, and the
    /// sum of the other contributions.
    pub(super) fn names(&self) -> Vec<String> {
        let target = &self.model.encoding().target;
        let suffixes: Vec<String> = match target {
            Target::Numbers { .. } if target.n_outputs() > 1 => {
                target.columns().iter().map(|name| format!("_{name}")).collect()
            }
            _ => vec![String::new()],
        };
        let of_one = |suffix: &String| {
            let numbered = (1..=self.n).flat_map(|k| [format!("reason_{k}"), format!("contribution_{k}")]);
            let names = ["h", "average_h"].map(str::to_owned).into_iter().chain(numbered).chain(["others".to_owned()]);
            names.map(|name| name + suffix).collect::<Vec<_>>()
        };
        suffixes.iter().flat_map(of_one).collect()
    }

    /// Writes the reasons of a row; `class` is the class that is predicted, where there are classes.
    pub(super) fn write(
        &mut self,
        into: &mut Vec<u8>,
        block: &Block<'_, f64>,
        row: usize,
        class: Option<usize>,
    ) -> std::io::Result<()> {
        self.reasons.outputs(class).try_for_each(|j| self.write_output(into, block, row, j))
    }

    fn write_output(
        &mut self,
        into: &mut Vec<u8>,
        block: &Block<'_, f64>,
        row: usize,
        j: usize,
    ) -> std::io::Result<()> {
        let shares = self.reasons.largest(block, row, j, self.n, &mut self.contributions);
        write!(into, ",{:?},{:?}", shares.net_input, shares.average)?;
        for contribution in &self.contributions {
            let words = csv_field(&self.words(contribution, block, row));
            write!(into, ",{words},{:?}", contribution.value)?;
        }
        into.extend(std::iter::repeat_n(b',', 2 * (self.n - self.contributions.len())));
        write!(into, ",{:?}", shares.others)
    }

    /// What there is in the row, beside what is usual.
    fn words(&self, contribution: &Contribution, block: &Block<'_, f64>, row: usize) -> String {
        let feature = &self.model.encoding().features[contribution.feature];
        let name = &feature.name;
        let number = |mean: f64| match &block.columns()[contribution.feature] {
            Column::Numbers(values) if values[row].is_nan() => format!("{name} is missing"),
            Column::Numbers(values) => format!("{name} = {} (mean {})", short(values[row]), short(mean)),
            _ => name.clone(),
        };
        match (&feature.kind, contribution.input) {
            (FeatureKind::Number { mean, .. } | FeatureKind::Boolean { mean, .. }, _) => number(*mean),
            (FeatureKind::Category { levels, .. }, Some(level)) => format!("{name} = {}", levels[level]),
            (FeatureKind::Hashed { buckets, .. }, Some(place)) => {
                format!("{name} in bucket {}", buckets.iter().nth(place).unwrap_or_default())
            }
            (FeatureKind::Category { .. } | FeatureKind::Hashed { .. }, None) => format!("{name} is new or missing"),
            (FeatureKind::Sparse { features, .. }, place) => {
                let index = place.and_then(|place| features.get(place)).map_or(0, |feature| feature.index);
                format!("index {index}")
            }
        }
    }
}
