use super::super::write::write;
use super::*;
use crate::settings::import;
use crate::store::models::StoredModel;
use crate::store::providers::Standing;
use app::model::key::Allowed;
use app::model::models::Prices;
use std::collections::BTreeMap;

/// 2026-11-24, 12:00 UTC.
const NOW: i64 = 1_795_521_600_000;
const CONFIG: &str = "{\n  \"provider\": \"@alpha\"\n}";

fn present() -> Present {
    let provider = StoredProvider {
        id: "1".into(),
        workspace: "default".into(),
        slug: "alpha".into(),
        name: String::new(),
        note: String::new(),
        standing: Standing::Provider,
        integration: None,
        vendor: "openai".into(),
        base_url: Some("http://a.example/v1".into()),
        credential: Some(vec![1]),
        hint: "sk-…cdef".into(),
        open: vec!["files".into()],
        origin: Origin::Console,
        created_at: 1,
        updated_at: 1,
    };
    let config = StoredConfig {
        id: "1".into(),
        workspace: "default".into(),
        slug: "pc-main".into(),
        name: "main \"one\"".into(),
        version: "v".into(),
        number: 3,
        body: CONFIG.into(),
        origin: Origin::Console,
        created_at: 1,
        updated_at: 1,
    };
    let secret = StoredConfig {
        id: "2".into(),
        slug: "pc-secret".into(),
        body: r#"{"provider":"openai","api_key":"sk-in-a-config"}"#.into(),
        ..config.clone()
    };
    Present {
        providers: vec![provider.clone(), StoredProvider { slug: "beta".into(), origin: Origin::File, ..provider }],
        configs: vec![config, secret],
        keys: vec![key()],
        models: vec![StoredModel {
            workspace: "default".into(),
            provider: "alpha".into(),
            model: "own".into(),
            custom: true,
            enabled: false,
            context: Some(32_000),
            origin: "console".into(),
            updated_at: 1,
        }],
        prices: vec![StoredPrice {
            id: "1".into(),
            workspace: "default".into(),
            provider: "alpha".into(),
            model: "own".into(),
            starts_at: 1_796_083_200_000,
            input: Some(250_000),
            cached: None,
            output: Some(1_000_000),
            author: None,
            origin: "console".into(),
            created_at: 1,
        }],
        ..Present::default()
    }
}

fn key() -> StoredKey {
    StoredKey {
        id: "1".into(),
        workspace: "default".into(),
        name: "ci".into(),
        kind: crate::store::keys::KIND.into(),
        description: String::new(),
        secret_hash: [7; 32],
        last_four: "abcd".into(),
        scopes: vec!["completions.write".into()],
        config: Some("pc-main".into()),
        config_override: true,
        metadata: BTreeMap::from([("team".to_owned(), "ci".to_owned())]),
        enforced: true,
        allowed: Allowed::default(),
        origin: Origin::Console,
        created_by: None,
        created_at: 1,
        updated_at: None,
        expires_at: None,
        revoked_at: None,
    }
}

