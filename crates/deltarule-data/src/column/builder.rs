//! Values, one after the other or part after part, to a column.

#[cfg(feature = "arrow")]
mod cells;

use std::collections::HashMap;

use deltarule_core::NO_LEVEL;
use deltarule_model::{DateForm, DateFormat, HashBits};

use super::distinct::Distinct;
use super::hashed::Hashed;
use super::numbers::{is_exact_text, is_in_range, is_large, is_whole, range_of};
use super::state::{Level, State, sorted, truth_values};
use super::{ColumnFacts, Place, TableColumn, Values};
use crate::csv::{Decimal, has_other_decimal, has_thousands, is_missing, parse_number};
use crate::pages::{Decode, PageColumn};

/// Numbers beyond this in size, or below its inverse, are refused as features and targets.
pub(crate) const LARGEST: f64 = 1e150;

/// A text column with more levels than this, on more than half of the records so far, is not kept unless it is asked for.
const KEPT_LEVELS: usize = 65_536;

/// How a column is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// By what it holds.
    Decide,
    /// By what it holds, and all of its levels kept.
    Keep,
    /// As text, even where it holds numbers.
    Text,
    /// As text that is hashed, even where it holds numbers.
    Hash(HashBits),
    /// As dates.
    Date(DateFormat),
    /// Not at all.
    Skip,
}

/// Builds a column from its fields.
pub(crate) struct ColumnBuilder {
    name: String,
    wish: Wish,
    decimal: Decimal,
    state: State,
    /// The values so far, texts as codes in the order in which they came up; those of parts that were appended are handed on.
    values: PageColumn,
    facts: ColumnFacts,
    /// The first and the last number so far, and the step from the first to the second.
    first: f64,
    previous: f64,
    direction: f64,
    n: usize,
    /// How many of the numbers the facts tell of; those of the others are found all at once.
    n_settled: usize,
    /// How many fields there will be, as far as is known.
    expected: usize,
}

impl ColumnBuilder {
    pub(crate) fn new(name: &str, wish: Wish, decimal: Decimal) -> Self {
        let facts = ColumnFacts { whole: true, counts_rows: true, ..ColumnFacts::default() };
        let (first, previous, direction) = (f64::NAN, f64::NAN, 0.0);
        let (name, state, values) = (name.to_owned(), State::Nothing, PageColumn::Missing);
        let (n, n_settled, expected) = (0, 0, 0);
        Self { name, wish, decimal, state, values, facts, first, previous, direction, n, n_settled, expected }
    }

