//! What is advised, as it is typed.

/// A word that other languages write where JSON has another one, at a byte of a line of JSON (from 1) or around it: at which byte it begins, and what JSON has in
/// its place.
///
/// ```
/// use deltarule_data::foreign_word;
/// assert_eq!(foreign_word(br#"{"a": NaN}"#, 7), Some((7, "NaN", "a number, or null where there is none")));
/// assert_eq!(foreign_word(br#"{"a": nul}"#, 9), None);
/// ```
pub fn foreign_word(line: &[u8], place: usize) -> Option<(usize, &str, &'static str)> {
    let is_part = |byte: &u8| byte.is_ascii_alphabetic() || b"+-".contains(byte);
    let (before, after) = line.split_at_checked(place.checked_sub(1)?)?;
    let begin = before.len() - before.iter().rev().take_while(|byte| is_part(byte)).count();
    let end = before.len() + after.iter().take_while(|byte| is_part(byte)).count();
    let word = std::str::from_utf8(&line[begin..end]).ok()?;
    let expected = match word.trim_start_matches(['+', '-']).to_lowercase().as_str() {
        "nan" | "inf" | "infinity" => "a number, or null where there is none",
        "none" | "nil" | "na" | "undefined" => "null",
        "true" => "true",
        "false" => "false",
        _ => return None,
    };
    (word != expected).then_some((begin + 1, word, expected))
}

/// An argument as a shell takes it.
pub fn quoted(argument: &str) -> String {
    if argument.chars().all(|c| c.is_alphanumeric() || "-_./,=:+@%".contains(c)) && !argument.is_empty() {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

/// Names as an option takes a list of them, and as a shell takes that: one with a comma, or with a double quote at its beginning, stands in double quotes, as in CSV.
///
/// ```
/// use deltarule_data::quoted_list;
/// assert_eq!(quoted_list(["age", "a,b"]), r#"'age,"a,b"'"#);
/// ```
pub fn quoted_list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let in_list = |name: &str| match name.contains(',') || name.starts_with('"') {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    };
    let names: Vec<String> = names.into_iter().map(in_list).collect();
    quoted(&names.join(","))
}
