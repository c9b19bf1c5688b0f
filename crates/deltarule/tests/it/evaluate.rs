//! `evaluate`: deciles and intervals of scores; and the leaks that `train` warns of.

use serde_json::Value;

use crate::support::Sandbox;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// y and ŷ of every record of the diabetes table.
fn diabetes(sandbox: &Sandbox) -> Vec<(f64, f64)> {
    sandbox.sh("deltarule train examples/diabetes.csv --target progression --out m.json --quiet").ok();
    let predicted = sandbox.sh("deltarule predict m.json examples/diabetes.csv --keep progression").ok().stdout;
    let pair = |line: &str| line.split_once(',').map(|(y, o)| (y.parse().unwrap(), o.parse().unwrap())).unwrap();
    predicted.lines().skip(1).map(pair).collect()
}

#[test]
fn deciles_are_those_of_the_sorted_predictions() {
    let sandbox = Sandbox::new();
    let mut records = diabetes(&sandbox);
    let json = sandbox.sh("deltarule evaluate m.json examples/diabetes.csv --json").ok().json();
    assert_eq!((&json["deciles"][0]["target"], &json["deciles"][0]["misplaced"]), (&"progression".into(), &0.into()));
    records.sort_by(|a, b| a.1.total_cmp(&b.1));
    let parts = json["deciles"][0]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 10);
    for (k, part) in parts.iter().enumerate() {
        let expected = &records[k * 442 / 10..(k + 1) * 442 / 10];
        let n = expected.len() as f64;
        let y = expected.iter().map(|r| r.0).sum::<f64>() / n;
        let output = expected.iter().map(|r| r.1).sum::<f64>() / n;
        assert_eq!(number(&part["records"]), n);
        assert!(
            (number(&part["mean_target"]) - y).abs() < 1e-9 && (number(&part["mean_output"]) - output).abs() < 1e-9
        );
    }
    let text = sandbox.sh("deltarule evaluate m.json examples/diabetes.csv").ok().stdout;
    assert!(text.contains("deciles: the records from the lowest ŷ to the highest"), "{text}");
    // Classes have a calibration table instead.
    sandbox.sh("deltarule train examples/ten.csv --target passed --out c.json --quiet").ok();
    assert_eq!(sandbox.sh("deltarule evaluate c.json examples/ten.csv --json").ok().json()["deciles"], Value::Null);
}

#[test]
fn intervals_are_as_wide_as_the_spread_of_the_records_says() {
    let sandbox = Sandbox::new();
    let records = diabetes(&sandbox);
    let evaluate = "deltarule evaluate m.json examples/diabetes.csv --json --bootstrap 2000";
    let json = sandbox.sh(evaluate).ok().json();
    let interval = |of: &str, name: &str| {
        let all = json["bootstrap"]["intervals"].as_array().unwrap();
        let found = all.iter().find(|interval| interval["score"] == name).unwrap();
        (number(&found[of]["low"]), number(&found[of]["high"]))
    };
    let n = records.len() as f64;
    let sizes: Vec<f64> = records.iter().map(|(y, o)| (y - o).abs()).collect();
    let mae = sizes.iter().sum::<f64>() / n;
    let deviation = (sizes.iter().map(|size| (size - mae) * (size - mae)).sum::<f64>() / n).sqrt();
    let (low, high) = interval("model", "mae");
    // The normal approximation of a mean, with the chance of 2000 replicates in its ends.
    assert!(((high - low) / (2.0 * 1.96 * deviation / n.sqrt()) - 1.0).abs() < 0.1, "{low} {high}");
    for of in ["model", "baseline"] {
        for name in ["sse", "rmse", "mae"] {
            let ((low, high), score) = (interval(of, name), number(&json["scores"]["targets"][0][of][name]));
            assert!(low < score && score < high, "{of} {name}: {low} {score} {high}");
        }
    }
    // The same seed gives the same, however the table is cut; another seed gives others.
    sandbox
        .sh("head -200 examples/diabetes.csv > a.csv; (head -1 a.csv; tail -n +201 examples/diabetes.csv) > b.csv")
        .ok();
    let cut = sandbox.sh("deltarule evaluate m.json a.csv b.csv --json --bootstrap 2000").ok().json();
    assert_eq!(cut["bootstrap"], json["bootstrap"]);
    let other = sandbox.sh(&format!("{evaluate} --seed 1")).ok().json();
    assert_ne!(other["bootstrap"]["intervals"], json["bootstrap"]["intervals"]);
    let without = sandbox.sh("deltarule evaluate m.json examples/diabetes.csv --json").ok().json();
    assert_eq!((&without["bootstrap"], &without["scores"]), (&Value::Null, &json["scores"]));
}

