//! Features that are made of others: which, and of what.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use deltarule_core::NO_LEVEL;
use deltarule_model::{Factor, MOST_POWER, centered_power, code_of_pair, pair_codes, pair_level};

use super::draft::{Derivation, DraftFeature, Levels};
use super::weights::Weighting;
use crate::column::{LARGEST, Values};
use crate::error::{DataError, Result};
use crate::pages::{PageColumn, RowSet, Wanted};
use crate::table::Table;

/// A number has a slope for each level of a category, of which there are at most so many.
const MOST_SLOPES: usize = 1000;

/// Features to be made of others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Combinations {
    /// Pairs of columns: the product of numbers, a slope for each level, pairs of levels.
    pub interactions: Vec<[String; 2]>,
    /// Numbers, each with the highest of its powers, from 2 on.
    pub powers: Vec<(String, u32)>,
}

/// A factor, as it is made of columns of the table.
#[derive(Debug, Clone)]
pub(super) enum DraftFactor {
    /// (x − center)^power.
    Power { position: usize, center: f64, power: u32 },
    /// 1 where the category has the level.
    Level { category: DraftCategory, code: u32, level: String },
}

/// A category, and how its codes are made of those of its column.
#[derive(Debug, Clone)]
pub(super) struct DraftCategory {
    position: usize,
    new: Option<(Vec<u32>, u32)>,
}

impl DraftCategory {
    fn of(feature: &DraftFeature<'_>) -> Self {
        let new = match &feature.derivation {
            Derivation::Codes { new, missing } => Some((new.clone(), *missing)),
            _ => None,
        };
        Self { position: feature.position, new }
    }

    fn code(&self, columns: &[PageColumn], row: usize) -> u32 {
        let old = columns[self.position].codes().get(row).copied().unwrap_or(NO_LEVEL);
        match &self.new {
            None => old,
            Some((_, missing)) if old == NO_LEVEL => *missing,
            Some((new, _)) => new.get(old as usize).copied().unwrap_or(NO_LEVEL),
        }
    }
}

/// How a feature is made of others.
#[derive(Debug, Clone)]
pub(super) enum DraftCombination {
    Product(Vec<DraftFactor>),
    Pair { categories: [DraftCategory; 2], codes: Vec<([u32; 2], u32)>, second: String },
}

impl DraftCombination {
    /// The product in a row.
    pub(super) fn number(&self, columns: &[PageColumn], row: usize) -> f64 {
        let DraftCombination::Product(factors) = self else { return f64::NAN };
        factors.iter().fold(1.0, |product, factor| {
            product
                * match factor {
                    DraftFactor::Power { position, center, power } => {
                        let x = columns[*position].numbers().get(row).copied().unwrap_or(f64::NAN);
                        centered_power(x, *center, *power)
                    }
                    DraftFactor::Level { category, code, .. } => {
                        f64::from(u8::from(category.code(columns, row) == *code))
                    }
                }
        })
    }

    /// The code of the pair in a row.
    pub(super) fn code(&self, columns: &[PageColumn], row: usize) -> u32 {
        let DraftCombination::Pair { categories, codes, .. } = self else { return NO_LEVEL };
        code_of_pair(codes, [0, 1].map(|k| categories[k].code(columns, row)))
    }

    /// The factors of a product, for the model.
    pub(super) fn factors(&self, table: &Table) -> Vec<Factor> {
        let name = |position: usize| table.columns()[position].name.clone();
        let DraftCombination::Product(factors) = self else { return Vec::new() };
        let factor = |factor: &DraftFactor| match factor {
            DraftFactor::Power { position, center, power } => {
                Factor::Power { column: name(*position), center: *center, power: *power }
            }
            DraftFactor::Level { category, level, .. } => {
                Factor::Level { column: name(category.position), level: level.clone() }
            }
        };
        factors.iter().map(factor).collect()
    }
}

