//! Calls that came in since the page was read wait behind a button; `hands/fresh.rs` looks for them.

use crate::api;
use crate::model::log::LogQuery;
use crate::parts::icon::Icon;
use icondata_lu::LuArrowUp;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde_json::json;

/// Whether new calls are looked for. They wait behind a button either way: rows do not move by themselves.
#[component]
pub fn Live() -> impl IntoView {
    view! {
        <button type="button" class="btn scripted" aria-pressed="true" data-watch="">
            <span class="dot" aria-hidden="true"></span>
            "Live"
        </button>
    }
}

/// `newest` is the id of the first row, empty where there is none.
pub fn fresh(newest: &str, query: &LogQuery) -> impl IntoView + use<> {
    let place = <api::NewerLogs as ServerFn>::url();
    let question = json!({"id": newest, "query": query}).to_string();
    view! {
        <span class="fresh" role="status" data-fresh=place data-question=question>
            <button type="button" class="btn primary sm" hidden>
                <Icon icon=LuArrowUp />
                <span></span>
            </button>
        </span>
    }
}
