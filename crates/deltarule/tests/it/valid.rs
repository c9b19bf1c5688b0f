//! Records that are held out, and what is scored on them.

use serde_json::Value;

use crate::support::Sandbox;

/// diabetes in 400 records to train on and 42 others, these also in two files of different formats and orders.
fn diabetes() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sh("head -401 examples/diabetes.csv > train.csv").ok();
    sandbox.sh("(head -1 examples/diabetes.csv; tail -42 examples/diabetes.csv) > whole.csv").ok();
    sandbox.sh("head -21 whole.csv > test1.csv").ok();
    let lines = sandbox.read("whole.csv");
    let names: Vec<&str> = lines.lines().next().unwrap().split(',').collect();
    let object = |line: &str| {
        let values: Vec<&str> = line.split(',').collect();
        let fields = names.iter().zip(values).rev();
        let pairs: Vec<String> = fields.map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}\n", pairs.join(","))
    };
    sandbox.file("test2.jsonl", lines.lines().skip(21).map(object).collect::<String>());
    sandbox
}

#[test]
fn several_files_are_held_out_as_one() {
    let sandbox = diabetes();
    for command in ["train train.csv --epochs 100", "sweep train.csv --eta 0.1,0.2 --epochs 50"] {
        let scores = |valid: &str| -> Value {
            let json = sandbox.sh(&format!("deltarule {command} --target progression --json {valid}")).ok().json();
            let held_out = &json["held_out"];
            if held_out.is_null() { json["runs"][1]["held_out"].clone() } else { held_out.clone() }
        };
        let expected = scores("--valid whole.csv");
        assert_eq!(expected["records"], 42);
        for valid in [
            "--valid test1.csv --valid test2.jsonl",
            "--valid 'test*'",
            "--valid 'test1*' --valid 'test2*'",
            "--valid - < whole.csv",
        ] {
            assert_eq!(scores(valid), expected, "{command} {valid}");
        }
    }
}

#[test]
fn a_sweep_judges_by_the_files_that_are_held_out() {
    let sandbox = diabetes();
    let line = "deltarule sweep train.csv --target progression --eta 0.001..0.3 --points 5 --epochs 60 --valid whole.csv --out m.json --json";
    let json = sandbox.sh(line).ok().json();
    let e = |run: &Value| run["held_out"]["sse"].as_f64().unwrap();
    let runs = json["runs"].as_array().unwrap();
    let best = &runs[json["best"].as_u64().unwrap() as usize - 1];
    assert_eq!(e(best), runs.iter().map(e).fold(f64::INFINITY, f64::min));
    let evaluated = sandbox.sh("deltarule evaluate m.json whole.csv --json").ok().json();
    assert_eq!(evaluated["scores"], best["held_out"]);
}

/// A column of numbers of a table, and its mean and standard deviation.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[test]
fn folds_have_the_scores_of_trainings_on_the_others() {
    let sandbox = Sandbox::new();
    for (table, target, score) in [("diabetes", "progression", "rmse"), ("iris", "species", "accuracy")] {
        let line = format!("deltarule train examples/{table}.csv --target {target} --epochs 80");
        let folds = sandbox.sh(&format!("{line} --folds 4 --json --out m.json --force")).ok().json();
        let alone = sandbox.sh(&format!("{line} --json")).ok().json();
        assert_eq!(folds["weights"], alone["weights"], "the model is that of all records");
        let each = folds["folds"]["each"].as_array().unwrap();
        assert_eq!(each.len(), 4);
        let n = folds["training"]["records"].as_u64().unwrap();
        let own = |fold: &Value| match score {
            "rmse" => fold["held_out"]["targets"][0]["model"]["rmse"].as_f64().unwrap(),
            _ => fold["held_out"]["model"]["accuracy"].as_f64().unwrap(),
        };
        for fold in each {
            assert_eq!(fold["training_records"].as_u64().unwrap() + fold["held_out"]["records"].as_u64().unwrap(), n);
        }
        let (mean, deviation) = mean_and_deviation(&each.iter().map(own).collect::<Vec<_>>());
        let first = &folds["folds"]["scores"][0];
        assert!((first["model"]["mean"].as_f64().unwrap() - mean).abs() < 1e-12, "{first}");
        assert!((first["model"]["deviation"].as_f64().unwrap() - deviation).abs() < 1e-12, "{first}");
    }
}

