//! What a build without `--sql` says of it.

use crate::support::Sandbox;

#[test]
fn queries_and_stores_are_refused_with_the_build_that_has_them() {
    let sandbox = Sandbox::new();
    for (line, found) in [
        ("train examples/ten.csv --target passed --sql 'SELECT * FROM data'", "--sql"),
        ("predict m.json s3://bucket/t.parquet", "s3://bucket/t.parquet"),
        ("inspect 'https://host/*.csv'", "https://host/*.csv"),
        ("train examples/ten.csv --target passed --valid https://host/t.csv", "https://host/t.csv"),
    ] {
        sandbox.sh("deltarule train examples/ten.csv --target passed --out m.json --force").ok();
        let ran = sandbox.sh(&format!("deltarule {line}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{line}");
        assert!(ran.stderr.starts_with(&format!("error: {found}: this build knows no SQL")), "{}", ran.stderr);
        assert!(ran.stderr.contains("--features sql"), "{}", ran.stderr);
    }
    let help = sandbox.sh("deltarule train --help").ok().stdout;
    assert!(help.contains("--sql <SELECT>") && help.contains("--table <NAME=DATA>"), "{help}");
}

#[test]
fn numbers_that_are_typed_are_nothing_to_ask() {
    let sandbox = Sandbox::new();
    for line in
        ["explain --x 1,-2 --w 0.6,0.1 --y 1", "plot bowl --x 1,-2 --w 0.6,0.1 --y 1 --weight x2 --out bowl.svg"]
    {
        let ran = sandbox.sh(&format!("deltarule {line} --sql 'SELECT * FROM data'"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{line}");
        assert!(ran.stderr.starts_with("error: --sql: found without DATA"), "{}", ran.stderr);
    }
    assert!(!sandbox.path().join("bowl.svg").exists());
}
