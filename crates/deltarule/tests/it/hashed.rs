//! `--hash`: the network of a category, with the same bits from everywhere, and models that come back.

use deltarule_model::Model;
use serde_json::Value;

use crate::support::Sandbox;

/// Numbers, a word of which some are missing, and ids of which each comes up a few times.
fn table(records: usize, ids: usize) -> String {
    let mut text = String::from("id,word,a,b,y,class\n");
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    for _ in 0..records {
        let (id, a, b) = ((next() * ids as f64) as usize, next(), next());
        let word = ["ash", "elm", "oak", "yew", ""][(next() * 4.2) as usize];
        let y = a - 2.0 * b + (id * 37 % 101) as f64 / 50.0 + if word == "oak" { 0.5 } else { 0.0 } + 0.2 * next();
        text += &format!("{id},{word},{a},{b},{y},{}\n", if y > 0.6 { "yes" } else { "no" });
    }
    text
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn predictions(sandbox: &Sandbox, line: &str) -> Vec<f64> {
    let text = sandbox.sh(line).ok().stdout;
    text.lines().skip(1).map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect()
}

/// A model but for what says where it came from.
fn model(sandbox: &Sandbox, name: &str) -> String {
    let origin = ["\"command\"", "\"data\"", "\"fingerprint\""];
    sandbox.read(name).lines().filter(|line| !origin.iter().any(|key| line.contains(key))).collect()
}

#[test]
fn without_a_collision_it_is_the_network_of_the_category() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(3000, 40));
    // What η is chosen depends on rounding, and with it on the order of the inputs.
    for (rest, tolerance) in [
        ("--target y --drop class", 1e-6),
        ("--target y --drop class --batch 16 --epochs 20 --eta 0.05", 1e-9),
        ("--target class --drop y --epochs 200 --eta 2", 1e-9),
        ("--target class --drop y --valid 0.3 --batch 1 --epochs 5 --eta 0.05 --missing drop", 1e-9),
    ] {
        let rest = if rest.contains("--missing") { rest.to_owned() } else { format!("{rest} --missing mean") };
        let train = |columns: &str, name: &str| {
            sandbox.sh(&format!("deltarule train t.csv {rest} {columns} --out {name} --force --json")).ok().json()
        };
        let hashed = train("--hash id:20,word", "h.json");
        let expected = train("--categorical id,word", "c.json");
        let n_inputs = |json: &Value| json["weights"][0]["weights"].as_array().unwrap().len();
        assert_eq!(n_inputs(&hashed), n_inputs(&expected), "{rest}: no two values share a bucket");
        let (found, e) = (number(&hashed["sse"]), number(&expected["sse"]));
        assert!((found - e).abs() <= 1e-9 * e, "{rest}: E = {found}, of the category {e}");
        let predict = |name: &str| {
            let proba = if rest.contains("class --drop y") { "--proba" } else { "" };
            predictions(&sandbox, &format!("deltarule predict {name} t.csv {proba} --quiet"))
        };
        // A record without a word has no prediction where such records were dropped.
        let (found, expected) =
            if rest.contains("--missing drop") { continue } else { (predict("h.json"), predict("c.json")) };
        assert_eq!((found.len(), expected.len()), (3000, 3000));
        let apart = found.iter().zip(&expected).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max);
        assert!(apart < tolerance, "{rest}: {apart}");
    }
}

