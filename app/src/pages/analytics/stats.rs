//! The figures at the top, each with its change against the period before.

use super::words::{Moved, figure, moved, text};
use crate::model::analytics::{Analytics, Stat};
use crate::parts::icon::Icon;
use icondata_lu::{LuArrowDown, LuArrowUp};
use leptos::prelude::*;

pub fn stats(told: &Analytics) -> impl IntoView + use<> {
    let title = format!("{}, totals", told.query.tab.title());
    view! {
        <section class="stats four" aria-label=title>
            {told.stats.iter().map(card).collect_view()}
        </section>
    }
}

fn card(stat: &Stat) -> impl IntoView + use<> {
    let Stat { name, unit, now, before, tone } = stat.clone();
    let value = now.map_or_else(
        || ("–".to_owned(), ""),
        |now| {
            let figure = figure(now, unit);
            (figure.figure, figure.unit)
        },
    );
    let small = (!value.1.is_empty()).then(|| view! { <small>{value.1}</small> });
    let change = now.zip(before).and_then(|(now, before)| moved(now, before, unit, tone)).map(delta);
    let was = before.map_or_else(|| "nothing before".into(), |before| format!("from {}", text(Some(before), unit)));
    view! {
        <div class="stat">
            <span class="name">{name}</span>
            <span class="value">{value.0} {small}</span>
            <span class="was">{change} <span class="trim">{was}</span></span>
        </div>
    }
}

/// An arrow and a size.
pub fn delta(change: Moved) -> impl IntoView {
    view! {
        <span class=format!("delta {}", change.tone)>
            <Icon icon=if change.up { LuArrowUp } else { LuArrowDown } />
            <span class="unseen">{if change.up { "up " } else { "down " }}</span>
            {change.text}
        </span>
    }
}
