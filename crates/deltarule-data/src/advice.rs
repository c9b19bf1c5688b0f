//! What is advised, as it is typed.

/// An argument as a shell takes it.
pub fn quoted(argument: &str) -> String {
    if argument.chars().all(|c| c.is_alphanumeric() || "-_./,=:+@%".contains(c)) && !argument.is_empty() {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}
