use super::*;
use crate::limit::rule::{Lacking, Per, Rate, Rule, What};
use crate::settings::limits::{DeclaredLimit, Owner as Whose};
use crate::settings::{DeclaredProvider, Owner, SetupFile};
use crate::store::keys::KIND;
use crate::store::providers::Standing;
use app::model::key::Allowed;
use std::collections::BTreeMap;

struct Rig {
    _folder: tempfile::TempDir,
    store: Store,
    sealer: Sealer,
    passwords: Passwords,
    clock: Clock,
    settings: Settings,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        let settings = Settings::load(["switchyard".into()], |_| None).unwrap();
        let (sealer, passwords, clock) = (Sealer::new([1; 32]), Passwords::default(), Clock::frozen(1_000));
        Self { _folder: folder, store, sealer, passwords, clock, settings }
    }

    /// One start of the server, a second after the last.
    async fn start(&self) -> Result<Vec<String>, SetupError> {
        self.clock.advance(1_000);
        apply(&self.settings, &self.store, &self.sealer, &self.passwords, &self.clock).await
    }

    async fn snapshot(&self) -> (Vec<StoredProvider>, Vec<StoredConfig>, Vec<StoredKey>) {
        (
            self.store.providers(WORKSPACE).await.unwrap(),
            self.store.workspace_configs(WORKSPACE).await.unwrap(),
            self.store.workspace_keys(WORKSPACE).await.unwrap(),
        )
    }

    async fn slugs(&self) -> Vec<String> {
        self.snapshot().await.0.into_iter().map(|provider| provider.slug).collect()
    }

    fn typed_in_console(&self, slug: &str) -> StoredProvider {
        StoredProvider {
            id: format!("id-{slug}"),
            workspace: WORKSPACE.into(),
            slug: slug.into(),
            name: String::new(),
            note: String::new(),
            standing: Standing::Provider,
            integration: None,
            vendor: "openai".into(),
            base_url: None,
            credential: Some(self.sealer.seal(b"typed", &format!("id-{slug}"))),
            hint: "…".into(),
            open: Vec::new(),
            origin: Origin::Console,
            created_at: 1,
            updated_at: 1,
        }
    }
}

