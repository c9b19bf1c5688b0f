//! Conditions on the values of a record: `age >= 18 and city in ('Ulm', 'Bonn') and not (fare is null)`.
//!
//! With a missing value a comparison is neither true nor false, as in SQL; a record satisfies a condition that is true.

mod parse;

use crate::csv::{Decimal, NOT_NESTED, Record, is_missing, is_nested, shown};
use crate::error::{DataError, Result};
use crate::flaw::Flaw;
use crate::sieve::Value;
use crate::table::check_name;

/// A condition on the values of a record.
///
/// ```
/// use deltarule_data::Condition;
/// let condition: Condition = "age >= 18 and city != 'Ulm'".parse()?;
/// assert_eq!(condition.columns(), ["age", "city"]);
/// assert!("age >= 18 and".parse::<Condition>().is_err());
/// # Ok::<(), deltarule_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    /// The columns, in the order in which they come up first.
    columns: Vec<String>,
    root: Expression,
}

/// A part of a condition; columns go by their place among the condition's.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    Compare { column: usize, comparison: Comparison, with: Literal },
    In { column: usize, list: Vec<Literal> },
    IsNull { column: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Unequal => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::AtMost => order.is_le(),
            Comparison::More => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
        }
    }

    /// Whether it makes sense of values that have no order.
    fn is_of_equality(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::Unequal)
    }
}

/// What values are compared with.
#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Number(f64),
    Text(String),
    /// true or false, in any case.
    Truth(bool),
}

/// Whether something holds; `None`: neither.
type Compared = std::result::Result<Option<bool>, Mismatch>;

/// A word that was to be compared as a number, or what cannot be compared at all.
struct Mismatch {
    column: usize,
    expected: String,
}

impl Condition {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns that it looks at.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The condition for the records of a file with these columns.
    ///
    /// Errors: one is not there.
    pub fn bind(&self, file: &str, header: &[String]) -> Result<BoundCondition> {
        let places = self.columns.iter().map(|name| check_name(file, header, name, "--where"));
        Ok(BoundCondition { condition: self.clone(), places: places.collect::<Result<_>>()? })
    }
}

/// A condition, and where its columns stand in a record.
#[derive(Debug, Clone)]
pub struct BoundCondition {
    condition: Condition,
    places: Vec<usize>,
}

impl BoundCondition {
    /// Whether a record of the file satisfies it.
    ///
    /// Errors: a word is to be put in order with a number, or a list or an object of JSON lines is to be compared.
    pub fn holds(&self, file: &str, record: &Record<'_>) -> Result<bool> {
        self.holds_with(file, record, record.decimal)
    }

    pub(crate) fn holds_with(&self, file: &str, record: &Record<'_>, decimal: Decimal) -> Result<bool> {
        let field = |column: usize| record.trimmed(self.places[column]);
        match self.condition.root.value(&field, decimal) {
            Ok(truth) => Ok(truth == Some(true)),
            Err(Mismatch { column, expected }) => Err(DataError::Value {
                file: file.to_owned(),
                at: record.at,
                column: self.condition.columns[column].clone(),
                found: shown(field(column)).chars().take(60).collect(),
                expected: expected.into(),
                flaw: Flaw::Word,
            }),
        }
    }

    /// Whether it looks at the column at this place.
    #[cfg(feature = "arrow")]
    pub(crate) fn looks_at(&self, place: usize) -> bool {
        self.places.contains(&place)
    }
}

impl Expression {
    /// True, false, or neither.
    fn value<'f>(&self, field: &impl Fn(usize) -> &'f [u8], decimal: Decimal) -> Compared {
        match self {
            Expression::Not(inner) => Ok(inner.value(field, decimal)?.map(|truth| !truth)),
            Expression::And(parts) => decided(parts, false, field, decimal),
            Expression::Or(parts) => decided(parts, true, field, decimal),
            Expression::IsNull { column } => Ok(Some(is_missing(field(*column)))),
            Expression::Compare { column, comparison, with } => {
                compare(*column, field(*column), *comparison, with, decimal)
            }
            Expression::In { column, list } => {
                if is_missing(field(*column)) {
                    return Ok(None);
                }
                for literal in list {
                    if compare(*column, field(*column), Comparison::Equal, literal, decimal)? == Some(true) {
                        return Ok(Some(true));
                    }
                }
                Ok(Some(false))
            }
        }
    }
}

/// The value of parts one of which decides where it is `by`; otherwise one that is neither leaves it open.
fn decided<'f>(parts: &[Expression], by: bool, field: &impl Fn(usize) -> &'f [u8], decimal: Decimal) -> Compared {
    let mut so_far = Some(!by);
    for part in parts {
        match part.value(field, decimal)? {
            Some(truth) if truth == by => return Ok(Some(by)),
            Some(_) => {}
            None => so_far = None,
        }
    }
    Ok(so_far)
}

fn compare(column: usize, field: &[u8], comparison: Comparison, with: &Literal, decimal: Decimal) -> Compared {
    if is_missing(field) {
        return Ok(None);
    }
    if is_nested(field) {
        return Err(Mismatch { column, expected: format!("{NOT_NESTED}, since --where compares it") });
    }
    Ok(Some(match with {
        Literal::Text(text) => comparison.holds(field.cmp(text.as_bytes())),
        Literal::Truth(truth) => {
            let is_equal = field.eq_ignore_ascii_case(if *truth { b"true" } else { b"false" });
            is_equal == (comparison == Comparison::Equal)
        }
        Literal::Number(number) => match Value::of_text(field, decimal) {
            Value::Number(value) => value.partial_cmp(number).is_some_and(|order| comparison.holds(order)),
            _ if comparison.is_of_equality() => comparison == Comparison::Unequal,
            _ => {
                let expected =
                    format!("a number, since --where compares it with {number}; texts stand in single quotes");
                return Err(Mismatch { column, expected });
            }
        },
    }))
}
