//! Training from the command line.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Sandbox, project};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The rows of a CSV text after its first, as fields.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

const TEN: &str = "deltarule train examples/ten.csv --target passed";

#[test]
fn the_trace_has_a_row_for_the_start_and_one_for_every_epoch() {
    let sandbox = Sandbox::new();
    let line = format!("{TEN} --optimizer gd --eta 2 --epochs 40 --trace trace.csv --json");
    let json = sandbox.sh(&line).ok().json();
    let trace = sandbox.read("trace.csv");
    assert_eq!(trace.lines().next(), Some("epoch,sse,mse,eta,gradient_norm"));
    let rows = rows(&trace);
    let epochs: Vec<u64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(epochs, (0..=40).collect::<Vec<_>>());
    let column = |index: usize| -> Vec<f64> { rows.iter().map(|row| row[index].parse().unwrap()).collect() };
    let (sse, mse, eta, norm) = (column(1), column(2), column(3), column(4));
    assert_eq!(sse[0], number(&json["start_sse"]));
    assert!((sse[40] - number(&json["sse"])).abs() < 1e-12);
    assert!(sse.is_sorted_by(|a, b| a >= b), "plain descent with a small η never raises E");
    for row in 0..=40 {
        assert!((mse[row] - 2.0 * sse[row] / 10.0).abs() < 1e-15);
        assert_eq!(eta[row], 2.0);
    }
    assert!(norm.iter().all(|norm| *norm > 0.0));
}

#[test]
fn the_norm_of_the_gradient_is_that_of_the_reduced_one() {
    let sandbox = Sandbox::new();
    let norm = |reduction: &str, eta: f64| -> f64 {
        let line = format!("{TEN} --eta {eta} --reduction {reduction} --epochs 1 --trace t.csv --force --quiet");
        sandbox.sh(&line).ok();
        rows(&sandbox.read("t.csv"))[0][4].parse().unwrap()
    };
    assert!((norm("sum", 0.1) - 10.0 * norm("mean", 1.0)).abs() < 1e-12);
}

#[test]
fn a_path_can_be_the_next_start() {
    let sandbox = Sandbox::new();
    sandbox.sh(&format!("{TEN} --eta 1 --epochs 7 --path first.csv --quiet")).ok();
    let path = sandbox.read("first.csv");
    assert_eq!(path.lines().next(), Some("epoch,output,feature,weight"));
    let epochs: Vec<u64> = rows(&path).iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!((epochs[0], epochs[epochs.len() - 1]), (0, 7));
    let features: Vec<&str> = rows(&path)[..3].iter().map(|row| row[2]).collect();
    assert_eq!(features, ["hours", "sleep", "(bias)"]);
    // Seven epochs and six more are thirteen, to the last bit.
    sandbox.sh(&format!("{TEN} --eta 1 --epochs 6 --init first.csv --path second.csv --quiet")).ok();
    sandbox.sh(&format!("{TEN} --eta 1 --epochs 13 --path whole.csv --quiet")).ok();
    let last = |name: &str| -> Vec<String> {
        let text = sandbox.read(name);
        rows(&text).iter().rev().take(3).map(|row| row[3].to_owned()).collect()
    };
    assert_eq!(last("second.csv"), last("whole.csv"));
}

#[test]
fn a_long_path_is_thinned_and_keeps_its_ends() {
    let sandbox = Sandbox::new();
    let line = format!("{TEN} --textbook --eta 0.001 --epochs 7001 --path path.csv --quiet");
    sandbox.sh(&line).ok();
    let text = sandbox.read("path.csv");
    let epochs: Vec<u64> = rows(&text).iter().map(|row| row[0].parse().unwrap()).step_by(2).collect();
    assert!(epochs.len() <= 1001, "{} states", epochs.len());
    assert!(epochs.len() > 300 && epochs.is_sorted_by(|a, b| a < b));
    assert_eq!((epochs[0], epochs[epochs.len() - 1]), (0, 7001));
}

