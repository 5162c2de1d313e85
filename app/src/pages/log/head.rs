//! Which call this is, and the ways to its neighbours.

use super::Tab;
use crate::model::log::{LogDetail, LogQuery};
use crate::pages::logs::figures::{clock, short_id};
use crate::pages::logs::rows::status;
use crate::pages::logs::url;
use crate::parts::copy::Copy;
use crate::parts::icon::Icon;
use crate::parts::time::Time;
use icondata_core::Icon as IconData;
use icondata_lu::{LuArrowDown, LuArrowUp, LuTerminal, LuX};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use std::sync::Arc;

pub fn head(detail: &LogDetail, query: &LogQuery, tab: Memo<Tab>) -> impl IntoView + use<> {
    let row = &detail.row;
    let id = row.id.clone();
    let (newer, older) = (detail.newer.clone(), detail.older.clone());
    let to = {
        let query = query.clone();
        move |id: Option<String>| {
            let query = query.clone();
            move || id.as_ref().map(|id| url::open(id, &query, tab.get().word()))
        }
    };
    // Messages that were kept can be asked again.
    let play = (detail.path == "/v1/chat/completions" && !detail.turns.is_empty()).then(|| {
        view! {
            <a
                class="btn quiet icon sm"
                href=format!("/playground?log={}", row.id)
                aria-label="Open in the playground"
                title="Open in the playground"
            >
                <Icon icon=LuTerminal />
            </a>
        }
    });
    view! {
        <header class="top">
            {status(row)}
            <h2 class="mono" title=id.clone()>
                {short_id(&row.id)}
            </h2>
            <Copy text=id what="the id" quiet=true />
            <p class="muted moment">{clock(row.at)} " · " <Time at=row.at /></p>
            {play}
            <nav class="steps push" aria-label="Neighbours">
                {step("Newer call (k)", LuArrowUp, to(newer))} {step("Older call (j)", LuArrowDown, to(older))}
            </nav>
            <a class="btn quiet icon sm" href=url::list(query) aria-label="Close (Esc)">
                <Icon icon=LuX />
            </a>
        </header>
    }
}

/// A link, or its ghost where there is nothing that way.
fn step(label: &'static str, icon: IconData, href: impl Fn() -> Option<String> + Send + 'static) -> impl IntoView {
    let off = href().is_none();
    view! {
        <a
            class="btn icon sm"
            class:off=off
            href=href
            role=off.then_some("link")
            aria-disabled=off.then_some("true")
            aria-label=label
            title=label
        >
            <Icon icon=icon />
        </a>
    }
}

/// `j` opens the older call, `k` the newer one, Esc closes; not while one types.
#[component]
pub fn Keys(detail: Arc<LogDetail>, query: LogQuery, tab: Memo<Tab>) -> impl IntoView {
    let navigate = use_navigate();
    Effect::new(move |_| {
        let (detail, query, navigate) = (detail.clone(), query.clone(), navigate.clone());
        let go = move |event: KeyboardEvent| {
            let open = |id: &Option<String>| id.as_ref().map(|id| url::open(id, &query, tab.get_untracked().word()));
            let address = match event.key().as_str() {
                _ if is_typing(&event) || event.ctrl_key() || event.meta_key() || event.alt_key() => None,
                "j" => open(&detail.older),
                "k" => open(&detail.newer),
                "Escape" => Some(url::list(&query)),
                _ => None,
            };
            if let Some(address) = address {
                navigate(&address, NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
        };
        let listener = window_event_listener(leptos::ev::keydown, go);
        on_cleanup(move || listener.remove());
    });
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT" | "SUMMARY")
            || element.is_content_editable()
    })
}
