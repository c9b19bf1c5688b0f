//! JSON lines as CSV: one object a line becomes one record, so that all that is true of CSV is true of it.
//!
//! The keys of the first object are the columns, in their order; a later object may lack some of them (missing) but have no others.
//! Numbers, texts and truth values are written as they are, null as nothing; lists and objects within so that they can only be passed over.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::iter;

use memchr::memchr;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::Record;
use crate::advice::foreign_word;
use crate::error::{DataError, Result};

/// What begins the field that a list or an object within a record becomes: as no text does, it is an error wherever the column is used.
const NESTED: &[u8] = b"\xFF\xFF";
/// What can be in a column that is used.
pub(crate) const NOT_NESTED: &str = "a number, a text, true, false or null";

/// Whether a field was a list or an object.
pub(crate) fn is_nested(field: &[u8]) -> bool {
    field.starts_with(NESTED)
}

/// A field for people; what is not UTF-8 is replaced.
pub(crate) fn shown(field: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(field.strip_prefix(NESTED).unwrap_or(field))
}

/// A list or an object in a column that is used; `advice` follows what was expected.
pub(crate) fn nested(file: &str, line: u64, column: &str, advice: &str) -> DataError {
    let (found, expected) = (format!("a list or an object in {column:?}"), format!("{NOT_NESTED}{advice}"));
    DataError::Json { file: file.to_owned(), line, found, expected }
}

/// Whether a text looks like JSON lines: its first character opens an object, and its first line closes it.
pub(super) fn is_json_lines(text: &[u8]) -> bool {
    let line = text.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}")
}

/// Whether a text opens an object, and does not come to the end of its line; one that is too long is none of JSON lines.
pub(super) fn is_in_first_line(text: &[u8]) -> bool {
    const LONGEST: usize = 64 * 1024 * 1024;
    let line = text.trim_ascii_start();
    line.starts_with(b"{") && text.len() < LONGEST && memchr(b'\n', line).is_none()
}

/// Reads JSON lines, and gives CSV.
pub(super) struct JsonLines<R> {
    name: String,
    lines: BufReader<R>,
    /// Whether a line that is none becomes a record that [says so](bad_line), and is not the end.
    skips: bool,
    /// The columns, known from the first object on.
    columns: Vec<String>,
    line: u64,
    text: Vec<u8>,
    /// CSV that was not given out yet, from `given` on.
    csv: Vec<u8>,
    given: usize,
}

impl<R: Read> JsonLines<R> {
    pub(super) fn new(name: &str, text: R, skips: bool) -> Self {
        let (columns, csv, text, lines) = (Vec::new(), Vec::new(), Vec::new(), BufReader::new(text));
        Self { name: name.to_owned(), lines, skips, columns, line: 0, text, csv, given: 0 }
    }

    fn wrong(&self, found: String, expected: &str) -> DataError {
        DataError::Json { file: self.name.clone(), line: self.line, found, expected: expected.to_owned() }
    }

    /// Turns the next line into CSV; false at the end.
    fn next_line(&mut self) -> std::io::Result<bool> {
        self.text.clear();
        if self.lines.read_until(b'\n', &mut self.text)? == 0 {
            return Ok(false);
        }
        self.line += 1;
        self.csv.clear();
        self.given = 0;
        match self.convert() {
            Err(DataError::Json { found, expected, .. }) if self.skips && !self.columns.is_empty() => {
                self.csv.clear();
                self.say_bad_line(&found, &expected);
            }
            converted => converted.map_err(std::io::Error::other)?,
        }
        Ok(true)
    }

    /// Makes a record of a line that is none: behind all columns, which are empty, what was found, what was expected, and the line.
    fn say_bad_line(&mut self, found: &str, expected: &str) {
        let (n, line) = (self.columns.len(), String::from_utf8_lossy(self.text.trim_ascii()));
        for (index, text) in iter::repeat_n("", n).chain([found, expected, &line]).enumerate() {
            field(&mut self.csv, index, text.as_bytes(), index >= n);
        }
        self.csv.push(b'\n');
    }

