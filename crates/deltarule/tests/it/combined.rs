//! `--poly` and `--interact`: the networks of columns made by hand, with the same bits from everywhere.

use deltarule_model::{Model, Value as Cell};
use serde_json::Value;

use crate::support::Sandbox;

fn built(k: usize) -> Option<f64> {
    (k % 29 != 3).then(|| (1950 + k * 17 % 74) as f64)
}

fn size(k: usize) -> f64 {
    (k * 37 % 101) as f64 / 8.0
}

fn city(k: usize) -> Option<&'static str> {
    (k % 31 != 5).then(|| ["Ulm", "Bonn", "Bad:Ems"][k * 5 % 7 % 3])
}

fn heating(k: usize) -> &'static str {
    ["gas", "wood", "none"][k * 7 % 11 % 3]
}

fn lift(k: usize) -> bool {
    (k * k).is_multiple_of(5)
}

fn rent(k: usize) -> f64 {
    let age = built(k).unwrap_or(1990.0) - 1987.0;
    let slope = if city(k) == Some("Ulm") { 2.0 } else { 1.0 };
    100.0 + slope * size(k) + 0.01 * age * age + (k * 31 % 11) as f64 + heating(k).len() as f64
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

const MADE: &str = "--poly built:3 --interact size:built,city:size,city:heating,built:lift";

fn raw(records: usize) -> String {
    let line = |k| format!("{},{},{},{},{},{}\n", text(built(k)), size(k), text(city(k)), heating(k), lift(k), rent(k));
    format!("built,size,city,heating,lift,rent\n{}", (0..records).map(line).collect::<String>())
}

/// The same with columns for what [`MADE`] makes, numbers counted from these centers.
fn by_hand(records: usize, of_built: f64, of_size: f64) -> String {
    let line = |k: usize| {
        let (age, d) = (built(k).map_or(0.0, |x| x - of_built), size(k) - of_size);
        let slope = |name: &str| d * f64::from(u8::from(city(k) == Some(name)));
        let pair = city(k).map(|city| format!("{city}:{}", heating(k)));
        let numbers = [age * age, age * age * age, d * age, slope("Bad:Ems"), slope("Bonn"), slope("Ulm")]
            .map(|x| format!("{x:?}"));
        format!(
            "{},{},{},{},{},{},{},{:?},{}\n",
            text(built(k)),
            size(k),
            text(city(k)),
            heating(k),
            lift(k),
            numbers.join(","),
            text(pair),
            age * f64::from(u8::from(lift(k))),
            rent(k)
        )
    };
    format!(
        "built,size,city,heating,lift,p2,p3,p4,p5,p6,p7,pair,p8,rent\n{}",
        (0..records).map(line).collect::<String>()
    )
}

fn weights(json: &Value) -> Vec<f64> {
    let all = json["weights"][0]["weights"].as_array().unwrap().iter();
    all.flat_map(|w| [w["original"].as_f64().unwrap(), w["scaled"].as_f64().unwrap_or(0.0)]).collect()
}

/// A model but for what says where it came from.
fn model(sandbox: &Sandbox, name: &str) -> String {
    let origin = ["\"command\"", "\"data\"", "\"fingerprint\""];
    sandbox.read(name).lines().filter(|line| !origin.iter().any(|key| line.contains(key))).collect()
}

#[test]
fn products_powers_and_pairs_are_those_made_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", raw(2000)).file("hand.csv", by_hand(2000, 1986.0, 6.2));
    for descent in ["--epochs 100", "--batch 8 --epochs 2 --eta 0.002", "--loss huber --epochs 30 --l1 0.01"] {
        let train = |file: &str, made: &str, name: &str| {
            let line = format!(
                "deltarule train {file} --target rent --missing mean {made} {descent} --json --out {name} --force"
            );
            sandbox.sh(&line).ok().json()
        };
        let (found, expected) = (train("t.csv", MADE, "m.json"), train("hand.csv", "", "hand.json"));
        let name = |i: usize| found["weights"][0]["weights"][i]["input"].as_str().unwrap().to_owned();
        // built, size, three cities, three heatings, lift: what is made follows.
        let names: Vec<String> = (9..15).map(name).collect();
        assert_eq!(
            names,
            [
                "(built - 1986)^2",
                "(built - 1986)^3",
                "(size - 6.2)*(built - 1986)",
                "(size - 6.2)*[city=Bad:Ems]",
                "(size - 6.2)*[city=Bonn]",
                "(size - 6.2)*[city=Ulm]"
            ]
        );
        assert_eq!(name(15), "city:heating=Bad:Ems:gas");
        assert_eq!(found["training"], expected["training"], "{descent}");
        assert_eq!(weights(&found), weights(&expected), "{descent}");
        let predict = |model: &str, file: &str| sandbox.sh(&format!("deltarule predict {model} {file}")).ok().stdout;
        let predictions = predict("m.json", "t.csv");
        assert_eq!(predictions, predict("hand.json", "hand.csv"), "{descent}");
        // The file gives back what was written, and a record after the other what a pass over the table does.
        let text = sandbox.read("m.json");
        let model = Model::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(model.to_json(), text);
        for (k, line) in predictions.lines().skip(1).enumerate().step_by(7) {
            let row = [
                ("built", built(k).map_or(Cell::Missing, Cell::Number)),
                ("size", Cell::Number(size(k))),
                ("city", city(k).map_or(Cell::Missing, Cell::Text)),
                ("heating", Cell::Text(heating(k))),
                ("lift", Cell::Boolean(lift(k))),
            ];
            let mut output = [0.0];
            model.scorer().score_named(&row, &mut output).unwrap();
            assert_eq!(format!("{:?}", output[0]), line, "{descent}, record {k}");
            let values: Vec<Cell<'_>> = row.iter().map(|(_, value)| *value).collect();
            model.scorer().score_row(&values, &mut output).unwrap();
            assert_eq!(format!("{:?}", output[0]), line, "{descent}, record {k} in order");
        }
    }
}

