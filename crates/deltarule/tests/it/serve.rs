//! `serve`: the predictions of `predict`, over HTTP, whatever is sent.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::http::{Service, request, wait_until};
use crate::support::{Sandbox, check_document};

/// The rows of CSV without quotes.
fn rows(csv: &str) -> Vec<Vec<String>> {
    csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The records of CSV as JSON objects: numbers as numbers where they are told to be, everything else as text.
fn records(csv: &str, has_numbers: bool) -> Vec<Value> {
    let rows = rows(csv);
    let value = |text: &str| match (text, text.parse::<f64>()) {
        ("", _) => Value::Null,
        ("true", _) if has_numbers => json!(true),
        ("false", _) if has_numbers => json!(false),
        // The digits of the file, not those of a number that was read.
        (_, Ok(_)) if has_numbers => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        _ => json!(text),
    };
    let record = |row: &Vec<String>| {
        let fields = rows[0].iter().zip(row).map(|(name, text)| (name.clone(), value(text)));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    rows[1..].iter().map(record).collect()
}

/// What predict writes, as objects whose numbers keep their digits.
fn predicted(csv: &str) -> Vec<Vec<(String, String)>> {
    let rows = rows(csv);
    rows[1..].iter().map(|row| rows[0].iter().cloned().zip(row.iter().cloned()).collect()).collect()
}

/// Compares predictions with rows of predict: texts as they are, numbers by their bits, nothing with null.
#[track_caller]
fn same(found: &[Value], expected: &[Vec<(String, String)>]) {
    assert_eq!(found.len(), expected.len());
    for (record, (found, expected)) in found.iter().zip(expected).enumerate() {
        let names: Vec<&String> = found.as_object().unwrap().keys().filter(|name| *name != "reasons").collect();
        assert_eq!(names, expected.iter().map(|(name, _)| name).collect::<Vec<_>>());
        for (name, text) in expected {
            let place = format!("record {}, {name}: {} and {text}", record + 1, found[name]);
            match &found[name] {
                Value::Null => assert_eq!(text, "", "{place}"),
                Value::String(class) => assert_eq!(class, text, "{place}"),
                number => {
                    let bits = |x: f64| x.to_bits();
                    assert_eq!(number.as_f64().map(bits), text.parse().ok().map(bits), "{place}");
                }
            }
        }
    }
}

/// A table of every kind of column, some values of which are missing, and a target of each kind.
fn mixed(records: usize) -> String {
    let mut text = String::from("when,word,id,truth,a,b,y,z,class\n");
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    for k in 0..records {
        let missing = |text: String, rarely: bool| if rarely { String::new() } else { text };
        let when = format!("{}-{:02}-{:02} {:02}:30", 2020 + k % 4, 1 + k % 12, 1 + k % 28, k % 24);
        let word = ["ash", "elm", "oak", "yew", "fir"][(next() * 5.0) as usize];
        let (id, truth, a, b) = ((next() * 60.0) as usize, next() > 0.5, next() * 30.0, next() - 0.5);
        let y = a - 20.0 * b + (id % 7) as f64 + f64::from(u8::from(truth));
        let class = ["low", "middle", "high"][usize::from(y > 12.0) + usize::from(y > 24.0)];
        let _ = writeln!(
            text,
            "{},{},{id},{},{},{b},{y},{},{class}",
            missing(when, next() < 0.1),
            missing(word.to_owned(), next() < 0.1),
            missing(truth.to_string(), next() < 0.1),
            missing(a.to_string(), next() < 0.1),
            y * 0.5 + b,
        );
    }
    text
}

/// Trains, predicts with both, and compares.
#[track_caller]
fn agrees(sandbox: &Sandbox, data: &str, train: &str, predict: &str) {
    sandbox.sh(&format!("deltarule train {data} {train} --out m.json --force --quiet")).ok();
    let csv = sandbox.sh(&format!("deltarule predict m.json {data} {predict}")).ok().stdout;
    let expected = predicted(&csv);
    let service = Service::start(sandbox.path(), "m.json", &[]);
    for has_numbers in [false, true] {
        let records = records(&sandbox.read(data), has_numbers);
        same(&service.predict(&json!({ "records": records }).to_string()), &expected);
        same(&service.predict(&Value::from(records.clone()).to_string()), &expected);
        let mut connection = service.connect();
        for (record, expected) in records.iter().zip(&expected).take(50) {
            // Other columns do not matter, nor does the order of those that do.
            let mut fields: Vec<(String, Value)> = record.as_object().unwrap().clone().into_iter().collect();
            fields.reverse();
            fields.insert(1, ("further".to_owned(), json!({ "a": [1, null, "…"] })));
            let answer =
                connection.request("POST", "/predict", &Value::Object(fields.into_iter().collect()).to_string());
            assert_eq!(answer.status, 200, "{}", answer.body);
            same(answer.json()["predictions"].as_array().unwrap(), std::slice::from_ref(expected));
        }
    }
}

#[test]
fn numbers_and_classes_have_the_bits_of_predict() {
    let sandbox = Sandbox::new();
    agrees(&sandbox, "examples/diabetes.csv", "--target progression", "");
    agrees(&sandbox, "examples/iris.csv", "--target species", "--proba");
    agrees(&sandbox, "examples/breast_cancer.csv", "--target diagnosis --loss log", "--proba");
}

#[test]
fn every_kind_of_column_has_the_bits_of_predict() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", mixed(600));
    let columns = "--hash id:6 --date when --epochs 40";
    for missing in ["mean", "level", "mean+flag", "drop"] {
        let two = format!("--target y,z --drop class {columns} --missing {missing}");
        agrees(&sandbox, "t.csv", &two, "--quiet");
        let classes = format!("--target class --drop y,z {columns} --missing {missing} --min-count 130 --loss log");
        agrees(&sandbox, "t.csv", &classes, "--proba --quiet");
    }
    // Numbers that are categories go by the digits that they have in the file.
    let categories = "--target y --features id,b --categorical id --missing mean --epochs 40";
    agrees(&sandbox, "t.csv", categories, "--quiet");
}

#[test]
fn sparse_numbers_have_the_bits_of_predict() {
    let sandbox = Sandbox::new();
    let (mut lines, mut bodies) = (String::new(), [Vec::new(), Vec::new()]);
    for k in 0..200_u64 {
        let pairs: Vec<(u64, f64)> =
            (1..40).filter(|i| (k * i * i + k) % 5 == 0).map(|i| (i, ((k * i) % 11) as f64 / 4.0 - 1.0)).collect();
        let text: String = pairs.iter().map(|(index, value)| format!(" {index}:{value}")).collect();
        let _ = writeln!(lines, "{}{text}", if k % 3 == 0 { 1 } else { -1 });
        let object: Map<String, Value> = pairs.iter().rev().map(|(i, x)| (i.to_string(), json!(x))).collect();
        bodies[0].push(json!({ "features": object }));
        bodies[1].push(json!({ "features": text, "label": 1 }));
    }
    sandbox.file("t.libsvm", lines);
    sandbox.sh("deltarule train t.libsvm --out m.json --quiet").ok();
    let expected = predicted(&sandbox.sh("deltarule predict m.json t.libsvm --proba").ok().stdout);
    let service = Service::start(sandbox.path(), "m.json", &[]);
    for body in bodies {
        same(&service.predict(&Value::from(body).to_string()), &expected);
    }
    let answer = service.request("POST", "/predict", r#"{"features": {"7": 1, "4000000": 2}}"#);
    assert_eq!(answer.json()["unseen"], json!({ "features": 1 }), "{}", answer.body);
    for (body, expected) in [
        (r#"{"features": {"x": 1}}"#, "record 1, column \"features\": index \"x\": expected a whole number"),
        (r#"{"features": {"1": null}}"#, "index \"1\": found null, expected a number"),
        (r#"{"features": {"1": 1, "01": 2}}"#, "index 1: found twice"),
        (r#"{"features": "2:1 1:1"}"#, "column \"features\": character 5: found \"1:1\", expected an index from 3 on"),
        (r#"{"features": "2"}"#, "found \"2\", expected a pair index:value"),
        (r#"{"features": {"1": 9007199254740993}}"#, "found \"1:9007199254740993\", expected whole numbers up to 2⁵³"),
        (r#"{"features": null}"#, "found null, expected an object of numbers by their index"),
        (r#"{"features": 3}"#, "found a number, expected an object"),
        (r#"{"1": 3}"#, "the column features is in no record"),
    ] {
        let answer = service.request("POST", "/predict", body);
        assert!(answer.status == 422 && answer.error().contains(expected), "{body}: {}", answer.body);
    }
}

#[test]
fn reasons_are_those_of_predict() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", mixed(300));
    for (train, n_outputs) in [
        ("--target class --drop y,z", 1),
        ("--target y,z --drop class", 2),
        ("--target truth --drop y,z,class --missing drop", 1),
    ] {
        let missing = if train.contains("--missing") { "" } else { "--missing mean" };
        let train = format!(
            "deltarule train t.csv {train} {missing} --hash id:6 --date when --epochs 20 --out m.json --force -q"
        );
        sandbox.sh(&train).ok();
        let csv = sandbox.sh("deltarule predict m.json t.csv --reasons 3 --quiet").ok().stdout;
        let rows = predicted(&csv);
        let service = Service::start(sandbox.path(), "m.json", &[]);
        let body = json!({ "records": records(&sandbox.read("t.csv"), true) }).to_string();
        let answer = service.request("POST", "/predict?reasons=3", &body).json();
        for (prediction, row) in answer["predictions"].as_array().unwrap().iter().zip(&rows) {
            let Some(reasons) = prediction["reasons"].as_array() else {
                assert!(row.iter().all(|(_, text)| text.is_empty()), "no reasons, and no prediction");
                continue;
            };
            assert_eq!(reasons.len(), n_outputs);
            // In predict they are columns, output after output: h, its average, three reasons in words with a number each, and the others.
            let columns: Vec<&str> =
                row.iter().map(|(_, text)| text.as_str()).skip(row.len() - n_outputs * 9).collect();
            for (reasons, columns) in reasons.iter().zip(columns.chunks(9)) {
                let mut found = vec![&reasons["h"], &reasons["average_h"]];
                found.extend(reasons["contributions"].as_array().unwrap().iter().map(|one| &one["contribution"]));
                found.push(&reasons["others"]);
                let numbers = [0, 1, 3, 5, 7, 8].map(|k| columns[k].parse::<f64>().unwrap().to_bits());
                let found: Vec<u64> = found.iter().map(|x| x.as_f64().unwrap().to_bits()).collect();
                assert_eq!(found, numbers);
                for (k, one) in reasons["contributions"].as_array().unwrap().iter().enumerate() {
                    let words = columns[2 + 2 * k];
                    assert!(words.starts_with(one["feature"].as_str().unwrap()), "{one} and {words}");
                    if let Some(level) = one["level"].as_str() {
                        assert!(words.ends_with(&format!(" = {level}")), "{one} and {words}");
                    }
                }
            }
        }
    }
}

/// A server for a model of examples/iris.csv.
fn iris(sandbox: &Sandbox, options: &[&str]) -> Service {
    sandbox.sh("deltarule train examples/iris.csv --target species --epochs 20 --out m.json --quiet").ok();
    Service::start(sandbox.path(), "m.json", options)
}

const FLOWER: &str = r#"{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}"#;

#[test]
fn what_cannot_be_answered_is_told_with_its_place() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &["--max-records", "3"]);
    let many = format!("[{}]", [FLOWER; 4].join(","));
    let twice = FLOWER.replace("sepal_width", "sepal_length");
    let deep = format!("{{\"further\": {}1{}}}", "[".repeat(1000), "]".repeat(1000));
    let word = format!("[{FLOWER},\n{}]", FLOWER.replace("1.4", "\"long\""));
    for (body, status, expected) in [
        ("", 400, "the body is empty, expected JSON"),
        ("{\"sepal_length\": 5.1,\n  nothing}", 400, "line 2, column 3: "),
        ("{\"sepal_length\": 5.1", 400, "line 1, column 20: EOF while parsing"),
        (
            "{\"sepal_width\": 1,\n\"sepal_length\": -Infinity}",
            400,
            "line 2, column 17: found -Infinity, which JSON does not have, expected a number, or null",
        ),
        ("[{}] 3", 400, "line 1, column 6: trailing characters"),
        ("{\"sepal_length\": 1e999}", 400, "number out of range"),
        ("\u{FEFF}{\"a\"}", 400, "line 1, column 5: "),
        (&deep, 422, "petal_length, petal_width are in no record"),
        ("7", 422, "found a number as the body"),
        ("\"a\"", 422, "found a text as the body"),
        ("[7]", 422, "record 1: found a number, expected a record"),
        ("[[]]", 422, "record 1: found a list, expected a record"),
        ("{\"records\": {}}", 422, "found an object as \"records\", expected a list of records"),
        ("{\"records\": [], \"a\": 1}", 422, "found the field \"a\" beside others"),
        ("{\"a\": 1, \"records\": []}", 422, "found the field \"records\" beside others"),
        ("{\"sepal_length\": []}", 422, "record 1, column \"sepal_length\": found a list, expected a number"),
        ("{\"sepal_length\": {}}", 422, "found an object, expected a number, a text, true, false or null"),
        (&twice, 422, "record 1, column \"sepal_length\": found twice"),
        ("{}", 422, "the columns sepal_length, sepal_width, petal_length, petal_width are in no record"),
        (&word, 422, "record 2, column \"petal_length\": found \"long\", expected a number"),
        (
            &FLOWER.replace("1.4", "null"),
            422,
            "record 1, column \"petal_length\": found no value, and the model was trained with --missing error",
        ),
        (&FLOWER.replace("1.4", "\" NA \""), 422, "record 1, column \"petal_length\": found no value"),
        (&FLOWER.replace("1.4", "1e200"), 422, "record 1, column \"petal_length\": found \"1e+200\""),
        (&many, 413, "found more than 3 records in one request, expected at most 3"),
    ] {
        let answer = service.request("POST", "/predict", body);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        assert!(answer.error().contains(expected), "{body}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(service.request("POST", "/predict", "[]").json(), json!({ "predictions": [] }));
    assert_eq!(service.predict(FLOWER)[0]["predicted_species"], "setosa");
}

#[test]
fn a_truth_value_is_true_false_1_or_0() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "heated,y\ntrue,1\nfalse,2\ntrue,3\nfalse,5\n");
    sandbox.sh("deltarule train t.csv --target y --epochs 20 --out m.json --quiet").ok();
    let service = Service::start(sandbox.path(), "m.json", &[]);
    for found in ["2", "-3", "\"yes\""] {
        let answer = service.request("POST", "/predict", &format!("[{{\"heated\": true}}, {{\"heated\": {found}}}]"));
        let said = format!("record 2, column \"heated\": found \"{}\", expected true or false", found.replace('"', ""));
        assert!(answer.status == 422 && answer.error().contains(&said), "{}", answer.body);
    }
    let of = |value: &str| service.predict(&format!("{{\"heated\": {value}}}"))[0].clone();
    assert!(of("1") == of("true") && of("0") == of("false"));
}

#[test]
fn paths_methods_and_options_are_told() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &[]);
    let answer = service.get("/predictions");
    assert_eq!(answer.status, 404);
    let all = "found the path \"/predictions\", expected POST /predict, GET /model, GET /health, GET /metrics";
    assert_eq!(answer.error(), all);
    for (method, path, allow) in
        [("GET", "/predict", "POST"), ("POST", "/model", "GET, HEAD"), ("DELETE", "/health", "GET, HEAD")]
    {
        let answer = service.request(method, path, "");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{}", answer.body);
        assert_eq!(answer.error(), format!("found {method} {path}, expected {}", allow.replace(", ", " or ")));
    }
    for (path, expected) in [
        ("/predict?reasons=0", "reasons: found \"0\", expected a whole number from 1 to 1000"),
        ("/predict?reasons", "reasons: found \"\", expected"),
        ("/predict?reason=3", "found the option \"reason=3\" after /predict, expected reasons=K"),
    ] {
        let answer = service.request("POST", path, FLOWER);
        assert!(answer.status == 400 && answer.error().contains(expected), "{path}: {}", answer.body);
    }
    let mut connection = service.connect();
    let zipped = request("POST", "/predict", FLOWER).replace("host: here", "host: here\r\ncontent-encoding: gzip");
    connection.send(zipped);
    assert_eq!(connection.answer(false).unwrap().status, 415);
    let head = service.request("HEAD", "/health", "");
    assert_eq!((head.status, head.header("content-length")), (200, Some("16")));
    assert_eq!(service.get("/health").json(), json!({ "status": "ok" }));
}

/// Records of two classes, and how many of them are called the second one at a threshold.
#[test]
fn a_threshold_decides_as_predict_does() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --loss log --l2 0.1 --out ten.json --quiet").ok();
    sandbox.sh("deltarule train examples/iris.csv --target species --out iris.json --quiet").ok();
    let table = sandbox.read("examples/ten.csv");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let record = |row: &Vec<&str>| format!("{{\"hours\": {}, \"sleep\": {}}}", row[0], row[1]);
    assert!(table.starts_with("hours,sleep"), "{table}");
    let body = format!("[{}]", rows.iter().map(record).collect::<Vec<_>>().join(","));
    let expected = |threshold: &str| -> Vec<String> {
        let line = format!("deltarule predict ten.json examples/ten.csv --threshold {threshold} | tail -n +2");
        sandbox.sh(&line).ok().stdout.lines().map(str::to_owned).collect()
    };
    let service = Service::start(sandbox.path(), "ten.json", &["--threshold", "0.3"]);
    let classes = |path: &str| -> Vec<String> {
        let answer = service.request("POST", path, &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let all = answer.json()["predictions"].as_array().unwrap().clone();
        all.iter().map(|one| one["predicted_passed"].as_str().unwrap().to_owned()).collect()
    };
    assert_ne!(expected("0.3"), expected("0.7"));
    assert_eq!(classes("/predict"), expected("0.3"));
    assert_eq!(classes("/predict?threshold=0.7"), expected("0.7"));
    assert_eq!(classes("/predict?reasons=1&threshold=0.5"), expected("0.5"));
    assert_eq!(service.get("/model").json()["threshold"], 0.3);
    for wrong in ["1.5", "x", "", "NaN"] {
        let answer = service.request("POST", &format!("/predict?threshold={wrong}"), &body);
        assert!(answer.status == 400 && answer.error().contains("expected a number from 0 to 1"), "{}", answer.body);
    }
    // A model without two classes has no threshold, from the start or when it takes another's place.
    let ran = sandbox.sh("deltarule serve iris.json --port 0 --threshold 0.3");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("found a model of 3 classes beside --threshold"), "{}", ran.stderr);
    sandbox.sh("cp iris.json other.json && mv other.json ten.json").ok();
    service.wait_for("found a model of 3 classes beside --threshold");
    assert_eq!(classes("/predict"), {
        let line = "deltarule train examples/ten.csv --target passed --loss log --l2 0.1 --out again.json --quiet && \
                    deltarule predict again.json examples/ten.csv --threshold 0.3 | tail -n +2";
        sandbox.sh(line).ok().stdout.lines().map(str::to_owned).collect::<Vec<String>>()
    });
    let plain = Service::start(sandbox.path(), "iris.json", &[]);
    let answer = plain.request("POST", "/predict?threshold=0.5", FLOWER);
    assert!(answer.status == 400 && answer.error().contains("not of two classes"), "{}", answer.body);
}

#[test]
fn heads_that_are_not_http_are_told_so_in_json() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &[]);
    let many: String = (0..150).map(|k| format!("x-{k}: 1\r\n")).collect();
    for (head, status, part) in [
        ("\x16\x03\x01\x02\x00\x01\x00".to_owned(), 400, "cannot be read as HTTP/1.1"),
        ("HELLO THERE\r\n\r\n".to_owned(), 400, "expected a line such as POST /predict HTTP/1.1"),
        ("GET /health HTTP/1.1\r\nno colon here\r\n\r\n".to_owned(), 400, "each in a line with a colon"),
        (format!("GET /health HTTP/1.1\r\n{many}\r\n"), 431, "more than 100 headers"),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(66_000)), 414, "the path of the request is too long"),
    ] {
        let mut connection = service.connect();
        connection.send(&head);
        let answer = connection.answer(false).unwrap();
        assert!(answer.status == status && answer.error().contains(part), "{} {}", answer.status, answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(connection.is_closed());
    }
    let counted = service.get("/metrics").body;
    assert!(counted.contains("deltarule_requests_total{path=\"other\",status=\"400\"} 3"), "{counted}");
    // What comes before on the same connection is answered as ever.
    let mut connection = service.connect();
    connection.send(format!("{}rubbish\r\n\r\n", request("POST", "/predict", FLOWER)));
    assert_eq!(connection.answer(false).unwrap().status, 200);
    let answer = connection.answer(false).unwrap();
    assert!(answer.status == 400 && answer.error().contains("HTTP/1.1"), "{}", answer.body);
}

#[test]
fn the_model_says_what_it_needs() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", mixed(300));
    let train = "deltarule train t.csv --target class --drop y,z --hash id:6 --date when --missing mean+flag --epochs 5 --out m.json -q";
    sandbox.sh(train).ok();
    let service = Service::start(sandbox.path(), "m.json", &[]);
    let model = service.get("/model").json();
    let kinds: Vec<(&str, &str)> = model["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| (column["name"].as_str().unwrap(), column["kind"].as_str().unwrap()))
        .collect();
    let expected = [
        ("when", "date"),
        ("word", "category"),
        ("id", "hashed"),
        ("truth", "boolean"),
        ("a", "number"),
        ("b", "number"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(model["columns"][1]["levels"], json!(["(missing)", "ash", "elm", "fir", "oak", "yew"]));
    assert_eq!(
        model["target"],
        json!({ "kind": "classes", "columns": ["class"], "classes": ["high", "low", "middle"] })
    );
    assert_eq!(model["predictions"], json!(["predicted_class", "p_high", "p_low", "p_middle"]));
    assert_eq!(model["missing"], "mean+flag");
    assert_eq!(model["training"]["records"], 300);
}

#[test]
fn what_a_level_is_unknown_is_counted() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", mixed(300));
    let train = "deltarule train t.csv --target y --features word,b --missing mean --epochs 5 --out m.json -q";
    sandbox.sh(train).ok();
    let service = Service::start(sandbox.path(), "m.json", &[]);
    let body = r#"[{"word": "palm", "b": 1}, {"word": "elm"}, {"word": "ginkgo", "b": 0}]"#;
    let answer = service.request("POST", "/predict", body);
    assert_eq!(answer.json()["unseen"], json!({ "word": 2 }), "{}", answer.body);
    // The next request begins to count anew.
    assert_eq!(service.request("POST", "/predict", r#"{"word": "elm", "b": 1}"#).json().get("unseen"), None);
    let metrics = service.get("/metrics").body;
    assert!(metrics.contains("\ndeltarule_unseen_values_total 2\n"), "{metrics}");
}

#[test]
fn large_bodies_are_refused_and_nothing_else_suffers() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &["--max-body", "4KiB"]);
    let large = format!("{{\"further\": \"{}\"}}", "x".repeat(5000));
    let answer = service.request("POST", "/predict", &large);
    assert_eq!(answer.status, 413);
    assert!(answer.error().contains("has 5015 bytes, expected at most 4096"), "{}", answer.body);
    assert_eq!(answer.header("connection"), Some("close"));
    // One that does not say its length, and goes on and on.
    let mut connection = service.connect();
    connection.send("POST /predict HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..64 {
        connection.send(format!("400\r\n{}\r\n", " ".repeat(1024)));
    }
    let answer = connection.answer(false).unwrap();
    assert!(answer.status == 413 && answer.error().contains("more than 4096 bytes"), "{}", answer.body);
    // One that says a length beyond all memory.
    let mut connection = service.connect();
    connection.send("POST /predict HTTP/1.1\r\nhost: here\r\ncontent-length: 18446744073709551000\r\n\r\n");
    assert!(connection.answer(false).is_none_or(|answer| answer.status == 413 || answer.status == 400));
    // A head without end.
    let mut connection = service.connect();
    connection.send(format!("GET /health HTTP/1.1\r\nhost: {}", "x".repeat(200_000)));
    assert!(connection.answer(false).is_none_or(|answer| answer.status == 431));
    // A body that is just as large as may be, in parts.
    let mut connection = service.connect();
    let body = format!("{FLOWER}{}", " ".repeat(4096 - FLOWER.len()));
    connection.send(format!("POST /predict HTTP/1.1\r\nhost: here\r\ncontent-length: {}\r\n\r\n", body.len()));
    for part in body.as_bytes().chunks(500) {
        connection.send(part);
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(connection.answer(false).unwrap().status, 200);
    assert_eq!(service.predict(FLOWER).len(), 1);
}

#[test]
fn rubbish_does_no_harm() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &["--timeout", "1"]);
    let mut state = 5_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut spoiled = request("POST", "/predict", FLOWER).into_bytes();
    for round in 0..60 {
        let bytes: Vec<u8> = match round % 3 {
            0 => (0..200).map(|_| byte()).collect(),
            1 => {
                let mut bytes = spoiled.clone();
                bytes[usize::from(byte()) % spoiled.len()] = byte();
                bytes
            }
            _ => spoiled[..usize::from(byte()) % spoiled.len()].to_vec(),
        };
        let mut connection = service.connect();
        connection.send(bytes);
        drop(connection);
    }
    // Every byte of the body in turn is something else.
    let start = spoiled.len() - FLOWER.len();
    for at in start..spoiled.len() {
        let right = std::mem::replace(&mut spoiled[at], byte());
        let mut connection = service.connect();
        connection.send(&spoiled);
        let answer = connection.answer(false).unwrap();
        assert!([200, 400, 422].contains(&answer.status), "{}", answer.body);
        spoiled[at] = right;
    }
    assert_eq!(service.predict(FLOWER).len(), 1);
}

#[test]
fn slow_clients_are_told_and_closed() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &["--timeout", "0.4"]);
    let mut slow_head = service.connect();
    slow_head.send("POST /predict HTTP/1.1\r\nho");
    let mut slow_body = service.connect();
    slow_body.send("POST /predict HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n{\"sepal");
    let mut idle = service.connect();
    assert_eq!(idle.request("GET", "/health", "").status, 200);
    let begun = Instant::now();
    for (connection, expected) in [(&mut slow_head, "the head of the request"), (&mut slow_body, "the body")] {
        let answer = connection.answer(false).unwrap();
        let message = format!("{expected} was not complete after 0.4 s");
        assert!(answer.status == 408 && answer.error().contains(&message), "{}", answer.body);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(connection.is_closed());
    }
    assert!(idle.is_closed(), "a connection that waits is closed without a word");
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Drop after drop is no way to go on for ever.
    let mut drip = service.connect();
    drip.send("POST /predict HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n");
    let mut stream = drip;
    let mut n = 0;
    let answer = loop {
        n += 1;
        assert!(n < 100, "it is not cut off");
        thread::sleep(Duration::from_millis(50));
        if n <= 8 {
            stream.send(" ");
        } else {
            break stream.answer(false).unwrap();
        }
    };
    assert_eq!(answer.status, 408);
    assert!(service.get("/metrics").body.contains("{path=\"other\",status=\"408\"} 1\n"));
}

