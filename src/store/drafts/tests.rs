use super::*;
use crate::store::Store;

const FIRST: NewConfig<'static> = NewConfig { id: "c1", workspace: "default", slug: "pc-one", name: "One" };

fn pen(author: &'static str, now: i64) -> Pen<'static> {
    Pen { author, person: Some(author), now }
}

/// A store with two people and an empty config.
async fn two() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    for id in ["ada", "bob"] {
        sqlx::query("INSERT INTO people VALUES ($1, $1 || '@example.com', '', 'console', 0)")
            .bind(id)
            .execute(&store.control.write)
            .await
            .unwrap();
    }
    store.add_config(FIRST, Some("draft"), pen("ada", 1)).await.unwrap();
    (store, folder)
}

fn text(id: &'static str, body: &'static str, seen: Option<i64>) -> Publication<'static> {
    Publication { id, body, note: "why", seen, ends_draft: true }
}

#[tokio::test]
async fn the_second_of_two_editors_is_told_and_loses_nothing() {
    let (store, _folder) = two().await;
    let saved = store.save_draft("default", "pc-one", ("ada's", 1), pen("ada", 2)).await.unwrap();
    assert_eq!(saved, Written::Done(2));
    let refused = store.save_draft("default", "pc-one", ("bob's", 1), pen("bob", 3)).await.unwrap();
    let Written::Clash(clash) = refused else { panic!("{refused:?}") };
    assert_eq!((clash.theirs.as_str(), clash.revision, clash.at), ("ada's", 2, 2));
    assert_eq!(clash.author.as_deref(), Some("ada@example.com"));
    let file = store.config_file("default", "pc-one").await.unwrap().unwrap();
    assert_eq!(file.draft.map(|draft| draft.body).as_deref(), Some("ada's"));
    assert_eq!(store.aside("c1", "bob").await.unwrap().map(|aside| aside.body).as_deref(), Some("bob's"));
    let same = store.save_draft("default", "pc-one", ("ada's", 1), pen("bob", 4)).await.unwrap();
    assert_eq!(same, Written::Done(2), "the same text is no clash");
    let merged = store.save_draft("default", "pc-one", ("both", 2), pen("bob", 5)).await.unwrap();
    assert_eq!(merged, Written::Done(3));
    assert_eq!(store.aside("c1", "bob").await.unwrap(), None);
}

#[tokio::test]
async fn an_editor_who_saw_an_older_version_is_told_though_there_is_no_draft() {
    let (store, _folder) = two().await;
    let done = store.publish_config("default", "pc-one", text("v1", "one", Some(1)), pen("ada", 2)).await.unwrap();
    assert_eq!(done, Written::Done((1, 2)));
    let refused = store.save_draft("default", "pc-one", ("late", 1), pen("bob", 3)).await.unwrap();
    assert!(matches!(&refused, Written::Clash(clash) if clash.theirs == "one"), "{refused:?}");
    let refused = store.publish_config("default", "pc-one", text("v2", "late", Some(1)), pen("bob", 3)).await.unwrap();
    assert!(matches!(refused, Written::Clash(_)), "{refused:?}");
    let done = store.publish_config("default", "pc-one", text("v2", "two", None), pen("bob", 4)).await.unwrap();
    assert_eq!(done, Written::Done((2, 3)));
    let versions = store.config_versions("c1").await.unwrap();
    let told: Vec<_> =
        versions.iter().map(|version| (version.number, version.published, version.note.as_str())).collect();
    assert_eq!(told, [(2, true, "why"), (1, false, "why")]);
    assert_eq!(store.config_version("c1", 1).await.unwrap().as_deref(), Some("one"));
    assert_eq!(store.live_configs().await.unwrap()[0].body, "two");
}

#[tokio::test]
async fn who_wrote_last_is_named_with_what_they_wrote() {
    let (store, _folder) = two().await;
    let beside = Publication { ends_draft: false, ..text("v1", "bob's", None) };
    store.publish_config("default", "pc-one", beside, pen("bob", 5)).await.unwrap();
    let refused = store.save_draft("default", "pc-one", ("ada's", 1), pen("ada", 6)).await.unwrap();
    let Written::Clash(clash) = refused else { panic!("{refused:?}") };
    assert_eq!((clash.theirs.as_str(), clash.author.as_deref(), clash.at), ("bob's", Some("bob@example.com"), 5));
    let file = store.config_file("default", "pc-one").await.unwrap().unwrap();
    assert_eq!(file.draft.map(|draft| draft.body).as_deref(), Some("draft"), "the draft stays");
    let same = store.save_draft("default", "pc-one", ("draft", 1), pen("ada", 7)).await.unwrap();
    assert_eq!(same, Written::Done(2), "what is typed is what the draft holds");
    store.save_draft("default", "pc-one", ("ada's", 2), pen("ada", 8)).await.unwrap();
    let refused = store.save_draft("default", "pc-one", ("later", 2), pen("bob", 9)).await.unwrap();
    let Written::Clash(clash) = refused else { panic!("{refused:?}") };
    assert_eq!((clash.theirs.as_str(), clash.author.as_deref(), clash.at), ("ada's", Some("ada@example.com"), 8));
}

#[tokio::test]
async fn what_was_never_published_is_in_no_book_and_what_is_used_stays() {
    let (store, _folder) = two().await;
    assert!(store.live_configs().await.unwrap().is_empty());
    assert_eq!(store.workspace_configs("default").await.unwrap()[0].number, 0);
    sqlx::query(
        "INSERT INTO api_keys (id, workspace, name, secret_hash, last_four, scopes, config, metadata, origin, created_at) \
         VALUES ('k', 'default', 'ci', x'00', 'abcd', '[]', 'pc-one', '{}', 'console', 0)",
    )
    .execute(&store.control.write)
    .await
    .unwrap();
    let used = store.remove_config("default", "pc-one").await.unwrap();
    assert_eq!(used, ConfigRemoval::Used(vec!["ci".into()]));
    sqlx::query("UPDATE api_keys SET revoked_at = 9").execute(&store.control.write).await.unwrap();
    for (workspace, outcome) in
        [("elsewhere", ConfigRemoval::Missing), ("default", ConfigRemoval::Done), ("default", ConfigRemoval::Missing)]
    {
        assert_eq!(store.remove_config(workspace, "pc-one").await.unwrap(), outcome, "{workspace}");
    }
    let drafts: i64 = sqlx::query_scalar("SELECT count(*) FROM drafts").fetch_one(&store.control.read).await.unwrap();
    assert_eq!(drafts, 0);
}

#[tokio::test]
async fn what_a_file_declares_is_locked() {
    let (store, _folder) = two().await;
    sqlx::query("UPDATE configs SET origin = 'file'").execute(&store.control.write).await.unwrap();
    let saved = store.save_draft("default", "pc-one", ("x", 1), pen("ada", 2)).await.unwrap();
    assert_eq!(saved, Written::Locked);
    assert_eq!(store.discard_draft("default", "pc-one", pen("ada", 2)).await.unwrap(), Written::Locked);
    let published = store.publish_config("default", "pc-one", text("v", "x", None), pen("ada", 2)).await.unwrap();
    assert_eq!(published, Written::Locked);
    assert_eq!(store.rename_config("default", "pc-one", "x", 2).await.unwrap(), Written::Locked);
    assert_eq!(store.remove_config("default", "pc-one").await.unwrap(), ConfigRemoval::Locked);
}
