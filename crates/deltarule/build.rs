//! Takes the page into the program, where `cargo xtask page` has built it: then there is `deltarule play`.

use std::path::Path;
use std::{env, fs};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // The folder is there whether or not the page is, so that cargo sees when it comes.
    let folder = Path::new(&manifest).join("../deltarule-web/built");
    println!(
        "cargo::rerun-if-changed={}",
        if folder.is_dir() { folder.display().to_string() } else { "build.rs".to_owned() }
    );
    let page = folder.join("page.html").canonicalize();
    let text = match page {
        Ok(page) => format!("Some(include_str!({:?}))", page.display().to_string()),
        Err(_) => "None".to_owned(),
    };
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("page.rs");
    let module = format!(
        "/// The page in one file; `None` where it was not built first.\npub(crate) const PAGE: Option<&str> = {text};\n"
    );
    if let Err(error) = fs::write(&out, module) {
        println!("cargo::error={}: {error}", out.display());
    }
}
