//! An activation function f and its derivative f'.

use crate::canvas::{Canvas, Key, Look, Swatch, Words};
use crate::error::{PlotError, Result};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, padded};

/// f and f'.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Function {
    /// What stands around it.
    pub words: Words,
    /// f written out.
    pub value_label: String,
    /// f' written out.
    pub derivative_label: String,
    /// h, f(h) and f'(h), by ascending h; not finite where there is none.
    pub points: Vec<(f64, f64, f64)>,
    /// Places between two of the points at which f or f' jumps: lines have a gap there.
    pub jumps: Vec<f64>,
}

impl Function {
    /// Draws it.
    ///
    /// Errors: no finite value.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        let theme = look.theme;
        let [first, .., last] = &self.points[..] else { return Err(PlotError::Nothing { what: "h" }) };
        let y = self.range().ok_or(PlotError::Nothing { what: "f(h)" })?;
        let keys = [(&self.value_label, 0, 2.4), (&self.derivative_label, 1, 2.0)].map(|(label, k, width)| Key {
            label: label.clone(),
            swatch: Swatch::Line { colour: theme.series(k).to_owned(), dashes: theme.dashes(k), width },
        });
        let mut canvas = Canvas::new(look, "activation", &self.words, &keys);
        let mut panel = Panel::new(
            theme,
            canvas.body,
            format!("{}-clip", canvas.id),
            Axis { label: "h = Σ w x + b".to_owned(), scale: Scale::linear((first.0, last.0)) },
            Axis { label: "f(h), f'(h)".to_owned(), scale: Scale::linear(padded(y, 0.06)) },
        );
        for zero in [[(first.0, 0.0), (last.0, 0.0)], [(0.0, panel.y.min), (0.0, panel.y.max)]] {
            let line = panel.line(&zero, &Stroke::new(theme.muted(), 1.0));
            panel.inside.push(line);
        }
        for (k, class) in ["value", "derivative"].into_iter().enumerate() {
            let at = |(h, f, slope): &(f64, f64, f64)| (*h, if k == 0 { *f } else { *slope });
            let mut line: Vec<(f64, f64)> = Vec::with_capacity(self.points.len());
            for pair in self.points.windows(2) {
                line.push(at(&pair[0]));
                if let Some(jump) = self.jumps.iter().find(|jump| pair[0].0 < **jump && **jump < pair[1].0) {
                    line.push((*jump, f64::NAN));
                }
            }
            line.push(at(last));
            let texts: Vec<String> = self.points.iter().map(at).map(|(h, y)| format!("{h},{y}")).collect();
            let stroke = Stroke::new(theme.series(k), if k == 0 { 2.4 } else { 2.0 }).dashed(theme.dashes(k));
            let element = panel.line(&line, &stroke).with("class", class).with("data-points", texts.join(" "));
            panel.inside.push(element);
        }
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }

    /// The values that most of the picture is about: one in twenty at either end may lie outside, where f or f' goes far.
    fn range(&self) -> Option<(f64, f64)> {
        let mut values: Vec<f64> =
            self.points.iter().flat_map(|(_, f, slope)| [*f, *slope]).filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (first, last) = (*values.first()?, *values.last()?);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        let (low, high) = (at(0.05), at(0.95));
        let room = (high - low).max(1e-9 * high.abs().max(low.abs()));
        Some((first.max(low - 1.5 * room), last.min(high + 1.5 * room)))
    }
}
