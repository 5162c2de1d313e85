//! The API's description, made from the table that its router is made from.

use crate::admin::table::{ROUTES, Row, Verb};
use serde_json::{Map, Value, json};

/// What the gateway answers beside the admin API: path, method and a sentence.
const CALLS: [(&str, &str, &str); 8] = [
    ("/chat/completions", "post", "Call a chat model, streamed or whole"),
    ("/completions", "post", "Call a completion model"),
    ("/embeddings", "post", "Embed text"),
    ("/responses", "post", "Call a model by the Responses API"),
    ("/models", "get", "List models as they are called"),
    ("/explain", "post", "Tell what would happen to a call and why; nothing is sent"),
    ("/logs", "get", "List logs"),
    ("/logs/{id}", "get", "Read one log"),
];

/// As OpenAPI 3.1.
pub fn document() -> Value {
    let mut paths = Map::new();
    for (path, verb, summary) in CALLS {
        let operation = json!({
            "summary": summary,
            "tags": ["calls"],
            "parameters": parameters(path, &[]),
            "responses": responses(),
        });
        put(&mut paths, path, verb, operation);
    }
    for row in ROUTES {
        put(&mut paths, row.path, row.verb.word(), operation(row));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Switchyard", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": "/v1" }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "x-portkey-api-key" } },
            "schemas": { "Refusal": refusal() },
        },
    })
}

fn put(paths: &mut Map<String, Value>, path: &str, verb: &str, operation: Value) {
    if let Value::Object(methods) = paths.entry(path).or_insert_with(|| json!({})) {
        methods.insert(verb.to_owned(), operation);
    }
}

fn operation(row: &Row) -> Value {
    let pages = row.verb == Verb::Get && !row.path.contains('{');
    let query: &[&str] = if pages { &["current_page", "page_size", "workspace_id"] } else { &[] };
    let mut operation = json!({
        "summary": row.summary,
        "description": format!("The key needs one of the scopes {}.", row.scopes.join(", ")),
        "tags": [row.path.split('/').nth(1).unwrap_or_default()],
        "parameters": parameters(row.path, query),
        "responses": responses(),
        "x-scopes": row.scopes,
    });
    if !row.takes.is_empty() {
        let properties: Map<String, Value> =
            row.takes.iter().map(|(name, kind, _)| ((*name).to_owned(), json!({ "type": kind }))).collect();
        let required: Vec<&str> = row.takes.iter().filter(|(_, _, must)| *must).map(|(name, ..)| *name).collect();
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        operation["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    }
    operation
}

/// Those of the path, and those of the query.
fn parameters(path: &str, query: &[&str]) -> Vec<Value> {
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        named.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = query.iter().map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } }));
    in_path.chain(in_query).collect()
}

fn responses() -> Value {
    let refused = json!({
        "description": "Why not",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } },
    });
    json!({ "200": { "description": "Done" }, "default": refused })
}

fn refusal() -> Value {
    json!({
        "type": "object",
        "properties": {
            "message": { "type": "string", "description": "What to do." },
            "error": { "type": "object" },
            "data": { "type": "object", "properties": { "message": {}, "errorCode": { "type": "string" } } },
        },
    })
}
