//! The table of values: what the graphs show, in figures, each leading to its calls.

use super::stats::delta;
use super::url;
use super::words::{moved, text};
use crate::model::analytics::{Analytics, Line, Tab, Tone};
use crate::model::money::grouped;
use crate::parts::badge::Tile;
use crate::parts::icon::Icon;
use crate::parts::page::Wide;
use icondata_lu::LuDownload;
use leptos::prelude::*;

pub fn lines(told: &Analytics) -> impl IntoView + use<> {
    let group = told.query.group().title();
    let title = format!("By {}", group.to_lowercase());
    let heads = told.columns.iter().enumerate().map(|(place, (name, _))| {
        let ranked = place == told.ranked;
        // What values are ordered by stands beside how it changed.
        let change = ranked.then(|| view! { <th scope="col" class="num">"Change"</th> });
        view! {
            {change}
            <th scope="col" class="num" aria-sort=ranked.then_some("descending")>
                {name.clone()}
            </th>
        }
    });
    let heads = heads.collect_view();
    let rows = told.lines.iter().map(|line| row(told, line)).collect_view();
    view! {
        <section class="card" style="--span: 12">
            <header>
                <h2>{title.clone()}</h2>
                <p>"A name leads to its calls"</p>
                <a class="btn sm push" href=url::file(&told.query, None) rel="external" download="">
                    <Icon icon=LuDownload />
                    "CSV"
                </a>
            </header>
            <Wide label=title.clone()>
                <table class="table">
                    <caption>{title}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{group}</th>
                            {heads}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </Wide>
            {notes(told)}
        </section>
    }
}

fn row(told: &Analytics, line: &Line) -> impl IntoView + use<> {
    let (label, title) = (line.label.clone(), line.label.clone());
    let name = if line.linked {
        let href = url::logs(&told.query, Some(&line.value), None);
        view! { <a class="trim" href=href title=title>{label}</a> }.into_any()
    } else {
        view! { <span class="trim soft" title=title>{label}</span> }.into_any()
    };
    let tile = (!line.tile.is_empty()).then(|| view! { <Tile letters=line.tile.clone() /> });
    let unit = told.columns[told.ranked].1;
    let now = line.figures.get(told.ranked).copied().flatten();
    let change = now.zip(line.before).and_then(|(now, before)| moved(now, before, unit, Tone::Neither)).map(delta);
    let mut change = Some(view! { <td class="num">{change}</td> });
    let figures = line.figures.iter().zip(&told.columns).enumerate();
    let figures = figures.map(|(place, (figure, (_, unit)))| {
        let change = if place == told.ranked { change.take() } else { None };
        view! {
            {change}
            <td class="num">{text(*figure, *unit)}</td>
        }
    });
    let figures = figures.collect_view();
    view! {
        <tr>
            <th scope="row">
                <span class="row">
                    <span class=format!("key k{}", line.colour) aria-hidden="true"></span>
                    {tile}
                    {name}
                </span>
            </th>
            {figures}
        </tr>
    }
}

/// What the table leaves out.
fn notes(told: &Analytics) -> Option<impl IntoView + use<>> {
    let mut notes = Vec::new();
    let calls = |count: u64| if count == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(count)) };
    if told.query.tab == Tab::Latency {
        notes.push(
            "Times are of calls that reached a provider; what a hit of the cache takes is told under Cache.".into(),
        );
    }
    if told.lines.is_empty() {
        notes.push("No call has a value here.".to_owned());
    }
    if told.without > 0 {
        notes.push(format!("{} without a value are only in the totals.", calls(told.without)));
    }
    if told.lumped {
        notes.push("Of each day the first 1,000 values are told apart; the others are one line.".into());
    }
    if told.unpriced > 0 {
        notes.push(format!("{} have no price. Their cost is not in these figures.", calls(told.unpriced)));
    }
    (!notes.is_empty()).then(|| view! { <footer>{notes.join(" ")}</footer> })
}
