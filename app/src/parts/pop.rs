//! A menu that opens below or above its button, with or without scripts.

use leptos::ev::{FocusEvent, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlElement, Node};

/// `button` is what the summary shows, a name among it; Esc, or going elsewhere, closes the menu.
#[component]
pub fn Pop(
    #[prop(optional, into)] class: &'static str,
    #[prop(into)] button: ViewFnOnce,
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let escape = move |event: KeyboardEvent| {
        if let Some(open) = details.get_untracked().filter(|details| details.open() && event.key() == "Escape") {
            open.set_open(false);
            focus_summary(&open);
        }
    };
    let leave = move |event: FocusEvent| {
        let Some(details) = details.get_untracked() else { return };
        let to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        if !details.contains(to.as_ref()) {
            details.set_open(false);
        }
    };
    view! {
        <details class=format!("pop {class}") node_ref=details on:keydown=escape on:focusout=leave>
            <summary>{button.run()}</summary>
            <div class="menu" tabindex="-1">
                {children()}
            </div>
        </details>
    }
}

fn focus_summary(details: &HtmlElement) {
    if let Ok(Some(summary)) = details.query_selector("summary")
        && let Some(summary) = summary.dyn_ref::<HtmlElement>()
    {
        _ = summary.focus();
    }
}
