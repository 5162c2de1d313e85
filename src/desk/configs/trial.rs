//! A config tried before it is published: planned, or sent on the gateway's own way, with targets made to fail.

use super::Seat;
use crate::book::KeyEntry;
use crate::gateway::call::{self, Inbound};
use crate::gateway::caller::Caller;
use crate::gateway::explained;
use crate::gateway::trace::Trace;
use crate::settings::SANDBOX;
use crate::wire::vendors::{Endpoint, Route};
use app::backend::{Answer, LogDesk};
use app::failure::Failure;
use app::model::config::{Chaos, Outcome, Trial};
use app::model::log::LogQuery;
use axum::body::Body;
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is shown of an answer, in bytes.
const SHOWN: usize = 64 * 1024;
const CONFIG: HeaderName = HeaderName::from_static("x-portkey-config");
const HOST: &str = "x-portkey-custom-host";
/// Headers that a trial has of its own.
const OWN: [&str; 3] = ["x-portkey-config", "x-portkey-api-key", "x-api-key"];

pub(super) async fn run(seat: &Seat, trial: Trial) -> Answer<Outcome> {
    let mistakes = seat.mistakes(&trial.body).await?;
    if !mistakes.is_empty() {
        return Err(Failure::Invalid(mistakes));
    }
    if !trial.chaos.is_empty() && trial.headers.iter().any(|(name, _)| name.trim().eq_ignore_ascii_case(HOST)) {
        let text = format!("{HOST} sends every target to one host, so none can be made to fail. Leave it out.");
        return Err(Failure::refused("headers", text));
    }
    let config = broken(&trial.body, &trial.chaos)?;
    let inbound = inbound(seat, &trial, &config)?;
    let body = Body::from(trial.sample);
    if trial.dry {
        return Ok(match explained::serve(&seat.house, inbound, body).await {
            Ok(told) => Outcome { explain: serde_json::from_value(told).ok(), ..Outcome::default() },
            Err(refusal) => {
                let status = refusal.status.as_u16();
                Outcome { status, answer: refusal.body().to_string(), ..Outcome::default() }
            }
        });
    }
    let sent = async { read(call::serve(&seat.house, inbound, body).await).await };
    let mut outcome = tokio::time::timeout(PATIENCE, sent).await.unwrap_or_else(|_| Outcome {
        answer: format!("No answer came within {} seconds, so the call was given up.", PATIENCE.as_secs()),
        ..Outcome::default()
    });
    if let Some(id) = &outcome.log {
        outcome.explain = seat.log(id.clone(), LogQuery::default()).await.ok().map(|detail| detail.explain);
    }
    Ok(outcome)
}

fn inbound(seat: &Seat, trial: &Trial, config: &str) -> Answer<Inbound> {
    let unfit =
        |name: &str| Failure::refused("headers", format!("{name} cannot be a header. Use letters, digits and -."));
    let mut request = Request::post("/v1/chat/completions").header(CONTENT_TYPE, "application/json");
    for (name, value) in &trial.headers {
        let header = HeaderName::try_from(name.trim()).map_err(|_| unfit(name))?;
        if header == AUTHORIZATION || OWN.contains(&header.as_str()) {
            continue;
        }
        request = request.header(header, HeaderValue::try_from(value.trim()).map_err(|_| unfit(name))?);
    }
    let config = HeaderValue::from_bytes(config.as_bytes()).map_err(|_| unfit("The config"))?;
    let request = request.header(CONFIG, config).body(()).map_err(|_| unfit("One of these"))?;
    Ok(console(seat, request.into_parts().0))
}

/// A call that a person makes at the console: it is logged as any other, under the name of the console.
pub(in crate::desk) fn console(seat: &Seat, parts: Parts) -> Inbound {
    let trace = Trace::of(&parts.headers);
    let caller = Caller { key: Arc::new(KeyEntry::console(seat.workspace())), credential: None };
    let route = Route { endpoint: Endpoint::Chat, rest: "/chat/completions".into() };
    Inbound { route, parts, caller, book: seat.house.shelf.book(), trace }
}

/// Reads an answer to its end, so that its row is committed, and keeps the beginning.
async fn read(response: Response) -> Outcome {
    let status = response.status().as_u16();
    let id = response.headers().get("x-portkey-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let (mut kept, mut body) = (Vec::new(), response.into_body());
    let mut cut = false;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                let data = frame.into_data().unwrap_or_default();
                let room = SHOWN - kept.len();
                kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            }
            Err(_) => {
                cut = true;
                break;
            }
        }
    }
    let mut answer = String::from_utf8_lossy(&kept).into_owned();
    if cut {
        answer.push_str("\n\nHere the answer broke off.");
    }
    Outcome { explain: None, status, answer, log: id }
}

