//! Records of sparse numbers, their indices made places among those that a model has.

use deltarule_core::{Column, NO_LEVEL};
use deltarule_model::{Feature, FeatureKind};

use crate::error::Result;
use crate::libsvm::{Line, for_each_pair};

/// Records of sparse numbers.
#[derive(Debug)]
pub(super) struct SparseRows {
    /// Where the model has each index; [`NO_LEVEL`] for those that it does not have.
    places: Vec<u32>,
    /// The index of the first feature in the model, and in the file.
    model_first: u32,
    file_first: u32,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl SparseRows {
    pub(super) fn of(feature: &Feature, file_first: Option<u32>) -> Option<Self> {
        let FeatureKind::Sparse { first_index, features } = &feature.kind else { return None };
        let mut places = vec![NO_LEVEL; features.last().map_or(0, |last| last.index as usize + 1)];
        for (place, feature) in (0..).zip(features) {
            places[feature.index as usize] = place;
        }
        let (model_first, file_first) = (*first_index, file_first.unwrap_or(*first_index));
        let (starts, indices, values) = (vec![0], Vec::new(), Vec::new());
        Some(Self { places, model_first, file_first, starts, indices, values })
    }

    /// Takes the pairs of a line, and gives how many of them the model does not know.
    pub(super) fn push(&mut self, line: &Line<'_>) -> Result<u64> {
        let mut unseen = 0;
        let tokens = line.text.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty());
        for_each_pair(line, tokens, self.file_first, |index, value| {
            let index = index - self.file_first + self.model_first;
            match self.places.get(index as usize) {
                _ if value == 0.0 => {}
                Some(&place) if place != NO_LEVEL => {
                    self.indices.push(place);
                    self.values.push(value);
                }
                _ => unseen += 1,
            }
        })?;
        self.starts.push(self.values.len());
        Ok(unseen)
    }

    /// The records as a column of so many features.
    pub(super) fn column(&self, n_columns: usize) -> Column<'_, f64> {
        Column::Sparse {
            n_columns,
            starts: self.starts.as_slice().into(),
            indices: self.indices.as_slice().into(),
            values: self.values.as_slice().into(),
        }
    }

    /// Forgets all but the first records.
    pub(super) fn truncate(&mut self, n_records: usize) {
        self.starts.truncate(n_records + 1);
        let end = self.starts.last().copied().unwrap_or_default();
        self.indices.truncate(end);
        self.values.truncate(end);
    }

    pub(super) fn clear(&mut self) {
        self.starts.truncate(1);
        self.indices.clear();
        self.values.clear();
    }
}
