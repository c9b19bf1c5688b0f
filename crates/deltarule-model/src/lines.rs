//! JSON with a line for each entry of a long list, so that a file of many weights stays short.

use std::io::{Result, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// What lies deeper than this is written on one line.
const DEEPEST: usize = 4;

/// Indented JSON, but for the entries of lists within features and outputs, each of which is a line.
pub(crate) fn to_lines(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    let lines = Lines { pretty: PrettyFormatter::new(), depth: 0 };
    value.serialize(&mut Serializer::with_formatter(&mut bytes, lines))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Lines {
    pretty: PrettyFormatter<'static>,
    depth: usize,
}

/// A method that hands on to one of the two formatters.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $type:ty),*)),* $(,)?) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> Result<()> {
            match self.depth > DEEPEST {
                true => CompactFormatter.$name(writer $(, $argument)*),
                false => self.pretty.$name(writer $(, $argument)*),
            }
        })*
    };
}

impl Formatter for Lines {
    hand_on!(
        begin_array_value(first: bool),
        end_array_value(),
        begin_object_key(first: bool),
        begin_object_value(),
        end_object_value(),
    );

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST { CompactFormatter.begin_array(writer) } else { self.pretty.begin_array(writer) }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth -= 1;
        if self.depth >= DEEPEST { CompactFormatter.end_array(writer) } else { self.pretty.end_array(writer) }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST { CompactFormatter.begin_object(writer) } else { self.pretty.begin_object(writer) }
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth -= 1;
        if self.depth >= DEEPEST { CompactFormatter.end_object(writer) } else { self.pretty.end_object(writer) }
    }
}
