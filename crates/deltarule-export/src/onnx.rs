//! An ONNX model: an input tensor of shape (N, 1) for each column, by its name, and N may be 0.
//!
//! Only operators that common runtimes have for f64 are used, and not Sigmoid: some make 0 of what is merely small.

mod inputs;
mod proto;

use std::collections::HashMap;

use deltarule_model::{Feature, FeatureKind, Model, Target};
use prost::Message as _;

use crate::error::{ExportError, Result};
use crate::function::{self, Binary, Function, Operation, Test, Unary};
use crate::{Form, columns, features, fills, headline, is_softmax, weights_of};
use proto::{Attribute, DOUBLE, Nodes, OperatorSet, STRING, StringEntry, ValueInfo};

/// A row of sparse numbers has a place for each index, up to so many.
const WIDEST: u32 = 100_000;

pub(crate) fn write(model: &Model) -> Result<Vec<u8>> {
    let function = function::of(model, Form::Onnx)?;
    let columns = columns(model);
    if columns.iter().any(|column| column.name.is_empty()) {
        return Err(ExportError::NoName { form: Form::Onnx });
    }
    let mut names = Names::of(model);
    let mut writer = Writer {
        model,
        nodes: Nodes::new(names.prefix()),
        inputs: Vec::new(),
        outputs: Vec::new(),
        codes: HashMap::new(),
        dates: HashMap::new(),
    };
    columns.iter().for_each(|column| writer.input(column));
    let net_input = writer.net_inputs()?;
    let net_input = match is_softmax(model) {
        true => writer.less_largest(&net_input),
        false => net_input,
    };
    let result = writer.apply(&function, &net_input);
    writer.finish(&mut names, &result);
    let mut metadata = vec![entry("deltarule.version", &model.training().version)];
    if let Some(classes) = model.encoding().target.classes() {
        metadata.push(entry("classes", &serde_json::Value::from(classes).to_string()));
    }
    let seconds: Vec<&str> =
        columns.iter().filter(|column| column.date().is_some()).map(|column| column.name).collect();
    if !seconds.is_empty() {
        metadata.push(entry("seconds", &serde_json::Value::from(seconds).to_string()));
        metadata.push(entry("seconds.meaning", inputs::SECONDS));
    }
    let graph = writer.nodes.into_graph("deltarule", writer.inputs, writer.outputs);
    let set = |domain: &str, version| OperatorSet { domain: Some(domain.to_owned()), version: Some(version) };
    let file = proto::Model {
        ir_version: Some(8),
        producer_name: Some("deltarule".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        doc_string: Some(format!("predicts {}", headline(model))),
        graph: Some(graph),
        opset_import: vec![set("", 17), set("ai.onnx.ml", 3)],
        metadata_props: metadata,
    };
    Ok(file.encode_to_vec())
}

fn entry(key: &str, value: &str) -> StringEntry {
    StringEntry { key: Some(key.to_owned()), value: Some(value.to_owned()) }
}

/// The names of the inputs and outputs, each once.
struct Names {
    taken: Vec<String>,
}

impl Names {
    fn of(model: &Model) -> Self {
        Self { taken: model.encoding().columns().into_iter().map(str::to_owned).collect() }
    }

    /// A prefix for what lies between inputs and outputs.
    fn prefix(&self) -> String {
        let mut prefix = "deltarule/".to_owned();
        while self.taken.iter().any(|name| name.starts_with(&prefix)) {
            prefix.push('/');
        }
        prefix
    }

    /// The name for an output; with an underscore where an input is called so.
    fn output(&mut self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.taken.contains(&name) {
            name.push('_');
        }
        self.taken.push(name.clone());
        name
    }
}

struct Writer<'m> {
    model: &'m Model,
    nodes: Nodes,
    inputs: Vec<ValueInfo>,
    outputs: Vec<ValueInfo>,
    /// The codes of categories that are columns, by their first inputs.
    codes: HashMap<usize, String>,
    /// The parts of dates, by their columns.
    dates: HashMap<String, inputs::DateParts>,
}

