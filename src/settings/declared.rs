//! The objects that a set-up file declares: the owner, providers, models, prices, configs and API keys.

mod prices;

pub use prices::{DeclaredModel, DeclaredPrice};

use super::file::{Given, Section};
use super::limits::{self, DeclaredLimit, Owner as Whose};
use super::rules;
use super::{Place, World};
use crate::wire::vendors::{Auth, Base, VENDORS, Vendor, vendor};
use app::model::key::Allowed;
use app::model::routing::{self, Mistake};
use app::model::scope::DEFAULT_SCOPES;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use zeroize::Zeroizing;

const KEY_FIELDS: [&str; 13] = [
    "name",
    "value",
    "value_env",
    "scopes",
    "config",
    "allow_config_override",
    "metadata",
    "metadata_enforced",
    "allowed_models",
    "allowed_providers",
    "expires_at",
    "budget",
    "rate_limit",
];

/// The slug of the provider that is always there.
pub const SANDBOX: &str = "sandbox";

/// What the file declares, checked; applied at each start.
#[derive(Clone, Default)]
pub struct SetupFile {
    pub owner: Option<Owner>,
    pub providers: Vec<DeclaredProvider>,
    pub configs: Vec<DeclaredConfig>,
    pub api_keys: Vec<DeclaredKey>,
    pub limits: Vec<DeclaredLimit>,
    pub models: Vec<DeclaredModel>,
    pub prices: Vec<DeclaredPrice>,
}

#[derive(Clone)]
pub struct Owner {
    pub email: String,
    pub password: Zeroizing<String>,
}

#[derive(Clone)]
pub struct DeclaredProvider {
    pub slug: String,
    /// A slug of the vendor table.
    pub vendor: String,
    /// `None`: the vendor's own.
    pub base_url: Option<String>,
    pub key: Option<Zeroizing<String>>,
    /// What callers may see of its whole account.
    pub open: Vec<String>,
    pub place: Place,
}

#[derive(Clone)]
pub struct DeclaredConfig {
    pub slug: String,
    pub name: String,
    /// The JSON text of a config that [`routing::read`] accepts.
    pub body: String,
    pub place: Place,
}

#[derive(Clone)]
pub struct DeclaredKey {
    pub name: String,
    /// Empty where an import leaves it out.
    pub value: Zeroizing<String>,
    pub scopes: Vec<String>,
    /// Slug of a declared config.
    pub config: Option<String>,
    /// A call may bring its own config.
    pub config_override: bool,
    pub metadata: BTreeMap<String, String>,
    /// No call overrides the metadata.
    pub enforced: bool,
    pub allowed: Allowed,
    /// Milliseconds.
    pub expires_at: Option<i64>,
    pub place: Place,
}

impl SetupFile {
    pub(super) fn read(root: &Section<'_>, world: &World<'_>) -> Self {
        let owner = root.section("owner").filter(|_| !world.brought).and_then(|section| owner(&section, world));
        let mut once = Once::default();
        let providers = root.sections("provider");
        let providers: Vec<_> = providers.iter().filter_map(|section| provider(section, world, &mut once)).collect();
        let sections = root.sections("config");
        let configs = sections.iter().filter_map(|section| config(section, world, &mut once)).collect();
        let known: Vec<String> = sections.iter().filter_map(|section| section.word("id")).map(str::to_owned).collect();
        let keys = root.sections("api_key");
        let api_keys = keys.iter().filter_map(|section| api_key(section, world, &known, &mut once)).collect();
        let named = |section: &Section<'_>, key: &str| section.word(key).unwrap_or_default().to_owned();
        let mut limits = Vec::new();
        for section in root.sections("provider") {
            limits.extend(limits::of(&section, &Whose::Provider(named(&section, "slug"))));
        }
        for section in &keys {
            limits.extend(limits::of(section, &Whose::Key(named(section, "name"))));
        }
        for section in root.sections("policy") {
            once.check(&section, "policy", "name", section.word("name"));
            limits.extend(limits::policy(&section));
        }
        let slugs: Vec<String> = providers.iter().map(|one: &DeclaredProvider| one.slug.clone()).collect();
        let slugs = (!world.brought).then_some(slugs.as_slice());
        let models = root.sections("model").iter().filter_map(|section| prices::model(section, slugs)).collect();
        let prices = root.sections("price").iter().filter_map(|section| prices::price(section, slugs)).collect();
        Self { owner, providers, configs, api_keys, limits, models, prices }
    }
}

