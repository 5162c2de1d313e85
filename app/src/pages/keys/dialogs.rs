//! What the keys page asks and tells: a new key, its secret, revoking one.

use crate::api;
use crate::model::key::{KeyRow, MintedKey};
use crate::model::money::grouped;
use crate::model::scope::{DEFAULT_SCOPES, SCOPES};
use crate::parts::copy::Copy;
use crate::parts::dialog::Dialog;
use crate::parts::field::{Field, Submit, TextField, Voice};
use crate::parts::problem::{Problem, failure_of};
use crate::parts::snippets::{Call, Snippets};
use leptos::form::ActionForm;
use leptos::prelude::*;

#[component]
pub fn NewKey(mint: ServerAction<api::MintKey>, configs: Vec<(String, String)>) -> impl IntoView {
    let failure = failure_of(mint);
    let metadata = |voice: Voice| {
        view! {
            <textarea
                class="input mono"
                id=voice.id
                name="form[metadata]"
                rows="2"
                spellcheck="false"
                placeholder=r#"{"team": "search"}"#
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            ></textarea>
        }
    };
    view! {
        <Dialog title=|| "New key" back="/keys" note="Its secret is shown once, right after this.">
            <ActionForm action=mint>
                <div class="body">
                    <Problem failure />
                    <TextField name="name" label="Name" failure placeholder="search-prod" required=true first=true />
                    <Scopes />
                    <Field
                        name="config"
                        label="Default config"
                        aside="optional"
                        failure
                        control=move |voice| config(voice, configs)
                    />
                    <Field
                        name="metadata"
                        label="Default metadata"
                        aside="optional"
                        hint="A JSON object of texts, kept with every call of the key."
                        failure
                        control=metadata
                    />
                </div>
                <div class="acts">
                    <a class="btn" href="/keys">
                        "Cancel"
                    </a>
                    <Submit label="Create key" pending=mint.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

#[component]
fn Scopes() -> impl IntoView {
    let scope = |(scope, meaning): (&'static str, &'static str)| {
        view! {
            <label class="check">
                <input type="checkbox" name="form[scopes][]" value=scope checked=DEFAULT_SCOPES.contains(&scope) />
                <span>{meaning} <small class="mono">{scope}</small></span>
            </label>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Scopes"</legend>
            <div class="scopes">{SCOPES.map(scope).collect_view()}</div>
        </fieldset>
    }
}

fn config(voice: Voice, configs: Vec<(String, String)>) -> impl IntoView {
    let options = configs.into_iter().map(|(slug, name)| {
        let label = format!("{name} ({slug})");
        view! { <option value=slug>{label}</option> }
    });
    view! {
        <select
            class="input"
            id=voice.id
            name="form[config]"
            aria-invalid=move || voice.invalid()
            aria-describedby=move || voice.described_by()
        >
            <option value="">"None"</option>
            {options.collect_view()}
        </select>
    }
}

/// The only time that the secret is seen; every way out says so in the URL.
#[component]
pub fn Ready(minted: MintedKey, base_url: String, model: String) -> impl IntoView {
    let MintedKey { id, name, value } = minted;
    let call = Signal::stored(Call { base_url, key: value.clone(), model });
    let title = move || view! { "Key " <code>{name}</code> " is ready" };
    let back = format!("/keys?seen={id}");
    view! {
        <Dialog title back=back.clone() note="Copy it now. Only its hash is kept, so it cannot be shown again.">
            <div class="body">
                <div class="secret">
                    <code>{value.clone()}</code>
                    <Copy text=value what="secret" />
                </div>
                <Snippets call />
            </div>
            <div class="acts">
                <a class="btn" href=format!("/keys?new=1&seen={id}")>
                    "Make another"
                </a>
                <a class="btn primary" href=back>
                    "Done"
                </a>
            </div>
        </Dialog>
    }
}

#[component]
pub fn Revoke(revoke: ServerAction<api::RevokeKey>, row: KeyRow) -> impl IntoView {
    let calls = match row.calls {
        0 => "No call was made with it in the last 24 hours.".to_owned(),
        1 => "1 call was made with it in the last 24 hours.".to_owned(),
        calls => format!("{} calls were made with it in the last 24 hours.", grouped(calls)),
    };
    let title = {
        let name = row.name.clone();
        move || view! { "Revoke " <code>{name}</code> }
    };
    view! {
        <Dialog title back="/keys">
            <ActionForm action=revoke>
                <div class="body">
                    <Problem failure=failure_of(revoke) />
                    <p class="soft">
                        {format!("Calls with sy-…{} are refused from now on. {calls} This cannot be undone; its logs stay.", row.last_four)}
                    </p>
                </div>
                <input type="hidden" name="id" value=row.id />
                <div class="acts">
                    <a class="btn" href="/keys">
                        "Keep it"
                    </a>
                    <Submit label="Revoke for good" pending=revoke.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
}
