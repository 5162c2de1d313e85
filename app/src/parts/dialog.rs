//! A dialog with its own URL.

use crate::parts::icon::Icon;
use icondata_lu::LuX;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// Shown because the URL says so; leaving it leads to `back`. Without scripts it lies over the page as it is, with them
/// it is modal: it holds the focus, and Esc leaves it.
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
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get()
            && dialog.matches(":modal") != Ok(true)
        {
            _ = dialog.remove_attribute("open");
            _ = dialog.show_modal();
        }
    });
    let navigate = use_navigate();
    let leave = {
        let back = back.clone();
        move |_| navigate(&back, NavigateOptions { scroll: false, ..NavigateOptions::default() })
    };
    view! {
        <dialog class="dialog" class:wide=wide open aria-labelledby="dialog-title" node_ref=element on:close=leave>
            <header>
                <h2 id="dialog-title">{title.run()}</h2>
                <a class="btn quiet icon sm" href=back aria-label="Close">
                    <Icon icon=LuX />
                </a>
                {(!note.is_empty()).then(|| view! { <p>{note}</p> })}
            </header>
            {children()}
        </dialog>
    }
}
