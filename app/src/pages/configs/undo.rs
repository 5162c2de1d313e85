//! Ways back from what was done to a config, offered right after it.

use super::work::Work;
use crate::api;
use crate::parts::field::Submit;
use crate::parts::toast::{Toast, Undo};
use leptos::ev::{self, SubmitEvent};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;

/// Version `number` has just become live; the one before can be made live again.
pub fn live(slug: String, number: i64, back: ServerAction<api::RollBack>) -> AnyView {
    let dismiss = format!("/configs/{slug}/versions");
    let undo = (number > 1).then(|| {
        view! {
            <ActionForm action=back>
                <input type="hidden" name="slug" value=slug />
                <input type="hidden" name="number" value=(number - 1).to_string() />
                <Submit label="Undo" pending=back.pending() class="btn sm" />
            </ActionForm>
        }
    });
    view! {
        <Toast title=format!("v{number} is live") text="Calls from now on take it." dismiss>
            {undo}
        </Toast>
    }
    .into_any()
}

/// The text of a draft is kept by the browser as it is discarded: on the next page it can be typed again, which saves it.
pub fn discarded(slug: String, work: Work) -> AnyView {
    let kept = RwSignal::new(None::<String>);
    let key = StoredValue::new(format!("discarded {slug}"));
    Effect::new(move |_| {
        kept.set(key.with_value(|key| take(key)));
        let keep = move |event: SubmitEvent| {
            let form = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if form.is_some_and(|form| form.closest(".discards").is_ok_and(|found| found.is_some())) {
                work.text.with_untracked(|text| key.with_value(|key| put(key, text)));
            }
        };
        let listener = window_event_listener(ev::submit, keep);
        on_cleanup(move || listener.remove());
    });
    let back = move |text: String| {
        let act = Callback::new(move |()| {
            work.replace(text.clone());
            kept.set(None);
        });
        view! { <Undo title="Draft discarded" text="What is live stays." act dismiss=Callback::new(move |()| kept.set(None)) /> }
    };
    (move || kept.get().map(back)).into_any()
}

#[cfg(feature = "hydrate")]
use crate::hands::kept::{put, take};

#[cfg(not(feature = "hydrate"))]
fn put(_: &str, _: &str) {}

#[cfg(not(feature = "hydrate"))]
fn take(_: &str) -> Option<String> {
    None
}
