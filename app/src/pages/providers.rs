mod catalogue;
mod dialogs;

use crate::api;
use crate::model::Origin;
use crate::model::money::grouped;
use crate::model::provider::{ProviderRow, Providers as Answer};
use crate::parts::badge::{Lamp, OriginBadge, State, Tile};
use crate::parts::page::{Page, Waiting, Wide};
use crate::parts::problem::{shown, success_of};
use catalogue::Catalogue;
use dialogs::{Connect, Remove};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What the URL asks for beside the lists: `?connect=` a vendor's slug, or `?remove=` a provider's id.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Lists,
    Connect(String),
    Remove(String),
}

/// From one call in twenty on, failing is worth a look.
const TROUBLED: u64 = 20;

#[component]
pub fn Providers() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| match (query.get("connect"), query.get("remove")) {
            (Some(vendor), _) => Asked::Connect(vendor),
            (None, Some(id)) => Asked::Remove(id),
            (None, None) => Asked::Lists,
        })
    });
    let add = ServerAction::<api::AddProvider>::new();
    let remove = ServerAction::<api::RemoveProvider>::new();
    let (added, removed) = (success_of(add), success_of(remove));
    let source = move || (added.get(), removed.get());
    let providers = Resource::new(source, |_| api::providers());
    view! {
        <Page title="Providers">
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    shown(
                        providers.await,
                        move |answer| {
                            let (rows, catalogue) = (answer.rows.clone(), answer.catalogue.clone());
                            view! {
                                <Connected rows />
                                <Catalogue vendors=catalogue />
                                {move || dialog(&answer, &asked.get(), add, remove)}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

fn dialog(
    answer: &Answer,
    asked: &Asked,
    add: ServerAction<api::AddProvider>,
    remove: ServerAction<api::RemoveProvider>,
) -> Option<AnyView> {
    match asked {
        Asked::Lists => None,
        Asked::Connect(slug) => {
            let vendor = answer.catalogue.iter().find(|vendor| vendor.slug == *slug)?.clone();
            let taken = answer.rows.iter().any(|row| row.slug == vendor.slug);
            Some(view! { <Connect add vendor taken /> }.into_any())
        }
        Asked::Remove(id) => {
            let row = answer.rows.iter().find(|row| row.id == *id && !row.origin.locked())?.clone();
            Some(view! { <Remove remove row /> }.into_any())
        }
    }
}

#[component]
fn Connected(rows: Vec<ProviderRow>) -> impl IntoView {
    let models: u32 = rows.iter().map(|row| row.models).sum();
    let note = format!("{} providers, {models} models with prices", rows.len());
    view! {
        <section class="card" aria-labelledby="connected">
            <header>
                <h2 id="connected">"Connected"</h2>
                <p>{note}</p>
            </header>
            <Wide label="Connected providers">
                <table class="table providers">
                    <caption>"Connected providers"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Provider"</th>
                            <th scope="col">"Slug"</th>
                            <th scope="col">"Credential"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Address"</th>
                            <th scope="col" class="num">
                                "p50"
                            </th>
                            <th scope="col" class="num">
                                "Errors"
                            </th>
                            <th scope="col" class="num">
                                "Requests, 24 h"
                            </th>
                            <th scope="col" class="num">
                                "Models"
                            </th>
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
fn Row(row: ProviderRow) -> impl IntoView {
    let simulated = row.origin == Origin::BuiltIn;
    let hint = if row.hint.is_empty() { "none needed".to_owned() } else { row.hint.clone() };
    let act = (!row.origin.locked()).then(|| {
        view! {
            <a class="btn danger sm" href=format!("/providers?remove={}", row.id)>
                "Remove"
                <span class="unseen">{format!(" @{}", row.slug)}</span>
            </a>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <span class="row">
                    <Tile letters=row.tile.clone() />
                    {row.vendor_name.clone()}
                    {simulated.then(|| view! { <span class="badge info">"simulated"</span> })}
                    {(!simulated).then(|| view! { <OriginBadge origin=row.origin /> })}
                </span>
            </th>
            <td class="mono">{format!("@{}", row.slug)}</td>
            <td class="mono soft">{hint}</td>
            <td>{state(&row)}</td>
            <td class="mono soft address" title=row.base_url.clone()>
                {if simulated { "inside Switchyard".to_owned() } else { row.base_url.clone() }}
            </td>
            <td class="num">{row.p50_ms.map_or("–".to_owned(), seconds)}</td>
            <td class="num">{share(row.errors, row.calls)}</td>
            <td class="num">{grouped(row.calls)}</td>
            <td class="num">{row.models}</td>
            <td class="num">{act}</td>
        </tr>
    }
}

fn state(row: &ProviderRow) -> AnyView {
    let (lamp, text) = match row {
        ProviderRow { origin: Origin::BuiltIn, .. } => (Lamp::Ok, "Ready".to_owned()),
        ProviderRow { calls: 0, .. } => (Lamp::Off, "Not called".to_owned()),
        _ if row.errors == row.calls => (Lamp::Bad, "Every call failed".to_owned()),
        _ if row.errors * TROUBLED >= row.calls => (Lamp::Warn, format!("{} failing", share(row.errors, row.calls))),
        _ => (Lamp::Ok, "Healthy".to_owned()),
    };
    view! { <State lamp text /> }.into_any()
}

/// `0.39 s`.
fn seconds(millis: u32) -> String {
    if millis < 10 {
        return format!("{} ms", millis.max(1));
    }
    let hundredths = (millis + 5) / 10;
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

/// A part in percent, to two decimals below ten: `0.04 %`, `12.5 %`; `–` where there is no whole.
fn share(part: u64, whole: u64) -> String {
    let Some(basis) = (part * 10_000 + whole / 2).checked_div(whole) else { return "–".into() };
    match basis {
        0 if part == 0 => "0 %".into(),
        ..1_000 => format!("{}.{:02} %", basis / 100, basis % 100),
        _ => format!("{}.{} %", basis / 100, basis % 100 / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::{seconds, share};

    #[test]
    fn figures_keep_the_precision_that_matters() {
        for (part, whole, text) in
            [(0, 0, "–"), (0, 9, "0 %"), (4, 10_000, "0.04 %"), (1, 8, "12.5 %"), (7, 7, "100.0 %")]
        {
            assert_eq!(share(part, whole), text, "{part} of {whole}");
        }
        for (millis, text) in [(0, "1 ms"), (8, "8 ms"), (394, "0.39 s"), (2_061, "2.06 s")] {
            assert_eq!(seconds(millis), text, "{millis}");
        }
    }
}
