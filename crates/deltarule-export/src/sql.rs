//! Expressions of SQL: a list that can stand between SELECT and FROM.
//!
//! What is needed more than once is computed in a subquery and has a name outside of it: `(SELECT f(h) FROM (SELECT … AS h))`. Numbers
//! are written with an exponent, which makes them double precision everywhere (0.5 alone would be a decimal in some databases).

mod columns;
mod dates;

use std::fmt::Write as _;

use deltarule_model::{FeatureKind, Model, Target};

use self::columns::known;
use crate::error::{ExportError, Result};
use crate::function::{self, Binary, Function, Operation, Place, Test, Unary};
use crate::{Form, columns, features, filling, fills, hashed, headline, is_softmax, weights_of};

/// So many terms are added up within one parenthesis: databases limit how deep an expression is.
const TERMS: usize = 64;

pub(crate) fn write(model: &Model) -> Result<String> {
    let function = function::of(model, Form::Sql)?;
    let prefix = prefix(model);
    let writer = Writer { model, function: &function, known: known(model, &prefix)?, prefix };
    let mut text = comment(model);
    let mut selected = Vec::new();
    let target = &model.encoding().target;
    match target {
        Target::Numbers { names, .. } => {
            for (j, name) in names.iter().enumerate() {
                selected.push((writer.single(j)?, format!("predicted_{name}")));
            }
        }
        Target::TwoClasses { name, classes, .. } => {
            let share = writer.single(0)?;
            let [low, high] = [text_literal(&classes[0])?, text_literal(&classes[1])?];
            let class = format!("CASE WHEN {share} >= 5e-1 THEN {high} WHEN {share} < 5e-1 THEN {low} END");
            selected.push((class, format!("predicted_{name}")));
            selected.push((format!("1e0 - {share}"), format!("p_{}", classes[0])));
            selected.push((share, format!("p_{}", classes[1])));
        }
        Target::Classes { name, classes, .. } => {
            selected.push((writer.of_shares(&writer.class(classes)?)?, format!("predicted_{name}")));
            for (k, class) in classes.iter().enumerate() {
                selected.push((writer.of_shares(&writer.probability(k))?, format!("p_{class}")));
            }
        }
    }
    let count = selected.len();
    for (index, (expression, name)) in selected.into_iter().enumerate() {
        let comma = if index + 1 < count { "," } else { "" };
        let _ = writeln!(text, "{expression} AS {}{comma}", identifier(&name)?);
    }
    Ok(text)
}

/// What the reader of the expressions must know.
fn comment(model: &Model) -> String {
    let missing = match fills(model) {
        true => filling(model),
        false => "makes the prediction NULL".to_owned(),
    };
    let of_columns = match model.encoding().is_sparse() {
        true => "-- Each column has the index of a feature as its name; NULL in it is 0.\n".to_owned(),
        false => format!("-- NULL is a missing value, and {missing}.\n"),
    };
    let mut text = format!("-- {}\n{of_columns}", line(&headline(model)));
    for column in columns(model) {
        if let Some(format) = column.date() {
            let expected = line(&dates::expected(format));
            let _ = writeln!(text, "-- {:?} is {expected}; another text makes the prediction NULL.", line(column.name));
        }
    }
    text + "-- SELECT <what follows> FROM <a table with these columns>\n"
}

struct Writer<'m> {
    model: &'m Model,
    function: &'m Function,
    /// What is made of columns before the sums, and has names, level by level.
    known: Vec<Vec<(String, String)>>,
    /// What the names of intermediate results begin with, and no column does.
    prefix: String,
}

