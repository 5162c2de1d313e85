//! `/integrations`: credentials that providers share.

use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::admin::configs::both;
use crate::admin::form::Form;
use crate::admin::limits::{Shown, Wanted};
use crate::admin::providers::{amend, named, rows, slug, title};
use crate::admin::virtual_keys::vendor_field;
use crate::desk::integrations::Amend;
use crate::limit::rule::Scope;
use crate::settings::rules;
use crate::store::providers::{Standing, StoredProvider};
use crate::wire::vendors::vendor;
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
    record["allow_all_models"] = true.into();
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

/// Every model that is known of the vendor: all of them are allowed.
pub async fn models(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let known = vendor(&row.vendor).map(|vendor| ask.seat.models(vendor)).unwrap_or_default();
    let model = |slug: &String| json!({ "slug": slug, "enabled": true, "is_custom": false, "is_finetune": false, "base_model_slug": null });
    let models: Vec<Value> = known.iter().map(model).collect();
    Ok(json!({ "object": "list", "total": models.len(), "models": models, "allow_all_models": true }))
}

/// Says yes to what is so already, and names what does not exist yet.
pub async fn allow_models(ask: Ask) -> Told {
    one(&ask).await?;
    if ask.body.flag("allow_all_models")? == Some(false) {
        return Err(Refused::later("allow_all_models"));
    }
    for model in objects(&ask.body, "models")? {
        model.without(&["is_custom", "is_finetune", "base_model_slug", "configurations", "pricing_config"])?;
        if model.flag("enabled")? == Some(false) {
            return Err(Refused::later("enabled"));
        }
    }
    Ok(json!({}))
}

pub async fn remove_models(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let slugs = ask.query.text("slugs")?.unwrap_or_default();
    Err(Refused::missing(format!("slugs: {} has no custom models, so {slugs:?} cannot be removed.", row.slug)))
}

pub async fn workspaces(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let Shown { usage, rates, .. } = Shown::of(&ask, &Scope::Integration(row.id));
    // The SDK for Python reads an object, the published document a list.
    let rate = rates.get(0).cloned().unwrap_or_default();
    let listed = if usage.is_null() { json!([]) } else { json!([&usage]) };
    let (usage, rates) = if ask.python { (usage, rate) } else { (listed, rates) };
    let workspace = json!({
        "id": ask.workspace(),
        "enabled": true,
        "usage_limits": usage,
        "rate_limits": rates,
    });
    Ok(json!({ "object": "list", "total": 1, "workspaces": [workspace] }))
}

pub async fn allow_workspaces(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let mut limits = Vec::new();
    if let Some(access) = ask.body.form("global_workspace_access")? {
        limits.push(Wanted::of(&access)?);
    }
    for workspace in objects(&ask.body, "workspaces")? {
        limits.push(Wanted::of(&workspace)?);
        if workspace.must("id")? != ask.workspace() {
            return Err(Refused::field("id", format!("This key knows the workspace {} alone.", ask.workspace())));
        }
        if workspace.flag("enabled")? == Some(false) {
            return Err(Refused::later("enabled"));
        }
    }
    for wanted in limits {
        wanted.set(&ask, Scope::Integration(row.id.clone()), title(&row)).await?;
    }
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
