//! `show --summary`, against statsmodels (tests/fixtures/summary.py) and by hand.

use serde_json::Value;

use crate::support::{Sandbox, project};

fn cases() -> Vec<Value> {
    let path = project().join("crates/deltarule/tests/fixtures/summary.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

const FIELDS: [&str; 6] = ["estimate", "standard_error", "statistic", "p", "low", "high"];

/// The lines of all outputs: output, input, and the six numbers.
fn lines(summary: &Value) -> Vec<(String, String, Vec<Option<f64>>)> {
    let outputs = summary["outputs"].as_array().unwrap().iter();
    let of_output = |output: &Value| {
        let name = output["output"].as_str().unwrap().to_owned();
        let lines = output["weights"].as_array().unwrap().clone();
        let line = move |line: Value| {
            let numbers = FIELDS.iter().map(|field| line[*field].as_f64()).collect();
            (name.clone(), line["input"].as_str().unwrap().to_owned(), numbers)
        };
        lines.into_iter().map(line).collect::<Vec<_>>()
    };
    outputs.flat_map(of_output).collect()
}

fn train(sandbox: &Sandbox, data: &str, options: &str) {
    let options =
        if options.contains("--tolerance") { options.to_owned() } else { format!("{options} --tolerance 1e-11") };
    sandbox.sh(&format!("deltarule train {data} {options} --out m.json --force --quiet")).ok();
}

fn summary(sandbox: &Sandbox, data: &str, options: &str) -> Value {
    sandbox.sh(&format!("deltarule show m.json --summary {data} {options} --json")).ok().json()["summary"].clone()
}

#[test]
fn errors_are_those_of_statsmodels() {
    for case in &cases() {
        let sandbox = Sandbox::new();
        let data = format!("examples/{}", case["csv"].as_str().unwrap());
        train(&sandbox, &data, case["options"].as_str().unwrap());
        for (covariance, expected) in case["outputs"].as_object().unwrap() {
            let robust = if covariance == "nonrobust" { String::new() } else { format!("--robust {covariance}") };
            let found = lines(&summary(&sandbox, &data, &robust));
            let n_expected: usize = expected.as_object().unwrap().values().map(|o| o.as_object().unwrap().len()).sum();
            assert_eq!(found.len(), n_expected, "{data} {covariance}");
            for (output, input, numbers) in found {
                let expected = &expected[&output][&input];
                let size = expected[1].as_f64().unwrap();
                for (k, field) in FIELDS.iter().enumerate() {
                    let (found, expected) = (numbers[k].unwrap(), expected[k].as_f64().unwrap());
                    // The end of an interval can be near 0: there the standard error is the measure.
                    let scale = if k >= 4 { expected.abs().max(size) } else { expected.abs() };
                    let near = (found - expected).abs() <= 1e-6 * scale;
                    assert!(near, "{data} {covariance}, {output}, {input}, {field}: {found}, statsmodels {expected}");
                }
            }
        }
    }
}

#[test]
fn errors_are_those_of_the_minimum_where_training_stopped_before_it() {
    for (data, options) in [
        ("diabetes", "--target progression --loss poisson --features bmi,bp,s5,sex"),
        ("breast_cancer", "--target diagnosis --loss log --features mean_radius,mean_texture"),
        ("iris", "--target species --loss log --features sepal_width"),
    ] {
        let sandbox = Sandbox::new();
        let data = format!("examples/{data}.csv");
        train(&sandbox, &data, options);
        let exact = summary(&sandbox, &data, "--robust");
        train(&sandbox, &data, &format!("{options} --tolerance 1e-5"));
        let nearby = summary(&sandbox, &data, "--robust");
        let distance = nearby["distance"].as_f64().unwrap();
        assert!(distance > 1e-5 && distance < 0.01, "{data}: {distance}");
        for ((_, input, a), (_, _, b)) in lines(&exact).iter().zip(lines(&nearby)) {
            assert!((a[1].unwrap() / b[1].unwrap() - 1.0).abs() < 1e-6, "{data} {input}: {a:?} {b:?}");
        }
    }
}

#[test]
fn what_the_data_cannot_tell_apart_is_named() {
    let sandbox = Sandbox::new();
    let mut csv = String::from("north,south,total,shop,online,price,y\n");
    for i in 0..40 {
        let (north, south) = (i * 7 % 9, i * 5 % 11);
        let shop = ["a", "b", "web"][i % 3];
        let y = 3 * north + south + i * 13 % 5 + i % 3;
        csv += &format!("{north},{south},{},{shop},{},{},{y}\n", north + 2 * south + 2, i % 3 / 2, i * 11 % 17);
    }
    sandbox.file("parts.csv", csv);
    train(&sandbox, "parts.csv", "--target y");
    let summary = summary(&sandbox, "parts.csv", "");
    let texts: Vec<&str> =
        summary["directions"].as_array().unwrap().iter().map(|d| d["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["total − north − 2 south is 2 in every record", "[shop=web] − online is 0 in every record"]);
    assert_eq!(summary["rank"], 6);
    for (_, input, numbers) in lines(&summary) {
        assert_eq!(numbers[1].is_some(), input == "price", "{input}");
    }
    // Without the two columns that say nothing new, the error of what was determined is the same.
    let of_price = |summary: &Value| lines(summary).into_iter().find(|(_, input, _)| input == "price").unwrap().2[1];
    let before = of_price(&summary).unwrap();
    train(&sandbox, "parts.csv", "--target y --drop total,online");
    let after = of_price(&self::summary(&sandbox, "parts.csv", "")).unwrap();
    assert!((before / after - 1.0).abs() < 1e-9, "{before} {after}");
}

#[test]
fn a_table_in_several_files_and_records_without_a_value_change_nothing() {
    let sandbox = Sandbox::new();
    train(&sandbox, "examples/diabetes.csv", "--target progression");
    let whole = summary(&sandbox, "examples/diabetes.csv", "--robust");
    sandbox.sh("(head -100 examples/diabetes.csv; echo ,,,,,,,,,,150) > a.csv").ok();
    sandbox.sh("(head -1 examples/diabetes.csv; tail -n +101 examples/diabetes.csv) > b.csv").ok();
    let parts = summary(&sandbox, "a.csv b.csv", "--robust");
    for ((_, input, a), (_, _, b)) in lines(&whole).iter().zip(lines(&parts)) {
        let near = |(a, b): (&Option<f64>, &Option<f64>)| (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-9;
        assert!(a.iter().zip(&b).all(near), "{input}: {a:?} {b:?}");
    }
    assert_eq!(parts["records"], 442);
}

#[test]
fn an_interval_of_another_level_is_as_wide_as_its_quantile() {
    let sandbox = Sandbox::new();
    train(&sandbox, "examples/ten.csv", "--target passed --loss log");
    let half = |level: &str| {
        let summary = summary(&sandbox, "examples/ten.csv", &format!("--level {level}"));
        let line = lines(&summary).swap_remove(0).2;
        (line[5].unwrap() - line[4].unwrap()) / 2.0 / line[1].unwrap()
    };
    // Quantiles of the normal distribution.
    assert!((half("0.95") - 1.959_963_984_540_054).abs() < 1e-12);
    assert!((half("0.5") - 0.674_489_750_196_082).abs() < 1e-12);
}

/// Records whose class, or count, is as good as certain keep the errors of all weights finite.
#[test]
fn a_record_that_is_certain_spoils_no_error() {
    let sandbox = Sandbox::new();
    // One class on one side and three others, which are hard to tell apart, on the other.
    let x = |i: u32| f64::from(i * 37 % 101) / 25.0 - 2.0;
    let is_a = |i: u32| x(i) + f64::from(i * 29 % 23) / 10.0 - 1.1 < 0.0;
    let class = |i: u32| if is_a(i) { "a" } else { ["b", "c", "d"][i as usize % 3] };
    let rows: String = (0..400).map(|i| format!("{},{}\n", x(i), class(i))).collect();
    sandbox.file("classes.csv", format!("x,y\n{rows}"));
    sandbox.sh("deltarule train classes.csv --target y --loss log --quiet --out first.json").ok();
    let text = sandbox.sh("deltarule show first.json --json").ok().stdout;
    // Where h of a is 400 above that of the others: their chances are about 1e-174, and the product of two is 0.
    let slopes: Vec<f64> = serde_json::from_str::<serde_json::Value>(&text).unwrap()["weights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| output["weights"][0]["original"].as_f64().unwrap())
        .collect();
    let mut sorted = slopes.clone();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(slopes[0], sorted[0], "{slopes:?}");
    let far = 400.0 / (sorted[1] - sorted[0]);
    sandbox.file("certain.csv", format!("x,y\n{rows}-{far},a\n"));
    sandbox.sh("deltarule train certain.csv --target y --loss log --tolerance 1e-10 --quiet --out m.json").ok();
    let summary = sandbox.sh("deltarule show m.json --summary certain.csv").ok().stdout;
    assert!(summary.contains("standard error") && !summary.contains("not determined"), "{summary}");
    let counts: String = (0..300).map(|i| format!("{},{}\n", f64::from(i % 10) / 5.0, i % 10 / 2 + i % 3)).collect();
    sandbox.file("counts.csv", format!("x,y\n{counts}-3000,0\n"));
    let train = "deltarule train counts.csv --target y --loss poisson --task regression --quiet --out p.json";
    sandbox.sh(train).ok();
    let summary = sandbox.sh("deltarule show p.json --summary counts.csv").ok().stdout;
    assert!(summary.contains("dispersion") && !summary.contains("NaN"), "{summary}");
}

/// A record of weight v is v equal records, in all theories: estimates, errors, degrees of freedom.
#[test]
fn weighted_records_have_the_errors_of_copies() {
    let sandbox = Sandbox::new();
    let (mut weighted, mut copied) = (String::from("x,z,shop,times,y,k,class\n"), String::from("x,z,shop,y,k,class\n"));
    for i in 0..120_u32 {
        let (x, z, times) = (f64::from(i * 37 % 101) / 20.0, f64::from(i * 29 % 23) / 7.0, i * 7 % 4);
        let noise = f64::from(i * 53 % 97) / 40.0;
        let y = 2.0 * x - z + f64::from(i % 3) + noise;
        let k = (x / 2.0 + noise) as u32 + i % 2;
        let class = if x + z + 2.0 * noise > 6.5 { "yes" } else { "no" };
        let shop = ["a", "b", "web"][i as usize % 3];
        weighted += &format!("{x},{z},{shop},{times},{y},{k},{class}\n");
        copied += &format!("{x},{z},{shop},{y},{k},{class}\n").repeat(times as usize);
    }
    sandbox.file("weighted.csv", weighted);
    sandbox.file("copied.csv", copied);
    for options in [
        "--target y --drop k,class",
        "--target k --drop y,class --loss poisson --task regression",
        "--target class --drop y,k --loss log",
        "--target shop --drop y,k,class --loss log",
    ] {
        for robust in ["", "--robust HC0", "--robust HC1"] {
            train(&sandbox, "weighted.csv", &format!("{options} --weight times"));
            let own = summary(&sandbox, "weighted.csv", robust);
            train(&sandbox, "copied.csv", options);
            let copies = summary(&sandbox, "copied.csv", robust);
            assert_eq!((&own["weight"], &own["weight_sum"]), (&Value::from("times"), &copies["weight_sum"]));
            assert_eq!((own["records"].as_u64(), copies["records"].as_u64()), (Some(90), Some(180)), "{options}");
            assert_eq!(own["degrees_of_freedom"], copies["degrees_of_freedom"]);
            for ((_, input, a), (_, other, b)) in lines(&own).into_iter().zip(lines(&copies)) {
                assert_eq!(input, other);
                for (field, (a, b)) in FIELDS.iter().zip(a.iter().zip(&b)) {
                    let (a, b) = (a.unwrap(), b.unwrap());
                    assert!((a - b).abs() <= 1e-6 * b.abs().max(1e-3), "{options} {robust} {input} {field}: {a} {b}");
                }
            }
        }
    }
    let text = sandbox.sh("deltarule train weighted.csv --target y --drop k,class --weight times --quiet --out m.json --force && deltarule show m.json --summary weighted.csv").ok().stdout;
    assert!(text.contains("by column times they count as 180: one of weight v stands for v equal records"), "{text}");
}

#[test]
fn rows_are_chosen_as_in_training() {
    let sandbox = Sandbox::new();
    let rows: String = (0..200_u32)
        .map(|i| match i {
            50 => "about 3,1\n".to_owned(),
            _ => format!("{},{}\n", i % 17, 3 * (i % 17) + i * 13 % 7),
        })
        .collect();
    sandbox.file("t.csv", format!("x,y\n{rows}"));
    let rule = "--on-bad-row skip --where 'x >= 3'";
    sandbox.sh(&format!("deltarule train t.csv --target y {rule} --tolerance 1e-11 --quiet --out m.json")).ok();
    let ran = sandbox.sh("deltarule show m.json --summary t.csv");
    assert!(ran.code == Some(2) && ran.stderr.contains("about 3"), "{}", ran.stderr);
    let ran = sandbox.sh("deltarule show m.json --summary t.csv --on-bad-row skip");
    assert!(ran.code == Some(2) && ran.stderr.contains("give those"), "{}", ran.stderr);
    let said = sandbox.sh(&format!("deltarule show m.json --summary t.csv {rule} --rejects bad.csv")).ok().stdout;
    assert!(said.contains("1 row left out") && said.contains("where x >= 3: 36 other records left out"), "{said}");
    assert_eq!(sandbox.read("bad.csv").lines().count(), 2);
    let json = sandbox.sh(&format!("deltarule show m.json --summary t.csv {rule} --json")).ok().json();
    assert_eq!(
        (json["summary"]["records"].as_u64(), json["summary"]["rejected"]["rows"].as_u64()),
        (Some(163), Some(1))
    );
    let ran = sandbox.sh("deltarule show m.json --where 'x >= 3'");
    assert!(ran.code == Some(2) && ran.stderr.contains("expected --summary DATA beside it"), "{}", ran.stderr);
}

#[test]
fn a_category_of_one_level_is_said_to_be_the_same_in_every_record() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "x,z,y\n1,q,1\n2,q,2\n3,q,4\n");
    sandbox.sh("deltarule train t.csv --target y --out m.json --quiet").ok();
    let text = sandbox.sh("deltarule show m.json --summary t.csv").ok().stdout;
    let of_level = text.lines().find(|line| line.trim_start().starts_with("z=q")).unwrap();
    assert!(!text.contains("NaN") && of_level.ends_with("-  the same in every record: 0 by convention"), "{text}");
    let json = sandbox.sh("deltarule show m.json --summary t.csv --json").ok().json();
    let weights = json["summary"]["outputs"][0]["weights"].as_array().unwrap();
    assert!(weights.iter().any(|weight| weight["state"] == "constant"), "{json}");
}

#[test]
fn two_spaces_stand_between_columns_at_least() {
    let sandbox = Sandbox::new();
    let rows: String = (0..40).map(|i| format!("{},{}\n", i, 1e-9 * f64::from(i * 7919 % 13) - 1.234_567e-7)).collect();
    sandbox.file("t.csv", format!("x,y\n{rows}"));
    sandbox.sh("deltarule train t.csv --target y --out m.json --quiet").ok();
    let text = sandbox.sh("deltarule show m.json --summary t.csv").ok().stdout;
    for line in text.lines().filter(|line| line.contains(" to ")) {
        let cells: Vec<&str> = line.trim().split("  ").filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells.len(), 6, "{line}");
    }
}
