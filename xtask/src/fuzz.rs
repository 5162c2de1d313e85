//! `cargo xtask fuzz`: every fuzz target for a while, from the corpora of `fuzz/corpus`.

use crate::{machine, shell};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::fs;
use std::path::Path;
use std::process::Command;

const NIGHTLY: &str = "nightly";
/// Seconds for one input, and memory for all.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"];

/// A file of `fuzz/targets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A config's text: read, settled, planned.
    Config,
    /// A stream in any chunks.
    Sse,
    /// Bodies, answers and forms.
    Response,
}

impl Target {
    /// Bytes of an input. Short ones are tried more often, and the bounds that depend on size have unit tests.
    fn longest(self) -> u32 {
        match self {
            Self::Config | Self::Response => 4096,
            // Each is passed on byte by byte, too.
            Self::Sse => 1024,
        }
    }
}

/// Runs all targets, or `only` those, one after the other and each for so many seconds; stops at the first that fails.
/// What they find on the way is left in `target/fuzz/corpus`; with `keep`, what reaches code that the corpus of the
/// repository does not is added to it.
pub fn run(seconds: u64, only: &[Target], keep: bool) -> Result<()> {
    let program = machine::cargo_fuzz()?;
    let nightly = has_nightly();
    for &target in Target::value_variants().iter().filter(|target| only.is_empty() || only.contains(target)) {
        let name = target.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        println!("\n== {name}, {seconds} s");
        let found = format!("target/fuzz/corpus/{name}");
        fs::create_dir_all(shell::root().join(&found))?;
        let corpus = format!("fuzz/corpus/{name}");
        let fuzz = || fuzzer(&program, nightly, &name);
        let (time, length) = (format!("-max_total_time={seconds}"), format!("-max_len={}", target.longest()));
        let dictionary = format!("-dict=fuzz/dictionaries/{name}.dict");
        shell::run(fuzz().args([&found, &corpus, "--", &time, &length, &dictionary]).args(LIMITS)).with_context(|| {
            format!(
                "The input is in fuzz/artifacts/{name}. Mend what it shows, and add it to {corpus} under a name that says it."
            )
        })?;
        if keep {
            shell::run(fuzz().args([&corpus, &found, "--", "-merge=1", "-use_counters=0", &length]))?;
        }
    }
    Ok(())
}

/// With the address sanitizer where there is a nightly Rust; else without, as the stable one has none.
fn fuzzer(program: &Path, nightly: bool, name: &str) -> Command {
    let mut fuzz = shell::as_if_by_hand(program);
    // Which cargo calls this one must not decide which one the fuzzers are built by.
    fuzz.env_remove("CARGO").args([
        "fuzz",
        "run",
        "--fuzz-dir",
        "fuzz",
        "--target-dir",
        "target/fuzz",
        "--debug-assertions",
    ]);
    if nightly {
        fuzz.env("RUSTUP_TOOLCHAIN", NIGHTLY);
    } else {
        fuzz.env("RUSTC_BOOTSTRAP", "1").args(["--sanitizer", "none"]);
    }
    fuzz.arg(name);
    fuzz
}

fn has_nightly() -> bool {
    let mut rustc = Command::new("rustc");
    let version =
        shell::output(rustc.env("RUSTUP_TOOLCHAIN", NIGHTLY).env("RUSTUP_AUTO_INSTALL", "0").arg("--version"));
    version.is_some_and(|version| version.contains(NIGHTLY))
}
