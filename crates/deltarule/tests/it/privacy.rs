//! Models that hold no names of levels: they predict the same, and tell nothing of what they leave out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::http::Service;
use crate::support::Sandbox;

/// A table with every kind of column that can be had without slopes for levels.
const TABLE: &str = r#"awk 'BEGIN { print "age,clinic,blood,smoker,day,user,result"; split("Northgate Southfield Riverside Hilltop Lakeview", c); split("A B AB O", b); for (i = 0; i < 600; i++) { a = 20 + i * 37 % 60; k = i % 50 == 7 ? "Rareplace" i : c[int(i / 3) % 5 + 1]; printf "%s,%s,%s,%s,2024-%02d-%02d,u%d,%s\n", a, i % 17 ? k : "", b[i * 7 % 4 + 1], i % 3 ? "true" : "false", 1 + i % 12, 1 + i % 28, i % 90, (a + 9 * (i % 3) + i * 7 % 40 > 75 ? "positive" : "negative") } }' > patients.csv"#;
const TRAIN: &str = "deltarule train patients.csv --target result --loss log --l2 0.01 --date day --hash user:6 --missing level --min-count 20 --interact clinic:blood,age:smoker --poly age:2 --quiet --force";
const NAMES: [&str; 5] = ["Northgate", "Southfield", "Riverside", "Hilltop", "Lakeview"];

fn with_models() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sh(TABLE).ok();
    sandbox.sh(&format!("{TRAIN} --out open.json && {TRAIN} --private --out private.json")).ok();
    sandbox
}

fn json_of(sandbox: &Sandbox, name: &str) -> Value {
    serde_json::from_str(&sandbox.read(name)).unwrap()
}

fn feature<'m>(model: &'m Value, name: &str) -> &'m Value {
    model["features"].as_array().unwrap().iter().find(|feature| feature["name"] == name).unwrap()
}

fn levels(feature: &Value) -> Vec<&str> {
    feature["levels"].as_array().unwrap().iter().map(|level| level.as_str().unwrap()).collect()
}

#[test]
fn a_private_file_quotes_no_level_no_path_and_no_command() {
    let sandbox = with_models();
    let (open, private) = (sandbox.read("open.json"), sandbox.read("private.json"));
    for name in NAMES.iter().chain(&["patients", "deltarule train", "--loss", "\"AB\"", "\"min\"", "\"max\""]) {
        assert!(open.contains(name), "{name}");
        assert!(!private.contains(name), "{name} is in the private file");
    }
    let model = json_of(&sandbox, "private.json");
    let training = &model["training"];
    assert!(training["command"].is_null() && training["data"] == "" && training["fingerprint"] == "", "{training}");
    // Classes are what predictions are made of, and columns what is read.
    assert!(private.contains("positive") && private.contains("clinic"));
}

