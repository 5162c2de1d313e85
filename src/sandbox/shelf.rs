//! Files of the sandbox: kept in memory, the oldest thrown away, all gone at the next start.

use super::ends::unreadable;
use super::{refusal, typed};
use crate::clock::Clock;
use crate::wire::form::Form;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MOST_FILES: usize = 32;
/// Of all files together.
const MOST_BYTES: usize = 32 << 20;

/// What was uploaded. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf(Arc<Mutex<Files>>);

#[derive(Debug, Default)]
struct Files {
    kept: VecDeque<File>,
    count: u64,
}

#[derive(Debug)]
struct File {
    id: String,
    name: String,
    purpose: String,
    created: i64,
    content: Bytes,
}

pub(super) fn router() -> Router<Shelf> {
    Router::new()
        .route("/v1/files", get(list).post(upload))
        .route("/v1/files/{id}", get(one).delete(remove))
        .route("/v1/files/{id}/content", get(content))
        .route("/v1/batches", get(async || Json(listed(&[]))))
}

impl Shelf {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `read` says of the file, else 404.
    fn read(&self, id: &str, read: impl FnOnce(&File) -> Response) -> Response {
        self.files().kept.iter().find(|file| file.id == id).map_or_else(|| missing(id), read)
    }
}

impl Files {
    fn keep(&mut self, mut file: File) -> Value {
        self.count += 1;
        file.id = format!("file-sandbox-{}", self.count);
        let shown = file.shown();
        self.kept.push_back(file);
        while self.kept.len() > MOST_FILES
            || self.kept.iter().map(|file| file.content.len()).sum::<usize>() > MOST_BYTES
        {
            self.kept.pop_front();
        }
        shown
    }
}

impl File {
    fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "object": "file",
            "bytes": self.content.len(),
            "created_at": self.created,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        })
    }
}

async fn list(State(shelf): State<Shelf>) -> Json<Value> {
    let shown: Vec<Value> = shelf.files().kept.iter().rev().map(File::shown).collect();
    Json(listed(&shown))
}

async fn upload(State(shelf): State<Shelf>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let form = match Form::parse(body, kind) {
        Ok(form) => form,
        Err(error) => return unreadable(&error.to_string()),
    };
    let Some((name, content)) = form.file("file") else { return unreadable("no file was sent") };
    if content.len() > MOST_BYTES {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", "The sandbox keeps files of at most 32 MiB.");
    }
    let file = File {
        id: String::new(),
        name: name.to_owned(),
        purpose: form.text("purpose").unwrap_or("user_data").to_owned(),
        created: Clock::wall().now() / 1000,
        // A copy, so that the rest of the form is not kept with it.
        content: Bytes::copy_from_slice(&content),
    };
    Json(shelf.files().keep(file)).into_response()
}

async fn one(State(shelf): State<Shelf>, Path(id): Path<String>) -> Response {
    shelf.read(&id, |file| Json(file.shown()).into_response())
}

async fn content(State(shelf): State<Shelf>, Path(id): Path<String>) -> Response {
    shelf.read(&id, |file| typed("application/octet-stream", Body::from(file.content.clone())))
}

async fn remove(State(shelf): State<Shelf>, Path(id): Path<String>) -> Response {
    let mut files = shelf.files();
    let before = files.kept.len();
    files.kept.retain(|file| file.id != id);
    if files.kept.len() == before {
        return missing(&id);
    }
    Json(json!({ "id": id, "object": "file", "deleted": true })).into_response()
}

fn listed(data: &[Value]) -> Value {
    let id = |at: Option<&Value>| at.map(|file| file["id"].clone());
    json!({ "object": "list", "first_id": id(data.first()), "last_id": id(data.last()), "has_more": false, "data": data })
}

fn missing(id: &str) -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "file_not_found",
        &format!("The sandbox has no file {id}. GET /v1/files lists them."),
    )
}
