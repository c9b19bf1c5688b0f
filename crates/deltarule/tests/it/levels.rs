//! `--missing level`, `--missing mean+flag` and `--min-count`: the networks of columns made by hand, with the same bits from everywhere.

use deltarule_model::{Model, Value as Cell};
use serde_json::Value;

use crate::support::Sandbox;

/// A level of each record, some of which are rare; nothing where it is missing.
fn city(k: usize) -> Option<&'static str> {
    let rare = ["Aalen", "Zell", "Kehl", "Worms", "Ahlen"];
    match k * k % 41 {
        0..12 => Some("Ulm"),
        12..24 => Some("Bonn"),
        24..34 => Some("Mainz"),
        34..37 => None,
        _ if k.is_multiple_of(3) => Some("Trier"),
        _ => rare.get(k * 7 % 60).copied().or(Some("Ulm")),
    }
}

fn size(k: usize) -> Option<f64> {
    (!(k * 3 % 17).is_multiple_of(6)).then(|| (k * 13 % 97) as f64 / 7.0)
}

fn heated(k: usize) -> Option<bool> {
    (k % 23 != 4).then(|| (k * k).is_multiple_of(5))
}

/// A table of these as `write` puts each record down.
fn table(header: &str, records: usize, write: impl Fn(usize) -> String) -> String {
    let y = |k: usize| {
        let base = size(k).unwrap_or(11.0) / 3.0 + city(k).map_or(2.5, |city| city.len() as f64);
        base + f64::from(u8::from(heated(k) == Some(true))) + (k * 31 % 11) as f64 / 10.0
    };
    let line = |k| format!("{},{}\n", write(k), y(k));
    format!("{header},y\n{}", (0..records).map(line).collect::<String>())
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn raw(records: usize) -> String {
    table("size,heated,city", records, |k| format!("{},{},{}", text(size(k)), text(heated(k)), text(city(k))))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn weights(json: &Value) -> Vec<(String, f64)> {
    let all = json["weights"][0]["weights"].as_array().unwrap().iter();
    all.map(|w| (w["input"].as_str().unwrap().to_owned(), number(&w["original"]))).collect()
}

/// A model but for what says where it came from.
fn model(sandbox: &Sandbox, name: &str) -> String {
    let origin = ["\"command\"", "\"data\"", "\"fingerprint\""];
    sandbox.read(name).lines().filter(|line| !origin.iter().any(|key| line.contains(key))).collect()
}

#[test]
fn missing_levels_flags_and_pools_are_those_made_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", raw(2000));
    let flag = |missing: bool| if missing { "true" } else { "false" };
    let level = |k| city(k).unwrap_or("(missing)");
    let counts = |name: &str| (0..2000).filter(|&k| level(k) == name).count();
    let pooled = |k| if counts(level(k)) < 40 { "(rare)" } else { level(k) };
    assert!(counts("Aalen") < 40 && counts("Kehl") > 0 && counts("Trier") >= 40);
    let level_of = |k: usize| format!("{},{},{}", text(size(k)), text(heated(k)), level(k));
    let flags_of = |k: usize| {
        let (s, h) = (flag(size(k).is_none()), flag(heated(k).is_none()));
        format!("{},{s},{},{h},{}", text(size(k)), text(heated(k)), level(k))
    };
    let pooled_of = |k: usize| format!("{},{},{}", text(size(k)), text(heated(k)), pooled(k));
    let flags = "size,size: missing,heated,heated: missing,city";
    sandbox.file("level.csv", table("size,heated,city", 2000, level_of));
    sandbox.file("flag.csv", table(flags, 2000, flags_of));
    sandbox.file("pooled.csv", table("size,heated,city", 2000, pooled_of));
    for (options, made) in [
        ("--missing level", "level.csv"),
        ("--missing mean+flag", "flag.csv"),
        ("--missing level --min-count 40", "pooled.csv"),
    ] {
        for descent in [
            "--epochs 200 --eta 0.3",
            "--batch 8 --epochs 5 --eta 0.05",
            "--valid 0.25 --batch 1 --epochs 3 --eta 0.02",
        ] {
            let train = |file: &str, options: &str| {
                let line = format!("deltarule train {file} --target y {options} {descent} --json --out m.json --force");
                let json = sandbox.sh(&line).ok().json();
                let text = sandbox.read("m.json");
                assert_eq!(Model::from_bytes(text.as_bytes()).unwrap().to_json(), text);
                (number(&json["sse"]), weights(&json))
            };
            if descent.contains("--valid") && options.contains("--min-count") {
                // Which levels are rare is counted among the records that are trained on.
                continue;
            }
            let ((e, found), (right, expected)) = (train("t.csv", options), train(made, "--missing mean"));
            assert_eq!((e, found), (right, expected), "{options} {descent}");
        }
    }
}

#[test]
fn the_bits_are_the_same_from_everywhere_and_prediction_has_them_too() {
    let sandbox = Sandbox::new();
    let text = raw(20_000);
    sandbox.file("t.csv", &text);
    let json = |line: &str| {
        let f: Vec<&str> = line.split(',').collect();
        let null = |text: &str| if text.is_empty() { "null".to_owned() } else { text.to_owned() };
        let (size, heated, city, y) = (null(f[0]), null(f[1]), f[2], f[3]);
        format!("{{\"size\":{size},\"heated\":{heated},\"city\":\"{city}\",\"y\":{y}}}\n")
    };
    sandbox.file("t.jsonl", text.lines().skip(1).map(json).collect::<String>());
    for rest in [
        "--missing mean+flag --min-count 300 --epochs 30",
        "--missing mean+flag --hash city:6 --batch 1 --epochs 2 --valid 0.2",
        "--missing level --batch 32 --epochs 2 --valid 0.2 --min-count 300 --precision f32",
    ] {
        let train = |data: &str, extra: &str| {
            let line = format!("deltarule train {data} {rest} --target y --out m.json --force {extra}");
            let ran = sandbox.sh(&line).ok();
            assert_eq!(ran.stderr.contains("on disk"), extra.contains("--memory"), "{line}\n{}", ran.stderr);
            model(&sandbox, "m.json")
        };
        let said = sandbox.sh(&format!("deltarule train t.csv {rest} --target y --json")).ok().json();
        let expected = train("t.csv", "--threads 2");
        for threads in [1, 3] {
            let tight = threads * 8 * 1024 * 1024 + (2 * threads + 3) * 4096 * 28;
            assert_eq!(train("t.csv", &format!("--threads {threads}")), expected, "{rest}, {threads} threads");
            let spilled = train("t.csv", &format!("--threads {threads} --memory {tight}B"));
            assert_eq!(spilled, expected, "{rest}, {threads} threads, spilled");
        }
        assert_eq!(train("t.jsonl", ""), expected, "{rest}, JSON lines");
        // A record after the other gives what a pass over the table does.
        let evaluated = sandbox.sh("deltarule evaluate m.json t.jsonl --json").ok().json();
        if !rest.contains("--valid") {
            let of = |scores: &Value| scores["targets"][0]["model"].clone();
            assert_eq!(of(&evaluated["scores"]), of(&said["training"]), "{rest}");
        }
    }
}

#[test]
fn what_is_missing_rare_or_unknown_is_predicted_and_told() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", raw(2000));
    let train = "deltarule train t.csv --target y --missing mean+flag --min-count 40 --epochs 100 --out m.json";
    let said = sandbox.sh(train).ok().stdout;
    for part in [
        "city: what is missing is the level (missing), in ",
        "levels have fewer than 40 records, ",
        "and are the level (rare)",
        "inputs say which values are missing, of (in so many records): size (",
        "heated (87)",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    sandbox.file("new.csv", "size,heated,city\n,,\n3,true,Rome\n3,true,Aalen\n3,true,Ulm\n");
    let ran = sandbox.sh("deltarule predict m.json new.csv").ok();
    assert_eq!(ran.stderr, "2 values of column city rare in training or unknown counted as (rare)\n");
    let found: Vec<f64> = ran.stdout.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert!(found[1] == found[2] && found[1] != found[3]);
    let model = Model::from_bytes(sandbox.read("m.json").as_bytes()).unwrap();
    assert_eq!(model.encoding().columns(), ["size", "heated", "city"]);
    let rows = [
        [Cell::Missing, Cell::Number(f64::NAN), Cell::Missing],
        [Cell::Number(3.0), Cell::Boolean(true), Cell::Text("Rome")],
        [Cell::Number(3.0), Cell::Boolean(true), Cell::Text("(rare)")],
        [Cell::Number(3.0), Cell::Boolean(true), Cell::Text("Ulm")],
    ];
    for (row, found) in rows.iter().zip(&found) {
        let mut one = [0.0];
        model.scorer().score_row(row, &mut one).unwrap();
        assert_eq!(one, [*found], "{row:?}");
    }
    let reasons = sandbox.sh("deltarule predict m.json new.csv --reasons 9").ok().stdout;
    assert!(reasons.contains("city = (missing)") && reasons.contains("size: missing = 1"), "{reasons}");
    let shown = sandbox.sh("deltarule show m.json").ok().stdout;
    for part in [
        "city=(missing) ",
        "city=(rare) ",
        "size: missing ",
        "[city=(rare)] is 1 for levels with fewer than 40 training records",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    for line in [
        "deltarule sweep t.csv --target y --missing mean+flag --min-count 40 --eta 0.1,auto --epochs 3",
        "deltarule explain t.csv --target y --missing mean+flag --min-count 40 --record 5",
        "deltarule explain m.json t.csv --record 5",
        "deltarule check t.csv --target y --missing level --min-count 40",
        "deltarule evaluate m.json t.csv",
    ] {
        sandbox.sh(line).ok();
    }
}

#[test]
fn nothing_is_made_of_what_is_not_there() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table("size,city", 300, |k| format!("{}.5,{}", k * 7 % 50, ["Ulm", "Bonn"][k % 2])));
    let train = |options: &str| {
        sandbox.sh(&format!("deltarule train t.csv --target y {options} --epochs 5 --out m.json --force")).ok();
        model(&sandbox, "m.json").replace("mean+flag", "error").replace("\"level\"", "\"error\"")
    };
    let expected = train("");
    assert_eq!(train("--missing mean+flag"), expected);
    assert_eq!(train("--missing level"), expected);
    // No level is rare: an unknown one is none of the levels, as without a pool.
    train("--min-count 2");
    sandbox.file("new.csv", "size,city\n1,Rome\n");
    let said = sandbox.sh("deltarule predict m.json new.csv").ok().stderr;
    assert_eq!(said, "1 value of column city unknown to the model counted as none of its levels\n");
}

