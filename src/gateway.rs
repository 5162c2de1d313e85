//! The door for applications: `/v1`, spoken as OpenAI and Portkey speak it.

pub mod answer;
pub mod attempt;
pub mod cached;
pub mod call;
pub mod caller;
pub mod config;
pub mod drive;
pub mod explained;
pub mod forward;
pub mod host;
pub mod intake;
pub mod logs;
pub mod masked;
pub mod metadata;
pub mod models;
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
pub mod target;
pub mod trace;

use crate::admin;
use crate::book::KeyEntry;
use crate::gateway::call::Inbound;
use crate::gateway::caller::Caller;
use crate::gateway::logs::LogsRefusal;
use crate::gateway::refusal::Refusal;
use crate::gateway::trace::Trace;
use crate::house::Shared;
use crate::wire::vendors::{Endpoint, Route, route};
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// Every route below `/v1`.
pub fn router(house: &Shared) -> Router {
    Router::new()
        .route("/explain", post(explain))
        .route("/logs", get(list_logs))
        .route("/logs/{id}", get(one_log))
        .merge(admin::router())
        .route("/", any(unknown))
        .route("/{*rest}", any(vendors))
        .method_not_allowed_fallback(unknown)
        .layer(CatchPanicLayer::custom(|_| Refusal::defect().response::<Body>()))
        .layer(middleware::from_fn(stamp))
        .layer(cors(&house.settings.cors_origins))
        .with_state(Arc::clone(house))
}

/// Sends one call as the console itself, over the same way as any other. Its log's id.
///
/// # Errors
/// With what the gateway answered, where that was not a success.
pub async fn own_call(house: &Shared, workspace: &str, body: &str) -> Result<String, String> {
    let key = KeyEntry {
        id: "console".into(),
        workspace: workspace.into(),
        name: "console".into(),
        scopes: vec!["completions.write".into()],
        config: None,
        config_override: true,
        metadata: Vec::new(),
        expires_at: None,
    };
    let request = http::Request::post("/v1/chat/completions").header(CONTENT_TYPE, "application/json");
    let (parts, body) = request.body(Body::from(body.to_owned())).map_err(|error| error.to_string())?.into_parts();
    let trace = Trace::of(&parts.headers);
    let caller = Caller { key: Arc::new(key), credential: None };
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
async fn vendors(State(house): State<Shared>, request: Request) -> Response {
    let whole = whole(&request);
    let target = whole.path_and_query().map_or("/", |target| target.as_str());
    let Some(route) = route(request.method(), target) else { return Refusal::unknown_route().response() };
    let endpoint = route.endpoint;
    match inbound(&house, route, whole, request) {
        Ok((inbound, _)) if endpoint == Endpoint::Models => {
            let id = inbound.route.rest.split('?').next().and_then(|path| path.strip_prefix("/models/")).map(decoded);
            models::serve(&house, inbound, id).await
        }
        Ok((inbound, _)) if endpoint == Endpoint::Realtime => {
            let model = realtime::model(&inbound.parts.uri);
            let target = call::first_target(&house, &inbound, model.as_deref());
            realtime::serve(&house, inbound, target).await
        }
        Ok((inbound, body)) => call::serve(&house, inbound, body).await,
        Err(refusal) => refusal.response(),
    }
}

/// A model's id may hold what an address writes as an escape.
fn decoded(id: &str) -> String {
    percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned()
}

async fn explain(State(house): State<Shared>, request: Request) -> Response {
    let route = Route { endpoint: Endpoint::Chat, rest: "/chat/completions".into() };
    let whole = whole(&request);
    let told = match inbound(&house, route, whole, request) {
        Ok((inbound, body)) => explained::serve(&house, inbound, body).await,
        Err(refusal) => Err(refusal),
    };
    told.map_or_else(|refusal| refusal.response(), |told| json(&told))
}

fn inbound(house: &Shared, route: Route, whole: Uri, request: Request) -> Result<(Inbound, Body), Refusal> {
    let (mut parts, body) = request.into_parts();
    let book = house.shelf.book();
    let caller = Caller::of(&parts.headers, &book, house.clock.now())?;
    let trace = parts.extensions.remove::<Trace>().unwrap_or_else(|| Trace::of(&parts.headers));
    parts.uri = whole;
    Ok((Inbound { route, parts, caller, book, trace }, body))
}

/// The address as it was asked for: a nested router sees it without `/v1`.
fn whole(request: &Request) -> Uri {
    let original = request.extensions().get::<OriginalUri>();
    original.map_or_else(|| request.uri().clone(), |original| original.0.clone())
}

async fn list_logs(State(house): State<Shared>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    match reader(&house, &headers, &["logs.list", "logs.view"]) {
        Ok(caller) => told(logs::list(&house.store, &caller.key.workspace, query.as_deref().unwrap_or_default()).await),
        Err(refusal) => refusal.response(),
    }
}

async fn one_log(State(house): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
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

/// Puts the trace id on every answer, refusals included: the SDKs retry what lacks it.
async fn stamp(mut request: Request, next: Next) -> Response {
    let trace = Trace::of(request.headers());
    let id = HeaderValue::from_str(&trace.trace);
    request.extensions_mut().insert(trace);
    let mut response = next.run(request).await;
    if let Ok(id) = id {
        response.headers_mut().insert(HeaderName::from_static("x-portkey-trace-id"), id);
    }
    response
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| origin.parse().ok()).collect::<Vec<HeaderValue>>();
    if origins.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(Any)
        .expose_headers(Any)
}
