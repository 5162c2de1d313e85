//! What the process is started for: to serve, or for one errand on the data folder while no server uses it.

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// An errand, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Act {
    #[default]
    Serve,
    /// Writes made-up calls over the last days.
    Seed { requests: u64, days: u64 },
    /// Removes what [`Act::Seed`] wrote.
    Unseed,
    /// Makes all figures again from the calls.
    Rebuild,
}

pub(super) fn commands() -> [Command; 2] {
    let count = |name: &'static str, value: &'static str, usual: &'static str, most: u64| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .default_value(usual)
            .value_parser(RangedU64ValueParser::<u64>::new().range(1..=most))
    };
    let seed = Command::new("seed")
        .about("Writes made-up calls of the last days, to look around and to measure with; no server may be running")
        .arg(count("requests", "N", "100000", 20_000_000).help("How many calls"))
        .arg(count("days", "D", "30", 400).help("Over how many days until now"))
        .arg(Arg::new("remove").long("remove").action(ArgAction::SetTrue).help("Removes every made-up call again"));
    let rebuild = Command::new("rebuild").about("Makes all figures again from the calls");
    let rollups = Command::new("rollups")
        .about("The figures that charts read; no server may be running")
        .subcommand_required(true)
        .subcommand(rebuild);
    [seed, rollups]
}

pub(super) fn read(matches: &ArgMatches) -> Act {
    match matches.subcommand() {
        Some(("seed", seed)) if seed.get_flag("remove") => Act::Unseed,
        Some(("seed", seed)) => {
            let count = |name: &str| seed.get_one::<u64>(name).copied().unwrap_or(1);
            Act::Seed { requests: count("requests"), days: count("days") }
        }
        Some(("rollups", _)) => Act::Rebuild,
        _ => Act::Serve,
    }
}
