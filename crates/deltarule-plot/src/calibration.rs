//! How far probabilities can be believed, and what a threshold does.

use crate::canvas::{Canvas, Key, Look, Shape, Swatch, Words};
use crate::error::{PlotError, Result};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, short};
use crate::svg::Element;

/// Probabilities of one class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibration {
    /// What stands around it.
    pub words: Words,
    /// The class.
    pub class: String,
    /// Groups of records of about the same p; only those with a record.
    pub groups: Vec<Group>,
    /// What follows from each threshold, by ascending threshold.
    pub decisions: Vec<Decision>,
    /// The area under the curve; `None` where there is only one class.
    pub auc: Option<f64>,
    /// The threshold that is looked at.
    pub threshold: f64,
}

/// Records of about the same p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// The mean of p.
    pub mean_p: f64,
    /// The share of them that is of the class.
    pub share: f64,
    /// How many they are.
    pub n: u64,
    /// As how many records that count alike they are worth, (Σv)²/Σv² for weights v; `n` where all count alike. Source: Kish 1965.
    pub effective: f64,
}

/// What follows from a threshold; nothing where it would be a share of no record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// p is at least this.
    pub threshold: f64,
    /// The share of the class that is found.
    pub recall: Option<f64>,
    /// The share of the others that is taken for it.
    pub false_alarms: Option<f64>,
    /// The share of what is called so that is so.
    pub precision: Option<f64>,
    /// 2·precision·recall/(precision + recall).
    pub f1: Option<f64>,
}

/// z of an interval that holds 95 of 100.
const Z: f64 = 1.959_963_984_540_054;

impl Group {
    /// Where the true share lies, 95 times of 100. Source: Wilson 1927.
    fn interval(&self) -> (f64, f64) {
        let (n, p, z2) = (self.effective, self.share, Z * Z);
        let center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        ((center - half).max(0.0), (center + half).min(1.0))
    }
}

