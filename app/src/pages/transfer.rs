//! The routing setup as one file: taken, and brought after a look at what would change.

use crate::api;
use crate::model::transfer::{Applied, Change, Flaw, Line, Plan, Transfer as Answer};
use crate::parts::copy::Copy;
use crate::parts::diff::{Diff, tally};
use crate::parts::field::Submit;
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting, Wide};
use crate::parts::problem::{Problem, failure_of, shown, success_of};
use icondata_lu::{LuCircleAlert, LuCircleCheck, LuDownload};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Transfer() -> impl IntoView {
    let query = use_query_map();
    let apply = ServerAction::<api::ApplyImport>::new();
    let drop = ServerAction::<api::DropImport>::new();
    let done = (success_of(apply), success_of(drop));
    let transfer = Resource::new(move || (done.0.get(), done.1.get()), |_| api::transfer());
    let refused = move || query.with(|query| query.get("refused")).map(|why| refusal(&why));
    view! {
        <Page title="Import and export">
            {refused} <Problem failure=failure_of(apply) /> <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    shown(
                        transfer.await,
                        move |answer| {
                            let Answer { text, plan, mark, applied, editable } = answer;
                            view! {
                                {applied.map(|applied| view! { <Done applied /> })}
                                {plan.map(|plan| view! { <Planned plan mark apply drop /> })}
                                {editable.then(|| view! { <Bring /> })}
                                <Take text />
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

/// Why the form before was not taken.
fn refusal(why: &str) -> AnyView {
    let text = match why {
        "large" => "The file has more than two megabytes. Bring less at once.",
        "empty" => "Choose a file, or paste its text.",
        "text" => "The file is not UTF-8 text. Bring a set-up file, such as switchyard.toml.",
        _ => "The form did not arrive whole. Send it again.",
    };
    view! {
        <div class="alert bad" role="alert">
            <Icon icon=LuCircleAlert />
            <p>{text}</p>
        </div>
    }
    .into_any()
}

#[component]
fn Take(text: String) -> impl IntoView {
    let lines = text.lines().count();
    view! {
        <section class="card" aria-labelledby="export">
            <header>
                <h2 id="export">"Export"</h2>
                <p>"Providers, models, prices, configs and API keys as a set-up file. Secrets are left out."</p>
                <span class="row push">
                    <Copy text=text.clone() what="the setup" />
                    <a class="btn sm" href="/settings/transfer/switchyard.toml" rel="external" download="switchyard.toml">
                        <Icon icon=LuDownload />
                        "Download"
                    </a>
                </span>
            </header>
            <details class="body setup-text">
                <summary>{format!("Show its {lines} lines")}</summary>
                <pre tabindex="0" role="region" aria-label="The setup as a file">
                    <code>{text}</code>
                </pre>
            </details>
        </section>
    }
}

#[component]
fn Bring() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="import">
            <header>
                <h2 id="import">"Import"</h2>
                <p>"Nothing changes before you have seen the plan. An import adds and changes, and removes nothing."</p>
            </header>
            <form class="body bring" method="post" action="/settings/transfer/file" enctype="multipart/form-data">
                <div class="field">
                    <label for="file">"Set-up file"</label>
                    <input class="input" id="file" type="file" name="file" accept=".toml,application/toml,text/plain" />
                </div>
                <div class="field">
                    <label for="text">"Or its text"</label>
                    <textarea
                        class="input mono"
                        id="text"
                        name="text"
                        rows="6"
                        spellcheck="false"
                        placeholder="[[provider]]"
                    ></textarea>
                </div>
                <div>
                    <button type="submit" class="btn primary">
                        "Show the plan"
                    </button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Planned(
    plan: Plan,
    mark: String,
    apply: ServerAction<api::ApplyImport>,
    drop: ServerAction<api::DropImport>,
) -> impl IntoView {
    let counts = [
        (Change::Added, "added"),
        (Change::Changed, "changed"),
        (Change::Locked, "locked"),
        (Change::Same, "the same"),
        (Change::Left, "left alone"),
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .map(|(change, word)| (plan.count(change), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let summary = match (plan.flaws.len(), counts.is_empty()) {
        (0, true) => "The file names nothing.".to_owned(),
        (0, false) => format!("{}.", counts.join(", ")),
        (1, _) => "One thing is to be put right in the file first.".to_owned(),
        (flaws, _) => format!("{flaws} things are to be put right in the file first."),
    };
    let acts = plan.acts();
    let lines: Vec<_> = plan.lines.iter().cloned().map(line).collect();
    let table = (!lines.is_empty()).then(|| {
        view! {
            <Wide label="What the import does">
                <table class="table plan">
                    <caption>"What the import does"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Change"</th>
                            <th scope="col">"Kind"</th>
                            <th scope="col">"Name"</th>
                            <th scope="col">"What of it"</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </Wide>
        }
    });
    view! {
        <section class="card" aria-labelledby="plan">
            <header>
                <h2 id="plan">"Plan"</h2>
                <p role="status">{summary}</p>
                <span class="row push">
                    <ActionForm action=drop>
                        <Submit label="Discard" pending=drop.pending() class="btn sm" />
                    </ActionForm>
                    {acts
                        .then(|| {
                            view! {
                                <ActionForm action=apply>
                                    <input type="hidden" name="mark" value=mark />
                                    <Submit label="Apply" pending=apply.pending() class="btn primary sm" />
                                </ActionForm>
                            }
                        })}
                </span>
            </header>
            {flaws(plan.flaws)}
            {table}
        </section>
    }
}

fn flaws(flaws: Vec<Flaw>) -> Option<impl IntoView> {
    let flaw = |flaw: Flaw| {
        let key = (!flaw.key.is_empty()).then(|| view! { <code>{flaw.key}</code> });
        view! {
            <li>
                <b>{flaw.at}</b>
                {key}
                <span>{flaw.text}</span>
            </li>
        }
    };
    (!flaws.is_empty()).then(|| view! { <ul class="flaws">{flaws.into_iter().map(flaw).collect_view()}</ul> })
}

fn line(line: Line) -> impl IntoView {
    let (class, word) = match line.change {
        Change::Added => ("badge ok", "added"),
        Change::Changed => ("badge accent", "changed"),
        Change::Locked => ("badge warn", "locked"),
        Change::Same => ("badge", "the same"),
        Change::Left => ("badge", "left alone"),
    };
    let texts = line.texts.map(|(old, new)| {
        view! {
            <details>
                <summary>{tally(&old, &new)}</summary>
                <Diff old new sides=("Published".to_owned(), "In the file".to_owned()) />
            </details>
        }
    });
    view! {
        <tr>
            <td>
                <span class=class>{word}</span>
            </td>
            <td>{line.kind.label()}</td>
            <th scope="row" class="mono">
                {line.name}
            </th>
            <td class="notes">{line.notes.into_iter().map(|note| view! { <p>{note}</p> }).collect_view()} {texts}</td>
        </tr>
    }
}

#[component]
fn Done(applied: Applied) -> impl IntoView {
    let Applied { added, changed, keys, notes } = applied;
    let notes = notes.into_iter().map(|note| view! { <p>{note}</p> }).collect_view();
    let secrets = (!keys.is_empty()).then(|| {
        let rows = keys.into_iter().map(|key| {
            view! {
                <tr>
                    <th scope="row">{key.name}</th>
                    <td class="mono">{key.value.clone()}</td>
                    <td class="num">
                        <Copy text=key.value what="secret" />
                    </td>
                </tr>
            }
        });
        view! {
            <section class="card" aria-labelledby="secrets">
                <header>
                    <h2 id="secrets">"Secrets of the new API keys"</h2>
                    <p>"They are shown here and never again."</p>
                </header>
                <Wide label="Secrets of the new API keys">
                    <table class="table">
                        <caption>"Secrets of the new API keys"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Key"</th>
                                <th scope="col">"Secret"</th>
                                <th scope="col">
                                    <span class="unseen">"Acts"</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>{rows.collect_view()}</tbody>
                    </table>
                </Wide>
            </section>
        }
    });
    view! {
        <div class="alert ok" role="status">
            <Icon icon=LuCircleCheck />
            <div>
                <p>
                    <strong>{format!("Imported: {added} added, {changed} changed. ")}</strong>
                    "The next call takes it."
                </p>
                {notes}
            </div>
        </div>
        {secrets}
    }
}
