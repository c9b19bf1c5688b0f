//! The messages of ONNX that a model of one layer needs, with the numbers of their fields in the public `onnx.proto`.

use std::collections::HashMap;

use prost::Message;

/// TensorProto.DataType.
pub(super) const INT64: i32 = 7;
pub(super) const STRING: i32 = 8;
pub(super) const DOUBLE: i32 = 11;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Model {
    #[prost(int64, optional, tag = "1")]
    pub(super) ir_version: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub(super) producer_name: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) producer_version: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(super) doc_string: Option<String>,
    #[prost(message, optional, tag = "7")]
    pub(super) graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    pub(super) opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    pub(super) metadata_props: Vec<StringEntry>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OperatorSet {
    #[prost(string, optional, tag = "1")]
    pub(super) domain: Option<String>,
    #[prost(int64, optional, tag = "2")]
    pub(super) version: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StringEntry {
    #[prost(string, optional, tag = "1")]
    pub(super) key: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub(super) node: Vec<Node>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub(super) initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub(super) input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub(super) output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Node {
    #[prost(string, repeated, tag = "1")]
    pub(super) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(super) output: Vec<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) op_type: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub(super) attribute: Vec<Attribute>,
    #[prost(string, optional, tag = "7")]
    pub(super) domain: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(int64, optional, tag = "3")]
    pub(super) i: Option<i64>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub(super) ints: Vec<i64>,
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub(super) strings: Vec<Vec<u8>>,
    #[prost(int32, optional, tag = "20")]
    pub(super) kind: Option<i32>,
}

impl Attribute {
    pub(super) fn int(name: &str, value: i64) -> Self {
        Self { name: Some(name.to_owned()), i: Some(value), kind: Some(2), ..Self::default() }
    }

    pub(super) fn ints(name: &str, values: Vec<i64>) -> Self {
        Self { name: Some(name.to_owned()), ints: values, kind: Some(7), ..Self::default() }
    }

    pub(super) fn strings(name: &str, values: &[String]) -> Self {
        let strings = values.iter().map(|value| value.as_bytes().to_vec()).collect();
        Self { name: Some(name.to_owned()), strings, kind: Some(8), ..Self::default() }
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub(super) dims: Vec<i64>,
    #[prost(int32, optional, tag = "2")]
    pub(super) data_type: Option<i32>,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(super) string_data: Vec<Vec<u8>>,
    #[prost(string, optional, tag = "8")]
    pub(super) name: Option<String>,
    /// Little-endian.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub(super) raw_data: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValueInfo {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(super) kind: Option<Type>,
    #[prost(string, optional, tag = "3")]
    pub(super) doc_string: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Type {
    #[prost(message, optional, tag = "1")]
    pub(super) tensor: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorType {
    #[prost(int32, optional, tag = "1")]
    pub(super) elem_type: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub(super) dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Dimension {
    #[prost(int64, optional, tag = "1")]
    pub(super) dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub(super) dim_param: Option<String>,
}

impl ValueInfo {
    /// A tensor of any number of rows and so many columns.
    pub(super) fn rows(name: &str, elem_type: i32, columns: usize, about: &str) -> Self {
        let rows = Dimension { dim_value: None, dim_param: Some("N".to_owned()) };
        let columns = Dimension { dim_value: Some(columns as i64), dim_param: None };
        let shape = Some(Shape { dim: vec![rows, columns] });
        let tensor = Some(TensorType { elem_type: Some(elem_type), shape });
        Self { name: Some(name.to_owned()), kind: Some(Type { tensor }), doc_string: Some(about.to_owned()) }
    }
}

/// Nodes and constants under way, with names that no input or output has.
pub(super) struct Nodes {
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
    /// Constants of one number, by their bits.
    scalars: HashMap<u64, String>,
    prefix: String,
}

impl Nodes {
    /// `prefix` must begin no name of an input or output.
    pub(super) fn new(prefix: String) -> Self {
        Self { nodes: Vec::new(), constants: Vec::new(), scalars: HashMap::new(), prefix }
    }

    pub(super) fn into_graph(self, name: &str, input: Vec<ValueInfo>, output: Vec<ValueInfo>) -> Graph {
        Graph { node: self.nodes, name: Some(name.to_owned()), initializer: self.constants, input, output }
    }

    /// An operator of the standard set with one result, whose name is given back.
    pub(super) fn add(&mut self, operator: &str, inputs: &[&str]) -> String {
        self.add_with(operator, inputs, Vec::new())
    }

    pub(super) fn add_with(&mut self, operator: &str, inputs: &[&str], attribute: Vec<Attribute>) -> String {
        let result = format!("{}{}_{}", self.prefix, operator.to_lowercase(), self.nodes.len());
        self.add_as(operator, inputs, vec![result.clone()], attribute);
        result
    }

    /// The same with results of given names.
    pub(super) fn add_as(&mut self, operator: &str, inputs: &[&str], output: Vec<String>, attribute: Vec<Attribute>) {
        let domain = (operator == "LabelEncoder").then(|| "ai.onnx.ml".to_owned());
        let name = format!("{}{}_{}", self.prefix, operator, self.nodes.len());
        let input = inputs.iter().map(|&input| input.to_owned()).collect();
        let (name, op_type) = (Some(name), Some(operator.to_owned()));
        self.nodes.push(Node { input, output, name, op_type, attribute, domain });
    }

    fn constant(&mut self, dims: &[usize], data_type: i32, raw: Option<Vec<u8>>, texts: Vec<Vec<u8>>) -> String {
        let name = format!("{}constant_{}", self.prefix, self.constants.len());
        self.constants.push(Tensor {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(data_type),
            string_data: texts,
            name: Some(name.clone()),
            raw_data: raw,
        });
        name
    }

    pub(super) fn numbers(&mut self, dims: &[usize], values: impl IntoIterator<Item = f64>) -> String {
        let raw = values.into_iter().flat_map(f64::to_le_bytes).collect();
        self.constant(dims, DOUBLE, Some(raw), Vec::new())
    }

    pub(super) fn scalar(&mut self, value: f64) -> String {
        if let Some(name) = self.scalars.get(&value.to_bits()) {
            return name.clone();
        }
        let name = self.numbers(&[], [value]);
        self.scalars.insert(value.to_bits(), name.clone());
        name
    }

    pub(super) fn integers(&mut self, dims: &[usize], values: impl IntoIterator<Item = i64>) -> String {
        let raw = values.into_iter().flat_map(i64::to_le_bytes).collect();
        self.constant(dims, INT64, Some(raw), Vec::new())
    }

    pub(super) fn texts(&mut self, values: &[String]) -> String {
        let texts = values.iter().map(|value| value.as_bytes().to_vec()).collect();
        self.constant(&[values.len()], STRING, None, texts)
    }
}
