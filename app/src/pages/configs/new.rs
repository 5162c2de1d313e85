//! A new config: a name, and what it begins as.

use super::templates::{TEMPLATES, Template};
use crate::api;
use crate::model::provider::ProviderRow;
use crate::parts::field::Submit;
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
    let card = |(at, template): (usize, &Template)| {
        let body = template.body(providers);
        view! {
            <label class="card template">
                <input type="radio" name="body" value=body.clone() checked=at == 0 />
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
                <Problem failure=failure_of(make) />
                <div class="field">
                    <label for="name">"Name"</label>
                    <input class="input" id="name" name="name" required autofocus autocomplete="off" placeholder="support-router" />
                    <p class="hint">"Its id is made from the name, and stays when the name changes."</p>
                </div>
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
