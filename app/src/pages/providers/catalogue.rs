//! Every vendor that can be connected.

use crate::model::provider::VendorCard;
use crate::parts::badge::Tile;
use crate::parts::icon::{Icon, Points};
use icondata_lu::{LuPlus, LuSearch};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The kinds of the filter: what stands in the address, the label, and the word of a vendor's summary.
const KINDS: [(&str, &str, &str); 6] = [
    ("", "All", ""),
    ("chat", "Chat", "chat"),
    ("embeddings", "Embeddings", "embeddings"),
    ("images", "Images", "images"),
    ("speech", "Speech", "audio"),
    ("local", "Local", ""),
];

/// Narrowed by `?find=` and `?kind=`; with scripts, as one types.
#[component]
pub fn Catalogue(vendors: Vec<VendorCard>) -> impl IntoView {
    let query = use_query_map();
    let find = RwSignal::new(query.with_untracked(|query| query.get("find")).unwrap_or_default());
    let kind = Memo::new(move |_| query.with(|query| query.get("kind")).unwrap_or_default());
    let count = vendors.len();
    let vendors = StoredValue::new(vendors);
    let found = move || {
        let (words, kind) = (find.get().to_lowercase(), kind.get());
        let fits = |vendor: &&VendorCard| matches(vendor, &words) && is(vendor, &kind);
        vendors.with_value(|vendors| vendors.iter().filter(fits).cloned().collect::<Vec<_>>())
    };
    let cards = move || {
        match found() {
        found if found.is_empty() => view! {
            <p class="soft">
                "No vendor has this name. Any address that speaks the OpenAI API can be connected as OpenAI with its own base URL."
            </p>
        }
        .into_any(),
        found => view! {
            <ul class="cards">
                {found.into_iter().map(|vendor| view! { <Card vendor /> }).collect_view()} <Own />
            </ul>
        }
        .into_any(),
    }
    };
    view! {
        <section class="catalogue" aria-labelledby="catalogue">
            <header class="row">
                <h2 id="catalogue">"Catalogue"</h2>
                <span class="soft">{format!("{count} vendors")}</span>
                <nav class="segments push" aria-label="Kinds of vendors">
                    {move || KINDS.map(|(word, label, _)| segment(word, label, &kind.get())).collect_view()}
                </nav>
                <form method="get" action="/providers" role="search">
                    {move || {
                        let kind = kind.get();
                        (!kind.is_empty()).then(|| view! { <input type="hidden" name="kind" value=kind /> })
                    }}
                    <label class="input">
                        <Icon icon=LuSearch />
                        <span class="unseen">"Find a vendor"</span>
                        <input
                            type="search"
                            name="find"
                            placeholder="Find a vendor"
                            autocomplete="off"
                            value=find.get_untracked()
                            on:input:target=move |event| find.set(event.target().value())
                        />
                    </label>
                </form>
            </header>
            {cards}
        </section>
    }
}

fn segment(word: &'static str, label: &'static str, chosen: &str) -> impl IntoView + use<> {
    let href = if word.is_empty() { "/providers".to_owned() } else { format!("/providers?kind={word}") };
    view! {
        <a href=href aria-current=(word == chosen).then_some("true")>
            {label}
        </a>
    }
}

/// Whatever speaks OpenAI's API.
#[component]
fn Own() -> impl IntoView {
    view! {
        <li>
            <a class="own" href="/providers?connect=openai">
                <span class="tile large" aria-hidden="true">
                    <Points />
                </span>
                <span class="words">
                    <b>"Your own"</b>
                    <small class="trim">"Any OpenAI-compatible address"</small>
                </span>
                <Icon icon=LuPlus />
            </a>
        </li>
    }
}

#[component]
fn Card(vendor: VendorCard) -> impl IntoView {
    view! {
        <li>
            <a href=format!("/providers?connect={}", vendor.slug)>
                <Tile letters=vendor.tile large=true />
                <span class="words">
                    <b>{vendor.name}</b>
                    <small class="trim">{vendor.summary}</small>
                </span>
                {vendor.local.then(|| view! { <span class="badge">"local"</span> })}
                {(vendor.needs_base_url && !vendor.local).then(|| view! { <span class="badge">"own address"</span> })}
                <Icon icon=LuPlus />
            </a>
        </li>
    }
}

/// Whether a vendor is of the kind; what is no kind is all of them.
fn is(vendor: &VendorCard, kind: &str) -> bool {
    match KINDS.iter().find(|(word, ..)| *word == kind) {
        Some(("local", ..)) => vendor.local,
        Some((_, _, word)) => vendor.summary.to_lowercase().contains(word),
        None => true,
    }
}

fn matches(vendor: &VendorCard, words: &str) -> bool {
    let VendorCard { slug, name, summary, .. } = vendor;
    words.split_whitespace().all(|word| [slug, name, summary].iter().any(|text| text.to_lowercase().contains(word)))
}
