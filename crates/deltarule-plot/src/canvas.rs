//! A page: title, words, key and notes around what is drawn.

use crate::picture::Picture;
use crate::svg::Element;
use crate::text::{FAMILY, Weight, fitted, fitted_end, width, wrapped};
use crate::theme::Theme;

/// How large a picture is, and for which page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// In pixels of a screen, which are points of a PDF.
    pub width: f64,
    /// The same.
    pub height: f64,
    /// For a light or a dark page.
    pub theme: Theme,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 760.0, height: 520.0, theme: Theme::Light }
    }
}

impl Look {
    /// The smallest width and height in which words find room.
    pub const SMALLEST: f64 = 240.0;
    /// The largest width and height that is drawn.
    pub const LARGEST: f64 = 10_000.0;
}

/// What stands around a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// What it shows.
    pub title: String,
    /// What must be known to read it: lines below the title.
    pub lines: Vec<String>,
    /// What is good to know: lines at the bottom.
    pub notes: Vec<String>,
}

/// A part of a page, in pixels from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rect {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// So many parts side by side, with room between them.
    pub(crate) fn columns(&self, n: usize, gap: f64) -> Vec<Rect> {
        let each = (self.width() - gap * (n as f64 - 1.0)) / n as f64;
        let left = |k: usize| self.left + k as f64 * (each + gap);
        (0..n).map(|k| Rect { left: left(k), right: left(k) + each, ..*self }).collect()
    }

    /// So many parts one below the other.
    pub(crate) fn rows(&self, n: usize, gap: f64) -> Vec<Rect> {
        let each = (self.height() - gap * (n as f64 - 1.0)) / n as f64;
        let top = |k: usize| self.top + k as f64 * (each + gap);
        (0..n).map(|k| Rect { top: top(k), bottom: top(k) + each, ..*self }).collect()
    }
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Ring,
    Square,
    Diamond,
    Cross,
    Star,
}

/// What a line of the key shows.
#[derive(Debug, Clone)]
pub(crate) enum Swatch {
    Line { colour: String, dashes: &'static str, width: f64 },
    Point { shape: Shape, colour: String },
    Area { colour: String },
}

/// A line of the key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) label: String,
    pub(crate) swatch: Swatch,
}

/// A page under way.
pub(crate) struct Canvas {
    pub(crate) look: Look,
    /// Where drawing goes.
    pub(crate) body: Rect,
    /// What the names of its parts begin with, so that several pictures can be on one page.
    pub(crate) id: String,
    title: String,
    root: Element,
}

const MARGIN: f64 = 14.0;
const TITLE: f64 = 15.0;
/// What is drawn has at least this height, where notes could have it too.
const LEAST: f64 = 110.0;
pub(crate) const LINE: f64 = 12.0;
pub(crate) const NOTE: f64 = 10.5;

