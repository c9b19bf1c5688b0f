//! E over two weights: filled contours, the ways down, and the first step of each.

use crate::canvas::{Canvas, Key, LINE, Look, NOTE, Rect, Shape, Swatch, Words, label};
use crate::error::{PlotError, Result};
use crate::iso::Grid;
use crate::marks::{Mark, MarkKind, Path};
use crate::panel::{Axis, Panel, Stroke, with_power};
use crate::picture::Picture;
use crate::scale::{Scale, aligned, extent};
use crate::svg::{Element, polyline};
use crate::text::{Weight, width};

/// E over two weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contour {
    /// What stands around it.
    pub words: Words,
    /// The two weights, with their units.
    pub weight_labels: [String; 2],
    /// E, with its ½ if it has one.
    pub error_label: String,
    /// The values of the two weights, ascending.
    pub values: [Vec<f64>; 2],
    /// E: at value a of the first and b of the second weight at `a·n₂ + b`.
    pub errors: Vec<f64>,
    /// Ways down.
    pub paths: Vec<Path>,
    /// Places.
    pub marks: Vec<Mark>,
    /// Steps Δw = −η ∂E/∂w: from where, and by how much.
    pub steps: Vec<ContourStep>,
}

/// One step over both weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ContourStep {
    /// The weights before it.
    pub from: (f64, f64),
    /// Δw of both.
    pub by: (f64, f64),
    /// The words beside it.
    pub label: String,
}

/// How many levels there are.
const BANDS: usize = 14;
const BAR: f64 = 14.0;

impl Contour {
    /// Draws it.
    ///
    /// Errors: values of another shape; no finite E.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        let theme = look.theme;
        let [xs, ys] = &self.values;
        if xs.len() < 2 || ys.len() < 2 || self.errors.len() != xs.len() * ys.len() {
            return Err(PlotError::Nothing { what: "grid of two weights" });
        }
        let (least, most) = extent(self.errors.iter().copied()).ok_or(PlotError::Nothing { what: "E" })?;
        let levels = levels(least, most);
        let mut canvas = Canvas::new(look, "contour", &self.words, &self.keys(look));
        let (texts, power) = aligned(&levels);
        let widest = texts.iter().map(|text| width(text, NOTE, Weight::Regular)).fold(0.0, f64::max);
        let room = BAR + widest + 44.0;
        let body = canvas.body;
        let within = Rect { right: (body.right - room).max(body.left + 80.0), ..body };
        let range = |values: &[f64]| Scale::linear((values[0], values[values.len() - 1]));
        let mut panel = Panel::new(
            theme,
            within,
            format!("{}-clip", canvas.id),
            Axis { label: self.weight_labels[0].clone(), scale: range(xs) },
            Axis { label: self.weight_labels[1].clone(), scale: range(ys) },
        );
        let shade = |band: usize| theme.shade(band as f64 / BANDS as f64);
        let Rect { left, top, right, bottom } = panel.area;
        let ground =
            Element::new("rect").px("x", left).px("y", top).px("width", right - left).px("height", bottom - top);
        panel.inside.push(ground.with("fill", shade(0)));
        // Roots of E are near to straight from node to node where E is a parabola, so that lines between nodes are where they belong.
        let root = |e: f64| (e - least).max(0.0).sqrt();
        let roots: Vec<f64> =
            self.errors.iter().map(|e| if e.is_finite() { root(*e) } else { f64::INFINITY }).collect();
        let grid = Grid { xs, ys, values: &roots };
        for (band, level) in levels.iter().enumerate().skip(1).take(BANDS - 1) {
            let mut d = String::new();
            for line in grid.regions_above(root(*level)) {
                d += &polyline(line.iter().map(|&at| panel.place(at)));
                d.push('Z');
            }
            if !d.is_empty() {
                let region = Element::new("path").with("class", "band").data("level", *level).with("d", d);
                let region = region.with("fill", shade(band)).with("fill-rule", "evenodd");
                panel
                    .inside
                    .push(region.with("stroke", theme.page()).with("stroke-width", 0.7).with("stroke-opacity", 0.55));
            }
        }
        for (k, path) in self.paths.iter().enumerate() {
            push_path(&mut panel, k, path);
        }
        for (k, step) in self.steps.iter().enumerate() {
            push_step(&mut panel, k, step);
        }
        for mark in &self.marks {
            push_mark(&mut panel, mark);
        }
        let bar = Rect { left: panel.area.right + 14.0, right: panel.area.right + 14.0 + BAR, ..panel.area };
        canvas.push(panel.finish());
        canvas.push(self.bar(bar, (&texts, power), look));
        Ok(canvas.finish())
    }

    fn keys(&self, look: Look) -> Vec<Key> {
        let theme = look.theme;
        let key = |(k, path): (usize, &Path)| Key {
            label: path.label.clone(),
            swatch: Swatch::Line { colour: theme.series(k + 1).to_owned(), dashes: theme.dashes(k), width: 2.4 },
        };
        let mut keys: Vec<Key> = self.paths.iter().enumerate().map(key).collect();
        if !self.paths.is_empty() {
            let point = |label: &str, shape| Key {
                label: label.to_owned(),
                swatch: Swatch::Point { shape, colour: theme.ink().to_owned() },
            };
            keys.push(point("start", Shape::Ring));
            keys.push(point("end", Shape::Square));
        }
        for mark in &self.marks {
            keys.push(Key {
                label: mark.label.clone(),
                swatch: Swatch::Point { shape: shape_of(mark.kind).0, colour: theme.ink().to_owned() },
            });
        }
        keys
    }

    /// The bar that says which colour is which E.
    fn bar(&self, at: Rect, (texts, power): (&[String], i32), look: Look) -> Element {
        let theme = look.theme;
        let mut bar = Element::group("bar");
        let each = at.height() / BANDS as f64;
        for band in 0..BANDS {
            let y = at.bottom - (band + 1) as f64 * each;
            let part = Element::new("rect").px("x", at.left).px("y", y).px("width", BAR).px("height", each + 0.3);
            bar.push(part.with("fill", theme.shade(band as f64 / BANDS as f64)));
        }
        let every = (16.0 / each).ceil().max(1.0) as usize;
        for (k, text) in texts.iter().enumerate().step_by(every) {
            let y = at.bottom - k as f64 * each;
            bar.push(label(text, at.right + 5.0, y + 3.5, NOTE, theme.muted()));
        }
        let x = look.width - 16.0;
        let y = (at.top + at.bottom) / 2.0;
        bar.child(
            label(&with_power(&self.error_label, power), x, y, LINE, theme.ink())
                .with("text-anchor", "middle")
                .with("class", "error-label")
                .with("transform", format!("rotate(-90 {x:.2} {y:.2})")),
        )
    }
}

