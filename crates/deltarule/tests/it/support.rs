//! A folder to run the program in, and documents whose commands are run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

/// What a command gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The same, which must have worked.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in\n{}", self.stdout))
    }
}

/// A folder of its own with the examples in it.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(project().join("examples"), folder.path().join("examples")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of the files that are here.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(self.path()).unwrap().map(name).collect()
    }

    /// Runs a line of the shell, in which `deltarule` is the program under test.
    pub(crate) fn sh(&self, line: &str) -> Ran {
        let program = Path::new(env!("CARGO_BIN_EXE_deltarule")).parent().unwrap();
        let path = format!("{}:{}", program.display(), env::var("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .args(["-c", line])
            .current_dir(self.path())
            .env("PATH", path)
            .env("COLUMNS", "100")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The root of the project.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// A command of a document and the lines below it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) command: String,
    pub(crate) output: String,
    pub(crate) line: usize,
}

/// The blocks of a document that begin with ```` ```console ````: each a list of commands.
pub(crate) fn console_blocks(text: &str) -> Vec<Vec<Shown>> {
    let mut blocks: Vec<Vec<Shown>> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        match (inside, line) {
            (false, "```console") => {
                inside = true;
                blocks.push(Vec::new());
            }
            (true, "```") => inside = false,
            (true, line) => {
                let block = blocks.last_mut().unwrap();
                match (line.strip_prefix("$ "), block.last_mut()) {
                    (Some(command), _) => {
                        block.push(Shown { command: command.to_owned(), output: String::new(), line: index + 1 });
                    }
                    (None, Some(shown)) => shown.output += &format!("{line}\n"),
                    (None, None) => panic!("line {}: output before the first command", index + 1),
                }
            }
            (false, _) => {}
        }
    }
    assert!(!inside, "a console block is not closed");
    blocks
}

/// Compares what a document shows with what its commands give; with `DELTARULE_BLESS=1` writes the latter into it.
///
/// `run` gets a block and the number of a command in it.
pub(crate) fn check_document(name: &str, mut run: impl FnMut(&[Shown], usize) -> String) {
    let path = project().join(name);
    let text = fs::read_to_string(&path).unwrap();
    let bless = env::var_os("DELTARULE_BLESS").is_some();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut replaced = Vec::new();
    for block in console_blocks(&text) {
        for (index, shown) in block.iter().enumerate() {
            let given: String = run(&block, index).lines().map(|line| format!("{}\n", line.trim_end())).collect();
            if bless {
                replaced.push((shown.line, shown.output.lines().count(), given));
            } else {
                assert_eq!(given, shown.output, "{name}, line {}: {}", shown.line, shown.command);
            }
        }
    }
    if bless {
        for (line, count, given) in replaced.into_iter().rev() {
            lines.splice(line..line + count, given.lines().map(str::to_owned));
        }
        fs::write(path, lines.join("\n") + "\n").unwrap();
    }
}
