//! Numbers with a unit, which are texts as they stand.

use std::collections::HashMap;

/// With fewer levels than this, a category may be what is meant.
const FEWEST: usize = 6;
/// Of the levels, so many in a hundred must be numbers with one unit.
const ALIKE_IN_100: usize = 90;

/// What stands in front of a number and behind it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Unit<'l> {
    before: &'l str,
    after: &'l str,
}

/// The first of some levels that are nearly all numbers with the same unit; `None` where they are something else, or few.
pub(crate) fn number_with_unit(levels: &[String]) -> Option<&str> {
    if levels.len() < FEWEST {
        return None;
    }
    let mut counts: HashMap<Unit<'_>, usize> = HashMap::new();
    for level in levels {
        if let Some(unit) = Unit::of(level) {
            *counts.entry(unit).or_default() += 1;
        }
    }
    let (unit, _) = counts.into_iter().find(|(_, n)| 100 * n >= ALIKE_IN_100 * levels.len())?;
    levels.iter().find(|level| Unit::of(level) == Some(unit)).map(String::as_str)
}

impl<'l> Unit<'l> {
    /// The unit of a number: a currency in front of it, or letters or a sign behind it. Letters in front of it make a code, not a number with a unit.
    fn of(level: &'l str) -> Option<Self> {
        let is_digit = |c: char| c.is_ascii_digit();
        let start = level.find(is_digit)?;
        let end =
            level[start..].find(|c: char| !is_digit(c) && !matches!(c, '.' | ',')).map_or(level.len(), |n| start + n);
        let number = level[start..end].replace(',', "");
        number.parse::<f64>().ok()?;
        let signs = [' ', '+', '-', '−', '.'];
        let unit = Self { before: level[..start].trim_matches(signs), after: level[end..].trim() };
        let is_sound =
            (unit.before.is_empty() || is_currency(unit.before)) && (unit.after.is_empty() || is_unit(unit.after));
        (is_sound && !(unit.before.is_empty() && unit.after.is_empty())).then_some(unit)
    }
}

/// Whether a text in front of a number is a currency, as in $ and US$.
fn is_currency(text: &str) -> bool {
    text.chars().count() <= 4 && text.chars().any(is_currency_sign)
}

fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}')
}

/// Whether a text behind a number may be its unit, as in % and km/h.
fn is_unit(text: &str) -> bool {
    let first =
        |c: char| c.is_alphabetic() || is_currency_sign(c) || matches!(c, '%' | '‰' | '°' | '′' | '″' | '\'' | '"');
    text.chars().count() <= 8 && text.starts_with(first) && !text.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(levels: &[&str]) -> Option<String> {
        let levels: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();
        number_with_unit(&levels).map(str::to_owned)
    }

    #[test]
    fn units_are_one_sign_or_word_beside_all_numbers() {
        for (levels, first) in [
            (["1%", "2%", "2.5%", "10%", "33%", "7%"], "1%"),
            (["$1.50", "$2", "$1,250.00", "-$3", "$7", "$8"], "$1.50"),
            (["0h", "1h", "2h", "3h", "4h", "5h"], "0h"),
            (["1 km/h", "2 km/h", "3 km/h", "4 km/h", "-5 km/h", "60 km/h"], "1 km/h"),
            (["1 €", "2 €", "3 €", "1.000 €", "4,5 €", "6 €"], "1 €"),
        ] {
            assert_eq!(found(&levels).as_deref(), Some(first), "{levels:?}");
        }
    }

    #[test]
    fn codes_ranges_versions_and_few_levels_are_none() {
        for levels in [
            ["A11", "A12", "A13", "A14", "A15", "A16"],
            ["1-5", "6-10", "11-15", "16-20", "21-25", "26-30"],
            ["1.0.1", "1.0.2", "1.1.0", "1.2.0", "2.0.0", "2.1.0"],
            ["1a", "2b", "3c", "4d", "5e", "6f"],
            ["08:00", "09:00", "10:00", "11:00", "12:00", "13:00"],
            ["2020Q1", "2020Q2", "2020Q3", "2020Q4", "2021Q1", "2021Q2"],
            ["1h", "2h", "3h", "4h", "5h", "soon"],
        ] {
            assert_eq!(found(&levels), None, "{levels:?}");
        }
        assert_eq!(found(&["36 months", "60 months"]), None);
    }
}
