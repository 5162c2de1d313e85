//! One target of a group: a line to see, move and fold it by, and its fields.

use super::act::Act;
use super::control::{Control, Leaf, Wrong};
use super::{Form, node};
use crate::model::routing::field::NODE;
use crate::pages::configs::path::Path;
use crate::parts::badge::Tile;
use crate::parts::icon::Icon;
use crate::parts::pop::Pop;
use crate::parts::route::{letters, say};
use icondata_lu::{LuChevronDown, LuEllipsis, LuGripVertical};
use leptos::ev::{DragEvent, KeyboardEvent};
use leptos::prelude::*;
use serde_json::Value;

#[cfg(feature = "hydrate")]
use crate::hands::place::lower;

#[cfg(not(feature = "hydrate"))]
fn lower(_: &DragEvent, _: &str) -> bool {
    false
}

const NO_TARGET: Value = Value::Null;

/// `mode`: of the group that it stands in.
pub fn target(form: Form, path: Path, mode: Memo<String>) -> AnyView {
    let id = path.to_string();
    let told = {
        let path = path.clone();
        Memo::new(move |_| form.work.good.with(|root| say::target(path.of(root).unwrap_or(&NO_TARGET))))
    };
    let open = {
        let id = id.clone();
        Memo::new(move |_| form.is_open(&id))
    };
    let lit = {
        let id = id.clone();
        move || form.over.with(|over| over.as_ref() == Some(&id))
    };
    let (enter, leave) = (move |_| form.over.set(Some(id.clone())), move |_| form.over.set(None));
    let wrong = form.work.wrong(&path, true);
    let bad = move || wrong.with(|wrong| !wrong.is_empty());
    let fields = {
        let path = path.clone();
        move || open.get().then(|| place(form, path.clone(), mode))
    };
    let (over, drop) = {
        let path = path.clone();
        let over = move |event: DragEvent| {
            if form.dragged.with_untracked(Option::is_some) {
                event.prevent_default();
            }
        };
        let drop = move |event: DragEvent| {
            event.prevent_default();
            event.stop_propagation();
            match path.parent() {
                Some((group, index)) if lower(&event, "li.target") => form.drop(&group.target(index + 1)),
                _ => form.drop(&path),
            }
        };
        (over, drop)
    };
    view! {
        <li class="target" class:lit=lit class:bad=bad on:dragover=over on:drop=drop>
            <div class="line" on:pointerenter=enter on:pointerleave=leave>
                {grip(form, path.clone())} {fold(form, path.clone(), told, open)} {share(form, path.clone(), mode, told)}
                {menu(form, path, told)}
            </div>
            <div class="inner">{fields}</div>
        </li>
    }
    .into_any()
}

/// What the pointer drags a target by; keys move it by its line.
fn grip(form: Form, path: Path) -> AnyView {
    let start = move |event: DragEvent| {
        event.stop_propagation();
        form.dragged.set(Some(path.clone()));
    };
    view! {
        <span
            class="grip"
            draggable="true"
            aria-hidden="true"
            title="Drag, or Alt and the arrow keys"
            on:dragstart=start
            on:dragend=move |_| form.dragged.set(None)
        >
            <Icon icon=LuGripVertical />
        </span>
    }
    .into_any()
}

