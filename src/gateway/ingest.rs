//! `POST /v1/logs` (contract §6.5): calls that were made elsewhere, kept beside those made here.

mod entry;

use crate::book::Book;
use crate::gateway::caller::Caller;
use crate::gateway::form::{self, Form, Mistakes};
use crate::gateway::refusal::Refusal;
use crate::gateway::trace::Trace;
use crate::gateway::{masked, metadata, names};
use crate::house::Shared;
use crate::journal::Stopped;
use crate::journal::frame::Gathered;
use crate::journal::record::{Outcome, Record};
use crate::journal::slots::Opening;
use crate::price::Seller;
use crate::secret;
use crate::wire::body;
use crate::wire::openai::read_answer;
use crate::wire::vendors::vendor;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use entry::Entry;
use http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;

/// A call is dated back by the time it took, but not further: figures of the hours before may be added up already.
const FURTHEST: u64 = 3_600_000_000;

/// What all entries of one request share.
struct Sender<'f> {
    house: &'f Shared,
    caller: &'f Caller,
    book: Arc<Book>,
    headers: &'f HeaderMap,
    /// The trace that the request itself names, for entries that name none.
    trace: Option<&'f str>,
    now: i64,
}

/// Keeps one entry, or an array of them, each as a call of kind `custom`.
pub async fn create(State(house): State<Shared>, request: Request) -> Response {
    form::answer(keep(&house, request).await)
}

async fn keep(house: &Shared, request: Request) -> Result<Value, Refusal> {
    let form = Form::read(house, request, &["completions.write", "logs.write"]).await?;
    let bare = form.bytes.trim_ascii_start().starts_with(b"[");
    let mut mistakes = Mistakes::default();
    let mut entries = Vec::new();
    for (number, fields) in form.objects()?.iter().enumerate() {
        let at = if bare { format!("[{number}].") } else { String::new() };
        entries.extend(Entry::read(fields, &at, &mut mistakes));
    }
    mistakes.none()?;
    let headers = &form.parts.headers;
    let sender = Sender {
        house,
        caller: &form.caller,
        book: house.shelf.book(),
        headers,
        trace: form.trace.trace.as_deref(),
        now: house.clock.now(),
    };
    let mut rows = Vec::with_capacity(entries.len());
    for entry in &entries {
        rows.extend(sender.file(entry).await.map_err(|Stopped| Refusal::journal())?);
    }
    for row in rows {
        row.await.unwrap_or(Err(Stopped)).map_err(|Stopped| Refusal::journal())?;
    }
    Ok(json!({ "status": "success" }))
}

type Committed = tokio::sync::oneshot::Receiver<Result<(), Stopped>>;

impl Sender<'_> {
    /// Files an entry; its row is committed when the receiver says so.
    async fn file(&self, entry: &Entry<'_>) -> Result<Option<Committed>, Stopped> {
        let own = Trace::of(&HeaderMap::new());
        let back = i64::try_from(entry.took_us.min(FURTHEST) / 1000).unwrap_or(0);
        let at = self.now - back;
        let id = secret::id(at);
        let opening = Opening {
            trace: entry.trace.as_deref().or(self.trace).unwrap_or(&id).to_owned(),
            id,
            workspace: self.caller.key.workspace.clone(),
            key: self.caller.key.id.clone(),
            at,
            kind: "custom".into(),
            method: "POST".into(),
            path: "/v1/logs".into(),
            span: own.span.clone(),
        };
        let mut meter = self.house.journal.begin(&opening).await?;
        meter.note(|record| {
            record.call.span_id = entry.span.as_ref().unwrap_or(&own.span).clone();
            self.describe(record, entry);
        });
        let outcome = if entry.status < 400 { Outcome::Finished } else { Outcome::Failed };
        Ok(meter.file(entry.status, outcome))
    }

    fn describe(&self, record: &mut Record, entry: &Entry<'_>) {
        let call = &mut record.call;
        call.key_name.clone_from(&self.caller.key.name);
        call.method.clone_from(&entry.method);
        call.path.clone_from(&entry.url);
        call.stream = entry.stream;
        call.parent_span_id.clone_from(&entry.parent);
        call.span_name = entry.name.clone().unwrap_or_else(|| format!("{} {}", entry.method, entry.url));
        let mut metadata = entry.metadata.clone();
        metadata::join(&mut metadata, &self.caller.key);
        record.secret = self.caller.key.secret;
        call.metadata = Value::Object(metadata).to_string();
        call.runtime = "{}".into();
        record.took_us = Some(entry.took_us);
        record.untracked =
            self.headers.get(&names::DEBUG).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"false"));
        self.count(record, entry);
        let parts = &mut record.parts;
        parts.request_headers = masked::lines(&self.guarded(&entry.request_headers));
        parts.request_body = Bytes::copy_from_slice(entry.request_body.get().as_bytes());
        parts.response_headers = masked::lines(&self.guarded(&entry.response_headers));
        parts.response_body = Gathered::Whole(entry.answer_bytes());
    }

    /// The names that the sender calls sensitive count for the headers of an entry too.
    fn guarded(&self, headers: &HeaderMap) -> HeaderMap {
        let mut headers = headers.clone();
        if let Some(list) = self.headers.get(&names::SENSITIVE_HEADERS) {
            headers.insert(&names::SENSITIVE_HEADERS, list.clone());
        }
        headers
    }

    /// Provider, model, tokens and cost.
    fn count(&self, record: &mut Record, entry: &Entry<'_>) {
        let answer = read_answer(&entry.whole_answer());
        let asked = body::Body::parse(&Bytes::copy_from_slice(entry.request_body.get().as_bytes()));
        let asked = asked.ok().and_then(|body| body.text("model").map(String::from));
        let call = &mut record.call;
        let (slug, seller) = self.provider(&entry.provider);
        call.provider = slug;
        call.vendor = seller.map_or_else(|| call.provider.clone(), |seller| seller.vendor.slug.into());
        call.model_served = answer.model.or_else(|| asked.clone()).unwrap_or_default();
        call.model_asked = asked.unwrap_or_default();
        call.error = answer.error.filter(|_| entry.status >= 400);
        let Some(usage) = answer.usage else { return };
        call.tokens_in = usage.input;
        call.tokens_cached = usage.cached;
        call.tokens_out = usage.output;
        call.tokens_reasoning = usage.reasoning;
        let names = (Some(call.model_asked.as_str()), call.model_served.as_str());
        if let Some(cost) = seller.and_then(|seller| self.house.prices.sold(seller, names, &usage, call.at)) {
            call.cost = Some(cost.total);
            call.price = cost.lines;
        }
    }

    /// A provider of the workspace by its slug, else a vendor by its name.
    fn provider(&self, name: &str) -> (String, Option<Seller<'_>>) {
        let slug = name.trim_start_matches('@');
        let connected = self.book.provider(&self.caller.key.workspace, slug).map(|provider| Seller::from(&**provider));
        (slug.to_owned(), connected.or_else(|| vendor(slug).map(Seller::from)))
    }
}
