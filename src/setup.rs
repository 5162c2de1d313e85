//! Applies what the set-up file and the environment declare, at each start, to the workspace `default`.
//!
//! Applying the same twice changes nothing. What is no longer declared is removed; what a person made in the console
//! is never overwritten.

mod limits;
mod providers;

use crate::auth::password::{PasswordError, Passwords};
use crate::clock::Clock;
use crate::secret::{self, SealError, Sealer};
use crate::settings::{DeclaredConfig, DeclaredKey, DeclaredModel, DeclaredPrice, Mistake, Place, Settings};
use crate::store::configs::StoredConfig;
use crate::store::declared::Edits;
use crate::store::keys::StoredKey;
use crate::store::models::{StoredModel, StoredPrice};
use crate::store::people::{Credentials, NewPerson};
use crate::store::providers::StoredProvider;
use crate::store::{Store, StoreError};
use app::model::Origin;
use limits::Known;
use zeroize::Zeroizing;

/// The workspace that declared objects belong to; the first migration makes it.
pub const WORKSPACE: &str = "default";

/// Why the server does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// What the set-up file declares was made in the console before.
    #[error("{}", .0.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n"))]
    Conflicts(Vec<Mistake>),
    #[error(
        "The key of provider {slug} cannot be opened: it was {source}. Restore the master key this data folder was \
         used with (SWITCHYARD_MASTER_KEY, or the file master.key)."
    )]
    MasterKey { slug: String, source: SealError },
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What decides about rows: the key that seals, and the time (milliseconds).
#[derive(Clone, Copy)]
struct Hand<'a> {
    sealer: &'a Sealer,
    now: i64,
}

/// Brings the store in line with the declarations, or changes nothing and says why. Returns what a person should know.
pub async fn apply(
    settings: &Settings,
    store: &Store,
    sealer: &Sealer,
    passwords: &Passwords,
    clock: &Clock,
) -> Result<Vec<String>, SetupError> {
    let hand = Hand { sealer, now: clock.now() };
    let mut notices = Vec::new();
    let providers = store.providers(WORKSPACE).await?;
    check_master_key(&store.live_providers().await?, sealer)?;
    let mut conflicts = Vec::new();
    let (mut edits, passed_over) = providers::edits(settings, &providers, hand, &mut conflicts);
    notices.extend(passed_over.into_iter().map(|slug| {
        format!("A provider {slug} was made in the console; the one that the environment offers is left out.")
    }));
    let setup = &settings.setup;
    let (configs, keys) = (store.workspace_configs(WORKSPACE).await?, store.workspace_keys(WORKSPACE).await?);
    conflicts.extend(config_edits(&setup.configs, &configs, hand, &mut edits));
    conflicts.extend(key_edits(&setup.api_keys, &keys, hand, &mut edits));
    let known = Known { setup, providers: &providers, keys: &keys, limits: &store.workspace_limits(WORKSPACE).await? };
    conflicts.extend(limits::edits(known, hand.now, &mut edits));
    edits.models = setup.models.iter().map(|one| model_row(one, hand)).collect();
    edits.prices = setup.prices.iter().map(|one| price_row(one, hand)).collect();
    if !conflicts.is_empty() {
        return Err(SetupError::Conflicts(conflicts));
    }
    let Some(owner) = &settings.setup.owner else {
        store.apply_declared(WORKSPACE, &edits).await?;
        return Ok(notices);
    };
    let known = store.credentials(&owner.email).await?;
    let (id, password_hash) = owner_account(&owner.password, known, passwords, hand, &mut notices).await?;
    edits.owner = Some(NewPerson { id: &id, email: &owner.email, password_hash: &password_hash, at: hand.now });
    store.apply_declared(WORKSPACE, &edits).await?;
    Ok(notices)
}

/// Keys that people typed exist nowhere else: without the master key they are lost, so the start fails.
fn check_master_key(providers: &[StoredProvider], sealer: &Sealer) -> Result<(), SetupError> {
    let typed = providers.iter().filter(|provider| provider.origin == Origin::Console);
    for provider in typed {
        if let Some(sealed) = &provider.credential {
            let opened = sealer.open(sealed, provider.holder());
            opened.map_err(|source| SetupError::MasterKey { slug: provider.slug.clone(), source })?;
        }
    }
    Ok(())
}

fn conflict(place: &Place, thing: &str, name: &str) -> Mistake {
    place.mistake(format!(
        "The {thing} {name} was made in the console before. Rename one of them, or remove the one in the console."
    ))
}

fn config_edits(
    declared: &[DeclaredConfig],
    known: &[StoredConfig],
    hand: Hand<'_>,
    edits: &mut Edits<'_>,
) -> Vec<Mistake> {
    let mut conflicts = Vec::new();
    for one in declared {
        let row = known.iter().find(|row| row.slug == one.slug);
        if row.is_some_and(|row| !row.origin.locked()) {
            conflicts.push(conflict(&one.place, "config", &one.slug));
            continue;
        }
        edits.configs.extend(config_row(one, row, hand));
    }
    let stale = |row: &&StoredConfig| row.origin.locked() && !declared.iter().any(|one| one.slug == row.slug);
    edits.gone_configs = known.iter().filter(stale).map(|row| row.id.clone()).collect();
    conflicts
}

