//! What an import does to what is there: pure. Nothing is removed, and what is declared outside the console is left.

use super::Present;
use super::write::{LEFT_OUT, masked, moment, said};
use crate::desk::configs::mistakes;
use crate::settings::{
    DeclaredConfig, DeclaredKey, DeclaredModel, DeclaredPrice, DeclaredProvider, Place, SANDBOX, SetupFile,
};
use crate::store::configs::StoredConfig;
use crate::store::keys::StoredKey;
use crate::store::models::StoredPrice;
use crate::store::providers::StoredProvider;
use crate::wire::vendors::{Auth, vendor};
use app::model::Origin;
use app::model::models::Prices;
use app::model::transfer::{Change, Flaw, Kind, Line, Plan};
use serde_json::Value;
use std::collections::BTreeSet;

/// A plan, and what to do for it, each with the row that it changes.
#[derive(Default)]
pub struct Drawn {
    pub plan: Plan,
    pub providers: Vec<(Option<StoredProvider>, DeclaredProvider)>,
    pub models: Vec<DeclaredModel>,
    pub prices: Vec<DeclaredPrice>,
    pub configs: Vec<(Option<StoredConfig>, DeclaredConfig)>,
    pub keys: Vec<(Option<StoredKey>, DeclaredKey)>,
}

const FILE: &str = "Declared outside the console: change it there.";

/// Compares the file with what is there.
pub fn draw(file: SetupFile, present: &Present) -> Drawn {
    let mut drawn = Drawn::default();
    let mut slugs: BTreeSet<String> = present.providers.iter().map(|row| row.slug.clone()).collect();
    slugs.extend(file.providers.iter().map(|one| one.slug.clone()));
    slugs.insert(SANDBOX.to_owned());
    let mut ids: BTreeSet<String> =
        present.configs.iter().filter(|row| row.number > 0).map(|row| row.slug.clone()).collect();
    ids.extend(file.configs.iter().map(|one| one.slug.clone()));
    drawn.left(&file, present);
    file.providers.into_iter().for_each(|one| drawn.provider(one, present));
    file.models.into_iter().for_each(|one| drawn.model(one, present, &slugs));
    file.prices.into_iter().for_each(|one| drawn.price(one, present, &slugs));
    file.configs.into_iter().for_each(|one| drawn.config(one, present, &slugs));
    file.api_keys.into_iter().for_each(|one| drawn.key(one, present, &ids));
    drawn.plan.lines.sort_by_key(|line| rank(line.change));
    drawn
}

/// What happens stands before what does not.
fn rank(change: Change) -> u8 {
    match change {
        Change::Changed => 0,
        Change::Added => 1,
        Change::Locked => 2,
        Change::Same => 3,
        Change::Left => 4,
    }
}

impl Drawn {
    fn line(&mut self, kind: Kind, name: &str, change: Change, notes: Vec<String>) {
        self.plan.lines.push(Line { kind, name: name.to_owned(), change, notes, texts: None });
    }

    fn flaw(&mut self, place: &Place, text: String) {
        self.plan.flaws.push(Flaw { at: place.at.replace(':', " "), key: place.key.clone(), text });
    }

    /// What is here and not in the file.
    fn left(&mut self, file: &SetupFile, present: &Present) {
        let providers =
            present.providers.iter().filter(|row| row.slug != SANDBOX).map(|row| (Kind::Provider, &row.slug));
        let configs = present.configs.iter().filter(|row| row.number > 0).map(|row| (Kind::Config, &row.slug));
        let keys = present.keys.iter().filter(|row| row.revoked_at.is_none()).map(|row| (Kind::ApiKey, &row.name));
        let in_file = |kind: Kind, name: &String| match kind {
            Kind::Provider => file.providers.iter().any(|one| one.slug == *name),
            Kind::Config => file.configs.iter().any(|one| one.slug == *name),
            _ => file.api_keys.iter().any(|one| one.name == *name),
        };
        for (kind, name) in providers.chain(configs).chain(keys).filter(|(kind, name)| !in_file(*kind, name)) {
            let at = if kind == Kind::Provider { "@" } else { "" };
            self.line(kind, &format!("{at}{name}"), Change::Left, Vec::new());
        }
    }

