//! Values of the records held out that no training record has.

use std::ops::ControlFlow;

use deltarule_core::NO_LEVEL;
use deltarule_model::DatePart;

use super::Prepared;
use super::draft::{Derivation, DraftFeature, Levels};
use crate::column::Values;
use crate::error::Result;
use crate::pages::{PageColumn, Wanted};

/// Which values of a column a feature has no weight of its own for.
enum Unseen {
    /// Those with these codes.
    Codes(Vec<bool>),
    /// Dates with these levels of a part.
    Dates(DatePart, Vec<bool>),
}

impl Unseen {
    /// `None` where every value that there is occurs in training.
    fn of(feature: &DraftFeature<'_>) -> Option<Self> {
        let lacks = |new: &[u32]| new.iter().map(|code| *code == NO_LEVEL).collect::<Vec<bool>>();
        let unseen = match (&feature.derivation, &feature.levels, &feature.column.values) {
            (Derivation::Codes { .. }, Levels::Texts { levels: kept, .. }, Values::Text { levels }) => {
                Unseen::Codes(levels.iter().map(|level| kept.binary_search(level).is_err()).collect())
            }
            (Derivation::Codes { new, .. }, Levels::Buckets(_), _) => Unseen::Codes(lacks(new)),
            (Derivation::DateCodes(part, new), ..) => Unseen::Dates(*part, lacks(new)),
            _ => return None,
        };
        let (Unseen::Codes(lacking) | Unseen::Dates(_, lacking)) = &unseen;
        lacking.contains(&true).then_some(unseen)
    }

    fn is(&self, column: &PageColumn, row: usize) -> bool {
        let (level, lacking) = match self {
            Unseen::Codes(lacking) => (column.codes().get(row).map(|code| *code as usize), lacking),
            Unseen::Dates(part, lacking) => {
                (column.numbers().get(row).and_then(|&seconds| part.level(seconds)), lacking)
            }
        };
        level.and_then(|level| lacking.get(level)).copied().unwrap_or(false)
    }
}

impl Prepared<'_> {
    /// Of each feature, how many values of the records held out it has no weight of its own for, as no training record has them, or they are rare there.
    ///
    /// Errors: those of the file that holds the table's pages.
    pub fn unseen_held_out(&self) -> Result<Vec<u64>> {
        let mut counts = vec![0; self.features.len()];
        let Some(held_out) = &self.held_out else { return Ok(counts) };
        let unseen: Vec<Option<Unseen>> = self.features.iter().map(Unseen::of).collect();
        let looked_at = self.features.iter().zip(&unseen).filter(|(_, unseen)| unseen.is_some());
        let wanted = Wanted::of(looked_at.map(|(feature, _)| feature.position));
        if wanted.columns().is_empty() {
            return Ok(counts);
        }
        self.plan.table.pages().show_each(&wanted, |page, shown, columns| {
            for ((feature, unseen), count) in self.features.iter().zip(&unseen).zip(&mut counts) {
                let Some(unseen) = unseen else { continue };
                let column = &columns[feature.position];
                held_out.rows().in_page(page, 0, |row| *count += u64::from(unseen.is(column, shown.start + row)));
            }
            ControlFlow::Continue(())
        })?;
        Ok(counts)
    }
}
