//! A config under one's hands: the text is the truth, kept as typed; the form is drawn from the last text that was JSON.

use super::lines::{Broken, parse, spans};
use super::path::{Path, within};
use crate::model::routing::{Mistake, read_text};
use leptos::prelude::*;
use serde_json::{Map, Value};

/// How many texts can be gone back to, and their bytes in all.
const PAST_MOST: usize = 200;
const PAST_BYTES: usize = 4 * 1024 * 1024;
/// Above it, lines are neither numbered nor marked.
pub const MARKED_MOST: usize = 128 * 1024;

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
    past: RwSignal<Vec<String>>,
}

impl Work {
    /// `served`: mistakes that the server alone can find, told of the text as it came.
    pub fn new(text: String, served: Vec<Mistake>) -> Self {
        let parsed = parse(&text);
        let good = RwSignal::new(parsed.as_ref().ok().cloned().unwrap_or_else(|| Value::Object(Map::new())));
        let broken = RwSignal::new(parsed.err());
        let came = text.clone();
        let text = RwSignal::new(text);
        let mistakes = Memo::new(move |_| {
            let own = text.with(|text| read_text(text).err().unwrap_or_default());
            if own.is_empty() && text.with(|text| *text == came) { served.clone() } else { own }
        });
        let spans = Memo::new(move |_| match broken.with(Option::is_some) {
            true => Vec::new(),
            false => text.with(|text| if text.len() > MARKED_MOST { Vec::new() } else { spans(text) }),
        });
        Self { text, good, broken, mistakes, spans, past: RwSignal::new(Vec::new()) }
    }

    /// Somebody typed in the text.
    pub fn type_text(self, text: String) {
        match parse(&text) {
            Ok(value) => {
                self.broken.set(None);
                if self.good.with_untracked(|good| *good != value) {
                    self.remember();
                    self.good.set(value);
                }
            }
            Err(broken) => self.broken.set(Some(broken)),
        }
        self.text.set(text);
    }

    /// Somebody acted in the form: the text is written anew. Nothing happens while the text is broken.
    pub fn edit<T>(self, act: impl FnOnce(&mut Value) -> T) -> Option<T> {
        if self.broken.with_untracked(Option::is_some) {
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
        if let Some(text) = self.past.try_update(Vec::pop).flatten() {
            self.broken.set(None);
            if let Ok(value) = parse(&text) {
                self.good.set(value);
            }
            self.text.set(text);
        }
    }

    /// Gives up a broken text for the form's.
    pub fn mend(self) {
        self.broken.set(None);
        self.text.set(self.good.with_untracked(pretty));
    }

    pub fn can_undo(self) -> bool {
        self.past.with(|past| !past.is_empty())
    }

    fn remember(self) {
        let before = self.good.with_untracked(pretty);
        self.past.update(|past| {
            past.push(before);
            let bytes = |past: &[String]| past.iter().map(String::len).sum::<usize>();
            while past.len() > PAST_MOST || bytes(past) > PAST_BYTES {
                past.remove(0);
            }
        });
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
