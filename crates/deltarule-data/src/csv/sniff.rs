//! What the first lines say: the delimiter, and whether the first record holds names.

use super::{CsvOptions, Decimal, is_missing, parse_number};

/// How many records are looked at.
const RECORDS: usize = 100;

/// The bytes that may stand between fields, the likelier first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter with which most of the first records have the same number of fields, above one.
pub(crate) fn delimiter(prefix: &[u8], whole: bool) -> u8 {
    let mut best = (0, 0, b',');
    for candidate in DELIMITERS {
        let counts: Vec<usize> = records(prefix, candidate, whole).iter().map(Vec::len).collect();
        let Some(&first) = counts.first() else { continue };
        let same = counts.iter().filter(|count| **count == first).count();
        // Nearly all records must agree, and more fields are better than fewer.
        let agree = same * 10 >= counts.len() * 8;
        if first > 1 && agree && (same, first) > (best.0, best.1) {
            best = (same, first, candidate);
        }
    }
    best.2
}

/// Whether the first record holds names.
///
/// It does if some column has a word there and a number below; otherwise, unless it holds a number itself.
pub(crate) fn header(prefix: &[u8], delimiter: u8, decimal: Decimal, whole: bool) -> bool {
    let records = records(prefix, delimiter, whole);
    let Some((first, rest)) = records.split_first() else { return true };
    let is_number = |field: &[u8]| parse_number(field.trim_ascii(), decimal).is_some();
    let is_word = |field: &[u8]| !is_number(field) && !is_missing(field.trim_ascii());
    let word_above_number = first.iter().enumerate().any(|(column, field)| {
        is_word(field) && rest.iter().any(|record| record.get(column).is_some_and(|field| is_number(field)))
    });
    word_above_number || !first.iter().any(|field| is_number(field))
}

/// The first records of a text; a last one that may be cut off is left out unless the text is `whole`.
fn records(prefix: &[u8], delimiter: u8, whole: bool) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut ends) = (vec![0; prefix.len() + 1], vec![0; 4096]);
    let mut found = Vec::new();
    let mut rest = prefix;
    let mut at_end = false;
    while found.len() < RECORDS {
        let (mut n_output, mut n_ends) = (0, 0);
        let complete = loop {
            let (result, read, written, ended) = reader.read_record(rest, &mut output[n_output..], &mut ends[n_ends..]);
            rest = &rest[read..];
            n_output += written;
            n_ends += ended;
            match result {
                csv_core::ReadRecordResult::Record => break true,
                csv_core::ReadRecordResult::InputEmpty if whole && !at_end => at_end = true,
                _ => break false,
            }
        };
        if !complete {
            break;
        }
        let mut start = 0;
        found.push(
            ends[..n_ends]
                .iter()
                .map(|&end| {
                    let field = output[start..end].to_vec();
                    start = end;
                    field
                })
                .collect(),
        );
    }
    found
}

/// The options with everything settled.
pub(crate) fn settle(options: &CsvOptions, prefix: &[u8], whole: bool) -> (u8, bool) {
    let delimiter = options.delimiter.unwrap_or_else(|| delimiter(prefix, whole));
    let header = options.header.unwrap_or_else(|| header(prefix, delimiter, options.decimal, whole));
    (delimiter, header)
}
