//! Which call this is, and the ways to its neighbours: `j` opens the older call, `k` the newer one, Esc closes.

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
use leptos::prelude::*;

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
                {step("Newer call (k)", "k", LuArrowUp, to(newer))}
                {step("Older call (j)", "j", LuArrowDown, to(older))}
            </nav>
            <a class="btn quiet icon sm" href=url::list(query) aria-label="Close (Esc)" data-key="Escape">
                <Icon icon=LuX />
            </a>
        </header>
    }
}

/// A link with its key, or its ghost where there is nothing that way.
fn step(
    label: &'static str,
    key: &'static str,
    icon: IconData,
    href: impl Fn() -> Option<String> + Send + 'static,
) -> impl IntoView {
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
            data-key=(!off).then_some(key)
        >
            <Icon icon=icon />
        </a>
    }
}