#[test]
fn textbook_is_what_it_says() {
    let sandbox = Sandbox::new();
    let short = sandbox.sh(&format!("{TEN} --textbook --eta 0.01 --path a.csv")).ok();
    let expansion = "--optimizer gd --scale none --no-bias --reduction sum --init normal";
    assert!(short.stdout.starts_with(&format!("--textbook means {expansion}\n")), "{}", short.stdout);
    sandbox.sh(&format!("{TEN} {expansion} --eta 0.01 --path b.csv --quiet")).ok();
    assert_eq!(sandbox.read("a.csv"), sandbox.read("b.csv"));
    assert!(!sandbox.read("a.csv").contains("(bias)"));
    // What is given otherwise is not what it means.
    let scaled = sandbox.sh(&format!("{TEN} --textbook --scale standard --reduction mean --eta 0.01")).ok().stdout;
    let kept = "--textbook means --optimizer gd --no-bias --init normal, beside what is given\n";
    assert!(scaled.starts_with(kept) && scaled.contains("numbers are scaled to mean 0"), "{scaled}");
}

#[test]
fn too_large_an_eta_is_warned_about_diverges_and_never_gives_nan() {
    let sandbox = Sandbox::new();
    let line = "deltarule train examples/diabetes.csv --target progression --eta 0.6 --out m.json --trace trace.csv";
    let ran = sandbox.sh(line);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: η = 0.6 is above 0.496992"), "{}", ran.stderr);
    assert!(ran.stderr.contains("diverged in epoch") && ran.stderr.contains("try --eta 0.243623"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("NaN") && !ran.stdout.contains("inf"), "{}", ran.stdout);
    let trace = sandbox.read("trace.csv");
    assert!(rows(&trace).iter().flatten().all(|field| field.parse::<f64>().is_ok_and(f64::is_finite)), "{trace}");
    // What is said to be sure is: between the two nothing is said, and no step raises E.
    sandbox.file("two.csv", "x,y\n-1,-1\n1,1\n-1,-1.5\n1,1.5\n");
    let two = "deltarule train two.csv --target y --epochs 40 --trace two-trace.csv --force";
    for (eta, warning) in
        [("1.1", ""), ("1.97", "is above 1.96078, up to which no step raises E"), ("2.01", "E will grow")]
    {
        let ran = sandbox.sh(&format!("{two} --eta {eta}"));
        assert!(ran.stderr.contains(warning) && ran.stderr.contains("warning") != warning.is_empty(), "{}", ran.stderr);
        let sse: Vec<f64> = rows(&sandbox.read("two-trace.csv")).iter().map(|row| row[1].parse().unwrap()).collect();
        assert_eq!(sse.windows(2).all(|pair| pair[1] <= pair[0]), eta != "2.01", "{eta}: {sse:?}");
    }
    // Just below the limit it converges, as the theory says; up to where that is proven, without a warning.
    let below = "deltarule train examples/diabetes.csv --target progression --eta 0.49 --json --epochs 1000000";
    let json = sandbox.sh(below).ok().json();
    assert_eq!(json["stop"]["reason"], "minimum", "{}", json["stop"]["text"]);
    assert!(json["warnings"].as_array().unwrap().iter().any(|w| w.as_str().unwrap().contains("above 0.487247")));
    let sure = sandbox.sh(&below.replace("0.49", "0.48")).ok().json();
    assert!(!sure["warnings"].to_string().contains("above"), "{}", sure["warnings"]);
}

#[test]
fn saturation_is_recognised_and_named() {
    let sandbox = Sandbox::new();
    let line = "deltarule train examples/breast_cancer.csv --target diagnosis --scale none --eta 1 --activation tanh";
    let ran = sandbox.sh(line);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("saturated in epoch"), "{}", ran.stderr);
}

#[test]
fn a_start_on_the_plateau_is_no_minimum() {
    // All net inputs far out on the wrong side: δ is 0 to every digit, and E is not.
    let sandbox = Sandbox::new();
    sandbox.file("start.csv", "output,feature,weight\npassed,hours,-4000\npassed,sleep,0\npassed,(bias),0\n");
    let ran = sandbox.sh(&format!("{TEN} --init start.csv"));
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("f'(h) is 0 at every record of output 1"), "{}", ran.stderr);
}

/// One record a step, for ever: the signal comes after the first rows of the trace could be written.
fn keeps_the_best_weights(signal: &str) {
    let sandbox = Sandbox::new();
    let line = format!(
        "deltarule train examples/diabetes.csv --target progression --batch 1 --epochs 100000000 --tolerance 0 \
         --eta 1e-9 --out m.json & sleep 1.5; kill -{signal} $!; wait $!; echo exit $?; ls -A *.tmp .*.tmp"
    );
    let ran = sandbox.sh(&line);
    assert!(ran.stdout.ends_with("exit 130\n"), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("interrupted; the best weights so far are kept"), "{}", ran.stderr);
    let shown = sandbox.sh("deltarule show m.json --json").ok().json();
    assert_eq!(shown["training"]["stop_reason"], "interrupted");
    assert!(number(&shown["training"]["epochs"]) > 0.0);
}

