//! A picture as PDF: one page of paths. Text becomes outlines, so that it looks the same on every machine.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};
use resvg::tiny_skia::{Path as Outline, PathSegment, Point};
use resvg::usvg::{Fill, FillRule, Group, LineCap, LineJoin, Node, Paint, PaintOrder, Path, Stroke, Transform, Tree};

use crate::error::{PlotError, Result};

/// The page of a tree, a pixel being a point.
///
/// Errors: what pictures of this library do not have, such as a gradient.
pub(crate) fn to_pdf(tree: &Tree, title: &str) -> Result<Vec<u8>> {
    let (width, height) = (tree.size().width(), tree.size().height());
    let mut page = Page { content: Content::new(), alphas: Vec::new() };
    // SVG counts from the top.
    page.content.transform([1.0, 0.0, 0.0, -1.0, 0.0, height]);
    page.group(tree.root(), 1.0)?;
    let Page { content, alphas } = page;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let failed = |error: std::io::Error| PlotError::Convert { form: "PDF", reason: error.to_string() };
    encoder.write_all(&content.finish()).map_err(failed)?;
    let packed = encoder.finish().map_err(failed)?;
    let [catalog, pages, only, of_content, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let state = |k: usize| Ref::new(6 + k as i32);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([only]).count(1);
    let mut page = pdf.page(only);
    page.media_box(Rect::new(0.0, 0.0, width, height)).parent(pages).contents(of_content);
    let mut resources = page.resources();
    let mut states = resources.ext_g_states();
    for k in 0..alphas.len() {
        states.pair(Name(state_name(k).as_bytes()), state(k));
    }
    states.finish();
    resources.finish();
    page.finish();
    for (k, (fill, stroke)) in alphas.iter().enumerate() {
        pdf.ext_graphics(state(k)).non_stroking_alpha(*fill).stroking_alpha(*stroke);
    }
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("deltarule"));
    pdf.stream(of_content, &packed).filter(Filter::FlateDecode);
    Ok(pdf.finish())
}

fn state_name(k: usize) -> String {
    format!("a{k}")
}

/// A page under way.
struct Page {
    content: Content,
    /// How opaque what is filled and what is stroked can be, in the order in which they came up.
    alphas: Vec<(f32, f32)>,
}

