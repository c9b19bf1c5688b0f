//! Models that hold no names of levels: each is a salted hash, by which a value is looked up all the same.
//!
//! Source: FIPS 180-4 for SHA-256.

use deltarule_core::{Layer, Parameters};
use sha2::{Digest, Sha256};

use crate::combine::{Factor, pair_codes, pair_level};
use crate::encoding::{Encoding, Feature, FeatureKind, MISSING_LEVEL, Origin, RARE_LEVEL};
use crate::error::{ModelError, Result};
use crate::model::{Model, Training};

/// What the names of levels are hashed with, kept in the model.
///
/// It makes hashes of one model useless for another, and tables of hashes that were made before. It is no secret: who has the model can hash a name that they
/// guess, and see whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; Salt::BYTES]);

/// The hash of a level's name: the first 128 bits of a SHA-256, as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelHash([u8; 2 * Salt::BYTES]);

impl Salt {
    const BYTES: usize = 16;

    /// The salt of models of the data with this fingerprint: the same data gives the same model, to the last byte.
    pub fn of(fingerprint: &str) -> Self {
        Self(first_bytes(Sha256::new().chain_update(b"deltarule salt\0").chain_update(fingerprint)))
    }

    /// The hash of a level of a column: of the salt, the length of the column's name, the name, and the level.
    ///
    /// ```
    /// use deltarule_model::Salt;
    /// let salt = Salt::of("0123456789abcdef");
    /// let red = salt.level("color", "red");
    /// assert!(red.as_str().len() == 32 && red == salt.level("color", "red"));
    /// assert!(red != salt.level("colour", "red") && red != Salt::of("other").level("color", "red"));
    /// ```
    pub fn level(self, column: &str, level: &str) -> LevelHash {
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update((column.len() as u64).to_le_bytes())
            .chain_update(column)
            .chain_update(level);
        let mut digits = [0; 2 * Self::BYTES];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(first_bytes(hash)) {
            for (digit, half) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = b"0123456789abcdef"[usize::from(half)];
            }
        }
        LevelHash(digits)
    }

    /// As 32 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Of 32 hexadecimal digits in lower case; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        if !is_hash(text) {
            return None;
        }
        let mut bytes = [0; Self::BYTES];
        for (k, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * k..2 * k + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl LevelHash {
    /// The digits.
    pub fn as_str(&self) -> &str {
        // They are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Whether a text is 32 hexadecimal digits in lower case.
fn is_hash(text: &str) -> bool {
    text.len() == 2 * Salt::BYTES && text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}

/// Whether a text can be the level of a column whose levels are hashed. What is missing and what is rare have names that tell nothing.
pub(crate) fn is_hidden_level(text: &str) -> bool {
    is_hash(text) || is_own_name(text)
}

/// Whether a level has its name from deltarule, and not from the data.
pub(crate) fn is_own_name(level: &str) -> bool {
    level == MISSING_LEVEL || level == RARE_LEVEL
}

fn first_bytes(hash: Sha256) -> [u8; Salt::BYTES] {
    let mut bytes = [0; Salt::BYTES];
    bytes.copy_from_slice(&hash.finalize()[..Salt::BYTES]);
    bytes
}

/// A feature that tells no level, and where each of its inputs was among those of all features.
struct Hidden {
    feature: Feature,
    inputs: Vec<usize>,
}

impl Model {
    /// The same model without what it quotes of its data: names of levels become hashes, in whose order they stand; the smallest and the largest value of a
    /// number, the name and the fingerprint of the data, paths and the command are left out.
    ///
    /// What stays: names of columns and of classes, means and deviations, how many records each level and class had, which months, weekdays and hours occurred,
    /// and the weights. Predictions have the same bits; only where a number has a slope for each level of a category (a product), h is added up in another order, and its last
    /// digits may differ.
    ///
    /// Errors: none that is known; a model is checked when it is put together.
    pub fn into_private(self) -> Result<Self> {
        if self.is_private() {
            return Ok(self);
        }
        let salt = Salt::of(&self.training().fingerprint);
        let encoding = self.encoding();
        let mut hidden: Vec<Hidden> = Vec::with_capacity(encoding.features.len());
        let mut first = 0;
        for feature in &encoding.features {
            hidden.push(hide(salt, feature, first, &encoding.features));
            first += feature.n_inputs();
        }
        sort_slopes(&mut hidden);
        let old = self.layer().parameters();
        let order: Vec<usize> = hidden.iter().flat_map(|hidden| hidden.inputs.iter().copied()).collect();
        let n_outputs = old.n_outputs();
        let weights = (0..n_outputs).flat_map(|j| order.iter().map(move |&input| old.weights(j)[input])).collect();
        let bias = old.has_bias().then(|| (0..n_outputs).map(|j| old.bias(j)).collect());
        let parameters = Parameters::new(order.len(), weights, bias, n_outputs).map_err(|error| ModelError::Field {
            field: "outputs".into(),
            found: error.to_string(),
            expected: "weights that fit together".into(),
        })?;
        let layer = Layer::new(parameters, self.layer().activation().clone());
        let encoding = Encoding {
            features: hidden.into_iter().map(|hidden| hidden.feature).collect(),
            target: encoding.target.clone(),
            missing: encoding.missing,
            scale: encoding.scale,
        };
        Ok(Model::new(encoding, layer, without_places(self.training()))?.with_salt(salt))
    }
}

fn hide(salt: Salt, feature: &Feature, first: usize, all: &[Feature]) -> Hidden {
    let name = |column: &str, level: &str| match is_own_name(level) {
        true => level.to_owned(),
        false => salt.level(column, level).as_str().to_owned(),
    };
    let mut inputs: Vec<usize> = (first..first + feature.n_inputs()).collect();
    let hidden = match (&feature.kind, &feature.origin) {
        (FeatureKind::Number { mean, scaling, .. }, origin) => {
            let kind = FeatureKind::Number { mean: *mean, min: f64::NAN, max: f64::NAN, scaling: *scaling };
            match origin {
                Origin::Product(factors) => {
                    let hidden = factors.iter().map(|factor| match factor {
                        Factor::Level { column, level } => {
                            Factor::Level { column: column.clone(), level: name(column, level) }
                        }
                        power => power.clone(),
                    });
                    Feature::of_product(hidden.collect(), kind)
                }
                _ => feature.clone().with_kind(kind),
            }
        }
        (FeatureKind::Category { levels, counts, weight_sums, pooled }, Origin::Column) => {
            let names = levels.iter().map(|level| name(&feature.name, level));
            let kind = sorted(names.zip(counts.iter().copied()).zip(first..).collect(), &mut inputs);
            let (levels, counts) = kind;
            let weight_sums = in_order(weight_sums, &inputs, first);
            let kind = FeatureKind::Category { levels, counts, weight_sums, pooled: *pooled };
            Feature::new(&feature.name, kind).hidden_by(salt)
        }
        (FeatureKind::Category { levels, counts, weight_sums, pooled }, Origin::Pair([a, b])) => {
            let levels_of = |column: &String| {
                let base = all.iter().find(|base| base.origin == Origin::Column && base.name == *column);
                match base.map(|base| &base.kind) {
                    Some(FeatureKind::Category { levels, .. }) => levels.as_slice(),
                    _ => &[],
                }
            };
            let (of_a, of_b) = (levels_of(a), levels_of(b));
            let mut counted = vec![false; levels.len()];
            let pairs = pair_codes(of_a, of_b, levels).into_iter().map(|([x, y], code)| {
                let code = code as usize;
                let pair = pair_level(&name(a, &of_a[x as usize]), &name(b, &of_b[y as usize]));
                // Two pairs of levels with colons can have one text, and so one weight; their records are counted once.
                let count = if std::mem::replace(&mut counted[code], true) { 0 } else { counts[code] };
                ((pair, count), first + code)
            });
            let (levels, counts) = sorted(pairs.collect(), &mut inputs);
            let weight_sums = in_order(weight_sums, &inputs, first);
            Feature::of_pair([a, b], FeatureKind::Category { levels, counts, weight_sums, pooled: *pooled })
        }
        _ => feature.clone(),
    };
    Hidden { feature: hidden, inputs }
}

/// Names, counts and inputs in the order of the names.
fn sorted(mut levels: Vec<((String, u64), usize)>, inputs: &mut Vec<usize>) -> (Vec<String>, Vec<u64>) {
    levels.sort();
    *inputs = levels.iter().map(|(_, input)| *input).collect();
    levels.into_iter().map(|(level, _)| level).unzip()
}

/// Sums of levels in the order of their inputs, each of which counts once.
fn in_order(sums: &[f64], inputs: &[usize], first: usize) -> Vec<f64> {
    let mut left = sums.to_vec();
    inputs.iter().filter_map(|input| left.get_mut(input - first).map(std::mem::take)).collect()
}

/// Slopes for the levels of a category stand in the order of the levels' names, which the hashes are to hide.
fn sort_slopes(hidden: &mut [Hidden]) {
    let has_level = |hidden: &Hidden| match &hidden.feature.origin {
        Origin::Product(factors) => factors.iter().any(|factor| matches!(factor, Factor::Level { .. })),
        _ => false,
    };
    for run in hidden.chunk_by_mut(|a, b| has_level(a) == has_level(b)) {
        if run.first().is_some_and(has_level) {
            run.sort_by(|a, b| a.feature.name.cmp(&b.feature.name));
        }
    }
}

/// How a model was trained, without the places of files.
fn without_places(training: &Training) -> Training {
    let names_a_file = training.init.starts_with("the weights of ");
    Training {
        command: None,
        data: String::new(),
        fingerprint: String::new(),
        init: if names_a_file { "the weights of a file".to_owned() } else { training.init.clone() },
        ..training.clone()
    }
}
