//! `/v1/logs/exports` (contract §6.6): ordered, run in the background, fetched as JSON lines by a signed address.

mod job;
mod order;
mod rows;

pub use job::{open, sweep};

use crate::gateway::caller::Caller;
use crate::gateway::form::{self, Form, Mistakes};
use crate::gateway::logs::iso;
use crate::gateway::logs::query::snake;
use crate::gateway::refusal::Refusal;
use crate::house::Shared;
use crate::secret;
use crate::store::exports::{Export, MOST_RUNNING};
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use job::{Job, KEPT};
use order::{FIELDS, Order, Selection};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

/// Whoever may order an export may read what it holds.
const WRITES: [&str; 1] = ["logs.export"];
const READS: [&str; 2] = ["logs.export", "logs.view"];
/// How long an address of a file is good for, in seconds.
const GOOD_FOR: i64 = 3_600;
const LARGEST_PAGE: i64 = 1_000;

/// Draws up an order.
pub async fn create(State(house): State<Shared>, request: Request) -> Response {
    form::answer(draft(&house, request).await)
}

/// The workspace's orders, newest first.
pub async fn list(State(house): State<Shared>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    form::answer(shown(&house, &headers, query.as_deref().unwrap_or_default()).await)
}

/// One order and how far it is.
pub async fn one(State(house): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    form::answer(retrieve(&house, &headers, &id).await)
}

/// Changes an order that has not run yet.
pub async fn update(State(house): State<Shared>, Path(id): Path<String>, request: Request) -> Response {
    form::answer(revise(&house, &id, request).await)
}

/// Runs an order.
pub async fn start(State(house): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    form::answer(begin(&house, &headers, &id).await)
}

/// Stops a run.
pub async fn cancel(State(house): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    form::answer(stop(&house, &headers, &id).await)
}

/// Where the file can be fetched without a key, for an hour.
pub async fn download(State(house): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    form::answer(signed(&house, &headers, &id).await)
}

/// The file of a signed address.
pub async fn file(State(house): State<Shared>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    handed(&house, &id, query.as_deref().unwrap_or_default()).await.unwrap_or_else(|refusal| refusal.response())
}

/// Which fields an order may ask for: no installation denies any.
pub async fn restrictions(State(house): State<Shared>, headers: HeaderMap) -> Response {
    let told = reader(&house, &headers, &READS)
        .map(|_| json!({ "object": "field-restrictions", "allowed_fields": FIELDS, "denied_fields": [] }));
    form::answer(told)
}

fn reader(house: &Shared, headers: &HeaderMap, scopes: &[&str]) -> Result<Caller, Refusal> {
    let caller = Caller::of(headers, &house.shelf.book(), house.clock.now())?;
    caller.must(scopes)?;
    Ok(caller)
}

async fn retrieve(house: &Shared, headers: &HeaderMap, id: &str) -> Result<Value, Refusal> {
    let caller = reader(house, headers, &READS)?;
    Ok(told(&find(house, &caller, id).await?))
}

async fn find(house: &Shared, caller: &Caller, id: &str) -> Result<Export, Refusal> {
    let found = house.store.export(&caller.key.workspace, id).await.map_err(|error| form::unkept(&error))?;
    found.ok_or_else(|| form::missing("export", id))
}

async fn draft(house: &Shared, request: Request) -> Result<Value, Refusal> {
    let form = Form::read(house, request, &WRITES).await?;
    let mut mistakes = Mistakes::default();
    let order = Order::read(&form.object()?, &mut mistakes);
    mistakes.none()?;
    let (key, now) = (&form.caller.key, house.clock.now());
    let export = Export {
        id: secret::id(now),
        workspace: key.workspace.clone(),
        description: order.description.unwrap_or_default(),
        filters: order.filters.unwrap_or_else(|| "{}".into()),
        requested_data: order.requested.unwrap_or_else(|| json!(FIELDS).to_string()),
        status: "draft".into(),
        reason: None,
        run: 0,
        written: 0,
        created_by: key.id.clone(),
        created_at: now,
        updated_at: now,
    };
    house.store.add_export(&export).await.map_err(|error| form::unkept(&error))?;
    counted(house, &export).await
}

async fn revise(house: &Shared, id: &str, request: Request) -> Result<Value, Refusal> {
    let form = Form::read(house, request, &WRITES).await?;
    let mut mistakes = Mistakes::default();
    let order = Order::read(&form.object()?, &mut mistakes);
    mistakes.none()?;
    let mut export = find(house, &form.caller, id).await?;
    export.description = order.description.unwrap_or(export.description);
    export.filters = order.filters.unwrap_or(export.filters);
    export.requested_data = order.requested.unwrap_or(export.requested_data);
    let revised = house.store.revise_export(&export, house.clock.now()).await;
    match revised.map_err(|error| form::unkept(&error))? {
        true => counted(house, &export).await,
        false => Err(conflict("This export runs, or has succeeded. Make a new one to export something else.")),
    }
}

/// What create and update answer: how many calls the order is about, up to the most that it would hold.
async fn counted(house: &Shared, export: &Export) -> Result<Value, Refusal> {
    let mut mistakes = Mistakes::default();
    let selection = Selection::of(&export.filters, &mut mistakes);
    mistakes.none()?;
    let total = match selection.query.nothing {
        true => Ok(0),
        false => house.store.count_calls(&export.workspace, &selection.query.filter, selection.limit).await,
    };
    let total = total.map_err(|error| form::unkept(&error))?;
    Ok(json!({ "id": export.id, "total": total, "object": "export" }))
}

