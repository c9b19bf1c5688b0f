//! The body of a request: records as JSON, handed on one after the other without a tree of values.
//!
//! A record is an object of columns; a body is one record, a list of them, or an object whose field `records` is such a list. A value
//! becomes the text that it would be in a table, so that it means what it means for `deltarule predict`.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;
use std::ops::Range;

use deltarule_data::foreign_word;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::refusal::Refusal;
use crate::served::Served;

/// The field of a body that has a list of records.
const RECORDS: &str = "records";

/// Takes the records of a body.
pub(crate) trait Sink {
    /// Takes the record `row`, the next one.
    fn take(&mut self, row: &Row) -> Result<(), Refusal>;
}

/// The texts of one record, by the places of the model's columns.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: Vec<u8>,
    /// Where each column's text stands; `None` where the record lacks it.
    fields: Vec<Option<Range<usize>>>,
}

impl Row {
    /// The text of a column: nothing for null; `None` where the record lacks the column.
    pub(crate) fn field(&self, place: usize) -> Option<&[u8]> {
        self.fields[place].as_ref().map(|field| &self.text[field.clone()])
    }
}

/// Reads a body, and hands its records to `sink`.
///
/// Errors: no JSON, JSON of another form, more records than `limit`, and what `sink` refuses.
pub(crate) fn read(body: &[u8], served: &Served, limit: u64, sink: &mut dyn Sink) -> Result<(), Refusal> {
    // A byte-order mark is no part of JSON, but some programs write one.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(Refusal::malformed(format!("the body is empty, expected JSON: {}", form(served))));
    }
    let mut row = Row { text: Vec::new(), fields: vec![None; served.columns().len()] };
    row.text.reserve(256);
    let mut intake = Intake { served, row, expected: 0, n: 0, limit, sink, refusal: None };
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = Top(&mut intake).deserialize(&mut json).and_then(|()| json.end());
    match (intake.refusal, read) {
        (Some(refusal), _) => Err(refusal),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => {
            let (line, column) = (error.line(), error.column());
            let text = body.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
            let (column, what) = match foreign_word(text, column) {
                Some((place, word, expected)) => {
                    (place, format!("found {word}, which JSON does not have, expected {expected}"))
                }
                None => {
                    let message = error.to_string();
                    let what = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
                    (column, format!("{what}; expected {}", form(served)))
                }
            };
            Err(Refusal::malformed(format!("the body is no JSON: line {line}, column {column}: {what}")))
        }
    }
}

/// What a body may be.
fn form(served: &Served) -> String {
    let example = match served.model().encoding().is_sparse() {
        true => r#"{"features": {"INDEX": VALUE, …}}"#,
        false => r#"{"COLUMN": VALUE, …}"#,
    };
    format!("a record {example}, or {{\"records\": [RECORD, …]}}")
}

/// The state of reading a body.
struct Intake<'a> {
    served: &'a Served,
    row: Row,
    /// The place that the next column is likely to have.
    expected: usize,
    /// How many records were begun.
    n: u64,
    limit: u64,
    sink: &'a mut dyn Sink,
    /// Why reading was broken off, where it was not for its form.
    refusal: Option<Refusal>,
}

impl Intake<'_> {
    /// Breaks reading off.
    fn refuse<E: serde::de::Error>(&mut self, refusal: Refusal) -> E {
        self.refusal = Some(refusal);
        E::custom("refused")
    }

    fn begin<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.n == self.limit {
            let (limit, status) = (self.limit, hyper::StatusCode::PAYLOAD_TOO_LARGE);
            let advice = "send them in several requests, or start the server with a larger --max-records";
            let message = format!("found more than {limit} records in one request, expected at most {limit}; {advice}");
            return Err(self.refuse(Refusal::new(status, message)));
        }
        self.n += 1;
        self.row.text.clear();
        self.row.fields.fill(None);
        self.expected = 0;
        Ok(())
    }

    fn end<E: serde::de::Error>(&mut self) -> Result<(), E> {
        match self.sink.take(&self.row) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Takes a column's value, or skips that of a column which the model does not know.
    fn column<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let Some(place) = self.served.place(name, self.expected) else {
            map.next_value::<IgnoredAny>()?;
            return Ok(());
        };
        self.expected = place + 1;
        if self.row.fields[place].is_some() {
            let refusal = Refusal::of_column(self.n, name, "found twice, expected each column once");
            return Err(self.refuse(refusal));
        }
        let start = self.row.text.len();
        map.next_value_seed(Field { intake: self, column: name })?;
        self.row.fields[place] = Some(start..self.row.text.len());
        Ok(())
    }

    /// A value of a form that a record cannot have.
    fn wrong_value<E: serde::de::Error>(&mut self, column: &str, found: &str) -> E {
        let expected = match self.served.model().encoding().is_sparse() {
            true => {
                r#"an object of numbers by their index, such as {"12": 0.5}, or a text of pairs, such as "12:0.5 17:1""#
            }
            false => "a number, a text, true, false or null",
        };
        self.refuse(Refusal::of_column(self.n, column, format!("found {found}, expected {expected}")))
    }
}

