//! `/integrations`: credentials that providers share.

mod models;
mod workspaces;

pub use models::{allow_models, models, remove_models};
pub use workspaces::{allow_workspaces, workspaces};

use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::admin::configs::both;
use crate::admin::form::Form;
use crate::admin::providers::{amend, named, rows, slug, title};
use crate::admin::virtual_keys::vendor_field;
use crate::desk::integrations::Amend;
use crate::settings::rules;
use crate::store::providers::{Standing, StoredProvider};
use app::model::provider::NewProvider;
use serde_json::{Value, json};

/// Features of integrations that do not exist yet.
const LATER: [&str; 2] = ["secret_mappings", "pricing_adjustments"];

pub async fn list(ask: Ask) -> Told {
    let rows = rows(&ask).await?;
    let own = rows.iter().filter(|row| row.integration.is_none());
    ask.paged(own.map(record).collect(), 100)
}

pub async fn create(ask: Ask) -> Told {
    ask.body.without(&LATER)?;
    let (name, vendor) = (ask.body.must("name")?, ask.body.must("ai_provider_id")?);
    let rows = rows(&ask).await?;
    let slug = slug(&ask, "slug", name, &rows, None)?;
    let provides = ask.body.flag("create_default_provider")?.unwrap_or(true);
    let other = ask.body.text("default_provider_slug")?.filter(|other| provides && *other != slug);
    if let Some(other) = other.filter(|other| rows.iter().any(|row| row.slug == **other)) {
        return Err(Refused::taken(format!("default_provider_slug: {other} is taken. Choose another slug.")));
    }
    if let Some(other) = other {
        rules::slug(other).map_err(|text| Refused::field("default_provider_slug", text))?;
    }
    let form = NewProvider {
        slug,
        vendor: vendor.to_owned(),
        key: ask.body.text("key")?.unwrap_or_default().to_owned(),
        base_url: host(&ask.body)?.unwrap_or_default(),
        open: Vec::new(),
    };
    let standing = if provides && other.is_none() { Standing::Both } else { Standing::Integration };
    let amend = Amend { standing: Some(standing), ..amend(&ask, "description")? };
    let made = ask.seat.connect(form, amend).await.map_err(|failure| vendor_field(failure, "ai_provider_id"))?;
    let (id, slug) = (made.id.clone(), made.slug.clone());
    if let Some(other) = other {
        ask.seat.link(made, other, name, "").await?;
    }
    Ok(both(json!({ "id": id, "slug": slug, "object": "integration" })))
}

pub async fn read(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let mut record = record(&row);
    record["masked_key"] = row.hint.clone().into();
    record["configurations"] = row.base_url.as_ref().map_or_else(|| json!({}), |url| json!({ "custom_host": url }));
    record["global_workspace_access_settings"] = Value::Null;
    record["allow_all_models"] = (!ask.seat.stock(&row).await?.is_closed()).into();
    record["workspace_count"] = 1.into();
    Ok(record)
}

pub async fn update(ask: Ask) -> Told {
    ask.body.without(&LATER)?;
    let row = one(&ask).await?;
    let (id, slug) = (row.id.clone(), row.slug.clone());
    let key = ask.body.text("key")?.map(str::to_owned);
    let amend = Amend { key, base_url: host(&ask.body)?, ..amend(&ask, "description")? };
    ask.seat.amend(row, amend).await?;
    Ok(both(json!({ "id": id, "slug": slug, "object": "integration" })))
}

pub async fn delete(ask: Ask) -> Told {
    let row = one(&ask).await?;
    ask.seat.remove_integration(row).await?;
    Ok(json!({}))
}

/// The integration of the path.
async fn one(ask: &Ask) -> Result<StoredProvider, Refused> {
    let wanted = ask.param("slug");
    let row = rows(ask).await?.into_iter().find(|row| row.integration.is_none() && named(row, wanted));
    row.ok_or_else(|| Refused::missing(format!("There is no integration {wanted} in this workspace.")))
}

/// The address that a body asks for.
fn host(body: &Form) -> Result<Option<String>, Refused> {
    let Some(configurations) = body.form("configurations")? else { return Ok(None) };
    configurations.only(&["custom_host"])?;
    Ok(configurations.text("custom_host")?.map(str::to_owned))
}

fn objects(body: &Form, name: &str) -> Result<Vec<Form>, Refused> {
    match body.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| Form::object(name, item)).collect(),
        Some(_) => Err(Refused::field(name, "Use a list of objects.")),
    }
}

fn record(row: &StoredProvider) -> Value {
    json!({
        "id": row.id,
        "slug": row.slug,
        "name": title(row),
        "description": row.note,
        "ai_provider_id": row.vendor,
        "workspace_id": row.workspace,
        "organisation_id": row.workspace,
        "status": "active",
        "created_at": iso(row.created_at),
        "last_updated_at": iso(row.updated_at),
        "object": "integration",
    })
}
