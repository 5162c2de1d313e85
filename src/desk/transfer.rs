//! The routing setup out and in, as one set-up file.

mod plan;
mod write;

use super::keys::KeyWish;
use super::{Refusals, Seat};
use crate::secret;
use crate::settings::{self, DeclaredConfig, DeclaredModel, DeclaredPrice};
use crate::store::StoreError;
use crate::store::configs::StoredConfig;
use crate::store::imports::Import;
use crate::store::keys::StoredKey;
use crate::store::models::{StoredModel, StoredPrice};
use crate::store::providers::StoredProvider;
use app::backend::{Answer, TransferDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::transfer::{Applied, Change, Flaw, Plan, Transfer};
use async_trait::async_trait;
use plan::Drawn;

/// Bytes of a file.
pub const FILE_MOST: usize = 2 << 20;
const NOTHING: &str = "There is no file to import any more: it was applied, or it lay too long. Bring it again.";
const IMPORTED: &str = "Imported";
const OTHERWISE: &str = "What is here has changed since the plan was made, so nothing was imported. Look at the plan as it is now, then apply it.";

/// What is there.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// Those that can be called.
    pub providers: Vec<StoredProvider>,
    pub configs: Vec<StoredConfig>,
    pub keys: Vec<StoredKey>,
    pub models: Vec<StoredModel>,
    pub prices: Vec<StoredPrice>,
}

#[async_trait]
impl TransferDesk for Seat {
    async fn transfer(&self) -> Answer<Transfer> {
        self.leader()?;
        let (door, now) = (&self.house.door, self.now());
        let text = self.session_id().and_then(|session| door.imports.peek(session, now));
        let plan = match text {
            Some(text) => Some(self.plan(&text).await?),
            None => None,
        };
        Ok(Transfer {
            text: self.export().await?,
            mark: plan.as_ref().map(mark).unwrap_or_default(),
            plan,
            applied: self.session_id().and_then(|session| door.applied.take(session, now)),
            editable: self.leads(),
        })
    }

    async fn export(&self) -> Answer<String> {
        self.leader()?;
        Ok(write::write(&self.present().await?, &self.person.workspace_name, self.now()))
    }

    async fn bring(&self, text: String) -> Answer<()> {
        self.leader()?;
        let Some(session) = self.session_id() else { return Err(Failure::SignedOut) };
        if text.len() > FILE_MOST {
            return Err(Failure::refused("", format!("The file has more than {FILE_MOST} bytes. Bring less at once.")));
        }
        self.house.door.imports.put(session, text, self.now());
        Ok(())
    }

    async fn apply_import(&self, seen: String) -> Answer<()> {
        self.leader()?;
        let (door, now) = (&self.house.door, self.now());
        let Some(session) = self.session_id() else { return Err(Failure::SignedOut) };
        let Some(text) = door.imports.peek(session, now) else { return Err(Failure::Missing(NOTHING.into())) };
        self.still(&text, &seen).await?;
        let applied = self.import(&text).await?;
        door.imports.take(session, now);
        door.applied.put(session, applied, now);
        Ok(())
    }

    async fn drop_import(&self) -> Answer<()> {
        if let Some(session) = self.session_id() {
            self.house.door.imports.take(session, self.now());
        }
        Ok(())
    }
}

impl Seat {
    /// What an import of this text would do.
    pub async fn plan(&self, text: &str) -> Answer<Plan> {
        Ok(self.drawn(text).await?.plan)
    }

    /// Refuses where an import would no longer do what the plan of this mark says.
    pub async fn still(&self, text: &str, seen: &str) -> Answer<()> {
        if mark(&self.plan(text).await?) == seen { Ok(()) } else { Err(Failure::refused("", OTHERWISE)) }
    }

    /// Does what the text says, as a whole: providers, models, prices and configs in one transaction, then keys.
    ///
    /// # Errors
    /// With every flaw of the text; nothing has changed then.
    pub async fn import(&self, text: &str) -> Answer<Applied> {
        self.leader()?;
        let drawn = self.drawn(text).await?;
        if let Some(flaw) = drawn.plan.flaws.first() {
            let rest = drawn.plan.flaws.len() - 1;
            let more = if rest > 0 { format!(" And {rest} more.") } else { String::new() };
            return Err(Failure::refused("", format!("{}: {}: {}{more}", flaw.at, flaw.key, flaw.text)));
        }
        let (providers, configs) = (self.new_providers(&drawn)?, self.new_configs(&drawn));
        let models: Vec<_> = drawn.models.iter().map(|one| self.new_model(one)).collect();
        let prices: Vec<_> = drawn.prices.iter().map(|one| self.new_price(one)).collect();
        let import = Import {
            providers: &providers,
            models: &models,
            prices: &prices,
            configs: &configs,
            note: IMPORTED,
            pen: self.pen(),
        };
        match self.house.store.apply_import(&import).await {
            Err(StoreError::Taken(what)) => {
                let text = format!("Another change took the same {what} meanwhile. Look at the plan again.");
                return Err(Failure::refused("", text));
            }
            done => done?,
        }
        self.refresh().await?;
        let count = |change| u32::try_from(drawn.plan.count(change)).unwrap_or(u32::MAX);
        let asked =
            drawn.plan.lines.iter().filter(|line| line.change == Change::Added || line.change == Change::Changed);
        let notes = asked.flat_map(|line| {
            line.notes.iter().filter(|note| note.contains("Enter ")).map(|note| format!("{}: {note}", line.name))
        });
        Ok(Applied {
            added: count(Change::Added),
            changed: count(Change::Changed),
            notes: notes.collect(),
            keys: self.new_keys(drawn.keys).await?,
        })
    }

