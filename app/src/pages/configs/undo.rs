//! Ways back from what was done to a config, offered right after it.

use crate::api;
use crate::failure::Failure;
use crate::model::config::{Published, Saved};
use crate::parts::toast::{Toast, Toasts};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::sync::Arc;

/// A version is live; the one before can be made live again.
pub fn published(toasts: Toasts, slug: String, publish: ServerAction<api::Publish>) {
    let number = publish.value().with_untracked(|answer| match answer {
        Some(Ok(Published::Done { number, .. })) => Some(*number),
        _ => None,
    });
    if let Some(number) = number {
        live(toasts, slug, number, number - 1);
    }
}

/// Version `number` is live in the place of `before`; 0 where there was none.
pub fn live(toasts: Toasts, slug: String, number: i64, before: i64) {
    let undo = (before > 0).then(|| {
        let act = move || {
            let slug = slug.clone();
            spawn_local(async move {
                let answer = api::roll_back(slug, before).await;
                let done = answer.as_ref().map(|number| format!("v{number} is live: v{before} again"));
                toasts.back(done.unwrap_or_default(), answer.err().map(|failure| failure.to_string()));
            });
        };
        Arc::new(act) as Arc<dyn Fn() + Send + Sync>
    });
    let title = format!("v{number} is live");
    toasts.tell(Toast { title, text: "Calls from now on take it.".into(), undo, ..Toast::default() });
}

/// A draft is gone; its text can be saved again.
pub fn discarded(toasts: Toasts, slug: String, body: String) {
    let act = move || {
        let (slug, body) = (slug.clone(), body.clone());
        spawn_local(async move {
            let failure = restored(slug, body).await.err().map(|failure| failure.to_string());
            toasts.back("The draft is back".into(), failure);
        });
    };
    let undo: Option<Arc<dyn Fn() + Send + Sync>> = Some(Arc::new(act));
    toasts.tell(Toast {
        title: "Draft discarded".into(),
        text: "What is live stays.".into(),
        undo,
        ..Toast::default()
    });
}

/// Nothing that somebody saved meanwhile is overwritten.
async fn restored(slug: String, body: String) -> Result<(), Failure> {
    let now = api::config(slug.clone()).await?;
    let clash = || Failure::refused("", "Somebody has begun a new draft meanwhile. It was left as it is.");
    if now.draft.is_some() {
        return Err(clash());
    }
    match api::save_draft(slug, body, now.revision).await? {
        Saved::Kept { .. } => Ok(()),
        Saved::Clash(_) => Err(clash()),
    }
}
