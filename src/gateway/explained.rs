//! Why a call takes its way: written down with each call that a config routes, and asked for by `POST /v1/explain`.

use crate::gateway::cached::Cached;
use crate::gateway::call::{self, Inbound};
use crate::gateway::config::Routed;
use crate::gateway::intake;
use crate::gateway::limited::{bill, foreseen};
use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::refusal::Refusal;
use crate::house::Shared;
use crate::route::{Leaf, Plan};
use crate::wire::vendors::{Route, route};
use app::model::explain::{Explain, PlannedStep};
use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

/// What the plan alone tells.
pub fn of(routed: Option<&Routed>, plan: &Plan) -> Explain {
    let (config, version) = routed.and_then(|routed| routed.saved.clone()).unzip();
    Explain {
        source: routed.map_or("none", |routed| routed.source).to_owned(),
        config,
        version,
        decisions: plan.decisions.clone(),
        steps: plan.steps.iter().enumerate().map(|(index, step)| planned(plan, index, &step.leaf)).collect(),
        notes: routed.map(|routed| routed.tree.notes.clone()).unwrap_or_default(),
        ..Explain::default()
    }
}

fn planned(plan: &Plan, index: usize, leaf: &Leaf) -> PlannedStep {
    let model = leaf.override_params.get("model").and_then(Value::as_str);
    PlannedStep {
        path: leaf.path.clone(),
        name: leaf.name.clone(),
        provider: leaf.provider.clone().unwrap_or_default(),
        model: model.map(str::to_owned),
        when: when(plan, index),
        limits: Vec::new(),
        problem: leaf.lacking.first().map(|key| format!("{key} is not supported by this version of the gateway")),
    }
}

/// The steps that lead here, and by which statuses.
fn when(plan: &Plan, index: usize) -> String {
    if index == 0 {
        return "first".into();
    }
    let ways = plan.steps.iter().flat_map(|step| {
        step.onward.iter().filter(|onward| onward.to == index).map(|onward| match &onward.codes {
            None => format!("{} does not answer 2xx", step.leaf.path),
            Some(codes) if codes.is_empty() => format!("{} is slow", step.leaf.path),
            Some(codes) => {
                let codes = codes.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
                format!("{} answers {codes}", step.leaf.path)
            }
        })
    });
    format!("if {}", ways.collect::<Vec<_>>().join(", or "))
}

/// `POST /v1/explain`: the body and headers of any call, `?endpoint=embeddings` or `completions` where it is not for
/// chat. What would happen and why; nothing is sent.
///
/// # Errors
/// What the call itself would be refused with before anything is sent.
pub async fn serve(house: &Shared, mut inbound: Inbound, body: Body) -> Result<Value, Refusal> {
    inbound.route = route_of(inbound.parts.uri.query().unwrap_or_default())?;
    inbound.caller.in_time(house.clock.now())?;
    inbound.caller.must(&["completions.write"])?;
    let bytes = intake::bytes(&inbound.parts, body, house.settings.body_limit).await?;
    let asked = intake::asked(&inbound, &bytes)?;
    let key = &inbound.caller.key;
    let routed = Routed::of(&inbound.parts.headers, key, &inbound.book, &house.inline)?;
    let asking = Asking { inbound: &inbound, asked: &asked, routed: routed.as_ref() };
    let plan = call::plan(house, asking, true)?;
    let mut explain = of(routed.as_ref(), &plan);
    explain.limits = foreseen::at_the_door(house, asking);
    for (step, planned) in plan.steps.iter().zip(&mut explain.steps) {
        match Outgoing::of(house, &asking, &step.leaf) {
            Err(refusal) => planned.problem = Some(refusal.message),
            Ok(out) => {
                planned.provider = format!("@{}", out.target.provider.slug);
                planned.model.clone_from(&out.target.model);
                let bill = bill(asking, &out.target, house.clock.now());
                planned.limits = foreseen::at_target(house, asking, &out, bill).await;
                if explain.cache.is_none()
                    && let Some(cached) = Cached::of(&asking, &out)
                {
                    explain.cache = Some(cached.peek(house).await);
                }
            }
        }
    }
    let mut told = serde_json::to_value(&explain).unwrap_or_default();
    told["object"] = json!("explain");
    Ok(told)
}

/// `endpoint=embeddings` as the route of a call.
fn route_of(query: &str) -> Result<Route, Refusal> {
    let named = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "endpoint");
    let word = named.map_or_else(|| "chat/completions".into(), |(_, value)| value);
    route(&Method::POST, &format!("/v1/{}", word.trim_matches('/'))).ok_or_else(|| Refusal {
        param: Some("endpoint".into()),
        ..Refusal::invalid(format!(
            "{word} is no path that a provider has. Use endpoint=chat/completions or another one."
        ))
    })
}
