//! What is kept, for how long, and across what.

use super::entry::{Answer, Entry, Served};
use super::key::{Ask, Key};
use super::{Bounds, Cache, max_age};
use crate::clock::Clock;
use crate::store::Store;
use crate::tasks::Tasks;
use crate::wire::openai::Usage;
use app::model::money::Nanos;
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde_json::Map;
use std::path::Path;
use tempfile::TempDir;

const NOW: i64 = 1_750_000_000_000;
const DAY: u64 = 86_400;

struct Rig {
    folder: TempDir,
    store: Store,
    tasks: Tasks,
    cache: Cache,
}

impl Rig {
    async fn new() -> Self {
        Self::over(tempfile::tempdir().expect("a folder"), Bounds::default(), NOW).await
    }

    async fn over(folder: TempDir, bounds: Bounds, now: i64) -> Self {
        let store = Store::open(folder.path(), false).await.expect("a store");
        let tasks = Tasks::default();
        let cache = Cache::open(&store, bounds, &Clock::frozen(now), &tasks).await;
        Self { folder, store, tasks, cache }
    }

    /// Ends as the process does; what is left is the folder.
    async fn stop(self) -> TempDir {
        self.tasks.stop();
        self.tasks.drain().await;
        self.store.close().await;
        self.folder
    }

    async fn restart(self, bounds: Bounds, now: i64) -> Self {
        Self::over(self.stop().await, bounds, now).await
    }
}

fn key(name: &str) -> Key {
    let (workspace, endpoint, base_url, credential_digest) = (name, "chat/completions", "https://a.example/v1", "00");
    let metadata = &Map::new();
    Key::of(&Ask {
        workspace,
        endpoint,
        base_url,
        credential_digest,
        forwarded: &[],
        body: b"{}",
        namespace: None,
        metadata,
    })
}

fn entry(text: &str) -> Entry {
    Entry {
        stored_at: NOW,
        answer: Answer::Whole(Bytes::copy_from_slice(text.as_bytes())),
        model: "gpt-4o".into(),
        usage: Usage { input: 5, cached: 1, cache_write: 2, output: 4, reasoning: 3 },
        cost: Some(Nanos(1_500)),
        latency_us: 250_000,
        content_type: "application/json".into(),
    }
}

/// Bytes that do not get smaller.
fn noise(seed: u64, size: usize) -> Entry {
    let mut bytes = vec![0; size];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    Entry { answer: Answer::Whole(bytes.into()), ..entry("") }
}

#[tokio::test]
async fn what_was_put_is_found_at_once_and_after_a_restart() {
    let rig = Rig::new().await;
    let events = Entry { answer: Answer::Events("data: [DONE]\n\n".into()), cost: None, ..entry("") };
    assert_eq!(rig.cache.find(&key("a"), DAY, NOW).await, None);
    rig.cache.put(&key("a"), entry("one"));
    rig.cache.put(&key("a"), entry("two"));
    rig.cache.put(&key("b"), events.clone());
    for _ in 0..2 {
        assert_eq!(rig.cache.find(&key("a"), DAY, NOW).await.as_deref(), Some(&entry("two")));
    }
    let rig = rig.restart(Bounds::default(), NOW).await;
    assert_eq!(rig.cache.find(&key("a"), DAY, NOW).await.as_deref(), Some(&entry("two")));
    assert_eq!(rig.cache.find(&key("b"), DAY, NOW).await.as_deref(), Some(&events));
    assert_eq!(rig.cache.find(&key("c"), DAY, NOW).await, None);
    rig.stop().await;
}

