//! A worksheet as Markdown, with formulas between dollars, as GitHub, GitLab, Jupyter and Pandoc show them.

use std::fmt::Write as _;

use super::{Line, Part, printable};

pub(super) fn document(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push('\n');
        }
        match part {
            Part::Heading(level, content) => {
                let _ = writeln!(text, "{} {}", "#".repeat(usize::from(*level)), line(content));
            }
            Part::Text(content) => {
                let _ = writeln!(text, "{}", line(content));
            }
            Part::Steps(lines) => {
                for content in lines {
                    let _ = writeln!(text, "- {}", line(content));
                }
            }
            Part::Table { head, rows } => table(&mut text, head, rows),
            Part::PageBreak => text.push_str("<div style=\"page-break-before: always\"></div>\n\n---\n"),
        }
    }
    text
}

fn table(text: &mut String, head: &[Line], rows: &[Vec<Line>]) {
    let mut row = |cells: Vec<String>| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    row(head.iter().map(line).collect());
    row((0..head.len()).map(|column| if column == 0 { ":--" } else { "--:" }.to_owned()).collect());
    for cells in rows {
        row(cells.iter().map(line).collect());
    }
}

fn line(line: &Line) -> String {
    line.written(escaped, in_backticks)
}

/// Words that mean themselves wherever they stand in a line, in a cell of a table among other places.
///
/// Every ASCII sign of punctuation may have a backslash in front, but for the dollar, which is a formula's beginning in some readers even then.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for sign in printable(words) {
        match sign {
            '$' => text.push_str("&#36;"),
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '+' | '|' | '~' | '^' | '!' => {
                text.push('\\');
                text.push(sign);
            }
            _ => text.push(sign),
        }
    }
    // A list or a numbered one, at the beginning of a line.
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if text.starts_with(['-', '=']) {
        text.insert(0, '\\');
    } else if digits > 0 && text[digits..].starts_with(['.', ')']) {
        text.insert(digits, '\\');
    }
    text
}

/// Code holds backticks only between longer rows of them.
fn in_backticks(code: &str) -> String {
    let code: String = printable(code).collect();
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    // A table takes a bar for the end of its cell even here.
    format!("{fence}{space}{}{space}{fence}", code.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_themselves() {
        assert_eq!(escaped("a_b*c*"), r"a\_b\*c\*");
        assert_eq!(escaped("$x$ & <b> | c"), r"&#36;x&#36; &amp; &lt;b&gt; \| c");
        assert_eq!(escaped("- a"), r"\- a");
        assert_eq!(escaped("12. a"), r"12\. a");
        assert_eq!(escaped("# a\nb"), r"\# a b");
        assert_eq!(escaped("größe 天"), "größe 天");
        assert_eq!(in_backticks("a`b"), "`` a`b ``");
        assert_eq!(in_backticks("a"), "`a`");
    }

    #[test]
    fn parts_stand_apart() {
        let parts = [
            Part::Heading(2, Line::words("of x_1")),
            Part::Steps(vec![Line::math("h = 1"), Line::words("and ").and_math("y")]),
            Part::Table {
                head: vec![Line::words("name"), Line::math("x_1")],
                rows: vec![vec![Line::words("a|b"), Line::math("-2")]],
            },
        ];
        assert_eq!(
            document(&parts),
            "## of x\\_1\n\n- $h = 1$\n- and $y$\n\n| name | $x_1$ |\n| :-- | --: |\n| a\\|b | $-2$ |\n"
        );
    }
}
