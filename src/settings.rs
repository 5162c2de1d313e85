//! All settings: flags over `SWITCHYARD_*` variables over the set-up file over defaults.
//!
//! The environment is read here and nowhere else. Everything is checked before anything starts, and every mistake is
//! reported at once.

mod act;
mod alerts;
mod declared;
mod file;
mod flags;
mod import;
pub mod limits;
pub mod rules;

pub use act::{Act, Recompute};
pub use alerts::{Alerts, Mail, Webhook};
pub use declared::{
    DeclaredConfig, DeclaredKey, DeclaredModel, DeclaredPrice, DeclaredProvider, Owner, SANDBOX, SetupFile,
    WORKSPACE_LIMIT,
};
pub use import::import;

use crate::secret;
use crate::wire::vendors::VENDORS;
use file::{Notes, Section, Source};
use flags::{Flags, KEYS, Layers};
use ipnet::IpNet;
use rules::Ruling;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;
use zeroize::Zeroizing;

const BODY_LIMIT: usize = 10 * 1024 * 1024;
const BODY_LIMIT_MOST: usize = 1024 * 1024 * 1024;

/// How this installation runs, checked.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// The folder of both databases and the master key.
    pub data: PathBuf,
    /// Where people reach the console: decides secure cookies and the addresses shown.
    pub public_url: Option<Url>,
    /// Only these peers may say who the client is by a forwarded header.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call `/v1`; `*` is any.
    pub cors_origins: Vec<String>,
    /// Bytes of the largest request body.
    pub body_limit: usize,
    /// Hosts, with or without a port, that callers and configs may name although they are private.
    pub trusted_custom_hosts: Vec<String>,
    /// A commit outlives a loss of power, not only a killed process.
    pub durable: bool,
    /// `None`: kept in a file of the data folder.
    pub master_key: Option<[u8; 32]>,
    pub setup: SetupFile,
    /// Where alerts go.
    pub alerts: Alerts,
    /// Vendor slug and key of each vendor whose usual variable is set.
    pub environment: Vec<(String, Zeroizing<String>)>,
    /// A filter such as `info` or `switchyard=debug`.
    pub log: String,
    /// What the process is started for.
    pub act: Act,
}

/// Its secrets are not for logs.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("listen", &self.listen)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

/// One thing to put right before the server can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// A file and line, a flag or a variable: `switchyard.toml:12`, `--listen`, `SWITCHYARD_LISTEN`.
    pub at: String,
    /// The key in the file, such as `provider[1].slug`; empty outside files.
    pub key: String,
    /// What is allowed.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(formatter, "{}: {}", self.at, self.text),
            key => write!(formatter, "{}: {key}: {}", self.at, self.text),
        }
    }
}

/// Where a value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// As in [`Mistake`].
    pub at: String,
    pub key: String,
}

impl Place {
    /// What is wrong there.
    pub fn mistake(&self, text: String) -> Mistake {
        Mistake { at: self.at.clone(), key: self.key.clone(), text }
    }
}

/// What settings are read from besides flags.
pub(in crate::settings) struct World<'a> {
    pub(in crate::settings) env: &'a dyn Fn(&str) -> Option<String>,
    pub(in crate::settings) read: &'a dyn Fn(&Path) -> io::Result<String>,
    /// A person brings the file along, and its secrets may be left out.
    pub(in crate::settings) brought: bool,
}

/// What a set-up file may hold beside plain settings.
const TABLES: [&str; 9] = ["owner", "provider", "config", "api_key", "model", "price", "policy", "workspace", "alerts"];

impl World<'_> {
    /// A variable; one set to nothing counts as unset.
    pub(in crate::settings) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.trim().is_empty())
    }
}