impl Writer<'_> {
    /// f(h_j) on its own.
    fn single(&self, j: usize) -> Result<String> {
        let net_input = self.net_input(j)?;
        let parts = Parts::of(self.function, self.guards(), &self.prefix);
        if !parts.binds && self.known.is_empty() {
            return Ok(parts.result.replace(&parts.net_input, &net_input));
        }
        let mut levels = self.known.clone();
        if !parts.binds {
            return Ok(self.nest(levels, &parts.result.replace(&parts.net_input, &net_input)));
        }
        levels.push(vec![(parts.net_input, net_input)]);
        levels.extend(parts.levels);
        Ok(self.nest(levels, &parts.result))
    }

    /// An expression of the shares of all classes, which have the names that [`share`](Self::share) gives.
    fn of_shares(&self, expression: &str) -> Result<String> {
        let mut levels = self.known.clone();
        if is_softmax(self.model) {
            levels.extend(self.all_net_inputs()?);
        }
        levels.push(Vec::new());
        let of_net_inputs = levels.len() - 1;
        let mut shares = Vec::new();
        for j in 0..self.model.layer().parameters().n_outputs() {
            let parts = Parts::of(self.function, self.guards(), &format!("{}{}_", self.prefix, j + 1));
            let net_input = match is_softmax(self.model) {
                true => format!("({} - {})", self.raw(j), self.largest()),
                false => self.net_input(j)?,
            };
            levels[of_net_inputs].push((parts.net_input, net_input));
            for (level, bound) in parts.levels.into_iter().enumerate() {
                let level = of_net_inputs + 1 + level;
                if levels.len() == level {
                    levels.push(Vec::new());
                }
                levels[level].extend(bound);
            }
            shares.push((self.share(j), parts.result));
        }
        levels.push(shares);
        Ok(self.nest(levels, expression))
    }

    /// `expression` over a subquery for each level, the first of which is the innermost.
    fn nest(&self, levels: Vec<Vec<(String, String)>>, expression: &str) -> String {
        // What is made of dates is needed again and again. SQLite would put the text of a subquery in the place of each name, and work it out as often; it
        // does not where the subquery has DISTINCT.
        let select = if self.known.is_empty() { "SELECT" } else { "SELECT DISTINCT" };
        let mut known: Vec<String> = Vec::new();
        let mut from = String::new();
        for (depth, level) in levels.into_iter().enumerate() {
            let bound = level.iter().map(|(name, value)| format!("{value} AS {name}"));
            let columns: Vec<String> = known.iter().cloned().chain(bound).collect();
            from = format!(" FROM ({select} {}{from}) AS deltarule_{}", columns.join(", "), depth + 1);
            known.extend(level.into_iter().map(|(name, _)| name));
        }
        format!("(SELECT {expression}{from})")
    }

    /// Every h by a name of its own, and on the next level the largest of them, which a softmax takes from all.
    fn all_net_inputs(&self) -> Result<Vec<Vec<(String, String)>>> {
        let n = self.model.layer().parameters().n_outputs();
        let raw = (0..n).map(|j| Ok((self.raw(j), self.net_input(j)?))).collect::<Result<Vec<_>>>()?;
        let mut text = "CASE".to_owned();
        for k in 0..n {
            let tests: Vec<String> = (0..n)
                .filter(|&other| other != k)
                .map(|other| format!("{} >= {}", self.raw(k), self.raw(other)))
                .collect();
            let _ = write!(text, " WHEN {} THEN {}", tests.join(" AND "), self.raw(k));
        }
        Ok(vec![raw, vec![(self.largest(), text + " END")]])
    }

    /// The name of h of an output before the largest is taken from it.
    fn raw(&self, j: usize) -> String {
        format!("{}{}_raw", self.prefix, j + 1)
    }

    fn largest(&self) -> String {
        format!("{}largest", self.prefix)
    }

    /// Whether f must be kept from making a number of a missing h.
    fn guards(&self) -> bool {
        !fills(self.model) && self.function.hides_missing()
    }

    fn share(&self, j: usize) -> String {
        format!("{}{}", self.prefix, j + 1)
    }

    fn shares(&self) -> impl Iterator<Item = String> {
        (0..self.model.layer().parameters().n_outputs()).map(|j| self.share(j))
    }

    /// p_k = share_k/Σ shares, or the same for all classes where all shares are 0.
    fn probability(&self, k: usize) -> String {
        let sum = self.shares().collect::<Vec<_>>().join(" + ");
        let even = number(1.0 / self.shares().count() as f64);
        let share = self.share(k);
        format!("CASE WHEN {sum} > 0e0 THEN {share} / ({sum}) WHEN {sum} <= 0e0 THEN {even} END")
    }

    /// The class with the largest share; of equal ones the last.
    fn class(&self, classes: &[String]) -> Result<String> {
        let mut text = "CASE".to_owned();
        for (k, class) in classes.iter().enumerate().rev() {
            let share = self.share(k);
            let others = self.shares().enumerate().filter(|(other, _)| *other != k);
            let tests: Vec<String> = others.map(|(_, other)| format!("{share} >= {other}")).collect();
            let _ = write!(text, " WHEN {} THEN {}", tests.join(" AND "), text_literal(class)?);
        }
        Ok(text + " END")
    }

    /// h_j = Σ w x + b.
    fn net_input(&self, j: usize) -> Result<String> {
        let mut terms = Vec::new();
        let weight = |input: usize| weights_of(self.model, input).nth(j).unwrap_or_default();
        for (index, (first, feature)) in features(self.model).enumerate() {
            match &feature.kind {
                FeatureKind::Number { .. } | FeatureKind::Boolean { .. } => {
                    terms.extend(feature.scaling().map(|scaling| -> Result<String> {
                        let x = self.value(index, feature)?;
                        Ok(scaled(&x, scaling.offset, weight(first) * scaling.factor))
                    }));
                }
                FeatureKind::Category { levels, .. } => {
                    terms.push(self.weight_of_level(index, feature, levels, &|code: usize| weight(first + code), j));
                }
                FeatureKind::Hashed { .. } => return Err(hashed(Form::Sql, feature)),
                FeatureKind::Sparse { features, .. } => {
                    for (k, sparse) in features.iter().enumerate() {
                        let x = format!("COALESCE(\"{}\", 0e0)", sparse.index);
                        let factor = weight(first + k) * sparse.scaling.factor;
                        terms.push(Ok(scaled(&x, sparse.scaling.offset, factor)));
                    }
                }
            }
        }
        if self.model.layer().parameters().has_bias() {
            terms.push(Ok(number(self.model.layer().parameters().bias(j))));
        }
        Ok(sum(terms.into_iter().collect::<Result<Vec<_>>>()?))
    }
}

