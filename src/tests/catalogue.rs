//! Providers, models and prices as the console keeps them, and what calls make of it; the setup out and in.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use crate::rig::{KEY, Rig, Scene, Yard, get, post};
use app::backend::{KeyDesk, ModelDesk, ProviderDesk};
use app::failure::Failure;
use app::model::models::{ModelQuery, ModelRow, NewModel, NewPrice, Show};
use app::model::provider::{EditedProvider, NewProvider, Tested};
use app::model::transfer::{Change, Plan};
use serde_json::{Value, json};
use switchyard::desk::Seat;
use switchyard::secret;

const ASK: &str = r#"{"model":"@alpha/gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
const OWN: &str = r#"{"model":"@alpha/rank-7b","messages":[{"role":"user","content":"hi"}]}"#;
const HOUR: i64 = 3_600_000;

/// The rig's key at the console's desk.
fn seat(rig: &Rig) -> Seat {
    let book = rig.house.shelf.book();
    Seat::of_key(rig.house.clone(), book.key(&secret::digest(KEY)).expect("the rig's key"))
}

fn reply(model: &str) -> Scene {
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 });
    let message = json!({ "role": "assistant", "content": "hello" });
    let choices = json!([{ "index": 0, "message": message, "finish_reason": "stop" }]);
    Scene::json(200, json!({ "id": "c", "model": model, "choices": choices, "usage": usage }).to_string())
}

/// Calls, and reads what it cost in dollar cents; null: unpriced.
async fn cost(rig: &Rig, ask: &str, served: &str) -> Value {
    rig.upstream.then(reply(served));
    let answer = rig.chat(ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = json!(answer.header("x-portkey-request-id"));
    let row = rig.logs().await.into_iter().find(|row| row["_id"] == id).expect("its row");
    row["metrics"]["cost"].clone()
}

async fn row(rig: &Rig, name: &str) -> ModelRow {
    let query = ModelQuery { find: name.to_owned(), show: Show::All, ..ModelQuery::default() };
    let page = ModelDesk::models(&seat(rig), query).await.expect("models");
    page.rows.into_iter().find(|row| row.name() == name).expect(name)
}

#[tokio::test]
async fn a_price_of_ones_own_counts_from_its_time_on_and_history_stays() {
    let rig = Rig::new().await;
    let before = cost(&rig, ASK, "gpt-4o-2024-08-06").await;
    let price = |input: &str, output: &str, from: &str| NewPrice {
        provider: "alpha".into(),
        model: "gpt-4o".into(),
        input: input.into(),
        output: output.into(),
        from: from.into(),
        ..NewPrice::default()
    };
    seat(&rig).set_price(price("1", "0", "")).await.expect("a price");
    seat(&rig).set_price(price("2", "0", "2026-11-24T13:00")).await.expect("a later price");
    let now = cost(&rig, ASK, "gpt-4o-2024-08-06").await;
    assert_ne!(before, now, "the called name is priced, whatever it was served under");
    let shown = row(&rig, "@alpha/gpt-4o").await;
    assert_eq!(shown.own.and_then(|own| own.input), Some(1_000_000));
    assert_eq!(shown.next.and_then(|(_, next)| next?.input), Some(2_000_000));
    rig.house.clock.advance(HOUR);
    let later = cost(&rig, ASK, "gpt-4o").await;
    let list = NewPrice { provider: "alpha".into(), model: "gpt-4o".into(), list: "1".into(), ..NewPrice::default() };
    seat(&rig).set_price(list).await.expect("the list price");
    let again = cost(&rig, ASK, "gpt-4o-2024-08-06").await;
    let figure = |cost: &Value| cost.as_f64().unwrap_or_else(|| panic!("{cost} is a price"));
    assert!((figure(&later) - 2.0 * figure(&now)).abs() < 1e-9, "{later} is twice {now}");
    assert_eq!(again, before);
    let logs = rig.logs().await;
    let listed = logs.iter().filter(|row| row["metrics"]["cost"] == before).count();
    assert_eq!(listed, 2, "what was called before keeps its cost: {logs:?}");
}

#[tokio::test]
async fn a_model_of_ones_own_is_listed_priced_switched_off_and_removed() {
    let rig = Rig::new().await;
    assert_eq!(cost(&rig, OWN, "rank-7b").await, Value::Null);
    assert!(row(&rig, "@alpha/rank-7b").await.price().is_none(), "a model that answered is shown as unpriced");
    let form = NewModel {
        provider: "alpha".into(),
        model: "rank-7b".into(),
        context: "32k".into(),
        input: "0.5".into(),
        output: "1".into(),
        ..NewModel::default()
    };
    seat(&rig).add_model(form.clone()).await.expect("a model");
    assert!(matches!(seat(&rig).add_model(form).await, Err(Failure::Refused(fields)) if fields[0].0 == "model"));
    assert_ne!(cost(&rig, OWN, "rank-7b").await, Value::Null);
    let listed =
        |list: &Value| list["data"].as_array().expect("a list").iter().any(|one| one["id"] == "@alpha/rank-7b");
    assert!(listed(&rig.send(get("/v1/models")).await.json()));
    let shown = row(&rig, "@alpha/rank-7b").await;
    assert_eq!((shown.custom, shown.context, shown.calls), (true, Some(32_000), 2));

    seat(&rig).switch_model("alpha".into(), "rank-7b".into(), false).await.expect("off");
    let refused = rig.chat(OWN).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["code"]), (400, &json!("model_not_allowed")));
    assert!(!listed(&rig.send(get("/v1/models")).await.json()));
    seat(&rig).switch_model("alpha".into(), "rank-7b".into(), true).await.expect("on");
    rig.upstream.then(reply("rank-7b"));
    assert_eq!(rig.chat(OWN).await.status, 200);

    seat(&rig).remove_model("alpha".into(), "rank-7b".into()).await.expect("removed");
    assert!(!listed(&rig.send(get("/v1/models")).await.json()));
    assert_eq!(cost(&rig, OWN, "rank-7b").await, Value::Null);
}

