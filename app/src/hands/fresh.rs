//! Calls that came in since a list was read wait behind a button: `data-fresh` is the address to ask at, `data-question`
//! what to ask, as JSON. The button of the page that says whether is `data-watch`; nothing is asked while the tab is hidden.

use super::live::{fetch, with_json};
use super::{When, all, around, on};
use leptos::prelude::{document, set_interval_with_handle, window};
use leptos::task::spawn_local;
use leptos::web_sys::{Element, MouseEvent};
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

const PAUSE: Duration = Duration::from_secs(2);

pub fn attend() {
    on("click", When::After, |event: MouseEvent| {
        if let Some(watch) = around(&event, "[data-watch]") {
            let live = watch.get_attribute("aria-pressed").as_deref() == Some("true");
            _ = watch.set_attribute("aria-pressed", if live { "false" } else { "true" });
        } else if around(&event, "[data-fresh] button").is_some() {
            _ = window().location().reload();
        }
    });
    let Some(place) = all("[data-fresh]").into_iter().next() else { return };
    let ask = move || {
        if !document().hidden() && all("[data-watch][aria-pressed='false']").is_empty() {
            let place = place.clone();
            spawn_local(async move { _ = look(&place).await });
        }
    };
    _ = set_interval_with_handle(ask, PAUSE);
}

async fn look(place: &Element) -> Option<()> {
    let how = with_json(&place.get_attribute("data-question")?);
    let answer = fetch(&place.get_attribute("data-fresh")?, &how).await.filter(|answer| answer.ok())?;
    let count: u64 = JsFuture::from(answer.text().ok()?).await.ok()?.as_string()?.trim().parse().ok()?;
    // The server counts no further than a thousand.
    let text = if count < 1000 { format!("{count} new") } else { "999+ new".into() };
    let button = place.query_selector("button").ok()??;
    button.toggle_attribute_with_force("hidden", count == 0).ok()?;
    button.query_selector("span").ok()??.set_text_content(Some(&text));
    Some(())
}
