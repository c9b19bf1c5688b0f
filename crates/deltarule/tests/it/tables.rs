//! Tables that are hard for descent, against the exact least-squares answer (tests/fixtures/least_squares.py).

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, project};

fn tables() -> Vec<Value> {
    let path = project().join("crates/deltarule/tests/fixtures/least_squares.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Trains on defaults (but for `options`) and compares E and predictions.
fn reaches_least_squares(table: &Value, target: &str, options: &str) {
    let name = table["name"].as_str().unwrap();
    let sandbox = Sandbox::new();
    match table["csv"].as_str() {
        Some(csv) => sandbox.file("data.csv", csv),
        None => sandbox.file("data.csv", fs::read(project().join("examples/diabetes.csv")).unwrap()),
    };
    let train = format!("deltarule train data.csv --target {target} --out m.json --json {options}");
    let json = sandbox.sh(&train).ok().json();
    let reason = json["stop"]["reason"].as_str().unwrap();
    assert!(reason == "minimum" || reason == "exact", "{name}: {reason}");
    let (found, least) = (number(&json["sse"]), number(&table["sse"]));
    let rounding = 1e-26 * number(&table["half_sum_of_squares"]);
    assert!((found - least).abs() <= 1e-9 * least + rounding, "{name}: E = {found}, least squares {least}");
    let predictions = sandbox.sh("deltarule predict m.json data.csv").ok().stdout;
    let expected: Vec<f64> = table["predictions"].as_array().unwrap().iter().map(number).collect();
    let predictions: Vec<f64> = predictions.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!(predictions.len(), expected.len(), "{name}");
    let spread = expected.iter().fold(0.0_f64, |m, y| m.max((y - expected[0]).abs())).max(1.0);
    for (found, expected) in predictions.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-5 * spread, "{name}: predicted {found}, least squares {expected}");
    }
}

#[test]
fn defaults_reach_least_squares() {
    for table in &tables() {
        let target = if table["name"].as_str().unwrap().starts_with("diabetes") { "progression" } else { "y" };
        reaches_least_squares(table, target, "");
    }
}

#[test]
fn diabetes_unscaled_gets_there_in_its_epochs() {
    let diabetes = &tables()[0];
    assert_eq!(diabetes["name"], "diabetes");
    reaches_least_squares(diabetes, "progression", "--scale none --epochs 100000");
}

#[test]
fn a_line_comes_out_as_it_was_made() {
    let sandbox = Sandbox::new();
    let table = tables().into_iter().find(|table| table["name"] == "a line").unwrap();
    sandbox.file("data.csv", table["csv"].as_str().unwrap());
    let json = sandbox.sh("deltarule train data.csv --target y --json").ok().json();
    let weights = &json["weights"][0];
    assert!((number(&weights["weights"][0]["original"]) - 3.0).abs() < 1e-9, "{weights}");
    assert!((number(&weights["bias"]["original"]) - 7.0).abs() < 1e-7, "{weights}");
}

/// What descent ends with on tables with classes.
#[test]
fn classes_end_for_the_right_reason() {
    let sandbox = Sandbox::new();
    let cases = [
        // A plane tells the two diagnoses apart.
        ("examples/breast_cancer.csv", "diagnosis", "", "no-finite-minimum"),
        // Setosa is told apart by one input alone.
        ("examples/iris.csv", "species", "", "no-finite-minimum"),
        ("examples/iris.csv", "species", "--activation identity", "minimum"),
        ("examples/ten.csv", "passed", "", "minimum"),
        ("examples/ten.csv", "passed", "--activation tanh", "minimum"),
    ];
    for (file, target, options, expected) in cases {
        let line = format!("deltarule train {file} --target {target} {options} --json");
        let json = sandbox.sh(&line).ok().json();
        assert_eq!(json["stop"]["reason"], expected, "{line}: {}", json["stop"]["text"]);
        let (model, baseline) = (&json["training"]["model"], &json["training"]["baseline"]);
        assert!(number(&model["accuracy"]) > number(&baseline["accuracy"]), "{line}");
        assert!(number(&json["sse"]) < number(&json["baseline_sse"]), "{line}");
    }
}
