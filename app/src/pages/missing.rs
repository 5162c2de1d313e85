use crate::parts::icon::Mark;
use leptos::prelude::*;
use leptos_meta::Title;

/// No page has this address.
#[component]
pub fn Missing() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(options) = use_context::<leptos_axum::ResponseOptions>() {
        options.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Not found" />
        <main id="main" class="alone">
            <Mark />
            <h1>"No page has this address"</h1>
            <p class="soft">"It may have been typed wrongly, or the thing it showed is gone."</p>
            <a class="btn primary" href="/">
                "Go to the overview"
            </a>
        </main>
    }
}
