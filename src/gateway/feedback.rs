//! `POST /v1/feedback` and `PUT /v1/feedback/{id}` (contract §4.3): what people think of a trace.

use crate::gateway::form::{self, Fields, Form, Mistakes};
use crate::gateway::refusal::Refusal;
use crate::house::Shared;
use crate::secret;
use crate::store::feedback::{Feedback, Revision};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

const VALUE: &str = "a whole number from -10 to 10";

/// Keeps one feedback, or an array of them: all or none.
pub async fn create(State(house): State<Shared>, request: Request) -> Response {
    form::answer(keep(&house, request).await)
}

/// Replaces the value of a feedback, and its weight and metadata where they are given.
pub async fn update(State(house): State<Shared>, Path(id): Path<String>, request: Request) -> Response {
    form::answer(revise(&house, &id, request).await)
}

async fn keep(house: &Shared, request: Request) -> Result<Value, Refusal> {
    let form = Form::read(house, request, &["completions.write"]).await?;
    let (key, now) = (&form.caller.key, house.clock.now());
    let mut mistakes = Mistakes::default();
    let mut rows = Vec::new();
    let bare = form.bytes.trim_ascii_start().starts_with(b"[");
    for (number, fields) in form.objects()?.iter().enumerate() {
        let at = if bare { format!("[{number}].") } else { String::new() };
        let trace = fields.get("trace_id").map_or(Err("text of 1 to 256 characters"), |raw| form::id(raw));
        let trace_id = trace.unwrap_or_else(|allowed| wrong(&mut mistakes, &at, "trace_id", allowed));
        let revision = revision(fields, &at, &mut mistakes);
        rows.push(Feedback {
            id: secret::id(now),
            trace_id,
            value: revision.value,
            weight: revision.weight.unwrap_or(1.0),
            metadata: revision.metadata.unwrap_or_else(|| "{}".into()),
            key_id: key.id.clone(),
            created_at: now,
            updated_at: now,
        });
    }
    mistakes.none()?;
    house.store.add_feedback(&key.workspace, &rows).await.map_err(|error| form::unkept(&error))?;
    let ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
    Ok(told("Feedback successfully saved", &ids))
}

async fn revise(house: &Shared, id: &str, request: Request) -> Result<Value, Refusal> {
    let form = Form::read(house, request, &["completions.write"]).await?;
    let mut mistakes = Mistakes::default();
    let revision = revision(&form.object()?, "", &mut mistakes);
    mistakes.none()?;
    let workspace = &form.caller.key.workspace;
    let revised = house.store.revise_feedback(workspace, id, &revision, house.clock.now()).await;
    match revised.map_err(|error| form::unkept(&error))? {
        true => Ok(told("Feedback successfully updated", &[id.to_owned()])),
        false => Err(form::missing("feedback", id)),
    }
}

/// Value, weight and metadata; what is wrong with them stands in `mistakes`.
fn revision(fields: &Fields<'_>, at: &str, mistakes: &mut Mistakes) -> Revision {
    let value = fields.get("value").map_or(Err(VALUE), |raw| value(raw));
    let value = value.unwrap_or_else(|allowed| wrong(mistakes, at, "value", allowed));
    let weight = fields.get("weight").map(|raw| weight(raw)).transpose();
    let weight = weight.unwrap_or_else(|allowed| wrong(mistakes, at, "weight", allowed));
    let metadata = fields.get("metadata").map(|raw| form::metadata(raw)).transpose();
    let metadata = metadata.unwrap_or_else(|allowed| wrong(mistakes, at, "metadata", allowed));
    Revision { value, weight, metadata: metadata.map(|object| Value::Object(object).to_string()) }
}

fn wrong<T: Default>(mistakes: &mut Mistakes, at: &str, name: &str, allowed: &str) -> T {
    mistakes.add(&format!("{at}{name}"), allowed);
    T::default()
}

fn value(raw: &RawValue) -> Result<i64, &'static str> {
    let value: Option<i64> = number(raw);
    value.filter(|value| (-10..=10).contains(value)).ok_or(VALUE)
}

fn weight(raw: &RawValue) -> Result<f64, &'static str> {
    let weight: Option<f64> = number(raw);
    weight.filter(|weight| (0.0..=1.0).contains(weight)).ok_or("a number from 0 to 1")
}

/// A number, which older SDKs send as text.
fn number<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(form::text(raw).as_deref().unwrap_or_else(|| raw.get())).ok()
}

fn told(message: &str, ids: &[String]) -> Value {
    json!({ "status": "success", "message": message, "feedback_ids": ids })
}
