//! What the target columns are: numbers, or classes.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use deltarule_core::{Activation, Loss, NO_LEVEL, Targets};
use deltarule_model::number::exact;
use deltarule_model::{ClassType, Target};

use super::weights::Weighting;
use super::{Choices, Task};
use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::inspect::{levels_of_missing, missing_text, number_with_unit};
use crate::pages::{PAGE_ROWS, PageColumn, RowSet, Wanted};
use crate::table::Table;

/// What the target columns are taken as.
#[derive(Debug, Clone)]
pub(super) enum TargetKind {
    Numbers,
    Classes {
        names: Vec<String>,
        /// The number of each class, in ascending order, where the column holds numbers; codes are the classes themselves.
        numbers: Option<Vec<f64>>,
    },
}

/// What the outputs of a network are trained to be.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) kind: TargetKind,
    /// The positions of the target columns.
    pub(super) columns: Vec<usize>,
    /// The targets of classes.
    pub(super) low: f64,
    pub(super) high: f64,
}

/// More classes than this must have two records each, on average.
const FEW_CLASSES: usize = 10;

/// More classes than this are taken for a mistake.
const MOST_CLASSES: usize = 1000;

impl TargetKind {
    pub(super) fn of(table: &Table, targets: &[usize], choices: &Choices, notes: &mut Vec<String>) -> Result<Self> {
        let wrong = |column: &TableColumn, found: &str, expected: &str| DataError::Target {
            file: table.name().to_owned(),
            column: column.name.clone(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let positions = targets;
        let targets: Vec<&TableColumn> = targets.iter().map(|&position| &table.columns()[position]).collect();
        for target in &targets {
            table.check_usable(target).map_err(DataError::of_target)?;
            match target.values {
                Values::Missing => return Err(wrong(target, "no value at all", "numbers or classes")),
                Values::Unique { .. } => {
                    return Err(wrong(target, "texts that are nearly all different", "numbers or classes"));
                }
                Values::Sparse { .. } => {
                    return Err(wrong(
                        target,
                        "the features of libsvm's format",
                        "label, the first number of each line",
                    ));
                }
                Values::Hashed { .. } => {
                    return Err(wrong(target, "a column that is also hashed", "a column that is taken as it is"));
                }
                Values::Dates { .. } => {
                    return Err(wrong(
                        target,
                        "a column that is also taken apart as dates",
                        "a column that is taken as it is",
                    ));
                }
                Values::Skipped => return Err(wrong(target, "a column that is also dropped", "a column that is kept")),
                _ => {}
            }
        }
        let [target] = targets[..] else {
            for target in &targets {
                if let Values::Text { .. } = target.values {
                    return Err(wrong(target, "text", "numbers, as for every one of several targets"));
                }
            }
            if choices.task() == Some(Task::Classification) {
                let expected = format!("one target, for {}", choices.task_text());
                return Err(wrong(targets[0], "several targets", &expected));
            }
            return Ok(TargetKind::Numbers);
        };
        let name = &target.name;
        match &target.values {
            Values::Text { levels } => {
                let is_meant = choices.task() == Some(Task::Classification) || choices.categorical.contains(name);
                if let Some(example) = number_with_unit(levels).filter(|_| !is_meant) {
                    let found = format!("numbers with a unit ({example:?}), which are text");
                    let expected = "numbers: remove the unit; to take each value as a class, use --task classification";
                    return Err(wrong(target, &found, expected));
                }
                if choices.task() == Some(Task::Regression) {
                    return Err(wrong(target, "text", &format!("numbers, for {}", choices.task_text())));
                }
                match levels.len() {
                    1 => {
                        return Err(wrong(target, &format!("one class only, {:?}", levels[0]), "at least two classes"));
                    }
                    2 => notes.push(format!(
                        "target {name}: two classes, one output: near its low end for {}, near its high end for {}",
                        levels[0], levels[1]
                    )),
                    n if n > MOST_CLASSES => {
                        return Err(wrong(
                            target,
                            &format!("{n} different texts"),
                            &format!("numbers, or at most {MOST_CLASSES} classes"),
                        ));
                    }
                    n if n > FEW_CLASSES && 2 * n > table.n_records() => {
                        return Err(wrong(
                            target,
                            &format!("{n} different texts in {} records", table.n_records()),
                            "numbers, or classes with several records each",
                        ));
                    }
                    n => notes.push(format!("target {name}: {n} classes, one output for each")),
                }
                let unsure = levels_of_missing(levels);
                if !unsure.is_empty() {
                    notes.push(format!("target {name}: {}", missing_text(&unsure, ["class", "classes"])));
                }
                Ok(TargetKind::Classes { names: levels.clone(), numbers: None })
            }
            Values::Numbers | Values::Booleans => {
                let truth = target.values == Values::Booleans;
                let distinct = distinct_values(table, positions[0], MOST_CLASSES)?;
                let two = distinct.as_deref().is_some_and(|d| *d == [0.0, 1.0] || *d == [-1.0, 1.0]);
                let classes = match choices.task() {
                    Some(Task::Regression) => false,
                    Some(Task::Classification) => true,
                    None => two,
                };
                if !classes {
                    return Ok(TargetKind::Numbers);
                }
                // What takes numbers as numbers.
                let otherwise = if choices.task.is_some() { "--task regression" } else { "--loss squared" };
                let too_many = |found: &str, classes: &str| {
                    let expected = format!("{classes}, for {}; try {otherwise}", choices.task_text());
                    Err(wrong(target, found, &expected))
                };
                let Some(distinct) = distinct else {
                    return too_many(&format!("more than {MOST_CLASSES} different numbers"), "classes");
                };
                let n = distinct.len();
                if n > FEW_CLASSES && 2 * n > table.n_records() {
                    let found = format!("{n} different numbers in {} records", table.n_records());
                    return too_many(&found, "classes with several records each");
                }
                if let Some(y) = distinct.iter().find(|y| n > FEW_CLASSES && y.fract() != 0.0) {
                    let found = format!("{n} different numbers, such as {}", exact(*y));
                    let classes = format!("classes: texts, whole numbers, or at most {FEW_CLASSES} other numbers");
                    return too_many(&found, &classes);
                }
                if distinct.len() < 2 {
                    return Err(wrong(
                        target,
                        &format!("one value only, {}", exact(distinct[0])),
                        "at least two classes",
                    ));
                }
                let name_of = |value: &f64| match truth {
                    true => if *value == 1.0 { "true" } else { "false" }.to_owned(),
                    false => value.to_string(),
                };
                if choices.task.is_none() {
                    notes.push(match &distinct[..] {
                        [low, high] => format!(
                            "target {name} has only the values {} and {}: taken as two classes (--task regression takes it as a number)",
                            name_of(low),
                            name_of(high)
                        ),
                        numbers => format!(
                            "target {name} has {} different numbers: each is taken as a class, for {}",
                            numbers.len(),
                            choices.task_text()
                        ),
                    });
                }
                Ok(TargetKind::Classes { names: distinct.iter().map(name_of).collect(), numbers: Some(distinct) })
            }
            _ => Ok(TargetKind::Numbers),
        }
    }

    /// How many classes there are; 1 for numbers.
    pub(super) fn n_classes(&self) -> usize {
        match self {
            TargetKind::Numbers => 1,
            TargetKind::Classes { names, .. } => names.len(),
        }
    }

    /// The class of a row of the target column; [`NO_LEVEL`] without a target.
    pub(super) fn class(&self, column: &PageColumn, row: usize) -> u32 {
        match (self, column) {
            (TargetKind::Classes { numbers: Some(numbers), .. }, PageColumn::Numbers(_) | PageColumn::Lent(_)) => {
                let y = column.numbers()[row];
                numbers.iter().position(|number| *number == y).map_or(NO_LEVEL, |k| k as u32)
            }
            (TargetKind::Classes { numbers: None, .. }, PageColumn::Codes(codes)) => codes[row],
            _ => NO_LEVEL,
        }
    }
}

impl Output {
    pub(super) fn n_outputs(&self) -> usize {
        match &self.kind {
            TargetKind::Numbers => self.columns.len(),
            TargetKind::Classes { names, .. } if names.len() == 2 => 1,
            TargetKind::Classes { names, .. } => names.len(),
        }
    }

    /// The targets of some rows of a page.
    pub(super) fn targets<'p>(&self, columns: &'p [PageColumn], rows: Range<usize>) -> Targets<'p, f64> {
        let (low, high) = (self.low, self.high);
        match &self.kind {
            TargetKind::Numbers => {
                let numbers = |&position: &usize| Cow::Borrowed(&columns[position].numbers()[rows.clone()]);
                Targets::Numbers(self.columns.iter().map(numbers).collect())
            }
            kind => {
                let column = &columns[self.columns[0]];
                let class = |row: usize| kind.class(column, row);
                match kind.n_classes() {
                    2 => {
                        let target = |is_second: bool| if is_second { high } else { low };
                        let targets = match (column, kind) {
                            (PageColumn::Codes(codes), _) => codes[rows].iter().map(|&c| target(c == 1)).collect(),
                            (
                                PageColumn::Numbers(_) | PageColumn::Lent(_),
                                TargetKind::Classes { numbers: Some(numbers), .. },
                            ) => column.numbers()[rows].iter().map(|&y| target(Some(&y) == numbers.get(1))).collect(),
                            _ => rows.map(|row| target(class(row) == 1)).collect(),
                        };
                        Targets::Numbers(vec![targets])
                    }
                    n_classes => {
                        let codes = match column {
                            PageColumn::Codes(codes) => Cow::Borrowed(&codes[rows]),
                            _ => rows.map(class).collect(),
                        };
                        Targets::Classes { codes, n_classes, low, high }
                    }
                }
            }
        }
    }
}

