//! E along one weight: the bowl, the way down it, and one step.

use crate::canvas::{Canvas, Key, Look, Shape, Swatch, Words};
use crate::error::{PlotError, Result};
use crate::marks::{Mark, MarkKind, Path, PathPoint};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, extent, padded, short};
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
    /// The slope of the curve: ∂E/∂w, and what a penalty adds to it.
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
        let mut words = self.words.clone();
        words.notes.extend(self.outside(x, y));
        let mut canvas = Canvas::new(look, "bowl", &words, &self.keys(look));
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
        let drawn = self.drawn(&panel);
        for mark in &self.marks {
            push_mark(&mut panel, mark, &drawn);
        }
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }

    /// The weights are those of the curve. E goes as far as the curves, the places and the step do; a way that goes far beyond them, since other weights have
    /// gone far, would make a line of all else.
    fn ranges(&self) -> Result<((f64, f64), (f64, f64))> {
        let points = || self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let x = extent(points().map(|(w, _)| w)).ok_or(PlotError::Nothing { what: "weight" })?;
        let within = |w: f64| (x.0..=x.1).contains(&w);
        let before = self.step.iter().filter(|step| within(step.from)).map(|step| step.error);
        let after = self.step.iter().filter(|step| within(step.from + step.by)).map(|step| step.after);
        let of_marks = self.marks.iter().filter(|mark| within(mark.at.0)).map(|mark| mark.error);
        let errors = points().map(|(_, e)| e).chain(before).chain(after).chain(of_marks);
        let (low, high) = extent(errors).ok_or(PlotError::Nothing { what: "E" })?;
        let most = high + 0.5 * (high - low);
        let of_paths = self.paths.iter().flat_map(|path| &path.points).filter(|point| within(point.at.0));
        let near = of_paths.map(|point| point.error).filter(|e| *e <= most);
        let y = extent(near.chain([low, high])).unwrap_or((low, high));
        Ok((x, padded(y, 0.06)))
    }

    /// Where lines and places stand, in pixels: what words should not cover.
    fn drawn(&self, panel: &Panel) -> Vec<(f64, f64)> {
        let of_curves = self.curves.iter().flat_map(|curve| curve.points.iter().copied());
        let of_paths = self.paths.iter().flat_map(|path| &path.points).map(|point| (point.at.0, point.error));
        let mut drawn: Vec<(f64, f64)> = of_curves.chain(of_paths).filter_map(|at| panel.place(at)).collect();
        if let Some(step) = &self.step {
            // The arrow with the words above it, the ring at its end, and the tangent.
            let along = (0..=40).map(|k| f64::from(k) / 40.0);
            let to = |share: f64| step.from + share * step.by;
            let arrow = along.clone().flat_map(|share| [(to(share), step.error); 3]);
            let ring = std::iter::repeat_n((to(1.0), step.after), 12);
            let tangent = along.map(|share| (to(share), step.error + share * step.by * step.slope));
            drawn.extend(arrow.chain(ring).chain(tangent).filter_map(|at| panel.place(at)));
            let words = panel.place((step.from, step.error)).into_iter();
            let beside = if step.by >= 0.0 { 8.0 } else { -8.0 };
            drawn.extend(words.flat_map(|(x, y)| (0..24).map(move |k| (x + beside * f64::from(k), y - 12.0))));
        }
        drawn
    }

    /// What cannot be seen, in words.
    fn outside(&self, x: (f64, f64), y: (f64, f64)) -> Vec<String> {
        let within = |range: (f64, f64), value: f64| (range.0..=range.1).contains(&value);
        let number = |value: f64| short(value, 6);
        let mut notes = Vec::new();
        if let Some(step) = &self.step {
            let to = step.from + step.by;
            if !within(x, step.from) {
                let there = if step.error.is_finite() {
                    format!("E = {}", number(step.error))
                } else {
                    "E is not finite".to_owned()
                };
                notes.push(format!(
                    "the step begins outside of the picture, at w = {}, where {there}",
                    number(step.from)
                ));
            }
            if !within(x, to) {
                let there = if step.after.is_finite() {
                    format!("E = {}", number(step.after))
                } else {
                    "E is not finite".to_owned()
                };
                notes.push(format!("the step leads out of the picture, to w = {}, where {there}", number(to)));
            }
        }
        for path in &self.paths {
            let is_outside = |point: &&PathPoint| !(within(x, point.at.0) && within(y, point.error));
            let n = path.points.iter().filter(is_outside).count();
            let distance = |point: &&PathPoint| (point.at.0 - x.0).abs().max((point.at.0 - x.1).abs());
            let furthest = path.points.iter().filter(is_outside).max_by(|a, b| distance(a).total_cmp(&distance(b)));
            if let Some(point) = furthest {
                let there = if point.error.is_finite() { number(point.error) } else { "not finite".to_owned() };
                notes.push(format!(
                    "{n} of the {} points of {} lie outside of the picture, the furthest, of epoch {}, at w = {}; E is {there} there",
                    path.points.len(),
                    path.label,
                    point.epoch,
                    number(point.at.0)
                ));
            }
        }
        notes
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
            keys.push(Key { label: format!("{}: E of all weights on the way", path.label), swatch });
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
    let note = panel.note(&step.label, at, &[(if step.by >= 0.0 { 8.0 } else { -8.0 }, above)], &[]);
    panel.over.push(note.with("class", "step-label"));
}

