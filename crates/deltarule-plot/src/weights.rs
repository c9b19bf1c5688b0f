//! The weights of a network as bars, and the network itself.

use crate::canvas::{Canvas, Key, LINE, Look, Rect, Swatch, Words, label};
use crate::error::{PlotError, Result};
use crate::panel::{Axis, Panel, Stroke};
use crate::picture::Picture;
use crate::scale::{Scale, extent, short};
use crate::svg::{Element, px};
use crate::text::{Weight, fitted, width};

/// Weights of one output, the largest first or in the order of the inputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// What stands around it.
    pub words: Words,
    /// What the bars show.
    pub scaled_label: String,
    /// What the numbers beside them are; nothing where they are the same.
    pub original_label: Option<String>,
    /// The weights.
    pub rows: Vec<WeightRow>,
}

/// One weight.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightRow {
    /// The input.
    pub name: String,
    /// The weight that is descended in.
    pub scaled: f64,
    /// The weight in the units of the column.
    pub original: f64,
}

/// A row of text needs so much.
const ROW: f64 = 17.0;
const TEXT: f64 = 11.0;

impl Weights {
    /// How many rows have room on a page, at least one.
    pub fn rows_on(look: &Look) -> usize {
        // Title, lines, key, axis and notes.
        (((look.height - 190.0) / ROW) as usize).max(1)
    }

    /// Draws it.
    ///
    /// Errors: no weight that is finite.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        let theme = look.theme;
        let range = extent(self.rows.iter().map(|row| row.scaled).chain([0.0]));
        let (low, high) = range.filter(|_| !self.rows.is_empty()).ok_or(PlotError::Nothing { what: "weight" })?;
        let room = 0.04 * (high - low).max(1e-300);
        let keys = sign_keys(look);
        let mut canvas = Canvas::new(look, "weights", &self.words, &keys);
        let body = canvas.body;
        let size = |text: &str| width(text, TEXT, Weight::Regular);
        // Names keep a distance from the bars.
        let names = self.rows.iter().map(|row| size(&row.name) + 8.5).fold(30.0, f64::max).min(0.34 * body.width());
        let texts: Vec<String> = self.rows.iter().map(|row| short(row.original, 5)).collect();
        let numbers = match &self.original_label {
            Some(_) => texts.iter().map(|text| size(text)).fold(60.0, f64::max),
            None => 0.0,
        };
        // Above the numbers stands what they are.
        let top = body.top + if self.original_label.is_some() { 16.0 } else { 0.0 };
        let within = Rect { left: body.left + names, right: body.right - numbers - 8.0, top, ..body };
        let axis = Axis { label: self.scaled_label.clone(), scale: Scale::linear((low - room, high + room)) };
        // Rows stand one below the other: their axis has no numbers.
        let rows = Axis { label: String::new(), scale: Scale::linear((0.0, 1.0)) };
        let mut panel = Panel::bars(theme, within, format!("{}-clip", canvas.id), axis, rows);
        let area = panel.area;
        let each = area.height() / self.rows.len() as f64;
        // Of more rows than there is room for, letters are smaller instead of one above the other.
        let letters = TEXT.min(0.85 * each);
        let zero = panel.x.place(0.0).unwrap_or(area.left);
        for (k, (row, text)) in self.rows.iter().zip(&texts).enumerate() {
            let middle = area.top + (k as f64 + 0.5) * each;
            let Some(end) = panel.x.place(row.scaled) else { continue };
            let sign = usize::from(row.scaled < 0.0);
            let thick = (0.68 * each).min(16.0);
            let bar = Element::new("rect")
                .px("x", zero.min(end))
                .px("y", middle - thick / 2.0)
                .px("width", (end - zero).abs())
                .px("height", thick)
                .with("fill", theme.series(sign))
                .with("class", "weight")
                .with("data-name", &row.name)
                .data("scaled", row.scaled)
                .data("original", row.original);
            panel.inside.push(bar);
            let base = middle + 4.0 * letters / TEXT;
            let name = fitted(&row.name, names - 8.0, letters, Weight::Regular);
            let name = label(&name, area.left - 8.0, base, letters, theme.ink());
            panel.over.push(name.with("text-anchor", "end").with("class", "name"));
            if self.original_label.is_some() {
                let number = label(text, body.right, base, letters, theme.muted());
                panel.over.push(number.with("text-anchor", "end").with("class", "original"));
            }
        }
        let line = panel.line(&[(0.0, 0.0), (0.0, 1.0)], &Stroke::new(theme.ink(), 1.0));
        panel.inside.push(line);
        if let Some(text) = &self.original_label {
            let text = fitted(text, 0.6 * body.width(), TEXT, Weight::Regular);
            let head = label(&text, body.right, area.top - 6.0, TEXT, theme.muted());
            panel.over.push(head.with("text-anchor", "end"));
        }
        canvas.push(panel.finish());
        Ok(canvas.finish())
    }
}

