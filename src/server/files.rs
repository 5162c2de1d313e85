//! Files that people take from the console and bring to it by plain links and forms.

use super::visitor;
use crate::desk::transfer::FILE_MOST;
use crate::house::Shared;
use crate::wire::form::Form;
use app::backend::{Answer, Door, Session};
use app::failure::Failure;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{StatusCode, request};
use std::sync::Arc;

/// Room for the form around a file.
const AROUND: usize = 64 << 10;
const PAGE: &str = "/settings/transfer";

pub fn router(house: &Shared) -> Router {
    let (out, back) = (Arc::clone(house), Arc::clone(house));
    Router::new()
        .route("/settings/transfer/switchyard.toml", get(move |request: Request| export(out, request)))
        .route("/settings/transfer/file", post(move |request: Request| import(back, request)))
}

/// The setup as a file to keep.
async fn export(house: Shared, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let text = match seat(&house, &parts).await {
        Ok(seat) => seat.export().await,
        Err(failure) => Err(failure),
    };
    match text {
        Ok(text) => {
            let kind = (CONTENT_TYPE, "application/toml; charset=utf-8");
            ([kind, (CONTENT_DISPOSITION, "attachment; filename=\"switchyard.toml\"")], text).into_response()
        }
        Err(failure) => told(&failure),
    }
}

/// Puts a file down, or the text beside it, and leads back to the page, which shows what it would do.
async fn import(house: Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let seat = match seat(&house, &parts).await {
        Ok(seat) => seat,
        Err(failure) => return told(&failure),
    };
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Ok(bytes) = to_bytes(body, FILE_MOST + AROUND).await else { return back("large") };
    let Ok(form) = Form::parse(bytes, kind) else { return back("form") };
    let file = form.file("file").map(|(_, bytes)| bytes).filter(|bytes| !bytes.is_empty());
    let text = match file {
        Some(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        None => Some(form.text("text").unwrap_or_default().to_owned()),
    };
    match text {
        None => back("text"),
        Some(text) if text.trim().is_empty() => back("empty"),
        Some(text) if text.len() > FILE_MOST => back("large"),
        Some(text) => match seat.bring(text).await {
            Ok(()) => Redirect::to(PAGE).into_response(),
            Err(failure) => told(&failure),
        },
    }
}

async fn seat(house: &Shared, parts: &request::Parts) -> Answer<Arc<dyn Session>> {
    visitor(house, parts).ok_or(Failure::SignedOut)?.session().await
}

fn back(why: &str) -> Response {
    Redirect::to(&format!("{PAGE}?refused={why}")).into_response()
}

fn told(failure: &Failure) -> Response {
    match failure {
        Failure::SignedOut => Redirect::to("/sign-in").into_response(),
        Failure::Forbidden => (StatusCode::FORBIDDEN, failure.to_string()).into_response(),
        other => (StatusCode::UNPROCESSABLE_ENTITY, other.to_string()).into_response(),
    }
}
