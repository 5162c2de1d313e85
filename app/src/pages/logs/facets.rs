//! Narrowing by value, with how many calls each value would leave.

use super::url;
use crate::model::log::{FacetValue, LogPage, LogQuery};
use crate::model::money::grouped;
use leptos::prelude::*;

/// How many values of a facet stand in sight.
const SHOWN: usize = 6;

/// How a facet reads and changes the filter.
#[derive(Clone, Copy)]
struct Facet {
    name: &'static str,
    field: fn(&mut LogQuery) -> &mut Option<String>,
}

const STATUS: Facet = Facet { name: "Status", field: |query| &mut query.status };
const MODEL: Facet = Facet { name: "Model", field: |query| &mut query.model };
const PROVIDER: Facet = Facet { name: "Provider", field: |query| &mut query.provider };
const CONFIG: Facet = Facet { name: "Config", field: |query| &mut query.config };
const KEY: Facet = Facet { name: "Key", field: |query| &mut query.key };

/// A column on wide screens, a fold on narrow ones.
pub fn facets(page: &LogPage, query: &LogQuery) -> impl IntoView + use<> {
    let query = url::first_page(query);
    view! {
        <aside class="facets" aria-label="Narrow by value">
            {lists(page, &query)}
        </aside>
        <details class="facets-fold">
            <summary class="btn">"Narrow by value"</summary>
            {lists(page, &query)}
        </details>
    }
}

fn lists(page: &LogPage, query: &LogQuery) -> impl IntoView + use<> {
    let facets = [
        (STATUS, &page.statuses),
        (MODEL, &page.models),
        (PROVIDER, &page.providers),
        (KEY, &page.keys),
        (CONFIG, &page.configs),
    ];
    facets.map(|(facet, values)| list(facet, values, query)).into_iter().collect_view()
}

fn list(facet: Facet, values: &[FacetValue], query: &LogQuery) -> Option<impl IntoView + use<>> {
    if values.is_empty() {
        return None;
    }
    let (shown, more) = values.split_at(values.len().min(SHOWN));
    let choices = |values: &[FacetValue]| values.iter().map(|value| choice(facet, value, query)).collect_view();
    let more = (!more.is_empty()).then(|| {
        view! {
            <details>
                <summary class="link">{format!("{} more", more.len())}</summary>
                <ul>{choices(more)}</ul>
            </details>
        }
    });
    Some(view! {
        <section>
            <h2>{facet.name}</h2>
            <ul>{choices(shown)}</ul>
            {more}
        </section>
    })
}

/// A link that sets the value, or drops it where it is set.
fn choice(facet: Facet, value: &FacetValue, query: &LogQuery) -> impl IntoView + use<> {
    let mut next = query.clone();
    let field = (facet.field)(&mut next);
    let set = field.as_ref() == Some(&value.value);
    *field = (!set).then(|| value.value.clone());
    let lamp = match value.value.as_str() {
        "2xx" => Some("dot ok"),
        "4xx" => Some("dot warn"),
        "5xx" | "0" => Some("dot bad"),
        _ => None,
    };
    view! {
        <li>
            <a href=url::list(&next) aria-current=set.then_some("true")>
                <span class="tick" aria-hidden="true"></span>
                {lamp.map(|class| view! { <span class=class aria-hidden="true"></span> })}
                <span class="trim">{value.label.clone()}</span>
                <span class="count">{grouped(value.calls)}</span>
            </a>
        </li>
    }
}