#[test]
fn the_bits_are_the_same_from_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", raw(20_000));
    for rest in [
        "--missing level --epochs 10 --valid 0.2",
        "--missing mean+flag --batch 32 --epochs 1 --eta 0.001 --precision f32",
    ] {
        let train = |extra: &str| {
            let line =
                format!("deltarule train t.csv --target rent {MADE} {rest} --out m.json --force --quiet {extra}");
            sandbox.sh(&line).ok();
            model(&sandbox, "m.json")
        };
        let expected = train("--threads 1");
        assert_eq!(train("--threads 3"), expected, "{rest}");
        let tight = 8 * 1024 * 1024 + 5 * 4096 * 44;
        assert_eq!(train(&format!("--threads 1 --memory {tight}B")), expected, "{rest}, spilled");
    }
}

#[test]
fn explanations_and_reasons_have_what_is_made() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", raw(500));
    sandbox
        .sh(&format!("deltarule train t.csv --target rent --missing mean {MADE} --epochs 20 --quiet --out m.json"))
        .ok();
    let shown = sandbox.sh("deltarule show m.json").ok().stdout;
    assert!(shown.contains(" (built - 1986)^2 ") && shown.contains("*[city=Ulm]"), "{shown}");
    let shown = sandbox.sh("deltarule show m.json --json").ok().json();
    let feature = shown["features"].as_array().unwrap().iter().find(|f| f["name"] == "(size - 6.2)*(built - 1986)");
    assert_eq!(feature.unwrap()["made_of"], serde_json::json!(["size", "built"]));
    let reasons = sandbox.sh("deltarule predict m.json t.csv --reasons 30 | head -2 | tail -1").ok().stdout;
    assert!(reasons.contains("(built - 1986)^2 = "), "{reasons}");
    let h = |fields: &[&str]| fields.iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>();
    let fields: Vec<&str> = reasons.trim_end().split(',').collect();
    let parts: Vec<&str> = fields.iter().copied().skip(2).filter(|field| field.parse::<f64>().is_ok()).collect();
    assert!((h(&fields[1..2]) - h(&parts)).abs() < 1e-9 * h(&fields[1..2]).abs(), "{reasons}");
    sandbox.sh("deltarule explain m.json t.csv --record 3").ok();
    sandbox.sh(&format!("deltarule check t.csv --target rent --missing mean {MADE}")).ok();
    sandbox.sh(&format!("deltarule sweep t.csv --target rent --missing mean {MADE} --epochs 5 --l2 0,1")).ok();
    sandbox.sh(&format!("deltarule train t.csv --target rent --missing mean {MADE} --epochs 5 --folds 3")).ok();
}
