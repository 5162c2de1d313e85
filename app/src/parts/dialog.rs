//! A dialog with its own URL.

use crate::parts::icon::Icon;
use icondata_lu::LuX;
use leptos::prelude::*;

/// Shown because the URL says so; leaving it leads to `back`. Without scripts it lies over the page as it is, with them
/// it is modal: it holds the focus, Esc leaves it, and what opened it has the focus again afterwards.
#[component]
pub fn Dialog(
    #[prop(into)] title: ViewFnOnce,
    #[prop(into)] back: String,
    #[prop(optional, into)] note: String,
    /// For long forms.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <dialog class="dialog" class:wide=wide open aria-labelledby="dialog-title">
            <header>
                <h2 id="dialog-title">{title.run()}</h2>
                <a class="btn quiet icon sm" href=back aria-label="Close" data-leave>
                    <Icon icon=LuX />
                </a>
                {(!note.is_empty()).then(|| view! { <p>{note}</p> })}
            </header>
            {children()}
        </dialog>
    }
}
