use crate::api;
use crate::model::account::Doorway;
use crate::pages::sign_in::{Version, Visit};
use crate::parts::door::Door;
use crate::parts::field::{Submit, TextField};
use crate::parts::problem::{Problem, failure_of, shown};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

/// The first account owns the installation; every later one needs an invite link, `?invite=…`.
#[component]
pub fn SignUp() -> impl IntoView {
    let visit: Visit = Resource::new(|| (), |()| async { (api::who().await, api::doorway().await) });
    let join = ServerAction::<api::SignUp>::new();
    let query = use_query_map();
    let invite = move || query.with_untracked(|query| query.get("invite")).unwrap_or_default();
    view! {
        <Door title="Create account" version=move || view! { <Version visit /> }>
            <Suspense>
                {move || Suspend::new(async move {
                    match visit.await {
                        (Ok(Some(_)), _) => view! { <Redirect path="/" /> }.into_any(),
                        (_, doorway) => shown(doorway, move |doorway| entry(join, doorway, invite())),
                    }
                })}
            </Suspense>
        </Door>
    }
}

fn entry(join: ServerAction<api::SignUp>, doorway: Doorway, invite: String) -> AnyView {
    if doorway.first || !invite.is_empty() {
        view! { <Form join doorway invite /> }.into_any()
    } else {
        view! { <InviteNeeded host=doorway.host /> }.into_any()
    }
}

#[component]
fn Form(join: ServerAction<api::SignUp>, doorway: Doorway, invite: String) -> impl IntoView {
    let failure = failure_of(join);
    let owns = "It owns this installation and can invite others.";
    let note = if doorway.first { owns.to_owned() } else { format!("to join {}", doorway.host) };
    view! {
        <ActionForm action=join attr:class="stack">
            <hgroup>
                <h1>{if doorway.first { "Create the first account" } else { "Create your account" }}</h1>
                <p class="soft">{note}</p>
            </hgroup>
            <Problem failure />
            <input type="hidden" name="form[invite]" value=invite />
            <TextField name="email" label="Email" kind="email" autocomplete="username" failure required=true first=true />
            <TextField
                name="password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                hint="At least 10 characters."
                failure
                required=true
            />
            {doorway
                .token_needed
                .then(|| {
                    view! {
                        <TextField
                            name="token"
                            label="Start token"
                            hint="Printed in the terminal where Switchyard was started. It proves that this is your machine."
                            failure
                            required=true
                        />
                    }
                })}
            <Submit label="Create account" pending=join.pending() class="btn primary big" />
        </ActionForm>
    }
}

#[component]
fn InviteNeeded(host: String) -> impl IntoView {
    view! {
        <div class="stack">
            <hgroup>
                <h1>"An invite is needed"</h1>
                <p class="soft">{format!("to join {host}")}</p>
            </hgroup>
            <p>
                "Ask an owner or admin of the workspace for an invite link. They make one under Members; it holds for seven days."
            </p>
            <a class="btn big" href="/sign-in">
                "Sign in"
            </a>
        </div>
    }
}
