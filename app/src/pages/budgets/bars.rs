//! Budgets as bars.

use super::words::{amount, behind, each, limit, whose};
use crate::model::limit::BudgetRow;
use crate::parts::badge::OriginBadge;
use crate::parts::icon::Icon;
use crate::parts::meter::{Gauge, Meter};
use crate::parts::page::Wide;
use crate::parts::time::Time;
use icondata_core::Icon as IconData;
use icondata_lu::{LuCircleX, LuPencil, LuRotateCcw, LuScrollText, LuTrash2, LuTriangleAlert};
use leptos::prelude::*;

/// One budget's counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub row: BudgetRow,
    /// Nothing is left of it, or what is did not cover a call.
    pub refuses: bool,
}

/// How many are well, and what waits for a person.
pub fn stats(bars: &[Bar]) -> impl IntoView + use<> {
    let full = bars.iter().filter(|bar| bar.refuses).count();
    let past = bars.iter().filter(|bar| !bar.refuses && alerted(&bar.row)).count();
    let held = bars.iter().filter(|bar| bar.row.reserved > 0).count();
    let unsettled = bars.iter().filter(|bar| bar.row.unsettled > 0).count();
    let unsettled = match unsettled {
        0 => "nothing is unsettled".to_owned(),
        some => format!("{some} with unsettled amounts"),
    };
    let stat = |name: &'static str, value: usize, was: String| {
        view! {
            <div class="stat">
                <span class="name">{name}</span>
                <span class="value">{value}</span>
                <span class="was">{was}</span>
            </div>
        }
    };
    view! {
        <section class="stats three" aria-label="Budgets at a glance">
            {stat("Used up", full, format!("of {} budgets; their calls are refused", bars.len()))}
            {stat("Past their alert", past, "calls go on".into())}
            {stat("Held for calls in flight", held, unsettled)}
        </section>
    }
}

#[component]
pub fn Budgets(bars: Vec<Bar>, now: i64) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="budgets">
            <header>
                <h2 id="budgets">"Budgets"</h2>
                <ul class="legend push">
                    <li>
                        <span class="key spent"></span>
                        "spent"
                    </li>
                    <li>
                        <span class="key held"></span>
                        "held"
                    </li>
                    <li>
                        <span class="key left"></span>
                        "left"
                    </li>
                </ul>
            </header>
            <Wide label="Budgets, fullest first">
                <table class="table budgets">
                    <caption>"Budgets, fullest first"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Budget"</th>
                            <th scope="col">
                                <span class="unseen">"Used"</span>
                            </th>
                            <th scope="col" class="num">
                                "Spent"
                            </th>
                            <th scope="col" class="num">
                                "Held"
                            </th>
                            <th scope="col" class="num">
                                "Left"
                            </th>
                            <th scope="col" class="num">
                                "Limit"
                            </th>
                            <th scope="col">"Resets"</th>
                            <th scope="col">"Alert"</th>
                            <th scope="col">
                                <span class="unseen">"Acts"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{bars.into_iter().map(|bar| view! { <Row bar now /> }).collect_view()}</tbody>
                </table>
            </Wide>
        </section>
    }
}

#[component]
fn Row(bar: Bar, now: i64) -> impl IntoView {
    let Bar { row, refuses } = bar;
    let gauge = Gauge { limit: row.limit, spent: row.spent, held: row.reserved + row.unsettled, warn: row.alert };
    let text = |figure: i64| amount(&row.unit, figure);
    let held = if row.reserved == 0 { "–".to_owned() } else { text(row.reserved) };
    let unsettled = (row.unsettled > 0).then(|| {
        view! { <small class="warning">{format!("{} unsettled", text(row.unsettled))}</small> }
    });
    let unpriced = (row.unpriced > 0).then(|| {
        let calls = if row.unpriced == 1 { "1 call".to_owned() } else { format!("{} calls", row.unpriced) };
        view! { <small class="warning">{format!("{calls} without a price not counted")}</small> }
    });
    let overshoot =
        (row.overshoot > 0).then(|| view! { <small class="warning">{format!("{} over", text(row.overshoot))}</small> });
    let mode = (!row.exact).then(
        || view! { <span class="badge" title="An expected size is reserved, so it may be overshot.">"estimate"</span> },
    );
    let resets = match row.resets_at {
        Some(at) => view! { <Time at /> }.into_any(),
        None => "by hand".into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                <span class="row">{row.name.clone()} <OriginBadge origin=row.origin /> {mode}</span>
                <small>{whose(&row.whose, &row.conditions, &row.group_by, &row.group_words)}</small>
            </th>
            <td class="gauge">
                <Meter gauge />
            </td>
            <td class="num">{text(row.spent)} {unpriced}</td>
            <td class="num soft">{held} {unsettled}</td>
            <td class="num strong">{text(row.left.max(0))} {overshoot}</td>
            <td class="num soft">
                {limit(&row)} " " <span class="muted">{each(&row.reset)}</span>
            </td>
            <td class="soft">{resets}</td>
            <td>{alert(&row, refuses)}</td>
            <td class="num">{acts(&row, now)}</td>
        </tr>
    }
}

fn alert(row: &BudgetRow, refuses: bool) -> AnyView {
    let at = row.alert.map(|alert| format!("at {}", amount(&row.unit, alert)));
    match at {
        _ if refuses => view! {
            <span class="badge bad">
                <Icon icon=LuCircleX />
                "Calls are refused"
            </span>
        }
        .into_any(),
        Some(at) if alerted(row) => view! {
            <span class="badge warn">
                <Icon icon=LuTriangleAlert />
                {format!("past its alert {at}")}
            </span>
        }
        .into_any(),
        Some(at) => view! { <span class="muted">{at}</span> }.into_any(),
        None => view! { <span class="muted">"when used up"</span> }.into_any(),
    }
}

fn acts(row: &BudgetRow, now: i64) -> impl IntoView + use<> {
    let called =
        if row.group_words.is_empty() { row.name.clone() } else { format!("{} for {}", row.name, row.group_words) };
    let act = move |icon: IconData, word: &'static str, href: String| {
        view! {
            <a class="btn quiet icon sm" href=href title=word>
                <Icon icon />
                <span class="unseen">{format!("{word} {called}")}</span>
            </a>
        }
    };
    let of = |word: &str| format!("/budgets?{word}={}&group={}", row.id, encoded(&row.group));
    let own = !row.origin.locked();
    view! {
        <span class="row acts">
            {act.clone()(LuScrollText, "Calls behind", behind(row, now))}
            {(row.unsettled > 0)
                .then(|| {
                    view! {
                        <a class="btn sm" href=of("release")>
                            "Release"
                        </a>
                    }
                })} {act.clone()(LuRotateCcw, "Reset", of("reset"))}
            {own.then(|| act.clone()(LuPencil, "Edit", format!("/budgets?edit={}", row.id)))}
            {own.then(|| act(LuTrash2, "Remove", format!("/budgets?remove={}", row.id)))}
        </span>
    }
}

/// A value of a query.
fn encoded(text: &str) -> String {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if safe(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn alerted(row: &BudgetRow) -> bool {
    row.alert.is_some_and(|alert| row.spent >= alert)
}
