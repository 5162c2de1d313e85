//! Configs: drafts, versions and tries.

mod check;
pub(in crate::desk) mod trial;

pub use check::mistakes;

use super::providers::figures::{median, millis};
use super::{DAY, Refusals, Seat, folded};
use crate::sandbox;
use crate::secret;
use crate::settings::rules;
use crate::store::StoreError;
use crate::store::configs::ConfigFile;
use crate::store::drafts::{ConfigRemoval, NewConfig, Publication, Written};
use crate::wire::vendors::{Base, Vendor, vendor};
use app::backend::{Answer, ConfigDesk};
use app::failure::Failure;
use app::model::config::{
    ConfigDetail, ConfigRow, ConfigUser, Draft, Outcome, ProviderPick, Published, Saved, Trial, Version,
};
use async_trait::async_trait;

/// Bytes of a draft: what is longer cannot be published either.
const TEXT_MOST: usize = 1024 * 1024;
/// Letters of a note.
const NOTE_MOST: usize = 500;
/// Models offered of one provider.
const MODELS_MOST: usize = 500;
const MINUTE: i64 = 60_000;

#[async_trait]
impl ConfigDesk for Seat {
    async fn configs(&self) -> Answer<Vec<ConfigRow>> {
        let (store, workspace) = (&self.house.store, self.workspace());
        let users = store.default_user_counts(workspace).await?;
        let calls = store.calls_by_config(workspace, self.now() - DAY).await?;
        let row = |file: ConfigFile| {
            let slug = file.config.slug.clone();
            let calls = calls.iter().filter(|calls| calls.slug == slug).map(|calls| calls.calls).sum();
            row(file, users.get(&slug).copied().unwrap_or_default(), calls)
        };
        Ok(store.config_files(workspace).await?.into_iter().map(row).collect())
    }

    async fn config(&self, slug: String) -> Answer<ConfigDetail> {
        let (store, workspace, now) = (&self.house.store, self.workspace(), self.now());
        let file = self.file(&slug).await?;
        let day = store.calls_by_config(workspace, now - DAY).await?;
        let minute = store.calls_by_config(workspace, now - MINUTE).await?;
        let mut users = store.default_users(workspace, &slug).await?;
        let mut calls = 0;
        for call in day.into_iter().filter(|call| call.slug == slug) {
            calls += call.calls;
            if !users.iter().any(|user| user.id == call.key) {
                users.push(ConfigUser { id: call.key, name: call.key_name, default: false });
            }
        }
        let defaults = users.iter().filter(|user| user.default).count();
        Ok(ConfigDetail {
            revision: file.revision,
            draft: self.draft(&file).await?,
            aside: match self.pen().person {
                Some(person) => store.aside(&file.config.id, person).await?,
                None => None,
            },
            versions: self.versions(&file.config.id, &slug).await?,
            users,
            calls_a_minute: minute.iter().filter(|call| call.slug == slug).map(|call| call.calls).sum(),
            providers: self.seen(self.picks().await?).await?,
            editable: self.leads() && !file.config.origin.locked(),
            row: row(file, u32::try_from(defaults).unwrap_or(u32::MAX), calls),
        })
    }

    async fn config_version(&self, slug: String, number: i64) -> Answer<String> {
        let config = self.file(&slug).await?.config;
        let text = self.house.store.config_version(&config.id, number).await?;
        text.ok_or_else(|| Failure::Missing(format!("{slug} has no version {number}. Choose one of those listed.")))
    }

    async fn new_config(&self, name: String, body: String) -> Answer<String> {
        self.leader()?;
        let mut refusals = Refusals::default();
        let name = refusals.take("name", rules::name(&name)).unwrap_or_default();
        refusals.take("body", short_enough(&body));
        refusals.done()?;
        self.made(&name, Some(&body)).await
    }

    async fn save_draft(&self, slug: String, body: String, seen: i64) -> Answer<Saved> {
        self.leader()?;
        if let Err(text) = short_enough(&body) {
            // A page without scripts is made anew, and would have lost it.
            done(self.house.store.set_aside(self.workspace(), &slug, &body, self.pen()).await?, &slug)?;
            return Err(Failure::refused("body", text));
        }
        let saved = self.house.store.save_draft(self.workspace(), &slug, (&body, seen), self.pen()).await?;
        match saved {
            Written::Clash(clash) => Ok(Saved::Clash(clash)),
            saved => Ok(Saved::Kept { revision: done(saved, &slug)?, mistakes: self.mistakes(&body).await? }),
        }
    }

