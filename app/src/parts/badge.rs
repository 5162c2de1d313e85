//! Small words beside things: where they come from, how they are, who makes them.

use crate::model::Origin;
use crate::parts::icon::Icon;
use icondata_lu::LuLock;
use leptos::prelude::*;

/// How a thing is, by shape and word: never by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lamp {
    /// Round.
    Ok,
    /// Diamond.
    Warn,
    /// Square.
    Bad,
    /// Ring.
    Off,
}

/// A lamp and its word.
#[component]
pub fn State(lamp: Lamp, #[prop(into)] text: String) -> impl IntoView {
    let class = match lamp {
        Lamp::Ok => "dot ok",
        Lamp::Warn => "dot warn",
        Lamp::Bad => "dot bad",
        Lamp::Off => "dot off",
    };
    view! {
        <span class="row">
            <span class=class aria-hidden="true"></span>
            {text}
        </span>
    }
}

/// What the console may not change says who declares it; what it made itself needs no word.
#[component]
pub fn OriginBadge(origin: Origin) -> impl IntoView {
    let (text, title) = match origin {
        Origin::Console => return None,
        Origin::File => ("from file", "Declared in the set-up file. Change it there."),
        Origin::Environment => ("from environment", "Its key comes from an environment variable. Change it there."),
        Origin::BuiltIn => ("built in", "Part of Switchyard."),
    };
    Some(view! {
        <span class="badge" title=title>
            <Icon icon=LuLock />
            {text}
        </span>
    })
}

/// Two letters stand for a vendor.
#[component]
pub fn Tile(#[prop(into)] letters: String, #[prop(optional)] large: bool) -> impl IntoView {
    view! { <span class=if large { "tile large" } else { "tile" } aria-hidden="true">{letters}</span> }
}
