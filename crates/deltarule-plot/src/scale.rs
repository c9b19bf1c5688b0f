//! Axes: from values to places, and the numbers that stand beside them.

/// Whether equal distances are equal differences or equal ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Linear,
    Log,
}

/// One axis: values from `min` to `max` at places from `start` to `end`, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) kind: Kind,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) start: f64,
    pub(crate) end: f64,
}

/// A number beside an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// No axis goes further than this, so that differences are finite.
const LARGEST: f64 = 1e300;

/// The least and the largest finite value, if there is one.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((min, max)) => Some((f64::min(min, value), f64::max(max, value))),
    })
}

/// A range that has a width, wider by this share of it on each side.
pub(crate) fn padded((min, max): (f64, f64), share: f64) -> (f64, f64) {
    let (min, max) = (min.clamp(-LARGEST, LARGEST), max.clamp(-LARGEST, LARGEST));
    let size = min.abs().max(max.abs());
    let width = max - min;
    // Rounding alone is no width.
    if width <= 1e-12 * size || width < 1e-300 {
        let half = if size == 0.0 { 1.0 } else { (0.1 * size).max(1e-300) };
        return (min - half, max + half);
    }
    (min - share * width, max + share * width)
}

impl Scale {
    pub(crate) fn linear((min, max): (f64, f64)) -> Self {
        let (min, max) = padded((min, max), 0.0);
        Self { kind: Kind::Linear, min, max, start: 0.0, end: 1.0 }
    }

    /// Equal ratios; `None` where the least value is not above 0.
    pub(crate) fn log((min, max): (f64, f64)) -> Option<Self> {
        if !(min > 0.0 && max.is_finite()) {
            return None;
        }
        let (min, max) = if max / min < 1.05 { (min / 1.1, max * 1.1) } else { (min, max) };
        Some(Self { kind: Kind::Log, min: min.max(1e-300), max: max.min(LARGEST), start: 0.0, end: 1.0 })
    }

    pub(crate) fn between(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    /// Where a value stands; `None` for one that has no place.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        let share = match self.kind {
            Kind::Linear => (value - self.min) / (self.max - self.min),
            Kind::Log => (value / self.min).ln() / (self.max / self.min).ln(),
        };
        share.is_finite().then(|| self.start + (self.end - self.start) * share.clamp(-50.0, 50.0))
    }

    /// Round numbers along the axis, about so many, and the power of ten that all of them are to be multiplied by.
    pub(crate) fn ticks(&self, wanted: usize) -> (Vec<Tick>, i32) {
        match self.kind {
            Kind::Linear => self.linear_ticks(wanted),
            Kind::Log => self.log_ticks(wanted),
        }
    }

    fn linear_ticks(&self, wanted: usize) -> (Vec<Tick>, i32) {
        let step = round_step((self.max - self.min) / wanted.max(1) as f64);
        let first = (self.min / step).ceil();
        let values: Vec<f64> = (0..=2 * wanted.max(1) + 2)
            .map(|k| (first + k as f64) * step)
            .take_while(|v| *v <= self.max + 1e-9 * step)
            .collect();
        let size = values.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
        let power = common_power(size);
        let unit = 10.0_f64.powi(power);
        let decimals = (-(step / unit).log10() - 1e-9).ceil().clamp(0.0, 15.0) as usize;
        // 2.5 and its multiples have one more.
        let decimals = if fits(step / unit, decimals) { decimals } else { decimals + 1 };
        let label = |value: f64| signed(format!("{:.decimals$}", value / unit));
        (values.into_iter().map(|value| Tick { value, label: label(value) }).collect(), power)
    }

    fn log_ticks(&self, wanted: usize) -> (Vec<Tick>, i32) {
        let (low, high) = (self.min.log10(), self.max.log10());
        let decades = high - low;
        if decades < 0.7 {
            // Less than a decade has no powers of ten to go by.
            return Scale { kind: Kind::Linear, ..*self }.linear_ticks(wanted);
        }
        let every = (decades / wanted.max(1) as f64).ceil().max(1.0) as i32;
        let within: &[f64] = if decades < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let mut ticks = Vec::new();
        for power in low.floor() as i32..=high.ceil() as i32 {
            if power.rem_euclid(every) != 0 {
                continue;
            }
            for factor in within {
                let value = factor * 10.0_f64.powi(power);
                if value >= self.min * (1.0 - 1e-9) && value <= self.max * (1.0 + 1e-9) {
                    ticks.push(Tick { value, label: power_label(*factor, power) });
                }
            }
        }
        (ticks, 0)
    }
}