#[test]
fn levels_stand_in_the_order_of_their_hashes_with_their_own_counts_and_weights() {
    let sandbox = with_models();
    let (open, private) = (json_of(&sandbox, "open.json"), json_of(&sandbox, "private.json"));
    for name in ["clinic", "blood", "clinic:blood"] {
        let (open_feature, hidden) = (feature(&open, name), feature(&private, name));
        let (named, hashed) = (levels(open_feature), levels(hidden));
        assert_eq!(named.len(), hashed.len());
        assert!(hashed.is_sorted() && hashed.iter().collect::<BTreeSet<_>>().len() == hashed.len(), "{hashed:?}");
        let is_hash = |text: &str| text.len() == 32 && text.bytes().all(|c| c.is_ascii_hexdigit());
        let own = ["(missing)", "(rare)"];
        let parts = hashed.iter().flat_map(|level| level.split(':'));
        assert!(parts.clone().all(|part| is_hash(part) || own.contains(&part)), "{hashed:?}");
        let weights = |model: &Value, level: &str| {
            let all = model["outputs"][0]["weights"].as_array().unwrap();
            let input = format!("{name}={level}");
            all.iter().find(|weight| weight["input"] == input.as_str()).unwrap()["weight"].as_f64().unwrap()
        };
        // What belongs to a level goes with it: counts and weights are the same pairs, in another order.
        let pairs = |model: &Value, feature: &Value, levels: &[&str]| -> Vec<(u64, u64)> {
            let counts = feature["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap());
            let mut pairs: Vec<(u64, u64)> =
                counts.zip(levels).map(|(count, level)| (count, weights(model, level).to_bits())).collect();
            pairs.sort_unstable();
            pairs
        };
        assert_eq!(pairs(&open, open_feature, &named), pairs(&private, hidden, &hashed), "{name}");
    }
    let in_order = |model: &Value| -> Vec<u64> {
        feature(model, "clinic")["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
    };
    assert_ne!(in_order(&open), in_order(&private), "the order of the names shows");
}

#[test]
fn predictions_are_those_of_the_open_model_to_the_bit() {
    let sandbox = with_models();
    // Levels that are new, rare or missing, too.
    sandbox.sh("(cat patients.csv; echo '33,Newplace,B,true,2025-02-03,u9,positive'; echo '44,,,,2024-01-01,x,negative'; echo '51,Rareplace7,AB,false,2024-05-05,u1,positive') > more.csv").ok();
    for line in [
        "predict MODEL more.csv --proba",
        "predict MODEL more.csv --threshold 0.3",
        "evaluate MODEL more.csv --json --worst 3 --cost fp=1,fn=5 | grep -v '\"model\": \"'",
        "show MODEL --summary patients.csv --json | grep -c MODEL",
    ] {
        let of = |model: &str| sandbox.sh(&format!("deltarule {}", line.replace("MODEL", model)));
        let (open, private) = (of("open.json"), of("private.json"));
        assert_eq!(open.code, private.code, "{line}: {}", private.stderr);
        assert_eq!(open.stdout, private.stdout, "{line}");
    }
    // Of a step, everything but the order of the levels.
    let of = |model: &str| sandbox.sh(&format!("deltarule explain {model} more.csv --record 7 --json")).ok().json();
    let (open, private) = (of("open.json"), of("private.json"));
    for name in ["h", "y_hat", "delta", "loss", "new_h", "new_y_hat"] {
        assert_eq!(open["record"]["steps"][0][name], private["record"]["steps"][0][name], "{name}");
    }
}

#[test]
fn reasons_name_the_hash_of_a_level() {
    let sandbox = with_models();
    let private = json_of(&sandbox, "private.json");
    let reasons = sandbox.sh("deltarule predict private.json patients.csv --reasons 9").ok().stdout;
    assert!(NAMES.iter().all(|name| !reasons.contains(name)), "{reasons}");
    let known: BTreeSet<&str> = levels(feature(&private, "clinic")).into_iter().collect();
    let named: BTreeSet<&str> = reasons.split(',').filter_map(|field| field.strip_prefix("clinic = ")).collect();
    assert!(!named.is_empty() && named.is_subset(&known), "{named:?} {known:?}");
    // The average is a sum over the levels, in the order in which they stand.
    let numbers = |model: &str| -> Vec<f64> {
        let line = format!("deltarule predict {model} patients.csv --reasons 3 | tail -n +2 | cut -d, -f2,3,5,7,9-");
        let text = sandbox.sh(&line).ok().stdout;
        text.split([',', '\n']).filter(|field| !field.is_empty()).map(|field| field.parse().unwrap()).collect()
    };
    let (open, private) = (numbers("open.json"), numbers("private.json"));
    assert_eq!((open.len(), private.len()), (3600, 3600));
    assert!(open.iter().zip(&private).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn a_service_predicts_the_same() {
    let sandbox = with_models();
    let body = r#"{"records": [{"age": 41, "clinic": "Riverside", "blood": "AB", "smoker": true, "day": "2024-03-04", "user": "u3"},
                   {"age": 63, "clinic": "nowhere", "blood": null, "smoker": false, "day": "2024-11-02", "user": "new"}]}"#;
    let open = Service::start(sandbox.path(), "open.json", &[]);
    let private = Service::start(sandbox.path(), "private.json", &[]);
    assert_eq!(open.predict(body), private.predict(body));
    let model = private.get("/model").body;
    assert!(NAMES.iter().all(|name| !model.contains(name)) && !model.contains("patients"), "{model}");
    let model: Value = serde_json::from_str(&model).unwrap();
    assert!(model["private"] == true && model["training"]["data"].is_null(), "{model}");
    let columns = model["columns"].as_array().unwrap();
    let column = |name: &str| columns.iter().find(|column| column["name"] == name).unwrap();
    assert!(column("clinic")["levels_are"] == "hashed" && column("age").get("min").is_none(), "{model}");
}

#[test]
fn slopes_for_levels_are_in_the_order_of_the_hashes_and_predict_the_same_but_for_rounding() {
    let sandbox = Sandbox::new();
    sandbox.sh(TABLE).ok();
    let train = "deltarule train patients.csv --target result --loss log --l2 0.01 --drop user,day --missing level --interact age:clinic --min-count 20 --quiet";
    sandbox.sh(&format!("{train} --out open.json && {train} --private --out private.json")).ok();
    let private = json_of(&sandbox, "private.json");
    let slopes: Vec<&str> = private["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| {
            f.get("product")
                .and_then(|product| product.as_array())
                .and_then(|p| p.iter().find_map(|f| f["level"].as_str()))
        })
        .collect();
    assert!(slopes.len() > 4 && slopes.is_sorted(), "{slopes:?}");
    assert!(NAMES.iter().all(|name| !sandbox.read("private.json").contains(name)));
    let of = |model: &str| sandbox.sh(&format!("deltarule predict {model} patients.csv --proba")).ok().stdout;
    let (open, private) = (of("open.json"), of("private.json"));
    for (a, b) in open.lines().zip(private.lines()).skip(1) {
        let (a, b): (Vec<&str>, Vec<&str>) = (a.split(',').collect(), b.split(',').collect());
        assert_eq!(a[0], b[0]);
        let (a, b): (f64, f64) = (a[2].parse().unwrap(), b[2].parse().unwrap());
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
}

#[test]
fn the_same_data_gives_the_same_bytes_and_other_data_another_salt() {
    let sandbox = with_models();
    sandbox.sh(&format!("{TRAIN} --private --out again.json")).ok();
    assert_eq!(sandbox.read("private.json"), sandbox.read("again.json"));
    sandbox.sh("sed -i '2s/,A,/,B,/' patients.csv").ok();
    sandbox.sh(&format!("{TRAIN} --private --out other.json")).ok();
    let (a, b) = (json_of(&sandbox, "private.json"), json_of(&sandbox, "other.json"));
    assert_ne!(a["private"]["salt"], b["private"]["salt"]);
    let (a, b) = (levels(feature(&a, "blood")), levels(feature(&b, "blood")));
    assert!(a.iter().all(|level| !b.contains(level)), "{a:?} {b:?}");
    // What is written is what is read.
    sandbox.sh("deltarule show private.json --json > shown.json").ok();
    assert_eq!(json_of(&sandbox, "shown.json")["holds"]["levels_are"], "hashed");
}

#[test]
fn show_says_what_a_file_holds() {
    let sandbox = with_models();
    let of = |model: &str| {
        let text = sandbox.sh(&format!("deltarule show {model}")).ok().stdout;
        text.split_once("what this file holds of the data\n").unwrap().1.to_owned()
    };
    let (open, private) = (of("open.json"), of("private.json"));
    for part in [
        "their names: clinic (7), blood (4)",
        "smallest and largest value",
        "its name, patients.csv",
        "its fingerprint",
        "as it was typed",
        "--private",
    ] {
        assert!(open.contains(part), "{part:?} is not in {open}");
    }
    for part in [
        "SHA-256",
        "who guesses a name",
        "clinic (7), blood (4)",
        "not named",
        "no fingerprint",
        "none",
        "how many records had",
    ] {
        assert!(private.contains(part), "{part:?} is not in {private}");
    }
    let holds = sandbox.sh("deltarule show private.json --json").ok().json()["holds"].clone();
    assert!(holds["private"] == true && holds["command"] == false && holds["data"].is_null(), "{holds}");
    assert_eq!(holds["levels"][0]["column"], "clinic");
}

#[test]
fn a_sweep_can_be_private_too_and_a_start_from_a_file_is_not_named() {
    let sandbox = Sandbox::new();
    sandbox.sh(TABLE).ok();
    let common = "patients.csv --target result --drop user,day,clinic --private --quiet";
    sandbox.sh(&format!("deltarule sweep {} --eta 0.1,0.5 --out swept.json", common.replace(" --quiet", ""))).ok();
    let swept = sandbox.read("swept.json");
    assert!(swept.contains("sha256/128") && !swept.contains("patients"), "{swept}");
    sandbox.sh(&format!("deltarule train {common} --path secret-path.csv --out one.json")).ok();
    sandbox.sh("(head -1 secret-path.csv; tail -7 secret-path.csv) | cut -d, -f2- > secret-start.csv").ok();
    let ran = sandbox.sh(&format!("deltarule train {common} --init secret-start.csv --out two.json"));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(sandbox.read("two.json").contains("the weights of a file") && !sandbox.read("two.json").contains("secret"));
}

#[test]
fn what_cannot_be_is_refused() {
    let sandbox = with_models();
    let ran = sandbox.sh("deltarule train patients.csv --target result --drop user,day,clinic --private");
    assert!(ran.code == Some(2) && ran.stderr.contains("--out"), "{}", ran.stderr);
    sandbox.sh("deltarule train patients.csv --target result --features age,clinic --missing level --min-count 20 --private --out two.json --quiet").ok();
    for form in ["onnx", "sql", "c"] {
        let ran = sandbox.sh(&format!("deltarule export two.json --to {form} --out two.{form}"));
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("the levels of column \"clinic\" are hashes"), "{}", ran.stderr);
        assert!(!sandbox.names().contains(&format!("two.{form}")));
    }
    // Without a category there is nothing that a form lacks.
    sandbox.sh("deltarule train patients.csv --target result --features age --private --out number.json --quiet").ok();
    sandbox.sh("deltarule export number.json --to sql").ok();
    let private = sandbox.read("two.json");
    let salt = json_of(&sandbox, "two.json")["private"]["salt"].as_str().unwrap().to_owned();
    let model = json_of(&sandbox, "two.json");
    let level = levels(feature(&model, "clinic")).into_iter().find(|level| !level.starts_with('(')).unwrap().to_owned();
    let no_hash = format!("{}g", &level[..31]);
    for (from, to, part) in [
        (salt.as_str(), "abc", "`private.salt`: found \"abc\", expected 32 hexadecimal digits"),
        ("sha256/128", "md5", "`private.hash`: found \"md5\""),
        (level.as_str(), no_hash.as_str(), "expected the hash of a level"),
        ("\"hash\": \"sha256/128\",", "", "missing field `hash`"),
        ("\"salt\":", "\"pepper\":", "unknown field `pepper`"),
    ] {
        assert!(private.contains(from), "{from}");
        sandbox.file("broken.json", private.replace(from, to));
        let ran = sandbox.sh("deltarule show broken.json");
        assert_eq!(ran.code, Some(2), "{to}");
        assert!(ran.stderr.contains(part), "{to}: {}", ran.stderr);
    }
    // An open file needs what a private one leaves out.
    let open = sandbox.read("open.json");
    let line = open.lines().find(|line| line.contains("\"min\"")).unwrap();
    sandbox.file("broken.json", open.replacen(&format!("{line}\n"), "", 1));
    let ran = sandbox.sh("deltarule show broken.json");
    assert!(ran.code == Some(2) && ran.stderr.contains("min"), "{}", ran.stderr);
}

#[test]
fn a_private_report_shows_no_level_and_no_record() {
    let sandbox = with_models();
    let plain =
        "deltarule train patients.csv --target result --drop day,user --missing level --epochs 20 --quiet --force";
    for (line, heading) in [(plain, "One step, worked out"), (TRAIN, "Weights")] {
        sandbox.sh(&format!("{line} --where \"clinic != 'Hilltop'\" --report open.html")).ok();
        sandbox.sh(&format!("{line} --where \"clinic != 'Hilltop'\" --private --report private.html")).ok();
        let (open, private) = (sandbox.read("open.html"), sandbox.read("private.html"));
        assert!(private.contains(heading) && private.contains("clinic"));
        for name in NAMES {
            assert!(open.contains(name), "{name}");
            assert!(!private.contains(name), "{name} is in the private page of {line}");
        }
        assert!(open.contains("patients.csv") && !private.contains("patients"), "{line}");
        // The largest age is a value of a record.
        assert!(open.contains(">79<") && !private.contains(">79<"), "{line}");
    }
}

#[test]
fn a_private_report_draws_no_record_and_no_small_group() {
    let sandbox = Sandbox::new();
    // One input: a prediction tells what it was. Two records have a p of their own.
    let rows: Vec<String> = (0..60)
        .map(|k| format!("{},{}", if k < 2 { 30 + k } else { k % 7 }, if k % 7 > 3 || k == 1 { "yes" } else { "no" }))
        .collect();
    sandbox.file("one.csv", format!("x,y\n{}\n", rows.join("\n")));
    let line = "deltarule train one.csv --target y --loss log --l2 0.001 --quiet --force";
    sandbox.sh(&format!("{line} --path secret-path.csv --report open.html")).ok();
    sandbox.sh("(head -1 secret-path.csv; tail -2 secret-path.csv) | cut -d, -f2- > secret-start.csv").ok();
    sandbox.sh(&format!("{line} --init secret-start.csv --private --report private.html --out m.json")).ok();
    let (open, private) = (sandbox.read("open.html"), sandbox.read("private.html"));
    assert!(open.contains("class=\"record\"") && open.contains("data-n=\"2\""), "nothing to hide");
    assert!(!private.contains("class=\"record\"") && !private.contains("of-class"));
    assert!(!private.contains("secret") && private.contains("start: the weights of a file"));
    let counts = |text: &str| -> Vec<usize> {
        let found = text.split("data-n=\"").skip(1);
        found.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
    };
    let (all, shown) = (counts(&open), counts(&private));
    assert!(shown.len() >= 4 && shown.iter().all(|n| *n >= 5), "{all:?} {shown:?}");
    // Every step of the curve of all thresholds has at least five records in it.
    let curve = private.split("class=\"roc\"").nth(1).unwrap().split("data-points=\"").nth(1).unwrap();
    let pair = |text: &str| {
        let (others, found) = text.split_once(',').unwrap();
        (others.parse::<f64>().unwrap(), found.parse::<f64>().unwrap())
    };
    let points: Vec<(f64, f64)> = curve.split('"').next().unwrap().split(' ').map(pair).collect();
    let n_yes = rows.iter().filter(|row| row.ends_with("yes")).count() as f64;
    let n_no = rows.len() as f64 - n_yes;
    let of_step = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) * n_no + (pair[1].1 - pair[0].1) * n_yes;
    let steps: Vec<f64> = points.windows(2).map(of_step).collect();
    assert!(steps.len() > 3 && steps.iter().all(|n| *n > 4.9), "{steps:?}");
    assert!((steps.iter().sum::<f64>() - 60.0).abs() < 1e-6, "{steps:?}");
}
