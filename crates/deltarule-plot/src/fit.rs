//! What a model predicts beside what is so.

use crate::canvas::{Canvas, Key, Look, Rect, Shape, Swatch, Words};
use crate::error::{PlotError, Result};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, extent, padded, short};
use crate::svg::Element;

/// Predictions of one output.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fit {
    /// What stands around it.
    pub words: Words,
    /// The output, with the name of its column.
    pub output_label: String,
    /// What is drawn.
    pub view: FitView,
}

/// A record that is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitRecord {
    /// Where it stands along the first axis.
    pub x: f64,
    /// And along the second.
    pub y: f64,
    /// How often it counts where records are counted.
    pub weight: f64,
}

impl FitRecord {
    fn at(&self) -> (f64, f64) {
        (self.x, self.y)
    }
}

/// How predictions are looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum FitView {
    /// Over the only input: the records, and ŷ along it.
    Line {
        /// The input, with the name of its column.
        input_label: String,
        /// x and y of each record.
        records: Vec<FitRecord>,
        /// x and ŷ, by ascending x.
        line: Vec<(f64, f64)>,
    },
    /// ŷ against y, and y − ŷ against ŷ.
    Pairs {
        /// y as x and ŷ as y of each record.
        records: Vec<FitRecord>,
    },
    /// How often each ŷ occurs among the records of a class, and among the others.
    Classes {
        /// The class, and what the others are called.
        names: [String; 2],
        /// ŷ of the records of the class, and of the others, each with how often it counts.
        outputs: [Vec<(f64, f64)>; 2],
        /// Whether not all count once.
        is_weighed: bool,
        /// From where on the class is predicted.
        threshold: Option<f64>,
    },
}

impl Default for FitView {
    fn default() -> Self {
        FitView::Pairs { records: Vec::new() }
    }
}

/// More records than this are counted in squares instead of drawn one by one.
const MOST_POINTS: usize = 2000;
const SQUARES: usize = 70;
const BARS: usize = 40;

