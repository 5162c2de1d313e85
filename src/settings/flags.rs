//! The plain settings: one table names each for the command line, the environment and the set-up file.

use super::World;
use super::act::{self, Act};
use super::file::{Given, Notes, Section};
use super::rules::Ruling;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A plain setting under its three names.
pub(super) struct Key {
    /// In the set-up file.
    pub(super) name: &'static str,
    pub(super) variable: &'static str,
    /// `None` where a command line, which others can see, is no place for it.
    flag: Option<&'static str>,
    value: &'static str,
    help: &'static str,
}

const fn key(names: [&'static str; 3], value: &'static str, help: &'static str) -> Key {
    Key { name: names[0], variable: names[1], flag: Some(names[2]), value, help }
}

pub(super) const KEYS: [Key; 10] = [
    key(["listen", "SWITCHYARD_LISTEN", "listen"], "ADDRESS:PORT", "Where to listen [default: 127.0.0.1:8787]"),
    key(["data", "SWITCHYARD_DATA", "data"], "FOLDER", "The folder that keeps everything [default: data]"),
    key(["public_url", "SWITCHYARD_PUBLIC_URL", "public-url"], "URL", "The address people use, behind a proxy or TLS"),
    key(
        ["trusted_proxies", "SWITCHYARD_TRUSTED_PROXIES", "trusted-proxies"],
        "NETWORKS",
        "Proxies whose X-Forwarded-For counts, such as 10.0.0.0/8,::1",
    ),
    key(
        ["cors_origins", "SWITCHYARD_CORS_ORIGINS", "cors-origins"],
        "ORIGINS",
        "Origins whose pages may call /v1, such as https://app.example.com, or *",
    ),
    key(["body_limit", "SWITCHYARD_BODY_LIMIT", "body-limit"], "BYTES", "The largest request body [default: 10485760]"),
    key(
        ["trusted_custom_hosts", "SWITCHYARD_TRUSTED_CUSTOM_HOSTS", "trusted-custom-hosts"],
        "HOSTS",
        "Private hosts that calls and configs may name, such as localhost,10.0.0.5:8000",
    ),
    key(["durable", "SWITCHYARD_DURABLE", "durable"], "BOOL", "Let commits outlive a loss of power [default: false]"),
    key(["log", "SWITCHYARD_LOG", "log"], "FILTER", "What the server tells about itself [default: info]"),
    Key { name: "master_key", variable: "SWITCHYARD_MASTER_KEY", flag: None, value: "", help: "" },
];

/// The command line.
pub(super) struct Flags(Option<ArgMatches>);

impl Flags {
    pub(super) fn read(args: impl IntoIterator<Item = OsString>, notes: &Notes) -> Self {
        match command().try_get_matches_from(args) {
            Ok(matches) => Self(Some(matches)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => error.exit(),
            Err(error) => {
                let text = error.to_string();
                let told = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
                notes.note("command line".into(), "", format!("{told}. See --help."));
                Self(None)
            }
        }
    }

    pub(super) fn setup(&self) -> Option<&str> {
        self.text("setup")
    }

    pub(super) fn act(&self) -> Act {
        self.0.as_ref().map(act::read).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.get_one::<String>(name).map(String::as_str)
    }
}

fn command() -> Command {
    let about = "A self-hosted AI gateway with a web console. Each option but --setup is also a key of the set-up file \
                 and a variable such as SWITCHYARD_LISTEN.";
    let setup = Arg::new("setup").long("setup").value_name("FILE").help("The set-up file, also SWITCHYARD_SETUP");
    let start = Command::new("switchyard").version(env!("CARGO_PKG_VERSION")).about(about).arg(setup.global(true));
    let start = start.subcommands(act::commands());
    KEYS.iter().fold(start, |command, key| match key.flag {
        Some(flag) => command.arg(argument(key, flag)),
        None => command,
    })
}

fn argument(key: &Key, flag: &'static str) -> Arg {
    let argument = Arg::new(key.name).long(flag).value_name(key.value).help(key.help).global(true);
    if key.value == "BOOL" { argument.num_args(0..=1).default_missing_value("true") } else { argument }
}

/// The three places a plain setting may stand in; the first that has it wins, and all are checked.
pub(super) struct Layers<'a> {
    pub(super) flags: &'a Flags,
    pub(super) world: &'a World<'a>,
    pub(super) root: &'a Section<'a>,
}

impl Layers<'_> {
    pub(super) fn one<T>(&self, name: &str, rule: impl Fn(&str) -> Ruling<T>) -> Option<T> {
        let judged: Vec<Option<T>> =
            self.given(name).into_iter().map(|given| self.root.notes().judge(&given, &rule)).collect();
        judged.into_iter().next().flatten()
    }

    /// The data folder: a relative one of the set-up file is meant from that file's folder.
    pub(super) fn data(&self) -> PathBuf {
        let given = self.given("data").into_iter().next();
        match given {
            Some(given) if given.key.is_empty() => PathBuf::from(given.value),
            Some(given) => self.root.beside(Path::new(&given.value)),
            None => PathBuf::from("data"),
        }
    }

    fn given(&self, name: &str) -> Vec<Given> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else { return Vec::new() };
        let flag = key.flag.and_then(|flag| {
            let value = self.flags.text(key.name)?;
            Some(Given { at: format!("--{flag}"), key: String::new(), value: value.to_owned() })
        });
        let variable = self.world.variable(key.variable).map(|value| Given {
            at: key.variable.to_owned(),
            key: String::new(),
            value,
        });
        let written = match key.value {
            "BOOL" | "BYTES" => self.root.figure(name),
            "NETWORKS" | "ORIGINS" | "HOSTS" => self.root.texts(name),
            _ => self.root.text(name),
        };
        [flag, variable, written].into_iter().flatten().collect()
    }
}