/// weight · (x − offset).
fn scaled(x: &str, offset: f64, weight: f64) -> String {
    match offset {
        0.0 => format!("{} * {x}", number(weight)),
        _ if offset < 0.0 => format!("{} * ({x} + {})", number(weight), number(-offset)),
        _ => format!("{} * ({x} - {})", number(weight), number(offset)),
    }
}

/// The terms added up, in parentheses of their own where they are many.
fn sum(mut terms: Vec<String>) -> String {
    while terms.len() > TERMS {
        terms = terms.chunks(TERMS).map(|part| format!("({})", part.join(" + "))).collect();
    }
    format!("({})", terms.join(" + "))
}

/// A function of h, in pieces.
struct Parts {
    /// The name that stands for h.
    net_input: String,
    /// What has names, level by level: each needs only those before it.
    levels: Vec<Vec<(String, String)>>,
    result: String,
    /// Whether h or anything else is needed more than once.
    binds: bool,
}

impl Parts {
    fn of(function: &Function, guard: bool, prefix: &str) -> Self {
        let uses = function.uses();
        let net_input = format!("{prefix}h");
        let mut levels: Vec<Vec<(String, String)>> = Vec::new();
        let (mut texts, mut depths) = (Vec::new(), Vec::new());
        for (place, operation) in function.operations.iter().enumerate() {
            let mut text = match operation {
                Operation::NetInput => net_input.clone(),
                operation => self::operation(*operation, &texts),
            };
            let mut depth = operation.operands().map(|operand: Place| depths[operand]).max().unwrap_or(0);
            let leaf = matches!(operation, Operation::NetInput | Operation::Constant(_));
            if !leaf && uses[place] > 1 && place != function.result {
                let name = format!("{prefix}v{place}");
                if levels.len() == depth {
                    levels.push(Vec::new());
                }
                levels[depth].push((name.clone(), text));
                (text, depth) = (name, depth + 1);
            }
            texts.push(text);
            depths.push(depth);
        }
        let mut result = texts[function.result].clone();
        if guard {
            result = format!("CASE WHEN {net_input} IS NOT NULL THEN {result} END");
        }
        let binds = guard || uses[0] > 1 || !levels.is_empty();
        Self { net_input, levels, result, binds }
    }
}

/// An operation on expressions, in parentheses where it is not a call.
fn operation(operation: Operation, texts: &[String]) -> String {
    let text = |place: Place| texts[place].as_str();
    match operation {
        Operation::NetInput => String::new(),
        Operation::Constant(value) => number(value),
        Operation::Unary(Unary::Negative, a) => format!("(- {})", text(a)),
        Operation::Unary(function, a) => format!("{}({})", function.name().to_uppercase(), text(a)),
        Operation::Binary(Binary::Power, a, b) => format!("POWER({}, {})", text(a), text(b)),
        Operation::Binary(operator, a, b) => {
            let sign = match operator {
                Binary::Add => "+",
                Binary::Subtract => "-",
                Binary::Multiply => "*",
                Binary::Divide | Binary::Power => "/",
            };
            format!("({} {sign} {})", text(a), text(b))
        }
        Operation::Choose { test, of, then, otherwise } => {
            let sign = match test {
                Test::Greater => ">",
                Test::AtLeast => ">=",
                Test::Equal => "=",
            };
            let (a, b, then, otherwise) = (text(of.0), text(of.1), text(then), text(otherwise));
            format!("CASE WHEN {a} {sign} {b} THEN {then} ELSE {otherwise} END")
        }
    }
}

/// A number of double precision; in parentheses where it has a sign, so that no two of them make a comment.
fn number(value: f64) -> String {
    if value.is_sign_negative() && value != 0.0 { format!("({value:e})") } else { format!("{:e}", value.abs()) }
}

/// A name in double quotes.
fn identifier(name: &str) -> Result<String> {
    checked("the name", name).map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A text in single quotes.
fn text_literal(text: &str) -> Result<String> {
    checked("the level", text).map(|text| format!("'{}'", text.replace('\'', "''")))
}

fn checked<'t>(what: &'static str, text: &'t str) -> Result<&'t str> {
    match text.contains('\0') {
        true => Err(ExportError::ZeroByte { form: Form::Sql, what, text: text.to_owned() }),
        false => Ok(text),
    }
}

/// A text on one line, as a comment must be.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A prefix that no column's name begins with, whatever the case.
fn prefix(model: &Model) -> String {
    let mut prefix = "d_".to_owned();
    let taken = |prefix: &str| {
        let mut names = model.encoding().columns().into_iter().map(str::to_lowercase);
        names.any(|name| name.starts_with(prefix))
    };
    while taken(&prefix) {
        prefix.push('_');
    }
    prefix
}
