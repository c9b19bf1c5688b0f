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
