//! E along one weight: the bowl, the way down it, and one step.

use crate::canvas::{Canvas, Key, Look, Shape, Swatch, Words};
use crate::error::{PlotError, Result};
use crate::marks::{Mark, MarkKind, Path};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, extent, padded};
use crate::svg::Element;

/// E along one weight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bowl {
    /// What stands around it.
    pub words: Words,
    /// The weight, with its unit.
    pub weight_label: String,
    /// E, with its ½ if it has one.
    pub error_label: String,
    /// E while the other weights are held, one curve for each set of values that they are held at; the first is the main one.
    pub curves: Vec<BowlCurve>,
    /// Ways down, with E of all weights.
    pub paths: Vec<Path>,
    /// Places.
    pub marks: Vec<Mark>,
    /// One step.
    pub step: Option<BowlStep>,
}

/// E along the weight, for one set of values of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct BowlCurve {
    /// At what the others are held.
    pub label: String,
    /// The weight and E, by ascending weight.
    pub points: Vec<(f64, f64)>,
}

/// One step of the delta rule, Δw = −η ∂E/∂w.
#[derive(Debug, Clone, PartialEq)]
pub struct BowlStep {
    /// The weight before it.
    pub from: f64,
    /// E there.
    pub error: f64,
    /// Δw.
    pub by: f64,
    /// ∂E/∂w: the slope of the curve.
    pub slope: f64,
    /// E after it, where only this weight moves.
    pub after: f64,
    /// The words beside it.
    pub label: String,
}

impl Bowl {
    /// Draws it.
    ///
    /// Errors: no curve with a finite E.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        let theme = look.theme;
        let (x, y) = self.ranges()?;
        let mut canvas = Canvas::new(look, "bowl", &self.words, &self.keys(look));
        let mut panel = Panel::new(
            theme,
            canvas.body,
            format!("{}-clip", canvas.id),
            Axis { label: self.weight_label.clone(), scale: Scale::linear(x) },
            Axis { label: self.error_label.clone(), scale: Scale::linear(y) },
        );
        for (k, curve) in self.curves.iter().enumerate().rev() {
            let stroke =
                if k == 0 { Stroke::new(theme.ink(), 2.2) } else { Stroke::new(theme.muted(), 1.5).dashed("5 3") };
            let points: Vec<String> = curve.points.iter().map(|(w, e)| format!("{w},{e}")).collect();
            let line = panel.line(&curve.points, &stroke).with("class", "curve").with("data-points", points.join(" "));
            panel.inside.push(line);
        }
        for (k, path) in self.paths.iter().enumerate() {
            self.push_path(&mut panel, k, path);
        }
        if let Some(step) = &self.step {
            push_step(&mut panel, step);
        }
        for mark in &self.marks {
            push_mark(&mut panel, mark);
        }
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }

    fn ranges(&self) -> Result<((f64, f64), (f64, f64))> {
        let points = || self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let of_paths = || self.paths.iter().flat_map(|path| path.points.iter().map(|point| (point.at.0, point.error)));
        let curve = extent(points().map(|(w, _)| w));
        let x = curve.ok_or(PlotError::Nothing { what: "weight" })?;
        let within = |(w, _): &(f64, f64)| (x.0..=x.1).contains(w);
        let of_step = self.step.iter().flat_map(|step| [step.error, step.after]);
        let of_marks = self.marks.iter().map(|mark| mark.error);
        let errors = points().chain(of_paths().filter(within)).map(|(_, e)| e).chain(of_step).chain(of_marks);
        let y = extent(errors).ok_or(PlotError::Nothing { what: "E" })?;
        Ok((x, padded(y, 0.06)))
    }

    fn keys(&self, look: Look) -> Vec<Key> {
        let theme = look.theme;
        let mut keys = Vec::new();
        for (k, curve) in self.curves.iter().enumerate() {
            let (colour, dashes, width) = if k == 0 { (theme.ink(), "", 2.2) } else { (theme.muted(), "5 3", 1.5) };
            let swatch = Swatch::Line { colour: colour.to_owned(), dashes, width };
            keys.push(Key { label: curve.label.clone(), swatch });
        }
        for (k, path) in self.paths.iter().enumerate() {
            let swatch = Swatch::Line { colour: theme.series(k).to_owned(), dashes: theme.dashes(k), width: 2.0 };
            keys.push(Key { label: path.label.clone(), swatch });
        }
        keys
    }

    fn push_path(&self, panel: &mut Panel, k: usize, path: &Path) {
        let theme = panel.theme;
        let colour = theme.series(k);
        let points: Vec<(f64, f64)> = path.points.iter().map(|point| (point.at.0, point.error)).collect();
        let mut group = Element::group("path").with("data-label", &path.label);
        group.push(panel.line(&points, &Stroke::new(colour, 1.4).dashed(theme.dashes(k))));
        for (point, at) in path.points.iter().zip(&points) {
            let dot = panel.dot(*at, colour).map(|dot| dot.with("data-epoch", point.epoch));
            dot.into_iter().for_each(|dot| group.push(dot));
        }
        for (at, shape, class) in [(points.first(), Shape::Ring, "start"), (points.last(), Shape::Square, "end")] {
            let mark = at.and_then(|at| panel.marker(shape, *at, 5.0, colour));
            mark.into_iter().for_each(|mark| group.push(mark.with("class", class)));
        }
        panel.inside.push(group);
    }
}

