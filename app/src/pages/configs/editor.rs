//! One config: its form and its JSON side by side, the route that they draw, and a place to try it.

use super::dialogs::{Acts, dialog};
use super::form::{ConfigForm, Form};
use super::head::Bench;
use super::saving::Saving;
use super::seen::seen;
use super::source::{Source, count};
use super::trial::TryIt;
use super::undo;
use super::work::Work;
use crate::api;
use crate::model::config::{Clash, ConfigDetail, ProviderPick};
use crate::parts::diff::Diff;
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting};
use crate::parts::pop::Pop;
use crate::parts::problem::{Alert, shown};
use crate::parts::route::{Lights, RouteGraph};
use crate::parts::time::Time;
use icondata_lu::{LuEllipsis, LuHistory};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

#[component]
pub fn Editor() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let slug = Memo::new(move |_| params.with(|params| params.get("slug").unwrap_or_default()));
    let ask = move || query.with_untracked(|query| query.get("ask").unwrap_or_default());
    let detail = Resource::new(move || slug.get(), api::config);
    let acts = Acts::new();
    view! {
        <Suspense fallback=|| {
            view! {
                <Page title="Config">
                    <Waiting lines=12 />
                </Page>
            }
        }>
            {move || Suspend::new(async move {
                match detail.await {
                    Ok(detail) => {
                        view! {
                            <Title text=detail.row.name.clone() />
                            {dialog(&ask(), &detail, acts)}
                            <Desk detail refused=acts.refused() />
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Page title="Config">{shown(Err(failure), |()| ())}</Page> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// The part of the page that works in the browser: all of it, since the bar speaks of what is typed below.
#[island]
fn Desk(detail: ConfigDetail, refused: Option<String>) -> impl IntoView {
    desk(detail, refused)
}

fn desk(detail: ConfigDetail, refused: Option<String>) -> AnyView {
    let locked = !detail.editable;
    let (text, served) = match &detail.draft {
        Some(draft) => (draft.body.clone(), draft.mistakes.clone()),
        None => (detail.row.body.clone(), Vec::new()),
    };
    let work = Work::new(text, served);
    let saving = Saving::start(detail.row.slug.clone(), work, detail.revision, locked);
    saving.before_leaving();
    let undo = undo::discarded(detail.row.slug.clone(), work);
    let over = RwSignal::new(None);
    let form = Form::new(work, detail.providers.clone(), locked, over);
    let lights = RwSignal::new(Lights::default());
    let seen = seen(&detail.providers);
    let all = Signal::derive(move || Lights {
        seen: seen.clone(),
        bad: work
            .mistakes
            .with(|all| all.iter().map(|mistake| (mistake.path.clone(), mistake.message.clone())).collect()),
        ..lights.get()
    });
    let bar = {
        let detail = detail.clone();
        move || view! { <Bar detail work saving /> }
    };
    let slug = detail.row.slug.clone();
    let banners = banners(&detail, work, saving);
    let keep = move |event: SubmitEvent| {
        event.prevent_default();
        saving.now();
    };
    let keys = move |event: KeyboardEvent| {
        if event.key() == "s" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            saving.now();
        }
    };
    let at = detail.draft.as_ref().map(|draft| draft.at);
    let aside = move || view! { <Kept saving at /> };
    let to = <api::SaveDraft as ServerFn>::url();
    view! {
        <Bench detail=detail tab="editor" acts=bar aside>
            {banners}
            {refused.map(|text| view! { <Alert text /> })}
            <div class="work" on:keydown=keys>
                <section class="form scripts" aria-label="Config as a form">
                    <ConfigForm form />
                </section>
                <div class="right">
                    {route(work, lights.into(), all, over)}
                    <div class="two">
                        <form method="post" action=to on:submit=keep>
                            <input type="hidden" name="slug" value=slug />
                            <input type="hidden" name="seen" prop:value=move || saving.revision.get().to_string() value=saving.revision.get_untracked().to_string() />
                            <Source work locked over />
                            {(!locked).then(|| view! { <button class="btn no-scripts">"Save draft"</button> })}
                        </form>
                        <TryIt work lights />
                    </div>
                </div>
            </div>
            {lists(form.picks)}
            {undo}
        </Bench>
    }
    .into_any()
}

/// `all`: what is lit, with what is wrong beside it.
fn route(work: Work, lights: Signal<Lights>, all: Signal<Lights>, over: RwSignal<Option<String>>) -> impl IntoView {
    view! {
        <section class="card graph" aria-labelledby="route-title">
            <header>
                <h2 id="route-title">"Route"</h2>
                <p>{move || if lights.with(|lights| lights.first.is_some()) { "Lit for the sample below" } else { "Straight on is the first choice" }}</p>
                <Legend />
            </header>
            <RouteGraph config=work.good lights=all over />
        </section>
    }
}

/// What fields offer to pick from.
fn lists(picks: StoredValue<Vec<ProviderPick>>) -> AnyView {
    let picks = picks.get_value();
    let slugs =
        picks.iter().map(|pick| view! { <option value=format!("@{}", pick.slug)>{pick.vendor_name.clone()}</option> });
    let models = picks.iter().map(|pick| {
        let models = pick.models.iter().map(|model| view! { <option value=model.clone()></option> }).collect_view();
        view! { <datalist id=format!("models-{}", pick.slug)>{models}</datalist> }
    });
    let every =
        picks.iter().flat_map(|pick| pick.models.iter().take(40).map(move |model| format!("@{}/{model}", pick.slug)));
    let every = every.map(|model| view! { <option value=model></option> }).collect_view();
    let subjects = ["metadata.plan", "metadata._user", "params.model", "params.stream", "params.user", "url.pathname"];
    view! {
        <datalist id="providers">{slugs.collect_view()}</datalist>
        <datalist id="models-">{every}</datalist>
        {models.collect_view()}
        <datalist id="subjects">{subjects.map(|subject| view! { <option value=subject></option> }).collect_view()}</datalist>
    }
    .into_any()
}

#[component]
fn Legend() -> impl IntoView {
    view! {
        <ul class="legend push" aria-hidden="true">
            <li>
                <svg class="lg" viewBox="0 0 22 8"><path class="tk lit" d="M1 4H21" /></svg>
                "taken first"
            </li>
            <li>
                <svg class="lg" viewBox="0 0 22 8"><path class="tk maybe" d="M1 4H21" /></svg>
                "if that fails"
            </li>
        </ul>
    }
}

/// The acts of the bar. A draft with mistakes cannot be published; without scripts the server says so.
#[component]
fn Bar(detail: ConfigDetail, work: Work, saving: Saving) -> impl IntoView {
    let (slug, version) = (detail.row.slug.clone(), detail.row.version);
    let place = format!("/configs/{slug}");
    let drafted = detail.draft.is_some();
    let live = detail.row.body.clone();
    let something = Memo::new(move |_| drafted || work.text.with(|text| *text != live));
    let wrong = move || work.mistakes.with(Vec::len);
    let stopped = move || wrong() > 0 || !something.get() || saving.clash.with(Option::is_some);
    let ask = move |what: &str| format!("{place}?ask={what}");
    let editable = detail.editable;
    let publish = ask("publish");
    let menu = (detail.editable).then(|| {
        let discard = ask("discard");
        view! {
            <Pop class="more" button=|| view! { <Icon icon=LuEllipsis /> <span class="unseen">"More for this config"</span> }>
                <ul>
                    <li hidden=move || !something.get()>
                        <a class="item" href=discard>
                            "Discard draft"
                        </a>
                    </li>
                    <li>
                        <a class="item" href=ask("rename")>
                            "Rename"
                        </a>
                    </li>
                    <li>
                        <a class="item" href=ask("remove")>
                            "Delete"
                        </a>
                    </li>
                </ul>
            </Pop>
        }
    });
    view! {
        {move || count(wrong())}
        {(version > 0)
            .then(|| {
                view! {
                    <a class="btn wide-only" href=format!("/configs/{slug}/versions")>
                        <Icon icon=LuHistory />
                        {format!("Compare with v{version}")}
                    </a>
                }
            })}
        {menu}
        {editable
            .then(|| {
                view! {
                    <a
                        class="btn primary"
                        class:resting=stopped
                        aria-disabled=move || stopped().then_some("true")
                        href=move || if stopped() { String::from("#json-mistakes") } else { publish.clone() }
                    >
                        {format!("Publish v{}", version + 1)}
                    </a>
                }
            })}
    }
}

/// Whether what is typed is kept.
#[component]
fn Kept(saving: Saving, at: Option<i64>) -> impl IntoView {
    let first = saving.revision.get_untracked();
    move || {
        if let Some(failure) = saving.failure.get() {
            return view! { <span class="bad-text">{format!("Not saved. {failure}")}</span> }.into_any();
        }
        match (saving.clash.with(Option::is_some), saving.dirty(), at) {
            (true, ..) => "Not saved: somebody else was quicker".into_any(),
            (_, true, _) => "Saving…".into_any(),
            _ if saving.revision.get() != first && saving.wrong() => "Draft saved, with errors".into_any(),
            (_, _, Some(at)) if saving.revision.get() == first => view! { "Draft saved " <Time at /> }.into_any(),
            _ if saving.revision.get() != first => "Draft saved".into_any(),
            _ => ().into_any(),
        }
    }
}

/// What must be decided or known before going on: a clash, a text set aside, a lock.
fn banners(detail: &ConfigDetail, work: Work, saving: Saving) -> AnyView {
    let aside = detail.aside.clone().map(|aside| {
        let theirs = work.text.get_untracked();
        let back = aside.body.clone();
        let to = <api::SaveDraft as ServerFn>::url();
        let (slug, seen, mine) = (detail.row.slug.clone(), detail.revision.to_string(), aside.body.clone());
        view! {
            <section class="alert warn clash" aria-label="Set aside">
                <div>
                    <p>
                        "What you typed last was not saved: somebody else was quicker, or it was too long. It is set aside here, from "
                        <Time at=aside.at /> "."
                    </p>
                    <Diff old=theirs new=aside.body sides=("The draft".to_owned(), "Yours, set aside".to_owned()) />
                    <button type="button" class="btn sm scripted" on:click=move |_| work.replace(back.clone())>
                        "Bring mine back"
                    </button>
                    <form method="post" action=to class="no-scripts">
                        <input type="hidden" name="slug" value=slug />
                        <input type="hidden" name="seen" value=seen />
                        <input type="hidden" name="body" value=mine />
                        <button class="btn sm">"Bring mine back"</button>
                    </form>
                </div>
            </section>
        }
    });
    let lock = (!detail.editable).then(|| {
        let words = if detail.row.origin.locked() {
            "This config is declared in the set-up file. It can be read and tried here, and is changed there."
        } else {
            "Your role lets you read and try this config. Owners and admins change it."
        };
        view! {
            <div class="alert">
                <p>{words}</p>
            </div>
        }
    });
    let clash = move || saving.clash.get().map(|clash| clashed(clash, work, saving));
    view! {
        <div class="banners">{aside} {lock} {clash}</div>
    }
    .into_any()
}

fn clashed(clash: Clash, work: Work, saving: Saving) -> impl IntoView {
    let who = clash.author.clone().unwrap_or_else(|| "Somebody else".into());
    let (mine, theirs) = (clash.clone(), clash.clone());
    view! {
        <section class="alert warn clash" role="alert">
            <div>
                <p>
                    {format!("{who} saved this config ")} <Time at=clash.at />
                    ". Nothing of yours is lost: choose which text goes on."
                </p>
                <Diff
                    old=clash.theirs
                    new=work.text.get_untracked()
                    sides=("Theirs".to_owned(), "Yours".to_owned())
                />
                <p class="row">
                    <button type="button" class="btn sm" on:click=move |_| saving.keep_mine(&mine)>
                        "Keep mine"
                    </button>
                    <button type="button" class="btn sm" on:click=move |_| saving.take_theirs(&theirs)>
                        "Take theirs"
                    </button>
                </p>
            </div>
        </section>
    }
}
