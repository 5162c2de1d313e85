//! What narrows the page, and what it tells apart by: GET forms, so that they work without scripts.

use super::{Found, url};
use crate::model::analytics::{AnalyticsQuery, Each, Group, Narrow};
use crate::parts::icon::Icon;
use icondata_lu::{LuSearch, LuX};
use leptos::prelude::*;
use leptos_router::components::Form;

#[component]
pub fn Bar(query: Memo<AnalyticsQuery>, found: Found) -> impl IntoView {
    view! {
        <search class="analytics-bar">
            <Form method="get" action="/analytics">
                {move || hidden(&query.get(), &["by", "each"])}
                <div class="input">
                    <Icon icon=LuSearch />
                    {move || chips(&query.get())}
                    <input
                        name="add"
                        aria-label="Narrow"
                        aria-describedby="narrow-grammar"
                        placeholder="model:gpt-5  status:error  meta.env=prod"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                    />
                </div>
                <p class="unseen" id="narrow-grammar">
                    "Terms are model, provider, key, config and status with a colon, and meta.name with an equals sign."
                </p>
                <label class="row soft">
                    "Group by"
                    <Transition fallback=move || choice(&query.get_untracked(), &[])>
                        {move || Suspend::new(async move {
                            let keys = found.await.map(|told| told.keys).unwrap_or_default();
                            choice(&query.get_untracked(), &keys)
                        })}
                    </Transition>
                </label>
                <label class="row soft">"each" {move || each(query.with(|query| query.each))}</label>
                <button type="submit" class="btn">
                    "Show"
                </button>
            </Form>
        </search>
    }
}

/// The rest of the address, which a form would drop.
fn hidden(query: &AnalyticsQuery, own: &[&str]) -> impl IntoView + use<> {
    let fields = url::fields(query).into_iter().filter(|(name, _)| !own.contains(name));
    fields.map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()
}

fn choice(query: &AnalyticsQuery, keys: &[String]) -> impl IntoView + use<> {
    let chosen = query.group();
    let metadata = keys.iter().map(|key| Group::Metadata(key.clone()));
    let mut all: Vec<Group> = Group::PLAIN.into_iter().chain(metadata).collect();
    if !all.contains(&chosen) {
        all.push(chosen.clone());
    }
    let option = |group: Group| {
        let title = match &group {
            Group::Metadata(key) => format!("meta.{key}"),
            plain => plain.title(),
        };
        view! {
            <option value=group.word() selected=group == chosen>
                {title}
            </option>
        }
    };
    view! {
        <select class="input" name="by" aria-label="Group by">
            {all.into_iter().map(option).collect_view()}
        </select>
    }
}

fn each(chosen: Each) -> impl IntoView {
    let option = |each: Each| {
        let title = match each {
            Each::Fitting => "As fits",
            Each::Hour => "Hour",
            Each::Day => "Day",
            Each::Month => "Month",
        };
        view! {
            <option value=each.word() selected=each == chosen>
                {title}
            </option>
        }
    };
    view! {
        <select class="input" name="each" aria-label="Width of a bucket">
            {Each::ALL.into_iter().map(option).collect_view()}
        </select>
    }
}

/// What is in force, each with the way to drop it.
fn chips(query: &AnalyticsQuery) -> impl IntoView + use<> {
    let narrow = &query.narrow;
    let without = |change: &dyn Fn(&mut Narrow)| {
        let mut rest = query.clone();
        change(&mut rest.narrow);
        url::page(&rest)
    };
    let fields = [
        ("model", narrow.model.clone(), without(&|narrow| narrow.model = None)),
        ("provider", narrow.provider.clone(), without(&|narrow| narrow.provider = None)),
        ("key", narrow.key.clone(), without(&|narrow| narrow.key = None)),
        ("config", narrow.config.clone(), without(&|narrow| narrow.config = None)),
        ("status", narrow.status.clone(), without(&|narrow| narrow.status = None)),
    ];
    let mut chips: Vec<(String, String, String)> =
        fields.into_iter().filter_map(|(name, value, href)| Some((name.to_owned(), value?, href))).collect();
    for (at, (key, value)) in narrow.metadata.iter().enumerate() {
        let href = without(&|narrow| {
            narrow.metadata.remove(at);
        });
        chips.push((format!("meta.{key}"), value.clone(), href));
    }
    chips.into_iter().map(chip).collect_view()
}

fn chip((name, value, href): (String, String, String)) -> impl IntoView {
    view! {
        <a class="chip set" href=href>
            <span class="unseen">"Remove the filter "</span>
            {name}
            " "
            <b class="trim">{value}</b>
            <Icon icon=LuX />
        </a>
    }
}
