//! Rate limits with the window that is now.

use super::words::{rate, span, whole, whose};
use crate::model::limit::RateRow;
use crate::model::money::grouped;
use crate::parts::badge::OriginBadge;
use crate::parts::icon::Icon;
use crate::parts::meter::{Gauge, Meter};
use crate::parts::page::Wide;
use icondata_lu::{LuPencil, LuTrash2};
use leptos::prelude::*;

#[component]
pub fn Rates(rows: Vec<RateRow>) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="rates">
            <header>
                <h2 id="rates">"Rate limits now"</h2>
                <p>"What the sliding window holds at this moment."</p>
            </header>
            <Wide label="Rate limits, fullest first">
                <table class="table budgets">
                    <caption>"Rate limits, fullest first"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Rate limit"</th>
                            <th scope="col">
                                <span class="unseen">"Used"</span>
                            </th>
                            <th scope="col" class="num">
                                "In the window"
                            </th>
                            <th scope="col">"Limit"</th>
                            <th scope="col">
                                <span class="unseen">"Acts"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows.into_iter().map(|row| view! { <Row row /> }).collect_view()}</tbody>
                </table>
            </Wide>
        </section>
    }
}

#[component]
fn Row(row: RateRow) -> impl IntoView {
    let value = whole(row.value);
    let gauge = Gauge { limit: value, spent: whole(row.used), held: 0, warn: Some(value - value / 5) };
    let acts = (!row.origin.locked()).then(|| {
        view! {
            <span class="row acts">
                <a class="btn quiet icon sm" href=format!("/budgets?edit={}", row.id) title="Edit">
                    <Icon icon=LuPencil />
                    <span class="unseen">{format!("Edit the rate limit {} {}", row.name, span(&row.unit))}</span>
                </a>
                <a class="btn quiet icon sm" href=format!("/budgets?remove={}", row.id) title="Remove">
                    <Icon icon=LuTrash2 />
                    <span class="unseen">{format!("Remove the rate limit {} {}", row.name, span(&row.unit))}</span>
                </a>
            </span>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <span class="row">{row.name.clone()} <OriginBadge origin=row.origin /></span>
                <small>{whose(&row.whose, &row.conditions, &row.group_by, &row.group_words)}</small>
            </th>
            <td class="gauge">
                <Meter gauge />
            </td>
            <td class="num">
                {grouped(row.used)} " " <span class="muted">{format!("of {}", grouped(row.value))}</span>
            </td>
            <td class="soft">{rate(&row)}</td>
            <td class="num">{acts}</td>
        </tr>
    }
}
