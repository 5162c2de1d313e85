//! Sessions over WebSocket, spoken to in bytes: what is inside of them is not the gateway's business.
#![expect(clippy::expect_used, reason = "a provider that cannot be set up is a failed test")]

use crate::rig::{KEY, Rig, Scene, get, with};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use switchyard::server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LONG: Duration = Duration::from_secs(60);

/// A provider that opens every handshake and echoes what it hears until the caller ends; its side of the handshake.
async fn echo() -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let head = head(&mut stream).await;
        let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                      sec-websocket-accept: made-up\r\nset-cookie: a=b\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.expect("an answer");
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.expect("an echo");
        head
    });
    (address, heard)
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a byte of a head"));
    }
    String::from_utf8(head).expect("text")
}

/// A caller's connection to the house, its handshake sent, and the head of the answer.
async fn knock(rig: &Rig, path: &str) -> (TcpStream, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let house = Arc::clone(&rig.house);
    tokio::spawn(async move { server::serve(&house, listener, std::future::pending()).await });
    let mut stream = TcpStream::connect(address).await.expect("a house");
    let handshake = format!(
        "GET {path} HTTP/1.1\r\nhost: h\r\nx-portkey-api-key: {KEY}\r\nconnection: keep-alive, Upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         sec-websocket-protocol: realtime, openai-insecure-api-key.{KEY}\r\nopenai-beta: realtime=v1\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await.expect("a handshake");
    let head = head(&mut stream).await;
    (stream, head)
}

/// The first row, once it is there.
async fn row(rig: &Rig) -> Value {
    let found = async {
        loop {
            if let Some(row) = rig.logs().await.into_iter().next() {
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, found).await.expect("a row")
}

#[tokio::test]
async fn a_session_is_tunnelled_and_has_one_row() {
    let (address, heard) = echo().await;
    let rig = Rig::with(&format!(
        "[[provider]]\nslug = \"live\"\nvendor = \"openai\"\nbase_url = \"http://{address}/v1\"\nkey = \"sk-live\"\n"
    ))
    .await;
    let (mut stream, answer) = knock(&rig, "/v1/realtime?model=%40live%2Fgpt-realtime&x=1").await;
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("sec-websocket-accept: made-up"), "{answer}");
    assert!(answer.contains("x-portkey-trace-id: ") && !answer.contains("set-cookie"), "{answer}");
    stream.write_all(b"\x81\x05hello").await.expect("a frame");
    let mut echoed = [0; 7];
    stream.read_exact(&mut echoed).await.expect("an echo");
    assert_eq!(&echoed, b"\x81\x05hello");
    stream.shutdown().await.expect("a goodbye");
    assert_eq!(stream.read(&mut echoed).await.expect("an end"), 0);
    let head = heard.await.expect("a provider");
    assert!(head.starts_with("GET /v1/realtime?x=1&model=gpt-realtime HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer sk-live\r\n") && !head.contains(KEY), "{head}");
    assert!(head.contains("sec-websocket-protocol: realtime\r\n") && head.contains("openai-beta: "), "{head}");
    let row = row(&rig).await.to_string();
    assert!(row.contains("bytes_sent") && row.contains("gpt-realtime"), "{row}");
    assert_eq!(rig.logs().await.len(), 1);
}

#[tokio::test]
async fn what_the_provider_says_instead_reaches_the_caller() {
    let rig = Rig::new().await;
    let refused = r#"{"error":{"message":"no such model"}}"#;
    for (scene, status) in [(Scene::json(404, refused), "404"), (Scene::json(200, "{}"), "502")] {
        rig.upstream.then(scene);
        let (_, answer) = knock(&rig, "/v1/realtime?model=@alpha/none").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(rig.logs().await.len(), 2);
}

#[tokio::test]
async fn what_is_no_session_is_refused_and_written_down() {
    let rig = Rig::new().await;
    let answer = rig.send(get("/v1/realtime?model=@alpha/m")).await;
    assert_eq!((answer.status.as_u16(), rig.logs().await.len()), (426, 1), "{}", answer.text());
    let (_, answer) = knock(&rig, "/v1/realtime?model=@sandbox/echo").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let (_, answer) = knock(&rig, "/v1/realtime").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(rig.send(with(get("/v1/realtime"), "x-portkey-api-key", "sy-unknown")).await.status, 401);
}

#[tokio::test]
async fn a_session_under_limits_is_counted_or_refused() {
    let policy = |lines: &str| {
        format!("[[policy]]\nname = \"live\"\n{lines}\nconditions = [{{ key = \"provider\", value = \"openai\" }}]\n")
    };
    let path = "/v1/realtime?model=@live/gpt-4o";
    for (lines, status) in [
        ("type = \"cost\"\ncredit_limit = 1\nunpriced = \"refuse\"", "412"),
        ("type = \"requests\"\nunit = \"rpm\"\nvalue = 1", "101"),
        ("type = \"cost\"\ncredit_limit = 1", "101"),
    ] {
        let (address, _) = echo().await;
        let live = format!(
            "[[provider]]\nslug = \"live\"\nvendor = \"openai\"\nbase_url = \"http://{address}/v1\"\nkey = \"k\"\n"
        );
        let rig = Rig::with(&format!("{}{live}", policy(lines))).await;
        let (stream, answer) = knock(&rig, path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {answer}");
        drop(stream);
        if lines.contains("rpm") {
            let (_, answer) = knock(&rig, path).await;
            assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
            continue;
        }
        row(&rig).await;
        let book = rig.house.shelf.book();
        let standings = book.limits().budgets().flat_map(|limit| rig.house.limits.standings(limit));
        let unpriced = standings.map(|standing| standing.account.unpriced).sum::<u64>();
        assert_eq!(unpriced, u64::from(status == "101"), "{lines}");
    }
}
