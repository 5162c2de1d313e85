//! What goes on to vendors, for the document: [`crate::wire::vendors::route`] says which endpoint each is.

/// One method of one path.
pub struct Call {
    /// As OpenAPI has it.
    pub method: &'static str,
    /// Below `/v1`.
    pub path: &'static str,
    /// The part of the document it stands in.
    pub tag: &'static str,
    pub summary: &'static str,
    /// Fields of the body that matter most: name, JSON type, and whether it must be there. A file makes it a form.
    pub takes: &'static [(&'static str, &'static str, bool)],
}

type Fields = &'static [(&'static str, &'static str, bool)];

const fn call(method: &'static str, path: &'static str, tag: &'static str, rest: (&'static str, Fields)) -> Call {
    Call { method, path, tag, summary: rest.0, takes: rest.1 }
}

const CHAT: Fields = &[
    ("model", "string", true),
    ("messages", "array", true),
    ("stream", "boolean", false),
    ("max_tokens", "integer", false),
    ("temperature", "number", false),
    ("tools", "array", false),
    ("response_format", "object", false),
];
const COMPLETE: Fields = &[("model", "string", true), ("prompt", "string", true), ("stream", "boolean", false)];
const EMBED: Fields = &[("model", "string", true), ("input", "array", true), ("dimensions", "integer", false)];
const RESPOND: Fields =
    &[("model", "string", true), ("input", "string", true), ("stream", "boolean", false), ("tools", "array", false)];
const IMAGE: Fields = &[("model", "string", true), ("prompt", "string", true), ("size", "string", false)];
const EDIT: Fields = &[("model", "string", true), ("image", "file", true), ("prompt", "string", true)];
const VARY: Fields = &[("model", "string", true), ("image", "file", true)];
const SPEAK: Fields = &[("model", "string", true), ("input", "string", true), ("voice", "string", true)];
const HEAR: Fields = &[("model", "string", true), ("file", "file", true), ("language", "string", false)];
const MODERATE: Fields = &[("model", "string", false), ("input", "string", true)];
const RERANK: Fields =
    &[("model", "string", true), ("query", "string", true), ("documents", "array", true), ("top_n", "integer", false)];
const UPLOAD: Fields = &[("file", "file", true), ("purpose", "string", true)];
const BATCH: Fields =
    &[("input_file_id", "string", true), ("endpoint", "string", true), ("completion_window", "string", true)];
const TUNE: Fields = &[("model", "string", true), ("training_file", "string", true)];

