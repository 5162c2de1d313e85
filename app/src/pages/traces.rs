//! Traces: the list, and one trace drawn beside it as the nested route.

pub mod url;

mod filter;
mod list;
mod peek;
mod tree;

use crate::api;
use crate::model::log::LogQuery;
use crate::model::range::Range;
use crate::model::trace::TraceQuery;
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::shown;
use filter::filter;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};
use list::list;
use peek::peek;
use tree::{around, tree};

#[component]
pub fn Traces() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(url::read));
    let found = Resource::new(move || query.get(), api::traces);
    let path = use_location().pathname;
    let opened = Memo::new(move |_| path.with(|path| path.strip_prefix("/traces/").unwrap_or_default().to_owned()));
    view! {
        <Page title="Traces" bare=true tools=move || view! { <Ranges query /> }>
            <div class="traces" class:opened=move || opened.with(|opened| !opened.is_empty())>
                <section class="trace-list" aria-label="Traces">
                    {move || params.with(|params| filter(&query.get(), &url::misread(params)))}
                    <Transition fallback=|| view! { <Waiting lines=12 /> }>
                        {move || Suspend::new(async move {
                            let answer = found.await;
                            shown(answer, |page| list(page, &query.get_untracked(), opened))
                        })}
                    </Transition>
                </section>
                <Outlet />
            </div>
        </Page>
    }
}

/// Stands where a trace will be drawn.
#[component]
pub fn NoTrace() -> impl IntoView {
    view! {
        <section class="trace none" aria-label="The trace">
            <div class="empty">
                <svg class="line-drawing" viewBox="0 0 160 64" aria-hidden="true">
                    <path d="M4 16h152" />
                    <path d="M20 16l16 16h120" />
                    <path d="M52 32l16 16h56" />
                    <circle cx="20" cy="16" r="5" />
                    <circle class="lit" cx="124" cy="48" r="5" />
                </svg>
                <h2>"Choose a trace"</h2>
                <p>
                    "A trace is all calls that carry one id, drawn along the time they took. Send the id in the header "
                    <code>"x-portkey-trace-id"</code>", and "<code>"x-portkey-span-id"</code>", "
                    <code>"x-portkey-parent-span-id"</code>" and "<code>"x-portkey-span-name"</code>" to make it a tree."
                </p>
            </div>
        </section>
    }
}

#[component]
pub fn Trace() -> impl IntoView {
    let (params, search) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let trace = Resource::new(move || id.get(), api::trace);
    let back = move || search.with(|search| url::list(&url::read(search)));
    let here = move || search.with_untracked(|search| url::open(&id.get_untracked(), &url::read(search)));
    let span = Memo::new(move |_| search.with(|search| search.get("span")));
    view! {
        <section class="trace" aria-label="The trace">
            <a class="btn quiet sm back" href=back>
                "All traces"
            </a>
            <Transition fallback=|| view! { <Waiting lines=10 /> }>
                {move || Suspend::new(async move {
                    let answer = trace.await;
                    shown(
                        answer,
                        |detail| {
                            view! {
                                <Title text=format!("Trace {}", detail.row.name) />
                                {tree(&detail, &here())}
                                <Glance span query=around(&detail.row) close=here() />
                            }
                        },
                    )
                })}
            </Transition>
        </section>
    }
}

/// One span of the trace, looked at without leaving it.
#[component]
fn Glance(span: Memo<Option<String>>, query: LogQuery, close: String) -> impl IntoView {
    let call = Resource::new(
        move || span.get(),
        |span| async move {
            match span {
                Some(id) => Some(api::log(id, LogQuery::default()).await),
                None => None,
            }
        },
    );
    view! {
        <Transition>
            {move || {
                let (query, close) = (query.clone(), close.clone());
                Suspend::new(async move { call.await.map(|answer| shown(answer, |detail| peek(&detail, &query, close))) })
            }}
        </Transition>
    }
}

/// The range of the list; every other filter stays.
#[component]
fn Ranges(query: Memo<TraceQuery>) -> impl IntoView {
    let choice = move |range: Range| {
        let href = move || {
            let query = query.get();
            url::list(&TraceQuery { calls: LogQuery { range, before: None, ..query.calls }, ..query })
        };
        let current = move || query.with(|query| query.calls.range == range).then_some("true");
        let label = match range {
            Range::Hour => "1 h",
            Range::Week => "7 d",
            Range::Month => "30 d",
            Range::Quarter => "90 d",
            Range::Day | Range::Between(..) => "24 h",
        };
        view! {
            <a href=href aria-current=current>
                {label}
            </a>
        }
    };
    view! {
        <span class="segments" role="group" aria-label="Time range">
            {Range::CHOICES.into_iter().map(choice).collect_view()}
        </span>
    }
}
