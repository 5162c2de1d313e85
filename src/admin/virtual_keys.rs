//! `/virtual-keys`: the older name of a provider, credential and all.

use crate::admin::answer::{Refused, Told};
use crate::admin::ask::Ask;
use crate::admin::configs::both;
use crate::admin::limits::Wanted;
use crate::admin::providers::{End, amend, callable, one, record as provider, rows, slug};
use crate::desk::integrations::Amend;
use crate::limit::rule::Scope;
use crate::store::providers::{Standing, StoredProvider};
use app::model::provider::NewProvider;
use serde_json::{Value, json};

/// What the clouds' own addresses are made from; they are not among the vendors yet.
const CLOUDS: [&str; 4] = ["api_version", "resource_name", "deployment_name", "deployment_config"];

pub async fn list(ask: Ask) -> Told {
    let rows = callable(&ask).await?.iter().map(|row| record(&ask, row)).collect();
    ask.paged(rows, 100)
}

pub async fn create(ask: Ask) -> Told {
    ask.body.without(&CLOUDS)?;
    let (name, vendor) = (ask.body.must("name")?, ask.body.must("provider")?);
    let form = NewProvider {
        slug: slug(&ask, "slug", name, &rows(&ask).await?, None)?,
        vendor: vendor.to_owned(),
        key: ask.body.text("key")?.unwrap_or_default().to_owned(),
        base_url: ask.body.text("custom_host")?.unwrap_or_default().to_owned(),
        open: Vec::new(),
    };
    let (limits, end) = (Wanted::of(&ask.body)?, End::of(&ask)?);
    let amend = Amend { standing: Some(Standing::Provider), ..amend(&ask, "note")? };
    let made = ask.seat.connect(form, amend).await.map_err(|failure| vendor_field(failure, "provider"))?;
    end.set(&ask, &made.id, true).await?;
    limits.set(&ask, Scope::Provider(made.id.clone()), &made.slug).await?;
    Ok(both(json!({ "id": made.id, "slug": made.slug, "object": "virtual-key" })))
}

pub async fn read(ask: Ask) -> Told {
    let row = one(&ask).await?;
    Ok(record(&ask, &row))
}

pub async fn update(ask: Ask) -> Told {
    ask.body.without(&CLOUDS)?;
    let row = one(&ask).await?;
    let (id, slug) = (row.id.clone(), row.slug.clone());
    let text = |name: &str| Ok::<_, Refused>(ask.body.text(name)?.map(str::to_owned));
    let amend = Amend { key: text("key")?, base_url: text("custom_host")?, ..amend(&ask, "note")? };
    let (limits, end) = (Wanted::of(&ask.body)?, End::of(&ask)?);
    ask.seat.amend(row, amend).await?;
    end.set(&ask, &id, false).await?;
    limits.set(&ask, Scope::Provider(id.clone()), &slug).await?;
    Ok(both(json!({ "id": id, "slug": slug, "object": "virtual-key" })))
}

pub async fn delete(ask: Ask) -> Told {
    let row = one(&ask).await?;
    ask.seat.disconnect(row).await?;
    Ok(json!({}))
}

/// The console's form calls a vendor by that name; the API has its own.
pub fn vendor_field(failure: app::failure::Failure, name: &str) -> Refused {
    let refused = Refused::from(failure);
    match refused.field.as_deref() {
        Some("vendor") => {
            let message = refused.message.replacen("vendor", name, 1);
            Refused { field: Some(name.to_owned()), message, ..refused }
        }
        _ => refused,
    }
}

fn record(ask: &Ask, row: &StoredProvider) -> Value {
    let mut record = provider(ask, row);
    record["object"] = "virtual-key".into();
    record["provider"] = row.vendor.clone().into();
    record["key"] = row.hint.clone().into();
    record["model_config"] = json!({ "custom_host": row.base_url });
    record
}
