//! The modules of the page as one script: each becomes a function that gives what it exports, in the order in which they need each other.
//!
//! It knows the forms that the page's modules, and those of wasm-bindgen, have, and refuses others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The script of `app.js` in `source`, with all that it imports; `wasm.js` is in `bindings`.
pub fn bundle(source: &Path, bindings: &Path) -> Result<String> {
    let mut bundle = Bundle { source, bindings, names: BTreeMap::new(), open: Vec::new(), script: String::new() };
    bundle.script.push_str("\"use strict\";\n");
    bundle.add(Path::new("app.js"))?;
    Ok(bundle.script)
}

struct Bundle<'a> {
    source: &'a Path,
    bindings: &'a Path,
    /// The names of the modules that are in the script.
    names: BTreeMap<PathBuf, String>,
    /// Those that are being added.
    open: Vec<PathBuf>,
    script: String,
}

impl Bundle<'_> {
    /// Adds a module and what it needs, and gives its name.
    fn add(&mut self, path: &Path) -> Result<String> {
        if let Some(name) = self.names.get(path) {
            return Ok(name.clone());
        }
        if self.open.iter().any(|open| open == path) {
            bail!("{}: imports itself by way of others", path.display());
        }
        self.open.push(path.to_owned());
        let folder = if path == Path::new("wasm.js") { self.bindings } else { self.source };
        let text = fs::read_to_string(folder.join(path)).with_context(|| path.display().to_string())?;
        let (mut body, mut exports) = (String::new(), Vec::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let whole = |line: &str, lines: &mut std::str::Lines<'_>| {
                let mut statement = line.to_owned();
                while !statement.trim_end().ends_with(';') {
                    statement.push(' ');
                    statement.push_str(lines.next().unwrap_or(";").trim());
                }
                statement
            };
            if line.starts_with("import ") {
                let statement = whole(line, &mut lines);
                body.push_str(&self.import(path, &statement)?);
            } else if line.starts_with("export {") {
                let statement = whole(line, &mut lines);
                let list = statement.trim_start_matches("export {").split('}').next().unwrap_or_default();
                for (name, outside) in names_of(list) {
                    exports.push(if name == outside { name } else { format!("{outside}: {name}") });
                }
            } else if let Some(rest) = line.strip_prefix("export ") {
                exports.push(declared(rest).with_context(|| format!("{}: {line}", path.display()))?);
                body.push_str(rest);
            } else {
                body.push_str(line);
            }
            body.push('\n');
        }
        self.open.pop();
        let name = format!("module{}", self.names.len());
        self.script.push_str(&format!(
            "const {name} = (() => {{\n{}\nreturn {{ {} }};\n}})();\n",
            body.trim_end(),
            exports.join(", ")
        ));
        self.names.insert(path.to_owned(), name.clone());
        Ok(name)
    }

    /// `import a, { b, c as d } from "./e.js";` in terms of a module that is there already.
    fn import(&mut self, from: &Path, statement: &str) -> Result<String> {
        let wrong = || format!("{}: {statement}", from.display());
        let (wanted, file) = statement.trim_start_matches("import ").rsplit_once(" from ").with_context(wrong)?;
        let file = file.trim().trim_end_matches(';').trim_matches('"');
        let module = self.add(&beside(from, file).with_context(wrong)?)?;
        let (default, list) = match wanted.split_once('{') {
            Some((default, list)) => (default.trim().trim_end_matches(',').trim(), list.trim_end_matches('}')),
            None => (wanted.trim(), ""),
        };
        let mut text = String::new();
        if !default.is_empty() {
            text.push_str(&format!("const {default} = {module}.default; "));
        }
        let names: Vec<String> =
            names_of(list).map(|(name, own)| if name == own { name } else { format!("{name}: {own}") }).collect();
        if !names.is_empty() {
            text.push_str(&format!("const {{ {} }} = {module};", names.join(", ")));
        }
        Ok(text)
    }
}

/// `a, b as c`: each name and what it becomes.
fn names_of(list: &str) -> impl Iterator<Item = (String, String)> + '_ {
    list.split(',').map(|part| part.trim().trim_end_matches('}').trim()).filter(|part| !part.is_empty()).map(|part| {
        match part.split_once(" as ") {
            Some((name, own)) => (name.trim().to_owned(), own.trim().to_owned()),
            None => (part.to_owned(), part.to_owned()),
        }
    })
}

/// The name that a declaration declares.
fn declared(line: &str) -> Result<String> {
    let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|word| !word.is_empty());
    let mut words = words.skip_while(|word| *word == "async");
    match words.next() {
        Some("function" | "class" | "const" | "let") => {}
        _ => bail!("expected function, class, const or a list of names behind export"),
    }
    words.next().map(str::to_owned).context("expected a name")
}

/// The path of a file that is named relative to another one.
fn beside(from: &Path, file: &str) -> Result<PathBuf> {
    let mut path = PathBuf::new();
    for part in from.parent().unwrap_or(Path::new("")).join(file).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    bail!("leads out of the page's folder");
                }
            }
            Component::Normal(name) => path.push(name),
            _ => bail!("expected a path relative to the module"),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_become_one_script_in_their_order() {
        let folder = std::env::temp_dir().join(format!("deltarule-bundle-{}", std::process::id()));
        fs::create_dir_all(folder.join("views")).unwrap();
        fs::write(folder.join("app.js"), "import { two as zwei } from \"./views/b.js\";\nimport start, { one } from \"./a.js\";\nstart(one + zwei);\n").unwrap();
        fs::write(folder.join("a.js"), "export const one = 1;\nfunction begin() {}\nexport { begin as default };\n")
            .unwrap();
        fs::write(
            folder.join("views/b.js"),
            "import { one } from \"../a.js\";\nexport function two() { return one; }\n",
        )
        .unwrap();
        let script = bundle(&folder, &folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let places: Vec<usize> = ["const one = 1", "function two()", "start(one + zwei)"]
            .iter()
            .map(|text| script.find(text).unwrap())
            .collect();
        assert!(places.is_sorted(), "{script}");
        assert!(
            script.contains("const { two: zwei } = module1;")
                && script.contains("const start = module0.default; const { one } = module0;"),
            "{script}"
        );
        assert!(script.contains("return { one, default: begin };"), "{script}");
        assert!(!script.contains("import ") && !script.contains("export "), "{script}");
    }

    #[test]
    fn other_forms_are_refused() {
        assert!(declared("default 3;").is_err());
        assert!(beside(Path::new("a.js"), "../b.js").is_err());
    }
}
