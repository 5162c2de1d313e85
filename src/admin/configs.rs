//! `/configs`.

use crate::admin::answer::{Refused, Told, iso, list as listed};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::desk::configs::Text;
use crate::settings::rules;
use crate::store::configs::ConfigFile;
use app::backend::ConfigDesk;
use app::failure::Failure;
use serde_json::{Value, json};

pub async fn list(ask: Ask) -> Told {
    let files = ask.seat.house.store.config_files(ask.workspace()).await.map_err(Failure::from)?;
    let data: Vec<Value> = files.iter().map(record).collect();
    if ask.query.sent("page_size") { ask.paged(data, 100) } else { Ok(listed(data.len(), data)) }
}

pub async fn create(ask: Ask) -> Told {
    ask.body.without(&["is_default"])?;
    let name = named(ask.body.must("name")?)?;
    let text = text(&ask.body)?.ok_or_else(|| Refused::field("config", "This field is required."))?;
    let mistakes = ask.seat.mistakes(&text).await?;
    if !mistakes.is_empty() {
        return Err(Failure::Invalid(mistakes).into());
    }
    let slug = ask.seat.made(&name, None).await?;
    publish(&ask, &slug, &text).await?;
    let config = ask.seat.file(&slug).await?.config;
    let data = json!({ "id": config.id, "version_id": config.version, "slug": slug, "object": "config" });
    Ok(both(data))
}

pub async fn read(ask: Ask) -> Told {
    let file = file(&ask).await?;
    let mut record = record(&file);
    record["config"] = serde_json::from_str(&file.config.body).unwrap_or_else(|_| json!({}));
    record["format"] = "json".into();
    record["type"] = "ORG_CONFIG".into();
    Ok(both(record))
}

pub async fn update(ask: Ask) -> Told {
    let slug = file(&ask).await?.config.slug;
    if ask.body.text("status")?.is_some_and(|status| status != "active") {
        let text = "A config is active as long as it is there. Leave the status out, or delete the config.";
        return Err(Refused::field("status", text));
    }
    // What is wrong with the one keeps the other from changing.
    let (name, text) = (ask.body.text("name")?.map(named).transpose()?, text(&ask.body)?);
    if let Some(text) = &text {
        publish(&ask, &slug, text).await?;
    }
    if let Some(name) = name {
        ask.seat.rename_config(slug.clone(), name).await?;
    }
    let version = ask.seat.file(&slug).await?.config.version;
    Ok(both(json!({ "version_id": version, "object": "config" })))
}

pub async fn delete(ask: Ask) -> Told {
    let slug = file(&ask).await?.config.slug;
    ask.seat.remove_config(slug).await?;
    Ok(json!({}))
}

pub async fn versions(ask: Ask) -> Told {
    let file = file(&ask).await?;
    let versions = ask.seat.house.store.config_versions(&file.config.id).await.map_err(Failure::from)?;
    let version = |version: app::model::config::Version| {
        json!({
            "id": version.id,
            "version_id": version.id,
            "version": version.number,
            "slug": file.config.slug,
            "created_by": version.author,
            "created_at": iso(version.at),
            "version_description": version.note,
            "status": if version.published { "active" } else { "archived" },
            "object": "config-version",
        })
    };
    let data: Vec<Value> = versions.into_iter().map(version).collect();
    if ask.query.sent("page_size") { ask.paged(data, 100) } else { Ok(listed(data.len(), data)) }
}

/// By slug or id.
async fn file(ask: &Ask) -> Result<ConfigFile, Refused> {
    Ok(ask.seat.file(ask.param("slug")).await?)
}

async fn publish(ask: &Ask, slug: &str, text: &str) -> Result<(), Refused> {
    let text = Text { body: text, note: "", seen: None, ends_draft: false };
    ask.seat.published(slug, text).await?;
    Ok(())
}

fn named(name: &str) -> Result<String, Refused> {
    rules::name(name).map_err(|text| Refused::field("name", text))
}

/// The config's text: an object is written on lines of its own, text stays as it was typed.
fn text(body: &Form) -> Result<Option<String>, Refused> {
    match body.get("config") {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(config @ Value::Object(_)) => Ok(serde_json::to_string_pretty(config).ok()),
        Some(_) => Err(Refused::field("config", "Use a JSON object.")),
    }
}

fn record(file: &ConfigFile) -> Value {
    let config = &file.config;
    json!({
        "id": config.id,
        "name": config.name,
        "slug": config.slug,
        "organisation_id": config.workspace,
        "workspace_id": config.workspace,
        "is_default": 0,
        "status": if config.number > 0 { "active" } else { "draft" },
        "owner_id": Value::Null,
        "updated_by": file.author,
        "created_at": iso(config.created_at),
        "last_updated_at": iso(config.updated_at),
        "version_id": config.version,
        "object": "config",
    })
}

/// At the top level, where Portkey's SDK for Python reads, and wrapped as its OpenAPI document has it.
pub fn both(data: Value) -> Value {
    let mut answer = data.clone();
    answer["success"] = true.into();
    answer["data"] = data;
    answer
}
