//! The command, as a model's file has it, and the text of the file.

use anyhow::Result;
use deltarule_model::Model;

use crate::output::quoted;

/// A model as the text of its file, which may be one that names no level and no path.
pub(crate) fn model_text(model: &Model, private: bool) -> Result<String> {
    Ok(if private { model.clone().into_private()?.to_json() } else { model.to_json() })
}

/// The arguments as they were typed after the name of the command, without some options and their values, and some that have none.
pub(crate) fn arguments_without(with_value: &[&str], without_value: &[&str]) -> Vec<String> {
    let mut typed = std::env::args_os().skip(2).map(|argument| argument.to_string_lossy().into_owned());
    let mut kept = Vec::new();
    while let Some(argument) = typed.next() {
        let name = argument.split('=').next().unwrap_or_default();
        if with_value.contains(&name) {
            if name.len() == argument.len() {
                typed.next();
            }
        } else if !without_value.contains(&name) {
            kept.push(quoted(&argument));
        }
    }
    kept
}

/// The command as it was typed, with the path of the program left out.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once("deltarule".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}