/// Shows and hides the fields; with Alt, the arrow keys move the target.
fn fold(form: Form, path: Path, told: Memo<(String, String)>, open: Memo<bool>) -> AnyView {
    let id = path.to_string();
    let keys = {
        let path = path.clone();
        move |event: KeyboardEvent| {
            let act = match event.key().as_str() {
                "ArrowUp" => Act::Up,
                "ArrowDown" => Act::Down,
                "ArrowRight" => Act::Nest,
                "ArrowLeft" => Act::Unnest,
                _ => return,
            };
            if event.alt_key() && !form.locked {
                event.prevent_default();
                form.act(&path, act);
            }
        }
    };
    let mode = form.work.text_at(path.key("strategy").key("mode"));
    let slug = Memo::new(move |_| {
        form.work.good.with(|root| path.of(root).map(|node| say::provider(node).to_owned()).unwrap_or_default())
    });
    let mark = move || match mode.get().as_str() {
        "" => slug.with(|slug| view! { <Tile letters=letters(slug) /> }.into_any()),
        mode => view! { <span class="badge accent">{say::mode(mode).to_owned()}</span> }.into_any(),
    };
    let toggle = {
        let id = id.clone();
        move |_| form.toggle(&id)
    };
    view! {
        <button
            type="button"
            class="fold"
            id=format!("t-{id}")
            aria-expanded=move || open.get().to_string()
            aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Alt+ArrowRight Alt+ArrowLeft"
            on:click=toggle
            on:keydown=keys
        >
            <Icon icon=LuChevronDown />
            {mark}
            <span class="trim">
                <b>{move || told.get().0}</b>
                " "
                <small>{move || told.get().1}</small>
            </span>
        </button>
    }
    .into_any()
}

/// The weight, where load is balanced, and the share that it means.
fn share(form: Form, path: Path, mode: Memo<String>, told: Memo<(String, String)>) -> AnyView {
    let Some((parent, at)) = path.parent() else { return ().into_any() };
    let list = parent.key("targets");
    let share = Memo::new(move |_| {
        form.work.good.with(|root| say::shares(list.list(root)).get(at).copied().flatten().map(say::percent))
    });
    let weight = path.key("weight");
    let field = NODE.field("weight");
    let show = Memo::new(move |_| mode.get() == "loadbalance");
    (move || {
        show.get().then(|| {
            let label = Signal::derive(move || format!("Weight of {}", told.get().0));
            view! {
                <span class="share">
                    {field.map(|field| view! { <Control form path=weight.clone() kind=&field.kind list=None label /> })}
                    <small>{move || share.get()}</small>
                </span>
            }
        })
    })
    .into_any()
}

fn menu(form: Form, path: Path, told: Memo<(String, String)>) -> AnyView {
    let group = form.work.at(path.key("targets"));
    let items = [
        (Act::Up, "Move up"),
        (Act::Down, "Move down"),
        (Act::Duplicate, "Duplicate"),
        (Act::Nest, "Move into the group above"),
        (Act::Unnest, "Move out of its group"),
        (Act::Wrap, "Put in a group of its own"),
        (Act::Dissolve, "Dissolve this group"),
        (Act::Remove, "Remove"),
    ];
    let item = move |(act, words): (Act, &'static str)| {
        let path = path.clone();
        view! {
            <li hidden=move || act == Act::Dissolve && group.with(Option::is_none)>
                <button type="button" class="item" on:click=move |_| form.act(&path, act)>
                    {words}
                </button>
            </li>
        }
    };
    let button = move || {
        view! {
            <Icon icon=LuEllipsis />
            <span class="unseen">{move || format!("More for {}", told.get().0)}</span>
        }
    };
    view! {
        <Pop class="more" button=button>
            <ul>{items.map(item).collect_view()}</ul>
        </Pop>
    }
    .into_any()
}

/// What its group knows it by, then its own fields.
fn place(form: Form, path: Path, mode: Memo<String>) -> AnyView {
    let field = |key: &str| NODE.field(key);
    let (name, priority, weight) = (path.key("name"), path.key("priority"), path.key("weight"));
    let wrong = form.work.wrong(&weight, true);
    let tier = move || {
        let shown = mode.with(|mode| mode == "priority");
        field("priority").filter(|_| shown).map(|field| view! { <Leaf form path=priority.clone() field /> })
    };
    view! {
        <div class="pair">
            {field("name").map(|field| view! { <Leaf form path=name field /> })}
            {tier}
        </div>
        <Wrong lines=wrong id=format!("e-{weight}") />
        {node(form, path)}
    }
    .into_any()
}
