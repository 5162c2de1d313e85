//! What an import does to what is there: pure. Nothing is removed, and what is declared outside the console is left.

mod keys;
mod limits;
mod providers;

use super::Present;
use super::write::{LEFT_OUT, closed, masked, moment, said};
use crate::desk::configs::mistakes;
use crate::limit::rule::Limit;
use crate::settings::limits::DeclaredLimit;
use crate::settings::{
    DeclaredConfig, DeclaredKey, DeclaredModel, DeclaredPrice, DeclaredProvider, Place, SANDBOX, SetupFile,
};
use crate::store::configs::StoredConfig;
use crate::store::keys::StoredKey;
use crate::store::models::{ALL, StoredPrice};
use crate::store::providers::StoredProvider;
use app::model::Origin;
use app::model::models::Prices;
use app::model::transfer::{Change, Flaw, Kind, Line, Plan};
pub use limits::Whose;
pub use providers::holder;
use serde_json::Value;
use std::collections::BTreeSet;

/// A plan, and what to do for it, each with the row that it changes.
#[derive(Default)]
pub struct Drawn {
    pub plan: Plan,
    pub(super) providers: Vec<(Option<StoredProvider>, DeclaredProvider)>,
    pub(super) models: Vec<DeclaredModel>,
    pub(super) prices: Vec<DeclaredPrice>,
    pub(super) configs: Vec<(Option<StoredConfig>, DeclaredConfig)>,
    pub(super) keys: Vec<(Option<StoredKey>, DeclaredKey)>,
    pub(super) limits: Vec<(Option<Limit>, Whose, DeclaredLimit)>,
}

/// When it is drawn, and for whom.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Milliseconds.
    pub now: i64,
    /// What the key at work may do; `None`: a person's seat.
    pub scopes: Option<&'a [String]>,
}

const FILE: &str = "Declared outside the console: change it there.";

/// What a thing of the file is compared with.
struct Around<'a> {
    present: &'a Present,
    /// Providers that are here or in the file.
    slugs: BTreeSet<String>,
    /// Those of them that cannot be called.
    silent: BTreeSet<String>,
    /// Those whose models are off where nothing is said of them, here or in the file.
    closed: BTreeSet<String>,
    /// Configs that are published here or in the file.
    ids: BTreeSet<String>,
    terms: Terms<'a>,
}

/// Where an owner of limits stands.
enum Stand {
    /// Id of its row.
    Here(String),
    /// Its place among the keys that are made.
    Key(usize),
    /// Slug of a provider that is made.
    Provider(String),
    /// Something is to be put right first.
    Flawed,
}

/// Compares the file with what is there.
pub fn draw(file: SetupFile, present: &Present, terms: Terms<'_>) -> Drawn {
    let mut drawn = Drawn::default();
    let mut slugs: BTreeSet<String> = present.providers.iter().map(|row| row.slug.clone()).collect();
    slugs.extend(file.providers.iter().map(|one| one.slug.clone()));
    slugs.insert(SANDBOX.to_owned());
    let mut ids: BTreeSet<String> =
        present.configs.iter().filter(|row| row.number > 0).map(|row| row.slug.clone()).collect();
    ids.extend(file.configs.iter().map(|one| one.slug.clone()));
    let shut = file.models.iter().filter(|one| one.model == ALL && !one.enabled).map(|one| one.provider.clone());
    let shut = shut.chain(slugs.iter().filter(|slug| closed(&present.models, slug)).cloned()).collect();
    let around = Around { present, silent: silent(&file, present), closed: shut, slugs, ids, terms };
    drawn.left(&file, present);
    let providers: Vec<Stand> = file.providers.into_iter().map(|one| drawn.provider(one, &around)).collect();
    file.models.into_iter().for_each(|one| drawn.model(one, &around));
    file.prices.into_iter().for_each(|one| drawn.price(one, &around));
    file.configs.into_iter().for_each(|one| drawn.config(one, &around));
    let keys = drawn.all_keys(file.api_keys, &around);
    drawn.all_limits(file.limits, &limits::Stands { providers, keys }, present);
    drawn.plan.lines.sort_by_key(|line| rank(line.change));
    drawn
}

/// Providers that cannot be called once the file is applied.
fn silent(file: &SetupFile, present: &Present) -> BTreeSet<String> {
    let declared = file.providers.iter().map(|one| (&one.slug, one.standing));
    let kept = present.providers.iter().filter(|row| file.providers.iter().all(|one| one.slug != row.slug));
    let all = declared.chain(kept.map(|row| (&row.slug, row.standing)));
    all.filter(|(_, standing)| !standing.callable()).map(|(slug, _)| slug.clone()).collect()
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

    /// Notes what changes of a thing that is here. Whether anything is to be done.
    fn compared(&mut self, kind: Kind, name: &str, notes: Vec<String>, locked: bool) -> bool {
        match (notes.is_empty(), locked) {
            (true, _) => self.line(kind, name, Change::Same, notes),
            (false, true) => self.line(kind, name, Change::Locked, vec![FILE.into()]),
            (false, false) => {
                self.line(kind, name, Change::Changed, notes);
                return true;
            }
        }
        false
    }

    /// Providers and configs that are here and not in the file.
    fn left(&mut self, file: &SetupFile, present: &Present) {
        let left = |row: &&StoredProvider| row.slug != SANDBOX && file.providers.iter().all(|one| one.slug != row.slug);
        for row in present.providers.iter().filter(left) {
            self.line(Kind::Provider, &format!("@{}", row.slug), Change::Left, Vec::new());
        }
        let left = |row: &&StoredConfig| row.number > 0 && file.configs.iter().all(|one| one.slug != row.slug);
        for row in present.configs.iter().filter(left) {
            self.line(Kind::Config, &row.slug, Change::Left, Vec::new());
        }
    }

    fn model(&mut self, one: DeclaredModel, around: &Around<'_>) {
        let name = format!("@{}/{}", one.provider, one.model);
        if !around.slugs.contains(&one.provider) {
            return self.flaw(&one.place, unknown(&one.provider));
        }
        let context = one.context.and_then(|tokens| i64::try_from(tokens).ok());
        let row = around.present.models.iter().find(|row| row.provider == one.provider && row.model == one.model);
        let same = |(custom, enabled, was): (bool, bool, Option<i64>)| {
            custom == one.custom && enabled == one.enabled && was == context
        };
        let closed = around.closed.contains(&one.provider);
        match row.filter(|row| said(row, closed)) {
            None if !closed && same((false, true, None)) => self.line(Kind::Model, &name, Change::Same, Vec::new()),
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

    fn price(&mut self, one: DeclaredPrice, around: &Around<'_>) {
        let name = format!("@{}/{}", one.provider, one.model);
        if !around.slugs.contains(&one.provider) {
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
        if around.present.prices.iter().any(|row| same(&row)) {
            return self.line(Kind::Price, &name, Change::Same, vec![note]);
        }
        self.line(Kind::Price, &name, Change::Added, vec![note]);
        self.prices.push(one);
    }

    fn config(&mut self, one: DeclaredConfig, around: &Around<'_>) {
        let name = one.slug.clone();
        let row = around.present.configs.iter().find(|row| row.slug == one.slug);
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
        let wrong = mistakes(&one.body, &|slug| around.slugs.contains(slug) && !around.silent.contains(slug));
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
