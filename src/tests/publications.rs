//! A config that changes under load.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use crate::rig::{KEY, Rig, post, with};
use axum::body::Body;
use futures_util::StreamExt;
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::sync::watch;

const CALLS: usize = 2_000;
const PUBLICATIONS: usize = 100;
const AT_ONCE: usize = 32;

/// Both targets tell the version: the first by the name of the model that fails, the second by what it says.
fn config(version: usize) -> Value {
    let says = json!([{ "role": "user", "content": format!("v{version}") }]);
    json!({
        "strategy": { "mode": "fallback" },
        "targets": [
            { "provider": "@sandbox", "override_params": { "model": format!("fail-503-{version}") } },
            { "provider": "@sandbox", "override_params": { "model": "echo", "messages": says } },
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_publications_lose_no_call_and_mix_no_versions_within_one() {
    let rig = Rig::new().await;
    let made = rig.send(post("/v1/configs", json!({ "name": "live", "config": config(0) }).to_string())).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let slug = made.json()["slug"].as_str().expect("a slug").to_owned();
    let (done, mut progress) = watch::channel(0_usize);
    let calls = futures_util::stream::iter(0..CALLS).map(|_| async {
        let told = call(&rig, &slug).await;
        done.send_modify(|count| *count += 1);
        told
    });
    let calls = calls.buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    let publisher = async {
        for version in 1..=PUBLICATIONS {
            let due = version * CALLS / (PUBLICATIONS + 1);
            progress.wait_for(|count| *count >= due).await.expect("calls go on");
            publish(&rig, &slug, version).await;
        }
    };
    let (told, ()) = tokio::join!(calls, publisher);
    assert_eq!(told.len(), CALLS);
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    for (id, said) in &told {
        let file = rig.house.store.call("default", id).await.expect("a journal").expect("every call has its row");
        let tried: Vec<_> = file.attempts.iter().map(|attempt| attempt.model.as_str()).collect();
        let version = said.trim_start_matches('v');
        assert_eq!(tried, [format!("fail-503-{version}").as_str(), "echo"], "{id}");
        let recorded = file.call.config_version.expect("a version");
        let known = versions.entry(said.clone()).or_insert_with(|| recorded.clone());
        assert_eq!(*known, recorded, "{id} took {said}");
    }
    assert!(versions.len() > PUBLICATIONS / 2, "calls met {} versions", versions.len());
    assert_eq!(call(&rig, &slug).await.1, format!("v{PUBLICATIONS}"), "the next call takes what was published");
}

async fn publish(rig: &Rig, slug: &str, version: usize) {
    let request = Request::put(format!("/v1/configs/{slug}"))
        .header("x-portkey-api-key", KEY)
        .body(Body::from(json!({ "config": config(version) }).to_string()));
    let answer = rig.send(request.expect("a request")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The call's id and what was answered.
async fn call(rig: &Rig, slug: &str) -> (String, String) {
    let body = r#"{"messages":[{"role":"user","content":"?"}]}"#;
    let answer = rig.send(with(post("/v1/chat/completions", body), "x-portkey-config", slug)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let said = answer.json()["choices"][0]["message"]["content"].as_str().expect("an answer").to_owned();
    (answer.header("x-portkey-request-id").to_owned(), said)
}
