mod dialogs;

use crate::api;
use crate::model::key::{KeyRow, Keys as Answer, MintedKey};
use crate::model::money::grouped;
use crate::parts::badge::{Lamp, OriginBadge, State};
use crate::parts::icon::Icon;
use crate::parts::page::{Empty, Page, Waiting, Wide};
use crate::parts::problem::{shown, success_of};
use crate::parts::time::Time;
use dialogs::{NewKey, Ready, Revoke};
use icondata_lu::LuPlus;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What the URL asks for beside the list: `?new`, or `?revoke=` a key's id. A secret just made is told first, until
/// `?seen=` has named its key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    List,
    New,
    Revoke(String),
}

/// The filter of the list, `?state=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Busy,
    Quiet,
    Revoked,
}

#[component]
pub fn Keys() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| match (query.get("revoke"), query.get("new")) {
            (Some(id), _) => Asked::Revoke(id),
            (None, Some(_)) => Asked::New,
            (None, None) => Asked::List,
        })
    });
    let seen = Memo::new(move |before: Option<&Option<String>>| {
        query.with(|query| query.get("seen")).or_else(|| before.cloned().flatten())
    });
    let only = Memo::new(move |_| query.with(|query| query.get("state")).and_then(|word| Use::from_word(&word)));
    let mint = ServerAction::<api::MintKey>::new();
    let revoke = ServerAction::<api::RevokeKey>::new();
    let (minted, revoked) = (success_of(mint), success_of(revoke));
    let source = move || (minted.get(), revoked.get());
    let keys = Resource::new(source, |_| api::keys());
    view! {
        <Page
            title="API keys"
            acts=|| {
                view! {
                    <a class="btn primary" href="/keys?new=1">
                        <Icon icon=LuPlus />
                        "New key"
                    </a>
                }
            }
        >
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    shown(
                        keys.await,
                        move |answer| {
                            let answer = StoredValue::new(answer);
                            let ready = move || {
                                answer.with_value(|answer| ready(answer, mint)).filter(|key| Some(&key.id) != seen.get().as_ref())
                            };
                            view! {
                                {move || answer.with_value(|answer| list(answer, only.get()))}
                                {move || match ready() {
                                    Some(minted) => answer.with_value(|answer| tell(answer, minted)),
                                    None => answer.with_value(|answer| dialog(answer, &asked.get(), mint, revoke)),
                                }}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

/// A key just made here, or, where scripts do not run, by the form of the page before.
fn ready(answer: &Answer, mint: ServerAction<api::MintKey>) -> Option<MintedKey> {
    let made = mint.value().with(|value| value.as_ref().and_then(|value| value.as_ref().ok().cloned()));
    made.or_else(|| answer.fresh.clone())
}

fn tell(answer: &Answer, minted: MintedKey) -> AnyView {
    let (base_url, model) = (answer.base_url.clone(), answer.model.clone());
    view! { <Ready minted base_url model /> }.into_any()
}

fn dialog(
    answer: &Answer,
    asked: &Asked,
    mint: ServerAction<api::MintKey>,
    revoke: ServerAction<api::RevokeKey>,
) -> AnyView {
    match asked {
        Asked::List => ().into_any(),
        Asked::New => view! { <NewKey mint configs=answer.configs.clone() /> }.into_any(),
        Asked::Revoke(id) => {
            let usable = |row: &&KeyRow| row.id == *id && row.revoked_at.is_none() && !row.origin.locked();
            let row = answer.rows.iter().find(usable).cloned();
            row.map(|row| view! { <Revoke revoke row /> }).into_any()
        }
    }
}

fn list(answer: &Answer, only: Option<Use>) -> AnyView {
    if answer.rows.is_empty() {
        return view! {
            <Empty
                title="No keys yet"
                text="A key lets code call this gateway. It carries scopes, and a default config and metadata if you like."
            >
                <a class="btn" href="/keys?new=1">
                    "New key"
                </a>
            </Empty>
        }
        .into_any();
    }
    let rows = answer.rows.iter().filter(|row| only.is_none_or(|only| Use::of(row) == only));
    let rows = rows.map(|row| view! { <Row row=row.clone() /> }).collect_view();
    view! {
        <Filter rows=answer.rows.clone() only />
        <div class="card">
            <Wide label="API keys">
                <table class="table keys">
                    <caption>"API keys"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Key"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Config"</th>
                            <th scope="col">"Scopes"</th>
                            <th scope="col" class="num">
                                "Calls, 24 h"
                            </th>
                            <th scope="col" class="num">
                                "Last used"
                            </th>
                            <th scope="col" class="num">
                                "Created"
                            </th>
                            <th scope="col">
                                <span class="unseen">"Acts"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </Wide>
        </div>
    }
    .into_any()
}

/// Links that narrow the list, each with how many keys it leaves.
#[component]
fn Filter(rows: Vec<KeyRow>, only: Option<Use>) -> impl IntoView {
    let link = |choice: Option<Use>| {
        let count = rows.iter().filter(|row| choice.is_none_or(|choice| Use::of(row) == choice)).count();
        let href = choice.map_or("/keys".to_owned(), |choice| format!("/keys?state={}", choice.word()));
        view! {
            <a href=href aria-current=(choice == only).then_some("true")>
                {choice.map_or("All", Use::label)}
                <span class="muted">{count}</span>
            </a>
        }
    };
    let choices = [None, Some(Use::Busy), Some(Use::Quiet), Some(Use::Revoked)];
    view! {
        <nav class="segments filter" aria-label="Keys shown">
            {choices.map(link).collect_view()}
        </nav>
    }
}

#[component]
fn Row(row: KeyRow) -> impl IntoView {
    let past = row.revoked_at.is_some();
    let lamp = match Use::of(&row) {
        Use::Busy => view! { <State lamp=Lamp::Ok text="In use" /> },
        Use::Quiet if row.last_used_at.is_none() => view! { <State lamp=Lamp::Off text="Never used" /> },
        Use::Quiet => view! { <State lamp=Lamp::Off text="Quiet" /> },
        Use::Revoked => view! { <State lamp=Lamp::Off text="Revoked" /> },
    };
    let act = (!past && !row.origin.locked()).then(|| {
        view! {
            <a class="btn danger sm" href=format!("/keys?revoke={}", row.id)>
                "Revoke"
                <span class="unseen">{format!(" {}", row.name)}</span>
            </a>
        }
    });
    view! {
        <tr class:past=past>
            <th scope="row">
                <span class="row">{row.name.clone()} <OriginBadge origin=row.origin /></span>
            </th>
            <td class="mono soft">{format!("sy-…{}", row.last_four)}</td>
            <td>{lamp}</td>
            <td>{row.config.unwrap_or_else(|| "none".into())}</td>
            <td class="soft">{row.scopes.join(", ").replace('*', "everything")}</td>
            <td class="num">{grouped(row.calls)}</td>
            <td class="num">
                {match row.last_used_at {
                    Some(at) => view! { <Time at /> }.into_any(),
                    None => "never".into_any(),
                }}
            </td>
            <td class="num">
                <Time at=row.created_at />
            </td>
            <td class="num">{act}</td>
        </tr>
    }
}

impl Use {
    fn of(row: &KeyRow) -> Self {
        match row {
            KeyRow { revoked_at: Some(_), .. } => Self::Revoked,
            KeyRow { calls: 1.., .. } => Self::Busy,
            _ => Self::Quiet,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Busy => "in-use",
            Self::Quiet => "quiet",
            Self::Revoked => "revoked",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Busy, Self::Quiet, Self::Revoked].into_iter().find(|choice| choice.word() == word)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Busy => "In use",
            Self::Quiet => "Quiet",
            Self::Revoked => "Revoked",
        }
    }
}