#[test]
fn a_model_that_is_replaced_is_taken_up_and_a_bad_one_is_not() {
    let sandbox = Sandbox::new();
    sandbox.file("1.csv", "x,y\n0,1\n1,2\n2,3\n").file("2.csv", "x,y\n0,10\n1,12\n2,14\n");
    for k in [1, 2] {
        sandbox.sh(&format!("deltarule train {k}.csv --target y --out {k}.json --quiet")).ok();
    }
    let at = |k: u32| predicted(&sandbox.sh(&format!("deltarule predict {k}.json 1.csv")).ok().stdout);
    let (first, second) = (at(1), at(2));
    assert!(first != second);
    let body = r#"[{"x": 0}, {"x": 1}, {"x": 2}]"#;
    sandbox.sh("cp 1.json m.json").ok();
    let service = Service::start(sandbox.path(), "m.json", &[]);
    let is_used = |expected: &[Vec<(String, String)>]| {
        service.predict(body)[0]["predicted_y"].as_f64() == expected[0][0].1.parse().ok()
    };
    let metric = |result: &str| {
        let metrics = service.get("/metrics").body;
        let name = format!("deltarule_model_reloads_total{{result=\"{result}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok()).unwrap()
    };
    same(&service.predict(body), &first);
    // Requests go on all the time, and each is answered by the one model or by the other.
    let mut connection = service.connect();
    sandbox.sh("cp 2.json next.json && mv next.json m.json").ok();
    wait_until(
        || {
            let found = connection_predicts(&service, body);
            assert!([&first, &second].iter().any(|one| found == one[0][0].1), "{found}");
            found == second[0][0].1
        },
        || format!("the new model is not used: {}", service.said()),
    );
    assert_eq!(connection.request("GET", "/health", "").status, 200);
    service.wait_for("m.json has changed, and is in use");
    assert_eq!((metric("taken"), metric("refused")), (1, 0));
    // One that is none, one that is cut short, and no file.
    sandbox.sh("head -c 300 1.json > m.json").ok();
    service.wait_for("the model that was read before stays in use");
    assert!(service.said().contains("error: m.json: the model ends in the middle, at line "), "{}", service.said());
    assert!(is_used(&second) && metric("refused") == 1);
    fs::remove_file(sandbox.path().join("m.json")).unwrap();
    service.wait_for("error: m.json: there is no such file");
    assert!(is_used(&second) && metric("refused") == 2);
    assert_eq!(service.get("/health").status, 200);
    // And one that can be used again; a signal says so at once.
    sandbox.sh("cp 1.json m.json").ok();
    service.signal("HUP");
    wait_until(|| is_used(&first), || service.said());
    same(&service.predict(body), &first);
}

/// The digits of the first prediction.
fn connection_predicts(service: &Service, body: &str) -> String {
    let answer = service.request("POST", "/predict", body);
    let digits = answer.body.split("\"predicted_y\":").nth(1).unwrap();
    digits[..digits.find('}').unwrap()].to_owned()
}

#[test]
fn a_stop_waits_for_what_is_on_its_way() {
    let sandbox = Sandbox::new();
    for signal in ["INT", "TERM"] {
        let mut service = iris(&sandbox, &[]);
        fs::remove_file(sandbox.path().join("m.json")).unwrap();
        let text = request("POST", "/predict", FLOWER);
        let (begin, end) = text.split_at(text.len() - 20);
        let mut on_its_way = service.connect();
        on_its_way.send(begin);
        let mut idle = service.connect();
        assert_eq!(idle.request("GET", "/health", "").status, 200);
        service.signal(signal);
        service.wait_for("stopping: ");
        assert!(idle.is_closed(), "a connection that waits is closed");
        on_its_way.send(end);
        let answer = on_its_way.answer(false).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(on_its_way.is_closed());
        assert_eq!(service.ended().code(), Some(0));
        assert!(std::net::TcpStream::connect(&service.address).is_err(), "nobody listens any more");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let sandbox = Sandbox::new();
    let mut service = iris(&sandbox, &[]);
    let mut on_its_way = service.connect();
    on_its_way.send("POST /predict HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n");
    assert_eq!(service.get("/health").status, 200);
    service.signal("INT");
    service.wait_for("stopping: ");
    service.signal("INT");
    assert_eq!(service.ended().code(), Some(130));
}

#[test]
fn one_connection_takes_request_after_request_also_before_it_answered() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &[]);
    let mut connection = service.connect();
    let flower = |k: usize| FLOWER.replace("1.4", &format!("{}.25", k % 7));
    let expected: Vec<String> = (0..40).map(|k| service.request("POST", "/predict", &flower(k)).body).collect();
    for (k, expected) in expected.iter().enumerate() {
        assert_eq!(&connection.request("POST", "/predict", &flower(k)).body, expected);
    }
    let all: String = (0..40).map(|k| request("POST", "/predict", &flower(k))).collect();
    connection.send(all + &request("GET", "/predict", "") + &request("GET", "/health", ""));
    for expected in &expected {
        assert_eq!(&connection.answer(false).unwrap().body, expected);
    }
    assert_eq!(connection.answer(false).unwrap().status, 405);
    assert_eq!(connection.answer(false).unwrap().status, 200);
}

