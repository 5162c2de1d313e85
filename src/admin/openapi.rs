//! The API's description, made from the tables that its router is made from.

mod calls;

use crate::admin::table::{self, Verb};
use crate::gateway::table as gateway;
use calls::CALLS;
use serde_json::{Map, Value, json};

/// What stands beside `/v1`, for anyone.
const BESIDE: [(&str, &str); 3] = [
    ("/healthz", "Tell that the server answers"),
    ("/openapi.json", "Read this document"),
    ("/schema/config.json", "Read the JSON schema of configs"),
];

/// One method of one path.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    tag: &'a str,
    summary: &'a str,
    scopes: &'a [&'a str],
    /// Each scope is needed; else one is enough.
    every: bool,
    query: &'a [&'a str],
    takes: &'a [(&'a str, &'a str, bool)],
}

/// As OpenAPI 3.1.
pub fn document() -> Value {
    let mut paths = Map::new();
    for one in &operations() {
        put(&mut paths, one.path, one.method, one.told());
    }
    for (path, summary) in BESIDE {
        let told = json!({
            "summary": summary,
            "tags": ["beside_the_api"],
            "security": [],
            "servers": [{ "url": "/" }],
            "responses": { "200": { "description": "Done" } },
        });
        put(&mut paths, path, "get", told);
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

/// All that `/v1` answers: what goes to vendors, what is the gateway's own, and the admin API. What goes to vendors on
/// paths of any depth stands at the end.
fn operations() -> Vec<Operation<'static>> {
    let (rest, known): (Vec<_>, Vec<_>) = CALLS.iter().partition(|call| call.path.starts_with("/{"));
    let passed = |call: &&'static calls::Call| Operation {
        method: call.method,
        path: call.path,
        tag: call.tag,
        summary: call.summary,
        scopes: if call.tag == "models" { &["models.list", "completions.write"] } else { &["completions.write"] },
        every: false,
        query: &[],
        takes: call.takes,
    };
    let own = gateway::ROUTES.iter().map(|row| Operation {
        method: row.verb.word(),
        path: row.path,
        tag: first(row.path),
        summary: row.summary,
        scopes: row.scopes,
        every: row.verb != Verb::Get,
        query: row.asks,
        takes: row.takes,
    });
    let admin = table::ROUTES.iter().map(|row| Operation {
        method: row.verb.word(),
        path: row.path,
        tag: first(row.path),
        summary: row.summary,
        scopes: row.scopes,
        every: false,
        query: match row.verb == Verb::Get && !row.path.contains('{') {
            true => &["current_page", "page_size", "workspace_id"],
            false => &[],
        },
        takes: row.takes,
    });
    let known = known.iter().map(passed).collect::<Vec<_>>().into_iter();
    known.chain(own).chain(admin).chain(rest.iter().map(passed)).collect()
}

fn first(path: &'static str) -> &'static str {
    path.split('/').nth(1).unwrap_or_default()
}

fn put(paths: &mut Map<String, Value>, path: &str, verb: &str, operation: Value) {
    if let Value::Object(methods) = paths.entry(path).or_insert_with(|| json!({})) {
        methods.insert(verb.to_owned(), operation);
    }
}

impl Operation<'_> {
    fn told(&self) -> Value {
        let mut told = json!({
            "summary": self.summary,
            "tags": [self.tag],
            "parameters": parameters(self.path, self.query),
            "responses": responses(),
        });
        match (self.scopes.is_empty(), self.every && self.scopes.len() > 1) {
            (true, _) => told["security"] = json!([]),
            (false, every) => {
                let which = if every { "each" } else { "one" };
                told["description"] = format!("The key needs {which} of the scopes {}.", self.scopes.join(", ")).into();
                told["x-scopes"] = json!(self.scopes);
                told["x-every-scope"] = every.into();
            }
        }
        if !self.takes.is_empty() {
            told["requestBody"] = body(self.takes);
        }
        told
    }
}

/// A body with a file is a form.
fn body(takes: &[(&str, &str, bool)]) -> Value {
    let field = |kind: &str| match kind {
        "file" => json!({ "type": "string", "format": "binary" }),
        kind => json!({ "type": kind }),
    };
    let properties: Map<String, Value> =
        takes.iter().map(|(name, kind, _)| ((*name).to_owned(), field(kind))).collect();
    let required: Vec<&str> = takes.iter().filter(|(_, _, must)| *must).map(|(name, ..)| *name).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    let form = takes.iter().any(|(_, kind, _)| *kind == "file");
    let kind = if form { "multipart/form-data" } else { "application/json" };
    json!({ "content": { kind: { "schema": schema } } })
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
