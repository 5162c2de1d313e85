//! The objects that a set-up file declares: the owner, providers, models, prices, configs and API keys.

mod prices;
mod providers;

pub use prices::{DeclaredModel, DeclaredPrice};
pub use providers::DeclaredProvider;

use super::file::{Given, Section};
use super::limits::{self, DeclaredLimit, Owner as Whose, one_of};
use super::rules;
use super::{Place, World};
use crate::store::keys::{KIND, KINDS};
use app::model::key::Allowed;
use app::model::routing::{self, Mistake};
use app::model::scope::DEFAULT_SCOPES;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use zeroize::Zeroizing;

const KEY_FIELDS: [&str; 15] = [
    "name",
    "value",
    "value_env",
    "kind",
    "description",
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

/// How a limit of all calls is named where nothing is said.
pub const WORKSPACE_LIMIT: &str = "workspace";

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
    /// One of [`KINDS`].
    pub kind: String,
    pub description: String,
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
        let given = root.sections("provider");
        let slugs = providers::Slugs::of(&given, world);
        let providers: Vec<_> =
            given.iter().filter_map(|section| providers::read(section, world, &slugs, &mut once)).collect();
        let sections = root.sections("config");
        let configs = sections.iter().filter_map(|section| config(section, world, &mut once)).collect();
        let known: Vec<String> = sections.iter().filter_map(|section| section.word("id")).map(str::to_owned).collect();
        let keys = root.sections("api_key");
        let api_keys = keys.iter().filter_map(|section| api_key(section, world, &known, &mut once)).collect();
        let mut limits = limits_of_owners(&given, &keys, world);
        limits.extend(root.section("workspace").map(|section| limits_of_all(&section, world)).unwrap_or_default());
        for section in root.sections("policy") {
            once.check(&section, "policy", "name", section.word("name").filter(|_| !world.brought));
            limits.extend(limits::policy(&section));
        }
        let slugs: Vec<String> = providers.iter().map(|one: &DeclaredProvider| one.slug.clone()).collect();
        let slugs = (!world.brought).then_some(slugs.as_slice());
        let models = root.sections("model").iter().filter_map(|section| prices::model(section, slugs)).collect();
        let prices = root.sections("price").iter().filter_map(|section| prices::price(section, slugs)).collect();
        Self { owner, providers, configs, api_keys, limits, models, prices }
    }
}

/// Once there is no mistake, each owner's place is that of its section.
fn limits_of_owners(providers: &[Section<'_>], keys: &[Section<'_>], world: &World<'_>) -> Vec<DeclaredLimit> {
    let mut all = Vec::new();
    for (at, section) in providers.iter().enumerate() {
        let slug = section.word("slug").unwrap_or_default();
        all.extend(limits::of(section, Whose::Provider(at), slug, world));
        if let Some(shared) = section.section("shared") {
            shared.allow(&["budget", "rate_limit"]);
            all.extend(limits::of(&shared, Whose::Integration(at), slug, world));
        }
    }
    for (at, section) in keys.iter().enumerate() {
        all.extend(limits::of(section, Whose::Key(at), section.word("name").unwrap_or_default(), world));
    }
    all
}

fn limits_of_all(workspace: &Section<'_>, world: &World<'_>) -> Vec<DeclaredLimit> {
    workspace.allow(&["budget", "rate_limit"]);
    limits::of(workspace, Whose::Workspace, WORKSPACE_LIMIT, world)
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
    // In a console, two keys may have one name.
    once.check(section, "API key", "name", name.as_deref().filter(|_| !world.brought));
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
    let kinds = KINDS.map(|kind| (kind, kind));
    let kind = section.judged("kind", |text| one_of(text, &kinds)).unwrap_or(KIND).to_owned();
    let description = section.judged("description", |text| rules::text(text, rules::DESCRIPTION_MOST));
    let switch = |field: &str| section.figure(field).and_then(|given| section.notes().judge(&given, rules::switch));
    Some(DeclaredKey {
        config_override: switch("allow_config_override").unwrap_or(true),
        enforced: switch("metadata_enforced").unwrap_or(true),
        allowed: allowed(section),
        expires_at: section.judged("expires_at", rules::moment).flatten(),
        place: section.place(if section.has("value") { "value" } else { "value_env" }),
        name: name?,
        value: Zeroizing::new(value?),
        kind,
        description: description.unwrap_or_default(),
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