#[test]
fn many_at_once_get_their_own_answers() {
    let sandbox = Sandbox::new();
    for threads in ["1", "3"] {
        let service = iris(&sandbox, &["--threads", threads]);
        fs::remove_file(sandbox.path().join("m.json")).unwrap();
        let csv = sandbox.read("examples/iris.csv");
        let records = records(&csv, true);
        let whole = service.predict(&Value::from(records.clone()).to_string());
        thread::scope(|scope| {
            for first in 0..8 {
                let (service, records, whole) = (&service, &records, &whole);
                scope.spawn(move || {
                    let mut connection = service.connect();
                    for k in (first..150).step_by(4) {
                        let answer = connection.request("POST", "/predict", &records[k].to_string());
                        assert_eq!(answer.json()["predictions"][0], whole[k]);
                    }
                    // A long one among the short ones.
                    let long = Value::from(vec![records[first].clone(); 5000]).to_string();
                    let found = service.predict(&long);
                    assert!(found.len() == 5000 && found.iter().all(|one| *one == whole[first]));
                });
            }
        });
        let metrics = service.get("/metrics").body;
        let n: usize = (0..8).map(|first| (first..150).step_by(4).count()).sum();
        let records = 150 + n + 8 * 5000;
        assert!(metrics.contains(&format!("\ndeltarule_records_total {records}\n")), "{metrics}");
        assert!(metrics.contains(&format!("\ndeltarule_request_seconds_count {}\n", 1 + n + 8)), "{metrics}");
    }
}

