//! The endpoints besides text: pictures, sound, moderation and reranking, all made up and all small.

use super::call::{text, tokens};
use super::model::{Act, UnknownModel};
use super::{fail, garbage, refusal, typed, unknown};
use crate::clock::Clock;
use crate::wire::form::Form;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A picture of one dot.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const MOST_PICTURES: u64 = 10;
/// A tenth of a second.
const SAMPLES: u32 = 800;
const RATE: u32 = 8000;
/// The sandbox finds one thing objectionable.
const FLAGGED: &str = "rude";
const CATEGORIES: [&str; 11] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/v1/images/generations", post(async |body: Bytes| told(&body, pictures).await))
        .route(
            "/v1/images/edits",
            post(async |headers: HeaderMap, body: Bytes| formed(&headers, body, pictures_of).await),
        )
        .route(
            "/v1/images/variations",
            post(async |headers: HeaderMap, body: Bytes| formed(&headers, body, pictures_of).await),
        )
        .route("/v1/audio/speech", post(async |body: Bytes| told(&body, speech).await))
        .route(
            "/v1/audio/transcriptions",
            post(async |headers: HeaderMap, body: Bytes| formed(&headers, body, heard).await),
        )
        .route(
            "/v1/audio/translations",
            post(async |headers: HeaderMap, body: Bytes| formed(&headers, body, heard).await),
        )
        .route("/v1/moderations", post(async |body: Bytes| told(&body, moderation).await))
        .route("/v1/rerank", post(async |body: Bytes| told(&body, ranking).await))
}

async fn told(body: &Bytes, answer: fn(&Value) -> Response) -> Response {
    match serde_json::from_slice::<Value>(body) {
        Ok(call) => rehearsed(call["model"].as_str().unwrap_or_default(), || answer(&call)).await,
        Err(error) => unreadable(&error.to_string()),
    }
}

async fn formed(headers: &HeaderMap, body: Bytes, answer: fn(&Form) -> Response) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match Form::parse(body, kind) {
        Ok(form) => rehearsed(form.text("model").unwrap_or_default(), || answer(&form)).await,
        Err(error) => unreadable(&error.to_string()),
    }
}

/// What the model does on bad days, else the answer.
async fn rehearsed(model: &str, answer: impl FnOnce() -> Response) -> Response {
    match Act::of(model) {
        Err(UnknownModel) => unknown(model),
        Ok(Act::Fail { status, retry_after }) => fail(status, retry_after, model),
        Ok(Act::Hang) => std::future::pending().await,
        Ok(Act::Garbage) => garbage(false),
        Ok(Act::Empty) => ().into_response(),
        Ok(Act::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            answer()
        }
        Ok(_) => answer(),
    }
}

pub(super) fn unreadable(why: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, "invalid_request", &format!("The body cannot be read: {why}."))
}

fn pictures(call: &Value) -> Response {
    painted(call["n"].as_u64().unwrap_or(1), &text(&call["prompt"]))
}

fn pictures_of(form: &Form) -> Response {
    if !form.parts().iter().any(|part| part.file.is_some()) {
        return unreadable("no image was sent");
    }
    painted(form.text("n").and_then(|n| n.parse().ok()).unwrap_or(1), form.text("prompt").unwrap_or_default())
}

fn painted(count: u64, prompt: &str) -> Response {
    let data: Vec<Value> =
        (0..count.clamp(1, MOST_PICTURES)).map(|_| json!({ "b64_json": PNG, "revised_prompt": prompt })).collect();
    let (input, output) = (tokens(prompt), 16 * count.clamp(1, MOST_PICTURES));
    let usage = json!({ "input_tokens": input, "output_tokens": output, "total_tokens": input + output });
    Json(json!({ "created": Clock::wall().now() / 1000, "data": data, "usage": usage })).into_response()
}

/// Silence, whatever the text.
fn speech(call: &Value) -> Response {
    if call["input"].as_str().is_none_or(str::is_empty) {
        return unreadable("input must be text");
    }
    typed("audio/wav", Body::from(wave()))
}

/// A WAV file of one channel and 16 bits.
fn wave() -> Vec<u8> {
    let length = SAMPLES * 2;
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    file.resize(file.len() + usize::try_from(length).unwrap_or_default(), 0);
    file
}

fn heard(form: &Form) -> Response {
    let Some(file) = form.parts().iter().find(|part| part.name == "file") else {
        return unreadable("no file was sent");
    };
    let words = format!("The sandbox heard {} bytes of {}.", file.size(), file.file.as_deref().unwrap_or("a file"));
    match form.text("response_format").unwrap_or("json") {
        "text" => typed("text/plain; charset=utf-8", Body::from(words + "\n")),
        "verbose_json" => Json(json!({
            "task": "transcribe", "language": "english", "duration": 0.1, "text": words, "segments": [], "words": [],
        }))
        .into_response(),
        _ => {
            let said = tokens(&words);
            let usage = json!({ "type": "tokens", "input_tokens": 1, "output_tokens": said, "total_tokens": said + 1 });
            Json(json!({ "text": words, "usage": usage })).into_response()
        }
    }
}

fn moderation(call: &Value) -> Response {
    let inputs = match &call["input"] {
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let results: Vec<Value> = inputs.iter().map(|input| judged(input)).collect();
    Json(json!({ "id": "modr-sandbox", "model": call["model"], "results": results })).into_response()
}

fn judged(input: &str) -> Value {
    let flagged = words(input).contains(FLAGGED);
    let each = |value: &dyn Fn(bool) -> Value| -> Map<String, Value> {
        CATEGORIES.iter().map(|name| ((*name).to_owned(), value(flagged && *name == "harassment"))).collect()
    };
    json!({
        "flagged": flagged,
        "categories": each(&|hit| hit.into()),
        "category_scores": each(&|hit| if hit { 0.9 } else { 0.01 }.into()),
        "category_applied_input_types": each(&|_| json!(["text"])),
    })
}

/// Documents by the share of the query's words that they hold.
fn ranking(call: &Value) -> Response {
    let Some(documents) = call["documents"].as_array() else { return unreadable("documents must be a list") };
    let query = words(&text(&call["query"]));
    let mut ranked: Vec<(usize, usize, String)> = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let document = text(document);
        ranked.push((query.intersection(&words(&document)).count(), index, document));
    }
    ranked.sort_by_key(|(shared, index, _)| (std::cmp::Reverse(*shared), *index));
    let most = call["top_n"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let full = call["return_documents"] == true;
    let result = |(shared, index, document): (usize, usize, String)| {
        let score = f64::from(u32::try_from(shared).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(query.len().max(1)).unwrap_or(u32::MAX));
        let mut result = json!({ "index": index, "relevance_score": score });
        if full {
            result["document"] = json!({ "text": document });
        }
        result
    };
    let results: Vec<Value> = ranked.into_iter().take(most).map(result).collect();
    let usage = json!({ "search_units": 1 });
    let body =
        json!({ "id": "rerank-sandbox", "object": "list", "results": results, "model": call["model"], "usage": usage });
    Json(body).into_response()
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
