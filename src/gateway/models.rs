//! `GET /v1/models` and `GET /v1/models/{id}`: the catalogue of the workspace, or a provider's own list.

use crate::book::ProviderEntry;
use crate::gateway::call::{self, Inbound};
use crate::gateway::config::Routed;
use crate::gateway::intake;
use crate::gateway::opened::Source;
use crate::gateway::outgoing::signed;
use crate::gateway::refusal::Refusal;
use crate::gateway::relay::{self, Fault};
use crate::gateway::target::{self, Target, split};
use crate::house::Shared;
use crate::journal::frame::Gathered;
use crate::journal::meter::Meter;
use crate::journal::record::Outcome;
use crate::wire::vendors::Endpoint;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(30);
/// `created` of models whose vendor does not say: the SDKs want a number.
const CREATED: i64 = 1_700_000_000;

/// What a part of a path may not hold as it is.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

/// Lists models, or finds one.
pub async fn serve(house: &Shared, inbound: Inbound, id: Option<String>) -> Response {
    let Ok(mut meter) = house.journal.begin(&call::opening(&inbound, house.clock.now())).await else {
        return Refusal::journal().response();
    };
    meter.note(|record| call::describe(record, &inbound));
    match answer(house, &inbound, id.as_deref(), &mut meter).await {
        Ok((status, body)) => reply(meter, status, &body).await,
        Err(refusal) => call::refuse(meter, refusal).await,
    }
}

async fn answer(
    house: &Shared,
    inbound: &Inbound,
    id: Option<&str>,
    meter: &mut Meter,
) -> Result<(StatusCode, Value), Refusal> {
    let Inbound { parts, caller, book, .. } = inbound;
    intake::head(parts)?;
    caller.must(&["models.list", "completions.write"])?;
    let headers = &parts.headers;
    let routed = Routed::of(headers, &caller.key, book, &house.inline)?;
    let leaf = routed.as_ref().map(|routed| call::first(house, inbound, routed)).transpose()?;
    let integrated = headers.get("x-portkey-fetch-integrated-models").is_some_and(|value| value == "true")
        || leaf.as_ref().is_some_and(|leaf| leaf.fetch_integrated_models);
    let named = target::named(headers).is_some() || leaf.as_ref().is_some_and(|leaf| leaf.provider.is_some());
    let prefixed = id.and_then(split).is_some();
    if integrated || !(named || prefixed) {
        let catalogue = catalogue(house, inbound);
        return match id {
            None => {
                let shown = page(catalogue, parts.uri.query().unwrap_or_default());
                Ok((StatusCode::OK, shown))
            }
            Some(id) => catalogue.into_iter().find(|model| model["id"] == id).map(found).ok_or_else(|| missing(id)),
        };
    }
    let target = call::first_target(house, inbound, id)?;
    meter.note(|record| {
        if let Some((_, credential)) = &target.provider.credential {
            record.secrets.add(credential.as_bytes());
        }
        record.call.provider.clone_from(&target.provider.slug);
        record.call.vendor = target.provider.vendor.slug.into();
        record.call.model_asked = id.unwrap_or_default().into();
    });
    if let Some(known) = id.and_then(|id| catalogue(house, inbound).into_iter().find(|model| model["id"] == id)) {
        return Ok(found(known));
    }
    fetch(house, &target).await
}

/// Every model whose price is known and every one that the workspace added, of all its providers, that the key may call;
/// none switched off.
fn catalogue(house: &Shared, inbound: &Inbound) -> Vec<Value> {
    let key = &inbound.caller.key;
    let models = |provider: &Arc<ProviderEntry>| {
        let own = provider.stock.models().filter(|(_, item)| item.custom).map(|(model, _)| model.to_owned());
        let known: BTreeSet<String> = house.prices.models(provider.vendor).into_iter().chain(own).collect();
        let allowed = |model: &str| key.allowed.all() || key.allowed.model(&provider.slug, model);
        let on = known.iter().filter(|model| provider.stock.allows(model) && allowed(model));
        on.map(|model| entry(provider, model)).collect::<Vec<_>>()
    };
    inbound.book.providers(&key.workspace).iter().flat_map(models).collect()
}

fn entry(provider: &ProviderEntry, model: &str) -> Value {
    json!({
        "id": format!("@{}/{model}", provider.slug),
        "slug": model,
        "canonical_slug": model,
        "object": "model",
        "created": CREATED,
        "owned_by": provider.vendor.slug,
        "provider": provider.slug,
    })
}

fn found(model: Value) -> (StatusCode, Value) {
    (StatusCode::OK, model)
}

fn missing(id: &str) -> Refusal {
    let message = format!("The model {id} is not in this workspace's catalogue. GET /v1/models lists what is.");
    let refusal = Refusal { status: StatusCode::NOT_FOUND, ..Refusal::invalid(message) };
    Refusal { code: Some("model_not_found"), param: Some("model".into()), ..refusal }
}

