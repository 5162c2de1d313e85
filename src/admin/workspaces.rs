//! `/admin/workspaces`: the workspace that the key belongs to, with its name and limits. Others are not its business.

use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::admin::limits::{Shown, Wanted};
use crate::limit::rule::Scope;
use crate::settings::rules;
use app::failure::Failure;
use serde_json::{Value, json};

/// What workspaces do not have yet.
const LATER: [&str; 4] = ["description", "defaults", "icon", "users"];

pub async fn list(ask: Ask) -> Told {
    let own = record(&ask).await?;
    ask.paged(vec![own], 100)
}

pub async fn read(ask: Ask) -> Told {
    own(&ask)?;
    record(&ask).await
}

pub async fn update(ask: Ask) -> Told {
    own(&ask)?;
    ask.body.without(&LATER)?;
    let name = ask.body.text("name")?.map(rules::name).transpose().map_err(|text| Refused::field("name", text))?;
    let limits = Wanted::of_many(&ask.body)?;
    let workspace = ask.workspace().to_owned();
    if let Some(name) = name {
        let at = ask.seat.house.clock.now();
        ask.seat.house.store.rename_workspace(&workspace, &name, at).await.map_err(Failure::from)?;
    }
    limits.set(&ask, Scope::Workspace, &workspace).await?;
    record(&ask).await
}

fn own(ask: &Ask) -> Result<(), Refused> {
    let (wanted, own) = (ask.param("id"), ask.workspace());
    let missing = || Refused::missing(format!("This key belongs to the workspace {own}, and {wanted} is another one."));
    (wanted == own).then_some(()).ok_or_else(missing)
}

async fn record(ask: &Ask) -> Told {
    let id = ask.workspace();
    let Some(workspace) = ask.seat.house.store.workspace(id).await.map_err(Failure::from)? else {
        return Err(Refused::missing(format!("The workspace {id} was removed.")));
    };
    let limits = Shown::of(ask, &Scope::Workspace);
    Ok(json!({
        "id": id,
        "slug": workspace.slug,
        "name": workspace.name,
        "description": Value::Null,
        "created_at": iso(workspace.created_at),
        "last_updated_at": iso(workspace.updated_at.unwrap_or(workspace.created_at)),
        "defaults": {},
        "is_default": id == "default",
        "usage_limits": limits.budgets,
        "rate_limits": limits.rates,
        "status": if limits.exhausted { "exhausted" } else { "active" },
        "object": "workspace",
    }))
}
