//! Which weight a person means, and how it is called in a picture.

use anyhow::{Result, bail};
use deltarule_core::{WeightIndex, WeightUnits};
use deltarule_model::{Encoding, FeatureKind, Target};

/// The name of b.
pub(super) const BIAS: &str = "(bias)";
/// So many names are listed where none of them was meant.
const LISTED: usize = 30;
/// And so many in a picture, which has to have room for more than names.
const LISTED_IN_PICTURE: usize = 8;

/// Names one after the other, the first of many.
fn listed(names: &[String], most: usize) -> String {
    let text = names.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > most { format!("{text}, … ({} in all)", names.len()) } else { text }
}

/// Names from which one can be chosen.
pub(super) fn choices(names: &[String]) -> String {
    listed(names, LISTED)
}

/// The same in a picture.
pub(super) fn short_choices(names: &[String]) -> String {
    listed(names, LISTED_IN_PICTURE)
}

/// The inputs and outputs of a network by their names.
pub(crate) struct Names {
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) has_bias: bool,
}

impl Names {
    pub(crate) fn of(encoding: &Encoding, has_bias: bool) -> Self {
        Self { inputs: encoding.input_names(), outputs: encoding.target.output_names(), has_bias }
    }

    /// The weight with a name: an input's, or `OUTPUT/INPUT`. Names may have slashes of their own.
    ///
    /// Errors: it is no such name, or one of several outputs is to be named.
    pub(super) fn find(&self, option: &str, text: &str) -> Result<WeightIndex> {
        if let [_] = self.outputs[..]
            && let Some(feature) = self.feature(text)
        {
            return Ok(WeightIndex { output: 0, feature });
        }
        for (output, name) in self.outputs.iter().enumerate() {
            let rest = text.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('/'));
            if let Some(feature) = rest.and_then(|rest| self.feature(rest)) {
                return Ok(WeightIndex { output, feature });
            }
        }
        if self.outputs.len() > 1 && self.feature(text).is_some() {
            bail!(
                "{option}: found {text:?} for a network of {} outputs, expected OUTPUT/NAME, such as {}/{text}; outputs: {}",
                self.outputs.len(),
                self.outputs[0],
                choices(&self.outputs)
            );
        }
        let of_column = format!("{text}=");
        let levels: Vec<String> = self.inputs.iter().filter(|input| input.starts_with(&of_column)).cloned().collect();
        if !levels.is_empty() {
            bail!(
                "{option}: found {text:?}, a column with a weight for each level, expected one of {}",
                choices(&levels)
            );
        }
        let bias = self.has_bias.then_some(BIAS);
        let known: Vec<&str> = self.inputs.iter().take(LISTED).map(String::as_str).chain(bias).collect();
        let more =
            if self.inputs.len() > LISTED { format!(", … ({} in all)", self.inputs.len()) } else { String::new() };
        let of_output = if self.outputs.len() > 1 { " after OUTPUT/" } else { "" };
        bail!("{option}: found {text:?}, expected one of {}{more}{of_output}", known.join(", "))
    }

    /// The input with a name; `None` inside for the bias.
    fn feature(&self, text: &str) -> Option<Option<usize>> {
        if let Some(i) = self.inputs.iter().position(|input| input == text) {
            return Some(Some(i));
        }
        (self.has_bias && (text == BIAS || text == "bias")).then_some(None)
    }

    /// The name of a weight, with its output where there are several.
    pub(super) fn text(&self, at: WeightIndex) -> String {
        let input = at.feature.and_then(|i| self.inputs.get(i)).map_or(BIAS, String::as_str);
        match &self.outputs[..] {
            [_] => input.to_owned(),
            outputs => format!("{}/{input}", outputs.get(at.output).map_or("", String::as_str)),
        }
    }
}

/// A class by its name in a picture, with its column where the name alone would be taken for a number: `passed=1`.
pub(super) fn class_text(target: &Target, class: usize) -> String {
    let name = target.classes().and_then(|classes| classes.get(class)).map_or("", String::as_str);
    match target {
        Target::TwoClasses { name: column, .. } | Target::Classes { name: column, .. }
            if name.parse::<f64>().is_ok() =>
        {
            format!("{column}={name}")
        }
        _ => name.to_owned(),
    }
}

/// The weight with its unit, for an axis: h changes by it for so much of the column.
pub(super) fn axis_text(encoding: &Encoding, names: &Names, at: WeightIndex, units: WeightUnits) -> String {
    let name = names.text(at);
    let Some(i) = at.feature else {
        return match units {
            WeightUnits::Scaled => format!("{name}: h of the average record"),
            WeightUnits::Original => format!("{name}: h where every number is 0"),
        };
    };
    let shape = encoding.shape();
    let column = shape.column_of(i);
    let feature = &encoding.features[column];
    let place = i - shape.features_of(column).start;
    let scaling = match &feature.kind {
        FeatureKind::Sparse { features, .. } => features.get(place).map(|feature| feature.scaling),
        _ => feature.scaling(),
    };
    match (scaling, units) {
        (None, _) => format!("weight of {name}"),
        (Some(scaling), WeightUnits::Scaled) if scaling.factor != 1.0 && scaling.factor != 0.0 => {
            format!("weight of {name}, for one standard deviation ({})", figure(1.0 / scaling.factor))
        }
        _ => format!("weight of {name}, for 1 of its unit"),
    }
}

/// A number in a picture: six digits, as those beside its axes are written.
pub(crate) fn figure(x: f64) -> String {
    deltarule_plot::short(x, 6)
}
