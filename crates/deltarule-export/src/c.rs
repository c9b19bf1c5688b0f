//! A function of C99 that needs nothing but the standard library.

mod dates;
mod names;
mod sums;

use std::fmt::Write as _;

use deltarule_model::{Feature, Model, SparseFeature, Target};

use crate::error::Result;
use crate::function::{self, Binary, Function, Operation, Place, Test, Unary};
use crate::{Column, Form, Holds, columns, filling, fills, headline, is_softmax, weights_of};
use dates::Readers;
use names::{Names, comment_text, string_literal};

/// A zero that is so many standard deviations from the mean is written out, as training does: its term would cancel digits of the sum of
/// the others'.
const FAR: f64 = 3.0;

pub(crate) fn write(model: &Model) -> Result<String> {
    let function = function::of(model, Form::C)?;
    let columns = columns(model);
    let of_dates = columns.iter().filter_map(|column| Some((column.name, column.date()?)));
    let writer = Writer {
        model,
        function: &function,
        dates: Readers::of(of_dates)?,
        inputs: Names::of(columns.iter().map(|column| column.name)),
        outputs: Names::of(outputs(&model.encoding().target).iter().map(String::as_str)),
        columns,
    };
    let mut text = String::new();
    writer.comment(&mut text)?;
    text += "#include <math.h>\n#include <stddef.h>\n#include <string.h>\n\n";
    writer.structs(&mut text);
    writer.tables(&mut text)?;
    writer.activation(&mut text);
    writer.predict(&mut text)?;
    Ok(text)
}

/// What is predicted: the numbers, or the class.
fn outputs(target: &Target) -> Vec<String> {
    target.columns().iter().map(|name| format!("predicted_{name}")).collect()
}

struct Writer<'m> {
    model: &'m Model,
    function: &'m Function,
    columns: Vec<Column<'m>>,
    dates: Readers<'m>,
    inputs: Names,
    outputs: Names,
}

