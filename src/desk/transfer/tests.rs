//! A full workspace goes out of one store and into an empty one, and is the same there.

use super::{Carrier, Present};
use crate::limit::rule::*;
use crate::secret::{Sealer, digest};
use crate::store::Store;
use crate::store::configs::StoredConfig;
use crate::store::drafts::Pen;
use crate::store::imports::Import;
use crate::store::keys::{KIND, StoredKey};
use crate::store::models::{StoredModel, StoredPrice};
use crate::store::providers::{Standing, StoredProvider};
use app::model::Origin;
use app::model::key::Allowed;
use app::model::transfer::{Change, Plan};
use std::collections::{BTreeMap, HashMap};
use tempfile::TempDir;

/// 2026-11-24, 12:00 UTC.
const NOW: i64 = 1_795_521_600_000;
const WORKSPACE: &str = "default";

struct Shed {
    _folder: TempDir,
    store: Store,
    sealer: Sealer,
}

impl Shed {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        Self { _folder: folder, store, sealer: Sealer::new([1; 32]) }
    }

    fn carrier(&self) -> Carrier<'_> {
        let pen = Pen { author: "ada", person: None, now: NOW };
        Carrier { store: &self.store, sealer: &self.sealer, workspace: WORKSPACE, pen, scopes: None }
    }

    async fn export(&self) -> String {
        self.carrier().export("Default").await.unwrap()
    }

    async fn plan(&self, text: &str) -> Plan {
        self.carrier().draw(text).await.unwrap().plan
    }

    async fn import(&self, text: &str) {
        let drawn = self.carrier().draw(text).await.unwrap();
        assert_eq!(drawn.plan.flaws, [], "{text}");
        self.carrier().apply(drawn).await.unwrap();
    }

    async fn present(&self) -> Present {
        self.carrier().present().await.unwrap()
    }

    /// Everything that a workspace can hold, each field other than it usually is.
    async fn fill(&self) {
        let (providers, keys) = (providers(&self.sealer), keys());
        let import = Import {
            providers: &providers,
            models: &models(),
            prices: &prices(),
            configs: &[config("pc-main", "Main one"), config("pc-other", "pc-other")],
            keys: &keys,
            limits: &limits(),
            note: "",
            pen: Pen { author: "ada", person: None, now: NOW },
        };
        self.store.apply_import(&import).await.unwrap();
    }
}

fn providers(sealer: &Sealer) -> Vec<StoredProvider> {
    let alpha = StoredProvider {
        id: "p1".into(),
        workspace: WORKSPACE.into(),
        slug: "alpha".into(),
        name: "Alpha \"one\"".into(),
        note: "For the whole team.\nAsk Ada.".into(),
        standing: Standing::Both,
        integration: None,
        vendor: "openai".into(),
        base_url: Some("http://a.example/v1".into()),
        credential: Some(sealer.seal(b"sk-alpha-credential", "p1")),
        hint: "sk-…tial".into(),
        open: vec!["files".into(), "other".into()],
        origin: Origin::Console,
        created_at: 1,
        updated_at: 1,
    };
    let bare = StoredProvider { name: String::new(), note: String::new(), open: Vec::new(), ..alpha.clone() };
    let held = StoredProvider {
        id: "p2".into(),
        slug: "held".into(),
        standing: Standing::Integration,
        vendor: "cerebras".into(),
        base_url: None,
        credential: Some(sealer.seal(b"csk-held-credential", "p2")),
        ..bare.clone()
    };
    let linked = StoredProvider {
        id: "p3".into(),
        slug: "aaa-linked".into(),
        note: "Bills go to search.".into(),
        standing: Standing::Provider,
        integration: Some("p1".into()),
        open: alpha.open.clone(),
        ..bare
    };
    let silent = StoredProvider { id: "p4".into(), slug: "zzz".into(), standing: Standing::Off, ..linked.clone() };
    vec![alpha, held, linked, silent]
}