/// What a column is, as far as others can be made of it.
enum Part<'f, 't> {
    Number { position: usize, center: f64 },
    Category(&'f DraftFeature<'t>, &'f [String]),
}

/// The features that are made of others, which stand before them; numbers in products are taken less a rounded mean of the training records,
/// each of which counts as often as the column of weights says.
///
/// Errors: a column that is no feature, or of another kind; two columns that are one; those of the file that holds the table's pages.
pub(super) fn combined<'t>(
    table: &'t Table,
    features: &[DraftFeature<'t>],
    wanted: &Combinations,
    training: &RowSet,
    weighting: &Weighting,
) -> Result<Vec<DraftFeature<'t>>> {
    let mut made = Vec::new();
    let find = |option: &'static str, name: &str| -> Result<&DraftFeature<'t>> {
        let position = table.position(name, option)?;
        let feature = features.iter().find(|feature| feature.position == position);
        feature.ok_or_else(|| DataError::NoCombination {
            file: table.name().to_owned(),
            option,
            column: name.to_owned(),
            found: "no feature",
            expected: "a column that is a feature itself",
        })
    };
    let mut centers = Vec::new();
    let names = wanted.interactions.iter().flatten().map(|name| ("--interact", name));
    for (option, name) in names.chain(wanted.powers.iter().map(|(name, _)| ("--poly", name))) {
        let feature = find(option, name)?;
        if feature.column.values == Values::Numbers {
            centers.push(feature.position);
        }
    }
    let centers = Centers::of(table, &centers, training, weighting)?;
    // Each number is in range, and yet their products need not be.
    let too_large = |option: &'static str, name: &str| DataError::NoCombination {
        file: table.name().to_owned(),
        option,
        column: name.to_owned(),
        found: "numbers whose product is beyond 1e150",
        expected: "smaller ones: a lower power, or the column in a larger unit",
    };
    let part = |option: &'static str, name: &str| -> Result<Part<'_, 't>> {
        let feature = find(option, name)?;
        let (found, expected) = match (&feature.column.values, &feature.levels) {
            (Values::Numbers, _) => {
                return Ok(Part::Number { position: feature.position, center: centers.of_column(feature.position) });
            }
            (Values::Booleans, _) => return Ok(Part::Number { position: feature.position, center: 0.0 }),
            (Values::Text { .. }, Levels::Texts { levels, .. }) => return Ok(Part::Category(feature, levels)),
            (Values::Hashed { .. }, _) => ("a hashed column", "a number, a boolean or a category"),
            (Values::Dates { .. }, _) => ("a date", "a number, a boolean or a category"),
            _ => ("another kind of column", "a number, a boolean or a category"),
        };
        let (file, column) = (table.name().to_owned(), name.to_owned());
        Err(DataError::NoCombination { file, option, column, found, expected })
    };
    let new = |position: usize, levels: Levels, combination: DraftCombination| DraftFeature {
        column: &table.columns()[position],
        position,
        levels,
        derivation: Derivation::Combined(Box::new(combination)),
    };
    for (name, highest) in &wanted.powers {
        let Part::Number { position, center } = part("--poly", name)? else {
            let (file, column) = (table.name().to_owned(), name.clone());
            let (found, expected) = ("a category", "a number");
            return Err(DataError::NoCombination { file, option: "--poly", column, found, expected });
        };
        let highest = (*highest).min(MOST_POWER);
        if centers.reach(position).powi(highest as i32) > LARGEST {
            return Err(too_large("--poly", name));
        }
        for power in 2..=highest {
            let factor = DraftFactor::Power { position, center, power };
            made.push(new(position, Levels::None, DraftCombination::Product(vec![factor])));
        }
    }
    for [first, second] in &wanted.interactions {
        let (a, b) = (part("--interact", first)?, part("--interact", second)?);
        match (a, b) {
            (Part::Number { position, center }, Part::Number { position: other, center: other_center }) => {
                if centers.reach(position) * centers.reach(other) > LARGEST {
                    return Err(too_large("--interact", first));
                }
                let factors = [(position, center), (other, other_center)];
                let factors = factors.map(|(position, center)| DraftFactor::Power { position, center, power: 1 });
                made.push(new(position, Levels::None, DraftCombination::Product(factors.to_vec())));
            }
            (Part::Number { position, center }, Part::Category(category, levels))
            | (Part::Category(category, levels), Part::Number { position, center }) => {
                if levels.len() > MOST_SLOPES {
                    return Err(DataError::NoCombination {
                        file: table.name().to_owned(),
                        option: "--interact",
                        column: category.column.name.clone(),
                        found: "more than 1000 levels",
                        expected: "fewer, since each has a slope of its own; --min-count N pools rare ones",
                    });
                }
                for (level, code) in levels.iter().zip(0..) {
                    let category = DraftCategory::of(category);
                    let factors = vec![
                        DraftFactor::Power { position, center, power: 1 },
                        DraftFactor::Level { category, code, level: level.clone() },
                    ];
                    made.push(new(position, Levels::None, DraftCombination::Product(factors)));
                }
            }
            (Part::Category(first, of_first), Part::Category(second, of_second)) => {
                let categories = [first, second].map(DraftCategory::of);
                let occurring = pairs_of(table, &categories, training)?;
                let name = |[a, b]: &[u32; 2]| pair_level(&of_first[*a as usize], &of_second[*b as usize]);
                let mut levels: Vec<String> = occurring.iter().map(name).collect();
                levels.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
                levels.dedup();
                let codes = pair_codes(of_first, of_second, &levels);
                let second = second.column.name.clone();
                let pair = DraftCombination::Pair { categories, codes, second };
                made.push(new(first.position, Levels::Texts { levels, pooled: None }, pair));
            }
        }
    }
    Ok(made)
}

