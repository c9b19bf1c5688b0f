//! A row's columns, and what is made of them: numbers, codes of levels, parts of dates, products and pairs.

use deltarule_model::{Combination, DatePart, Feature, FeatureKind, Origin, RARE_LEVEL, Term};

use super::Writer;
use super::proto::{Attribute, DOUBLE, INT64, STRING, ValueInfo};
use crate::{Column, Holds, OtherCodes, features, fills, mean_of, weights_of, weights_of_part};

/// What an input of seconds means.
pub(super) const SECONDS: &str = "seconds from 1970-01-01 00:00 to what a clock on the wall shows, a float64 of which fractions do not count; NaN is missing, and so is \
                                  what is beyond 250,000 years";
/// What is farther from 1970, in seconds, counts as missing.
const FARTHEST: f64 = 8e12;

/// The parts of a column of dates, each of shape (N, 1); NaN where it is missing.
#[derive(Debug, Clone)]
pub(super) struct DateParts {
    year: String,
    month: String,
    weekday: String,
    hour: String,
    trend: String,
}

impl Writer<'_> {
    /// The input of a column.
    pub(super) fn input(&mut self, column: &Column<'_>) {
        let missing = match fills(self.model) {
            true => "NaN is a missing value and takes the column's mean",
            false => "NaN is a missing value and makes the prediction NaN",
        };
        let (kind, about) = match &column.holds {
            Holds::Number(_) => (DOUBLE, format!("a number; {missing}")),
            Holds::Boolean => (DOUBLE, format!("1 for true, 0 for false; {missing}")),
            Holds::Date(_) => (DOUBLE, format!("a date: {SECONDS}")),
            Holds::Anything => (DOUBLE, "NaN where the value is missing, and anything else where it is not".to_owned()),
            Holds::Category(levels) => (STRING, self.about_texts(column.name, levels)),
            // Its width is known where it is read.
            Holds::Sparse => return,
        };
        self.inputs.push(ValueInfo::rows(column.name, kind, 1, &about));
    }

    fn about_texts(&self, name: &str, levels: &[String]) -> String {
        let feature = self.model.encoding().features.iter().find(|feature| feature.name == name);
        let others = feature.map(|feature| OtherCodes::of(self.model, feature));
        let unknown = match others.and_then(|others| others.unknown) {
            Some(_) => format!("an unknown text counts as {RARE_LEVEL}"),
            None => "an unknown text counts as none of the levels".to_owned(),
        };
        let level = others.and_then(|others| levels.get(others.missing?));
        let missing = match (fills(self.model), level) {
            (true, Some(level)) => format!("counts as {level}"),
            (true, None) => "counts as none of the levels".to_owned(),
            (false, _) => "makes the prediction NaN".to_owned(),
        };
        format!("a text; {unknown}; the empty text is a missing value and {missing}")
    }

    /// Σ w x of the features that are numbers; `None` where there is none.
    pub(super) fn numbers(&mut self) -> Option<String> {
        let scaled: Vec<(usize, usize, &Feature)> = features(self.model)
            .enumerate()
            .filter(|(_, (_, feature))| feature.scaling().is_some())
            .map(|(index, (first, feature))| (index, first, feature))
            .collect();
        if scaled.is_empty() {
            return None;
        }
        let mut names: Vec<String> = Vec::new();
        let mut rest = &scaled[..];
        while let Some((&(index, _, feature), after)) = rest.split_first() {
            let combination = self.model.combinations()[index].clone();
            rest = after;
            names.push(match (&feature.origin, combination) {
                (_, Some(Combination::Product(terms))) => {
                    // The slopes of the levels of one category stand together, and are made together.
                    let (powers, levels) = split(&terms);
                    let mut codes = vec![levels.iter().map(|(_, code)| i64::from(*code)).collect::<Vec<_>>()];
                    while let Some((&(index, ..), after)) = rest.split_first() {
                        let Some(Combination::Product(terms)) = &self.model.combinations()[index] else { break };
                        let (other_powers, other_levels) = split(terms);
                        let bases = |levels: &[(usize, u32)]| levels.iter().map(|(base, _)| *base).collect::<Vec<_>>();
                        let alike = other_powers == powers && bases(&other_levels) == bases(&levels);
                        if levels.is_empty() || !alike {
                            break;
                        }
                        codes.push(other_levels.iter().map(|(_, code)| i64::from(*code)).collect());
                        rest = after;
                    }
                    self.products(&powers, &levels, &codes)
                }
                (Origin::Missing { .. }, _) => {
                    let missing = self.nodes.add("IsNaN", &[feature.column()]);
                    self.number_of(&missing)
                }
                (Origin::Date { part, .. }, _) => self.date_part(feature.column(), *part),
                _ => feature.name.clone(),
            });
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut x = self.nodes.add_with("Concat", &names, vec![Attribute::int("axis", 1)]);
        if fills(self.model) {
            let means = self.nodes.numbers(&[1, scaled.len()], scaled.iter().map(|(.., feature)| mean_of(feature)));
            let missing = self.nodes.add("IsNaN", &[&x]);
            x = self.nodes.add("Where", &[&missing, &means, &x]);
        }
        let scalings = scaled.iter().filter_map(|(.., feature)| feature.scaling());
        let (offsets, factors) = scalings.map(|scaling| (scaling.offset, scaling.factor)).unzip();
        let inputs: Vec<usize> = scaled.iter().map(|(_, first, _)| *first).collect();
        Some(self.weighted(&x, offsets, factors, &inputs))
    }

    /// Truths as 1 and 0.
    fn number_of(&mut self, truths: &str) -> String {
        self.nodes.add_with("Cast", &[truths], vec![Attribute::int("to", i64::from(DOUBLE))])
    }

    /// Products that differ in the codes of their levels alone, shape (N, codes).
    fn products(&mut self, powers: &[Term], levels: &[(usize, u32)], codes: &[Vec<i64>]) -> String {
        let encoding = self.model.encoding();
        let mut product: Option<String> = None;
        for term in powers {
            let Term::Power { base, center, power } = *term else { continue };
            let column = encoding.features[base].column();
            let center = self.nodes.scalar(center);
            let mut distance = self.nodes.add("Sub", &[column, &center]);
            if fills(self.model) {
                let (missing, zero) = (self.nodes.add("IsNaN", &[column]), self.nodes.scalar(0.0));
                distance = self.nodes.add("Where", &[&missing, &zero, &distance]);
            }
            for _ in 0..power {
                product = Some(self.times(product, &distance));
            }
        }
        for (place, (base, _)) in levels.iter().enumerate() {
            let first = features(self.model).nth(*base).map_or(0, |(first, _)| first);
            let code = self.codes(first, &encoding.features[*base]);
            let wanted = self.nodes.integers(&[1, codes.len()], codes.iter().map(|codes| codes[place]));
            let is_level = self.nodes.add("Equal", &[&code, &wanted]);
            let is_level = self.number_of(&is_level);
            product = Some(self.times(product, &is_level));
        }
        product.unwrap_or_default()
    }

    fn times(&mut self, product: Option<String>, factor: &str) -> String {
        product.map_or(factor.to_owned(), |product| self.nodes.add("Mul", &[&product, factor]))
    }

    /// The codes of a category that is a column, shape (N, 1): after those of its levels come one of what is none of them, and one of what
    /// is missing and makes the prediction NaN.
    fn codes(&mut self, first: usize, feature: &Feature) -> String {
        if let Some(codes) = self.codes.get(&first) {
            return codes.clone();
        }
        let FeatureKind::Category { levels, .. } = &feature.kind else { return String::new() };
        let n = levels.len();
        let others = OtherCodes::of(self.model, feature);
        let code_of = |code: Option<usize>| code.unwrap_or(n) as i64;
        let mut known = levels.to_vec();
        let mut values: Vec<i64> = (0..n as i64).collect();
        if !fills(self.model) {
            known.push(String::new());
            values.push(n as i64 + 1);
        } else if others.missing != others.unknown {
            known.push(String::new());
            values.push(code_of(others.missing));
        }
        let codes = match known.is_empty() {
            // No level: every text is none of them.
            true => {
                let (none, length) = (self.nodes.integers(&[1], [0]), self.nodes.add("Shape", &[&feature.name]));
                self.nodes.add("Expand", &[&none, &length])
            }
            false => {
                let attributes = vec![
                    Attribute::strings("keys_strings", &known),
                    Attribute::ints("values_int64s", values),
                    Attribute::int("default_int64", code_of(others.unknown)),
                ];
                self.nodes.add_with("LabelEncoder", &[&feature.name], attributes)
            }
        };
        self.codes.insert(first, codes.clone());
        codes
    }

    /// The weights of each row's level, shape (N, J).
    pub(super) fn category(&mut self, index: usize, first: usize, feature: &Feature, levels: &[String]) -> String {
        let n_outputs = self.n_outputs();
        let of_missing = if fills(self.model) { 0.0 } else { f64::NAN };
        let (codes, mut weights) = match (&feature.origin, self.model.combinations()[index].clone()) {
            (_, Some(Combination::Pair { bases, codes })) => {
                (self.pairs(bases, &codes, levels.len()), self.weights_of_levels(first, levels.len()))
            }
            (Origin::Date { part, .. }, _) => {
                let rows = weights_of_part(self.model, *part, levels, first);
                let mut weights: Vec<f64> = rows.into_iter().flatten().collect();
                weights.extend(std::iter::repeat_n(of_missing, n_outputs));
                let level = self.date_part(feature.column(), *part);
                let (missing, last) = (self.nodes.add("IsNaN", &[&level]), self.nodes.scalar(part.n_levels() as f64));
                let level = self.nodes.add("Where", &[&missing, &last, &level]);
                let codes = self.nodes.add_with("Cast", &[&level], vec![Attribute::int("to", i64::from(INT64))]);
                (codes, weights)
            }
            _ => (self.codes(first, feature), self.weights_of_levels(first, levels.len())),
        };
        if matches!(feature.origin, Origin::Column) && !fills(self.model) {
            weights.extend(std::iter::repeat_n(f64::NAN, n_outputs));
        }
        let n_rows = weights.len() / n_outputs.max(1);
        let weights = self.nodes.numbers(&[n_rows, n_outputs], weights);
        let rows = self.nodes.add_with("Gather", &[&weights, &codes], vec![Attribute::int("axis", 0)]);
        let axis = self.nodes.integers(&[1], [1]);
        self.nodes.add("Squeeze", &[&rows, &axis])
    }

    /// A row of weights for each level, and one of zeros for what is none of them.
    fn weights_of_levels(&self, first: usize, n: usize) -> Vec<f64> {
        let weights = (0..n).flat_map(|code| weights_of(self.model, first + code));
        weights.chain(std::iter::repeat_n(0.0, self.n_outputs())).collect()
    }

    /// The code of each row's pair of levels; `n` of a pair that is not known.
    fn pairs(&mut self, bases: [usize; 2], known: &[([u32; 2], u32)], n: usize) -> String {
        let encoding = self.model.encoding();
        let [a, b] = bases.map(|base| {
            let first = features(self.model).nth(base).map_or(0, |(first, _)| first);
            self.codes(first, &encoding.features[base])
        });
        // Two further codes of the second are not those of levels.
        let width = encoding.features[bases[1]].n_inputs() as i64 + 2;
        let factor = self.nodes.integers(&[], [width]);
        let product = self.nodes.add("Mul", &[&a, &factor]);
        let keys = self.nodes.add("Add", &[&product, &b]);
        if known.is_empty() {
            let none = self.nodes.integers(&[], [n as i64]);
            let zeros = self.nodes.add("Sub", &[&keys, &keys]);
            return self.nodes.add("Add", &[&zeros, &none]);
        }
        let attributes = vec![
            Attribute::ints(
                "keys_int64s",
                known.iter().map(|([a, b], _)| i64::from(*a) * width + i64::from(*b)).collect(),
            ),
            Attribute::ints("values_int64s", known.iter().map(|(_, code)| i64::from(*code)).collect()),
            Attribute::int("default_int64", n as i64),
        ];
        self.nodes.add_with("LabelEncoder", &[&keys], attributes)
    }

    /// A part of dates; of a category its level, counted from 0.
    fn date_part(&mut self, column: &str, part: DatePart) -> String {
        if !self.dates.contains_key(column) {
            let parts = self.date_parts(column);
            self.dates.insert(column.to_owned(), parts);
        }
        let parts = &self.dates[column];
        let name = match part {
            DatePart::Year => &parts.year,
            DatePart::Month => &parts.month,
            DatePart::Weekday => &parts.weekday,
            DatePart::Hour => &parts.hour,
            DatePart::Trend => &parts.trend,
        };
        name.clone()
    }

    /// The parts of seconds by the Gregorian calendar. All of it is whole numbers in f64, far below 2⁵³, so that a quotient is never rounded
    /// to the next whole number.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    fn date_parts(&mut self, column: &str) -> DateParts {
        let (size, farthest) = (self.nodes.add("Abs", &[column]), self.nodes.scalar(FARTHEST));
        let near = self.nodes.add("GreaterOrEqual", &[&farthest, &size]);
        let (whole, nan) = (self.nodes.add("Floor", &[column]), self.nodes.scalar(f64::NAN));
        let seconds = self.nodes.add("Where", &[&near, &whole, &nan]);
        let of_day = self.nodes.scalar(86_400.0);
        let trend = self.nodes.add("Div", &[&seconds, &of_day]);
        let days = self.nodes.add("Floor", &[&trend]);
        let rest = self.rest(&seconds, &days, 86_400.0);
        let hour = self.quotient(&rest, 3600.0);

        // 1970-01-01 was a Thursday.
        let from_monday = self.plus(&days, 3.0);
        let weeks = self.quotient(&from_monday, 7.0);
        let weekday = self.rest(&from_monday, &weeks, 7.0);

        // Days since 0000-03-01; 400 years have 146097.
        let shifted = self.plus(&days, 719_468.0);
        let eras = self.quotient(&shifted, 146_097.0);
        let of_era = self.rest(&shifted, &eras, 146_097.0);
        let (fours, centuries, last) =
            (self.quotient(&of_era, 1460.0), self.quotient(&of_era, 36_524.0), self.quotient(&of_era, 146_096.0));
        let without = self.nodes.add("Sub", &[&of_era, &fours]);
        let without = self.nodes.add("Add", &[&without, &centuries]);
        let without = self.nodes.add("Sub", &[&without, &last]);
        let year_of_era = self.quotient(&without, 365.0);
        let (leaps, centuries) = (self.quotient(&year_of_era, 4.0), self.quotient(&year_of_era, 100.0));
        let of_year = self.rest(&of_era, &year_of_era, 365.0);
        let of_year = self.nodes.add("Sub", &[&of_year, &leaps]);
        let of_year = self.nodes.add("Add", &[&of_year, &centuries]);
        let five = self.times_number(&of_year, 5.0);
        let five = self.plus(&five, 2.0);
        let from_march = self.quotient(&five, 153.0);
        // January and February belong to the year after.
        let next = self.quotient(&from_march, 10.0);
        let later = self.plus(&from_march, 2.0);
        let month = self.rest(&later, &next, 12.0);
        let years = self.times_number(&eras, 400.0);
        let years = self.nodes.add("Add", &[&years, &year_of_era]);
        let year = self.nodes.add("Add", &[&years, &next]);
        DateParts { year, month, weekday, hour, trend }
    }

    /// ⌊a/b⌋.
    fn quotient(&mut self, a: &str, b: f64) -> String {
        let b = self.nodes.scalar(b);
        let quotient = self.nodes.add("Div", &[a, &b]);
        self.nodes.add("Floor", &[&quotient])
    }

    /// a − quotient·b.
    fn rest(&mut self, a: &str, quotient: &str, b: f64) -> String {
        let product = self.times_number(quotient, b);
        self.nodes.add("Sub", &[a, &product])
    }

    fn times_number(&mut self, a: &str, b: f64) -> String {
        let b = self.nodes.scalar(b);
        self.nodes.add("Mul", &[a, &b])
    }

    fn plus(&mut self, a: &str, b: f64) -> String {
        let b = self.nodes.scalar(b);
        self.nodes.add("Add", &[a, &b])
    }
}

/// The powers among the factors of a product, and the levels with their codes.
fn split(terms: &[Term]) -> (Vec<Term>, Vec<(usize, u32)>) {
    let powers = terms.iter().copied().filter(|term| matches!(term, Term::Power { .. })).collect();
    let levels = terms.iter().filter_map(|term| match *term {
        Term::Level { base, code } => Some((base, code)),
        Term::Power { .. } => None,
    });
    (powers, levels.collect())
}
