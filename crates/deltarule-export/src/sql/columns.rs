//! What is made of columns: numbers, weights of levels, and what has a name before the sums.

use std::fmt::Write as _;

use deltarule_model::{Combination, Feature, FeatureKind, Model, Origin, Term};

use super::dates::Dates;
use super::{Writer, identifier, number, text_literal};
use crate::error::Result;
use crate::{Holds, OtherCodes, columns, features, fills, mean_of, weights_of_part};

impl Writer<'_> {
    /// The weight of the level of a category.
    pub(super) fn weight_of_level(
        &self,
        index: usize,
        feature: &Feature,
        levels: &[String],
        weight: &dyn Fn(usize) -> f64,
        j: usize,
    ) -> Result<String> {
        match (&feature.origin, &self.model.combinations()[index]) {
            (_, Some(Combination::Pair { bases, codes })) => {
                let [first, second] = bases.map(|base| code_name(&self.prefix, base));
                let width = self.model.encoding().features[bases[1]].n_inputs() + 1;
                let mut text = format!("CASE {first} * {width} + {second}");
                for ([a, b], code) in codes {
                    let key = *a as usize * width + *b as usize;
                    let _ = write!(text, " WHEN {key} THEN {}", number(weight(*code as usize)));
                }
                Ok(if codes.is_empty() { number(0.0) } else { text + " ELSE 0e0 END" })
            }
            (Origin::Date { part, .. }, _) => {
                let first = features(self.model).nth(index).map_or(0, |(first, _)| first);
                let (dates, column) = (self.dates(feature), identifier(feature.column())?);
                let mut text = format!("CASE {}", dates.part(*part));
                for (level, weights) in weights_of_part(self.model, *part, levels, first).iter().enumerate() {
                    let _ = write!(text, " WHEN {level} THEN {}", number(weights[j]));
                }
                text += " END";
                Ok(match fills(self.model) {
                    true => format!("CASE WHEN {column} IS NULL THEN 0e0 ELSE {text} END"),
                    false => text,
                })
            }
            _ => {
                let column = identifier(&feature.name)?;
                let others = OtherCodes::of(self.model, feature);
                let other = |code: Option<usize>| code.map_or("0e0".to_owned(), |code| number(weight(code)));
                let of_missing = match fills(self.model) {
                    false => Some("NULL".to_owned()),
                    true => (others.missing != others.unknown).then(|| other(others.missing)),
                };
                let weights = (0..levels.len()).map(|code| number(weight(code)));
                of_texts(&column, levels, weights, &other(others.unknown), of_missing.as_deref())
            }
        }
    }

    /// What is known of the dates in the column of a feature.
    fn dates(&self, feature: &Feature) -> Dates {
        let place = columns(self.model).iter().position(|column| column.name == feature.column());
        Dates::new(&self.prefix, place.unwrap_or_default())
    }

    /// A feature that is a number.
    pub(super) fn value(&self, index: usize, feature: &Feature) -> Result<String> {
        let column = identifier(feature.column())?;
        if feature.is_flag() {
            return Ok(format!("CASE WHEN {column} IS NULL THEN 1e0 ELSE 0e0 END"));
        }
        if let Some(Combination::Product(terms)) = &self.model.combinations()[index] {
            let factors = terms.iter().map(|term| self.factor(term)).collect::<Result<Vec<_>>>()?;
            return Ok(format!("({})", factors.join(" * ")));
        }
        if let Some((_, part)) = feature.date() {
            let part = self.dates(feature).part(part);
            return Ok(match fills(self.model) {
                true => format!("CASE WHEN {column} IS NULL THEN {} ELSE {part} END", number(mean_of(feature))),
                false => format!("({part})"),
            });
        }
        let x = number_of(feature, &column);
        Ok(match (fills(self.model), &feature.kind) {
            (true, _) => format!("COALESCE({x}, {})", number(mean_of(feature))),
            (false, FeatureKind::Boolean { .. }) => format!("({x})"),
            (false, _) => x,
        })
    }

    /// A factor of a product.
    fn factor(&self, term: &Term) -> Result<String> {
        match *term {
            Term::Level { base, code } => {
                Ok(format!("CASE {} WHEN {code} THEN 1e0 ELSE 0e0 END", code_name(&self.prefix, base)))
            }
            Term::Power { base, center, power } => {
                let feature = &self.model.encoding().features[base];
                let x = number_of(feature, &identifier(feature.column())?);
                let mut distance = match center {
                    0.0 => format!("({x})"),
                    _ if center < 0.0 => format!("({x} + {})", number(-center)),
                    _ => format!("({x} - {})", number(center)),
                };
                if fills(self.model) {
                    distance = format!("COALESCE({distance}, 0e0)");
                }
                Ok(vec![distance; power as usize].join(" * "))
            }
        }
    }
}

