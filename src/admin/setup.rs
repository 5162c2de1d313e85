//! `/setup`: the routing setup as one file, out and in.

use crate::admin::answer::Told;
use crate::admin::ask::Ask;
use crate::desk::transfer::mark;
use app::backend::TransferDesk;
use serde_json::{Value, json};

/// The text of a set-up file, secrets left out.
pub async fn read(ask: Ask) -> Told {
    let text = ask.seat.export().await?;
    Ok(json!({ "object": "setup", "format": "toml", "text": text }))
}

/// What an import of the text would do.
pub async fn plan(ask: Ask) -> Told {
    let plan = ask.seat.plan(ask.body.must("text")?).await?;
    let mut told = told("plan", &plan);
    told["mark"] = mark(&plan).into();
    Ok(told)
}

/// Does it; with the mark of a plan, only while it would do what the plan says. The secrets of new keys are in this answer and nowhere else.
pub async fn apply(ask: Ask) -> Told {
    let text = ask.body.must("text")?;
    if let Some(seen) = ask.body.text("mark")? {
        ask.seat.still(text, seen).await?;
    }
    let applied = ask.seat.import(text).await?;
    Ok(told("import", &applied))
}

fn told(object: &str, what: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(what).unwrap_or_default();
    value["object"] = object.into();
    value
}
