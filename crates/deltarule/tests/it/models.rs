//! Models in use: predict, evaluate, show.

use deltarule_model::{Model, Value};

use crate::support::Sandbox;

/// A table with a number, a boolean, a category and a missing value here and there.
const MIXED: &str = "\
id,size,heated,city,price
a,10,true,Ulm,101
b,20,false,Bonn,205
c,,true,Ulm,150
d,40,true,Köln,390
e,50,false,Bonn,502
f,60,,Köln,611
g,70,false,Ulm,688
h,80,true,Bonn,815
";

fn trained(options: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("data.csv", MIXED);
    let train = format!("deltarule train data.csv --target price --drop id --out m.json --quiet {options}");
    sandbox.sh(&train).ok();
    sandbox
}

#[test]
fn predict_gives_a_row_for_every_row_in_order_and_by_name() {
    let sandbox = trained("--missing mean");
    let plain = sandbox.sh("deltarule predict m.json data.csv --keep id,city").ok();
    let rows: Vec<&str> = plain.stdout.lines().collect();
    assert_eq!(rows[0], "id,city,predicted_price");
    let ids: String = rows[1..].iter().map(|row| &row[..1]).collect();
    assert_eq!(ids, "abcdefgh");
    assert!(rows.iter().all(|row| !row.ends_with(',')), "{rows:?}");
    // Other columns, another order, another delimiter, standard input: the same bits.
    let line = "awk -F, -v OFS=';' '{print $4,$3,\"x\",$2}' data.csv | sed '1s/x/other/' | deltarule predict m.json -";
    let shuffled = sandbox.sh(line).ok();
    let last = |text: &str| text.lines().map(|row| row.rsplit(',').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(last(&shuffled.stdout), last(&plain.stdout));
}

#[test]
fn the_file_and_the_scorer_give_the_same_bits() {
    let sandbox = trained("--missing mean --activation softplus");
    let model = Model::from_bytes(sandbox.read("m.json").as_bytes()).unwrap();
    let predicted = sandbox.sh("deltarule predict m.json data.csv").ok().stdout;
    let scorer = model.scorer();
    let mut output = [0.0];
    for (line, predicted) in MIXED.lines().zip(predicted.lines()).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let values: Vec<Value<'_>> = ["size", "heated", "city"]
            .iter()
            .zip(&fields[1..4])
            .map(|(name, field)| match (*name, *field) {
                (_, "") => Value::Missing,
                ("size", field) => Value::Number(field.parse().unwrap()),
                ("heated", field) => Value::Boolean(field == "true"),
                (_, field) => Value::Text(field),
            })
            .collect();
        scorer.score_row(&values, &mut output).unwrap();
        assert_eq!(output[0].to_bits(), predicted.parse::<f64>().unwrap().to_bits(), "{line}");
    }
}

#[test]
fn what_a_model_has_not_seen_is_counted() {
    let sandbox = trained("--missing mean");
    sandbox.file("new.csv", "size,heated,city\n10,true,Rom\n20,false,Ulm\n30,true,Oslo\n");
    let ran = sandbox.sh("deltarule predict m.json new.csv").ok();
    assert_eq!(ran.stdout.lines().count(), 4);
    assert!(ran.stderr.contains("2 values of column city unknown to the model"), "{}", ran.stderr);
}

