//! One call, opened beside the list it came from.

mod attempts;
mod bodies;
pub mod chat;
mod cost;
pub mod explain;
mod facts;
mod head;
pub mod tint;

use super::logs::url;
use crate::api;
use crate::failure::Failure;
use crate::model::log::{LogDetail, LogQuery};
use crate::parts::icon::Icon;
use crate::parts::page::Waiting;
use crate::parts::problem::shown;
use attempts::{timing, waterfall};
use bodies::{bodies, headers};
use chat::chat;
use cost::cost;
use explain::explain;
use facts::{facts, metadata};
use head::head;
use icondata_lu::LuCircleAlert;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use std::sync::Arc;

/// A view of the call; the address says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Chat,
    Json,
    Attempts,
    Explain,
    Cost,
    Headers,
    Metadata,
}

impl Tab {
    const ALL: [Self; 7] =
        [Self::Chat, Self::Json, Self::Attempts, Self::Explain, Self::Cost, Self::Headers, Self::Metadata];

    /// As the address has it; the first tab needs no word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "",
            Self::Json => "json",
            Self::Attempts => "attempts",
            Self::Explain => "explain",
            Self::Cost => "cost",
            Self::Headers => "headers",
            Self::Metadata => "metadata",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Chat => "Chat",
            Self::Json => "JSON",
            Self::Attempts => "Attempts",
            Self::Explain => "Explain",
            Self::Cost => "Cost",
            Self::Headers => "Headers",
            Self::Metadata => "Metadata",
        }
    }

    fn of(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|tab| Some(tab.word()) == word).unwrap_or(Self::Chat)
    }
}

#[component]
pub fn Log() -> impl IntoView {
    let (params, search) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let query = Memo::new(move |_| search.with(url::read));
    let tab = Memo::new(move |_| search.with(|search| Tab::of(search.get_str("tab"))));
    let call = Resource::new(move || (id.get(), query.get()), |(id, query)| api::log(id, query));
    view! {
        <aside class="drawer" aria-label="The call">
            <Transition fallback=|| view! { <Waiting lines=10 /> }>
                {move || Suspend::new(async move {
                    match call.await {
                        Ok(detail) => show(detail, query.get_untracked(), tab).into_any(),
                        Err(failure) => missing(failure, &query.get_untracked()).into_any(),
                    }
                })}
            </Transition>
        </aside>
    }
}

fn show(detail: LogDetail, query: LogQuery, tab: Memo<Tab>) -> impl IntoView {
    let detail = Arc::new(detail);
    let error = detail.error.clone().map(|error| {
        view! {
            <div class="alert bad">
                <Icon icon=LuCircleAlert />
                <p>{error}</p>
            </div>
        }
    });
    view! {
        <Title text=format!("Log {}", super::logs::figures::short_id(&detail.row.id)) />
        {head(&detail, &query, tab)}
        {facts(&detail)}
        <div class="inner">
            {error}
            {waterfall(&detail)}
            <Tabs detail=detail.clone() query=query.clone() tab />
            {move || panel(tab.get(), &detail, &query)}
        </div>
    }
}

fn panel(tab: Tab, detail: &LogDetail, query: &LogQuery) -> AnyView {
    match tab {
        Tab::Chat => chat(detail, query),
        Tab::Json => bodies(detail),
        Tab::Attempts => timing(detail).into_any(),
        Tab::Explain => explain(detail).into_any(),
        Tab::Cost => cost(detail),
        Tab::Headers => headers(detail).into_any(),
        Tab::Metadata => metadata(detail, query).into_any(),
    }
}

#[component]
fn Tabs(detail: Arc<LogDetail>, query: LogQuery, tab: Memo<Tab>) -> impl IntoView {
    let link = move |choice: Tab| {
        let count = match choice {
            Tab::Attempts if detail.attempts.len() > 1 => Some(detail.attempts.len()),
            Tab::Metadata if !detail.metadata.is_empty() => Some(detail.metadata.len()),
            _ => None,
        };
        view! {
            <a
                href=url::open(&detail.row.id, &query, choice.word())
                aria-current=move || (tab.get() == choice).then_some("page")
            >
                {choice.label()}
                {count.map(|count| view! { <span class="count">{count}</span> })}
            </a>
        }
    };
    view! {
        <nav class="tabs" aria-label="Views of the call">
            {Tab::ALL.into_iter().map(link).collect_view()}
        </nav>
    }
}

fn missing(failure: Failure, query: &LogQuery) -> impl IntoView + use<> {
    view! {
        <div class="inner gone">
            {shown(Err(failure), |()| ())}
            <a class="btn" href=url::list(query)>
                "Back to the list"
            </a>
        </div>
    }
}
