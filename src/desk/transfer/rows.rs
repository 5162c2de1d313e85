//! The rows that an import adds or changes.

use super::plan::{Drawn, Whose};
use super::{Carrier, Present};
use crate::limit::rule::{Limit, Scope};
use crate::secret;
use crate::settings::limits::DeclaredLimit;
use crate::settings::{DeclaredConfig, DeclaredKey, DeclaredModel, DeclaredPrice, DeclaredProvider};
use crate::store::configs::StoredConfig;
use crate::store::keys::StoredKey;
use crate::store::models::{StoredModel, StoredPrice};
use crate::store::providers::StoredProvider;
use app::backend::Answer;
use app::failure::Failure;
use app::model::Origin;
use app::model::key::MintedKey;
use std::collections::BTreeMap;

/// In the order in which they can be written.
#[derive(Default)]
pub struct Rows {
    pub providers: Vec<StoredProvider>,
    pub models: Vec<StoredModel>,
    pub prices: Vec<StoredPrice>,
    pub configs: Vec<StoredConfig>,
    pub keys: Vec<StoredKey>,
    pub limits: Vec<Limit>,
    /// The secrets that were made for new keys.
    pub minted: Vec<MintedKey>,
}

impl Carrier<'_> {
    pub(super) fn rows(&self, drawn: &Drawn, present: &Present) -> Answer<Rows> {
        let providers = self.providers(drawn, present)?;
        let (keys, minted): (Vec<_>, Vec<_>) =
            drawn.keys.iter().map(|(known, one)| self.key(known.as_ref(), one)).unzip();
        let id = |slug: &str| providers.iter().find(|row| row.slug == slug).map(|row| row.id.clone());
        let scope = |whose: &Whose| match whose {
            Whose::Here(scope) => Some(scope.clone()),
            Whose::NewKey(at) => keys.get(*at).map(|key| Scope::Key(key.id.clone())),
            Whose::NewProvider(slug) => id(slug).map(Scope::Provider),
            Whose::NewIntegration(slug) => id(slug).map(Scope::Integration),
        };
        let limits =
            drawn.limits.iter().filter_map(|(known, whose, one)| Some(self.limit(known.as_ref(), scope(whose)?, one)));
        let limits = limits.collect();
        Ok(Rows {
            models: drawn.models.iter().map(|one| self.model(one)).collect(),
            prices: drawn.prices.iter().map(|one| self.price(one)).collect(),
            configs: drawn.configs.iter().map(|(known, one)| self.config(known.as_ref(), one)).collect(),
            providers,
            keys,
            limits,
            minted: minted.into_iter().flatten().collect(),
        })
    }

    /// Those that have another one's credential come after it.
    fn providers(&self, drawn: &Drawn, present: &Present) -> Answer<Vec<StoredProvider>> {
        let (linked, own): (Vec<_>, Vec<_>) = drawn.providers.iter().partition(|(_, one)| one.integration.is_some());
        let mut rows: Vec<StoredProvider> = own.into_iter().map(|(known, one)| self.own(known.as_ref(), one)).collect();
        for (known, one) in linked {
            let slug = one.integration.as_deref().unwrap_or_default();
            let holder = rows.iter().chain(&present.providers).find(|row| row.slug == slug).cloned();
            let gone = || Failure::refused("", format!("@{slug} was removed meanwhile. Look at the plan again."));
            let holder = holder.ok_or_else(gone)?;
            let row = self.blank(known.as_ref(), one);
            rows.push(StoredProvider {
                integration: Some(holder.id),
                vendor: holder.vendor,
                hint: holder.hint,
                open: holder.open,
                ..row
            });
        }
        Ok(rows)
    }

    /// A credential that stays is sealed for the row that it stays with.
    fn own(&self, known: Option<&StoredProvider>, one: &DeclaredProvider) -> StoredProvider {
        let row = self.blank(known, one);
        let (credential, hint) = match (&one.key, known) {
            (Some(key), _) => (Some(self.sealer.seal(key.as_bytes(), &row.id)), secret::hint(key)),
            (None, Some(known)) if known.base_url == one.base_url => (known.credential.clone(), known.hint.clone()),
            (None, _) => (None, String::new()),
        };
        StoredProvider { credential, hint, ..row }
    }

    fn blank(&self, known: Option<&StoredProvider>, one: &DeclaredProvider) -> StoredProvider {
        let now = self.pen.now;
        StoredProvider {
            id: known.map_or_else(|| secret::id(now), |known| known.id.clone()),
            workspace: self.workspace.to_owned(),
            slug: one.slug.clone(),
            name: one.name.clone(),
            note: one.note.clone(),
            standing: one.standing,
            integration: None,
            vendor: one.vendor.clone(),
            base_url: one.base_url.clone(),
            credential: None,
            hint: String::new(),
            open: one.open.clone(),
            origin: Origin::Console,
            created_at: known.map_or(now, |known| known.created_at),
            updated_at: now,
        }
    }

    fn config(&self, known: Option<&StoredConfig>, one: &DeclaredConfig) -> StoredConfig {
        let now = self.pen.now;
        let kept = known.filter(|known| known.number > 0 && known.body == one.body);
        StoredConfig {
            id: known.map_or_else(|| secret::id(now), |known| known.id.clone()),
            workspace: self.workspace.to_owned(),
            slug: one.slug.clone(),
            name: one.name.clone(),
            version: kept.map_or_else(|| secret::id(now), |known| known.version.clone()),
            number: kept.map_or_else(|| known.map_or(1, |known| known.number + 1), |known| known.number),
            body: one.body.clone(),
            origin: Origin::Console,
            created_at: known.map_or(now, |known| known.created_at),
            updated_at: now,
        }
    }

    fn model(&self, one: &DeclaredModel) -> StoredModel {
        StoredModel {
            workspace: self.workspace.to_owned(),
            provider: one.provider.clone(),
            model: one.model.clone(),
            custom: one.custom,
            enabled: one.enabled,
            context: one.context.and_then(|tokens| i64::try_from(tokens).ok()),
            origin: Origin::Console.word().to_owned(),
            updated_at: self.pen.now,
        }
    }

    fn price(&self, one: &DeclaredPrice) -> StoredPrice {
        let prices = one.prices.unwrap_or_default();
        StoredPrice {
            id: secret::id(self.pen.now),
            workspace: self.workspace.to_owned(),
            provider: one.provider.clone(),
            model: one.model.clone(),
            starts_at: one.from.unwrap_or(self.pen.now),
            input: prices.input,
            cached: prices.cached,
            output: prices.output,
            author: Some(self.pen.author.to_owned()),
            origin: Origin::Console.word().to_owned(),
            created_at: self.pen.now,
        }
    }

    /// A key whose secret the file leaves out keeps the one that it has; a new one gets one, which is told once.
    fn key(&self, known: Option<&StoredKey>, one: &DeclaredKey) -> (StoredKey, Option<MintedKey>) {
        let now = self.pen.now;
        let id = known.map_or_else(|| secret::id(now), |known| known.id.clone());
        let minted = (known.is_none() && one.value.is_empty()).then(|| MintedKey {
            id: id.clone(),
            name: one.name.clone(),
            value: secret::mint("sy-"),
            old_until: None,
        });
        let value = minted.as_ref().map_or(one.value.as_str(), |minted| minted.value.as_str());
        let (secret_hash, last_four) = match known.filter(|_| value.is_empty()) {
            Some(known) => (known.secret_hash, known.last_four.clone()),
            None => (secret::digest(value), secret::last_four(value)),
        };
        let key = StoredKey {
            id,
            workspace: self.workspace.to_owned(),
            name: one.name.clone(),
            kind: known.map_or_else(|| one.kind.clone(), |known| known.kind.clone()),
            description: one.description.clone(),
            secret_hash,
            last_four,
            scopes: one.scopes.clone(),
            config: one.config.clone(),
            config_override: one.config_override,
            metadata: one.metadata.clone(),
            enforced: one.enforced,
            allowed: one.allowed.clone(),
            origin: Origin::Console,
            created_by: match known {
                Some(known) => known.created_by.clone(),
                None => self.pen.person.map(str::to_owned),
            },
            created_at: known.map_or(now, |known| known.created_at),
            updated_at: known.map(|_| now),
            expires_at: one.expires_at,
            revoked_at: None,
        };
        (key, minted)
    }

    /// What was spent of a limit that stays is spent of it still.
    fn limit(&self, known: Option<&Limit>, scope: Scope, one: &DeclaredLimit) -> Limit {
        let now = self.pen.now;
        Limit {
            id: known.map_or_else(|| secret::id(now), |known| known.id.clone()),
            workspace: self.workspace.to_owned(),
            name: one.name.clone(),
            scope,
            rule: one.rule.clone(),
            conditions: one.conditions.clone(),
            group_by: one.group_by.clone(),
            lacking: one.lacking,
            origin: Origin::Console,
            created_at: known.map_or(now, |known| known.created_at),
            updated_at: now,
            since: known.map_or(now, |known| known.since),
            resets: known.map_or_else(BTreeMap::new, |known| known.resets.clone()),
        }
    }
}
