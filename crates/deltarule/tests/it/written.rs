//! Files that are written: never one that is read, and with their own names where it goes wrong.

use crate::support::Sandbox;

/// The refused command leaves every file as it was.
#[track_caller]
fn refused(sandbox: &Sandbox, line: &str, file: &str) {
    let before = (sandbox.names(), sandbox.read(file));
    let ran = sandbox.sh(line);
    assert_eq!(ran.code, Some(2), "{line}\n{}{}", ran.stdout, ran.stderr);
    let expected = "is a file that is read, expected another file to write to\n";
    assert_eq!(ran.stderr, format!("error: {file}: {expected}"), "{line}");
    assert!((sandbox.names(), sandbox.read(file)) == before, "{line} changed something");
}

#[test]
fn what_is_read_is_never_written_over_even_by_force() {
    let sandbox = Sandbox::new();
    sandbox.sh("cp examples/ten.csv data.csv; cp examples/ten.csv later.csv").ok();
    sandbox.sh("deltarule train data.csv --target passed --quiet --out model.json").ok();
    for (line, file) in [
        ("deltarule predict model.json data.csv --out model.json --force", "model.json"),
        ("deltarule predict model.json data.csv --out data.csv --force", "data.csv"),
        ("deltarule predict model.json 'd*.csv' --out data.csv --force", "data.csv"),
        ("deltarule predict model.json ./data.csv --out data.csv", "data.csv"),
        ("deltarule export model.json --to c --out model.json --force", "model.json"),
        ("deltarule train data.csv --target passed --out data.csv --force", "data.csv"),
        ("deltarule train data.csv --target passed --valid later.csv --out later.csv --force", "later.csv"),
        ("deltarule sweep data.csv --target passed --trace data.csv --force", "data.csv"),
        ("deltarule sweep data.csv --target passed --valid later.csv --out later.csv --force", "later.csv"),
        ("deltarule predict model.json data.csv --on-bad-row skip --rejects ./model.json --force", "./model.json"),
    ] {
        refused(&sandbox, line, file);
    }
}

#[test]
fn two_outputs_never_share_a_file() {
    let sandbox = Sandbox::new();
    for (line, options) in [
        ("train examples/ten.csv --target passed --cache a --out ./a", "--out, --trace, --path, --report and --cache"),
        ("sweep examples/ten.csv --target passed --trace a --out a", "--out, --trace and --cache"),
    ] {
        let ran = sandbox.sh(&format!("deltarule {line}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{line}\n{}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("found twice among {options}, expected a file for each")),
            "{}",
            ran.stderr
        );
        assert_eq!(sandbox.names().len(), 1, "{line} left a file");
    }
}

#[test]
fn a_full_disk_is_told_with_the_name_of_the_file() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --quiet --out model.json").ok();
    let before = sandbox.names();
    for line in [
        "train examples/ten.csv --target passed --quiet --out full",
        "train examples/ten.csv --target passed --quiet --trace full --epochs 500 --tolerance 0",
        "train examples/ten.csv --target passed --quiet --report full",
        "exercise --seed 1..10 --out full",
        "export model.json --to c --out full",
    ] {
        let ran = sandbox.sh(&format!("trap '' XFSZ; ulimit -f 1; deltarule {line}"));
        assert_eq!(ran.code, Some(2), "{line}\n{}", ran.stderr);
        let told = ran.stderr.starts_with("error: full: cannot be written: File too large");
        assert!(told && ran.stderr.ends_with("; make room, or write to another place\n"), "{line}\n{}", ran.stderr);
        assert_eq!(sandbox.names(), before, "{line} left a file");
    }
}

/// The model is kept: it is what took the time.
#[test]
fn output_that_cannot_be_printed_is_an_error() {
    let sandbox = Sandbox::new();
    let train = "deltarule train examples/ten.csv --target passed --out model.json";
    for line in
        [train, "deltarule show model.json", "deltarule predict model.json examples/ten.csv", "deltarule explain"]
    {
        let ran = sandbox.sh(&format!("{line} > /dev/full"));
        assert_eq!(ran.code, Some(2), "{line}\n{}", ran.stderr);
        assert!(ran.stderr.starts_with("error: standard output: cannot be written: "), "{line}\n{}", ran.stderr);
    }
    assert!(sandbox.read("model.json").contains("deltarule-model"));
    // A reader that has seen enough is none.
    let gone = sandbox.sh(&format!("{train} --force | true; echo ${{PIPESTATUS[0]}}")).ok();
    assert_eq!((gone.stdout.as_str(), gone.stderr.as_str()), ("0\n", ""));
}
