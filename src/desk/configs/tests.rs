use super::*;
use crate::desk::tests::{house, new_provider, two};
use app::model::config::Chaos;
use app::model::routing::Mistake;
use serde_json::json;

const ECHO: &str = r#"{"provider":"@sandbox","override_params":{"model":"echo"}}"#;
const PAIR: &str = r#"{
    "strategy": { "mode": "fallback" },
    "targets": [
        { "provider": "@sandbox", "override_params": { "model": "echo" } },
        { "provider": "@sandbox", "override_params": { "model": "lorem-5" } }
    ]
}"#;
const HELLO: &str = r#"{"messages":[{"role":"user","content":"good morning"}]}"#;

fn paths(mistakes: &[Mistake]) -> Vec<&str> {
    mistakes.iter().map(|mistake| mistake.path.as_str()).collect()
}

#[tokio::test]
async fn a_config_is_drafted_published_rolled_back_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, member) = two(&house).await;
    let slug = owner.new_config("House route!".into(), ECHO.into()).await.unwrap();
    assert!(slug.starts_with("pc-house-route-") && slug.len() == "pc-house-route-".len() + 6, "{slug}");
    assert!(house.shelf.book().config("default", &slug).is_none(), "a draft routes nothing");
    let shown = owner.config(slug.clone()).await.unwrap();
    assert_eq!(
        (shown.row.version, shown.row.draft, shown.row.mode.as_str(), shown.row.targets),
        (0, true, "single", 1)
    );
    assert!(shown.editable && shown.providers.iter().any(|pick| pick.slug == "sandbox" && !pick.models.is_empty()));
    let done = owner.publish(slug.clone(), " first ".into(), shown.revision).await.unwrap();
    let Published::Done { number: 1, revision } = done else { panic!("{done:?}") };
    assert!(house.shelf.book().config("default", &slug).is_some());
    let saved = owner.save_draft(slug.clone(), PAIR.into(), revision).await.unwrap();
    let Saved::Kept { revision, mistakes } = saved else { panic!("{saved:?}") };
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert!(matches!(
        owner.publish(slug.clone(), String::new(), revision).await,
        Ok(Published::Done { number: 2, .. })
    ));
    assert_eq!(owner.roll_back(slug.clone(), 1).await.unwrap(), 3);
    let shown = member.config(slug.clone()).await.unwrap();
    assert!(!shown.editable);
    assert_eq!((shown.row.body.as_str(), shown.row.version), (ECHO, 3));
    let notes: Vec<_> = shown.versions.iter().map(|version| (version.number, version.note.as_str())).collect();
    assert_eq!(notes, [(3, "Back to version 1"), (2, ""), (1, "first")]);
    assert_eq!(shown.versions[0].author.as_deref(), Some("ada@example.com"));
    assert_eq!(member.config_version(slug.clone(), 2).await.unwrap(), PAIR);
    owner.rename_config(slug.clone(), "Renamed".into()).await.unwrap();
    assert_eq!(owner.configs().await.unwrap()[0].name, "Renamed");
    assert_eq!(member.remove_config(slug.clone()).await.unwrap_err(), Failure::Forbidden);
    owner.remove_config(slug.clone()).await.unwrap();
    assert!(house.shelf.book().config("default", &slug).is_none());
}

