//! Menus close by Esc, and where one goes elsewhere.

use super::{When, around, on};
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, FocusEvent, HtmlElement, KeyboardEvent, Node};

const OPEN: &str = "details.pop[open]";

pub fn attend() {
    on("keydown", When::After, |event: KeyboardEvent| {
        if let Some(menu) = around(&event, OPEN).filter(|_| event.key() == "Escape") {
            close(&menu);
            let summary = menu.query_selector("summary").ok().flatten();
            if let Some(summary) = summary.and_then(|summary| summary.dyn_into::<HtmlElement>().ok()) {
                _ = summary.focus();
            }
        }
    });
    on("focusout", When::After, |event: FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        if let Some(menu) = around(&event, OPEN).filter(|menu| !menu.contains(to.as_ref())) {
            close(&menu);
        }
    });
}

fn close(menu: &Element) {
    _ = menu.remove_attribute("open");
}
