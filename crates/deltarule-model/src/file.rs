//! The model file: JSON that a person can read, with a version, checked in full before anything of it is used.
//!
//! These structs are the file's own; no type of the core is written as it is, so that the core can change and old files stay.

use deltarule_core::{Activation, ColumnScaling, Layer, Loss, Parameters, UnknownLoss};
use serde::{Deserialize, Serialize};

use crate::buckets::{BucketSet, HashBits};
use crate::dates::{DateFormat, DatePart};
use crate::encoding::{
    Encoding, Feature, FeatureKind, MissingRule, Pooled, RARE_LEVEL, ScaleRule, SparseFeature, Target,
};
use crate::error::{ModelError, Result};
use crate::lines::to_lines;
use crate::model::{Model, Training};

const FORMAT: &str = "deltarule-model";
const VERSION: u64 = 1;
/// The hash of hashed columns.
const HASH: &str = "xxh64";
/// Readers of sparse tables go no further.
const LARGEST_INDEX: u32 = (1 << 24) - 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    format: String,
    version: u64,
    activation: String,
    bias: bool,
    scale: String,
    missing: String,
    features: Vec<FeatureFile>,
    target: TargetFile,
    outputs: Vec<OutputFile>,
    training: TrainingFile,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum FeatureFile {
    Number {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        date: Option<DateFile>,
        mean: f64,
        min: f64,
        max: f64,
        offset: f64,
        factor: f64,
    },
    Boolean {
        name: String,
        /// The column of which it says whether a value is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
        mean: f64,
        offset: f64,
        factor: f64,
    },
    Category {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        date: Option<DateFile>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pooled: Option<PooledFile>,
        levels: Vec<String>,
        counts: Vec<u64>,
    },
    Hashed {
        name: String,
        hash: String,
        bits: u32,
        buckets: Vec<BucketFile>,
    },
    Sparse {
        name: String,
        index_base: u32,
        entries: Vec<SparseFile>,
    },
}

/// Which part of the dates of which column a feature is; without a format they are written with the year in front, or the month by its name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateFile {
    column: String,
    part: String,
    format: Option<String>,
}

