//! A dialog with its own URL.

use crate::parts::icon::Icon;
use icondata_lu::LuX;
use leptos::html;
use leptos::prelude::*;

/// Shown because the URL says so; leaving it leads to `back`. Without scripts it lies over the page as it is, with them
/// it is modal: it holds the focus, and Esc leaves it.
#[component]
pub fn Dialog(
    #[prop(into)] title: ViewFnOnce,
    #[prop(into)] back: String,
    #[prop(optional, into)] note: String,
    children: Children,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    // One that an island opens while the page stands.
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| _ = element.get().map(|dialog| crate::hands::dialog::show(&dialog)));
    view! {
        <dialog class="dialog" open aria-labelledby="dialog-title" node_ref=element>
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
