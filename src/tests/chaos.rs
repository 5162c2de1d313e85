//! A primary that fails in every way at once, and a secondary that is well: no answer is wrong, lost or unlogged.
#![expect(clippy::expect_used, reason = "a log that cannot be read is a failed test")]

use crate::rig::{Answer, End, Rig, Scene, Seen, Yard, get, post, with};
use futures_util::stream::StreamExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const CALLS: usize = 1_200;
const AT_ONCE: usize = 32;
/// Its times are shorter than whatever hangs or drips takes, and longer than whatever does not.
const CONFIG: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","request_timeout":3000,"stream":{"first_token_timeout":3000,"idle_timeout":3000}},{"provider":"@beta"}]}"#;

/// What the primary does, and to whom the answer falls.
const MISCHIEF: [(&str, Falls); 17] = [
    ("well", Falls::Primary),
    ("reset", Falls::ByContent),
    ("reset-early", Falls::Secondary),
    ("closed", Falls::Secondary),
    ("mute", Falls::Secondary),
    ("hang", Falls::Secondary),
    ("hang-later", Falls::ByContent),
    ("drip", Falls::Secondary),
    ("storm", Falls::Secondary),
    ("storm-asking", Falls::Secondary),
    ("500", Falls::Secondary),
    ("garbage", Falls::Secondary),
    ("half", Falls::Secondary),
    ("failing", Falls::Secondary),
    ("empty", Falls::Secondary),
    ("packed", Falls::Secondary),
    ("bytes", Falls::Primary),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Falls {
    Primary,
    Secondary,
    /// A stream whose content has left ends in an error event; anything else falls to the secondary.
    ByContent,
}

/// How a call ended well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// The whole answer of the primary.
    Primary,
    /// The whole answer of the secondary, and nothing of the primary's.
    Secondary,
    /// The primary's beginning and one error event.
    Told,
}

/// One call of the run.
struct Call {
    number: usize,
    stream: bool,
    mischief: &'static str,
    falls: Falls,
}

impl Call {
    fn of(number: usize) -> Self {
        let (mischief, falls) = MISCHIEF[number % MISCHIEF.len()];
        Self { number, stream: (number / MISCHIEF.len()).is_multiple_of(2), mischief, falls }
    }

    fn body(&self) -> String {
        json!({ "model": "gpt-4o", "stream": self.stream, "user": format!("n{}", self.number), "x_mischief": self.mischief,
                "messages": [] })
        .to_string()
    }

    /// Which of the right answers it is; the error says what is wrong with it.
    fn judged(&self, answer: &Answer) -> Result<Ending, String> {
        let text = answer.text();
        let said = if self.stream { streamed(&text)? } else { content(&text) };
        let errors = text.lines().filter(|line| line.starts_with("data: {\"") && line.contains("\"error\":{")).count();
        let ended = (errors, text.matches("data: [DONE]").count());
        let whole = answer.status == 200 && ended == (0, usize::from(self.stream));
        let index = answer.header("x-portkey-last-used-option-index");
        let word = |slug: &str| format!("from {slug} n{}.", self.number);
        if whole && index == "config.targets[1]" && said == word("beta") {
            return Ok(Ending::Secondary);
        }
        if self.falls == Falls::Primary && whole && index == "config.targets[0]" && said == word("alpha") {
            return Ok(Ending::Primary);
        }
        let content = !said.is_empty() && word("alpha").starts_with(&said);
        let told = answer.status == 200 && ended == (1, 0) && index == "config.targets[0]" && content;
        if self.stream && self.falls == Falls::ByContent && told {
            return Ok(Ending::Told);
        }
        let Self { number, stream, mischief, .. } = self;
        Err(format!("{number} {mischief} stream={stream}: {} {index} {said:?} {text}", answer.status))
    }

    /// What is wrong with its row.
    fn judged_row(&self, row: Option<&Value>, ending: Ending) -> Result<(), String> {
        let Self { number, mischief, stream, .. } = self;
        let row = row.ok_or_else(|| format!("{number} {mischief}: no row"))?;
        let metrics = &row["metrics"];
        let index = if ending == Ending::Secondary { "config.targets[1]" } else { "config.targets[0]" };
        let right = metrics["response_status_code"] == 200
            && metrics["is_success"] == (ending != Ending::Told)
            && row["response"]["lastUsedOptionJsonPath"] == index;
        if right { Ok(()) } else { Err(format!("{number} {mischief} stream={stream} {ending:?}: {row}")) }
    }
}