#[test]
fn every_score_of_classes_has_an_interval_around_it() {
    let sandbox = Sandbox::new();
    for (data, options, several) in [
        ("breast_cancer", "--target diagnosis --loss log --features mean_texture,mean_smoothness", false),
        ("iris", "--target species --loss log --features sepal_length,sepal_width", true),
    ] {
        sandbox.sh(&format!("deltarule train examples/{data}.csv {options} --out m.json --force --quiet")).ok();
        let json = sandbox.sh(&format!("deltarule evaluate m.json examples/{data}.csv --bootstrap --json")).ok().json();
        assert_eq!(json["bootstrap"]["replicates"], 200);
        let intervals = json["bootstrap"]["intervals"].as_array().unwrap();
        // Of two classes, those of what is decided at the threshold, too.
        assert_eq!(intervals.len(), if several { 5 } else { 8 });
        for interval in intervals {
            let name = interval["score"].as_str().unwrap();
            let is_decided = ["precision", "recall", "f1"].contains(&name);
            let score = match name {
                "loss_sum" => &json["scores"][name],
                name if is_decided => &json["decisions"]["chosen"][name],
                name => &json["scores"]["model"][name],
            };
            let score = number(score);
            let (low, high) = (number(&interval["model"]["low"]), number(&interval["model"]["high"]));
            assert!(low < score && score < high, "{data} {several} {name}: {low} {score} {high}");
            assert_eq!(interval["baseline"].is_null(), name == "auc" || is_decided, "{data} {name}");
        }
    }
}

/// The leaks that training on a table warns of.
fn leaks(sandbox: &Sandbox, command: &str) -> Vec<String> {
    let json = sandbox.sh(&format!("deltarule train {command} --json")).ok().json();
    let warnings = json["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned());
    warnings.filter(|warning| warning.contains("leak")).collect()
}

#[test]
fn no_leak_is_seen_where_there_is_none() {
    let sandbox = Sandbox::new();
    for command in [
        "examples/diabetes.csv --target progression",
        "examples/breast_cancer.csv --target diagnosis",
        "examples/breast_cancer.csv --target diagnosis --loss log --l2 0.001",
        "examples/iris.csv --target species",
        "examples/iris.csv --target petal_length",
        "examples/iris.csv --target petal_length --features petal_width",
        "examples/ten.csv --target passed",
        "examples/ten.csv --target hours,sleep --features passed",
    ] {
        assert_eq!(leaks(&sandbox, command), Vec::<String>::new(), "{command}");
    }
}

#[test]
fn a_column_that_tells_nearly_all_alone_is_named_with_both_figures() {
    let sandbox = Sandbox::new();
    // A charge that is known only after the visit, nearly what is asked for; and an outcome that is the class in other words.
    let mut csv = String::from("age,ward,charge,code,cost,died\n");
    for i in 0..300 {
        let (age, ward) = (i * 37 % 80, ["a", "b", "c"][i % 3]);
        let cost = 3 * age + 40 * (i % 3) + i * 53 % 41;
        let died = i * 29 % 97 + age > 120;
        let code = if died { "X" } else { ["home", "rehab"][i % 2] };
        csv += &format!("{age},{ward},{},{code},{cost},{}\n", cost + i * 17 % 7, if died { "yes" } else { "no" });
    }
    sandbox.file("visits.csv", csv);
    let found = leaks(&sandbox, "visits.csv --target cost --drop code,died");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("\"charge\" may be a leak: alone it explains 99."), "{}", found[0]);
    assert!(found[0].contains("all columns together 99.") && found[0].ends_with("try --drop charge"), "{}", found[0]);
    assert_eq!(leaks(&sandbox, "visits.csv --target cost --drop code,died,charge"), Vec::<String>::new());
    let found = leaks(&sandbox, "visits.csv --target died --loss log --drop charge,cost --epochs 200");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("\"code\" may be a leak: alone it explains 100.0 % of the variance of died"),
        "{}",
        found[0]
    );
    let text = sandbox.sh("deltarule train visits.csv --target cost --drop code,died").ok().stdout;
    assert!(text.contains("\nwarning: \"charge\" may be a leak"), "{text}");
}