/// Notes what is declared twice.
#[derive(Default)]
struct Once(BTreeSet<(&'static str, String)>);

impl Once {
    fn check(&mut self, section: &Section<'_>, thing: &'static str, key: &str, value: Option<&str>) {
        if let Some(value) = value
            && !self.0.insert((thing, value.to_owned()))
        {
            section.note(key, format!("Used by another {thing} already. Choose another."));
        }
    }
}

fn owner(section: &Section<'_>, world: &World<'_>) -> Option<Owner> {
    section.allow(&["email", "password", "password_env"]);
    let email = section.needed("email", rules::email);
    let password = secret(section, "password", world, true)?;
    let rule = |text: &str| rules::password(text, email.as_deref().unwrap_or_default());
    section.notes().judge(&password, rule)?;
    Some(Owner { email: email?, password: Zeroizing::new(password.value) })
}

fn provider(section: &Section<'_>, world: &World<'_>, once: &mut Once) -> Option<DeclaredProvider> {
    section.allow(&["slug", "vendor", "base_url", "key", "key_env", "open", "budget", "rate_limit"]);
    let slug = section.needed("slug", |text| match rules::slug(text)? {
        slug if slug == SANDBOX => Err("The sandbox is built in. Choose another slug.".into()),
        slug => Ok(slug),
    });
    once.check(section, "provider", "slug", slug.as_deref());
    let vendor = section.needed("vendor", known_vendor);
    let base_url = section.judged("base_url", rules::base_url);
    let key = secret(section, "key", world, false).and_then(|given| section.notes().judge(&given, rules::credential));
    let opened = section.list("open").unwrap_or_default();
    let open = opened.iter().filter_map(|one| section.notes().judge(one, rules::openable)).collect();
    let (slug, vendor) = (slug?, vendor?);
    if vendor.base == Base::Required && !section.has("base_url") {
        section.note("base_url", format!("Missing. {} has no address of its own.", vendor.name));
    }
    let asked = vendor.auth != Auth::None && !section.has("base_url") && !world.brought;
    if asked && !section.has("key") && !section.has("key_env") {
        section.note("key", format!("Missing. Add key or key_env: {} asks for one.", vendor.name));
    }
    let (vendor, key, place) = (vendor.slug.to_owned(), key.map(Zeroizing::new), section.place("slug"));
    Some(DeclaredProvider { slug, vendor, base_url, key, open, place })
}

fn config(section: &Section<'_>, world: &World<'_>, once: &mut Once) -> Option<DeclaredConfig> {
    section.allow(&["id", "name", "body", "file"]);
    let slug = section.needed("id", rules::config_id);
    once.check(section, "config", "id", slug.as_deref());
    let name = section.judged("name", rules::name);
    let body = match (section.text("body"), section.text("file")) {
        (Some(body), None) => Some(body),
        (None, Some(file)) => config_file(section, file, world),
        _ => {
            section.note("body", "Give either body, the JSON text, or file, its path.");
            None
        }
    };
    let body = config_text(section, &body?)?;
    let slug = slug?;
    Some(DeclaredConfig { name: name.unwrap_or_else(|| slug.clone()), slug, body, place: section.place("id") })
}

fn config_file(section: &Section<'_>, file: Given, world: &World<'_>) -> Option<Given> {
    match (world.read)(&section.beside(Path::new(&file.value))) {
        Ok(value) => Some(Given { value, ..file }),
        Err(error) => {
            section.note("file", format!("{} cannot be read: {error}.", file.value));
            None
        }
    }
}

/// The body as text, if it is a config; else each of its mistakes is noted with its path in the body.
fn config_text(section: &Section<'_>, body: &Given) -> Option<String> {
    let mistakes = routing::read_text(&body.value).err().unwrap_or_default();
    for Mistake { path, message } in &mistakes {
        let text = if path.is_empty() { message.clone() } else { format!("{path}: {message}") };
        section.notes().note(body.at.clone(), &body.key, text);
    }
    mistakes.is_empty().then(|| body.value.trim().to_owned())
}

fn api_key(section: &Section<'_>, world: &World<'_>, configs: &[String], once: &mut Once) -> Option<DeclaredKey> {
    section.allow(&KEY_FIELDS);
    let name = section.needed("name", rules::name);
    once.check(section, "API key", "name", name.as_deref());
    let value = secret(section, "value", world, true).and_then(|given| section.notes().judge(&given, rules::api_key));
    let value = value.or_else(|| (world.brought && !section.has("value")).then(String::new));
    once.check(section, "key's value", "value", value.as_deref().filter(|value| !value.is_empty()));
    let scopes = match section.has("scopes") {
        true => section.list("scopes")?.iter().filter_map(|one| section.notes().judge(one, rules::scope)).collect(),
        false => DEFAULT_SCOPES.map(str::to_owned).to_vec(),
    };
    let config = section.judged("config", |text| match world.brought || configs.iter().any(|known| known == text) {
        true => Ok(text.to_owned()),
        false => Err("No [[config]] of this file has this id.".into()),
    });
    let value_of = |(key, given): (String, Given)| Some((key, section.notes().judge(&given, rules::metadata_value)?));
    let metadata = section.pairs("metadata").into_iter().filter_map(value_of).collect();
    let switch = |field: &str| section.figure(field).and_then(|given| section.notes().judge(&given, rules::switch));
    Some(DeclaredKey {
        config_override: switch("allow_config_override").unwrap_or(true),
        enforced: switch("metadata_enforced").unwrap_or(true),
        allowed: allowed(section),
        expires_at: section.judged("expires_at", rules::moment).flatten(),
        place: section.place(if section.has("value") { "value" } else { "value_env" }),
        name: name?,
        value: Zeroizing::new(value?),
        scopes,
        config,
        metadata,
    })
}

/// What a key is kept to. A provider may also be one that the console or the environment connects.
fn allowed(section: &Section<'_>) -> Allowed {
    let list = |field: &str, rule: fn(&str) -> rules::Ruling<String>| {
        let given = section.list(field).unwrap_or_default();
        given.iter().filter_map(|one| section.notes().judge(one, rule)).collect()
    };
    Allowed { providers: list("allowed_providers", rules::slug), models: list("allowed_models", rules::model_pattern) }
}

/// The secret at `key`, or in the variable that `key_env` names.
pub(super) fn secret(section: &Section<'_>, key: &str, world: &World<'_>, needed: bool) -> Option<Given> {
    if world.brought {
        return section.text(key);
    }
    let by_name = format!("{key}_env");
    match (section.text(key), section.text(&by_name)) {
        (Some(_), Some(_)) => section.note(&by_name, format!("Give either {key} or {by_name}.")),
        (Some(given), None) => return Some(given),
        (None, Some(name)) => match world.variable(&name.value) {
            Some(value) => return Some(Given { value, ..name }),
            None => section.note(&by_name, format!("The variable {} is not set.", name.value)),
        },
        (None, None) if needed => section.note(key, format!("Missing. Add {key} or {by_name}.")),
        (None, None) => {}
    }
    None
}

fn known_vendor(text: &str) -> rules::Ruling<&'static Vendor> {
    vendor(text).ok_or_else(|| {
        let slugs: Vec<&str> = VENDORS.iter().map(|vendor| vendor.slug).collect();
        format!("Unknown vendor. Use one of: {}.", slugs.join(", "))
    })
}