fn secret_text(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn provider(slug: &str, key: &str) -> DeclaredProvider {
    let key = Some(secret_text(key));
    let place = Place { at: format!("sy.toml:{}", slug.len()), key: "provider[0].slug".into() };
    DeclaredProvider { slug: slug.into(), vendor: "openai".into(), key, place, ..DeclaredProvider::default() }
}

fn key(name: &str, value: &str) -> DeclaredKey {
    DeclaredKey {
        name: name.into(),
        value: secret_text(value),
        kind: KIND.into(),
        description: String::new(),
        scopes: vec!["*".into()],
        config: None,
        config_override: true,
        metadata: BTreeMap::new(),
        enforced: true,
        allowed: Allowed::default(),
        expires_at: None,
        place: Place::default(),
    }
}

fn full() -> SetupFile {
    SetupFile {
        owner: Some(Owner { email: "ada@example.com".into(), password: secret_text("correct horse") }),
        providers: vec![provider("alpha", "sk-alpha")],
        configs: vec![DeclaredConfig {
            slug: "pc-main".into(),
            name: "main".into(),
            body: "{}".into(),
            place: Place::default(),
        }],
        api_keys: vec![key("ci", "sy-0123456789abcdef"), key("dev", "sy-fedcba9876543210")],
        ..SetupFile::default()
    }
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let mut rig = Rig::new().await;
    rig.settings.setup = full();
    rig.settings.environment = vec![("cerebras".into(), secret_text("csk-1"))];
    assert!(rig.start().await.unwrap().is_empty());
    let first = rig.snapshot().await;
    let account = rig.store.credentials("ada@example.com").await.unwrap().unwrap();
    assert!(rig.start().await.unwrap().is_empty());
    assert_eq!(rig.snapshot().await, first);
    let again = rig.store.credentials("ada@example.com").await.unwrap().unwrap();
    assert_eq!(again.password_hash, account.password_hash);
    let origins: Vec<(&str, Origin)> = first.0.iter().map(|row| (row.slug.as_str(), row.origin)).collect();
    assert_eq!(origins, [("alpha", Origin::File), ("cerebras", Origin::Environment), ("sandbox", Origin::BuiltIn)]);
    let sealed = first.0[0].credential.as_ref().unwrap();
    assert_eq!(rig.sealer.open(sealed, &first.0[0].id).unwrap().as_slice(), b"sk-alpha");
}

#[tokio::test]
async fn what_is_no_longer_declared_is_removed() {
    let mut rig = Rig::new().await;
    rig.settings.setup = full();
    rig.settings.environment = vec![("cerebras".into(), secret_text("csk-1"))];
    rig.store.add_provider(&rig.typed_in_console("mine")).await.unwrap();
    rig.start().await.unwrap();
    rig.settings.setup = SetupFile::default();
    rig.settings.environment.clear();
    rig.start().await.unwrap();
    let (_, configs, keys) = rig.snapshot().await;
    assert_eq!(rig.slugs().await, ["mine", "sandbox"]);
    assert!(configs.is_empty() && keys.is_empty());
    let account = rig.store.credentials("ada@example.com").await.unwrap().unwrap();
    assert_eq!(account.origin, Origin::Console, "the owner stays, as an account like any other");
}

#[tokio::test]
async fn changes_keep_ids_and_a_changed_body_is_a_new_version() {
    let mut rig = Rig::new().await;
    rig.settings.setup = full();
    rig.start().await.unwrap();
    let before = rig.snapshot().await;
    rig.settings.setup.providers[0].key = Some(secret_text("sk-new"));
    rig.settings.setup.configs[0].body = "{\"retry\":{}}".into();
    rig.settings.setup.api_keys = vec![key("ci", "sy-fedcba9876543210"), key("dev", "sy-0123456789abcdef")];
    rig.start().await.unwrap();
    let after = rig.snapshot().await;
    assert_eq!(after.0[0].id, before.0[0].id);
    assert_eq!(rig.sealer.open(after.0[0].credential.as_ref().unwrap(), &after.0[0].id).unwrap().as_slice(), b"sk-new");
    assert_eq!((after.1[0].number, after.1[0].id == before.1[0].id), (2, true));
    assert_ne!(after.1[0].version, before.1[0].version);
    let hash = |keys: &[StoredKey], name: &str| keys.iter().find(|key| key.name == name).unwrap().secret_hash;
    assert_eq!(hash(&after.2, "ci"), hash(&before.2, "dev"), "two keys may swap their values");
    assert_eq!(hash(&after.2, "dev"), hash(&before.2, "ci"));
}

#[tokio::test]
async fn what_a_person_made_is_never_overwritten() {
    let mut rig = Rig::new().await;
    rig.store.add_provider(&rig.typed_in_console("cerebras")).await.unwrap();
    rig.settings.environment = vec![("cerebras".into(), secret_text("csk-1"))];
    let notices = rig.start().await.unwrap();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("provider cerebras"), "{notices:?}");

    rig.store.add_provider(&rig.typed_in_console("groq")).await.unwrap();
    rig.settings.setup.providers = vec![provider("cerebras", "csk-2"), provider("groq", "gsk-2")];
    let refused = rig.start().await.unwrap_err().to_string();
    let told: Vec<&str> = refused.lines().collect();
    assert_eq!(told.len(), 2, "{refused}");
    assert!(
        told[0].starts_with("sy.toml:8: provider[0].slug: The provider cerebras was made in the console"),
        "{refused}"
    );
    assert!(told[1].starts_with("sy.toml:4: provider[0].slug: The provider groq"), "{refused}");
    let kept = rig.snapshot().await.0;
    assert_eq!(rig.sealer.open(kept[0].credential.as_ref().unwrap(), "id-cerebras").unwrap().as_slice(), b"typed");
}

#[tokio::test]
async fn another_master_key_stops_the_start_where_typed_keys_would_be_lost() {
    let mut rig = Rig::new().await;
    rig.settings.setup = full();
    rig.start().await.unwrap();
    rig.sealer = Sealer::new([2; 32]);
    rig.start().await.unwrap();
    let alpha = &rig.snapshot().await.0[0];
    assert!(rig.sealer.open(alpha.credential.as_ref().unwrap(), &alpha.id).is_ok(), "the file's keys are sealed anew");

    rig.store.add_provider(&rig.typed_in_console("mine")).await.unwrap();
    rig.sealer = Sealer::new([3; 32]);
    let refused = rig.start().await.unwrap_err();
    assert!(matches!(&refused, SetupError::MasterKey { slug, .. } if slug == "mine"), "{refused}");
}

