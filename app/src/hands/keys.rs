//! Links with a key of their own, `data-key`; not while one types.

use super::{When, all, on};
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlElement, KeyboardEvent};

pub fn attend() {
    on("keydown", When::After, |event: KeyboardEvent| {
        let held = event.ctrl_key() || event.meta_key() || event.alt_key();
        if held || event.default_prevented() || is_typing(&event) || !all("dialog:modal").is_empty() {
            return;
        }
        let key = event.key();
        let link = all("a[data-key]").into_iter().find(|link| link.get_attribute("data-key").as_ref() == Some(&key));
        if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
            event.prevent_default();
            link.click();
        }
    });
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT" | "SUMMARY")
            || element.is_content_editable()
    })
}
