//! The shape of the source: which way imports run, where `unsafe` may stand, what prints.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {}", folder.display());
    found
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The text without comments and without its unit tests.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    before_tests.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn modules_of_the_core_import_downwards_only() {
    // error ← kernel ← random ← data ← network ← learning ← insight
    let order = ["error", "kernel", "random", "data", "network", "learning", "insight"];
    let src = crates().join("deltarule-core/src");
    for (level, module) in order.iter().enumerate() {
        let folder = src.join(module);
        let files = if folder.is_dir() {
            sources(&folder)
        } else {
            let path = folder.with_extension("rs");
            vec![(path.clone(), fs::read_to_string(path).unwrap())]
        };
        for (path, text) in files {
            for upper in &order[level + 1..] {
                let import = format!("crate::{upper}");
                assert!(!code(&text).contains(&import), "{} imports {import}", path.display());
            }
        }
    }
}

#[test]
fn crates_depend_downwards_only() {
    let order = [
        "deltarule-core",
        "deltarule-model",
        "deltarule-data",
        "deltarule-train",
        "deltarule-export",
        "deltarule-serve",
        "deltarule-plot",
        "deltarule-web",
        "deltarule",
    ];
    for (level, name) in order.iter().enumerate() {
        let manifest = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        for upper in &order[level + 1..] {
            let named = manifest
                .lines()
                .any(|line| line.starts_with(&format!("{upper}.")) || line.starts_with(&format!("{upper} ")));
            assert!(!named, "{name} depends on {upper}");
        }
    }
}

#[test]
fn unsafe_stands_in_the_kernel_only() {
    for (path, text) in sources(&crates()) {
        // A test may count allocations, for which an allocator must be written.
        if path.components().any(|part| part.as_os_str() == "kernel" || part.as_os_str() == "tests") {
            continue;
        }
        assert!(!code(&text).contains("unsafe "), "unsafe in {}", path.display());
    }
}

#[test]
fn libraries_print_nothing_and_never_give_up() {
    for name in [
        "deltarule-core",
        "deltarule-model",
        "deltarule-data",
        "deltarule-train",
        "deltarule-export",
        "deltarule-serve",
        "deltarule-plot",
        "deltarule-web",
        "deltarule-python",
    ] {
        for (path, text) in sources(&crates().join(name).join("src")) {
            let code = code(&text);
            for word in ["println!", "eprintln!", "print!(", "dbg!", "todo!", "unimplemented!", "process::exit"] {
                assert!(!code.contains(word), "{word} in {}", path.display());
            }
        }
    }
}

#[test]
fn the_core_reads_no_clock_no_file_and_no_system_randomness() {
    for (path, text) in sources(&crates().join("deltarule-core/src")) {
        let code = code(&text);
        for word in ["std::fs", "std::time", "std::env", "std::io", "std::net", "thread_rng", "from_os_rng", "mul_add"]
        {
            assert!(!code.contains(word), "{word} in {}", path.display());
        }
    }
}

#[test]
fn the_page_does_no_arithmetic_of_descent() {
    // What a step, an error or a derivative would need beside what the core gives: exponentials, sums of squares, η times something.
    let page = crates().join("deltarule-web/page");
    let mut folders = vec![page];
    let mut n_files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "js") {
                continue;
            }
            n_files += 1;
            let loads = path.ends_with("core.js");
            let text = fs::read_to_string(&path).unwrap();
            for word in
                ["Math.exp", "Math.tanh", "Math.pow", "Math.random", "eval(", "fetch(", "XMLHttpRequest", "WebSocket"]
            {
                // It loads the core from beside the page, and nothing else.
                assert!(!text.contains(word) || (loads && word == "fetch("), "{word} in {}", path.display());
            }
        }
    }
    assert!(n_files > 5);
}
