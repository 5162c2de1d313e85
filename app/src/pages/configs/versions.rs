//! The versions of a config as one line of stations, two of them compared, and the way back.

use super::head::{Bench, touches};
use super::stations::stations;
use super::undo;
use crate::api;
use crate::failure::Failure;
use crate::model::config::ConfigDetail;
use crate::parts::diff::{Diff, tally};
use crate::parts::icon::Points;
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::{Problem, failure_of, shown};
use crate::parts::route::merge::{merge, tally as tally_marks};
use crate::parts::route::{Lights, RouteGraph};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde_json::Value;

/// One side of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Draft,
    Number(i64),
}

impl Side {
    fn read(word: Option<String>) -> Option<Self> {
        match word?.as_str() {
            "draft" => Some(Self::Draft),
            number => number.parse().ok().map(Self::Number),
        }
    }

    pub fn word(self) -> String {
        match self {
            Self::Draft => "draft".into(),
            Self::Number(number) => number.to_string(),
        }
    }

    fn name(self, detail: &ConfigDetail) -> String {
        match self {
            Self::Draft => format!("v{} draft", detail.row.version + 1),
            Self::Number(number) if number == detail.row.version => format!("v{number} live"),
            Self::Number(number) => format!("v{number}"),
        }
    }
}

/// What is compared: `?old=…&new=…`. By default the draft with what is live, or the newest version with the one before.
fn sides(detail: &ConfigDetail, old: Option<Side>, new: Option<Side>) -> (Side, Side) {
    let known = |side: &Side| match side {
        Side::Draft => detail.draft.is_some(),
        Side::Number(number) => detail.versions.iter().any(|version| version.number == *number),
    };
    let (old, new) = (old.filter(known), new.filter(known));
    let live = Side::Number(detail.row.version);
    let new = new.unwrap_or(if detail.draft.is_some() { Side::Draft } else { live });
    let before = |side: Side| match side {
        Side::Draft => live,
        Side::Number(number) => {
            let older = detail.versions.iter().map(|version| version.number).find(|older| *older < number);
            Side::Number(older.unwrap_or(number))
        }
    };
    (old.unwrap_or_else(|| if new == live { before(new) } else { live }), new)
}

#[component]
pub fn Versions() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let slug = Memo::new(move |_| params.with(|params| params.get("slug").unwrap_or_default()));
    let asked = Memo::new(move |_| query.with(|query| (Side::read(query.get("old")), Side::read(query.get("new")))));
    let back = ServerAction::<api::RollBack>::new();
    let live = move || query.with_untracked(|query| query.get("live")?.parse::<i64>().ok());
    let page = Resource::new(
        move || (slug.get(), asked.get()),
        |(slug, (old, new))| async move {
            let detail = api::config(slug).await?;
            let (old, new) = sides(&detail, old, new);
            let before = text(&detail, old).await?;
            let after = text(&detail, new).await?;
            Ok::<_, Failure>((detail, old.word(), new.word(), before, after))
        },
    );
    view! {
        <Transition fallback=|| {
            view! {
                <Page title="Versions">
                    <Waiting lines=12 />
                </Page>
            }
        }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok((detail, old, new, before, after)) => {
                        let (old, new) = (Side::read(Some(old)), Side::read(Some(new)));
                        let (old, new) = sides(&detail, old, new);
                        let told = live().filter(|number| *number == detail.row.version);
                        let told = told.map(|number| undo::live(detail.row.slug.clone(), number, back));
                        view! {
                            {show(detail, (old, before), (new, after), back)}
                            {told}
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Page title="Versions">{shown(Err(failure), |()| ())}</Page> }.into_any(),
                }
            })}
        </Transition>
    }
}

async fn text(detail: &ConfigDetail, side: Side) -> Result<String, Failure> {
    match side {
        Side::Draft => Ok(detail.draft.as_ref().map(|draft| draft.body.clone()).unwrap_or_default()),
        Side::Number(0) => Ok(String::new()),
        Side::Number(number) if number == detail.row.version => Ok(detail.row.body.clone()),
        Side::Number(number) => api::config_version(detail.row.slug.clone(), number).await,
    }
}

fn show(
    detail: ConfigDetail,
    (old, before): (Side, String),
    (new, after): (Side, String),
    back: ServerAction<api::RollBack>,
) -> AnyView {
    let place = format!("/configs/{}", detail.row.slug);
    let roll = match new {
        Side::Number(number) if number != detail.row.version && detail.editable => Some(number),
        _ => None,
    };
    let acts = {
        let (slug, place) = (detail.row.slug.clone(), place);
        let drafted = detail.draft.is_some() && detail.editable;
        let next = detail.row.version + 1;
        move || {
            view! {
                {roll.map(|number| roll_back(slug, number, back))}
                {drafted.then(|| view! { <a class="btn primary" href=format!("{place}?ask=publish")>{format!("Publish v{next}")}</a> })}
            }
        }
    };
    let line = stations(&detail, old, new);
    let words = match new {
        Side::Draft => touches(&detail),
        Side::Number(number) if number == detail.row.version => format!("v{number} is what calls take now."),
        Side::Number(number) => format!(
            "Rolling back publishes v{number} again, as v{}. {}",
            detail.row.version + 1,
            if detail.draft.is_some() { "The draft stays." } else { "" }
        ),
    };
    let names = (old.name(&detail), new.name(&detail));
    let heading = format!("{} against {}", names.1, names.0);
    view! {
        <Title text=detail.row.name.clone() />
        <Bench detail=detail.clone() tab="versions" acts>
            <div class="banners">
                <Problem failure=failure_of(back) />
            </div>
            <div class="work vers">
                <ol class="vlist" aria-label="Versions, newest first">
                    {line}
                </ol>
                <div class="right">
                    <p class="touch">
                        <Points />
                        <span>{words}</span>
                    </p>
                    {pickers(&detail, old, new)}
                    {drawn(&before, &after, &heading)}
                    <section class="card dif" aria-labelledby="json-title">
                        <header>
                            <h2 id="json-title">"JSON"</h2>
                            <p>{format!("{heading}: {}", tally(&before, &after))}</p>
                        </header>
                        <Diff old=before new=after sides=names />
                    </section>
                </div>
            </div>
        </Bench>
    }
    .into_any()
}

