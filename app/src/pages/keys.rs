mod dialogs;
mod form;
mod limits;
mod list;
mod renew;

use crate::api;
use crate::model::key::{KeyForm, KeyRow, Keys as Answer, MintedKey};
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::{shown, success_of};
use dialogs::{EditKey, NewKey, Ready, Revoke};
use icondata_lu::LuPlus;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use list::{Narrowed, Use};
use renew::Renew;

/// What the URL asks for beside the list: `?new`, or a key's id under `edit`, `renew` or `revoke`. A secret just made is
/// told first, until `?seen=` has named it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    List,
    New,
    Edit(String),
    Renew(String),
    Revoke(String),
}

/// What the page does.
#[derive(Clone, Copy)]
struct Acts {
    mint: ServerAction<api::MintKey>,
    edit: ServerAction<api::EditKey>,
    renew: ServerAction<api::RenewKey>,
    end: ServerAction<api::EndSecret>,
    revoke: ServerAction<api::RevokeKey>,
}

#[component]
pub fn Keys() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| asked(|name| query.get(name))));
    let seen = Memo::new(move |before: Option<&Vec<String>>| {
        let before = before.cloned().unwrap_or_default();
        before.into_iter().chain(query.with(|query| query.get("seen"))).collect::<Vec<_>>()
    });
    let only = Memo::new(move |_| query.with(|query| query.get("state")).and_then(|word| Use::from_word(&word)));
    let find = StoredValue::new(query.with_untracked(|query| query.get("find")).unwrap_or_default());
    let acts = Acts {
        mint: ServerAction::new(),
        edit: ServerAction::new(),
        renew: ServerAction::new(),
        end: ServerAction::new(),
        revoke: ServerAction::new(),
    };
    let changes = acts.changes();
    let keys = Resource::new(move || changes.map(|change| change.get()), |_| api::keys());
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
                            let fresh = move || answer.with_value(|answer| acts.fresh(answer, &seen.get()));
                            view! {
                                {move || {
                                    let narrowed = Narrowed { only: only.get(), find: find.get_value() };
                                    answer.with_value(|answer| list::list(answer, &narrowed))
                                }}
                                {move || match fresh() {
                                    Some(minted) => answer.with_value(|answer| tell(answer, minted)),
                                    None => answer.with_value(|answer| dialog(answer, &asked.get(), acts)),
                                }}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

fn asked(word: impl Fn(&str) -> Option<String>) -> Asked {
    let named = word("revoke").map(Asked::Revoke).or_else(|| word("renew").map(Asked::Renew));
    let named = named.or_else(|| word("edit").map(Asked::Edit));
    named.unwrap_or_else(|| if word("new").is_some() { Asked::New } else { Asked::List })
}

impl Acts {
    /// Each changes when one of the acts has succeeded.
    fn changes(self) -> [Memo<usize>; 5] {
        let Self { mint, edit, renew, end, revoke } = self;
        [success_of(mint), success_of(edit), success_of(renew), success_of(end), success_of(revoke)]
    }

    /// A secret just made here, or, where scripts do not run, by the form of the page before.
    fn fresh(self, answer: &Answer, seen: &[String]) -> Option<MintedKey> {
        let minted = self.mint.value().with(|value| value.as_ref().and_then(|value| value.as_ref().ok().cloned()));
        let renewed = self.renew.value().with(|value| value.as_ref().and_then(|value| value.as_ref().ok().cloned()));
        [renewed, minted, answer.fresh.clone()].into_iter().flatten().find(|key| !seen.contains(&key.mark()))
    }
}

fn tell(answer: &Answer, minted: MintedKey) -> AnyView {
    let (base_url, model) = (answer.base_url.clone(), answer.model.clone());
    view! { <Ready minted base_url model /> }.into_any()
}

fn dialog(answer: &Answer, asked: &Asked, acts: Acts) -> AnyView {
    let choices = form::Choices::of(answer);
    let usable = |id: &str| {
        let usable = |row: &&KeyRow| row.id == id && row.revoked_at.is_none() && !row.origin.locked();
        answer.rows.iter().find(usable).cloned()
    };
    match asked {
        Asked::List => ().into_any(),
        Asked::New => view! { <NewKey mint=acts.mint start=form::blank() choices /> }.into_any(),
        Asked::Edit(id) => {
            let start: Option<KeyForm> = usable(id).as_ref().map(form::filled);
            start.map(|start| view! { <EditKey edit=acts.edit start choices /> }).into_any()
        }
        Asked::Renew(id) => usable(id).map(|row| view! { <Renew renew=acts.renew end=acts.end row /> }).into_any(),
        Asked::Revoke(id) => usable(id).map(|row| view! { <Revoke revoke=acts.revoke row /> }).into_any(),
    }
}