/// The whole body.
struct Top<'i, 'a>(&'i mut Intake<'a>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

/// Methods of a visitor for values that cannot stand there.
macro_rules! refuse_scalars {
    () => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
            Err(self.refuse("true or false"))
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
            Err(self.refuse("a number"))
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
            Err(self.refuse("a number"))
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
            Err(self.refuse("a number"))
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
            Err(self.refuse("a text"))
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            Err(self.refuse("null"))
        }
    };
}

impl Top<'_, '_> {
    fn refuse<E: serde::de::Error>(self, found: &str) -> E {
        let message = format!("found {found} as the body, expected {}", form(self.0.served));
        self.0.refuse(Refusal::unfit(message))
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record or a list of records")
    }

    refuse_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let intake = self.0;
        // A model may have a column of that name; lists of its records stand alone.
        let is_list = |key: &str| key == RECORDS && intake.served.place(RECORDS, 0).is_none();
        let mut key = map.next_key_seed(Key)?;
        let beside = match key.as_deref() {
            Some(first) if is_list(first) => {
                map.next_value_seed(List(intake))?;
                map.next_key_seed(Key)?.map(Cow::into_owned)
            }
            _ => {
                intake.begin()?;
                while let Some(name) = key.as_deref().filter(|name| !is_list(name)) {
                    intake.column(name, &mut map)?;
                    key = map.next_key_seed(Key)?;
                }
                match key {
                    None => return intake.end(),
                    key => key.map(Cow::into_owned),
                }
            }
        };
        beside.map_or(Ok(()), |key| Err(intake.refuse(Refusal::unfit(format!(
            "found the field {key:?} beside others, expected \"records\" alone in the body, with a list of records; what holds for \
             all of them is written in each, and options follow the path: /predict?reasons=3"
        )))))
    }
}

/// A list of records.
struct List<'i, 'a>(&'i mut Intake<'a>);

impl List<'_, '_> {
    fn refuse<E: serde::de::Error>(self, found: &str) -> E {
        self.0.refuse(Refusal::unfit(format!("found {found} as \"records\", expected a list of records")))
    }
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    refuse_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Record(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse("an object"))
    }
}

/// One record of a list.
struct Record<'i, 'a>(&'i mut Intake<'a>);

impl Record<'_, '_> {
    fn refuse<E: serde::de::Error>(self, found: &str) -> E {
        let record = self.0.n + 1;
        let expected = form(self.0.served);
        let expected = expected.split_once(", or").map_or(expected.as_str(), |(record, _)| record);
        self.0.refuse(Refusal::of_record(record, format!("found {found}, expected {expected}")))
    }
}

impl<'de> DeserializeSeed<'de> for Record<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Record<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    refuse_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.begin()?;
        while let Some(name) = map.next_key_seed(Key)? {
            self.0.column(&name, &mut map)?;
        }
        self.0.end()
    }
}

/// The value of a column, whose text is appended to the row.
struct Field<'i, 'a, 'c> {
    intake: &'i mut Intake<'a>,
    column: &'c str,
}

impl Field<'_, '_, '_> {
    fn is_sparse(&self) -> bool {
        self.intake.served.model().encoding().is_sparse()
    }

    fn refuse<E: serde::de::Error>(self, found: &str) -> E {
        self.intake.wrong_value(self.column, found)
    }

    /// Takes a number or a truth value, written as it is in JSON lines.
    fn scalar<E: serde::de::Error>(self, value: &impl serde::Serialize, found: &str) -> Result<(), E> {
        if self.is_sparse() {
            return Err(self.refuse(found));
        }
        serde_json::to_writer(&mut self.intake.row.text, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a column")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(&value, "true or false")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(&value, "a number")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(&value, "a number")
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(&value, "a number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.intake.row.text.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        // A sparse number that is not there is 0, and none of them is missing.
        if self.is_sparse() { Err(self.refuse("null")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if !self.is_sparse() {
            return Err(self.refuse("an object"));
        }
        let Field { intake, column } = self;
        let mut pairs: Vec<(u32, serde_json::Value)> = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let wrong = |message: String| Refusal::of_column(intake.n, column, format!("index {key:?}: {message}"));
            let digits = !key.is_empty() && key.bytes().all(|digit| digit.is_ascii_digit());
            let index: Option<u32> = key.parse().ok().filter(|_| digits);
            let value: serde_json::Value = map.next_value()?;
            let refusal = match (index, value.is_number()) {
                (Some(index), true) => {
                    pairs.push((index, value));
                    continue;
                }
                (None, _) => {
                    wrong("expected a whole number as the key, the index of a feature, as in {\"12\": 0.5}".to_owned())
                }
                (_, false) => wrong(format!("found {value}, expected a number; what is 0 or missing is left out")),
            };
            return Err(intake.refuse(refusal));
        }
        pairs.sort_unstable_by_key(|(index, _)| *index);
        if let Some(pair) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let message = format!("index {}: found twice, expected each index once", pair[0].0);
            let refusal = Refusal::of_column(intake.n, column, message);
            return Err(intake.refuse(refusal));
        }
        for (index, value) in pairs {
            // Writing to memory does not fail.
            let _ = write!(intake.row.text, "{index}:{value} ");
        }
        Ok(())
    }
}

/// A text that may stand in the body as it is.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