#[test]
fn levels_that_are_called_like_the_pools_are_in_them() {
    let sandbox = Sandbox::new();
    let of = |k: usize| ["(missing)", "(rare)", "", "Ulm", "Bonn"][k % 5];
    let cities = table("city", 100, |k| if k == 7 { "Kehl".to_owned() } else { of(k).to_owned() });
    sandbox.file("t.csv", cities);
    let train = "deltarule train t.csv --target y --missing level --min-count 5 --epochs 5 --json";
    let names: Vec<String> = weights(&sandbox.sh(train).ok().json()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["city=(missing)", "city=(rare)", "city=Bonn", "city=Ulm"]);
}

#[test]
fn levels_that_no_finite_weight_fits_best_are_told() {
    let sandbox = Sandbox::new();
    let mut rows = String::from("city,age,bought\n");
    for k in 0..200_usize {
        let (city, age) = (["Ulm", "Bonn", "Mainz", "Trier"][k % 4], 20 + k * 37 % 61);
        let bought = (age + k * 53 % 40 > 70 && city != "Trier") || k % 50 == 0;
        rows.push_str(&format!("{city},{age},{}\n", if bought { "yes" } else { "no" }));
    }
    sandbox.file("t.csv", rows);
    let warnings = |options: &str| {
        let line = format!("deltarule train t.csv --target bought {options} --json");
        sandbox.sh(&line).ok().json()["warnings"].as_array().unwrap().iter().map(Value::to_string).collect::<String>()
    };
    for loss in ["--loss log", "--loss squared --epochs 50"] {
        let told = warnings(loss);
        let level = r#"the level \"city=Trier\", whose records are all \"no\", has no finite minimum"#;
        assert!(told.contains(level), "{loss}: {told}");
    }
    // What bounds the weight, what pools the level, and what fits it with a finite weight.
    for options in
        ["--loss log --l2 0.01", "--loss log --min-count 51", "--activation identity", "--loss log --drop city"]
    {
        let told = warnings(options);
        assert!(!told.contains("no finite minimum"), "{options}: {told}");
    }
}