fn drawn(text: &str, present: &Present) -> Drawn {
    let file = import(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"));
    draw(file, present, Terms { now: NOW, scopes: None })
}

#[test]
fn what_is_written_reads_back_as_the_same_and_names_no_secret() {
    let text = write(&present(), "Default", 0);
    assert!(!text.contains("sk-in-a-config"), "{text}");
    let same = drawn(&text, &present());
    assert_eq!(same.plan.flaws, []);
    for line in &same.plan.lines {
        assert_eq!(line.change, Change::Same, "{line:?}");
    }
    assert_eq!(same.plan.lines.len(), 7);
    assert!(!same.plan.acts());
}

#[test]
fn an_empty_house_gets_all_of_it_but_what_was_secret() {
    let text = write(&present(), "Default", 0);
    let fresh = drawn(&text, &Present::default());
    let (flaws, added) = (&fresh.plan.flaws, fresh.plan.count(Change::Added));
    assert_eq!((flaws.len(), added), (1, 6), "{flaws:?}");
    assert!(flaws[0].key == "config[1].id" && flaws[0].text.contains("without its secrets"), "{flaws:?}");
    let price = &fresh.prices[0];
    let prices = Prices { input: Some(250_000), cached: None, output: Some(1_000_000) };
    assert_eq!((price.prices, price.from), (Some(prices), Some(1_796_083_200_000)));
    assert!(fresh.models[0].custom && !fresh.models[0].enabled);
    assert!(fresh.plan.lines.iter().any(|line| line.notes.iter().any(|note| note.contains("new secret"))));
}

#[test]
fn each_change_is_told() {
    for (text, name, change, note) in [
        (
            "[[provider]]\nslug = \"alpha\"\nvendor = \"openai\"\nbase_url = \"http://b.example/v1\"\nopen = [\"files\"]",
            "@alpha",
            Change::Changed,
            "http://a.example/v1 → http://b.example/v1",
        ),
        (
            "[[provider]]\nslug = \"beta\"\nvendor = \"openai\"\nbase_url = \"http://a.example/v1\"",
            "@beta",
            Change::Locked,
            "outside the console",
        ),
        ("[[provider]]\nslug = \"gamma\"\nvendor = \"cerebras\"", "@gamma", Change::Added, "Enter its key"),
        (
            "[[model]]\nprovider = \"alpha\"\nmodel = \"own\"\ncustom = true\ncontext = 32000",
            "@alpha/own",
            Change::Changed,
            "off → on",
        ),
        ("[[model]]\nprovider = \"sandbox\"\nmodel = \"echo\"\nenabled = false", "@sandbox/echo", Change::Added, ""),
        ("[[price]]\nprovider = \"alpha\"\nmodel = \"own\"\ninput = 0.3", "@alpha/own", Change::Added, "From now on"),
        (
            "[[config]]\nid = \"pc-main\"\nname = \"other\"\nbody = '{\"provider\":\"@alpha\"}'",
            "pc-main",
            Change::Changed,
            "→ other",
        ),
        ("[[config]]\nid = \"pc-new\"\nbody = '{\"provider\":\"@alpha\"}'", "pc-new", Change::Added, ""),
        (
            "[[api_key]]\nname = \"ci\"\nscopes = [\"completions.write\"]\nconfig = \"pc-main\"",
            "ci",
            Change::Changed,
            "Other metadata",
        ),
        ("[[api_key]]\nname = \"new\"\n", "new", Change::Added, "new secret"),
        ("[[api_key]]\nname = \"new\"\nvalue = \"sy-0123456789abcdef\"\n", "new", Change::Added, "secret of the file"),
        ("[[provider]]\nslug = \"delta\"\nintegration = \"alpha\"", "@delta", Change::Added, ""),
        (
            "[[provider]]\nslug = \"alpha\"\nvendor = \"openai\"\nbase_url = \"http://a.example/v1\"\nopen = [\"files\"]\n\
             standing = \"integration\"",
            "@alpha",
            Change::Changed,
            "provider → integration",
        ),
        ("[workspace]\nbudget = { type = \"cost\", credit_limit = 5 }", "the workspace", Change::Added, "$5 in all."),
        (
            "[[policy]]\nname = \"teams\"\ntype = \"requests\"\nunit = \"rpm\"\nvalue = 1000\ngroup_by = [\"metadata.team\"]",
            "teams",
            Change::Added,
            "1,000 requests a minute, for each metadata.team.",
        ),
    ] {
        let drawn = drawn(text, &present());
        let line = drawn.plan.lines.iter().find(|line| line.name == name && line.change != Change::Left);
        let line = line.unwrap_or_else(|| panic!("{text}: {:?}", drawn.plan));
        assert_eq!(line.change, change, "{text}");
        assert!(note.is_empty() || line.notes.iter().any(|told| told.contains(note)), "{text}: {line:?}");
        assert_eq!(drawn.plan.flaws, [], "{text}");
    }
}

#[test]
fn what_cannot_be_is_told_at_its_place_and_the_rest_is_left() {
    for (text, key, told) in [
        ("[[provider]]\nslug = \"alpha\"\nvendor = \"cerebras\"", "provider[0].slug", "of openai here"),
        ("[[price]]\nprovider = \"moon\"\nmodel = \"m\"\ninput = 1", "price[0].model", "neither in this file"),
        ("[[config]]\nid = \"pc-x\"\nbody = '{\"provider\":\"@moon\"}'", "config[0].id", "@moon is not connected"),
        ("[[api_key]]\nname = \"x\"\nconfig = \"pc-gone\"", "api_key[0].name", "pc-gone is neither"),
        ("[[api_key]]\nname = \"x\"\nscopes = [\"moon.land\"]", "api_key[0].name", "moon.land is not yours"),
        ("[[api_key]]\nname = \"x\"\nallowed_providers = [\"moon\"]", "api_key[0].name", "@moon is neither"),
        ("[[api_key]]\nname = \"x\"\nexpires_at = \"2020-01-01\"", "api_key[0].name", "is over"),
        ("[[provider]]\nslug = \"x\"\nintegration = \"moon\"", "provider[0].slug", "@moon is neither"),
        ("[[provider]]\nslug = \"x\"\nintegration = \"beta\"", "provider[0].slug", "declared outside"),
        ("[[provider]]\nslug = \"alpha\"\nintegration = \"gamma\"", "provider[0].slug", "@gamma is neither"),
        (
            "[[provider]]\nslug = \"gamma\"\nvendor = \"openai\"\n[[provider]]\nslug = \"alpha\"\nintegration = \"gamma\"",
            "provider[1].slug",
            "that of @gamma in the file",
        ),
    ] {
        let drawn = drawn(text, &present());
        let flaw = drawn.plan.flaws.first().unwrap_or_else(|| panic!("{text}"));
        assert!(flaw.at.starts_with("line ") && flaw.text.contains(told), "{flaw:?}");
        assert!(flaw.key == key || key.starts_with("api_key"), "{flaw:?}");
        assert!(!drawn.plan.acts());
    }
    let left = drawn("", &present()).plan;
    assert_eq!((left.count(Change::Left), left.lines.len()), (5, 5));
}

#[test]
fn a_new_name_alone_keeps_the_text_and_its_secret() {
    let text = write(&present(), "Default", 0)
        .replace("id = \"pc-secret\"\nname = \"main \\\"one\\\"\"", "id = \"pc-secret\"\nname = \"kept\"");
    let drawn = drawn(&text, &present());
    let (known, one) = drawn.configs.first().expect("a change");
    assert_eq!((one.name.as_str(), Some(&one.body)), ("kept", known.as_ref().map(|known| &known.body)));
}
