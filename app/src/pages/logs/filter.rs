//! The filter bar: what is in force as chips, and a line to add to it.

use super::{Found, url};
use crate::model::log::{LogPage, LogQuery};
use crate::model::range::Range;
use crate::parts::icon::Icon;
use crate::parts::time::Stamp;
use icondata_lu::{LuSearch, LuX};
use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

/// A GET form: with or without scripts, what it sends is the address.
#[component]
pub fn FilterBar(query: Memo<LogQuery>, found: Found) -> impl IntoView {
    let misread = use_query_map();
    let misread = Memo::new(move |_| misread.with(url::misread));
    let hidden = move || {
        let kept = url::first_page(&query.get());
        let range = kept.range.query();
        let range = range.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned()));
        let filters = url::pairs(&kept).into_iter().map(|(name, value)| (name.to_owned(), value));
        let field = |(name, value)| view! { <input type="hidden" name=name value=value /> };
        range.chain(filters).map(field).collect_view()
    };
    view! {
        <search class="filter-bar">
            <Form method="get" action="/logs">
                {hidden}
                <div class="input">
                    <Icon icon=LuSearch />
                    <Transition>{move || Suspend::new(async move { chips(&query.get_untracked(), found.await.as_ref().ok()) })}</Transition>
                    <input
                        name="add"
                        aria-label="Add a filter"
                        aria-describedby="filter-grammar"
                        placeholder="model:gpt-5  status:error  meta.env=prod"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        value=move || misread.get().join(" ")
                    />
                    <button type="submit" class="btn sm">
                        "Filter"
                    </button>
                </div>
                <p class="unseen" id="filter-grammar">
                    "Terms are status, model, provider, key, config, trace and text with a colon, and meta.name with an equals sign. Text is looked for in metadata."
                </p>
                {move || told(&misread.get())}
            </Form>
        </search>
    }
}

fn told(misread: &[String]) -> Option<impl IntoView + use<>> {
    let words = misread.join(" ");
    (!words.is_empty()).then(|| {
        view! {
            <p class="misread" role="alert">
                {format!("“{words}” is not a filter. Use status: model: provider: key: config: trace: text: or meta.name=value.")}
            </p>
        }
    })
}

/// What narrows the list, each with the way to drop it.
fn chips(query: &LogQuery, page: Option<&LogPage>) -> impl IntoView + use<> {
    let query = url::first_page(query);
    let mut chips: Vec<(String, String, LogQuery)> = Vec::new();
    if let Range::Between(from, to) = query.range {
        let span = format!("{} – {}", Stamp::of(from).short(), Stamp::of(to).short());
        chips.push(("time".into(), span, LogQuery { range: LogQuery::default().range, ..query.clone() }));
    }
    let key_name = |id: &String| {
        let named = page.and_then(|page| page.keys.iter().find(|key| key.value == *id));
        named.map_or_else(|| id.clone(), |key| key.label.clone())
    };
    let without = |change: fn(&mut LogQuery)| {
        let mut rest = query.clone();
        change(&mut rest);
        rest
    };
    let fields = [
        ("status", query.status.clone(), without(|query| query.status = None)),
        ("model", query.model.clone(), without(|query| query.model = None)),
        ("provider", query.provider.clone(), without(|query| query.provider = None)),
        ("key", query.key.as_ref().map(key_name), without(|query| query.key = None)),
        ("config", query.config.clone(), without(|query| query.config = None)),
        ("trace", query.trace.clone(), without(|query| query.trace = None)),
        ("text", query.text.clone(), without(|query| query.text = None)),
    ];
    chips.extend(fields.into_iter().filter_map(|(name, value, rest)| Some((name.to_owned(), value?, rest))));
    for (at, (name, value)) in query.metadata.iter().enumerate() {
        let mut rest = query.clone();
        rest.metadata.remove(at);
        chips.push((format!("meta.{name}"), value.clone(), rest));
    }
    let clear = (chips.len() > 1).then(|| url::list(&url::unfiltered(&query)));
    view! {
        {chips.into_iter().map(chip).collect_view()}
        {clear
            .map(|href| {
                view! {
                    <a class="btn quiet sm" href=href>
                        "Clear"
                    </a>
                }
            })}
    }
}

fn chip((name, value, rest): (String, String, LogQuery)) -> impl IntoView {
    view! {
        <a class="chip set" href=url::list(&rest)>
            <span class="unseen">"Remove the filter "</span>
            {name}
            " "
            <b class="trim">{value}</b>
            <Icon icon=LuX />
        </a>
    }
}
