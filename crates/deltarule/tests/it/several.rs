//! Several files as one table: the same bits as one file, and places that name the right file.

use crate::support::Sandbox;

/// A table's lines: numbers of which some are missing, a text, and a number to predict.
fn lines(n: usize) -> Vec<String> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let mut line = |_| {
        let (a, b) = (next(), next());
        let word = ["oak", "yew", "ash", "elm"][(next() * 4.0) as usize];
        let gap = next() < 0.05;
        let y = a - 2.0 * b + if word == "oak" { 0.3 } else { 0.0 } + 0.1 * next();
        format!("{a},{},{word},{y}", if gap { String::new() } else { b.to_string() })
    };
    (0..n).map(&mut line).collect()
}

fn json_lines(lines: &[String]) -> String {
    let object = |line: &String| {
        let fields: Vec<&str> = line.split(',').collect();
        let b = if fields[1].is_empty() { "null" } else { fields[1] };
        format!("{{\"word\":\"{}\",\"y\":{},\"a\":{},\"b\":{b}}}\n", fields[2], fields[3], fields[0])
    };
    lines.iter().map(object).collect()
}

/// The whole table, and the same in three parts: another order of columns, another delimiter, another format.
fn parts() -> Sandbox {
    let sandbox = Sandbox::new();
    let lines = lines(12_000);
    sandbox.file("whole.csv", format!("a,b,word,y\n{}\n", lines.join("\n")));
    sandbox.file("p1.csv", format!("a,b,word,y\n{}\n", lines[..5000].join("\n")));
    let turned = lines[5000..9001].iter().map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{};{};{};{}\n", fields[3], fields[2], fields[1], fields[0])
    });
    sandbox.file("p2.csv", format!("y;word;b;a\n{}", turned.collect::<String>()));
    sandbox.file("p3.jsonl", json_lines(&lines[9001..]));
    sandbox
}

/// A model but for what says where it came from.
fn model(sandbox: &Sandbox) -> String {
    let origin = ["\"command\"", "\"data\"", "\"fingerprint\""];
    sandbox.read("m.json").lines().filter(|line| !origin.iter().any(|key| line.contains(key))).collect()
}

#[test]
fn one_file_and_several_give_the_same_bits() {
    let sandbox = parts();
    for rule in ["--epochs 20", "--batch 1 --epochs 2 --valid 0.2"] {
        let train = |data: &str, extra: &str| {
            let line = format!("deltarule train {data} --target y --missing mean {rule} --out m.json --force {extra}");
            let said = sandbox.sh(&line).ok().stderr;
            assert_eq!(said.contains("in a temporary file on disk"), extra.contains("--memory"), "{line}\n{said}");
            model(&sandbox)
        };
        let expected = train("whole.csv", "");
        for data in ["p1.csv p2.csv p3.jsonl", "'p*'", "p1.csv 'p[23].*'", "p1.csv p2.csv - < p3.jsonl"] {
            assert_eq!(train(data, ""), expected, "{data}");
        }
        for threads in [1, 3] {
            // One page of 4096 records of 28 bytes, beside what the threads need, is held in memory: the others are on disk.
            let memory = format!("{}B", threads * 8 * 1024 * 1024 + (2 * threads + 2) * 4096 * 28);
            let extra = format!("--threads {threads} --memory {memory}");
            assert_eq!(train("'p*'", &extra), expected, "{extra}");
            for _ in 0..2 {
                let extra = format!("--threads {threads} --cache t{threads}.cache");
                assert_eq!(train("'p*'", &extra), expected, "{extra}");
            }
        }
        std::fs::remove_file(sandbox.path().join("t1.cache")).unwrap();
        std::fs::remove_file(sandbox.path().join("t3.cache")).unwrap();
    }
}

#[test]
fn predictions_and_scores_of_several_files_are_those_of_one() {
    let sandbox = parts();
    sandbox.sh("deltarule train whole.csv --target y --missing mean --out m.json").ok();
    let predicted = |data: &str| sandbox.sh(&format!("deltarule predict m.json {data} --keep word")).ok().stdout;
    let expected = predicted("whole.csv");
    assert_eq!(expected.lines().count(), 12_001);
    for data in ["p1.csv p2.csv p3.jsonl", "'p*'"] {
        let found = predicted(data);
        let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert_eq!((differs, found.lines().count()), (None, 12_001), "{data}");
    }
    let scores = |data: &str| sandbox.sh(&format!("deltarule evaluate m.json {data} --json --worst 3")).ok().json();
    let (one, several) = (scores("whole.csv"), scores("'p*'"));
    assert_eq!((&one["scores"], &one["worst"]), (&several["scores"], &several["worst"]));
}

#[test]
fn a_cache_covers_every_file() {
    let sandbox = parts();
    let inspect = |data: &str| sandbox.sh(&format!("deltarule inspect {data} --cache t.cache")).ok().stderr;
    assert!(inspect("p1.csv p2.csv").contains("is kept in the cache"));
    assert!(inspect("p1.csv p2.csv").contains("was taken from the cache"));
    assert!(inspect("p1.csv p2.csv p3.jsonl").contains("it was made of other files"));
    sandbox.file("p2.csv", "y;word;b;a\n1;oak;2;3\n");
    assert!(inspect("p1.csv p2.csv p3.jsonl").contains("the file has changed since"));
}

#[test]
fn places_name_the_file_and_its_own_line() {
    let sandbox = Sandbox::new();
    sandbox.file("1.csv", "a,b,y\n1,2,3\n2,3,4\n").file("2.csv", "y,b,a\n3,2,1\n4,,2\n");
    let said = |line: &str| {
        let ran = sandbox.sh(line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{line}");
        ran.stderr
    };
    let missing = said("deltarule train 1.csv 2.csv --target y");
    assert!(missing.starts_with("error: 2.csv: values are missing in b (1 of 4), the first on line 3;"), "{missing}");
    sandbox.file("3.csv", "b,y,a\n1,2,3\n\n2,3,many\n");
    let mixed = said("deltarule train 1.csv 3.csv --target y");
    assert!(mixed.starts_with("error: 3.csv: line 4, column \"a\": found \"many\""), "{mixed}");
    sandbox.sh("deltarule train 1.csv --target y --out m.json").ok();
    let wrong = said("deltarule evaluate m.json 1.csv 3.csv");
    assert!(wrong.starts_with("error: 3.csv: line 4, column \"a\": found \"many\""), "{wrong}");
    let explained = sandbox.sh("deltarule explain 1.csv 2.csv --target y --missing mean --record 3").ok().stdout;
    assert!(explained.contains("record 3 of 1.csv, 2.csv (line 2 of 2.csv)"), "{explained}");
}

#[test]
fn a_file_that_is_called_like_a_pattern_is_that_file() {
    let sandbox = Sandbox::new();
    sandbox.file("d[1].csv", "a,y\n1,2\n2,3\n").file("d1.csv", "a,y\n1,2\n2,3\n5,6\n");
    let records = |data: &str| sandbox.sh(&format!("deltarule inspect {data} --json")).ok().json()["records"].clone();
    assert_eq!(records("'d[1].csv'"), 2);
    assert_eq!(records("'d[1-9].csv'"), 3);
    assert_eq!(records("'d*.csv'"), 5);
}