fn push_mark(panel: &mut Panel, mark: &Mark, drawn: &[(f64, f64)]) {
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
    let near = [(10.0, 20.0), (-10.0, 20.0), (12.0, -12.0), (-12.0, -12.0), (14.0, 4.0), (-14.0, 4.0)];
    let sides = [&near[..], &[(12.0, -30.0), (-12.0, -30.0), (10.0, 38.0), (-10.0, 38.0)]].concat();
    let note = panel.note(&mark.label, place, &sides, drawn);
    panel.over.push(note.with("class", "mark-label"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parabola(step: Option<BowlStep>, paths: Vec<Path>) -> String {
        let points = (-50..=50).map(|k| f64::from(k) / 25.0).map(|w| (w, w * w)).collect();
        let curves = vec![BowlCurve { label: "E".into(), points }];
        Bowl { curves, step, paths, ..Bowl::default() }.draw(Look::default()).unwrap().svg().to_owned()
    }

    fn largest_e(svg: &str) -> f64 {
        let document = roxmltree::Document::parse(svg).unwrap();
        let axes = document.descendants().find(|node| node.attribute("class") == Some("axes")).unwrap();
        axes.attribute("data-y-max").unwrap().parse().unwrap()
    }

    #[test]
    fn words_beside_a_place_leave_the_step_to_be_seen() {
        let points = (-60..=60).map(f64::from).map(|w| (w, 0.5 * (w / 2.0 + 5.0).powi(2))).collect();
        let step = BowlStep {
            from: 25.0,
            error: 153.125,
            by: -7.6,
            slope: 8.75,
            after: 93.845,
            label: "Δw = −η ∂E/∂w = −7.6".into(),
        };
        let label = "the model's weight: w = 25, E = 153.125".to_owned();
        let bowl = Bowl {
            curves: vec![BowlCurve { label: "E".into(), points }],
            marks: vec![Mark { kind: MarkKind::Here, at: (25.0, 0.0), error: 153.125, label }],
            step: Some(step),
            ..Bowl::default()
        };
        let svg = bowl.draw(Look::default()).unwrap().svg().to_owned();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let number = |node: &roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let words = document.descendants().find(|node| node.attribute("class") == Some("mark-label")).unwrap();
        let (x, y) = (number(&words, "x"), number(&words, "y"));
        let wide = crate::text::width(words.text().unwrap(), 11.5, crate::text::Weight::Regular);
        let rings: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name("circle") && node.attribute("cx").is_some())
            .collect();
        assert!(!rings.is_empty());
        let step = document.descendants().find(|node| node.attribute("class") == Some("step-label")).unwrap();
        assert!((number(&step, "y") - y).abs() > 12.0, "the words of the step are left to be read");
        for ring in rings {
            let (cx, cy) = (number(&ring, "cx"), number(&ring, "cy"));
            assert!(
                !((x..x + wide).contains(&cx) && (y - 11.0..y + 3.0).contains(&cy)),
                "({cx}, {cy}) is below the words at ({x}, {y})"
            );
        }
    }

    #[test]
    fn what_lies_far_away_is_told_and_not_drawn() {
        let step = |by: f64, after: f64| {
            Some(BowlStep { from: -1.0, error: 1.0, by, slope: -2.0, after, label: "Δw".into() })
        };
        let near = parabola(step(2.5, 2.25), Vec::new());
        assert!(largest_e(&near) < 4.5 && !near.contains("out of the picture"));
        let far = parabola(step(1001.0, 1e6), Vec::new());
        assert!(largest_e(&far) < 4.5, "the bowl is still one: {}", largest_e(&far));
        assert!(far.contains("the step leads out of the picture, to w = 1000, where E = 1000000"));
        assert!(parabola(step(1e200, f64::INFINITY), Vec::new()).contains("where E is not finite"));
        // The other weights went far, and this one came back.
        let point = |epoch, w, error| PathPoint { epoch, at: (w, 0.0), error };
        let points = vec![point(0, -1.0, 1.5), point(1, 0.5, 1e9), point(2, -30.0, 1e12), point(3, 0.2, 0.04)];
        let path = parabola(None, vec![Path { label: "fast".into(), points }]);
        assert!(largest_e(&path) < 4.5);
        assert!(path.contains("2 of the 4 points of fast lie outside of the picture, the furthest, of epoch 2, at w = −30; E is 1·10¹² there"), "{path}");
    }
}
