//! A new config: a name, and what it begins as.

use super::templates::{TEMPLATES, Template};
use crate::api;
use crate::failure::Failure;
use crate::model::provider::ProviderRow;
use crate::parts::field::{Field, Submit, Voice};
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::{Problem, failure_of, shown};
use leptos::form::ActionForm;
use leptos::prelude::*;

#[component]
pub fn NewConfig() -> impl IntoView {
    let providers = Resource::new(|| (), |()| api::providers());
    let make = ServerAction::<api::NewConfig>::new();
    view! {
        <Page title="New config">
            <Transition fallback=|| view! { <Waiting /> }>
                {move || Suspend::new(async move { shown(providers.await, move |answer| form(&answer.rows, make)) })}
            </Transition>
        </Page>
    }
}

fn form(providers: &[ProviderRow], make: ServerAction<api::NewConfig>) -> impl IntoView + use<> {
    let failure = failure_of(make);
    let chosen = failure.with_untracked(|failure| failure.as_ref().and_then(|failure| failure.typed("body")));
    let card = |(at, template): (usize, &Template)| {
        let body = template.body(providers);
        let checked = chosen.as_ref().map_or(at == 0, |chosen| chosen.lines().eq(body.lines()));
        view! {
            <label class="card template">
                <input type="radio" name="body" value=body.clone() checked=checked />
                <span>
                    <b>{template.name}</b>
                    <small>{template.meaning}</small>
                </span>
                <pre aria-hidden="true">{body}</pre>
            </label>
        }
    };
    let cards = TEMPLATES.iter().enumerate().map(card).collect_view();
    view! {
        <ActionForm action=make>
            <div class="stack new-config">
                <Problem failure />
                {naming(failure, "", "Its id is made from the name, and stays when the name changes.")}
                <fieldset class="field">
                    <legend>"Begin with"</legend>
                    <div class="templates">{cards}</div>
                </fieldset>
                <p class="row">
                    <Submit label="Create draft" pending=make.pending() />
                    <a class="btn" href="/configs">
                        "Cancel"
                    </a>
                </p>
            </div>
        </ActionForm>
    }
}

/// The field of a config's name; `now` is what it is called.
pub fn naming(failure: Signal<Option<Failure>>, now: &str, hint: &'static str) -> AnyView {
    let now = now.to_owned();
    let control = move |voice: Voice| {
        view! {
            <input
                class="input"
                id=voice.id
                name="name"
                required
                autofocus
                autocomplete="off"
                placeholder="support-router"
                value=move || voice.typed().unwrap_or_else(|| now.clone())
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            />
        }
    };
    view! { <Field name="name" label="Name" hint failure control /> }.into_any()
}
