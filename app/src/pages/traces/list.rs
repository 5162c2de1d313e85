//! The list of traces: two lines each.

use super::url;
use crate::model::log::LogQuery;
use crate::model::money::grouped;
use crate::model::range::Range;
use crate::model::trace::{Health, TracePage, TraceQuery, TraceRow};
use crate::pages::logs::figures::{clock, duration};
use crate::parts::page::Empty;
use crate::parts::time::Stamp;
use leptos::prelude::*;

pub fn list(page: TracePage, query: &TraceQuery, opened: Memo<String>) -> impl IntoView + use<> {
    let paused = page.paused.then(|| {
        view! { <p class="muted paused">"The newest 200,000 calls were searched. Older ones may follow."</p> }
    });
    let body = if page.rows.is_empty() && page.older.is_none() {
        nothing(query).into_any()
    } else {
        let rows = page.rows.iter().map(|row| line(row, query, opened)).collect_view();
        view! { <ol>{rows}</ol> }.into_any()
    };
    view! {
        {body}
        {paused}
        {pager(page.older, query)}
    }
}

fn line(row: &TraceRow, query: &TraceQuery, opened: Memo<String>) -> impl IntoView + use<> {
    let stamp = Stamp::of(row.at);
    let within_a_day = matches!(query.calls.range, Range::Hour | Range::Day);
    let place = url::segment(&row.trace);
    let current = move || opened.with(|opened| *opened == place).then_some("page");
    view! {
        <li>
            <a href=url::open(&row.trace, query) aria-current=current>
                {lamp(row.health)} <b class="trim">{row.name.clone()}</b>
                <time class="muted" datetime=stamp.iso() title=stamp.exact()>
                    {if within_a_day { clock(row.at) } else { moment(stamp) }}
                </time> <small class="muted">{format!("{} · {} tokens", spans(row), grouped(row.tokens_in + row.tokens_out))}</small>
                <small class="soft num">{format!("{} · {}", duration(row.duration_us), cost(row))}</small>
            </a>
        </li>
    }
}

/// By shape and word: never by colour alone.
pub fn lamp(health: Health) -> impl IntoView {
    let class = match health {
        Health::Good => "dot ok",
        Health::Refused => "dot warn",
        Health::Failed => "dot bad",
    };
    view! {
        <span class=class title=health.word()>
            <span class="unseen">{health.word()}</span>
        </span>
    }
}

pub fn spans(row: &TraceRow) -> String {
    match row.spans {
        1 => "1 call".into(),
        _ if row.cut => format!("{}+ calls", grouped(row.spans)),
        many => format!("{} calls", grouped(many)),
    }
}

/// Of the priced calls; a trace of unpriced ones is never free.
pub fn cost(row: &TraceRow) -> String {
    match row.unpriced {
        0 => row.cost.call_text(),
        _ if row.cost.0 == 0 => "unpriced".into(),
        _ => format!("{} and unpriced", row.cost.call_text()),
    }
}

/// `24 Nov, 17:59:12`.
fn moment(stamp: Stamp) -> String {
    let Stamp { day, hour, minute, second, .. } = stamp;
    format!("{day} {}, {hour:02}:{minute:02}:{second:02}", stamp.month_name())
}

fn pager(older: Option<String>, query: &TraceQuery) -> Option<impl IntoView + use<>> {
    let to = |before: Option<String>| {
        url::list(&TraceQuery { calls: LogQuery { before, ..query.calls.clone() }, ..query.clone() })
    };
    let newest = query.calls.before.is_some().then(|| {
        view! {
            <a class="btn quiet sm" href=to(None)>
                "Newest"
            </a>
        }
    });
    if newest.is_none() && older.is_none() {
        return None;
    }
    let older = older.map(|id| {
        view! {
            <a class="btn sm push" href=to(Some(id))>
                "Older"
            </a>
        }
    });
    Some(view! {
        <nav class="pager" aria-label="Pages">
            {newest}
            {older}
        </nav>
    })
}

fn nothing(query: &TraceQuery) -> impl IntoView + use<> {
    let all =
        TraceQuery { calls: LogQuery { range: query.calls.range, ..LogQuery::default() }, ..TraceQuery::default() };
    if all == *query {
        return view! {
            <Empty
                title="No traces in this range"
                text="Every call stands in a trace, its own or one that it shares. Choose a longer range, or send a first request."
            >
                <a class="btn" href="/first-steps">
                    "Send a first request"
                </a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <div class="empty">
            <h2>"No trace matches"</h2>
            <p>"Drop a filter above, or choose a longer range."</p>
            <div class="row">
                <a class="btn" href=url::list(&all)>
                    "Clear filters"
                </a>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::money::Nanos;

    #[test]
    fn what_is_not_priced_is_said() {
        let row = |cost, unpriced, spans, cut| TraceRow {
            trace: "t".into(),
            name: "n".into(),
            at: 0,
            duration_us: 0,
            spans,
            cut,
            cost: Nanos(cost),
            unpriced,
            tokens_in: 0,
            tokens_out: 0,
            health: Health::Good,
        };
        for (row, told) in [
            (row(7_670_000, 0, 1, false), "1 call, $0.00767"),
            (row(0, 0, 18, false), "18 calls, $0"),
            (row(0, 2, 5_000, true), "5,000+ calls, unpriced"),
            (row(7_670_000, 2, 3, false), "3 calls, $0.00767 and unpriced"),
        ] {
            assert_eq!(format!("{}, {}", spans(&row), cost(&row)), told);
        }
    }
}
