//! Text after a closing quote, which is no CSV.

use memchr::memchr;

/// Text after a closing quote.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Glued {
    /// The field in which it is, from 0.
    pub(super) field: usize,
    /// Where in the record it begins.
    pub(super) at: usize,
}

impl Glued {
    /// The first such text of a record. White space there is as good as white space elsewhere around a field.
    pub(super) fn find(record: &[u8], delimiter: u8) -> Option<Self> {
        let (mut at, mut field) = (0, 0);
        loop {
            let rest = record.get(at..)?;
            if rest.first() == Some(&b'"') {
                at = closing_quote(record, at)? + 1;
                at += record[at..].iter().take_while(|c| **c != delimiter && matches!(c, b' ' | b'\t')).count();
                if *record.get(at)? != delimiter {
                    return Some(Self { field, at });
                }
            } else {
                at += memchr(delimiter, rest)?;
            }
            (at, field) = (at + 1, field + 1);
        }
    }

    /// The text up to what could end it, for messages.
    pub(super) fn text(&self, record: &[u8], delimiter: u8) -> String {
        const LONGEST: usize = 20;
        let rest = String::from_utf8_lossy(&record[self.at..]);
        let ends = |c: char| c == char::from(delimiter) || matches!(c, '"' | '\r' | '\n');
        let inner = rest.chars().skip(1).take_while(|c| !ends(*c));
        rest.chars().take(1).chain(inner).take(LONGEST).collect()
    }
}

/// The quote that closes the text that one opens; two in a row stand for one within it.
fn closing_quote(record: &[u8], opening: usize) -> Option<usize> {
    let mut at = opening + 1;
    loop {
        at += memchr(b'"', record.get(at..)?)?;
        if record.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
