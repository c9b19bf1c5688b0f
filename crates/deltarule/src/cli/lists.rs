//! Names in lists: one with a comma stands in double quotes, as in CSV.

use std::convert::Infallible;
use std::ffi::OsString;

/// The options whose values are lists of names.
const LISTS: [&str; 12] = [
    "--target",
    "-t",
    "--features",
    "--drop",
    "--categorical",
    "--hash",
    "--date",
    "--interact",
    "--poly",
    "--keep",
    "--weights",
    "--class-weight",
];

/// Stands for a comma in quotes until the list has been cut at the others; no text has this character.
const COMMA: char = '\u{FDD0}';

/// Arguments with the lists among them unquoted, so that they can be cut at their commas.
pub(crate) fn unquoted(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut is_list = false;
    let mut each = |argument: OsString| {
        let follows = std::mem::replace(&mut is_list, LISTS.iter().any(|option| argument == **option));
        let Some(text) = argument.to_str() else { return argument };
        match text.split_once('=').filter(|(option, _)| !follows && LISTS.contains(option)) {
            Some((option, list)) => format!("{option}={}", without_quotes(list)).into(),
            None if follows => without_quotes(text).into(),
            None => argument,
        }
    };
    arguments.map(&mut each).collect()
}

/// A list without the quotes around names; as it is where a quote is not closed.
fn without_quotes(list: &str) -> String {
    let mut text = String::with_capacity(list.len());
    let (mut quoted, mut begins) = (false, true);
    let mut characters = list.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if begins => quoted = true,
            '"' if quoted && characters.next_if_eq(&'"').is_some() => text.push('"'),
            '"' if quoted => quoted = false,
            ',' if quoted => text.push(COMMA),
            c => text.push(c),
        }
        begins = !quoted && matches!(c, ',' | ':');
    }
    if quoted { list.to_owned() } else { text }
}

/// A part of a list as it is meant.
pub(super) fn name_of(part: &str) -> String {
    part.replace(COMMA, ",")
}

/// The same for lists of plain names.
pub(super) fn plain(part: &str) -> Result<String, Infallible> {
    Ok(name_of(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_are_part_of_a_name() {
        let names = |list: &str| without_quotes(list).split(',').map(name_of).collect::<Vec<_>>();
        assert_eq!(names(r#""a,b",c"#), ["a,b", "c"]);
        assert_eq!(names(r#"c,"a,""b""":4,5" disk"#), ["c", r#"a,"b":4"#, r#"5" disk"#]);
        assert_eq!(names(r#"x:"a,b""#), ["x:a,b"]);
        assert_eq!(names(r#""a,b"#), [r#""a"#, "b"]);
        assert_eq!(names("a,b"), ["a", "b"]);
    }

    #[test]
    fn only_lists_are_looked_at() {
        let given = ["train", "--sql", r#""a,b""#, "--drop", r#""a,b""#, r#"--keep="a,b""#].map(OsString::from);
        let comma = format!("a{COMMA}b");
        let expected = ["train", "--sql", r#""a,b""#, "--drop", &comma, &format!("--keep={comma}")].map(OsString::from);
        assert_eq!(unquoted(given.into_iter()), expected);
    }
}