#[test]
fn whole_numbers_that_f64_rounds_are_refused_where_a_model_is_used() {
    let sandbox = trained("--missing mean");
    let id = "9007199254740993";
    sandbox.file("size.csv", format!("size,heated,city,price,n\n10,true,Ulm,1,1\n{id},true,Ulm,2,{id}\n"));
    sandbox.file("price.csv", format!("size,heated,city,price\n10,true,Ulm,{id}\n"));
    let rounded = format!("found \"{id}\", expected whole numbers up to 2⁵³ in size, which f64 holds exactly");
    let train = "deltarule train data.csv --target price --drop id --missing mean --quiet";
    for (command, place) in [
        ("deltarule predict m.json size.csv", "size.csv: line 3, column \"size\""),
        ("deltarule evaluate m.json size.csv", "size.csv: line 3, column \"size\""),
        ("deltarule evaluate m.json price.csv", "price.csv: line 2, column \"price\""),
        (&format!("{train} --valid price.csv"), "price.csv: line 2, column \"price\""),
    ] {
        let ran = sandbox.sh(command);
        assert!(
            ran.code == Some(2) && ran.stderr.contains(&format!("{place}: {rounded}")),
            "{command}: {}",
            ran.stderr
        );
    }
    // What is handed on is text, and what is skipped has no prediction.
    let plain = sandbox.sh("deltarule predict m.json size.csv --keep n,size --on-bad-row skip -q").ok().stdout;
    assert!(plain.ends_with(&format!("{id},{id},\n")), "{plain}");
    sandbox.file("a.libsvm", "1 1:2\n0 1:1\n1 1:3\n");
    sandbox.file("b.libsvm", format!("1 1:{id}\n"));
    sandbox.sh("deltarule train a.libsvm --out s.json --quiet").ok();
    let ran = sandbox.sh("deltarule predict s.json b.libsvm");
    assert!(ran.code == Some(2) && ran.stderr.contains("expected whole numbers up to 2⁵³"), "{}", ran.stderr);
}

#[test]
fn a_truth_value_is_true_false_1_or_0() {
    let sandbox = trained("--missing mean");
    for word in ["7", "-3", "1e10", "0.5", "yes"] {
        sandbox.file("new.csv", format!("size,heated,city,price\n10,{word},Ulm,101\n"));
        for command in ["predict", "evaluate"] {
            let ran = sandbox.sh(&format!("deltarule {command} m.json new.csv"));
            let said =
                format!("new.csv: line 2, column \"heated\": found \"{word}\", expected true or false, or 1 or 0");
            assert!(ran.code == Some(2) && ran.stderr.contains(&said), "{}", ran.stderr);
        }
    }
    let predicted = |words: [&str; 3]| {
        let rows = words.map(|word| format!("10,{word},Ulm\n")).concat();
        sandbox.file("new.csv", format!("size,heated,city\n{rows}"));
        sandbox.sh("deltarule predict m.json new.csv").ok().stdout
    };
    assert_eq!(predicted(["1", "0", "1.0"]), predicted(["true", "false", "TRUE"]));
}

#[test]
fn a_missing_value_follows_the_rule_of_the_model() {
    for (rule, empty) in [("mean", false), ("drop", true)] {
        let sandbox = trained(&format!("--missing {rule}"));
        sandbox.file("new.csv", "size,heated,city\n10,true,Ulm\nNA,false,Ulm\n30,true,?\n");
        let ran = sandbox.sh("deltarule predict m.json new.csv --keep city").ok();
        let rows: Vec<&str> = ran.stdout.lines().skip(1).collect();
        assert_eq!(rows.len(), 3);
        assert!(!rows[0].ends_with(','), "{rows:?}");
        assert_eq!((rows[1].ends_with(','), rows[2].ends_with(',')), (empty, empty), "{rule}: {rows:?}");
        assert_eq!(
            ran.stderr.contains("2 records with a missing value got an empty prediction"),
            empty,
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn probabilities_add_up_to_one() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/iris.csv --target species --out m.json --quiet").ok();
    let text = sandbox.sh("deltarule predict m.json examples/iris.csv --proba").ok().stdout;
    assert_eq!(text.lines().next(), Some("predicted_species,p_setosa,p_versicolor,p_virginica"));
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let p: Vec<f64> = fields[1..].iter().map(|p| p.parse().unwrap()).collect();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row}");
        let largest = ["setosa", "versicolor", "virginica"][(0..3).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap()];
        assert_eq!(fields[0], largest, "{row}");
    }
}