impl Settings {
    /// Reads `args` (the program's name first), the environment, and the set-up file that either names.
    ///
    /// `--help` and `--version` print and end the process.
    pub fn load(
        args: impl IntoIterator<Item = OsString>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Mistake>> {
        Self::read(args, &World { env: &env, read: &|path| std::fs::read_to_string(path), brought: false })
    }

    fn read(args: impl IntoIterator<Item = OsString>, world: &World<'_>) -> Result<Self, Vec<Mistake>> {
        let notes = Notes::default();
        let flags = Flags::read(args, &notes);
        let path = flags.setup().map(PathBuf::from).or_else(|| world.variable("SWITCHYARD_SETUP").map(PathBuf::from));
        let text = path.as_deref().and_then(|path| setup_text(path, world, &notes)).unwrap_or_default();
        let source = Source::new(path.as_deref().unwrap_or(Path::new("")), &text);
        let table = source.parse(&notes).unwrap_or_default();
        let settings = Self::assemble(&flags, world, &Section::root(&source, &table, &notes));
        let mistakes = notes.into_inner();
        if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
    }

    fn assemble(flags: &Flags, world: &World<'_>, root: &Section<'_>) -> Self {
        let layers = Layers { flags, world, root };
        let allowed: Vec<&str> = KEYS.iter().map(|key| key.name).chain(TABLES).collect();
        root.allow(&allowed);
        Self {
            listen: layers.one("listen", listen).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8787))),
            data: layers.data(),
            public_url: layers.one("public_url", public_url),
            trusted_proxies: layers.one("trusted_proxies", proxies).unwrap_or_default(),
            cors_origins: layers.one("cors_origins", origins).unwrap_or_default(),
            body_limit: layers.one("body_limit", body_limit).unwrap_or(BODY_LIMIT),
            trusted_custom_hosts: layers.one("trusted_custom_hosts", hosts).unwrap_or_default(),
            durable: layers.one("durable", rules::switch).unwrap_or(false),
            master_key: layers.one("master_key", master_key),
            setup: SetupFile::read(root, world),
            alerts: Alerts::read(root, world),
            environment: environment(world, root.notes()),
            log: layers.one("log", log).unwrap_or_else(|| "info,memory_serve=warn".into()),
            act: flags.act(),
        }
    }

    /// Whether other machines can reach the server, so that a stranger could be the first to sign up.
    pub fn beyond_loopback(&self) -> bool {
        !self.listen.ip().is_loopback()
    }

    /// The origin people use, such as `https://gateway.example.com`, with no slash at its end.
    pub fn origin(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.own_address()),
        }
    }

    /// What clients set as base URL, ending in `/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// Where this machine reaches the server.
    pub fn own_address(&self) -> SocketAddr {
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.listen.port())
    }

    /// Whether cookies are for TLS alone.
    pub fn secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

fn setup_text(path: &Path, world: &World<'_>, notes: &Notes) -> Option<String> {
    (world.read)(path)
        .map_err(|error| {
            notes.note(path.display().to_string(), "", format!("The set-up file cannot be read: {error}."))
        })
        .ok()
}

fn environment(world: &World<'_>, notes: &Notes) -> Vec<(String, Zeroizing<String>)> {
    let mut ready = Vec::new();
    for vendor in VENDORS.iter() {
        let Some((name, value)) = vendor.variable.and_then(|name| Some((name, world.variable(name)?))) else {
            continue;
        };
        match rules::credential(&value) {
            Ok(key) => ready.push((vendor.slug.to_owned(), Zeroizing::new(key))),
            Err(text) => notes.note(name.to_owned(), "", text),
        }
    }
    ready
}

fn listen(text: &str) -> Ruling<SocketAddr> {
    text.parse().map_err(|_| "Use an IP address and a port, such as 127.0.0.1:8787 or 0.0.0.0:8787.".into())
}

fn public_url(text: &str) -> Ruling<Url> {
    let url = Url::parse(&rules::base_url(text)?).map_err(|error| error.to_string())?;
    if url.path() == "/" {
        Ok(url)
    } else {
        Err("Leave out the path: the console stands at the root of its host.".into())
    }
}

fn proxies(text: &str) -> Ruling<Vec<IpNet>> {
    let one = |part: &str| part.parse::<IpNet>().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from));
    let refusal = |part| format!("Use addresses or networks such as 10.0.0.0/8, not {part}.");
    parts(text).map(|part| one(part).ok_or_else(|| refusal(part))).collect()
}

fn origins(text: &str) -> Ruling<Vec<String>> {
    let one = |part: &str| {
        let origin = Url::parse(part).ok().map(|url| url.origin()).filter(url::Origin::is_tuple)?;
        Some(origin.ascii_serialization()).filter(|origin| origin == part.trim_end_matches('/'))
    };
    let refusal = |part| format!("Use * or origins such as https://app.example.com, not {part}.");
    parts(text)
        .map(|part| if part == "*" { Some(part.into()) } else { one(part) }.ok_or_else(|| refusal(part)))
        .collect()
}

fn hosts(text: &str) -> Ruling<Vec<String>> {
    let sane = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let refusal = |part| format!("Use hosts such as llm.lan, localhost or 10.0.0.5:8000, not {part}.");
    parts(text).map(|part| sane(part).then(|| part.to_ascii_lowercase()).ok_or_else(|| refusal(part))).collect()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn body_limit(text: &str) -> Ruling<usize> {
    let bytes = text.parse().ok().filter(|bytes| (1024..=BODY_LIMIT_MOST).contains(bytes));
    bytes.ok_or_else(|| format!("Use a whole number of bytes from 1024 to {BODY_LIMIT_MOST}."))
}

fn master_key(text: &str) -> Ruling<[u8; 32]> {
    secret::master_key_from_text(text).ok_or_else(|| "Use 32 bytes, written as 64 hex digits or as base64.".into())
}

fn log(text: &str) -> Ruling<String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err("Use a level (error, warn, info, debug, trace) or directives such as info,switchyard=debug.".into())
        }
    }
}

#[cfg(test)]
mod tests;