#[test]
fn columns_that_add_up_to_the_target_are_named() {
    let sandbox = Sandbox::new();
    let mut csv = String::from("temperature,casual,registered,rides\n");
    for i in 0..200 {
        let (casual, registered) = (i * 7 % 31, i * 11 % 53 + i % 20);
        csv += &format!("{},{casual},{registered},{}\n", i * 3 % 40, casual + registered);
    }
    sandbox.file("bikes.csv", csv);
    let found = leaks(&sandbox, "bikes.csv --target rides");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("\"casual\" and \"registered\" may be a leak: together they give rides"),
        "{}",
        found[0]
    );
    assert!(found[0].ends_with("try --drop casual,registered"), "{}", found[0]);
}

/// The decisions, confusion and calibration of a table whose records have weights are those of the table in which each stands so often.
#[test]
fn weights_count_in_decisions_too() {
    let sandbox = Sandbox::new();
    sandbox.sh("awk -F, 'NR == 1 { print $0 \",times\" } NR > 1 { print $0 \",\" NR * 7 % 4 }' examples/breast_cancer.csv > weighted.csv").ok();
    sandbox.sh("awk -F, 'NR == 1 { print } NR > 1 { for (i = 0; i < NR * 7 % 4; i++) print }' examples/breast_cancer.csv > copied.csv").ok();
    sandbox.sh("deltarule train examples/breast_cancer.csv --target diagnosis --loss log --features mean_radius,mean_texture --quiet --out m.json").ok();
    let of = |table: &str| {
        sandbox.sh(&format!("deltarule evaluate m.json {table} --cost fp=1,fn=3 --threshold 0.4 --json")).ok().json()
    };
    let (weighted, copied) = (of("weighted.csv --weight times"), of("copied.csv"));
    assert_eq!(weighted["scores"]["confusion"], copied["scores"]["confusion"]);
    for which in ["chosen", "cheapest"] {
        assert_eq!(weighted["decisions"][which], copied["decisions"][which]);
    }
    let groups = |report: &serde_json::Value| report["decisions"]["calibration"].as_array().unwrap().clone();
    for (a, b) in groups(&weighted).iter().zip(groups(&copied)) {
        assert_eq!((&a["weight"], &b["records"]), (&b["weight"], &b["weight"]));
        for name in ["mean_p", "share"] {
            let (a, b) = (a[name].as_f64().unwrap(), b[name].as_f64().unwrap());
            assert!((a - b).abs() < 1e-12, "{name}: {a} {b}");
        }
    }
    assert_ne!(of("weighted.csv")["scores"]["confusion"], copied["scores"]["confusion"]);
    let text = sandbox.sh("deltarule evaluate m.json weighted.csv --weight times").ok().stdout;
    assert!(
        text.contains("as column times says, in all of the above") && text.contains("sums of the records' weights"),
        "{text}"
    );
}

