//! What the console's own scripts ask for beside pages: streams of the playground, and finds of the palette. Each stands
//! behind the person's session and the fence against other sites.

use super::visitor;
use crate::desk::Seat;
use crate::house::Shared;
use app::failure::Failure;
use app::model::playground::Sheet;
use axum::extract::{FromRequestParts, Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub fn router<S>(house: &Shared) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/playground/run", post(run))
        .route("/playground/code", post(code))
        .route("/playground/runs/{id}", get(ran))
        .route("/playground/traces/{trace}", get(traced))
        .route("/find", get(find))
        .with_state(house.clone())
}

/// Proof of a signed-in person.
struct Seated(Seat);

impl FromRequestParts<Shared> for Seated {
    type Rejection = Told;

    async fn from_request_parts(parts: &mut Parts, house: &Shared) -> Result<Self, Told> {
        let visitor = visitor(house, parts).ok_or(Told(Failure::SignedOut))?;
        Ok(Self(visitor.seat().await?))
    }
}

/// A failure as a script reads it: what to say, and at which fields.
struct Told(Failure);

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let (status, fields) = match &self.0 {
            Failure::SignedOut => (StatusCode::UNAUTHORIZED, &[][..]),
            Failure::Forbidden => (StatusCode::FORBIDDEN, &[][..]),
            Failure::Missing(_) => (StatusCode::NOT_FOUND, &[][..]),
            Failure::Refused(fields) => (StatusCode::UNPROCESSABLE_ENTITY, &fields[..]),
            Failure::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, &[][..]),
            Failure::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, &[][..]),
        };
        (status, Json(json!({ "message": self.0.to_string(), "fields": fields }))).into_response()
    }
}

/// A sheet, and which of its columns. `trace` finds the call again where it ends before its answer has told its id.
#[derive(Deserialize)]
struct Asked {
    sheet: Sheet,
    column: usize,
    trace: Option<String>,
}

async fn run(Seated(seat): Seated, Json(asked): Json<Asked>) -> Result<Response, Told> {
    Ok(seat.stream_sheet(&asked.sheet, asked.column, asked.trace.as_deref()).await?)
}

async fn code(Seated(seat): Seated, Json(asked): Json<Asked>) -> Result<impl IntoResponse, Told> {
    Ok(Json(seat.sheet_code(&asked.sheet, asked.column)?))
}

async fn ran(Seated(seat): Seated, Path(id): Path<String>) -> Result<impl IntoResponse, Told> {
    Ok(Json(seat.run(id).await?))
}

async fn traced(Seated(seat): Seated, Path(trace): Path<String>) -> Result<impl IntoResponse, Told> {
    Ok(Json(seat.traced_run(trace).await?))
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
}

async fn find(Seated(seat): Seated, Query(typed): Query<Typed>) -> Result<Json<impl Serialize>, Told> {
    Ok(Json(seat.find(&typed.q).await?))
}