/// The name of the code of a category that others are made of, by its place among the features.
fn code_name(prefix: &str, base: usize) -> String {
    format!("{prefix}code_{base}")
}

/// What is made of columns before the sums: the codes of categories that others are made of, and the parts of dates.
pub(super) fn known(model: &Model, prefix: &str) -> Result<Vec<Vec<(String, String)>>> {
    let mut bases: Vec<usize> = Vec::new();
    for combination in model.combinations().iter().flatten() {
        match combination {
            Combination::Product(terms) => {
                bases.extend(
                    terms.iter().filter_map(
                        |term| {
                            if let Term::Level { base, .. } = term { Some(*base) } else { None }
                        },
                    ),
                );
            }
            Combination::Pair { bases: both, .. } => bases.extend(both),
        }
    }
    bases.sort_unstable();
    bases.dedup();
    let mut all: Vec<Vec<(String, String)>> = Vec::new();
    for base in bases {
        let feature = &model.encoding().features[base];
        let FeatureKind::Category { levels, .. } = &feature.kind else { continue };
        let others = OtherCodes::of(model, feature);
        // The number of levels is the code of what is none of them.
        let other = |code: Option<usize>| code.unwrap_or(levels.len()).to_string();
        let of_missing = if fills(model) { other(others.missing) } else { "NULL".to_owned() };
        let codes = (0..levels.len()).map(|code| code.to_string());
        let column = identifier(&feature.name)?;
        let code = of_texts(&column, levels, codes, &other(others.unknown), Some(&of_missing))?;
        all.resize(all.len().max(1), Vec::new());
        all[0].push((code_name(prefix, base), code));
    }
    for (place, column) in columns(model).iter().enumerate() {
        let Holds::Date(format) = column.holds else { continue };
        let levels = Dates::new(prefix, place).levels(&identifier(column.name)?, format)?;
        all.resize(all.len().max(levels.len()), Vec::new());
        all.iter_mut().zip(levels).for_each(|(all, level)| all.extend(level));
    }
    Ok(all)
}

/// A choice by the text of a column: `values` of the levels, `unknown` of a text that is none of them, and of NULL `missing`, or as unknown.
fn of_texts(
    column: &str,
    levels: &[String],
    values: impl Iterator<Item = String>,
    unknown: &str,
    missing: Option<&str>,
) -> Result<String> {
    let mut text = format!("CASE CAST({column} AS VARCHAR)");
    for (level, value) in levels.iter().zip(values) {
        let _ = write!(text, " WHEN {} THEN {value}", text_literal(level)?);
    }
    text = if levels.is_empty() { unknown.to_owned() } else { format!("{text} ELSE {unknown} END") };
    Ok(match missing {
        Some(missing) => format!("CASE WHEN {column} IS NULL THEN {missing} ELSE {text} END"),
        None => text,
    })
}

/// A column of numbers or truths as a number; NULL where it is missing.
fn number_of(feature: &Feature, column: &str) -> String {
    match feature.kind {
        FeatureKind::Boolean { .. } => format!(
            "CASE LOWER(CAST({column} AS VARCHAR)) WHEN 'true' THEN 1e0 WHEN 'false' THEN 0e0 ELSE CAST({column} AS DOUBLE PRECISION) END"
        ),
        _ => column.to_owned(),
    }
}