impl Writer<'_> {
    fn n_outputs(&self) -> usize {
        self.model.layer().parameters().n_outputs()
    }

    /// h, shape (N, J).
    fn net_inputs(&mut self) -> Result<String> {
        let mut terms = Vec::new();
        let numbers = match self.model.encoding().is_sparse() {
            true => Some(self.sparse_numbers()?),
            false => self.numbers(),
        };
        terms.extend(numbers);
        for (index, (first, feature)) in features(self.model).enumerate() {
            if let FeatureKind::Category { levels, .. } = &feature.kind {
                terms.push(self.category(index, first, feature, levels));
            }
        }
        let parameters = self.model.layer().parameters();
        if parameters.has_bias() {
            let n_outputs = self.n_outputs();
            terms.push(self.nodes.numbers(&[1, n_outputs], (0..n_outputs).map(|j| parameters.bias(j))));
        }
        let sum = terms.into_iter().reduce(|sum, term| self.nodes.add("Add", &[&sum, &term]));
        Ok(sum.unwrap_or_default())
    }

    /// Σ w·(x − offset)·factor, for x of shape (N, inputs).
    fn weighted(&mut self, x: &str, offsets: Vec<f64>, factors: Vec<f64>, inputs: &[usize]) -> String {
        let n = inputs.len();
        let weights = inputs.iter().flat_map(|&input| weights_of(self.model, input));
        let weights = self.nodes.numbers(&[n, self.model.layer().parameters().n_outputs()], weights);
        let (offsets, factors) = (self.nodes.numbers(&[1, n], offsets), self.nodes.numbers(&[1, n], factors));
        let centred = self.nodes.add("Sub", &[x, &offsets]);
        let scaled = self.nodes.add("Mul", &[&centred, &factors]);
        self.nodes.add("MatMul", &[&scaled, &weights])
    }

    /// Σ w x of sparse numbers, whose rows are written out.
    fn sparse_numbers(&mut self) -> Result<String> {
        let Some(Feature { name, kind: FeatureKind::Sparse { first_index, features }, .. }) =
            self.model.encoding().features.first()
        else {
            return Ok(String::new());
        };
        let largest = features.last().map_or(0, |feature| feature.index);
        if largest >= WIDEST {
            return Err(ExportError::Wide { form: Form::Onnx, largest, limit: WIDEST });
        }
        let width = (largest + 1 - first_index) as usize;
        let about = format!("column k is the value of index k + {first_index}, and 0 where the row has none");
        self.inputs.push(ValueInfo::rows(name, DOUBLE, width, &about));
        let places = features.iter().map(|feature| i64::from(feature.index - first_index));
        let places = self.nodes.integers(&[features.len()], places);
        let x = self.nodes.add_with("Gather", &[name, &places], vec![Attribute::int("axis", 1)]);
        let scalings = features.iter().map(|feature| (feature.scaling.offset, feature.scaling.factor));
        let (offsets, factors) = scalings.unzip();
        let inputs: Vec<usize> = (0..features.len()).collect();
        Ok(self.weighted(&x, offsets, factors, &inputs))
    }

    /// h less the largest of its row.
    fn less_largest(&mut self, net_input: &str) -> String {
        let attributes = vec![Attribute::ints("axes", vec![1]), Attribute::int("keepdims", 1)];
        let largest = self.nodes.add_with("ReduceMax", &[net_input], attributes);
        self.nodes.add("Sub", &[net_input, &largest])
    }

    /// The function of every h.
    fn apply(&mut self, function: &Function, net_input: &str) -> String {
        let uses = function.uses();
        let mut results: Vec<String> = Vec::new();
        for (place, operation) in function.operations.iter().enumerate() {
            let result = match *operation {
                Operation::NetInput => net_input.to_owned(),
                _ if uses[place] == 0 => String::new(),
                Operation::Constant(value) => self.nodes.scalar(value),
                Operation::Unary(unary, a) => self.nodes.add(operator(unary), &[&results[a]]),
                Operation::Binary(binary, a, b) => {
                    let name = match binary {
                        Binary::Add => "Add",
                        Binary::Subtract => "Sub",
                        Binary::Multiply => "Mul",
                        Binary::Divide => "Div",
                        Binary::Power => "Pow",
                    };
                    self.nodes.add(name, &[&results[a], &results[b]])
                }
                Operation::Choose { test, of: (a, b), then, otherwise } => {
                    let name = match test {
                        Test::Greater => "Greater",
                        Test::AtLeast => "GreaterOrEqual",
                        Test::Equal => "Equal",
                    };
                    let test = self.nodes.add(name, &[&results[a], &results[b]]);
                    self.nodes.add("Where", &[&test, &results[then], &results[otherwise]])
                }
            };
            results.push(result);
        }
        let result = results[function.result].clone();
        if fills(self.model) || !function.hides_missing() {
            return result;
        }
        let (missing, nan) = (self.nodes.add("IsNaN", &[net_input]), self.nodes.scalar(f64::NAN));
        self.nodes.add("Where", &[&missing, &nan, &result])
    }

    /// Numbers as they are; for classes the probabilities, and the most probable one.
    fn finish(&mut self, names: &mut Names, result: &str) {
        let classes = match &self.model.encoding().target {
            Target::Numbers { names: targets, .. } => {
                let outputs: Vec<String> =
                    targets.iter().map(|name| names.output(&format!("predicted_{name}"))).collect();
                for (output, target) in outputs.iter().zip(targets) {
                    self.outputs.push(ValueInfo::rows(output, DOUBLE, 1, &format!("the prediction of {target}")));
                }
                match outputs.len() {
                    1 => self.nodes.add_as("Identity", &[result], outputs, Vec::new()),
                    _ => self.nodes.add_as("Split", &[result], outputs, vec![Attribute::int("axis", 1)]),
                }
                return;
            }
            Target::TwoClasses { classes, .. } => classes.to_vec(),
            Target::Classes { classes, .. } => classes.clone(),
        };
        let (class, probabilities) = match self.model.encoding().target.columns().first() {
            Some(target) => (names.output(&format!("predicted_{target}")), names.output("probabilities")),
            None => return,
        };
        self.outputs.push(ValueInfo::rows(&class, STRING, 1, "the most probable class"));
        let about = format!("the probabilities of the classes: {}", classes.join(", "));
        self.outputs.push(ValueInfo::rows(&probabilities, DOUBLE, classes.len(), &about));
        match self.n_outputs() {
            1 => {
                let one = self.nodes.scalar(1.0);
                let first = self.nodes.add("Sub", &[&one, result]);
                let axis = vec![Attribute::int("axis", 1)];
                self.nodes.add_as("Concat", &[&first, result], vec![probabilities.clone()], axis);
            }
            n => {
                let (axis, zero, even) =
                    (self.nodes.integers(&[1], [1]), self.nodes.scalar(0.0), self.nodes.scalar(1.0 / n as f64));
                let sum = self.nodes.add_with("ReduceSum", &[result, &axis], vec![Attribute::int("keepdims", 1)]);
                let (shares, none) = (self.nodes.add("Div", &[result, &sum]), self.nodes.add("Equal", &[&sum, &zero]));
                self.nodes.add_as("Where", &[&none, &even, &shares], vec![probabilities.clone()], Vec::new());
            }
        }
        let attributes = ["axis", "keepdims", "select_last_index"].map(|name| Attribute::int(name, 1));
        let mut best = self.nodes.add_with("ArgMax", &[&probabilities], attributes.to_vec());
        let mut labels = classes.clone();
        if !fills(self.model) {
            // What is missing has no class.
            let axis = self.nodes.integers(&[1], [1]);
            let attributes = vec![Attribute::int("keepdims", 1)];
            let sum = self.nodes.add_with("ReduceSum", &[&probabilities, &axis], attributes);
            let missing = self.nodes.add("IsNaN", &[&sum]);
            let none = self.nodes.integers(&[], [labels.len() as i64]);
            best = self.nodes.add("Where", &[&missing, &none, &best]);
            labels.push(String::new());
        }
        let labels = self.nodes.texts(&labels);
        self.nodes.add_as("Gather", &[&labels, &best], vec![class], vec![Attribute::int("axis", 0)]);
    }
}

/// The operator that a function is; those that are none are replaced before.
fn operator(function: Unary) -> &'static str {
    match function {
        Unary::Negative => "Neg",
        Unary::Abs => "Abs",
        Unary::Cos => "Cos",
        Unary::Exp => "Exp",
        Unary::Ln => "Log",
        Unary::Sign => "Sign",
        Unary::Sin => "Sin",
        Unary::Sqrt => "Sqrt",
        Unary::Tanh => "Tanh",
        _ => "Identity",
    }
}