#[tokio::test]
async fn what_the_set_up_file_says_of_models_holds_and_is_locked() {
    let lines = "[[price]]\nprovider = \"alpha\"\nmodel = \"gpt-4o\"\ninput = 1\noutput = 0\n\
                 [[model]]\nprovider = \"alpha\"\nmodel = \"gpt-5\"\nenabled = false\n";
    let rig = Rig::with(lines).await;
    let rig = rig.restart().await;
    assert!(row(&rig, "@alpha/gpt-4o").await.own.is_some_and(|own| own.input == Some(1_000_000)));
    assert!(!row(&rig, "@alpha/gpt-5").await.enabled);
    let locked =
        |done: Result<(), Failure>| matches!(done, Err(Failure::Refused(fields)) if fields[0].1.contains("set-up"));
    assert!(locked(seat(&rig).switch_model("alpha".into(), "gpt-5".into(), true).await));
    let price = NewPrice { provider: "alpha".into(), model: "gpt-4o".into(), input: "3".into(), ..NewPrice::default() };
    assert!(locked(seat(&rig).set_price(price).await));
}

async fn tested(rig: &Rig, scene: Scene) -> Tested {
    let providers = seat(rig).providers().await.expect("providers");
    let alpha = providers.rows.into_iter().find(|row| row.slug == "alpha").expect("alpha");
    rig.upstream.then(scene);
    assert_eq!(seat(rig).test_provider(alpha.id).await.expect("a test"), "alpha");
    let providers = seat(rig).providers().await.expect("providers");
    providers.rows.into_iter().find(|row| row.slug == "alpha").and_then(|row| row.test).expect("kept")
}