/// The edges of the bands: their roots are evenly spread, so that in a parabola the lines are.
fn levels(least: f64, most: f64) -> Vec<f64> {
    let most = if most > least { most } else { least + least.abs().max(1e-300) };
    (0..=BANDS).map(|k| least + (most - least) * (k as f64 / BANDS as f64).powi(2)).collect()
}

fn push_path(panel: &mut Panel, k: usize, path: &Path) {
    let theme = panel.theme;
    let colour = theme.series(k + 1);
    let points: Vec<(f64, f64)> = path.points.iter().map(|point| point.at).collect();
    let mut group = Element::group("path").with("data-label", &path.label);
    // An edge of the page's colour keeps the line apart from every shade.
    group.push(panel.line(&points, &Stroke::new(theme.page(), 4.6)).with("stroke-opacity", 0.8));
    group.push(panel.line(&points, &Stroke::new(colour, 2.2).dashed(theme.dashes(k))));
    for point in &path.points {
        let dot = panel.dot(point.at, colour);
        let dot = dot.map(|dot| dot.with("data-epoch", point.epoch).data("error", point.error));
        dot.into_iter().for_each(|dot| group.push(dot));
    }
    for (at, shape, class) in [(points.first(), Shape::Ring, "start"), (points.last(), Shape::Square, "end")] {
        let mark = at.and_then(|at| panel.marker(shape, *at, 5.0, colour));
        mark.into_iter().for_each(|mark| group.push(mark.with("class", class)));
    }
    panel.inside.push(group);
}

fn push_step(panel: &mut Panel, k: usize, step: &ContourStep) {
    let theme = panel.theme;
    let to = (step.from.0 + step.by.0, step.from.1 + step.by.1);
    let (Some(from), Some(to)) = (panel.place(step.from), panel.place(to)) else { return };
    let group = Element::group("step")
        .data("from-x", step.from.0)
        .data("from-y", step.from.1)
        .data("by-x", step.by.0)
        .data("by-y", step.by.1)
        .child(panel.arrow(from, to, theme.ink(), 2.6));
    panel.inside.push(group);
    if k == 0 {
        // On the side of its start where the arrow is not.
        let offset = (if step.by.0 >= 0.0 { 8.0 } else { -8.0 }, if to.1 > from.1 { -9.0 } else { 18.0 });
        let note = panel.note(&step.label, from, &[offset], &[]);
        panel.over.push(note.with("class", "step-label"));
    }
}

fn shape_of(kind: MarkKind) -> (Shape, &'static str) {
    match kind {
        MarkKind::Minimum => (Shape::Star, "minimum"),
        MarkKind::Here => (Shape::Diamond, "here"),
    }
}

fn push_mark(panel: &mut Panel, mark: &Mark) {
    let (shape, class) = shape_of(mark.kind);
    let colour = panel.theme.ink();
    if let Some(element) = panel.marker(shape, mark.at, 6.0, colour) {
        panel.inside.push(element.with("class", class).data("error", mark.error));
    }
}
