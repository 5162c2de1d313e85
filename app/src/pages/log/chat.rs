//! The conversation, one turn after the other along a line.

use super::Tab;
use super::bodies::sheet;
use crate::model::chat::{Part, Turn};
use crate::model::log::{LogDetail, LogQuery};
use crate::model::money::grouped;
use crate::pages::logs::url;
use crate::parts::icon::Icon;
use icondata_core::Icon as IconData;
use icondata_lu::{LuBot, LuCornerDownRight, LuSettings, LuUser, LuWrench};
use leptos::prelude::*;

pub fn chat(detail: &LogDetail, query: &LogQuery) -> AnyView {
    if detail.turns.is_empty() {
        return view! {
            <div class="empty">
                <h3>"No conversation was kept"</h3>
                <p>"The bodies of this call are no chat, or none was kept."</p>
                <div class="row">
                    <a class="btn" href=url::open(&detail.row.id, query, Tab::Json.word())>
                        "See the JSON"
                    </a>
                </div>
            </div>
        }
        .into_any();
    }
    let tokens = format!("{} tokens", grouped(detail.row.tokens_out));
    let turns = detail.turns.iter().cloned();
    view! {
        <ol class="chat">
            {turns.map(|turn| message(turn, &tokens)).collect_view()}
        </ol>
    }
    .into_any()
}

fn message(turn: Turn, tokens: &str) -> impl IntoView + use<> {
    let calls = turn.parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
    let aside = match (&turn.finish, calls) {
        (Some(finish), _) => format!("{tokens} · {finish}"),
        (None, true) => "tool call".into(),
        (None, false) => String::new(),
    };
    let class = if turn.finish.is_some() { "turn answer" } else { "turn" };
    let (name, icon) = voice(&turn.role, calls);
    view! {
        <li class=class>
            <header>
                <Icon icon=icon class="s" />
                <h3>{name}</h3>
                <span class="muted push">{aside}</span>
            </header>
            {turn.parts.into_iter().map(part).collect_view()}
        </li>
    }
}

fn voice(role: &str, calls: bool) -> (String, IconData) {
    match role {
        "system" | "developer" => ("System".into(), LuSettings),
        "user" => ("User".into(), LuUser),
        "assistant" if calls => ("Assistant".into(), LuCornerDownRight),
        "assistant" => ("Assistant".into(), LuBot),
        "tool" | "function" => ("Tool".into(), LuWrench),
        other => (other.to_owned(), LuUser),
    }
}

/// Only what the server has cleaned is set as HTML.
pub fn part(part: Part) -> AnyView {
    match part {
        Part::Html(html) => view! { <div class="prose" inner_html=html></div> }.into_any(),
        Part::Text(text) => view! { <p class="plain">{text}</p> }.into_any(),
        Part::ToolCall { id, name, arguments } => sheet(name, id, &arguments, "the arguments").into_any(),
        Part::ToolResult { id, content } => sheet("Result".into(), id, &content, "the result").into_any(),
        Part::Note(note) => view! { <p class="muted">{note}</p> }.into_any(),
    }
}
