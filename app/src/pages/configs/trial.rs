//! Trying a config: a sample call, dry or for real, with targets made to fail.

use super::form::{Wrong, focus};
use super::path::Path;
use super::work::Work;
use crate::api;
use crate::failure::Failure;
#[cfg(feature = "ssr")]
use crate::model::config::Outcome;
use crate::model::config::{Chaos, Told, Trial};
use crate::parts::icon::Icon;
use crate::parts::route::{Lights, say};
use icondata_lu::{LuCircleAlert, LuPlay};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};

const SAMPLE: &str = r#"{
  "model": "gpt-4o-mini",
  "messages": [{ "role": "user", "content": "Say hello" }]
}"#;

/// What a target can be made to do: word, label, act.
const FAULTS: [(&str, &str, Chaos); 7] = [
    ("429", "answers 429", Chaos::Status(429)),
    ("500", "answers 500", Chaos::Status(500)),
    ("503", "answers 503", Chaos::Status(503)),
    ("529", "answers 529", Chaos::Status(529)),
    ("401", "answers 401", Chaos::Status(401)),
    ("hang", "hangs", Chaos::Hang),
    ("cut", "breaks off after 10 tokens", Chaos::Cut(10)),
];

/// `lights`: what the graph shows of the outcome.
#[component]
pub fn TryIt(work: Work, lights: RwSignal<Lights>) -> impl IntoView {
    let sample = RwSignal::new(SAMPLE.to_owned());
    let metadata = RwSignal::new(String::new());
    let chaos = RwSignal::new(Vec::<(String, Chaos)>::new());
    let answer = RwSignal::new(None::<Result<Told, Failure>>);
    let going = RwSignal::new(None::<bool>);
    let asked = Memo::new(move |_| Asked {
        config: work.good.get(),
        sample: sample.get(),
        metadata: metadata.get(),
        chaos: chaos.get(),
    });
    let tried = RwSignal::new(None::<Asked>);
    let stale = Memo::new(move |_| tried.with(|tried| asked.with(|asked| tried.as_ref() != Some(asked))));
    let send = move |dry: bool| {
        if going.get_untracked().is_some() {
            return;
        }
        if metadata.with_untracked(|text| unfit(text)).is_some() {
            return focus("metadata".into());
        }
        going.set(Some(dry));
        tried.set(Some(asked.get_untracked()));
        let metadata = metadata.get_untracked();
        let headers = (!metadata.trim().is_empty()).then(|| ("x-portkey-metadata".to_owned(), metadata));
        let question = api::try_config(Trial {
            body: work.text.get_untracked(),
            sample: sample.get_untracked(),
            headers: headers.into_iter().collect(),
            chaos: chaos.get_untracked(),
            dry,
        });
        spawn_local(async move {
            let told = question.await;
            going.try_set(None);
            answer.try_set(Some(told));
        });
    };
    Effect::new(move |_| {
        let lit = answer.with(|answer| match answer {
            Some(Ok(told)) if !stale.get() => lit(told),
            _ => Lights::default(),
        });
        lights.set(lit);
    });
    let stopped = move || work.broken.with(Option::is_some);
    let busy = move |dry: bool| (going.get() == Some(dry)).then_some("true");
    view! {
        <section class="card try scripts" aria-labelledby="try-title">
            <header>
                <h2 id="try-title">"Try it"</h2>
                <span class="push row">
                    <button type="button" class="btn sm" aria-busy=move || busy(true) disabled=stopped on:click=move |_| send(true)>
                        "Dry run"
                    </button>
                    <button type="button" class="btn sm" aria-busy=move || busy(false) disabled=stopped on:click=move |_| send(false)>
                        <Icon icon=LuPlay />
                        "Send"
                    </button>
                </span>
            </header>
            <div class="body">
                {question(sample, metadata)}
                {switches(work, chaos)}
                <div class="outcome" aria-live="polite">
                    {move || {
                        (stale.get() && answer.with(Option::is_some))
                            .then(|| view! { <p class="hint">"This was before the last change. Try it again."</p> })
                    }}
                    {move || answer.with(|answer| answer.as_ref().map(shown))}
                </div>
            </div>
        </section>
    }
}

/// What a try is of: its outcome holds for this alone.
#[derive(Clone, PartialEq)]
struct Asked {
    config: Value,
    sample: String,
    metadata: String,
    chaos: Vec<(String, Chaos)>,
}

/// Why a text is no metadata; none is fine.
fn unfit(metadata: &str) -> Option<&'static str> {
    let object = || serde_json::from_str::<Map<String, Value>>(metadata).is_ok();
    let fit = metadata.trim().is_empty() || object();
    (!fit).then_some(r#"Use a JSON object such as {"plan": "paid"}, or nothing."#)
}

