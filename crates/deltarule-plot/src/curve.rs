//! E per epoch, of one or many runs.

use crate::canvas::{Canvas, Key, Look, Shape, Swatch, Words};
use crate::error::{PlotError, Result};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, extent, padded};
use crate::svg::Element;

/// E per epoch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// What stands around it.
    pub words: Words,
    /// E, with its ½ if it has one.
    pub error_label: String,
    /// The runs, in the order in which they are told apart.
    pub runs: Vec<Run>,
}

/// One descent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// What tells it from others.
    pub label: String,
    /// Epochs and E after them.
    pub points: Vec<(f64, f64)>,
    /// E of the records held out, where descent was watched on them.
    pub held_out: Vec<(f64, f64)>,
    /// Whether it went up and away.
    pub diverged: bool,
}

/// So many runs have colours and dashes of their own; more have colours in their order.
const TOLD_APART: usize = 6;
/// More lines would make a key that no one reads.
const MOST_KEYS: usize = 18;
/// A line needs no more points than this for its shape: the least and the largest of each stretch.
const MOST_POINTS: usize = 2000;

impl Curve {
    /// Draws it.
    ///
    /// Errors: no run with a finite E.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        let theme = look.theme;
        let points = || self.runs.iter().flat_map(|run| run.points.iter().chain(&run.held_out));
        let x = extent(points().map(|(epoch, _)| *epoch)).ok_or(PlotError::Nothing { what: "epoch" })?;
        let y = self.error_range().ok_or(PlotError::Nothing { what: "E" })?;
        let log = Scale::log(y).filter(|scale| scale.max / scale.min > 8.0);
        let error_label = match log {
            Some(_) => format!("{}, by equal ratios", self.error_label),
            None => self.error_label.clone(),
        };
        let y_scale = log.map_or_else(
            || Scale::linear(padded(y, 0.05)),
            |scale| Scale { min: scale.min / 1.1, max: scale.max * 1.1, ..scale },
        );
        let mut canvas = Canvas::new(look, "curve", &self.words, &self.keys(look));
        let mut panel = Panel::new(
            theme,
            canvas.body,
            format!("{}-clip", canvas.id),
            Axis { label: "epoch (a pass over all records)".to_owned(), scale: Scale::linear(x) },
            Axis { label: error_label, scale: y_scale },
        );
        for (k, run) in self.runs.iter().enumerate() {
            let (colour, dashes) = self.look_of(k, look);
            let mut group = Element::group("run").with("data-label", &run.label).with("data-diverged", run.diverged);
            if !run.held_out.is_empty() {
                let line = panel.line(&thinned(&run.held_out), &Stroke::new(&colour, 1.5).dashed("2 3"));
                group.push(with_points(line.with("class", "held-out"), &run.held_out));
            }
            let line = panel.line(&thinned(&run.points), &Stroke::new(&colour, 2.0).dashed(dashes));
            group.push(with_points(line.with("class", "run-line"), &run.points));
            if let [only] = run.points[..] {
                panel.marker(Shape::Circle, only, 4.0, &colour).into_iter().for_each(|point| group.push(point));
            }
            panel.inside.push(group);
            if run.diverged {
                push_diverged(&mut panel, run, &colour);
            }
        }
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }

    /// From the least E to the largest that is worth seeing: the starts, and what does not diverge.
    fn error_range(&self) -> Option<(f64, f64)> {
        let sound = self.runs.iter().filter(|run| !run.diverged);
        let of_sound = sound.flat_map(|run| run.points.iter().chain(&run.held_out)).map(|(_, e)| *e);
        let starts =
            self.runs.iter().flat_map(|run| [run.points.first(), run.held_out.first()]).flatten().map(|(_, e)| *e);
        // Records held out are fewer: their E is often below that of all others.
        let least = self.runs.iter().flat_map(|run| run.points.iter().chain(&run.held_out)).map(|(_, e)| *e);
        let (low, _) = extent(least)?;
        let (_, high) = extent(of_sound.chain(starts)).unwrap_or((low, low));
        // Some room in which what diverges is seen to do so.
        let diverges = self.runs.iter().any(|run| run.diverged);
        Some((low, if diverges { high + 0.35 * (high - low).max(0.1 * high.abs()) } else { high }))
    }

    fn look_of(&self, k: usize, look: Look) -> (String, &'static str) {
        if self.runs.len() <= TOLD_APART {
            return (look.theme.series(k).to_owned(), look.theme.dashes(k));
        }
        (look.theme.ordered(k, self.runs.len()), look.theme.dashes(k % 3))
    }

    fn keys(&self, look: Look) -> Vec<Key> {
        let every = self.runs.len().div_ceil(MOST_KEYS).max(1);
        let mut keys = Vec::new();
        for (k, run) in self.runs.iter().enumerate().step_by(every) {
            let (colour, dashes) = self.look_of(k, look);
            let label = if run.diverged { format!("{} (diverged)", run.label) } else { run.label.clone() };
            keys.push(Key { label, swatch: Swatch::Line { colour: colour.clone(), dashes, width: 2.0 } });
            if !run.held_out.is_empty() {
                let label = format!("{}, held out", run.label);
                keys.push(Key { label, swatch: Swatch::Line { colour, dashes: "2 3", width: 1.5 } });
            }
        }
        keys
    }
}

