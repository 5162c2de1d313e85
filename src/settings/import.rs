//! A set-up file that a person brings to a running console. It says what there should be, and reads nothing of this
//! machine: no variable and no other file.

use super::declared::SetupFile;
use super::file::{Notes, Section, Source};
use super::flags::KEYS;
use super::{Mistake, TABLES, World};
use std::io;
use std::path::Path;

/// Reads the text. Settings of the installation and its owner are passed over; secrets may be left out.
///
/// # Errors
/// All that is wrong with it, each at its line.
pub fn import(text: &str) -> Result<SetupFile, Vec<Mistake>> {
    let notes = Notes::default();
    let source = Source::new(Path::new("line"), text);
    let Some(table) = source.parse(&notes) else { return Err(notes.into_inner()) };
    let closed = |_: &Path| Err(io::Error::other("what is imported stands on its own, so give the text as body"));
    let world = World { env: &|_| None, read: &closed, brought: true };
    let root = Section::root(&source, &table, &notes);
    let allowed: Vec<&str> = KEYS.iter().map(|key| key.name).chain(TABLES).collect();
    root.allow(&allowed);
    let file = SetupFile::read(&root, &world);
    let mistakes = notes.into_inner();
    if mistakes.is_empty() { Ok(file) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use super::import;
    use app::model::models::Prices;

    #[test]
    fn what_is_brought_needs_no_secret_and_reads_nothing_here() {
        let file = import(
            "data = \"/srv\"\n[owner]\nemail = \"x\"\n\
             [[provider]]\nslug = \"alpha\"\nvendor = \"cerebras\"\nkey_env = \"PATH\"\n\
             [[model]]\nprovider = \"alpha\"\nmodel = \"own\"\ncustom = true\ncontext = 32000\n\
             [[price]]\nprovider = \"alpha\"\nmodel = \"own\"\ninput = 0.25\noutput = 1\nfrom = \"2026-12-01T00:00:00Z\"\n\
             [[price]]\nprovider = \"alpha\"\nmodel = \"own\"\nlist = true\n\
             [[api_key]]\nname = \"ci\"\nvalue_env = \"PATH\"\nconfig = \"pc-there\"\n",
        )
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        assert!(file.owner.is_none() && file.providers[0].key.is_none() && file.api_keys[0].value.is_empty());
        let (model, price) = (&file.models[0], &file.prices[0]);
        assert_eq!((model.custom, model.enabled, model.context), (true, true, Some(32_000)));
        let prices = Prices { input: Some(250_000), cached: None, output: Some(1_000_000) };
        assert_eq!((price.prices, price.from), (Some(prices), Some(1_796_083_200_000)));
        assert_eq!(file.prices[1].prices, None);
    }

    #[test]
    fn each_mistake_has_its_line() {
        let file = "[[config]]\nid = \"pc-a\"\nfile = \"/etc/passwd\"\n\
                    [[price]]\nprovider = \"a\"\nmodel = \"m\"\ninput = \"cheap\"\n\
                    [[model]]\nprovider = \"a b\"\nmodel = \"m\"\nenabled = \"no\"\n[[budget]]\n";
        let told: Vec<_> = import(file).err().expect("mistakes").into_iter().map(|one| (one.at, one.key)).collect();
        for (at, key) in [
            ("line:3", "config[0].file"),
            ("line:7", "price[0].input"),
            ("line:9", "model[0].provider"),
            ("line:11", "model[0].enabled"),
            ("line:12", "budget"),
        ] {
            assert!(told.contains(&(at.to_owned(), key.to_owned())), "{at} {key}: {told:?}");
        }
        assert_eq!(import("a = [").err().expect("mistakes")[0].at, "line:1");
    }
}
