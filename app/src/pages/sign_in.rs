use crate::api;
use crate::failure::Failure;
use crate::model::account::{Doorway, Person};
use crate::parts::door::Door;
use crate::parts::field::{Submit, TextField};
use crate::parts::problem::{Problem, failure_of, shown};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::Redirect;

/// Who comes, and what they meet.
pub type Visit = Resource<(Result<Option<Person>, Failure>, Result<Doorway, Failure>)>;

/// Before the first account there is nobody to sign in: sign-up comes first.
#[component]
pub fn SignIn() -> impl IntoView {
    let visit: Visit = Resource::new(|| (), |()| async { (api::who().await, api::doorway().await) });
    let enter = ServerAction::<api::SignIn>::new();
    view! {
        <Door title="Sign in" version=move || view! { <Version visit /> }>
            <Suspense>
                {move || Suspend::new(async move {
                    match visit.await {
                        (Ok(Some(_)), _) => view! { <Redirect path="/" /> }.into_any(),
                        (_, Ok(doorway)) if doorway.first => view! { <Redirect path="/sign-up" /> }.into_any(),
                        (_, doorway) => shown(doorway, move |doorway| view! { <Form enter host=doorway.host /> }),
                    }
                })}
            </Suspense>
        </Door>
    }
}

#[component]
fn Form(enter: ServerAction<api::SignIn>, host: String) -> impl IntoView {
    let failure = failure_of(enter);
    view! {
        <ActionForm action=enter attr:class="stack">
            <hgroup>
                <h1>"Sign in"</h1>
                <p class="soft">{format!("to {host}")}</p>
            </hgroup>
            <Problem failure />
            <TextField name="email" label="Email" kind="email" autocomplete="username" failure required=true first=true />
            <TextField
                name="password"
                label="Password"
                kind="password"
                autocomplete="current-password"
                failure
                required=true
            />
            <Submit label="Sign in" pending=enter.pending() class="btn primary big" />
            <p class="soft">"No account yet? Open the invite link that an owner or admin made for you."</p>
        </ActionForm>
    }
}

/// What stands at the foot of the door.
#[component]
pub fn Version(visit: Visit) -> impl IntoView {
    let text = async move { visit.await.1.map(|doorway| format!("Version {}", doorway.version)).unwrap_or_default() };
    view! { <Suspense>{Suspend::new(text)}</Suspense> }
}