#[test]
fn ctrl_c_keeps_the_best_weights() {
    keeps_the_best_weights("INT");
}

#[test]
fn the_end_of_a_job_keeps_the_best_weights() {
    keeps_the_best_weights("TERM");
}

#[test]
fn one_record_a_step_is_the_same_for_the_same_seed() {
    let sandbox = Sandbox::new();
    let path = |seed: u64| -> String {
        let line = format!(
            "deltarule train examples/iris.csv --target species --batch 1 --epochs 5 --seed {seed} --path p.csv --force --quiet"
        );
        sandbox.sh(&line).ok();
        sandbox.read("p.csv")
    };
    assert_eq!(path(7), path(7));
    assert_ne!(path(7), path(8));
}

#[test]
fn steps_over_few_records_come_near_the_minimum() {
    let sandbox = Sandbox::new();
    let sse = |options: &str| -> f64 {
        let line = format!("deltarule train examples/iris.csv --target petal_width --drop species --json {options}");
        number(&sandbox.sh(&line).ok().json()["sse"])
    };
    let least = sse("");
    for options in [
        "--batch 1",
        "--batch 16",
        "--batch 40",
        "--batch 16 --optimizer momentum",
        "--batch 16 --optimizer adagrad",
        "--batch 16 --optimizer rmsprop",
        "--batch 16 --optimizer adam",
        "--batch 16 --optimizer adam --average",
        "--batch 1 --schedule inverse",
        "--batch 1 --average 5 --warm-up 2",
    ] {
        let found = sse(options);
        assert!(found >= least && found < 1.03 * least, "{options}: {found}, the least is {least}");
    }
}

#[test]
fn every_optimizer_reaches_the_same_minimum() {
    let sandbox = Sandbox::new();
    let sse = |options: &str| -> f64 {
        let line = format!("{TEN} --json {options}");
        let json = sandbox.sh(&line).ok().json();
        assert_eq!(json["stop"]["reason"], "minimum", "{options}: {}", json["stop"]["text"]);
        number(&json["sse"])
    };
    let least = sse("");
    for options in [
        "--optimizer gd",
        "--optimizer momentum",
        "--optimizer momentum --momentum 0.5",
        "--optimizer nesterov --momentum 0.8",
        "--optimizer adagrad",
        "--optimizer rmsprop",
        "--optimizer adam",
        "--optimizer adam --beta1 0.5 --beta2 0.9 --epsilon 1e-6 --scale none",
        "--eta 1",
        "--reduction sum",
        "--scale none",
        "--init normal --seed 3",
        "--precision f32",
    ] {
        let found = sse(options);
        assert!((found - least).abs() < 1e-6 * least, "{options}: {found} against {least}");
    }
}

#[test]
fn the_bits_do_not_depend_on_threads_or_registers() {
    let sandbox = Sandbox::new();
    let mut csv = String::from("a,b,kind,y\n");
    let mut state = 1_u64;
    for _ in 0..30_000 {
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let (a, b, kind, noise) = (draw(), 100.0 * draw(), (4.0 * draw()) as u32, draw());
        let _ = writeln!(csv, "{a},{b},k{kind},{}", a - 0.02 * b + f64::from(kind) + noise);
    }
    sandbox.file("data.csv", csv);
    for options in [
        "",
        "--activation softplus",
        "--batch 256 --epochs 5",
        "--batch 64 --epochs 3 --optimizer adam --average --valid 0.2 --early-stopping 1",
    ] {
        let line = |threads: u32| {
            format!(
                "deltarule train data.csv --target y --threads {threads} {options} --out m.json --force --quiet; \
                 sed -i '/\"command\"/d' m.json; cat m.json"
            )
        };
        let model = |threads: u32| sandbox.sh(&line(threads)).ok().stdout;
        let one = model(1);
        assert!(one.contains("\"weight\""));
        for threads in [2, 3, 8] {
            assert_eq!(model(threads), one, "{options} with {threads} threads");
        }
        for width in ["portable", "avx2", "avx512"] {
            let line = format!("DELTARULE_WIDTH={width}; export DELTARULE_WIDTH; {}", line(2));
            assert_eq!(sandbox.sh(&line).ok().stdout, one, "{options} with {width} registers");
        }
    }
}

