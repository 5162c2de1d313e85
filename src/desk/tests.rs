use super::*;
use crate::clock::Clock;
use crate::house::House;
use crate::settings::Settings;
use crate::wire::vendors::Endpoint;
use app::backend::Door;
use app::model::account::{SignIn, SignUp};
use app::model::key::KeyForm;
use app::model::provider::NewProvider;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

const GOOD: &str = "correct horse";

/// A house of its own, with a door that asks for the start token if `guarded`.
pub(super) async fn house(folder: &Path, guarded: bool) -> Shared {
    let listen = if guarded { "0.0.0.0:8787" } else { "127.0.0.1:8787" };
    let arguments = ["switchyard", "--listen", listen, "--data"].into_iter().map(Into::into);
    let settings = Settings::load(arguments.chain([folder.into()]), |_| None).unwrap();
    House::open(settings, Clock::frozen(1_000_000)).await.unwrap()
}

/// A browser that was never here.
async fn visitor(house: &Shared) -> Visitor {
    let sessions = Arc::new(house.store.session_store().await.unwrap());
    let session = tower_sessions::Session::new(None, sessions, None);
    Visitor { house: house.clone(), session, client: IpAddr::V4(Ipv4Addr::LOCALHOST) }
}

async fn sign_up(house: &Shared, email: &str, invite: &str) -> Answer<Visitor> {
    let visitor = visitor(house).await;
    let form = SignUp { email: email.into(), password: GOOD.into(), invite: invite.into(), ..SignUp::default() };
    visitor.sign_up(form).await?;
    visitor.session.save().await.unwrap();
    Ok(visitor)
}

async fn sign_in(house: &Shared, email: &str, password: &str) -> Answer<()> {
    visitor(house).await.sign_in(SignIn { email: email.into(), password: password.into() }).await
}

/// The owner, and a member who came by an invite.
pub(super) async fn two(house: &Shared) -> (Arc<dyn Session>, Arc<dyn Session>) {
    let owner = sign_up(house, "ada@example.com", "").await.unwrap().session().await.unwrap();
    let link = owner.invite(Role::Member).await.unwrap().url;
    let secret = link.split_once("invite=").unwrap().1;
    let member = sign_up(house, "bob@example.com", secret).await.unwrap().session().await.unwrap();
    (owner, member)
}

fn new_key(name: &str) -> KeyForm {
    KeyForm { name: name.into(), ..KeyForm::default() }
}

pub(super) fn new_provider(slug: &str) -> NewProvider {
    NewProvider {
        slug: slug.into(),
        vendor: "cerebras".into(),
        key: "csk-0123456789abcdef".into(),
        ..NewProvider::default()
    }
}

#[tokio::test]
async fn the_first_account_owns_the_installation_and_later_ones_need_an_invite() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    assert!(visitor(&house).await.doorway().await.unwrap().first);
    assert!(matches!(visitor(&house).await.session().await.map(|_| ()), Err(Failure::SignedOut)));
    let (owner, member) = two(&house).await;
    assert_eq!((owner.who().role, member.who().role), (Role::Owner, Role::Member));
    assert!(!visitor(&house).await.doorway().await.unwrap().first);
    for invite in ["", "inv-unknown"] {
        let refused = sign_up(&house, "eve@example.com", invite).await.map(|_| ()).unwrap_err();
        assert!(refused.of("").is_some(), "{refused:?}");
    }
    assert!(sign_in(&house, "BOB@example.com", GOOD).await.is_ok());
}

#[tokio::test]
async fn an_unknown_email_and_a_wrong_password_get_the_same_answer_until_both_must_wait() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    sign_up(&house, "ada@example.com", "").await.unwrap();
    for _ in 0..5 {
        let wrong = sign_in(&house, "ada@example.com", "battery staple").await.unwrap_err();
        let unknown = sign_in(&house, "eve@example.com", "battery staple").await.unwrap_err();
        assert_eq!(wrong, unknown);
    }
    let wrong = sign_in(&house, "ada@example.com", GOOD).await.unwrap_err();
    assert_eq!(wrong, sign_in(&house, "eve@example.com", GOOD).await.unwrap_err());
    assert!(wrong.to_string().starts_with("Too many attempts."), "{wrong}");
    house.clock.advance(1_000);
    assert!(sign_in(&house, "ada@example.com", GOOD).await.is_ok());
}

#[tokio::test]
async fn beyond_loopback_the_first_account_needs_the_start_token() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), true).await;
    assert!(visitor(&house).await.doorway().await.unwrap().token_needed);
    let refused = sign_up(&house, "eve@example.com", "").await.map(|_| ()).unwrap_err();
    assert!(refused.of("token").is_some(), "{refused:?}");
    let token = house.door.start_token().unwrap().to_owned();
    let form = SignUp { email: "ada@example.com".into(), password: GOOD.into(), token, ..SignUp::default() };
    visitor(&house).await.sign_up(form).await.unwrap();
    assert!(!visitor(&house).await.doorway().await.unwrap().token_needed);
}

