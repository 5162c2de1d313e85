//! The targets of a group, in order.

use super::Form;
use super::control::Wrong;
use super::line::target;
use crate::pages::configs::path::{Path, push};
use crate::parts::icon::Icon;
use icondata_lu::LuPlus;
use leptos::prelude::*;
use serde_json::{Value, json};

/// Of a longer list the rest is edited as JSON.
pub const SHOWN_MOST: usize = 100;

/// `mode`: the group's.
#[component]
pub fn Targets(form: Form, path: Path, mode: Memo<String>) -> impl IntoView {
    let list = path.key("targets");
    let count = form.work.count(list.clone());
    let (wrong, id) = (form.work.wrong(&list, false), format!("e-{list}"));
    let heading = if path.is_root() { "Targets".to_owned() } else { format!("Targets of {path}") };
    let each = {
        let path = path.clone();
        move |at: usize| target(form, path.target(at), mode)
    };
    let add = move |new: fn() -> Value| {
        let (path, list) = (path.clone(), list.clone());
        move |_| {
            let place = form.work.edit(|root| {
                let mut new = new();
                // Conditions know targets by name.
                if mode.with_untracked(|mode| mode == "conditional") {
                    new["name"] = format!("target {}", list.list(root).len() + 1).into();
                }
                push(root, &list, new)
            });
            if let Some(place) = place {
                let target = path.target(place).to_string();
                form.open.update(|open| open.push(target.clone()));
                super::focus(format!("t-{target}"));
            }
        }
    };
    let (leaf, group) = (add(|| json!({"provider": ""})), add(group));
    let name = heading.clone();
    view! {
        <section class="targets">
            <h2>{heading}</h2>
            <ol class="tree" aria-label=name>
                <For each=move || 0..count.get().min(SHOWN_MOST) key=|at| *at children=each />
            </ol>
            {move || more(count.get())}
            <Wrong lines=wrong id=id />
            <p class="row">
                <button type="button" class="btn quiet sm add" on:click=leaf>
                    <Icon icon=LuPlus />
                    "Target"
                </button>
                <button type="button" class="btn quiet sm add" on:click=group>
                    <Icon icon=LuPlus />
                    "Group"
                </button>
            </p>
        </section>
    }
}

/// How many of a list are not shown.
pub fn more(count: usize) -> Option<impl IntoView> {
    let more = count.saturating_sub(SHOWN_MOST);
    (more > 0).then(|| view! { <p class="hint">{format!("{more} more stand in the JSON.")}</p> })
}

fn group() -> Value {
    json!({"strategy": {"mode": "fallback"}, "targets": [{"provider": ""}]})
}
