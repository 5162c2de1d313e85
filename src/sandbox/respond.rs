//! The Responses API: what chat says, in the other shape.

use super::call::Call;
use super::frames::Frames;
use super::say::Said;
use axum::body::Bytes;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// The same question as a chat call.
pub(super) fn call(asked: &Value) -> Result<Call, serde_json::Error> {
    let messages = match &asked["input"] {
        Value::Array(items) => items.iter().map(message).collect(),
        one => vec![json!({ "role": "user", "content": one })],
    };
    let tool = |tool: &Value| json!({ "type": "function", "function": tool });
    let tools: Vec<Value> = asked["tools"].as_array().into_iter().flatten().map(tool).collect();
    let schema = json!({ "json_schema": asked["text"]["format"] });
    serde_json::from_value(json!({
        "model": asked["model"].as_str().unwrap_or_default(),
        "stream": asked["stream"] == true,
        "messages": messages,
        "tools": tools,
        "response_format": schema,
        "max_tokens": asked["max_output_tokens"],
    }))
}

/// The answer: one body, or the events of a stream.
pub(super) fn frames(call: &Call, said: Said, created: i64) -> Frames {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let id = format!("sandbox-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let answer = |status: &str, output: Value, usage: Value| {
        json!({
            "id": format!("resp-{id}"),
            "object": "response",
            "created_at": created,
            "status": status,
            "error": null,
            "incomplete_details": (status == "incomplete").then(|| json!({ "reason": "max_output_tokens" })),
            "instructions": null,
            "metadata": {},
            "model": call.model,
            "output": output,
            "parallel_tool_calls": true,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": usage,
        })
    };
    let status = if said.finish == "length" { "incomplete" } else { "completed" };
    let item = item(&id, status, &said);
    let whole = answer(status, json!([item]), usage(&said));
    if !call.stream {
        return Frames::Whole(whole.to_string().into());
    }
    let created = answer("in_progress", json!([]), Value::Null);
    Frames::Events(Box::new(numbered(events(said, &item, &created, &whole))))
}

fn message(item: &Value) -> Value {
    if item["type"] == "function_call_output" {
        return json!({ "role": "tool", "content": item["output"] });
    }
    json!({ "role": item["role"].as_str().unwrap_or_default(), "content": item["content"] })
}

fn item(id: &str, status: &str, said: &Said) -> Value {
    match &said.tool {
        Some(tool) => json!({
            "id": format!("fc-{id}"),
            "type": "function_call",
            "status": "completed",
            "call_id": format!("call-{id}"),
            "name": tool.name,
            "arguments": tool.arguments,
        }),
        None => json!({
            "id": format!("msg-{id}"),
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [{ "type": "output_text", "text": said.pieces.concat(), "annotations": [] }],
        }),
    }
}

fn usage(said: &Said) -> Value {
    json!({
        "input_tokens": said.prompt_tokens,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": said.completion_tokens,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": said.prompt_tokens + said.completion_tokens,
    })
}

fn events(said: Said, item: &Value, created: &Value, whole: &Value) -> impl Iterator<Item = Value> + Send + use<> {
    let mut begun = item.clone();
    begun["status"] = "in_progress".into();
    let place = json!({ "item_id": item["id"], "output_index": 0, "content_index": 0 });
    let at = move |kind: &str, field: &str, value: Value| {
        let mut event = place.clone();
        event["type"] = kind.into();
        event[field] = value;
        event
    };
    let (mut first, mut last) = (
        vec![
            json!({ "type": "response.created", "response": created }),
            json!({ "type": "response.in_progress", "response": created }),
        ],
        Vec::new(),
    );
    if let Some(tool) = &said.tool {
        begun["arguments"] = "".into();
        first.push(json!({ "type": "response.output_item.added", "output_index": 0, "item": begun }));
        last.push(at("response.function_call_arguments.delta", "delta", tool.arguments.as_str().into()));
        last.push(at("response.function_call_arguments.done", "arguments", tool.arguments.as_str().into()));
    } else {
        begun["content"] = json!([]);
        let empty = json!({ "type": "output_text", "text": "", "annotations": [] });
        first.push(json!({ "type": "response.output_item.added", "output_index": 0, "item": begun }));
        first.push(at("response.content_part.added", "part", empty));
        last.push(at("response.output_text.done", "text", said.pieces.concat().into()));
        last.push(at("response.content_part.done", "part", item["content"][0].clone()));
    }
    last.push(json!({ "type": "response.output_item.done", "output_index": 0, "item": item }));
    let kind = if whole["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    last.push(json!({ "type": kind, "response": whole }));
    let deltas =
        said.pieces.into_iter().map(move |piece| at("response.output_text.delta", "delta", piece.as_ref().into()));
    first.into_iter().chain(deltas).chain(last)
}

fn numbered(events: impl Iterator<Item = Value> + Send) -> impl Iterator<Item = Bytes> + Send {
    events.enumerate().map(|(number, mut event)| {
        event["sequence_number"] = number.into();
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()).into()
    })
}
