//! `cargo xtask dev`: a debug server that follows the files.

use crate::{shell, site, wasm};
use anyhow::{Context, Result};
use notify::{RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const WATCHED: [&str; 6] = ["app", "migrations", "public", "src", "style", "Cargo.toml"];
/// Editors save in several steps; a change is over once nothing more has come for this long.
const QUIET: Duration = Duration::from_millis(120);

/// What has to be made again after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Style,
    /// The files of `public`; the server's build lists them.
    Public,
    Server,
    Front,
}

/// Builds, starts, and then rebuilds and restarts on every change, until interrupted. A build that fails leaves the
/// server of before running.
pub fn watch(args: &[OsString]) -> Result<()> {
    let (tell, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let event = event.ok().filter(|event| !event.kind.is_access());
        let _ = event.map(|event| event.paths.into_iter().try_for_each(|path| tell.send(path)));
    })?;
    for name in WATCHED {
        watcher.watch(&shell::root().join(name), RecursiveMode::Recursive).with_context(|| name.to_owned())?;
    }
    build(&BTreeSet::from([Part::Front, Part::Server]))?;
    let mut server = start(args)?;
    while let Some(parts) = next(&changes) {
        eprintln!("Changed: {parts:?}");
        match build(&parts) {
            Ok(()) => {
                server.kill()?;
                server.wait()?;
                server = start(args)?;
            }
            Err(error) => eprintln!("{error:#}\nThe server of before goes on."),
        }
    }
    Ok(())
}

/// Waits for a change that matters, and for the quiet after it.
fn next(changes: &Receiver<PathBuf>) -> Option<BTreeSet<Part>> {
    let mut parts = BTreeSet::new();
    while parts.is_empty() {
        parts.extend(touched(&changes.recv().ok()?));
        while let Ok(path) = changes.recv_timeout(QUIET) {
            parts.extend(touched(&path));
        }
    }
    Some(parts)
}

fn touched(path: &Path) -> &'static [Part] {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return &[] };
    let top = path.strip_prefix(shell::root()).ok().and_then(|path| path.iter().next()?.to_str());
    match top {
        _ if name.starts_with('.') || name.ends_with('~') => &[],
        Some("style") => &[Part::Style],
        Some("public") => &[Part::Public],
        Some("src" | "migrations") => &[Part::Server],
        Some("app" | "Cargo.toml") => &[Part::Server, Part::Front],
        _ => &[],
    }
}

/// Both compilers work at once: each has a target folder of its own. A debug server reads the site from the disk when it
/// starts, so a change of style alone compiles nothing.
fn build(parts: &BTreeSet<Part>) -> Result<()> {
    if parts.iter().all(|part| *part == Part::Style) {
        return site::style();
    }
    thread::scope(|scope| {
        let front = scope.spawn(|| wasm::build(wasm::Profile::FrontDev).and_then(|module| site::assemble(&module)));
        if parts.contains(&Part::Server) {
            shell::run(&mut server_build())?;
        }
        front.join().map_err(|_| anyhow::anyhow!("the browser half's build ended early"))?
    })?;
    shell::run(&mut server_build())
}

fn server_build() -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--package", "switchyard", "--bin", "switchyard"]);
    cargo
}

fn start(args: &[OsString]) -> Result<Child> {
    let server = shell::root().join("target/debug/switchyard");
    Command::new(&server).args(args).spawn().with_context(|| format!("cannot start {}", server.display()))
}

#[cfg(test)]
mod tests {
    use super::{Part, shell, touched};

    #[test]
    fn a_path_says_what_is_made_again() {
        let check = |path: &str, parts: &[Part]| assert_eq!(touched(&shell::root().join(path)), parts, "{path}");
        check("style/parts/button.css", &[Part::Style]);
        check("public/favicon.svg", &[Part::Public]);
        check("src/server.rs", &[Part::Server]);
        check("app/src/lib.rs", &[Part::Server, Part::Front]);
        check("src/.server.rs.swp", &[]);
        check("README.md", &[]);
    }
}
