//! A form on its way says so at its button.

use super::{When, all, on};
use leptos::web_sys::{Event, SubmitEvent};

pub fn attend() {
    on("submit", When::After, |event: SubmitEvent| {
        if let Some(button) = event.submitter().filter(|_| !event.default_prevented()) {
            _ = button.set_attribute("aria-busy", "true");
        }
    });
    // Gone back to, a page stands as it was left.
    on("visibilitychange", When::After, |_: Event| {
        for button in all("button[aria-busy]:not(leptos-island button)") {
            _ = button.remove_attribute("aria-busy");
        }
    });
}
