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

/// A model file of the years and the months of dates that are written in this way.
fn dated(format: Option<&str>) -> Model {
    let date = |part: &str| serde_json::json!({ "column": "when", "part": part, "format": format });
    let file = serde_json::json!({
        "format": "deltarule-model", "version": 1, "activation": "identity", "bias": true, "scale": "standard", "missing": "error",
        "features": [
            { "kind": "number", "name": "when: year", "date": date("year"), "mean": 2000.0, "min": 1990.0, "max": 2010.0, "offset": 2000.0,
                "factor": 0.5 },
            { "kind": "category", "name": "when: month", "date": date("month"), "levels": ["2", "11"], "counts": [3, 4] }],
        "target": { "kind": "numbers", "names": ["y"], "means": [1.0] },
        "outputs": [{ "name": "y", "bias": 0.25, "weights": [
            { "input": "when: year", "weight": 1.5 }, { "input": "when: month=2", "weight": -0.5 },
            { "input": "when: month=11", "weight": 0.375 }] }],
        "training": { "version": "0.1.0", "command": null, "data": "t.csv", "fingerprint": "0", "rows": 7, "rows_trained": 7,
            "rows_dropped": 0, "rows_held_out": 0, "loss": "squared", "optimizer": "gd", "momentum": null, "eta": 0.1,
            "eta_chosen": false, "reduction": "mean", "batch": null, "init": "zeros", "seed": 0, "precision": "f64", "tolerance": 1e-7,
            "epochs": 1, "best_epoch": 1, "stop_reason": "epochs", "sse": 1.0, "baseline_sse": 1.0 } });
    Model::from_bytes(file.to_string().as_bytes()).unwrap()
}

fn text_of(model: &Model, form: Form) -> String {
    String::from_utf8(export(model, form).unwrap()).unwrap()
}

#[test]
fn c_has_the_functions_that_dates_need_and_no_others() {
    let patterns = [
        "%d.%m.%Y",
        "%m/%d/%y %H:%M:%S",
        "%A, %e %B %Y %l:%M %P",
        "%b %d %Y %T%.f %z",
        "%a %d %h %Y %R %Z",
        "%D %k",
        "%s",
        "%Y%m%d%%",
    ];
    for pattern in patterns.into_iter().map(Some).chain([None]) {
        let text = text_of(&dated(pattern), Form::C);
        let definitions = text.split("static int ").chain(text.split("static long long ")).skip(1);
        let names: Vec<&str> = definitions.filter_map(|rest| rest.split('(').next()).collect();
        for name in names.iter().filter(|name| name.starts_with("deltarule_")) {
            assert!(text.matches(&format!("{name}(")).count() > 1, "{pattern:?}: {name} is not called");
        }
        assert!(names.contains(&"deltarule_date_0") && text.contains("if (!deltarule_date_0(in->when, &date_0))"));
    }
}

#[test]
fn a_pattern_with_a_part_that_c_does_not_read_is_refused_by_c_alone() {
    for pattern in ["%j/%Y", "%G-%V-%u", "%Y-%m-%d %s", "%Y-%m-%d %f"] {
        // Not each of them is one that train takes.
        if deltarule_model::DateFormat::new(pattern).is_err() {
            continue;
        }
        let model = dated(Some(pattern));
        let error = export(&model, Form::C).unwrap_err().to_string();
        assert!(error.contains(pattern) && error.contains("try --to onnx"), "{error}");
        assert!(export(&model, Form::Onnx).is_ok() && export(&model, Form::Sql).is_ok());
    }
    assert!(export(&dated(Some("%j/%Y")), Form::C).is_err());
}

#[test]
fn sql_says_which_texts_it_takes_for_dates() {
    assert!(
        text_of(&dated(Some("%d.%m.%Y")), Form::Sql).contains("or of the form %d.%m.%Y with all its digits; another")
    );
    let text = text_of(&dated(Some("%d %b %Y")), Form::Sql);
    assert!(text.contains("a text such as 2024-05-31, 20240531 or 2024-05-31 13:45:10; another text makes"), "{text}");
}

#[test]
fn onnx_says_that_it_takes_seconds() {
    let bytes = export(&dated(None), Form::Onnx).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("[\"when\"]") && text.contains("seconds from 1970-01-01 00:00 to what a clock"));
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
