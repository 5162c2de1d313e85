//! Changing a provider: its address, its credential, what it opens.

use super::dialogs::Opened;
use crate::api;
use crate::model::provider::{ProviderRow, VendorCard};
use crate::parts::dialog::Dialog;
use crate::parts::field::{Submit, TextField};
use crate::parts::problem::{Problem, failure_of};
use leptos::form::ActionForm;
use leptos::prelude::*;

#[component]
pub fn Edit(edit: ServerAction<api::EditProvider>, row: ProviderRow, vendor: Option<VendorCard>) -> impl IntoView {
    let failure = failure_of(edit);
    let slug = row.slug.clone();
    let title = move || view! { "Edit " <code>{format!("@{slug}")}</code> };
    let own = vendor.as_ref().map(|vendor| vendor.base_url.clone()).unwrap_or_default();
    let needed = vendor.is_some_and(|vendor| vendor.needs_base_url);
    let there = match row.hint.as_str() {
        "" => "It has no key so far.".to_owned(),
        hint => format!("Now {hint}. Empty leaves it as it is."),
    };
    let remove = format!("/providers?remove={}", row.id);
    view! {
        <Dialog title back="/providers" note="Calls in flight end as they began; the next ones take the change.">
            <ActionForm action=edit>
                <input type="hidden" name="form[id]" value=row.id />
                <div class="body">
                    <Problem failure />
                    <TextField
                        name="key"
                        label="New key"
                        aside="optional"
                        kind="password"
                        placeholder=there
                        hint="Sealed at once. It is never shown again and never logged."
                        failure
                        first=true
                    />
                    <TextField
                        name="base_url"
                        label="Base URL"
                        aside=if needed { "" } else { "optional" }
                        kind="url"
                        value=if row.base_url == own { String::new() } else { row.base_url }
                        placeholder=if own.is_empty() { "https://host/v1".to_owned() } else { own }
                        hint="A new address asks for the key again: a stored one goes to the address that it was stored with."
                        failure
                        required=needed
                    />
                    <Opened open=row.open />
                </div>
                <div class="acts">
                    <a class="btn danger push-end" href=remove>
                        "Remove…"
                    </a>
                    <a class="btn" href="/providers">
                        "Cancel"
                    </a>
                    <Submit label="Save" pending=edit.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}
