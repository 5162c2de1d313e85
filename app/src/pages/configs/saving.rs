//! The draft, kept as one types.

use super::work::Work;
use crate::api;
use crate::failure::Failure;
use crate::model::config::{Clash, Saved};
use leptos::ev::{self, MouseEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlAnchorElement};
use std::time::Duration;

/// Typing is over once nothing more has come for this long.
const QUIET: Duration = Duration::from_millis(700);

#[derive(Clone, Copy)]
pub struct Saving {
    slug: StoredValue<String>,
    work: Work,
    /// What the next save is sent as having seen.
    pub revision: RwSignal<i64>,
    /// The text as the server has it.
    saved: RwSignal<String>,
    pub going: RwSignal<bool>,
    pub failure: RwSignal<Option<Failure>>,
    /// Somebody else was quicker: nothing is saved until a person has chosen.
    pub clash: RwSignal<Option<Clash>>,
    turn: StoredValue<u32>,
}

impl Saving {
    /// Saves by itself from now on, and warns before a page with unsaved text is closed.
    pub fn start(slug: String, work: Work, revision: i64, locked: bool) -> Self {
        let saving = Self {
            slug: StoredValue::new(slug),
            work,
            revision: RwSignal::new(revision),
            saved: RwSignal::new(work.text.get_untracked()),
            going: RwSignal::new(false),
            failure: RwSignal::new(None),
            clash: RwSignal::new(None),
            turn: StoredValue::new(0),
        };
        if locked {
            return saving;
        }
        Effect::new(move |_| {
            if saving.dirty() {
                saving.later();
            }
        });
        Effect::new(move |_| {
            let guard = window_event_listener(ev::beforeunload, move |event| {
                if saving.work.text.try_get_untracked().is_some() && saving.dirty_untracked() {
                    event.prevent_default();
                }
            });
            on_cleanup(move || guard.remove());
        });
        saving
    }

    pub fn dirty(self) -> bool {
        self.work.text.with(|text| self.saved.with(|saved| text != saved))
    }

    /// What is kept has mistakes.
    pub fn wrong(self) -> bool {
        self.work.mistakes.with(|mistakes| !mistakes.is_empty())
    }

    fn dirty_untracked(self) -> bool {
        untrack(move || self.dirty())
    }

    /// A link that leads elsewhere waits until what is typed is saved; where that fails, one stays and is told why.
    pub fn before_leaving(self) {
        let next = RwSignal::new(None::<String>);
        let follow = move |event: MouseEvent| {
            let savable = self.dirty_untracked() && self.clash.with_untracked(Option::is_none);
            if let Some(link) = followed(&event).filter(|_| savable) {
                event.prevent_default();
                next.set(Some(link.href()));
                self.now();
            }
        };
        Effect::new(move |_| {
            let listener = window_event_listener(ev::click, follow);
            on_cleanup(move || listener.remove());
        });
        Effect::new(move |_| {
            let stuck = self.clash.with(Option::is_some) || self.failure.with(Option::is_some);
            match next.get() {
                Some(_) if stuck => next.set(None),
                Some(href) if !self.dirty() => _ = window().location().set_href(&href),
                _ => {}
            }
        });
    }

    fn later(self) {
        let turn = self.turn.try_update_value(|turn| {
            *turn += 1;
            *turn
        });
        set_timeout(
            move || {
                if self.turn.try_get_value() == turn {
                    self.now();
                }
            },
            QUIET,
        );
    }

    /// Saves, unless a save is on its way: then again after it.
    pub fn now(self) {
        if self.going.get_untracked() || self.clash.with_untracked(Option::is_some) || !self.dirty_untracked() {
            return;
        }
        self.going.set(true);
        let (slug, body, seen) = (self.slug.get_value(), self.work.text.get_untracked(), self.revision.get_untracked());
        spawn_local(async move {
            let answer = api::save_draft(slug, body.clone(), seen).await;
            if self.going.try_set(false).is_some() {
                return;
            }
            self.failure.set(None);
            match answer {
                Ok(Saved::Kept { revision, mistakes }) => {
                    self.revision.set(revision);
                    self.work.told(&body, mistakes);
                    self.saved.set(body);
                }
                Ok(Saved::Clash(clash)) => self.clash.set(Some(clash)),
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    /// Of two texts, one's own is saved over the other.
    pub fn keep_mine(self, clash: &Clash) {
        self.revision.set(clash.revision);
        self.saved.set(clash.theirs.clone());
        self.clash.set(None);
        self.now();
    }

    /// The other's is taken; one's own stays in what can be undone, and aside on the server.
    pub fn take_theirs(self, clash: &Clash) {
        self.revision.set(clash.revision);
        self.saved.set(clash.theirs.clone());
        self.work.replace(clash.theirs.clone());
        self.clash.set(None);
    }
}

/// The link that a plain click follows, to another page of this server.
fn followed(event: &MouseEvent) -> Option<HtmlAnchorElement> {
    let plain = event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
    let element = event.target()?.dyn_into::<Element>().ok()?.closest("a[href]").ok()??;
    let link = element.dyn_into::<HtmlAnchorElement>().ok()?;
    let here = window().location().host().is_ok_and(|host| host == link.host()) && link.target().is_empty();
    (plain && here && link.hash().is_empty() && !event.default_prevented()).then_some(link)
}