    fn convert(&mut self) -> Result<()> {
        let text = self.text.trim_ascii();
        if text.is_empty() {
            // A blank line stays one, so that the lines of both texts are counted alike.
            self.csv.push(b'\n');
            return Ok(());
        }
        let Object { fields, twice } = serde_json::from_slice(text).map_err(|error| {
            if let Some((place, word, expected)) = foreign_word(text, error.column()) {
                return self.wrong(format!("{word} at character {place}, which JSON does not have"), expected);
            }
            let found = error.to_string().replace(" at line 1 column ", " at character ");
            self.wrong(found, "an object in braces, one on each line")
        })?;
        if let Some(key) = twice {
            return Err(self.wrong(format!("{key:?} twice"), "each key once"));
        }
        if self.columns.is_empty() {
            self.columns = fields.keys().cloned().collect();
            for (index, column) in self.columns.iter().enumerate() {
                field(&mut self.csv, index, column.as_bytes(), true);
            }
            self.csv.push(b'\n');
        }
        if let Some(key) = fields.keys().find(|key| !self.columns.contains(key)) {
            return Err(self.wrong(format!("{key:?}"), "only keys that the first record has"));
        }
        for (index, column) in self.columns.iter().enumerate() {
            match fields.get(column) {
                None | Some(Value::Null) => field(&mut self.csv, index, b"", false),
                Some(Value::String(text)) => field(&mut self.csv, index, text.as_bytes(), true),
                Some(nested @ (Value::Array(_) | Value::Object(_))) => {
                    field(&mut self.csv, index, &[NESTED, nested.to_string().as_bytes()].concat(), true);
                }
                Some(Value::Number(number)) => field(&mut self.csv, index, as_written(text, number).as_bytes(), false),
                Some(value) => field(&mut self.csv, index, value.to_string().as_bytes(), false),
            }
        }
        self.csv.push(b'\n');
        Ok(())
    }
}

/// An object of a line.
struct Object {
    fields: Map<String, Value>,
    /// The first key that is there more than once.
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Object, A::Error> {
                let mut object = Object { fields: Map::new(), twice: None };
                while let Some((key, value)) = map.next_entry()? {
                    match object.fields.entry::<String>(key) {
                        Entry::Vacant(place) => drop(place.insert(value)),
                        Entry::Occupied(place) => drop(object.twice.get_or_insert_with(|| place.key().clone())),
                    }
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A number of a line as text: whole ones of more than 64 bits, of which the value has no more than f64 holds, with all the digits that stand there.
fn as_written(line: &[u8], number: &Number) -> String {
    const LARGE: f64 = (1_u64 << 63) as f64;
    let large = number.as_f64().filter(|value| number.is_f64() && value.abs() >= LARGE);
    let in_line = large.and_then(|value| {
        let tokens = line.split(|byte| !byte.is_ascii_digit() && !b"+-.eE".contains(byte));
        let mut texts = tokens.filter_map(|token| std::str::from_utf8(token).ok());
        texts.find(|text| !text.contains(['.', 'e', 'E']) && text.parse() == Ok(value)).map(str::to_owned)
    });
    in_line.unwrap_or_else(|| number.to_string())
}

/// What was found in a line that is none, what was expected, and the line, where a record of so many columns tells of one.
pub(super) fn bad_line<'a>(record: &Record<'a>, n_columns: usize) -> Option<[&'a [u8]; 3]> {
    (record.len() == n_columns + 3).then(|| [0, 1, 2].map(|k| record.field(n_columns + k)))
}

/// Appends a field of CSV.
fn field(csv: &mut Vec<u8>, index: usize, text: &[u8], quoted: bool) {
    if index > 0 {
        csv.push(b',');
    }
    if quoted {
        csv.push(b'"');
        csv.extend(text.iter().flat_map(|&byte| iter::repeat_n(byte, if byte == b'"' { 2 } else { 1 })));
        csv.push(b'"');
    } else {
        csv.extend(text);
    }
}

impl<R: Read> Read for JsonLines<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.csv.len() {
            if !self.next_line()? {
                return Ok(0);
            }
        }
        let n = into.len().min(self.csv.len() - self.given);
        into[..n].copy_from_slice(&self.csv[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}