fn config(slug: &str, name: &str) -> StoredConfig {
    StoredConfig {
        id: format!("id-{slug}"),
        workspace: WORKSPACE.into(),
        slug: slug.into(),
        name: name.into(),
        version: format!("v-{slug}"),
        number: 3,
        body: "{\n  \"provider\": \"@aaa-linked\"\n}".into(),
        origin: Origin::Console,
        created_at: 1,
        updated_at: 1,
    }
}

fn models() -> [StoredModel; 4] {
    let own = StoredModel {
        workspace: WORKSPACE.into(),
        provider: "alpha".into(),
        model: "rank-7b".into(),
        custom: true,
        enabled: true,
        context: Some(32_000),
        origin: "console".into(),
        updated_at: 1,
    };
    let off = StoredModel { model: "gpt-4o".into(), custom: false, enabled: false, context: None, ..own.clone() };
    let plain = StoredModel { provider: "held".into(), model: "m".into(), custom: false, context: None, ..own.clone() };
    let closed = StoredModel { model: "*".into(), enabled: false, ..plain.clone() };
    [own, off, plain, closed]
}

fn prices() -> [StoredPrice; 2] {
    let price = StoredPrice {
        id: "1".into(),
        workspace: WORKSPACE.into(),
        provider: "alpha".into(),
        model: "rank-7b".into(),
        starts_at: NOW + 1,
        input: Some(250_000),
        cached: Some(1),
        output: Some(0),
        author: Some("ada".into()),
        origin: "console".into(),
        created_at: 1,
    };
    let list =
        StoredPrice { id: "2".into(), starts_at: NOW + 2, input: None, cached: None, output: None, ..price.clone() };
    [price, list]
}

fn keys() -> Vec<StoredKey> {
    let plain = StoredKey {
        id: "k1".into(),
        workspace: WORKSPACE.into(),
        name: "ci".into(),
        kind: KIND.into(),
        description: String::new(),
        secret_hash: digest("sy-one"),
        last_four: "aone".into(),
        scopes: vec!["completions.write".into()],
        config: None,
        config_override: true,
        metadata: BTreeMap::new(),
        enforced: true,
        allowed: Allowed::default(),
        origin: Origin::Console,
        created_by: None,
        created_at: 1,
        updated_at: None,
        expires_at: None,
        revoked_at: None,
    };
    let full = StoredKey {
        id: "k2".into(),
        name: "Ada's \"key\" ☃".into(),
        kind: "workspace-user".into(),
        description: "For the nightly run.\nEnds with it.".into(),
        secret_hash: digest("sy-two"),
        scopes: vec!["*".into(), "configs.update".into()],
        config: Some("pc-main".into()),
        config_override: false,
        metadata: BTreeMap::from([("team".to_owned(), "ci".to_owned()), ("_user".to_owned(), "a \"b\"".to_owned())]),
        enforced: false,
        allowed: Allowed {
            providers: vec!["alpha".into(), "aaa-linked".into()],
            models: vec!["@alpha/gpt-4o*".into(), "rank-*".into()],
        },
        expires_at: Some(NOW + 86_400_123),
        ..plain.clone()
    };
    let twin =
        StoredKey { id: "k3".into(), description: "another one".into(), secret_hash: digest("sy-3"), ..plain.clone() };
    let over = StoredKey { id: "k4".into(), secret_hash: digest("sy-4"), expires_at: Some(NOW), ..plain.clone() };
    vec![plain, full, twin, over]
}

