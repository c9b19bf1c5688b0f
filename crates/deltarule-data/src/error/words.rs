//! What messages say of numbers, names and the system's errors.

use crate::advice::quoted_list;
use crate::format::FileFormat;
use crate::table::{OF_MISSING, stands_for_missing};

/// What a system's error means for a file that was to be read.
pub(super) fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file; check its name and folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "cannot be read: permission denied; check who may read it".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Why there is no record.
pub(super) fn nothing_left(left_out: u64, rejected: u64) -> String {
    let reasons = [(left_out, "do not satisfy --where"), (rejected, "cannot be used")];
    let reasons = reasons.into_iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}"));
    reasons.collect::<Vec<_>>().join(", ")
}

/// Bytes in KiB below one MiB, and in MiB from there on, rounded up.
pub(super) fn size_text(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes < MIB { format!("{}KiB", bytes.div_ceil(1024)) } else { format!("{}MiB", bytes.div_ceil(MIB)) }
}

/// A number without what separates its thousands: the first of its signs that is no digit.
pub(super) fn without_thousands(word: &str) -> String {
    let separator = word.chars().find(|c| [',', '.'].contains(c));
    word.chars().filter(|c| Some(*c) != separator).collect()
}

/// What a column of numbers and words can be taken as; a target cannot be left out.
pub(super) fn instead_of_numbers(column: &str, is_target: bool) -> String {
    let option = quoted_list([column]);
    match is_target {
        true => format!("use --categorical {option} to take every value as a class"),
        false => format!("use --categorical {option} to take every value as a category, or --drop {option}"),
    }
}

/// What a word in a column of numbers could be.
pub(super) fn word_hint(word: &str) -> &'static str {
    let digits = word.bytes().any(|c| c.is_ascii_digit());
    if word.trim_start_matches(['+', '-']).to_lowercase().starts_with("inf") {
        " (an infinite value cannot be learned from)"
    } else if stands_for_missing(word) {
        OF_MISSING
    } else if !digits {
        ""
    } else if word.contains('%') {
        " (a percentage: write the number alone)"
    } else if word.contains(',') {
        " (a separator of thousands? write the number without it)"
    } else if word.contains(['$', '€', '£']) {
        " (a currency: write the number alone)"
    } else {
        ""
    }
}

/// Up to thirty names, for a message.
pub(super) fn join_quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(30).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > 30 { format!(" and {} more", names.len() - 30) } else { String::new() };
    let noun = if names.len() == 1 { "column" } else { "columns" };
    format!("{noun} {}{more}", shown.join(", "))
}

/// Which columns a file lacks, and which it has beyond those of another.
pub(super) fn other_columns(missing: &[String], further: &[String]) -> String {
    match (missing, further) {
        (missing, []) => format!("lacks {}", join_quoted(missing)),
        ([], further) => format!("has {} besides", join_quoted(further)),
        (missing, further) => format!("lacks {} and has {} besides", join_quoted(missing), join_quoted(further)),
    }
}

/// What must be the same in all files of a table.
pub(super) fn same_columns(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Csv => {
            "every file needs the same line of names; if no file has one, use --no-header, and if all have, --header"
        }
        FileFormat::JsonLines => {
            "the first record of every file needs the same keys, with null where there is no value"
        }
        FileFormat::Libsvm | FileFormat::Batches => "every file needs the same columns",
    }
}

/// "did you mean …?", or all names.
pub(crate) fn known_names(known: &[String], name: &str) -> String {
    let nearest = known.iter().map(|other| (distance(&other.to_lowercase(), &name.to_lowercase()), other)).min();
    match nearest {
        Some((distance, other)) if distance <= 1 + name.chars().count() / 4 => format!("did you mean {other:?}?"),
        _ => {
            format!("the file has {}", join_quoted(known))
        }
    }
}

/// How many characters must change to make one word of another (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