    async fn discard_draft(&self, slug: String) -> Answer<()> {
        self.leader()?;
        done(self.house.store.discard_draft(self.workspace(), &slug, self.pen()).await?, &slug)
    }

    async fn publish(&self, slug: String, note: String, seen: i64) -> Answer<Published> {
        self.leader()?;
        let file = self.file(&slug).await?;
        let Some(draft) = file.draft else {
            return Err(Failure::Missing("There is no draft to publish. Save one first.".into()));
        };
        let text = Text { body: &draft.body, note: &note, seen: Some(seen), ends_draft: true };
        self.published(&slug, text).await
    }

    async fn roll_back(&self, slug: String, number: i64) -> Answer<i64> {
        self.leader()?;
        let body = self.config_version(slug.clone(), number).await?;
        let note = format!("Back to version {number}");
        let text = Text { body: &body, note: &note, seen: None, ends_draft: false };
        match self.published(&slug, text).await? {
            Published::Done { number, .. } => Ok(number),
            Published::Clash(_) => Err(Failure::Missing(gone(&slug))),
        }
    }

    async fn rename_config(&self, slug: String, name: String) -> Answer<()> {
        self.leader()?;
        let name = rules::name(&name).map_err(|text| Failure::refused("name", text))?;
        done(self.house.store.rename_config(self.workspace(), &slug, &name, self.now()).await?, &slug)
    }

    async fn remove_config(&self, slug: String) -> Answer<()> {
        self.leader()?;
        match self.house.store.remove_config(self.workspace(), &slug).await? {
            ConfigRemoval::Done => self.refresh().await,
            ConfigRemoval::Missing => Err(Failure::Missing(gone(&slug))),
            ConfigRemoval::Locked => Err(Failure::refused("", LOCKED)),
            ConfigRemoval::Used(keys) => {
                let keys = keys.join(", ");
                let text = format!("{slug} is the default of the keys {keys}. Give them another config first.");
                Err(Failure::refused("", text))
            }
        }
    }

    async fn try_config(&self, trial: Trial) -> Answer<Outcome> {
        trial::run(self, trial).await
    }
}

const LOCKED: &str = "This config is declared in the set-up file. Change it there and restart the server.";

/// A text to be published.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    pub body: &'a str,
    pub note: &'a str,
    pub seen: Option<i64>,
    pub ends_draft: bool,
}

impl Seat {
    /// Makes a config, not published yet. Its slug.
    pub async fn made(&self, name: &str, draft: Option<&str>) -> Answer<String> {
        let id = secret::id(self.now());
        let slug = slug(name, &id);
        let config = NewConfig { id: &id, workspace: self.workspace(), slug: &slug, name };
        match self.house.store.add_config(config, draft, self.pen()).await {
            Ok(()) => Ok(slug),
            Err(StoreError::Taken(_)) => Err(Failure::refused("name", "This id is taken. Try again.")),
            Err(error) => Err(error.into()),
        }
    }

    /// Publishes a text that has no mistakes.
    pub async fn published(&self, slug: &str, text: Text<'_>) -> Answer<Published> {
        let mistakes = self.mistakes(text.body).await?;
        if !mistakes.is_empty() {
            return Err(Failure::Invalid(mistakes));
        }
        let id = secret::id(self.now());
        let note: String = text.note.trim().chars().take(NOTE_MOST).collect();
        let Text { body, seen, ends_draft, .. } = text;
        let publication = Publication { id: &id, body, note: &note, seen, ends_draft };
        match self.house.store.publish_config(self.workspace(), slug, publication, self.pen()).await? {
            Written::Clash(clash) => Ok(Published::Clash(clash)),
            written => {
                let (number, revision) = done(written, slug)?;
                self.refresh().await?;
                Ok(Published::Done { number, revision })
            }
        }
    }

    /// A config by its slug.
    pub async fn file(&self, slug: &str) -> Answer<ConfigFile> {
        let file = self.house.store.config_file(self.workspace(), slug).await?;
        file.ok_or_else(|| Failure::Missing(gone(slug)))
    }

    /// All that stands against publishing a text.
    pub async fn mistakes(&self, text: &str) -> Answer<Vec<app::model::routing::Mistake>> {
        let providers = self.house.store.providers(self.workspace()).await?;
        let known = |slug: &str| providers.iter().any(|provider| provider.callable() && provider.slug == slug);
        Ok(mistakes(text, &known))
    }