impl Fit {
    /// Draws it.
    ///
    /// Errors: no record with finite values.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        match &self.view {
            FitView::Line { input_label, records, line } => self.draw_line(look, input_label, records, line),
            FitView::Pairs { records } => self.draw_pairs(look, records),
            FitView::Classes { names, outputs, is_weighed, threshold } => {
                self.draw_classes(look, names, (outputs, *is_weighed), *threshold)
            }
        }
    }

    fn draw_line(&self, look: Look, input_label: &str, records: &[FitRecord], line: &[(f64, f64)]) -> Result<Picture> {
        let theme = look.theme;
        let nothing = || PlotError::Nothing { what: "record" };
        let points = || records.iter().map(FitRecord::at).chain(line.iter().copied());
        let x = extent(points().map(|(x, _)| x)).ok_or_else(nothing)?;
        let y = extent(points().map(|(_, y)| y)).ok_or_else(nothing)?;
        let keys = [
            point_key("records: y", theme.series(0)),
            Key {
                label: "ŷ = f(w x + b)".to_owned(),
                swatch: Swatch::Line { colour: theme.series(1).to_owned(), dashes: "", width: 2.4 },
            },
        ];
        let mut canvas = Canvas::new(look, "fit", &self.words, &keys);
        let mut panel = Panel::new(
            theme,
            canvas.body,
            format!("{}-clip", canvas.id),
            Axis { label: input_label.to_owned(), scale: Scale::linear(padded(x, 0.04)) },
            Axis { label: self.output_label.clone(), scale: Scale::linear(padded(y, 0.06)) },
        );
        push_records(&mut panel, records, theme.series(0));
        let texts: Vec<String> = line.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let fitted = panel.line(line, &Stroke::new(theme.series(1), 2.4)).with("class", "fitted");
        panel.inside.push(fitted.with("data-points", texts.join(" ")));
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }

    fn draw_pairs(&self, look: Look, records: &[FitRecord]) -> Result<Picture> {
        let theme = look.theme;
        let both = extent(records.iter().flat_map(|record| [record.x, record.y]));
        let both = both.ok_or(PlotError::Nothing { what: "record" })?;
        let residual = |record: &FitRecord| FitRecord { x: record.y, y: record.x - record.y, ..*record };
        let residuals: Vec<FitRecord> = records.iter().map(residual).collect();
        let mut canvas = Canvas::new(look, "fit", &self.words, &[]);
        let parts = parts_of(canvas.body);
        let same = padded(both, 0.04);
        let mut panel = Panel::new(
            theme,
            parts[0],
            format!("{}-pairs", canvas.id),
            Axis { label: format!("y, {}", self.output_label), scale: Scale::linear(same) },
            Axis { label: "ŷ, predicted".to_owned(), scale: Scale::linear(same) },
        );
        let diagonal = panel.line(&[(same.0, same.0), (same.1, same.1)], &Stroke::new(theme.ink(), 1.4).dashed("5 3"));
        push_records(&mut panel, records, theme.series(0));
        panel.inside.push(diagonal.with("class", "diagonal"));
        canvas.push(panel.finish());
        let x = extent(residuals.iter().map(|record| record.x)).unwrap_or(both);
        let y = extent(residuals.iter().map(|record| record.y).chain([0.0])).unwrap_or(both);
        let mut panel = Panel::new(
            theme,
            parts[1],
            format!("{}-residuals", canvas.id),
            Axis { label: "ŷ, predicted".to_owned(), scale: Scale::linear(padded(x, 0.04)) },
            Axis { label: "y − ŷ".to_owned(), scale: Scale::linear(padded(y, 0.06)) },
        );
        push_records(&mut panel, &residuals, theme.series(0));
        let zero = panel.line(&[(panel.x.min, 0.0), (panel.x.max, 0.0)], &Stroke::new(theme.ink(), 1.4).dashed("5 3"));
        panel.inside.push(zero.with("class", "zero"));
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }

    fn draw_classes(
        &self,
        look: Look,
        names: &[String; 2],
        (outputs, is_weighed): (&[Vec<(f64, f64)>; 2], bool),
        threshold: Option<f64>,
    ) -> Result<Picture> {
        let theme = look.theme;
        let x =
            extent(outputs.iter().flatten().map(|(output, _)| *output)).ok_or(PlotError::Nothing { what: "record" })?;
        // Probabilities have an axis of their own, whatever occurs.
        let x = if x.0 >= 0.0 && x.1 <= 1.0 { (0.0, 1.0) } else { padded(x, 0.02) };
        let counts = [0, 1].map(|k: usize| histogram(&outputs[k], x));
        let most = counts.iter().flatten().copied().fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let records = |of: &[(f64, f64)]| match is_weighed {
            false => format!("{} records", of.len()),
            true => format!("{} records, of the weight {}", of.len(), short(of.iter().map(|(_, v)| v).sum(), 6)),
        };
        let keys = [0, 1].map(|k: usize| Key {
            label: format!("{} ({})", names[k], records(&outputs[k])),
            swatch: Swatch::Area { colour: theme.series(k).to_owned() },
        });
        let mut canvas = Canvas::new(look, "fit", &self.words, &keys);
        let mut panel = Panel::counts(
            theme,
            canvas.body,
            format!("{}-clip", canvas.id),
            Axis { label: self.output_label.clone(), scale: Scale::linear(x) },
            Axis {
                label: match is_weighed {
                    false => "records: above of the class, below of the others".to_owned(),
                    true => "weight of the records: above of the class, below of the others".to_owned(),
                },
                scale: Scale::linear((-most * 1.05, most * 1.05)),
            },
        );
        let zero = panel.y.place(0.0).unwrap_or(0.0);
        for (k, counts) in counts.iter().enumerate() {
            for (bar, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                let at = |k: usize| x.0 + (x.1 - x.0) * k as f64 / BARS as f64;
                let height = if k == 0 { *count } else { -*count };
                let (Some(left), Some(right), Some(end)) =
                    (panel.x.place(at(bar)), panel.x.place(at(bar + 1)), panel.y.place(height))
                else {
                    continue;
                };
                let rect = Element::new("rect")
                    .px("x", left + 0.5)
                    .px("y", zero.min(end))
                    .px("width", (right - left - 1.0).max(0.5))
                    .px("height", (zero - end).abs())
                    .with("fill", theme.series(k))
                    .with("class", if k == 0 { "of-class" } else { "of-others" })
                    .data("from", at(bar))
                    .data("to", at(bar + 1))
                    .with("data-count", count);
                panel.inside.push(rect);
            }
        }
        let line = panel.line(&[(x.0, 0.0), (x.1, 0.0)], &Stroke::new(theme.ink(), 1.0));
        panel.inside.push(line);
        if let Some(at) = threshold {
            let stroke = Stroke::new(theme.ink(), 1.5).dashed("5 3");
            let line = panel.line(&[(at, panel.y.min), (at, panel.y.max)], &stroke).with("class", "threshold");
            panel.inside.push(line.data("x", at));
        }
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }
}

