//! A key's secrets: a new one, and how long the old one opens beside it.

use crate::api;
use crate::model::key::{KeyRow, PastRow};
use crate::parts::dialog::Dialog;
use crate::parts::field::{Field, Submit, Voice};
use crate::parts::problem::{Problem, failure_of};
use crate::parts::time::Time;
use leptos::form::ActionForm;
use leptos::prelude::*;

/// Seconds that the old secret may go on, in words; the middle one is proposed.
const OVERLAPS: [(u32, &str); 5] = [
    (0, "Not at all: it ends at once"),
    (3_600, "1 hour"),
    (86_400, "24 hours"),
    (604_800, "7 days"),
    (2_592_000, "30 days"),
];
const PROPOSED: u32 = 86_400;

#[component]
pub fn Renew(renew: ServerAction<api::RenewKey>, end: ServerAction<api::EndSecret>, row: KeyRow) -> impl IntoView {
    let failure = failure_of(renew);
    let KeyRow { id, name, last_four, secret_used_at, past, .. } = row;
    let title = move || view! { "Rotate " <code>{name}</code> };
    let overlap = |voice: Voice| {
        let option = |(seconds, words): (u32, &'static str)| {
            view! {
                <option value=seconds selected=seconds == PROPOSED>
                    {words}
                </option>
            }
        };
        view! {
            <select class="input" id=voice.id name="overlap" aria-describedby=move || voice.described_by()>
                {OVERLAPS.map(option).collect_view()}
            </select>
        }
    };
    let ends = past.into_iter().map(|past| view! { <Past end id=id.clone() past /> }).collect_view();
    view! {
        <Dialog title back="/keys" note="The key gets a new secret, which is shown once, right after this.">
            <div class="body secrets">
                <Problem failure=failure_of(end) />
                <ul aria-label="Secrets of the key">
                    <li>
                        <span class="mono">{format!("sy-…{last_four}")}</span>
                        <span class="soft">"in force, " {used(secret_used_at)}</span>
                    </li>
                    {ends}
                </ul>
            </div>
            <ActionForm action=renew>
                <div class="body">
                    <Problem failure />
                    <Field
                        name="overlap"
                        label="The secret in force now goes on for"
                        hint="Until then both open. Last use is kept for each, so that you see when the old one is idle."
                        failure
                        control=overlap
                    />
                </div>
                <input type="hidden" name="id" value=id.clone() />
                <div class="acts">
                    <a class="btn" href="/keys">
                        "Cancel"
                    </a>
                    <Submit label="Make a new secret" pending=renew.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

#[component]
fn Past(end: ServerAction<api::EndSecret>, id: String, past: PastRow) -> impl IntoView {
    let PastRow { mark, last_four, until, last_used_at } = past;
    let shown = if last_four.is_empty() { "an old one".to_owned() } else { format!("sy-…{last_four}") };
    view! {
        <li>
            <span class="mono">{shown.clone()}</span>
            <span class="soft">"ends " <Time at=until /> ", " {used(last_used_at)}</span>
            <ActionForm action=end attr:class="push">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="mark" value=mark />
                <button type="submit" class="btn danger sm">
                    "End now"
                    <span class="unseen">{format!(" {shown}")}</span>
                </button>
            </ActionForm>
        </li>
    }
}

fn used(at: Option<i64>) -> AnyView {
    match at {
        Some(at) => view! { "last used " <Time at /> }.into_any(),
        None => "never used".into_any(),
    }
}
