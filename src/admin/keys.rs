//! `/api-keys`.

use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::admin::limits::{Shown, Wanted};
use crate::desk::Refusals;
use crate::desk::keys::KeyWish;
use crate::limit::rule::Scope;
use crate::settings::rules;
use crate::store::keys::StoredKey;
use app::backend::KeyDesk;
use app::failure::Failure;
use app::model::Origin;
use serde_json::json;

/// Features of keys that do not exist yet.
const LATER: [&str; 1] = ["rotation_policy"];
/// Addresses of one key at most.
const EMAILS_MOST: usize = 20;
/// Milliseconds that an old secret opens after a rotation, at least and where nothing is said.
const TRANSITION: u64 = 1_800_000;
/// And at most: a year.
const TRANSITION_MOST: u64 = 31_536_000_000;
/// Kinds of keys with the scope's thing for each.
const KINDS: [(&str, &str); 3] = [
    ("workspace-service", "workspace_service_api_keys"),
    ("workspace-user", "workspace_user_api_keys"),
    ("organisation-service", "organisation_service_api_keys"),
];

pub async fn list(ask: Ask) -> Told {
    let keys = ask.seat.house.store.workspace_keys(ask.workspace()).await.map_err(Failure::from)?;
    let now = ask.seat.house.clock.now();
    let shown = keys.iter().filter(|key| key.revoked_at.is_none() && may(&ask, &key.kind, "list").is_ok());
    let mut rows = Vec::new();
    for key in shown {
        rows.push(record(&ask, key, now).await?);
    }
    ask.paged(rows, 100)
}

pub async fn create(ask: Ask) -> Told {
    let kind = format!("{}-{}", ask.param("type"), ask.param("sub_type"));
    if !KINDS.iter().any(|(known, _)| *known == kind) {
        let text = "Use /api-keys/workspace/service, /api-keys/workspace/user or /api-keys/organisation/service.";
        return Err(Refused::field("type", text));
    }
    may(&ask, &kind, "create")?;
    let mut wish = KeyWish { kind, ..KeyWish::default() };
    ask.body.must("name")?;
    if ask.body.texts("scopes")?.is_none_or(|scopes| scopes.is_empty()) {
        return Err(Refused::field("scopes", r#"This field is required, such as ["completions.write"]."#));
    }
    fill(&ask, &mut wish).await?;
    wish.user = user(&ask).await?;
    let (limits, emails) = (Wanted::of(&ask.body)?, emails(&ask)?);
    let minted = ask.seat.mint(wish, Refusals::default()).await?;
    limits.set(&ask, Scope::Key(minted.id.clone()), &minted.name).await?;
    tell(&ask, &minted.id, emails).await?;
    Ok(json!({ "id": minted.id, "key": minted.value, "object": "api-key" }))
}

pub async fn read(ask: Ask) -> Told {
    let key = key(&ask, "read").await?;
    record(&ask, &key, ask.seat.house.clock.now()).await
}

pub async fn update(ask: Ask) -> Told {
    let key = key(&ask, "update").await?;
    let id = key.id.clone();
    let mut wish = KeyWish::from(key);
    fill(&ask, &mut wish).await?;
    let (limits, name, emails) = (Wanted::of(&ask.body)?, wish.name.clone(), emails(&ask)?);
    ask.seat.change_key(&id, wish).await?;
    limits.set(&ask, Scope::Key(id.clone()), &name).await?;
    tell(&ask, &id, emails).await?;
    Ok(json!({}))
}

pub async fn delete(ask: Ask) -> Told {
    let key = key(&ask, "delete").await?;
    ask.seat.revoke_key(key.id).await?;
    Ok(json!({}))
}

pub async fn rotate(ask: Ask) -> Told {
    let key = key(&ask, "rotate").await?;
    let period = ask.body.whole("key_transition_period_ms")?.unwrap_or(TRANSITION);
    if !(TRANSITION..=TRANSITION_MOST).contains(&period) {
        let text = format!("Use {TRANSITION} to {TRANSITION_MOST} milliseconds.");
        return Err(Refused::field("key_transition_period_ms", text));
    }
    let until = ask.seat.house.clock.now() + i64::try_from(period).unwrap_or(i64::MAX / 2);
    let minted = ask.seat.rotate_key(&key.id, until).await?;
    Ok(json!({ "id": minted.id, "key": minted.value, "key_transition_expires_at": iso(until), "object": "api-key" }))
}

/// The key of the path, of a kind that the caller may do this to.
async fn key(ask: &Ask, act: &str) -> Result<StoredKey, Refused> {
    let key = ask.seat.key(ask.param("id")).await?;
    may(ask, &key.kind, act)?;
    Ok(key)
}

fn may(ask: &Ask, kind: &str, act: &str) -> Result<(), Refused> {
    let thing = KINDS.iter().find(|(known, _)| *known == kind).map_or(KINDS[0].1, |(_, thing)| *thing);
    ask.must(&[&format!("{thing}.{act}")])
}

/// Takes over what the body says; what it leaves out stays.
async fn fill(ask: &Ask, wish: &mut KeyWish) -> Result<(), Refused> {
    let body = &ask.body;
    body.without(&LATER)?;
    if let Some(name) = body.text("name")? {
        name.clone_into(&mut wish.name);
    }
    if body.sent("description") {
        body.text("description")?.unwrap_or_default().clone_into(&mut wish.description);
    }
    if let Some(scopes) = body.texts("scopes")? {
        wish.scopes = scopes;
    }
    if body.sent("expires_at") {
        wish.expires_at = body.time("expires_at")?;
        if wish.expires_at.is_some_and(|at| at <= ask.seat.house.clock.now()) {
            return Err(Refused::field("expires_at", "This time is over. Use one to come, or delete the key."));
        }
    }
    if let Some(models) = body.texts("allowed_models")? {
        wish.allowed.models = models;
    }
    if let Some(providers) = body.texts("allowed_providers")? {
        wish.allowed.providers = providers.iter().map(|slug| slug.trim_start_matches('@').to_owned()).collect();
    }
    match body.form("defaults")? {
        Some(defaults) => fill_defaults(ask, &defaults, wish).await,
        None => Ok(()),
    }
}

async fn fill_defaults(ask: &Ask, defaults: &Form, wish: &mut KeyWish) -> Result<(), Refused> {
    if let Some(metadata) = defaults.pairs("metadata")? {
        wish.metadata = metadata;
    }
    if let Some(allowed) = defaults.flag("allow_config_override")? {
        wish.config_override = allowed;
    }
    if let Some(enforced) = defaults.flag("metadata_enforced")? {
        wish.enforced = enforced;
    }
    if defaults.sent("config_id") {
        wish.config = match defaults.text("config_id")?.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                Some(ask.seat.file(id).await.map_err(|failure| Refused::field("config_id", failure.to_string()))?)
            }
        }
        .map(|file| file.config.slug);
    }
    Ok(())
}

