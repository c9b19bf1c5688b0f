//! Weights of records and of classes: a record of weight k is k equal records, from the file to the scores.

use serde_json::Value;

use crate::support::Sandbox;

/// diabetes and breast cancer with a column `w` of weights from 0 to 3, and files in which each record stands so often.
fn tables() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["diabetes", "breast_cancer"] {
        let text = sandbox.read(&format!("examples/{name}.csv"));
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let (mut weighted, mut copied) = (format!("{header},w\n"), format!("{header}\n"));
        for (index, line) in lines.enumerate() {
            let weight = (index * 7 + index / 5) % 4;
            weighted += &format!("{line},{weight}\n");
            (0..weight).for_each(|_| copied += &format!("{line}\n"));
        }
        sandbox.file(&format!("{name}.csv"), weighted);
        sandbox.file(&format!("{name}_copied.csv"), copied);
    }
    sandbox
}

fn numbers(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Number(number) => into.extend(number.as_f64()),
        Value::Array(values) => values.iter().for_each(|value| numbers(value, into)),
        Value::Object(fields) => {
            // How many records there are differs, and is no result.
            let fields = fields.iter().filter(|(name, _)| !["records", "confusion", "n"].contains(&name.as_str()));
            fields.for_each(|(_, value)| numbers(value, into));
        }
        _ => {}
    }
}

fn assert_same(a: &Value, b: &Value, relative: f64, context: &str) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    numbers(a, &mut left);
    numbers(b, &mut right);
    assert!(!left.is_empty() && left.len() == right.len(), "{context}: {a} {b}");
    for (x, y) in left.iter().zip(&right) {
        assert!((x - y).abs() <= relative * x.abs().max(y.abs()).max(1e-3), "{context}: {x} {y}");
    }
}

#[test]
fn a_weight_is_so_many_equal_records_in_weights_and_scores() {
    let sandbox = tables();
    for (name, settings) in [
        ("diabetes", "--target progression"),
        ("diabetes", "--target progression --loss poisson"),
        ("breast_cancer", "--target diagnosis --loss log --l2 0.01"),
        ("breast_cancer", "--target diagnosis --epochs 50"),
    ] {
        let json = |data: &str, more: &str| {
            sandbox.sh(&format!("deltarule train {data} {settings} --json {more}")).ok().json()
        };
        let found = json(&format!("{name}.csv"), "--weight w --out weighted.json --force");
        let expected = json(&format!("{name}_copied.csv"), "--out copied.json --force");
        assert_same(&found["weights"], &expected["weights"], 1e-6, settings);
        assert_same(&found["training"], &expected["training"], 1e-8, settings);
        // The model keeps what the baseline needs.
        let evaluate = |data: &str, model: &str, more: &str| {
            sandbox.sh(&format!("deltarule evaluate {model} {data} --json {more}")).ok().json()["scores"].clone()
        };
        let scores = evaluate(&format!("{name}.csv"), "weighted.json", "--weight w");
        assert_same(&scores, &evaluate(&format!("{name}_copied.csv"), "copied.json", ""), 1e-7, settings);
        assert_same(&scores, &found["training"], 1e-12, settings);
        // Held-out files have the column, too.
        let valid = json(&format!("{name}.csv"), &format!("--weight w --valid {name}.csv"));
        assert_same(&valid["held_out"], &found["training"], 1e-12, settings);
    }
}