fn limits() -> Vec<Limit> {
    let budget = Budget {
        unit: Unit::Cost,
        credit: 25_500_000_001,
        alert: Some(20_000_000_000),
        reset: Reset::Days(10),
        next_reset: Some(NOW + 1_000),
        mode: Mode::Estimate,
        unpriced: Unpriced::Refuse,
    };
    let plain = Budget { alert: None, next_reset: None, mode: Mode::Exact, unpriced: Unpriced::Count, ..budget };
    let of = |reset, unit, credit| Rule::Budget(Budget { reset, unit, credit, ..plain.clone() });
    let rate = |what, per, value| Rule::Rate(Rate { what, per, value });
    let key = || Scope::Key("k2".into());
    let all = [
        ("Ada's \"key\" ☃", key(), Rule::Budget(budget)),
        ("A month", key(), of(Reset::Monthly, Unit::Cost, 90_000_000_000)),
        ("Ada's \"key\" ☃", key(), of(Reset::Weekly, Unit::Tokens, 1_000_000)),
        ("Ada's \"key\" ☃", key(), rate(What::Requests, Per::Concurrent, 4)),
        ("ci", Scope::Key("k3".into()), rate(What::Tokens, Per::Minute, 60_000)),
        ("ci", Scope::Key("k4".into()), rate(What::Tokens, Per::Minute, 60_000)),
        ("aaa-linked", Scope::Provider("p3".into()), of(Reset::Never, Unit::Requests, 7)),
        ("Alpha \"one\"", Scope::Integration("p1".into()), rate(What::Requests, Per::Second, 0)),
        ("default", Scope::Workspace, of(Reset::Monthly, Unit::Cost, 1)),
        ("teams", Scope::Policy, of(Reset::Monthly, Unit::Cost, 5_000_000_000)),
        ("teams", Scope::Policy, rate(What::Requests, Per::Day, 9)),
    ];
    let row = |(at, (name, scope, rule)): (usize, (&str, Scope, Rule))| Limit {
        id: format!("l{at:02}"),
        workspace: WORKSPACE.into(),
        name: name.into(),
        lacking: if scope == Scope::Policy { Lacking::Pass } else { Lacking::Refuse },
        conditions: vec![Condition {
            key: Key::Model,
            values: vec!["@alpha/a,b".into(), "*".into()],
            excludes: at % 2 == 0,
        }],
        group_by: if at % 2 == 0 { vec![Key::Metadata("team".into()), Key::Model] } else { Vec::new() },
        scope,
        rule,
        origin: Origin::Console,
        created_at: 1,
        updated_at: 1,
        since: 1,
        resets: BTreeMap::new(),
    };
    all.into_iter().enumerate().map(row).collect()
}

/// What is there without ids, times and secrets: whatever else a row has is compared.
fn bare(present: Present) -> Present {
    let name = |id: &str, names: &HashMap<String, String>| names.get(id).cloned().unwrap_or_default();
    let slugs: HashMap<_, _> = present.providers.iter().map(|row| (row.id.clone(), row.slug.clone())).collect();
    let owners: HashMap<_, _> =
        present.keys.iter().map(|row| (row.id.clone(), format!("{} {}", row.name, row.description))).collect();
    let provider = |row: StoredProvider| StoredProvider {
        id: String::new(),
        integration: row.integration.as_deref().map(|id| name(id, &slugs)),
        credential: None,
        hint: String::new(),
        created_at: 0,
        updated_at: 0,
        ..row
    };
    let config = |row: StoredConfig| StoredConfig {
        id: String::new(),
        version: String::new(),
        number: 1,
        created_at: 0,
        updated_at: 0,
        ..row
    };
    let key = |row: StoredKey| StoredKey {
        id: String::new(),
        secret_hash: [0; 32],
        last_four: String::new(),
        created_at: 0,
        updated_at: None,
        ..row
    };
    let limit = |row: Limit| Limit {
        id: String::new(),
        scope: match &row.scope {
            Scope::Key(id) => Scope::Key(name(id, &owners)),
            Scope::Provider(id) => Scope::Provider(name(id, &slugs)),
            Scope::Integration(id) => Scope::Integration(name(id, &slugs)),
            scope => scope.clone(),
        },
        created_at: 0,
        updated_at: 0,
        since: 0,
        ..row
    };
    let mut limits: Vec<Limit> =
        present.limits.into_iter().filter(|row| row.scope != Scope::Key("k4".into())).map(limit).collect();
    limits.sort_by_key(|row| format!("{row:?}"));
    // What is made in one moment has no order.
    let mut keys: Vec<_> = present.keys.into_iter().map(key).collect();
    keys.sort_by_key(|row| format!("{row:?}"));
    Present {
        providers: present.providers.into_iter().map(provider).collect(),
        configs: present.configs.into_iter().map(config).collect(),
        keys,
        models: present.models.into_iter().map(|row| StoredModel { updated_at: 0, ..row }).collect(),
        prices: present
            .prices
            .into_iter()
            .map(|row| StoredPrice { id: String::new(), author: None, created_at: 0, ..row })
            .collect(),
        limits,
        hashes: Vec::new(),
    }
}