/// Where rare levels are pooled already, a pure level is not one of them.
#[test]
fn pure_levels_that_are_not_rare_are_not_advised_to_be_pooled() {
    let sandbox = Sandbox::new();
    let rows = (0..400).map(|k| {
        let (city, y) = (["Ulm", "Bonn", "Mainz", "Trier"][k % 4], k * 37 % 61 > 30 && k % 4 != 3);
        format!("{city},{},{}\n", k * 53 % 47, if y { "yes" } else { "no" })
    });
    sandbox.file("t.csv", format!("city,x,y\n{}", rows.collect::<String>()));
    for (options, is_advised) in [("", true), ("--min-count 20", false)] {
        let told = sandbox.sh(&format!("deltarule train t.csv --target y --loss log {options}")).ok().stdout;
        assert!(told.contains("has no finite minimum") && told.contains("try --l2 0.001"), "{options}: {told}");
        assert_eq!(told.contains("or --min-count 20"), is_advised, "{options}: {told}");
    }
}

/// A model of very many levels does not run off the terminal; what is left out is told, and `--most` shows it.
#[test]
fn of_very_many_weights_the_largest_are_shown() {
    let sandbox = Sandbox::new();
    let rows = (0..6000).map(|k| format!("u{},{},{}\n", k % 1200, k * 31 % 17, (k % 1200) * 7 % 101));
    sandbox.file("t.csv", format!("user,x,y\n{}", rows.collect::<String>()));
    sandbox.sh("deltarule train t.csv --target y --epochs 5 --quiet --out m.json");
    let lines = |options: &str| sandbox.sh(&format!("deltarule show m.json {options}")).ok().stdout;
    let shown = lines("");
    assert!(shown.lines().count() < 100 && shown.contains("… the 60 largest of 1201 weights"), "{shown}");
    assert!(lines("--most 1201").lines().filter(|line| line.starts_with("  user=")).count() == 1200);
    assert!(lines("--most 3").contains("… the 3 largest of 1201 weights"));
}