#[test]
fn connections_beyond_the_limit_wait() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &["--max-connections", "1"]);
    let mut first = service.connect();
    assert_eq!(first.request("GET", "/health", "").status, 200);
    thread::scope(|scope| {
        let second = scope.spawn(|| service.get("/health").status);
        thread::sleep(Duration::from_millis(300));
        assert!(!second.is_finished(), "it waits");
        assert_eq!(first.request("GET", "/health", "").status, 200);
        drop(first);
        assert_eq!(second.join().unwrap(), 200);
    });
}

#[test]
fn what_is_printed() {
    let sandbox = Sandbox::new();
    let mut service = iris(&sandbox, &["--log", "--host", "0.0.0.0"]);
    assert!(service.greeting.starts_with("serving m.json at http://0.0.0.0:"), "{}", service.greeting);
    service.wait_for("there is no authentication");
    service.predict(FLOWER);
    service.wait_for(" 127.0.0.1 POST /predict 200 1 record ");
    service.get("/no?where=1");
    service.wait_for(" 127.0.0.1 GET /no?where=1 404 ");
    service.signal("TERM");
    assert_eq!(service.ended().code(), Some(0));
    fs::remove_file(sandbox.path().join("m.json")).unwrap();
    let mut quiet = iris(&sandbox, &["--quiet", "--host", "0.0.0.0"]);
    quiet.predict(FLOWER);
    quiet.signal("TERM");
    assert_eq!(quiet.ended().code(), Some(0));
    assert_eq!(quiet.said(), "");
}

