//! Takes the page into the program, where `cargo xtask page` has built it: then there is `deltarule play`.

#[allow(dead_code)]
mod page_sources;

use std::path::Path;
use std::{env, fs};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let root = Path::new(&manifest).join("../..");
    // The folder is there whether or not the page is, so that cargo sees when it comes; and with the sources, when it has become old.
    let folder = root.join("crates/deltarule-web/built");
    println!("cargo::rerun-if-changed=build.rs");
    if folder.is_dir() {
        println!("cargo::rerun-if-changed={}", folder.display());
        for source in page_sources::SOURCES {
            println!("cargo::rerun-if-changed={}", root.join(source).display());
        }
    }
    let (mut text, mut is_old) = ("None".to_owned(), false);
    if let Ok(path) = folder.join("page.html").canonicalize() {
        text = format!("Some(include_str!({:?}))", path.display().to_string());
        let page = fs::read_to_string(&path).unwrap_or_default();
        // Sources that are not there cannot have changed.
        is_old = page_sources::mark_of(&root).is_ok_and(|mark| page_sources::mark_in(&page) != Some(&mark));
    }
    if is_old {
        println!(
            "cargo::warning=the page for deltarule play is older than its sources; cargo xtask page builds it anew"
        );
    }
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("page.rs");
    let module = format!(
        "/// The page in one file; `None` where it was not built first.\npub(crate) const PAGE: Option<&str> = {text};\n\
         /// Whether the sources had changed since the page was built.\npub(crate) const PAGE_IS_OLD: bool = {is_old};\n"
    );
    if let Err(error) = fs::write(&out, module) {
        println!("cargo::error={}: {error}", out.display());
    }
}
