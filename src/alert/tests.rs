use super::*;
use crate::settings::{Mail, Webhook};
use crate::store::alerts::Due;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, Mac};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use serde_json::Value;
use sha2::Sha256;
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const SECRET: &str = "a secret that signs";
const LONG: Duration = Duration::from_secs(20);

/// A webhook that answers with a status, and tells what it got.
struct Hook {
    uri: String,
    got: mpsc::UnboundedReceiver<(HeaderMap, String)>,
    answer: Arc<AtomicU16>,
}

impl Hook {
    async fn listen() -> Self {
        let (tell, got) = mpsc::unbounded_channel();
        let answer = Arc::new(AtomicU16::new(200));
        let state = (tell, Arc::clone(&answer));
        type Told = (mpsc::UnboundedSender<(HeaderMap, String)>, Arc<AtomicU16>);
        let take = |State((tell, answer)): State<Told>, headers: HeaderMap, body: String| async move {
            let _ = tell.send((headers, body));
            StatusCode::from_u16(answer.load(Ordering::Relaxed)).unwrap()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(take)).with_state(state);
        Tasks::default().spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { uri, got, answer }
    }

    async fn next(&mut self) -> (HeaderMap, Value) {
        let (headers, body) = tokio::time::timeout(LONG, self.got.recv()).await.unwrap().unwrap();
        let signed = headers["x-switchyard-signature"].to_str().unwrap().to_owned();
        let (seconds, code) = signed.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        let signature = mac.chain_update(format!("{seconds}.{body}")).finalize().into_bytes();
        assert_eq!(code, signature.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        (headers, serde_json::from_str(&body).unwrap())
    }
}

/// A store, a clock that stands still, and alerts that go to a webhook.
struct Rig {
    folder: TempDir,
    clock: Clock,
    hook: Hook,
}

impl Rig {
    async fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Clock::frozen(1_000_000), hook: Hook::listen().await }
    }

    async fn store(&self) -> Store {
        Store::open(self.folder.path(), false).await.unwrap()
    }

    async fn open(&self, store: &Store) -> (Alerts, Tasks) {
        let secret = SECRET.to_owned().into();
        let webhook = Some(Webhook { uri: self.hook.uri.parse().unwrap(), secret });
        let tasks = Tasks::default();
        let ways = settings::Alerts { webhook, mail: None };
        (Alerts::open(store, &ways, &self.clock, &tasks).await.unwrap(), tasks)
    }
}

fn fill(spent: i64, period: i64) -> Fill {
    Fill {
        workspace: "default".into(),
        budget: "b1".into(),
        name: "ci".into(),
        unit: "cost",
        limit: 100,
        threshold: Some(80),
        spent,
        period,
        ..Fill::default()
    }
}

/// Waits until everything that was sent is known to be.
async fn noted(store: &Store) {
    let all = async {
        while store
            .alerts("default", 100)
            .await
            .unwrap()
            .iter()
            .any(|alert| alert.sends.iter().any(|send| send.sent_at.is_none()))
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, all).await.unwrap();
}