#[tokio::test]
async fn the_file_names_one_owner_and_sets_the_password() {
    let mut rig = Rig::new().await;
    rig.settings.setup.owner = Some(Owner { email: "ada@example.com".into(), password: secret_text("correct horse") });
    rig.start().await.unwrap();
    rig.settings.setup.owner = Some(Owner { email: "ada@example.com".into(), password: secret_text("battery staple") });
    rig.start().await.unwrap();
    let ada = rig.store.credentials("ada@example.com").await.unwrap().unwrap();
    assert!(rig.passwords.matches(secret_text("battery staple"), Some(ada.password_hash)).await.unwrap());

    rig.settings.setup.owner = Some(Owner { email: "bob@example.com".into(), password: secret_text("correct horse") });
    rig.start().await.unwrap();
    let members = rig.store.members(WORKSPACE).await.unwrap();
    assert_eq!(members.iter().map(|member| member.email.as_str()).collect::<Vec<_>>(), ["bob@example.com"]);
    assert!(rig.store.person(&ada.person).await.unwrap().is_none(), "the owner before has no seat any more");
}

/// So many requests a minute.
fn limit(owner: Whose, name: &str, value: u64) -> DeclaredLimit {
    DeclaredLimit {
        name: name.into(),
        owner,
        rule: Rule::Rate(Rate { what: What::Requests, per: Per::Minute, value }),
        conditions: Vec::new(),
        group_by: Vec::new(),
        lacking: Lacking::Refuse,
        place: Place::default(),
    }
}

#[tokio::test]
async fn a_declared_provider_may_have_another_one_s_credential() {
    let mut rig = Rig::new().await;
    let linked = DeclaredProvider {
        slug: "aaa".into(),
        name: "Search".into(),
        note: "for search".into(),
        integration: Some("alpha".into()),
        ..DeclaredProvider::default()
    };
    let holder = DeclaredProvider { standing: Standing::Integration, ..provider("alpha", "sk-alpha") };
    rig.settings.setup.providers = vec![linked, holder];
    rig.start().await.unwrap();
    let first = rig.snapshot().await.0;
    let (search, alpha) = (&first[0], &first[1]);
    assert_eq!((search.integration.as_ref(), search.name.as_str()), (Some(&alpha.id), "Search"));
    assert_eq!((&search.credential, search.vendor.as_str(), alpha.callable()), (&alpha.credential, "openai", false));
    rig.start().await.unwrap();
    assert_eq!(rig.snapshot().await.0, first, "applying twice changes nothing");
    rig.settings.setup.providers[1].key = Some(secret_text("sk-new"));
    rig.start().await.unwrap();
    let after = rig.snapshot().await.0;
    assert_eq!(rig.sealer.open(after[0].credential.as_ref().unwrap(), &alpha.id).unwrap().as_slice(), b"sk-new");
    rig.settings.setup.providers.clear();
    rig.start().await.unwrap();
    assert_eq!(rig.slugs().await, ["sandbox"]);
}

#[tokio::test]
async fn a_declared_limit_keeps_its_id_whatever_stands_beside_it() {
    let mut rig = Rig::new().await;
    rig.settings.setup = full();
    let limits = vec![
        limit(Whose::Workspace, "all", 9),
        limit(Whose::Key(1), "dev", 3),
        limit(Whose::Integration(0), "alpha", 5),
    ];
    rig.settings.setup.limits = limits;
    rig.start().await.unwrap();
    let first = rig.store.workspace_limits(WORKSPACE).await.unwrap();
    rig.settings.setup.limits.rotate_left(1);
    rig.start().await.unwrap();
    let mut again = rig.store.workspace_limits(WORKSPACE).await.unwrap();
    assert_eq!(again, first, "their order says nothing");
    rig.settings.setup.limits[0] = limit(Whose::Key(1), "dev", 4);
    rig.settings.setup.limits.push(limit(Whose::Key(1), "more", 8));
    rig.start().await.unwrap();
    again = rig.store.workspace_limits(WORKSPACE).await.unwrap();
    let of = |limits: &[crate::limit::rule::Limit], name: &str| {
        limits.iter().find(|limit| limit.name == name).map(|limit| (limit.id.clone(), limit.rate().unwrap().value))
    };
    assert_eq!(of(&again, "dev"), of(&first, "dev").map(|(id, _)| (id, 4)));
    assert_eq!((again.len(), of(&again, "all")), (4, of(&first, "all")));
}
