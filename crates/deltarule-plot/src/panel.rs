//! Axes, and what is drawn between them.

use crate::canvas::{LINE, Rect, Shape, label, point};
use crate::scale::{Kind, Scale, Tick, superscript};
use crate::svg::{Element, polyline};
use crate::text::{Weight, fitted, width, wrapped};
use crate::theme::Theme;

/// An axis to be drawn.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) scale: Scale,
}

/// How a line is drawn.
#[derive(Debug, Clone)]
pub(crate) struct Stroke<'a> {
    pub(crate) colour: &'a str,
    pub(crate) width: f64,
    pub(crate) dashes: &'a str,
}

impl<'a> Stroke<'a> {
    pub(crate) fn new(colour: &'a str, width: f64) -> Self {
        Self { colour, width, dashes: "" }
    }

    pub(crate) fn dashed(self, dashes: &'a str) -> Self {
        Self { dashes, ..self }
    }
}

/// Two axes with what is between them.
pub(crate) struct Panel {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) area: Rect,
    pub(crate) theme: Theme,
    clip: String,
    frame: Element,
    /// What is cut off at the frame.
    pub(crate) inside: Element,
    /// What is not.
    pub(crate) over: Element,
}

const TICK: f64 = 11.0;
const NOTE_TEXT: f64 = 11.5;
/// How far the lines of what an axis is called are apart.
const TITLE_LINE: f64 = 15.0;

impl Panel {
    /// Axes within a part of a page; `clip` is a name that no other panel of the page has.
    pub(crate) fn new(theme: Theme, within: Rect, clip: String, x: Axis, y: Axis) -> Self {
        let height_guess = (within.height() - 45.0).max(30.0);
        let ticks = y.scale.ticks((height_guess / 48.0).clamp(2.0, 9.0) as usize);
        Self::with_ticks(theme, within, clip, x, y, ticks)
    }

    /// The same for counts that go up and down from 0: whole numbers, and how many there are has no sign.
    pub(crate) fn counts(theme: Theme, within: Rect, clip: String, x: Axis, y: Axis) -> Self {
        let wanted = ((within.height() - 45.0).max(30.0) / 48.0).clamp(2.0, 9.0);
        // Of few there are no more than so many whole numbers.
        let (ticks, power) = y.scale.ticks(wanted.min((y.scale.max - y.scale.min).ceil() + 1.0) as usize);
        let unsigned = |tick: Tick| Tick { label: tick.label.trim_start_matches('−').to_owned(), ..tick };
        Self::with_ticks(theme, within, clip, x, y, (ticks.into_iter().map(unsigned).collect(), power))
    }

    /// The same for rows that stand one below the other, which have no numbers.
    pub(crate) fn bars(theme: Theme, within: Rect, clip: String, x: Axis, rows: Axis) -> Self {
        Self::with_ticks(theme, within, clip, x, rows, (Vec::new(), 0))
    }