/// The pairs of codes that occur in the training records.
fn pairs_of(table: &Table, categories: &[DraftCategory; 2], training: &RowSet) -> Result<BTreeSet<[u32; 2]>> {
    let mut pairs = BTreeSet::new();
    table.pages().show_each(
        &Wanted::of(categories.iter().map(|category| category.position)),
        |page, rows, columns| {
            training.in_page(page, 0, |row| {
                let pair = [0, 1].map(|k: usize| categories[k].code(columns, rows.start + row));
                if !pair.contains(&NO_LEVEL) {
                    pairs.insert(pair);
                }
            });
            ControlFlow::Continue(())
        },
    )?;
    Ok(pairs)
}

/// From where on the numbers of some columns are counted in products.
struct Centers(Vec<Center>);

/// A column's center, and how far from it the farthest number of the table is.
struct Center {
    position: usize,
    center: f64,
    reach: f64,
}

/// What is seen of a column of numbers; records of weight 0 count in the ends alone.
#[derive(Clone, Copy)]
struct Tally {
    first: f64,
    /// Σv(x − first).
    sum: f64,
    /// Σv.
    weight: f64,
    low: f64,
    high: f64,
    /// The smallest and the largest of all records, held out or not.
    ends: (f64, f64),
}

impl Centers {
    fn of(table: &Table, positions: &[usize], training: &RowSet, weighting: &Weighting) -> Result<Self> {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        let none = Tally { first: f64::NAN, sum: 0.0, weight: 0.0, low, high, ends: (low, high) };
        let mut tallies = vec![none; positions.len()];
        if positions.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let wanted = Wanted::of(positions.iter().copied().chain(weighting.column()));
        table.pages().show_each(&wanted, |page, rows, columns| {
            for (&position, tally) in positions.iter().zip(&mut tallies) {
                let numbers = columns[position].numbers();
                let shown = numbers.get(rows.clone()).unwrap_or_default().iter();
                tally.ends = shown.fold(tally.ends, |(low, high), &x| (low.min(x), high.max(x)));
                training.in_page(page, 0, |row| {
                    let v = weighting.of_record(columns, rows.start + row);
                    if let Some(&x) = numbers.get(rows.start + row).filter(|x| !x.is_nan() && v > 0.0) {
                        if tally.weight == 0.0 {
                            tally.first = x;
                        }
                        tally.sum += v * (x - tally.first);
                        tally.weight += v;
                        (tally.low, tally.high) = (tally.low.min(x), tally.high.max(x));
                    }
                });
            }
            ControlFlow::Continue(())
        })?;
        let is_switch = |position: usize, tally: &Tally| {
            table.columns()[position].facts.whole && tally.low >= 0.0 && tally.high <= 1.0
        };
        let center = |(&position, tally): (&usize, &Tally)| {
            // As a truth value it says whether the other factor counts.
            let center = match tally.weight > 0.0 && !is_switch(position, tally) {
                true => rounded(tally.first + tally.sum / tally.weight, tally.high - tally.low),
                false => 0.0,
            };
            let reach = (tally.ends.0 - center).abs().max((tally.ends.1 - center).abs());
            Center { position, center, reach: if reach.is_finite() { reach } else { 0.0 } }
        };
        Ok(Self(positions.iter().zip(&tallies).map(center).collect()))
    }

    fn of_column(&self, position: usize) -> f64 {
        self.0.iter().find(|known| known.position == position).map_or(0.0, |known| known.center)
    }

    /// max |x − center|; 1 for truth values, which have no center.
    fn reach(&self, position: usize) -> f64 {
        self.0.iter().find(|known| known.position == position).map_or(1.0, |known| known.reach)
    }
}

/// A number with few digits near a mean: to the power of ten that is at most a twentieth of the range.
fn rounded(mean: f64, range: f64) -> f64 {
    if range <= 0.0 || !range.is_finite() {
        return mean;
    }
    let exponent = (range / 20.0).log10().floor() as i32;
    let decimals = usize::try_from(-exponent).unwrap_or(0);
    if decimals > 300 {
        return mean;
    }
    let near = if exponent > 0 {
        let step = 10_f64.powi(exponent);
        (mean / step).round() * step
    } else {
        format!("{mean:.decimals$}").parse().unwrap_or(mean)
    };
    // + 0.0 makes 0 of −0.
    near + 0.0
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn centers_have_few_digits_and_are_near_the_mean() {
        assert_eq!(rounded(2011.7, 24.0), 2012.0);
        assert_eq!(rounded(0.4937, 1.0), 0.49);
        assert_eq!(rounded(-0.0004, 1.0), 0.0);
        assert_eq!(rounded(1_234_567.0, 50_000.0), 1_235_000.0);
        assert_eq!(rounded(3.25, 0.0), 3.25);
        assert_eq!(rounded(1.23456e-7, 1e-6), 1.2e-7);
    }
}
