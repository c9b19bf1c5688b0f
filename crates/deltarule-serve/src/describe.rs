//! `GET /model`: what the model in use predicts, and from what.

use deltarule_model::{Encoding, Feature, FeatureKind, Model, Target};
use serde_json::{Map, Value, json};

/// The model as JSON.
pub(crate) fn describe(model: &Model, threshold: Option<f64>) -> Value {
    let encoding = model.encoding();
    let training = model.training();
    json!({
        "columns": encoding.columns().into_iter().map(|name| column(encoding, name)).collect::<Vec<_>>(),
        "target": target(&encoding.target),
        "predictions": predictions(&encoding.target),
        "activation": model.layer().activation().name(),
        "bias": model.layer().parameters().has_bias(),
        "missing": encoding.missing.name(),
        "threshold": threshold,
        "private": model.is_private(),
        "training": {
            "version": training.version,
            "data": Some(&training.data).filter(|data| !data.is_empty()),
            "fingerprint": Some(&training.fingerprint).filter(|print| !print.is_empty()),
            "records": training.rows,
            "records_trained": training.rows_trained,
            "loss": training.loss.to_string(),
            "l2": training.l2,
            "l1": training.l1,
            "optimizer": training.optimizer,
            "epochs": training.epochs,
            "stop_reason": training.stop_reason,
        },
    })
}

/// One column of a record: its kind, and what values it had in training.
fn column(encoding: &Encoding, name: &str) -> Value {
    let features: Vec<&Feature> = encoding.features.iter().filter(|feature| feature.column() == name).collect();
    let mut column = Map::from_iter([("name".to_owned(), json!(name))]);
    let mut set = |key: &str, value: Value| column.insert(key.to_owned(), value);
    if let Some((format, _)) = features.iter().find_map(|feature| feature.date()) {
        set("kind", json!("date"));
        set("format", json!(format.pattern()));
        if let Some(zone) = format.zone() {
            set("zone", json!(zone));
        }
        set("expected", json!(format.expected()));
        let parts = features.iter().filter_map(|feature| feature.date());
        set("parts", parts.map(|(_, part)| part.name()).collect());
        return Value::Object(column);
    }
    let Some(feature) = features.iter().find(|feature| !feature.is_flag()) else { return Value::Object(column) };
    set("kind", json!(feature.kind_name()));
    match &feature.kind {
        FeatureKind::Number { mean, min, max, .. } => {
            // A private model does not tell them.
            if !min.is_nan() && !max.is_nan() {
                set("min", json!(min));
                set("max", json!(max));
            }
            set("mean", json!(mean));
        }
        FeatureKind::Boolean { mean, .. } => {
            set("mean", json!(mean));
        }
        FeatureKind::Category { levels, .. } => {
            set("levels", json!(levels));
            if feature.is_hidden() {
                set("levels_are", json!("hashed"));
            }
        }
        FeatureKind::Hashed { buckets, .. } => {
            set("bits", json!(buckets.bits().get()));
            set("buckets_used", json!(buckets.len()));
        }
        FeatureKind::Sparse { first_index, features } => {
            set("first_index", json!(first_index));
            set("features", json!(features.len()));
            set("last_index", json!(features.last().map(|feature| feature.index)));
        }
    }
    Value::Object(column)
}

fn target(target: &Target) -> Value {
    match target.classes() {
        None => json!({ "kind": "numbers", "columns": target.columns() }),
        Some(classes) => json!({ "kind": "classes", "columns": target.columns(), "classes": classes }),
    }
}

/// The names that a prediction has.
fn predictions(target: &Target) -> Vec<String> {
    let predicted = target.columns().into_iter().map(|name| format!("predicted_{name}"));
    predicted.chain(target.classes().unwrap_or_default().iter().map(|class| format!("p_{class}"))).collect()
}