impl Page {
    fn group(&mut self, group: &Group, opacity: f32) -> Result<()> {
        let opacity = opacity * group.opacity().get();
        self.content.save_state();
        self.transform(group.transform());
        if let Some(clip) = group.clip_path() {
            self.clip(clip.root(), clip.transform());
            self.content.clip_nonzero();
            self.content.end_path();
        }
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group, opacity)?,
                Node::Path(path) => self.path(path, opacity)?,
                Node::Text(text) => self.group(text.flattened(), opacity)?,
                Node::Image(_) => {
                    return Err(PlotError::Convert { form: "PDF", reason: "it has an image in it".to_owned() });
                }
            }
        }
        self.content.restore_state();
        Ok(())
    }

    /// The outlines within which drawing goes on.
    fn clip(&mut self, group: &Group, transform: Transform) {
        let transform = transform.pre_concat(group.transform());
        for node in group.children() {
            match node {
                Node::Group(group) => self.clip(group, transform),
                Node::Path(path) => {
                    if let Some(outline) = path.data().clone().transform(transform) {
                        self.outline(&outline);
                    }
                }
                Node::Text(_) | Node::Image(_) => {}
            }
        }
    }

    fn transform(&mut self, t: Transform) {
        if !t.is_identity() {
            self.content.transform([t.sx, t.ky, t.kx, t.sy, t.tx, t.ty]);
        }
    }

    fn path(&mut self, path: &Path, opacity: f32) -> Result<()> {
        if !path.is_visible() {
            return Ok(());
        }
        let alpha = |of: Option<f32>| opacity * of.unwrap_or(1.0);
        let of_fill = alpha(path.fill().map(|fill| fill.opacity().get()));
        let of_stroke = alpha(path.stroke().map(|stroke| stroke.opacity().get()));
        self.alpha(of_fill, of_stroke);
        let order = match path.paint_order() {
            PaintOrder::FillAndStroke => [true, false],
            PaintOrder::StrokeAndFill => [false, true],
        };
        for is_fill in order {
            match (is_fill, path.fill(), path.stroke()) {
                (true, Some(fill), _) => self.fill(path.data(), fill)?,
                (false, _, Some(stroke)) => self.stroke(path.data(), stroke)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn alpha(&mut self, fill: f32, stroke: f32) {
        let k = self.alphas.iter().position(|alpha| *alpha == (fill, stroke)).unwrap_or_else(|| {
            self.alphas.push((fill, stroke));
            self.alphas.len() - 1
        });
        self.content.set_parameters(Name(state_name(k).as_bytes()));
    }

    fn fill(&mut self, outline: &Outline, fill: &Fill) -> Result<()> {
        let [r, g, b] = colour(fill.paint())?;
        self.content.set_fill_rgb(r, g, b);
        self.outline(outline);
        match fill.rule() {
            FillRule::NonZero => self.content.fill_nonzero(),
            FillRule::EvenOdd => self.content.fill_even_odd(),
        };
        Ok(())
    }

    fn stroke(&mut self, outline: &Outline, stroke: &Stroke) -> Result<()> {
        let [r, g, b] = colour(stroke.paint())?;
        self.content.set_stroke_rgb(r, g, b);
        self.content.set_line_width(stroke.width().get());
        let dashes = stroke.dasharray().unwrap_or_default();
        self.content.set_dash_pattern(dashes.iter().copied(), stroke.dashoffset());
        self.content.set_line_cap(match stroke.linecap() {
            LineCap::Butt => LineCapStyle::ButtCap,
            LineCap::Round => LineCapStyle::RoundCap,
            LineCap::Square => LineCapStyle::ProjectingSquareCap,
        });
        self.content.set_line_join(match stroke.linejoin() {
            LineJoin::Round => LineJoinStyle::RoundJoin,
            LineJoin::Bevel => LineJoinStyle::BevelJoin,
            LineJoin::Miter | LineJoin::MiterClip => LineJoinStyle::MiterJoin,
        });
        self.outline(outline);
        self.content.stroke();
        Ok(())
    }

    fn outline(&mut self, outline: &Outline) {
        let mut at = Point::zero();
        for segment in outline.segments() {
            match segment {
                PathSegment::MoveTo(p) => {
                    self.content.move_to(p.x, p.y);
                    at = p;
                }
                PathSegment::LineTo(p) => {
                    self.content.line_to(p.x, p.y);
                    at = p;
                }
                PathSegment::QuadTo(c, p) => {
                    // PDF has cubic curves only.
                    let toward =
                        |from: Point| (from.x + 2.0 / 3.0 * (c.x - from.x), from.y + 2.0 / 3.0 * (c.y - from.y));
                    let ((x1, y1), (x2, y2)) = (toward(at), toward(p));
                    self.content.cubic_to(x1, y1, x2, y2, p.x, p.y);
                    at = p;
                }
                PathSegment::CubicTo(c1, c2, p) => {
                    self.content.cubic_to(c1.x, c1.y, c2.x, c2.y, p.x, p.y);
                    at = p;
                }
                PathSegment::Close => {
                    self.content.close_path();
                }
            }
        }
    }
}

fn colour(paint: &Paint) -> Result<[f32; 3]> {
    match paint {
        Paint::Color(colour) => Ok([colour.red, colour.green, colour.blue].map(|part| f32::from(part) / 255.0)),
        _ => Err(PlotError::Convert { form: "PDF", reason: "it has a gradient or a pattern in it".to_owned() }),
    }
}