#[test]
fn the_same_table_in_other_dress_gives_the_same_weights() {
    let sandbox = Sandbox::new();
    let plain = std::fs::read_to_string(project().join("examples/iris.csv")).unwrap();
    sandbox.file("data.csv", &plain);
    let weights = |input: &str, options: &str| -> Value {
        let line = format!("{input} --target petal_width --drop species --json {options}");
        sandbox.sh(&line).ok().json()["weights"].clone()
    };
    let expected = weights("deltarule train data.csv", "");
    let dressed = [
        ("BOM and CRLF", "printf '\\xef\\xbb\\xbf' > d; sed 's/$/\\r/' data.csv >> d; deltarule train d", ""),
        ("gzip", "gzip -c data.csv > d; deltarule train d", ""),
        ("standard input", "cat data.csv | deltarule train -", ""),
        ("gzip on standard input", "gzip -c data.csv | deltarule train -", ""),
        ("semicolons", "tr , ';' < data.csv > d; deltarule train d", ""),
        ("tabs", "tr , '\\t' < data.csv > d; deltarule train d", ""),
        ("quotes", "sed 's/[^,]*/\"&\"/g' data.csv > d; deltarule train d", ""),
        ("decimal commas", "tr ,. ';,' < data.csv > d; deltarule train d", "--decimal ,"),
        (
            "JSON lines",
            "awk -F, 'NR==1{split($0,n,\",\")} NR>1{printf \"{\"; for(i=1;i<=4;i++) printf \"\\\"%s\\\": %s, \", n[i], $i; \
             printf \"\\\"%s\\\": \\\"%s\\\"}\\n\", n[5], $5}' data.csv > d; deltarule train d",
            "",
        ),
        ("no last line end", "head -c -1 data.csv > d; deltarule train d", ""),
        ("bars, given", "tr , '|' < data.csv > d; deltarule train d", "--delimiter '|'"),
    ];
    for (what, input, options) in dressed {
        assert_eq!(weights(input, options), expected, "{what}");
    }
    let line = "sed 1d data.csv > d; deltarule train d --no-header --target column_4 --drop column_5 --json";
    let nameless = sandbox.sh(line).ok().json()["weights"].clone();
    assert_eq!(nameless[0]["bias"], expected[0]["bias"]);
}

#[test]
fn held_out_records_are_seeded_and_stratified() {
    let sandbox = Sandbox::new();
    let train = |seed: u64| -> Value {
        let line = format!("deltarule train examples/iris.csv --target species --valid 0.2 --seed {seed} --json");
        sandbox.sh(&line).ok().json()
    };
    let (first, again, other) = (train(1), train(1), train(2));
    assert_eq!(first, again);
    assert_ne!(first["held_out"], other["held_out"]);
    assert_eq!(first["held_out"]["records"], 30);
    assert_eq!(first["training"]["records"], 120);
    for row in first["held_out"]["confusion"].as_array().unwrap() {
        let records: f64 = row.as_array().unwrap().iter().map(number).sum();
        assert_eq!(records, 10.0, "a third of the held-out records for each species");
    }
    let text = sandbox.sh("deltarule train examples/iris.csv --target species").ok().stdout;
    assert!(text.contains("training only (150)"), "{text}");
}

#[test]
fn a_file_can_be_held_out() {
    let sandbox = Sandbox::new();
    sandbox.sh("(head -1 examples/diabetes.csv; tail -42 examples/diabetes.csv) > test.csv").ok();
    sandbox.sh("head -401 examples/diabetes.csv > train.csv").ok();
    let json =
        sandbox.sh("deltarule train train.csv --target progression --valid test.csv --out m.json --json").ok().json();
    assert_eq!(json["training"]["records"], 400);
    assert_eq!(json["held_out"]["records"], 42);
    let evaluated = sandbox.sh("deltarule evaluate m.json test.csv --json").ok().json();
    assert_eq!(evaluated["scores"], json["held_out"]);
}