#[test]
fn the_bits_are_the_same_from_everywhere() {
    let sandbox = Sandbox::new();
    let text = table(20_000, 9000);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let json = |line: &&str| {
        let f: Vec<&str> = line.split(',').collect();
        let (id, word, a, b, y, class) = (f[0], f[1], f[2], f[3], f[4], f[5]);
        format!("{{\"id\":{id},\"word\":\"{word}\",\"a\":{a},\"b\":{b},\"y\":{y},\"class\":\"{class}\"}}\n")
    };
    sandbox.file("t.jsonl", lines.iter().map(json).collect::<String>());
    sandbox.file("1.csv", format!("id,word,a,b,y,class\n{}\n", lines[..7000].join("\n")));
    sandbox.file("2.csv", format!("id,word,a,b,y,class\n{}\n", lines[7000..].join("\n")));
    sandbox.file("t.csv", &text);
    sandbox.sh("gzip -k t.csv").ok();
    for (rest, bytes) in [
        ("--target y --drop class --epochs 30", 32),
        ("--target class --drop y --batch 1 --epochs 3 --valid 0.2", 28),
        ("--target class --drop y --batch 32 --epochs 3 --precision f32", 28),
    ] {
        let train = |data: &str, extra: &str| {
            let line =
                format!("deltarule train {data} {rest} --hash id:12,word --missing mean --out m.json --force {extra}");
            let said = sandbox.sh(&line).ok().stderr;
            let spills = extra.contains("--memory");
            assert_eq!(said.contains("on disk"), spills, "{line}\n{said}");
            model(&sandbox, "m.json")
        };
        let expected = train("t.csv", "--threads 2");
        for threads in [1, 2, 3, 8] {
            let page = 4096 * bytes;
            let tight = threads * 8 * 1024 * 1024 + (2 * threads + 1 + 2) * page;
            assert_eq!(train("t.csv", &format!("--threads {threads}")), expected, "{rest}, {threads} threads");
            let spilled = train("t.csv", &format!("--threads {threads} --memory {tight}B"));
            assert_eq!(spilled, expected, "{rest}, {threads} threads, spilled");
        }
        for data in ["t.csv.gz", "t.jsonl", "1.csv 2.csv", "- < t.csv"] {
            assert_eq!(train(data, "--threads 3"), expected, "{rest}, {data}");
        }
        for width in ["portable", "avx2"] {
            let line = format!(
                "DELTARULE_WIDTH={width} deltarule train t.csv {rest} --hash id:12,word --missing mean --out m.json --force"
            );
            sandbox.sh(&line).ok();
            assert_eq!(model(&sandbox, "m.json"), expected, "{rest}, {width}");
        }
        for _ in 0..2 {
            assert_eq!(train("t.csv", "--cache t.cache"), expected, "{rest}, cache");
        }
        std::fs::remove_file(sandbox.path().join("t.cache")).unwrap();
    }
}

#[test]
fn a_cache_of_other_buckets_is_made_anew() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(2000, 300));
    let train = |hash: &str| {
        let rest = "--target y --drop class --missing mean --epochs 5 --cache t.cache --out m.json --force";
        let ran = sandbox.sh(&format!("deltarule train t.csv {rest} {hash}")).ok();
        (model(&sandbox, "m.json"), ran.stderr)
    };
    let (first, _) = train("--hash id:10");
    assert_eq!(train("--hash id:10"), (first.clone(), "the table was taken from the cache t.cache\n".to_owned()));
    for other in ["--hash id:11", "--hash id:10,word", ""] {
        assert!(train(other).1.contains("made anew, since it was made with other options of reading"), "{other}");
    }
    assert_eq!(train("--hash id:10").0, first);
}

#[test]
fn a_hashed_model_comes_back_scores_and_counts_what_is_unseen() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(2000, 300));
    let train =
        "deltarule train t.csv --target class --drop y --hash id,word:4 --missing mean --epochs 40 --out m.json --json";
    let trained = sandbox.sh(train).ok().json();
    let text = sandbox.read("m.json");
    assert_eq!(Model::from_bytes(text.as_bytes()).unwrap().to_json(), text);
    let evaluated = sandbox.sh("deltarule evaluate m.json t.csv --json").ok().json();
    assert_eq!(evaluated["scores"], trained["training"]);
    // An id that did not occur adds nothing to h, and a missing word neither.
    let shown = sandbox.sh("deltarule show m.json --json").ok().json();
    assert_eq!((&shown["features"][0]["kind"], &shown["features"][0]["bits"]), (&"hashed".into(), &18.into()));
    let bias = number(&shown["weights"][0]["bias"]["original"]);
    let weight = |name: &str| {
        let all = shown["weights"][0]["weights"].as_array().unwrap();
        number(&all.iter().find(|w| w["input"] == name).unwrap()["original"])
    };
    sandbox.file("new.csv", "id,word,a,b\nnobody,,0.5,0.25\n");
    let ran = sandbox.sh("deltarule predict m.json new.csv --proba").ok();
    let h = bias + 0.5 * weight("a") + 0.25 * weight("b");
    let p: f64 = ran.stdout.lines().nth(1).unwrap().rsplit(',').next().unwrap().parse().unwrap();
    assert!((p - 1.0 / (1.0 + (-h).exp())).abs() < 1e-12, "{p} at h = {h}");
    assert_eq!(
        ran.stderr,
        "1 value of column id hashed into buckets that did not occur in training counted with weight 0\n"
    );
    // 17 and 17.0 are one id.
    sandbox.file("whole.csv", "id,word,a,b\n17,oak,0.5,0.25\n").file("float.csv", "id,word,a,b\n17.0,oak,0.5,0.25\n");
    let of = |file: &str| sandbox.sh(&format!("deltarule predict m.json {file} --proba")).ok().stdout;
    assert_eq!(of("whole.csv"), of("float.csv"));
}