    fn provider(&mut self, one: DeclaredProvider, present: &Present) {
        let name = format!("@{}", one.slug);
        let Some(row) = present.providers.iter().find(|row| row.slug == one.slug) else {
            let asks = one.key.is_none() && vendor(&one.vendor).is_some_and(|vendor| vendor.auth != Auth::None);
            let note = "Enter its key on the Providers page: until then its calls go without one.";
            self.line(Kind::Provider, &name, Change::Added, asks.then(|| note.to_owned()).into_iter().collect());
            self.providers.push((None, one));
            return;
        };
        if row.vendor != one.vendor {
            let text =
                format!("{name} is of {} here, and of {} in the file. Rename one of them.", row.vendor, one.vendor);
            return self.flaw(&one.place, text);
        }
        let mut notes = Vec::new();
        if row.base_url != one.base_url {
            let url = |url: &Option<String>| url.clone().unwrap_or_else(|| "the vendor's own".into());
            notes.push(format!("Address: {} → {}.", url(&row.base_url), url(&one.base_url)));
            if row.credential.is_some() && one.key.is_none() {
                notes.push("Its key is dropped, for a stored one goes to no other address. Enter it again.".into());
            }
        }
        if row.open != one.open {
            notes.push(format!("Opens: {} → {}.", words(&row.open), words(&one.open)));
        }
        if one.key.is_some() {
            notes.push("A new key.".into());
        }
        match (notes.is_empty(), row.origin.locked() || row.integration.is_some()) {
            (true, _) => self.line(Kind::Provider, &name, Change::Same, notes),
            (false, true) => self.line(Kind::Provider, &name, Change::Locked, vec![FILE.into()]),
            (false, false) => {
                self.line(Kind::Provider, &name, Change::Changed, notes);
                self.providers.push((Some(row.clone()), one));
            }
        }
    }

    fn model(&mut self, one: DeclaredModel, present: &Present, slugs: &BTreeSet<String>) {
        let name = format!("@{}/{}", one.provider, one.model);
        if !slugs.contains(&one.provider) {
            return self.flaw(&one.place, unknown(&one.provider));
        }
        let context = one.context.and_then(|tokens| i64::try_from(tokens).ok());
        let row = present.models.iter().find(|row| row.provider == one.provider && row.model == one.model);
        let same = |(custom, enabled, was): (bool, bool, Option<i64>)| {
            custom == one.custom && enabled == one.enabled && was == context
        };
        match row.filter(|row| said(row)) {
            None if same((false, true, None)) => self.line(Kind::Model, &name, Change::Same, Vec::new()),
            None => {
                self.line(Kind::Model, &name, Change::Added, Vec::new());
                self.models.push(one);
            }
            Some(row) if same((row.custom, row.enabled, row.context)) => {
                self.line(Kind::Model, &name, Change::Same, Vec::new());
            }
            Some(row) if row.origin == Origin::File.word() => {
                self.line(Kind::Model, &name, Change::Locked, vec![FILE.into()]);
            }
            Some(row) => {
                let on = |enabled: bool| if enabled { "on" } else { "off" };
                let tokens = |count: Option<i64>| count.map_or("as listed".to_owned(), |count| count.to_string());
                let turned =
                    (row.enabled != one.enabled).then(|| format!("{} → {}.", on(row.enabled), on(one.enabled)));
                let wider = (row.context != context)
                    .then(|| format!("Context: {} → {}.", tokens(row.context), tokens(context)));
                self.line(Kind::Model, &name, Change::Changed, turned.into_iter().chain(wider).collect());
                self.models.push(one);
            }
        }
    }