/// Who is to be told by mail of the key's budget; `None`: the body says nothing of it.
fn emails(ask: &Ask) -> Result<Option<Vec<String>>, Refused> {
    let Some(emails) = ask.body.texts("alert_emails")? else { return Ok(None) };
    if !emails.is_empty() && !ask.seat.house.alerts.ways().contains(&"mail") {
        let text = "No mail leaves this gateway: its set-up file names no mail server. Add smtp under [alerts] there.";
        return Err(Refused::field("alert_emails", text));
    }
    if emails.len() > EMAILS_MOST {
        return Err(Refused::field("alert_emails", format!("Use at most {EMAILS_MOST} addresses.")));
    }
    let one = |text: &String| rules::email(text).map_err(|text| Refused::field("alert_emails", text));
    emails.iter().map(one).collect::<Result<_, _>>().map(Some)
}

async fn tell(ask: &Ask, key: &str, emails: Option<Vec<String>>) -> Result<(), Refused> {
    match emails {
        Some(emails) => Ok(ask.seat.house.store.put_alert_emails(key, &emails).await.map_err(Failure::from)?),
        None => Ok(()),
    }
}

/// The person whom a key of a user stands for.
async fn user(ask: &Ask) -> Result<Option<String>, Refused> {
    let Some(id) = ask.body.text("user_id")? else {
        let needed = ask.param("sub_type") == "user";
        let text = "This field is required for the key of a user: the id of a member of the workspace.";
        return if needed { Err(Refused::field("user_id", text)) } else { Ok(None) };
    };
    let members = ask.seat.house.store.members(ask.workspace()).await.map_err(Failure::from)?;
    let known = members.iter().any(|member| member.id == id);
    let unknown = || Refused::field("user_id", "This is no member of the workspace. Use the id of one.");
    known.then(|| Some(id.to_owned())).ok_or_else(unknown)
}

async fn record(ask: &Ask, key: &StoredKey, now: i64) -> Told {
    let emails = ask.seat.house.store.alert_emails(&key.id).await.map_err(Failure::from)?;
    let limits = Shown::of(ask, &Scope::Key(key.id.clone()));
    let expired = key.expires_at.is_some_and(|at| at <= now);
    let mode = match (key.origin, &key.created_by) {
        (Origin::Console, Some(_)) => "ui",
        (Origin::Console, None) => "api",
        _ => "auto",
    };
    Ok(json!({
        "id": key.id,
        "key": format!("sy-…{}", key.last_four),
        "name": key.name,
        "description": key.description,
        "type": key.kind,
        "organisation_id": key.workspace,
        "workspace_id": key.workspace,
        "user_id": key.created_by,
        "status": if expired { "expired" } else if limits.exhausted { "exhausted" } else { "active" },
        "created_at": iso(key.created_at),
        "last_updated_at": iso(key.updated_at.unwrap_or(key.created_at)),
        "creation_mode": mode,
        "rate_limits": limits.rates,
        "usage_limits": limits.usage,
        "reset_usage": 0,
        "scopes": key.scopes,
        "defaults": {
            "metadata": key.metadata,
            "config_id": key.config,
            "allow_config_override": key.config_override,
            "metadata_enforced": key.enforced,
        },
        "allowed_models": key.allowed.models,
        "allowed_providers": key.allowed.providers,
        "alert_emails": emails,
        "expires_at": key.expires_at.map(iso),
        "object": "api-key",
    }))
}
