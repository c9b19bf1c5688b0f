//! The worked numbers, from the command.

use serde_json::Value;

use crate::support::Sandbox;

#[track_caller]
fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((found - expected).abs() <= 2e-15 * expected.abs().max(0.01), "{found:e} against {expected:e}");
}

#[test]
fn one_record_one_output_sigmoid() {
    let line = "deltarule explain --x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --activation sigmoid --eta 0.5 --json";
    let json = Sandbox::new().sh(line).ok().json();
    let step = &json["record"]["steps"][0];
    close(&step["h"], 0.6);
    close(&step["y_hat"], 0.6456563062257954);
    close(&step["residual"], 0.3543436937742046);
    close(&step["squared"], 0.12555945331754728);
    close(&step["loss"], 0.06277972665877364);
    close(&step["derivative"], 0.22878424045665732);
    close(&step["delta"], 0.08106825284073778);
    close(&step["gradient"][0], -0.08106825284073778);
    close(&step["step"][0], 0.04053412642036889);
    close(&step["step"][1], -0.08106825284073778);
    close(&step["bias_step"], 0.04053412642036889);
    close(&step["new_w"][0], 0.6405341264203689);
    close(&json["record"]["sse"], 0.06277972665877364);
}

#[test]
fn two_outputs_tanh() {
    let line = "deltarule explain --x 1,2,-1 --w '0.1,-0.2; 0.3,0.05; -0.4,0.25' --y 0.5,-0.5 --activation tanh --eta 0.1 --json";
    let json = Sandbox::new().sh(line).ok().json();
    let expected =
        [(1.1, 0.8004990217606297, -0.10793964412129325), (-0.35, -0.3363755443363322, -0.14511059282485086)];
    let steps = [
        [-0.010793964412129327, -0.021587928824258654, 0.010793964412129327],
        [-0.014511059282485087, -0.029022118564970174, 0.014511059282485087],
    ];
    for (j, (h, y_hat, delta)) in expected.into_iter().enumerate() {
        let output = &json["record"]["steps"][j];
        close(&output["h"], h);
        close(&output["y_hat"], y_hat);
        close(&output["delta"], delta);
        for (i, step) in steps[j].into_iter().enumerate() {
            close(&output["step"][i], step);
        }
        assert!(output["bias_step"].is_null());
    }
}