    fn price(&mut self, one: DeclaredPrice, present: &Present, slugs: &BTreeSet<String>) {
        let name = format!("@{}/{}", one.provider, one.model);
        if !slugs.contains(&one.provider) {
            return self.flaw(&one.place, unknown(&one.provider));
        }
        let figures = one.prices.unwrap_or_default();
        let same = |row: &&StoredPrice| {
            row.provider == one.provider
                && row.model == one.model
                && (Prices { input: row.input, cached: row.cached, output: row.output }) == figures
                && one.from.is_none_or(|from| from == row.starts_at)
        };
        let begins = one.from.map_or("now on".to_owned(), moment);
        let note =
            if one.prices.is_some() { format!("From {begins}.") } else { format!("The list price from {begins}.") };
        if present.prices.iter().any(|row| same(&row)) {
            return self.line(Kind::Price, &name, Change::Same, vec![note]);
        }
        self.line(Kind::Price, &name, Change::Added, vec![note]);
        self.prices.push(one);
    }

    fn config(&mut self, one: DeclaredConfig, present: &Present, slugs: &BTreeSet<String>) {
        let name = one.slug.clone();
        let row = present.configs.iter().find(|row| row.slug == one.slug);
        let was = row.filter(|row| row.number > 0).map(|row| masked(&row.body));
        let same = was.as_deref().is_some_and(|was| equal(was, &one.body));
        if same && row.is_some_and(|row| row.name == one.name) {
            return self.line(Kind::Config, &name, Change::Same, Vec::new());
        }
        if row.is_some_and(|row| row.origin.locked()) {
            return self.line(Kind::Config, &name, Change::Locked, vec![FILE.into()]);
        }
        if !same && one.body.contains(LEFT_OUT) {
            let text = format!("This config was exported without its secrets. Put them where {LEFT_OUT} stands.");
            return self.flaw(&one.place, text);
        }
        let wrong = mistakes(&one.body, &|slug| slugs.contains(slug));
        for mistake in &wrong {
            self.flaw(&one.place, format!("{}: {}", mistake.path, mistake.message));
        }
        if !wrong.is_empty() {
            return;
        }
        let renamed = row.filter(|row| row.name != one.name).map(|row| format!("Name: {} → {}.", row.name, one.name));
        let change = if row.is_some() { Change::Changed } else { Change::Added };
        self.line(Kind::Config, &name, change, renamed.into_iter().collect());
        if let (Some(was), Some(line), false) = (was, self.plan.lines.last_mut(), same) {
            line.texts = Some((was, one.body.trim_end().to_owned()));
        }
        // A name alone makes no version: the text that is there stays, its secrets with it.
        let body = row.filter(|_| same).map_or_else(|| one.body.clone(), |row| row.body.clone());
        self.configs.push((row.cloned(), DeclaredConfig { body, ..one }));
    }

    fn key(&mut self, one: DeclaredKey, present: &Present, ids: &BTreeSet<String>) {
        let name = one.name.clone();
        if let Some(config) = one.config.as_ref().filter(|config| !ids.contains(*config)) {
            let text = format!("{config} is neither in this file nor published here.");
            return self.flaw(&one.place, text);
        }
        let live = |row: &&StoredKey| row.name == one.name && row.revoked_at.is_none();
        let Some(row) = present.keys.iter().find(live) else {
            let note = "It gets a new secret, which is shown once.";
            self.line(Kind::ApiKey, &name, Change::Added, vec![note.into()]);
            return self.keys.push((None, one));
        };
        let mut notes = Vec::new();
        if row.scopes != one.scopes {
            notes.push(format!("Scopes: {} → {}.", words(&row.scopes), words(&one.scopes)));
        }
        if row.config != one.config {
            let config = |config: &Option<String>| config.clone().unwrap_or_else(|| "none".into());
            notes.push(format!("Default config: {} → {}.", config(&row.config), config(&one.config)));
        }
        if row.metadata != one.metadata {
            notes.push("Other metadata.".into());
        }
        match (notes.is_empty(), row.origin.locked()) {
            (true, _) => self.line(Kind::ApiKey, &name, Change::Same, notes),
            (false, true) => self.line(Kind::ApiKey, &name, Change::Locked, vec![FILE.into()]),
            (false, false) => {
                self.line(Kind::ApiKey, &name, Change::Changed, notes);
                self.keys.push((Some(row.clone()), one));
            }
        }
    }
}

fn equal(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}

fn words(words: &[String]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn unknown(slug: &str) -> String {
    format!("@{slug} is neither in this file nor connected here.")
}

#[cfg(test)]
mod tests;
