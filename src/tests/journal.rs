//! What is kept, and across what.

use crate::rig::{End, Rig, Scene, post};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use switchyard::journal::slots::{Opening, Slots};

const ASK: &str = r#"{"model":"@sandbox/echo","messages":[{"role":"user","content":"hello yard"}]}"#;

#[tokio::test]
async fn the_sandbox_answers_over_the_same_way_and_is_priced() {
    let rig = Rig::new().await;
    let answer = rig.chat(ASK).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("hello yard"));
    let row = rig.last().await;
    assert_eq!(row["metrics"]["ai_org"], "sandbox");
    assert!(row["metrics"]["cost"].as_f64().is_some_and(|cents| cents > 0.0), "{row}");
    assert_eq!(answer.header("x-portkey-request-id"), row["metrics"]["id"]);
}

#[tokio::test]
async fn a_restart_keeps_every_row() {
    let rig = Rig::new().await;
    rig.chat(ASK).await;
    let before = rig.logs().await;
    let rig = rig.restart().await;
    assert_eq!(rig.logs().await, before);
}

#[tokio::test]
async fn what_was_in_flight_at_a_crash_has_a_row_afterwards() {
    let rig = Rig::new().await;
    rig.chat(ASK).await;
    let answered = rig.last().await["metrics"]["id"].as_str().expect("an id").to_owned();
    let file = rig.folder.path().join("data/open.slots");
    let (slots, _) = Slots::open(&file).expect("the open file");
    let open = |id: &str| Opening {
        id: id.into(),
        workspace: "default".into(),
        key: "k".into(),
        at: crate::rig::NOW,
        kind: "chat".into(),
        method: "GET".into(),
        path: "/v1/chat/completions".into(),
        trace: "t-crash".into(),
        span: "s".into(),
    };
    slots.claim(&open(&answered)).expect("a slot");
    slots.claim(&open("01999999-0000-7000-8000-000000000000")).expect("a slot");
    let rig = rig.restart().await;
    let rows = rig.logs().await;
    let crashed = rows.iter().filter(|row| row["metrics"]["trace_id"] == "t-crash").collect::<Vec<_>>();
    assert_eq!((rows.len(), crashed.len()), (2, 1), "{rows:?}");
    assert_eq!(crashed[0]["metrics"]["request_method"], "GET");
    assert!(crashed[0].to_string().contains("stopped while this call was in flight"));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_call_that_hangs_and_its_row_says_interrupted() {
    let rig = Rig::new().await;
    let event = r#"data: {"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
    rig.upstream.then(Scene::events(&[event]).ends(End::Hang));
    let ask = r#"{"model":"@alpha/gpt-4o","stream":true,"messages":[]}"#;
    let mut stream = rig.open(post("/v1/chat/completions", ask)).await.into_body();
    stream.frame().await.expect("a frame").expect("bytes");
    let rig = rig.cut(stream).await;
    let row = rig.last().await;
    assert!(row.to_string().contains("stopped while this call was in flight"), "{row}");
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_refuses_until_it_can() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(200, "{}"));
    let path = rig.folder.path().join("data/journal.db");
    let block = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.expect("a connection");
    sqlx::query("ALTER TABLE bodies RENAME TO elsewhere").execute(&block).await.expect("renamed");
    // More than one transaction takes: none of them may be left without an answer.
    for answer in join_all((0..100).map(|_| rig.chat(ASK))).await {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "journal_unavailable");
    }
    assert_eq!(rig.chat(ASK).await.status, 503, "new calls are refused");
    sqlx::query("ALTER TABLE elsewhere RENAME TO bodies").execute(&block).await.expect("renamed");
    while rig.chat(ASK).await.status == 503 {
        tokio::task::yield_now().await;
    }
    let rows = rig.logs().await;
    let refused = rows.iter().filter(|row| row["metrics"]["response_status_code"] == 503).count();
    assert!(refused > 64, "the refused calls have their rows: {refused}");
}
