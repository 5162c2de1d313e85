//! The route graph of a config.

mod draw;
pub mod merge;
mod order;
pub mod say;
mod told;

use draw::{BROAD, NARROW};
pub use draw::{Lights, Seen, letters};
use leptos::ev::PointerEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;
use serde_json::Value;
use told::told;

/// Drawn by the same code on the server and in the browser, wide and on its feet; style sheets choose. `over` is the path
/// of the target under the pointer.
#[component]
pub fn RouteGraph(
    #[prop(into)] config: Signal<Value>,
    #[prop(into)] lights: Signal<Lights>,
    over: RwSignal<Option<String>>,
    /// What is read out where more is drawn than the config holds.
    #[prop(optional)]
    heard: Option<Value>,
) -> impl IntoView {
    let svg = Memo::new(move |_| {
        let draw = |frame| config.with(|config| lights.with(|lights| draw::draw(config, lights, frame)));
        draw(BROAD) + &draw(NARROW)
    });
    let told = move || match &heard {
        Some(heard) => format!("Request. {}.", told(heard)),
        None => config.with(|config| format!("Request. {}.", told(config))),
    };
    let point = move |event: PointerEvent| {
        let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let platform = element.and_then(|element| element.closest("[data-path]").ok().flatten());
        let path = platform.and_then(|platform| platform.get_attribute("data-path"));
        if path != over.get_untracked() {
            over.set(path);
        }
    };
    view! {
        <div class="board" tabindex="0" role="img" aria-label=told on:pointerover=point on:pointerleave=move |_| over.set(None)>
            <div inner_html=move || svg.get()></div>
        </div>
    }
}
