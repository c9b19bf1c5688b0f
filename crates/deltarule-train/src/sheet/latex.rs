//! A worksheet as a LaTeX document, for pdfLaTeX, XeLaTeX, LuaLaTeX and Tectonic.

use std::fmt::Write as _;

use super::{Line, Part, printable, width};

/// A table with more rows may go on on the next page.
const LONG: usize = 30;

/// Sizes of type, and how many signs a line of a page has at each.
const SIZES: [(&str, usize); 5] =
    [("", 78), (r"\small", 86), (r"\footnotesize", 96), (r"\scriptsize", 112), (r"\tiny", usize::MAX)];

/// A table that is wider makes the pages lie on their side.
const WIDE: usize = 96;

pub(super) fn document(parts: &[Part]) -> String {
    let widest = parts.iter().filter_map(table_width).max().unwrap_or(0);
    let lying = if widest > WIDE { ",landscape" } else { "" };
    let mut text = format!("{}{}", HEAD.replace("LYING", lying), "\\begin{document}\n");
    for part in parts {
        text.push('\n');
        match part {
            Part::Heading(level, content) => {
                let name = ["section", "subsection", "subsubsection"][usize::from(*level).clamp(1, 3) - 1];
                let _ = writeln!(text, "\\{name}*{{{}}}", line(content));
            }
            Part::Text(content) => {
                let _ = writeln!(text, "{}", line(content));
            }
            Part::Steps(lines) => {
                text.push_str("\\begin{itemize}\n");
                for content in lines {
                    let _ = writeln!(text, "\\item {{}}{}", line(content));
                }
                text.push_str("\\end{itemize}\n");
            }
            Part::Table { head, rows } => {
                let signs = table_width(part).unwrap_or(0);
                table(&mut text, head, rows, if lying.is_empty() { signs } else { signs * 2 / 3 });
            }
            Part::PageBreak => text.push_str("\\clearpage\n"),
        }
    }
    text.push_str("\n\\end{document}\n");
    text
}