impl Writer<'_> {
    fn n_outputs(&self) -> usize {
        self.model.layer().parameters().n_outputs()
    }

    fn classes(&self) -> &[String] {
        self.model.encoding().target.classes().unwrap_or_default()
    }

    fn sparse(&self) -> &[SparseFeature] {
        self.model.encoding().features.first().map_or(&[], Feature::sparse)
    }

    /// Each column with the name of its input.
    fn columns(&self) -> impl Iterator<Item = (&Column<'_>, &String)> {
        self.columns.iter().zip(&self.inputs.names)
    }

    fn is_sparse(&self) -> bool {
        self.model.encoding().is_sparse()
    }

    /// How the function is called.
    fn comment(&self, text: &mut String) -> Result<()> {
        let _ = writeln!(text, "/* Predicts {}.", comment_text(&headline(self.model)));
        let missing = match fills(self.model) {
            true => filling(self.model),
            false => "leaves all outputs NAN and the class NULL, and the function returns 1".to_owned(),
        };
        if self.is_sparse() {
            *text += "\n   A row is its values that are not 0, with their indices as in the files.\n";
        } else {
            let _ = writeln!(text, "\n   Missing is NAN in a number and NULL in a text; a missing value {missing}.");
            if self.columns.iter().any(|column| column.date().is_some()) {
                *text += "   A text that is no date leaves all outputs NAN and the class NULL, and the function returns 2.\n";
            }
        }
        *text += "\n   To call it:\n\n";
        if self.is_sparse() {
            let index = self.sparse().first().map_or(1, |feature| feature.index);
            let _ = writeln!(
                text,
                "       const unsigned long indices[] = {{ {index} }};\n       const double values[] = {{ 1.0 }};"
            );
            *text += "       const struct deltarule_input in = { 1, indices, values };\n";
        } else {
            *text += "       const struct deltarule_input in = {\n";
            for (column, name) in self.columns() {
                let example = match &column.holds {
                    Holds::Category(levels) => {
                        let level = levels.first().map(|level| string_literal(level)).transpose()?;
                        comment_text(level.as_deref().unwrap_or("NULL"))
                    }
                    Holds::Boolean => "1.0".to_owned(),
                    Holds::Number(mean) => format!("{mean:?}"),
                    Holds::Date(format) => comment_text(&string_literal(&self.dates.example(format))?),
                    Holds::Anything | Holds::Sparse => "NULL".to_owned(),
                };
                let _ = writeln!(text, "           .{name} = {example},");
            }
            *text += "       };\n";
        }
        let first = &self.outputs.names[0];
        let (form, part) = match self.classes() {
            [] => ("%g", format!("out.{first}")),
            _ => ("%s", format!("out.{first}")),
        };
        let _ = writeln!(text, "       struct deltarule_output out;\n       if (deltarule_predict(&in, &out) == 0)");
        let _ = writeln!(text, "           printf(\"{form}\\n\", {part});");
        *text += "\n   Include this file, or compile it with cc -std=c99 -c and link with -lm. */\n\n";
        Ok(())
    }

    fn structs(&self, text: &mut String) {
        *text += "struct deltarule_input {\n";
        if self.is_sparse() {
            *text += "    size_t n;                     /* how many values */\n";
            *text +=
                "    const unsigned long *indices; /* their indices; those the model does not know do not count */\n";
            *text += "    const double *values;\n";
        } else {
            for (column, name) in self.columns() {
                let (kind, about) = match &column.holds {
                    Holds::Category(_) => ("const char *", "a text in UTF-8".to_owned()),
                    Holds::Date(format) => ("const char *", comment_text(&format.expected())),
                    Holds::Anything => {
                        ("const char *", "a text that may be missing; what it is does not count".to_owned())
                    }
                    Holds::Boolean => ("double ", "1 for true, 0 for false".to_owned()),
                    Holds::Number(_) | Holds::Sparse => ("double ", "a number".to_owned()),
                };
                let _ = writeln!(text, "    {kind}{name}; /* {}: {about} */", comment_text(column.name));
            }
        }
        *text += "};\n\nstruct deltarule_output {\n";
        for name in &self.outputs.names {
            let kind = if self.classes().is_empty() { "double " } else { "const char *" };
            let _ = writeln!(text, "    {kind}{name};");
        }
        if !self.classes().is_empty() {
            let _ = writeln!(text, "    double p[{}]; /* the probabilities of:", self.classes().len());
            for (k, class) in self.classes().iter().enumerate() {
                let end = if k + 1 < self.classes().len() { "" } else { " */" };
                let _ = writeln!(text, "        {k}: {}{end}", comment_text(class));
            }
        }
        *text += "};\n\n";
    }

    /// Levels, indices and weights, and how they are found.
    fn tables(&self, text: &mut String) -> Result<()> {
        let n_outputs = self.n_outputs();
        let weights = |input: usize, factor: f64| {
            let row: Vec<String> = weights_of(self.model, input).map(|weight| number(weight * factor)).collect();
            row.join(", ")
        };
        self.levels(text)?;
        self.dates.write(text);
        self.nothing(text);
        if self.is_sparse() {
            let n = self.sparse().len();
            let _ = writeln!(text, "static const unsigned long deltarule_indices[{n}] = {{");
            self.sparse().iter().for_each(|feature| {
                let _ = writeln!(text, "    {}UL,", feature.index);
            });
            let _ = writeln!(
                text,
                "}};\n/* The weights in the units of the values. */\nstatic const double deltarule_weights[{n}][{n_outputs}] = {{"
            );
            for (k, feature) in self.sparse().iter().enumerate() {
                let _ = writeln!(text, "    {{ {} }},", weights(k, feature.scaling.factor));
            }
            *text += "};\n\n";
            *text += FIND_INDEX;
        }
        Ok(())
    }

    /// f as a function.
    fn activation(&self, text: &mut String) {
        let uses = self.function.uses();
        let _ = writeln!(text, "static double deltarule_f(double h)\n{{");
        let mut texts: Vec<String> = Vec::new();
        for (place, operation) in self.function.operations.iter().enumerate() {
            let mut expression = self::operation(*operation, &texts);
            let leaf = matches!(operation, Operation::NetInput | Operation::Constant(_));
            if !leaf && uses[place] > 1 && place != self.function.result {
                let _ = writeln!(text, "    const double v{place} = {expression};");
                expression = format!("v{place}");
            }
            texts.push(expression);
        }
        let _ = writeln!(text, "    return {};\n}}\n", texts[self.function.result]);
    }

    fn predict(&self, text: &mut String) -> Result<()> {
        *text += "int deltarule_predict(const struct deltarule_input *in, struct deltarule_output *out)\n{\n";
        let n_outputs = self.n_outputs();
        let constants: Vec<String> = (0..n_outputs).map(|j| number(self.constant(j))).collect();
        let _ = writeln!(text, "    double h[{n_outputs}] = {{ {} }};", constants.join(", "));
        match self.is_sparse() {
            true => self.sparse_sums(text),
            false => self.sums(text),
        }
        match self.classes() {
            [] => {
                for (j, name) in self.outputs.names.iter().enumerate() {
                    let _ = writeln!(text, "    out->{name} = deltarule_f(h[{j}]);");
                }
            }
            classes => self.classify(text, classes)?,
        }
        *text += "    return 0;\n}\n";
        Ok(())
    }

    /// What every h begins with: the bias, and the zeros of sparse numbers that are not written out.
    fn constant(&self, j: usize) -> f64 {
        let parameters = self.model.layer().parameters();
        let zeros = self.sparse().iter().zip(parameters.weights(j)).filter(|(feature, _)| !is_far(feature));
        let zeros: f64 = zeros.map(|(feature, weight)| weight * feature.scaling.apply(0.0)).sum();
        parameters.bias(j) + zeros
    }

    /// h of pairs of index and value.
    fn sparse_sums(&self, text: &mut String) {
        let n_outputs = self.n_outputs();
        let far: Vec<usize> = (0..self.sparse().len()).filter(|&k| is_far(&self.sparse()[k])).collect();
        for k in &far {
            let _ = writeln!(text, "    double x{k} = 0.0;");
        }
        *text += "    size_t i, j;\n\n    for (i = 0; i < in->n; i++) {\n";
        let _ = writeln!(text, "        const ptrdiff_t k = deltarule_index(in->indices[i], {});", self.sparse().len());
        for k in &far {
            let _ = writeln!(
                text,
                "        if (k == {k}) {{\n            x{k} += in->values[i];\n            continue;\n        }}"
            );
        }
        let _ = writeln!(
            text,
            "        for (j = 0; k >= 0 && j < {n_outputs}; j++)\n            h[j] += deltarule_weights[k][j] * in->values[i];\n    }}"
        );
        if !far.is_empty() {
            *text += "    /* Where hardly any value is 0, the mean is subtracted first. */\n";
            let _ = writeln!(text, "    for (j = 0; j < {n_outputs}; j++) {{");
            for k in &far {
                let offset = number(self.sparse()[*k].scaling.offset);
                let _ = writeln!(text, "        h[j] += deltarule_weights[{k}][j] * (x{k} - {offset});");
            }
            *text += "    }\n";
        }
    }

    /// Probabilities and the most probable class; of equal ones the last.
    fn classify(&self, text: &mut String, classes: &[String]) -> Result<()> {
        let n = classes.len();
        *text += "\n    {\n        static const char *const classes[] = {\n";
        for class in classes {
            let _ = writeln!(text, "            {},", string_literal(class)?);
        }
        *text += "        };\n        size_t k, best = 0;\n";
        if self.n_outputs() == 1 {
            *text += "        out->p[1] = deltarule_f(h[0]);\n        out->p[0] = 1.0 - out->p[1];\n";
        } else {
            *text += "        double sum = 0.0;\n";
            if is_softmax(self.model) {
                *text += "        double largest = h[0];\n";
                let _ = writeln!(
                    text,
                    "        for (k = 1; k < {n}; k++)\n            largest = h[k] > largest ? h[k] : largest;"
                );
                let _ = writeln!(text, "        for (k = 0; k < {n}; k++)\n            h[k] -= largest;");
            }
            let _ = writeln!(
                text,
                "        for (k = 0; k < {n}; k++) {{\n            out->p[k] = deltarule_f(h[k]);\n            sum += out->p[k];\n        }}"
            );
            let even = number(1.0 / n as f64);
            let _ = writeln!(
                text,
                "        for (k = 0; k < {n}; k++)\n            out->p[k] = sum > 0.0 ? out->p[k] / sum : {even};"
            );
        }
        let _ = writeln!(
            text,
            "        for (k = 0; k < {n}; k++)\n            if (out->p[k] >= out->p[best])\n                best = k;"
        );
        let _ = writeln!(text, "        out->{} = classes[best];\n    }}", self.outputs.names[0]);
        Ok(())
    }
}

