//! Copying to the clipboard.

use crate::parts::icon::Icon;
use icondata_lu::{LuCheck, LuCopy};
use leptos::prelude::*;

/// A button that copies `text`. It keeps its place but is not seen where scripts do not run.
#[component]
pub fn Copy(
    #[prop(into)] text: Signal<String>,
    /// What is copied, for those who do not see what stands beside it.
    what: &'static str,
    #[prop(optional)] quiet: bool,
) -> impl IntoView {
    view! {
        <button type="button" class="btn sm copy scripted" class:quiet=quiet data-copy=move || text.get()>
            <Icon icon=LuCopy class="before" />
            <Icon icon=LuCheck class="after" />
            <span aria-live="polite">"Copy"</span>
            <span class="unseen">{format!(" {what}")}</span>
        </button>
    }
}
