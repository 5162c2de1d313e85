//! The keys as rows, narrowed by `?state=` and `?find=`.

use crate::model::key::{KeyRow, Keys};
use crate::model::limit::BudgetRow;
use crate::pages::budgets::words;
use crate::parts::badge::{Lamp, OriginBadge, State};
use crate::parts::icon::Icon;
use crate::parts::meter::{Gauge, Meter};
use crate::parts::page::{Empty, Wide};
use crate::parts::time::Time;
use icondata_core::Icon as IconData;
use icondata_lu::{LuBan, LuPencil, LuRefreshCw, LuSearch};
use leptos::prelude::*;

/// A key that ends so soon needs a look, milliseconds: a week.
const SOON: i64 = 7 * 86_400_000;

/// What narrows the list.
#[derive(Clone)]
pub struct Narrowed {
    pub only: Option<Use>,
    pub find: String,
}

/// The filter of the list, `?state=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Busy,
    /// Over, about to end, or with two secrets.
    Look,
    Quiet,
    Revoked,
}

pub fn list(answer: &Keys, narrowed: &Narrowed) -> AnyView {
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
    let now = answer.now;
    let words = narrowed.find.to_lowercase();
    let shown = |row: &&KeyRow| narrowed.only.is_none_or(|only| Use::of(row, now) == only) && named(row, &words);
    let found = answer.rows.iter().filter(shown).cloned().collect::<Vec<_>>();
    view! {
        <div class="narrow">
            <Find narrowed=narrowed.clone() />
            <Filter rows=answer.rows.clone() only=narrowed.only now />
        </div>
        {if found.is_empty() { none(narrowed).into_any() } else { view! { <Table rows=found now /> }.into_any() }}
    }
    .into_any()
}

#[component]
fn Find(narrowed: Narrowed) -> impl IntoView {
    let Narrowed { only, find } = narrowed;
    let state = only.map(|only| view! { <input type="hidden" name="state" value=only.word() /> });
    view! {
        <form method="get" action="/keys" role="search">
            {state}
            <label class="input">
                <Icon icon=LuSearch />
                <span class="unseen">"Find a key"</span>
                <input
                    type="search"
                    name="find"
                    placeholder="Name, last four characters, config or scope"
                    autocomplete="off"
                    value=find
                />
            </label>
        </form>
    }
}

fn none(narrowed: &Narrowed) -> impl IntoView + use<> {
    let find = narrowed.find.clone();
    let text = match (find.is_empty(), narrowed.only) {
        (true, Some(only)) => format!("No key is under “{}”.", only.label()),
        _ => format!("No key has “{find}” in its name, last four characters, config or scopes."),
    };
    view! {
        <div class="card">
            <p class="body soft">{text} " " <a class="link" href="/keys" rel="external">"Show all keys"</a></p>
        </div>
    }
}

/// Links that narrow the list, each with how many keys it leaves.
#[component]
fn Filter(rows: Vec<KeyRow>, only: Option<Use>, now: i64) -> impl IntoView {
    let link = |choice: Option<Use>| {
        let count = rows.iter().filter(|row| choice.is_none_or(|choice| Use::of(row, now) == choice)).count();
        let href = choice.map_or("/keys".to_owned(), |choice| format!("/keys?state={}", choice.word()));
        view! {
            <a href=href aria-current=(choice == only).then_some("true")>
                {choice.map_or("All", Use::label)}
                <span class="muted">{count}</span>
            </a>
        }
    };
    let choices = [None, Some(Use::Busy), Some(Use::Look), Some(Use::Quiet), Some(Use::Revoked)];
    view! {
        <nav class="segments filter" aria-label="Keys shown">
            {choices.map(link).collect_view()}
        </nav>
    }
}

#[component]
fn Table(rows: Vec<KeyRow>, now: i64) -> impl IntoView {
    view! {
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
                                "Spent"
                            </th>
                            <th scope="col">
                                <span class="unseen">"Budget"</span>
                            </th>
                            <th scope="col" class="num">
                                "Limit"
                            </th>
                            <th scope="col" class="num">
                                "Last used"
                            </th>
                            <th scope="col">"Expires"</th>
                            <th scope="col">
                                <span class="unseen">"Acts"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows.into_iter().map(|row| view! { <Row row now /> }).collect_view()}</tbody>
                </table>
            </Wide>
        </div>
    }
}

