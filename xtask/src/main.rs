//! The task runner: everything between a fresh clone and a running, tested, measured Switchyard.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

mod dev;
mod fuzz;
mod machine;
mod shell;
mod site;
mod suite;
mod tally;
mod wasm;

use anyhow::{Context, Result};
use clap::Parser;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Builds, runs, tests and measures Switchyard.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
enum Task {
    /// Build everything for use and start the server; arguments go to it.
    Run {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build everything for use: `target/release/switchyard` is the whole product.
    Build,
    /// Build the browser half alone, into `target/site`.
    Front,
    /// Run a debug server, and rebuild and restart it as files change; arguments go to it.
    Dev {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Install what the tests need and run all of them.
    Test {
        /// Run these steps alone.
        #[arg(long, value_enum)]
        only: Vec<suite::Step>,
    },
    /// Feed the readers of configs, streams and bodies with what nobody would send.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
        /// Run these targets alone.
        #[arg(long, value_enum)]
        target: Vec<fuzz::Target>,
        /// Add to `fuzz/corpus` what reaches code that no file there does.
        #[arg(long)]
        keep: bool,
    },
    /// Take pictures of every page, light and dark, wide and narrow, into `end2end/shots`.
    Shots,
    /// Measure the pages in a browser: LCP, CLS, TBT, and what their code weighs. Fails past the limits.
    Vitals,
    /// Measure pages and charts with a million calls behind them. Fails past the limits; arguments, such as
    /// `--requests`, go to the bench.
    Timings {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Measure the gateway against a bare proxy; arguments, such as `--quick`, go to the bench.
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Run { args } => run(&args),
        Task::Build => build().map(|binary| println!("{}", binary.display())),
        Task::Front => front(),
        Task::Dev { args } => dev::watch(&args),
        Task::Test { only } => suite::run(&only),
        Task::Fuzz { seconds, target, keep } => fuzz::run(seconds, &target, keep),
        Task::Shots => suite::shots(),
        Task::Vitals => suite::vitals(),
        Task::Timings { args } => suite::timings(&args),
        Task::Bench { args } => bench(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the browser half, then the server that embeds it. Returns the server's path.
fn build() -> Result<PathBuf> {
    front()?;
    shell::run(shell::cargo().args(["build", "--release", "--package", "switchyard", "--bin", "switchyard"]))?;
    Ok(shell::root().join("target/release/switchyard"))
}

fn front() -> Result<()> {
    site::assemble(&wasm::build(wasm::Profile::Front)?)
}

fn run(args: &[OsString]) -> Result<()> {
    become_process(Command::new(build()?).args(args))
}

fn bench(args: &[OsString]) -> Result<()> {
    let server = build()?;
    become_process(shell::cargo().args(["run", "--release", "--package", "bench", "--"]).arg(server).args(args))
}

/// Hands this process over, so that signals and the exit code are the other program's own.
#[cfg(unix)]
fn become_process(command: &mut Command) -> Result<()> {
    let error = std::os::unix::process::CommandExt::exec(command);
    Err(error).with_context(|| format!("cannot start {}", shell::shown(command)))
}

#[cfg(not(unix))]
fn become_process(command: &mut Command) -> Result<()> {
    shell::run(command)
}