#[test]
fn targets_decide_the_task_aloud() {
    let sandbox = Sandbox::new();
    sandbox.file("data.csv", "x,num,two,sign,flag,word\n1,1.5,0,-1,true,a\n2,2.5,1,1,false,b\n3,3.1,1,1,true,a\n4,4.9,0,-1,false,b\n5,5.2,1,1,true,c\n");
    let train = |target: &str, options: &str| -> (Value, String) {
        let line = format!("deltarule train data.csv --target {target} --features x {options} --json --epochs 50");
        let json = sandbox.sh(&line).ok().json();
        (json["activation"].clone(), json["notes"].to_string())
    };
    assert_eq!(train("num", "").0, "identity");
    let (activation, notes) = train("two", "");
    assert_eq!(activation, "sigmoid");
    assert!(notes.contains("taken as two classes") && notes.contains("--task regression"), "{notes}");
    assert_eq!(train("two", "--task regression").0, "identity");
    assert_eq!(train("sign", "").0, "sigmoid");
    assert_eq!(train("flag", "").0, "sigmoid");
    assert!(train("word", "").1.contains("3 classes"));
    assert_eq!(train("num,two", "").0, "identity");
    let line = "deltarule train data.csv --target sign --features x --activation tanh --out m.json --json";
    sandbox.sh(line).ok();
    let model = sandbox.read("m.json");
    assert!(model.contains("\"low\": -1.0") && model.contains("\"high\": 1.0"), "{model}");
}

#[test]
fn rows_without_a_target_and_with_missing_values_are_counted() {
    let sandbox = Sandbox::new();
    sandbox.file("data.csv", "x,z,y\n1,2,3\n2,,4\n3,1,\n4,4,9\n5,?,7\n6,6,2\n");
    let text = sandbox.sh("deltarule train data.csv --target y --missing drop").ok().stdout;
    assert!(text.contains("6 records, 1 without a target left out, 2 with missing values left out"), "{text}");
    let json = sandbox.sh("deltarule train data.csv --target y --missing mean --json").ok().json();
    assert_eq!(json["training"]["records"], 5);
}

#[test]
fn a_formula_trains_like_the_activation_that_it_spells() {
    let sandbox = Sandbox::new();
    // A formula's range is not known, so that classes are 0 and 1: the same table for both then.
    let train = |f: &str| {
        let line = format!(
            "deltarule train examples/iris.csv --target petal_width --drop species --activation '{f}' --eta 0.1"
        );
        number(&sandbox.sh(&format!("{line} --epochs 200 --init normal --json")).ok().json()["sse"])
    };
    for (name, formula) in [
        ("softsign", "h / (1 + abs(h))"),
        ("sigmoid", "1 / (1 + exp(-h))"),
        ("softplus", "log(1 + exp(h))"),
        ("silu", "h * sigmoid(h)"),
        ("relu", "max(h, 0)"),
    ] {
        let (named, spelt) = (train(name), train(formula));
        assert!((named - spelt).abs() < 1e-10 * named, "{name}: {named} against {spelt}");
    }
}

#[test]
fn quiet_is_quiet_and_existing_files_stay() {
    let sandbox = Sandbox::new();
    let ran = sandbox.sh(&format!("{TEN} --quiet --out m.json")).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let before = sandbox.read("m.json");
    assert_eq!(sandbox.sh(&format!("{TEN} --eta 0.5 --out m.json --quiet")).code, Some(2));
    assert_eq!(sandbox.read("m.json"), before);
    sandbox.sh(&format!("{TEN} --eta 0.5 --out m.json --quiet --force")).ok();
    assert_ne!(sandbox.read("m.json"), before);
    assert_eq!(sandbox.names().into_iter().collect::<Vec<_>>(), ["examples", "m.json"]);
}

#[test]
fn epochs_used_up_says_what_to_try() {
    let ran = Sandbox::new().sh(&format!("{TEN} --textbook --eta 0.0001 --epochs 10")).ok();
    assert!(ran.stdout.contains("epochs used up") && ran.stdout.contains("try --epochs 20"), "{}", ran.stdout);
}