/// What stands before the document. A sign that pdfLaTeX does not know is shown by its number, and as itself by the others.
const HEAD: &str = r"\documentclass[11pt]{article}
\usepackage[a4paper,margin=2cmLYING]{geometry}
\usepackage{amsmath}
\usepackage{amssymb}
\usepackage{longtable}
\ifdefined\directlua
  \usepackage{fontspec}
  \newcommand{\sign}[2]{#2}
\else\ifdefined\XeTeXversion
  \usepackage{fontspec}
  \newcommand{\sign}[2]{#2}
\else
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
  \newcommand{\sign}[2]{[U+#1]}
\fi\fi
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em}
\renewcommand{\arraystretch}{1.3}
\sloppy
";

fn table_width(part: &Part) -> Option<usize> {
    let Part::Table { head, rows } = part else { return None };
    let of_column =
        |column: usize| rows.iter().chain([head]).filter_map(|row| row.get(column)).map(width).max().unwrap_or(0) + 2;
    Some((0..head.len()).map(of_column).sum())
}

fn table(text: &mut String, head: &[Line], rows: &[Vec<Line>], signs: usize) {
    let (size, _) = SIZES.iter().find(|(_, most)| signs <= *most).unwrap_or(&SIZES[0]);
    let columns = format!("l{}", "r".repeat(head.len().saturating_sub(1)));
    // What a line's end could take for its own, a star or a bracket, is kept from it.
    let row =
        |cells: &[Line]| format!("{{}}{} \\tabularnewline\n", cells.iter().map(line).collect::<Vec<_>>().join(" & "));
    let is_long = rows.len() > LONG;
    let (name, end_of_head) = if is_long { ("longtable", "\\endhead\n") } else { ("tabular", "") };
    let (open, close) = if is_long { ("{", "}") } else { ("\\begin{center}", "\\end{center}") };
    let _ = writeln!(text, "{open}{size}\n\\begin{{{name}}}{{{columns}}}\n\\hline");
    let _ = write!(text, "{}\\hline\n{end_of_head}", row(head));
    rows.iter().for_each(|cells| text.push_str(&row(cells)));
    let _ = writeln!(text, "\\hline\n\\end{{{name}}}\n{close}");
}

fn line(line: &Line) -> String {
    line.written(escaped, |code| format!("\\texttt{{{}}}", escaped(code)))
}

/// Words that mean themselves.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    let mut last = ' ';
    for sign in printable(words) {
        match sign {
            '\\' => text.push_str(r"\textbackslash{}"),
            '^' => text.push_str(r"\textasciicircum{}"),
            '~' => text.push_str(r"\textasciitilde{}"),
            '<' => text.push_str(r"\textless{}"),
            '>' => text.push_str(r"\textgreater{}"),
            '|' => text.push_str(r"\textbar{}"),
            '"' => text.push_str(r"\textquotedbl{}"),
            '`' => text.push_str(r"\textasciigrave{}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => {
                text.push('\\');
                text.push(sign);
            }
            // Two of them would become one sign.
            '-' | ',' | '\'' if last == sign => {
                text.push_str("{}");
                text.push(sign);
            }
            sign if sign.is_ascii() || KNOWN.contains(&sign) && !UNKNOWN.contains(&sign) => text.push(sign),
            sign => match MATH.iter().find(|(known, _)| *known == sign) {
                Some((_, command)) => {
                    let _ = write!(text, r"\ensuremath{{{command}}}");
                }
                None => {
                    let _ = write!(text, r"\sign{{{:04X}}}{{{sign}}}", u32::from(sign));
                }
            },
        }
        last = sign;
    }
    text
}

/// The letters of Latin scripts that the encoding T1 has, and the signs of Latin-1.
const KNOWN: std::ops::RangeInclusive<char> = '\u{a1}'..='\u{17e}';

/// What is missing among them.
const UNKNOWN: [char; 9] = ['\u{ad}', 'Ħ', 'ħ', 'ĸ', 'Ŀ', 'ŀ', 'ŉ', 'Ŧ', 'ŧ'];

/// Signs that formulas know.
const MATH: &[(char, &str)] = &[
    ('−', "-"),
    ('·', r"\cdot"),
    ('×', r"\times"),
    ('√', r"\surd"),
    ('≤', r"\le"),
    ('≥', r"\ge"),
    ('≠', r"\ne"),
    ('≈', r"\approx"),
    ('±', r"\pm"),
    ('∞', r"\infty"),
    ('∂', r"\partial"),
    ('∑', r"\Sigma"),
    ('→', r"\to"),
    ('½', r"\frac{1}{2}"),
    ('α', r"\alpha"),
    ('β', r"\beta"),
    ('γ', r"\gamma"),
    ('δ', r"\delta"),
    ('ε', r"\varepsilon"),
    ('ζ', r"\zeta"),
    ('η', r"\eta"),
    ('θ', r"\theta"),
    ('κ', r"\kappa"),
    ('λ', r"\lambda"),
    ('μ', r"\mu"),
    ('ν', r"\nu"),
    ('ξ', r"\xi"),
    ('π', r"\pi"),
    ('ρ', r"\rho"),
    ('σ', r"\sigma"),
    ('τ', r"\tau"),
    ('φ', r"\varphi"),
    ('χ', r"\chi"),
    ('ψ', r"\psi"),
    ('ω', r"\omega"),
    ('Γ', r"\Gamma"),
    ('Δ', r"\Delta"),
    ('Θ', r"\Theta"),
    ('Λ', r"\Lambda"),
    ('Π', r"\Pi"),
    ('Σ', r"\Sigma"),
    ('Φ', r"\Phi"),
    ('Ψ', r"\Psi"),
    ('Ω', r"\Omega"),
    ('₀', "_0"),
    ('₁', "_1"),
    ('₂', "_2"),
    ('₃', "_3"),
    ('–', r"\text{--}"),
    ('—', r"\text{---}"),
    ('…', r"\ldots"),
    ('€', r"\text{\texteuro}"),
    ('‘', r"\text{\textquoteleft}"),
    ('’', r"\text{\textquoteright}"),
    ('“', r"\text{\textquotedblleft}"),
    ('”', r"\text{\textquotedblright}"),
    ('„', r"\text{\quotedblbase}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_themselves() {
        assert_eq!(escaped("a_b & 50% #1 {x}$"), r"a\_b \& 50\% \#1 \{x\}\$");
        assert_eq!(escaped(r"a\b^c~d"), r"a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d");
        assert_eq!(escaped("a--b,,c''"), "a-{}-b,{},c'{}'");
        assert_eq!(escaped("<\"|`>\n"), r"\textless{}\textquotedbl{}\textbar{}\textasciigrave{}\textgreater{} ");
        assert_eq!(escaped("größe ŷ"), "größe ŷ");
        assert_eq!(escaped("η 天"), r"\ensuremath{\eta} \sign{5929}{天}");
    }

    #[test]
    fn wide_tables_get_small_type_and_long_ones_go_on() {
        let row = |n: usize| vec![Line::words("x".repeat(n)), Line::math("1")];
        let of = |n: usize, rows: usize| document(&[Part::Table { head: row(1), rows: vec![row(n); rows] }]);
        assert!(of(10, 3).contains("\\begin{center}\n\\begin{tabular}{lr}"));
        assert!(of(85, 3).contains("\\begin{center}\\footnotesize\n"));
        assert!(of(85, 40).contains("{\\footnotesize\n\\begin{longtable}{lr}"));
        assert!(of(110, 3).contains("margin=2cm,landscape"));
        let marked =
            document(&[Part::Table { head: vec![Line::words("*a")], rows: vec![vec![Line::words("[b]")]; 2] }]);
        assert_eq!(marked.matches("{}[b] \\tabularnewline\n").count(), 2, "{marked}");
        assert!(marked.contains("\n{}*a \\tabularnewline\n"), "{marked}");
    }
}
