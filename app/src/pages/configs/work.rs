//! A config under one's hands: the text is the truth, kept as typed; the form is drawn from the last text that was JSON.

use super::lines::{Broken, parse, spans};
use super::past::Past;
use super::path::{Path, at, within};
use crate::model::routing::{Mistake, read_text};
use leptos::prelude::*;
use serde_json::{Map, Value};

/// Above it, lines are neither numbered nor marked.
pub const MARKED_MOST: usize = 64 * 1024;

#[derive(Clone, Copy)]
pub struct Work {
    pub text: RwSignal<String>,
    /// The last text that was a JSON object, read.
    pub good: RwSignal<Value>,
    /// Where the text breaks, if it is no JSON object: the form rests until it is mended.
    pub broken: RwSignal<Option<Broken>>,
    /// All that is wrong with the text.
    pub mistakes: Memo<Vec<Mistake>>,
    /// The lines of each value.
    pub spans: Memo<Vec<(String, usize, usize)>>,
    /// What the server told of a text.
    served: RwSignal<Served>,
    past: RwSignal<Past>,
}

/// Mistakes that the server alone can find, such as a provider that is gone. Each holds for as long as the value at its
/// place is the one that it was told of.
#[derive(Clone, Debug, Default)]
struct Served {
    of: Value,
    mistakes: Vec<Mistake>,
}

impl Served {
    /// What is found here too is not kept.
    fn new(text: &str, mistakes: Vec<Mistake>) -> Self {
        let mistakes = if read_text(text).is_ok() { mistakes } else { Vec::new() };
        Self { of: parse(text).unwrap_or_default(), mistakes }
    }

    fn holding(&self, now: &Value) -> Vec<Mistake> {
        let holds = |mistake: &&Mistake| match at(&self.of, &mistake.path) {
            Some(value) => at(now, &mistake.path) == Some(value),
            None => self.of == *now,
        };
        self.mistakes.iter().filter(holds).cloned().collect()
    }
}

impl Work {
    /// `served`: mistakes that the server alone can find, told of the text as it came.
    pub fn new(text: String, served: Vec<Mistake>) -> Self {
        let parsed = parse(&text);
        let good = RwSignal::new(parsed.as_ref().ok().cloned().unwrap_or_else(|| Value::Object(Map::new())));
        let broken = RwSignal::new(parsed.err());
        let served = RwSignal::new(Served::new(&text, served));
        let text = RwSignal::new(text);
        let mistakes = Memo::new(move |_| {
            let own = text.with(|text| read_text(text).err().unwrap_or_default());
            if own.is_empty() { served.with(|served| good.with(|now| served.holding(now))) } else { own }
        });
        let spans = Memo::new(move |_| match broken.with(Option::is_some) {
            true => Vec::new(),
            false => text.with(|text| if text.len() > MARKED_MOST { Vec::new() } else { spans(text) }),
        });
        Self { text, good, broken, mistakes, spans, served, past: RwSignal::new(Past::default()) }
    }

    /// Somebody typed in the text. A text that breaks can be gone back from to the last that did not.
    pub fn type_text(self, text: String) {
        let parsed = parse(&text);
        let another = match &parsed {
            Ok(value) => self.good.with_untracked(|good| good != value),
            Err(_) => true,
        };
        if another && !self.is_broken() {
            self.remember();
        } else {
            self.past.update(Past::go_on);
        }
        self.show(text);
    }

    /// Another text stands in the place of this one, which can be gone back to.
    pub fn replace(self, text: String) {
        if self.text.with_untracked(|now| *now != text) {
            self.remember();
            self.show(text);
        }
    }

    /// What the server found in `text`, as saved.
    pub fn told(self, text: &str, mistakes: Vec<Mistake>) {
        self.served.set(Served::new(text, mistakes));
    }

    /// Somebody acted in the form: the text is written anew. Nothing happens while the text is broken.
    pub fn edit<T>(self, act: impl FnOnce(&mut Value) -> T) -> Option<T> {
        if self.is_broken() {
            return None;
        }
        let mut value = self.good.get_untracked();
        let done = act(&mut value);
        if self.good.with_untracked(|good| *good != value) {
            self.remember();
            self.text.set(pretty(&value));
            self.good.set(value);
        }
        Some(done)
    }

    pub fn set(self, path: &Path, value: Option<Value>) {
        self.edit(|root| super::path::set(root, path, value));
    }

    /// What was before the last change.
    pub fn undo(self) {
        self.go(Past::back);
    }

    /// What the last undo left.
    pub fn redo(self) {
        self.go(Past::forth);
    }

