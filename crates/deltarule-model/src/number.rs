//! Numbers for people.

pub use deltarule_core::number_text as exact;

/// `x` with so many significant digits, no zeros at the end, and an exponent only where the number is very small or large.
pub fn digits(x: f64, n: usize) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !x.is_finite() {
        return x.to_string();
    }
    let scientific = format!("{x:.*e}", n - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-5..n.max(7) as i32).contains(&exponent) {
        let decimals = (n as i32 - 1 - exponent).max(0) as usize;
        return trim(&format!("{x:.decimals$}")).to_owned();
    }
    format!("{}e{exponent}", trim(mantissa))
}

/// Six significant digits.
pub fn short(x: f64) -> String {
    digits(x, 6)
}

/// A share as per cent with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// `n` with the noun it counts.
pub fn count(n: u64, noun: &str) -> String {
    let plural = match noun {
        "category" => "categories".to_owned(),
        "class" => "classes".to_owned(),
        noun => format!("{noun}s"),
    };
    if n == 1 { format!("1 {noun}") } else { format!("{n} {plural}") }
}

fn trim(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        assert_eq!(short(0.0), "0");
        assert_eq!(short(1.0), "1");
        assert_eq!(short(-0.25), "-0.25");
        assert_eq!(short(631_992.892_818), "631993");
        assert_eq!(digits(631_992.892_818, 10), "631992.8928");
        assert_eq!(short(1.234_567_8e-7), "1.23457e-7");
        assert_eq!(short(1e12), "1e12");
        assert_eq!(short(1_234_567.0), "1234567");
        assert_eq!(short(9_999_999.0), "1e7");
        assert_eq!(short(f64::NAN), "NaN");
        assert_eq!(exact(0.1), "0.1");
        assert_eq!(exact(-0.0), "0");
        assert_eq!(exact(1e-40), "1e-40");
    }
}