/// Whether a zero is far from the mean.
fn is_far(feature: &SparseFeature) -> bool {
    feature.scaling.apply(0.0).abs() > FAR
}

/// An operation on expressions, in parentheses where it is not a call.
fn operation(operation: Operation, texts: &[String]) -> String {
    let text = |place: Place| texts[place].as_str();
    match operation {
        Operation::NetInput => "h".to_owned(),
        Operation::Constant(value) => number(value),
        Operation::Unary(function, a) => {
            let name = match function {
                Unary::Negative => return format!("(-{})", text(a)),
                Unary::Abs => "fabs",
                Unary::Ln => "log",
                function => function.name(),
            };
            format!("{name}({})", text(a))
        }
        Operation::Binary(Binary::Power, a, b) => format!("pow({}, {})", text(a), text(b)),
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
                Test::Equal => "==",
            };
            format!("({} {sign} {} ? {} : {})", text(of.0), text(of.1), text(then), text(otherwise))
        }
    }
}

/// A constant of type double, all its digits.
fn number(value: f64) -> String {
    if value.is_sign_negative() { format!("({value:?})") } else { format!("{value:?}") }
}

/// An index among those of the model.
const FIND_INDEX: &str = "\
static ptrdiff_t deltarule_index(unsigned long index, size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (deltarule_indices[middle] == index)
            return (ptrdiff_t)middle;
        if (deltarule_indices[middle] > index)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

";
