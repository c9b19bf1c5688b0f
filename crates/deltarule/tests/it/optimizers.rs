//! Optimizers, schedules, averages and early stopping, as they are typed.

use serde_json::Value;

use crate::support::{Sandbox, project};

const IRIS: &str = "deltarule train examples/iris.csv --target petal_width --drop species";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A column of a trace.
fn column(sandbox: &Sandbox, file: &str, name: &str) -> Vec<f64> {
    let text = sandbox.read(file);
    let mut lines = text.lines();
    let at = lines.next().unwrap().split(',').position(|column| column == name).unwrap();
    lines.map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect()
}

#[test]
fn the_trace_shows_what_a_schedule_makes_of_eta() {
    let sandbox = Sandbox::new();
    for (options, first, factors) in [
        ("--eta 0.1 --schedule inverse:2", 0.1, [1.0, 2.0 / 3.0, 0.5, 0.4]),
        ("--eta 0.1 --schedule step:2:0.1 --warm-up 1", 0.1, [0.5, 1.0, 1.0, 0.1]),
        ("--eta 0.02 --batch 16 --schedule exponential:0.5", 0.02, [1.0, 0.5, 0.25, 0.125]),
        ("--eta 0.02 --batch 16 --optimizer rmsprop --schedule cosine:2", 0.02, [1.0, 0.5, 1.0, 0.5]),
    ] {
        sandbox.sh(&format!("{IRIS} {options} --epochs 3 --trace t.csv --force --quiet")).ok();
        let found = column(&sandbox, "t.csv", "eta");
        for (eta, factor) in found.iter().zip(factors) {
            assert!((eta - first * factor).abs() < 1e-15, "{options}: {found:?}");
        }
        assert_eq!(found.len(), 4);
    }
    let json = sandbox.sh(&format!("{IRIS} --batch 8 --schedule cosine --warm-up 2 --average 3 --json")).ok().json();
    assert_eq!((&json["schedule"], &json["warm_up"], &json["average_from"]), (&"cosine".into(), &2.into(), &3.into()));
}

#[test]
fn a_mean_over_the_steps_is_nearer_to_the_minimum() {
    let sandbox = Sandbox::new();
    let sse = |options: &str| {
        let line = format!("deltarule train examples/diabetes.csv --target progression --json {options}");
        number(&sandbox.sh(&line).ok().json()["sse"])
    };
    let least = sse("");
    let noisy = sse("--batch 1 --eta 0.05 --epochs 100") / least - 1.0;
    for schedule in ["constant", "inverse:10:0.6"] {
        let options = format!("--batch 1 --eta 0.05 --epochs 100 --average --schedule {schedule}");
        let averaged = sse(&options) / least - 1.0;
        assert!(averaged > 0.0 && averaged < 0.01 * noisy, "{schedule}: {averaged} {noisy}");
    }
}

#[test]
fn early_stopping_keeps_the_weights_with_the_least_held_out_error() {
    let sandbox = Sandbox::new();
    let line = "deltarule train examples/diabetes.csv --target progression --valid 0.3 --json --trace t.csv --force";
    for options in ["", "--optimizer gd", "--batch 16", "--batch 16 --optimizer adam --average", "--precision f32"] {
        let json = sandbox.sh(&format!("{line} --early-stopping 7 {options}")).ok().json();
        let stop = &json["stop"];
        let errors = column(&sandbox, "t.csv", "held_out_sse");
        let best = (0..errors.len()).fold(0, |best, epoch| if errors[epoch] < errors[best] { epoch } else { best });
        assert_eq!(stop["best_epoch"], best, "{options}");
        assert_eq!(stop["epochs"], errors.len() - 1);
        if stop["reason"] == "early-stopping" {
            assert_eq!(errors.len() - 1, best + 7, "{options}");
        }
        let scored = number(&json["held_out"]["sse"]);
        assert!((number(&stop["least_held_out"]) - scored).abs() < 1e-9 * scored, "{options}");
        assert_eq!(errors[best], number(&stop["least_held_out"]));
    }
    let json = sandbox.sh(&format!("{line} --early-stopping 7")).ok().json();
    assert_eq!(json["stop"]["reason"], "early-stopping");
}