#[tokio::test]
async fn every_field_of_a_sign_up_that_is_wrong_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let form = SignUp { email: "ada".into(), password: "short".into(), ..SignUp::default() };
    let refused = visitor(&house).await.sign_up(form).await.unwrap_err();
    assert!(refused.of("email").is_some() && refused.of("password").is_some(), "{refused:?}");
}

#[tokio::test]
async fn members_make_keys_and_leaders_do_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, member) = two(&house).await;
    assert_eq!(member.invite(Role::Member).await.unwrap_err(), Failure::Forbidden);
    assert_eq!(member.add_provider(new_provider("mine")).await.unwrap_err(), Failure::Forbidden);
    let of_owner = owner.mint_key(new_key("owner's")).await.unwrap();
    let of_member = member.mint_key(new_key("member's")).await.unwrap();
    assert_eq!(member.revoke_key(of_owner.id).await.unwrap_err(), Failure::Forbidden);
    member.revoke_key(of_member.id.clone()).await.unwrap();
    assert!(matches!(owner.revoke_key(of_member.id).await.unwrap_err(), Failure::Missing(_)));
}

#[tokio::test]
async fn a_key_is_shown_once_to_the_one_who_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, member) = two(&house).await;
    let minted = owner.mint_key(new_key("ci")).await.unwrap();
    assert_eq!(member.keys().await.unwrap().fresh, None);
    assert_eq!(owner.keys().await.unwrap().fresh, Some(minted.clone()));
    let page = owner.keys().await.unwrap();
    assert_eq!(page.fresh, None);
    assert!(minted.value.ends_with(&page.rows[0].last_four));
    let refused = owner.mint_key(KeyForm { config: "pc-none".into(), ..new_key(" ") }).await.unwrap_err();
    assert!(refused.of("name").is_some() && refused.of("config").is_some(), "{refused:?}");
}

#[tokio::test]
async fn a_provider_is_connected_once_and_what_is_declared_stays() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, _) = two(&house).await;
    owner.add_provider(new_provider("mine")).await.unwrap();
    assert!(owner.add_provider(new_provider("mine")).await.unwrap_err().of("slug").is_some());
    assert!(owner.add_provider(new_provider("sandbox")).await.unwrap_err().of("slug").is_some());
    let page = owner.providers().await.unwrap();
    let rows: Vec<(&str, &str)> = page.rows.iter().map(|row| (row.slug.as_str(), row.hint.as_str())).collect();
    assert_eq!(rows, [("mine", "csk-…cdef"), ("sandbox", "")]);
    assert!(page.catalogue.iter().all(|card| card.slug != "sandbox"));
    owner.remove_provider(page.rows[0].id.clone()).await.unwrap();
    assert!(matches!(owner.remove_provider(page.rows[1].id.clone()).await.unwrap_err(), Failure::Refused(_)));
}

#[tokio::test]
async fn the_first_steps_tick_as_things_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let owner = sign_up(&house, "ada@example.com", "").await.unwrap().session().await.unwrap();
    let steps = owner.first_steps().await.unwrap();
    assert_eq!((steps.provider.as_deref(), steps.key, steps.first_call), (Some("@sandbox"), None, None));
    assert_eq!(steps.base_url, "http://127.0.0.1:8787/v1");
    owner.add_provider(new_provider("mine")).await.unwrap();
    let minted = owner.mint_key(new_key("first-key")).await.unwrap();
    let steps = owner.first_steps().await.unwrap();
    assert_eq!(steps.provider.as_deref(), Some("@mine"));
    assert_eq!(steps.key.map(|(name, _)| name).as_deref(), Some("first-key"));
    assert_eq!(steps.fresh, Some(minted));
}

#[tokio::test]
async fn what_a_provider_opens_is_in_the_book_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), false).await;
    let (owner, _) = two(&house).await;
    let form = NewProvider { open: vec!["files".into()], ..new_provider("alpha") };
    owner.add_provider(form).await.unwrap();
    owner.add_provider(new_provider("beta")).await.unwrap();
    let book = house.shelf.book();
    let opens = |slug, endpoint| book.provider("default", slug).unwrap().opens(endpoint);
    for (slug, files, batches) in [("alpha", true, false), ("beta", false, false), ("sandbox", true, true)] {
        assert_eq!((opens(slug, Endpoint::Files), opens(slug, Endpoint::Batches)), (files, batches), "{slug}");
        assert!(opens(slug, Endpoint::Chat), "{slug}");
    }
}
