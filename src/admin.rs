//! The admin API below `/v1`: configs, providers, virtual keys, integrations, API keys and figures, as Portkey's SDKs manage them
//! (contract §4.2).
//!
//! One table says what there is; router and OpenAPI document are made from it. Each row asks for scopes of the key, and
//! then acts through the same [`Seat`] as the console's pages.

pub mod analytics;
pub mod answer;
pub mod ask;
pub mod configs;
pub mod form;
pub mod integrations;
pub mod keys;
pub mod limits;
pub mod openapi;
pub mod policies;
pub mod providers;
pub mod setup;
pub mod table;
pub mod virtual_keys;
pub mod workspaces;

use crate::admin::answer::{Refused, told};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::admin::table::{ROUTES, Row};
use crate::desk::Seat;
use crate::gateway::caller::Caller;
use crate::house::Shared;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::on;
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};

/// Bytes of a body: a config may have 1 MiB, and JSON within JSON takes more.
const BODY_MOST: usize = 4 << 20;

/// Every route of the table.
pub fn router() -> Router<Shared> {
    ROUTES.iter().fold(Router::new(), |router, row| {
        let act = move |State(house): State<Shared>, path: RawPathParams, request: Request| async move {
            match serve(house, row, &path, request).await {
                Ok(answer) => told(&answer),
                Err(refused) => refused.response(),
            }
        };
        router.route(&format!("/v1{}", row.path), on(row.verb.filter(), act))
    })
}

/// The published description of the API.
pub async fn openapi() -> Response {
    told(&openapi::document())
}

async fn serve(house: Shared, row: &Row, path: &RawPathParams, request: Request) -> Result<serde_json::Value, Refused> {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&parts.headers, &house.shelf.book(), house.clock.now())?;
    caller.must(row.scopes)?;
    let bytes = to_bytes(body, BODY_MOST).await.map_err(|_| Refused {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        ..Refused::invalid(format!("The body is larger than {BODY_MOST} bytes, or broke off. Send less."))
    })?;
    let ask = Ask {
        seat: Seat::of_key(house, &caller.key),
        caller,
        path: path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        query: Form::query(parts.uri.query().unwrap_or_default()),
        body: Form::body(&bytes)?,
        python: python(&parts.headers),
    };
    ask.in_workspace()?;
    (row.act)(ask).await
}

/// Whether Portkey's SDK for Python asks: its models of answers differ from the published ones.
fn python(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text("x-portkey-runtime").contains("CPython") || text(USER_AGENT.as_str()).to_ascii_lowercase().contains("python")
}
