//! `cargo xtask test`: every check there is, the quick ones first.

use crate::tally::Tally;
use crate::{machine, shell};
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::ffi::OsString;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// One step of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    Format,
    /// Install what the later steps need.
    Prepare,
    Lint,
    /// The product: browser half and release server. A debug build embeds that half too, so that it comes first.
    Build,
    /// Every Rust test, on a debug build.
    Rust,
    /// Licences, sources and bans of the dependencies.
    Supply,
    /// The Python SDKs against the release binary.
    Python,
    /// The Node SDKs against the release binary.
    Node,
    /// A browser's journeys through the release binary.
    Journeys,
    /// Twenty `kill -9` under load against the release binary.
    Crash,
}

struct Outcome {
    step: Step,
    took: Duration,
    tally: Tally,
    done: Result<()>,
}

/// Steps that do not disturb each other, and that run at the same time.
const BESIDE: [(Step, Step); 2] = [(Step::Prepare, Step::Lint), (Step::Python, Step::Node)];

/// Runs all steps, or `only` those; stops after the first that fails. The last line is `N passed, M failed`.
pub fn run(only: &[Step]) -> Result<()> {
    let asked = |step: &Step| only.is_empty() || only.contains(step);
    let steps: Vec<Step> = Step::value_variants().iter().copied().filter(asked).collect();
    let mut outcomes = Vec::new();
    for beside in steps.chunk_by(|one, next| BESIDE.contains(&(*one, *next))) {
        outcomes.extend(together(beside));
        if outcomes.iter().any(|outcome| outcome.done.is_err()) {
            break;
        }
    }
    report(outcomes)
}

fn together(steps: &[Step]) -> Vec<Outcome> {
    println!("\n== {}", steps.iter().map(|step| name(*step)).collect::<Vec<_>>().join(", "));
    std::thread::scope(|scope| {
        let running: Vec<_> = steps.iter().map(|step| scope.spawn(|| outcome(*step))).collect();
        let ended = running.into_iter().map(|step| step.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.collect()
    })
}

fn outcome(step: Step) -> Outcome {
    let start = Instant::now();
    let (tally, done) = perform(step);
    if let Err(error) = &done {
        // Said at once: what runs beside it may take minutes yet.
        eprintln!("{}: {error:#}", name(step));
    }
    Outcome { step, took: start.elapsed(), tally: settled(tally, done.is_err()), done }
}

/// Builds Switchyard and measures its pages, or those of the binary that `SWITCHYARD_BIN` names.
pub fn vitals() -> Result<()> {
    browse("vitals", &[], None)
}

/// The same of how fast a full journal is read, in a browser without a window, or the one that `SWITCHYARD_CHROMIUM` names.
pub fn timings(args: &[OsString]) -> Result<()> {
    let named = std::env::var_os("SWITCHYARD_CHROMIUM");
    browse("timings", args, Some(named.map_or_else(machine::headless_shell, |browser| Ok(browser.into()))?))
}

/// Takes pictures of all its pages.
pub fn shots() -> Result<()> {
    browse("shots", &[], None)
}

fn browse(script: &str, args: &[OsString], browser: Option<PathBuf>) -> Result<()> {
    machine::prepare()?;
    let binary = std::env::var_os("SWITCHYARD_BIN").map_or_else(crate::build, |binary| Ok(binary.into()))?;
    let browser = browser.map(|browser| ("SWITCHYARD_CHROMIUM", browser));
    shell::run(npm(script).arg("--").args(args).env("SWITCHYARD_BIN", binary).envs(browser))
}

fn released() -> PathBuf {
    shell::root().join("target/release/switchyard")
}

fn perform(step: Step) -> (Tally, Result<()>) {
    let binary = released();
    match step {
        Step::Prepare => uncounted(machine::prepare()),
        Step::Format => uncounted(format()),
        Step::Lint => {
            let lint = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"];
            uncounted(shell::run(shell::cargo().args(lint)))
        }
        Step::Rust => shell::run_counted(shell::cargo().args(["test", "--workspace"])),
        Step::Build => uncounted(crate::build().map(drop)),
        Step::Supply => uncounted(supply()),
        Step::Python => {
            let mut pytest = Command::new(machine::python());
            pytest.args(["-m", "pytest", "-q", "end2end/sdk"]);
            shell::run_counted(pytest.current_dir(shell::root()).env("SWITCHYARD_BIN", binary))
        }
        Step::Node => shell::run_counted(npm("sdk").env("SWITCHYARD_BIN", binary)),
        Step::Journeys => shell::run_counted(npm("journeys").env("SWITCHYARD_BIN", binary)),
        Step::Crash => {
            let mut test = shell::cargo();
            test.args(["test", "--workspace", "--test", "crash", "--", "--nocapture", "--test-threads=1"]);
            shell::run_counted(test.env("SWITCHYARD_BIN", binary).env("CRASH_ROUNDS", "20"))
        }
    }
}

/// The fuzz targets are a workspace of their own.
fn format() -> Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    shell::run(shell::cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

fn npm(script: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(shell::root().join("end2end")).args(["run", "--silent", script]);
    npm
}

/// Advisories are left out: they need a database from the network, and a check that passed yesterday must pass today.
fn supply() -> Result<()> {
    // Crates of other platforms are looked at too, and nothing has downloaded them before.
    shell::run(shell::cargo().args(["fetch", "--locked"]))?;
    let mut deny = shell::as_if_by_hand(machine::cargo_deny()?);
    shell::run(deny.args(["--offline", "check", "bans", "licenses", "sources"]))
}

fn uncounted(done: Result<()>) -> (Tally, Result<()>) {
    (Tally::default(), done)
}

/// A step that counts no tests is itself one; a failure that no test owned up to is one too.
fn settled(mut tally: Tally, failed: bool) -> Tally {
    match (tally, failed) {
        (Tally { failed: 0, .. }, true) => tally.failed = 1,
        (Tally { passed: 0, failed: 0 }, false) => tally.passed = 1,
        _ => {}
    }
    tally
}

fn report(outcomes: Vec<Outcome>) -> Result<()> {
    let mut total = Tally::default();
    println!("\n{:<10} {:>8}  {:>6}  {:>6}", "step", "seconds", "passed", "failed");
    for Outcome { step, took, tally, .. } in &outcomes {
        println!("{:<10} {:>8.1}  {:>6}  {:>6}", name(*step), took.as_secs_f64(), tally.passed, tally.failed);
        total += *tally;
    }
    let reasons: Vec<String> =
        outcomes.into_iter().filter_map(|outcome| Some(format!("{:#}", outcome.done.err()?))).collect();
    let verdict = format!("{} passed, {} failed", total.passed, total.failed);
    if reasons.is_empty() {
        println!("{verdict}");
        return Ok(());
    }
    bail!("{}\n{verdict}", reasons.join("\n"));
}

fn name(step: Step) -> String {
    step.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
