//! The model file: JSON that a person can read, with a version, checked in full before anything of it is used.
//!
//! These structs are the file's own; no type of the core is written as it is, so that the core can change and old files stay.

use deltarule_core::{ColumnScaling, Loss};
use serde::{Deserialize, Serialize};

use crate::combine::Factor;
use crate::encoding::{Feature, FeatureKind, Origin, Pooled, SparseFeature};
use crate::lines::to_lines;
use crate::model::Model;
use crate::target::Target;

const FORMAT: &str = "deltarule-model";
const VERSION: u64 = 1;
/// The hash of hashed columns.
const HASH: &str = "xxh64";
/// The hash of the names of levels in a private model: the first 128 bits.
const LEVEL_HASH: &str = "sha256/128";
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<PrivateFile>,
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
        /// What it is the product of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        product: Vec<FactorFile>,
        mean: f64,
        /// Both are there unless the model is private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
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
        /// The columns whose levels are paired.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pair: Option<[String; 2]>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pooled: Option<PooledFile>,
        levels: Vec<String>,
        counts: Vec<u64>,
        /// None where each record counts once, and in files of before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        weight_sums: Vec<f64>,
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

/// How the levels of categories are hashed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivateFile {
    hash: String,
    salt: String,
}

/// Which part of the dates of which column a feature is; without a format they are written with the year in front, or the month by its name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateFile {
    column: String,
    part: String,
    format: Option<String>,
    /// The zone whose clock counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

/// (x − center)^power of a number, or 1 where a category has a level.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum FactorFile {
    Power { column: String, center: f64, power: u32 },
    Level { column: String, level: String },
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight_sum: Option<f64>,
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
    Numbers {
        names: Vec<String>,
        means: Vec<f64>,
    },
    TwoClasses {
        name: String,
        classes: [String; 2],
        /// Files of before classes had one have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_type: Option<String>,
        low: f64,
        high: f64,
        counts: [u64; 2],
    },
    Classes {
        name: String,
        classes: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class_type: Option<String>,
        low: f64,
        high: f64,
        counts: Vec<u64>,
    },
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    class_weights: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    class_sums: Vec<f64>,
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
            version, command, data, fingerprint, rows, rows_trained, rows_dropped, rows_held_out, weight, class_weights, class_sums, l2, l1, optimizer, momentum, eta, eta_chosen,
            reduction, batch, init, seed, precision, tolerance, epochs, best_epoch, stop_reason, baseline_outputs)
    };
    (@ $from:ident => $to:ident { $($others:tt)* } $($field:ident),*) => {
        $to { $($field: $from.$field.clone(),)* $($others)* }
    };
}

mod read;

impl Model {
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
            private: self.salt().map(|salt| PrivateFile { hash: LEVEL_HASH.to_owned(), salt: salt.to_hex() }),
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

fn feature_file(feature: &Feature) -> FeatureFile {
    let name = feature.name.clone();
    let date = feature.date().map(|(format, part)| DateFile {
        column: feature.column().to_owned(),
        part: part.name().to_owned(),
        format: format.pattern().map(str::to_owned),
        zone: format.zone().map(str::to_owned),
    });
    match &feature.kind {
        FeatureKind::Number { mean, min, max, scaling: ColumnScaling { offset, factor, .. } } => {
            let factors = if let Origin::Product(factors) = &feature.origin { factors.as_slice() } else { &[] };
            let product = factors.iter().map(factor_file).collect();
            let told = |value: f64| (!value.is_nan()).then_some(value);
            let (mean, min, max, offset, factor) = (*mean, told(*min), told(*max), *offset, *factor);
            FeatureFile::Number { name, date, product, mean, min, max, offset, factor }
        }
        FeatureKind::Boolean { mean, scaling: ColumnScaling { offset, factor, .. } } => {
            let missing = feature.is_flag().then(|| feature.column().to_owned());
            FeatureFile::Boolean { name, missing, mean: *mean, offset: *offset, factor: *factor }
        }
        FeatureKind::Category { levels, counts, weight_sums, pooled } => {
            let pooled = pooled.map(|Pooled { min_count, n_levels }| PooledFile { min_count, levels: n_levels });
            let pair = if let Origin::Pair(columns) = &feature.origin { Some(columns.clone()) } else { None };
            FeatureFile::Category {
                name,
                date,
                pair,
                pooled,
                levels: levels.clone(),
                counts: counts.clone(),
                weight_sums: weight_sums.clone(),
            }
        }
        FeatureKind::Hashed { buckets, counts, weight_sums } => {
            let bucket = |(k, (bucket, &records)): (usize, (u32, &u64))| BucketFile {
                bucket,
                records,
                weight_sum: weight_sums.get(k).copied(),
            };
            let (hash, bits) = (HASH.to_owned(), buckets.bits().get());
            FeatureFile::Hashed {
                name,
                hash,
                bits,
                buckets: buckets.iter().zip(counts).enumerate().map(bucket).collect(),
            }
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

fn factor_file(factor: &Factor) -> FactorFile {
    match factor.clone() {
        Factor::Power { column, center, power } => FactorFile::Power { column, center, power },
        Factor::Level { column, level } => FactorFile::Level { column, level },
    }
}

fn target_file(target: &Target) -> TargetFile {
    let class_type = target.class_type().map(|class_type| class_type.name().to_owned());
    match target.clone() {
        Target::Numbers { names, means } => TargetFile::Numbers { names, means },
        Target::TwoClasses { name, classes, low, high, counts, .. } => {
            TargetFile::TwoClasses { name, classes, class_type, low, high, counts }
        }
        Target::Classes { name, classes, low, high, counts, .. } => {
            TargetFile::Classes { name, classes, class_type, low, high, counts }
        }
    }
}

/// A penalty that is none is not written.
#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}
