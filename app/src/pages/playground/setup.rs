//! What is asked: the conversation and its parameters.

use crate::failure::Failure;
use crate::model::playground::{AS_JSON, Said, Sheet, Snippet};
use crate::parts::field::{Field, TextField, Voice};
use crate::parts::icon::Icon;
use crate::parts::problem::Problem;
use icondata_lu::{LuCircleAlert, LuCopy, LuPlay, LuPlus, LuSquare, LuX};
use leptos::prelude::*;

const ROLES: [(&str, &str); 3] = [("user", "User"), ("assistant", "Assistant"), (AS_JSON, "Message as JSON")];

pub fn setup(
    sheet: &Sheet,
    code: Vec<Snippet>,
    note: Option<String>,
    failure: Signal<Option<Failure>>,
) -> impl IntoView + use<> {
    let Sheet { system, turns, temperature, max_tokens, tools, more, .. } = sheet.clone();
    let note = note.map(|note| {
        view! {
            <div class="alert warn">
                <Icon icon=LuCircleAlert />
                <p>{note}</p>
            </div>
        }
    });
    let told = move || {
        failure.with(|failure| failure.as_ref().and_then(|failure| failure.of("model").or(failure.of("turns"))))
    };
    let told = move || told().map(|text| view! { <p class="error" role="alert">{text}</p> });
    let open = (!tools.is_empty() || !more.is_empty()).then_some("");
    view! {
        <section class="setup" aria-label="Prompt">
            {note}
            <Problem failure />
            <div class="field">{told}</div>
            <Field name="system" label="System" aside="optional" failure control=area(system, "3") />
            <ol class="turns" data-turns="">
                {turns.iter().enumerate().map(|(at, said)| turn(at, said)).collect_view()}
            </ol>
            <button type="button" class="btn sm quiet scripted" data-act="turn">
                <Icon icon=LuPlus />
                "Add a message"
            </button>
            <div class="pair">
                <TextField name="temperature" label="Temperature" value=temperature failure />
                <TextField name="max_tokens" label="Longest answer" value=max_tokens placeholder="tokens" failure />
            </div>
            <details class="further" open=open>
                <summary>"Tools and other parameters"</summary>
                <Field name="tools" label="Tools" aside="JSON array" failure control=area(tools, "3") />
                <Field name="more" label="Other parameters" aside="JSON object" failure control=area(more, "3") />
            </details>
            <div class="go">
                <button type="submit" class="btn primary">
                    <Icon icon=LuPlay class="s" />
                    "Run"
                    <kbd class="scripted">"⌘↵"</kbd>
                </button>
                <button type="button" class="btn scripted" data-act="stop" disabled="">
                    <Icon icon=LuSquare class="s" />
                    "Stop"
                </button>
            </div>
            {snippets(code)}
        </section>
    }
}

fn area(text: String, rows: &'static str) -> impl FnOnce(Voice) -> AnyView {
    move |voice: Voice| {
        view! {
            <textarea
                class="input"
                id=voice.id
                name=format!("form[{}]", voice.id)
                rows=rows
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            >
                {text}
            </textarea>
        }
        .into_any()
    }
}

fn turn(at: usize, said: &Said) -> impl IntoView + use<> {
    let Said { role, text } = said.clone();
    let option = |(word, name): (&'static str, &'static str)| {
        view! {
            <option value=word selected=role == word>
                {name}
            </option>
        }
    };
    view! {
        <li data-turn="">
            <div class="row">
                <select class="input sm" name=format!("form[turns][{at}][role]") aria-label="Role">
                    {ROLES.map(option).collect_view()}
                </select>
                <button type="button" class="btn quiet icon sm push scripted" data-act="drop" aria-label="Remove this message">
                    <Icon icon=LuX />
                </button>
            </div>
            <textarea class="input" name=format!("form[turns][{at}][text]") rows="4" aria-label="Message">
                {text}
            </textarea>
        </li>
    }
}

/// What the page came with; the script asks for it anew as the sheet changes.
fn snippets(code: Vec<Snippet>) -> impl IntoView {
    let client = |client: &str| match client {
        "Python" => "openai-python",
        "Node" => "openai-node",
        _ => "curl",
    };
    let tab = |snippet: &Snippet| {
        let id = client(&snippet.client);
        view! {
            <label>
                <input type="radio" name="client" value=id checked=id == "curl" />
                <span>{snippet.client.clone()}</span>
            </label>
        }
    };
    let tabs = code.iter().map(tab).collect_view();
    let text = |Snippet { client: name, text }: Snippet| {
        view! {
            <div class="snippet" data-client=client(&name)>
                <button type="button" class="btn sm quiet copy scripted" data-act="copy">
                    <Icon icon=LuCopy />
                    "Copy"
                    <span class="unseen">{format!(" the {name} snippet")}</span>
                </button>
                <pre tabindex="0" aria-label=format!("{name} snippet") role="group">
                    <code>{text}</code>
                </pre>
            </div>
        }
    };
    view! {
        <details class="further" data-code="">
            <summary>"Copy as code" <small class="muted">" first column"</small></summary>
            <div class="code snippets">
                <div class="head" role="radiogroup" aria-label="Client">
                    {tabs}
                </div>
                {code.into_iter().map(text).collect_view()}
            </div>
        </details>
    }
}
