//! Who typed into a form and leaves without sending it is asked first. Islands and the playground keep what is typed there
//! by themselves.

use super::{When, all, around, on};
use leptos::ev;
use leptos::prelude::window_event_listener;
use leptos::web_sys::{Element, Event};

const FORMS: &str =
    "form[method=post]:not([data-quiet], [data-play], [action='/theme'], leptos-island form, .door form)";
/// On a form that was typed into since it was shown.
const TYPED: &str = "data-typed";

pub fn attend() {
    for name in ["input", "change"] {
        on(name, When::Before, |event: Event| {
            _ = around(&event, FORMS).map(|form| form.set_attribute(TYPED, ""));
        });
    }
    on("submit", When::After, |event: Event| {
        if !event.default_prevented() {
            _ = around(&event, FORMS).map(|form| form.remove_attribute(TYPED));
        }
    });
    window_event_listener(ev::beforeunload, |event| {
        if !all("[data-typed]").is_empty() {
            event.prevent_default();
        }
    });
}

/// Whether something was typed within and not sent.
pub fn within(element: &Element) -> bool {
    element.query_selector("[data-typed]").is_ok_and(|form| form.is_some())
}
