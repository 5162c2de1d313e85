//! The API, as its published description says it.

use crate::api;
use crate::model::reference::{Group, Operation, Parameter, Reference as Answer};
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::shown;
use leptos::prelude::*;

#[component]
pub fn Reference() -> impl IntoView {
    let reference = Resource::new(|| (), |()| api::reference());
    view! {
        <Page
            title="API reference"
            acts=|| {
                view! {
                    <a class="btn" href="/openapi.json" rel="external">
                        "OpenAPI document"
                    </a>
                }
            }
        >
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>{move || Suspend::new(async move { shown(reference.await, contents) })}</Transition>
        </Page>
    }
}

fn contents(answer: Answer) -> impl IntoView {
    let link = |group: &Group| {
        view! {
            <li>
                <a href=format!("#{}", group.id) rel="external">
                    {group.title.clone()}
                    <span class="muted">{group.operations.len()}</span>
                </a>
            </li>
        }
    };
    let links = answer.groups.iter().map(link).collect_view();
    let groups = answer.groups.into_iter().map(group).collect_view();
    view! {
        <div class="reference">
            <nav aria-label="Parts of the API">
                <ul>{links}</ul>
            </nav>
            <div class="groups">
                <p class="soft">
                    "Calls go to " <code>{answer.base_url}</code>
                    " with an API key in " <code>"x-portkey-api-key"</code> " or as a bearer token. OpenAI's and Portkey's SDKs speak it as they are."
                </p>
                {groups}
            </div>
        </div>
    }
}

fn group(group: Group) -> impl IntoView {
    let operations = group.operations.into_iter().map(operation).collect_view();
    let labelled = group.id.clone();
    view! {
        <section class="card" aria-labelledby=labelled>
            <header>
                <h2 id=group.id>{group.title}</h2>
            </header>
            {operations}
        </section>
    }
}

/// Closed, it is one line; what it takes and a command to copy are inside.
fn operation(one: Operation) -> impl IntoView {
    let scopes = (!one.scopes.is_empty()).then(|| {
        let scopes = one.scopes.iter().map(|scope| view! { <code>{scope.clone()}</code> " " }).collect_view();
        let words = match (one.every, one.scopes.len()) {
            (_, 1) => "Needs the scope ",
            (true, _) => "Needs each of the scopes ",
            (false, _) => "Needs one of the scopes ",
        };
        view! { <p>{words} {scopes}</p> }
    });
    let parameters = (!one.parameters.is_empty()).then(|| {
        let rows = one.parameters.into_iter().map(parameter).collect_view();
        let label = format!("Parameters of {} {}", one.method, one.path);
        view! {
            <table class="table" aria-label=label>
                <thead>
                    <tr>
                        <th scope="col">"Parameter"</th>
                        <th scope="col">"In"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col">"Must be there"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
    });
    let label = format!("Command for {} {}", one.method, one.path);
    view! {
        <details class="operation">
            <summary>
                <b class=format!("method {}", one.method.to_lowercase())>{one.method.clone()}</b>
                <code>{one.path.clone()}</code>
                <span>{one.summary}</span>
            </summary>
            <div class="body">
                {scopes} {parameters} <pre tabindex="0" role="region" aria-label=label>
                    <code>{one.sample}</code>
                </pre>
            </div>
        </details>
    }
}

fn parameter(one: Parameter) -> impl IntoView {
    view! {
        <tr>
            <th scope="row" class="mono">
                {one.name}
            </th>
            <td>{one.place}</td>
            <td>{one.kind}</td>
            <td>{if one.required { "yes" } else { "no" }}</td>
        </tr>
    }
}
