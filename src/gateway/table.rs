//! The routes that are the gateway's own beside the admin API, in one table: router and OpenAPI document are made from it.
//! What is a vendor's goes by [`crate::wire::vendors::route`].

use crate::admin::table::Verb;
use crate::gateway::{explain, exports, feedback, ingest, list_logs, one_log};
use crate::house::Shared;
use axum::handler::Handler;
use axum::routing::{MethodRouter, on};

/// One method of one path.
pub struct Row {
    pub verb: Verb,
    /// Below `/v1`.
    pub path: &'static str,
    /// One of them is enough to read, and each is needed to write; of none, no key is asked for.
    pub scopes: &'static [&'static str],
    /// For the document.
    pub summary: &'static str,
    /// Fields of the query.
    pub asks: &'static [&'static str],
    /// Fields of the body: name, JSON type, and whether it must be there.
    pub takes: &'static [(&'static str, &'static str, bool)],
    pub serve: fn(Verb) -> MethodRouter<Shared>,
}

macro_rules! row {
    ($verb:ident $path:literal [$($scope:literal),*] $summary:literal ($($asks:literal),*) {$($takes:tt)*} $serve:expr) => {
        Row {
            verb: Verb::$verb,
            path: $path,
            scopes: &[$($scope),*],
            summary: $summary,
            asks: &[$($asks),*],
            takes: &[$($takes)*],
            serve: |verb| served(verb, $serve),
        }
    };
}

#[rustfmt::skip]
pub static ROUTES: &[Row] = &[
    row!(Post "/explain" ["completions.write"] "Tell what would happen to a call and why; nothing is sent" ()
        {("model", "string", false), ("messages", "array", false)} explain),

    row!(Post "/feedback" ["completions.write"] "Keep opinions of calls: one, or a list of them" ()
        {("trace_id", "string", true), ("value", "integer", true), ("weight", "number", false), ("metadata", "object", false)}
        feedback::create),
    row!(Put "/feedback/{id}" ["completions.write"] "Change an opinion" ()
        {("value", "integer", true), ("weight", "number", false), ("metadata", "object", false)} feedback::update),

    row!(Get "/logs" ["logs.list", "logs.view"] "List logs, newest first"
        ("time_of_generation_min", "time_of_generation_max", "ai_model", "ai_org_model", "virtual_keys", "configs",
         "api_key_ids", "status_code", "cache_status", "trace_id", "span_id", "metadata", "total_units_min",
         "total_units_max", "prompt_token_min", "prompt_token_max", "completion_token_min", "completion_token_max",
         "cost_min", "cost_max", "weighted_feedback_min", "weighted_feedback_max", "page_size", "cursor") {} list_logs),
    row!(Post "/logs" ["completions.write", "logs.write"] "Keep logs of one's own: one, or a list of them" ()
        {("request", "object", true), ("response", "object", true), ("metadata", "object", false)} ingest::create),
    row!(Get "/logs/exports" ["logs.export", "logs.view"] "List exports, newest first" ("page_size", "current_page") {}
        exports::list),
    row!(Post "/logs/exports" ["logs.export"] "Draw up an export" ()
        {("description", "string", false), ("filters", "object", false), ("requested_data", "array", false)}
        exports::create),
    row!(Get "/logs/exports/field-restrictions" ["logs.export", "logs.view"] "Tell which fields an export may hold" () {}
        exports::restrictions),
    row!(Get "/logs/exports/{id}" ["logs.export", "logs.view"] "Read an export and how far it is" () {} exports::one),
    row!(Put "/logs/exports/{id}" ["logs.export"] "Change an export that has not run yet" ()
        {("description", "string", false), ("filters", "object", false), ("requested_data", "array", false)}
        exports::update),
    row!(Post "/logs/exports/{id}/start" ["logs.export"] "Run an export" () {} exports::start),
    row!(Post "/logs/exports/{id}/cancel" ["logs.export"] "Stop an export that runs" () {} exports::cancel),
    row!(Get "/logs/exports/{id}/download" ["logs.export"] "Tell where the file can be fetched without a key, for an hour"
        () {} exports::download),
    row!(Get "/logs/exports/{id}/file" [] "Fetch the file of a signed address" ("expires", "signature") {} exports::file),
    row!(Get "/logs/{id}" ["logs.view"] "Read one log" () {} one_log),
];

fn served<H, T>(verb: Verb, handler: H) -> MethodRouter<Shared>
where
    H: Handler<T, Shared>,
    T: 'static,
{
    on(verb.filter(), handler)
}
