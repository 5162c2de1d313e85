//! The playground: one prompt, up to four answers side by side.
//!
//! `public/play.js` runs it. Without scripts the form asks the first column, and the page opens the call that came of it.

mod panes;
mod setup;

use crate::api;
use crate::model::playground::{Board, COLUMNS};
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::{failure_of, shown};
use icondata_lu::{LuHistory, LuPlus};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_query_map;
use panes::panes;
use setup::setup;

#[component]
pub fn Playground() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| (query.get("log"), query.get("model"))));
    let board = Resource::new(move || asked.get_untracked(), |(log, model)| api::playground(log, model));
    let action = ServerAction::<api::RunSheet>::new();
    let failure = failure_of(action);
    let show = move |mut board: Board| {
        let typed = failure.with_untracked(|failure| failure.as_ref().and_then(|failure| failure.typed("sheet")));
        if let Some(sheet) = typed.and_then(|typed| serde_json::from_str(&typed).ok()) {
            board.sheet = sheet;
        }
        let to = <api::RunSheet as ServerFn>::url();
        let Board { sheet, models, configs, run, note, code } = board;
        let options = models.into_iter().map(|model| view! { <option value=model></option> });
        view! {
            <form class="play" method="post" action=to data-play="">
                {setup(&sheet, code, note, failure)}
                {panes(&sheet, &configs, run)}
                <datalist id="models">{options.collect_view()}</datalist>
                <p class="unseen" role="status" data-told=""></p>
            </form>
        }
    };
    view! {
        <Page title="Playground" bare=true acts=acts>
            <Suspense fallback=|| {
                view! { <Waiting lines=10 /> }
            }>{move || Suspend::new(async move { shown(board.await, show) })}</Suspense>
        </Page>
    }
}

fn acts() -> impl IntoView {
    view! {
        <a class="btn quiet" href="/logs?key=console">
            <Icon icon=LuHistory />
            "History"
        </a>
        <button type="button" class="btn scripted" data-act="add">
            <Icon icon=LuPlus />
            "Add column"
            <span class="muted">{format!("of {COLUMNS}")}</span>
        </button>
    }
}
