//! Reading a model file: every field is checked before anything of it is used.

use deltarule_core::{Activation, ColumnScaling, Layer, Loss, Parameters, UnknownLoss};
use serde::Deserialize;

use super::{
    BucketFile, DateFile, FORMAT, FactorFile, FeatureFile, HASH, LARGEST_INDEX, LEVEL_HASH, ModelFile, PrivateFile,
    SparseFile, TargetFile, VERSION,
};
use crate::buckets::{BucketSet, HashBits};
use crate::combine::{Factor, MOST_POWER};
use crate::date_part::DatePart;
use crate::dates::DateFormat;
use crate::encoding::{Encoding, Feature, FeatureKind, MissingRule, Pooled, RARE_LEVEL, ScaleRule, SparseFeature};
use crate::error::{ModelError, Result};
use crate::model::{Model, Training};
use crate::private::{Salt, is_hidden_level};
use crate::target::{ClassType, Target};

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
        let salt = file.private.as_ref().map(salt_of).transpose()?;
        let encoding = encoding_of(&file, salt)?;
        let parameters = parameters_of(&file, &encoding)?;
        let activation: Activation = file.activation.parse().map_err(|error| ModelError::Field {
            field: "activation".into(),
            found: format!("{:?}", file.activation),
            expected: format!("a built-in activation or a formula of h ({error})"),
        })?;
        let training = training_of(&file, &encoding)?;
        let model = Model::new(encoding, Layer::new(parameters, activation), training)?;
        Ok(match salt {
            Some(salt) => model.with_salt(salt),
            None => model,
        })
    }
}

/// Reads JSON; an error says where in the text, and in which field.
fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json);
    let value = read.map_err(|error| json_error(bytes, &error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| json_error(bytes, ".", &error))?;
    Ok(value)
}