    /// Makes room for so many fields, once it is known of what kind they are.
    pub(crate) fn expect(&mut self, n: usize) {
        self.expected = n;
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How its dates are written, where it is a column of dates.
    pub(crate) fn date_format(&self) -> Option<&DateFormat> {
        if let Wish::Date(format) = &self.wish { Some(format) } else { None }
    }

    pub(crate) fn is_skipped(&self) -> bool {
        self.wish == Wish::Skip
    }

    /// Whether numbers may be numbers.
    pub(crate) fn takes_numbers(&self) -> bool {
        matches!(self.wish, Wish::Decide | Wish::Keep)
    }

    /// Takes the next field, which is a number that the short way read: far from the largest and the smallest.
    #[inline(always)]
    pub(crate) fn push_short(&mut self, number: f64) {
        self.push_value(number);
        self.n += 1;
    }

    /// Takes the next field. The inner error is a text that is not UTF-8.
    #[inline]
    pub(crate) fn push(&mut self, field: &[u8], line: u64) -> Result<(), std::str::Utf8Error> {
        if self.takes_numbers()
            && let Some(number) = parse_number(field, self.decimal)
        {
            if is_large(number) {
                self.push_large(number, field, line);
            } else {
                self.push_number(number, line, || String::from_utf8_lossy(field).into_owned());
            }
        } else if is_missing(field) {
            self.push_missing(line);
        } else {
            self.push_word(std::str::from_utf8(field)?, line);
        }
        self.n += 1;
        Ok(())
    }

    #[inline]
    fn push_number(&mut self, number: f64, line: u64, text: impl FnOnce() -> String) {
        if !is_in_range(number) && self.facts.out_of_range.is_none() {
            self.facts.out_of_range = Some(Place { text: text(), line, file: 0 });
        }
        self.push_value(number);
    }

    /// Takes a number that f64 may not hold as it is written, if it is whole.
    #[cold]
    fn push_large(&mut self, number: f64, field: &[u8], line: u64) {
        let text = || String::from_utf8_lossy(field).into_owned();
        if is_in_range(number) && !is_exact_text(field, number) && self.facts.inexact_text.is_none() {
            self.facts.inexact_text = Some(Place { text: text(), line, file: 0 });
        }
        self.push_number(number, line, text);
    }

    #[inline(always)]
    fn push_value(&mut self, number: f64) {
        match &mut self.values {
            PageColumn::Numbers(values) => values.push(number),
            _ => self.push_unexpected(number),
        }
    }

    /// A number that is the first, or comes after words.
    #[cold]
    fn push_unexpected(&mut self, number: f64) {
        if let State::Nothing = self.state {
            let mut values = Vec::with_capacity(self.expected.max(self.n + 1));
            values.resize(self.n, f64::NAN);
            values.push(number);
            (self.state, self.values) = (State::Numbers, PageColumn::Numbers(values));
        } else {
            self.mix();
            self.absorb(&[number]);
        }
    }

    /// Numbers and words both: from now on there is only to count.
    fn mix(&mut self) {
        self.settle();
        (self.state, self.values) = (State::Mixed, PageColumn::Missing);
    }

    /// Sees to it that the facts tell of all numbers so far.
    pub(crate) fn settle(&mut self) {
        if let State::Hashed(hashed) = &mut self.state {
            hashed.settle();
        }
        if let PageColumn::Numbers(values) = &mut self.values {
            let values = std::mem::take(values);
            self.absorb(values.get(self.n_settled..).unwrap_or_default());
            self.n_settled = values.len();
            self.values = PageColumn::Numbers(values);
        }
    }

    /// Takes what is to be said of the next numbers into the facts; NaN is none.
    fn absorb(&mut self, values: &[f64]) {
        let mut numbers = values.iter().copied().filter(|value| !value.is_nan());
        let (Some(first), last) = (numbers.clone().next(), values.iter().rfind(|value| !value.is_nan())) else {
            return;
        };
        let (low, high, n) = range_of(values);
        let facts = &mut self.facts;
        facts.range = Some(facts.range.map_or((low, high), |range| (range.0.min(low), range.1.max(high))));
        facts.whole = facts.whole && values.iter().all(|value| is_whole(*value));
        if facts.n_numbers == 0 {
            (self.first, self.previous) = (first, first);
            numbers.next();
        }
        facts.n_numbers += n as u64;
        while self.facts.counts_rows
            && let Some(number) = numbers.next()
        {
            self.facts.counts_rows = self.goes_on(number);
            self.previous = number;
        }
        self.previous = last.copied().unwrap_or(self.previous);
    }

    fn push_missing(&mut self, line: u64) {
        self.facts.n_missing += 1;
        self.facts.first_missing.get_or_insert(line);
        self.facts.counts_rows = false;
        match &mut self.values {
            PageColumn::Numbers(values) => values.push(f64::NAN),
            PageColumn::Codes(codes) => codes.push(NO_LEVEL),
            PageColumn::Missing | PageColumn::Lent(_) | PageColumn::Sparse { .. } => {}
        }
    }

    fn push_word(&mut self, word: &str, line: u64) {
        if let Some(level) = self.level(word) {
            return self.push_level(level);
        }
        self.facts.counts_rows = false;
        if let Wish::Date(format) = &self.wish
            && let Some(seconds) = format.parse(word)
        {
            return self.push_value(seconds);
        }
        self.facts.n_words += 1;
        if let Wish::Hash(bits) = self.wish {
            return self.push_hashed(word, bits);
        }
        if self.facts.first_word.is_none() {
            self.facts.first_word = Some(Place { text: word.chars().take(40).collect(), line, file: 0 });
        }
        // What is text by choice is no number that went wrong.
        let (may_be_number, text) = (self.takes_numbers(), word.as_bytes());
        let has_other_decimal = may_be_number && has_other_decimal(text, self.decimal);
        let has_thousands = may_be_number && has_thousands(text, self.decimal);
        let is_date = self.look_for_date(word, line);
        self.facts.n_other_decimals += u64::from(has_other_decimal);
        self.facts.n_thousands += u64::from(has_thousands);
        self.facts.n_dates += u64::from(is_date);
        if let Wish::Date(_) = self.wish {
            return self.mix();
        }
        if let State::Nothing = self.state {
            self.state = State::Text { seen: HashMap::new() };
            self.values = PageColumn::Codes(vec![NO_LEVEL; self.n]);
        }
        match (&mut self.state, &mut self.values) {
            (State::Text { seen }, PageColumn::Codes(codes)) => {
                let code = seen.len() as u32;
                seen.insert(word.into(), Level { code, has_other_decimal, has_thousands, is_date });
                codes.push(code);
            }
            (State::Unique(distinct), _) => distinct.add_texts([word]),
            _ => self.mix(),
        }
    }

    /// Whether a word has the form of a date, or of a time of a day; how dates are written is kept.
    fn look_for_date(&mut self, word: &str, line: u64) -> bool {
        let place = || Place { text: word.chars().take(40).collect(), line, file: 0 };
        let form = DateForm::of(word);
        if let Some(form) = &form {
            self.facts.dates.look(form, place);
        }
        let is_date = form.is_some() || is_time_of_day(word);
        if is_date {
            self.facts.first_date.get_or_insert_with(place);
        }
        is_date
    }

    /// A text that has come up, where texts are kept.
    fn level(&self, word: &str) -> Option<Level> {
        match &self.state {
            State::Text { seen } => seen.get(word).copied(),
            _ => None,
        }
    }

    /// Takes a text that has come up.
    fn push_level(&mut self, level: Level) {
        self.facts.n_words += 1;
        self.facts.n_other_decimals += u64::from(level.has_other_decimal);
        self.facts.n_thousands += u64::from(level.has_thousands);
        self.facts.n_dates += u64::from(level.is_date);
        if let PageColumn::Codes(codes) = &mut self.values {
            codes.push(level.code);
        }
    }

    fn push_hashed(&mut self, word: &str, bits: HashBits) {
        if let State::Nothing = self.state {
            let mut codes = Vec::with_capacity(self.expected.max(self.n + 1));
            codes.resize(self.n, NO_LEVEL);
            (self.state, self.values) = (State::Hashed(Hashed::new(bits)), PageColumn::Codes(codes));
        }
        if let (State::Hashed(hashed), PageColumn::Codes(codes)) = (&mut self.state, &mut self.values) {
            codes.push(hashed.push(word));
        }
    }

    /// Says which of the table's files the places of values so far are in.
    pub(crate) fn is_of_file(&mut self, file: usize) {
        let facts = &mut self.facts;
        for place in facts.places() {
            place.file = file;
        }
    }

    /// Adds to the places of values so far.
    #[cfg(feature = "arrow")]
    pub(crate) fn renumber(&mut self, before: u64) {
        let facts = &mut self.facts;
        for place in facts.places() {
            place.line += before;
        }
        facts.first_missing = facts.first_missing.map(|line| line + before);
    }

    /// Whether a number follows the last one as the second followed the first, by one up or down.
    fn goes_on(&mut self, number: f64) -> bool {
        let step = number - self.previous;
        if self.direction == 0.0 {
            self.direction = step;
        }
        step == self.direction && step.abs() == 1.0
    }

    /// Takes in the fields that follow, as if they had been pushed one by one, and hands on their values for the pages of the
    /// table.
    pub(crate) fn append(&mut self, mut further: Self) -> PageColumn {
        further.settle();
        let (facts, other) = (&mut self.facts, further.facts);
        facts.first_missing = facts.first_missing.or(other.first_missing);
        facts.first_word = facts.first_word.take().or(other.first_word);
        facts.first_date = facts.first_date.take().or(other.first_date);
        facts.dates.merge(other.dates);
        facts.out_of_range = facts.out_of_range.take().or(other.out_of_range);
        facts.inexact = facts.inexact.take().or(other.inexact);
        facts.inexact_text = facts.inexact_text.take().or(other.inexact_text);
        facts.range = match (facts.range, other.range) {
            (Some((low, high)), Some((other_low, other_high))) => Some((low.min(other_low), high.max(other_high))),
            (one, other) => one.or(other),
        };
        facts.whole &= other.whole;
        facts.n_missing += other.n_missing;
        facts.n_words += other.n_words;
        facts.n_other_decimals += other.n_other_decimals;
        facts.n_thousands += other.n_thousands;
        facts.n_dates += other.n_dates;
        facts.counts_rows &= other.counts_rows;
        if other.n_numbers > 0 {
            if self.facts.n_numbers == 0 {
                (self.first, self.direction) = (further.first, further.direction);
            } else if self.facts.counts_rows {
                self.facts.counts_rows =
                    self.goes_on(further.first) && (other.n_numbers == 1 || further.direction == self.direction);
            }
            self.previous = further.previous;
        }
        self.facts.n_numbers += other.n_numbers;
        let state = std::mem::replace(&mut self.state, State::Mixed);
        let (state, values) = state.followed_by(further.state, further.values);
        self.state = state;
        self.n += further.n;
        if let State::Hashed(hashed) = &mut self.state {
            hashed.mark(values.codes());
        }
        if let State::Text { seen } = &self.state
            && self.wish == Wish::Decide
            && seen.len() > KEPT_LEVELS
            && 2 * seen.len() > self.n
        {
            let mut distinct = Distinct::default();
            distinct.add_texts(seen.keys());
            self.state = State::Unique(distinct);
        }
        values
    }

    /// How many bytes a value of the column takes up in memory, in a page that is done.
    pub(crate) fn value_bytes(&self) -> usize {
        match &self.state {
            _ if self.wish == Wish::Skip => 0,
            State::Mixed | State::Unique(_) | State::Unsupported(_) => 0,
            State::Text { seen } if self.wish == Wish::Text || !seen.keys().all(|word| is_truth(word.as_bytes())) => 4,
            State::Hashed(_) => 4,
            _ => 8,
        }
    }

    /// The column, and how its values are read from the pages.
    pub(crate) fn finish(mut self) -> (TableColumn, Decode) {
        self.settle();
        self.facts.counts_rows &= self.facts.n_numbers > 1;
        self.facts.ends = (self.facts.n_numbers > 0).then_some((self.first, self.previous));
        let (values, decode) = match self.state {
            _ if self.wish == Wish::Skip => (Values::Skipped, Decode::Unused),
            State::Nothing => (Values::Missing, Decode::Unused),
            State::Numbers | State::Mixed if let Wish::Date(format) = self.wish => {
                let decode = if self.facts.n_words > 0 { Decode::Unused } else { Decode::Numbers };
                (Values::Dates { format }, decode)
            }
            State::Numbers => (Values::Numbers, Decode::Numbers),
            State::Mixed => (Values::Mixed, Decode::Unused),
            State::Unsupported(kind) => (Values::Unsupported(kind), Decode::Unused),
            State::Unique(_) if self.facts.n_numbers > 0 => (Values::Mixed, Decode::Unused),
            State::Unique(distinct) => {
                let (n_values, exact) = distinct.count();
                (Values::Unique { n_values, exact }, Decode::Unused)
            }
            State::Hashed(hashed) => hashed.finish(),
            State::Text { seen } if self.wish != Wish::Text && seen.keys().all(|word| is_truth(word.as_bytes())) => {
                let value_of = truth_values(&seen);
                let low = value_of.iter().copied().fold(1.0, f64::min);
                let high = value_of.iter().copied().fold(0.0, f64::max);
                self.facts.range = Some((low, high));
                (Values::Booleans, Decode::Booleans(value_of))
            }
            State::Text { seen } => sorted(seen),
        };
        (TableColumn { name: self.name, values, facts: self.facts }, decode)
    }
}

/// Whether a word is a truth value.
pub(crate) fn is_truth(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"true") || word.eq_ignore_ascii_case(b"false")
}