/// Checks that every target is one that the loss is defined for.
///
/// Errors: the first that is not, with its place; those of the file that holds the table's pages.
pub(super) fn check_range(table: &Table, rows: &RowSet, output: &Output, loss: Loss) -> Result<()> {
    let (low, high) = loss.target_range();
    if !matches!(output.kind, TargetKind::Numbers) || (low == f64::NEG_INFINITY && high == f64::INFINITY) {
        return Ok(());
    }
    let mut outside = None;
    table.pages().show_each(&Wanted::of(output.columns.iter().copied()), |page, shown, columns| {
        rows.in_page(page, 0, |row| {
            for &position in &output.columns {
                let y = columns[position].numbers().get(shown.start + row).copied().unwrap_or(f64::NAN);
                if outside.is_none() && (y < low || y > high) {
                    outside = Some((page * PAGE_ROWS + row, position, y));
                }
            }
        });
        if outside.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let Some((record, position, y)) = outside else { return Ok(()) };
    Err(DataError::Target {
        file: table.file(record).to_owned(),
        column: table.columns()[position].name.clone(),
        found: format!("{} in {}", exact(y), table.at(record)),
        expected: format!("{}, for --loss {loss}", loss.target_text()),
    })
}

/// What one look at the targets of the training records says of them.
#[derive(Debug, Default)]
pub(super) struct TargetTally {
    /// Records of each class.
    counts: Vec<u64>,
    /// Σv of them.
    class_weights: Vec<f64>,
    /// Of each target column the first number, and Σv(y − first).
    sums: Vec<(f64, f64)>,
    /// Σv.
    weight: f64,
    /// How many targets f cannot reach.
    outside: usize,
}

impl TargetTally {
    pub(super) fn of(
        table: &Table,
        rows: &RowSet,
        output: &Output,
        (low, high): (f64, f64),
        weighting: &Weighting,
    ) -> Result<Self> {
        let n_classes = output.kind.n_classes();
        let mut tally = Self { counts: vec![0; n_classes], class_weights: vec![0.0; n_classes], ..Self::default() };
        let wanted = Wanted::of(output.columns.iter().copied().chain(weighting.column()));
        table.pages().show_each(&wanted, |page, shown, columns| {
            rows.in_page(page, 0, |row| {
                let row = shown.start + row;
                let v = weighting.of_record(columns, row);
                if let TargetKind::Classes { .. } = output.kind {
                    let class = output.kind.class(&columns[output.columns[0]], row);
                    if let Some(count) = tally.counts.get_mut(class as usize) {
                        *count += 1;
                        tally.class_weights[class as usize] += v;
                    }
                } else {
                    for (k, &position) in output.columns.iter().enumerate() {
                        let y = columns[position].numbers().get(row).copied().unwrap_or(f64::NAN);
                        if tally.sums.len() == k {
                            tally.sums.push((y, 0.0));
                        }
                        let (first, sum) = &mut tally.sums[k];
                        *sum += v * (y - *first);
                        tally.outside += usize::from(y < low || y > high);
                    }
                }
                tally.weight += v;
            });
            ControlFlow::Continue(())
        })?;
        Ok(tally)
    }

    /// Σv of the records of each class.
    pub(super) fn class_weights(&self) -> &[f64] {
        &self.class_weights
    }

    /// Which classes no record of weight above 0 has, in words; `of_classes` are the weights of classes, if they have any.
    ///
    /// Errors: no more than one class has such a record.
    pub(super) fn classes_without_weight(
        &self,
        of_classes: &[f64],
        output: &Output,
        table: &Table,
    ) -> Result<Option<String>> {
        let TargetKind::Classes { names, .. } = &output.kind else { return Ok(None) };
        let weight = |k: usize| self.class_weights[k] * of_classes.get(k).copied().unwrap_or(1.0);
        let (counted, without): (Vec<usize>, Vec<usize>) = (0..names.len()).partition(|&k| weight(k) > 0.0);
        let column = &table.columns()[output.columns[0]].name;
        if let [] | [_] = counted[..] {
            return Err(DataError::Target {
                file: table.name().to_owned(),
                column: column.clone(),
                found: match counted[..] {
                    [only] => format!("one class only, {:?}, in records of a weight above 0", names[only]),
                    _ => "no class in records of a weight above 0".to_owned(),
                },
                expected: "at least two classes; give others a weight, too".to_owned(),
            });
        }
        let without: Vec<&str> = without.iter().map(|&k| names[k].as_str()).collect();
        Ok((!without.is_empty()).then(|| {
            format!(
                "target {column}: every record of these classes has the weight 0, so they are not learned: {}",
                without.join(", ")
            )
        }))
    }

    /// The target as the model keeps it, with means and counts of the training records.
    pub(super) fn target(&self, output: &Output, table: &Table) -> Result<Target> {
        let name = |position: &usize| table.columns()[*position].name.clone();
        let TargetKind::Classes { names, .. } = &output.kind else {
            let mean = |(first, sum): &(f64, f64)| first + if self.weight > 0.0 { sum / self.weight } else { 0.0 };
            let names = output.columns.iter().map(name).collect();
            return Ok(Target::Numbers { names, means: self.sums.iter().map(mean).collect() });
        };
        let name = name(&output.columns[0]);
        if let Some(empty) = self.counts.iter().position(|count| *count == 0) {
            return Err(DataError::Target {
                file: table.name().to_owned(),
                column: name,
                found: format!("no record of class {:?} to train on", names[empty]),
                expected: "records of every class; try --missing mean, or another --valid, --folds or --seed".into(),
            });
        }
        let (low, high) = (output.low, output.high);
        let class_type = Some(match table.columns()[output.columns[0]].values {
            Values::Numbers => ClassType::Number,
            Values::Booleans => ClassType::Boolean,
            _ => ClassType::Text,
        });
        Ok(match (&names[..], &self.counts[..]) {
            ([first, second], &[a, b]) => {
                let classes = [first.clone(), second.clone()];
                Target::TwoClasses { name, classes, class_type, low, high, counts: [a, b] }
            }
            (_, counts) => {
                Target::Classes { name, classes: names.clone(), class_type, low, high, counts: counts.to_vec() }
            }
        })
    }

    /// Targets that f cannot reach leave an error that no weight removes.
    pub(super) fn warning(&self, activation: &Activation) -> Option<String> {
        let ((low, high), outside) = (activation.range(), self.outside);
        (outside > 0).then(|| {
            format!(
                "{outside} targets lie outside of what {activation} can give, {low} to {high}: no weights can reach them; \
                 try another --activation (identity has no limits)"
            )
        })
    }
}

/// The different numbers of a column, ascending; `None` where there are more than `most`.
fn distinct_values(table: &Table, position: usize, most: usize) -> Result<Option<Vec<f64>>> {
    let mut distinct: Vec<f64> = Vec::new();
    let mut too_many = false;
    table.pages().show_each(&Wanted::of([position]), |_, rows, columns| {
        for y in columns[position].numbers()[rows].iter().filter(|y| !y.is_nan()) {
            let place = distinct.binary_search_by(|known| known.partial_cmp(y).unwrap_or(std::cmp::Ordering::Equal));
            if let Err(place) = place {
                if distinct.len() == most {
                    too_many = true;
                    return ControlFlow::Break(());
                }
                distinct.insert(place, *y);
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok((!too_many).then_some(distinct))
}
