//! Figures of a range, beside the range before.

mod changed;
mod charts;
pub mod figure;
mod stats;
mod tops;

use crate::api;
use crate::failure::Failure;
use crate::model::range::Range;
use crate::model::usage::Overview as Told;
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Switch, Waiting};
use crate::parts::problem::shown;
use crate::parts::time::Stamp;
use charts::{Board, Wait};
use icondata_lu::LuCalendar;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;
use tops::{Ranked, top};

/// SVG text by name.
type Drawn = Vec<(String, String)>;

#[component]
pub fn Overview() -> impl IntoView {
    let query = use_query_map();
    let range = Memo::new(move |_| query.with(|query| read_range(|name| query.get(name))));
    let wait = Memo::new(move |_| match query.with(|query| query.get("latency")).as_deref() {
        Some("first-token") => Wait::FirstToken,
        _ => Wait::Answer,
    });
    let compare = Memo::new(move |_| query.with(|query| query.get("compare")).as_deref() != Some("no"));
    let drawn = StoredValue::new(Drawn::new());
    let overview = Resource::new(move || range.get(), move |range| fetch(range, drawn));
    view! {
        <Page title="Overview" tools=move || tools(range, wait, compare, overview)>
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    shown(overview.await, move |told| contents(told, drawn, wait, compare))
                })}
            </Transition>
        </Page>
    }
}

fn read_range(get: impl Fn(&str) -> Option<String>) -> Range {
    Range::from_url(get("range").as_deref(), get("from").as_deref(), get("to").as_deref())
}

/// The server keeps the drawings back and renders them once: a copy beside the data would double the page.
async fn fetch(range: Range, drawn: StoredValue<Drawn>) -> Result<Told, Failure> {
    let mut told = api::overview(range).await?;
    if cfg!(feature = "ssr") {
        drawn.set_value(std::mem::take(&mut told.charts));
    }
    Ok(told)
}

/// The address with another range, another kind of latency, or without the period before.
fn address(range: Range, wait: Wait, compare: bool) -> String {
    let wait = if wait == Wait::FirstToken { "&latency=first-token" } else { "" };
    let compare = if compare { "" } else { "&compare=no" };
    format!("/?{}{wait}{compare}", range.query())
}

fn tools(
    range: Memo<Range>,
    wait: Memo<Wait>,
    compare: Memo<bool>,
    overview: Resource<Result<Told, Failure>>,
) -> impl IntoView {
    let choice = move |choice: Range| {
        let name = match choice {
            Range::Hour => "1 h",
            Range::Week => "7 d",
            Range::Month => "30 d",
            Range::Quarter => "90 d",
            _ => "24 h",
        };
        view! {
            <a href=move || address(choice, wait.get(), compare.get()) aria-current=move || (range.get() == choice).then_some("true")>
                {name}
            </a>
        }
    };
    let other = Signal::derive(move || address(range.get(), wait.get(), !compare.get()));
    view! {
        <nav class="segments" aria-label="Time range">
            {Range::CHOICES.into_iter().map(choice).collect_view()}
        </nav>
        <Transition>
            {move || Suspend::new(async move { overview.await.ok().map(|told| span_of(&told)) })}
        </Transition>
        <Switch label="Compare" on=compare href=other />
    }
}

fn contents(mut told: Told, drawn: StoredValue<Drawn>, wait: Memo<Wait>, compare: Memo<bool>) -> AnyView {
    if told.points.is_empty() {
        return unused();
    }
    let fresh = std::mem::take(&mut told.charts);
    let kept = if cfg!(feature = "ssr") { drawn.get_value() } else { fresh };
    let range = told.range;
    let board = Board { overview: Arc::new(told), drawn: Arc::new(kept) };
    let latency = |kind: Wait| {
        let chart = charts::latency(&board, kind, switch(range, kind, compare).into_any());
        view! {
            <div style="--span: 6" hidden=move || wait.get() != kind>
                {chart}
            </div>
        }
    };
    view! {
        <div class="overview-figures" class:alone=move || !compare.get()>
            {stats::stats(&board)}
        </div>
        <div class="cols overview" class:alone=move || !compare.get()>
            <div style="--span: 8">{charts::requests(&board)}</div>
            <div style="--span: 4">{changed::changed(&board.overview)}</div>
            <div style="--span: 6">
                {charts::cost(&board)}
            </div>
            {latency(Wait::Answer)}
            {latency(Wait::FirstToken)}
            {top(&board.overview, Ranked::Models)}
            {top(&board.overview, Ranked::Keys)}
        </div>
    }
    .into_any()
}

/// From when to when, in words; the range alone does not say the time zone.
fn span_of(overview: &Told) -> impl IntoView + use<> {
    let moment = |at: i64| Stamp::of(at).short();
    let end = match overview.range {
        Range::Between(..) => moment(overview.window.to),
        _ => "now".into(),
    };
    view! {
        <span class="span-of">
            <Icon icon=LuCalendar />
            {format!("{} UTC – {end}", moment(overview.window.from))}
        </span>
    }
}

/// Whole answers or first tokens: links, so that it works without scripts.
fn switch(range: Range, here: Wait, compare: Memo<bool>) -> impl IntoView {
    let link = move |wait: Wait, name: &'static str| {
        view! {
            <a href=move || address(range, wait, compare.get()) aria-current=(wait == here).then_some("true")>
                {name}
            </a>
        }
    };
    view! {
        <nav class="segments sm push" aria-label="Kind of latency">
            {link(Wait::Answer, "Whole answer")}
            {link(Wait::FirstToken, "First token")}
        </nav>
    }
}

/// Before the first call.
fn unused() -> AnyView {
    view! {
        <div class="card">
            <Empty title="No calls yet" text="Requests, cost and latency show here as soon as the first call is logged.">
                <a class="btn primary" href="/first-steps">
                    "Send a first call"
                </a>
            </Empty>
        </div>
    }
    .into_any()
}
