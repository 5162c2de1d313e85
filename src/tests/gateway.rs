//! What a caller meets at `/v1`.

use crate::rig::{End, KEY, Rig, Scene, get, post, with};
use axum::body::Body;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::io::Write;

const ASK: &str =
    r#"{"model":"@alpha/gpt-4o","messages":[{"role":"user","content":"hi"}],"x_unknown":{"b":1,"a":2.50}}"#;
const REPLY: &str = r#"{"id":"c1","object":"chat.completion","model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}"#;

#[tokio::test]
async fn a_call_is_routed_answered_logged_and_priced() {
    let rig = Rig::new().await;
    const BARRED: [&str; 6] = ["clear-site-data", "refresh", "link", "set-cookie", "x-portkey-made-up", "nel"];
    let scene = Scene::json(200, REPLY).header("x-ratelimit-remaining-requests", "9");
    let scene = BARRED.into_iter().fold(scene, |scene, name| scene.header(name, "1"));
    rig.upstream.then(scene.header("x-portkey-provider", "forged"));
    let answer = rig.chat(ASK).await;
    assert!(BARRED.into_iter().all(|name| answer.header(name).is_empty()), "{:?}", answer.headers);
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, REPLY));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-portkey-provider"), "openai");
    assert_eq!(answer.header("x-portkey-last-used-option-index"), "config");
    assert_eq!(answer.header("x-portkey-retry-attempt-count"), "0");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "9");
    let seen = &rig.upstream.seen()[0];
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.headers["authorization"], "Bearer sk-alpha-credential");
    assert_eq!(seen.body, ASK.replace("@alpha/", ""), "unknown fields pass through untouched");
    let row = rig.last().await;
    let metrics = &row["metrics"];
    assert_eq!(metrics["ai_model"], "gpt-4o-2024-08-06");
    assert_eq!((&metrics["req_units"], &metrics["res_units"]), (&json!(1000), &json!(100)));
    assert_eq!(metrics["cost"], 0.35, "1000 in at 2.50 and 100 out at 10.00 dollars a million, in cents");
    assert_eq!(row["response"]["status"], 200);
    assert!(!row.to_string().contains("sk-alpha-credential") && !row.to_string().contains(KEY));
}

#[tokio::test]
async fn a_row_is_the_sum_of_the_answers_that_were_paid_for() {
    let rig = Rig::new().await;
    let config = r#"{"strategy":{"mode":"fallback","on_status_codes":[200]},"targets":[{"provider":"@alpha"},{"provider":"@alpha"}]}"#;
    for _ in 0..2 {
        rig.upstream.then(Scene::json(200, REPLY));
    }
    let ask = ASK.replace("@alpha/", "");
    assert_eq!(rig.send(with(post("/v1/chat/completions", ask), "x-portkey-config", config)).await.status, 200);
    let metrics = &rig.last().await["metrics"];
    assert_eq!((&metrics["req_units"], &metrics["res_units"]), (&json!(2000), &json!(200)));
    assert_eq!(metrics["cost"], 0.7);
}

#[tokio::test]
async fn every_form_of_the_key_opens() {
    let rig = Rig::new().await;
    let forms: [&[(&str, &str)]; 5] = [
        &[("x-portkey-api-key", KEY)],
        &[("authorization", &format!("Bearer {KEY}"))],
        &[("x-portkey-api-key", KEY), ("authorization", "Bearer OPENAI_API_KEY")],
        &[("x-portkey-api-key", KEY), ("authorization", &format!("Bearer {KEY}"))],
        &[("x-api-key", KEY)],
    ];
    for form in forms {
        rig.upstream.then(Scene::json(200, REPLY));
        let mut request = Request::post("/v1/chat/completions").header("content-type", "application/json");
        for (name, value) in form {
            request = request.header(*name, *value);
        }
        let answer = rig.send(request.body(Body::from(ASK)).expect("a request")).await;
        assert_eq!(answer.status, 200, "{form:?}: {}", answer.text());
    }
    assert!(rig.upstream.seen().iter().all(|seen| seen.headers["authorization"] == "Bearer sk-alpha-credential"));
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_words_that_every_sdk_reads() {
    let rig = Rig::new().await;
    for key in ["sy-wrong", "", "OPENAI_API_KEY"] {
        let request = with(post("/v1/chat/completions", ASK), "x-portkey-api-key", key);
        let answer = rig.send(request).await;
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["status"]), (401, &json!("failure")), "{key}");
        assert_eq!(body["error"]["code"], "invalid_api_key");
        assert_eq!(body["message"], body["error"]["message"]);
        assert!(!answer.header("x-portkey-trace-id").is_empty());
    }
    assert!(rig.logs().await.is_empty() && rig.upstream.seen().is_empty());
}