impl Calibration {
    /// Draws it.
    ///
    /// Errors: no record.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        if self.groups.is_empty() || self.decisions.is_empty() {
            return Err(PlotError::Nothing { what: "record with a probability" });
        }
        let theme = look.theme;
        let line = |label: &str, k: usize| Key {
            label: label.to_owned(),
            swatch: Swatch::Line { colour: theme.series(k).to_owned(), dashes: theme.dashes(k), width: 2.0 },
        };
        let keys = [
            Key {
                label: "groups of p, and where the true share lies 95 times of 100".to_owned(),
                swatch: Swatch::Point { shape: Shape::Circle, colour: theme.series(0).to_owned() },
            },
            line("precision", 0),
            line("recall", 1),
            line("F1", 2),
            Key {
                label: format!("threshold {}", short(self.threshold, 3)),
                swatch: Swatch::Point { shape: Shape::Diamond, colour: theme.ink().to_owned() },
            },
        ];
        let mut canvas = Canvas::new(look, "calibration", &self.words, &keys);
        let body = canvas.body;
        let parts = if body.width() >= 1.5 * body.height() { body.columns(3, 14.0) } else { body.rows(3, 10.0) };
        let unit = || Scale::linear((0.0, 1.0));
        let name = |part: &str| format!("{}-{part}", canvas.id);
        let (p_label, share_label) = (format!("mean p of {}", self.class), format!("share that is {}", self.class));
        let mut panels = [
            (parts[0], name("groups"), p_label, share_label),
            (parts[1], name("roc"), "others taken for it".to_owned(), format!("{} that is found", self.class)),
            (parts[2], name("threshold"), "threshold of p".to_owned(), String::new()),
        ]
        .map(|(part, clip, x, y)| {
            Panel::new(theme, part, clip, Axis { label: x, scale: unit() }, Axis { label: y, scale: unit() })
        });
        let [groups, roc, threshold] = &mut panels;
        self.push_groups(groups);
        self.push_roc(roc);
        self.push_thresholds(threshold);
        for panel in panels {
            canvas.push(panel.finish());
        }
        Ok(canvas.finish())
    }

    fn push_groups(&self, panel: &mut Panel) {
        let theme = panel.theme;
        let diagonal = panel.line(&[(0.0, 0.0), (1.0, 1.0)], &Stroke::new(theme.muted(), 1.2).dashed("5 3"));
        panel.inside.push(diagonal);
        let points: Vec<(f64, f64)> = self.groups.iter().map(|group| (group.mean_p, group.share)).collect();
        let line = panel.line(&points, &Stroke::new(theme.series(0), 1.4));
        panel.inside.push(line);
        for (group, at) in self.groups.iter().zip(points) {
            let (low, high) = group.interval();
            let bar =
                panel.line(&[(at.0, low), (at.0, high)], &Stroke::new(theme.series(0), 1.2)).with("class", "interval");
            panel.inside.push(bar.data("low", low).data("high", high));
            let point = panel.marker(Shape::Circle, at, 4.2, theme.series(0));
            point.into_iter().for_each(|point| panel.over.push(point.with("class", "group").with("data-n", group.n)));
        }
    }

    fn push_roc(&self, panel: &mut Panel) {
        let theme = panel.theme;
        let diagonal = panel.line(&[(0.0, 0.0), (1.0, 1.0)], &Stroke::new(theme.muted(), 1.2).dashed("5 3"));
        panel.inside.push(diagonal);
        // From a threshold that no one reaches to one that everyone does.
        let at = |decision: &Decision| Some((decision.false_alarms?, decision.recall?));
        let mut points: Vec<(f64, f64)> = self.decisions.iter().rev().filter_map(at).collect();
        if !points.is_empty() {
            points.insert(0, (0.0, 0.0));
        }
        points.dedup();
        let texts: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let line = panel.line(&points, &Stroke::new(theme.series(0), 2.2)).with("class", "roc");
        panel.inside.push(line.with("data-points", texts.join(" ")));
        let chosen = self.chosen().and_then(at);
        let mark = chosen.and_then(|at| panel.marker(Shape::Diamond, at, 5.0, theme.ink()));
        mark.into_iter().for_each(|mark| panel.over.push(mark.with("class", "chosen")));
        if let (Some(auc), Some(place)) = (self.auc, panel.place((1.0, 0.0))) {
            let text = panel.note(&format!("ROC, AUC {}", short(auc, 4)), place, &[(-8.0, -10.0)], &[]);
            panel.over.push(text.with("class", "auc").data("auc", auc));
        }
    }

    fn push_thresholds(&self, panel: &mut Panel) {
        type Pick = fn(&Decision) -> Option<f64>;
        let theme = panel.theme;
        let picks: [(&str, Pick); 3] = [
            ("precision", |decision| decision.precision),
            ("recall", |decision| decision.recall),
            ("f1", |decision| decision.f1),
        ];
        for (k, (class, pick)) in picks.into_iter().enumerate() {
            let points: Vec<(f64, f64)> =
                self.decisions.iter().map(|d| (d.threshold, pick(d).unwrap_or(f64::NAN))).collect();
            let stroke = Stroke::new(theme.series(k), 2.0).dashed(theme.dashes(k));
            let line = panel.line(&points, &stroke).with("class", class);
            panel.inside.push(line);
            let at = self.chosen().and_then(|chosen| Some((chosen.threshold, pick(chosen)?)));
            let mark = at.and_then(|at| panel.marker(Shape::Diamond, at, 4.0, theme.ink()));
            mark.into_iter().for_each(|mark| panel.over.push(mark.with("class", "chosen")));
        }
        let stroke = Stroke::new(theme.muted(), 1.2).dashed("5 3");
        let line: Element = panel.line(&[(self.threshold, 0.0), (self.threshold, 1.0)], &stroke);
        panel.inside.push(line);
    }

    fn chosen(&self) -> Option<&Decision> {
        let distance = |decision: &&Decision| (decision.threshold - self.threshold).abs();
        self.decisions.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}
