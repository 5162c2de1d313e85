//! API keys.

mod limits;
pub(in crate::desk) mod scopes;

use super::{DAY, FIRST_MODEL, Refusals, Seat};
use crate::desk::keys::limits::KeyRules;
use crate::desk::keys::scopes::handed;
use crate::limit::rule::Scope;
use crate::secret;
use crate::settings::rules;
use crate::store::keys::{KIND, PastSecret, Revocation, StoredKey};
use app::backend::{Answer, KeyDesk, LimitDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::key::{Allowed, KeyForm, KeyRow, Keys, MintedKey};
use app::model::limit::{Limits, Whose};
use app::model::scope::covers;
use async_trait::async_trait;
use std::collections::BTreeMap;

#[async_trait]
impl KeyDesk for Seat {
    async fn keys(&self) -> Answer<Keys> {
        let (store, now) = (&self.house.store, self.now());
        let configs = store.workspace_configs(self.workspace()).await?;
        let rows = store.keys(self.workspace(), now - DAY, now).await?;
        Ok(Keys {
            rows: with_limits(rows, &self.limits().await?),
            configs: configs
                .into_iter()
                .filter(|config| config.number > 0)
                .map(|config| (config.slug, config.name))
                .collect(),
            providers: store.providers(self.workspace()).await?.into_iter().map(|provider| provider.slug).collect(),
            leads: self.leads(),
            fresh: self.session_id().and_then(|session| self.house.door.keys.take(session, now)),
            base_url: self.house.settings.base_url(),
            model: FIRST_MODEL.into(),
            now,
        })
    }

    async fn mint_key(&self, form: KeyForm) -> Answer<MintedKey> {
        let (wish, mut refusals) = self.read(form.clone(), None);
        let rules = KeyRules::read(&form, &mut refusals);
        let minted = self.mint(wish, refusals).await?;
        self.limit_key(&minted.id, &minted.name, rules).await?;
        self.show_once(&minted);
        Ok(minted)
    }

    async fn edit_key(&self, form: KeyForm) -> Answer<()> {
        let key = self.own_key(&form.id).await?;
        let (id, name) = (key.id.clone(), form.name.clone());
        let (wish, mut refusals) = self.read(form.clone(), Some(&key));
        // Nobody lifts the limits that another one set.
        let rules = self.leads().then(|| KeyRules::read(&form, &mut refusals));
        self.change(key, wish, refusals).await?;
        match rules {
            Some(rules) => self.limit_key(&id, name.trim(), rules).await,
            None => Ok(()),
        }
    }

    async fn renew_key(&self, id: String, overlap: u32) -> Answer<MintedKey> {
        if overlap > OVERLAP_MOST {
            return Err(Failure::refused("overlap", "Use a year at most."));
        }
        let minted = self.rotate_key(&id, self.now() + i64::from(overlap) * 1_000).await?;
        self.show_once(&minted);
        Ok(minted)
    }

    async fn end_secret(&self, id: String, mark: String) -> Answer<()> {
        let key = self.own_key(&id).await?;
        let past = self.house.store.past_secrets().await?;
        let meant = |past: &&PastSecret| past.key == key.id && secret::mark(&past.secret_hash).to_string() == mark;
        let ended = match past.iter().find(meant) {
            Some(past) => self.house.store.end_secret(&past.secret_hash).await?,
            None => false,
        };
        if !ended {
            return Err(Failure::Missing("This secret ended before. Nothing changed.".into()));
        }
        self.refresh().await
    }

    async fn revoke_key(&self, id: String) -> Answer<()> {
        let only_by = if self.leads() { None } else { Some(self.person.id.as_str()) };
        let revoked = self.house.store.revoke_key(self.workspace(), &id, only_by, self.now()).await;
        match revoked? {
            Revocation::Done => self.refresh().await,
            Revocation::Foreign => Err(Failure::Forbidden),
            Revocation::Missing => Err(Failure::Missing("This key was revoked before. Nothing changed.".into())),
            Revocation::Locked => Err(Failure::refused("", LOCKED)),
        }
    }
}

/// Seconds of the longest overlap of two secrets.
const OVERLAP_MOST: u32 = 31_536_000;
const LOCKED: &str = "This key is declared in the set-up file. Change it there and restart the server.";

/// What a key is to be.
#[derive(Clone, Debug)]
pub struct KeyWish {
    pub name: String,
    /// In the contract's words.
    pub kind: String,
    pub description: String,
    /// Empty: what a key gets where nothing is said.
    pub scopes: Vec<String>,
    /// Slug of the default config.
    pub config: Option<String>,
    pub config_override: bool,
    pub metadata: BTreeMap<String, String>,
    /// No call overrides the metadata.
    pub enforced: bool,
    pub allowed: Allowed,
    /// Milliseconds.
    pub expires_at: Option<i64>,
    /// Id of the member that it stands for; `None`: who makes it.
    pub user: Option<String>,
}

impl Default for KeyWish {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: KIND.into(),
            description: String::new(),
            scopes: Vec::new(),
            config: None,
            config_override: true,
            metadata: BTreeMap::new(),
            enforced: true,
            allowed: Allowed::default(),
            expires_at: None,
            user: None,
        }
    }
}