/// The row as it should be, with a new version where the body changed; `None` where it is so already.
fn config_row(declared: &DeclaredConfig, known: Option<&StoredConfig>, hand: Hand<'_>) -> Option<StoredConfig> {
    let published = known.filter(|row| row.body == declared.body);
    let row = StoredConfig {
        id: known.map_or_else(|| secret::id(hand.now), |row| row.id.clone()),
        workspace: WORKSPACE.into(),
        slug: declared.slug.clone(),
        name: declared.name.clone(),
        version: published.map_or_else(|| secret::id(hand.now), |row| row.version.clone()),
        number: published.map(|row| row.number).or_else(|| known.map(|row| row.number + 1)).unwrap_or(1),
        body: declared.body.clone(),
        origin: Origin::File,
        created_at: known.map_or(hand.now, |row| row.created_at),
        updated_at: known.map_or(hand.now, |row| row.updated_at),
    };
    (known != Some(&row)).then_some(StoredConfig { updated_at: hand.now, ..row })
}

fn key_edits(declared: &[DeclaredKey], known: &[StoredKey], hand: Hand<'_>, edits: &mut Edits<'_>) -> Vec<Mistake> {
    let mut conflicts = Vec::new();
    for one in declared {
        let hash = secret::digest(&one.value);
        if known.iter().any(|row| row.secret_hash == hash && !row.origin.locked()) {
            conflicts.push(conflict(&one.place, "value of API key", &one.name));
            continue;
        }
        let row = known.iter().find(|row| row.origin.locked() && row.name == one.name);
        edits.keys.extend(key_row(one, hash, row, hand));
    }
    let stale = |row: &&StoredKey| row.origin.locked() && !declared.iter().any(|one| one.name == row.name);
    edits.gone_keys = known.iter().filter(stale).map(|row| row.id.clone()).collect();
    conflicts
}

/// The row as it should be; `None` where it is so already. A key keeps its id when its value changes.
fn key_row(
    declared: &DeclaredKey,
    secret_hash: [u8; 32],
    known: Option<&StoredKey>,
    hand: Hand<'_>,
) -> Option<StoredKey> {
    let row = StoredKey {
        id: known.map_or_else(|| secret::id(hand.now), |row| row.id.clone()),
        workspace: WORKSPACE.into(),
        name: declared.name.clone(),
        kind: declared.kind.clone(),
        description: declared.description.clone(),
        secret_hash,
        last_four: secret::last_four(&declared.value),
        scopes: declared.scopes.clone(),
        config: declared.config.clone(),
        config_override: declared.config_override,
        metadata: declared.metadata.clone(),
        enforced: declared.enforced,
        allowed: declared.allowed.clone(),
        origin: Origin::File,
        created_by: None,
        created_at: known.map_or(hand.now, |row| row.created_at),
        updated_at: known.and_then(|row| row.updated_at),
        expires_at: declared.expires_at,
        revoked_at: None,
    };
    (known != Some(&row)).then_some(row)
}

fn model_row(declared: &DeclaredModel, hand: Hand<'_>) -> StoredModel {
    StoredModel {
        workspace: WORKSPACE.into(),
        provider: declared.provider.clone(),
        model: declared.model.clone(),
        custom: declared.custom,
        enabled: declared.enabled,
        context: declared.context.and_then(|tokens| i64::try_from(tokens).ok()),
        origin: Origin::File.word().into(),
        updated_at: hand.now,
    }
}

/// Without a time of its own, a price holds for all calls to come.
fn price_row(declared: &DeclaredPrice, hand: Hand<'_>) -> StoredPrice {
    let prices = declared.prices.unwrap_or_default();
    StoredPrice {
        id: secret::id(hand.now),
        workspace: WORKSPACE.into(),
        provider: declared.provider.clone(),
        model: declared.model.clone(),
        starts_at: declared.from.unwrap_or_default(),
        input: prices.input,
        cached: prices.cached,
        output: prices.output,
        author: None,
        origin: Origin::File.word().into(),
        created_at: hand.now,
    }
}

/// Id and password hash of the declared owner. The password of an account made in the console stays that person's own.
async fn owner_account(
    password: &Zeroizing<String>,
    known: Option<Credentials>,
    passwords: &Passwords,
    hand: Hand<'_>,
    notices: &mut Vec<String>,
) -> Result<(String, String), SetupError> {
    let Some(known) = known else {
        return Ok((secret::id(hand.now), passwords.hash(password.clone()).await?));
    };
    if !known.origin.locked() {
        notices.push("The owner's account was made in the console before: its password stays as it is.".into());
        return Ok((known.person, known.password_hash));
    }
    if passwords.matches(password.clone(), Some(known.password_hash.clone())).await? {
        return Ok((known.person, known.password_hash));
    }
    Ok((known.person, passwords.hash(password.clone()).await?))
}

#[cfg(test)]
mod tests;