#[rustfmt::skip]
pub static CALLS: &[Call] = &[
    call("post", "/chat/completions", "chat", ("Call a chat model, streamed or whole", CHAT)),
    call("post", "/completions", "completions", ("Call a completion model", COMPLETE)),
    call("post", "/embeddings", "embeddings", ("Embed text", EMBED)),
    call("get", "/models", "models", ("List models as they are called, or a provider's own list", &[])),
    call("get", "/models/{model}", "models", ("Find one model", &[])),
    call("post", "/responses", "responses", ("Call a model by the Responses API", RESPOND)),
    call("get", "/responses/{id}", "responses", ("Read a response that the provider kept", &[])),
    call("delete", "/responses/{id}", "responses", ("Remove a response that the provider kept", &[])),
    call("get", "/responses/{id}/input_items", "responses", ("List what went into a response", &[])),
    call("post", "/responses/{id}/cancel", "responses", ("Stop a response that runs in the background", &[])),
    call("post", "/responses/compact", "responses", ("Make a conversation shorter", RESPOND)),
    call("post", "/responses/input_tokens", "responses", ("Count the tokens of what would be sent", RESPOND)),
    call("post", "/images/generations", "images", ("Draw images", IMAGE)),
    call("post", "/images/edits", "images", ("Change an image", EDIT)),
    call("post", "/images/variations", "images", ("Draw variations of an image", VARY)),
    call("post", "/audio/speech", "audio", ("Speak a text", SPEAK)),
    call("post", "/audio/transcriptions", "audio", ("Write down what is said", HEAR)),
    call("post", "/audio/translations", "audio", ("Write down in English what is said", HEAR)),
    call("post", "/moderations", "moderations", ("Judge whether a text is harmful", MODERATE)),
    call("post", "/rerank", "rerank", ("Sort documents by how well they answer a query", RERANK)),
    call("get", "/files", "files", ("List files, where the provider opens them", &[])),
    call("post", "/files", "files", ("Upload a file", UPLOAD)),
    call("get", "/files/{id}", "files", ("Read what is known of a file", &[])),
    call("delete", "/files/{id}", "files", ("Remove a file", &[])),
    call("get", "/files/{id}/content", "files", ("Fetch what is in a file", &[])),
    call("get", "/batches", "batches", ("List batches, where the provider opens them", &[])),
    call("post", "/batches", "batches", ("Start a batch of calls that stand in a file", BATCH)),
    call("get", "/batches/{id}", "batches", ("Read a batch and how far it is", &[])),
    call("post", "/batches/{id}/cancel", "batches", ("Stop a batch", &[])),
    call("get", "/fine_tuning/jobs", "fine_tuning", ("List fine-tuning jobs, where the provider opens them", &[])),
    call("post", "/fine_tuning/jobs", "fine_tuning", ("Start a fine-tuning job", TUNE)),
    call("get", "/fine_tuning/jobs/{id}", "fine_tuning", ("Read a fine-tuning job and how far it is", &[])),
    call("post", "/fine_tuning/jobs/{id}/cancel", "fine_tuning", ("Stop a fine-tuning job", &[])),
    call("get", "/fine_tuning/jobs/{id}/events", "fine_tuning", ("List what happened in a fine-tuning job", &[])),
    call("get", "/fine_tuning/jobs/{id}/checkpoints", "fine_tuning", ("List the checkpoints of a fine-tuning job", &[])),
    call("delete", "/fine_tuning/checkpoints/{checkpoint}/permissions/{id}", "fine_tuning",
        ("Take back a permission for a checkpoint", &[])),
    call("get", "/realtime", "realtime", ("Open a WebSocket to a model that hears and speaks: ?model=…", &[])),
    call("get", "/{path}", "any_other_path", (REST, &[])),
    call("post", "/{path}", "any_other_path", (REST, &[])),
    call("put", "/{path}", "any_other_path", (REST, &[])),
    call("patch", "/{path}", "any_other_path", (REST, &[])),
    call("delete", "/{path}", "any_other_path", (REST, &[])),
];
const REST: &str = "Any other path of a provider, of any depth, where it opens that";

#[cfg(test)]
mod tests {
    use super::CALLS;
    use crate::wire::vendors::{Endpoint, route, rows};
    use http::Method;

    fn named(method: &str) -> Method {
        method.to_uppercase().parse().expect(method)
    }

    #[test]
    fn each_call_of_the_document_is_an_endpoint_and_each_endpoint_is_in_it() {
        let mut told = Vec::new();
        for call in CALLS {
            let method = named(call.method);
            let path = format!("/v1{}", call.path.replace(['{', '}'], ""));
            let way = route(&method, &path).unwrap_or_else(|| panic!("{method} {path} goes nowhere"));
            assert_eq!(way.endpoint == Endpoint::Other, call.tag == "any_other_path", "{method} {path}");
            told.push((method, way.rest));
        }
        for (row, methods) in rows() {
            let is_told = |method: &Method| match row.strip_suffix('*') {
                Some(above) => told.iter().any(|(one, path)| one == method && path.starts_with(above)),
                None => told.iter().any(|(one, path)| one == method && path == row),
            };
            // Below a path, a vendor may have methods that nobody knows.
            let covered = if row.ends_with('*') { methods.iter().any(is_told) } else { methods.iter().all(is_told) };
            assert!(covered, "{row} is not told");
        }
    }
}