#[test]
fn evaluate_repeats_the_scores_of_training() {
    let sandbox = Sandbox::new();
    let train = "deltarule train examples/diabetes.csv --target progression --out m.json --json";
    let trained = sandbox.sh(train).ok().json();
    let evaluated = sandbox.sh("deltarule evaluate m.json examples/diabetes.csv --worst 442 --json").ok().json();
    assert_eq!(evaluated["scores"], trained["training"]);
    let worst = evaluated["worst"].as_array().unwrap();
    let shares: Vec<f64> = worst.iter().map(|record| record["share_of_sse"].as_f64().unwrap()).collect();
    assert!(shares.is_sorted_by(|a, b| a >= b));
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "all records together are all of E");
    let errors: f64 = worst.iter().map(|record| record["error"].as_f64().unwrap()).sum();
    let sse = trained["sse"].as_f64().unwrap();
    assert!((errors - sse).abs() < 1e-12 * sse);
}

#[test]
fn show_gives_weights_in_both_units_and_the_equation() {
    let sandbox = trained("--missing mean");
    let text = sandbox.sh("deltarule show m.json").ok().stdout;
    for part in ["h(price) = ", "size", "[city=Köln]", "in your units", "in scaled units", "--missing mean", "minimum"]
    {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    // h worked out by hand from the weights in the columns' own units is what predict gives.
    let json = sandbox.sh("deltarule show m.json --json").ok().json();
    let output = &json["weights"][0];
    let weight = |name: &str| -> f64 {
        let weights = output["weights"].as_array().unwrap();
        weights.iter().find(|w| w["input"] == name).unwrap()["original"].as_f64().unwrap()
    };
    let by_hand =
        output["bias"]["original"].as_f64().unwrap() + 10.0 * weight("size") + weight("heated") + weight("city=Ulm");
    sandbox.file("one.csv", "size,heated,city\n10,true,Ulm\n");
    let predicted = sandbox.sh("deltarule predict m.json one.csv").ok().stdout;
    let predicted: f64 = predicted.lines().nth(1).unwrap().parse().unwrap();
    assert!((predicted - by_hand).abs() < 1e-9 * predicted.abs(), "{predicted} against {by_hand}");
}

#[test]
fn a_file_of_predictions_appears_whole_or_not_at_all() {
    let sandbox = trained("--missing mean");
    sandbox.file("new.csv", "size,heated,city\n10,true,Ulm\nbig,true,Ulm\n");
    assert_eq!(sandbox.sh("deltarule predict m.json new.csv --out p.csv").code, Some(2));
    assert!(!sandbox.names().contains("p.csv"));
    sandbox.sh("deltarule predict m.json data.csv --out p.csv").ok();
    assert_eq!(sandbox.read("p.csv").lines().count(), 9);
    let again = sandbox.sh("deltarule predict m.json data.csv --out p.csv");
    assert_eq!(again.code, Some(2));
    sandbox.sh("deltarule predict m.json data.csv --out p.csv --force").ok();
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = trained("--missing mean");
    let many = r#"(head -1 data.csv; yes "$(sed -n 2p data.csv)" | head -20000) > many.csv"#;
    sandbox.sh(many).ok();
    let ran = sandbox.sh("deltarule predict m.json many.csv | head -2; exit ${PIPESTATUS[0]}").ok();
    assert_eq!(ran.stderr, "");
}

#[test]
fn reasons_and_the_average_add_up_to_the_net_input() {
    let sandbox = Sandbox::new();
    sandbox.file("data.csv", MIXED);
    sandbox.file("l.libsvm", "1 1:2 3:1.5\n-1 2:1\n1 1:3 2:0.5\n-1\n1 3:4\n-1 2:2 3:1\n");
    let tables = [
        ("data.csv --target price --drop id --missing mean", "data.csv"),
        ("data.csv --target price --drop id --missing mean --scale none", "data.csv"),
        ("data.csv --target price,size --drop id --missing mean", "data.csv"),
        ("data.csv --target price --features city,heated --hash city:12 --missing mean", "data.csv"),
        ("examples/ten.csv --target passed --activation sigmoid", "examples/ten.csv"),
        ("examples/iris.csv --target species", "examples/iris.csv"),
        ("l.libsvm --epochs 20", "l.libsvm"),
    ];
    for (train, data) in tables {
        sandbox.sh(&format!("deltarule train {train} --out m.json --force --quiet")).ok();
        let model = Model::from_bytes(sandbox.read("m.json").as_bytes()).unwrap();
        let rows = sandbox.sh(&format!("deltarule predict m.json {data} --proba --reasons 2"));
        let text = if rows.code == Some(0) {
            rows.stdout
        } else {
            sandbox.sh(&format!("deltarule predict m.json {data} --reasons 2")).ok().stdout
        };
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        for row in lines {
            assert_eq!(row.len(), header.len(), "{train}: {row:?}");
            let mut h = None;
            let mut sum = 0.0;
            for (name, field) in header.iter().zip(&row) {
                let value = field.parse().unwrap_or(0.0);
                match *name {
                    _ if name.starts_with("h_") || *name == "h" => (h, sum) = (Some(value), 0.0),
                    _ if name.starts_with("average_h") || name.starts_with("contribution_") => sum += value,
                    _ if name.starts_with("others") => {
                        let h: f64 = h.take().unwrap();
                        sum += value;
                        assert!((h - sum).abs() <= 1e-9 * (1.0 + h.abs()), "{train}: {h} and {sum}");
                        // f(h) is what was predicted: the number, or the probability of the class that h speaks for.
                        let output = model.layer().activation().value(h);
                        let found = row.iter().filter_map(|field| field.parse::<f64>().ok());
                        let nearest = found.map(|p| (p - output).abs()).fold(f64::INFINITY, f64::min);
                        let normalised = model.layer().parameters().n_outputs() == 3;
                        assert!(normalised || nearest <= 1e-9 * (1.0 + output.abs()), "{train}: {output} {row:?}");
                    }
                    _ => {}
                }
            }
            assert!(h.is_none());
        }
    }
}

#[test]
fn a_reason_tells_what_is_there_and_what_is_usual() {
    let sandbox = trained("--missing mean --epochs 2000");
    sandbox.file("new.csv", "size,heated,city\n1000,true,Paris\n,false,Ulm\n");
    let text = sandbox.sh("deltarule predict m.json new.csv --reasons 3 --quiet").ok().stdout;
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[1].contains("size = 1000 (mean 47.1429)") && rows[1].contains("city is new or missing"), "{text}");
    assert!(rows[2].contains("size is missing,0.0"), "{text}");
    for wrong in ["0", "x", "-1", "1001"] {
        let ran = sandbox.sh(&format!("deltarule predict m.json new.csv --reasons={wrong}"));
        assert!(ran.code == Some(2) && ran.stderr.contains("from 1 to 1000"), "{}", ran.stderr);
    }
}