impl From<StoredKey> for KeyWish {
    fn from(key: StoredKey) -> Self {
        Self {
            name: key.name,
            kind: key.kind,
            description: key.description,
            scopes: key.scopes,
            config: key.config,
            config_override: key.config_override,
            metadata: key.metadata,
            enforced: key.enforced,
            allowed: key.allowed,
            expires_at: key.expires_at,
            user: None,
        }
    }
}

impl Seat {
    /// Makes a key. `refusals` holds what was found wrong with the form before.
    pub(crate) async fn mint(&self, wish: KeyWish, refusals: Refusals) -> Answer<MintedKey> {
        let wish = self.checked(wish, None, refusals).await?;
        let (value, now) = (secret::mint("sy-"), self.now());
        let key = StoredKey {
            id: secret::id(now),
            workspace: self.workspace().to_owned(),
            name: wish.name,
            kind: wish.kind,
            description: wish.description,
            secret_hash: secret::digest(&value),
            last_four: secret::last_four(&value),
            scopes: wish.scopes,
            config: wish.config,
            config_override: wish.config_override,
            metadata: wish.metadata,
            enforced: wish.enforced,
            allowed: wish.allowed,
            origin: Origin::Console,
            created_by: wish.user.or_else(|| self.person_id().map(str::to_owned)),
            created_at: now,
            updated_at: None,
            expires_at: wish.expires_at,
            revoked_at: None,
        };
        self.house.store.add_key(&key).await?;
        self.refresh().await?;
        Ok(MintedKey { id: key.id, name: key.name, value, old_until: None })
    }

    /// Gives a key new content; its secret stays.
    pub async fn change_key(&self, id: &str, wish: KeyWish) -> Answer<()> {
        let key = self.own_key(id).await?;
        self.change(key, wish, Refusals::default()).await
    }

    async fn change(&self, key: StoredKey, wish: KeyWish, refusals: Refusals) -> Answer<()> {
        let wish = self.checked(wish, Some(&key), refusals).await?;
        let now = self.now();
        let changed = StoredKey {
            name: wish.name,
            description: wish.description,
            scopes: wish.scopes,
            config: wish.config,
            config_override: wish.config_override,
            metadata: wish.metadata,
            enforced: wish.enforced,
            allowed: wish.allowed,
            expires_at: wish.expires_at,
            updated_at: Some(now),
            ..key
        };
        self.house.store.update_key(&changed, None, now).await?;
        self.refresh().await
    }

    /// Gives a key a new secret; the old one opens until `until` (milliseconds).
    pub async fn rotate_key(&self, id: &str, until: i64) -> Answer<MintedKey> {
        let key = self.own_key(id).await?;
        if let Some(holds) = &self.scopes
            && let Some(beyond) = key.scopes.iter().find(|scope| !covers(holds, scope))
        {
            let text = format!("The key may do {beyond}, which yours may not, so its secret is not yours to have.");
            return Err(Failure::refused("scopes", text));
        }
        let (value, now) = (secret::mint("sy-"), self.now());
        let past =
            PastSecret { secret_hash: key.secret_hash, last_four: key.last_four.clone(), key: key.id.clone(), until };
        let rotated = StoredKey {
            secret_hash: secret::digest(&value),
            last_four: secret::last_four(&value),
            updated_at: Some(now),
            ..key
        };
        self.house.store.update_key(&rotated, Some(&past), now).await?;
        self.refresh().await?;
        Ok(MintedKey { id: rotated.id, name: rotated.name, value, old_until: (until > now).then_some(until) })
    }

    /// A key that is not revoked.
    pub async fn key(&self, id: &str) -> Answer<StoredKey> {
        let keys = self.house.store.workspace_keys(self.workspace()).await?;
        let key = keys.into_iter().find(|key| key.id == id && key.revoked_at.is_none());
        key.ok_or_else(|| Failure::Missing(format!("{id} is no key of this workspace; it may have been revoked.")))
    }

    /// A key that this seat may change.
    async fn own_key(&self, id: &str) -> Answer<StoredKey> {
        let key = self.key(id).await?;
        if key.origin.locked() {
            return Err(Failure::refused("", LOCKED));
        }
        if !self.leads() && key.created_by.as_deref() != self.person_id() {
            return Err(Failure::Forbidden);
        }
        Ok(key)
    }

    async fn limit_key(&self, id: &str, name: &str, rules: KeyRules) -> Answer<()> {
        self.limit_to(Scope::Key(id.to_owned()), name, Some(rules.budget), Some(rules.rates)).await
    }