#[test]
fn a_fold_is_scored_as_a_file_of_its_records_is() {
    // In time, the last of two folds is the last third: what --valid of a file gives for it.
    let sandbox = Sandbox::new();
    let lines: Vec<String> =
        (0..300).map(|i| format!("{i},{},{}", i * 37 % 101, (i * 37 % 101) as f64 * 0.5 + f64::from(i % 7))).collect();
    let table = |lines: &[String]| format!("when,x,y\n{}\n", lines.join("\n"));
    sandbox
        .file("all.csv", table(&lines))
        .file("first.csv", table(&lines[..200]))
        .file("last.csv", table(&lines[200..]));
    let folds = sandbox.sh("deltarule train all.csv --target y --folds 2 --split-by when:time --json").ok().json();
    let line = "deltarule train first.csv --target y --drop when --valid last.csv --json";
    let by_hand = sandbox.sh(line).ok().json();
    assert_eq!(folds["folds"]["each"][1]["held_out"], by_hand["held_out"]);
}

#[test]
fn folds_do_not_depend_on_threads_memory_or_format() {
    let sandbox = Sandbox::new();
    let lines: Vec<String> = (0..9000)
        .map(|i| format!("u{},{},{},{}", i * 7919 % 97, i * 37 % 101, i * 53 % 89, (i * 37 % 101) / 10 + i % 5))
        .collect();
    sandbox.file("t.csv", format!("user,a,b,y\n{}\n", lines.join("\n")));
    let json = lines.iter().map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{{\"user\":\"{}\",\"a\":{},\"b\":{},\"y\":{}}}\n", fields[0], fields[1], fields[2], fields[3])
    });
    sandbox.file("t.jsonl", json.collect::<String>());
    for options in
        ["--folds 3 --split-by user", "--folds 3", "--folds 2 --split-by a:time --batch 8", "--folds 2 --precision f32"]
    {
        let folds = |data: &str, extra: &str| {
            let line = format!("deltarule train {data} --target y {options} --epochs 4 --json {extra}");
            sandbox.sh(&line).ok().json()["folds"].clone()
        };
        let expected = folds("t.csv", "--threads 1");
        assert_eq!(folds("t.jsonl", "--threads 2"), expected, "{options}");
        assert_eq!(folds("t.csv", "--threads 3 --memory 26198016B"), expected, "{options}");
    }
}

#[test]
fn a_target_that_the_loss_is_not_defined_for_is_told_with_its_place() {
    let sandbox = Sandbox::new();
    let rows: String = (0..40).map(|i| format!("{},{}\n", i % 7, if i == 33 { -1 } else { i % 5 })).collect();
    sandbox.file("counts.csv", format!("x,y\n{rows}"));
    // Wherever the record would come to lie.
    for options in ["", "--valid 0.2", "--valid 0.2 --seed 3", "--folds 4"] {
        let ran =
            sandbox.sh(&format!("deltarule train counts.csv --target y --loss poisson {options} --out model.json"));
        assert_eq!(ran.code, Some(2), "{options}");
        assert!(ran.stderr.contains("target \"y\": found -1 in line 35, expected targets from 0 on"), "{}", ran.stderr);
    }
    assert!(!sandbox.names().contains("model.json"));
    // In a file that is scored on it costs the score, and not the model.
    sandbox.sh("grep -v -- -1 counts.csv > good.csv").ok();
    let ran = sandbox.sh("deltarule train good.csv --target y --loss poisson --valid counts.csv --out model.json");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("the model was written to model.json, but not scored"), "{}", ran.stderr);
    assert!(ran.stderr.contains("counts.csv: record 34: target \"y\": found -1"), "{}", ran.stderr);
    assert_eq!(sandbox.sh("deltarule evaluate model.json counts.csv").code, Some(2));
    sandbox.sh("deltarule evaluate model.json good.csv").ok();
}

/// Two cities with numbers, and the same with a city and values that training does not know.
fn cities() -> Sandbox {
    let sandbox = Sandbox::new();
    let line = "(echo city,x,y; for i in 1 2 3 4 5 6 7 8 9; do echo Ulm,$i,$((i+1)); echo Bonn,$i,$((i+20)); done) > known.csv";
    sandbox.sh(line).ok();
    sandbox
        .sh("sed 's/Bonn/bonn/' known.csv > other.csv; sed '3s/,[0-9]*,/,,/;5s/,[0-9]*$/,/' known.csv > gaps.csv")
        .ok();
    sandbox
}