/// Applies `provider`, `ai_service`, `limit`, `offset`, `sort` and `order` of the query.
fn page(mut models: Vec<Value>, query: &str) -> Value {
    let (mut limit, mut offset, mut sort, mut descending) = (usize::MAX, 0, "name", false);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "provider" => models.retain(|model| model["provider"] == value.trim_start_matches('@')),
            "ai_service" | "aiService" => models.retain(|model| model["owned_by"] == *value),
            "limit" => limit = value.parse().unwrap_or(limit),
            "offset" => offset = value.parse().unwrap_or(offset),
            "sort" if value == "provider" => sort = "provider",
            "sort" if value == "ai_service" => sort = "owned_by",
            "order" => descending = value == "desc",
            _ => {}
        }
    }
    let key = if sort == "name" { "slug" } else { sort };
    models.sort_by(|left, right| left[key].as_str().cmp(&right[key].as_str()));
    if descending {
        models.reverse();
    }
    let total = models.len();
    let data = models.into_iter().skip(offset).take(limit).collect::<Vec<_>>();
    json!({ "object": "list", "total": total, "data": data })
}

async fn fetch(house: &Shared, target: &Target) -> Result<(StatusCode, Value), Refusal> {
    let provider = &target.provider;
    let list = provider.uri(Endpoint::Models).ok_or_else(|| lacking(provider))?;
    let uri = match &target.model {
        None => list.clone(),
        Some(model) => below(list, model).ok_or_else(|| missing(model))?,
    };
    let mut request = Request::new(Full::default());
    *request.uri_mut() = uri;
    signed(request.headers_mut(), provider);
    let refused = |fault: Fault| fault.refusal(&provider.slug);
    let (head, body) = house.relay.send(request, PATIENCE, target.reach).await.map_err(refused)?.into_parts();
    let read =
        tokio::time::timeout(PATIENCE, relay::whole(&provider.slug, &head.headers, Source::Upstream(body))).await;
    let bytes = read.unwrap_or_else(|_| Err(Fault::timeout(PATIENCE))).map_err(refused)?;
    let value = serde_json::from_slice::<Value>(&bytes)
        .map_err(|_| Refusal::upstream(format!("Invalid response received from {}: not JSON", provider.vendor.slug)))?;
    Ok((head.status, if head.status.is_success() { shaped(value, provider) } else { value }))
}

/// A model's own address below the list. A stored credential goes there, so no name may lead out of it.
fn below(list: &Uri, model: &str) -> Option<Uri> {
    let plain = model.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let parts = model.split('/').map(|part| utf8_percent_encode(part, ESCAPED).to_string()).collect::<Vec<_>>();
    plain.then(|| format!("{list}/{}", parts.join("/")).parse().ok())?
}

fn lacking(provider: &ProviderEntry) -> Refusal {
    let message = format!("{} is not supported by {}", Endpoint::Models.name(), provider.vendor.slug);
    Refusal { code: Some("endpoint_not_supported"), ..Refusal::invalid(message) }
}

/// OpenAI's shape, whatever the provider calls its list.
fn shaped(value: Value, provider: &ProviderEntry) -> Value {
    let complete = |mut model: Value| {
        if let Value::Object(fields) = &mut model {
            fields.entry("object").or_insert("model".into());
            fields.entry("created").or_insert(CREATED.into());
            fields.entry("owned_by").or_insert(provider.vendor.slug.into());
        }
        model
    };
    match value {
        Value::Array(models) => {
            json!({ "object": "list", "data": models.into_iter().map(complete).collect::<Vec<_>>(), "provider": provider.vendor.slug })
        }
        Value::Object(mut fields) => match fields.remove("data").or_else(|| fields.remove("models")) {
            Some(Value::Array(models)) => {
                fields.insert("data".into(), models.into_iter().map(complete).collect());
                fields.insert("object".into(), "list".into());
                fields.insert("provider".into(), provider.vendor.slug.into());
                Value::Object(fields)
            }
            _ => complete(Value::Object(fields)),
        },
        other => other,
    }
}

async fn reply(mut meter: Meter, status: StatusCode, body: &Value) -> Response {
    let text = body.to_string();
    meter.note(|record| record.parts.response_body = Gathered::Whole(text.clone().into()));
    let outcome = if status.is_success() { Outcome::Finished } else { Outcome::Failed };
    if meter.finish(status.as_u16(), outcome).await.is_err() {
        return Refusal::journal().response();
    }
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_name_stays_below_the_list() {
        let list = "https://h/v1/models".parse().expect("an address");
        for (model, address) in [
            ("gpt-4o", Some("https://h/v1/models/gpt-4o")),
            ("meta/llama-3:8b", Some("https://h/v1/models/meta/llama-3:8b")),
            ("@cf/a b", Some("https://h/v1/models/@cf/a%20b")),
            ("x?admin=1", Some("https://h/v1/models/x%3Fadmin%3D1")),
            ("m#f", Some("https://h/v1/models/m%23f")),
            ("a%2f..", Some("https://h/v1/models/a%252f..")),
            ("..\\..", Some("https://h/v1/models/..%5C..")),
            ("../../admin", None),
            ("a/./b", None),
            ("a//b", None),
            ("", None),
        ] {
            assert_eq!(below(&list, model).map(|uri| uri.to_string()).as_deref(), address, "{model}");
        }
    }
}