#[test]
fn balanced_classes_count_alike_and_scores_count_records() {
    let sandbox = tables();
    let train = |more: &str| -> Value {
        sandbox
            .sh(&format!(
                "deltarule train examples/breast_cancer.csv --target diagnosis --loss log --l2 0.01 --json {more}"
            ))
            .ok()
            .json()
    };
    // 212 malignant, 357 benign of 569.
    let balanced = train("--class-weight balanced");
    let (malignant, benign) = (569.0 / 424.0, 569.0 / 714.0);
    let given = train(&format!("--class-weight malignant={malignant:?},benign={benign:?}"));
    assert_same(&balanced["weights"], &given["weights"], 1e-12, "balanced");
    // A weight for one class alone is a column that says so.
    let text = sandbox.read("examples/breast_cancer.csv");
    let mut lines = text.lines();
    let mut with_column = format!("{},w\n", lines.next().unwrap());
    for line in lines {
        with_column += &format!("{line},{}\n", if line.contains("malignant") { 3 } else { 1 });
    }
    sandbox.file("column.csv", with_column);
    let of_class = train("--class-weight malignant=3");
    let settings = "--target diagnosis --loss log --l2 0.01 --weight w --json";
    let of_column = sandbox.sh(&format!("deltarule train column.csv {settings}")).ok().json();
    assert_same(&of_class["weights"], &of_column["weights"], 1e-12, "one class");
    assert_eq!(of_class["loss_sum"], of_column["loss_sum"]);
    // E has the weights of classes in it, the other scores have not.
    assert_eq!(of_class["training"]["records"], 569);
    let accuracy = |json: &Value| json["training"]["model"]["accuracy"].as_f64().unwrap();
    let (by_records, by_weights) = (accuracy(&of_class), accuracy(&of_column));
    assert!((by_records * 569.0 - (by_records * 569.0).round()).abs() < 1e-9, "{by_records}");
    assert!((by_weights * 993.0 - (by_weights * 993.0).round()).abs() < 1e-9, "{by_weights}");
}

#[test]
fn sweep_and_folds_and_check_take_weights() {
    let sandbox = tables();
    let sweep = |data: &str, more: &str| -> Value {
        let settings = "--target progression --eta 0.1,0.3 --epochs 20 --json";
        sandbox.sh(&format!("deltarule sweep {data} {settings} {more}")).ok().json()["runs"].clone()
    };
    let (found, expected) = (sweep("diabetes.csv", "--weight w"), sweep("diabetes_copied.csv", ""));
    for run in 0..2 {
        assert_same(&found[run]["training"], &expected[run]["training"], 1e-9, "sweep");
    }
    let folds = sandbox.sh("deltarule train diabetes.csv --target progression --weight w --folds 3 --json").ok().json();
    assert_eq!(folds["folds"]["each"].as_array().map(Vec::len), Some(3));
    sandbox.sh("deltarule check diabetes.csv --target progression --weight w --activation tanh").ok();
}

/// A row without a target is left out in any case, and one of weight 0 is as good as none, however far out its error is.
#[test]
fn rows_that_do_not_count_need_no_weight_and_break_no_score() {
    let sandbox = Sandbox::new();
    let rows: String = (0..60).map(|i| format!("{},{},1\n", f64::from(i % 12) / 10.0, i % 5)).collect();
    sandbox.file("t.csv", format!("x,y,w\n{rows}"));
    sandbox.file("more.csv", format!("x,y,w\n{rows}0.5,,\n5000,0,0\n"));
    sandbox.sh("deltarule train t.csv --target y --loss poisson --task regression --out m.json --quiet").ok();
    let evaluate = |data: &str, more: &str| -> Value {
        let line = format!("deltarule evaluate m.json {data} --weight w --bootstrap 50 --json {more}");
        sandbox.sh(&line).ok().json()["scores"].clone()
    };
    let (clean, found) = (evaluate("t.csv", ""), evaluate("more.csv", ""));
    assert_same(&clean["targets"][0]["model"], &found["targets"][0]["model"], 1e-12, "scores");
    assert!(found.to_string().matches("null").count() == clean.to_string().matches("null").count(), "{found}");
    sandbox.sh("deltarule train more.csv --target y --loss poisson --task regression --weight w").ok();
    let ran = sandbox.sh("sed 's/,1$/,true/' t.csv > b.csv; deltarule train b.csv --target y --weight w");
    assert!(ran.code == Some(2) && ran.stderr.contains("found true and false"), "{}", ran.stderr);
}