/// The tangent, the step along it, and where the curve is after it.
fn push_step(panel: &mut Panel, step: &BowlStep) {
    let theme = panel.theme;
    let colour = theme.series(1);
    let (Some(from), Some(x)) = (panel.place((step.from, step.error)), panel.x.place(step.from + step.by)) else {
        return;
    };
    let half = 0.16 * (panel.x.max - panel.x.min);
    let tangent = [-half, half].map(|d| (step.from + d, step.error + d * step.slope));
    let mut group = Element::group("step")
        .data("from", step.from)
        .data("by", step.by)
        .data("slope", step.slope)
        .data("error", step.error)
        .data("after", step.after);
    group.push(panel.line(&tangent, &Stroke::new(colour, 1.2).dashed("3 3")).with("class", "tangent"));
    if let Some(after) = panel.place((step.from + step.by, step.after)) {
        let drop = crate::svg::polyline([Some((x, from.1)), Some(after)]);
        group.push(panel.stroked(drop, &Stroke::new(colour, 1.2).dashed("1.5 2.5")));
    }
    group.push(panel.arrow(from, (x, from.1), colour, 2.6));
    let after = panel.marker(Shape::Ring, (step.from + step.by, step.after), 4.0, colour);
    let before = panel.marker(Shape::Circle, (step.from, step.error), 4.5, colour);
    before.into_iter().chain(after).for_each(|point| group.push(point));
    panel.inside.push(group);
    // Above the arrow, where the curve is not: the curve falls in the direction of the step.
    let above = if from.1 - 30.0 < panel.area.top { 18.0 } else { -10.0 };
    let at = (from.0.clamp(panel.area.left, panel.area.right), from.1);
    let note = panel.note(&step.label, at, (if step.by >= 0.0 { 8.0 } else { -8.0 }, above));
    panel.over.push(note.with("class", "step-label"));
}

fn push_mark(panel: &mut Panel, mark: &Mark) {
    let at = (mark.at.0, mark.error);
    let (shape, size, class) = match mark.kind {
        MarkKind::Minimum => (Shape::Star, 6.5, "minimum"),
        MarkKind::Here => (Shape::Diamond, 5.5, "here"),
    };
    let colour = panel.theme.series(2);
    let Some(place) = panel.place(at) else { return };
    if let Some(element) = panel.marker(shape, at, size, colour) {
        panel.inside.push(element.with("class", class));
    }
    let note = panel.note(&mark.label, place, (10.0, 20.0));
    panel.over.push(note.with("class", "mark-label"));
}