/// 1, 2, 2.5 or 5 times a power of ten, at least this.
fn round_step(least: f64) -> f64 {
    let least = if least > 0.0 && least.is_finite() { least } else { 1.0 };
    let power = 10.0_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * power >= least * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Whether a number is written out with so many decimals.
fn fits(x: f64, decimals: usize) -> bool {
    let scaled = x * 10.0_f64.powi(decimals as i32);
    (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
}

/// The power of ten, a multiple of 3, that numbers of this size are given in: 0 for those that are short as they are.
fn common_power(size: f64) -> i32 {
    if size == 0.0 || (1e-3..1e6).contains(&size) {
        return 0;
    }
    (size.log10() / 3.0).floor() as i32 * 3
}

/// Numbers with as few decimals, the same for all of them, as tell neighbours apart, and the power of ten that all of them are to be multiplied by.
pub(crate) fn aligned(values: &[f64]) -> (Vec<String>, i32) {
    let power = common_power(values.iter().fold(0.0, |size, value| size.max(value.abs())));
    let unit = 10.0_f64.powi(power);
    for decimals in 0..=12 {
        let texts: Vec<String> = values.iter().map(|value| signed(format!("{:.decimals$}", value / unit))).collect();
        if texts.windows(2).all(|pair| pair[0] != pair[1]) {
            return (texts, power);
        }
    }
    (values.iter().map(|value| short(*value, 12)).collect(), 0)
}

/// A true minus, and no minus before 0.
pub(crate) fn signed(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

fn power_label(factor: f64, power: i32) -> String {
    if (-3..=5).contains(&power) {
        return format!("{:.*}", (-power).max(0) as usize, factor * 10.0_f64.powi(power));
    }
    let of_ten = format!("10{}", superscript(power));
    if factor == 1.0 { of_ten } else { format!("{factor}·{of_ten}") }
}

/// A whole number, raised.
pub(crate) fn superscript(n: i32) -> String {
    n.to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            c => char::from_u32('⁰' as u32 + c as u32 - '0' as u32).unwrap_or(c),
        })
        .collect()
}

/// A number with so many significant digits as it stands in every picture: a true minus, and a power of ten where it is very small or large.
///
/// ```
/// assert_eq!(deltarule_plot::short(-0.25, 6), "−0.25");
/// assert_eq!(deltarule_plot::short(1.5e12, 3), "1.5·10¹²");
/// ```
pub fn short(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        return if x > 0.0 {
            "∞".to_owned()
        } else if x < 0.0 {
            "−∞".to_owned()
        } else {
            "none".to_owned()
        };
    }
    let digits = digits.max(1);
    let scientific = format!("{x:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..7).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        return signed(trim(&format!("{x:.decimals$}")));
    }
    signed(format!("{}·10{}", trim(mantissa), superscript(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, wanted: usize) -> (Vec<String>, i32) {
        let (ticks, power) = scale.ticks(wanted);
        (ticks.into_iter().map(|tick| tick.label).collect(), power)
    }

    #[test]
    fn numbers_beside_an_axis_are_round() {
        assert_eq!(labels(Scale::linear((-1.0, 1.0)), 5).0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(Scale::linear((0.0, 100.0)), 5).0, ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(Scale::linear((0.0, 1.0)), 4).0, ["0.00", "0.25", "0.50", "0.75", "1.00"]);
        let (found, power) = labels(Scale::linear((600_000.0, 3_400_000.0)), 5);
        assert_eq!((found[0].as_str(), power), ("1", 6));
        assert_eq!(labels(Scale::linear((0.85, 1.25)), 5).0, ["0.9", "1.0", "1.1", "1.2"]);
        assert_eq!(labels(Scale::linear((-0.5, 3.2)), 4).0, ["0", "1", "2", "3"]);
        let (found, power) = labels(Scale::linear((0.0, 4e-7)), 4);
        assert_eq!((found.last().unwrap().as_str(), power), ("400", -9));
    }

    #[test]
    fn every_range_has_ticks_within_it() {
        for range in [
            (0.0, 0.0),
            (5.0, 5.0),
            (-1e300, 1e300),
            (1e-320, 2e-320),
            (1e9, 1e9 + 1e-3),
            (-3.0, 1e12),
            (f64::MIN, f64::MAX),
        ] {
            let scale = Scale::linear(range).between(10.0, 110.0);
            let (ticks, _) = scale.ticks(5);
            assert!((1..=13).contains(&ticks.len()), "{range:?} {ticks:?}");
            for tick in ticks {
                let place = scale.place(tick.value).unwrap();
                assert!((9.9..=110.1).contains(&place), "{range:?} {tick:?} {place}");
            }
        }
    }

    #[test]
    fn levels_have_equally_many_decimals() {
        let of = |values: &[f64]| {
            let (texts, power) = aligned(values);
            (texts.join(" "), power)
        };
        assert_eq!(of(&[38.94, 39.03, 40.0, 44.5]), ("38.9 39.0 40.0 44.5".to_owned(), 0));
        assert_eq!(of(&[635_860.0, 641_740.0, 1_788_390.0]), ("0.636 0.642 1.788".to_owned(), 6));
        assert_eq!(of(&[2e-7, 3e-7]), ("200 300".to_owned(), -9));
        assert_eq!(of(&[1.0, 1.0 + 1e-15]).1, 0);
    }

    #[test]
    fn powers_of_ten_have_equal_distances() {
        let scale = Scale::log((1e-3, 1e9)).unwrap().between(0.0, 12.0);
        assert!((scale.place(1.0).unwrap() - 3.0).abs() < 1e-9);
        assert!(scale.place(-1.0).is_none() && scale.place(f64::NAN).is_none() && Scale::log((0.0, 1.0)).is_none());
        let (found, _) = labels(scale, 6);
        assert_eq!(found, ["0.01", "1", "100", "10000", "10⁶", "10⁸"]);
        assert_eq!(labels(Scale::log((20.0, 400.0)).unwrap(), 6).0, ["20", "50", "100", "200"]);
        assert!(Scale::log((600_000.0, 640_000.0)).unwrap().ticks(5).0.len() > 2);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(short(0.040_534, 3), "0.0405");
        assert_eq!(short(-631_992.9, 4), "−631993");
        assert_eq!(short(1.5e12, 3), "1.5·10¹²");
        assert_eq!(short(f64::INFINITY, 3), "∞");
        assert_eq!(signed("-0.00".into()), "0.00");
    }
}
