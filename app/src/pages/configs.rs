//! The configs of the workspace.
#![expect(clippy::needless_pass_by_value, reason = "components own what they are given")]

mod asked;
mod dialogs;
pub mod editor;
mod form;
mod head;
mod lines;
pub mod new;
mod opened;
mod past;
mod path;
mod saving;
mod seen;
mod source;
mod stations;
mod templates;
pub mod trial;
mod undo;
pub mod versions;
mod words;
mod work;

use crate::api;
use crate::model::config::ConfigRow;
use crate::model::money::grouped;
use crate::parts::badge::OriginBadge;
use crate::parts::copy::Copy;
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Waiting};
use crate::parts::problem::shown;
use crate::parts::route::say;
use crate::parts::table::{Column, Table};
use crate::parts::time::Time;
use icondata_lu::LuPlus;
use leptos::prelude::*;

#[component]
pub fn Configs() -> impl IntoView {
    let configs = Resource::new(|| (), |()| api::configs());
    view! {
        <Page
            title="Configs"
            acts=|| {
                view! {
                    <a class="btn primary" href="/configs/new">
                        <Icon icon=LuPlus />
                        "New config"
                    </a>
                }
            }
        >
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>{move || Suspend::new(async move { shown(configs.await, |rows| list(&rows)) })}</Transition>
        </Page>
    }
}

const COLUMNS: [Column; 8] = [
    ("Name", false),
    ("Id", false),
    ("Strategy", false),
    ("Targets", true),
    ("Used by", true),
    ("Calls, 24 h", true),
    ("Version", false),
    ("Changed", true),
];

fn list(rows: &[ConfigRow]) -> AnyView {
    if rows.is_empty() {
        return view! {
            <Empty
                title="No configs yet"
                text="A config says where calls go: fallbacks, shares of load, conditions, retries and caching. Callers name it by its id."
            >
                <a class="btn" href="/configs/new">
                    "Begin with a template"
                </a>
            </Empty>
        }
        .into_any();
    }
    let rows = rows.iter().map(row).collect_view();
    view! {
        <Table label="Configs" class="configs" columns=&COLUMNS>
            {rows}
        </Table>
    }
    .into_any()
}

fn row(row: &ConfigRow) -> impl IntoView + use<> {
    let mode = match row.mode.as_str() {
        "" => "One target".to_owned(),
        mode => say::mode(mode).to_owned(),
    };
    let keys = match row.used_by {
        1 => "1 key".to_owned(),
        many => format!("{many} keys"),
    };
    let version = match row.version {
        0 => "never published".to_owned(),
        version => format!("v{version}"),
    };
    view! {
        <tr>
            <th scope="row">
                <span class="row">
                    <a href=format!("/configs/{}", row.slug)>{row.name.clone()}</a>
                    <OriginBadge origin=row.origin />
                </span>
            </th>
            <td>
                <span class="row">
                    <code>{row.slug.clone()}</code>
                    <Copy text=row.slug.clone() what="config id" quiet=true />
                </span>
            </td>
            <td>{mode}</td>
            <td class="num">{row.targets}</td>
            <td class="num">{keys}</td>
            <td class="num">{grouped(row.calls)}</td>
            <td>
                <span class="row">
                    {version} {row.draft.then(|| view! { <span class="badge accent">"draft"</span> })}
                </span>
            </td>
            <td class="num">
                <Time at=row.updated_at />
            </td>
        </tr>
    }
}
