//! A glance at one span of the trace: what went in and what came out, `?span=` the id of its log.

use crate::model::chat::{Part, Turn};
use crate::model::log::{LogDetail, LogQuery};
use crate::model::money::grouped;
use crate::pages::log::chat::part;
use crate::pages::logs::figures::{cost, duration, model};
use crate::pages::logs::rows::status;
use crate::pages::logs::url;
use crate::parts::badge::Tile;
use crate::parts::icon::Icon;
use icondata_lu::LuX;
use leptos::prelude::*;

pub fn peek(detail: &LogDetail, query: &LogQuery, close: String) -> impl IntoView + use<> {
    let row = &detail.row;
    let first = row.first_token_us.map(|micros| format!(", first token {}", duration(micros))).unwrap_or_default();
    let tokens = format!("{} / {} tokens", grouped(row.tokens_in), grouped(row.tokens_out));
    let told = format!("{}{first}, {tokens}, {}", duration(row.latency_us), cost(row));
    let answer = detail.turns.iter().rev().find(|turn| turn.role == "assistant");
    let asked = detail.turns.iter().rev().find(|turn| turn.role != "assistant");
    let failed = detail.error.clone().filter(|_| answer.is_none());
    view! {
        <section class="peek" aria-label="The span">
            <header>
                {status(row)} <b class="trim">{detail.span_name.clone()}</b> <Tile letters=row.tile.clone() />
                <span class="trim">{model(row).to_owned()}</span> <span class="muted trim">{told}</span>
                <a class="btn sm push" href=url::open(&row.id, query, "")>
                    "Open log"
                </a>
                <a class="btn quiet icon sm" href=close aria-label="Close the glance">
                    <Icon icon=LuX />
                </a>
            </header>
            <div class="sides">
                {side("Input", asked, None)}
                {side("Output", answer, failed)}
            </div>
        </section>
    }
}

fn side(title: &'static str, turn: Option<&Turn>, failed: Option<String>) -> impl IntoView + use<> {
    let parts: Vec<Part> = match (turn, failed) {
        (_, Some(error)) => vec![Part::Text(error)],
        (Some(turn), _) if !turn.parts.is_empty() => turn.parts.clone(),
        _ => vec![Part::Note("Nothing was kept.".into())],
    };
    view! {
        <div>
            <h3>{title}</h3>
            <div class="said" tabindex="0" role="group" aria-label=title>
                {parts.into_iter().map(part).collect_view()}
            </div>
        </div>
    }
}
