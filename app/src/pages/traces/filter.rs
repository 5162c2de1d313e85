//! The filter above the list: what is in force as chips, and a line to add to it.

use super::url;
use crate::model::log::LogQuery;
use crate::model::trace::TraceQuery;
use crate::parts::icon::Icon;
use icondata_lu::{LuSearch, LuX};
use leptos::prelude::*;
use leptos_router::components::Form;

/// A GET form: with or without scripts, what it sends is the address.
pub fn filter(query: &TraceQuery, misread: &[String]) -> impl IntoView + use<> {
    let first = first_page(query);
    let range = first.calls.range.query();
    let range = range.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned()));
    let filters = url::pairs(&first).into_iter().map(|(name, value)| (name.to_owned(), value));
    let hidden: Vec<_> = range.chain(filters).collect();
    let words = misread.join(" ");
    let told = (!words.is_empty()).then(|| {
        let told =
            format!("“{words}” is not a filter. Use name: status: model: provider: key: config: or meta.name=value.");
        view! {
            <p class="misread" role="alert">
                {told}
            </p>
        }
    });
    view! {
        <search class="trace-filter">
            <Form method="get" action="/traces">
                {hidden
                    .into_iter()
                    .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                    .collect_view()}
                <div class="input">
                    <Icon icon=LuSearch />
                    <input
                        name="add"
                        aria-label="Add a filter"
                        placeholder="trace id, name:, meta.env=prod"
                        title="A trace id, or name: status: model: provider: key: config: and meta.name=value"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        value=words
                    />
                    <button type="submit" class="btn sm">
                        "Filter"
                    </button>
                </div>
            </Form>
            {told}
            {chips(&first)}
            {sizes(&first)}
        </search>
    }
}

/// Every trace, or those of several calls.
fn sizes(query: &TraceQuery) -> impl IntoView + use<> {
    let choice = |many: bool, label: &'static str| {
        let href = url::list(&TraceQuery { many, ..query.clone() });
        view! {
            <a href=href aria-current=(query.many == many).then_some("true")>
                {label}
            </a>
        }
    };
    view! {
        <span class="segments sm" role="group" aria-label="Size of the traces">
            {choice(false, "All")}
            {choice(true, "Several calls")}
        </span>
    }
}

fn chips(query: &TraceQuery) -> Option<impl IntoView + use<>> {
    let calls = &query.calls;
    let without = |change: fn(&mut TraceQuery)| {
        let mut rest = query.clone();
        change(&mut rest);
        rest
    };
    let fields = [
        ("trace", &calls.trace, without(|query| query.calls.trace = None)),
        ("name", &query.name, without(|query| query.name = None)),
        ("status", &calls.status, without(|query| query.calls.status = None)),
        ("model", &calls.model, without(|query| query.calls.model = None)),
        ("provider", &calls.provider, without(|query| query.calls.provider = None)),
        ("key", &calls.key, without(|query| query.calls.key = None)),
        ("config", &calls.config, without(|query| query.calls.config = None)),
    ];
    let single = fields.into_iter().filter_map(|(name, value, rest)| Some((name.to_owned(), value.clone()?, rest)));
    let metadata = calls.metadata.iter().enumerate().map(|(at, (name, value))| {
        let mut rest = query.clone();
        rest.calls.metadata.remove(at);
        (format!("meta.{name}"), value.clone(), rest)
    });
    let chips: Vec<_> = single.chain(metadata).map(chip).collect();
    (!chips.is_empty()).then(|| view! { <p class="chips">{chips}</p> })
}

fn chip((name, value, rest): (String, String, TraceQuery)) -> AnyView {
    view! {
        <a class="chip set" href=url::list(&rest)>
            <span class="unseen">"Remove the filter "</span>
            {name}
            " "
            <b class="trim">{value}</b>
            <Icon icon=LuX />
        </a>
    }
    .into_any()
}

fn first_page(query: &TraceQuery) -> TraceQuery {
    TraceQuery { calls: LogQuery { before: None, ..query.calls.clone() }, ..query.clone() }
}
