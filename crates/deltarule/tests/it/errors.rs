//! docs/errors.md lists every kind of bad input, with the message it gets.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Sandbox, check_document, console_blocks, project};

#[test]
fn every_bad_input_gets_its_message_and_leaves_no_file() {
    let mut sandbox = Sandbox::new();
    let mut before = BTreeSet::new();
    check_document("docs/errors.md", |block, index| {
        if index == 0 {
            sandbox = Sandbox::new();
        }
        let command = &block[index].command;
        let last = index + 1 == block.len();
        if last {
            before = sandbox.names();
        }
        let ran = sandbox.sh(command);
        assert_eq!(ran.code, Some(if last { 2 } else { 0 }), "{command}\n{}{}", ran.stdout, ran.stderr);
        if !last {
            return ran.stdout;
        }
        assert_eq!(ran.stdout, "", "{command}: an error goes to standard error alone");
        assert!(ran.stderr.starts_with("error: ") || ran.stderr.contains("\nerror: "), "{command}\n{}", ran.stderr);
        assert_eq!(sandbox.names(), before, "{command} left a file behind");
        ran.stderr
    });
}

/// Text of data cannot colour a terminal, move its cursor or turn a line round; programs get it as it is.
#[test]
fn what_comes_of_data_cannot_act_on_a_terminal() {
    let sandbox = Sandbox::new();
    let rows: String = (0..12)
        .map(|k| format!("{},\"{}\",{}\n", k * 5 % 12, ["x\u{1b}[2J", "z\u{7}\nZZ", "\u{202e}y"][k % 3], k * k % 7))
        .collect();
    sandbox.file("data.csv", format!("a\u{1b}[31mred,\"b\nQQ\",y\n{rows}"));
    sandbox.sh("deltarule train data.csv --target y --epochs 50 --quiet --out model.json").ok();
    for command in [
        "inspect data.csv",
        "train data.csv --target y --epochs 50",
        "train data.csv --target nothing",
        "show model.json",
        "show model.json --summary data.csv",
        "explain model.json data.csv",
        "explain model.json data.csv --all",
        "check data.csv --target y",
        "sweep data.csv --target y --epochs 5",
        "evaluate model.json data.csv --worst 3",
    ] {
        let ran = sandbox.sh(&format!("deltarule {command}"));
        let text = ran.stdout + &ran.stderr;
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{command}: {text:?}");
        let has_names =
            !["sweep", "evaluate", "train data.csv --target y"].iter().any(|quiet| command.starts_with(quiet));
        assert!(!has_names || text.contains("a\\u{1b}[31mred"), "{command}: {text}");
        assert!(!text.contains("\nQQ") && !text.contains("\nZZ"), "{command}: {text}");
    }
    let shown = sandbox.sh("deltarule show model.json --json").ok().json();
    assert_eq!(shown["features"][0]["name"], "a\u{1b}[31mred");
    assert_eq!(shown["features"][1]["name"], "b\nQQ");
    let copied = sandbox.sh("deltarule predict model.json data.csv --keep $'b\\nQQ'").ok().stdout;
    assert!(copied.contains("\u{1b}[2J"), "{copied:?}");
}

/// Each message names its file once.
#[test]
fn a_file_is_named_once() {
    let sandbox = Sandbox::new();
    sandbox.file("mixed.csv", "a,b,c,y\n1,2,3,4\nx,3,z,5\n3,4,5,6\n");
    for command in ["train mixed.csv --target y", "train mixed.csv --target y --on-bad-row skip --max-bad 0.1"] {
        let ran = sandbox.sh(&format!("deltarule {command}"));
        assert!(ran.code == Some(2) && ran.stderr.matches("mixed.csv").count() == 1, "{command}: {}", ran.stderr);
    }
    let ran = sandbox.sh("deltarule inspect mixed.csv").ok();
    assert!(ran.stdout.contains("\n  a: line 3, column \"a\": found \"x\""), "{}", ran.stdout);
    // A disk that is full, as far as a limit of the shell makes one.
    let rows: String = (0..400).map(|k| format!("{k},{k}\nx,{k},{k}\n")).collect();
    sandbox.file("bad.csv", format!("x,y\n{rows}"));
    let rejects = "--on-bad-row skip --max-bad 0.9 --rejects rejects.csv";
    for command in [format!("train bad.csv --target y {rejects}"), format!("inspect bad.csv {rejects}")] {
        let ran = sandbox.sh(&format!("trap '' XFSZ; ulimit -f 1; deltarule {command}"));
        assert!(
            ran.code == Some(2) && ran.stderr.starts_with("error: rejects.csv: cannot be written: "),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stderr.matches("cannot be written").count(), 1, "{}", ran.stderr);
    }
}

