//! What the editor asks before it acts: `?ask=publish`, `discard`, `rename` and `remove`.

use super::head::touches;
use super::saving::Saving;
use crate::api;
use crate::failure::Failure;
use crate::model::config::{ConfigDetail, Published};
use crate::parts::dialog::Dialog;
use crate::parts::diff::{Diff, tally};
use crate::parts::field::Submit;
use crate::parts::problem::{Problem, failure_of};
use leptos::form::ActionForm;
use leptos::prelude::*;

/// What can be done to a config as a whole.
#[derive(Clone, Copy)]
pub struct Acts {
    pub publish: ServerAction<api::Publish>,
    pub discard: ServerAction<api::DiscardDraft>,
    pub rename: ServerAction<api::RenameConfig>,
    pub remove: ServerAction<api::RemoveConfig>,
}

impl Acts {
    pub fn new() -> Self {
        Self {
            publish: ServerAction::new(),
            discard: ServerAction::new(),
            rename: ServerAction::new(),
            remove: ServerAction::new(),
        }
    }
}

pub fn dialog(ask: &str, detail: &ConfigDetail, acts: Acts, saving: Saving, text: RwSignal<String>) -> AnyView {
    let back = format!("/configs/{}", detail.row.slug);
    // Right after the act, where no script leads elsewhere, there is nothing left to ask.
    let drafted = detail.draft.is_some() || text.with_untracked(|text| *text != detail.row.body);
    match ask {
        "publish" if drafted => publish(detail, acts, saving, text, back),
        "discard" if drafted => discard(detail, acts, back),
        "rename" => rename(detail, acts, back),
        "remove" => remove(detail, acts, back),
        _ => ().into_any(),
    }
}

fn publish(detail: &ConfigDetail, acts: Acts, saving: Saving, text: RwSignal<String>, back: String) -> AnyView {
    let row = detail.row.clone();
    let next = row.version + 1;
    let told = failure_of(acts.publish);
    let clash = move || {
        acts.publish.value().with(|answer| match answer {
            Some(Ok(Published::Clash(clash))) => {
                let who = clash.author.clone().unwrap_or_else(|| "Somebody".into());
                Some(Failure::refused(
                    "",
                    format!(
                        "{who} changed this draft meanwhile. Nothing was published. Load the page again to see both."
                    ),
                ))
            }
            _ => None,
        })
    };
    let failure = Signal::derive(move || told.get().or_else(clash));
    let live = row.body.clone();
    let lines = {
        let live = live.clone();
        move || if live.is_empty() { "The first version.".to_owned() } else { tally(&live, &text.get()) }
    };
    let diff = (!live.is_empty()).then_some({
        move || {
            let sides = (format!("v{} live", row.version), format!("v{next} draft"));
            view! { <Diff old=live.clone() new=text.get() sides /> }
        }
    });
    view! {
        <Dialog title=move || format!("Publish v{next}") back=back.clone() note=touches(detail)>
            <ActionForm action=acts.publish>
                <div class="body">
                    <Problem failure />
                    <div class="field">
                        <label for="note">"Note" <small>"optional"</small></label>
                        <input class="input" id="note" name="note" autocomplete="off" autofocus placeholder="Anthropic first, then OpenAI" />
                    </div>
                    <p class="hint">{lines}</p>
                    {diff}
                </div>
                <input type="hidden" name="slug" value=row.slug.clone() />
                <input type="hidden" name="seen" prop:value=move || saving.revision.get().to_string() value=saving.revision.get_untracked().to_string() />
                <div class="acts">
                    <a class="btn" href=back>
                        "Cancel"
                    </a>
                    <Submit label="Publish" pending=Signal::derive(move || acts.publish.pending().get() || saving.going.get()) />
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

fn discard(detail: &ConfigDetail, acts: Acts, back: String) -> AnyView {
    let left = match detail.row.version {
        0 => "Nothing was published yet, so an empty config is left.".to_owned(),
        version => format!("What is live stays v{version}."),
    };
    let slug = detail.row.slug.clone();
    view! {
        <Dialog title=|| "Discard this draft" back=back.clone()>
            <ActionForm action=acts.discard>
                <div class="body">
                    <Problem failure=failure_of(acts.discard) />
                    <p class="soft">{format!("All that was changed since goes. {left}")}</p>
                </div>
                <input type="hidden" name="slug" value=slug />
                <div class="acts">
                    <a class="btn" href=back>
                        "Keep it"
                    </a>
                    <Submit label="Discard draft" pending=acts.discard.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

fn rename(detail: &ConfigDetail, acts: Acts, back: String) -> AnyView {
    let (slug, name) = (detail.row.slug.clone(), detail.row.name.clone());
    view! {
        <Dialog title=|| "Rename" back=back.clone() note="Its id stays, so that no caller has to change.">
            <ActionForm action=acts.rename>
                <div class="body">
                    <Problem failure=failure_of(acts.rename) />
                    <div class="field">
                        <label for="name">"Name"</label>
                        <input class="input" id="name" name="name" required autocomplete="off" autofocus value=name />
                    </div>
                </div>
                <input type="hidden" name="slug" value=slug />
                <div class="acts">
                    <a class="btn" href=back>
                        "Cancel"
                    </a>
                    <Submit label="Rename" pending=acts.rename.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

fn remove(detail: &ConfigDetail, acts: Acts, back: String) -> AnyView {
    let row = detail.row.clone();
    let calls = match row.calls {
        0 => "No call used it in the last 24 hours.".to_owned(),
        1 => "1 call used it in the last 24 hours.".to_owned(),
        calls => format!("{} calls used it in the last 24 hours.", crate::model::money::grouped(calls)),
    };
    let slug = row.slug.clone();
    view! {
        <Dialog title=move || view! { "Delete " <code>{row.name}</code> } back=back.clone()>
            <ActionForm action=acts.remove>
                <div class="body">
                    <Problem failure=failure_of(acts.remove) />
                    <p class="soft">
                        {format!("Calls that name {} are refused from now on. {calls} Its versions and draft go with it; this cannot be undone. Logs stay.", row.slug)}
                    </p>
                </div>
                <input type="hidden" name="slug" value=slug />
                <div class="acts">
                    <a class="btn" href=back>
                        "Keep it"
                    </a>
                    <Submit label="Delete for good" pending=acts.remove.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
