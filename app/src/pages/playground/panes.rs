//! Whom it is asked of, and what they answer.

use crate::model::chat::Part;
use crate::model::playground::{COLUMNS, Column, Run, Sheet};
use crate::pages::log::chat::part;
use crate::parts::icon::Icon;
use icondata_lu::{LuCircleAlert, LuCopy, LuSquare, LuX};
use leptos::prelude::*;

/// All columns stand in the page; those that nothing is asked of are hidden until they are added.
pub fn panes(sheet: &Sheet, configs: &[(String, String)], mut run: Option<Run>) -> impl IntoView + use<> {
    let shown = sheet.columns.iter().filter(|column| **column != Column::default()).count().max(1);
    let pane = |at: usize| {
        let column = sheet.columns.get(at).cloned().unwrap_or_default();
        pane(at, column, configs, at < shown, run.take()).into_any()
    };
    view! { <div class="panes">{(0..COLUMNS).map(pane).collect::<Vec<_>>()}</div> }
}

fn pane(
    at: usize,
    column: Column,
    configs: &[(String, String)],
    shown: bool,
    run: Option<Run>,
) -> impl IntoView + use<> {
    let number = at + 1;
    let option = |(slug, name): &(String, String)| {
        view! {
            <option value=slug.clone() selected=*slug == column.config>
                {name.clone()}
            </option>
        }
    };
    let configs = configs.iter().map(option).collect_view();
    let (answer, figures) = run.map(|run| (answer(&run), figures(run))).unzip();
    view! {
        <section class="pane" aria-label=format!("Column {number}") hidden=!shown>
            <header>
                <input
                    class="input sm"
                    name=format!("form[columns][{at}][model]")
                    aria-label=format!("Model of column {number}")
                    list="models"
                    placeholder="@slug/model"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    value=column.model
                />
                <select class="input sm" name=format!("form[columns][{at}][config]") aria-label=format!("Config of column {number}")>
                    <option value="">"No config"</option>
                    {configs}
                </select>
                {act("copy-answer", format!("Copy answer {number}"), LuCopy)}
                {act("stop-one", format!("Stop column {number}"), LuSquare)}
                {act("close", format!("Close column {number}"), LuX)}
            </header>
            <div class="out" tabindex="0" role="region" aria-label=format!("Answer {number}")>
                {answer}
            </div>
            <footer>{figures}</footer>
        </section>
    }
}

fn act(act: &'static str, label: String, icon: icondata_core::Icon) -> impl IntoView {
    view! {
        <button type="button" class="btn quiet icon sm scripted" data-act=act aria-label=label.clone() title=label>
            <Icon icon=icon />
        </button>
    }
}

fn answer(run: &Run) -> AnyView {
    let error = run.error.clone().map(|error| {
        view! {
            <div class="alert bad">
                <Icon icon=LuCircleAlert />
                <p>{format!("Status {}. {error}", run.status)}</p>
            </div>
        }
    });
    let parts = run.parts.iter().cloned().map(|said: Part| part(said)).collect_view();
    view! {
        {parts}
        {error}
    }
    .into_any()
}

fn figures(run: Run) -> AnyView {
    let figure = |(name, value): (String, String)| view! { <span><span class="muted">{name}</span> " " {value}</span> };
    let link = format!("/logs/{}", run.log);
    view! {
        {run.figures.into_iter().map(figure).collect_view()}
        <a class="link" href=link>
            "Log"
        </a>
    }
    .into_any()
}
