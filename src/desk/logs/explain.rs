//! Why a call took its way: as recorded, else told from its row.

use crate::journal::frame::Frame;
use crate::store::calls::CallFile;
use app::model::explain::{CacheFacts, Explain, PlannedStep, Tried};

/// What was recorded with the call. A call that no config routed has nothing recorded, and needs nothing: there was one
/// way to go.
pub(super) fn explain(file: &CallFile, frame: &Frame) -> Explain {
    match serde_json::from_slice(&frame.explain) {
        Ok(explain) => explain,
        Err(error) => {
            if !frame.explain.is_empty() {
                tracing::error!(call = %file.call.id, %error, "the recorded explanation cannot be read");
            }
            made(file)
        }
    }
}

fn made(file: &CallFile) -> Explain {
    let call = &file.call;
    let notes = match &call.config {
        Some(_) => vec!["No reasons were recorded with this call.".to_owned()],
        None if call.provider.is_empty() => Vec::new(),
        None => vec![format!("No config: the model or a header named @{}.", call.provider)],
    };
    let step = PlannedStep {
        path: call.target.clone(),
        provider: format!("@{}", call.provider),
        model: (!call.model_served.is_empty()).then(|| call.model_served.clone()),
        when: "first".into(),
        ..PlannedStep::default()
    };
    Explain {
        source: if call.config.is_some() { "saved" } else { "none" }.into(),
        config: call.config.clone(),
        version: call.config_version.clone(),
        steps: if call.provider.is_empty() { Vec::new() } else { vec![step] },
        tried: tried(file),
        cache: cache(file),
        notes,
        ..Explain::default()
    }
}

fn tried(file: &CallFile) -> Vec<Tried> {
    let tried = file.attempts.iter().map(|attempt| Tried {
        path: attempt.target.clone(),
        provider: format!("@{}", attempt.provider),
        model: (!attempt.model.is_empty()).then(|| attempt.model.clone()),
        retry: attempt.retry,
        status: attempt.status,
        error: attempt.error.clone(),
        waited_us: attempt.waited_us,
        started_us: attempt.started_us,
        latency_us: attempt.latency_us,
        then: String::new(),
    });
    tried.collect()
}

fn cache(file: &CallFile) -> Option<CacheFacts> {
    let call = &file.call;
    let asked = !matches!(call.cache_status.as_str(), "" | "DISABLED");
    asked.then(|| CacheFacts {
        status: call.cache_status.clone(),
        mode: if call.cache_status.starts_with("SEMANTIC") { "semantic" } else { "simple" }.into(),
        saved: call.saved_cost,
        saved_us: (call.saved_us > 0).then_some(call.saved_us),
        ..CacheFacts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::seed::{Seed, journal};

    #[tokio::test]
    async fn what_was_recorded_is_told_and_else_it_is_made_from_the_row() {
        let (store, _folder) = journal().await;
        let id = Seed::default().plant(&store).await;
        let mut file = store.call("default", &id).await.unwrap().unwrap();
        let recorded = Explain { source: "header".into(), notes: vec!["hi".into()], ..Explain::default() };
        let frame = Frame { explain: serde_json::to_vec(&recorded).unwrap().into(), ..Frame::default() };
        assert_eq!(explain(&file, &frame), recorded);

        let saved = explain(&file, &Frame::default());
        assert_eq!((saved.source.as_str(), saved.config.as_deref()), ("saved", Some("pc-main")));
        assert_eq!((saved.tried[0].path.as_str(), saved.tried[0].status), ("config", 200));
        file.call.config = None;
        file.call.cache_status = "HIT".into();
        for garbled in ["", "{"] {
            let plain = explain(&file, &Frame { explain: garbled.into(), ..Frame::default() });
            assert_eq!(plain.notes, ["No config: the model or a header named @cerebras."]);
            assert_eq!(plain.cache.unwrap().status, "HIT");
        }
    }
}