    async fn draft(&self, file: &ConfigFile) -> Answer<Option<Draft>> {
        let Some(draft) = file.draft.clone() else { return Ok(None) };
        let mistakes = self.mistakes(&draft.body).await?;
        Ok(Some(Draft { body: draft.body, base: draft.base, author: draft.author, at: draft.at, mistakes }))
    }

    /// The providers that a call may name, with their models.
    pub(in crate::desk) async fn picks(&self) -> Answer<Vec<ProviderPick>> {
        let providers = self.house.store.providers(self.workspace()).await?;
        let callable = providers.into_iter().filter(|provider| provider.callable());
        let book = self.house.shelf.book();
        let pick = |slug: String, vendor: &Vendor| {
            let mut models = self.models(vendor);
            if let Some(provider) = book.provider(self.workspace(), &slug) {
                let own = provider.stock.models().filter(|(_, item)| item.custom).map(|(model, _)| model.to_owned());
                models.splice(0..0, own);
                models.retain(|model| provider.stock.allows(model));
            }
            ProviderPick { slug, vendor_name: vendor.name.to_owned(), models, calls: 0, errors: 0, p50_ms: None }
        };
        Ok(callable.filter_map(|provider| Some(pick(provider.slug, vendor(&provider.vendor)?))).collect())
    }

    /// The same with how the providers did of late.
    async fn seen(&self, mut picks: Vec<ProviderPick>) -> Answer<Vec<ProviderPick>> {
        let figures = self.house.store.provider_figures(self.workspace(), self.now() - DAY).await?;
        for pick in &mut picks {
            if let Some(figures) = figures.get(&pick.slug) {
                (pick.calls, pick.errors, pick.p50_ms) =
                    (figures.calls, figures.errors, median(&figures.latency.concat()).map(millis));
            }
        }
        Ok(picks)
    }

    /// A config's versions with what became of the calls that took them.
    async fn versions(&self, id: &str, slug: &str) -> Answer<Vec<Version>> {
        let store = &self.house.store;
        let mut versions = store.config_versions(id).await?;
        let calls = store.calls_by_version(self.workspace(), slug, self.now() - 7 * DAY).await?;
        for version in &mut versions {
            if let Some((calls, failed)) = calls.get(&version.id) {
                (version.calls, version.failed) = (*calls, *failed);
            }
        }
        Ok(versions)
    }

    /// Names of the vendor's models.
    pub fn models(&self, vendor: &Vendor) -> Vec<String> {
        let mut models = match vendor.base {
            Base::Sandbox => sandbox::MODELS.iter().map(|model| model.name.to_owned()).collect(),
            _ => self.house.prices.models(vendor),
        };
        models.truncate(MODELS_MOST);
        models
    }
}

fn row(file: ConfigFile, used_by: u32, calls: u64) -> ConfigRow {
    let ConfigFile { config, author, draft, .. } = file;
    let (mode, targets) = check::shape(draft.as_ref().map_or(&config.body, |draft| &draft.body));
    ConfigRow {
        slug: config.slug,
        name: config.name,
        body: config.body,
        version: config.number,
        origin: config.origin,
        updated_at: draft.as_ref().map_or(config.updated_at, |draft| draft.at.max(config.updated_at)),
        author,
        draft: draft.is_some(),
        mode,
        targets,
        used_by,
        calls,
    }
}

fn done<T>(written: Written<T>, slug: &str) -> Answer<T> {
    match written {
        Written::Done(done) => Ok(done),
        Written::Locked => Err(Failure::refused("", LOCKED)),
        Written::Missing | Written::Clash(_) => Err(Failure::Missing(gone(slug))),
    }
}

fn gone(slug: &str) -> String {
    format!("{slug} is no config of this workspace; it may have been removed. The Configs page lists those there are.")
}

fn short_enough(body: &str) -> Result<(), String> {
    if body.len() <= TEXT_MOST { Ok(()) } else { Err(format!("Use at most {TEXT_MOST} bytes of JSON.")) }
}

/// Such as `pc-house-route-4f9a2c`.
fn slug(name: &str, id: &str) -> String {
    let tail = id.get(id.len().saturating_sub(6)..).unwrap_or_default();
    format!("pc-{}-{tail}", folded(name, "config"))
}

#[cfg(test)]
mod tests;
