//! Weights as CSV: `output,feature,weight`, with `epoch` in front where there are several states.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use deltarule_core::Parameters;
use deltarule_data::{CsvOptions, CsvReader, Decimal, csv_field, parse_number};
use deltarule_model::Encoding;

/// The name of b among the features.
const BIAS: &str = "(bias)";

/// One line for every weight, each with the same text in front.
pub(crate) fn lines(front: &str, encoding: &Encoding, parameters: &Parameters) -> String {
    use std::fmt::Write as _;

    let inputs: Vec<String> = encoding.input_names().iter().map(|name| csv_field(name)).collect();
    let mut text = String::new();
    for (j, output) in encoding.target.output_names().iter().enumerate() {
        let output = csv_field(output);
        for (input, weight) in inputs.iter().zip(parameters.weights(j)) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{front}{output},{input},{weight:?}");
        }
        if parameters.has_bias() {
            let _ = writeln!(text, "{front}{output},{BIAS},{:?}", parameters.bias(j));
        }
    }
    text
}

/// Reads weights in the form that `--path` writes; of several epochs the last.
///
/// Errors: a column, an output or a feature that is not there or not known, a weight twice or not at all.
pub(crate) fn read(path: &Path, encoding: &Encoding, has_bias: bool) -> Result<Parameters> {
    let mut last = None;
    let file = open(path).with_context(|| "--init: expected auto, zeros, normal or a file")?;
    for_each_state(file, path, encoding, has_bias, |_, state| {
        last = Some(state);
        Ok(())
    })?;
    last.unwrap_or_else(|| State::new(encoding, has_bias)).complete(path, encoding)
}

/// Reads the weights of every epoch in such a file, in its order.
///
/// Errors: those of [`read`]; a file without epochs, or with an epoch that is not above the one before it.
pub(crate) fn read_states(path: &Path, encoding: &Encoding, has_bias: bool) -> Result<Vec<(u64, Parameters)>> {
    let mut states: Vec<(u64, Parameters)> = Vec::new();
    let file = path.display();
    for_each_state(open(path)?, path, encoding, has_bias, |epoch, state| {
        let Some(text) = epoch else {
            bail!("{file}: found no column epoch, expected epoch,output,feature,weight, as --path writes them")
        };
        let Ok(epoch) = text.parse::<u64>() else { bail!("{file}: found epoch {text:?}, expected a whole number") };
        if let Some((before, _)) = states.last().filter(|(before, _)| *before >= epoch) {
            bail!("{file}: found epoch {epoch} after epoch {before}, expected ascending ones");
        }
        let parameters = state.complete(path, encoding).with_context(|| format!("epoch {epoch}"))?;
        states.push((epoch, parameters));
        Ok(())
    })?;
    if states.is_empty() {
        bail!("{file}: found no weights, expected those of at least one epoch");
    }
    Ok(states)
}

fn open(path: &Path) -> Result<CsvReader> {
    let options = CsvOptions { header: Some(true), ..CsvOptions::default() };
    Ok(CsvReader::open(path, &options)?)
}

/// Weights under way, and which of them were read.
struct State {
    parameters: Parameters,
    seen: Vec<bool>,
}

impl State {
    fn new(encoding: &Encoding, has_bias: bool) -> Self {
        let shape = encoding.shape();
        let (d, n_outputs) = (shape.n_features(), shape.n_outputs());
        Self { parameters: Parameters::zeros(d, n_outputs, has_bias), seen: vec![false; (d + 1) * n_outputs] }
    }

    /// Errors: a weight that was not read.
    fn complete(self, path: &Path, encoding: &Encoding) -> Result<Parameters> {
        let d = self.parameters.n_features();
        let needed = d + usize::from(self.parameters.has_bias());
        for j in 0..self.parameters.n_outputs() {
            if let Some(i) = (0..needed).find(|i| !self.seen[j * (d + 1) + i]) {
                let (inputs, outputs) = (encoding.input_names(), encoding.target.output_names());
                let feature = inputs.get(i).map_or(BIAS, String::as_str);
                bail!("{}: found no weight of {feature} for output {}, expected one", path.display(), outputs[j]);
            }
        }
        Ok(self.parameters)
    }
}

/// Shows the weights of each epoch, complete or not; of a file without epochs all of them.
fn for_each_state(
    mut reader: CsvReader,
    path: &Path,
    encoding: &Encoding,
    has_bias: bool,
    mut visit: impl FnMut(Option<&str>, State) -> Result<()>,
) -> Result<()> {
    let file = path.display();
    let position = |name: &str| reader.header().iter().position(|column| column == name);
    let (Some(output_at), Some(feature_at), Some(weight_at)) =
        (position("output"), position("feature"), position("weight"))
    else {
        let found = reader.header().join(",");
        bail!("{file}: found the columns {found}, expected output,feature,weight, as --path writes them");
    };
    let epoch_at = position("epoch");
    let (outputs, inputs) = (encoding.target.output_names(), encoding.input_names());
    let places: HashMap<&str, usize> = inputs.iter().map(String::as_str).zip(0..).collect();
    let width = inputs.len() + 1;
    let mut state: Option<(Option<String>, State)> = None;
    while let Some(record) = reader.next_record()? {
        let place = record.at;
        let text = |at: usize| String::from_utf8_lossy(record.trimmed(at)).into_owned();
        let this_epoch = epoch_at.map(text);
        if let Some((epoch, ended)) = state.take_if(|(epoch, _)| *epoch != this_epoch) {
            visit(epoch.as_deref(), ended)?;
        }
        let (_, State { parameters, seen }) = state.get_or_insert_with(|| (this_epoch, State::new(encoding, has_bias)));
        let (output, feature) = (text(output_at), text(feature_at));
        let Some(j) = outputs.iter().position(|name| *name == output) else {
            bail!("{file}: {place}: found output {output:?}, expected one of {}", outputs.join(", "));
        };
        let weight = match parse_number(record.trimmed(weight_at), Decimal::Point) {
            Some(weight) if weight.is_finite() => weight,
            _ => bail!("{file}: {place}: found weight {:?}, expected a finite number", text(weight_at)),
        };
        let i = match places.get(feature.as_str()) {
            Some(&i) => i,
            None if feature == BIAS && has_bias => inputs.len(),
            None if feature == BIAS => bail!("{file}: {place}: found a bias, and the network has none (--no-bias)"),
            None => {
                let known: Vec<&str> = inputs.iter().take(30).map(String::as_str).collect();
                bail!("{file}: {place}: found feature {feature:?}, expected one of {}", known.join(", "));
            }
        };
        if std::mem::replace(&mut seen[j * width + i], true) {
            bail!("{file}: {place}: found the weight of {feature} for output {output} a second time");
        }
        match parameters.weights_mut(j).get_mut(i) {
            Some(place) => *place = weight,
            None => parameters.set_bias(j, weight),
        }
    }
    match state {
        Some((epoch, ended)) => visit(epoch.as_deref(), ended),
        None => Ok(()),
    }
}
