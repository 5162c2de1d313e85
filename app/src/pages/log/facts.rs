//! The figures of the call, and what it carried.

use crate::model::log::{LogDetail, LogQuery};
use crate::model::money::grouped;
use crate::model::trace::TraceQuery;
use crate::pages::logs::figures::{cost, duration};
use crate::pages::logs::url;
use crate::pages::traces;
use crate::parts::copy::Copy;
use leptos::prelude::*;

pub fn facts(detail: &LogDetail) -> impl IntoView + use<> {
    let row = &detail.row;
    let first = row.first_token_us.map_or_else(|| "–".into(), duration);
    let tokens = format!("{} / {}", grouped(row.tokens_in), grouped(row.tokens_out));
    let figures = [
        ("Latency", duration(row.latency_us)),
        ("First token", first),
        ("Tokens in / out", tokens),
        ("Cost", cost(row)),
        ("Key", row.key_name.clone()),
    ];
    let figure = |(name, value): (&'static str, String)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd class="trim">{value}</dd>
            </div>
        }
    };
    view! { <dl class="facts">{figures.map(figure).into_iter().collect_view()}</dl> }
}

/// Everything one may search by, each leading to the calls that share it.
pub fn metadata(detail: &LogDetail, query: &LogQuery) -> impl IntoView + use<> {
    let bare = url::unfiltered(query);
    let to = |change: &dyn Fn(&mut LogQuery)| {
        let mut query = bare.clone();
        change(&mut query);
        Some(url::list(&query))
    };
    let pairs: Vec<_> = detail
        .metadata
        .iter()
        .map(|(name, value)| {
            let href = to(&|query| query.metadata = vec![(name.clone(), value.clone())]);
            (name.clone(), value.clone(), href)
        })
        .collect();
    let row = &detail.row;
    let trace = traces::url::open(&detail.trace_id, &TraceQuery::default());
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
    let to_provider = to(&|query| query.provider = Some(row.provider.clone())).filter(|_| !row.provider.is_empty());
    let provider = if row.provider.is_empty() { "–".to_owned() } else { row.provider.clone() };
    let told = vec![
        ("Log id".to_owned(), row.id.clone(), None),
        ("Trace".to_owned(), detail.trace_id.clone(), Some(trace)),
        ("Span".to_owned(), detail.span_id.clone(), None),
        ("Parent span".to_owned(), text(&detail.parent_span_id), None),
        ("Span name".to_owned(), detail.span_name.clone(), None),
        ("Request".to_owned(), format!("{} {}", detail.method, detail.path), None),
        ("Model asked".to_owned(), row.model_asked.clone(), None),
        ("Provider".to_owned(), provider, to_provider),
        ("Key".to_owned(), row.key_name.clone(), to(&|query| query.key = Some(detail.key_id.clone()))),
        ("Config".to_owned(), text(&detail.config), None),
        ("Outcome".to_owned(), row.outcome.clone(), None),
    ];
    let none = pairs.is_empty().then(|| {
        view! {
            <p class="muted">
                "This call carried no metadata. Send it in the header "<code>"x-portkey-metadata"</code>
                " as a JSON object of texts."
            </p>
        }
    });
    view! {
        <section class="block">
            <h3>"Metadata"</h3>
            {none}
            {table(pairs)}
        </section>
        <section class="block">
            <h3>"The call"</h3>
            {table(told)}
            <p class="row muted">"Trace id" <Copy text=detail.trace_id.clone() what="the trace id" /></p>
        </section>
    }
}

fn table(pairs: Vec<(String, String, Option<String>)>) -> impl IntoView {
    let line = |(name, value, href): (String, String, Option<String>)| {
        let value = match href.filter(|_| !value.is_empty()) {
            Some(href) => view! {
                <a class="link" href=href>
                    {value}
                </a>
            }
            .into_any(),
            None => value.into_any(),
        };
        view! {
            <dt>{name}</dt>
            <dd>{value}</dd>
        }
    };
    view! { <dl class="pairs">{pairs.into_iter().map(line).collect_view()}</dl> }
}
