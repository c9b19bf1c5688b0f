//! A trained network in a form that runs without deltarule: ONNX, SQL expressions, or a C function.
//!
//! [`export`] takes everything along that is between a row and a prediction: scaling, the levels of categories, the rule for what
//! is missing, f, classes and their probabilities. All arithmetic is that of f64, and the predictions are those of the command to
//! 1e-12. What a form cannot express is an [`ExportError`].
//!
//! How it is made: `function` writes f, and what makes a class's probability of it, as operations on one number; `lower` replaces
//! functions that a form does not have by others; `onnx`, `sql` and `c` write the weighted sums, these operations, and the classes.

mod c;
mod error;
mod function;
mod lower;
mod onnx;
mod sql;

use std::fmt;

use deltarule_core::Activation;
use deltarule_model::{DateFormat, DatePart, Feature, FeatureKind, MISSING_LEVEL, Model, Origin, RARE_LEVEL};

pub use error::{ExportError, Result};

/// What a model can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An ONNX model (IR version 8, operator set 17, ai.onnx.ml 3).
    Onnx,
    /// Expressions of SQL, for SQLite, DuckDB and what understands the same.
    Sql,
    /// A function of C99.
    C,
}

impl Form {
    /// Every form.
    pub const ALL: &'static [Form] = &[Form::Onnx, Form::Sql, Form::C];

    /// `onnx`, `sql` or `c`.
    pub fn name(self) -> &'static str {
        match self {
            Form::Onnx => "onnx",
            Form::Sql => "sql",
            Form::C => "c",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The model in another form: the bytes of a file.
///
/// Errors: what the form cannot express; the message says what to try.
pub fn export(model: &Model, form: Form) -> Result<Vec<u8>> {
    let inputs = model.encoding().shape().n_features();
    if inputs == 0 {
        return Err(ExportError::NoInputs);
    }
    let is_hashed = |feature: &&Feature| matches!(feature.kind, FeatureKind::Hashed { .. });
    if let Some(feature) = model.encoding().features.iter().find(is_hashed) {
        return Err(hashed(form, feature));
    }
    if let Some(feature) = model.encoding().features.iter().find(|feature| feature.is_hidden()) {
        return Err(ExportError::Private { form, column: feature.name.clone() });
    }
    let zoned = |feature: &Feature| Some((feature.column().to_owned(), feature.date()?.0.zone()?));
    if let Some((column, zone)) = model.encoding().features.iter().find_map(zoned)
        && form != Form::Onnx
    {
        return Err(ExportError::Zone { form, column, zone });
    }
    match form {
        Form::Onnx => onnx::write(model),
        Form::Sql => sql::write(model).map(String::into_bytes),
        Form::C => c::write(model).map(String::into_bytes),
    }
}

/// No form has the hash that leads from a text to its bucket.
fn hashed(form: Form, feature: &Feature) -> ExportError {
    ExportError::Hashed { form, column: feature.name.clone() }
}

/// A column of a row to predict.
struct Column<'m> {
    name: &'m str,
    holds: Holds<'m>,
}

/// What a column holds.
enum Holds<'m> {
    /// Numbers, with their mean in training.
    Number(f64),
    Boolean,
    /// Texts, with the levels.
    Category(&'m [String]),
    Date(&'m DateFormat),
    /// What is not looked at: only whether it is missing counts.
    Anything,
    /// All indices and values of a row.
    Sparse,
}

impl<'m> Column<'m> {
    /// How its dates are written; `None` where it has none.
    fn date(&self) -> Option<&'m DateFormat> {
        if let Holds::Date(format) = self.holds { Some(format) } else { None }
    }
}

/// The columns, in the order of the features that are made of them.
fn columns(model: &Model) -> Vec<Column<'_>> {
    let encoding = model.encoding();
    let of_column = |name: &str| {
        let mut features = encoding.features.iter().filter(|feature| !feature.is_combined() && !feature.is_flag());
        let Some(feature) = features.find(|feature| feature.column() == name) else { return Holds::Anything };
        match (&feature.origin, &feature.kind) {
            (Origin::Date { format, .. }, _) => Holds::Date(format),
            (_, FeatureKind::Boolean { .. }) => Holds::Boolean,
            (_, FeatureKind::Category { levels, .. }) => Holds::Category(levels),
            (_, FeatureKind::Sparse { .. }) => Holds::Sparse,
            _ => Holds::Number(mean_of(feature)),
        }
    };
    encoding.columns().into_iter().map(|name| Column { name, holds: of_column(name) }).collect()
}

/// The weights of each level of a part of dates, whether it occurred or not, shape (levels, J).
fn weights_of_part(model: &Model, part: DatePart, levels: &[String], first: usize) -> Vec<Vec<f64>> {
    let n_outputs = model.layer().parameters().n_outputs();
    let of_level = |level: usize| match levels.iter().position(|name| *name == part.level_name(level)) {
        Some(code) => weights_of(model, first + code).collect(),
        None => vec![0.0; n_outputs],
    };
    (0..part.n_levels()).map(of_level).collect()
}

/// Each feature with its first input.
fn features(model: &Model) -> impl Iterator<Item = (usize, &Feature)> {
    model.encoding().features.iter().scan(0, |next, feature| {
        let first = *next;
        *next += feature.n_inputs();
        Some((first, feature))
    })
}

/// The weights of one input, for each output.
fn weights_of(model: &Model, input: usize) -> impl Iterator<Item = f64> {
    let parameters = model.layer().parameters();
    (0..parameters.n_outputs()).map(move |j| parameters.weights(j)[input])
}

/// Whether a number that is missing takes the column's mean, and a category none of its levels, or one for what is missing.
fn fills(model: &Model) -> bool {
    model.encoding().missing.fills()
}

/// What becomes of a missing value, where the model has one for it.
fn filling(model: &Model) -> String {
    match model.encoding().missing.has_level() {
        true => {
            format!("takes the column's mean, or as a category the level {MISSING_LEVEL} if that occurred in training")
        }
        false => "takes the column's mean, or as a category none of the levels".to_owned(),
    }
}

/// The codes of a category beside those of its levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OtherCodes {
    /// Of a text that is none of the levels; `None` where it has no weight.
    unknown: Option<usize>,
    /// Of what is missing, where the rule fills it; `None` where it has no weight.
    missing: Option<usize>,
}

impl OtherCodes {
    fn of(model: &Model, feature: &Feature) -> Self {
        let place = |code: u32| Some(code as usize).filter(|code| *code < feature.n_inputs());
        let unknown = feature.pooled().and_then(|_| place(feature.code(RARE_LEVEL)));
        Self { unknown, missing: place(feature.code_of_missing(model.encoding().missing)) }
    }
}

/// Whether the outputs depend on each other: the largest h is taken from all, and their powers are divided by the sum.
fn is_softmax(model: &Model) -> bool {
    *model.layer().activation() == Activation::Softmax
}

/// The mean of a column of numbers or booleans.
fn mean_of(feature: &Feature) -> f64 {
    match feature.kind {
        FeatureKind::Number { mean, .. } | FeatureKind::Boolean { mean, .. } => mean,
        _ => 0.0,
    }
}

/// The first line of what is written, for its reader: what the model predicts, and by what.
fn headline(model: &Model) -> String {
    let target = &model.encoding().target;
    let what = match target.classes() {
        Some(classes) => format!("the class of {} ({} classes)", target.columns().join(", "), classes.len()),
        None => target.columns().join(", "),
    };
    format!("{what}, by a model of deltarule {}: f = {}", model.training().version, model.layer().activation())
}