async fn shown(house: &Shared, headers: &HeaderMap, query: &str) -> Result<Value, Refusal> {
    let caller = reader(house, headers, &READS)?;
    let (mut size, mut page) = (100, 0);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*snake(&name) {
            "page_size" => size = value.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size)).unwrap_or(size),
            "current_page" => page = value.parse().ok().filter(|page| (0..=1_000_000).contains(page)).unwrap_or(page),
            _ => {}
        }
    }
    let exports = house.store.exports(&caller.key.workspace, page * size, size).await;
    let (exports, total) = exports.map_err(|error| form::unkept(&error))?;
    let data: Vec<Value> = exports.iter().map(told).collect();
    Ok(json!({ "object": "list", "total": total, "data": data }))
}

fn told(export: &Export) -> Value {
    let raw = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "id": export.id,
        "organisation_id": export.workspace,
        "workspace_id": export.workspace,
        "filters": raw(&export.filters),
        "requested_data": raw(&export.requested_data),
        "status": export.status,
        "status_reason": export.reason,
        "total_records": export.written,
        "description": export.description,
        "created_at": iso(export.created_at),
        "last_updated_at": iso(export.updated_at),
        "created_by": export.created_by,
        "object": "export",
    })
}

async fn begin(house: &Shared, headers: &HeaderMap, id: &str) -> Result<Value, Refusal> {
    let caller = reader(house, headers, &WRITES)?;
    let workspace = &caller.key.workspace;
    let started = house.store.start_export(workspace, id, house.clock.now()).await;
    let Some(export) = started.map_err(|error| form::unkept(&error))? else {
        return Err(match find(house, &caller, id).await?.status.as_str() {
            "in_progress" => conflict("This export runs already. Ask for it until its status says how it ended."),
            _ => crowded(),
        });
    };
    let job = Job {
        store: house.store.clone(),
        clock: house.clock.clone(),
        tasks: house.tasks.clone(),
        folder: job::folder(&house.settings.data),
        export,
    };
    house.tasks.spawn(job.run());
    Ok(json!({ "message": "Export started", "object": "export" }))
}

async fn stop(house: &Shared, headers: &HeaderMap, id: &str) -> Result<Value, Refusal> {
    let caller = reader(house, headers, &WRITES)?;
    let stopped = house.store.stop_export(&caller.key.workspace, id, house.clock.now()).await;
    if !stopped.map_err(|error| form::unkept(&error))? {
        let status = find(house, &caller, id).await?.status;
        return Err(conflict(&format!("This export does not run: its status is {status}.")));
    }
    Ok(json!({ "message": "Export cancelled", "object": "export" }))
}

async fn signed(house: &Shared, headers: &HeaderMap, id: &str) -> Result<Value, Refusal> {
    let caller = reader(house, headers, &WRITES)?;
    let export = find(house, &caller, id).await?;
    ready(&export, house.clock.now())?;
    let expires = house.clock.now() / 1000 + GOOD_FOR;
    let signature = house.sealer.sign(&claim(&export.id, expires));
    let base = house.settings.base_url();
    let url = format!("{base}/logs/exports/{}/file?expires={expires}&signature={signature}", export.id);
    Ok(json!({ "signed_url": url }))
}

async fn handed(house: &Shared, id: &str, query: &str) -> Result<Response, Refusal> {
    let (mut expires, mut signature) = (0, String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "expires" => expires = value.parse().unwrap_or(0),
            "signature" => signature = value.into_owned(),
            _ => {}
        }
    }
    let now = house.clock.now();
    if !house.sealer.signed(&claim(id, expires), &signature) || expires <= now / 1000 {
        let message = "This address is not signed by this gateway, or has expired. \
                       GET /v1/logs/exports/{id}/download gives a new one.";
        return Err(Refusal { status: StatusCode::FORBIDDEN, code: Some("AB03"), ..Refusal::invalid(message) });
    }
    let export = house.store.any_export(id).await.map_err(|error| form::unkept(&error))?;
    let export = export.ok_or_else(|| form::missing("export", id))?;
    ready(&export, now)?;
    let path = job::path(&job::folder(&house.settings.data), &export);
    let file = tokio::fs::File::open(path).await.map_err(|_| gone())?;
    let length = file.metadata().await.map_err(|_| gone())?.len();
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(file, 64 << 10)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}.jsonl\"", export.id)) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// What is signed.
fn claim(id: &str, expires: i64) -> String {
    format!("export {id} {expires}")
}

/// Whether there is a file to hand out.
fn ready(export: &Export, now: i64) -> Result<(), Refusal> {
    if export.status != "success" {
        let why = export.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
        return Err(conflict(&format!("There is no file: the export's status is {}.{why}", export.status)));
    }
    if export.updated_at + KEPT <= now { Err(gone()) } else { Ok(()) }
}

fn conflict(message: &str) -> Refusal {
    Refusal { status: StatusCode::CONFLICT, code: Some("export_state"), ..Refusal::invalid(message) }
}

fn crowded() -> Refusal {
    let message = format!("{MOST_RUNNING} exports run already. Start this one when one of them has ended.");
    let refusal = Refusal { status: StatusCode::TOO_MANY_REQUESTS, code: Some("AB06"), ..Refusal::invalid(message) };
    Refusal { retry_after: Some(5), ..refusal }
}

fn gone() -> Refusal {
    let message = "The file is gone: files are kept for seven days. Start the export again.";
    Refusal { status: StatusCode::GONE, code: Some("export_gone"), ..Refusal::invalid(message) }
}