/// The config on one line, with the named targets made to fail.
fn broken(text: &str, chaos: &[(String, Chaos)]) -> Answer<String> {
    let unread = || Failure::refused("body", "This is not JSON.");
    let mut config: Value = serde_json::from_str(text).map_err(|_| unread())?;
    for (path, chaos) in chaos {
        let steps = steps(path).unwrap_or_else(|| vec![usize::MAX]);
        let target = target(&mut config, &steps).filter(|target| target.get("targets").is_none());
        let Some(Value::Object(target)) = target else {
            return Err(Failure::refused("chaos", format!("{path} is no target of this config.")));
        };
        for key in ["virtual_key", "api_key", "passthrough"] {
            target.shift_remove(key);
        }
        target.insert("provider".into(), json!(format!("@{SANDBOX}")));
        let model = model(*chaos)?;
        if let Value::Object(params) = target.entry("override_params").or_insert_with(|| json!({})) {
            params.insert("model".into(), model.into());
        }
        unhost(&mut config, &steps, None);
    }
    Ok(config.to_string())
}

/// Such as `targets[0].targets[1]`, with or without `config` before it; the root has no steps.
fn steps(path: &str) -> Option<Vec<usize>> {
    let steps = path.strip_prefix("config").unwrap_or(path).trim_start_matches('.').split('.');
    let index = |step: &str| step.strip_prefix("targets[")?.strip_suffix(']')?.parse().ok();
    steps.filter(|step| !step.is_empty()).map(index).collect()
}

fn target<'v>(config: &'v mut Value, steps: &[usize]) -> Option<&'v mut Value> {
    steps.iter().try_fold(config, |node, step| node.get_mut("targets")?.get_mut(*step))
}

/// Takes a target's host away, its own or one from above; every other target keeps the one that it had.
fn unhost(node: &mut Value, steps: &[usize], above: Option<&Value>) {
    let Some(fields) = node.as_object_mut() else { return };
    let own = fields.shift_remove("custom_host");
    let host = own.as_ref().or(above);
    let (Some((step, rest)), Some(Value::Array(targets))) = (steps.split_first(), fields.get_mut("targets")) else {
        return;
    };
    for (at, target) in targets.iter_mut().enumerate() {
        if at == *step {
            unhost(target, rest, host);
        } else if let (Some(host), Some(fields)) = (host, target.as_object_mut()) {
            fields.entry("custom_host").or_insert_with(|| host.clone());
        }
    }
}

/// The model of the sandbox that fails so.
fn model(chaos: Chaos) -> Answer<String> {
    match chaos {
        Chaos::Status(status) if (400..600).contains(&status) => Ok(format!("fail-{status}")),
        Chaos::Status(_) => Err(Failure::refused("chaos", "Choose a status from 400 to 599.")),
        Chaos::Hang => Ok("hang".into()),
        Chaos::Cut(tokens) => Ok(format!("reset-{tokens}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_made_to_fail_where_it_stands() {
        let config =
            r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@a"},{"targets":[{"virtual_key":"b"}]}]}"#;
        for (path, chaos, wanted) in [
            ("targets[0]", Chaos::Status(429), Some(("/targets/0", "fail-429"))),
            ("config.targets[1].targets[0]", Chaos::Hang, Some(("/targets/1/targets/0", "hang"))),
            ("targets[0]", Chaos::Cut(10), Some(("/targets/0", "reset-10"))),
            ("targets[1]", Chaos::Hang, None),
            ("targets[7]", Chaos::Hang, None),
            ("", Chaos::Hang, None),
            ("targets[0]", Chaos::Status(200), None),
        ] {
            let broken = broken(config, &[(path.to_owned(), chaos)]);
            let found = broken.ok().map(|text| serde_json::from_str::<Value>(&text).unwrap());
            assert_eq!(found.is_some(), wanted.is_some(), "{path} {chaos:?}");
            let (Some(found), Some((at, model))) = (found, wanted) else { continue };
            let target = found.pointer(at).unwrap();
            assert_eq!(target["provider"], "@sandbox", "{path}");
            assert_eq!(target["override_params"]["model"], model, "{path}");
            assert_eq!(target.get("virtual_key"), None, "{path}");
        }
    }

    #[test]
    fn a_target_that_fails_has_no_host_and_the_others_keep_theirs() {
        let config = r#"{"custom_host":"http://up/v1","strategy":{"mode":"fallback"},"targets":[{"provider":"@a"},
            {"custom_host":"http://in/v1","strategy":{"mode":"fallback"},"targets":[{"provider":"@b"},{"provider":"@c"}]},
            {"provider":"@d","custom_host":"http://own/v1"}]}"#;
        for (path, wanted) in [
            ("targets[0]", [None, Some("in"), Some("in"), Some("own")]),
            ("targets[1].targets[0]", [Some("up"), None, Some("in"), Some("own")]),
            ("targets[2]", [Some("up"), Some("in"), Some("in"), None]),
        ] {
            let broken = broken(config, &[(path.to_owned(), Chaos::Status(429))]).unwrap();
            let root = app::model::routing::read_text(&broken).unwrap();
            let hosts = crate::route::Tree::settle(&root).unwrap().leaves;
            let hosts: Vec<_> = hosts.iter().map(|leaf| leaf.custom_host.clone()).collect();
            let wanted = wanted.map(|name| name.map(|name| format!("http://{name}/v1")));
            assert_eq!(hosts, wanted, "{path}: {broken}");
        }
    }
}
