//! Dialogs are modal: they hold the focus, Esc leaves them by their own link, and what opened them has it again then.

use super::{When, all, kept, on, unsent};
use leptos::prelude::{document, window};
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, Event, HtmlDialogElement, HtmlElement};

/// Where the browser keeps the address of the dialog that was shown last.
const LAST: &str = "dialog";

pub fn attend() {
    let dialogs = all("dialog.dialog[open]");
    match dialogs.is_empty() {
        true => _ = give_back(),
        false => dialogs.iter().for_each(|dialog| _ = dialog.dyn_ref().map(show)),
    }
    // It does not rise.
    on("close", When::Before, |event: Event| {
        let dialog = event.target().and_then(|target| target.dyn_into::<HtmlDialogElement>().ok());
        // Esc has closed it; where one is asked and stays, it has to be there.
        _ = dialog.as_ref().filter(|dialog| unsent::within(dialog)).map(show);
        let leave = dialog.and_then(|dialog| dialog.query_selector("a[data-leave]").ok().flatten());
        if let Some(leave) = leave.and_then(|leave| leave.dyn_into::<HtmlElement>().ok()) {
            leave.click();
        }
    });
}

/// Makes modal what lay over the page. Who is in one of its fields already stays there.
fn show(dialog: &HtmlDialogElement) {
    let held = document().active_element().filter(|held| dialog.contains(Some(held)));
    _ = dialog.remove_attribute("open");
    _ = dialog.show_modal();
    if let Some(held) = held.and_then(|held| held.dyn_into::<HtmlElement>().ok()) {
        _ = held.focus();
    }
    if let Some(here) = here() {
        kept::put(LAST, &here);
    }
}

/// On the page that lies under the dialog, to the link that leads to it; where that is gone, to the page's contents.
fn give_back() -> Option<()> {
    let last = kept::take(LAST)?;
    let path = |address: &str| address.split('?').next().map(str::to_owned);
    if path(&last) != path(&here()?) || last == here()? {
        return None;
    }
    let seen = |link: &Element| link.get_attribute("href").as_ref() == Some(&last) && link.client_width() > 0;
    let opener = all("main a[href]").into_iter().find(seen).or_else(|| document().get_element_by_id("main"));
    opener?.dyn_into::<HtmlElement>().ok()?.focus().ok()
}

fn here() -> Option<String> {
    let place = window().location();
    Some(place.pathname().ok()? + &place.search().ok()?)
}