/// The text of a stream whose every event is well formed.
fn streamed(text: &str) -> Result<String, String> {
    let mut said = String::new();
    for event in text.split("\n\n").filter(|event| !event.is_empty()) {
        let data = event.strip_prefix("event: error\n").unwrap_or(event).strip_prefix("data: ");
        let data = data.ok_or_else(|| format!("an event that is none: {event:?} of {text}"))?;
        if data != "[DONE]" {
            let event: Value = serde_json::from_str(data).map_err(|error| format!("{error}: {data:?} of {text}"))?;
            said.push_str(event["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        }
    }
    Ok(said)
}

fn content(text: &str) -> String {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

/// The whole right answer.
fn well(seen: &Seen) -> Scene {
    let asked: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let word = format!("from {} {}.", seen.slug, asked["user"].as_str().unwrap_or_default());
    if asked["stream"] == true {
        let event = |word: &str| {
            let delta = json!({ "content": word });
            format!("data: {}", json!({ "id": "c", "model": "gpt-4o", "choices": [{ "index": 0, "delta": delta }] }))
        };
        let (head, tail) = word.split_at(5);
        return Scene::events(&[&event(""), &event(head), &event(tail), "data: [DONE]"]);
    }
    let message = json!({ "role": "assistant", "content": word });
    Scene::json(
        200,
        json!({ "id": "c", "model": "gpt-4o", "choices": [{ "index": 0, "message": message }] }).to_string(),
    )
}

fn mischief(seen: &Seen) -> Scene {
    let asked: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let error = |status| Scene::json(status, r#"{"error":{"message":"trouble","type":"t","param":null,"code":null}}"#);
    let mut scene = well(seen);
    let stream = asked["stream"] == true;
    match asked["x_mischief"].as_str().unwrap_or_default() {
        // All of the word, since what has left is compared.
        "reset" => cut(scene, stream, End::Reset),
        "hang-later" => cut(scene, stream, End::Hang),
        "reset-early" => {
            scene.chunks.truncate(usize::from(stream));
            scene.ends(End::Reset)
        }
        "closed" => scene.ends(End::Closed),
        "mute" => scene.ends(End::Mute),
        "hang" => {
            scene.chunks.clear();
            scene.ends(End::Hang)
        }
        "drip" => Scene { chunks: single_bytes(&scene), pause: Duration::from_secs(1), ..scene },
        "bytes" => Scene { chunks: single_bytes(&scene), ..scene },
        "storm" => error(429),
        "storm-asking" => error(429).header("retry-after", "1"),
        "500" => error(500),
        "garbage" => Scene::json(200, "\u{0}<html>busy"),
        "half" => {
            scene.chunks[0].truncate(10);
            scene.chunks.truncate(1);
            scene
        }
        "failing" => error(200),
        "empty" => {
            scene.chunks.clear();
            scene
        }
        "packed" => scene.header("content-encoding", "br"),
        _ => scene,
    }
}

/// Ends before the last event; of what is no stream, within it.
fn cut(mut scene: Scene, stream: bool, end: End) -> Scene {
    if stream {
        scene.chunks.pop();
    } else {
        scene.chunks[0].truncate(20);
    }
    scene.ends(end)
}

fn single_bytes(scene: &Scene) -> Vec<bytes::Bytes> {
    scene.chunks.iter().flat_map(|chunk| (0..chunk.len()).map(|at| chunk.slice(at..=at))).collect()
}

/// The answer of every call, with its number.
async fn run(rig: &Rig) -> Vec<(usize, Answer)> {
    let calls = futures_util::stream::iter(0..CALLS).map(|number| async move {
        let request = post("/v1/chat/completions", Call::of(number).body());
        (number, rig.send(with(request, "x-portkey-config", CONFIG)).await)
    });
    calls.buffer_unordered(AT_ONCE).collect().await
}

/// Every row of the log by its id.
async fn rows(rig: &Rig) -> HashMap<String, Value> {
    let (mut rows, mut cursor) = (HashMap::new(), String::new());
    loop {
        let page = rig.send(get(&format!("/v1/logs?page_size=100{cursor}"))).await.json();
        for row in page["data"].as_array().expect("a list") {
            rows.insert(row["metrics"]["id"].as_str().expect("an id").to_owned(), row.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_primary_does_no_answer_is_wrong_lost_or_unlogged() {
    let rig = Rig::of(Yard { providers: &[("beta", "openai")], ..Yard::default() }).await;
    rig.provider("alpha").acts(mischief);
    rig.provider("beta").acts(well);
    let answers = run(&rig).await;
    let rows = rows(&rig).await;
    let (mut wrong, mut endings) = (Vec::new(), Vec::new());
    for (number, answer) in &answers {
        let call = Call::of(*number);
        let row = rows.get(answer.header("x-portkey-request-id"));
        let judged = call.judged(answer).and_then(|ending| call.judged_row(row, ending).map(|()| ending));
        match judged {
            Ok(ending) => endings.push(ending),
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert_eq!((answers.len(), rows.len()), (CALLS, CALLS), "each call has one answer and one row");
    for ending in [Ending::Primary, Ending::Secondary, Ending::Told] {
        let count = endings.iter().filter(|one| **one == ending).count();
        assert!(count >= CALLS / 34, "{count} calls ended as {ending:?}");
    }
}
