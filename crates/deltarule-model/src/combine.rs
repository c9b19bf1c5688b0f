//! Features made of others: products and powers of numbers, a slope for each level of a category, pairs of levels.

use deltarule_core::NO_LEVEL;

use crate::encoding::{Feature, FeatureKind, Origin};

/// The highest power of a number.
pub const MOST_POWER: u32 = 10;

/// A factor of a product, made of a column that is a feature itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Factor {
    /// (x − center)^power of a number; 0 where it is missing.
    Power {
        /// The column.
        column: String,
        /// c, near the mean of the training records: x and x² of numbers that are far from 0 could hardly be told apart.
        center: f64,
        /// From 1 on.
        power: u32,
    },
    /// 1 where a category has a level, 0 elsewhere.
    Level {
        /// The column.
        column: String,
        /// The level.
        level: String,
    },
}

impl Factor {
    /// The column that it is made of.
    pub fn column(&self) -> &str {
        match self {
            Factor::Power { column, .. } | Factor::Level { column, .. } => column,
        }
    }

    /// As it stands in an equation: `(x - 3)^2`, `[color=red]`.
    pub fn text(&self) -> String {
        match self {
            Factor::Level { column, level } => format!("[{column}={level}]"),
            Factor::Power { column, center, power } => {
                let base = match *center {
                    0.0 => column.clone(),
                    center if center < 0.0 => format!("({column} + {})", -center),
                    center => format!("({column} - {center})"),
                };
                if *power > 1 { format!("{base}^{power}") } else { base }
            }
        }
    }
}

/// (x − center)^power, and 0 where x is missing, as where it is at the center.
#[inline]
pub fn centered_power(x: f64, center: f64, power: u32) -> f64 {
    if x.is_nan() {
        return 0.0;
    }
    let distance = x - center;
    (1..power).fold(distance, |product, _| product * distance)
}

/// The product as it stands in an equation.
pub(crate) fn product_text(factors: &[Factor]) -> String {
    factors.iter().map(Factor::text).collect::<Vec<_>>().join("*")
}

/// The level of a pair of levels.
pub fn pair_level(first: &str, second: &str) -> String {
    format!("{first}:{second}")
}

/// The code of each pair of the levels of two categories that is among `pairs`, in ascending order.
pub fn pair_codes(first: &[String], second: &[String], pairs: &[String]) -> Vec<([u32; 2], u32)> {
    let place = |levels: &[String], level: &str| {
        levels.binary_search_by(|known| known.as_bytes().cmp(level.as_bytes())).ok().map(|code| code as u32)
    };
    let mut codes: Vec<([u32; 2], u32)> = Vec::with_capacity(pairs.len());
    for (pair, code) in pairs.iter().zip(0..) {
        // A level may have a colon itself.
        for (at, _) in pair.match_indices(':') {
            if let (Some(a), Some(b)) = (place(first, &pair[..at]), place(second, &pair[at + 1..])) {
                codes.push(([a, b], code));
            }
        }
    }
    codes.sort_unstable();
    codes
}

/// The code of a pair; [`NO_LEVEL`] where one of its levels is none, or both do not occur together.
pub fn code_of_pair(codes: &[([u32; 2], u32)], pair: [u32; 2]) -> u32 {
    codes.binary_search_by_key(&pair, |(known, _)| *known).map_or(NO_LEVEL, |place| codes[place].1)
}

/// How a feature is made of others, which stand before it.
#[derive(Debug, Clone, PartialEq)]
pub enum Combination {
    /// The product of these.
    Product(Vec<Term>),
    /// The pair of the levels of two features.
    Pair {
        /// The places of the features.
        bases: [usize; 2],
        /// The code of each pair that occurs.
        codes: Vec<([u32; 2], u32)>,
    },
}

/// A factor of a product, with the place of the feature that it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Term {
    /// (x − center)^power.
    Power {
        /// The place of the number.
        base: usize,
        /// c.
        center: f64,
        /// From 1 on.
        power: u32,
    },
    /// 1 where the category has this code.
    Level {
        /// The place of the category.
        base: usize,
        /// The code.
        code: u32,
    },
}

impl Combination {
    /// How a feature is made of those before it; `None` where it is made of a column.
    ///
    /// Errors: what it must be made of is not there, or of another kind; in words.
    pub fn of(feature: &Feature, before: &[Feature]) -> Result<Option<Self>, String> {
        let base = |column: &str| {
            let place = before.iter().position(|known| known.origin == Origin::Column && known.name == column);
            place.ok_or_else(|| format!("the feature {column:?} before it"))
        };
        let levels = |column: &str| -> Result<(usize, &[String]), String> {
            let place = base(column)?;
            match &before[place].kind {
                FeatureKind::Category { levels, .. } => Ok((place, levels)),
                _ => Err(format!("the category {column:?} before it")),
            }
        };
        let term = |factor: &Factor| match factor {
            Factor::Power { column, center, power } => {
                let base = base(column)?;
                match before[base].scaling() {
                    Some(_) => Ok(Term::Power { base, center: *center, power: *power }),
                    None => Err(format!("the number {column:?} before it")),
                }
            }
            Factor::Level { column, level } => {
                let (base, levels) = levels(column)?;
                match levels.iter().position(|known| known == level) {
                    Some(code) => Ok(Term::Level { base, code: code as u32 }),
                    None => Err(format!("a level of {column:?}, not {level:?}")),
                }
            }
        };
        match &feature.origin {
            Origin::Product(factors) => {
                Ok(Some(Combination::Product(factors.iter().map(term).collect::<Result<_, _>>()?)))
            }
            Origin::Pair([first, second]) => {
                let ((first, of_first), (second, of_second)) = (levels(first)?, levels(second)?);
                let FeatureKind::Category { levels: pairs, .. } = &feature.kind else {
                    return Err("a category".to_owned());
                };
                Ok(Some(Combination::Pair { bases: [first, second], codes: pair_codes(of_first, of_second, pairs) }))
            }
            _ => Ok(None),
        }
    }
}

/// The product of some terms, given the numbers and the codes of features.
///
/// Errors: those of `number` and `code`.
pub fn product_of<E>(
    terms: &[Term],
    mut number: impl FnMut(usize) -> Result<f64, E>,
    mut code: impl FnMut(usize) -> Result<u32, E>,
) -> Result<f64, E> {
    let mut product = 1.0;
    for term in terms {
        product *= match *term {
            Term::Power { base, center, power } => centered_power(number(base)?, center, power),
            Term::Level { base, code: level } => f64::from(u8::from(code(base)? == level)),
        };
    }
    Ok(product)
}
