//! What the editor asks before it acts: `?ask=publish`, `discard`, `rename` and `remove`. Plain forms about what is saved.

use super::head::touches;
use super::new::naming;
use crate::api;
use crate::failure::Failure;
use crate::model::config::ConfigDetail;
use crate::parts::dialog::Dialog;
use crate::parts::diff::{Diff, tally};
use crate::parts::field::Submit;
use crate::parts::problem::{Problem, failure_of};
use leptos::form::ActionForm;
use leptos::prelude::*;

/// What can be done to a config as a whole.
#[derive(Clone, Copy)]
pub struct Acts {
    pub save: ServerAction<api::SaveDraft>,
    pub publish: ServerAction<api::Publish>,
    pub discard: ServerAction<api::DiscardDraft>,
    pub rename: ServerAction<api::RenameConfig>,
    pub remove: ServerAction<api::RemoveConfig>,
}

impl Acts {
    pub fn new() -> Self {
        Self {
            save: ServerAction::new(),
            publish: ServerAction::new(),
            discard: ServerAction::new(),
            rename: ServerAction::new(),
            remove: ServerAction::new(),
        }
    }

    /// Why the server did not save what was sent without scripts.
    pub fn refused(self) -> Option<String> {
        failure_of(self.save).with_untracked(|failure| failure.as_ref().map(Failure::to_string))
    }
}

pub fn dialog(ask: &str, detail: &ConfigDetail, acts: Acts) -> AnyView {
    let back = format!("/configs/{}", detail.row.slug);
    let drafted = detail.draft.is_some();
    match ask {
        "publish" if drafted => publish(detail, acts, back),
        "discard" if drafted => discard(detail, acts, back),
        "rename" => rename(detail, acts, back),
        "remove" => remove(detail, acts, back),
        _ => ().into_any(),
    }
}

fn publish(detail: &ConfigDetail, acts: Acts, back: String) -> AnyView {
    let row = detail.row.clone();
    let next = row.version + 1;
    let failure = failure_of(acts.publish);
    let (touched, seen) = (touches(detail), detail.revision);
    let text = detail.draft.as_ref().map(|draft| draft.body.clone()).unwrap_or_default();
    let lines = if row.body.is_empty() { "The first version.".to_owned() } else { tally(&row.body, &text) };
    let diff = (!row.body.is_empty()).then(|| {
        let sides = (format!("v{} live", row.version), format!("v{next} draft"));
        view! { <Diff old=row.body.clone() new=text sides /> }
    });
    view! {
        <Dialog title=move || format!("Publish v{next}") back=back.clone() note=touched>
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
                <input type="hidden" name="seen" value=seen.to_string() />
                <div class="acts">
                    <a class="btn" href=back>
                        "Cancel"
                    </a>
                    <Submit label="Publish" pending=acts.publish.pending() />
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
            <ActionForm action=acts.discard attr:class="discards">
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
    let failure = failure_of(acts.rename);
    view! {
        <Dialog title=|| "Rename" back=back.clone() note="Its id stays, so that no caller has to change.">
            <ActionForm action=acts.rename>
                <div class="body">
                    <Problem failure />
                    {naming(failure, &name, "")}
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