/// Words such as - and None are levels of a text, and said to be; what spreadsheets and pandas write is missing in every column.
#[test]
fn words_that_may_stand_for_what_is_missing_are_told() {
    let sandbox = Sandbox::new();
    let table = |word: &str| {
        let rows = (0..300).map(|k| {
            let city = if k % 10 == 0 { word } else { ["Ulm", "Bonn", "Mainz"][k % 3] };
            let is_missing = k % 15 == 0 && !["-", "None", "unknown"].contains(&word);
            let x = if is_missing { word.to_owned() } else { (k * 7 % 31).to_string() };
            format!("{city},{x},{}\n", k * 13 % 47)
        });
        format!("city,x,y\n{}", rows.collect::<String>())
    };
    let run = |word: &str, options: &str| {
        sandbox.file("t.csv", table(word));
        sandbox.sh(&format!("deltarule {options}")).ok()
    };
    for word in ["-", "None"] {
        let warning = format!("city: {word:?} is a level as others are; if it stands for what is missing");
        for options in ["train t.csv --target y", "inspect t.csv"] {
            let told = run(word, options).stdout;
            assert!(told.contains(&warning), "{told}");
        }
    }
    assert!(!run("unknown", "train t.csv --target y --features city").stdout.contains("stands for what is missing"));
    sandbox.file("t.csv", "x,y\n1,yes\n2,no\n3,None\n4,yes\n");
    let told = sandbox.sh("deltarule train t.csv --target y").ok().stdout;
    assert!(told.contains(r#"target y: "None" is a class as others are"#), "{told}");
    let weights = |word: &str| run(word, "train t.csv --target y --missing level --json").json()["weights"].clone();
    let empty = weights("");
    for word in ["NA", "#N/A", "<NA>", "#n/a"] {
        assert_eq!(weights(word), empty, "{word}");
    }
}
