//! Any figure by any dimension, beside the period before.

mod bar;
mod board;
mod lines;
mod stats;
pub mod url;
pub mod words;

use crate::api;
use crate::failure::Failure;
use crate::model::analytics::{Analytics as Told, AnalyticsQuery, Tab};
use crate::model::range::Range;
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Switch, Waiting};
use crate::parts::problem::shown;
use crate::parts::time::Stamp;
use bar::Bar;
use icondata_lu::LuCalendar;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

/// What the page shows, or why it cannot.
type Found = Resource<Result<Told, Failure>>;

#[component]
pub fn Analytics() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(url::read));
    let drawn = StoredValue::new(Vec::<String>::new());
    let found: Found = Resource::new(move || query.get(), move |query| fetch(query, drawn));
    view! {
        <Page title="Analytics" bare=true tools=move || tools(query, found)>
            <div class="analytics">
                <nav class="tabs flush" aria-label="Analytics">
                    {Tab::ALL.into_iter().map(|tab| tab_link(tab, query)).collect_view()}
                </nav>
                <div class="panes">
                    <Bar query found />
                    <Transition fallback=|| view! { <Waiting /> }>
                        {move || Suspend::new(async move { shown(found.await, move |told| contents(told, drawn)) })}
                    </Transition>
                </div>
            </div>
        </Page>
    }
}

/// The server keeps the drawings back and renders them once: a copy beside the data would double the page.
async fn fetch(query: AnalyticsQuery, drawn: StoredValue<Vec<String>>) -> Result<Told, Failure> {
    let mut told = api::analytics(query).await?;
    if cfg!(feature = "ssr") {
        drawn.set_value(std::mem::take(&mut told.charts));
    }
    Ok(told)
}

/// A tab keeps range and filters, and tells apart by what is usual there.
fn tab_link(tab: Tab, query: Memo<AnalyticsQuery>) -> impl IntoView {
    let href = move || query.with(|query| url::page(&AnalyticsQuery { tab, by: None, ..query.clone() }));
    let current = move || query.with(|query| query.tab == tab).then_some("page");
    view! {
        <a href=href aria-current=current>
            {tab.title()}
        </a>
    }
}

fn tools(query: Memo<AnalyticsQuery>, found: Found) -> impl IntoView {
    let choice = move |range: Range| {
        let name = match range {
            Range::Hour => "1 h",
            Range::Week => "7 d",
            Range::Month => "30 d",
            Range::Quarter => "90 d",
            Range::Day | Range::Between(..) => "24 h",
        };
        let href = move || query.with(|query| url::page(&AnalyticsQuery { range, ..query.clone() }));
        let current = move || query.with(|query| query.range == range).then_some("true");
        view! {
            <a href=href aria-current=current>
                {name}
            </a>
        }
    };
    let compare = Signal::derive(move || query.with(|query| query.compare));
    let toggled = move || query.with(|query| url::page(&AnalyticsQuery { compare: !query.compare, ..query.clone() }));
    let toggled = Signal::derive(toggled);
    view! {
        <nav class="segments" aria-label="Time range">
            {Range::LONG.into_iter().map(choice).collect_view()}
        </nav>
        <Transition>
            {move || Suspend::new(async move { found.await.ok().map(|told| span_of(&told)) })}
        </Transition>
        <Switch label="Compare" on=compare href=toggled />
    }
}

/// From when to when, in words; the range alone does not say the time zone.
fn span_of(told: &Told) -> impl IntoView + use<> {
    let moment = |at: i64| Stamp::of(at).short();
    let end = match told.query.range {
        Range::Between(..) => moment(told.window.to),
        _ => "now".into(),
    };
    view! {
        <span class="span-of">
            <Icon icon=LuCalendar />
            {format!("{} UTC – {end}", moment(told.window.from))}
        </span>
    }
}

fn contents(mut told: Told, drawn: StoredValue<Vec<String>>) -> AnyView {
    if told.gaps.0 >= told.cells.len() {
        return unused();
    }
    let fresh = std::mem::take(&mut told.charts);
    let kept = if cfg!(feature = "ssr") { drawn.get_value() } else { fresh };
    let told = Arc::new(told);
    view! {
        {told.samples.then(samples)}
        {stats::stats(&told)}
        <div class="cols">{board::graphs(&told, kept)} {lines::lines(&told)}</div>
    }
    .into_any()
}

fn samples() -> impl IntoView {
    view! {
        <div class="alert info">
            <p>
                "Some of these calls are made up. Stop the server and run " <code>"switchyard seed --remove"</code>
                " to take them out."
            </p>
        </div>
    }
}

/// Before the first call.
fn unused() -> AnyView {
    view! {
        <div class="card">
            <Empty title="No calls in this time" text="Cost, latency, tokens, errors and users show here once calls are logged.">
                <a class="btn primary" href="/first-steps">
                    "Send a first call"
                </a>
            </Empty>
        </div>
    }
    .into_any()
}
