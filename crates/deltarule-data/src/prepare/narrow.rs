//! Numbers that f32 does not hold.

use std::ops::Range;

use deltarule_core::{Block, Column, Targets};
use deltarule_model::number::exact;

use super::part::Part;
use crate::error::DataError;

/// Whether f32 has such a number.
fn is_held(x: f64) -> bool {
    x.is_nan() || (x as f32).is_finite()
}

impl Part<'_> {
    /// The first number of some rows of a block that f32 does not hold once its column's shift is subtracted; the first of the rows is record `first`
    /// of these.
    pub(super) fn beyond_f32(
        &self,
        block: &Block<'_, f64>,
        rows: Range<usize>,
        shifts: &[f64],
        first: usize,
    ) -> Option<DataError> {
        let of_features = || block.columns().iter().zip(shifts).enumerate();
        let of_targets: &[_] = if let Targets::Numbers(columns) = block.targets() { columns } else { &[] };
        let (row, name, found) = rows.clone().find_map(|row| {
            let feature = of_features().find_map(|(index, (column, shift))| {
                let x = match column {
                    Column::Numbers(values) => values[row],
                    Column::Tiled(tiled) => tiled.get(row),
                    Column::Sparse { starts, values, .. } => {
                        values[starts[row]..starts[row + 1]].iter().copied().find(|x| !is_held(*x))?
                    }
                    Column::Codes { .. } => return None,
                };
                (!is_held(x - shift)).then(|| (row, self.name_of(index), x))
            });
            let of_target = || {
                let (output, y) = of_targets.iter().map(|y| y[row]).enumerate().find(|(_, y)| !is_held(*y))?;
                Some((row, self.name_of_target(output), y))
            };
            let of_weight = || {
                let v = block.weights().map(|weights| weights[row]).filter(|v| !is_held(*v))?;
                Some((row, self.name_of_weight(), v))
            };
            feature.or_else(of_target).or_else(of_weight)
        })?;
        let record = self.record(first + row - rows.start);
        let (file, at) = (self.table().file(record).to_owned(), self.table().at(record));
        Some(DataError::BeyondF32 { file, at, column: name.to_owned(), found: exact(found) })
    }
}
