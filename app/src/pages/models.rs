//! Every model as it is called, with what it costs.

mod dialogs;
pub mod recompute;
mod row;
mod url;

use crate::api;
use crate::model::models::{ModelPage, ModelQuery, NOW, PAGE, Show, Sort};
use crate::model::money::grouped;
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Waiting, Wide};
use crate::parts::problem::{Problem, failure_of, shown, success_of};
use dialogs::{Add, Price, Remove};
use icondata_lu::{LuPlus, LuSearch, LuTriangleAlert};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use row::row;
use url::Asked;

/// What can be done here.
#[derive(Clone, Copy)]
struct Acts {
    switch: ServerAction<api::SwitchModel>,
    add: ServerAction<api::AddModel>,
    price: ServerAction<api::SetPrice>,
    remove: ServerAction<api::RemoveModel>,
}

#[component]
pub fn Models() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(url::read));
    let asked = Memo::new(move |_| params.with(url::asked));
    let acts = Acts {
        switch: ServerAction::new(),
        add: ServerAction::new(),
        price: ServerAction::new(),
        remove: ServerAction::new(),
    };
    let done = (success_of(acts.switch), success_of(acts.add), success_of(acts.price), success_of(acts.remove));
    let source = move || (query.get(), done.0.get(), done.1.get(), done.2.get(), done.3.get());
    let models = Resource::new(source, |(query, ..)| api::models(query));
    view! {
        <Page
            title="Models"
            acts=move || {
                view! {
                    <a class="btn" href="/models/recompute">
                        "Recompute costs"
                    </a>
                    <a class="btn primary" href=move || url::with(&query.get(), "add", "1")>
                        <Icon icon=LuPlus />
                        "Add model"
                    </a>
                }
            }
        >
            <Problem failure=failure_of(acts.switch) />
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    let query = query.get_untracked();
                    shown(
                        models.await,
                        move |page| {
                            let page = StoredValue::new(page);
                            let back = query.clone();
                            view! {
                                {page.with_value(|page| list(page, &query, acts))}
                                {move || page.with_value(|page| dialog(page, &back, &asked.get(), acts))}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

fn dialog(page: &ModelPage, query: &ModelQuery, asked: &Asked, acts: Acts) -> Option<AnyView> {
    if !page.editable {
        return None;
    }
    let back = url::list(query);
    match asked {
        Asked::List => None,
        Asked::Add => {
            let providers = page.providers.clone();
            Some(view! { <Add add=acts.add providers back /> }.into_any())
        }
        Asked::Price(name) => {
            let row = page.rows.iter().find(|row| row.name() == *name && !row.locked)?.clone();
            Some(view! { <Price set=acts.price row back /> }.into_any())
        }
        Asked::Remove(name) => {
            let row = page.rows.iter().find(|row| row.name() == *name && row.custom && !row.locked)?.clone();
            Some(view! { <Remove remove=acts.remove row back /> }.into_any())
        }
    }
}

fn list(page: &ModelPage, query: &ModelQuery, acts: Acts) -> AnyView {
    view! {
        <div class="models-tools">
            {search(query)} {segments(page, query)}
        </div>
        {misread(page)}
        {unpriced(page)}
        {table(page, query, acts)}
    }
    .into_any()
}

fn search(query: &ModelQuery) -> impl IntoView + use<> {
    view! {
        <form method="get" action="/models" role="search">
            <label class="input">
                <Icon icon=LuSearch />
                <span class="unseen">"Find models"</span>
                <input
                    type="search"
                    name="find"
                    placeholder="Name, provider:cerebras, context>100k, output<2"
                    autocomplete="off"
                    spellcheck="false"
                    value=query.find.clone()
                />
            </label>
            {(query.show != Show::All).then(|| view! { <input type="hidden" name="show" value=query.show.word() /> })}
            {(query.sort != Sort::Calls).then(|| view! { <input type="hidden" name="sort" value=query.sort.word() /> })}
        </form>
    }
}

fn segments(page: &ModelPage, query: &ModelQuery) -> impl IntoView + use<> {
    let link = |(show, count): (Show, u32)| {
        let label = match show {
            Show::All => "All",
            Show::On => "On",
            Show::Own => "Own price",
            Show::Unpriced => "Unpriced",
        };
        let href = url::list(&ModelQuery { show, page: 0, ..query.clone() });
        view! {
            <a href=href aria-current=(show == query.show).then_some("true")>
                {label}
                <span class="muted">{grouped(count.into())}</span>
            </a>
        }
    };
    let links: Vec<_> = Show::ALL.into_iter().zip(page.counts).map(link).collect();
    view! {
        <nav class="segments filter" aria-label="Models shown">
            {links}
        </nav>
    }
}

fn misread(page: &ModelPage) -> Option<impl IntoView + use<>> {
    let words = page.misread.join(" ");
    (!words.is_empty()).then(|| {
        view! {
            <p class="misread" role="alert">
                {format!(
                    "“{words}” is not a filter. Use part of a name, provider:slug, context>100k, input<1 or output<2 (dollars a million).",
                )}
            </p>
        }
    })
}

fn unpriced(page: &ModelPage) -> Option<impl IntoView + use<>> {
    let calls = page.unpriced_calls;
    let words = if calls == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(calls)) };
    (calls > 0).then(|| {
        view! {
            <div class="alert warn" role="status">
                <Icon icon=LuTriangleAlert />
                <p>
                    <strong>{format!("{words} of the last 24 h went to models without a price. ")}</strong>
                    "They count in no sum of money until a price is set, and what was called before keeps no cost until it is "
                    <a href="/models/recompute">"recomputed"</a> "."
                </p>
                <a class="btn sm" href="/models?show=unpriced">
                    "Show them"
                </a>
            </div>
        }
    })
}

fn table(page: &ModelPage, query: &ModelQuery, acts: Acts) -> AnyView {
    if page.rows.is_empty() {
        return view! {
            <Empty
                title="No model matches"
                text="Look for part of a name, or add a model that the price data does not know yet."
            >
                <a class="btn" href="/models">
                    "All models"
                </a>
            </Empty>
        }
        .into_any();
    }
    let head = head(query);
    let rows: Vec<_> = page.rows.iter().map(|one| row(one, query, page.editable, acts.switch)).collect();
    view! {
        <section class="card" aria-label="Models">
            <Wide label="Models of this workspace">
                <table class="table models">
                    <caption>"Models of this workspace"</caption>
                    {head}
                    <tbody>{rows}</tbody>
                </table>
            </Wide>
            {foot(page, query)}
        </section>
    }
    .into_any()
}

fn head(query: &ModelQuery) -> impl IntoView + use<> {
    let sorted = |sort: Sort, label: &'static str, class: &'static str| {
        let chosen = query.sort == sort;
        let href = url::list(&ModelQuery { sort, page: 0, ..query.clone() });
        let order = if sort == Sort::Name { "ascending" } else { "descending" };
        view! {
            <th scope="col" class=class aria-sort=if chosen { order } else { "none" }>
                <a href=href>{label} {chosen.then(|| if sort == Sort::Name { " ↑" } else { " ↓" })}</a>
            </th>
        }
    };
    view! {
        <thead>
            <tr>
                <th scope="col">"On"</th>
                {sorted(Sort::Name, "Called as", "")}
                <th scope="col">"Provider"</th>
                {sorted(Sort::Context, "Context", "num")}
                {sorted(Sort::Input, "Input / M", "num")}
                <th scope="col" class="num">
                    "Cached / M"
                </th>
                {sorted(Sort::Output, "Output / M", "num")}
                <th scope="col" class="num">
                    "p50 now"
                </th>
                <th scope="col" class="num">
                    "Failed now"
                </th>
                {sorted(Sort::Calls, "Calls, 24 h", "num")}
                <th scope="col">
                    <span class="unseen">"Acts"</span>
                </th>
            </tr>
        </thead>
    }
}

fn foot(page: &ModelPage, query: &ModelQuery) -> impl IntoView + use<> {
    let first = query.page * PAGE;
    let last = first + u32::try_from(page.rows.len()).unwrap_or(0);
    let step = |to: Option<u32>, label: &'static str| {
        to.map(|page| {
            let href = url::list(&ModelQuery { page, ..query.clone() });
            view! {
                <a class="btn sm" href=href>
                    {label}
                </a>
            }
        })
    };
    let place = format!("{}–{last} of {}", first + 1, grouped(page.found.into()));
    view! {
        <footer>
            <p>
                {format!(
                    "US dollars per million tokens, as of today. A list price is struck through where an own one holds. Now is the last {NOW} min.",
                )}
            </p>
            <nav class="row push" aria-label="Pages of models">
                <span>{place}</span>
                {step(query.page.checked_sub(1), "Previous")}
                {step(Some(query.page + 1).filter(|_| last < page.found), "Next")}
            </nav>
        </footer>
    }
}
