//! Days that were past before the server died: made-up calls, whose figures are added up, and before them real ones of
//! many quarters of an hour, whose figures are not. The server adds those up as soon as it starts, and is killed amid
//! it.

use super::graphs::{self, Span, Told};
use super::pages::{DAY, HOUR};
use super::{feedback_agrees, now, told, unchanged};
use crate::line::{Fallible, KEY, Line};
use crate::rooms::{self, LONG};
use crate::server::Server;
use crate::{KEPT, LINES, binary, figures, mix, open, setting, spoken};
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::json;
use sqlx::sqlite::SqliteConnection;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use switchyard::clock::Clock;
use switchyard::server::Entry;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

const QUARTER: i64 = HOUR / 4;
/// Real calls began so many days ago, and there is one in each of so many quarters.
const AGO: i64 = 30;
const QUARTERS: i64 = 384;
/// The days since, so that no hour has calls of both.
const SEED: [&str; 5] = ["seed", "--requests", "1200", "--days", "20"];
/// Calls that a server answers before it is killed.
const LOAD: i64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_days_tell_what_their_rows_say_after_kills_amid_adding_up_and_after_a_rebuild() -> Fallible<()> {
    let (binary, home) = (binary(), tempfile::tempdir()?);
    let folder = home.path();
    let today = now()? / DAY * DAY;
    Server::start(&binary, folder, KEPT)?.kill()?;
    errand(&binary, folder, &SEED)?;
    call_all_along(folder, today - AGO * DAY).await?;
    let mut amid = 0;
    for round in 0..setting("CRASH_ROUNDS").unwrap_or(3) {
        let (found, rest) = kill_amid(&binary, folder, round).await?;
        println!("round {round}: {found} quarters to add up, {rest} left by the kill");
        amid += u32::from((1..found).contains(&rest));
        figures(folder).await?;
    }
    assert!(amid > 0, "no kill met figures being added up");
    let mut server = Server::start(&binary, folder, KEPT)?;
    for span in spans(today) {
        held(&server, folder, span).await?;
    }
    let (said, _) = feedback_agrees(server.address, folder, spans(today)[3]).await?;
    assert!(said > 0, "nothing was said");
    let journal = &mut open(folder, "journal.db").await?;
    let added_up = async {
        while left(journal).await? > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        Fallible::Ok(())
    };
    timeout(LONG, added_up).await??;
    let mut before = Vec::new();
    for span in spans(today) {
        before.push(held(&server, folder, span).await?);
    }
    server.kill()?;
    rooms::pages_agree(folder).await?;
    errand(&binary, folder, &["rollups", "rebuild"])?;
    server = Server::start(&binary, folder, KEPT)?;
    for (span, before) in spans(today).into_iter().zip(before) {
        unchanged(&unseen(before), &unseen(held(&server, folder, span).await?));
    }
    server.kill()?;
    rooms::pages_agree(folder).await
}

/// By the minute, the quarter, the hour and the day.
fn spans(today: i64) -> [Span; 4] {
    let past = today - AGO * DAY;
    [
        Span { from: past + DAY, to: past + DAY + 4 * HOUR },
        Span { from: past, to: past + 2 * DAY },
        Span { from: today - 3 * DAY, to: today + 2 * DAY },
        Span { from: today - 80 * DAY, to: today + 2 * DAY },
    ]
}

fn errand(binary: &Path, folder: &Path, words: &[&str]) -> Fallible<()> {
    let done = Command::new(binary).arg("--setup").arg(folder.join("setup.toml")).args(words).output()?;
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// A call in each quarter of an hour, as the server would have it then.
async fn call_all_along(folder: &Path, from: i64) -> Fallible<()> {
    let clock = Clock::frozen(from);
    let house = rooms::open(folder, clock.clone()).await?;
    let entry = Entry::of(&house);
    for number in 0..QUARTERS {
        let models = ["echo", "lorem-12", "lorem-20", "fail-500"];
        let model = models[usize::try_from(number)? % models.len()];
        let body = json!({
            "model": format!("@sandbox/{model}"), "stream": model == "lorem-20", "user": format!("p{}", number % 150),
            "messages": [{ "role": "user", "content": "On" }],
        });
        let metadata = if number % 3 == 0 { r#"{"env":"prod"}"# } else { r#"{"team":"ads"}"# };
        let request = Request::post("/v1/chat/completions")
            .header("authorization", format!("Bearer {KEY}"))
            .header("content-type", "application/json")
            .header("x-portkey-metadata", metadata)
            .body(Body::from(body.to_string()))?;
        let answer = entry.clone().oneshot(request).await?;
        assert_eq!(answer.status(), if model == "fail-500" { 500 } else { 200 }, "{model}");
        answer.into_body().collect().await?;
        clock.advance(QUARTER);
    }
    drop(entry);
    rooms::close(house).await;
    assert_eq!(left(&mut open(folder, "journal.db").await?).await?, QUARTERS, "some are added up already");
    Ok(())
}

/// Quarters of past days that are not added up.
async fn left(journal: &mut SqliteConnection) -> Fallible<i64> {
    let sql = "SELECT count(DISTINCT minute / $1) FROM rollup_fresh WHERE minute < $2";
    Ok(sqlx::query_scalar(sql).bind(QUARTER).bind(now()? - DAY).fetch_one(journal).await?)
}

/// Kills a server that is called once it has added up some of what it found, or, where that is nothing, answered some
/// calls: how many quarters it found, and how many are left.
async fn kill_amid(binary: &Path, folder: &Path, round: u32) -> Fallible<(i64, i64)> {
    let journal = &mut open(folder, "journal.db").await?;
    let (found, known) = (left(journal).await?, calls(journal).await?);
    let mut server = Server::start(binary, folder, KEPT)?;
    let mut lines = JoinSet::new();
    for number in 0..LINES {
        lines.spawn(mix(Line::open(server.address).await?, format!("h{round}-{number}")));
    }
    let at_work = async {
        while left(journal).await? == found && (found > 0 || calls(journal).await? < known + LOAD) {
            sleep(Duration::from_millis(1)).await;
        }
        Fallible::Ok(())
    };
    timeout(LONG, at_work).await??;
    server.kill()?;
    let said = lines.join_all().await.concat();
    spoken(folder, &said).await?;
    Ok((found, left(journal).await?))
}

async fn calls(journal: &mut SqliteConnection) -> Fallible<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM calls").fetch_one(journal).await?)
}

/// Holds the charts of a span against the rows.
async fn held(server: &Server, folder: &Path, span: Span) -> Fallible<Told> {
    let told = told(server.address, span)?;
    let all = graphs::hold(&told, &mut open(folder, "journal.db").await?, (span, "1")).await;
    assert!(all.calls > 0, "{span:?} has no calls");
    Ok(told)
}

/// The same without when a value was last seen: what is fresh tells the minute, and sums the hour or the day.
fn unseen(mut told: Told) -> Told {
    let rows = told.get_mut("groups/metadata/env").and_then(|told| told["data"].as_array_mut());
    for row in rows.into_iter().flatten() {
        row["last_seen"].take();
    }
    told
}
