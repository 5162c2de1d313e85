//! One model of the list.

use super::url;
use crate::api;
use crate::model::Origin;
use crate::model::models::{ModelQuery, ModelRow, Prices, dollars};
use crate::model::money::grouped;
use crate::pages::providers::figures::{seconds, share};
use crate::parts::badge::{OriginBadge, Tile};
use crate::parts::copy::Copy;
use crate::parts::time::Stamp;
use leptos::form::ActionForm;
use leptos::prelude::*;

/// From one call in twenty on, failing is worth a look; from one in ten on, it is trouble.
const WORTH: (u64, u64) = (20, 10);

pub fn row(
    row: &ModelRow,
    query: &ModelQuery,
    editable: bool,
    switch: ServerAction<api::SwitchModel>,
) -> impl IntoView + use<> {
    let editable = editable && !row.locked;
    let acts = editable.then(|| acts(row, query));
    view! {
        <tr class:past=!row.enabled>
            <td>{toggle(row, query, editable, switch)}</td>
            <th scope="row">{name(row)}</th>
            <td>{row.vendor_name.clone()}</td>
            <td class="num">{row.context.map_or("–".to_owned(), tokens)}</td>
            {prices(row)}
            <td class="num">{row.p50_ms.map_or("–".to_owned(), seconds)}</td>
            <td class="num">{failed(row)}</td>
            <td class="num">{if row.calls == 0 { "–".to_owned() } else { grouped(row.calls) }}</td>
            <td class="num">{acts}</td>
        </tr>
    }
}

fn toggle(
    row: &ModelRow,
    query: &ModelQuery,
    editable: bool,
    switch: ServerAction<api::SwitchModel>,
) -> impl IntoView + use<> {
    let (label, on, back) = (format!("{} is on", row.name()), row.enabled, url::list(query));
    let (provider, model) = (row.provider.clone(), row.model.clone());
    view! {
        <ActionForm action=switch>
            <input type="hidden" name="provider" value=provider />
            <input type="hidden" name="model" value=model />
            <input type="hidden" name="on" value=(!on).to_string() />
            <input type="hidden" name="back" value=back />
            <button
                type="submit"
                class="switch"
                role="switch"
                aria-checked=if on { "true" } else { "false" }
                aria-label=label
                disabled=!editable
            ></button>
        </ActionForm>
    }
}

fn name(row: &ModelRow) -> impl IntoView + use<> {
    let changes = row.next.map(|(at, prices)| {
        let what = if prices.is_some() { "new price" } else { "list price" };
        let text = format!("{what} from {}", Stamp::of(at).short());
        view! { <span class="badge accent" title=Stamp::of(at).exact()>{text}</span> }
    });
    view! {
        <span class="row">
            <Tile letters=row.tile.clone() />
            <code class="called">
                <span>{format!("@{}/", row.provider)}</span>
                <b>{row.model.clone()}</b>
            </code>
            <Copy text=row.name() what="model" quiet=true />
            {row.locked.then(|| view! { <OriginBadge origin=Origin::File /> })}
            {row.custom.then(|| view! { <span class="badge">"custom"</span> })}
            {row.own.is_some().then(|| view! { <span class="badge">"own price"</span> })}
            {changes}
        </span>
    }
}

fn prices(row: &ModelRow) -> AnyView {
    let Some(price) = row.price() else {
        return view! {
            <td class="num" colspan="3">
                <span class="badge warn">"unpriced"</span>
            </td>
        }
        .into_any();
    };
    let list = row.list.filter(|_| row.own.is_some());
    let cell = |figure: fn(Prices) -> Option<i64>| {
        let now = figure(price).map_or("–".to_owned(), dollars);
        let was = list.and_then(figure).filter(|was| Some(*was) != figure(price)).map(|was| {
            view! {
                <s>
                    <span class="unseen">"list price "</span>
                    {dollars(was)}
                </s>
            }
        });
        view! { <td class="num">{was} {now}</td> }
    };
    view! {
        {cell(|prices| prices.input)}
        {cell(|prices| prices.cached)}
        {cell(|prices| prices.output)}
    }
    .into_any()
}

fn failed(row: &ModelRow) -> impl IntoView + use<> {
    let class = match (row.failed_now, row.calls_now) {
        (0, _) => None,
        (failed, calls) if failed * WORTH.1 >= calls => Some("dot bad"),
        (failed, calls) if failed * WORTH.0 >= calls => Some("dot warn"),
        _ => None,
    };
    let lamp = class.map(|class| view! { <span class=class aria-hidden="true"></span> });
    view! { <span class="row end">{lamp} {share(row.failed_now, row.calls_now)}</span> }
}

fn acts(row: &ModelRow, query: &ModelQuery) -> impl IntoView + use<> {
    let name = row.name();
    let (price, remove) = (url::with(query, "price", &name), url::with(query, "remove", &name));
    let (label, gone) = (format!(" of {name}"), format!(" {name}"));
    view! {
        <span class="row end">
            {row
                .custom
                .then(|| {
                    view! {
                        <a class="btn danger sm" href=remove>
                            "Remove"
                            <span class="unseen">{gone}</span>
                        </a>
                    }
                })}
            <a class="btn sm" href=price>
                {if row.price().is_some() { "Price" } else { "Set price" }}
                <span class="unseen">{label}</span>
            </a>
        </span>
    }
}

/// `131 k`, `1 M`, `8,192`.
fn tokens(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(100_000) && !count.is_multiple_of(1_000_000) => {
            format!("{}.{} M", count / 1_000_000, count % 1_000_000 / 100_000)
        }
        1_000_000.. => format!("{} M", count / 1_000_000),
        1_000.. => format!("{} k", count / 1_000),
        _ => grouped(count),
    }
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn a_context_is_short() {
        for (count, text) in [
            (512, "512"),
            (8_192, "8 k"),
            (131_072, "131 k"),
            (1_000_000, "1 M"),
            (1_047_576, "1 M"),
            (1_500_000, "1.5 M"),
        ] {
            assert_eq!(tokens(count), text, "{count}");
        }
    }
}
