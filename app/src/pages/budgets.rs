mod alerts;
mod bars;
mod dialogs;
pub mod form;
mod rates;
pub mod words;

use crate::api;
use crate::model::limit::{BudgetRow, Limits};
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Waiting};
use crate::parts::problem::{shown, success_of};
use alerts::AlertList;
use bars::{Bar, Budgets as Bars};
use dialogs::{EditLimit, Release, Remove, Reset};
use icondata_lu::LuPlus;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use rates::Rates;
use words::Ended;

/// What the URL asks for beside the lists: `?new=budget` or `rate`, or a limit's id under `edit`, `remove`, `reset` or
/// `release`, the last two with the `group` of one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    New { rate: bool },
    Edit(String),
    Remove(String),
    Reset(String, String),
    Release(String, String),
}

/// What the page does.
#[derive(Clone, Copy)]
struct Acts {
    put: ServerAction<api::PutLimit>,
    remove: ServerAction<api::RemoveLimit>,
    reset: ServerAction<api::ResetLimit>,
    release: ServerAction<api::ReleaseUnsettled>,
}

/// Every budget as a bar, every rate limit with its present window, and what was told of them.
#[component]
pub fn Budgets() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| asked(|name| query.get(name))));
    let acts = Acts {
        put: ServerAction::new(),
        remove: ServerAction::new(),
        reset: ServerAction::new(),
        release: ServerAction::new(),
    };
    let changes = acts.changes();
    let source = move || changes.map(|change| change.get());
    let limits = Resource::new(source, |_| api::limits());
    let alerts = Resource::new(source, |_| api::alerts());
    view! {
        <Page
            title="Budgets & limits"
            acts=|| {
                view! {
                    <a class="btn" href="/budgets?new=rate">
                        "New rate limit"
                    </a>
                    <a class="btn primary" href="/budgets?new=budget">
                        <Icon icon=LuPlus />
                        "New budget"
                    </a>
                }
            }
        >
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    let told = alerts.await;
                    shown(
                        limits.await,
                        move |limits| {
                            let limits = StoredValue::new(limits);
                            let ended = told.as_ref().map(words::ended).unwrap_or_default();
                            view! {
                                {limits.with_value(|limits| lists(limits, &ended))}
                                {shown(told, |alerts| view! { <AlertList alerts /> })}
                                {move || limits.with_value(|limits| dialog(limits, &asked.get(), acts))}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

fn asked(word: impl Fn(&str) -> Option<String>) -> Asked {
    let group = || word("group").unwrap_or_default();
    let named = word("release").map(|id| Asked::Release(id, group()));
    let named = named.or_else(|| word("reset").map(|id| Asked::Reset(id, group())));
    let named = named.or_else(|| word("remove").map(Asked::Remove)).or_else(|| word("edit").map(Asked::Edit));
    named.or_else(|| word("new").map(|kind| Asked::New { rate: kind == "rate" })).unwrap_or(Asked::Nothing)
}

impl Acts {
    /// Each changes when one of the acts has succeeded.
    fn changes(self) -> [Memo<usize>; 4] {
        let Self { put, remove, reset, release } = self;
        [success_of(put), success_of(remove), success_of(reset), success_of(release)]
    }
}

fn lists(limits: &Limits, ended: &[Ended]) -> AnyView {
    if limits.budgets.is_empty() && limits.rates.is_empty() {
        return view! {
            <Empty
                title="No limits yet"
                text="A budget bounds what a key, a provider, the workspace or calls with certain metadata may spend. A rate limit bounds how many calls or tokens there may be in a span of time."
            >
                <a class="btn" href="/budgets?new=budget">
                    "New budget"
                </a>
                <a class="btn" href="/budgets?new=rate">
                    "New rate limit"
                </a>
            </Empty>
        }
        .into_any();
    }
    let (mut budgets, mut rates) = (limits.budgets.clone(), limits.rates.clone());
    // The fullest first.
    budgets.sort_by_key(|row| std::cmp::Reverse(words::fullness(row.spent + row.reserved + row.unsettled, row.limit)));
    rates.sort_by_key(|row| std::cmp::Reverse(words::fullness(words::whole(row.used), words::whole(row.value))));
    let bars = budgets.into_iter().map(|row| Bar { refuses: words::refuses(&row, ended), row }).collect::<Vec<_>>();
    view! {
        {bars::stats(&bars)}
        {(!bars.is_empty()).then(|| view! { <Bars bars now=limits.now /> })}
        {(!rates.is_empty()).then(|| view! { <Rates rows=rates /> })}
    }
    .into_any()
}

fn dialog(limits: &Limits, asked: &Asked, acts: Acts) -> AnyView {
    let budget = |id: &str, group: &str| -> Option<BudgetRow> {
        limits.budgets.iter().find(|row| row.id == id && row.group == group).cloned()
    };
    let choices = form::Choices { keys: limits.keys.clone(), providers: limits.providers.clone() };
    let any_budget = |id: &str| limits.budgets.iter().find(|row| row.id == id && !row.origin.locked());
    let any_rate = |id: &str| limits.rates.iter().find(|row| row.id == id && !row.origin.locked());
    match asked {
        Asked::Nothing => ().into_any(),
        Asked::New { rate } => {
            let start = form::blank(*rate);
            view! { <EditLimit put=acts.put start choices /> }.into_any()
        }
        Asked::Edit(id) => {
            let start = any_budget(id).map(form::of_budget).or_else(|| any_rate(id).map(form::of_rate));
            start.map(|start| view! { <EditLimit put=acts.put start choices /> }).into_any()
        }
        Asked::Remove(id) => {
            let name = any_budget(id).map(|row| row.name.clone()).or_else(|| any_rate(id).map(|row| row.name.clone()));
            name.map(|name| view! { <Remove remove=acts.remove id=id.clone() name /> }).into_any()
        }
        Asked::Reset(id, group) => budget(id, group).map(|row| view! { <Reset reset=acts.reset row /> }).into_any(),
        Asked::Release(id, group) => {
            budget(id, group).map(|row| view! { <Release release=acts.release row /> }).into_any()
        }
    }
}
