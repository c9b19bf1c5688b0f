//! Which compiler makes WebAssembly here: rustup's, if it has the target, otherwise the distribution's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub const TARGET: &str = "wasm32-unknown-unknown";
/// `rust-version` of the workspace.
const LEAST_MINOR: u32 = 89;

/// A compiler for [`TARGET`].
pub struct Toolchain {
    /// Where it is, if it is not the one that cargo takes by itself.
    rustc: Option<PathBuf>,
    /// Whether the standard library is built from its source, since it is not there for the target.
    builds_std: bool,
}

impl Toolchain {
    /// Finds one. Errors: there is none, and what can be done.
    pub fn find() -> Result<Self> {
        let own = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
        if let Some(sysroot) = sysroot(&own)
            && has_target(&sysroot)
        {
            return Ok(Self { rustc: None, builds_std: false });
        }
        let distribution = Path::new("/usr/bin/rustc");
        if let Some(sysroot) = sysroot(distribution).filter(|_| minor_version(distribution) >= Some(LEAST_MINOR)) {
            let rustc = Some(distribution.to_owned());
            if has_target(&sysroot) {
                return Ok(Self { rustc, builds_std: false });
            }
            if sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file() {
                return Ok(Self { rustc, builds_std: true });
            }
        }
        bail!(
            "found no Rust compiler for WebAssembly, which the page is made with; install one of these, and try again:\n\
             \x20 with rustup:      rustup target add {TARGET}\n\
             \x20 on Debian, Ubuntu: apt-get install rustc-web libstd-rust-web-dev rust-web-src rust-web-llvm lld-22\n\
             the program itself needs none of it: cargo build"
        )
    }

    /// cargo with this compiler and what it needs to know.
    pub fn cargo(&self, root: &Path) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).args([
            "build",
            "--package",
            "deltarule-web",
            "--profile",
            "page",
            "--target",
            TARGET,
            "--locked",
        ]);
        // Where builds for another target would be in each other's way.
        cargo.arg("--target-dir").arg(root.join("target/web"));
        // Two numbers at a time, which every browser has had since 2023; the bits are the same.
        let features = "-C target-feature=+simd128";
        // Warnings of the standard library's source are none of ours.
        let flags = if self.builds_std { features.to_owned() } else { format!("{features} -D warnings") };
        cargo.env("RUSTFLAGS", flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Some(rustc) = &self.rustc {
            cargo.env("RUSTC", rustc).env_remove("RUSTC_WRAPPER");
        }
        if self.builds_std {
            // A stable compiler builds its own library only if it is told that this is all right.
            cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
        }
        cargo
    }

    /// The same in words.
    pub fn describe(&self) -> String {
        let rustc = self.rustc.as_ref().map_or("rustc".to_owned(), |path| path.display().to_string());
        let library = if self.builds_std { ", with the standard library built from its source" } else { "" };
        format!("{rustc}{library}")
    }
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    output(Command::new(rustc).args(["--print", "sysroot"])).map(PathBuf::from)
}

fn has_target(sysroot: &Path) -> bool {
    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    library.read_dir().is_ok_and(|mut files| files.next().is_some())
}

/// 96 of `rustc 1.96.0 (…)`.
fn minor_version(rustc: &Path) -> Option<u32> {
    output(Command::new(rustc).arg("--version"))?.split(' ').nth(1)?.split('.').nth(1)?.parse().ok()
}

/// Runs a command whose output is shown.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} cannot be run"))?;
    if !status.success() {
        bail!("{program} failed ({status})");
    }
    Ok(())
}
