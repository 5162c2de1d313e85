//! The sandbox: a simulated vendor inside this process. It speaks OpenAI's dialect over HTTP on a loopback port, so that
//! calls to it take the same way as calls to any vendor, and rehearses what vendors do on bad days.

mod call;
mod ends;
mod frames;
mod model;
mod respond;
mod say;
mod shape;
mod shelf;

use crate::clock::Clock;
use crate::tasks::Tasks;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use call::{Asked, Call};
use frames::{Frames, Meta};
use model::{Act, UnknownModel};
pub use model::{MODELS, Model};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Starts it on a free loopback port; the base URL is `http://{address}/v1`. It ends when shutdown begins.
pub async fn start(tasks: &Tasks) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    // Without it, small frames of a stream would wait for each other; a socket that refuses still works.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let stop = tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = axum::serve(listener, router()) => {}
            () = stop.stopping() => {}
        }
    });
    Ok(address)
}

const LONGEST_BODY: usize = 64 << 20;

fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(async |body: Bytes| answer(Asked::Chat, body).await))
        .route("/v1/completions", post(async |body: Bytes| answer(Asked::Text, body).await))
        .route("/v1/embeddings", post(async |body: Bytes| answer(Asked::Embeddings, body).await))
        .route("/v1/responses", post(async |body: Bytes| respond(body).await))
        .route("/v1/models", get(models))
        .merge(ends::router())
        .merge(shelf::router().with_state(shelf::Shelf::default()))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "unknown_path", "The sandbox has no such path."))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
}

async fn models() -> Json<Value> {
    let list: Vec<_> = MODELS
        .iter()
        .map(|model| {
            json!({ "id": model.name, "object": "model", "created": 0, "owned_by": "sandbox", "description": model.does })
        })
        .collect();
    Json(json!({ "object": "list", "data": list }))
}

async fn answer(asked: Asked, body: Bytes) -> Response {
    match serde_json::from_slice::<Call>(&body) {
        Err(error) => {
            refusal(StatusCode::BAD_REQUEST, "invalid_request", &format!("The body cannot be read: {error}."))
        }
        Ok(call) => match Act::of(&call.model) {
            Err(UnknownModel) => unknown(&call.model),
            Ok(act) => act_out(asked, act, call).await,
        },
    }
}

async fn respond(body: Bytes) -> Response {
    let call = serde_json::from_slice::<Value>(&body).and_then(|asked| respond::call(&asked));
    match call {
        Err(error) => ends::unreadable(&error.to_string()),
        Ok(call) => match Act::of(&call.model) {
            Err(UnknownModel) => unknown(&call.model),
            Ok(act) => act_out(Asked::Response, act, call).await,
        },
    }
}

async fn act_out(asked: Asked, act: Act, call: Call) -> Response {
    match act {
        Act::Fail { status, retry_after } => fail(status, retry_after, &call.model),
        Act::Hang => std::future::pending().await,
        Act::Garbage => garbage(call.stream && asked != Asked::Embeddings),
        Act::Empty => ().into_response(),
        Act::Slow(wait) => {
            tokio::time::sleep(wait).await;
            speak(asked, act, &call)
        }
        Act::Lorem { tokens, pace: Some(pace) } if !call.stream => {
            tokio::time::sleep(pace * tokens).await;
            speak(asked, act, &call)
        }
        _ => speak(asked, act, &call),
    }
}

fn speak(asked: Asked, act: Act, call: &Call) -> Response {
    match (asked, act) {
        (Asked::Embeddings, Act::Embed { dimensions }) => Json(say::vectors(call, dimensions)).into_response(),
        (Asked::Embeddings, _) => misplaced("only the model embed-256 and its like embed"),
        (_, Act::Embed { .. }) => misplaced("embed-… answers /v1/embeddings only"),
        _ => {
            let said = say::said(act, call);
            let created = Clock::wall().now() / 1000;
            let meta = || Meta::new(asked, call, created);
            let frames = match asked {
                Asked::Response => respond::frames(call, said, created),
                _ if call.stream => Frames::stream(meta(), said),
                _ => Frames::whole(&meta(), &said),
            };
            typed(if call.stream { "text/event-stream" } else { "application/json" }, frames.played(act))
        }
    }
}

fn typed(content_type: &'static str, body: Body) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn fail(status: StatusCode, retry_after: Option<u32>, model: &str) -> Response {
    let words = format!("The sandbox answers {} because the model {model} asks it to.", status.as_u16());
    let mut response = refusal(status, "simulated_failure", &words);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn garbage(stream: bool) -> Response {
    if stream {
        typed("text/event-stream", Body::from("data: {\"id\":\"chatcmpl-\n\n<html>not an event</html>\n\n"))
    } else {
        typed("application/json", Body::from("{\"id\":\"chatcmpl-sandbox\",\"choices\":[{\"mess"))
    }
}

fn unknown(model: &str) -> Response {
    let known: Vec<_> = MODELS.iter().map(|model| model.name).collect();
    let words = format!("The sandbox has no model {model:?}. Use one of: {}.", known.join(", "));
    refusal(StatusCode::NOT_FOUND, "model_not_found", &words)
}

fn misplaced(words: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, "wrong_endpoint", &format!("This model does not serve this endpoint: {words}."))
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let error = json!({ "message": message, "type": kind, "param": null, "code": code });
    (status, Json(json!({ "error": error }))).into_response()
}

#[cfg(test)]
mod tests;