fn sign_keys(look: Look) -> [Key; 2] {
    ["raises h", "lowers h"].map(|text| {
        let k = usize::from(text == "lowers h");
        Key { label: text.to_owned(), swatch: Swatch::Area { colour: look.theme.series(k).to_owned() } }
    })
}

/// A network: inputs on the left, outputs on the right, a line for each weight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// What stands around it.
    pub words: Words,
    /// The inputs that are drawn.
    pub inputs: Vec<String>,
    /// The outputs that are drawn.
    pub outputs: Vec<String>,
    /// f, in a few characters.
    pub activation: String,
    /// The weight from input i to output j at `j·inputs + i`.
    pub weights: Vec<f64>,
    /// The biases, where there are any.
    pub biases: Option<Vec<f64>>,
}

impl Network {
    /// How many inputs, and outputs, have room on a page.
    pub fn nodes_on(look: &Look) -> usize {
        (((look.height - 170.0) / 20.0) as usize).max(2)
    }

    /// Draws it.
    ///
    /// Errors: no input and no bias, no output; weights of another shape.
    pub fn draw(&self, look: Look) -> Result<Picture> {
        let (d, n_outputs) = (self.inputs.len(), self.outputs.len());
        let n_biases = self.biases.as_ref().map_or(n_outputs, Vec::len);
        if n_outputs == 0
            || (d == 0 && self.biases.is_none())
            || self.weights.len() != d * n_outputs
            || n_biases != n_outputs
        {
            return Err(PlotError::Nothing { what: "input or output of a network" });
        }
        let theme = look.theme;
        let keys = ["weight above 0", "below 0"].map(|text| {
            let k = usize::from(text == "below 0");
            let dashes = if k == 1 { "6 3" } else { "" };
            Key {
                label: text.to_owned(),
                swatch: Swatch::Line { colour: theme.series(k).to_owned(), dashes, width: 3.0 },
            }
        });
        let mut canvas = Canvas::new(look, "network", &self.words, &keys);
        let body = canvas.body;
        let size = |text: &String| width(text, LINE, Weight::Regular);
        let most = 0.3 * body.width();
        let n_left = d + usize::from(self.biases.is_some());
        let radius = (0.36 * body.height() / n_left.max(n_outputs) as f64).clamp(3.0, 15.0);
        let left = body.left + self.inputs.iter().map(size).fold(50.0, f64::max).min(most) + radius + 12.0;
        let outputs = self.outputs.iter().map(size).fold(30.0, f64::max).min(most);
        let right = (body.right - outputs - 118.0).max(left + 60.0);
        let place = |k: usize, n: usize| body.top + body.height() * (k as f64 + 0.5) / n as f64;
        let largest = self
            .weights
            .iter()
            .chain(self.biases.iter().flatten())
            .fold(0.0_f64, |most, w| if w.is_finite() { most.max(w.abs()) } else { most });
        let mut lines = Element::group("weights");
        let few = d * n_outputs <= 16;
        let mut texts = Element::group("values");
        let mut taken: Vec<((f64, f64), f64)> = Vec::new();
        for (j, output) in self.outputs.iter().enumerate() {
            let of_bias = self.biases.as_ref().map(|biases| (d, "(bias)", biases[j]));
            let of_inputs =
                self.inputs.iter().enumerate().map(|(i, input)| (i, input.as_str(), self.weights[j * d + i]));
            for (i, input, weight) in of_inputs.chain(of_bias) {
                let (from, to) = ((left, place(i, n_left)), (right, place(j, n_outputs)));
                let share = if largest > 0.0 && weight.is_finite() { weight.abs() / largest } else { 0.0 };
                let k = usize::from(weight < 0.0);
                let line = Element::new("path")
                    .with("d", format!("M{} {}L{} {}", px(from.0), px(from.1), px(to.0), px(to.1)))
                    .with("stroke", theme.series(k))
                    .with("stroke-width", format!("{:.2}", 0.4 + 7.0 * share))
                    .with("stroke-opacity", format!("{:.2}", 0.35 + 0.6 * share))
                    .with("class", "edge")
                    .with("data-input", input)
                    .with("data-output", output)
                    .data("weight", weight);
                lines.push(if k == 1 { line.with("stroke-dasharray", "6 3") } else { line });
                if few {
                    let text = short(weight, 4);
                    let half = (0.5 * width(&text, TEXT, Weight::Regular) + 4.0, 9.0);
                    let at = |share: f64| (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
                    // Where no other number stands yet, from near the inputs on.
                    let is_free = |at: &(f64, f64)| {
                        taken.iter().all(|(other, wide): &((f64, f64), f64)| {
                            (at.0 - other.0).abs() > half.0 + wide || (at.1 - other.1).abs() > 2.0 * half.1
                        })
                    };
                    let at = (4..14).map(|k| at(0.05 * f64::from(k))).find(is_free).unwrap_or_else(|| at(0.2));
                    taken.push((at, half.0));
                    let text = label(&text, at.0, at.1 + 4.0, TEXT, theme.ink()).with("text-anchor", "middle");
                    // Lines are as wide as weights are large: between digits they would be seen as signs.
                    let ground = Element::new("rect").px("x", at.0 - half.0 + 1.0).px("y", at.1 - 7.0);
                    let ground = ground.px("width", 2.0 * half.0 - 2.0).px("height", 14.0).with("rx", 3);
                    texts.push(ground.with("fill", theme.page()));
                    texts.push(text);
                }
            }
        }
        canvas.push(lines);
        canvas.push(texts);
        let mut nodes = Element::group("nodes");
        let bias = self.biases.is_some().then_some("1 (bias)");
        let letters = LINE.min(0.85 * body.height() / n_left as f64);
        for (i, input) in self.inputs.iter().map(String::as_str).chain(bias).enumerate() {
            let y = place(i, n_left);
            let node = Element::new("circle").px("cx", left).px("cy", y).px("r", radius);
            nodes.push(node.with("fill", theme.page()).with("stroke", theme.ink()).with("stroke-width", 1.4));
            let text = fitted(input, left - body.left - radius - 6.0, letters, Weight::Regular);
            let base = y + 4.0 * letters / LINE;
            nodes.push(label(&text, left - radius - 6.0, base, letters, theme.ink()).with("text-anchor", "end"));
        }
        for (j, output) in self.outputs.iter().enumerate() {
            self.push_output(&mut nodes, (right, place(j, n_outputs)), radius.max(9.0), output, outputs, look);
        }
        canvas.push(nodes);
        Ok(canvas.finish())
    }

    /// Σ, f, and the name of an output.
    fn push_output(&self, nodes: &mut Element, (x, y): (f64, f64), radius: f64, output: &str, room: f64, look: Look) {
        let theme = look.theme;
        let middle = |text: &str, at: f64, size: f64| {
            label(text, at, y + 0.36 * size, size, theme.ink()).with("text-anchor", "middle")
        };
        let circle = Element::new("circle").px("cx", x).px("cy", y).px("r", radius);
        nodes.push(circle.with("fill", theme.page()).with("stroke", theme.ink()).with("stroke-width", 1.6));
        nodes.push(middle("Σ", x, 1.2 * radius));
        let line = |from: f64, to: f64| {
            Element::new("path")
                .with("d", format!("M{} {}H{}", px(from), px(y), px(to)))
                .with("stroke", theme.ink())
                .with("stroke-width", 1.4)
        };
        let (box_left, box_wide) = (x + radius + 14.0, 62.0);
        nodes.push(line(x + radius, box_left));
        let frame =
            Element::new("rect").px("x", box_left).px("y", y - radius).px("width", box_wide).px("height", 2.0 * radius);
        nodes
            .push(frame.with("rx", 4).with("fill", theme.page()).with("stroke", theme.ink()).with("stroke-width", 1.4));
        let f = fitted(&self.activation, box_wide - 6.0, TEXT, Weight::Regular);
        nodes.push(middle(&f, box_left + box_wide / 2.0, TEXT));
        nodes.push(line(box_left + box_wide, box_left + box_wide + 12.0));
        let text = fitted(output, room, LINE, Weight::Regular);
        nodes.push(label(&text, box_left + box_wide + 16.0, y + 4.0, LINE, theme.ink()).with("class", "output"));
    }
}
