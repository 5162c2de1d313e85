//! `/providers`: what is called as `@slug`.

use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::admin::configs::both;
use crate::admin::limits::{Shown, Wanted};
use crate::desk::integrations::Amend;
use crate::limit::rule::Scope;
use crate::store::providers::StoredProvider;
use app::failure::Failure;
use serde_json::{Value, json};

/// What a body says of a provider's end; `None`: nothing.
pub struct End(Option<Option<i64>>);

impl End {
    /// Reads it, before anything is changed.
    pub fn of(ask: &Ask) -> Result<Self, Refused> {
        if !ask.body.sent("expires_at") {
            return Ok(Self(None));
        }
        let at = ask.body.time("expires_at")?;
        if at.is_some_and(|at| at <= ask.seat.house.clock.now()) {
            return Err(Refused::field("expires_at", "This time is over. Use one to come, or delete the provider."));
        }
        Ok(Self(Some(at)))
    }

    /// Sets it. A provider that is made anew has no end that it is not given.
    pub async fn set(self, ask: &Ask, id: &str, fresh: bool) -> Result<(), Refused> {
        match self.0.or(fresh.then_some(None)) {
            Some(at) => Ok(ask.seat.end_provider(id, at).await?),
            None => Ok(()),
        }
    }
}

pub async fn list(ask: Ask) -> Told {
    let rows = callable(&ask).await?.iter().map(|row| record(&ask, row)).collect();
    ask.paged(rows, 50)
}

pub async fn create(ask: Ask) -> Told {
    let (name, wanted) = (ask.body.must("name")?, ask.body.must("integration_id")?);
    let note = ask.body.text("note")?.unwrap_or_default();
    let rows = rows(&ask).await?;
    let integration = rows.iter().find(|row| row.integration.is_none() && named(row, wanted));
    let unknown = || Refused::field("integration_id", "There is no such integration. Use the id or slug of one.");
    let integration = integration.ok_or_else(unknown)?;
    let slug = slug(&ask, "slug", name, &rows, Some(integration))?;
    let (limits, end) = (Wanted::of(&ask.body)?, End::of(&ask)?);
    let made = ask.seat.link(integration.clone(), &slug, name, note).await?;
    end.set(&ask, &made.id, true).await?;
    limits.set(&ask, Scope::Provider(made.id.clone()), &made.slug).await?;
    Ok(both(json!({ "id": made.id, "slug": made.slug, "object": "provider" })))
}

pub async fn read(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let mut record = record(&ask, &row);
    // A list here, and an object in the list: so the SDK for Python reads them.
    record["rate_limits"] = Shown::of(&ask, &Scope::Provider(row.id)).rates;
    Ok(record)
}

pub async fn update(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let (id, slug) = (row.id.clone(), row.slug.clone());
    let (limits, end) = (Wanted::of(&ask.body)?, End::of(&ask)?);
    ask.seat.amend(row, amend(&ask, "note")?).await?;
    end.set(&ask, &id, false).await?;
    limits.set(&ask, Scope::Provider(id.clone()), &slug).await?;
    Ok(both(json!({ "id": id, "slug": slug, "object": "provider" })))
}

pub async fn delete(ask: Ask) -> Told {
    let row = one(&ask).await?;
    ask.seat.disconnect(row).await?;
    Ok(json!({}))
}

/// What the body changes of a row; `note` is the name of the field for people.
pub fn amend(ask: &Ask, note: &str) -> Result<Amend, Refused> {
    let text = |name: &str| Ok::<_, Refused>(ask.body.text(name)?.map(str::to_owned));
    let note = if ask.body.sent(note) { Some(text(note)?.unwrap_or_default()) } else { None };
    Ok(Amend { name: text("name")?, note, ..Amend::default() })
}

/// A slug asked for, or one folded from the name. `integration` may lend its own.
pub fn slug(
    ask: &Ask,
    field: &str,
    name: &str,
    rows: &[StoredProvider],
    integration: Option<&StoredProvider>,
) -> Result<String, Refused> {
    let lends = |slug: &str| integration.is_some_and(|row| row.slug == slug && !row.callable());
    let free = |slug: &str| lends(slug) || !rows.iter().any(|row| row.slug == slug);
    if let Some(slug) = ask.body.text(field)? {
        let taken = || Refused::taken(format!("{field}: {slug} is taken. Choose another slug."));
        return free(slug).then(|| slug.to_owned()).ok_or_else(taken);
    }
    let folded = crate::desk::folded(name, "provider");
    if free(&folded) {
        return Ok(folded);
    }
    let id = crate::secret::id(ask.seat.house.clock.now());
    Ok(format!("{folded}-{}", id.get(id.len().saturating_sub(6)..).unwrap_or_default()))
}

/// Providers and integrations of the workspace.
pub async fn rows(ask: &Ask) -> Result<Vec<StoredProvider>, Refused> {
    Ok(ask.seat.house.store.providers(ask.workspace()).await.map_err(Failure::from)?)
}

pub async fn callable(ask: &Ask) -> Result<Vec<StoredProvider>, Refused> {
    Ok(rows(ask).await?.into_iter().filter(StoredProvider::callable).collect())
}

/// The provider of the path.
pub async fn one(ask: &Ask) -> Result<StoredProvider, Refused> {
    let wanted = ask.param("slug");
    let row = callable(ask).await?.into_iter().find(|row| named(row, wanted));
    row.ok_or_else(|| Refused::missing(format!("There is no provider {wanted} in this workspace.")))
}

/// By slug, with or without `@`, or by id.
pub fn named(row: &StoredProvider, name: &str) -> bool {
    row.slug == name.strip_prefix('@').unwrap_or(name) || row.id == name
}

pub fn title(row: &StoredProvider) -> &str {
    if row.name.is_empty() { &row.slug } else { &row.name }
}

pub fn record(ask: &Ask, row: &StoredProvider) -> Value {
    let limits = Shown::of(ask, &Scope::Provider(row.id.clone()));
    let end = ask.seat.house.shelf.book().end_of(&row.id);
    let status = match end.filter(|end| *end <= ask.seat.house.clock.now()) {
        Some(_) => "expired",
        None if limits.exhausted => "exhausted",
        None => "active",
    };
    json!({
        "id": row.id,
        "slug": row.slug,
        "name": title(row),
        "integration_id": row.holder(),
        "ai_provider_id": row.vendor,
        "workspace_id": row.workspace,
        "note": row.note,
        "status": status,
        "usage_limits": limits.usage,
        "rate_limits": limits.one_rate(),
        "reset_usage": Value::Null,
        "created_at": iso(row.created_at),
        "last_updated_at": iso(row.updated_at),
        "expires_at": end.map(iso),
        "object": "provider",
    })
}