#[test]
fn a_threshold_decides_in_evaluate_as_in_predict() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/breast_cancer.csv --target diagnosis --quiet --epochs 30 --out m.json").ok();
    for threshold in ["0.05", "0.5", "0.999", "0", "1"] {
        let command = format!("deltarule evaluate m.json examples/breast_cancer.csv --threshold {threshold} --json");
        let chosen = &sandbox.sh(&command).ok().json()["decisions"]["chosen"];
        let predict =
            format!("deltarule predict m.json examples/breast_cancer.csv --threshold {threshold} --keep diagnosis");
        let text = sandbox.sh(&predict).ok().stdout;
        let model = Model::from_bytes(sandbox.read("m.json").as_bytes()).unwrap();
        let second = &model.encoding().target.classes().unwrap()[1];
        let mut found = [0_u64; 4];
        for row in text.lines().skip(1) {
            let (own, predicted) = row.split_once(',').unwrap();
            found[usize::from(own == second) * 2 + usize::from(predicted == second)] += 1;
        }
        let keys = ["true_negatives", "false_positives", "false_negatives", "true_positives"];
        let expected = keys.map(|key| chosen[key].as_u64().unwrap());
        assert_eq!(found, expected, "{threshold}");
    }
    let text = sandbox.sh("deltarule evaluate m.json examples/breast_cancer.csv --cost fn=10,fp=1").ok().stdout;
    for words in ["costs 1, a missed one 10", "0.0909091", "cheapest", "always ", "never ", "calibration"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    sandbox.sh("deltarule train examples/iris.csv --target species --quiet --out i.json").ok();
    for (line, words) in [
        ("evaluate i.json examples/iris.csv --threshold 0.5", "a model of 3 classes, expected one of two classes"),
        ("evaluate i.json examples/iris.csv --cost fp=1,fn=2", "--cost: found a model of 3 classes"),
        ("predict i.json examples/iris.csv --threshold 0.5", "leave --threshold out"),
        ("evaluate m.json examples/breast_cancer.csv --threshold 0.3333", "steps of 0.001"),
        ("evaluate m.json examples/breast_cancer.csv --threshold=-0.1", "from 0 to 1"),
        ("predict m.json examples/breast_cancer.csv --threshold 1.1", "from 0 to 1"),
        ("evaluate m.json examples/breast_cancer.csv --cost fp=1", "fp=1,fn=10"),
        ("evaluate m.json examples/breast_cancer.csv --cost fp=1,fp=2,fn=3", "fp=1,fn=10"),
        ("evaluate m.json examples/breast_cancer.csv --cost fp=0,fn=3", "above 0"),
        ("evaluate m.json examples/breast_cancer.csv --cost fp=nan,fn=3", "above 0"),
    ] {
        let ran = sandbox.sh(&format!("deltarule {line}"));
        assert!(ran.code == Some(2) && ran.stderr.contains(words), "{line}: {}", ran.stderr);
    }
}

