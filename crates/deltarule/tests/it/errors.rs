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

#[test]
fn at_least_forty_kinds_each_once() {
    let text = fs::read_to_string(project().join("docs/errors.md")).unwrap();
    let kinds: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let different: BTreeSet<&str> = kinds.iter().copied().collect();
    assert_eq!(kinds.len(), different.len(), "a kind is listed twice");
    assert_eq!(kinds.len(), console_blocks(&text).len(), "each kind has one block of commands");
    assert!(kinds.len() >= 40, "{} kinds", kinds.len());
}
