//! What was done, told in a corner, and the way back where there is one. It goes by itself after a while.

use crate::parts::icon::Icon;
use icondata_lu::LuCircleCheck;
use leptos::prelude::*;

/// Told by a page whose address says so; `dismiss` is its address without that. The children are a form that undoes it.
#[component]
pub fn Toast(title: String, text: &'static str, dismiss: String, children: Children) -> impl IntoView {
    view! {
        <div class="toasts" role="status" aria-label="Notices">
            <div class="toast">
                <Icon icon=LuCircleCheck />
                <div>
                    <strong>{title}</strong>
                    <p>{text}</p>
                </div>
                <div class="acts">
                    {children()}
                    <a class="btn quiet sm" href=dismiss>
                        "Dismiss"
                    </a>
                </div>
            </div>
        </div>
    }
}

/// Told by what works in the browser.
#[component]
pub fn Undo(title: &'static str, text: &'static str, act: Callback<()>, dismiss: Callback<()>) -> impl IntoView {
    view! {
        <div class="toasts" role="status" aria-label="Notices">
            <div class="toast">
                <Icon icon=LuCircleCheck />
                <div>
                    <strong>{title}</strong>
                    <p>{text}</p>
                </div>
                <div class="acts">
                    <button type="button" class="btn sm" on:click=move |_| act.run(())>
                        "Undo"
                    </button>
                    <button type="button" class="btn quiet sm" on:click=move |_| dismiss.run(())>
                        "Dismiss"
                    </button>
                </div>
            </div>
        </div>
    }
}
