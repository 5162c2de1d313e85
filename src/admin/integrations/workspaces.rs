//! `/integrations/{slug}/workspaces`: whether the workspace calls with a credential, and what it may spend of it. There is
//! one workspace to a key.

use super::{objects, one};
use crate::admin::answer::{Refused, Told};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::admin::limits::{Shown, Wanted};
use crate::admin::providers::{rows, title};
use crate::limit::rule::Scope;
use crate::store::providers::StoredProvider;
use serde_json::json;

/// It is enabled where some provider with its credential can be called.
pub async fn workspaces(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let enabled = rows(&ask).await?.iter().any(|other| has(other, &row) && other.callable());
    let Shown { usage, rates, .. } = Shown::of(&ask, &Scope::Integration(row.id));
    // The SDK for Python reads an object, the published document a list.
    let rate = rates.get(0).cloned().unwrap_or_default();
    let listed = if usage.is_null() { json!([]) } else { json!([&usage]) };
    let (usage, rates) = if ask.python { (usage, rate) } else { (listed, rates) };
    let workspace = json!({
        "id": ask.workspace(),
        "enabled": enabled,
        "usage_limits": usage,
        "rate_limits": rates,
    });
    Ok(json!({ "object": "list", "total": 1, "workspaces": [workspace] }))
}

pub async fn allow_workspaces(ask: Ask) -> Told {
    let row = one(&ask).await?;
    let mut wishes = Vec::new();
    if let Some(access) = ask.body.form("global_workspace_access")? {
        wishes.push(Access::of(&ask, &access, None).await?);
    }
    for workspace in objects(&ask.body, "workspaces")? {
        if workspace.must("id")? != ask.workspace() {
            return Err(Refused::field("id", format!("This key knows the workspace {} alone.", ask.workspace())));
        }
        let slug = workspace.text("default_provider_slug")?.filter(|slug| **slug != *row.slug);
        wishes.push(Access::of(&ask, &workspace, slug).await?);
    }
    for wish in wishes {
        wish.grant(&ask, &row).await?;
    }
    Ok(json!({}))
}

/// What is asked of a workspace's access.
struct Access {
    /// `None`: as it is.
    enabled: Option<bool>,
    /// A provider to be made under this slug, unless it is there.
    provider: Option<String>,
    limits: Wanted,
}

impl Access {
    async fn of(ask: &Ask, form: &Form, slug: Option<&str>) -> Result<Self, Refused> {
        let makes = form.flag("create_default_provider")?.unwrap_or(slug.is_some());
        let rows = rows(ask).await?;
        let provider = slug.filter(|_| makes).filter(|slug| !rows.iter().any(|row| row.slug == **slug));
        Ok(Self { enabled: form.flag("enabled")?, provider: provider.map(str::to_owned), limits: Wanted::of(form)? })
    }

    async fn grant(self, ask: &Ask, row: &StoredProvider) -> Result<(), Refused> {
        if let Some(slug) = self.provider.filter(|_| self.enabled != Some(false)) {
            ask.seat.link(row.clone(), &slug, title(row), "").await?;
        }
        if let Some(on) = self.enabled {
            let callable = rows(ask).await?.iter().any(|other| has(other, row) && other.callable());
            if callable != on {
                ask.seat.enable(row, on).await?;
            }
        }
        self.limits.set(ask, Scope::Integration(row.id.clone()), title(row)).await
    }
}

/// Whether the provider has the integration's credential.
fn has(provider: &StoredProvider, integration: &StoredProvider) -> bool {
    provider.holder() == integration.id
}
