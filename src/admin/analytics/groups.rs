//! Figures by value.

use super::asked::Asked;
use super::{cents, each};
use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::journal::rollup::OTHER;
use crate::store::rollups::ROUTE;
use crate::store::usage::{Count, Counts, Dimension, NONE};
use app::failure::Failure;
use app::model::analytics::USER;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Rows of a page where nothing is said.
const USUAL: u64 = 50;

/// What one value had.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    requests: u64,
    cost: i64,
    tokens: u64,
    /// Milliseconds.
    last: i64,
}

pub async fn by_user(ask: Ask) -> Told {
    let sums = sums(&ask, Dimension::Metadata(USER.into()), str::to_owned).await?;
    rows(&ask, &sums, |value, sum| json!({ "user": value, "requests": sum.requests, "cost": cents(sum.cost) }))
}

pub async fn by_model(ask: Ask) -> Told {
    let sums = sums(&ask, Dimension::Route, model).await?;
    rows(&ask, &sums, |value, sum| json!({ "ai_model": value, "requests": sum.requests, "cost": cents(sum.cost) }))
}

/// With what was said of the calls' traces; `last_seen` is to the hour, of more than a week to the day, where sums answer.
pub async fn by_metadata(ask: Ask) -> Told {
    let key = ask.param("key").to_owned();
    let asked = Asked::of(&ask)?;
    let store = &ask.seat.house.store;
    let (counts, told) = tokio::join!(
        asked.latest(&ask, Dimension::Metadata(key.clone())),
        store.feedback_by_metadata(ask.workspace(), &asked.filter, &key),
    );
    let sums = summed(counts?, false, str::to_owned);
    let told = told.map_err(Failure::from)?.into_iter();
    let told: HashMap<_, _> = told.map(|said| (said.value.clone(), said)).collect();
    rows(&ask, &sums, |value, sum| {
        let said = told.get(value);
        json!({
            "metadata_value": value,
            "requests": sum.requests,
            "cost": cents(sum.cost),
            "avg_tokens": each(sum.tokens as f64, sum.requests),
            "avg_weighted_feedback": said.map(|said| said.weighted),
            "requests_with_feedback": said.map_or(0, |said| said.calls),
            "last_seen": iso(sum.last),
        })
    })
}

/// A key sees its own workspace.
pub async fn by_workspace(ask: Ask) -> Told {
    let workspace = ask.workspace().to_owned();
    let sums = sums(&ask, Dimension::All, |_| workspace.clone()).await?;
    rows(&ask, &sums, |value, sum| json!({ "workspace": value, "requests": sum.requests, "cost": cents(sum.cost) }))
}

pub async fn by(ask: Ask) -> Told {
    let group = ask.param("group").replace('-', "_");
    let (field, dimension, name): (_, _, fn(&str) -> String) = match group.as_str() {
        "provider" | "providers" => ("provider", Dimension::Route, provider),
        "ai_service" | "ai_services" => ("ai_service", Dimension::Route, provider),
        "virtual_key" | "virtual_keys" => ("virtual_key", Dimension::Route, provider),
        "ai_model" | "model" => ("ai_model", Dimension::Route, model),
        "api_key" | "api_keys" => ("api_key", Dimension::Key, str::to_owned),
        "config" | "configs" => ("config", Dimension::Config, str::to_owned),
        "status_code" | "status_codes" => ("status_code", Dimension::Status, str::to_owned),
        "cache_status" => ("cache_status", Dimension::Cache, str::to_owned),
        "workspace" => return by_workspace(ask).await,
        // No call has a prompt yet.
        "prompt" | "prompts" => return ask.paged(Vec::new(), USUAL),
        _ => {
            let known = "users, ai-models, metadata/{key}, workspaces, provider, api-keys, virtual-keys, configs, prompts, \
                         status-codes or cache-status";
            return Err(Refused::missing(format!("There are no figures by {group}. Use {known}.")));
        }
    };
    let sums = sums(&ask, dimension, name).await?;
    rows(&ask, &sums, |value, sum| {
        json!({
            field: value,
            "requests": sum.requests,
            "cost": cents(sum.cost),
            "avg_tokens": each(sum.tokens as f64, sum.requests),
        })
    })
}

/// Sums by what `name` makes of a value; calls without one are left out.
async fn sums(
    ask: &Ask,
    dimension: Dimension,
    name: impl Fn(&str) -> String,
) -> Result<BTreeMap<String, Sum>, Refused> {
    let whole = dimension == Dimension::All;
    Ok(summed(Asked::of(ask)?.undated(ask, dimension).await?, whole, name))
}

fn summed(counts: Counts, whole: bool, name: impl Fn(&str) -> String) -> BTreeMap<String, Sum> {
    let mut sums = BTreeMap::<String, Sum>::new();
    for (value, counts) in counts {
        let named = name(&value);
        if value == NONE || counts.is_empty() || (named.is_empty() && !whole) {
            continue;
        }
        let sum = sums.entry(if value == OTHER { "(others)".into() } else { named }).or_default();
        for Count { last, calls, tokens, cost } in counts {
            sum.requests += calls;
            sum.tokens += tokens;
            sum.cost += cost;
            sum.last = sum.last.max(last);
        }
    }
    sums
}

/// Most called first, a page of them.
fn rows(ask: &Ask, sums: &BTreeMap<String, Sum>, fields: impl Fn(&str, &Sum) -> Value) -> Told {
    let mut sums: Vec<_> = sums.iter().collect();
    sums.sort_by_key(|(_, sum)| Reverse(sum.requests));
    let row = |(value, sum): (&String, &Sum)| {
        let mut row = fields(value, sum);
        row["object"] = "analytics-group".into();
        row
    };
    ask.paged(sums.into_iter().map(row).collect(), USUAL)
}

fn provider(route: &str) -> String {
    route.split_once(ROUTE).map_or("", |(provider, _)| provider).to_owned()
}

fn model(route: &str) -> String {
    route.split_once(ROUTE).map_or(route, |(_, model)| model).to_owned()
}
