//! Calls that came in since the page was read wait behind a button.

use crate::api;
use crate::model::log::LogQuery;
use crate::parts::icon::Icon;
use icondata_lu::LuArrowUp;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(2);

/// Whether new calls are looked for. They wait behind a button either way: rows do not move by themselves.
#[island]
pub fn Live() -> impl IntoView {
    let live = RwSignal::new(true);
    view! {
        <button
            type="button"
            class="btn scripted"
            id="live"
            aria-pressed=move || live.get().to_string()
            on:click=move |_| live.update(|live| *live = !*live)
        >
            <span class=move || if live.get() { "dot live" } else { "dot off" } aria-hidden="true"></span>
            "Live"
        </button>
    }
}

/// `newest` is the id of the first row, empty where there is none. Asks nothing while the tab is hidden.
#[island]
pub fn Fresh(newest: String, query: LogQuery) -> impl IntoView {
    let waiting = RwSignal::new(0);
    Effect::new(move |_| {
        let (newest, query) = (newest.clone(), query.clone());
        let ask = move || {
            if !is_live() || document().hidden() {
                return;
            }
            let question = api::newer_logs(newest.clone(), query.clone());
            spawn_local(async move {
                if let Ok(count) = question.await {
                    _ = waiting.try_set(count);
                }
            });
        };
        if let Ok(clock) = set_interval_with_handle(ask, PAUSE) {
            on_cleanup(move || clock.clear());
        }
    });
    view! {
        <span class="fresh" role="status">
            {move || match waiting.get() {
                0 => None,
                count => {
                    Some(
                        view! {
                            <button type="button" class="btn primary sm" on:click=|_| _ = window().location().reload()>
                                <Icon icon=LuArrowUp />
                                {text(count)}
                            </button>
                        },
                    )
                }
            }}
        </span>
    }
}

/// As the button of [`Live`] says.
fn is_live() -> bool {
    let live = document().get_element_by_id("live");
    live.and_then(|live| live.get_attribute("aria-pressed")).as_deref() == Some("true")
}

/// The server counts no further than a thousand.
fn text(count: u64) -> String {
    if count < 1000 { format!("{count} new") } else { "999+ new".into() }
}
