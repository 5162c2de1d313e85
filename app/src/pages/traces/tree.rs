//! One trace along the time it took: a line a span.

use super::list::{cost, lamp, spans};
use crate::model::log::LogQuery;
use crate::model::money::grouped;
use crate::model::range::{MINUTE, Range};
use crate::model::trace::{Health, Span, TraceDetail, TraceRow};
use crate::pages::logs::figures::{duration, short_id};
use crate::pages::logs::url;
use crate::parts::badge::Tile;
use crate::parts::copy::Copy;
use crate::parts::icon::Icon;
use crate::parts::page::Wide;
use crate::parts::scale::Scale;
use crate::parts::time::Time;
use icondata_lu::{LuChevronDown, LuEye};
use leptos::prelude::*;

/// `here` is the address of the trace itself.
pub fn tree(detail: &TraceDetail, here: &str) -> impl IntoView + use<> {
    let row = &detail.row;
    let query = around(row);
    let scale = Scale::over(row.duration_us);
    let lines = detail.spans.iter().zip(above(&detail.spans)).enumerate();
    let lines = lines.map(|(at, (span, above))| line(span, scale, &query, Fold { at, above, here })).collect_view();
    let calls = detail.spans.iter().filter(|span| span.attempt.is_none()).count();
    let whole = usize::try_from(row.spans).unwrap_or(usize::MAX);
    let left = (whole > calls).then(|| {
        let told = format!("The first {calls} calls are drawn. ");
        view! {
            <p class="muted rest">
                {told}
                <a class="link" href=url::list(&query)>
                    "All of them are in the logs"
                </a>
            </p>
        }
    });
    let ticks = scale.ticks().into_iter().map(|(at, text)| view! { <li style=format!("--at:{at}%")>{text}</li> });
    view! {
        {head(detail, &query)}
        <Wide label="Spans in the order of start">
            <table class="table spans">
                <caption>"Spans in the order of start"</caption>
                <colgroup>
                    <col class="who" />
                    <col />
                    <col class="sum" />
                </colgroup>
                <thead>
                    <tr>
                        <th scope="col">"Span"</th>
                        <th scope="col" class="axis">
                            <span class="unseen">"Time"</span>
                            <ul aria-hidden="true">{ticks.collect_view()}</ul>
                        </th>
                        <th scope="col" class="num">
                            "Cost"
                        </th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
            {left}
        </Wide>
    }
}

fn head(detail: &TraceDetail, query: &LogQuery) -> impl IntoView + use<> {
    let row = &detail.row;
    let figures = [
        ("Duration", Some(duration(row.duration_us))),
        ("Cost", Some(cost(row))),
        ("Tokens in / out", Some(format!("{} / {}", grouped(row.tokens_in), grouped(row.tokens_out)))),
        ("Calls", Some(spans(row).replace(" calls", "").replace(" call", ""))),
        ("User", detail.user.clone()),
    ];
    let figure = |(name, value): (&'static str, Option<String>)| {
        value.map(|value| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd class="trim">{value}</dd>
                </div>
            }
        })
    };
    view! {
        <header class="trace-head">
            <div>
                <h2 class="row">{lamp(row.health)} <span class="trim">{row.name.clone()}</span></h2>
                <p class="muted row">
                    <span class="mono trim" title=row.trace.clone()>
                        {short_id(&row.trace)}
                    </span> <Copy text=row.trace.clone() what="the trace id" quiet=true /> <Time at=row.at />
                </p>
            </div>
            <dl>{figures.into_iter().map(figure).collect_view()}</dl>
            <a class="btn sm push" href=url::list(query)>
                "Open in logs"
            </a>
        </header>
    }
}

/// Where a line stands in the tree; `hands/fold.rs` folds it.
struct Fold<'a> {
    at: usize,
    here: &'a str,
    /// The lines that it lies below.
    above: Vec<usize>,
}

/// For each span the places of those that it lies below, the root first.
fn above(spans: &[Span]) -> Vec<Vec<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let each = spans.iter().enumerate().map(|(at, span)| {
        while open.last().is_some_and(|last| spans[*last].depth >= span.depth) {
            open.pop();
        }
        let above = open.clone();
        open.push(at);
        above
    });
    each.collect()
}

/// Hides what lies below a span, or shows it again.
fn folder(name: &str, at: usize) -> impl IntoView + use<> {
    let label = format!("What lies below {name}");
    view! {
        <button type="button" class="fold scripted" aria-expanded="true" aria-label=label data-fold=at.to_string()>
            <Icon icon=LuChevronDown class="s" />
        </button>
    }
}

/// The name's link covers the whole line and opens the call's log.
fn line(span: &Span, scale: Scale, query: &LogQuery, fold: Fold<'_>) -> impl IntoView + use<> {
    let Fold { at, above, here } = fold;
    let glance = format!("{here}&span={}", span.log);
    let called = format!("Look at {}", span.name);
    let above = above.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let tab = if span.attempt.is_some() { "attempts" } else { "" };
    let from = scale.percent(span.started_us);
    let to = scale.percent(span.started_us + span.latency_us);
    let class = match span.health {
        Health::Failed | Health::Refused if !span.group => "fail",
        _ if span.group => "group",
        _ if span.cached => "hit",
        _ => "run",
    };
    let flips = from.whole() + to.whole() > 100;
    let sign = (span.health != Health::Good).then(|| lamp(span.health));
    let tokens = format!("{} tokens in, {} out", grouped(span.tokens_in), grouped(span.tokens_out));
    let paid = span.cost.map_or_else(
        || if span.tokens_in + span.tokens_out > 0 { "unpriced" } else { "" }.into(),
        |cost| cost.call_text(),
    );
    view! {
        <tr data-above=above>
            <th scope="row">
                <span class="who" style=format!("--deep:{}", span.depth)>
                    {span.group.then(|| folder(&span.name, at))}
                    {sign} <a href=url::open(&span.log, query, tab) class="trim">
                        {span.name.clone()}
                    </a> <Tile letters=span.tile.clone() /> <span class="muted trim">{span.aside.clone()}</span>
                </span>
            </th>
            <td class="at-lane">
                <span class="lane" style=format!("--step:{}%", scale.step())>
                    <i class=class style=format!("--at:{from}%;--to:{to}%")></i>
                    <span class="took" class:flip=flips style=format!("--at:{from}%;--to:{to}%")>
                        {duration(span.latency_us)}
                    </span>
                </span>
            </td>
            <td class="num soft" title=tokens>
                {paid} <a class="glance" href=glance aria-label=called.clone() title=called>
                    <Icon icon=LuEye class="s" />
                </a>
            </td>
        </tr>
    }
}

/// The calls of the trace and no others, so that the ways on from a log stay within it.
pub fn around(row: &TraceRow) -> LogQuery {
    let length = i64::try_from(row.duration_us / 1_000).unwrap_or(0);
    let from = row.at - row.at.rem_euclid(MINUTE);
    let to = row.at.saturating_add(length).saturating_add(2 * MINUTE);
    LogQuery {
        range: Range::Between(from, to - to.rem_euclid(MINUTE)),
        trace: Some(row.trace.clone()),
        ..LogQuery::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_knows_what_it_lies_below() {
        let span = |depth| Span { depth, ..Span::default() };
        let spans = [0, 1, 2, 2, 1, 0, 3].map(span);
        let wanted: [&[usize]; 7] = [&[], &[0], &[0, 1], &[0, 1], &[0], &[], &[5]];
        assert_eq!(above(&spans), wanted);
    }
}
