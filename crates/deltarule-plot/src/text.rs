//! How wide a text is, and how it is made to fit.

use std::sync::OnceLock;

use ttf_parser::Face;

/// The name of the font in the pictures, and fonts of about the same width where a viewer does not have it.
pub(crate) const FAMILY: &str = "DejaVu Sans, Verdana, Bitstream Vera Sans, sans-serif";

/// Which of the two weights of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

fn face(weight: Weight) -> Option<&'static Face<'static>> {
    static FACES: OnceLock<[Option<Face<'static>>; 2]> = OnceLock::new();
    let faces =
        FACES.get_or_init(|| [Face::parse(dejavu::sans::regular(), 0).ok(), Face::parse(dejavu::sans::bold(), 0).ok()]);
    faces[usize::from(weight == Weight::Bold)].as_ref()
}

/// Whether the font has every character of a text.
pub(crate) fn is_covered(text: &str) -> bool {
    let Some(face) = face(Weight::Regular) else { return false };
    text.chars().all(|c| c.is_whitespace() || face.glyph_index(c).is_some())
}

/// How many pixels a text is wide.
pub(crate) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let Some(face) = face(weight) else { return 0.6 * size * text.chars().count() as f64 };
    let units = f64::from(face.units_per_em());
    let advance = |c: char| match face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)) {
        Some(advance) => f64::from(advance),
        // A character of another font: about a square.
        None => units,
    };
    text.chars().map(advance).sum::<f64>() / units * size
}

/// A text that is no wider than this: one that is too long loses its middle.
pub(crate) fn fitted(text: &str, most: f64, size: f64, weight: Weight) -> String {
    if width(text, size, weight) <= most {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    // The end tells names apart as often as the beginning does.
    for kept in (0..chars.len()).rev() {
        let tail = kept / 3;
        let head = kept - tail;
        let shorter: String = chars[..head].iter().chain(&['…']).chain(&chars[chars.len() - tail..]).collect();
        if width(&shorter, size, weight) <= most {
            return shorter;
        }
    }
    "…".to_owned()
}

/// A text that goes on, with a sign of that at its end.
pub(crate) fn fitted_end(text: &str, most: f64, size: f64) -> String {
    let chars: Vec<char> = text.chars().collect();
    let cut = |kept: usize| chars[..kept].iter().collect::<String>().trim_end().to_owned() + " …";
    let fits = |text: &String| width(text, size, Weight::Regular) <= most;
    (0..=chars.len()).rev().map(cut).find(fits).unwrap_or_else(|| "…".to_owned())
}

/// A text in lines no wider than this, broken at spaces; a word that is too long loses its middle.
pub(crate) fn wrapped(text: &str, most: f64, size: f64, weight: Weight) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let word = fitted(word, most, size, weight);
        let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
        if width(&longer, size, weight) <= most || line.is_empty() {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, word));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_formulas_need() {
        assert!(is_covered(
            "E = ½ΣΣ(y − ŷ)², ∂E/∂w, Δw = −η ∂E/∂w, δ f'(h), λ₁ w̃ x̃ 10⁻¹² ≤ ≥ → ÄÖß Ελληνικά кириллица"
        ));
        assert!(!is_covered("体重"));
    }

    #[test]
    fn what_is_too_long_is_made_to_fit() {
        let long = "mean_concave_points_of_the_worst_three_cells_in_the_picture_23";
        let shorter = fitted(long, 120.0, 12.0, Weight::Regular);
        assert!(width(&shorter, 12.0, Weight::Regular) <= 120.0);
        assert!(shorter.starts_with("mean") && shorter.ends_with("23") && shorter.contains('…'), "{shorter}");
        assert_eq!(fitted("gre", 120.0, 12.0, Weight::Bold), "gre");
        assert_eq!(fitted("gre", 0.0, 12.0, Weight::Bold), "…");
        let lines = wrapped("one two three four five six seven", 80.0, 12.0, Weight::Regular);
        assert!(lines.len() > 2 && lines.iter().all(|line| width(line, 12.0, Weight::Regular) <= 80.0), "{lines:?}");
        assert_eq!(lines.join(" "), "one two three four five six seven");
    }
}