impl Canvas {
    pub(crate) fn new(look: Look, kind: &'static str, words: &Words, keys: &[Key]) -> Self {
        let theme = look.theme;
        let id = format!("{kind}-{:x}", hash(&format!("{words:?}{look:?}")) & 0xff_ffff);
        let description: Vec<&str> = words.lines.iter().chain(&words.notes).map(String::as_str).collect();
        let mut root = Element::new("svg")
            .with("xmlns", "http://www.w3.org/2000/svg")
            .px("width", look.width)
            .px("height", look.height)
            .with("viewBox", format!("0 0 {} {}", look.width, look.height))
            .with("role", "img")
            .with("data-plot", kind)
            .with("font-family", FAMILY)
            .with("aria-labelledby", format!("{id}-title {id}-desc"))
            .child(Element::new("title").with("id", format!("{id}-title")).text(&words.title))
            .child(Element::new("desc").with("id", format!("{id}-desc")).text(&description.join(". ")))
            .child(
                Element::new("rect")
                    .with("class", "page")
                    .with("width", "100%")
                    .with("height", "100%")
                    .with("fill", theme.page()),
            );
        let (left, right) = (MARGIN, look.width - MARGIN);
        let most = right - left;
        let mut y = MARGIN;
        for line in wrapped(&words.title, most, TITLE, Weight::Bold) {
            y += TITLE * 1.15;
            root.push(label(&line, left, y, TITLE, theme.ink()).with("font-weight", "bold").with("class", "title"));
        }
        y += 3.0;
        for line in words.lines.iter().flat_map(|line| wrapped(line, most, LINE, Weight::Regular)) {
            y += LINE * 1.3;
            root.push(label(&line, left, y, LINE, theme.muted()).with("class", "line"));
        }
        y += 6.0;
        y = push_keys(&mut root, keys, (left, right), y, theme);
        let mut notes: Vec<String> =
            words.notes.iter().flat_map(|note| wrapped(note, most, NOTE, Weight::Regular)).collect();
        let mut bottom = look.height - MARGIN;
        // What is drawn comes first: notes have what is left beside half of the page. All of them are in the description.
        let beside = |drawn: f64| ((bottom - y - drawn) / (NOTE * 1.3)) as usize;
        let room = beside(0.5 * look.height).max(beside(LEAST).min(2));
        if notes.len() > room {
            notes.truncate(room);
            let last = notes.pop().map(|last| fitted_end(&last, most, NOTE));
            notes.extend(last);
        }
        for note in notes.iter().rev() {
            root.push(label(note, left, bottom, NOTE, theme.muted()).with("class", "note"));
            bottom -= NOTE * 1.3;
        }
        let top = y + 6.0;
        let bottom = if notes.is_empty() { bottom } else { bottom - 4.0 };
        // What is left of a small page may be nothing: it is drawn all the same, and cut off.
        let body = Rect { left, top, right, bottom: bottom.max(top + 60.0) };
        Self { look, body, id, title: words.title.clone(), root }
    }

    pub(crate) fn push(&mut self, element: Element) {
        self.root.push(element);
    }

    pub(crate) fn finish(self) -> Picture {
        Picture::new(self.title, self.root.into_text(), self.look)
    }
}

/// A text whose base line begins at a place.
pub(crate) fn label(text: &str, x: f64, y: f64, size: f64, colour: &str) -> Element {
    Element::new("text").px("x", x).px("y", y).with("font-size", size).with("fill", colour).text(text)
}

/// The key, in as many rows as it needs. Gives the place below it.
fn push_keys(root: &mut Element, keys: &[Key], (left, right): (f64, f64), top: f64, theme: Theme) -> f64 {
    const SWATCH: f64 = 24.0;
    const GAP: f64 = 16.0;
    if keys.is_empty() {
        return top;
    }
    let mut group = Element::group("key");
    let (mut x, mut y) = (left, top + 9.0);
    for key in keys {
        let text = fitted(&key.label, right - left - SWATCH - 6.0, LINE, Weight::Regular);
        let needed = SWATCH + 6.0 + width(&text, LINE, Weight::Regular);
        if x > left && x + needed > right {
            (x, y) = (left, y + 17.0);
        }
        let middle = (x + SWATCH / 2.0, y);
        group.push(match &key.swatch {
            Swatch::Line { colour, dashes, width } => Element::new("path")
                .with("d", format!("M{} {}h{SWATCH}", crate::svg::px(x), crate::svg::px(y)))
                .with("stroke", colour)
                .with("stroke-width", width)
                .with_some("stroke-dasharray", Some(*dashes).filter(|dashes| !dashes.is_empty()))
                .with("fill", "none"),
            Swatch::Point { shape, colour } => point(*shape, middle, 5.0, colour, theme.page()),
            Swatch::Area { colour } => Element::new("rect")
                .px("x", x + 4.0)
                .px("y", y - 6.0)
                .px("width", SWATCH - 8.0)
                .px("height", 12.0)
                .with("fill", colour),
        });
        group.push(label(&text, x + SWATCH + 6.0, y + 4.0, LINE, theme.ink()));
        x += needed + GAP;
    }
    root.push(group);
    y + 10.0
}

