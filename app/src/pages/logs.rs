//! The list of calls; one call opens beside it as the nested route.

pub mod figures;
pub mod url;

mod facets;
mod filter;
mod fresh;
pub mod rows;
mod strip;

use crate::api;
use crate::failure::Failure;
use crate::model::log::{LogPage, LogQuery};
use crate::model::range::Range;
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::shown;
use facets::facets;
use filter::FilterBar;
use fresh::Live;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_query_map;
use rows::Rows;
use strip::strip;

/// What the page shows, or why it cannot.
type Found = Resource<Result<LogPage, Failure>>;

#[component]
pub fn Logs() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(url::read));
    let found: Found = Resource::new(move || query.get(), api::logs);
    let tools = move || {
        view! {
            <Ranges query />
            <Live />
        }
    };
    view! {
        <Page title="Logs" bare=true tools=tools>
            <div class="logs">
                <FilterBar query found />
                <Transition fallback=|| view! { <Waiting lines=14 /> }>
                    {move || Suspend::new(async move {
                        let answer = found.await;
                        shown(answer, |page| show(page, query.get_untracked()))
                    })}
                </Transition>
                <Outlet />
            </div>
        </Page>
    }
}

fn show(page: LogPage, query: LogQuery) -> impl IntoView {
    view! {
        {strip(&page, &query)}
        {facets(&page, &query)}
        <Rows page query />
    }
}

/// The range of the whole page; every other filter stays.
#[component]
fn Ranges(query: Memo<LogQuery>) -> impl IntoView {
    let choice = move |range: Range| {
        let href = move || url::list(&LogQuery { range, ..query.with(url::first_page) });
        let current = move || query.with(|query| query.range == range).then_some("true");
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