#[test]
fn early_stopping_looks_at_files_as_it_does_at_a_part_of_the_table() {
    let sandbox = Sandbox::new();
    let iris = std::fs::read_to_string(project().join("examples/iris.csv")).unwrap();
    let (header, records) = iris.split_once('\n').unwrap();
    let pick = |rest: usize| -> String {
        let kept = records.lines().enumerate().filter(|(index, _)| (index % 3 == 0) == (rest == 0));
        kept.map(|(_, line)| format!("{line}\n")).collect()
    };
    sandbox.file("train.csv", format!("{header}\n{}", pick(1)));
    // What has no target cannot be looked at, and is not scored.
    sandbox.file("valid.csv", format!("{header}\n{}5,3,1.5,0.2,\n", pick(0)));
    for (target, sum) in [
        ("species", "sse"),
        ("species --loss log", "loss_sum"),
        ("petal_width", "sse"),
        ("species --class-weight setosa=5 --weight sepal_width", "sse"),
    ] {
        let line = format!("deltarule train train.csv --target {target} --valid valid.csv --early-stopping 3 --json");
        let json = sandbox.sh(&line).ok().json();
        let scored = number(&json["held_out"][sum]);
        assert_eq!(json["held_out"]["records"], 50, "{target}");
        assert!(
            (number(&json["stop"]["least_held_out"]) - scored).abs() <= 1e-9 * scored,
            "{target}: {}",
            json["stop"]
        );
        let piped = line.replace("--valid valid.csv", "--valid -");
        assert_eq!(sandbox.sh(&format!("cat valid.csv | {piped}")).ok().json()["stop"], json["stop"]);
    }
}

#[test]
fn a_sweep_stops_each_run_where_it_would_alone() {
    let sandbox = Sandbox::new();
    let options = "examples/diabetes.csv --target progression --valid 0.3 --early-stopping 4 --json";
    let sweep = sandbox.sh(&format!("deltarule sweep {options} --optimizer gd,nesterov,adam --epochs 300")).ok().json();
    for (run, optimizer) in sweep["runs"].as_array().unwrap().iter().zip(["gd", "nesterov", "adam"]) {
        let alone = sandbox.sh(&format!("deltarule train {options} --optimizer {optimizer} --epochs 300")).ok().json();
        assert_eq!(run["epochs"], alone["stop"]["epochs"], "{optimizer}");
        assert_eq!(run["stop_reason"], alone["stop"]["reason"]);
        assert_eq!(run["held_out"]["sse"], alone["held_out"]["sse"]);
    }
}

#[test]
fn settings_of_optimizers_change_the_steps() {
    let sandbox = Sandbox::new();
    let sse = |options: &str| {
        let line = format!("{IRIS} --batch 16 --epochs 3 --eta 0.05 --json {options}");
        number(&sandbox.sh(&line).ok().json()["sse"]).to_bits()
    };
    for (rule, settings) in [
        ("adam", &["--beta1 0.9", "--beta1 0.5", "--beta2 0.9", "--epsilon 0.1"][..]),
        ("rmsprop", &["--decay 0.99", "--decay 0.5", "--epsilon 0.1"]),
        ("adagrad", &["--epsilon 1e-10", "--epsilon 0.1"]),
    ] {
        let plain = sse(&format!("--optimizer {rule}"));
        for (index, setting) in settings.iter().enumerate() {
            let same = sse(&format!("--optimizer {rule} {setting}")) == plain;
            assert_eq!(same, index == 0, "{rule} {setting}: the first is the default, and no other");
        }
    }
}