    fn with_ticks(theme: Theme, within: Rect, clip: String, x: Axis, y: Axis, y_ticks: (Vec<Tick>, i32)) -> Self {
        let (y_ticks, y_power) = y_ticks;
        let widest = y_ticks.iter().map(|tick| width(&tick.label, TICK, Weight::Regular)).fold(0.0, f64::max);
        // A long name has a second line, here and below.
        let tall = (within.height() - 45.0).max(60.0);
        let y_lines = wrapped(&with_power(&y.label, y_power), tall, LINE, Weight::Regular);
        let y_lines = if y_lines.len() > 2 { vec![fitted(&y.label, tall, LINE, Weight::Regular)] } else { y_lines };
        let label_room = if y.label.is_empty() { 4.0 } else { 7.0 + TITLE_LINE * y_lines.len() as f64 };
        let (left, right) = ((within.left + label_room + widest + 8.0).min(within.right - 30.0), within.right - 6.0);
        let x_scale = x.scale.between(left, right);
        let (x_ticks, x_power) = spaced_ticks(&x_scale, right - left);
        let x_label = with_power(&x.label, x_power);
        let x_lines = wrapped(&x_label, right - left, LINE, Weight::Regular);
        let x_lines =
            if x_lines.len() > 2 { vec![fitted(&x_label, right - left, LINE, Weight::Regular)] } else { x_lines };
        let (top, room) = (within.top + 4.0, if x_lines.is_empty() { 20.0 } else { 40.0 });
        let bottom = within.bottom - room - TITLE_LINE * x_lines.len().saturating_sub(1) as f64;
        let area = Rect { left, top, right, bottom: bottom.max(top + 20.0) };
        let y_scale = y.scale.between(area.bottom, area.top);
        let mut frame = Element::group("axes")
            .data("x-min", x_scale.min)
            .data("x-max", x_scale.max)
            .px("data-x-start", x_scale.start)
            .px("data-x-end", x_scale.end)
            .with("data-x-scale", kind_name(x_scale.kind))
            .data("y-min", y_scale.min)
            .data("y-max", y_scale.max)
            .px("data-y-start", y_scale.start)
            .px("data-y-end", y_scale.end)
            .with("data-y-scale", kind_name(y_scale.kind));
        let line = |from: (f64, f64), to: (f64, f64), colour: &str| {
            Element::new("path")
                .with("d", polyline([Some(from), Some(to)]))
                .with("stroke", colour)
                .with("stroke-width", 1)
        };
        for tick in &x_ticks {
            let Some(at) = x_scale.place(tick.value) else { continue };
            frame.push(line((at, area.top), (at, area.bottom), theme.grid()));
            let text = label(&tick.label, at, area.bottom + 15.0, TICK, theme.muted());
            frame.push(text.with("text-anchor", "middle"));
        }
        for tick in &y_ticks {
            let Some(at) = y_scale.place(tick.value) else { continue };
            frame.push(line((area.left, at), (area.right, at), theme.grid()));
            let text = label(&tick.label, area.left - 6.0, at + 4.0, TICK, theme.muted());
            frame.push(text.with("text-anchor", "end"));
        }
        let middle = (area.left + area.right) / 2.0;
        for (k, text) in x_lines.iter().enumerate() {
            let at = area.bottom + 33.0 + TITLE_LINE * k as f64;
            let text = label(text, middle, at, LINE, theme.ink());
            frame.push(text.with("text-anchor", "middle").with("class", "x-label"));
        }
        let at_y = (area.top + area.bottom) / 2.0;
        for (k, text) in y_lines.iter().enumerate() {
            let at_x = within.left + 11.0 + TITLE_LINE * k as f64;
            frame.push(
                label(text, at_x, at_y, LINE, theme.ink())
                    .with("text-anchor", "middle")
                    .with("class", "y-label")
                    .with("transform", format!("rotate(-90 {at_x:.2} {at_y:.2})")),
            );
        }
        let inside = Element::group("inside").with("clip-path", format!("url(#{clip})"));
        Self { x: x_scale, y: y_scale, area, theme, clip, frame, inside, over: Element::group("over") }
    }