#[tokio::test]
async fn the_config_that_asks_says_how_old_an_answer_may_be() {
    let rig = Rig::new().await;
    rig.cache.put(&key("a"), entry("one"));
    let rig = rig.restart(Bounds::default(), NOW).await;
    for (age, later, found) in
        [(60, 0, true), (60, 59_999, true), (60, 60_000, false), (DAY, 60_000, true), (DAY, -5_000, true)]
    {
        assert_eq!(rig.cache.find(&key("a"), age, NOW + later).await.is_some(), found, "{age} {later}");
    }
    rig.cache.put(&key("a"), Entry { stored_at: NOW + 60_000, ..entry("two") });
    assert!(rig.cache.find(&key("a"), 60, NOW + 60_000).await.is_some(), "a refreshed answer is young again");
    for (given, meant) in [(None, 604_800), (Some(1), 60), (Some(3_600), 3_600), (Some(u64::MAX), 7_776_000)] {
        assert_eq!(max_age(given), meant);
    }
    rig.stop().await;
}

#[tokio::test]
async fn what_is_older_than_any_config_may_ask_for_is_deleted() {
    let rig = Rig::new().await;
    rig.cache.put(&key("a"), entry("one"));
    let after = NOW + 7_776_000_000;
    let rig = rig.restart(Bounds::default(), after - 1).await;
    assert_eq!(rig.store.cached_keys().await.expect("keys").len(), 1);
    let rig = rig.restart(Bounds::default(), after).await;
    let rig = rig.restart(Bounds::default(), after).await;
    assert_eq!(rig.store.cached_keys().await.expect("keys").len(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn beyond_its_bytes_the_disk_keeps_what_was_asked_for_last() {
    let rig = Rig::new().await;
    for number in 0..20 {
        rig.cache.put(&key(&number.to_string()), noise(number, 10_000));
    }
    let rig = rig.restart(Bounds::default(), NOW).await;
    for number in [3, 7] {
        let found = rig.cache.find(&key(&number.to_string()), DAY, NOW + 1_000).await;
        assert_eq!(found.as_deref(), Some(&noise(number, 10_000)));
    }
    let bounds = Bounds { disk: 55_000, ..Bounds::default() };
    let rig = rig.restart(bounds, NOW).await;
    let rig = rig.restart(bounds, NOW).await;
    let bytes = rig.store.cached_bytes().await.expect("a sum");
    assert!((45_000..=55_000).contains(&bytes), "{bytes}");
    for number in [3, 7] {
        assert!(rig.cache.find(&key(&number.to_string()), DAY, NOW).await.is_some(), "{number}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn memory_is_bounded_and_the_disk_stands_behind_it() {
    let bounds = Bounds { memory: 200_000, ..Bounds::default() };
    let rig = Rig::over(tempfile::tempdir().expect("a folder"), bounds, NOW).await;
    for number in 0..100 {
        rig.cache.put(&key(&number.to_string()), noise(number, 5_000));
    }
    assert!(rig.cache.shared.memory.weight() <= 200_000);
    let rig = rig.restart(bounds, NOW).await;
    for number in 0..100 {
        let found = rig.cache.find(&key(&number.to_string()), DAY, NOW).await;
        assert_eq!(found.as_deref(), Some(&noise(number, 5_000)), "{number}");
    }
    assert!(rig.cache.shared.memory.weight() <= 200_000);
    rig.stop().await;
}

#[tokio::test]
async fn what_is_too_large_or_too_much_at_once_is_not_stored() {
    let rig = Rig::new().await;
    rig.cache.put(&key("a"), noise(0, 9 << 20));
    assert_eq!(rig.cache.find(&key("a"), DAY, NOW).await, None);
    // Nothing is written before this task waits.
    for number in 0..40 {
        rig.cache.put(&key(&number.to_string()), noise(number, 2 << 20));
    }
    let rig = rig.restart(Bounds::default(), NOW).await;
    let stored = rig.store.cached_keys().await.expect("keys").len();
    assert!((28..=33).contains(&stored), "64 MiB may wait: {stored}");
    rig.stop().await;
}

#[tokio::test]
async fn a_damaged_file_is_replaced_by_an_empty_one() {
    for (start, end) in [(0, 100), (4_096, 40_960)] {
        let rig = Rig::new().await;
        for number in 0..50 {
            rig.cache.put(&key(&number.to_string()), noise(number, 3_000));
        }
        let folder = rig.stop().await;
        damage(folder.path(), start, end);
        let rig = Rig::over(folder, Bounds::default(), NOW).await;
        assert_eq!(rig.cache.find(&key("1"), DAY, NOW).await, None);
        rig.cache.put(&key("1"), entry("again"));
        let rig = rig.restart(Bounds::default(), NOW).await;
        assert_eq!(rig.cache.find(&key("1"), DAY, NOW).await.as_deref(), Some(&entry("again")));
        rig.stop().await;
    }
}

#[tokio::test]
async fn damage_found_while_running_leaves_the_memory_and_a_new_file_at_the_next_start() {
    let rig = Rig::new().await;
    rig.store.write_cached(&[]).await.expect("nothing to write");
    rig.cache.failed(&crate::store::StoreError::Garbled("entry"), "a test");
    rig.cache.put(&key("a"), entry("one"));
    assert!(rig.cache.find(&key("a"), DAY, NOW).await.is_some());
    assert!(!rig.folder.path().join("cache.db").exists());
    let rig = rig.restart(Bounds::default(), NOW).await;
    assert_eq!(rig.cache.find(&key("a"), DAY, NOW).await, None);
    rig.cache.put(&key("a"), entry("two"));
    let rig = rig.restart(Bounds::default(), NOW).await;
    assert!(rig.cache.find(&key("a"), DAY, NOW).await.is_some());
    rig.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_entry_are_a_miss() {
    let rig = Rig::new().await;
    let row = |name: &str, entry: &[u8]| crate::store::cache::CacheRow {
        key: key(name).hash.0,
        stored_at: NOW,
        expires_at: NOW,
        entry: entry.to_vec(),
    };
    let packed = |plain: &[u8]| zstd::bulk::compress(plain, 1).expect("packed");
    let rows = [row("a", b""), row("b", b"no zstd"), row("c", &packed(b"")), row("d", &packed(b"\xff\xff\0\0{}"))];
    rig.store.write_cached(&rows).await.expect("written");
    let rig = rig.restart(Bounds::default(), NOW - 1).await;
    for name in ["a", "b", "c", "d"] {
        assert_eq!(rig.cache.find(&key(name), DAY, NOW).await, None, "{name}");
    }
    rig.stop().await;
}

#[test]
fn an_answer_is_served_as_it_is_asked_for() {
    let chat = r#"{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;
    let whole = entry(chat);
    assert_eq!(whole.served(false, true), Some(Served { content_type: "application/json".into(), body: chat.into() }));
    let stream = whole.served(true, true).expect("a stream");
    let text = String::from_utf8(stream.body.to_vec()).expect("UTF-8");
    assert!(stream.content_type == "text/event-stream" && text.contains("prompt_tokens"), "{text}");
    let events = Entry { answer: Answer::Events(stream.body.clone()), ..entry("") };
    assert_eq!(events.served(true, true), Some(stream));
    let stripped = events.served(true, false).expect("a stream").body;
    assert!(!String::from_utf8_lossy(&stripped).contains("usage") && stripped.ends_with(b"data: [DONE]\n\n"));
    let back = events.served(false, false).expect("an answer");
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON");
    assert_eq!((back.content_type.as_str(), json(&back.body)), ("application/json", json(chat.as_bytes())));
    assert_eq!(entry("{}").served(true, true), None);
    assert_eq!(Entry { answer: Answer::Events("data: {}\n\n".into()), ..entry("") }.served(false, true), None);
}

fn damage(folder: &Path, start: usize, end: usize) {
    let path = folder.join("cache.db");
    let mut bytes = std::fs::read(&path).expect("the file");
    let end = end.min(bytes.len());
    bytes[start..end].fill(0xA5);
    std::fs::write(path, bytes).expect("written");
}
