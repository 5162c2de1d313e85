//! The browser half: finds a compiler for wasm32, and compiles the crate `app` with it.

use crate::{machine, shell};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";
const OLDEST: (u32, u32) = (1, 88);
/// The first that can leave out of the module what nobody will read: a panic's words, and how a value looks in them.
const TERSE: (u32, u32) = (1, 92);
/// The whole of the flags, since these replace those of `.cargo/config.toml`.
const TERSELY: &str = "--cfg erase_components -Zlocation-detail=none -Zfmt-debug=none -Zunstable-options \
    -Cpanic=immediate-abort";
const MISSING: &str = "The browser half needs Rust's wasm32 target: rustup target add wasm32-unknown-unknown. \
    Where rustup cannot download, on Debian: apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-22";

/// How the module is compiled; the root `Cargo.toml` has both profiles.
#[derive(Clone, Copy)]
pub enum Profile {
    /// Small, for use.
    Front,
    /// Quick to compile, for development.
    FrontDev,
}

/// Who compiles for wasm32.
enum Toolchain {
    /// The Rust in use, which has the target; and `source`, that of `std`, too.
    Own { source: bool },
    /// Debian's, which brings the source of `std` instead of a compiled one.
    Debian { linker: PathBuf },
}

/// Compiles the browser half and returns the module. The two compilers of a machine never share a target folder.
pub fn build(profile: Profile) -> Result<PathBuf> {
    let name = match profile {
        Profile::Front => "front",
        Profile::FrontDev => "front-dev",
    };
    let mut cargo = match (toolchain()?, profile) {
        (Toolchain::Own { source: true }, Profile::Front) => whole(shell::cargo(), "rustc"),
        (Toolchain::Own { .. }, _) => {
            let mut cargo = shell::cargo();
            cargo.arg("build");
            cargo
        }
        (Toolchain::Debian { linker }, _) => {
            let mut cargo = whole(shell::as_if_by_hand("/usr/bin/cargo"), "/usr/bin/rustc");
            cargo.env("RUSTC", "/usr/bin/rustc").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            cargo
        }
    };
    cargo.args(["--target-dir", "target/front", "--target", TARGET, "--profile", name]);
    shell::run(cargo.args(["--package", "app", "--lib", "--features", "hydrate"]))?;
    Ok(shell::root().join("target/front").join(TARGET).join(name).join("app.wasm"))
}

/// Compiles `std` along, which makes it smaller than a compiled one; tersely where the compiler can.
fn whole(mut cargo: Command, rustc: &str) -> Command {
    cargo.env("RUSTC_BOOTSTRAP", "1").args(["build", "-Zbuild-std=std,panic_abort"]);
    cargo.arg("-Zbuild-std-features=optimize_for_size");
    if version(rustc).is_some_and(|version| version >= TERSE) {
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", TERSELY);
    }
    cargo
}

fn toolchain() -> Result<Toolchain> {
    if let Some(found) = standing() {
        return Ok(found);
    }
    eprintln!("This Rust lacks the target {TARGET}: trying rustup");
    if shell::run(Command::new("rustup").args(["target", "add", TARGET])).is_ok() && own() {
        return Ok(Toolchain::Own { source: source() });
    }
    if !machine::can_install() {
        bail!(MISSING);
    }
    let linkers = ["lld-22", "lld"];
    let installed =
        linkers.iter().any(|lld| machine::install(&["rustc-web", "cargo-web", "rust-web-src", lld]).is_ok());
    standing().filter(|_| installed).context(MISSING)
}

fn standing() -> Option<Toolchain> {
    if own() {
        return Some(Toolchain::Own { source: source() });
    }
    debian().map(|linker| Toolchain::Debian { linker })
}

fn own() -> bool {
    let mut rustc = Command::new("rustc");
    shell::output(rustc.args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|at| Path::new(&at).is_dir())
}

/// The source of the Rust in use, or got by rustup; the module is larger without it.
fn source() -> bool {
    let has = || {
        let root = shell::output(Command::new("rustc").args(["--print", "sysroot"]));
        root.is_some_and(|root| Path::new(&root).join("lib/rustlib/src/rust/library/std").is_dir())
    };
    has() || shell::run(Command::new("rustup").args(["component", "add", "rust-src"])).is_ok() && has()
}

fn version(rustc: &str) -> Option<(u32, u32)> {
    release(&shell::output(Command::new(rustc).arg("--version"))?)
}

fn debian() -> Option<PathBuf> {
    let ready = version("/usr/bin/rustc")? >= OLDEST
        && Path::new("/usr/bin/cargo").is_file()
        && Path::new("/usr/lib/rustlib/src/rust/library").is_dir();
    ready.then(linker)?
}

/// `rustc 1.95.0 (…)` is release (1, 95).
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split_whitespace().nth(1)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The newest LLVM's linker.
fn linker() -> Option<PathBuf> {
    let llvm = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let number: u32 = path.file_name()?.to_str()?.strip_prefix("llvm-")?.parse().ok()?;
        Some((number, path.join("bin/wasm-ld"))).filter(|(_, linker)| linker.exists())
    };
    std::fs::read_dir("/usr/lib").ok()?.filter_map(llvm).max().map(|(_, linker)| linker)
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn release_is_read_from_the_version_line() {
        assert_eq!(release("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"), Some((1, 96)));
        assert_eq!(release("rustc 1.100.0-nightly"), Some((1, 100)));
        assert_eq!(release("rustc"), None);
    }
}