#[tokio::test]
async fn each_amount_is_told_once_a_period() {
    let mut rig = Rig::new().await;
    let store = rig.store().await;
    let (alerts, tasks) = rig.open(&store).await;
    for (spent, period, told) in [
        (79, 0, &[][..]),
        (80, 0, &["budget.threshold"]),
        (90, 0, &[]),
        (100, 0, &["budget.exhausted"]),
        (120, 0, &[]),
        (100, 5, &["budget.threshold", "budget.exhausted"]),
    ] {
        alerts.see(&fill(spent, period));
        let mut heard = Vec::new();
        for _ in told {
            let (headers, body) = rig.hook.next().await;
            assert_eq!(headers["x-switchyard-alert"].to_str().unwrap(), body["id"]);
            heard.push(body["type"].as_str().unwrap().to_owned());
        }
        // Two at once are sent side by side.
        heard.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(heard, told, "{spent}");
    }
    noted(&store).await;
    tasks.stop();
    tasks.drain().await;
    let (again, tasks) = rig.open(&store).await;
    again.see(&fill(100, 5));
    again.see(&Fill { threshold: Some(90), ..fill(100, 5) });
    assert_eq!(rig.hook.next().await.1["budget"]["alert_threshold"].to_string(), "9e-8", "a new amount is told anew");
    tasks.stop();
    tasks.drain().await;
    assert!(rig.hook.got.try_recv().is_err(), "what was told before a restart is not told again");
    assert_eq!(store.alerts("default", 100).await.unwrap().len(), 5);
    assert!(store.alerts("elsewhere", 100).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_not_taken_is_sent_again_after_a_pause_under_the_same_id() {
    let mut rig = Rig::new().await;
    let store = rig.store().await;
    rig.hook.answer.store(500, Ordering::Relaxed);
    let (alerts, _tasks) = rig.open(&store).await;
    alerts.see(&fill(80, 0));
    let first = rig.hook.next().await.1;
    let failed = tokio::time::timeout(LONG, async {
        loop {
            let send = store.alerts("default", 1).await.unwrap().remove(0).sends.remove(0);
            if send.error.is_some() {
                return send;
            }
            tokio::task::yield_now().await;
        }
    });
    let failed = failed.await.unwrap();
    assert_eq!((failed.tries, failed.next_at, failed.sent_at), (1, Some(1_005_000), None));
    assert_eq!(failed.error.as_deref(), Some("The webhook answered 500 Internal Server Error."));
    rig.hook.answer.store(204, Ordering::Relaxed);
    rig.clock.advance(5_000);
    assert_eq!(rig.hook.next().await.1["id"], first["id"]);
}

#[tokio::test]
async fn what_a_crash_left_in_the_outbox_is_sent_at_the_next_start() {
    let mut rig = Rig::new().await;
    let store = rig.store().await;
    let told = fill(80, 0).told("a1", Crossed::Threshold, 5).to_string();
    let alert = NewAlert {
        id: "a1".into(),
        workspace: "default".into(),
        budget: "b1".into(),
        part: String::new(),
        period: 0,
        crossed: Crossed::Threshold,
        level: 80,
        told,
        at: 5,
    };
    assert!(store.add_alert(&alert, &["webhook"]).await.unwrap());
    assert!(!store.add_alert(&NewAlert { id: "a2".into(), ..alert }, &["webhook"]).await.unwrap());
    let _open = rig.open(&store).await;
    assert_eq!(rig.hook.next().await.1["id"], "a1");
}

/// Speaks as much SMTP as one mail needs, and hands back its lines.
async fn post_office(listener: TcpListener) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = tokio::io::split::<TcpStream>(stream);
    let mut lines = BufReader::new(read).lines();
    let mut heard = Vec::new();
    write.write_all(b"220 here\r\n").await.unwrap();
    let mut letter = false;
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.as_str() {
            "." if letter => Some("250 taken\r\n"),
            "DATA" => Some("354 go on\r\n"),
            "QUIT" => Some("221 bye\r\n"),
            _ if letter => None,
            _ => Some("250 fine\r\n"),
        };
        letter = (letter || line == "DATA") && line != ".";
        if let Some(answer) = answer {
            write.write_all(answer.as_bytes()).await.unwrap();
        }
        let over = line == ".";
        heard.push(line);
        if over {
            break;
        }
    }
    heard
}

#[tokio::test]
async fn an_alert_goes_out_by_mail_to_all_who_are_named() {
    let rig = Rig::new().await;
    let store = rig.store().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port);
    let to = ["ops@example.com", "lead@example.com"].map(|one| one.parse().unwrap()).to_vec();
    let mail = Some(Mail { server, from: "switchyard@example.com".parse().unwrap(), to });
    let tasks = Tasks::default();
    let ways = settings::Alerts { webhook: None, mail };
    let alerts = Alerts::open(&store, &ways, &rig.clock, &tasks).await.unwrap();
    alerts.see(&fill(80, 0));
    let heard = tokio::time::timeout(LONG, post_office(listener)).await.unwrap().join("\n");
    for wanted in [
        "RCPT TO:<ops@example.com>",
        "RCPT TO:<lead@example.com>",
        "Subject: Switchyard: the budget ci is past its alert",
        "The budget ci has spent",
    ] {
        assert!(heard.contains(wanted), "{wanted}\n{heard}");
    }
}

#[tokio::test]
async fn a_mail_goes_to_the_addresses_of_a_key_besides_and_to_nobody_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port);
    let to = vec!["ops@example.com".parse().unwrap()];
    let mail = mail::Mail::new(&Mail { server, from: "switchyard@example.com".parse().unwrap(), to });
    let told = fill(100, 0).told("a1", Crossed::Exhausted, 5).to_string();
    let due = Due { alert: "a1".into(), budget: "b1".into(), way: "mail".into(), tries: 0, told };
    let more = ["ops@example.com", "ada@example.com"].map(str::to_owned);
    let (sent, heard) = tokio::join!(mail.send(&due, &more), post_office(listener));
    sent.unwrap();
    let asked: Vec<_> = heard.iter().filter(|line| line.starts_with("RCPT")).map(String::as_str).collect();
    assert_eq!(asked, ["RCPT TO:<ops@example.com>", "RCPT TO:<ada@example.com>"]);
}
