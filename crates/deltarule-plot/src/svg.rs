//! Elements of SVG as text: escaped, and with few digits where they are pixels.

use std::fmt::{Display, Write as _};

/// An element with its attributes and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: String::new(), content: String::new() }
    }

    /// A group of a class.
    pub(crate) fn group(class: &str) -> Self {
        Self::new("g").with("class", class)
    }

    /// An attribute.
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        // Writing into a String cannot fail.
        let _ = write!(self.attributes, " {name}=\"{}\"", escaped(&value.to_string()));
        self
    }

    /// A length or a place, in pixels.
    pub(crate) fn px(self, name: &str, value: f64) -> Self {
        let text = px(value);
        self.with(name, text)
    }

    /// A number of the data, with all its digits.
    pub(crate) fn data(self, name: &str, value: f64) -> Self {
        self.with(&format!("data-{name}"), value)
    }

    /// An attribute, if there is a value for it.
    pub(crate) fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Text in the element.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.content.push_str(&escaped(text));
        self
    }

    /// An element in this one.
    pub(crate) fn child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    pub(crate) fn push(&mut self, child: Element) {
        child.write(&mut self.content);
    }

    fn write(&self, into: &mut String) {
        let Self { name, attributes, content } = self;
        let _ = match content.is_empty() {
            true => write!(into, "<{name}{attributes}/>"),
            false => write!(into, "<{name}{attributes}>{content}</{name}>"),
        };
        if matches!(*name, "g" | "path" | "text" | "circle" | "rect" | "title" | "desc" | "defs") {
            into.push('\n');
        }
    }

    pub(crate) fn into_text(self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }
}

/// A number of pixels: two decimals are finer than any screen.
pub(crate) fn px(value: f64) -> String {
    // What lies far outside is cut off by the frame; beyond this renderers lose count.
    let value = if value.is_finite() { value.clamp(-1e5, 1e5) } else { 0.0 };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `d` of a path through some places; a new piece begins where one is missing.
pub(crate) fn polyline(places: impl IntoIterator<Item = Option<(f64, f64)>>) -> String {
    let mut d = String::new();
    let mut pen_is_down = false;
    for place in places {
        match place {
            Some((x, y)) => {
                let _ = write!(d, "{}{} {}", if pen_is_down { "L" } else { "M" }, px(x), px(y));
                pen_is_down = true;
            }
            None => pen_is_down = false,
        }
    }
    d
}

/// Text as XML has it; what XML cannot have becomes a space.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_safe() {
        let element = Element::new("text").with("data-name", "a<b>&\"c\"\u{0}").text("x < 1 & y\u{7}");
        assert_eq!(element.into_text(), "<text data-name=\"a&lt;b&gt;&amp;&quot;c&quot; \">x &lt; 1 &amp; y </text>\n");
        assert_eq!(
            (px(-0.001), px(1.5), px(f64::NAN), px(1e300)),
            ("0".into(), "1.5".into(), "0".into(), "100000".into())
        );
        assert_eq!(polyline([Some((0.0, 1.0)), Some((2.0, 3.0)), None, Some((4.0, 5.0))]), "M0 1L2 3M4 5");
    }
}
