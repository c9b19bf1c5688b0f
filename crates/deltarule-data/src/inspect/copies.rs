//! Columns that are the target in another form, found in one pass that ends when none is left to suspect.

use std::ops::{ControlFlow, Range};

use deltarule_core::NO_LEVEL;

use crate::column::{TableColumn, Values};
use crate::error::Result;
use crate::pages::{PageColumn, Wanted};
use crate::table::Table;

/// How far a value may be from the line, relative to the largest target.
const TOLERANCE: f64 = 1e-9;
/// On so few records nearly everything is a line.
const FEW: usize = 4;

/// Pairs of a column and a target that have the same numbers but for a factor and an offset, or the same partition.
pub(super) fn copies_of_targets<'a>(
    table: &Table,
    columns: &[usize],
    targets: &[&'a str],
) -> Result<Vec<(usize, &'a str)>> {
    let mut suspects = Vec::new();
    for target in targets {
        let Some(position) = table.columns().iter().position(|column| column.name == *target) else { continue };
        for &column in columns {
            if let Some(test) = Test::of(&table.columns()[column], &table.columns()[position]) {
                suspects.push(Suspect { column, target: position, name: target, test });
            }
        }
    }
    if table.n_records() <= FEW {
        return Ok(Vec::new());
    }
    let mut wanted = Wanted::of(suspects.iter().flat_map(|suspect| [suspect.column, suspect.target]));
    for page in 0..table.pages().n_pages() {
        if suspects.is_empty() {
            break;
        }
        let before = suspects.len();
        table.pages().show(page, 0..table.pages().n_rows(page), &wanted, |shown| {
            suspects.retain_mut(|suspect| {
                let (x, y) = (&shown.columns[suspect.column], &shown.columns[suspect.target]);
                suspect.test.goes_on(x, y, shown.rows.clone()).is_continue()
            });
        })?;
        if suspects.len() < before {
            wanted = Wanted::of(suspects.iter().flat_map(|suspect| [suspect.column, suspect.target]));
        }
    }
    Ok(suspects
        .into_iter()
        .filter(|suspect| suspect.test.is_passed())
        .map(|suspect| (suspect.column, suspect.name))
        .collect())
}

struct Suspect<'a> {
    column: usize,
    target: usize,
    name: &'a str,
    test: Test,
}

/// What was seen of a pair so far.
enum Test {
    /// Whether y = y₀ + slope·(x − x₀).
    Line {
        first: Option<(f64, f64)>,
        slope: Option<f64>,
        /// The largest |y| of the column, and of the pairs so far.
        bound: f64,
        size: f64,
        furthest: f64,
        n: usize,
    },
    /// Which code of the other column each code goes with.
    Partition { partners: Vec<u32> },
}

impl Test {
    /// A test that the two can pass; `None` where they cannot.
    fn of(column: &TableColumn, target: &TableColumn) -> Option<Self> {
        match (&column.values, &target.values) {
            (Values::Numbers | Values::Booleans, Values::Numbers | Values::Booleans) => {
                let (low, high) = target.facts.range?;
                let bound = low.abs().max(high.abs());
                Some(Test::Line { first: None, slope: None, bound, size: 0.0, furthest: 0.0, n: 0 })
            }
            (Values::Text { levels }, Values::Text { levels: classes }) => {
                let n = levels.len();
                (n == classes.len() && n > 1).then(|| Test::Partition { partners: vec![NO_LEVEL; n] })
            }
            _ => None,
        }
    }

    /// Looks at further records, until the pair is out of the question.
    fn goes_on(&mut self, x: &PageColumn, y: &PageColumn, rows: Range<usize>) -> ControlFlow<()> {
        match self {
            Test::Line { first, slope, bound, size, furthest, n } => {
                let pairs = x.numbers()[rows.clone()].iter().zip(&y.numbers()[rows]);
                for (&x, &y) in pairs.filter(|(x, y)| !x.is_nan() && !y.is_nan()) {
                    let (x0, y0) = *first.get_or_insert((x, y));
                    if slope.is_none() && x != x0 {
                        *slope = Some((y - y0) / (x - x0));
                    }
                    let distance = (y0 + slope.unwrap_or(0.0) * (x - x0) - y).abs();
                    *size = size.max(y.abs());
                    *furthest = furthest.max(distance);
                    *n += 1;
                    if distance.is_nan() || distance > TOLERANCE * *bound || *slope == Some(0.0) {
                        return ControlFlow::Break(());
                    }
                }
            }
            Test::Partition { partners } => {
                for (&code, &other) in x.codes()[rows.clone()].iter().zip(&y.codes()[rows]) {
                    match partners.get_mut(code as usize) {
                        Some(partner) if *partner == NO_LEVEL => *partner = other,
                        Some(partner) if *partner == other => {}
                        None if other == NO_LEVEL => {}
                        _ => return ControlFlow::Break(()),
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the pair is one, now that all records were seen.
    fn is_passed(&self) -> bool {
        match self {
            Test::Line { slope, size, furthest, n, .. } => *n > FEW && slope.is_some() && *furthest <= TOLERANCE * size,
            Test::Partition { .. } => true,
        }
    }
}