    fn go(self, way: fn(&mut Past, String) -> Option<String>) {
        let now = self.text.get_untracked();
        if let Some(text) = self.past.try_update(|past| way(past, now)).flatten() {
            self.show(text);
        }
    }

    /// Gives up a broken text for the form's.
    pub fn mend(self) {
        self.replace(self.good.with_untracked(pretty));
    }

    pub fn can_undo(self) -> bool {
        self.past.with(Past::can_go_back)
    }

    pub fn can_redo(self) -> bool {
        self.past.with(Past::can_go_forth)
    }

    fn is_broken(self) -> bool {
        self.broken.with_untracked(Option::is_some)
    }

    fn remember(self) {
        let now = self.text.get_untracked();
        self.past.update(|past| past.remember(now));
    }

    fn show(self, text: String) {
        match parse(&text) {
            Ok(value) => {
                self.broken.set(None);
                if self.good.with_untracked(|good| *good != value) {
                    self.good.set(value);
                }
            }
            Err(broken) => self.broken.set(Some(broken)),
        }
        self.text.set(text);
    }

    pub fn at(self, path: Path) -> Memo<Option<Value>> {
        Memo::new(move |_| self.good.with(|root| path.of(root).cloned()))
    }

    pub fn text_at(self, path: Path) -> Memo<String> {
        Memo::new(move |_| self.good.with(|root| path.text(root).unwrap_or_default().to_owned()))
    }

    pub fn count(self, path: Path) -> Memo<usize> {
        Memo::new(move |_| self.good.with(|root| path.list(root).len()))
    }

    /// What is wrong at the place, and `deep` within it too.
    pub fn wrong(self, path: &Path, deep: bool) -> Memo<Vec<String>> {
        let place = path.to_string();
        Memo::new(move |_| {
            let here = |mistake: &&Mistake| mistake.path == place || deep && within(&mistake.path, &place);
            self.mistakes.with(|all| all.iter().filter(here).map(|mistake| mistake.message.clone()).collect())
        })
    }
}

pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_told_holds_until_its_place_is_changed() {
        let told = [("targets[0].provider", "gone"), ("targets[1].provider", "gone too"), ("a.b", "elsewhere")];
        let told = told.map(|(path, message)| Mistake { path: path.into(), message: message.into() });
        let of = json!({"strategy": {"mode": "fallback"}, "targets": [{"provider": "@a"}, {"provider": "@b"}]});
        let served = Served::new(&of.to_string(), told.clone().into());
        let with = |key: &str, value: Value| {
            let mut now = of.clone();
            now[key] = value;
            now
        };
        for (now, left) in [
            (of.clone(), vec!["gone", "gone too", "elsewhere"]),
            (with("cache", json!({"mode": "simple"})), vec!["gone", "gone too"]),
            (with("targets", json!([{"provider": "@c"}, {"provider": "@b", "weight": 1}])), vec!["gone too"]),
            (with("targets", json!([{"provider": "@a"}])), vec!["gone"]),
            (json!({}), vec![]),
        ] {
            let holding = served.holding(&now);
            assert_eq!(holding.iter().map(|mistake| mistake.message.as_str()).collect::<Vec<_>>(), left, "{now}");
        }
        assert!(Served::new(r#"{"provider": 3}"#, told.into()).mistakes.is_empty(), "found here too");
    }

    /// What stands in the text and in the form.
    fn check(work: Work, text: &str, provider: &str) {
        assert_eq!(work.text.get_untracked(), text);
        assert_eq!(work.good.with_untracked(|good| good["provider"].clone()), json!(provider), "{text}");
    }

    #[test]
    fn a_broken_text_is_one_step_and_none_is_lost() {
        let owner = Owner::new();
        owner.set();
        let [alpha, beta, broken] = [r#"{"provider": "@alpha"}"#, r#"{"provider":"@beta"}"#, r#"{"provider": x"#];
        let work = Work::new(alpha.into(), Vec::new());
        work.type_text(beta.into());
        work.type_text(format!("{broken}y"));
        work.type_text(broken.into());
        check(work, broken, "@beta");
        assert!(work.edit(|_| ()).is_none(), "the form rests");
        work.undo();
        check(work, beta, "@beta");
        work.undo();
        check(work, alpha, "@alpha");
        work.redo();
        check(work, beta, "@beta");
        work.redo();
        check(work, broken, "@beta");
        assert!(!work.can_redo());
        work.mend();
        assert!(work.broken.get_untracked().is_none());
        work.undo();
        check(work, broken, "@beta");
        work.type_text(alpha.into());
        assert!(!work.can_redo(), "what was typed ends what was gone back from");
        work.undo();
        check(work, beta, "@beta");
    }
}
