//! One connected provider, and how its test went.

use super::figures::{seconds, share};
use crate::api;
use crate::model::Origin;
use crate::model::money::grouped;
use crate::model::provider::{ProviderRow, Tested};
use crate::parts::badge::{Lamp, OriginBadge, State, Tile};
use crate::parts::icon::Icon;
use icondata_lu::{LuCircleAlert, LuCircleCheck};
use leptos::form::ActionForm;
use leptos::prelude::*;

/// From one call in twenty on, failing is worth a look.
const TROUBLED: u64 = 20;

#[component]
pub fn Row(row: ProviderRow, test: ServerAction<api::TestProvider>, editable: bool) -> impl IntoView {
    let simulated = row.origin == Origin::BuiltIn;
    let hint = if row.hint.is_empty() { "none".to_owned() } else { row.hint.clone() };
    let address = if simulated { "inside Switchyard".to_owned() } else { row.base_url.clone() };
    let models = format!("/models?find=provider:{}", row.slug);
    let acts = editable.then(|| acts(&row, test));
    view! {
        <tr>
            <th scope="row">
                <span class="row" title=address>
                    <Tile letters=row.tile.clone() />
                    {row.vendor_name.clone()}
                    {simulated.then(|| view! { <span class="badge info">"simulated"</span> })}
                    {(!simulated).then(|| view! { <OriginBadge origin=row.origin /> })}
                </span>
            </th>
            <td class="mono">{format!("@{}", row.slug)}</td>
            <td class="mono soft">{hint}</td>
            <td>{state(&row)}</td>
            <td>
                <span class="spark" aria-hidden="true" inner_html=row.spark.clone()></span>
            </td>
            <td class="num">{row.p50_ms.map_or("–".to_owned(), seconds)}</td>
            <td class="num">{share(row.errors_now, row.calls_now)}</td>
            <td class="num">{grouped(row.calls)}</td>
            <td class="num">
                <a href=models>
                    {row.models} <span class="unseen">{format!(" models of @{}", row.slug)}</span>
                </a>
            </td>
            <td class="num">{acts}</td>
        </tr>
    }
}

fn acts(row: &ProviderRow, test: ServerAction<api::TestProvider>) -> impl IntoView + use<> {
    let (id, of) = (row.id.clone(), format!(" @{}", row.slug));
    let tested = of.clone();
    let edit = (!row.origin.locked()).then(|| {
        view! {
            <a class="btn sm" href=format!("/providers?edit={}", row.id)>
                "Edit"
                <span class="unseen">{of.clone()}</span>
            </a>
        }
    });
    view! {
        <span class="row end">
            <ActionForm action=test>
                <input type="hidden" name="id" value=id />
                <button type="submit" class="btn sm">
                    "Test"
                    <span class="unseen">{tested}</span>
                </button>
            </ActionForm>
            {edit}
        </span>
    }
}

/// By what it does now; where it is not called, by its last test.
fn state(row: &ProviderRow) -> AnyView {
    let failing = || format!("{} failing", share(row.errors_now, row.calls_now));
    let (lamp, text) = match row {
        ProviderRow { calls_now: 1.., errors_now: 0, .. } => (Lamp::Ok, "Healthy".to_owned()),
        ProviderRow { calls_now: 1.., .. } if row.errors_now == row.calls_now => {
            (Lamp::Bad, "Every call fails".to_owned())
        }
        ProviderRow { calls_now: 1.., .. } if row.errors_now * TROUBLED >= row.calls_now => (Lamp::Warn, failing()),
        ProviderRow { calls_now: 1.., .. } => (Lamp::Ok, "Healthy".to_owned()),
        ProviderRow { test: Some(test), .. } if test.good => (Lamp::Ok, "Test passed".to_owned()),
        ProviderRow { test: Some(test), .. } => (Lamp::Bad, verdict(test)),
        ProviderRow { origin: Origin::BuiltIn, .. } => (Lamp::Ok, "Ready".to_owned()),
        ProviderRow { calls: 0, .. } => (Lamp::Off, "Not called".to_owned()),
        _ => (Lamp::Off, "Quiet".to_owned()),
    };
    let title = row.test.as_ref().map(|test| test.words.clone());
    view! {
        <span title=title>
            <State lamp text />
        </span>
    }
    .into_any()
}

fn verdict(test: &Tested) -> String {
    match test.status {
        0 => "No answer".into(),
        status => format!("Test failed, {status}"),
    }
}

/// What a test found out, in words to act on.
#[component]
pub fn TestResult(slug: String, test: Tested) -> impl IntoView {
    let verdict = if test.good { format!("passed with {}", test.status) } else { verdict(&test).to_lowercase() };
    let head = match test.took_ms {
        0 => format!("@{slug}: {verdict}. "),
        took => format!("@{slug}: {verdict} in {}. ", seconds(took)),
    };
    let icon = if test.good { LuCircleCheck } else { LuCircleAlert };
    view! {
        <div class=if test.good { "alert ok" } else { "alert bad" } role="status">
            <Icon icon=icon />
            <p>
                <strong>{head}</strong>
                {test.words}
            </p>
            <a class="btn quiet sm" href="/providers">
                "Close"
            </a>
        </div>
    }
}