/// The command that a sweep advises trains the same run.
#[test]
fn the_command_for_a_run_alone_has_all_that_was_typed() {
    let sandbox = tables();
    let line =
        "deltarule sweep diabetes.csv --target progression --drop s1 --weight w --poly bmi:2 --eta 0.1,0.3 --epochs 20";
    let text = sandbox.sh(line).ok().stdout;
    let command = text.split("To see it alone: ").nth(1).unwrap().lines().next().unwrap();
    let alone = sandbox.sh(&format!("{command} --json")).ok().json();
    let best = sandbox.sh(&format!("{line} --json")).ok().json();
    let runs = best["runs"].as_array().unwrap();
    assert!(runs.iter().any(|run| run["training"] == alone["training"]), "{command}");
}

#[test]
fn powers_and_products_are_centred_by_weights() {
    let sandbox = Sandbox::new();
    sandbox.file("w.csv", "x,v,y\n1,1,3\n2,1,5\n3,1,4\n4,1,9\n9,20,30\n10,20,33\n500,0,1\n");
    let copies = "9,30\n".repeat(20) + &"10,33\n".repeat(20);
    sandbox.file("c.csv", format!("x,y\n1,3\n2,5\n3,4\n4,9\n{copies}"));
    let network = |line: &str| {
        let train = format!("deltarule train {line} --target y --l2 0.1 --poly x:2 --out m.json --force --quiet");
        let shown = sandbox.sh(&format!("{train} && deltarule show m.json")).ok().stdout;
        shown.lines().find(|line| line.starts_with("h(y)")).unwrap().to_owned()
    };
    let (weighted, copied) = (network("w.csv --weight v"), network("c.csv"));
    assert!(weighted.contains("(x - 8.9)^2"), "{weighted}");
    assert_eq!(weighted, copied);
}

#[test]
fn reasons_count_from_the_average_of_weighted_records() {
    let sandbox = Sandbox::new();
    sandbox.file("r.csv", "c,v,y\na,100,10\na,100,12\nb,1,50\nb,1,52\nb,1,54\nb,1,56\n");
    sandbox.file("copies.csv", format!("c,y\n{}b,50\nb,52\nb,54\nb,56\n", "a,10\na,12\n".repeat(100)));
    let reasons = |options: &str| -> Vec<f64> {
        sandbox.sh(&format!("deltarule train {options} --target y --out r.json --force --quiet")).ok();
        let text = sandbox.sh("deltarule predict r.json r.csv --reasons 1").ok().stdout;
        text.split(['\n', ',']).filter_map(|cell| cell.trim().parse().ok()).collect()
    };
    for more in ["", " --hash c:4", " --private"] {
        let (weighted, copied) = (reasons(&format!("r.csv --weight v{more}")), reasons(&format!("copies.csv{more}")));
        assert!(weighted.iter().any(|x| (x - 11.823529).abs() < 1e-5), "{weighted:?}");
        assert_eq!(weighted.len(), copied.len());
        for (a, b) in weighted.iter().zip(&copied) {
            assert!((a - b).abs() < 1e-6 * (1.0 + a.abs()), "{more}: {weighted:?} {copied:?}");
        }
    }
}

#[test]
fn a_class_without_weight_is_told() {
    let sandbox = Sandbox::new();
    sandbox.file("z.csv", "x,v,y\n1,0,c\n2,0,c\n3,1,a\n4,1,b\n5,1,a\n6,1,b\n");
    let line = "deltarule train z.csv --target y --weight v --loss log";
    let said = "target y: every record of these classes has the weight 0, so they are not learned: c";
    assert!(sandbox.sh(line).stdout.contains(said));
    let ran = sandbox.sh(&format!("{line} --where \"y != 'b'\""));
    assert!(ran.code == Some(2) && ran.stderr.contains("one class only, \"a\""), "{}", ran.stderr);
}
