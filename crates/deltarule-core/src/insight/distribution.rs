//! The two distributions that a weight divided by its standard error can have.

/// The distribution of z or t, when the true weight is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// The normal distribution with mean 0 and variance 1.
    Normal,
    /// Student's, with so many degrees of freedom.
    StudentT {
        /// ν, above 0.
        degrees: f64,
    },
}

impl Distribution {
    /// The chance of a value at least as far from 0 as `x`, on either side.
    ///
    /// Normal: erfc(|x|/√2). Student: I_{ν/(ν+x²)}(ν/2, ½) (DLMF 8.17; Abramowitz, Stegun 26.7.1). The relative error
    /// is below 10⁻¹² + 10⁻¹⁶·ν: where ν is large, 1 − x has few digits in the fraction.
    ///
    /// ```
    /// use deltarule_core::Distribution;
    /// // With one degree of freedom: 1 − (2/π)·atan |x|.
    /// assert!((Distribution::StudentT { degrees: 1.0 }.two_sided(1.0) - 0.5).abs() < 1e-15);
    /// ```
    pub fn two_sided(self, x: f64) -> f64 {
        match self {
            _ if x.is_nan() => f64::NAN,
            Distribution::Normal => libm::erfc(x.abs() * std::f64::consts::FRAC_1_SQRT_2),
            Distribution::StudentT { degrees } if (x * x / degrees).is_infinite() => 0.0,
            Distribution::StudentT { degrees } => {
                let ratio = x * x / degrees;
                // ν/(ν + x²) and the rest to 1, of which neither loses digits, with their logarithms.
                let (near, far) = (1.0 / (1.0 + ratio), ratio / (1.0 + ratio));
                let ln_near = -libm::log1p(ratio);
                let ln_far = libm::log(far);
                let a = 0.5 * degrees;
                // x^a (1 − x)^½ / B(a, ½); Γ(½) = √π.
                let ln_power = a * ln_near + 0.5 * ln_far + ln_gamma_step(a) - 0.5 * libm::log(std::f64::consts::PI);
                let power = libm::exp(ln_power);
                if far == 0.0 {
                    1.0
                } else if near < (a + 1.0) / (a + 2.5) {
                    power * beta_fraction(a, 0.5, near) / a
                } else {
                    1.0 - power * beta_fraction(0.5, a, far) / 0.5
                }
            }
        }
    }

    /// The x that so large a share of all values is nearer to 0 than; `level` in (0, 1). By halving an interval down to neighbouring numbers.
    pub fn central(self, level: f64) -> f64 {
        let outside = 1.0 - level;
        let (mut low, mut high) = (0.0, 1.0);
        while self.two_sided(high) > outside && high < f64::MAX / 2.0 {
            low = high;
            high *= 2.0;
        }
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return high;
            }
            if self.two_sided(middle) > outside { low = middle } else { high = middle }
        }
    }
}

/// ln Γ(a + ½) − ln Γ(a). Far out by its asymptotic series, since the difference of two large numbers has few digits.
///
/// Source: DLMF 5.11.13, with the coefficients of the ratio Γ(a + ½)/Γ(a).
fn ln_gamma_step(a: f64) -> f64 {
    if a < 50.0 {
        return libm::lgamma(a + 0.5) - libm::lgamma(a);
    }
    let r = 1.0 / a;
    let r2 = r * r;
    // ½ ln a − 1/(8a) + 1/(192a³) − 1/(640a⁵) + 17/(14336a⁷)
    0.5 * libm::log(a) - r * (0.125 - r2 * (1.0 / 192.0 - r2 * (1.0 / 640.0 - r2 * (17.0 / 14336.0))))
}

/// The continued fraction of the incomplete beta function: I_x(a, b) = x^a (1 − x)^b / (a B(a, b)) times this.
///
/// Source: DLMF 8.17.22, summed up by the modified method of Lentz (Thompson, Barnett 1986).
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const MOST_TERMS: usize = 100_000;
    let kept = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..MOST_TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / kept(1.0 + term * d);
            c = kept(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy 1.16 (`2*stats.t.sf(t, nu)`, `2*stats.norm.sf(z)`).
    #[test]
    fn chances_are_those_of_tables() {
        for (x, degrees, expected) in [
            (1.5, 5.0, 1.939_036_802_424_733e-1),
            (0.3, 431.0, 7.643_217_901_397_76e-1),
            (12.0, 431.0, 8.009_055_571_533_866e-29),
            (1.5, 5e4, 1.336_207_164_953_85e-1),
            (-5.0, 5e4, 5.752_385_056_941_256e-7),
            (1.01, 1e6, 3.124_955_344_206_2e-1),
            (1.96, 1e6, 4.999_606_758_526_985e-2),
            (10.0, 1e6, 1.527_861_076_817_818e-23),
            (1.96, 1e8, 4.999_579_306_932_808e-2),
        ] {
            let found = Distribution::StudentT { degrees }.two_sided(x);
            assert!((found / expected - 1.0).abs() < 1e-12 + 1e-16 * degrees, "{x} {degrees}: {found:e}");
        }
        for (x, expected) in [(1.96, 4.999_579_029_644_087e-2), (-12.0, 3.552964224155306e-33), (0.0, 1.0)] {
            let found = Distribution::Normal.two_sided(x);
            assert!((found / expected - 1.0).abs() < 1e-13, "{x}: {found:e}");
        }
    }

    #[test]
    fn with_one_and_two_degrees_chances_have_closed_forms() {
        for x in [1e-9, 0.01, 0.5, 1.0, 3.0, 50.0, 1e6] {
            let one = Distribution::StudentT { degrees: 1.0 }.two_sided(x);
            // atan(1/x) = π/2 − atan x, without what cancels.
            let expected = 2.0 / std::f64::consts::PI * (1.0 / x).atan();
            assert!((one / expected - 1.0).abs() < 1e-13, "{x}");
            let two = Distribution::StudentT { degrees: 2.0 }.two_sided(x);
            let root = (2.0 + x * x).sqrt();
            let expected = 2.0 / (root * (root + x));
            assert!((two / expected - 1.0).abs() < 1e-13, "{x}");
        }
    }

    #[test]
    fn the_central_part_is_as_large_as_asked() {
        let normal = Distribution::Normal.central(0.95);
        assert!((normal - 1.959963984540054).abs() < 1e-14);
        let student = Distribution::StudentT { degrees: 3.0 }.central(0.99);
        assert!((student - 5.840909309733357).abs() < 1e-12, "{student}");
        for level in [1e-6, 0.5, 0.999999] {
            for distribution in [Distribution::Normal, Distribution::StudentT { degrees: 7.5 }] {
                let found = distribution.two_sided(distribution.central(level));
                assert!((found - (1.0 - level)).abs() < 1e-14, "{level}");
            }
        }
    }
}
