//! A finished picture, as SVG, PNG or PDF.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::canvas::Look;
use crate::error::{PlotError, Result};
use crate::pdf::to_pdf;
use crate::text::is_covered;

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    title: String,
    svg: String,
    look: Look,
}

/// A picture of more pixels than this is a mistake.
const MOST_PIXELS: f64 = 2e8;

impl Picture {
    pub(crate) fn new(title: String, svg: String, look: Look) -> Self {
        Self { title, svg, look }
    }

    /// As SVG, which can stand in a page of HTML or, after `<?xml …?>`, in a file.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// As a file of SVG.
    pub fn to_svg_file(&self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.svg)
    }

    /// As PNG, with so many pixels for each one of [`Look`]. Text is drawn with the font that comes with this library, and only characters which that lacks with
    /// those of the machine.
    ///
    /// Errors: more pixels than there can be.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>> {
        let (width, height) = ((self.look.width * scale).round(), (self.look.height * scale).round());
        if !(width >= 1.0 && height >= 1.0 && width * height <= MOST_PIXELS) {
            return Err(PlotError::Pixels { width, height });
        }
        let tree = self.tree()?;
        let mut pixels = Pixmap::new(width as u32, height as u32).ok_or(PlotError::Pixels { width, height })?;
        let factor = |pixels: f64, whole: f64| (pixels / whole) as f32;
        let transform = Transform::from_scale(factor(width, self.look.width), factor(height, self.look.height));
        resvg::render(&tree, transform, &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| PlotError::Convert { form: "PNG", reason: error.to_string() })
    }

    /// As PDF: one page, a pixel of [`Look`] being a point (1/72 inch); lines stay lines, and text becomes outlines.
    ///
    /// Errors: what the converter refuses.
    pub fn to_pdf(&self) -> Result<Vec<u8>> {
        to_pdf(&self.tree()?, &self.title)
    }

    fn tree(&self) -> Result<Tree> {
        let fontdb = if is_covered(&self.svg) { own_fonts() } else { all_fonts() };
        let options = Options { fontdb, font_family: "DejaVu Sans".to_owned(), ..Options::default() };
        Tree::from_str(&self.svg, &options)
            .map_err(|error| PlotError::Convert { form: "SVG", reason: error.to_string() })
    }
}

/// The fonts that come with this library: the same picture on every machine.
fn own_fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

/// These, and those of the machine for characters that they lack.
fn all_fonts() -> Arc<fontdb::Database> {
    let mut fonts = (*own_fonts()).clone();
    fonts.load_system_fonts();
    Arc::new(fonts)
}
