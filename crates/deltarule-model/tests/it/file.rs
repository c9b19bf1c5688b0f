//! A file gives back what was written, or says which field is wrong.

use deltarule_core::Activation;
use deltarule_model::{ClassType, Encoding, MissingRule, Model, ModelError, Target};
use proptest::prelude::*;

use crate::{model, model_of};

fn bits(model: &Model) -> Vec<u64> {
    let parameters = model.layer().parameters();
    let of = |j: usize| parameters.weights(j).iter().copied().chain([parameters.bias(j)]).map(f64::to_bits);
    (0..parameters.n_outputs()).flat_map(of).collect()
}

#[test]
fn a_model_comes_back_as_it_was() {
    let model = model();
    let read = Model::from_bytes(model.to_json().as_bytes()).unwrap();
    assert_eq!(read, model);
    assert_eq!(bits(&read), bits(&model));
    assert_eq!(read.to_json(), model.to_json());
}

#[test]
fn every_activation_and_a_formula_come_back() {
    let formula: Activation = "h / (1 + abs(h))".parse().unwrap();
    for activation in Activation::ALL.iter().cloned().chain([formula]) {
        let model = model_of(&[0.5; 10], [0.0, 1.0], activation, MissingRule::Drop);
        assert_eq!(Model::from_bytes(model.to_json().as_bytes()).unwrap(), model);
    }
}

/// [`model`] with classes of this type for its numbers.
fn of_classes(class_type: Option<ClassType>) -> Model {
    let numbers = model();
    let target = Target::Classes {
        name: "kind".into(),
        classes: vec!["1".into(), "2".into()],
        class_type,
        low: -1.0,
        high: 1.0,
        counts: vec![3, 5],
    };
    let encoding = Encoding { target, ..numbers.encoding().clone() };
    Model::new(encoding, numbers.layer().clone(), numbers.training().clone()).unwrap()
}

#[test]
fn what_classes_are_comes_back_and_may_be_unknown() {
    for class_type in ClassType::ALL.into_iter().map(Some).chain([None]) {
        let model = of_classes(class_type);
        assert_eq!(Model::from_bytes(model.to_json().as_bytes()).unwrap(), model);
    }
    // As files were before they said so.
    let text = of_classes(Some(ClassType::Text)).to_json();
    let line = "    \"class_type\": \"text\",\n";
    assert!(text.contains(line), "{text}");
    assert_eq!(Model::from_bytes(text.replace(line, "").as_bytes()).unwrap(), of_classes(None));
    let error = Model::from_bytes(text.replace("\"text\"", "\"date\"").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("target.class_type") && error.contains("one of number, boolean, text"), "{error}");
}

proptest! {
    #[test]
    fn every_weight_comes_back_to_the_last_bit(bits_of in prop::collection::vec(any::<u64>(), 12)) {
        let finite = |bits: u64| Some(f64::from_bits(bits)).filter(|x| x.is_finite()).unwrap_or(1.5);
        let w: Vec<f64> = bits_of.into_iter().map(finite).collect();
        let model = model_of(&w[..10], [w[10], w[11]], Activation::Identity, MissingRule::Error);
        let read = Model::from_bytes(model.to_json().as_bytes()).unwrap();
        prop_assert_eq!(bits(&read), bits(&model));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_said_to_be(share in 0.0..1.0_f64) {
        let text = model().to_json();
        // Cutting off the line end alone leaves a whole model.
        let cut = ((text.len() - 2) as f64 * share) as usize;
        let error = Model::from_bytes(&text.as_bytes()[..cut]).err();
        let is_told = matches!(error, Some(ModelError::CutShort { .. }));
        prop_assert!(is_told || cut == 0, "{error:?} after {cut} bytes");
    }
}

/// The message for the file of [`model`] with the first `from` replaced by `to`.
#[track_caller]
fn message(from: &str, to: &str) -> String {
    let text = model().to_json();
    assert!(text.contains(from), "{from} is not in\n{text}");
    Model::from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_broken_file_is_told_by_its_field() {
    for (from, to, parts) in [
        ("\"deltarule-model\"", "\"pmml\"", ["format", "pmml"]),
        ("\"version\": 1", "\"version\": 2", ["version 2", "update"]),
        ("\"version\": 1", "\"version\": 0", ["`version`", "found 0"]),
        ("\"scale\": \"standard\",", "", ["missing field", "`scale`"]),
        ("\"scale\"", "\"colour\": 1, \"scale\"", ["unknown field", "`colour`"]),
        ("\"scale\": \"standard\"", "\"scale\": \"robust\"", ["`scale`", "robust"]),
        ("\"missing\": \"mean\"", "\"missing\": \"guess\"", ["`missing`", "guess"]),
        ("\"activation\": \"tanh\"", "\"activation\": \"tan(g\"", ["`activation`", "tan(g"]),
        ("\"kind\": \"boolean\"", "\"kind\": \"date\"", ["`features", "date"]),
        ("\"factor\": 0.1", "\"factor\": \"0.1\"", ["`features", "invalid type"]),
        ("\"Köln\"", "\"Bonn\"", ["features[2].levels", "Bonn"]),
        ("\"name\": \"heated\"", "\"name\": \"size\"", ["features[1].name", "size"]),
        ("\"input\": \"city=Ulm\"", "\"input\": \"city=Rom\"", ["outputs[0].weights[4].input", "city=Rom"]),
        ("\"name\": \"price\",", "\"name\": \"cost\",", ["outputs[0].name", "cost"]),
        ("1e-300", "1e400", ["outputs[0].weights[3].weight", "out of range"]),
        ("1e-300", "null", ["outputs[0].weights[3].weight", "null"]),
        ("\"rows\": 10", "\"rows\": -1", ["training.rows", "-1"]),
        ("\"rows\": 10,", "", ["`training`", "missing field `rows`"]),
    ] {
        let message = message(from, to);
        for part in parts {
            assert!(message.contains(part), "{from} → {to}: {part:?} is not in: {message}");
        }
    }
}

#[test]
fn something_after_the_model_is_an_error() {
    let text = model().to_json() + "{}";
    assert!(matches!(Model::from_bytes(text.as_bytes()), Err(ModelError::Json { .. })));
}
