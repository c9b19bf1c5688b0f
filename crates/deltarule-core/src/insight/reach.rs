//! How far a weight can go before E has changed so much that it is seen.

use crate::error::Result;

/// The distances that are tried, in powers of 2 of the weight's unit.
const POWERS: std::ops::RangeInclusive<i32> = -40..=40;
/// Where E cannot rise by as much as is wanted, as on the plateaus of a bounded f, it is followed to this share of what it can.
const OF_PLATEAU: f64 = 0.9;

/// How far a weight goes to either side of where it stands until E has risen enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Where it stands.
    pub center: f64,
    /// The distance to the left, above 0.
    pub below: f64,
    /// The distance to the right, above 0.
    pub above: f64,
}

impl Reach {
    /// Looks for the distances at which `objective`, E at some values of the weight, has risen by `rise` from its least value among those looked at, and by four
    /// times of what it can fall from where it stands: all distances `unit`·2ᵏ for k from −40 to 40 at once, and between two of them as a power of the distance.
    /// On a side where E falls and never rises so far, the distance at which it has fallen by most of that; where it does neither, that of the other side, or `unit`.
    ///
    /// Errors: those of `objective`.
    pub(crate) fn find(
        center: f64,
        unit: f64,
        rise: f64,
        objective: impl FnOnce(Vec<f64>) -> Result<Vec<f64>>,
    ) -> Result<Self> {
        let distances: Vec<f64> = POWERS.map(|power| unit * libm::exp2(f64::from(power))).collect();
        let n = distances.len();
        let values = distances.iter().map(|d| center - d).chain(distances.iter().map(|d| center + d)).chain([center]);
        let found = objective(values.collect())?;
        let least = found.iter().copied().fold(f64::INFINITY, f64::min);
        let at_center = found[2 * n];
        let fall = if at_center.is_finite() { at_center - least } else { 0.0 };
        let rise = rise.max(4.0 * fall);
        // Where neither says how much is to be seen, what one unit changes.
        let unit_at = distances.len() / 2;
        let of_unit = [found[unit_at], found[n + unit_at]].into_iter().filter(|e| e.is_finite()).fold(least, f64::max);
        let rise = if rise > 1e-9 * least.abs() { rise } else { of_unit - least };
        let side = |of: &[f64]| {
            crossing(&distances, of, least, rise, at_center).or_else(|| falling(&distances, of, at_center))
        };
        let (below, above) = (side(&found[..n]), side(&found[n..2 * n]));
        let otherwise = below.or(above).unwrap_or(unit);
        Ok(Self { center, below: below.unwrap_or(otherwise), above: above.unwrap_or(otherwise) })
    }
}

/// The distance at which `of` comes to be `rise` above `least`; where it levels off before, at which it is most of the way there.
fn crossing(distances: &[f64], of: &[f64], least: f64, rise: f64, at_center: f64) -> Option<f64> {
    let highest = of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = highest - least;
    // Rounding is no rise.
    if room.is_nan() || room <= 1e-9 * least.abs() {
        return None;
    }
    let wanted = least + rise.min(OF_PLATEAU * room);
    // A plateau that lies no higher than where the weight stands is none that E rises to.
    if at_center >= wanted {
        return None;
    }
    let reached = of.iter().position(|e| *e >= wanted)?;
    let (before, d0) = match reached {
        0 => return Some(distances[0]),
        k => (of[k - 1].max(least), distances[k - 1]),
    };
    let (low, high) = (before - least, of[reached] - least);
    if !(high.is_finite() && low > 0.0 && high > low) {
        return Some(distances[reached]);
    }
    // E − least ∝ dᵖ between the two.
    let share = libm::log((wanted - least) / low) / libm::log(high / low);
    Some(d0 * libm::exp2(share.clamp(0.0, 1.0)))
}

/// The distance at which E has fallen by most of what it falls in all.
fn falling(distances: &[f64], of: &[f64], at_center: f64) -> Option<f64> {
    let lowest = of.iter().copied().fold(f64::INFINITY, f64::min);
    let fall = at_center - lowest;
    if fall.is_nan() || fall <= 1e-9 * at_center.abs() {
        return None;
    }
    of.iter().position(|e| *e <= at_center - OF_PLATEAU * fall).map(|k| distances[k])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_followed_to_where_it_has_risen_enough() {
        let reach = Reach::find(3.0, 1.0, 50.0, |values| {
            Ok(values.iter().map(|w| 7.0 + 2.0 * (w - 3.0) * (w - 3.0)).collect())
        });
        let Reach { center, below, above } = reach.unwrap();
        assert_eq!(center, 3.0);
        assert!((below - 5.0).abs() < 1e-9 && (above - 5.0).abs() < 1e-9, "{below} {above}");
    }

    #[test]
    fn a_plateau_ends_the_way_before_more_is_risen_than_can_be() {
        let e = |w: f64| 1.0 - libm::exp(-w * w);
        let reach = Reach::find(0.0, 1.0, 1e9, |values| Ok(values.into_iter().map(e).collect())).unwrap();
        assert!((1.0..3.0).contains(&reach.below) && (1.0..3.0).contains(&reach.above), "{reach:?}");
    }

    #[test]
    fn where_nothing_rises_the_unit_is_as_good_as_anything() {
        let reach = Reach::find(0.5, 2.0, 1.0, |values| Ok(vec![4.0; values.len()])).unwrap();
        assert_eq!((reach.below, reach.above), (2.0, 2.0));
        let one_side = Reach::find(0.0, 1.0, 8.0, |values| Ok(values.iter().map(|w| w.max(0.0)).collect())).unwrap();
        assert_eq!(one_side.below, one_side.above);
        let overflow = Reach::find(0.0, 1.0, 1.0, |values| {
            Ok(values.iter().map(|w: &f64| if w.abs() > 4.0 { f64::INFINITY } else { 0.0 }).collect())
        });
        assert_eq!(overflow.unwrap().above, 8.0);
    }
}