#[component]
fn Row(row: KeyRow, now: i64) -> impl IntoView {
    let past = row.revoked_at.is_some();
    let (lamp, word) = state(&row, now);
    let budget = row.budgets.first();
    let spent = budget.map(|budget| {
        let each = words::each(&budget.reset);
        let of = format!(" of {}", words::limit(budget));
        view! {
            <span title=each>
                {words::amount(&budget.unit, budget.spent)} <span class="muted">{of}</span>
                <span class="unseen">{format!(" {each}")}</span>
            </span>
        }
    });
    let meter = budget.map(|budget| {
        let held = budget.reserved + budget.unsettled;
        view! { <Meter gauge=Gauge { limit: budget.limit, spent: budget.spent, held, warn: budget.alert } /> }
    });
    let rates = match row.rates.as_slice() {
        [] => "none".to_owned(),
        [first] => words::rate(first),
        [first, rest @ ..] => format!("{} and {} more", words::rate(first), rest.len()),
    };
    let all_rates = rates.clone();
    let acts = (!past && !row.origin.locked()).then(|| {
        let act = |icon: IconData, word: &'static str, query: &'static str| {
            view! {
                <a class="btn quiet icon sm" href=format!("/keys?{query}={}", row.id) title=word>
                    <Icon icon />
                    <span class="unseen">{format!("{word} {}", row.name)}</span>
                </a>
            }
        };
        view! {
            <span class="row acts">
                {act(LuPencil, "Edit", "edit")} {act(LuRefreshCw, "Rotate", "renew")} {act(LuBan, "Revoke", "revoke")}
            </span>
        }
    });
    view! {
        <tr class:past=past>
            <th scope="row">
                <span class="row" title=row.description.clone()>
                    {row.name.clone()}
                    <OriginBadge origin=row.origin />
                </span>
            </th>
            <td class="mono soft">{format!("sy-…{}", row.last_four)}</td>
            <td>
                <State lamp text=word />
            </td>
            <td class="soft">{row.config.unwrap_or_else(|| "none".into())}</td>
            <td class="soft trim" title=row.scopes.join(", ")>
                {scopes(&row.scopes)}
            </td>
            <td class="num">{spent}</td>
            <td>{meter}</td>
            <td class="num soft trim" title=all_rates>
                {rates}
            </td>
            <td class="num soft">{moment(row.last_used_at)}</td>
            <td class="soft">{moment(row.revoked_at.or(row.expires_at))}</td>
            <td class="num">{acts}</td>
        </tr>
    }
}

fn moment(at: Option<i64>) -> AnyView {
    match at {
        Some(at) => view! { <Time at /> }.into_any(),
        None => "never".into_any(),
    }
}

/// The first two, and how many more.
fn scopes(scopes: &[String]) -> String {
    match scopes {
        _ if scopes.iter().any(|scope| scope == "*") => "everything".into(),
        [first, second, rest @ ..] if !rest.is_empty() => format!("{first}, {second} and {} more", rest.len()),
        all => all.join(", "),
    }
}

/// Whether a key is one of those that `words` (small letters) look for.
fn named(row: &KeyRow, words: &str) -> bool {
    let config = row.config.as_deref().unwrap_or_default();
    let texts = [row.name.as_str(), &row.last_four, config, &row.description];
    let holds = |word: &str| {
        texts.into_iter().chain(row.scopes.iter().map(String::as_str)).any(|text| text.to_lowercase().contains(word))
    };
    words.split_whitespace().all(holds)
}

/// How the key is.
fn state(row: &KeyRow, now: i64) -> (Lamp, &'static str) {
    let ends = row.expires_at.filter(|_| row.revoked_at.is_none());
    match Use::of(row, now) {
        _ if ends.is_some_and(|at| at <= now) => (Lamp::Bad, "Expired"),
        Use::Look if row.budgets.iter().any(|budget| budget.spent + budget.unsettled >= budget.limit) => {
            (Lamp::Bad, "Budget used up")
        }
        Use::Look if ends.is_some_and(|at| at <= now + SOON) => (Lamp::Warn, "Expires soon"),
        Use::Look if !row.past.is_empty() => (Lamp::Warn, "Rotating"),
        Use::Look => (Lamp::Warn, "Past its alert"),
        Use::Busy => (Lamp::Ok, "In use"),
        Use::Quiet if row.last_used_at.is_none() => (Lamp::Off, "Never used"),
        Use::Quiet => (Lamp::Off, "Quiet"),
        Use::Revoked => (Lamp::Off, "Revoked"),
    }
}

/// Used up, or past its alert.
fn wants_a_look(budget: &BudgetRow) -> bool {
    let gone = budget.spent + budget.unsettled;
    gone >= budget.limit || budget.alert.is_some_and(|alert| budget.spent >= alert)
}

impl Use {
    fn of(row: &KeyRow, now: i64) -> Self {
        match row {
            KeyRow { revoked_at: Some(_), .. } => Self::Revoked,
            KeyRow { expires_at: Some(at), .. } if *at <= now + SOON => Self::Look,
            KeyRow { past, .. } if !past.is_empty() => Self::Look,
            KeyRow { budgets, .. } if budgets.iter().any(wants_a_look) => Self::Look,
            KeyRow { calls: 1.., .. } => Self::Busy,
            _ => Self::Quiet,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Busy => "in-use",
            Self::Look => "look",
            Self::Quiet => "quiet",
            Self::Revoked => "revoked",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Busy, Self::Look, Self::Quiet, Self::Revoked].into_iter().find(|choice| choice.word() == word)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Busy => "In use",
            Self::Look => "Needs a look",
            Self::Quiet => "Quiet",
            Self::Revoked => "Revoked",
        }
    }
}