/// A cross where a run leaves the picture, or where it ends.
fn push_diverged(panel: &mut Panel, run: &Run, colour: &str) {
    let inside = |e: f64| e.is_finite() && (panel.y.min..=panel.y.max).contains(&e);
    let left = run.points.iter().position(|(_, e)| !inside(*e));
    let at = match left {
        Some(k) => (run.points[k].0, panel.y.max),
        None => match run.points.last() {
            Some(last) => *last,
            None => return,
        },
    };
    let Some((x, y)) = panel.place(at) else { return };
    let cross = crate::canvas::point(Shape::Cross, (x, y.max(panel.area.top + 9.0)), 5.0, colour, panel.theme.page());
    panel.over.push(cross.with("class", "diverged").with("data-label", &run.label).data("epoch", at.0));
}

/// The points of a line, as far as they are not too many for a file.
fn with_points(line: Element, points: &[(f64, f64)]) -> Element {
    let texts: Vec<String> = thinned(points).iter().map(|(epoch, e)| format!("{epoch},{e}")).collect();
    line.with("data-points", texts.join(" "))
}

/// No more points than the shape of a line needs: of each stretch of it the first, the least, the largest and the last.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(MOST_POINTS);
    for part in points.chunks(points.len().div_ceil(MOST_POINTS / 4)) {
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let mut of_part: Vec<(f64, f64)> = [part.first(), part.iter().min_by(by), part.iter().max_by(by), part.last()]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        of_part.sort_by(|a, b| a.0.total_cmp(&b.0));
        of_part.dedup();
        kept.extend(of_part);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_records_held_out_is_in_view() {
        let above = |e: f64| vec![(0.0, 4.0 * e), (1.0, 2.0 * e), (2.0, e)];
        for (training, held_out, diverged) in
            [(100.0, 3.0, false), (100.0, 90.0, false), (5.0, 400.0, false), (100.0, 3.0, true)]
        {
            let run = Run { label: "run".into(), points: above(training), held_out: above(held_out), diverged };
            let picture = Curve { runs: vec![run], ..Curve::default() }.draw(Look::default()).unwrap();
            let document = roxmltree::Document::parse(picture.svg()).unwrap();
            let axes = document.descendants().find(|node| node.attribute("class") == Some("axes")).unwrap();
            let number = |name: &str| axes.attribute(name).unwrap().parse::<f64>().unwrap();
            for (_, e) in above(training).into_iter().chain(above(held_out)) {
                assert!(number("data-y-min") < e && e < number("data-y-max"), "{training} {held_out}: {e}");
            }
        }
    }

    #[test]
    fn long_runs_keep_their_shape() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|k| (f64::from(k), 1.0)).collect();
        points[54_321].1 = 9.0;
        points[54_322].1 = 0.5;
        let kept = thinned(&points);
        assert!(kept.len() <= MOST_POINTS && kept.contains(&points[54_321]) && kept.contains(&points[54_322]));
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[99_999]));
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