/// It is not that of the bound of λmax, which is two per cent above.
#[test]
fn the_condition_number_is_that_of_the_table() {
    let sandbox = Sandbox::new();
    let rows: String = (0..20_000).map(|i| format!("{},{}\n", i % 2 * 2 - 1, i % 7)).collect();
    sandbox.file("cn.csv", format!("x,y\n{rows}"));
    let said = sandbox.sh("deltarule train cn.csv --target y").ok().stdout;
    assert!(said.lines().any(|line| line.ends_with("XᵀX: condition number ≈ 1")), "{said}");
    let json = sandbox.sh("deltarule train cn.csv --target y --json").ok().json();
    assert!((json["curvature"]["condition_number"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{}", json["curvature"]);
}

/// Every `--json` output is as the schema says.
#[test]
fn json_follows_its_schema() {
    let schema = std::fs::read_to_string(project().join("docs/json-schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let sandbox = Sandbox::new();
    // A row of words among others that can be used.
    sandbox.file("bad.csv", sandbox.read("examples/ten.csv") + "many,few,1\n");
    sandbox.file("new.csv", "hours,sleep,passed\n1,2,1\n").file("s.libsvm", "1 1:2 3:1\n-1 2:1\n1 1:1\n-1 3:2\n");
    for line in [
        "deltarule train examples/diabetes.csv --target progression --out d.json --json",
        "deltarule train examples/iris.csv --target species --valid 0.2 --out i.json --json",
        "deltarule train examples/ten.csv --target passed --out t.json --batch 2 --epochs 3 --json",
        "deltarule train examples/ten.csv --target hours,sleep --json",
        "deltarule train examples/iris.csv --target species --valid 0.2 --early-stopping 5 --json",
        "deltarule train examples/iris.csv --target species --batch 8 --optimizer adam --schedule cosine --warm-up 2 --average --json",
        "deltarule train examples/ten.csv --target passed --activation 'h^2' --json",
        "deltarule train examples/iris.csv --target species --loss hinge --json",
        "deltarule train examples/iris.csv --target species --folds 3 --epochs 50 --json",
        "deltarule train examples/ten.csv --target passed --valid 0.4 --split-by hours:time --json",
        "deltarule train examples/ten.csv --target passed --folds 3 --split-by hours --json",
        "deltarule evaluate d.json examples/diabetes.csv --worst 2 --json",
        "deltarule evaluate i.json examples/iris.csv --json",
        "deltarule evaluate t.json examples/ten.csv --json",
        "deltarule evaluate t.json examples/ten.csv --cost fp=1,fn=3 --threshold 0.4 --json",
        "deltarule evaluate d.json examples/diabetes.csv --bootstrap 20 --json",
        "deltarule evaluate i.json examples/iris.csv --bootstrap 20 --seed 3 --json",
        "deltarule show t.json --json",
        "deltarule show d.json --summary examples/diabetes.csv --json",
        "deltarule show d.json --summary examples/diabetes.csv --robust HC0 --level 0.9 --json",
        "deltarule explain --json",
        "deltarule explain examples/iris.csv --target species --all --json",
        "deltarule explain t.json examples/ten.csv --record 2 --json",
        "deltarule explain examples/iris.csv --target species --class-weight balanced --l2 0.1 --all --json",
        "deltarule explain examples/iris.csv --target species --class-weight balanced --l1 0.1 --record 3 --json",
        "deltarule check examples/ten.csv --target passed --activation relu --json",
        "deltarule inspect examples/iris.csv --target species --json",
        "deltarule train s.libsvm --out s.json --json",
        "deltarule evaluate s.json s.libsvm --json",
        "deltarule show s.json --json",
        "deltarule inspect s.libsvm --json",
        "deltarule train examples/iris.csv --target species --hash petal_width:6 --epochs 50 --out h.json --json",
        "deltarule show h.json --json",
        "deltarule inspect examples/iris.csv --hash petal_width:6 --json",
        "deltarule sweep examples/ten.csv --target passed --eta 0.1,100,auto --json",
        "deltarule train bad.csv --target passed --where 'hours > 0' --on-bad-row skip --valid bad.csv --epochs 9 --json",
        "deltarule sweep bad.csv --target passed --on-bad-row skip --valid bad.csv --early-stopping --eta 1,2 --json",
        "deltarule evaluate t.json bad.csv --where 'hours > 0' --on-bad-row skip --json",
        "deltarule check bad.csv --target passed --on-bad-row skip --json",
        "deltarule inspect bad.csv --where 'hours > 0' --on-bad-row skip --json",
        "deltarule explain bad.csv --target passed --on-bad-row skip --record 2 --json",
        "deltarule explain bad.csv --target passed --on-bad-row skip --all --json",
        "deltarule sweep examples/diabetes.csv --target progression --eta 1,2 --valid 0.2 --json || true",
    ] {
        let json = sandbox.sh(line).ok().json();
        let errors: Vec<String> =
            schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{line}\n{}", errors.join("\n"));
    }
}

/// Of a rare class the most probable class is less often right than the constant, and its probabilities are better all the same: no warning. Where they
/// are worse, there is one.
#[test]
fn a_model_of_a_rare_class_is_no_worse_than_the_constant_for_its_accuracy_alone() {
    let sandbox = Sandbox::new();
    let x = |i: u32| f64::from(i * 37 % 101) / 50.0 - 1.0;
    let rare = |i: u32| i % 20 == 3 && x(i) > -0.4;
    let rows: String = (0..1000).map(|i| format!("{},{}\n", x(i), if rare(i) { "yes" } else { "no" })).collect();
    sandbox.file("rare.csv", format!("x,y\n{rows}"));
    let line = "deltarule train rare.csv --target y --loss log --class-weight balanced --valid 0.25 --json";
    let json = sandbox.sh(line).ok().json();
    let held_out = &json["held_out"];
    let accuracy = |of: &str| held_out[of]["accuracy"].as_f64().unwrap();
    assert!(accuracy("model") < accuracy("baseline"), "{held_out}");
    let said = sandbox.sh(&line.replace("--json", "")).ok().stdout;
    assert!(!said.contains("worse than"), "{said}");
    // Steps that are far too few from a start that is far off.
    sandbox.file("start.csv", "output,feature,weight\ny,x,-9\ny,(bias),3\n");
    let said =
        sandbox.sh("deltarule train rare.csv --target y --loss log --eta 1e-9 --epochs 1 --init start.csv").stdout;
    assert!(said.contains("worse than always giving the same answer"), "{said}");
}

/// Where there is nothing to learn a descent ends at the constant, up to rounding.
#[test]
fn a_model_as_good_as_the_constant_is_not_called_worse() {
    let sandbox = Sandbox::new();
    sandbox.file("numbers.csv", "x,y\n-1,1\n1,1\n-1,3\n1,3\n-1,2.1\n1,2.1\n");
    sandbox.file("classes.csv", "x,y\n1,0\n2,0\n3,1\n4,0\n5,0\n");
    for line in ["numbers.csv --target y", "classes.csv --target y --loss log"] {
        let said = sandbox.sh(&format!("deltarule train {line}")).ok();
        let said = format!("{}{}", said.stdout, said.stderr);
        assert!(!said.contains("worse than") && !said.contains("is above that of"), "{said}");
    }
}

/// With weights of classes accuracy falls since E asks for it: what is said of the model has the weights that E has.
#[test]
fn a_model_with_weights_of_classes_is_judged_with_them() {
    let sandbox = Sandbox::new();
    let x = |i: u32| f64::from(i * 37 % 101) / 50.0 - 1.0;
    let rare = |i: u32| i % 20 == 3 && x(i) > -0.4;
    // Levels of one record each: on records held out, E is far above that of the best constant.
    let row = |i: u32| format!("{},c{},{}\n", x(i), i * 7919 % 331, if rare(i) { "yes" } else { "no" });
    sandbox.file("rare.csv", format!("x,city,y\n{}", (0..1000).map(row).collect::<String>()));
    let line = "deltarule train rare.csv --target y --loss log --class-weight balanced --valid 0.25 --epochs 300";
    let json = sandbox.sh(&format!("{line} --json")).ok().json();
    let held_out = &json["held_out"];
    let e = |of: &str| held_out[of].as_f64().unwrap();
    assert!(e("loss_sum") > e("baseline_loss_sum"), "{held_out}");
    let weighted = |of: &str, score: &str| held_out["class_weighted"][of][score].as_f64().unwrap();
    assert!(weighted("model", "accuracy") > weighted("baseline", "accuracy"), "{held_out}");
    assert!((weighted("baseline", "log_loss") - 2_f64.ln()).abs() < 1e-12, "{held_out}");
    let said = sandbox.sh(line).ok().stdout;
    assert!(said.contains("E, with the weights of classes, is above that of the best constant"), "{said}");
    assert!(said.contains("(with the weights of classes, held out: accuracy "), "{said}");
    assert!(!said.contains("worse than always giving the same answer"), "{said}");
    // What is said is in JSON, too.
    assert!(json["warnings"].to_string().contains("is above that of the best constant"), "{}", json["warnings"]);
}

#[test]
fn numbers_in_errors_are_no_longer_than_what_was_typed() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "x,y\n1,2\n2,-1e120\n3,1\n");
    for (options, found) in
        [("--loss poisson", "-1e120 in line 3"), ("--tolerance 1e200", "1e200"), ("--valid 1e200", "1e200")]
    {
        let ran = sandbox.sh(&format!("deltarule train t.csv --target y {options}"));
        assert_eq!(ran.code, Some(2), "{options}: {}", ran.stderr);
        assert!(ran.stderr.contains(found) && ran.stderr.len() < 300, "{options}: {}", ran.stderr);
    }
}

#[test]
fn the_heading_of_scores_keeps_its_columns_apart() {
    let sandbox = Sandbox::new();
    let rows: String = (0..40_000_u32).map(|i| format!("{},{}\n", i % 13, i % 13 * 2 + i % 3)).collect();
    sandbox.file("t.csv", format!("x,y\n{rows}"));
    let said = sandbox.sh("deltarule train t.csv --target y --valid 0.25").ok().stdout;
    assert!(said.contains("baseline held out (10000)      baseline"), "{said}");
}

#[test]
fn a_few_records_that_were_called_impossible_are_told_from_a_model_that_is_worse() {
    let sandbox = Sandbox::new();
    let x = |i: u32| f64::from(i * 37 % 101) / 50.0 - 1.0;
    let line = |i: u32| {
        format!(
            "{},{},{}\n",
            x(i),
            if i.is_multiple_of(4) { "a" } else { "b" },
            if !i.is_multiple_of(4) && x(i) > f64::from(i % 5) * 0.2 - 0.4 { "yes" } else { "no" }
        )
    };
    let rows: String = (0..1000).map(line).collect();
    let held: String = (1000..1100).map(line).collect();
    sandbox
        .file("t.csv", format!("x,kind,y\n{rows}"))
        .file("held.csv", format!("x,kind,y\n{held}0.5,a,yes\n-0.5,a,yes\n0.1,a,yes\n"));
    let line = "deltarule train t.csv --target y --loss log --valid held.csv 2>&1";
    let said = sandbox.sh(line).ok().stdout;
    assert!(said.contains("though the Brier score is better") && said.contains("--worst 5"), "{said}");
    let bounded = sandbox.sh(&line.replace("--loss log", "--loss log --l2 0.01")).ok().stdout;
    assert!(!bounded.contains("is above that of the best constant"), "{bounded}");
}

#[test]
fn a_target_that_is_always_the_same_is_said_to_be() {
    let sandbox = Sandbox::new();
    sandbox.file("same.csv", "x,y\n1,5\n2,5\n3,5\n");
    let ran = sandbox.sh("deltarule train same.csv --target y").ok();
    let warning = "warning: on the training records one answer is right for all: there is nothing to learn from them\n";
    assert!(ran.stdout.contains(warning) && !ran.stdout.contains("worse"), "{}", ran.stdout);
}

#[test]
fn a_rate_below_0_is_no_mean_of_counts() {
    let sandbox = Sandbox::new();
    sandbox.file("c.csv", "x,y\n1,6\n2,5\n3,3\n4,1\n5,0\n6,0\n7,0\n8,0\n9,0\n");
    for options in ["", "--batch 1 --epochs 50", "--init normal --seed 3"] {
        let line = format!(
            "deltarule train c.csv --target y --loss poisson --activation '2+3*h' {options} --out c.json --force --quiet"
        );
        let ran = sandbox.sh(&line);
        if ran.code == Some(2) {
            assert!(ran.stderr.contains("E is not finite at the starting weights"), "{}", ran.stderr);
            continue;
        }
        let predictions = sandbox.sh("deltarule predict c.json c.csv").ok().stdout;
        let rates = predictions.lines().skip(1).map(|line| line.parse::<f64>().unwrap());
        assert!(rates.clone().count() == 9 && rates.clone().all(|rate| rate >= 0.0), "{options}: {predictions}");
    }
    let text = sandbox.sh("deltarule explain --x 1 --w -2 --y 1 --loss poisson --activation 'atan(h)'").ok().stdout;
    assert!(text.contains("= inf") && text.contains("there is no step"), "{text}");
}
