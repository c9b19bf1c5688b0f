//! Many runs at once.

use serde_json::Value;

use crate::support::Sandbox;

/// The trace of a run of a sweep, as the trace of a run alone would be but for the norm.
fn trace_of(sandbox: &Sandbox, run: usize) -> Vec<String> {
    let text = sandbox.read("sweep.csv");
    let front = format!("{run},");
    text.lines()
        .filter(|line| line.starts_with(&front))
        .map(|line| line.splitn(7, ',').nth(6).unwrap().to_owned())
        .collect()
}

#[test]
fn each_run_has_the_bits_that_it_has_alone() {
    let sandbox = Sandbox::new();
    for (table, target, options) in [
        ("iris", "species", "--init normal"),
        ("diabetes", "progression", ""),
        ("iris", "species", "--batch 16"),
        ("ten", "passed", "--scale none --no-bias"),
    ] {
        let sweep = format!(
            "deltarule sweep examples/{table}.csv --target {target} {options} --eta 0.01..0.3 --points 3 --seeds 1..2 \
             --optimizer gd,momentum --epochs 30 --trace sweep.csv --force --json"
        );
        let json = sandbox.sh(&sweep).ok().json();
        let runs = json["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 12);
        for (index, run) in runs.iter().enumerate().step_by(5) {
            let (eta, seed) = (run["eta"].as_f64().unwrap(), &run["seed"]);
            let optimizer = run["optimizer"].as_str().unwrap();
            let alone = format!(
                "deltarule train examples/{table}.csv --target {target} {options} --eta {eta:?} --seed {seed} --optimizer {optimizer} \
                 --epochs 30 --trace trace.csv --force --json"
            );
            let json = sandbox.sh(&alone).json();
            assert_eq!(json["training"], run["training"], "{alone}");
            assert_eq!(json["stop"]["reason"], run["stop_reason"], "{alone}");
            let alone: Vec<String> = sandbox
                .read("trace.csv")
                .lines()
                .skip(1)
                .map(|line| line.rsplit_once(',').unwrap().0.to_owned())
                .collect();
            assert_eq!(trace_of(&sandbox, index + 1), alone);
        }
    }
}

#[test]
fn the_best_is_kept_and_those_that_diverge_are_marked() {
    let sandbox = Sandbox::new();
    let line = "deltarule sweep examples/diabetes.csv --target progression --eta 0.001..2 --points 7 --valid 0.25 --out m.json --json";
    let json = sandbox.sh(line).ok().json();
    let runs = json["runs"].as_array().unwrap();
    let held_out = |run: &Value| run["held_out"]["sse"].as_f64().unwrap();
    assert_eq!(runs[6]["failed"], true, "η = 2 is above the limit");
    assert_eq!(runs[6]["stop_reason"], "diverged");
    let guaranteed = json["guaranteed_eta"].as_f64().unwrap();
    assert!(guaranteed > 0.1 && guaranteed < 0.5, "{guaranteed}");
    let best = json["best"].as_u64().unwrap() as usize - 1;
    let sound = runs.iter().filter(|run| run["failed"] == false);
    assert!(sound.clone().count() < runs.len());
    assert_eq!(held_out(&runs[best]), sound.map(held_out).fold(f64::INFINITY, f64::min));
    let shown = sandbox.sh("deltarule show m.json --json").ok().json();
    assert_eq!(shown["training"]["sse"], runs[best]["training"]["sse"]);
}

#[test]
fn where_all_fail_the_exit_code_says_so() {
    let sandbox = Sandbox::new();
    let ran = sandbox.sh("deltarule sweep examples/diabetes.csv --target progression --eta 5,50 --out m.json");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("2 runs diverged or saturated") && ran.stdout.contains("no run ended well"),
        "{}",
        ran.stdout
    );
    assert!(!sandbox.names().contains("m.json"));
}

#[test]
fn the_model_tells_where_the_best_run_started() {
    let sandbox = Sandbox::new();
    let line =
        "deltarule sweep examples/ten.csv --target passed --init normal --seeds 3,8,5 --epochs 2 --out m.json --json";
    let json = sandbox.sh(line).ok().json();
    let best = &json["runs"][json["best"].as_u64().unwrap() as usize - 1];
    let model: Value = serde_json::from_str(&sandbox.read("m.json")).unwrap();
    assert_eq!(model["training"]["seed"], best["seed"]);
    let init = model["training"]["init"].as_str().unwrap();
    assert!(init.ends_with(&format!("seed {}", best["seed"])), "{init}");
}

