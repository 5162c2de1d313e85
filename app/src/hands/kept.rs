//! Texts that the browser keeps from one page to the next of the same tab.

use leptos::prelude::window;

pub fn put(name: &str, text: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        _ = storage.set_item(name, text);
    }
}

/// It is kept no longer.
pub fn take(name: &str) -> Option<String> {
    let storage = window().session_storage().ok()??;
    let text = storage.get_item(name).ok()??;
    _ = storage.remove_item(name);
    Some(text)
}
