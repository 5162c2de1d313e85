//! The theme changes at once, and is kept by the server as if its form had been sent.

use super::{When, all, around, on};
use crate::parts::theme::Theme;
use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::MouseEvent;
use leptos::web_sys::js_sys::{Function, Object, Reflect};

const BUTTONS: &str = "form[action='/theme'] button[name='theme']";

pub fn attend() {
    on("click", When::After, |event: MouseEvent| {
        let chosen = around(&event, BUTTONS).and_then(|button| button.get_attribute("value"));
        if let Some(chosen) = chosen {
            event.prevent_default();
            show(Theme::from_word(&chosen));
            keep(&chosen);
        }
    });
}

fn show(theme: Theme) {
    if let Some(root) = document().document_element() {
        _ = match theme.attribute() {
            Some(word) => root.set_attribute("data-theme", word),
            None => root.remove_attribute("data-theme"),
        };
    }
    for button in all(BUTTONS) {
        let pressed = button.get_attribute("value").as_deref() == Some(theme.word());
        _ = button.set_attribute("aria-pressed", if pressed { "true" } else { "false" });
    }
}

/// The cookie is the server's alone. Where it does not get through, the choice lasts as long as the page.
fn keep(word: &str) {
    let (window, how, headers) = (window(), Object::new(), Object::new());
    let set = |object: &Object, name: &str, value: &JsValue| _ = Reflect::set(object, &name.into(), value);
    set(&headers, "content-type", &"application/x-www-form-urlencoded".into());
    set(&how, "method", &"POST".into());
    set(&how, "keepalive", &true.into());
    set(&how, "headers", &headers);
    set(&how, "body", &format!("theme={word}").into());
    if let Ok(fetch) = Reflect::get(&window, &"fetch".into()).and_then(|fetch| fetch.dyn_into::<Function>()) {
        _ = fetch.call2(&window, &"/theme".into(), &how);
    }
}
