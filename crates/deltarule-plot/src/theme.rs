//! Colours: for light and dark pages, for colour-blind people, and for printers without colours.

/// Whether a picture stands on a light or a dark page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on black.
    Dark,
}

/// Lines of one picture are told apart by these. The colours are those of Okabe and Ito (Color Universal Design, 2008), in an order in which neighbours differ in
/// lightness too; yellow is too light for a white page, and black is nothing on a dark one.
const LIGHT: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DARK: [&str; 6] = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00"];
/// And by these, where colours are not seen.
const DASHES: [&str; 6] = ["", "7 3", "2 2.5", "9 3 2 3", "4 2", "12 4"];

impl Theme {
    pub(crate) fn page(self) -> &'static str {
        match self {
            Theme::Light => "#ffffff",
            Theme::Dark => "#16181d",
        }
    }

    /// Titles, labels, axes.
    pub(crate) fn ink(self) -> &'static str {
        match self {
            Theme::Light => "#1a1a1a",
            Theme::Dark => "#ececec",
        }
    }

    /// Notes and the numbers on axes.
    pub(crate) fn muted(self) -> &'static str {
        match self {
            Theme::Light => "#595959",
            Theme::Dark => "#a8adb5",
        }
    }

    pub(crate) fn grid(self) -> &'static str {
        match self {
            Theme::Light => "#e3e3e3",
            Theme::Dark => "#33373e",
        }
    }

    /// Colour `k` of lines that are told apart.
    pub(crate) fn series(self, k: usize) -> &'static str {
        match self {
            Theme::Light => LIGHT[k % LIGHT.len()],
            Theme::Dark => DARK[k % DARK.len()],
        }
    }

    /// Dashes of line `k`; nothing for an unbroken one.
    pub(crate) fn dashes(self, k: usize) -> &'static str {
        DASHES[k % DASHES.len()]
    }

    /// The colour of a share from 0 to 1: from dark to light, through blue, green and yellow, evenly for the eye and in grey.
    pub(crate) fn shade(self, share: f64) -> String {
        let t = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
        let (darkest, lightest) = match self {
            Theme::Light => (0.32, 0.97),
            Theme::Dark => (0.22, 0.84),
        };
        // A hue from blue-violet to yellow; the chroma is less at the ends, where a screen can show less.
        let (lightness, hue) = (darkest + (lightest - darkest) * t, 280.0 - 178.0 * t);
        oklch(lightness, 0.11 * (1.0 - (2.0 * t - 1.0).powi(4) * 0.45), hue)
    }

    /// Colours of lines in an order, as by η.
    pub(crate) fn ordered(self, k: usize, n: usize) -> String {
        let t = if n > 1 { k as f64 / (n - 1) as f64 } else { 0.0 };
        match self {
            Theme::Light => oklch(0.32 + 0.42 * t, 0.13, 285.0 - 225.0 * t),
            Theme::Dark => oklch(0.58 + 0.34 * t, 0.12, 285.0 - 185.0 * t),
        }
    }
}

/// A colour of even steps for the eye as one of the screen; less chroma where a screen cannot show it. Source: Ottosson, "A perceptual color space for image
/// processing" (2020).
fn oklch(lightness: f64, chroma: f64, hue: f64) -> String {
    let (sin, cos) = hue.to_radians().sin_cos();
    let mut chroma = chroma;
    loop {
        let (a, b) = (chroma * cos, chroma * sin);
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
        let linear = [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
        ];
        if chroma < 1e-3 || linear.iter().all(|x| (-1e-4..=1.0001).contains(x)) {
            let screen = |x: f64| {
                let x = x.clamp(0.0, 1.0);
                let x = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
                (x * 255.0).round() as u8
            };
            let [r, g, b] = linear.map(screen);
            return format!("#{r:02x}{g:02x}{b:02x}");
        }
        chroma *= 0.97;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How light a colour is in grey.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let x = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn shades_become_lighter_and_lighter_in_grey_too() {
        for theme in [Theme::Light, Theme::Dark] {
            let shades: Vec<f64> = (0..=50).map(|k| luminance(&theme.shade(f64::from(k) / 50.0))).collect();
            assert!(shades.windows(2).all(|pair| pair[0] < pair[1]), "{theme:?} {shades:?}");
            assert!(shades[50] > 8.0 * shades[0], "{theme:?}");
            let lines: Vec<f64> = (0..9).map(|k| luminance(&theme.ordered(k, 9))).collect();
            assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{theme:?} {lines:?}");
        }
        assert_eq!(Theme::Light.shade(f64::NAN), Theme::Light.shade(1.0));
    }

    #[test]
    fn what_is_written_can_be_read() {
        for theme in [Theme::Light, Theme::Dark] {
            let page = luminance(theme.page());
            let contrast = |colour: &str| {
                let (a, b) = (luminance(colour) + 0.05, page + 0.05);
                (a / b).max(b / a)
            };
            assert!(contrast(theme.ink()) > 12.0 && contrast(theme.muted()) > 6.0);
            assert!((0..6).all(|k| contrast(theme.series(k)) > 2.0), "{theme:?}");
        }
    }
}