/// Both sides in one graph.
fn drawn(before: &str, after: &str, heading: &str) -> impl IntoView + use<> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let config = read(after);
    let (both, marks) = if before.is_empty() { (config.clone(), Vec::new()) } else { merge(&read(before), &config) };
    let change = if before.is_empty() { "the first version".to_owned() } else { tally_marks(&marks) };
    let lights = Lights { marks, ..Lights::default() };
    let told = format!("{heading}: {change}");
    view! {
        <section class="card graph" aria-labelledby="route-title">
            <header>
                <h2 id="route-title">"Route"</h2>
                <p>{told}</p>
                <ul class="legend push" aria-hidden="true">
                    <li>
                        <svg class="lg" viewBox="0 0 22 8"><path class="tk lit" d="M1 4H21" /></svg>
                        "new"
                    </li>
                    <li>
                        <svg class="lg" viewBox="0 0 22 8"><path class="tk gone" d="M1 4H21" /></svg>
                        "removed"
                    </li>
                </ul>
            </header>
            <RouteGraph
                config=Signal::stored(both)
                lights=Signal::stored(lights)
                over=RwSignal::new(None)
                heard=config
            />
        </section>
    }
}

fn roll_back(slug: String, number: i64, back: ServerAction<api::RollBack>) -> impl IntoView {
    view! {
        <ActionForm action=back>
            <input type="hidden" name="slug" value=slug />
            <input type="hidden" name="number" value=number.to_string() />
            <button class="btn" aria-busy=move || back.pending().get().then_some("true")>
                {format!("Roll back to v{number}")}
            </button>
        </ActionForm>
    }
}

/// Any two can be compared, by a form that needs no scripts.
fn pickers(detail: &ConfigDetail, old: Side, new: Side) -> AnyView {
    let all: Vec<(Side, String)> = detail
        .draft
        .iter()
        .map(|_| Side::Draft)
        .chain(detail.versions.iter().map(|version| Side::Number(version.number)))
        .map(|side| (side, side.name(detail)))
        .collect();
    let select = |name: &'static str, label: &'static str, chosen: Side| {
        let option = |(side, words): &(Side, String)| {
            view! {
                <option value=side.word() selected=*side == chosen>
                    {words.clone()}
                </option>
            }
        };
        view! {
            <label>
                <span class="unseen">{label}</span>
                <select class="input sm" name=name>
                    {all.iter().map(option).collect_view()}
                </select>
            </label>
        }
    };
    view! {
        <form class="row compare" method="get" action=format!("/configs/{}/versions", detail.row.slug)>
            "Compare " {select("old", "Older side", old)} " with " {select("new", "Newer side", new)}
            <button class="btn sm">"Show"</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{Side, sides};
    use crate::model::Origin;
    use crate::model::config::{ConfigDetail, ConfigRow, Draft, Version};

    fn detail(version: i64, draft: bool) -> ConfigDetail {
        let row = ConfigRow {
            slug: "pc-a".into(),
            name: "a".into(),
            body: String::new(),
            version,
            origin: Origin::Console,
            updated_at: 0,
            author: None,
            draft,
            mode: String::new(),
            targets: 0,
            used_by: 0,
            calls: 0,
        };
        let of = |number| Version {
            number,
            id: String::new(),
            author: None,
            at: 0,
            note: String::new(),
            published: number == version,
            calls: 0,
            failed: 0,
        };
        ConfigDetail {
            row,
            revision: 0,
            draft: draft.then(|| Draft {
                body: String::new(),
                base: version,
                author: None,
                at: 0,
                mistakes: Vec::new(),
            }),
            aside: None,
            versions: (1..=version).rev().map(of).collect(),
            users: Vec::new(),
            calls_a_minute: 0,
            providers: Vec::new(),
            editable: true,
        }
    }

    #[test]
    fn what_is_compared_follows_from_what_there_is() {
        use Side::{Draft, Number};
        for (version, draft, asked, told) in [
            (3, true, (None, None), (Number(3), Draft)),
            (3, false, (None, None), (Number(2), Number(3))),
            (1, false, (None, None), (Number(1), Number(1))),
            (0, true, (None, None), (Number(0), Draft)),
            (3, true, (None, Some(Number(1))), (Number(3), Number(1))),
            (3, true, (Some(Number(1)), Some(Number(2))), (Number(1), Number(2))),
            (3, false, (Some(Draft), Some(Number(9))), (Number(2), Number(3))),
        ] {
            assert_eq!(sides(&detail(version, draft), asked.0, asked.1), told);
        }
    }
}
