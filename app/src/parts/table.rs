//! A table of its own in a card: the head is said in one line a column.

use crate::parts::page::Wide;
use leptos::prelude::*;

/// A column: its name, and whether it holds figures. A name in brackets is read out, not seen.
pub type Column = (&'static str, bool);

/// `class` is the table's own; `label` its caption, and the name of the region that it scrolls in.
#[component]
pub fn Table(
    label: &'static str,
    class: &'static str,
    columns: &'static [Column],
    children: Children,
) -> impl IntoView {
    let head = |(name, figures): &Column| {
        let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(unseen) => view! { <span class="unseen">{unseen}</span> }.into_any(),
            None => (*name).into_any(),
        };
        view! {
            <th scope="col" class:num=*figures>
                {name}
            </th>
        }
    };
    view! {
        <div class="card">
            <Wide label>
                <table class=format!("table {class}")>
                    <caption>{label}</caption>
                    <thead>
                        <tr>{columns.iter().map(head).collect_view()}</tr>
                    </thead>
                    <tbody>{children()}</tbody>
                </table>
            </Wide>
        </div>
    }
}