#[test]
fn the_text_says_every_quantity() {
    let text = Sandbox::new().sh("deltarule explain --derive").ok().stdout;
    for part in [
        "h = Σ w·x + b = 0.6",
        "ŷ = f(h) = 0.645656306225795",
        "y − ŷ      = 0.354343693774204",
        "(y − ŷ)²   = 0.125559453317547",
        "½(y − ŷ)²  = 0.062779726658773",
        "f'(h) = f(h) (1 - f(h)) = 0.228784240456657",
        "δ = ",
        "∂E/∂w = −δx",
        "Δw = −η ∂E/∂w = η δ x",
        "the two minus signs cancel",
        "∂p/∂q   = q",
        "∂q/∂ŷ   = −1",
        "∂ŷ/∂h   = f'(h)",
        "∂h/∂w_i = x_i",
        "What happened:",
        "the numbers are plain numbers, without units",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn a_small_learning_rate_lowers_the_error_and_a_huge_one_is_said_to_raise_it() {
    let sandbox = Sandbox::new();
    let line = |eta: f64| format!("deltarule explain --x 3 --w 1 --y 1 --eta {eta} --json");
    let error = |eta: f64| {
        let record = sandbox.sh(&line(eta)).ok().json()["record"].clone();
        (record["sse"].as_f64().unwrap(), record["new_sse"].as_f64().unwrap(), record["what_happened"].to_string())
    };
    // f is the identity, so E after the step is E·(1 − η·x²)².
    let (before, after, said) = error(0.1);
    assert!((after - before * (1.0 - 0.9_f64).powi(2)).abs() < 1e-12);
    assert!(said.contains("fell"), "{said}");
    let (before, after, said) = error(1.0);
    assert!((after - before * 64.0).abs() < 1e-9);
    assert!(said.contains("rose") && said.contains("η was so large"), "{said}");
}

#[test]
fn all_records_sum_to_the_step_that_train_takes() {
    let sandbox = Sandbox::new();
    let line = "deltarule explain examples/ten.csv --target passed --all --reduction sum --eta 0.5 --init zeros --json";
    let batch = sandbox.sh(line).ok().json()["batch"].clone();
    let records = batch["records"].as_array().unwrap();
    assert_eq!(records.len(), 10);
    for i in 0..2 {
        let sum: f64 = records.iter().map(|r| r["delta"][0].as_f64().unwrap() * r["x"][i].as_f64().unwrap()).sum();
        close(&batch["step"][0]["w"][i], 0.5 * sum);
    }
    let squares: f64 = records.iter().map(|r| r["residual"][0].as_f64().unwrap().powi(2)).sum();
    close(&batch["sse"], 0.5 * squares);
    let train = "deltarule train examples/ten.csv --target passed --optimizer gd --reduction sum --eta 0.5 --init zeros --epochs 1 \
                 --trace trace.csv --path path.csv --quiet";
    sandbox.sh(train).ok();
    let path = sandbox.read("path.csv");
    let hours = path.lines().find_map(|line| line.strip_prefix("1,passed,hours,")).unwrap();
    close(&batch["new_weights"][0]["w"][0], hours.parse().unwrap());
    let trace = sandbox.read("trace.csv");
    let last: Vec<&str> = trace.lines().last().unwrap().split(',').collect();
    close(&batch["new_sse"], last[1].parse().unwrap());
}

#[test]
fn the_signed_errors_stand_beside_their_squares() {
    let text = Sandbox::new().sh("deltarule explain examples/ten.csv --target passed --all").ok().stdout;
    assert!(text.contains("The signed errors add up to 0") && text.contains("= 1.25"), "{text}");
}

#[test]
fn a_record_of_a_model_is_worked_out_in_the_units_that_are_named() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --out m.json --quiet").ok();
    let text = sandbox.sh("deltarule explain m.json examples/ten.csv --record 3").ok().stdout;
    assert!(text.contains("record 3 of examples/ten.csv"), "{text}");
    assert!(text.contains("(value − mean)/standard deviation"), "{text}");
    let json = sandbox.sh("deltarule explain m.json examples/ten.csv --record 3 --json").ok().json();
    // ten.csv has the mean 6.7 and the standard deviation 1.1 in `sleep`; record 3 slept 8 hours.
    close(&json["record"]["x"][1], 1.3 / 1.1);
}

#[test]
fn the_arithmetic_of_other_losses_adds_up() {
    let sandbox = Sandbox::new();
    // Two outputs of three have y = 0, and −∂L/∂ŷ = y/ŷ = 0: what moves them is that every ŷ depends on every h.
    let softmax = "deltarule explain --x 1,2 --w '0.1,0.2,-0.3;0,0.4,0.5' --y 0,1,0 --loss log --activation softmax";
    let text = sandbox.sh(softmax).ok().stdout;
    assert!(text.contains("δ = Σ_k y_k/ŷ_k · ∂ŷ_k/∂h = y − ŷ") && !text.contains("f'(h) ="), "{text}");
    let json = sandbox.sh(&format!("{softmax} --json")).ok().json();
    let mut total = 0.0;
    for step in json["record"]["steps"].as_array().unwrap() {
        let number = |name: &str| step[name].as_f64().unwrap();
        total += number("y_hat");
        assert!((number("delta") - (number("y") - number("y_hat"))).abs() < 1e-15);
    }
    assert!((total - 1.0).abs() < 1e-15);
    for (loss, options) in
        [("huber:0.5", ""), ("quantile:0.3", ""), ("poisson", "--activation softplus"), ("hinge", "")]
    {
        let line = format!("deltarule explain --x 1,2 --w 0.5,-0.25 --y 1 --loss {loss} {options}");
        let json = sandbox.sh(&format!("{line} --json")).ok().json();
        let step = &json["record"]["steps"][0];
        let number = |name: &str| step[name].as_f64().unwrap();
        assert!((number("delta") - number("slope") * number("derivative")).abs() < 1e-15, "{loss}");
        assert!(json["record"]["new_loss_sum"].as_f64() < json["record"]["loss_sum"].as_f64(), "{loss}");
        assert!(sandbox.sh(&line).ok().stdout.contains("δ = −∂L/∂ŷ · f'(h)"), "{loss}");
    }
}

#[test]
fn each_eta_says_for_which_training_it_would_be_chosen() {
    let sandbox = Sandbox::new();
    let line = "deltarule explain examples/diabetes.csv --target progression";
    let one = sandbox.sh(&format!("{line} --record 3")).ok().stdout;
    assert!(one.contains("(as train --batch 1 would choose it for this table)"), "{one}");
    let all = sandbox.sh(&format!("{line} --all")).ok().stdout;
    assert!(all.contains("(as train would choose it for this table)"), "{all}");
}

#[test]
fn what_to_try_next_is_the_training_that_was_asked_about() {
    let line = "deltarule explain examples/iris.csv --target species --drop petal_width --loss log --all --digits 4";
    let text = Sandbox::new().sh(line).ok().stdout;
    let next =
        "deltarule train examples/iris.csv --target species --drop petal_width --loss log   to walk all the way down";
    assert!(text.contains(next), "{text}");
}

#[test]
fn a_sum_that_is_0_but_for_rounding_is_said_to_be_0() {
    let text = Sandbox::new().sh("deltarule explain examples/iris.csv --target species --loss log --all").ok().stdout;
    assert!(text.contains("The signed errors add up to 0"), "{text}");
    for sums in text.lines().filter(|line| line.trim_start().starts_with("sum")) {
        assert!(!sums.contains("e-1"), "{sums}");
    }
}

#[test]
fn which_y_stands_for_which_class_is_said() {
    let sandbox = Sandbox::new();
    let coding = "passed: 0 is y = -1, 1 is y = 1";
    for options in ["--activation tanh", "--loss hinge"] {
        let train = format!("deltarule train examples/ten.csv --target passed {options} --out m.json --force");
        for line in [
            train.as_str(),
            &format!("deltarule explain examples/ten.csv --target passed {options}"),
            "deltarule explain m.json examples/ten.csv --all",
            "deltarule show m.json",
        ] {
            let text = sandbox.sh(line).ok().stdout;
            assert!(text.contains(coding), "{line}:\n{text}");
        }
    }
    let text = sandbox.sh("deltarule train examples/ten.csv --target passed").ok().stdout;
    assert!(!text.contains("is y ="), "{text}");
}

#[test]
fn what_happened_names_the_reason() {
    let sandbox = Sandbox::new();
    for (line, part) in [
        (
            "--x=-1,-30 --w='-30;1' --y 0 --loss quantile:0.3",
            "The output is the target, where L has a kink: δ is that of a larger output, so each weight went down where its input is positive",
        ),
        ("--x=-1,-30 --w='-30;1' --y 0 --loss quantile:0.3", "E rose: it was 0, and cannot be less."),
        ("--x 0 --w 1 --y 2", "nothing. Every input is 0, so Δw = ηδx is 0 and no weight moves."),
        ("--x 0 --w 1 --bias 0 --y 2", "so the bias went up; every input is 0, and no weight moves."),
        ("--x 1 --w 1 --y 0 --activation 'exp(900*h)'", "f is not finite here"),
        ("--x 1e100 --w 1e100 --y 0", "E is not finite here, so there is no step"),
        ("--x 1e100 --w 1 --y 0", "E is not finite with the new weights"),
        ("--x 1 --w 1 --y 1", "nothing. The output is the target, so δ is 0"),
        ("--x 1 --w 2 --y 1 --loss hinge", "nothing. The output is on the right side of the margin"),
        ("--x 1 --w=-2 --y 1 --activation relu", "nothing. f' is 0 here"),
    ] {
        let text = sandbox.sh(&format!("deltarule explain {line}")).ok().stdout;
        assert!(text.contains(part), "{line}:\n{text}");
    }
}

#[test]
fn a_step_from_a_model_says_that_its_rule_was_another() {
    let sandbox = Sandbox::new();
    let train = "deltarule train examples/ten.csv --target passed --epochs 20 --quiet --force --out m.json";
    let note = "training was by adam, whose steps differ: this is a step of plain descent";
    for (options, is_said) in [("--optimizer adam", true), ("--optimizer gd", false)] {
        sandbox.sh(&format!("{train} {options} || true")).ok();
        for line in [
            "deltarule explain m.json examples/ten.csv --record 2",
            "deltarule explain m.json examples/ten.csv --all --json",
        ] {
            assert_eq!(sandbox.sh(line).ok().stdout.contains(note), is_said, "{line} {options}");
        }
    }
}
