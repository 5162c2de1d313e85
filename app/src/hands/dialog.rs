//! Dialogs are modal: they hold the focus, and Esc leaves them by their own link.

use super::{When, all, on};
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Event, HtmlDialogElement, HtmlElement};

pub fn attend() {
    for dialog in all("dialog.dialog[open]") {
        _ = dialog.dyn_ref().map(show);
    }
    // It does not rise.
    on("close", When::Before, |event: Event| {
        let dialog = event.target().and_then(|target| target.dyn_into::<HtmlDialogElement>().ok());
        let leave = dialog.and_then(|dialog| dialog.query_selector("a[data-leave]").ok().flatten());
        if let Some(leave) = leave.and_then(|leave| leave.dyn_into::<HtmlElement>().ok()) {
            leave.click();
        }
    });
}

/// Makes modal what lay over the page.
pub fn show(dialog: &HtmlDialogElement) {
    if dialog.matches(":modal") != Ok(true) {
        _ = dialog.remove_attribute("open");
        _ = dialog.show_modal();
    }
}