#[test]
fn penalties_are_swept_and_the_least_error_on_held_out_records_wins() {
    let sandbox = Sandbox::new();
    let sweep = "deltarule sweep examples/breast_cancer.csv --target diagnosis --loss log --l2 1e-5..10 --points 4 --l1 0,0.01 --valid 0.25 \
                 --optimizer nesterov --epochs 200 --json --out best.json";
    let json = sandbox.sh(sweep).ok().json();
    let runs = json["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 8);
    let held_out = |run: &serde_json::Value| run["held_out"]["loss_sum"].as_f64().unwrap();
    let best = &runs[json["best"].as_u64().unwrap() as usize - 1];
    assert!(runs.iter().all(|run| held_out(best) <= held_out(run)));
    let shown = sandbox.sh("deltarule show best.json --json").ok().json();
    assert_eq!((&shown["training"]["l2"], &shown["training"]["l1"]), (&best["l2"], &best["l1"]));
    assert!(sandbox.sh("deltarule sweep examples/iris.csv --target species --l2 0..1").code == Some(2));
}

#[test]
fn folds_of_a_run_are_those_that_it_has_alone_and_so_is_its_model() {
    let sandbox = Sandbox::new();
    for (table, options) in [
        ("iris", "--target species --loss log"),
        ("diabetes", "--target progression"),
        ("diabetes", "--target progression --drop s1 --split-by age"),
        ("breast_cancer", "--target diagnosis --loss log --class-weight balanced"),
    ] {
        let common = format!("examples/{table}.csv {options} --folds 4 --epochs 40 --optimizer gd --force --json");
        let sweep = format!("deltarule sweep {common} --eta 0.01,0.1 --l2 0,0.001 --out best.json --trace sweep.csv");
        let json = sandbox.sh(&sweep).ok().json();
        let runs = json["runs"].as_array().unwrap();
        assert_eq!((runs.len(), json["folds"].as_u64()), (4, Some(4)), "{table}");
        for run in runs {
            let (eta, l2) = (run["eta"].as_f64().unwrap(), run["l2"].as_f64().unwrap());
            let alone =
                sandbox.sh(&format!("deltarule train {common} --eta {eta:?} --l2 {l2:?} --out m.json")).ok().json();
            let folds = &alone["folds"];
            assert_eq!((&json["split"], &run["scores"]), (&folds["split"], &folds["scores"]), "{table} {options}");
            let (own, each) = (run["folds"].as_array().unwrap(), folds["each"].as_array().unwrap());
            for (own, each) in own.iter().zip(each) {
                for part in ["training_records", "epochs", "stop_reason", "held_out"] {
                    assert_eq!(own[part], each[part], "{table} {part}");
                }
            }
            if run["run"] == json["best"] {
                assert_eq!(json["trained_on_all"]["training"], alone["training"]);
                let outputs =
                    |file: &str| serde_json::from_str::<Value>(&sandbox.read(file)).unwrap()["outputs"].clone();
                assert_eq!(outputs("best.json"), outputs("m.json"));
            }
        }
        let trace = sandbox.read("sweep.csv");
        let lines: Vec<&str> = trace.lines().collect();
        assert!(lines[0].starts_with("fold,run,optimizer"), "{}", lines[0]);
        let of_fold = |fold: &str| lines.iter().filter(|line| line.starts_with(&format!("{fold},"))).count();
        assert!(of_fold("1") > 0 && of_fold("4") > 0 && of_fold("all") > 0 && of_fold("5") == 0);
    }
}

#[test]
fn the_least_mean_error_over_the_folds_wins() {
    let sandbox = Sandbox::new();
    let sweep = "deltarule sweep examples/diabetes.csv --target progression --folds 5 --eta auto --l2 1e-4..10 --points 6 --json";
    let json = sandbox.sh(sweep).ok().json();
    let mean = |run: &Value| run["held_out_mean_loss"]["mean"].as_f64().unwrap();
    let runs = json["runs"].as_array().unwrap();
    for run in runs {
        let losses: Vec<f64> = run["folds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fold| fold["held_out"]["sse"].as_f64().unwrap() / fold["held_out"]["records"].as_f64().unwrap())
            .collect();
        let average = losses.iter().sum::<f64>() / 5.0;
        assert!((mean(run) / average - 1.0).abs() < 1e-12);
        let squares: f64 = losses.iter().map(|loss| (loss - average).powi(2)).sum();
        let deviation = run["held_out_mean_loss"]["deviation"].as_f64().unwrap();
        assert!((deviation / (squares / 4.0).sqrt() - 1.0).abs() < 1e-9);
        assert!(run["eta"].is_null() && run["eta_chosen"] == true, "η is chosen for each fold");
    }
    let best = &runs[json["best"].as_u64().unwrap() as usize - 1];
    assert!(runs.iter().all(|run| mean(best) <= mean(run)));
    assert!(json["trained_on_all"]["training"]["records"] == 442 && json["model"].is_null());
    // A run that diverges in a fold is no choice, whatever its mean is.
    let line =
        "deltarule sweep examples/diabetes.csv --target progression --folds 3 --optimizer gd --eta 0.1,50 --epochs 200";
    let ran = sandbox.sh(line).ok();
    assert!(ran.stdout.contains("(3 of 3 folds failed)") && ran.stdout.contains("held out: run 1."), "{}", ran.stdout);
    let ran =
        sandbox.sh("deltarule sweep examples/diabetes.csv --target progression --folds 3 --eta 50,60 --out m.json");
    assert!(ran.code == Some(1) && ran.stdout.contains("no run ended well in all folds"), "{}", ran.stdout);
    assert!(!sandbox.names().contains("m.json"));
}

#[test]
fn folds_that_cannot_be_are_refused() {
    let sandbox = Sandbox::new();
    for (options, expected) in [
        ("--folds 1", "found 1"),
        ("--folds 0", "found 0"),
        ("--folds 200", "found 200"),
        ("--folds 3 --valid 0.25", "cannot be used with"),
        ("--folds 3 --early-stopping 5", "--early-stopping: found beside --folds"),
        ("--folds three", "invalid value"),
        ("--split-by hours", "nothing to split"),
    ] {
        let ran = sandbox.sh(&format!("deltarule sweep examples/ten.csv --target passed {options} --out m.json"));
        assert!(ran.code == Some(2) && ran.stderr.contains(expected), "{options}: {}", ran.stderr);
        assert!(!sandbox.names().contains("m.json"));
    }
}
