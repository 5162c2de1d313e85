//! Copying to the clipboard.

use crate::parts::icon::Icon;
use icondata_lu::{LuCheck, LuCopy};
use leptos::prelude::*;
use std::time::Duration;

/// How long "Copied" stands.
const SAID: Duration = Duration::from_secs(2);

/// A button that copies `text`. It keeps its place but is not seen where scripts do not run.
#[component]
pub fn Copy(
    #[prop(into)] text: Signal<String>,
    /// What is copied, for those who do not see what stands beside it.
    what: &'static str,
    #[prop(optional)] quiet: bool,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        write(text.get_untracked(), move || {
            copied.set(true);
            set_timeout(move || _ = copied.try_set(false), SAID);
        });
    };
    view! {
        <button type="button" class="btn sm copy scripted" class:quiet=quiet on:click=copy>
            {move || if copied.get() { view! { <Icon icon=LuCheck /> } } else { view! { <Icon icon=LuCopy /> } }}
            <span aria-live="polite">{move || if copied.get() { "Copied" } else { "Copy" }}</span>
            <span class="unseen">{format!(" {what}")}</span>
        </button>
    }
}

/// Browsers give the clipboard to secure contexts alone; elsewhere nothing happens and the text stays to be selected.
#[cfg(feature = "hydrate")]
fn write(text: String, done: impl FnOnce() + 'static) {
    if !window().is_secure_context() {
        return;
    }
    leptos::task::spawn_local(async move {
        let written = window().navigator().clipboard().write_text(&text);
        if wasm_bindgen_futures::JsFuture::from(written).await.is_ok() {
            done();
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn write(_: String, _: impl FnOnce() + 'static) {}