#[test]
fn values_of_held_out_files_that_training_does_not_know_are_told() {
    let sandbox = cities();
    let unseen = "held out: 9 values of column city unknown to the model counted as none of its levels";
    let gaps = "of the files held out: 18 records, 2 without a target or with a missing value left out";
    sandbox.sh("deltarule train known.csv --target y --out m.json").ok();
    let of = |file: &str| sandbox.sh(&format!("deltarule evaluate m.json {file} --json")).ok().json();
    for command in ["train known.csv", "train known.csv --early-stopping 5", "sweep known.csv --eta 0.1,0.2"] {
        let line = format!("deltarule {command} --target y");
        for (file, told, silent) in [("other.csv", unseen, gaps), ("gaps.csv", gaps, unseen)] {
            let text = sandbox.sh(&format!("{line} --valid {file}")).ok().stdout;
            assert!(text.lines().any(|line| line == told) && !text.contains(silent), "{command} {file}:\n{text}");
            let json = sandbox.sh(&format!("{line} --valid {file} --json")).ok().json();
            let evaluated = of(file);
            assert_eq!(json["held_out_unseen_levels"], evaluated["unseen_levels"], "{command} {file}");
            assert_eq!(json["held_out_left_out"], evaluated["left_out"], "{command} {file}");
        }
        let text = sandbox.sh(&format!("{line} --valid known.csv")).ok().stdout;
        assert!(!text.contains("held out: 9 values") && !text.contains("of the files held out"), "{text}");
    }
    let page = sandbox.sh("deltarule train known.csv --target y --valid other.csv --report r.html").ok();
    assert!(page.stdout.contains(unseen) && sandbox.read("r.html").contains("9 values of column city unknown"));
}

#[test]
fn values_of_held_out_groups_and_times_that_training_does_not_know_are_told() {
    let sandbox = Sandbox::new();
    let line = "(echo day,shop,size,y; for m in 1 2 3 4; do for d in 1 2 3 4 5 6 7 8 9; do echo 2024-0$m-0$d,s$((d%3)),t$m,$((m+d)); done; done) > days.csv";
    sandbox.sh(line).ok();
    let line = "--target y --drop shop --valid 0.25 --split-by day --date day";
    for command in ["train days.csv", "sweep days.csv --eta 0.1"] {
        let text = sandbox.sh(&format!("deltarule {command} {line}")).ok().stdout;
        for column in ["day: month", "size"] {
            let told =
                format!("held out: 9 values of column {column} unknown to the model counted as none of its levels");
            assert!(text.contains(&told), "{command}:\n{text}");
        }
        let json = sandbox.sh(&format!("deltarule {command} {line} --json")).ok().json();
        let unseen = json["held_out_unseen_levels"].as_array().unwrap();
        assert_eq!(unseen.len(), 2, "{unseen:?}");
        assert!(json["held_out_left_out"].is_null());
    }
    // As `evaluate` says it of the same records in a file, rare levels pooled and columns hashed or not.
    sandbox.sh("(head -1 days.csv; tail -9 days.csv) > last.csv").ok();
    for options in ["--min-count 2", "--min-count 10", "--hash size", "--missing level", ""] {
        let line = format!("deltarule train days.csv {line} {options} --json --out m.json --force");
        let json = sandbox.sh(&line).ok().json();
        let evaluated = sandbox.sh("deltarule evaluate m.json last.csv --json").ok().json();
        assert_eq!(json["held_out_unseen_levels"], evaluated["unseen_levels"], "{options}");
        assert!(!evaluated["unseen_levels"].as_array().unwrap().is_empty(), "{options}");
    }
    // Where all occur, there is nothing to say.
    let json = sandbox.sh("deltarule train examples/iris.csv --target species --valid 0.3 --json").ok().json();
    assert_eq!(json["held_out_unseen_levels"], serde_json::json!([]));
    let json = sandbox.sh("deltarule train examples/iris.csv --target species --json").ok().json();
    assert!(json["held_out_unseen_levels"].is_null());
}

/// Two records of one level each, which the model of their fold cannot know.
#[test]
fn values_that_the_models_of_the_folds_do_not_know_are_told() {
    let sandbox = Sandbox::new();
    let level = |i: usize| if [5, 33].contains(&i) { format!("only{i}") } else { format!("L{}", i % 3) };
    let rows: String = (0..60).map(|i| format!("{},{},{}\n", i % 7, level(i), i % 11)).collect();
    sandbox.file("t.csv", format!("x,c,y\n{rows}"));
    let told = "held out, over the folds: 2 values of column c unknown to the model counted as none of its levels";
    for command in ["train t.csv", "sweep t.csv --eta 0.1,0.2"] {
        let line = format!("deltarule {command} --target y --folds 5");
        let text = sandbox.sh(&line).ok().stdout;
        assert!(text.lines().any(|line| line == told), "{command}:\n{text}");
        let json = sandbox.sh(&format!("{line} --json")).ok().json();
        let of = if command.starts_with("train") { &json["folds"] } else { &json };
        assert_eq!(of["held_out_unseen_levels"], serde_json::json!([{ "column": "c", "values": 2 }]), "{command}");
        let known = sandbox.sh(&format!("{line} --drop c")).ok().stdout;
        assert!(!known.contains("held out, over the folds"), "{known}");
    }
}