    async fn drawn(&self, text: &str) -> Answer<Drawn> {
        let file = match settings::import(text) {
            Ok(file) => file,
            Err(mistakes) => {
                let flaw = |one: settings::Mistake| Flaw { at: one.at.replace(':', " "), key: one.key, text: one.text };
                let plan = Plan { flaws: mistakes.into_iter().map(flaw).collect(), lines: Vec::new() };
                return Ok(Drawn { plan, ..Drawn::default() });
            }
        };
        let present = self.present().await?;
        Ok(plan::draw(file, &present))
    }

    async fn present(&self) -> Answer<Present> {
        let (store, workspace) = (&self.house.store, self.workspace());
        let (models, prices) = store.said_of_models(workspace).await?;
        let mut providers = store.providers(workspace).await?;
        providers.retain(StoredProvider::callable);
        let configs = store.workspace_configs(workspace).await?;
        let now = self.now();
        let mut keys = store.workspace_keys(workspace).await?;
        keys.retain(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now));
        keys.reverse();
        Ok(Present { providers, configs, keys, models, prices })
    }

    /// A credential that stays is sealed for the row that it stays with.
    fn new_providers(&self, drawn: &Drawn) -> Answer<Vec<StoredProvider>> {
        let row = |(known, one): &(Option<StoredProvider>, _)| {
            let fresh = self.brought(one).ok_or_else(|| Failure::refused("", "This vendor is not known here."))?;
            let Some(known) = known else { return Ok(fresh) };
            let (credential, hint) = match &one.key {
                Some(key) => (Some(self.house.sealer.seal(key.as_bytes(), &known.id)), secret::hint(key)),
                None if known.base_url == fresh.base_url => (known.credential.clone(), known.hint.clone()),
                None => (None, String::new()),
            };
            let StoredProvider { base_url, open, updated_at, .. } = fresh;
            Ok(StoredProvider { base_url, open, credential, hint, updated_at, ..known.clone() })
        };
        drawn.providers.iter().map(row).collect()
    }

    fn new_configs(&self, drawn: &Drawn) -> Vec<StoredConfig> {
        let now = self.now();
        let row = |(known, one): &(Option<StoredConfig>, DeclaredConfig)| {
            let kept = known.as_ref().filter(|known| known.number > 0 && known.body == one.body);
            StoredConfig {
                id: known.as_ref().map_or_else(|| secret::id(now), |known| known.id.clone()),
                workspace: self.workspace().to_owned(),
                slug: one.slug.clone(),
                name: one.name.clone(),
                version: kept.map_or_else(|| secret::id(now), |known| known.version.clone()),
                number: kept.map_or_else(|| known.as_ref().map_or(1, |known| known.number + 1), |known| known.number),
                body: one.body.clone(),
                origin: Origin::Console,
                created_at: known.as_ref().map_or(now, |known| known.created_at),
                updated_at: now,
            }
        };
        drawn.configs.iter().map(row).collect()
    }

    fn new_model(&self, one: &DeclaredModel) -> StoredModel {
        StoredModel {
            workspace: self.workspace().to_owned(),
            provider: one.provider.clone(),
            model: one.model.clone(),
            custom: one.custom,
            enabled: one.enabled,
            context: one.context.and_then(|tokens| i64::try_from(tokens).ok()),
            origin: Origin::Console.word().to_owned(),
            updated_at: self.now(),
        }
    }

    fn new_price(&self, one: &DeclaredPrice) -> StoredPrice {
        let prices = one.prices.unwrap_or_default();
        StoredPrice {
            id: secret::id(self.now()),
            workspace: self.workspace().to_owned(),
            provider: one.provider.clone(),
            model: one.model.clone(),
            starts_at: one.from.unwrap_or_else(|| self.now()),
            input: prices.input,
            cached: prices.cached,
            output: prices.output,
            author: Some(self.pen().author.to_owned()),
            origin: Origin::Console.word().to_owned(),
            created_at: self.now(),
        }
    }

    async fn new_keys(
        &self,
        keys: Vec<(Option<StoredKey>, settings::DeclaredKey)>,
    ) -> Answer<Vec<app::model::key::MintedKey>> {
        let mut minted = Vec::new();
        for (known, one) in keys {
            let (scopes, config, metadata) = (one.scopes, one.config, one.metadata);
            match known {
                Some(known) => {
                    let id = known.id.clone();
                    let wish = KeyWish { scopes, config, metadata, ..KeyWish::from(known) };
                    self.change_key(&id, wish).await?;
                }
                None => {
                    let wish = KeyWish { name: one.name, scopes, config, metadata, ..KeyWish::default() };
                    minted.push(self.mint(wish, Refusals::default()).await?);
                }
            }
        }
        Ok(minted)
    }
}

/// Names what a plan would do.
pub fn mark(plan: &Plan) -> String {
    secret::mark(&secret::digest(serde_json::to_string(plan).unwrap_or_default())).to_string()
}
