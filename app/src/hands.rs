//! What scripts add to the pages that the server wrote: one listener for each kind of thing, on the whole document. A page
//! costs the browser nothing here, however many of them it holds; what is more than this is an island.

mod busy;
mod chart;
mod copy;
mod dialog;
mod fold;
mod fresh;
pub mod kept;
mod keys;
mod live;
mod menu;
pub mod place;
mod theme;
mod time;
mod unsent;

use leptos::prelude::document;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::convert::FromWasmAbi;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Element, Event, EventTarget};

/// Called once, before islands come to life.
pub fn attend() {
    address();
    busy::attend();
    chart::attend();
    copy::attend();
    dialog::attend();
    fold::attend();
    fresh::attend();
    keys::attend();
    live::attend();
    menu::attend();
    theme::attend();
    time::attend();
    unsent::attend();
}

/// Where an event is heard: before the elements under it have, or after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// Listens for as long as the document stands.
fn on<E: FromWasmAbi + 'static>(name: &str, when: When, hand: impl FnMut(E) + 'static) {
    let hand = Closure::<dyn FnMut(E)>::new(hand).into_js_value();
    let target: &EventTarget = &document();
    _ = target.add_event_listener_with_callback_and_bool(name, hand.unchecked_ref(), when == When::Before);
}

/// The nearest element around where the event began that is such a one.
fn around(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// All elements of the page that are such, in order.
fn all(selector: &str) -> Vec<Element> {
    document().document_element().map(|page| within(&page, selector)).unwrap_or_default()
}

fn within(element: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = element.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|at| list.item(at)?.dyn_into().ok()).collect()
}

/// What a refused form wrote into the address has been told by now: the page is the one before.
fn address() {
    let window = leptos::prelude::window();
    let place = window.location();
    let (Ok(path), Ok(search)) = (place.pathname(), place.search()) else { return };
    let pairs = search.trim_start_matches('?').split('&');
    let kept: Vec<&str> = pairs.filter(|pair| !pair.starts_with("__path=") && !pair.starts_with("__err=")).collect();
    let kept = kept.join("&");
    if kept.len() + 1 < search.len()
        && let Ok(history) = window.history()
    {
        let address = if kept.is_empty() { path } else { format!("{path}?{kept}") };
        _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