/// What is sent: a body, and metadata beside it.
fn question(sample: RwSignal<String>, metadata: RwSignal<String>) -> impl IntoView {
    let wrong =
        Memo::new(move |_| metadata.with(|text| unfit(text)).map(str::to_owned).into_iter().collect::<Vec<_>>());
    view! {
        <div class="field">
            <label for="sample">"Sample request" <small>"/v1/chat/completions"</small></label>
            <textarea
                class="input mono"
                id="sample"
                rows="4"
                spellcheck="false"
                prop:value=move || sample.get()
                on:input=move |event| sample.set(event_target_value(&event))
            >
                {SAMPLE}
            </textarea>
        </div>
        <div class="field">
            <label for="metadata">"Metadata" <small>"optional, JSON"</small></label>
            <input
                class="input sm mono"
                id="metadata"
                spellcheck="false"
                autocomplete="off"
                placeholder=r#"{"plan": "paid"}"#
                aria-invalid=move || wrong.with(|wrong| (!wrong.is_empty()).then_some("true"))
                aria-describedby="e-metadata"
                on:input=move |event| metadata.set(event_target_value(&event))
            />
            <Wrong lines=wrong id="e-metadata".to_owned() />
        </div>
    }
}

/// One switch for each target that can be called.
fn switches(work: Work, chaos: RwSignal<Vec<(String, Chaos)>>) -> AnyView {
    let leaves = Memo::new(move |_| {
        let mut leaves = Vec::new();
        work.good.with(|root| gather(root, &Path::default(), &mut leaves));
        leaves
    });
    Effect::new(move |_| {
        let known: Vec<String> = leaves.with(|leaves| leaves.iter().map(|(path, _)| path.clone()).collect());
        chaos.update(|chaos| chaos.retain(|(path, _)| known.contains(path)));
    });
    let switch = move |(path, name): (String, String)| {
        let id = format!("chaos-{path}");
        let place = path.clone();
        let set = move |event| {
            let word = event_target_value(&event);
            let fault = FAULTS.iter().find(|(known, ..)| *known == word).map(|(_, _, fault)| *fault);
            chaos.update(|chaos| {
                chaos.retain(|(known, _)| *known != place);
                chaos.extend(fault.map(|fault| (place.clone(), fault)));
            });
        };
        let options = FAULTS.map(|(word, label, _)| view! { <option value=word>{label}</option> });
        view! {
            <li>
                <label for=id.clone()>
                    {name} " " <code>{path}</code>
                </label>
                <select class="input sm" id=id on:change=set>
                    <option value="">"answers"</option>
                    {options.collect_view()}
                </select>
            </li>
        }
    };
    view! {
        <fieldset class="chaos">
            <legend>"Make a target fail"</legend>
            <ul>
                <For each=move || leaves.get() key=Clone::clone children=switch />
            </ul>
        </fieldset>
    }
    .into_any()
}

fn gather(node: &Value, path: &Path, leaves: &mut Vec<(String, String)>) {
    const MOST: usize = 50;
    let targets = node.get("targets").and_then(Value::as_array);
    match targets {
        Some(targets) => targets.iter().enumerate().for_each(|(at, target)| gather(target, &path.target(at), leaves)),
        None if leaves.len() < MOST => leaves.push((path.to_string(), say::target(node).0)),
        None => {}
    }
}

/// What a try showed, told by the server.
#[cfg(feature = "ssr")]
pub fn tell(outcome: Outcome) -> Told {
    let bare = |path: &str| path.strip_prefix("config").unwrap_or(path).trim_start_matches('.').to_owned();
    let Outcome { explain, status, answer, log } = outcome;
    let steps = explain.iter().flat_map(|explain| &explain.steps).map(|step| bare(&step.path)).collect();
    let story = explain.map(|explain| crate::pages::log::explain::told(&explain).to_html()).unwrap_or_default();
    Told { story, steps, status, answer, log }
}

fn lit(told: &Told) -> Lights {
    let mut steps = told.steps.iter().cloned();
    Lights { first: steps.next(), maybe: steps.collect(), ..Lights::default() }
}

fn shown(answer: &Result<Told, Failure>) -> AnyView {
    let outcome = match answer {
        Ok(outcome) => outcome,
        Err(failure) => {
            return view! {
                <div class="alert bad" role="alert">
                    <Icon icon=LuCircleAlert />
                    <p>{failure.to_string()}</p>
                </div>
            }
            .into_any();
        }
    };
    let sent = outcome.status > 0;
    let good = (200..400).contains(&outcome.status);
    let log = outcome.log.clone().map(|id| view! { <a href=format!("/logs/{id}?tab=explain")>"Open its log"</a> });
    let result = sent.then(|| {
        view! {
            <p class="row">
                <span class=if good { "status" } else { "status bad" }>{outcome.status}</span>
                {if good { "The call was answered." } else { "The call failed." }}
                {log}
            </p>
        }
    });
    let body = (!outcome.answer.is_empty()).then(|| {
        view! {
            <details>
                <summary>"Answer"</summary>
                <pre tabindex="0">{outcome.answer.clone()}</pre>
            </details>
        }
    });
    view! {
        {result}
        <div class="told" inner_html=outcome.story.clone()></div>
        {body}
        {(!sent).then(|| view! { <p class="muted">"Nothing was sent."</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::unfit;

    #[test]
    fn metadata_is_an_object_or_nothing() {
        for (text, fits) in
            [("", true), (" ", true), (r#"{"plan": "paid"}"#, true), ("{bad", false), ("[1]", false), ("paid", false)]
        {
            assert_eq!(unfit(text).is_none(), fits, "{text}");
        }
    }
}
