//! A menu that opens below or above its button, with or without scripts.

use leptos::prelude::*;

/// `button` is what the summary shows, a name among it; Esc, or going elsewhere, closes the menu.
#[component]
pub fn Pop(
    #[prop(optional, into)] class: &'static str,
    #[prop(into)] button: ViewFnOnce,
    children: Children,
) -> impl IntoView {
    view! {
        <details class=format!("pop {class}")>
            <summary>{button.run()}</summary>
            <div class="menu" tabindex="-1">
                {children()}
            </div>
        </details>
    }
}
