//! Worked steps of records that count more than once, and of weights that cost something: those that training takes.

use serde_json::Value;

use crate::support::Sandbox;

const TABLE: &str = "len,wid,cnt,w2\n1.2,.4,3,10\n2.1,.5,0,20\n3.3,.1,1,15\n.9,.9,5,12\n2.2,.8,2,30\n3.1,.7,0,5\n1.5,.3,7,11\n2.7,.2,1,9\n";

#[track_caller]
fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(0.01), "{found:e} against {expected:e}");
}

/// The weights that one epoch of training reaches from zeros.
fn after_an_epoch(sandbox: &Sandbox, options: &str) -> Vec<f64> {
    let line = format!(
        "deltarule train w.csv --target w2 {options} --optimizer gd --init zeros --epochs 1 --path path.csv --force --quiet"
    );
    sandbox.sh(&line).ok();
    let path = sandbox.read("path.csv");
    let of = |name: &str| {
        let line = path.lines().find_map(|line| line.strip_prefix(&format!("1,w2,{name},")));
        line.unwrap_or_else(|| panic!("{name} in\n{path}")).parse().unwrap()
    };
    vec![of("len"), of("wid"), of("(bias)")]
}

#[test]
fn a_step_over_all_records_is_that_of_training_with_weights_and_penalties() {
    let sandbox = Sandbox::new();
    sandbox.file("w.csv", TABLE);
    for options in [
        "--weight cnt --eta 0.1",
        "--weight cnt --eta 0.002 --reduction sum",
        "--drop cnt --eta 0.1 --l2 0.5",
        "--drop cnt --eta 0.1 --l1 0.3 --l2 0.5",
        "--drop cnt --eta 0.01 --l1 2 --reduction sum",
        "--weight cnt --eta 0.1 --l1 1.5 --l2 0.25",
    ] {
        let line = format!("deltarule explain w.csv --target w2 {options} --init zeros --all --json");
        let json = sandbox.sh(&line).ok().json();
        let new = &json["batch"]["new_weights"][0];
        let trained = after_an_epoch(&sandbox, options);
        for (found, expected) in [(&new["w"][0], trained[0]), (&new["w"][1], trained[1]), (&new["b"], trained[2])] {
            close(found, expected);
        }
    }
}

#[test]
fn a_model_is_explained_with_the_weights_and_the_penalty_of_its_training() {
    let sandbox = Sandbox::new();
    sandbox.file("w.csv", TABLE);
    let begin = "deltarule train w.csv --target w2 --optimizer gd --init zeros --eta 0.1 --quiet --force";
    for options in ["--weight cnt", "--drop cnt --l1 0.3 --l2 0.5"] {
        sandbox.sh(&format!("{begin} {options} --epochs 3 --out m.json")).ok();
        sandbox.sh(&format!("{begin} {options} --epochs 4 --trace trace.csv --path path.csv")).ok();
        let json = sandbox.sh("deltarule explain m.json w.csv --all --json").ok().json();
        let path = sandbox.read("path.csv");
        let at = |epoch: u64, name: &str| -> f64 {
            let line = path.lines().find_map(|line| line.strip_prefix(&format!("{epoch},w2,{name},")));
            line.unwrap_or_else(|| panic!("{name} in\n{path}")).parse().unwrap()
        };
        let batch = &json["batch"];
        for (i, name) in ["len", "wid"].into_iter().enumerate() {
            close(&batch["new_weights"][0]["w"][i], at(4, name));
        }
        let trace = sandbox.read("trace.csv");
        let e = |epoch: usize| -> f64 {
            let line = trace.lines().find(|line| line.starts_with(&format!("{epoch},"))).unwrap();
            line.split(',').nth(1).unwrap().parse().unwrap()
        };
        close(&batch["sse"], e(3));
        close(&batch["new_sse"], e(4));
    }
}

