//! Connecting a provider, and removing one.

use crate::api;
use crate::model::money::grouped;
use crate::model::provider::{OPENABLE, ProviderRow, VendorCard};
use crate::parts::dialog::Dialog;
use crate::parts::field::{Submit, TextField};
use crate::parts::problem::{Problem, failure_of};
use leptos::form::ActionForm;
use leptos::prelude::*;

/// `taken`: a provider already has the vendor's own slug.
#[component]
pub fn Connect(add: ServerAction<api::AddProvider>, vendor: VendorCard, taken: bool) -> impl IntoView {
    let failure = failure_of(add);
    let VendorCard { slug, name, base_url, needs_base_url, keyless, variable, .. } = vendor;
    let vendor = slug.clone();
    let suggested = if taken { format!("{slug}-2") } else { slug };
    let title = move || format!("Connect {name}");
    let hint = "The key goes to this address and no other. Empty means the vendor's own.";
    let variable = variable.map(|variable| {
        view! {
            <p class="hint">
                "Or start Switchyard with "<code>{variable}</code>" set: then it is ready with no further step."
            </p>
        }
    });
    view! {
        <Dialog title back="/providers">
            <ActionForm action=add>
                <input type="hidden" name="form[vendor]" value=vendor />
                <div class="body">
                    <Problem failure />
                    <TextField
                        name="slug"
                        label="Slug"
                        hint="Calls name it after the @, as in @slug/model."
                        value=suggested
                        failure
                        required=true
                        first=true
                    />
                    {(!keyless)
                        .then(|| {
                            view! {
                                <TextField
                                    name="key"
                                    label="Key"
                                    kind="password"
                                    hint="Sealed at once. It is never shown again and never logged."
                                    failure
                                    required=true
                                />
                            }
                        })}
                    <TextField
                        name="base_url"
                        label="Base URL"
                        aside=if needs_base_url { "" } else { "optional" }
                        kind="url"
                        placeholder=if base_url.is_empty() { "https://host/v1".to_owned() } else { base_url }
                        hint=if needs_base_url { "Where it listens, up to and with /v1." } else { hint }
                        failure
                        required=needs_base_url
                    />
                    <Opened open=Vec::new() />
                    {variable}
                </div>
                <div class="acts">
                    <a class="btn" href="/providers">
                        "Cancel"
                    </a>
                    <Submit label="Connect" pending=add.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

/// What callers may see besides their own calls; what is not `open` is not ticked.
#[component]
pub fn Opened(open: Vec<String>) -> impl IntoView {
    let tick = |(word, meaning): (&'static str, &'static str)| {
        let ticked = open.iter().any(|one| one == word);
        view! {
            <label class="check">
                <input type="checkbox" name="form[open][]" value=word checked=ticked />
                <span>{meaning} <small class="mono">{word}</small></span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Open to every key of the workspace"</legend>
            <p class="hint">"These show the whole account at the vendor, not only what a caller made."</p>
            {OPENABLE.map(tick).collect_view()}
        </fieldset>
    }
}

#[component]
pub fn Remove(remove: ServerAction<api::RemoveProvider>, row: ProviderRow) -> impl IntoView {
    let calls = match row.calls {
        0 => "No call went to it in the last 24 hours.".to_owned(),
        1 => "1 call went to it in the last 24 hours.".to_owned(),
        calls => format!("{} calls went to it in the last 24 hours.", grouped(calls)),
    };
    let slug = row.slug.clone();
    let title = move || view! { "Remove " <code>{format!("@{slug}")}</code> };
    view! {
        <Dialog title back="/providers">
            <ActionForm action=remove>
                <div class="body">
                    <Problem failure=failure_of(remove) />
                    <p class="soft">
                        {format!(
                            "Calls to @{}/… are refused from now on, and its credential, model settings and prices are destroyed. {calls} This cannot be undone; its logs stay.",
                            row.slug,
                        )}
                    </p>
                </div>
                <input type="hidden" name="id" value=row.id />
                <div class="acts">
                    <a class="btn" href="/providers">
                        "Keep it"
                    </a>
                    <Submit label="Remove for good" pending=remove.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
}
