//! The two forms of the page: a folder, and one file.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::bundle::bundle;
use crate::page_sources;
use crate::toolchain::{TARGET, Toolchain, run};

/// Neither form may be larger.
const MOST_BYTES: usize = 1_000_000;

pub fn build(root: &Path, out: &Path) -> Result<()> {
    let toolchain = Toolchain::find()?;
    // What changes while it is built makes the page older than its sources.
    let mark = page_sources::mark_of(root).context("the sources of the page")?;
    eprintln!("building deltarule-web for {TARGET} with {}", toolchain.describe());
    run(&mut toolchain.cargo(root))?;
    let work = root.join("target/web/bindings");
    let module = root.join("target/web").join(TARGET).join("page/deltarule_web.wasm");
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&module)
        .out_name("wasm")
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true);
    bindgen.generate(&work).context("the bindings for JavaScript cannot be made")?;
    let source = root.join("crates/deltarule-web/page");
    let read = |path: &Path| fs::read_to_string(path).with_context(|| path.display().to_string());
    let script = bundle(&source, &work)?;
    let (html, style) = (read(&source.join("index.html"))?, read(&source.join("page.css"))?);
    // By this mark the program knows whether the page is that of its sources.
    let mark = page_sources::element(&mark);
    let html = html.replacen("<meta charset=\"utf-8\">", &format!("<meta charset=\"utf-8\">\n{mark}"), 1);
    let wasm = packed(&fs::read(work.join("wasm_bg.wasm")).context("wasm_bg.wasm")?)?;

    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let files: [(&str, &[u8]); 4] = [
        ("index.html", html.as_bytes()),
        ("page.css", style.as_bytes()),
        ("page.js", script.as_bytes()),
        ("core.bin", &wasm),
    ];
    for (name, bytes) in files {
        fs::write(out.join(name), bytes).with_context(|| out.join(name).display().to_string())?;
    }
    let folder_bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();

    let one = one_file(&html, &style, &script, &wasm)?;
    let built = root.join("crates/deltarule-web/built/page.html");
    fs::write(&built, &one).with_context(|| built.display().to_string())?;
    println!("{}: {folder_bytes} bytes in {} files", out.display(), files.len());
    println!("{}: {} bytes", built.display(), one.len());
    if folder_bytes > MOST_BYTES || one.len() > MOST_BYTES {
        bail!("the page has become larger than {MOST_BYTES} bytes");
    }
    Ok(())
}

/// By gzip, which every browser undoes by itself: code is two thirds smaller so.
fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    Ok(packed.finish()?)
}

/// Everything within one page, which needs nothing beside it.
fn one_file(html: &str, style: &str, script: &str, wasm: &[u8]) -> Result<String> {
    let mut one = html.to_owned();
    let mut replace = |what: &str, with: &str| {
        if one.matches(what).count() != 1 {
            bail!("index.html: expected {what:?} once");
        }
        one = one.replace(what, with);
        Ok(())
    };
    // What closes an element would end the script or the style within which it stands.
    if script.contains("</script") || style.contains("</style") {
        bail!("the script or the style holds what would end it");
    }
    let policy = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
    let served = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'";
    replace(served, policy)?;
    replace("<link rel=\"stylesheet\" href=\"page.css\">", &format!("<style>\n{style}</style>"))?;
    let wasm = format!("<script type=\"text/plain\" id=\"wasm\">{}</script>", STANDARD.encode(wasm));
    replace(
        "<script type=\"module\" src=\"page.js\"></script>",
        &format!("{wasm}\n<script type=\"module\">\n{script}</script>"),
    )?;
    Ok(one)
}