#[test]
fn weights_and_penalties_are_said_and_stand_in_the_formulas() {
    let sandbox = Sandbox::new();
    sandbox.file("w.csv", TABLE);
    sandbox.sh("deltarule train w.csv --target w2 --weight cnt --l1 0.3 --l2 0.5 --out m.json --quiet").ok();
    let text = sandbox.sh("deltarule explain m.json w.csv --all").ok().stdout;
    for part in [
        "weights: each record counts as often as column cnt says",
        "penalty: 0.25·Σw² + 0.3·Σ|w| beside E/N",
        "E = ½ΣΣ v(y − ŷ)² = ",
        "Δw = (η/Σv) (Σ v·δx − Σv·λ₂w), with Σv = 19 and λ₂ = 0.5; then λ₁ = 0.3 takes each weight ηλ₁ = ",
        "−Σv·λ₂w",
        "λ₁'s part",
        "E with its penalty, E + Σv·(½λ₂Σw² + λ₁Σ|w|): ",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let text = sandbox.sh("deltarule explain m.json w.csv --record 4").ok().stdout;
    for part in [
        "Δw = η (c·δx − λ₂w), with λ₂ = 0.5 and c = v/v̄ = ",
        "since this record counts v = 5 times and a mean one v̄ = 2.375 times",
        "E with its penalty, c·E + ½λ₂Σw² + λ₁Σ|w|: ",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    for form in ["markdown", "latex"] {
        let page = sandbox.sh(&format!("deltarule explain m.json w.csv --all --format {form}")).ok().stdout;
        assert!(
            page.contains("column cnt says") && page.contains(r"\sum v \delta x") && page.contains(r"\lambda_2"),
            "{page}"
        );
    }
    // The page of the training has the step of its record with both.
    sandbox.sh("deltarule train w.csv --target w2 --weight cnt --l2 0.5 --report r.html --quiet").ok();
    let page = sandbox.read("r.html");
    assert!(page.contains("Δw = η (c·δx − λ₂w)"), "no λ₂ in the worked step");
}

#[test]
fn a_step_on_one_weighted_record_is_that_of_training_by_single_records() {
    let sandbox = Sandbox::new();
    sandbox.file("w.csv", "x,v,y\n2,3,1\n3,1,2\n");
    let explain = "deltarule explain w.csv --target y --task regression --weight v --scale none --no-bias --init zeros --eta 0.01 --json";
    let step = |record: u64| {
        let json = sandbox.sh(&format!("{explain} --record {record}")).ok().json();
        close(&json["record"]["times"], [1.5, 0.5][record as usize - 1]);
        json["record"]["steps"][0]["step"][0].as_f64().unwrap()
    };
    // η (v/v̄) δ x from w = 0, where δ = y.
    assert!((step(1) - 0.01 * 1.5 * 2.0).abs() < 1e-15 && (step(2) - 0.01 * 0.5 * 2.0 * 3.0).abs() < 1e-15);
}

#[test]
fn weights_that_are_not_there_are_told() {
    let sandbox = Sandbox::new();
    sandbox.file("w.csv", TABLE);
    sandbox.sh("deltarule train w.csv --target w2 --weight cnt --out m.json --quiet").ok();
    sandbox.file("without.csv", "len,wid,w2\n1.2,.4,10\n2.1,.5,20\n");
    let text = sandbox.sh("deltarule explain m.json without.csv --all").ok().stdout;
    assert!(
        text.contains("weights are left out: in training each record counted as often as column cnt said"),
        "{text}"
    );
    let ran = sandbox.sh("deltarule explain m.json w.csv --l2 1");
    assert!(ran.code == Some(2) && ran.stderr.contains("found beside a model"), "{}", ran.stderr);
    let ran = sandbox.sh("deltarule explain --x 1 --w 1 --y 1 --weight v");
    assert!(ran.code == Some(2) && ran.stderr.contains("found beside --x"), "{}", ran.stderr);
}

#[test]
fn a_step_on_typed_numbers_has_the_penalty_that_is_given() {
    let line = "deltarule explain --x 1,-2 --w 0.5,0.001 --y 1 --eta 0.5 --l2 0.1 --l1 0.2 --json";
    let json = Sandbox::new().sh(line).ok().json();
    let step = &json["record"]["steps"][0];
    // δ = 1 − 0.498; the second weight would reach 0.001 − 1.004·0.5 − …, the first 0.5 + 0.251 − 0.025, then less 0.1.
    let delta = 1.0 - (0.5 - 0.002);
    close(&step["new_w"][0], 0.5 + 0.5 * (delta - 0.05) - 0.1);
    close(&step["new_w"][1], 0.001 + 0.5 * (-2.0 * delta - 0.0001) + 0.1);
    let value = |a: f64, b: f64| 0.05 * (a * a + b * b) + 0.2 * (a.abs() + b.abs());
    close(&json["record"]["penalty"]["value"], value(0.5, 0.001));
}
