use super::*;

fn key(id: &str, origin: Origin, by: Option<&str>) -> StoredKey {
    StoredKey {
        id: id.into(),
        workspace: "default".into(),
        name: "ci".into(),
        kind: KIND.into(),
        description: String::new(),
        secret_hash: secret::digest(id),
        last_four: "abcd".into(),
        scopes: vec!["*".into()],
        config: None,
        config_override: true,
        metadata: BTreeMap::from([("team".into(), "ci".into())]),
        enforced: true,
        allowed: Allowed { providers: vec!["alpha".into()], models: Vec::new() },
        origin,
        created_by: by.map(str::to_owned),
        created_at: 1,
        updated_at: None,
        expires_at: None,
        revoked_at: None,
    }
}

#[tokio::test]
async fn keys_are_revoked_by_those_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    for id in ["ada", "bob"] {
        sqlx::query("INSERT INTO people VALUES ($1, $1, '', 'console', 0)")
            .bind(id)
            .execute(&store.control.write)
            .await
            .unwrap();
    }
    let made = [
        key("own", Origin::Console, Some("bob")),
        key("other", Origin::Console, Some("ada")),
        key("file", Origin::File, None),
    ];
    for key in &made {
        store.add_key(key).await.unwrap();
    }
    for (workspace, id, only_by, outcome) in [
        ("elsewhere", "own", None, Revocation::Missing),
        ("default", "other", Some("bob"), Revocation::Foreign),
        ("default", "file", None, Revocation::Locked),
        ("default", "own", Some("bob"), Revocation::Done),
        ("default", "own", Some("bob"), Revocation::Missing),
        ("default", "other", None, Revocation::Done),
    ] {
        assert_eq!(store.revoke_key(workspace, id, only_by, 9).await.unwrap(), outcome, "{workspace} {id}");
    }
    assert_eq!(store.live_keys().await.unwrap(), [made[2].clone()]);
}

#[tokio::test]
async fn use_and_last_use_come_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    store.add_key(&key("k", Origin::Console, None)).await.unwrap();
    for (minute, calls) in [(60_000, 5), (120_000, 7), (180_000, 1)] {
        sqlx::query("INSERT INTO rollup_fresh VALUES ('default', $1, 'p', 'm', 'k', 200, '', '', $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
             0, 0, 0, x'', x'')")
            .bind(minute)
            .bind(calls)
            .execute(&store.journal.write)
            .await
            .unwrap();
    }
    sqlx::query("INSERT INTO key_use VALUES ('k', 777)").execute(&store.journal.write).await.unwrap();
    let rows = store.keys("default", 120_000, 0).await.unwrap();
    assert_eq!((rows[0].calls, rows[0].last_used_at), (8, Some(777)));
    assert!(store.keys("elsewhere", 0, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_secret_of_a_key_has_a_last_use_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    let before = key("k", Origin::Console, None);
    store.add_key(&before).await.unwrap();
    let past = PastSecret { secret_hash: before.secret_hash, last_four: "abcd".into(), key: "k".into(), until: 100 };
    let after = StoredKey { secret_hash: secret::digest("new"), last_four: "wxyz".into(), ..before };
    store.update_key(&after, Some(&past), 1).await.unwrap();
    for (hash, at) in [(&past.secret_hash, 40), (&after.secret_hash, 50)] {
        sqlx::query("INSERT INTO secret_use VALUES ($1, $2)")
            .bind(secret::mark(hash))
            .bind(at)
            .execute(&store.journal.write)
            .await
            .unwrap();
    }
    let row = store.keys("default", 0, 99).await.unwrap().remove(0);
    let told = row.past.iter().map(|past| (past.last_four.as_str(), past.until, past.last_used_at)).collect::<Vec<_>>();
    assert_eq!((row.secret_used_at, told), (Some(50), vec![("abcd", 100, Some(40))]));
    assert!(store.keys("default", 0, 100).await.unwrap()[0].past.is_empty(), "it is over");
    assert!(store.end_secret(&past.secret_hash).await.unwrap());
    assert!(!store.end_secret(&past.secret_hash).await.unwrap());
    assert!(store.past_secrets().await.unwrap().is_empty());
}
