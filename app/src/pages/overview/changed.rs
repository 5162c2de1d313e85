//! What people changed in the range: it may explain a figure.

use crate::model::usage::{Change, ChangeKind, Overview};
use crate::parts::icon::{Icon, Points};
use crate::parts::time::Time;
use icondata_lu::{LuCoins, LuKeyRound, LuPlug};
use leptos::prelude::*;

pub fn changed(overview: &Overview) -> impl IntoView + use<> {
    let lines = match overview.changes.as_slice() {
        [] => view! { <p class="soft">"Nothing was changed in this time."</p> }.into_any(),
        changes => view! { <ol class="changes">{changes.iter().map(line).collect_view()}</ol> }.into_any(),
    };
    view! {
        <section class="card changed">
            <header>
                <h2>"What changed"</h2>
            </header>
            <div class="body">{lines}</div>
        </section>
    }
}

fn line(change: &Change) -> impl IntoView + use<> {
    let Change { at, kind, title, text, href } = change.clone();
    let icon = match kind {
        ChangeKind::Config => view! { <Points /> }.into_any(),
        ChangeKind::Key => view! { <Icon icon=LuKeyRound /> }.into_any(),
        ChangeKind::Provider => view! { <Icon icon=LuPlug /> }.into_any(),
        ChangeKind::Price => view! { <Icon icon=LuCoins /> }.into_any(),
    };
    view! {
        <li>
            <span class="station" aria-hidden="true">
                {icon}
            </span>
            <a class="trim" href=href>
                {title}
            </a>
            <Time at />
            <p class="trim">{text}</p>
        </li>
    }
}