#[test]
fn show_lists_the_largest_buckets_and_says_what_they_are() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(2000, 300));
    sandbox.sh("deltarule train t.csv --target y --drop class,word --hash id --epochs 40 --out m.json").ok();
    let shown = sandbox.sh("deltarule show m.json").ok().stdout;
    for part in [
        " + w[id] ",
        "w[id] is the weight of the bucket, one of 2^18 = 262144, that a value of id is hashed into (xxh64)",
        "… the 20 largest of 299 weights of buckets; --json shows all",
        "which values they are, a bucket does not tell",
        "the levels, or buckets, of a category average to zero",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    assert_eq!(shown.lines().filter(|line| line.starts_with("  id#")).count(), 20, "{shown}");
}

#[test]
fn every_command_that_prepares_a_table_takes_it() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(400, 30));
    let columns = "t.csv --target y --drop class --missing mean --hash id:10,word:3";
    let swept = sandbox.sh(&format!("deltarule sweep {columns} --eta 0.1,auto --epochs 5 --out m.json")).ok().stdout;
    assert!(swept.contains("run 2"), "{swept}");
    sandbox.sh("deltarule evaluate m.json t.csv").ok();
    assert!(sandbox.sh(&format!("deltarule check {columns}")).ok().stdout.contains("the gradient is right"));
    let explained = sandbox.sh(&format!("deltarule explain {columns} --record 3")).ok().stdout;
    assert_eq!(explained.matches("\n   id#").count(), 2, "{explained}");
    assert!(sandbox.sh("deltarule explain m.json t.csv --record 3").ok().stdout.contains("id#"));
    let inspected = sandbox.sh("deltarule inspect t.csv --target y --hash id:3").ok().stdout;
    assert!(inspected.contains("30 values in 8 of 8 buckets"), "{inspected}");
    // The weights on the way name buckets, and descent can start from them again.
    let path = format!("deltarule train {columns} --epochs 5 --path path.csv --out a.json");
    sandbox.sh(&path).ok();
    let on = sandbox.sh(&format!("deltarule train {columns} --epochs 0 --init path.csv --json")).ok().json();
    let end = sandbox.sh("deltarule show a.json --json").ok().json();
    assert!((number(&on["start_sse"]) / number(&end["training"]["sse"]) - 1.0).abs() < 1e-12);
}

#[test]
fn buckets_without_a_finite_minimum_are_told_as_such() {
    let sandbox = Sandbox::new();
    let line =
        |i: usize| format!("u{},{},{}\n", i % 40, i % 7, if i % 40 < 3 || i.is_multiple_of(3) { "yes" } else { "no" });
    sandbox.file("t.csv", format!("id,x,y\n{}", (0..400).map(line).collect::<String>()));
    let said = |column: &str| {
        sandbox.sh(&format!("deltarule train t.csv --target y --loss log --epochs 40 {column} 2>&1")).stdout
    };
    let hashed = said("--hash id:12");
    assert!(hashed.contains("3 buckets have no finite minimum") && !hashed.contains("--min-count"), "{hashed}");
    let category = said("--categorical id");
    assert!(category.contains("3 levels have no finite minimum") && category.contains("--min-count 20"), "{category}");
}