    /// Where a point stands.
    pub(crate) fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }

    /// A line through points; a gap where one has no place.
    pub(crate) fn line(&self, points: &[(f64, f64)], stroke: &Stroke<'_>) -> Element {
        self.stroked(polyline(points.iter().map(|&at| self.place(at))), stroke)
    }

    /// A path of pixels.
    pub(crate) fn stroked(&self, d: String, stroke: &Stroke<'_>) -> Element {
        Element::new("path")
            .with("d", d)
            .with("fill", "none")
            .with("stroke", stroke.colour)
            .with("stroke-width", stroke.width)
            .with("stroke-linejoin", "round")
            .with_some("stroke-dasharray", Some(stroke.dashes).filter(|dashes| !dashes.is_empty()))
    }

    /// A point with its values; nothing where it has no place.
    pub(crate) fn marker(&self, shape: Shape, at: (f64, f64), size: f64, colour: &str) -> Option<Element> {
        let element = point(shape, self.place(at)?, size, colour, self.theme.page());
        Some(element.data("x", at.0).data("y", at.1))
    }

    /// An arrow between two places, in pixels, with an edge of the page's colour.
    pub(crate) fn arrow(&self, from: (f64, f64), to: (f64, f64), colour: &str, thick: f64) -> Element {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1e-9);
        let (ux, uy) = (dx / length, dy / length);
        // A step that is shorter than its head is all head.
        let head = (4.2 * thick).min(length);
        let (base_x, base_y) = (to.0 - ux * head, to.1 - uy * head);
        let half = 0.48 * head;
        let shaft = polyline([Some(from), Some((base_x, base_y))]);
        let corners = [to, (base_x - uy * half, base_y + ux * half), (base_x + uy * half, base_y - ux * half)];
        let tip = polyline(corners.map(Some)) + "Z";
        let page = self.theme.page();
        let line = |d: &str, colour: &str, width: f64| {
            Element::new("path").with("d", d).with("stroke", colour).with("stroke-width", width)
        };
        Element::group("arrow")
            .child(line(&shaft, page, thick + 2.4))
            .child(line(&tip, page, 2.4).with("fill", page))
            .child(line(&shaft, colour, thick))
            .child(Element::new("path").with("d", tip).with("fill", colour))
    }

    /// A place of a way: a dot without an edge, since there may be many next to each other.
    pub(crate) fn dot(&self, at: (f64, f64), colour: &str) -> Option<Element> {
        let (x, y) = self.place(at)?;
        let dot = Element::new("circle").px("cx", x).px("cy", y).px("r", 2.4).with("fill", colour);
        Some(dot.with("class", "path-point").data("x", at.0).data("y", at.1))
    }

    /// A text beside a place, kept within the frame, with an edge of the page's colour: on the first of some sides where it covers the fewest of what is drawn.
    pub(crate) fn note(&self, text: &str, at: (f64, f64), offsets: &[(f64, f64)], drawn: &[(f64, f64)]) -> Element {
        let text = fitted(text, (self.area.width() - 12.0).max(20.0), NOTE_TEXT, Weight::Regular);
        let wide = width(&text, NOTE_TEXT, Weight::Regular);
        let places = offsets.iter().map(|offset| {
            let x = if offset.0 < 0.0 { at.0 + offset.0 - wide } else { at.0 + offset.0 };
            let x = x.min(self.area.right - wide - 5.0).max(self.area.left + 5.0);
            let y = (at.1 + offset.1).clamp(self.area.top + 13.0, (self.area.bottom - 6.0).max(self.area.top + 13.0));
            (x, y)
        });
        let covers = |&(x, y): &(f64, f64)| {
            let (across, down) = (x - 4.0..x + wide + 4.0, y - 13.0..y + 6.0);
            drawn.iter().filter(|place| across.contains(&place.0) && down.contains(&place.1)).count()
        };
        let (x, y) = places.min_by_key(covers).unwrap_or(at);
        label(&text, x, y, NOTE_TEXT, self.theme.ink())
            .with("stroke", self.theme.page())
            .with("stroke-width", 3)
            .with("stroke-linejoin", "round")
            .with("paint-order", "stroke")
    }

    pub(crate) fn finish(self) -> Element {
        let Rect { left, top, right, bottom } = self.area;
        let rect =
            || Element::new("rect").px("x", left).px("y", top).px("width", right - left).px("height", bottom - top);
        Element::group("panel")
            .child(Element::new("defs").child(Element::new("clipPath").with("id", &self.clip).child(rect())))
            .child(self.frame)
            .child(self.inside)
            .child(rect().with("fill", "none").with("stroke", self.theme.muted()).with("stroke-width", 1))
            .child(self.over)
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Linear => "linear",
        Kind::Log => "log",
    }
}

/// The words beside an axis whose numbers are to be multiplied by a power of ten.
pub(crate) fn with_power(label: &str, power: i32) -> String {
    if power == 0 { label.to_owned() } else { format!("{label}  (×10{})", superscript(power)) }
}

/// As many numbers as have room beside each other.
fn spaced_ticks(scale: &Scale, wide: f64) -> (Vec<Tick>, i32) {
    let mut wanted = (wide / 70.0).clamp(2.0, 10.0) as usize;
    loop {
        let (ticks, power) = scale.ticks(wanted);
        let places: Vec<f64> = ticks.iter().filter_map(|tick| scale.place(tick.value)).collect();
        let apart = places.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
        let widest = ticks.iter().map(|tick| width(&tick.label, TICK, Weight::Regular)).fold(0.0, f64::max);
        if widest + 8.0 <= apart || wanted <= 1 {
            return (ticks, power);
        }
        wanted -= 1;
    }
}