#[test]
fn no_two_columns_of_predictions_have_one_name() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "x,predicted_y,y\n1,2,3\n2,1,5\n3,5,7\n");
    sandbox.sh("deltarule train t.csv --target y --features x --out m.json --quiet").ok();
    for keep in ["predicted_y", "x,x"] {
        let ran = sandbox.sh(&format!("deltarule predict m.json t.csv --keep {keep} --out p.csv"));
        assert!(ran.code == Some(2) && ran.stderr.contains("of which the output would have two"), "{}", ran.stderr);
    }
    assert!(!sandbox.names().contains("p.csv"));
    sandbox.sh("deltarule predict m.json t.csv --keep x,y").ok();
}

#[test]
fn a_name_with_a_comma_stands_in_quotes() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "\"a,b\",\"c,d\",y\n1,u,3\n2,v,5\n3,u,8\n4,v,9\n5,u,11\n6,v,14\n");
    let names = |options: &str| {
        let line = format!("deltarule train t.csv {options} --out m.json --force --quiet && deltarule show m.json");
        sandbox.sh(&line).ok().stdout.lines().find(|line| line.starts_with("h(")).unwrap_or_default().to_owned()
    };
    let only = names(r#"--target y --features '"a,b"'"#);
    assert_eq!(names(r#"-t y --drop='"c,d"'"#), only);
    assert!(only.contains("a,b") && !only.contains("c,d"), "{only}");
    let made = names(r#"--target y --poly '"a,b":2' --interact '"a,b":"c,d"'"#);
    assert!(made.contains("(a,b - 3.5)^2") && made.contains("[c,d=u]"), "{made}");
    names(r#"--target '"a,b",y' --hash '"c,d":4'"#);
    names(r#"--target '"c,d"' --loss log --l2 0.1"#);
    let kept = sandbox.sh(r#"deltarule predict m.json t.csv --keep 'y,"a,b"'"#).ok().stdout;
    assert!(kept.starts_with("y,\"a,b\","), "{kept}");
}