#[test]
fn two_servers_cannot_have_one_port() {
    let sandbox = Sandbox::new();
    let service = iris(&sandbox, &[]);
    let port = service.address.rsplit(':').next().unwrap();
    let ran = sandbox.sh(&format!("deltarule serve m.json --port {port}"));
    let message = format!(
        "error: 127.0.0.1:{port}: another program listens there already; choose another --port, or 0 for a free one\n"
    );
    assert_eq!((ran.code, ran.stderr, ran.stdout), (Some(2), message, String::new()));
}

/// The page about it. A server of the page listens at a free port, and `curl` is a function of the shell, for the machines that have no such program.
#[test]
fn the_page_holds() {
    const CURL: &str = r#"
        curl() {
            local method=GET data= url=
            while (($#)); do
                case $1 in -d) data=$2; method=POST; shift;; *) url=$1;; esac
                shift
            done
            exec 3<>/dev/tcp/ADDRESS
            printf '%s /%s HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s' \
                "$method" "${url#http://127.0.0.1:8000/}" "$(printf %s "$data" | wc -c)" "$data" >&3
            sed '1,/^\r$/d' <&3
        }
    "#;
    let sandbox = Sandbox::new();
    let mut service = None::<Service>;
    check_document("docs/serve.md", |block, index| {
        let command = &block[index].command;
        if let Some(model) = command.strip_prefix("deltarule serve ").and_then(|rest| rest.strip_suffix(" &")) {
            let started = Service::start(sandbox.path(), model, &[]);
            let greeting = started.greeting.replace(&started.address, "127.0.0.1:8000");
            service = Some(started);
            return greeting;
        }
        let address = service.as_ref().map_or(String::new(), |service| service.address.replace(':', "/"));
        let ran = sandbox.sh(&format!("{}\n{command}", CURL.replace("ADDRESS", &address))).ok();
        ran.stdout + &ran.stderr
    });
    let mut service = service.unwrap();
    service.signal("TERM");
    assert_eq!(service.ended().code(), Some(0));
}
