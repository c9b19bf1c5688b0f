//! Names and texts of a table as C takes them.

use std::collections::HashSet;

use crate::Form;
use crate::error::{ExportError, Result};

/// Words that a member of a struct cannot be called: keywords of C and C++, and macros of the headers and of common compilers.
const TAKEN: &str = "alignas alignof and and_eq asm assert atomic auto bitand bitor bool break case catch char class compl concept const \
    const_cast consteval constexpr constinit continue co_await co_return co_yield decltype default delete do double dynamic_cast else enum \
    errno explicit export extern false float for friend goto if inline int linux long mutable namespace new noexcept not not_eq NULL nullptr \
    operator or or_eq private protected public register reinterpret_cast requires restrict return short signed sizeof static static_assert \
    static_cast struct switch template this thread_local throw true try typedef typeid typename typeof union unix unsigned using virtual void \
    volatile wchar_t while xor xor_eq NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL MATH_ERRNO MATH_ERREXCEPT FP_NAN FP_INFINITE FP_ZERO \
    FP_SUBNORMAL FP_NORMAL FP_ILOGB0 FP_ILOGBNAN FP_FAST_FMA";

/// Names for the members of a struct, each once.
pub(super) struct Names {
    pub(super) names: Vec<String>,
}

impl Names {
    /// Letters, digits and underscores are kept; what is then taken or there already gets an underscore or a number.
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut used: HashSet<String> = TAKEN.split_whitespace().map(str::to_owned).collect();
        let mut found = Vec::new();
        for name in names {
            let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let plain = match plain.trim_start_matches('_') {
                "" => "column".to_owned(),
                // A name that begins with an underscore belongs to the compiler, one with a digit is none.
                rest if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("x{rest}"),
                rest => rest.to_owned(),
            };
            let mut name = plain.clone();
            let mut number = 1;
            while used.contains(&name) {
                number += 1;
                name = format!("{plain}_{number}");
            }
            used.insert(name.clone());
            found.push(name);
        }
        Self { names: found }
    }
}

/// A text in double quotes: letters and digits of all languages as they are, anything that C or an editor could take for something else as
/// its bytes.
pub(super) fn string_literal(text: &str) -> Result<String> {
    if text.contains('\0') {
        return Err(ExportError::ZeroByte { form: Form::C, what: "the level", text: text.to_owned() });
    }
    let mut literal = "\"".to_owned();
    for c in text.chars() {
        match c {
            // ?? begins a trigraph.
            '"' | '\\' | '?' => literal.extend(['\\', c]),
            ' '..='~' => literal.push(c),
            c if c.is_alphanumeric() => literal.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| literal += &format!("\\{byte:03o}")),
        }
    }
    Ok(literal + "\"")
}

/// A text that cannot end a comment, nor seem to begin one.
pub(super) fn comment_text(text: &str) -> String {
    let plain = |c: char| match c {
        ' '..='~' => c,
        c if c.is_alphanumeric() => c,
        _ => '_',
    };
    let mut text: String = text.chars().map(plain).collect();
    for (from, to) in [("*/", "* /"), ("/*", "/ *"), ("??", "? ?")] {
        while text.contains(from) {
            text = text.replace(from, to);
        }
    }
    // A line that ends with a backslash would go on.
    if text.ends_with('\\') { text + " " } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_of_c_and_each_is_there_once() {
        let names = ["hours", "a b", "a.b", "1st", "_x", "größe", "", "class", "a b", "NAN", "___", "column"];
        let expected = [
            "hours", "a_b", "a_b_2", "x1st", "x", "gr__e", "column", "class_2", "a_b_3", "NAN_2", "column_2",
            "column_3",
        ];
        assert_eq!(Names::of(names.into_iter()).names, expected);
    }

    #[test]
    fn texts_cannot_leave_their_quotes_nor_their_comments() {
        assert_eq!(string_literal("a\"b\\c??/d\ne Köln").unwrap(), "\"a\\\"b\\\\c\\?\\?/d\\012e Köln\"");
        assert!(string_literal("a\0b").is_err());
        assert_eq!(comment_text("a*/b/*c\nd???/\\"), "a* /b/ *c_d? ? ?/\\ ");
    }
}
