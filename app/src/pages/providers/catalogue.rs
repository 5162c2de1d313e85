//! Every vendor that can be connected.

use crate::model::provider::VendorCard;
use crate::parts::badge::Tile;
use crate::parts::icon::Icon;
use icondata_lu::{LuPlus, LuSearch};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Narrowed by `?find=`; with scripts, as one types.
#[component]
pub fn Catalogue(vendors: Vec<VendorCard>) -> impl IntoView {
    let query = use_query_map();
    let find = RwSignal::new(query.with_untracked(|query| query.get("find")).unwrap_or_default());
    let count = vendors.len();
    let vendors = StoredValue::new(vendors);
    let found = move || {
        let words = find.get().to_lowercase();
        vendors
            .with_value(|vendors| vendors.iter().filter(|vendor| matches(vendor, &words)).cloned().collect::<Vec<_>>())
    };
    let cards = move || {
        match found() {
        found if found.is_empty() => view! {
            <p class="soft">
                "No vendor has this name. Any address that speaks the OpenAI API can be connected as OpenAI with its own base URL."
            </p>
        }
        .into_any(),
        found => view! { <ul class="cards">{found.into_iter().map(|vendor| view! { <Card vendor /> }).collect_view()}</ul> }
            .into_any(),
    }
    };
    view! {
        <section class="catalogue" aria-labelledby="catalogue">
            <header class="row">
                <h2 id="catalogue">"Catalogue"</h2>
                <span class="soft">{format!("{count} vendors")}</span>
                <form class="push" method="get" action="/providers" role="search">
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
                {vendor.needs_base_url.then(|| view! { <span class="badge">"own address"</span> })}
                <Icon icon=LuPlus />
            </a>
        </li>
    }
}

fn matches(vendor: &VendorCard, words: &str) -> bool {
    let VendorCard { slug, name, summary, .. } = vendor;
    words.split_whitespace().all(|word| [slug, name, summary].iter().any(|text| text.to_lowercase().contains(word)))
}