/// Two parts: side by side, or one below the other where the page is narrow.
pub(crate) fn parts_of(body: Rect) -> Vec<Rect> {
    if body.width() >= 1.1 * body.height() { body.columns(2, 18.0) } else { body.rows(2, 14.0) }
}

pub(crate) fn point_key(label: &str, colour: &str) -> Key {
    Key { label: label.to_owned(), swatch: Swatch::Point { shape: Shape::Circle, colour: colour.to_owned() } }
}

/// Records one by one, or how many there are in each square.
fn push_records(panel: &mut Panel, records: &[FitRecord], colour: &str) {
    let mut group = Element::group("records").with("data-n", records.len());
    if records.len() <= MOST_POINTS {
        let opacity = if records.len() > 300 { 0.55 } else { 0.85 };
        for record in records {
            let Some((x, y)) = panel.place(record.at()) else { continue };
            let dot = Element::new("circle").px("cx", x).px("cy", y).px("r", 2.6).with("class", "record");
            group.push(dot.data("x", record.x).data("y", record.y));
        }
        panel.inside.push(group.with("fill", colour).with("fill-opacity", opacity));
        return;
    }
    let area = panel.area;
    let (nx, ny) = (SQUARES, (SQUARES as f64 * area.height() / area.width()).round().clamp(8.0, 140.0) as usize);
    let mut counts = vec![0.0_f64; nx * ny];
    for record in records {
        let Some((x, y)) = panel.place(record.at()) else { continue };
        let index = |at: f64, n: usize| ((at * n as f64) as usize).min(n - 1);
        let (i, j) = (index((x - area.left) / area.width(), nx), index((y - area.top) / area.height(), ny));
        counts[i * ny + j] += record.weight;
    }
    let counted = || counts.iter().copied().filter(|count| *count > 0.0);
    let (least, most) = (counted().fold(f64::INFINITY, f64::min), counted().fold(0.0, f64::max));
    let (wide, high) = (area.width() / nx as f64, area.height() / ny as f64);
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        // By ratios: a square of one record is seen beside one of a thousand.
        let share = if most > least { (count / least).ln() / (most / least).ln() } else { 1.0 };
        let (i, j) = (at / ny, at % ny);
        let square = Element::new("rect")
            .px("x", area.left + i as f64 * wide)
            .px("y", area.top + j as f64 * high)
            .px("width", wide + 0.2)
            .px("height", high + 0.2)
            .with("fill-opacity", format!("{:.2}", 0.18 + 0.82 * share))
            .with("data-count", count);
        group.push(square);
    }
    panel.inside.push(group.with("fill", colour));
}

/// How often values count in each of equal parts of a range.
fn histogram(values: &[(f64, f64)], (low, high): (f64, f64)) -> Vec<f64> {
    let mut counts = vec![0.0; BARS];
    for (value, weight) in values.iter().filter(|(value, _)| value.is_finite()) {
        let share = (value - low) / (high - low);
        counts[((share * BARS as f64) as usize).min(BARS - 1)] += weight;
    }
    counts
}
