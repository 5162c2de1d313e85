//! A dialog with its own URL.

use crate::parts::icon::Icon;
use icondata_lu::LuX;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

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
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get()
            && dialog.matches(":modal") != Ok(true)
        {
            give_back(document().active_element().and_then(|opener| opener.dyn_into().ok()));
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

/// Where the opener is gone, as a row that was removed, the page's contents have the focus.
fn give_back(opener: Option<HtmlElement>) {
    let opener = StoredValue::new_local(opener);
    on_cleanup(move || {
        let opener = opener.try_get_value().flatten();
        request_animation_frame(move || {
            let there = opener.filter(|opener| opener.is_connected());
            let main = || document().get_element_by_id("main").and_then(|main| main.dyn_into().ok());
            let element: Option<HtmlElement> = there.or_else(main);
            _ = element.map(|element| element.focus());
        });
    });
}
