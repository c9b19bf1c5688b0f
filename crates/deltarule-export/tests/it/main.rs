//! What can be exported, and what is refused. That the predictions are right is what `verify.py` beside this folder is for.

use deltarule_core::{Activation, Formula};
use deltarule_export::{ExportError, Form, export};
use deltarule_model::Model;
use proptest::prelude::*;

/// A model file of a number called `name` and a category of one level, with this f.
fn model(name: &str, level: &str, activation: &str) -> Model {
    let [name, level, activation] = [name, level, activation].map(serde_json::Value::from);
    let input = serde_json::Value::from(format!("city={}", level.as_str().unwrap()));
    let text = format!(
        r#"{{ "format": "deltarule-model", "version": 1, "activation": {activation}, "bias": true, "scale": "standard", "missing": "mean",
        "features": [
            {{ "kind": "number", "name": {name}, "mean": 2.5, "min": 0.0, "max": 5.0, "offset": 2.5, "factor": 0.5 }},
            {{ "kind": "category", "name": "city", "levels": [{level}], "counts": [3] }}],
        "target": {{ "kind": "numbers", "names": ["y"], "means": [1.0] }},
        "outputs": [{{ "name": "y", "bias": 0.25, "weights": [
            {{ "input": {name}, "weight": 1.5 }}, {{ "input": {input}, "weight": -0.5 }}] }}],
        "training": {{ "version": "0.1.0", "command": null, "data": "t.csv", "fingerprint": "0", "rows": 3, "rows_trained": 3,
            "rows_dropped": 0, "rows_held_out": 0, "loss": "squared", "optimizer": "gd", "momentum": null, "eta": 0.1,
            "eta_chosen": false, "reduction": "mean", "batch": null, "init": "zeros", "seed": 0, "precision": "f64", "tolerance": 1e-7,
            "epochs": 1, "best_epoch": 1, "stop_reason": "epochs", "sse": 1.0, "baseline_sse": 1.0 }} }}"#
    );
    Model::from_bytes(text.as_bytes()).unwrap()
}

#[test]
fn every_activation_has_every_form() {
    for activation in Activation::ALL {
        for &form in Form::ALL {
            let bytes = export(&model("x", "Ulm", activation.name()), form);
            assert!(!bytes.unwrap_or_else(|error| panic!("{activation} in {form}: {error}")).is_empty());
        }
    }
}

#[test]
fn every_function_of_formulas_has_every_form_or_is_refused_by_its_name() {
    for name in Formula::functions() {
        let formula = if ["max", "min"].contains(&name) { format!("{name}(h, 2)") } else { format!("{name}(h)") };
        for &form in Form::ALL {
            match export(&model("x", "Ulm", &formula), form) {
                Ok(_) => {}
                Err(ExportError::Function { function, .. }) if form == Form::Onnx => {
                    assert!(["atan", "asin", "acos"].contains(&function) && function == name, "{name}: {function}");
                }
                Err(error) => panic!("{name} in {form}: {error}"),
            }
        }
    }
}

#[test]
fn equal_operations_are_computed_once() {
    let text = export(&model("x", "Ulm", "exp(h) / (1 + exp(h))"), Form::C).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap().matches("exp(h)").count(),
        1 + 2,
        "in the code and twice in the comment"
    );
}

#[test]
fn a_zero_byte_is_refused_where_a_text_would_end_at_it() {
    for (name, level) in [("a\0b", "Ulm"), ("x", "U\0m")] {
        let model = model(name, level, "identity");
        let error = export(&model, Form::Sql).unwrap_err().to_string();
        assert!(error.contains("zero byte") && error.contains("--to onnx"), "{error}");
    }
    assert!(export(&model("x", "U\0m", "identity"), Form::C).is_err());
    assert!(export(&model("x", "U\0m", "identity"), Form::Onnx).is_ok());
}

#[test]
fn a_column_without_a_name_is_refused_by_onnx_alone() {
    let model = model("", "Ulm", "identity");
    assert_eq!(export(&model, Form::Onnx), Err(ExportError::NoName { form: Form::Onnx }));
    assert!(export(&model, Form::C).is_ok());
}

/// The text without what stands in quotes, which must all be closed. A doubled quote ends and begins at one place.
fn outside_of_quotes(text: &str) -> String {
    let (mut outside, mut open) = (String::new(), None);
    for c in text.chars() {
        match open {
            Some(quote) if c == quote => open = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => open = Some(c),
            None => outside.push(c),
        }
    }
    assert_eq!(open, None, "a quote is not closed: {text}");
    outside
}

proptest! {
    #[test]
    fn no_name_and_no_level_can_leave_its_quotes(name in "[a-c;()*/\\\\ -]{1,8}['\"]{0,3}", level in "[a-c;()\" -]{1,8}") {
        prop_assume!(name != "city");
        let text = String::from_utf8(export(&model(&name, &level.replace('"', ""), "identity"), Form::Sql).unwrap()).unwrap();
        let text = text.lines().filter(|line| !line.starts_with("--")).collect::<String>();
        let plain = outside_of_quotes(&text);
        prop_assert!(!plain.contains(';') && !plain.contains("--"), "{}", plain);
    }

    #[test]
    fn no_name_makes_it_panic(name in "\\PC{1,12}", level in "\\PC{0,12}", formula in "[h0-9+*/^() .-]{1,16}") {
        prop_assume!(name != "city");
        let activation = if formula.parse::<Activation>().is_ok() { formula } else { "h".to_owned() };
        let model = model(&name, &level, &activation);
        for &form in Form::ALL {
            let _ = export(&model, form);
        }
    }
}
