//! Weights as CSV: `output,feature,weight`, with `epoch` in front where there are several states.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use deltarule_core::Parameters;
use deltarule_data::{CsvOptions, CsvReader, Decimal, parse_number};
use deltarule_model::Encoding;

/// The name of b among the features.
const BIAS: &str = "(bias)";

/// One line for every weight, each with the same text in front.
pub(crate) fn lines(front: &str, encoding: &Encoding, parameters: &Parameters) -> String {
    use std::fmt::Write as _;

    use crate::output::csv_field;
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
    let options = CsvOptions { header: Some(true), ..CsvOptions::default() };
    let mut reader =
        CsvReader::open(path, &options).with_context(|| "--init: expected auto, zeros, normal or a file")?;
    let file = path.display().to_string();
    let position = |name: &str| reader.header().iter().position(|column| column == name);
    let (Some(output_at), Some(feature_at), Some(weight_at)) =
        (position("output"), position("feature"), position("weight"))
    else {
        let found = reader.header().join(",");
        bail!("{file}: found the columns {found}, expected output,feature,weight, as --path writes them");
    };
    let epoch_at = position("epoch");
    let (outputs, inputs) = (encoding.target.output_names(), encoding.input_names());
    let mut parameters = Parameters::zeros(inputs.len(), outputs.len(), has_bias);
    let places: HashMap<&str, usize> = inputs.iter().map(String::as_str).zip(0..).collect();
    let width = inputs.len() + 1;
    let mut seen = vec![false; width * outputs.len()];
    let mut epoch = None;
    while let Some(record) = reader.next_record()? {
        let line = record.line;
        let text = |at: usize| String::from_utf8_lossy(record.trimmed(at)).into_owned();
        let this_epoch = epoch_at.map(text);
        if this_epoch != epoch {
            epoch = this_epoch;
            seen.fill(false);
        }
        let (output, feature) = (text(output_at), text(feature_at));
        let Some(j) = outputs.iter().position(|name| *name == output) else {
            bail!("{file}: line {line}: found output {output:?}, expected one of {}", outputs.join(", "));
        };
        let weight = match parse_number(record.trimmed(weight_at), Decimal::Point) {
            Some(weight) if weight.is_finite() => weight,
            _ => bail!("{file}: line {line}: found weight {:?}, expected a finite number", text(weight_at)),
        };
        let i = match places.get(feature.as_str()) {
            Some(&i) => i,
            None if feature == BIAS && has_bias => inputs.len(),
            None if feature == BIAS => bail!("{file}: line {line}: found a bias, and the network has none (--no-bias)"),
            None => {
                let known: Vec<&str> = inputs.iter().take(30).map(String::as_str).collect();
                bail!("{file}: line {line}: found feature {feature:?}, expected one of {}", known.join(", "));
            }
        };
        if std::mem::replace(&mut seen[j * width + i], true) {
            bail!("{file}: line {line}: found the weight of {feature} for output {output} a second time");
        }
        match parameters.weights_mut(j).get_mut(i) {
            Some(place) => *place = weight,
            None => parameters.set_bias(j, weight),
        }
    }
    for (j, output) in outputs.iter().enumerate() {
        let needed = if has_bias { width } else { inputs.len() };
        if let Some(i) = (0..needed).find(|i| !seen[j * width + i]) {
            let feature = inputs.get(i).map_or(BIAS, String::as_str);
            bail!("{file}: found no weight of {feature} for output {output}, expected one");
        }
    }
    Ok(parameters)
}