#[tokio::test]
async fn a_test_calls_the_provider_and_tells_what_came() {
    let rig = Rig::new().await;
    let good = tested(&rig, Scene::json(200, r#"{"data":[{"id":"a"},{"id":"b"}]}"#)).await;
    assert!(good.good && good.status == 200 && good.words == "It lists 2 models, such as a, b.", "{good:?}");
    let seen = rig.upstream.seen().pop().expect("a call");
    assert!(seen.path.ends_with("/models") && seen.headers.contains_key("authorization"), "{}", seen.path);
    let echo = r#"{"error":{"message":"Incorrect API key: sk-alpha-credential"}}"#;
    let bad = tested(&rig, Scene::json(401, echo)).await;
    assert!(!bad.good && bad.status == 401 && bad.words.contains("Incorrect API key"), "{bad:?}");
    assert!(!bad.words.contains("sk-alpha-credential"), "{bad:?}");
    rig.upstream.leave();
    rig.upstream.then(Scene::json(200, "{}"));
    seat(&rig).test_providers().await.expect("all are tested");
    let rows = seat(&rig).providers().await.expect("providers").rows;
    assert!(rows.iter().all(|row| row.test.is_some()));
    let sandbox = rows.iter().find(|row| row.slug == "sandbox").and_then(|row| row.test.clone()).expect("a test");
    assert!(sandbox.good, "{sandbox:?}");
}

#[tokio::test]
async fn a_provider_is_edited_its_key_rotated_and_a_file_s_is_locked() {
    let rig = Rig::new().await;
    let base_url = seat(&rig).providers().await.expect("providers").rows.into_iter().find(|row| row.slug == "alpha");
    let base_url = base_url.expect("alpha").base_url;
    let form = NewProvider {
        slug: "mine".into(),
        vendor: "openai".into(),
        key: "sk-first-credential".into(),
        base_url: base_url.clone(),
        ..NewProvider::default()
    };
    seat(&rig).add_provider(form).await.expect("a provider");
    let rows = seat(&rig).providers().await.expect("providers").rows;
    let id = |slug: &str| rows.iter().find(|row| row.slug == slug).expect(slug).id.clone();
    let edit = |id: String, key: &str, base_url: &str| EditedProvider {
        id,
        key: key.into(),
        base_url: base_url.into(),
        ..EditedProvider::default()
    };
    seat(&rig).edit_provider(edit(id("mine"), "sk-second-credential", &base_url)).await.expect("a new key");
    rig.upstream.then(reply("gpt-4o"));
    assert_eq!(rig.chat(&ASK.replace("@alpha", "@mine")).await.status, 200);
    let seen = rig.upstream.seen().pop().expect("a call");
    assert_eq!(seen.headers["authorization"], "Bearer sk-second-credential");
    let moved = seat(&rig).edit_provider(edit(id("mine"), "", "http://127.0.0.1:9/v1")).await;
    assert!(
        matches!(moved, Err(Failure::Refused(fields)) if fields[0].0 == "key"),
        "a stored key stays with its address"
    );
    let locked = seat(&rig).edit_provider(edit(id("alpha"), "sk-third", &base_url)).await;
    assert!(matches!(locked, Err(Failure::Refused(_))));
}

async fn plan(rig: &Rig, text: &str) -> Plan {
    let answer = rig.send(post("/v1/setup/plan", json!({ "text": text }).to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_value(answer.json()).expect("a plan")
}

#[tokio::test]
async fn a_setup_goes_out_of_one_house_and_into_another_after_a_plan() {
    let config = r#"{"provider":"@sandbox","override_params":{"model":"echo"}}"#;
    let from = Rig::of(Yard {
        configs: &[("pc-echo", r#"{"provider":"@sandbox","override_params":{"model":"echo"}}"#)],
        ..Yard::default()
    })
    .await;
    let model =
        NewModel { provider: "alpha".into(), model: "rank-7b".into(), input: "0.5".into(), ..NewModel::default() };
    seat(&from).add_model(model).await.expect("a model");
    let text = from.send(get("/v1/setup")).await.json()["text"].as_str().expect("a text").to_owned();
    assert!(!text.contains("sk-alpha-credential") && !text.contains(KEY), "{text}");
    assert!(text.contains("rank-7b") && text.contains("pc-echo"), "{text}");
    let own = plan(&from, &text).await;
    assert!(own.flaws.is_empty() && !own.acts(), "{own:?}");

    // The other house has its own file with `alpha` and the rig's keys.
    let into = Rig::new().await;
    let asked = plan(&into, &text).await;
    let of = |change| asked.lines.iter().filter(move |line| line.change == change).map(|line| line.name.as_str());
    assert!(of(Change::Locked).any(|name| name == "@alpha"), "another address, but declared: {asked:?}");
    assert!(of(Change::Added).any(|name| name == "pc-echo") && of(Change::Same).any(|name| name == "rig"), "{asked:?}");
    let done = into.send(post("/v1/setup", json!({ "text": text }).to_string())).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["added"], json!(3), "config, model, price: {}", done.text());
    let read = into.send(get("/v1/configs/pc-echo")).await.json();
    assert_eq!(read["config"], serde_json::from_str::<Value>(config).expect("a config"));
    assert!(row(&into, "@alpha/rank-7b").await.custom);
    assert!(!plan(&into, &text).await.acts(), "the same again changes nothing");
}

#[tokio::test]
async fn an_import_makes_keys_anew_and_one_flaw_stops_all_of_it() {
    let rig = Rig::new().await;
    let good = "[[provider]]\nslug = \"gamma\"\nvendor = \"cerebras\"\n[[api_key]]\nname = \"ci\"\nscopes = [\"completions.write\"]\n";
    let flawed = format!("{good}[[config]]\nid = \"pc-x\"\nbody = '{{\"provider\":\"@moon\"}}'\n");
    let told = plan(&rig, &flawed).await;
    assert_eq!(told.flaws.len(), 1, "{told:?}");
    assert!(told.flaws[0].at == "line 8" && told.flaws[0].text.contains("@moon"), "{told:?}");
    let refused = rig.send(post("/v1/setup", json!({ "text": flawed }).to_string())).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(rig.house.shelf.book().provider("default", "gamma").is_none(), "nothing has changed");
    let done = rig.send(post("/v1/setup", json!({ "text": good }).to_string())).await.json();
    let secret = done["keys"][0]["value"].as_str().expect("a secret").to_owned();
    assert!(done["notes"][0].as_str().is_some_and(|note| note.contains("@gamma: Enter its key")), "{done}");
    let ask = r#"{"model":"@sandbox/echo","messages":[{"role":"user","content":"hi"}]}"#;
    let call = crate::rig::with(post("/v1/chat/completions", ask), "x-portkey-api-key", &secret);
    assert_eq!(rig.send(call).await.status, 200);
    let keys = seat(&rig).keys().await.expect("keys");
    assert!(keys.rows.iter().any(|row| row.name == "ci"));
}