#[tokio::test]
async fn a_full_workspace_is_the_same_in_an_empty_house() {
    let (from, into) = (Shed::new().await, Shed::new().await);
    from.fill().await;
    let text = from.export().await;
    let own = from.plan(&text).await;
    assert!(own.flaws.is_empty() && own.lines.iter().all(|line| line.change == Change::Same), "{own:#?}");
    assert!(!text.contains("sk-alpha-credential"), "{text}");

    into.import(&text).await;
    let (here, there) = (bare(from.present().await), bare(into.present().await));
    assert_eq!(there.providers, here.providers);
    assert_eq!(there.keys, here.keys);
    assert_eq!(there.limits, here.limits);
    assert_eq!((there.models, there.prices, there.configs), (here.models, here.prices, here.configs));
    let told = |text: &str| {
        let secret = |line: &&str| !line.starts_with("key_env") && !line.starts_with("value_env");
        text.lines().filter(secret).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(told(&into.export().await), told(&text));
}

#[tokio::test]
async fn an_export_is_a_set_up_file_that_a_server_starts_with() {
    let from = Shed::new().await;
    from.fill().await;
    // Two keys and two policies of one name are a console's.
    let mut text = from.export().await;
    for (name, other) in [("name = \"ci\"", "name = \"ci 2\""), ("name = \"teams\"", "name = \"teams 2\"")] {
        let at = text.rfind(name).unwrap();
        text.replace_range(at..at + name.len(), other);
    }
    let at = text.rfind("\"SWITCHYARD_CI_API_KEY\"").unwrap();
    text.insert_str(at + 1, "OTHER_");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switchyard.toml");
    std::fs::write(&file, text).unwrap();
    let arguments = ["switchyard".into(), "--setup".into(), file.into_os_string()];
    let variable = |name: &str| name.ends_with("_KEY") && name != "SWITCHYARD_MASTER_KEY";
    let read =
        crate::settings::Settings::load(arguments, |name| variable(name).then(|| format!("sy-0123456789abcdef{name}")));
    let setup = read.unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).setup;
    assert_eq!((setup.providers.len(), setup.api_keys.len(), setup.limits.len()), (4, 3, 10));
}

#[tokio::test]
async fn a_key_that_changes_keeps_its_secret_and_a_limit_what_is_spent() {
    let shed = Shed::new().await;
    shed.fill().await;
    let before = shed.present().await;
    let text = shed.export().await.replace("sy-…", "").replace("value = 60000", "value = 70000");
    let text = text.replace("description = \"another one\"", "description = \"changed\"\nexpires_at = \"2027-06-01\"");
    shed.import(&text).await;
    let after = shed.present().await;
    let key = |present: &Present| present.keys.iter().find(|key| key.id == "k3").cloned().unwrap();
    assert_eq!(key(&after).secret_hash, key(&before).secret_hash);
    assert_eq!((key(&after).description.as_str(), key(&after).expires_at), ("changed", Some(1_811_808_000_000)));
    let limit = |present: &Present| present.limits.iter().find(|limit| limit.id == "l04").cloned().unwrap();
    assert_eq!((limit(&after).rate().unwrap().value, limit(&after).since), (70_000, limit(&before).since));
}

#[tokio::test]
async fn a_secret_that_a_file_brings_is_the_key_s_and_no_two_have_one() {
    let shed = Shed::new().await;
    shed.fill().await;
    let key = |name: &str, value: &str| format!("[[api_key]]\nname = \"{name}\"\nvalue = \"{value}\"\n");
    shed.import(&key("new", "sy-0123456789abcdef")).await;
    let keys = shed.present().await.keys;
    assert!(keys.iter().any(|row| row.name == "new" && row.secret_hash == digest("sy-0123456789abcdef")));
    let taken = shed.plan(&key("newer", "sy-0123456789abcdef")).await;
    assert!(taken.flaws[0].text.contains("another key"), "{taken:?}");
}
