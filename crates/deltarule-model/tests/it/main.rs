//! Model files and scoring.

mod file;
mod hashed;
mod scorer;

use deltarule_core::{Activation, ColumnScaling, Layer, Loss, Parameters};
use deltarule_model::{Encoding, Feature, FeatureKind, MissingRule, Model, ScaleRule, Target, Training};

/// A model with a number, a boolean and a category of three levels, of two outputs, at the given weights (five each) and biases.
fn model_of(weights: &[f64], biases: [f64; 2], activation: Activation, missing: MissingRule) -> Model {
    let feature = |name: &str, kind| Feature::new(name, kind);
    let number = ColumnScaling { offset: 12.5, factor: 0.1, fill: 0.0 };
    let truth = ColumnScaling { offset: 0.25, factor: 2.0, fill: 0.0 };
    let encoding = Encoding {
        features: vec![
            feature("size", FeatureKind::Number { mean: 12.5, min: -3.0, max: 80.0, scaling: number }),
            feature("heated", FeatureKind::Boolean { mean: 0.25, scaling: truth }),
            feature(
                "city",
                FeatureKind::Category {
                    levels: ["Bonn", "Köln", "Ulm"].map(str::to_owned).to_vec(),
                    counts: vec![3, 1, 4],
                    weight_sums: Vec::new(),
                    pooled: None,
                },
            ),
        ],
        target: Target::Numbers { names: vec!["price".into(), "rent".into()], means: vec![100.5, 7.25] },
        scale: ScaleRule::Standard,
        missing,
    };
    let parameters = Parameters::new(5, weights.to_vec(), Some(biases.to_vec()), 2).unwrap();
    Model::new(encoding, Layer::new(parameters, activation), training()).unwrap()
}

fn model() -> Model {
    let weights = [0.1, -2.5, 1.0 / 3.0, 1e-300, 7.0, -0.0, 3.5e8, std::f64::consts::PI, 0.7, -1e-9];
    model_of(&weights, [0.3, -4.125], Activation::Tanh, MissingRule::Mean)
}

fn training() -> Training {
    Training {
        version: "0.1.0".into(),
        command: None,
        data: "houses.csv".into(),
        fingerprint: "0123456789abcdef".into(),
        rows: 10,
        rows_trained: 8,
        rows_dropped: 1,
        rows_held_out: 1,
        loss: Loss::Squared,
        weight: None,
        class_weights: Vec::new(),
        class_sums: Vec::new(),
        l2: 0.0,
        l1: 0.0,
        optimizer: "momentum".into(),
        momentum: Some(0.9),
        eta: 0.1,
        eta_chosen: false,
        reduction: "mean".into(),
        batch: Some(4),
        init: "zeros".into(),
        seed: u64::MAX,
        precision: "f64".into(),
        tolerance: 1e-7,
        epochs: 12,
        best_epoch: 11,
        stop_reason: "minimum".into(),
        loss_sum: 0.1 + 0.2,
        baseline_loss_sum: 40.0,
        baseline_outputs: Vec::new(),
    }
}
