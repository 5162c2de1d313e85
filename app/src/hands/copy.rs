//! Buttons that copy: `data-copy` is the text.

use super::{When, around, on};
use leptos::prelude::{set_timeout, window};
use leptos::task::spawn_local;
use leptos::web_sys::{Element, MouseEvent};
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

/// How long "Copied" stands.
const SAID: Duration = Duration::from_secs(2);

pub fn attend() {
    on("click", When::After, |event: MouseEvent| {
        let button = around(&event, "[data-copy]");
        if let Some((button, text)) =
            button.and_then(|button| Some((button.clone(), button.get_attribute("data-copy")?)))
        {
            copy(button, text);
        }
    });
}

/// Browsers give the clipboard to secure contexts alone; elsewhere nothing happens and the text stays to be selected.
fn copy(button: Element, text: String) {
    if !window().is_secure_context() {
        return;
    }
    spawn_local(async move {
        let written = window().navigator().clipboard().write_text(&text);
        if JsFuture::from(written).await.is_ok() {
            say(&button, true);
            set_timeout(move || say(&button, false), SAID);
        }
    });
}

fn say(button: &Element, copied: bool) {
    _ = button.toggle_attribute_with_force("data-copied", copied);
    if let Ok(Some(words)) = button.query_selector("[aria-live]") {
        words.set_text_content(Some(if copied { "Copied" } else { "Copy" }));
    }
}