fn json_error(bytes: &[u8], path: &str, error: &serde_json::Error) -> ModelError {
    let (line, column) = (error.line(), error.column());
    // Where a number or a word is cut, it is that which is wrong, and the file ends there.
    let is_at_end = || {
        let mut lines = bytes.trim_ascii_end().split(|&byte| byte == b'\n');
        (lines.clone().count(), lines.next_back().map(<[u8]>::len)) == (line, Some(column))
    };
    if error.is_eof() || (error.is_syntax() && is_at_end()) {
        return ModelError::CutShort { line, column };
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let place = if path == "." { String::new() } else { format!("field `{path}`: ") };
    ModelError::Json { line, column, message: format!("{place}{message}") }
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
    let n_classes = encoding.target.classes().map_or(0, |classes| classes.len());
    for (name, values) in [("class_weights", &training.class_weights), ("class_sums", &training.class_sums)] {
        let name = || format!("training.{name}");
        if ![0, n_classes].contains(&values.len()) {
            return field(&name(), format!("{} numbers", values.len()), &format!("none, or {n_classes}"));
        }
        for &value in values {
            finite(name, value)?;
        }
    }
    for &output in &training.baseline_outputs {
        finite(|| "training.baseline_outputs".to_owned(), output)?;
    }
    Ok(training_fields!(training => Training { loss, loss_sum, baseline_loss_sum }))
}

fn salt_of(private: &PrivateFile) -> Result<Salt> {
    if private.hash != LEVEL_HASH {
        return field("private.hash", format!("{:?}", private.hash), &format!("{LEVEL_HASH:?}"));
    }
    match Salt::from_hex(&private.salt) {
        Some(salt) => Ok(salt),
        None => field("private.salt", format!("{:?}", private.salt), "32 hexadecimal digits in lower case"),
    }
}

fn encoding_of(file: &ModelFile, salt: Option<Salt>) -> Result<Encoding> {
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
        let (mut flag, mut product, mut pair) = (None, &[][..], None);
        let (name, date, kind) = match feature {
            FeatureFile::Number { name, date, product: factors, mean, min, max, offset, factor } => {
                product = factors;
                let told = |part: &str, value: Option<f64>| match value {
                    Some(value) => finite(|| at(part), value).map(|()| value),
                    None if salt.is_some() => Ok(f64::NAN),
                    None => field(&at(part), "nothing", "a finite number"),
                };
                let (min, max) = (told("min", *min)?, told("max", *max)?);
                let scaling = numbers(*mean, *offset, *factor)?;
                (name, date.as_ref(), FeatureKind::Number { mean: *mean, min, max, scaling })
            }
            FeatureFile::Boolean { name, missing, mean, offset, factor } => {
                flag = missing.as_ref();
                (name, None, FeatureKind::Boolean { mean: *mean, scaling: numbers(*mean, *offset, *factor)? })
            }
            FeatureFile::Category { name, date, pair: columns, pooled, levels, counts, weight_sums } => {
                pair = columns.as_ref();
                if counts.len() != levels.len() {
                    return field(
                        &at("counts"),
                        counts.len(),
                        &format!("one count for each of {} levels", levels.len()),
                    );
                }
                if !weight_sums.is_empty() && weight_sums.len() != levels.len() {
                    return field(
                        &at("weight_sums"),
                        weight_sums.len(),
                        &format!("one sum for each of {} levels, or none", levels.len()),
                    );
                }
                let weight_sums = sums_of(|k| at(&format!("weight_sums[{k}]")), weight_sums.iter().copied())?;
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
                (name, date.as_ref(), FeatureKind::Category { levels, counts, weight_sums, pooled })
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
        let feature = match (date, flag, pair) {
            (Some(_), ..) if !product.is_empty() || pair.is_some() => {
                return field(&at("date"), "a date that is also made of other features", "one of them");
            }
            (Some(date), ..) => date_of(index, date, kind)?,
            (None, Some(column), _) => Feature::of_missing(column, kind),
            (None, None, Some([first, second])) => Feature::of_pair([first, second], kind),
            (None, None, None) if !product.is_empty() => product_of(index, product, kind)?,
            (None, None, None) => match (salt, Feature::new(name, kind)) {
                (Some(salt), feature) if feature.kind_name() == "category" => hidden(index, feature, salt)?,
                (_, feature) => feature,
            },
        };
        if feature.name != *name {
            return field(&at("name"), format!("{name:?}"), &format!("{:?}", feature.name));
        }
        let column = feature.column();
        if !feature.is_combined() && features.last().is_some_and(Feature::is_combined) {
            return field(
                &at("name"),
                format!("{name:?}"),
                "what is made of other features behind all that is made of columns",
            );
        }
        if !feature.is_combined()
            && features.last().is_some_and(|last| last.column() != column)
            && features.iter().any(|known| known.column() == column)
        {
            return field(&at("name"), format!("column {column:?} again"), "what is made of one column in one place");
        }
        features.push(feature);
    }
    Ok(Encoding { features, target: target_of(&file.target)?, missing, scale })
}

/// Feature `index`, a category of a private model.
fn hidden(index: usize, feature: Feature, salt: Salt) -> Result<Feature> {
    match &feature.kind {
        FeatureKind::Category { levels, .. } => match levels.iter().position(|level| !is_hidden_level(level)) {
            Some(k) => {
                let at = format!("features[{index}].levels[{k}]");
                field(&at, format!("{:?}", levels[k]), "the hash of a level, 32 hexadecimal digits in lower case")
            }
            None => Ok(feature.hidden_by(salt)),
        },
        _ => Ok(feature),
    }
}

/// Feature `index`, a part of dates.
fn date_of(index: usize, date: &DateFile, kind: FeatureKind) -> Result<Feature> {
    let at = |part: &str| format!("features[{index}].{part}");
    let part = named(&at("date.part"), &date.part, DatePart::ALL, |part| part.name())?;
    let format = DateFormat::try_from(date.format.clone()).or_else(|error| {
        field(&at("date.format"), format!("{:?} ({error})", date.format), "null, or a pattern of strftime's")
    })?;
    let format = match &date.zone {
        None => format,
        Some(zone) => format.in_zone(zone).or_else(|_| {
            field(&at("date.zone"), format!("{zone:?}"), "the name of a time zone, such as \"Europe/Berlin\"")
        })?,
    };
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

/// Feature `index`, a product.
fn product_of(index: usize, factors: &[FactorFile], kind: FeatureKind) -> Result<Feature> {
    let mut product = Vec::with_capacity(factors.len());
    for (k, factor) in factors.iter().enumerate() {
        let at = |part: &str| format!("features[{index}].product[{k}].{part}");
        product.push(match factor {
            FactorFile::Power { column, center, power } => {
                finite(|| at("center"), *center)?;
                if !(1..=MOST_POWER).contains(power) {
                    return field(&at("power"), power, &format!("a whole number from 1 to {MOST_POWER}"));
                }
                Factor::Power { column: column.clone(), center: *center, power: *power }
            }
            FactorFile::Level { column, level } => Factor::Level { column: column.clone(), level: level.clone() },
        });
    }
    Ok(Feature::of_product(product, kind))
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
    let sums: Vec<f64> = entries.iter().filter_map(|entry| entry.weight_sum).collect();
    if !sums.is_empty() && sums.len() != entries.len() {
        return field(&at("buckets"), format!("{} with weight_sum", sums.len()), "all buckets with it, or none");
    }
    let weight_sums = sums_of(|k| at(&format!("buckets[{k}].weight_sum")), sums.into_iter())?;
    let counts = entries.iter().map(|entry| entry.records).collect();
    match BucketSet::of_words(known, words) {
        Some(buckets) => Ok(FeatureKind::Hashed { buckets, counts, weight_sums }),
        None => field(&at("buckets"), entries.len(), "buckets that are there"),
    }
}

/// Σv of each level or bucket, where records have weights.
fn sums_of(at: impl Fn(usize) -> String, sums: impl Iterator<Item = f64>) -> Result<Vec<f64>> {
    sums.enumerate()
        .map(|(k, sum)| if sum >= 0.0 { Ok(sum) } else { field(&at(k), sum, "a sum of weights, from 0 on") })
        .collect()
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
    let class_type = |name: &Option<String>| match name {
        Some(name) => named("target.class_type", name, &ClassType::ALL, ClassType::name).map(Some),
        None => Ok(None),
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
        TargetFile::TwoClasses { name, classes, class_type: of, low, high, counts } => {
            levels(*low, *high)?;
            let (name, classes, class_type) = (name.clone(), classes.clone(), class_type(of)?);
            Target::TwoClasses { name, classes, class_type, low: *low, high: *high, counts: *counts }
        }
        TargetFile::Classes { name, classes, class_type: of, low, high, counts } => {
            levels(*low, *high)?;
            if classes.len() < 2 || classes.len() != counts.len() {
                return field(
                    "target.counts",
                    counts.len(),
                    &format!("one count for each of {} classes, at least two", classes.len()),
                );
            }
            let (name, classes, counts, class_type) = (name.clone(), classes.clone(), counts.clone(), class_type(of)?);
            Target::Classes { name, classes, class_type, low: *low, high: *high, counts }
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
