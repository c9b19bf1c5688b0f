//! Worksheets: headings, sentences, formulas and tables, which become Markdown or LaTeX.
//!
//! Formulas are LaTeX in both, of the part that `amsmath`, MathJax and KaTeX share, and with nothing between the dollars that Markdown takes for its own: no `*`,
//! no `\\`, no underscore after a brace. Names of columns never stand in formulas: they are words, which each form escapes in its own way.

mod latex;
mod markdown;

use crate::number::digits;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
enum Span {
    /// Any text, such as a column's name.
    Words(String),
    /// A formula.
    Math(String),
    /// A command, to be typed.
    Code(String),
}

/// Words and formulas that belong together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line(Vec<Span>);

impl Line {
    /// The line as a text: words and code by these functions, formulas between dollars.
    fn written(&self, words: impl Fn(&str) -> String, code: impl Fn(&str) -> String) -> String {
        let span = |span: &Span| match span {
            Span::Words(text) => words(text),
            Span::Math(math) => format!("${math}$"),
            Span::Code(text) => code(text),
        };
        self.0.iter().map(span).collect()
    }

    /// A line of these words.
    pub fn words(text: impl Into<String>) -> Self {
        Self::default().and(text)
    }

    /// A line of this formula, in LaTeX without its dollars.
    pub fn math(text: impl Into<String>) -> Self {
        Self::default().and_math(text)
    }

    /// The line with these words after it.
    pub fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Words(text.into()));
        self
    }

    /// The line with this formula after it.
    pub fn and_math(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Math(text.into()));
        self
    }

    /// The line with this command after it, to be typed.
    pub fn and_code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }
}

/// A part of a sheet, from the top down.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// A heading, from 1 for the whole sheet to 3.
    Heading(u8, Line),
    Text(Line),
    /// Lines of arithmetic, one below the other.
    Steps(Vec<Line>),
    Table {
        head: Vec<Line>,
        rows: Vec<Vec<Line>>,
    },
    PageBreak,
}

/// A worksheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet(Vec<Part>);

impl Sheet {
    /// A heading, from 1 for the whole sheet to 3.
    pub fn heading(&mut self, level: u8, line: Line) {
        self.0.push(Part::Heading(level, line));
    }

    /// A paragraph.
    pub fn text(&mut self, line: Line) {
        self.0.push(Part::Text(line));
    }

    /// Lines of arithmetic, one below the other.
    pub fn steps(&mut self, lines: Vec<Line>) {
        self.0.push(Part::Steps(lines));
    }

    /// A table whose first column holds names, and the others numbers.
    pub fn table(&mut self, head: Vec<Line>, rows: Vec<Vec<Line>>) {
        self.0.push(Part::Table { head, rows });
    }

    /// What follows begins on a new page, where there are pages.
    pub fn page_break(&mut self) {
        self.0.push(Part::PageBreak);
    }

    /// Puts another one below, on a page of its own.
    pub fn append(&mut self, other: Sheet) {
        if !self.0.is_empty() && !other.0.is_empty() {
            self.page_break();
        }
        self.0.extend(other.0);
    }

    /// The same sheet with something in front of its title.
    pub fn titled(mut self, prefix: &str) -> Self {
        if let Some(Part::Heading(_, line)) = self.0.first_mut() {
            line.0.insert(0, Span::Words(prefix.to_owned()));
        }
        self
    }

    /// The sheet in Markdown, for GitHub, notebooks and whatever else shows formulas between dollars.
    pub fn markdown(&self) -> String {
        markdown::document(&self.0)
    }

    /// The sheet as a whole document of LaTeX.
    pub fn latex(&self) -> String {
        latex::document(&self.0)
    }
}

/// Where a number is to be written by hand.
const BLANK: &str = r"\underline{\qquad\qquad}";

/// How numbers are written on a sheet.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// Significant digits.
    pub digits: usize,
    /// Whether what is to be worked out is left to the reader.
    pub blank: bool,
}

impl Numbers {
    /// A number that the reader is told, as LaTeX.
    pub fn given(self, x: f64) -> String {
        let text = digits(x, self.digits);
        match text.split_once('e') {
            Some((mantissa, exponent)) => format!(r"{mantissa} \cdot 10^{{{exponent}}}"),
            None if x.is_nan() => r"\text{NaN}".to_owned(),
            None if x.is_infinite() => if x > 0.0 { r"\infty" } else { r"-\infty" }.to_owned(),
            None => text,
        }
    }

    /// A number that the reader is to find.
    pub fn found(self, x: f64) -> String {
        if self.blank { BLANK.to_owned() } else { self.given(x) }
    }

    /// A number behind a dot or a minus: in parentheses where it has a sign or a power of its own.
    pub fn factor(self, x: f64) -> String {
        in_parentheses(self.given(x))
    }

    /// The same for a number that the reader is to find.
    pub fn found_factor(self, x: f64) -> String {
        if self.blank { BLANK.to_owned() } else { self.factor(x) }
    }
}

fn in_parentheses(text: String) -> String {
    if text.starts_with('-') || text.contains(' ') { format!("({text})") } else { text }
}

/// About how many signs wide a line is in print.
fn width(line: &Line) -> usize {
    let of_math = |text: &str| {
        let mut n = 0;
        let mut signs = text.chars().peekable();
        while let Some(sign) = signs.next() {
            match sign {
                '\\' => {
                    let mut name = String::new();
                    while let Some(letter) = signs.next_if(|c| c.is_ascii_alphabetic()) {
                        name.push(letter);
                    }
                    n += match name.as_str() {
                        "underline" | "hat" | "text" | "frac" | "mathrm" => 0,
                        "qquad" => 4,
                        _ => 1,
                    };
                }
                '{' | '}' | '^' | '_' | ' ' => {}
                _ => n += 1,
            }
        }
        n
    };
    line.0
        .iter()
        .map(|span| match span {
            Span::Words(text) | Span::Code(text) => text.chars().count(),
            Span::Math(text) => of_math(text),
        })
        .sum()
}

/// Signs of control have no place on paper.
fn printable(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().map(|c| if c.is_control() { ' ' } else { c })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formulas() {
        let numbers = Numbers { digits: 4, blank: false };
        assert_eq!(numbers.given(0.123_456), "0.1235");
        assert_eq!(numbers.given(-1.5e-9), r"-1.5 \cdot 10^{-9}");
        assert_eq!(numbers.factor(-2.0), "(-2)");
        assert_eq!(numbers.factor(1.5e-9), r"(1.5 \cdot 10^{-9})");
        assert_eq!(numbers.given(f64::NAN), r"\text{NaN}");
        assert_eq!(numbers.given(f64::NEG_INFINITY), r"-\infty");
        assert_eq!(Numbers { blank: true, ..numbers }.found(1.0), BLANK);
    }

    #[test]
    fn widths_are_those_in_print() {
        assert_eq!(width(&Line::math(r"1.5 \cdot 10^{-9}")), 8);
        assert_eq!(width(&Line::words("abc").and_math(r"\hat y_1")), 5);
        assert_eq!(width(&Line::math(BLANK)), 8);
    }
}
