//! The door for applications: `/v1`, spoken as OpenAI and Portkey speak it.

pub mod answer;
pub mod attempt;
pub mod cached;
pub mod call;
pub mod caller;
pub mod config;
pub mod drive;
pub mod explained;
pub mod exports;
pub mod feedback;
pub mod form;
pub mod forward;
mod gate;
pub mod host;
pub mod ingest;
pub mod intake;
pub mod limited;
pub mod logs;
pub mod masked;
pub mod metadata;
pub mod models;
pub mod names;
pub mod open;
pub mod opened;
pub mod outgoing;
pub mod payload;
pub mod realtime;
pub mod refusal;
pub mod relay;
pub mod retries;
pub mod sight;
pub mod stream;
pub mod table;
pub mod target;
pub mod trace;

use crate::admin;
use crate::book::KeyEntry;
use crate::gateway::call::Inbound;
use crate::gateway::caller::Caller;
use crate::gateway::gate::{Gate, gated};
use crate::gateway::logs::LogsRefusal;
use crate::gateway::refusal::Refusal;
use crate::gateway::trace::Trace;
use crate::house::Shared;
use crate::wire::vendors::{Endpoint, Route, route};
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use std::sync::Arc;
use tower::layer::layer_fn;
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

/// Where almost all calls go: addresses of vendors, which no route of our own takes.
const CALLS: [&str; 5] = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses"];

/// Every route below `/v1`, by its whole address: a nested router would rewrite that of each call.
pub fn router(house: &Shared) -> Router {
    let routes = table::ROUTES
        .iter()
        .fold(Router::new(), |router, row| router.route(&format!("/v1{}", row.path), (row.serve)(row.verb)));
    let routes = routes
        .merge(admin::router())
        .route("/v1", any(unknown))
        .route("/v1/", any(unknown))
        .route("/v1/{*rest}", any(vendors))
        .method_not_allowed_fallback(unknown);
    let routes = match cors(&house.settings.cors_origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    // Around the answers to preflights as well.
    routes.layer(layer_fn(Gate)).with_state(Arc::clone(house))
}

/// Whether [`calls`] answers this.
pub fn is_call(request: &Request) -> bool {
    request.method() == Method::POST && CALLS.contains(&request.uri().path())
}

/// Answers one of these as the router would, short of other origins' pages: that clones and boxes on its way down, which
/// together costs as much as a budget.
pub async fn calls(house: Shared, request: Request) -> Response {
    let trace = Trace::of(request.headers());
    gated(trace.clone(), vendor_call(&house, trace, request)).await
}

/// Sends one call as the console itself, over the same way as any other. Its log's id.
///
/// # Errors
/// With what the gateway answered, where that was not a success.
pub async fn own_call(house: &Shared, workspace: &str, body: &str) -> Result<String, String> {
    let request = http::Request::post("/v1/chat/completions").header(CONTENT_TYPE, "application/json");
    let (parts, body) = request.body(Body::from(body.to_owned())).map_err(|error| error.to_string())?.into_parts();
    let trace = Trace::of(&parts.headers);
    let caller = Caller { key: Arc::new(KeyEntry::console(workspace)), credential: None };
    let route = Route { endpoint: Endpoint::Chat, rest: "/chat/completions".into() };
    let inbound = Inbound { route, parts, caller, book: house.shelf.book(), trace };
    let response = call::serve(house, inbound, body).await;
    let id = response.headers().get("x-portkey-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    match id {
        Some(id) if response.status().is_success() => Ok(id),
        _ => Err(format!("The gateway answered {}.", response.status())),
    }
}

/// Every path that a vendor may have.
async fn vendors(State(house): State<Shared>, mut request: Request) -> Response {
    let trace = trace_of(&mut request);
    vendor_call(&house, trace, request).await
}

async fn vendor_call(house: &Shared, trace: Trace, request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let Some(route) = route(request.method(), target) else { return Refusal::unknown_route().response() };
    let endpoint = route.endpoint;
    match inbound(house, (route, trace), request) {
        Ok((inbound, _)) if endpoint == Endpoint::Models => {
            if let Err(refusal) = inbound.caller.in_time(house.clock.now()) {
                return refusal.response();
            }
            let id = inbound.route.rest.split('?').next().and_then(|path| path.strip_prefix("/models/")).map(decoded);
            models::serve(house, inbound, id).await
        }
        Ok((inbound, _)) if endpoint == Endpoint::Realtime => {
            let model = realtime::model(&inbound.parts.uri);
            let target = call::first_target(house, &inbound, model.as_deref());
            realtime::serve(house, inbound, target).await
        }
        Ok((inbound, body)) => call::serve(house, inbound, body).await,
        Err(refusal) => refusal.response(),
    }
}

/// A model's id may hold what an address writes as an escape.
fn decoded(id: &str) -> String {
    percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned()
}

async fn explain(State(house): State<Shared>, mut request: Request) -> Response {
    let route = Route { endpoint: Endpoint::Chat, rest: "/chat/completions".into() };
    let trace = trace_of(&mut request);
    let told = match inbound(&house, (route, trace), request) {
        Ok((inbound, body)) => explained::serve(&house, inbound, body).await,
        Err(refusal) => Err(refusal),
    };
    told.map_or_else(|refusal| refusal.response(), |told| json(&told))
}

/// A request of a known key, which may have expired: its call has a row all the same.
fn inbound(house: &Shared, (route, trace): (Route, Trace), request: Request) -> Result<(Inbound, Body), Refusal> {
    let (parts, body) = request.into_parts();
    let book = house.shelf.book();
    let caller = Caller::known(&parts.headers, &book)?;
    Ok((Inbound { route, parts, caller, book, trace }, body))
}

/// As the gate read it.
fn trace_of(request: &mut Request) -> Trace {
    request.extensions_mut().remove().unwrap_or_else(|| Trace::of(request.headers()))
}

async fn list_logs(State(house): State<Shared>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    match reader(&house, &headers, &["logs.list", "logs.view"]) {
        Ok(caller) => told(logs::list(&house.store, &caller.key.workspace, query.as_deref().unwrap_or_default()).await),
        Err(refusal) => refusal.response(),
    }
}

async fn one_log(State(house): State<Shared>, id: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    // What is not text once its escapes are read names no log.
    let Ok(Path(id)) = id else { return Refusal::unknown_route().response() };
    match reader(&house, &headers, &["logs.view"]) {
        Ok(caller) => told(logs::one(&house.store, &caller.key.workspace, &id).await),
        Err(refusal) => refusal.response(),
    }
}

fn reader(house: &Shared, headers: &HeaderMap, scopes: &[&str]) -> Result<Caller, Refusal> {
    let caller = Caller::of(headers, &house.shelf.book(), house.clock.now())?;
    caller.must(scopes)?;
    Ok(caller)
}

fn told<T: Serialize>(read: Result<T, LogsRefusal>) -> Response {
    let answer = match read {
        Ok(answer) => answer,
        Err(refused) => return Refusal::from(refused).response(),
    };
    json(&answer)
}

fn json(answer: &impl Serialize) -> Response {
    match serde_json::to_string(answer) {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Refusal::defect().response()
        }
    }
}

async fn unknown() -> Response {
    Refusal::unknown_route().response()
}

/// Lets pages of other origins in, where some are named.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let listed = origins.iter().filter_map(|origin| origin.parse().ok()).collect::<Vec<HeaderValue>>();
    let origins = match listed.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false if listed.is_empty() => return None,
        false => AllowOrigin::list(listed),
    };
    // A star does not cover Authorization, so that what is asked for is said back.
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(Any);
    Some(layer)
}