    /// For the page that follows, where there are no scripts.
    fn show_once(&self, minted: &MintedKey) {
        if let Some(session) = self.session_id() {
            self.house.door.keys.put(session, minted.clone(), self.now());
        }
    }

    /// What a form wishes, and what is wrong with its texts.
    fn read(&self, form: KeyForm, before: Option<&StoredKey>) -> (KeyWish, Refusals) {
        let mut refusals = Refusals::default();
        let metadata = refusals.take("metadata", rules::metadata(&form.metadata)).unwrap_or_default();
        let expires_at = refusals.take("expires_at", self.expiry(&form.expires_at, before)).flatten();
        let wish = KeyWish {
            name: form.name,
            description: form.description,
            scopes: form.scopes,
            config: Some(form.config.trim().to_owned()).filter(|slug| !slug.is_empty()),
            config_override: form.config_override,
            metadata,
            enforced: form.enforced,
            allowed: Allowed { providers: form.allowed_providers, models: rules::words(&form.allowed_models) },
            expires_at,
            ..KeyWish::default()
        };
        (wish, refusals)
    }

    /// The end of a key as typed, to the minute; one that is over is refused, unless it was so before.
    fn expiry(&self, text: &str, before: Option<&StoredKey>) -> Result<Option<i64>, String> {
        const MINUTE: i64 = 60_000;
        let Some(at) = rules::moment(text)? else { return Ok(None) };
        match before.and_then(|key| key.expires_at) {
            Some(known) if known / MINUTE == at / MINUTE => Ok(Some(known)),
            _ if at > self.now() => Ok(Some(at)),
            _ => Err("This time is over. Use one to come, or revoke the key.".into()),
        }
    }

    /// The wish, if it is allowed. What a key has already stays allowed.
    async fn checked(&self, wish: KeyWish, before: Option<&StoredKey>, mut refusals: Refusals) -> Answer<KeyWish> {
        let configs = self.house.store.workspace_configs(self.workspace()).await?;
        let config = wish.config.clone();
        let known = config.as_ref().is_none_or(|slug| {
            before.is_some_and(|key| key.config.as_ref() == Some(slug))
                || configs.iter().any(|config| config.slug == *slug && config.number > 0)
        });
        let name = refusals.take("name", rules::name(&wish.name));
        let kept = before.is_some_and(|key| key.scopes == wish.scopes);
        let held = before.map_or(&[][..], |key| key.scopes.as_slice());
        let scopes = match before {
            _ if kept => Ok(wish.scopes.clone()),
            // What a new key gets where nothing is said may be more than this one had.
            Some(_) if wish.scopes.is_empty() => Err("Choose at least one scope, or revoke the key.".to_owned()),
            _ => self.granted(wish.scopes.clone(), held),
        };
        let scopes = refusals.take("scopes", scopes);
        refusals.take("config", known.then_some(()).ok_or_else(|| "Choose one of the configs listed.".to_owned()));
        refusals.take("description", rules::text(&wish.description, rules::DESCRIPTION_MOST));
        let sane = wish.metadata.values().map(|value| rules::metadata_value(value)).collect::<Result<Vec<_>, _>>();
        refusals.take("metadata", sane);
        refusals.take("allowed_providers", self.connected(&wish.allowed.providers, before).await?);
        let models = &wish.allowed.models;
        refusals
            .take("allowed_models", models.iter().map(|one| rules::model_pattern(one)).collect::<Result<Vec<_>, _>>());
        refusals.done()?;
        Ok(KeyWish { name: name.unwrap_or_default(), scopes: scopes.unwrap_or_default(), ..wish })
    }

    /// Whether there is each of these providers, or was when the key was given it.
    async fn connected(&self, slugs: &[String], before: Option<&StoredKey>) -> Answer<Result<(), String>> {
        if slugs.is_empty() {
            return Ok(Ok(()));
        }
        let known = self.house.store.providers(self.workspace()).await?;
        let had = |slug: &String| before.is_some_and(|key| key.allowed.providers.contains(slug));
        let missing = slugs.iter().find(|slug| !had(slug) && known.iter().all(|row| row.slug != **slug));
        Ok(missing.map_or(Ok(()), |slug| Err(format!("{slug} is no provider of this workspace. Use one that is."))))
    }

    fn granted(&self, asked: Vec<String>, held: &[String]) -> Result<Vec<String>, String> {
        handed(asked, self.scopes.as_deref(), self.leads(), held)
    }
}

/// Keys with their own limits.
fn with_limits(rows: Vec<KeyRow>, limits: &Limits) -> Vec<KeyRow> {
    let own = |whose: &Whose, row: &KeyRow| whose.kind == "key" && whose.id == row.id;
    let with = |row: KeyRow| KeyRow {
        budgets: limits.budgets.iter().filter(|limit| own(&limit.whose, &row)).cloned().collect(),
        rates: limits.rates.iter().filter(|limit| own(&limit.whose, &row)).cloned().collect(),
        ..row
    };
    rows.into_iter().map(with).collect()
}