/// An option that a command would have no use for is told.
#[test]
fn options_without_a_use_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --quiet --out m.json").ok();
    sandbox.file("data.jsonl", "{\"x\": 1.5, \"y\": 2}\n{\"x\": 2, \"y\": 3}\n{\"x\": 4, \"y\": 3}\n");
    sandbox.file("data.csv", "x;y\n1,5;2\n2;3\n4;4\n").file("data.libsvm", "1 1:2\n-1 2:3\n");
    let numbers = "explain --x 1,2 --w 1,2 --y 1";
    for (command, option) in [
        ("sweep examples/ten.csv --target passed --eta 0.1,1 --points 0", "--points"),
        ("sweep examples/ten.csv --target passed --l2 0.1 --points 3", "--points"),
        ("sweep examples/ten.csv --target passed --seeds 0..2 --seed 3", "--seed"),
        ("explain --target y", "--target"),
        ("explain --record 2", "--record"),
        ("explain --all", "--all"),
        ("explain --no-bias", "--no-bias"),
        ("explain --delimiter ,", "--delimiter"),
        (&format!("{numbers} --scale none"), "--scale"),
        (&format!("{numbers} --features a"), "--features"),
        (&format!("{numbers} --seed 3"), "--seed"),
        (&format!("{numbers} --cache c"), "--cache"),
        (&format!("{numbers} --decimal ,"), "--decimal"),
        ("explain m.json examples/ten.csv --activation tanh", "--activation"),
        ("explain m.json examples/ten.csv --loss log", "--loss"),
        ("explain m.json examples/ten.csv --init normal", "--init"),
        ("explain m.json examples/ten.csv --drop sleep", "--drop"),
        ("explain m.json examples/ten.csv --cache c", "--cache"),
        ("show m.json --delimiter ,", "--delimiter"),
        ("show m.json --header", "--header"),
        ("show m.json --index-base 0", "--index-base"),
        ("show m.json --sql 'SELECT 1'", "--sql"),
        ("predict m.json examples/ten.csv --index-base 0", "--index-base"),
        ("evaluate m.json examples/ten.csv --index-base 0", "--index-base"),
        ("inspect examples/ten.csv --index-base 0", "--index-base"),
        ("train data.jsonl --target y --decimal ,", "--decimal"),
        ("train data.jsonl --target y --delimiter ';'", "--delimiter"),
        ("train data.jsonl --target y --no-header", "--no-header"),
        ("train data.libsvm --decimal ,", "--decimal"),
    ] {
        let ran = sandbox.sh(&format!("deltarule {command}"));
        let told = ran.stderr.starts_with(&format!("error: {option}: found "));
        assert!(ran.code == Some(2) && told && ran.stdout.is_empty(), "{command}: {}{}", ran.stderr, ran.stdout);
    }
    // Beside CSV they are for it alone.
    let both = "deltarule train data.csv data.jsonl --target y --delimiter ';' --decimal , --header --json";
    assert_eq!(sandbox.sh(both).ok().json()["data"]["records"], 6);
    for command in [
        "sweep examples/ten.csv --target passed --epochs 5 --l2 0.1..1 --points 3",
        "sweep examples/ten.csv --target passed --epochs 5 --seeds 0..2 --seed 3 --valid 0.2",
        "train data.csv --target y --delimiter ';' --decimal , --valid data.jsonl",
        &format!("{numbers} --activation tanh --eta 3 --no-bias"),
        "explain m.json examples/ten.csv --eta 3 --all --reduction sum",
    ] {
        sandbox.sh(&format!("deltarule {command}")).ok();
    }
}

#[test]
fn at_least_forty_kinds_each_once() {
    let text = fs::read_to_string(project().join("docs/errors.md")).unwrap();
    let kinds: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let different: BTreeSet<&str> = kinds.iter().copied().collect();
    assert_eq!(kinds.len(), different.len(), "a kind is listed twice");
    assert_eq!(kinds.len(), console_blocks(&text).len(), "each kind has one block of commands");
    assert!(kinds.len() >= 40, "{} kinds", kinds.len());
}