#[test]
fn decisions_have_intervals_at_the_threshold() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/breast_cancer.csv --target diagnosis --loss log --features mean_radius,mean_texture --quiet --out m.json").ok();
    let line = "deltarule evaluate m.json examples/breast_cancer.csv --bootstrap 400 --threshold 0.25";
    let json = sandbox.sh(&format!("{line} --json")).ok().json();
    let chosen = &json["decisions"]["chosen"];
    let number = |name: &str| chosen[name].as_f64().unwrap();
    for (name, n) in [
        ("precision", number("true_positives") + number("false_positives")),
        ("recall", number("true_positives") + number("false_negatives")),
    ] {
        let all = json["bootstrap"]["intervals"].as_array().unwrap();
        let of = |score: &str| all.iter().find(|one| one["score"] == score).unwrap()["model"].clone();
        let (low, high) = (of(name)["low"].as_f64().unwrap(), of(name)["high"].as_f64().unwrap());
        let share = number(name);
        // As wide as the binomial distribution says, which holds for a share of n records.
        let expected = 2.0 * 1.96 * (share * (1.0 - share) / n).sqrt();
        assert!(
            low < share && share < high && ((high - low) / expected - 1.0).abs() < 0.25,
            "{name} {low} {high} {expected}"
        );
        assert!(of("f1")["low"].as_f64().unwrap() < number("f1") && number("f1") < of("f1")["high"].as_f64().unwrap());
    }
    let text = sandbox.sh(line).ok().stdout;
    assert!(text.contains("(95 % intervals of the chosen one: precision "), "{text}");
}

#[test]
fn accuracy_and_confusions_are_those_of_the_threshold() {
    let sandbox = Sandbox::new();
    let train = "deltarule train examples/breast_cancer.csv --target diagnosis --loss log --features mean_radius,mean_texture --quiet";
    for options in ["", "--class-weight benign=2,malignant=1"] {
        sandbox.sh(&format!("{train} {options} --out m.json --force")).ok();
        let line = "deltarule evaluate m.json examples/breast_cancer.csv --threshold 0.3";
        let json = sandbox.sh(&format!("{line} --json")).ok().json();
        let chosen = &json["decisions"]["chosen"];
        let of = |name: &str| chosen[name].as_f64().unwrap();
        let (tp, fp, fne, tn) =
            (of("true_positives"), of("false_positives"), of("false_negatives"), of("true_negatives"));
        let scores = &json["scores"];
        assert_eq!(scores["threshold"], 0.3);
        assert_eq!(scores["confusion"], serde_json::json!([[tn as u64, fp as u64], [fne as u64, tp as u64]]));
        assert_eq!(scores["model"]["accuracy"].as_f64().unwrap(), (tp + tn) / (tp + fp + fne + tn));
        if !options.is_empty() {
            let weighted = (tp + 2.0 * tn) / (tp + fne + 2.0 * (fp + tn));
            assert!((scores["class_weighted"]["model"]["accuracy"].as_f64().unwrap() - weighted).abs() < 1e-12);
        }
        for more in ["", " --bootstrap 50"] {
            let text = sandbox.sh(&format!("{line}{more}")).ok().stdout;
            let accuracy = format!("{:.1} %", 100.0 * (tp + tn) / (tp + fp + fne + tn));
            let row = text.lines().find(|row| row.contains("accuracy, p ≥ 0.3")).unwrap_or_else(|| panic!("{text}"));
            assert!(row.contains(&accuracy), "{row}");
            assert!(text.contains("the predicted ones, \"malignant\" where its p is at least 0.3"), "{text}");
        }
        // Without a threshold a record is called what is most probable.
        let json = sandbox.sh("deltarule evaluate m.json examples/breast_cancer.csv --json").ok().json();
        assert!(json["scores"]["threshold"].is_null());
        assert_ne!(json["scores"]["confusion"], scores["confusion"]);
    }
}
