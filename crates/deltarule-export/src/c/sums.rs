//! Sums over a row's columns, and what is made of them.

use std::fmt::Write as _;

use deltarule_model::{Combination, Feature, FeatureKind, Origin, Term};

use super::names::{comment_text, string_literal};
use super::{Writer, number};
use crate::error::Result;
use crate::{Holds, OtherCodes, features, fills, mean_of, weights_of, weights_of_part};

impl Writer<'_> {
    /// The levels and the weights of categories, and how a level is found.
    pub(super) fn levels(&self, text: &mut String) -> Result<()> {
        let (mut finds_levels, mut finds_pairs) = (false, false);
        for (index, (first, feature)) in features(self.model).enumerate() {
            let FeatureKind::Category { levels, .. } = &feature.kind else { continue };
            if levels.is_empty() {
                continue;
            }
            let weights = |code: usize| weights_of(self.model, first + code).collect::<Vec<f64>>();
            let _ = writeln!(text, "/* {} */", comment_text(&feature.name));
            match (&feature.origin, self.combination(index)) {
                (Origin::Date { part, .. }, _) => {
                    self.weights(text, first, &weights_of_part(self.model, *part, levels, first));
                }
                (_, Some(Combination::Pair { codes, .. })) => {
                    finds_pairs = true;
                    let _ = writeln!(text, "static const ptrdiff_t deltarule_pairs_{first}[{}][2] = {{", codes.len());
                    for ([a, b], _) in codes {
                        let _ = writeln!(text, "    {{ {a}, {b} }},");
                    }
                    *text += "};\n";
                    let rows: Vec<Vec<f64>> = codes.iter().map(|(_, code)| weights(*code as usize)).collect();
                    self.weights(text, first, &rows);
                }
                _ => {
                    finds_levels = true;
                    let n = levels.len();
                    let _ = writeln!(text, "static const char *const deltarule_levels_{first}[{n}] = {{");
                    for level in levels {
                        let _ = writeln!(text, "    {},", string_literal(level)?);
                    }
                    *text += "};\n";
                    self.weights(text, first, &(0..n).map(weights).collect::<Vec<_>>());
                }
            }
            *text += "\n";
        }
        if finds_levels {
            *text += FIND_LEVEL;
        }
        if finds_pairs {
            *text += FIND_PAIR;
        }
        Ok(())
    }

    fn weights(&self, text: &mut String, first: usize, rows: &[Vec<f64>]) {
        let (n, n_outputs) = (rows.len(), self.n_outputs());
        let _ = writeln!(text, "static const double deltarule_weights_{first}[{n}][{n_outputs}] = {{");
        for row in rows {
            let row: Vec<String> = row.iter().copied().map(number).collect();
            let _ = writeln!(text, "    {{ {} }},", row.join(", "));
        }
        *text += "};\n";
    }

    /// Functions that only some models need: of a row without a prediction, and of powers.
    pub(super) fn nothing(&self, text: &mut String) {
        let has_dates = self.columns.iter().any(|column| column.date().is_some());
        if !self.is_sparse() && (has_dates || !fills(self.model)) {
            *text += "static void deltarule_nothing(struct deltarule_output *out)\n{\n";
            for name in &self.outputs.names {
                let nothing = if self.classes().is_empty() { "NAN" } else { "NULL" };
                let _ = writeln!(text, "    out->{name} = {nothing};");
            }
            for k in 0..self.classes().len() {
                let _ = writeln!(text, "    out->p[{k}] = NAN;");
            }
            *text += "}\n\n";
        }
        let is_product = |feature: &Feature| matches!(feature.origin, Origin::Product(_));
        if self.model.encoding().features.iter().any(is_product) {
            *text += POWER;
        }
    }

    /// h of named inputs.
    pub(super) fn sums(&self, text: &mut String) {
        let n_outputs = self.n_outputs();
        let (mut numbers, mut codes) = (String::new(), String::new());
        for (index, (first, feature)) in features(self.model).enumerate() {
            if let Some(scaling) = feature.scaling() {
                let _ = writeln!(numbers, "    x = {};", self.number(index, feature));
                for (j, weight) in weights_of(self.model, first).enumerate() {
                    let (weight, offset) = (number(weight * scaling.factor), number(scaling.offset));
                    let _ = writeln!(numbers, "    h[{j}] += {weight} * (x - {offset});");
                }
            } else if feature.n_inputs() > 0 {
                let code = self.code(index, first, feature);
                let (code, test) = match code.contains('(') {
                    true => {
                        let _ = writeln!(codes, "    k = {code};");
                        ("k".to_owned(), "k")
                    }
                    false => (code.clone(), code.as_str()),
                };
                let _ = writeln!(
                    codes,
                    "    for (j = 0; {test} >= 0 && j < {n_outputs}; j++)\n        h[j] += deltarule_weights_{first}[{code}][j];"
                );
            }
        }
        let (mut known, mut tests) = (String::new(), Vec::new());
        for (place, (column, name)) in self.columns().enumerate() {
            if let Some(format) = column.date() {
                let _ = writeln!(text, "    struct deltarule_date date_{place};");
                let id = self.dates.id(format);
                let _ = writeln!(
                    known,
                    "    if (!deltarule_date_{id}(in->{name}, &date_{place})) {{\n        deltarule_nothing(out);\n        return 2;\n    }}"
                );
            }
            tests.push(match column.holds {
                Holds::Number(_) | Holds::Boolean => format!("isnan(in->{name})"),
                _ => format!("in->{name} == NULL"),
            });
        }
        if !fills(self.model) {
            let _ = writeln!(
                known,
                "    if ({}) {{\n        deltarule_nothing(out);\n        return 1;\n    }}",
                tests.join("\n        || ")
            );
        }
        for (first, feature) in features(self.model) {
            self.find_level(text, &mut known, first, feature);
        }
        *text += if numbers.is_empty() { "" } else { "    double x;\n" };
        *text += if codes.contains("    k = ") { "    ptrdiff_t k;\n" } else { "" };
        *text += if codes.is_empty() { "" } else { "    size_t j;\n" };
        for part in [known, numbers, codes] {
            if !part.is_empty() {
                *text += "\n";
                *text += &part;
            }
        }
    }

    /// The code of a category that is a column, in a variable of its own.
    fn find_level(&self, text: &mut String, known: &mut String, first: usize, feature: &Feature) {
        let (FeatureKind::Category { levels, .. }, Origin::Column) = (&feature.kind, &feature.origin) else { return };
        if levels.is_empty() {
            return;
        }
        let (place, name) = self.place(feature.column());
        let n = levels.len();
        let _ =
            writeln!(text, "    ptrdiff_t level_{place} = deltarule_level(in->{name}, deltarule_levels_{first}, {n});");
        let OtherCodes { unknown, missing } = OtherCodes::of(self.model, feature);
        if unknown.is_some() || missing.is_some() {
            let code = |code: Option<usize>| code.map_or("-1".to_owned(), |code| code.to_string());
            let (unknown, missing) = (code(unknown), code(missing));
            let _ = writeln!(
                known,
                "    if (level_{place} < 0)\n        level_{place} = in->{name} == NULL ? {missing} : {unknown};"
            );
        }
    }

    /// The place of a column and the name of its input.
    fn place(&self, column: &str) -> (usize, &str) {
        let mut columns = self.columns().enumerate();
        let found = columns.find(|(_, (known, _))| known.name == column);
        found.map_or((0, ""), |(place, (_, name))| (place, name.as_str()))
    }

    fn combination(&self, index: usize) -> Option<&deltarule_model::Combination> {
        self.model.combinations()[index].as_ref()
    }

    /// A number that is a feature, with what stands for it where it is missing.
    fn number(&self, index: usize, feature: &Feature) -> String {
        let (place, name) = self.place(feature.column());
        let value = match (&feature.origin, self.combination(index)) {
            (_, Some(Combination::Product(terms))) => {
                return terms.iter().map(|term| self.factor(term)).collect::<Vec<_>>().join(" * ");
            }
            (Origin::Missing { .. }, _) => {
                return match self.columns[place].holds {
                    Holds::Number(_) | Holds::Boolean => format!("isnan(in->{name}) ? 1.0 : 0.0"),
                    _ => format!("in->{name} == NULL ? 1.0 : 0.0"),
                };
            }
            (Origin::Date { part, .. }, _) => format!("date_{place}.{}", part.name()),
            _ => format!("in->{name}"),
        };
        match fills(self.model) {
            true => format!("isnan({value}) ? {} : {value}", number(mean_of(feature))),
            false => value,
        }
    }

    /// A factor of a product.
    fn factor(&self, term: &Term) -> String {
        let base = |index: usize| self.place(self.model.encoding().features[index].column());
        match *term {
            Term::Power { base: index, center, power } => {
                format!("deltarule_power(in->{}, {}, {power})", base(index).1, number(center))
            }
            Term::Level { base: index, code } => format!("(level_{} == {code} ? 1.0 : 0.0)", base(index).0),
        }
    }

    /// The code of a category.
    fn code(&self, index: usize, first: usize, feature: &Feature) -> String {
        match (&feature.origin, self.combination(index)) {
            (_, Some(Combination::Pair { bases, codes })) => {
                let level = |base: usize| match &self.model.encoding().features[base] {
                    base if base.n_inputs() > 0 => format!("level_{}", self.place(base.column()).0),
                    _ => "-1".to_owned(),
                };
                let [a, b] = bases.map(level);
                format!("deltarule_pair({a}, {b}, deltarule_pairs_{first}, {})", codes.len())
            }
            (Origin::Date { part, .. }, _) => format!("date_{}.{}", self.place(feature.column()).0, part.name()),
            _ => format!("level_{}", self.place(feature.column()).0),
        }
    }
}

/// A level among those of a column, sorted by their bytes.
const FIND_LEVEL: &str = "\
static ptrdiff_t deltarule_level(const char *text, const char *const *levels, size_t n)
{
    size_t low = 0, high = n;
    while (text != NULL && low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(text, levels[middle]);
        if (order == 0)
            return (ptrdiff_t)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

";

/// A pair of levels among those that occur, in ascending order.
const FIND_PAIR: &str = "\
static ptrdiff_t deltarule_pair(ptrdiff_t a, ptrdiff_t b, const ptrdiff_t (*pairs)[2], size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (pairs[middle][0] == a && pairs[middle][1] == b)
            return (ptrdiff_t)middle;
        if (pairs[middle][0] > a || (pairs[middle][0] == a && pairs[middle][1] > b))
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

";

const POWER: &str = "\
/* (x - center)^power, and 0 where x is missing. */
static double deltarule_power(double x, double center, int power)
{
    const double distance = x - center;
    double product = distance;
    while (--power > 0)
        product *= distance;
    return isnan(x) ? 0.0 : product;
}

";
