//! How far a picture goes along a weight.

use anyhow::Result;
use deltarule_core::{Slice, WeightIndex};

/// A way beyond so many times the size of the bowl is not followed: what diverges would make a dot of all else.
const MOST_BOWLS: f64 = 30.0;

/// A range with `values` in it where that leaves the bowl to be seen, and with the bowl: from where the weight stands to where E has risen by `rise`.
///
/// A way that is short beside the bowl is looked at closely, and one that is long is followed. Gives the range and whether some of the values lie outside.
pub(super) fn range_of(
    slice: &Slice<'_, f64>,
    at: WeightIndex,
    rise: f64,
    values: &[f64],
) -> Result<((f64, f64), bool)> {
    let reach = slice.reach(at, rise)?;
    let (below, above, center) = (reach.below, reach.above, reach.center);
    let most = MOST_BOWLS * below.max(above);
    let (mut left, mut right) = (0.0_f64, 0.0_f64);
    let mut is_cut = false;
    for value in values {
        if (value - center).abs() <= most {
            (left, right) = (left.max(center - value), right.max(value - center));
        } else {
            is_cut = true;
        }
    }
    let way = left.max(right);
    // The whole bowl, but no more than three times as far as the way goes, so that the way is seen.
    let (of_bowl_below, of_bowl_above) = match way > 1e-6 * below.min(above) {
        true => (below.min(1.5 * way), above.min(1.5 * way)),
        false => (below, above),
    };
    let (left, right) = (left.max(of_bowl_below), right.max(of_bowl_above));
    let room = 0.08 * (left + right);
    Ok(((center - left - room, center + right + room), is_cut))
}

/// So many values from the first to the last, both counted, with `also` among them.
pub(super) fn spread((first, last): (f64, f64), n: usize, also: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = (0..n).map(|k| first + (last - first) * k as f64 / (n - 1) as f64).collect();
    values.extend(also.iter().filter(|value| (first..=last).contains(*value)));
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}
