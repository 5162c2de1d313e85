//! The rows, newest first, and the ways to older and newer ones.

use super::figures::{asked_instead, clock, cost, duration, model, total};
use super::fresh::fresh;
use super::url;
use crate::model::log::{LogPage, LogQuery, LogRow};
use crate::model::money::grouped;
use crate::parts::badge::Tile;
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Wide};
use crate::parts::time::Stamp;
use icondata_lu::{LuArrowDown, LuArrowRight};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

#[component]
pub fn Rows(page: LogPage, query: LogQuery) -> impl IntoView {
    let newest = page.newer.is_none().then(|| page.rows.first().map(|row| row.id.clone()).unwrap_or_default());
    let fresh = newest.map(|newest| fresh(&newest, &url::first_page(&query)));
    let sum = view! {
        <header class="sum">
            <p>
                <b>{grouped(page.matched)}</b>
                <span class="muted">{format!(" of {}", grouped(page.total))}</span>
            </p>
            {fresh}
            <p class="muted">{format!("{} · {} tokens", page.cost.total_text(), total(page.tokens))}</p>
        </header>
    };
    let list = if page.rows.is_empty() {
        nothing(&page, &query).into_any()
    } else {
        view! { <Table rows=page.rows query=query.clone() /> }.into_any()
    };
    view! {
        <section class="list" aria-label="Calls">
            {sum} {list} <Pager newer=page.newer older=page.older query />
        </section>
    }
}

#[component]
fn Table(rows: Vec<LogRow>, query: LogQuery) -> impl IntoView {
    let path = use_location().pathname;
    let opened = Memo::new(move |_| path.with(|path| path.strip_prefix("/logs/").unwrap_or_default().to_owned()));
    view! {
        <Wide label="Calls, newest first">
            <table class="table">
                <caption>"Calls, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col" class="at-status">
                            <span class="unseen">"Status"</span>
                        </th>
                        <th scope="col" class="at-time" aria-sort="descending">
                            <span class="row">"Time" <Icon icon=LuArrowDown class="s" /></span>
                        </th>
                        <th scope="col" class="at-model">
                            "Model"
                        </th>
                        <th scope="col" class="at-key">
                            "Key"
                        </th>
                        <th scope="col" class="at-first num">
                            "First token"
                        </th>
                        <th scope="col" class="at-latency num">
                            "Latency"
                        </th>
                        <th scope="col" class="at-tokens num">
                            "Tokens in / out"
                        </th>
                        <th scope="col" class="at-cost num">
                            "Cost"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row query=query.clone() opened /> }).collect_view()}</tbody>
            </table>
        </Wide>
    }
}

/// The model's link covers the whole row.
#[component]
fn Row(row: LogRow, query: LogQuery, opened: Memo<String>) -> impl IntoView {
    let id = row.id.clone();
    let is_open = Memo::new(move |_| opened.with(|opened| *opened == id));
    let stamp = Stamp::of(row.at);
    let instead = asked_instead(&row).map(|asked| {
        view! {
            <span class="asked">{asked.to_owned()}</span>
            <Icon icon=LuArrowRight class="s" />
        }
    });
    let chips = row.chips().into_iter().map(|chip| {
        view! {
            <span class="badge" title=chip.title>
                {chip.text}
            </span>
        }
    });
    let chips = chips.collect_view();
    view! {
        <tr aria-selected=move || is_open.get().then_some("true")>
            <td class="at-status">
                {status(&row)}
            </td>
            <td class="at-time muted">
                <time datetime=stamp.iso() title=stamp.exact()>
                    {clock(row.at)}
                </time>
            </td>
            <th scope="row" class="at-model">
                <a href=url::open(&row.id, &query, "") aria-current=move || is_open.get().then_some("true")>
                    <Tile letters=row.tile.clone() />
                    {instead}
                    <span class="trim">{model(&row).to_owned()}</span>
                    {chips}
                </a>
                <small>{format!("{} · {}", clock(row.at), row.key_name)}</small>
            </th>
            <td class="at-key soft trim">{row.key_name.clone()}</td>
            <td class="at-first num soft">{row.first_token_us.map_or_else(|| "–".into(), duration)}</td>
            <td class="at-latency num">{duration(row.latency_us)}</td>
            <td class="at-tokens num soft">
                {grouped(row.tokens_in)} <span class="muted">" / "</span> {grouped(row.tokens_out)}
            </td>
            <td class="at-cost num" class:muted=row.cost.is_none()>
                {cost(&row)}
            </td>
        </tr>
    }
}

/// The status answered. A call without one was cut by a crash; a stream may fail after its 200.
pub fn status(row: &LogRow) -> impl IntoView + use<> {
    let class = match (row.status, row.outcome.as_str()) {
        (0 | 500.., _) | (_, "failed" | "interrupted") if !(400..500).contains(&row.status) => "status bad",
        (400..500, _) | (_, "cancelled") => "status warn",
        _ => "status",
    };
    let title = match row.outcome.as_str() {
        "interrupted" => "The gateway stopped during the call",
        "cancelled" => "The caller left before the end",
        "failed" if row.status < 400 => "The answer broke off",
        _ => "",
    };
    let text = if row.status == 0 { "cut".to_owned() } else { row.status.to_string() };
    view! {
        <span class=class title=(!title.is_empty()).then_some(title)>
            {text}
        </span>
    }
}

#[component]
fn Pager(newer: Option<String>, older: Option<String>, query: LogQuery) -> impl IntoView {
    let first = url::first_page(&query);
    let newest = newer.is_some().then(|| url::list(&first));
    let newer = newer.map(|id| url::list(&LogQuery { after: Some(id), ..first.clone() }));
    let older = older.map(|id| url::list(&LogQuery { before: Some(id), ..first.clone() }));
    view! {
        <nav class="pager" aria-label="Pages">
            {newest
                .map(|href| {
                    view! {
                        <a class="btn quiet sm" href=href>
                            "Newest"
                        </a>
                    }
                })}
            <span class="push row">{step("Newer", newer)} {step("Older", older)}</span>
        </nav>
    }
}

fn step(label: &'static str, href: Option<String>) -> AnyView {
    match href {
        Some(href) => view! {
            <a class="btn sm" href=href>
                {label}
            </a>
        }
        .into_any(),
        None => view! {
            <span class="btn sm off" aria-disabled="true" role="link">
                {label}
            </span>
        }
        .into_any(),
    }
}

fn nothing(page: &LogPage, query: &LogQuery) -> impl IntoView + use<> {
    if page.total == 0 {
        return view! {
            <Empty
                title="No calls in this range"
                text="Every call made with an API key is logged here, with its bodies, its cost and its time. Choose a longer range, or send a first request."
            >
                <a class="btn primary" href="/first-steps">
                    "Send a first request"
                </a>
            </Empty>
        }
        .into_any();
    }
    let all = url::list(&url::unfiltered(query));
    view! {
        <div class="empty">
            <h2>"No call matches"</h2>
            <p>{format!("Drop a filter above. Without filters, {} calls of this range come back.", grouped(page.total))}</p>
            <div class="row">
                <a class="btn" href=all>
                    "Clear filters"
                </a>
            </div>
        </div>
    }
    .into_any()
}