/// A point of some shape and size, with an edge that keeps it apart from what is below it.
pub(crate) fn point(shape: Shape, (x, y): (f64, f64), size: f64, colour: &str, edge: &str) -> Element {
    let polygon = |corners: &[(f64, f64)]| {
        let places = corners.iter().chain(corners.first()).map(|(dx, dy)| Some((x + size * dx, y + size * dy)));
        let d = crate::svg::polyline(places) + "Z";
        Element::new("path").with("d", d).with("fill", colour).with("stroke", edge).with("stroke-width", 1.2)
    };
    match shape {
        Shape::Circle | Shape::Ring => {
            let circle = Element::new("circle").px("cx", x).px("cy", y).px("r", size);
            match shape {
                Shape::Ring => circle.with("fill", edge).with("stroke", colour).with("stroke-width", 2.2),
                _ => circle.with("fill", colour).with("stroke", edge).with("stroke-width", 1.2),
            }
        }
        Shape::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Shape::Diamond => polygon(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
        Shape::Cross => {
            let d = crate::svg::polyline([
                Some((x - size, y - size)),
                Some((x + size, y + size)),
                None,
                Some((x - size, y + size)),
                Some((x + size, y - size)),
            ]);
            Element::new("path").with("d", d).with("fill", "none").with("stroke", colour).with("stroke-width", 2.2)
        }
        Shape::Star => {
            let corner = |k: usize| {
                let (radius, angle) =
                    (if k.is_multiple_of(2) { 1.5 } else { 0.62 }, std::f64::consts::PI * k as f64 / 5.0);
                (radius * angle.sin(), -radius * angle.cos())
            };
            polygon(&(0..10).map(corner).collect::<Vec<_>>())
        }
    }
}

/// FNV-1a: names that are the same whenever the same is drawn.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Function, Picture};

    /// The texts of a class with their places, and where the axes end.
    fn places(picture: &Picture) -> (Vec<(String, f64)>, f64) {
        let document = roxmltree::Document::parse(picture.svg()).unwrap();
        let of_class =
            |class: &'static str| document.descendants().filter(move |node| node.attribute("class") == Some(class));
        let number = |node: &roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let notes = of_class("note").map(|node| (node.text().unwrap().to_owned(), number(&node, "y"))).collect();
        let axis = of_class("x-label").map(|node| number(&node, "y")).fold(0.0, f64::max);
        (notes, axis)
    }

    #[test]
    fn notes_never_lie_on_what_is_drawn() {
        let names: Vec<String> = (0..400).map(|k| format!("class_number_{k}")).collect();
        let points: Vec<(f64, f64, f64)> = (0..9).map(|k| (f64::from(k), f64::from(k), 1.0)).collect();
        for (width, height) in [(760.0, 520.0), (1200.0, 300.0), (240.0, 240.0), (300.0, 2000.0)] {
            let words =
                Words { title: "f".into(), lines: Vec::new(), notes: vec![names.join(", "), "the last".into()] };
            let function = Function { words, points: points.clone(), ..Function::default() };
            let picture = function.draw(Look { width, height, ..Look::default() }).unwrap();
            let (notes, axis) = places(&picture);
            assert!(notes.iter().all(|(_, y)| y - NOTE > axis && *y <= height), "{width} {height}: {axis} {notes:?}");
            if let Some((last, _)) = notes.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
                assert!(last == "the last" || last.ends_with('…'), "what is left out is seen to be: {last}");
            }
            assert!(height < 500.0 || notes.len() > 3);
            assert!(picture.svg().contains("the last"), "the description has all of them");
        }
        let few = Words { notes: vec!["one".into(), "two".into(), "three".into()], ..Words::default() };
        let picture = Function { words: few, points, ..Function::default() }.draw(Look::default()).unwrap();
        assert_eq!(places(&picture).0.len(), 3);
    }
}