#[tokio::test]
async fn a_draft_is_kept_as_typed_and_published_only_without_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, _) = two(&house).await;
    owner.add_provider(new_provider("mine")).await.unwrap();
    let gone = owner.providers().await.unwrap().rows.into_iter().find(|row| row.slug == "mine").unwrap();
    let slug = owner.new_config("x".into(), "{ not json".into()).await.unwrap();
    let mut revision = owner.config(slug.clone()).await.unwrap().revision;
    owner.remove_provider(gone.id).await.unwrap();
    for (body, wanted) in [
        ("<b>\u{0} not json", vec![""]),
        (r#"{"retry":{"attempts":"x"}}"#, vec!["retry.attempts"]),
        (
            r#"{"targets":[{"provider":"@mine"},{"virtual_key":"moon"},{"provider":"@sandbox"}]}"#,
            vec!["targets[0].provider", "targets[1].virtual_key"],
        ),
        (r#"{"provider":"@openai","api_key":"sk-own"}"#, vec![]),
    ] {
        let saved = owner.save_draft(slug.clone(), body.into(), revision).await.unwrap();
        let Saved::Kept { revision: next, mistakes } = saved else { panic!("{saved:?}") };
        revision = next;
        let draft = owner.config(slug.clone()).await.unwrap().draft.unwrap();
        assert_eq!(draft.body, body);
        assert_eq!(draft.mistakes, mistakes, "{body}");
        if wanted.is_empty() {
            assert_eq!(paths(&mistakes), wanted, "{body}");
            continue;
        }
        assert!(
            paths(&mistakes).iter().zip(&wanted).all(|(path, wanted)| path.starts_with(wanted)),
            "{body}: {mistakes:?}"
        );
        assert_eq!(mistakes.len(), wanted.len(), "{body}: {mistakes:?}");
        let refused = owner.publish(slug.clone(), String::new(), revision).await.unwrap_err();
        assert_eq!(refused, Failure::Invalid(mistakes), "{body}");
    }
    let long = " ".repeat(TEXT_MOST + 1);
    assert!(owner.save_draft(slug, long, revision).await.unwrap_err().of("body").is_some());
}

#[tokio::test]
async fn a_second_editor_gets_the_first_ones_text_and_keeps_his_own() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, _) = two(&house).await;
    let slug = owner.new_config("x".into(), ECHO.into()).await.unwrap();
    let seen = owner.config(slug.clone()).await.unwrap().revision;
    owner.save_draft(slug.clone(), PAIR.into(), seen).await.unwrap();
    let clash = owner.save_draft(slug.clone(), "mine".into(), seen).await.unwrap();
    assert!(matches!(&clash, Saved::Clash(clash) if clash.theirs == PAIR && clash.revision == seen + 1), "{clash:?}");
    assert!(matches!(owner.publish(slug.clone(), String::new(), seen).await.unwrap(), Published::Clash(_)));
    assert_eq!(owner.config(slug).await.unwrap().aside.map(|aside| aside.body).as_deref(), Some("mine"));
}

#[tokio::test]
async fn a_draft_is_tried_dry_for_real_and_with_a_target_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (_, member) = two(&house).await;
    let trial = |chaos: Vec<(String, Chaos)>, dry| Trial {
        body: PAIR.into(),
        sample: HELLO.into(),
        headers: vec![("x-portkey-metadata".into(), json!({ "env": "try" }).to_string())],
        chaos,
        dry,
    };
    let dry = member.try_config(trial(Vec::new(), true)).await.unwrap();
    let explain = dry.explain.unwrap();
    assert_eq!((explain.steps.len(), explain.tried.len(), dry.log), (2, 0, None));
    let real = member.try_config(trial(Vec::new(), false)).await.unwrap();
    assert_eq!(real.status, 200, "{}", real.answer);
    assert!(real.answer.contains("good morning"), "{}", real.answer);
    assert_eq!(real.explain.unwrap().tried.len(), 1);
    let failing = member.try_config(trial(vec![("targets[0]".into(), Chaos::Status(429))], false)).await.unwrap();
    let tried: Vec<u16> = failing.explain.unwrap().tried.iter().map(|tried| tried.status).collect();
    assert_eq!((failing.status, tried), (200, vec![429, 200]), "{}", failing.answer);
    assert!(member.log(failing.log.unwrap(), app::model::log::LogQuery::default()).await.is_ok());
    let broken = Trial { body: "{".into(), ..trial(Vec::new(), true) };
    assert!(matches!(member.try_config(broken).await.unwrap_err(), Failure::Invalid(_)));
}
