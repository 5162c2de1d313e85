//! What the console draws and the API tells of some weeks, held against the rows: of made-up calls, whose figures are
//! added up, and of real ones, which are not at first.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use super::graphs::{self, Span, Told};
use super::overview;
use super::pages::{self, Case, DAY, HOUR, TABS, filters, groups, spans};
use crate::rig::{KEY, NOW, Rig, Scene, Yard, get, post, with};
use app::model::analytics::{Each, Group, Narrow, Tab, USER};
use app::model::money::Nanos;
use app::model::range::MINUTE;
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use switchyard::desk::Seat;
use switchyard::journal::record::{CallRow, Record};
use switchyard::journal::slots::{Opening, Slots};
use switchyard::sample::{Order, plant};
use switchyard::secret;

/// When it is asked: in the midst of an hour.
const END: i64 = NOW + 2 * HOUR + 52 * MINUTE + 20_000;
const TODAY: i64 = NOW - 12 * HOUR;
/// The first days of months.
const SEPTEMBER: i64 = TODAY - 84 * DAY;
const NOVEMBER: i64 = TODAY - 23 * DAY;
const DECEMBER: i64 = TODAY + 7 * DAY;
const CONFIGS: &[(&str, &str)] = &[("pc-kept", r#"{"cache":{"mode":"simple"}}"#)];

async fn lived() -> Rig {
    let rig = Rig::of(Yard { configs: CONFIGS, ..Yard::default() }).await;
    let order = Order { requests: 2_400, days: 36, now: NOW };
    plant(&rig.house.store, order, |_, _| {}).await.expect("made-up calls");
    for number in 0..24 {
        call(&rig, number).await;
        rig.house.clock.advance(7 * MINUTE);
    }
    // Its row is written long after its hour was added up.
    let at = NOW - 3 * HOUR;
    let opening = Opening {
        id: secret::id(at),
        workspace: "default".into(),
        key: rig.house.shelf.book().key(&secret::digest(KEY)).expect("the rig's key").id.clone(),
        at,
        kind: "chat".into(),
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        trace: "t-cut".into(),
        span: "s".into(),
    };
    let (slots, _) = Slots::open(&rig.folder.path().join("data/open.slots")).expect("the open file");
    slots.claim(&opening).expect("a slot");
    let rig = rig.restart().await;
    rig.house.clock.advance(END - NOW);
    rig
}

/// Priced, failing, streamed, kept, unpriced and refused ones, in turns.
async fn call(rig: &Rig, number: usize) {
    let (model, status) = [
        ("@sandbox/echo", 200),
        ("@alpha/gpt-4o", 429),
        ("@sandbox/lorem-20", 200),
        ("@sandbox/json", 200),
        ("@alpha/nobody-knows", 200),
        ("@nobody/gpt", 400),
    ][number % 6];
    if model.starts_with("@alpha") {
        let usage = json!({ "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 });
        let said = json!({ "object": "chat.completion", "model": "nobody-knows", "choices": [], "usage": usage });
        rig.upstream.then(Scene::json(status, said.to_string()));
    }
    let user = ["ada", "bob", "eve"][number / 2 % 3];
    let words = if model == "@sandbox/json" { "again".to_owned() } else { format!("{number}") };
    let body = json!({
        "model": model, "stream": model == "@sandbox/lorem-20", "user": user,
        "messages": [{ "role": "user", "content": words }],
    });
    let mut request = post("/v1/chat/completions", body.to_string());
    if !number.is_multiple_of(3) {
        request = with(request, "x-portkey-metadata", r#"{"env":"prod"}"#);
    }
    if model == "@sandbox/json" {
        request = with(request, "x-portkey-config", "pc-kept");
    }
    let answer = rig.send(request).await;
    assert_eq!(answer.status, status, "{model}: {}", answer.text());
}

pub fn seat(rig: &Rig) -> Seat {
    let book = rig.house.shelf.book();
    Seat::of_key(rig.house.clone(), book.key(&secret::digest(KEY)).expect("the rig's key"))
}

pub async fn journal(rig: &Rig) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(rig.folder.path().join("data/journal.db")).read_only(true);
    options.connect().await.expect("the journal")
}

/// Adds up what is over, and makes blocks of it.
pub async fn add_up(rig: &Rig, until: i64) {
    while rig.house.store.add_up("default", until).await.expect("sums") {}
    while rig.house.store.pack_due("default", until).await.expect("blocks") {}
}

/// Every tab by every group: by the hour, the day and the month, and narrowed by days, by months and as it fits.
fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, tab) in TABS.into_iter().enumerate() {
        for (turn, group) in groups().iter().enumerate() {
            let [hours, days] = spans(END, group);
            // Sums of metadata know whole hours: nothing was called before that September.
            let first = if matches!(group, Group::Metadata(_)) { SEPTEMBER } else { NOVEMBER };
            let months = (Each::Month, first, DECEMBER);
            let fitting = (Each::Fitting, TODAY - DAY, TODAY);
            let [bare, one, other, ..] = filters_from(1 + place + turn);
            cases.extend([hours, days, months].map(|span| Case::new(tab, group, span, bare.clone())));
            let (one_span, other_span) = if turn.is_multiple_of(2) { (days, fitting) } else { (months, hours) };
            cases.extend([(one_span, one), (other_span, other)].map(|(span, by)| Case::new(tab, group, span, by)));
        }
    }
    cases
}

/// No filter, then the others from some place on.
fn filters_from(place: usize) -> [pages::Filter; 5] {
    let mut filters = filters();
    filters[1..].rotate_left(place % 4);
    filters
}

async fn told(rig: &Rig, span: Span, filter: &str) -> Told {
    let mut told = Told::new();
    for path in graphs::paths() {
        let answer = rig.send(get(&format!("/v1/analytics/{path}?page_size=1000&{}{filter}", span.query()))).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        told.insert(path, answer.json());
    }
    told
}

/// By the minute, the quarter, the hour and the day, each bare and narrowed.
async fn graphs_agree(rig: &Rig, journal: &mut SqliteConnection, round: usize) {
    let filters = [
        ("&metadata=%7B%22env%22%3A%22prod%22%7D", "metadata ->> 'env' = 'prod'"),
        ("&status_code=200", "status = 200"),
        (
            "&ai_model=gpt-5&metadata=%7B%22env%22%3A%22prod%22%7D",
            "model_served = 'gpt-5' AND metadata ->> 'env' = 'prod'",
        ),
        ("&configs=pc-search&cache_status=HIT", "config = 'pc-search' AND cache_status = 'HIT'"),
    ];
    for (place, (from, to)) in [
        (NOW, NOW + 4 * HOUR),
        (NOW - 36 * HOUR, NOW + 12 * HOUR),
        (TODAY - 5 * DAY, TODAY + DAY),
        (TODAY - 80 * DAY, TODAY + DAY),
    ]
    .into_iter()
    .enumerate()
    {
        let span = Span { from, to };
        let all = graphs::hold(&told(rig, span, "").await, journal, (span, "1")).await;
        assert!(all.calls > 0 && all.hits > 0, "{span:?} is of nothing");
        let (filter, only) = filters[(place + round) % filters.len()];
        graphs::hold(&told(rig, span, filter).await, journal, (span, only)).await;
    }
}

#[tokio::test]
async fn pages_and_graphs_tell_what_the_rows_say_fresh_added_up_and_made_again() {
    let rig = lived().await;
    let (seat, mut journal) = (seat(&rig), journal(&rig).await);
    for case in all() {
        let calls = pages::hold(&seat, &mut journal, &case).await;
        assert!(calls > 0 || case.only != "1", "{case:?} is of nothing");
    }
    for (place, round) in ["fresh", "added up", "made again"].into_iter().enumerate() {
        println!("{round}");
        match round {
            "added up" => add_up(&rig, END).await,
            "made again" => _ = rig.house.store.rebuild_rollups(END, |_, _| {}).await.expect("figures"),
            _ => {}
        }
        overview::hold(&seat, &mut journal).await;
        graphs_agree(&rig, &mut journal, place).await;
        if place > 0 {
            for case in pages::few(END) {
                pages::hold(&seat, &mut journal, &case).await;
            }
        }
    }
}

/// One call of a day, of a user that more than a thousand others precede.
fn one_of_many(day: i64, number: i64) -> Record {
    let at = day + number * MINUTE;
    let (id, user) = (secret::id(at), number % 1_050);
    let call = CallRow {
        trace_id: id.clone(),
        id,
        workspace: "default".into(),
        key_id: "k-1".into(),
        key_name: "one".into(),
        at,
        kind: "chat",
        status: if number % 9 == 0 { 500 } else { 200 },
        provider: "openai".into(),
        model_served: "gpt-5".into(),
        tokens_in: 7 * number.unsigned_abs(),
        tokens_out: 3,
        cost: Some(Nanos(1_000 + number)),
        latency_us: 900 * (1 + number.unsigned_abs() % 700),
        first_token_us: Some(50 * (1 + number.unsigned_abs() % 300)),
        metadata: json!({ "_user": format!("u{user}"), "env": if number % 2 == 0 { "prod" } else { "dev" } })
            .to_string(),
        runtime: "{}".into(),
        cache_status: "MISS",
        mode: "single",
        target: "config".into(),
        ..CallRow::default()
    };
    Record { call, ..Record::default() }
}

#[tokio::test]
async fn past_a_thousand_users_of_a_day_a_page_tells_the_rest_as_one_and_a_filter_tells_each() {
    const LUMPED: &str = "CASE WHEN metadata ->> '_user' IN (SELECT metadata ->> '_user' FROM calls GROUP BY 1 \
         ORDER BY min(id) LIMIT 1000) THEN metadata ->> '_user' ELSE char(0) || 'other' END";
    let rig = Rig::new().await;
    let day = TODAY - DAY;
    let records: Vec<_> = (0..1_200).map(|number| one_of_many(day, number)).collect();
    rig.house.store.plant("default", (day, NOW), &records, &[]).await.expect("calls");
    let (seat, mut journal) = (seat(&rig), journal(&rig).await);
    let user = Group::Metadata(USER.into());
    for (place, tab) in TABS.into_iter().enumerate() {
        let span = ([Each::Hour, Each::Day][place % 2], day, day + DAY);
        let [bare, _, prod, ..] = filters();
        let lumped = Case { value: LUMPED.into(), ..Case::new(tab, &user, span, bare) };
        assert_eq!(pages::hold(&seat, &mut journal, &lumped).await, 1_200);
        assert_eq!(pages::hold(&seat, &mut journal, &Case::new(tab, &user, span, prod)).await, 600);
    }
}

#[tokio::test]
async fn past_a_thousand_users_of_a_day_the_api_tells_each() {
    let rig = Rig::new().await;
    let day = TODAY - DAY;
    let records: Vec<_> = (0..1_200).map(|number| one_of_many(day, number)).collect();
    rig.house.store.plant("default", (day, NOW), &records, &[]).await.expect("calls");
    for span in [Span { from: day, to: day + DAY }, Span { from: day - 20 * DAY, to: day + 2 * DAY }] {
        let ask = async |path: &str| {
            let answer = rig.send(get(&format!("/v1/analytics/{path}?page_size=100&{}", span.query()))).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.json()
        };
        assert_eq!(ask("graphs/users").await["summary"], json!({ "total": 1_050 }), "{span:?}");
        let requests = ask("graphs/users/requests").await["summary"].clone();
        assert_eq!((&requests["total"], &requests["unique"]), (&json!(1_200), &json!(1_050)), "{span:?}");
        for group in ["groups/users", "groups/metadata/_user"] {
            let told = ask(group).await;
            assert_eq!((&told["total"], &told["data"][0]["requests"]), (&json!(1_050), &json!(2)), "{group} {span:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_call_is_narrowed_to_by_the_model_that_it_asked_for() {
    let rig = Rig::new().await;
    let refused = rig.chat(r#"{"model":"@nobody/gpt","user":"ada","messages":[]}"#).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    rig.house.clock.advance(2 * HOUR);
    let (seat, mut journal) = (seat(&rig), journal(&rig).await);
    let (span, only) = ((Each::Hour, NOW, NOW + HOUR), "model_served = '' AND model_asked = '@nobody/gpt'");
    let narrow = Narrow { model: Some("@nobody/gpt".into()), ..Narrow::default() };
    for round in ["fresh", "added up"] {
        println!("{round}");
        for group in groups() {
            let case = Case::new(Tab::Errors, &group, span, (narrow.clone(), only));
            assert_eq!(pages::hold(&seat, &mut journal, &case).await, 1, "{group:?}");
        }
        add_up(&rig, NOW + 2 * HOUR).await;
    }
}

#[tokio::test]
async fn the_period_before_ends_as_far_into_its_hour_as_now_is() {
    let rig = Rig::new().await;
    for wait in [10 * MINUTE, 30 * MINUTE, DAY - 20 * MINUTE] {
        rig.house.clock.advance(wait);
        call(&rig, 2).await;
    }
    let (seat, mut journal) = (seat(&rig), journal(&rig).await);
    for round in ["fresh", "added up"] {
        println!("{round}");
        for group in groups() {
            let [bare, _, prod, ..] = filters();
            for (tab, filter) in [(Tab::Users, bare), (Tab::Cost, prod)] {
                let case = Case::new(tab, &group, (Each::Hour, NOW + HOUR, NOW + 25 * HOUR), filter);
                assert_eq!(pages::hold(&seat, &mut journal, &case).await, 1, "{group:?}");
            }
        }
        add_up(&rig, NOW + DAY).await;
    }
}