/// Levels with fewer training records than this are the level (rare), and how many of them there were.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PooledFile {
    min_count: u64,
    levels: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketFile {
    bucket: u32,
    records: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SparseFile {
    index: u32,
    mean: f64,
    offset: f64,
    factor: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum TargetFile {
    Numbers { names: Vec<String>, means: Vec<f64> },
    TwoClasses { name: String, classes: [String; 2], low: f64, high: f64, counts: [u64; 2] },
    Classes { name: String, classes: Vec<String>, low: f64, high: f64, counts: Vec<u64> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputFile {
    name: String,
    bias: f64,
    weights: Vec<WeightFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightFile {
    input: String,
    weight: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainingFile {
    version: String,
    command: Option<String>,
    data: String,
    fingerprint: String,
    rows: u64,
    rows_trained: u64,
    rows_dropped: u64,
    rows_held_out: u64,
    loss: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    l2: f64,
    #[serde(default, skip_serializing_if = "is_zero")]
    l1: f64,
    optimizer: String,
    momentum: Option<f64>,
    eta: f64,
    eta_chosen: bool,
    reduction: String,
    batch: Option<u64>,
    init: String,
    seed: u64,
    precision: String,
    tolerance: f64,
    epochs: u64,
    best_epoch: u64,
    stop_reason: String,
    /// E of the squared error,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sse: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline_sse: Option<f64>,
    /// or that of another loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss_sum: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline_loss_sum: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    baseline_outputs: Vec<f64>,
}

macro_rules! training_fields {
    ($from:ident => $to:ident { $($others:tt)* }) => {
        training_fields!(@ $from => $to { $($others)* }
            version, command, data, fingerprint, rows, rows_trained, rows_dropped, rows_held_out, l2, l1, optimizer, momentum, eta, eta_chosen,
            reduction, batch, init, seed, precision, tolerance, epochs, best_epoch, stop_reason, baseline_outputs)
    };
    (@ $from:ident => $to:ident { $($others:tt)* } $($field:ident),*) => {
        $to { $($field: $from.$field.clone(),)* $($others)* }
    };
}

impl Model {
    /// Reads a model file and checks it in full.
    ///
    /// Errors: everything in [`ModelError`]; each names the field or the place.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(ModelError::NotJson);
        }
        // Format and version first: a file of a later version is not a file with wrong fields.
        #[derive(Deserialize)]
        struct Head {
            format: Option<String>,
            version: Option<u64>,
        }
        let head: Head = from_json(bytes)?;
        if head.format.as_deref().is_some_and(|format| format != FORMAT) {
            return Err(ModelError::Format { found: head.format.unwrap_or_default() });
        }
        if let Some(found) = head.version.filter(|version| *version > VERSION) {
            return Err(ModelError::Version { found, known: VERSION });
        }
        let file: ModelFile = from_json(bytes)?;
        if file.version == 0 {
            return field("version", 0, "1");
        }
        let encoding = encoding_of(&file)?;
        let parameters = parameters_of(&file, &encoding)?;
        let activation: Activation = file.activation.parse().map_err(|error| ModelError::Field {
            field: "activation".into(),
            found: format!("{:?}", file.activation),
            expected: format!("a built-in activation or a formula of h ({error})"),
        })?;
        let training = training_of(&file, &encoding)?;
        Model::new(encoding, Layer::new(parameters, activation), training)
    }

    /// The model as the text of its file; reading it gives every bit back.
    pub fn to_json(&self) -> String {
        let encoding = self.encoding();
        let parameters = self.layer().parameters();
        let training = self.training();
        let inputs = encoding.input_names();
        let is_squared = training.loss == Loss::Squared;
        let of_squared = |sum: f64| is_squared.then_some(sum);
        let of_others = |sum: f64| (!is_squared).then_some(sum);
        let file = ModelFile {
            format: FORMAT.into(),
            version: VERSION,
            activation: self.layer().activation().name().to_owned(),
            bias: parameters.has_bias(),
            scale: encoding.scale.name().into(),
            missing: encoding.missing.name().into(),
            features: encoding.features.iter().map(feature_file).collect(),
            target: target_file(&encoding.target),
            outputs: encoding
                .target
                .output_names()
                .into_iter()
                .enumerate()
                .map(|(j, name)| OutputFile {
                    name,
                    bias: parameters.bias(j),
                    weights: inputs
                        .iter()
                        .zip(parameters.weights(j))
                        .map(|(input, &weight)| WeightFile { input: input.clone(), weight })
                        .collect(),
                })
                .collect(),
            training: training_fields!(training => TrainingFile {
                loss: training.loss.to_string(),
                sse: of_squared(training.loss_sum),
                baseline_sse: of_squared(training.baseline_loss_sum),
                loss_sum: of_others(training.loss_sum),
                baseline_loss_sum: of_others(training.baseline_loss_sum),
            }),
        };
        // Only maps with keys that are no texts can fail to be written, and there is none.
        let has_long_lists = encoding.is_sparse() || encoding.has_hashed();
        let written = if has_long_lists { to_lines(&file) } else { serde_json::to_string_pretty(&file) };
        let mut text = written.unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Reads JSON; an error says where in the text, and in which field.
fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json);
    let value = read.map_err(|error| json_error(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| json_error(".", &error))?;
    Ok(value)
}

fn json_error(path: &str, error: &serde_json::Error) -> ModelError {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let place = if path == "." { String::new() } else { format!("field `{path}`: ") };
    ModelError::Json { line: error.line(), column: error.column(), message: format!("{place}{message}") }
}

fn feature_file(feature: &Feature) -> FeatureFile {
    let name = feature.name.clone();
    let date = feature.date().map(|(format, part)| DateFile {
        column: feature.column().to_owned(),
        part: part.name().to_owned(),
        format: format.pattern().map(str::to_owned),
    });
    match &feature.kind {
        FeatureKind::Number { mean, min, max, scaling: ColumnScaling { offset, factor, .. } } => {
            FeatureFile::Number { name, date, mean: *mean, min: *min, max: *max, offset: *offset, factor: *factor }
        }
        FeatureKind::Boolean { mean, scaling: ColumnScaling { offset, factor, .. } } => {
            let missing = feature.is_flag().then(|| feature.column().to_owned());
            FeatureFile::Boolean { name, missing, mean: *mean, offset: *offset, factor: *factor }
        }
        FeatureKind::Category { levels, counts, pooled } => {
            let pooled = pooled.map(|Pooled { min_count, n_levels }| PooledFile { min_count, levels: n_levels });
            FeatureFile::Category { name, date, pooled, levels: levels.clone(), counts: counts.clone() }
        }
        FeatureKind::Hashed { buckets, counts } => {
            let bucket = |(bucket, &records): (u32, &u64)| BucketFile { bucket, records };
            let (hash, bits) = (HASH.to_owned(), buckets.bits().get());
            FeatureFile::Hashed { name, hash, bits, buckets: buckets.iter().zip(counts).map(bucket).collect() }
        }
        FeatureKind::Sparse { first_index, features } => {
            let entry = |feature: &SparseFeature| {
                let SparseFeature { index, mean, scaling: ColumnScaling { offset, factor, .. } } = *feature;
                SparseFile { index, mean, offset, factor }
            };
            FeatureFile::Sparse { name, index_base: *first_index, entries: features.iter().map(entry).collect() }
        }
    }
}

fn target_file(target: &Target) -> TargetFile {
    match target.clone() {
        Target::Numbers { names, means } => TargetFile::Numbers { names, means },
        Target::TwoClasses { name, classes, low, high, counts } => {
            TargetFile::TwoClasses { name, classes, low, high, counts }
        }
        Target::Classes { name, classes, low, high, counts } => {
            TargetFile::Classes { name, classes, low, high, counts }
        }
    }
}

/// A penalty that is none is not written.
#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

fn training_of(file: &ModelFile, encoding: &Encoding) -> Result<Training> {
    let training = &file.training;
    let loss: Loss = training.loss.parse().map_err(|error: UnknownLoss| ModelError::Field {
        field: "training.loss".into(),
        found: format!("{:?}", training.loss),
        expected: format!("a loss ({error})"),
    })?;
    let sum = |squared: Option<f64>, others: Option<f64>, of: &str| {
        let (value, name) = if loss == Loss::Squared { (squared, "sse") } else { (others, "loss_sum") };
        match value {
            Some(value) => finite(|| format!("training.{of}{name}"), value).map(|()| value),
            None => field(&format!("training.{of}{name}"), "nothing", "E, a number"),
        }
    };
    let loss_sum = sum(training.sse, training.loss_sum, "")?;
    let baseline_loss_sum = sum(training.baseline_sse, training.baseline_loss_sum, "baseline_")?;
    for (name, value) in [
        ("training.eta", training.eta),
        ("training.tolerance", training.tolerance),
        ("training.l2", training.l2),
        ("training.l1", training.l1),
    ] {
        finite(|| name.to_owned(), value)?;
    }
    let (found, expected) = (training.baseline_outputs.len(), encoding.shape().n_outputs());
    if found != 0 && found != expected {
        return field("training.baseline_outputs", format!("{found} numbers"), &format!("none, or {expected}"));
    }
    for &output in &training.baseline_outputs {
        finite(|| "training.baseline_outputs".to_owned(), output)?;
    }
    Ok(training_fields!(training => Training { loss, loss_sum, baseline_loss_sum }))
}

fn encoding_of(file: &ModelFile) -> Result<Encoding> {
    let scale = named("scale", &file.scale, ScaleRule::ALL, |rule| rule.name())?;
    let missing = named("missing", &file.missing, MissingRule::ALL, |rule| rule.name())?;
    let mut features: Vec<Feature> = Vec::with_capacity(file.features.len());
    for (index, feature) in file.features.iter().enumerate() {
        let at = |part: &str| format!("features[{index}].{part}");
        let numbers = |mean: f64, offset: f64, factor: f64| -> Result<ColumnScaling> {
            for (part, value) in [("mean", mean), ("offset", offset), ("factor", factor)] {
                finite(|| at(part), value)?;
            }
            Ok(ColumnScaling { offset, factor, fill: (mean - offset) * factor })
        };
        let mut flag = None;
        let (name, date, kind) = match feature {
            FeatureFile::Number { name, date, mean, min, max, offset, factor } => {
                finite(|| at("min"), *min)?;
                finite(|| at("max"), *max)?;
                let scaling = numbers(*mean, *offset, *factor)?;
                (name, date.as_ref(), FeatureKind::Number { mean: *mean, min: *min, max: *max, scaling })
            }
            FeatureFile::Boolean { name, missing, mean, offset, factor } => {
                flag = missing.as_ref();
                (name, None, FeatureKind::Boolean { mean: *mean, scaling: numbers(*mean, *offset, *factor)? })
            }
            FeatureFile::Category { name, date, pooled, levels, counts } => {
                if counts.len() != levels.len() {
                    return field(
                        &at("counts"),
                        counts.len(),
                        &format!("one count for each of {} levels", levels.len()),
                    );
                }
                let unsorted = |pair: &&[String]| pair[0].as_bytes() >= pair[1].as_bytes();
                if let Some(pair) = levels.windows(2).find(unsorted).filter(|_| date.is_none()) {
                    return field(
                        &at("levels"),
                        format!("{:?} before {:?}", pair[0], pair[1]),
                        "levels sorted by bytes, each once",
                    );
                }
                let pooled =
                    pooled.as_ref().map(|pooled| Pooled { min_count: pooled.min_count, n_levels: pooled.levels });
                if let Some(Pooled { n_levels: 1.., .. }) = pooled
                    && (date.is_some() || !levels.iter().any(|level| level == RARE_LEVEL))
                {
                    let expected = format!("a level {RARE_LEVEL:?}, since levels are pooled");
                    return field(&at("levels"), format!("{} levels without it", levels.len()), &expected);
                }
                let (levels, counts) = (levels.clone(), counts.clone());
                (name, date.as_ref(), FeatureKind::Category { levels, counts, pooled })
            }
            FeatureFile::Hashed { name, hash, bits, buckets } => (name, None, hashed_of(index, hash, *bits, buckets)?),
            FeatureFile::Sparse { name, index_base, entries } => {
                if file.features.len() > 1 {
                    return field("features", file.features.len(), "one, where it is of kind sparse");
                }
                (name, None, sparse_of(*index_base, entries)?)
            }
        };
        if features.iter().any(|known| known.name == *name) {
            return field(&at("name"), format!("{name:?} a second time"), "a name of its own");
        }
        let feature = match (date, flag) {
            (Some(date), _) => date_of(index, date, kind)?,
            (None, Some(column)) => Feature::of_missing(column, kind),
            (None, None) => Feature::new(name, kind),
        };
        if feature.name != *name {
            return field(&at("name"), format!("{name:?}"), &format!("{:?}", feature.name));
        }
        let column = feature.column();
        if features.last().is_some_and(|last| last.column() != column)
            && features.iter().any(|known| known.column() == column)
        {
            return field(&at("name"), format!("column {column:?} again"), "what is made of one column in one place");
        }
        features.push(feature);
    }
    Ok(Encoding { features, target: target_of(&file.target)?, missing, scale })
}

/// Feature `index`, a part of dates.
fn date_of(index: usize, date: &DateFile, kind: FeatureKind) -> Result<Feature> {
    let at = |part: &str| format!("features[{index}].{part}");
    let part = named(&at("date.part"), &date.part, DatePart::ALL, |part| part.name())?;
    let format = DateFormat::try_from(date.format.clone()).or_else(|error| {
        field(&at("date.format"), format!("{:?} ({error})", date.format), "null, or a pattern of strftime's")
    })?;
    match &kind {
        FeatureKind::Category { levels, .. } if part.n_levels() > 0 => {
            let known: Vec<String> = (0..part.n_levels()).map(|level| part.level_name(level)).collect();
            let mut rest = known.iter();
            if let Some(level) = levels.iter().find(|level| !rest.any(|known| known == *level)) {
                let expected = format!("some of {}, in this order, each once", known.join(", "));
                return field(&at("levels"), format!("{level:?}"), &expected);
            }
        }
        FeatureKind::Number { .. } if part.n_levels() == 0 => {}
        _ => return field(&at("date.part"), format!("{:?}", date.part), "a part of the kind of the feature"),
    }
    Ok(Feature::of_date(&date.column, &format, part, kind))
}

/// The buckets of feature `index`.
fn hashed_of(index: usize, hash: &str, bits: u32, entries: &[BucketFile]) -> Result<FeatureKind> {
    let at = |part: &str| format!("features[{index}].{part}");
    if hash != HASH {
        return field(&at("hash"), format!("{hash:?}"), &format!("{HASH:?}"));
    }
    let Some(known) = HashBits::new(bits) else {
        return field(&at("bits"), bits, &format!("a number from {} to {}", HashBits::LEAST, HashBits::MOST));
    };
    let mut words = vec![0_u64; BucketSet::n_words(known)];
    let mut least = 0;
    for (k, entry) in entries.iter().enumerate() {
        if entry.bucket < least || entry.bucket as usize >= known.n_buckets() {
            let expected = format!("a bucket from {least} to {}: they ascend, each once", known.n_buckets() - 1);
            return field(&at(&format!("buckets[{k}].bucket")), entry.bucket, &expected);
        }
        least = entry.bucket + 1;
        words[entry.bucket as usize / 64] |= 1 << (entry.bucket % 64);
    }
    match BucketSet::of_words(known, words) {
        Some(buckets) => {
            Ok(FeatureKind::Hashed { buckets, counts: entries.iter().map(|entry| entry.records).collect() })
        }
        None => field(&at("buckets"), entries.len(), "buckets that are there"),
    }
}

/// The sparse numbers of the first feature.
fn sparse_of(first_index: u32, entries: &[SparseFile]) -> Result<FeatureKind> {
    if first_index > 1 {
        return field("features[0].index_base", first_index, "0 or 1");
    }
    let mut least = first_index;
    let mut features = Vec::with_capacity(entries.len());
    for (k, entry) in entries.iter().enumerate() {
        let at = |part: &str| format!("features[0].entries[{k}].{part}");
        let SparseFile { index, mean, offset, factor } = *entry;
        if index < least || index > LARGEST_INDEX {
            let expected = format!("an index from {least} to {LARGEST_INDEX}: they ascend, each once");
            return field(&at("index"), index, &expected);
        }
        least = index + 1;
        for (part, value) in [("mean", mean), ("offset", offset), ("factor", factor)] {
            finite(|| at(part), value)?;
        }
        let scaling = ColumnScaling { offset, factor, fill: (mean - offset) * factor };
        features.push(SparseFeature { index, mean, scaling });
    }
    Ok(FeatureKind::Sparse { first_index, features })
}

fn target_of(file: &TargetFile) -> Result<Target> {
    let levels = |low: f64, high: f64| -> Result<()> {
        finite(|| "target.low".into(), low)?;
        finite(|| "target.high".into(), high)?;
        if low < high { Ok(()) } else { field("target.high", high, &format!("a number above low, {low}")) }
    };
    Ok(match file {
        TargetFile::Numbers { names, means } => {
            if names.is_empty() || names.len() != means.len() {
                return field(
                    "target.means",
                    means.len(),
                    &format!("one mean for each of {} names, at least one", names.len()),
                );
            }
            for (j, mean) in means.iter().enumerate() {
                finite(|| format!("target.means[{j}]"), *mean)?;
            }
            Target::Numbers { names: names.clone(), means: means.clone() }
        }
        TargetFile::TwoClasses { name, classes, low, high, counts } => {
            levels(*low, *high)?;
            let (name, classes) = (name.clone(), classes.clone());
            Target::TwoClasses { name, classes, low: *low, high: *high, counts: *counts }
        }
        TargetFile::Classes { name, classes, low, high, counts } => {
            levels(*low, *high)?;
            if classes.len() < 2 || classes.len() != counts.len() {
                return field(
                    "target.counts",
                    counts.len(),
                    &format!("one count for each of {} classes, at least two", classes.len()),
                );
            }
            let (name, classes, counts) = (name.clone(), classes.clone(), counts.clone());
            Target::Classes { name, classes, low: *low, high: *high, counts }
        }
    })
}

fn parameters_of(file: &ModelFile, encoding: &Encoding) -> Result<Parameters> {
    let names = encoding.target.output_names();
    if file.outputs.len() != names.len() {
        return field("outputs", file.outputs.len(), &format!("{} outputs, as the target has", names.len()));
    }
    let inputs = encoding.input_names();
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for (j, (output, name)) in file.outputs.iter().zip(&names).enumerate() {
        if output.name != *name {
            return field(&format!("outputs[{j}].name"), format!("{:?}", output.name), &format!("{name:?}"));
        }
        if output.weights.len() != inputs.len() {
            let expected = format!("{} weights, one for each input", inputs.len());
            return field(&format!("outputs[{j}].weights"), output.weights.len(), &expected);
        }
        for (i, (entry, input)) in output.weights.iter().zip(&inputs).enumerate() {
            if entry.input != *input {
                let at = format!("outputs[{j}].weights[{i}].input");
                return field(&at, format!("{:?}", entry.input), &format!("{input:?}"));
            }
            finite(|| format!("outputs[{j}].weights[{i}].weight"), entry.weight)?;
            weights.push(entry.weight);
        }
        finite(|| format!("outputs[{j}].bias"), output.bias)?;
        if !file.bias && output.bias != 0.0 {
            return field(&format!("outputs[{j}].bias"), output.bias, "0, since the model has no bias");
        }
        bias.push(output.bias);
    }
    Parameters::new(inputs.len(), weights, file.bias.then_some(bias), names.len()).map_err(|error| ModelError::Field {
        field: "outputs".into(),
        found: error.to_string(),
        expected: "weights that fit together".into(),
    })
}

fn named<R: Copy>(at: &str, found: &str, all: &[R], name: impl Fn(R) -> &'static str) -> Result<R> {
    match all.iter().copied().find(|rule| name(*rule) == found) {
        Some(rule) => Ok(rule),
        None => {
            let known: Vec<&str> = all.iter().map(|rule| name(*rule)).collect();
            field(at, format!("{found:?}"), &format!("one of {}", known.join(", ")))
        }
    }
}

fn finite(at: impl Fn() -> String, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { field(&at(), value, "a finite number") }
}

fn field<A>(at: &str, found: impl ToString, expected: &str) -> Result<A> {
    Err(ModelError::Field { field: at.to_owned(), found: found.to_string(), expected: expected.to_owned() })
}
