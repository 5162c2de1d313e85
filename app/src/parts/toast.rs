//! What was done, told in a corner, and the way back where there is one.

use crate::parts::icon::Icon;
use icondata_lu::{LuCircleAlert, LuCircleCheck};
use leptos::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// How long a notice stands; one with a way back stands three times as long.
const SAID: Duration = Duration::from_secs(10);

type Act = Arc<dyn Fn() + Send + Sync>;

/// A notice.
#[derive(Clone, Default)]
pub struct Toast {
    pub title: String,
    pub text: String,
    pub bad: bool,
    /// Undoes what was done. It outlives the page that did it, so it holds no signals of that page.
    pub undo: Option<Act>,
}

/// Where pages tell what they have done: one notice at a time, on whatever page one is.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Option<Toast>>,
    turn: StoredValue<u32>,
    /// Goes up whenever something was undone: pages read their data anew.
    pub undone: RwSignal<u32>,
}

impl Toasts {
    pub fn provide() -> Self {
        let toasts = Self { shown: RwSignal::new(None), turn: StoredValue::new(0), undone: RwSignal::new(0) };
        provide_context(toasts);
        toasts
    }

    pub fn tell(self, toast: Toast) {
        let long = if toast.undo.is_some() { SAID * 3 } else { SAID };
        let turn = self.turn.try_update_value(|turn| {
            *turn += 1;
            *turn
        });
        self.shown.set(Some(toast));
        let end = move || {
            if self.turn.try_get_value() == turn {
                self.shown.set(None);
            }
        };
        set_timeout(end, long);
    }

    /// Tells how an act of undoing ended; `done` is what holds now.
    pub fn back(self, done: String, failure: Option<String>) {
        let toast = match failure {
            None => Toast { title: done, ..Toast::default() },
            Some(why) => Toast { title: "Not undone".into(), text: why, bad: true, ..Toast::default() },
        };
        self.undone.update(|undone| *undone += 1);
        self.tell(toast);
    }
}

/// The corner itself. It is always there, so that what appears in it is read out.
#[component]
pub fn Corner(toasts: Toasts) -> impl IntoView {
    let notice = move |toast: Toast| {
        let undo = toast.undo.map(|undo| {
            let act = move |_| {
                toasts.shown.set(None);
                undo();
            };
            view! {
                <button type="button" class="btn sm" on:click=act>
                    "Undo"
                </button>
            }
        });
        view! {
            <div class="toast" class:bad=toast.bad>
                <Icon icon=if toast.bad { LuCircleAlert } else { LuCircleCheck } />
                <div>
                    <strong>{toast.title}</strong>
                    <p>{toast.text}</p>
                </div>
                <div class="acts">
                    {undo}
                    <button type="button" class="btn quiet sm" on:click=move |_| toasts.shown.set(None)>
                        "Dismiss"
                    </button>
                </div>
            </div>
        }
    };
    view! {
        <div class="toasts" role="status" aria-label="Notices">
            {move || toasts.shown.get().map(notice)}
        </div>
    }
}
