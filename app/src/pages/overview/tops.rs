//! Where the money went: the models and the keys that cost most.

use super::figure::{count, money};
use crate::model::usage::{Overview, Share};
use crate::parts::badge::Tile;
use leptos::prelude::*;
use leptos_router::location::Url;

/// Which shares a table ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranked {
    Models,
    Keys,
}

/// A ranked table: the bar behind a row is its share of the first.
pub fn top(overview: &Overview, ranked: Ranked) -> impl IntoView + use<> {
    let (title, column, filter, shares) = match ranked {
        Ranked::Models => ("Top models", "Model", "model", &overview.models),
        Ranked::Keys => ("Top keys", "Key", "key", &overview.keys),
    };
    let logs = format!("/logs?{}", overview.range.query());
    let most = shares.iter().map(weight).max().unwrap_or(0);
    let row = |share: &Share| {
        let link = format!("{logs}&{filter}={}", Url::escape(&share.value));
        let label = share.label.clone();
        let name = match share.value.as_str() {
            "" => view! { <span class="trim soft">{label}</span> }.into_any(),
            _ => view! { <a class="trim" href=link>{label}</a> }.into_any(),
        };
        let tile = (!share.tile.is_empty()).then(|| view! { <Tile letters=share.tile.clone() /> });
        let bar = (weight(share) * 1000).checked_div(most).unwrap_or(0);
        view! {
            <tr style=format!("--v: {}.{:03}", bar / 1000, bar % 1000)>
                <th scope="row">
                    <span class="row">{tile} {name}</span>
                </th>
                <td class="num">{count(share.requests).text()}</td>
                <td class="num">{money(share.cost)}</td>
            </tr>
        }
    };
    view! {
        <section class="card tops" style="--span: 6">
            <header>
                <h2>{title}</h2>
                <a class="btn quiet sm push" href=logs.clone()>
                    "Open logs"
                </a>
            </header>
            <div class="table-wrap">
                <table class="table ranked">
                    <caption>{format!("{title} by cost")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{column}</th>
                            <th scope="col" class="num">
                                "Requests"
                            </th>
                            <th scope="col" class="num" aria-sort="descending">
                                "Cost"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{shares.iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

/// What ranks: the cost, and calls where nothing costs.
fn weight(share: &Share) -> u64 {
    u64::try_from(share.cost.0).unwrap_or(0)
}
