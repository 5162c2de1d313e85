//! What the keys page asks and tells: a key's form, its secret, revoking one.

use super::form::{Choices, Fields};
use crate::api;
use crate::model::key::{KeyForm, KeyRow, MintedKey};
use crate::model::money::grouped;
use crate::parts::copy::Copy;
use crate::parts::dialog::Dialog;
use crate::parts::field::Submit;
use crate::parts::problem::{Problem, failure_of};
use crate::parts::snippets::{Call, Snippets};
use crate::parts::time::Stamp;
use leptos::form::ActionForm;
use leptos::prelude::*;

#[component]
pub fn NewKey(mint: ServerAction<api::MintKey>, start: KeyForm, choices: Choices) -> impl IntoView {
    let failure = failure_of(mint);
    view! {
        <Dialog title=|| "New key" back="/keys" wide=true note="Its secret is shown once, right after this.">
            <ActionForm action=mint>
                <div class="body">
                    <Problem failure />
                    <Fields start choices failure />
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
pub fn EditKey(edit: ServerAction<api::EditKey>, start: KeyForm, choices: Choices) -> impl IntoView {
    let failure = failure_of(edit);
    let title = {
        let name = start.name.clone();
        move || view! { "Edit " <code>{name}</code> }
    };
    view! {
        <Dialog title back="/keys" wide=true note="Holds from the next call on. Its secret stays.">
            <ActionForm action=edit>
                <div class="body">
                    <Problem failure />
                    <Fields start choices failure />
                </div>
                <div class="acts">
                    <a class="btn" href="/keys">
                        "Cancel"
                    </a>
                    <Submit label="Save key" pending=edit.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

/// The only time that the secret is seen; every way out says so in the URL.
#[component]
pub fn Ready(minted: MintedKey, base_url: String, model: String) -> impl IntoView {
    let seen = minted.mark();
    let MintedKey { name, value, old_until, .. } = minted;
    let call = Signal::stored(Call { base_url, key: value.clone(), model });
    let title = move || view! { "Key " <code>{name}</code> " is ready" };
    let back = format!("/keys?seen={seen}");
    let overlap = old_until.map(|until| {
        let text = format!(
            "The secret before it opens until {}. Move your code to this one before.",
            Stamp::of(until).exact()
        );
        view! { <p class="soft">{text}</p> }
    });
    view! {
        <Dialog title back=back.clone() note="Copy it now. Only its hash is kept, so it cannot be shown again.">
            <div class="body">
                <div class="secret">
                    <code>{value.clone()}</code>
                    <Copy text=value what="secret" />
                </div>
                {overlap}
                <Snippets call />
            </div>
            <div class="acts">
                <a class="btn" href=format!("/keys?new=1&seen={seen}")>
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
