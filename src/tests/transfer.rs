//! The routing setup out of a data folder and into another one, at the command line.
#![expect(clippy::expect_used, clippy::panic, reason = "an errand that cannot be run is a failed test")]

use crate::rig::NOW;
use std::cell::RefCell;
use std::path::Path;
use switchyard::clock::Clock;
use switchyard::errand::{self, ErrandError};
use switchyard::house::{self, House};
use switchyard::settings::{Act, Settings};
use tempfile::TempDir;

const SETUP: &str = r#"
[[provider]]
slug = "alpha"
vendor = "openai"
key = "sk-alpha-credential"
[[config]]
id = "pc-main"
body = '{ "provider": "@alpha" }'
[[api_key]]
name = "ci"
config = "pc-main"
description = "for the nightly run"
expires_at = "2027-01-31T12:00:00Z"
allowed_models = ["@alpha/gpt-4o*"]
metadata_enforced = false
budget = { type = "cost", credit_limit = 25, periodic_reset = "monthly" }
"#;

/// A folder with data in it, and files beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_string_lossy().into_owned()
    }

    fn settings(&self, words: &[&str]) -> Settings {
        let data = self.0.path().join("data");
        let start = ["switchyard", "--data"].map(Into::into).into_iter().chain([data.into_os_string()]);
        Settings::load(start.chain(words.iter().map(Into::into)), |_| None)
            .unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    /// What the errand said, and how it ended.
    async fn run(&self, words: &[&str]) -> (String, Result<(), ErrandError>) {
        let said = RefCell::new(String::new());
        let ended = errand::run(&self.settings(words), &Clock::frozen(NOW), |line| {
            said.borrow_mut().push_str(&format!("{line}\n"));
        })
        .await;
        (said.into_inner(), ended)
    }

    async fn told(&self, words: &[&str]) -> String {
        let (said, ended) = self.run(words).await;
        ended.unwrap_or_else(|error| panic!("{error}\n{said}"));
        said
    }
}

#[tokio::test]
async fn a_setup_goes_from_one_folder_into_another_and_back_out_the_same() {
    let (from, into) = (Place::new(), Place::new());
    let file = from.file("in.toml", SETUP);
    let dry = from.told(&["import", &file, "--dry-run"]).await;
    for line in
        ["added    Provider  @alpha\n", "added    Config    pc-main\n", "$25 a month.", "Nothing has changed.\n"]
    {
        assert!(dry.contains(line), "{dry}");
    }
    assert!(!from.told(&["export"]).await.contains("alpha"), "a dry run changes nothing");

    let done = from.told(&["import", &file]).await;
    assert!(done.contains("Imported: 4 added, 0 changed.") && done.contains("The secret of ci, which"), "{done}");
    assert!(!done.contains("sk-alpha-credential"), "{done}");
    let out = from.0.path().join("out.toml");
    let out = out.to_string_lossy();
    assert!(from.told(&["export", &out]).await.contains("lines are written to"));
    let again = from.told(&["import", &out]).await;
    assert!(again.contains("4 the same") && again.contains("Nothing has changed."), "{again}");

    into.told(&["import", &out]).await;
    let told = |text: String| {
        let kept = |line: &&str| !line.starts_with("key_env") && !line.starts_with("value_env");
        text.lines().filter(kept).map(str::to_owned).collect::<Vec<_>>()
    };
    let text = from.told(&["export"]).await;
    for line in ["expires_at = \"2027-01-31T12:00:00Z\"", "metadata_enforced = false", "credit_limit = 25"] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(told(into.told(&["export"]).await), told(text));
}

#[tokio::test]
async fn a_change_is_shown_line_by_line_before_it_is_made() {
    let place = Place::new();
    place.told(&["import", &place.file("a.toml", SETUP)]).await;
    let changed = SETUP.replace(
        "'{ \"provider\": \"@alpha\" }'",
        "'''\n{\n  \"provider\": \"@alpha\",\n  \"retry\": { \"attempts\": 2 }\n}'''",
    );
    let said = place.told(&["import", &place.file("b.toml", &changed.replace("limit = 25", "limit = 30"))]).await;
    for line in [
        "changed  Config    pc-main\n",
        "         - { \"provider\": \"@alpha\" }\n",
        "         +   \"retry\": { \"attempts\": 2 }\n",
        "changed  Limit     key ci\n",
        "$25 a month → $30 a month.",
        "Imported: 0 added, 3 changed.",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[tokio::test]
async fn a_flawed_file_changes_nothing_and_says_where() {
    let place = Place::new();
    let flawed = format!("{SETUP}[[config]]\nid = \"pc-x\"\nbody = '{{ \"provider\": \"@moon\" }}'\n");
    let (said, ended) = place.run(&["import", &place.file("a.toml", &flawed)]).await;
    assert!(
        matches!(ended, Err(ErrandError::Flawed)) && said.contains("line 18: config[1].id: provider: @moon"),
        "{said}"
    );
    let (said, ended) = place.run(&["import", &place.file("b.toml", "[[provider]]\nslug = 3\n")]).await;
    assert!(matches!(ended, Err(ErrandError::Flawed)) && said.contains("line 2: provider[0].slug"), "{said}");
    assert!(!place.told(&["export"]).await.contains("[[provider]]"));
    let (_, ended) = place.run(&["import", "/nowhere/setup.toml"]).await;
    assert!(ended.is_err_and(|error| error.to_string().contains("/nowhere/setup.toml cannot be read")));
}

#[tokio::test]
async fn what_is_imported_serves_and_a_running_server_is_not_written_under() {
    let place = Place::new();
    let file = place.file("a.toml", SETUP);
    let said = place.told(&["import", &file]).await;
    let secret =
        said.lines().find_map(|line| line.strip_prefix("The secret of ci, which is told here and never again: "));
    let secret = secret.expect("a secret").to_owned();
    let house = House::open(place.settings(&[]), Clock::frozen(NOW)).await.expect("an open house");
    let book = house.shelf.book();
    let key = book.key(&switchyard::secret::digest(&secret)).expect("the key");
    assert_eq!(key.name, "ci");
    let provider = book.provider("default", "alpha").expect("the provider");
    assert!(provider.credential.as_ref().is_some_and(|(_, value)| value == "Bearer sk-alpha-credential"));
    for words in [&["export"][..], &["import", &file]] {
        let (_, ended) = place.run(words).await;
        assert!(ended.is_err_and(|error| error.to_string().contains("in use by another Switchyard")), "{words:?}");
    }
    drop(book);
    assert!(house::close(house, std::time::Duration::from_secs(60)).await);
}

#[test]
fn the_command_line_says_what_it_takes() {
    let place = Place::new();
    assert_eq!(place.settings(&["export"]).act, Act::Export { file: None });
    let wanted = Act::Import { file: Path::new("a.toml").to_owned(), dry: true };
    assert_eq!(place.settings(&["import", "--dry-run", "a.toml"]).act, wanted);
    let words = ["switchyard", "import"].map(Into::into);
    assert!(Settings::load(words, |_| None).is_err_and(|mistakes| mistakes[0].text.contains("--help")));
}