/// Whether a word is hours and minutes, and maybe seconds.
pub(crate) fn is_time_of_day(word: &str) -> bool {
    let mut parts = word.split('.').next().unwrap_or_default().split(':');
    let of_digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_digit());
    parts.clone().all(of_digits) && (2..=3).contains(&parts.by_ref().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column of some fields, and its values.
    fn built_with_values(wish: Wish, fields: &[&str]) -> (TableColumn, PageColumn) {
        let mut builder = ColumnBuilder::new("c", wish.clone(), Decimal::Point);
        for (row, field) in fields.iter().enumerate() {
            builder.push(field.as_bytes(), row as u64 + 2).unwrap();
        }
        let mut whole = ColumnBuilder::new("c", wish, Decimal::Point);
        let values = whole.append(builder);
        let (column, decode) = whole.finish();
        (column, decode.apply(values, fields.len()))
    }

    fn built(wish: Wish, fields: &[&str]) -> TableColumn {
        built_with_values(wish, fields).0
    }

    #[test]
    fn the_type_does_not_depend_on_the_order() {
        let mut fields = vec!["1", "2", "x", "", "3"];
        for _ in 0..5 {
            fields.rotate_left(1);
            let column = built(Wish::Decide, &fields);
            assert_eq!(column.values, Values::Mixed, "{fields:?}");
            assert_eq!((column.facts.n_numbers, column.facts.n_words, column.facts.n_missing), (3, 1, 1));
            assert_eq!(column.facts.first_word.unwrap().text, "x");
        }
    }

    #[test]
    fn levels_sort_by_their_bytes() {
        let (column, values) = built_with_values(Wish::Decide, &["b", "a", "?", "é", "B", "a"]);
        let levels = ["B", "a", "b", "é"].map(String::from).to_vec();
        assert_eq!(column.values, Values::Text { levels });
        assert_eq!(values, PageColumn::Codes(vec![2, 1, NO_LEVEL, 3, 0, 1]));
    }

    #[test]
    fn numbers_are_texts_where_that_is_asked_for() {
        let (column, values) = built_with_values(Wish::Text, &["2", "10", "2"]);
        assert_eq!(column.values, Values::Text { levels: vec!["10".into(), "2".into()] });
        assert_eq!(values, PageColumn::Codes(vec![1, 0, 1]));
    }

    #[test]
    fn words_for_what_is_missing_are_the_same_in_every_column() {
        for word in ["", "NA", "n/a", "NaN", "NULL", "?", "#N/A", "<NA>"] {
            for (fields, values) in [(["1", word], "Numbers"), (["true", word], "Booleans"), (["red", word], "Text")] {
                let column = built(Wish::Decide, &fields);
                assert!(format!("{:?}", column.values).starts_with(values), "{word}: {:?}", column.values);
                assert_eq!((column.facts.n_missing, column.facts.first_missing), (1, Some(3)), "{word}");
            }
        }
    }

    #[test]
    fn truth_values_are_numbers() {
        let (column, values) = built_with_values(Wish::Decide, &["True", "false", "NA", "TRUE"]);
        assert_eq!((column.values, column.facts.range), (Values::Booleans, Some((0.0, 1.0))));
        let PageColumn::Numbers(values) = values else { panic!() };
        assert_eq!((values[0], values[1], values[2].is_nan(), values[3]), (1.0, 0.0, true, 1.0));
    }

    #[test]
    fn dates_are_seconds_and_the_first_text_that_is_none_is_told() {
        let wish = Wish::Date(DateFormat::new("%d.%m.%Y").unwrap());
        let (column, values) = built_with_values(wish.clone(), &["", "2.1.1970", "1970-01-01", "NA"]);
        assert_eq!(column.facts.range, Some((0.0, 86_400.0)));
        let PageColumn::Numbers(values) = values else { panic!() };
        assert_eq!((values[0].is_nan(), values[1], values[2], values[3].is_nan()), (true, 86_400.0, 0.0, true));
        let (column, values) = built_with_values(wish, &["2.1.1970", "1/2/70", "", "soon"]);
        assert!(matches!(column.values, Values::Dates { .. }) && values == PageColumn::Missing);
        assert_eq!((column.facts.n_words, column.facts.first_word.unwrap().line), (2, 3));
        assert_eq!(built(Wish::Date(DateFormat::default()), &["", "NA"]).values, Values::Missing);
    }

    #[test]
    fn counters_ranges_and_dates_are_seen() {
        assert!(built(Wish::Decide, &["5", "6", "7"]).facts.counts_rows);
        assert!(built(Wish::Decide, &["5", "4", "3"]).facts.counts_rows);
        assert!(!built(Wish::Decide, &["5", "6", "8"]).facts.counts_rows);
        assert!(!built(Wish::Decide, &["0", "2", "4"]).facts.counts_rows);
        assert!(built(Wish::Decide, &["1", "1e151"]).facts.out_of_range.is_some());
        assert!(built(Wish::Decide, &["1", "1e999"]).facts.out_of_range.is_some());
        assert!(built(Wish::Decide, &["1", "-1e-151"]).facts.out_of_range.is_some());
        assert!(built(Wish::Decide, &["1", "0", "-1e150"]).facts.out_of_range.is_none());
        assert_eq!(built(Wish::Decide, &["inf", "nan"]).facts.n_words, 1);
        for word in
            ["2024-05-31", "31.05.2024", "5/31/24", "2024-05-31T12:00:00Z", "12:30", "31-May-24", "May 31, 2024"]
        {
            assert_eq!(built(Wish::Decide, &[word]).facts.n_dates, 1, "{word}");
        }
        for word in ["1.2.3-beta", "A-12", "192.168.0.1", "10.000.000", "a b", "Mr. X", "1:2:3:4", "12:3456"] {
            assert_eq!(built(Wish::Decide, &[word]).facts.n_dates, 0, "{word}");
        }
    }
}
