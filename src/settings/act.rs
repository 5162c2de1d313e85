//! What the process is started for: to serve, or for one errand on the data folder while no server uses it.

use super::rules::day;
use app::model::recompute::By;
use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use std::path::PathBuf;

/// An errand, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Act {
    #[default]
    Serve,
    /// Writes made-up calls over the last days.
    Seed { requests: u64, days: u64 },
    /// Removes what [`Act::Seed`] wrote.
    Unseed,
    /// Makes all figures again from the calls.
    Rebuild,
    /// Shows what past calls would cost by other prices, or makes it so.
    Recompute(Recompute),
    /// Writes the routing setup as a set-up file; `None`: to the terminal.
    Export { file: Option<PathBuf> },
    /// Tells what a set-up file would do, and does it unless it is `dry`. The file `-` is what is piped in.
    Import { file: PathBuf, dry: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recompute {
    /// Starts of the first and of the last day, milliseconds.
    pub from: i64,
    pub to: i64,
    pub by: By,
    /// Else nothing is written.
    pub apply: bool,
}

const EXPORT: &str = "The routing setup as a set-up file, secrets left out; no server may be running";
const IMPORT: &str = "Tells what a set-up file would add and change, and does it; no server may be running";
const IMPORT_MORE: &str = "\
Nothing is removed, and what a set-up file or the environment declares at each start is left alone. A key that the file
gives as key or value is taken, one that it names by a variable is not. The secrets of new API keys are told once.

Ends with 0 when all is done or nothing is to be done, 2 when something is to be put right in the file first, and 1 when
it cannot be done. A running server imports on its page Import and export, and by POST /v1/setup.";

pub(super) fn commands() -> [Command; 5] {
    let count = |name: &'static str, value: &'static str, usual: &'static str, most: u64| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .default_value(usual)
            .value_parser(RangedU64ValueParser::<u64>::new().range(1..=most))
    };
    let seed = Command::new("seed")
        .about("Writes made-up calls and feedback of past days, to look around and measure; no server may be running")
        .arg(count("requests", "N", "100000", 20_000_000).help("How many calls"))
        .arg(count("days", "D", "30", 400).help("Over how many days until now"))
        .arg(Arg::new("remove").long("remove").action(ArgAction::SetTrue).help("Removes them all again"));
    let rebuild = Command::new("rebuild").about("Makes all figures again from the calls");
    let rollups = Command::new("rollups")
        .about("The figures that charts read; no server may be running")
        .subcommand_required(true)
        .subcommand(rebuild);
    let file = |required: bool| {
        let arg = Arg::new("file").value_name("FILE").value_parser(value_parser!(PathBuf));
        arg.value_hint(ValueHint::FilePath).required(required)
    };
    let export = Command::new("export").about(EXPORT);
    let export = export.arg(file(false).help("Where to [default: standard output]"));
    let dry = Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Only tells, and changes nothing");
    let import = Command::new("import").about(IMPORT).after_help(IMPORT_MORE);
    let import = import.arg(file(true).help("The set-up file; - is standard input")).arg(dry);
    [seed, rollups, recompute(), export, import]
}

fn recompute() -> Command {
    let day = |name: &'static str| Arg::new(name).long(name).value_name("YYYY-MM-DD").required(true).value_parser(day);
    Command::new("recompute")
        .about(
            "Shows what past calls would cost by other prices, and with --apply makes it so; no server may be running",
        )
        .arg(day("from").help("First day, UTC"))
        .arg(day("to").help("Last day, UTC; it counts whole"))
        .arg(
            Arg::new("prices")
                .long("prices")
                .default_value("today")
                .value_parser(["today", "then"])
                .help("Prices of today, or those of each call's time as they are known now"),
        )
        .arg(
            Arg::new("apply")
                .long("apply")
                .action(ArgAction::SetTrue)
                .help("Writes the new costs and the figures of their days; budgets keep what was spent of them"),
        )
}

pub(super) fn read(matches: &ArgMatches) -> Act {
    match matches.subcommand() {
        Some(("seed", seed)) if seed.get_flag("remove") => Act::Unseed,
        Some(("seed", seed)) => {
            let count = |name: &str| seed.get_one::<u64>(name).copied().unwrap_or(1);
            Act::Seed { requests: count("requests"), days: count("days") }
        }
        Some(("rollups", _)) => Act::Rebuild,
        Some(("recompute", asked)) => {
            let day = |name: &str| asked.get_one::<i64>(name).copied().unwrap_or_default();
            let by = asked.get_one::<String>("prices").map_or(By::Today, |word| By::from_word(word));
            Act::Recompute(Recompute { from: day("from"), to: day("to"), by, apply: asked.get_flag("apply") })
        }
        Some(("export", export)) => Act::Export { file: export.get_one("file").cloned() },
        Some(("import", import)) => match import.get_one::<PathBuf>("file").cloned() {
            Some(file) => Act::Import { file, dry: import.get_flag("dry-run") },
            None => Act::Serve,
        },
        _ => Act::Serve,
    }
}
