//! What the documents show is what the program prints.

use crate::support::{Sandbox, check_document};

/// All commands of a document, in one folder, each of which must work.
fn holds(name: &str) {
    let sandbox = Sandbox::new();
    check_document(name, |block, index| {
        let ran = sandbox.sh(&format!("({}) 2>&1", block[index].command));
        assert_eq!(ran.code, Some(0), "{name}: {}\n{}", block[index].command, ran.stdout);
        ran.stdout
    });
}

#[test]
fn the_readme() {
    holds("README.md");
}

#[test]
fn the_derivation() {
    holds("docs/delta-rule.md");
}