#[tokio::test]
async fn the_provider_is_named_in_four_ways() {
    let rig = Rig::new().await;
    let bare = ASK.replace("@alpha/", "");
    for (name, value) in [
        ("x-portkey-provider", "@alpha"),
        ("x-portkey-virtual-key", "alpha"),
        ("x-portkey-virtual-key", "@alpha"),
        ("x-portkey-config", r#"{"provider":"@alpha"}"#),
    ] {
        rig.upstream.then(Scene::json(200, REPLY));
        let answer = rig.send(with(post("/v1/chat/completions", bare.clone()), name, value)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    assert!(rig.upstream.seen().iter().all(|seen| seen.body == bare));
}

#[tokio::test]
async fn bad_input_is_told_what_to_do_and_has_a_row() {
    let rig = Rig::new().await;
    let none = "Either x-portkey-config or x-portkey-provider header is required";
    let rows: [(&[u8], u16, &str); 10] = [
        (br#"{"model":"@alpha/x","messages":["#, 400, "JSON"),
        (b"[1]", 400, "object"),
        (b"", 400, "JSON"),
        (b"{\"model\":\"@alpha/\xff\"}", 400, "UTF-8"),
        (br#"{"model":7}"#, 400, "model must be text"),
        (br#"{"model":"@alpha/x","stream":"yes"}"#, 400, "stream must be true or false"),
        (br#"{"model":"gpt-4o"}"#, 400, none),
        (br#"{"messages":[]}"#, 400, none),
        (br#"{"model":"@nobody/x"}"#, 400, "@alpha, @sandbox"),
        (br#"{"model":"@nobody"}"#, 400, none),
    ];
    for (body, status, text) in rows {
        let answer = rig.send(post("/v1/chat/completions", body.to_vec())).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(answer.status, status, "{shown}: {}", answer.text());
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(text), "{shown}: {message}");
        assert_eq!(rig.last().await["metrics"]["response_status_code"], status, "{shown}");
    }
    assert!(rig.upstream.seen().is_empty());
    assert_eq!(rig.logs().await.len(), rows.len());
}

#[tokio::test]
async fn headers_that_cannot_be_followed_are_refused() {
    let rig = Rig::new().await;
    for (name, value, text) in [
        ("x-portkey-provider", "nonesuch", "Invalid provider passed"),
        ("x-portkey-provider", "groq", "needs a credential"),
        ("x-portkey-config", "{nope", "Invalid config passed. You need to pass a valid json"),
        ("x-portkey-config", "pc-nope", "Invalid config id passed"),
        ("content-type", "text/plain", "Invalid content type passed"),
        ("x-portkey-custom-host", "http://127.0.0.1:9/v1", "Invalid custom host"),
        ("x-portkey-forward-headers", "x-portkey-forward-headers", "must not contain"),
    ] {
        let model = if name == "x-portkey-provider" { "m" } else { "@alpha/m" };
        let body = json!({ "model": model }).to_string();
        let answer = rig.send(with(post("/v1/chat/completions", body), name, value)).await;
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 400 && message.contains(text), "{name}: {} {message}", answer.status);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let rig = Rig::with("body_limit = 1000000").await;
    let big = format!(r#"{{"model":"@alpha/x","pad":"{}"}}"#, "a".repeat(20 << 20));
    let answer = rig.send(post("/v1/chat/completions", big)).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(rig.last().await["metrics"]["response_status_code"], 413);
}

#[tokio::test]
async fn a_providers_own_error_passes_unchanged() {
    let rig = Rig::new().await;
    let error = r#"{"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#;
    rig.upstream.then(Scene::json(404, error));
    let answer = rig.chat(ASK).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (404, error));
    assert!(rig.last().await.to_string().contains("does not exist"));
}

#[tokio::test]
async fn a_credential_that_a_provider_echoes_is_not_kept() {
    const OWN: &str = "sk-alpha-credential";
    let rig = Rig::new().await;
    let echo =
        |status| Scene::json(status, json!({ "error": { "message": format!("Incorrect key: {OWN}") } }).to_string());
    let stream = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{OWN}\"}}}}]}}");
    let streamed = ASK.replacen('{', r#"{"stream":true,"#, 1);
    for (scene, ask, text) in [
        (echo(401), ASK, true),
        (echo(200), ASK, true),
        (Scene::json(200, REPLY.replace("hello", OWN)), ASK, true),
        (Scene::json(200, REPLY).header("x-echo", &format!("Bearer {OWN}")).header("x-kept", "1"), ASK, false),
        (Scene::json(200, format!("<html>{OWN}")), ASK, true),
        (Scene::events(&[&stream, "data: [DONE]"]), streamed.as_str(), true),
    ] {
        let kept = scene.headers.iter().any(|(name, _)| *name == "x-kept");
        rig.upstream.then(scene);
        let answer = rig.chat(ask).await;
        assert_eq!(answer.text().contains(OWN), text, "what the caller gets passes unchanged: {}", answer.text());
        assert!(answer.header("x-echo").is_empty());
        assert_eq!(answer.header("x-kept"), if kept { "1" } else { "" });
        let row = rig.last().await;
        let id = row["metrics"]["id"].as_str().expect("an id");
        let whole = rig.send(get(&format!("/v1/logs/{id}"))).await.text();
        assert!(!whole.contains(OWN) && whole.contains("[masked]"), "{whole}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_a_502_that_says_what_came() {
    let rig = Rig::new().await;
    let bomb = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..70 {
            packer.write_all(&vec![b' '; 1 << 20]).expect("packed");
        }
        Bytes::from(packer.finish().expect("packed"))
    };
    let gzip = Scene { chunks: vec![bomb], ..Scene::json(200, "") }.header("content-encoding", "gzip");
    for (scene, text) in [
        (Scene::json(200, "<html>busy</html>"), "Invalid response received from openai: <html>busy</html>"),
        (Scene::json(200, ""), "nothing"),
        (Scene { chunks: vec![Bytes::from_static(b"{\"id\":\"\xff\"}")], ..Scene::json(200, "") }, "\u{fffd}"),
        (Scene::json(200, "{\"half\":").ends(End::Reset), "broke off"),
        (Scene::json(302, "{}").header("location", "http://127.0.0.1:1/"), "302"),
        (Scene::json(200, "{}").header("content-encoding", "zstd"), "zstd"),
        (gzip, "unpacks to more than"),
    ] {
        rig.upstream.then(scene);
        let answer = rig.chat(ASK).await;
        let message = answer.json()["error"]["message"].to_string();
        assert!(answer.status == 502 && message.contains(text), "{text}: {} {message}", answer.status);
        assert_eq!(rig.last().await["metrics"]["response_status_code"], 502);
    }
}

#[tokio::test]
async fn a_provider_that_hangs_is_cut_off_in_the_callers_time() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene { chunks: Vec::new(), ..Scene::json(200, "") }.ends(End::Hang));
    let answer = rig.send(with(post("/v1/chat/completions", ASK), "x-portkey-request-timeout", "50")).await;
    assert_eq!(answer.status, 408);
    let message = "Request exceeded the timeout sent in the request: 50ms";
    assert_eq!(
        answer.json()["error"],
        json!({"message": message, "type": "timeout_error", "param": null, "code": null})
    );
    rig.upstream.left().await;
}

#[tokio::test]
async fn a_scope_that_lacks_is_named() {
    let rig = Rig::new().await;
    let request = with(get("/v1/logs"), "x-portkey-api-key", "sy-plain000000000000000000000000000");
    let answer = rig.send(request).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("logs."), "{}", answer.text());
}

#[tokio::test]
async fn an_unknown_route_says_so_with_a_trace_id() {
    let rig = Rig::new().await;
    for request in [get("/v1/prompts"), post("/v1/explain/nothing", "{}")] {
        let answer = rig.send(request).await;
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["message"], &body["ok"]), (404, &json!("Not Found"), &json!(false)));
        assert!(!answer.header("x-portkey-trace-id").is_empty());
    }
}

#[tokio::test]
async fn a_path_that_no_provider_is_named_for_says_so_and_has_a_row() {
    let rig = Rig::new().await;
    let answer = rig.send(get("/v1/nowhere")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Either x-portkey-config or x-portkey-provider header is required"));
    assert_eq!(rig.last().await["metrics"]["response_status_code"], 400);
}

#[tokio::test]
async fn models_are_listed_as_they_are_called() {
    let rig = Rig::new().await;
    let list = rig.send(get("/v1/models")).await.json();
    let ids = list["data"].as_array().expect("a list").iter().map(|model| model["id"].clone()).collect::<Vec<_>>();
    for id in ["@sandbox/echo", "@alpha/gpt-4o"] {
        assert!(ids.contains(&Value::from(id)), "{id} is not among {} models", ids.len());
        assert_eq!(rig.send(get(&format!("/v1/models/{id}"))).await.json()["id"], id);
    }
    assert_eq!(rig.send(get("/v1/models/nope")).await.status, 404);
    rig.upstream.then(Scene::json(200, r#"{"data":[{"id":"own"}]}"#));
    let own = rig.send(with(get("/v1/models"), "x-portkey-provider", "@alpha")).await.json();
    assert_eq!((&own["data"][0]["id"], &own["provider"]), (&json!("own"), &json!("openai")));
}

#[tokio::test]
async fn no_models_name_leads_a_credential_out_of_its_address() {
    let rig = Rig::new().await;
    for (asked, sent) in [
        ("/v1/models/@alpha/..%2f..%2fadmin", None),
        ("/v1/models/@alpha/%2e%2e/admin", None),
        ("/v1/models/@alpha/x%3Fadmin=1", Some("/v1/models/x%3Fadmin%3D1")),
        ("/v1/models/@alpha/m%23f", Some("/v1/models/m%23f")),
    ] {
        rig.upstream.then(Scene::json(200, r#"{"id":"own"}"#));
        let before = rig.upstream.seen().len();
        let answer = rig.send(get(asked)).await;
        let seen = rig.upstream.seen().into_iter().nth(before).map(|seen| seen.path);
        assert_eq!(seen.as_deref(), sent, "{asked}");
        assert_eq!(answer.status, if sent.is_some() { 200 } else { 404 }, "{asked}");
    }
}

#[tokio::test]
async fn trace_and_metadata_reach_the_log() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(200, REPLY));
    let request = with(post("/v1/chat/completions", ASK), "x-portkey-trace-id", "t-1");
    let request = with(request, "x-portkey-metadata", r#"{"env":"prod","team":"other"}"#);
    let answer = rig.send(with(request, "x-portkey-span-name", "step one")).await;
    assert_eq!(answer.header("x-portkey-trace-id"), "t-1");
    let metrics = rig.last().await["metrics"].clone();
    assert_eq!((&metrics["trace_id"], &metrics["span_name"]), (&json!("t-1"), &json!("step one")));
    let pairs = metrics["metadata.key"]
        .as_array()
        .expect("keys")
        .iter()
        .zip(metrics["metadata.value"].as_array().expect("values"));
    let pairs = pairs.map(|(key, value)| format!("{key}{value}")).collect::<Vec<_>>();
    assert!(pairs.contains(&r#""env""prod""#.to_owned()), "{pairs:?}");
    assert!(pairs.contains(&r#""team""rig""#.to_owned()), "the key's own metadata wins: {pairs:?}");
}

#[tokio::test]
async fn a_call_that_is_left_before_its_answer_tells_where_it_went() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(200, REPLY).ends(End::Mute));
    let mut call = Box::pin(rig.chat(ASK));
    while rig.upstream.seen().is_empty() {
        tokio::select! {
            biased;
            answer = &mut call => panic!("{}", answer.text()),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(call);
    let row = loop {
        if let Some(row) = rig.logs().await.into_iter().next() {
            break row;
        }
        tokio::task::yield_now().await;
    };
    let metrics = &row["metrics"];
    assert_eq!((&metrics["response_status_code"], &metrics["virtual_key"]), (&json!(499), &json!("alpha")));
    assert!(
        row["transformedRequest"]["url"].as_str().is_some_and(|url| url.ends_with("/v1/chat/completions")),
        "{row}"
    );
}

#[tokio::test]
async fn the_longest_ids_have_a_row() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(200, REPLY));
    let request = with(post("/v1/chat/completions", ASK), "x-portkey-trace-id", &"t".repeat(256));
    let answer = rig.send(with(request, "x-portkey-span-id", &"s".repeat(256))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let metrics = rig.last().await["metrics"].clone();
    assert_eq!(metrics["trace_id"], "t".repeat(256));
}

#[tokio::test]
async fn a_call_that_asks_not_to_be_tracked_keeps_its_figures_alone() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(200, REPLY));
    rig.send(with(post("/v1/chat/completions", ASK), "x-portkey-debug", "false")).await;
    let row = rig.last().await;
    assert_eq!(row["metrics"]["total_units"], 1100);
    assert!(!row.to_string().contains("hello") && !row.to_string().contains("x_unknown"), "{row}");
}

#[tokio::test]
async fn an_endpoint_that_the_vendor_lacks_is_named() {
    let rig = Rig::new().await;
    let request = with(post("/v1/embeddings", r#"{"model":"m","input":"a"}"#), "x-portkey-provider", "cerebras");
    let answer = rig.send(with(request, "authorization", "Bearer own")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("embed is not supported by cerebras"), "{}", answer.text());
    assert!(answer.text().contains("@alpha"), "the one that has it: {}", answer.text());
}
