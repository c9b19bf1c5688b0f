//! A model: encoding, layer, and how it was trained.

use deltarule_core::{Activation, Layer, Loss};

use crate::combine::Combination;
use crate::encoding::{Encoding, Feature};
use crate::error::{ModelError, Result};
use crate::private::Salt;
use crate::scorer::Scorer;
use crate::target::Target;

/// A trained single-layer network with everything that is needed to use it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    encoding: Encoding,
    layer: Layer,
    training: Training,
    /// What names of levels are hashed with, where the model is private.
    salt: Option<Salt>,
    /// For each feature the place of its column among [`Encoding::columns`].
    column_places: Vec<usize>,
    /// For each feature how it is made of those before it, where it is.
    combinations: Vec<Option<Combination>>,
}

/// How a model was trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// The version of deltarule.
    pub version: String,
    /// The command, where there was one.
    pub command: Option<String>,
    /// The name of the data.
    pub data: String,
    /// The fingerprint of the data's bytes.
    pub fingerprint: String,
    /// How many records the data has.
    pub rows: u64,
    /// How many of them were trained on.
    pub rows_trained: u64,
    /// How many were left out because a value, or the target, was missing.
    pub rows_dropped: u64,
    /// How many were held out.
    pub rows_held_out: u64,
    /// The error of one prediction.
    pub loss: Loss,
    /// The column that said how often each record counts.
    pub weight: Option<String>,
    /// How often the records of each class counted; empty where they did alike.
    pub class_weights: Vec<f64>,
    /// Σv of the training records of each class, where a column said how often each counted.
    pub class_sums: Vec<f64>,
    /// λ₂ of the penalty ½λ₂Σw².
    pub l2: f64,
    /// λ₁ of the penalty λ₁Σ|w|.
    pub l1: f64,
    /// The optimizer.
    pub optimizer: String,
    /// β of the optimizer, where it was given.
    pub momentum: Option<f64>,
    /// η of the first step.
    pub eta: f64,
    /// Whether η was chosen from the data.
    pub eta_chosen: bool,
    /// `mean` or `sum`.
    pub reduction: String,
    /// Records a step; `None` for all.
    pub batch: Option<u64>,
    /// How the start was made.
    pub init: String,
    /// The seed.
    pub seed: u64,
    /// `f64` or `f32`.
    pub precision: String,
    /// The tolerance of the test for a minimum.
    pub tolerance: f64,
    /// How many epochs were run.
    pub epochs: u64,
    /// After which epoch these weights came.
    pub best_epoch: u64,
    /// Why training stopped, in one word.
    pub stop_reason: String,
    /// E on the training records; for the squared error ½ΣΣ(y − ŷ)².
    pub loss_sum: f64,
    /// E of the best constant outputs on the training records.
    pub baseline_loss_sum: f64,
    /// The best constant outputs, where they are not the means of the targets.
    pub baseline_outputs: Vec<f64>,
}

/// One output's weights in the units of the user's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginalWeights {
    /// Change of h for one unit of each input, shape (d,).
    pub weights: Vec<f64>,
    /// h where every number is 0 and no category has a level.
    pub bias: f64,
}

impl Model {
    /// The best constant outputs of the training records, shape (J,): the means of the targets, unless the loss has others.
    pub fn baseline_outputs(&self) -> Vec<f64> {
        match &self.training.baseline_outputs[..] {
            [] => self.encoding.target.constant_outputs(),
            outputs => outputs.to_vec(),
        }
    }

    /// How many training records each class had, each counted as often as a column of weights said; nothing for numbers.
    pub fn class_sums(&self) -> Vec<f64> {
        match &self.training.class_sums[..] {
            [] => self.encoding.target.class_counts().iter().map(|&count| count as f64).collect(),
            sums => sums.to_vec(),
        }
    }

    /// Puts a model together.
    ///
    /// Errors: weights of another shape than the encoding's.
    pub fn new(encoding: Encoding, layer: Layer, training: Training) -> Result<Self> {
        let is_of_classes = matches!(encoding.target, Target::Classes { .. });
        if *layer.activation() == Activation::Softmax && !is_of_classes {
            return Err(ModelError::Field {
                field: "activation".into(),
                found: "softmax for a target that is not three or more classes".into(),
                expected: "another activation".into(),
            });
        }
        let shape = encoding.shape();
        let found = (layer.parameters().n_features(), layer.parameters().n_outputs());
        if found != (shape.n_features(), shape.n_outputs()) {
            return Err(ModelError::Field {
                field: "outputs".into(),
                found: format!("weights of shape {found:?}"),
                expected: format!("({}, {})", shape.n_features(), shape.n_outputs()),
            });
        }
        let columns = encoding.columns();
        let place = |feature: &Feature| columns.iter().position(|column| *column == feature.column());
        let column_places = encoding.features.iter().filter_map(place).collect();
        let mut combinations = Vec::with_capacity(encoding.features.len());
        for (index, feature) in encoding.features.iter().enumerate() {
            let combination = Combination::of(feature, &encoding.features[..index]);
            combinations.push(combination.map_err(|expected| ModelError::Field {
                field: format!("features[{index}]"),
                found: format!("{:?}", feature.name),
                expected,
            })?);
        }
        Ok(Self { encoding, layer, training, salt: None, column_places, combinations })
    }

    /// The same model, which is private.
    pub(crate) fn with_salt(self, salt: Salt) -> Self {
        Self { salt: Some(salt), ..self }
    }

    /// Whether it holds hashes in place of the names of levels, and no paths.
    pub fn is_private(&self) -> bool {
        self.salt.is_some()
    }

    /// What names of levels are hashed with, where it is private.
    pub fn salt(&self) -> Option<Salt> {
        self.salt
    }

    /// For each feature the place of its column among [`Encoding::columns`].
    pub(crate) fn column_places(&self) -> &[usize] {
        &self.column_places
    }

    /// How each feature is made of those before it, where it is.
    pub fn combinations(&self) -> &[Option<Combination>] {
        &self.combinations
    }

    /// From columns to inputs, and back.
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The network, in the units descended in.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// How the model was trained.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// A scorer of rows.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer::new(self)
    }

    /// The weights of output `j` in the units of the user's columns: w/s for a number, and b − Σ w·m/s.
    ///
    /// Without a bias, centred columns still give one: −Σ w·m/s.
    pub fn original_weights(&self, j: usize) -> OriginalWeights {
        let parameters = self.layer.parameters();
        let mut weights = parameters.weights(j).to_vec();
        let mut bias = parameters.bias(j);
        let shape = self.encoding.shape();
        for (index, feature) in self.encoding.features.iter().enumerate() {
            let scalings = feature.scaling().into_iter().chain(feature.sparse().iter().map(|feature| feature.scaling));
            for (weight, scaling) in weights[shape.features_of(index)].iter_mut().zip(scalings) {
                *weight *= scaling.factor;
                bias -= *weight * scaling.offset;
            }
        }
        OriginalWeights { weights, bias }
    }
}
