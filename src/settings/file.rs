//! The set-up file as tables with places: each value knows its line, so that each mistake can name it.

use super::rules::Ruling;
use super::{Mistake, Place};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The mistakes found so far.
#[derive(Default)]
pub(super) struct Notes(RefCell<Vec<Mistake>>);

impl Notes {
    pub(super) fn note(&self, at: String, key: &str, text: String) {
        self.0.borrow_mut().push(Mistake { at, key: key.to_owned(), text });
    }

    /// The value, if `rule` allows it; else the refusal is noted.
    pub(super) fn judge<T>(&self, given: &Given, rule: impl Fn(&str) -> Ruling<T>) -> Option<T> {
        rule(&given.value).map_err(|text| self.note(given.at.clone(), &given.key, text)).ok()
    }

    pub(super) fn into_inner(self) -> Vec<Mistake> {
        self.0.into_inner()
    }
}

/// A value as written, with its place.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) at: String,
    pub(super) key: String,
    pub(super) value: String,
}

/// The file's path and text.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text }
    }

    /// The tables of the file; `None`, and notes, where it is not TOML.
    pub(super) fn parse(&self, notes: &Notes) -> Option<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = self.place(error.span().map_or(0, |span| span.start));
            let told = error.message().trim_end_matches('.').replace('\n', ", ");
            notes.note(at, "", format!("Not valid TOML: {told}."));
        }
        errors.is_empty().then(|| table.into_inner())
    }

    fn place(&self, offset: usize) -> String {
        let lines = self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count();
        format!("{}:{}", self.path.display(), lines + 1)
    }
}

/// One table of the file.
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    notes: &'a Notes,
    /// Such as `provider[1].`, before each key; empty at the root.
    path: String,
    /// Where the table starts.
    offset: usize,
}

impl<'a> Section<'a> {
    pub(super) fn root(source: &'a Source<'a>, table: &'a DeTable<'a>, notes: &'a Notes) -> Self {
        Self { source, table, notes, path: String::new(), offset: 0 }
    }

    pub(super) fn notes(&self) -> &'a Notes {
        self.notes
    }

    /// Notes every key that is not in `keys`.
    pub(super) fn allow(&self, keys: &[&str]) {
        for (key, _) in self.table {
            if !keys.contains(&key.get_ref().as_ref()) {
                let at = self.source.place(key.span().start);
                let full = format!("{}{}", self.path, key.get_ref());
                self.notes.note(at, &full, format!("Unknown key. Allowed here: {}.", keys.join(", ")));
            }
        }
    }

    /// Notes `text` at `key`, or at the table where the key is missing.
    pub(super) fn note(&self, key: &str, text: impl Into<String>) {
        let offset = self.table.get(key).map_or(self.offset, |value| value.span().start);
        self.notes.note(self.source.place(offset), &self.full(key), text.into());
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<Given> {
        let value = self.table.get(key)?.get_ref();
        let Some(text) = value.as_str() else {
            let kind = value.type_str();
            let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
            self.note(key, format!("Use a text in quotes, not {article} {kind}."));
            return None;
        };
        Some(self.given(key, text.to_owned()))
    }

    /// A number or a switch as text, or a text.
    pub(super) fn figure(&self, key: &str) -> Option<Given> {
        match self.table.get(key)?.get_ref() {
            DeValue::Integer(whole) if whole.radix() == 10 => Some(self.given(key, whole.as_str().to_owned())),
            DeValue::Float(number) => Some(self.given(key, number.as_str().to_owned())),
            DeValue::Boolean(switch) => Some(self.given(key, switch.to_string())),
            _ => self.text(key),
        }
    }

    /// A list of texts joined by commas, or a text.
    pub(super) fn texts(&self, key: &str) -> Option<Given> {
        match self.table.get(key)?.get_ref() {
            DeValue::Array(_) => {
                let texts: Vec<String> = self.list(key)?.into_iter().map(|one| one.value).collect();
                Some(self.given(key, texts.join(",")))
            }
            _ => self.text(key),
        }
    }

    /// The text at `key`; anything else is nothing, and is noted elsewhere.
    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// The table at `key`, or each of a list of tables.
    pub(super) fn one_or_many(&self, key: &str) -> Vec<Section<'a>> {
        match self.table.get(key).map(Spanned::get_ref) {
            Some(DeValue::Array(_)) => self.sections(key),
            _ => self.section(key).into_iter().collect(),
        }
    }

    /// Whether it is a list of anything.
    pub(super) fn is_list(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|value| value.get_ref().is_array())
    }

    /// Whether it is a list of tables.
    pub(super) fn is_tables(&self, key: &str) -> bool {
        let items = self.table.get(key).and_then(|value| value.get_ref().as_array());
        items.is_some_and(|items| items.iter().any(|item| item.get_ref().is_table()))
    }

    /// Where the value of `key` stands.
    pub(super) fn place(&self, key: &str) -> Place {
        Place { at: self.source.place(self.offset_of(key)), key: self.full(key) }
    }

    fn given(&self, key: &str, value: String) -> Given {
        let Place { at, key } = self.place(key);
        Given { at, key, value }
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str) -> Option<Given> {
        if !self.table.contains_key(key) {
            self.note(key, "Missing. Add it.");
        }
        self.text(key)
    }

    /// What `rule` allows of the text at `key`.
    pub(super) fn judged<T>(&self, key: &str, rule: impl Fn(&str) -> Ruling<T>) -> Option<T> {
        self.notes.judge(&self.text(key)?, rule)
    }

    /// Like [`Section::judged`], of a text that must be there.
    pub(super) fn needed<T>(&self, key: &str, rule: impl Fn(&str) -> Ruling<T>) -> Option<T> {
        self.notes.judge(&self.required(key)?, rule)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn list(&self, key: &str) -> Option<Vec<Given>> {
        let DeValue::Array(values) = self.table.get(key)?.get_ref() else {
            self.note(key, r#"Use a list of texts, such as ["a", "b"]."#);
            return None;
        };
        let one = |(at, value): (usize, &Spanned<DeValue<'_>>)| {
            let key = format!("{}[{at}]", self.full(key));
            let place = self.source.place(value.span().start);
            let text = value.get_ref().as_str().map(|text| text.to_owned());
            if text.is_none() {
                self.notes.note(place.clone(), &key, "Use a text in quotes.".into());
            }
            Some(Given { at: place, key, value: text? })
        };
        Some(values.iter().enumerate().filter_map(one).collect())
    }

    /// The pairs of a table of texts.
    pub(super) fn pairs(&self, key: &str) -> Vec<(String, Given)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let keys = section.table.keys().map(|key| key.get_ref().to_string());
        keys.filter_map(|key| section.text(&key).map(|given| (key, given))).collect()
    }

    pub(super) fn section(&self, key: &str) -> Option<Section<'a>> {
        let value = self.table.get(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.note(key, format!("Use a table, such as [{key}]."));
            return None;
        };
        Some(self.inner(table, format!("{}.", self.full(key)), value.span().start))
    }

    /// The tables written as `[[key]]`.
    pub(super) fn sections(&self, key: &str) -> Vec<Section<'a>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let tables = value.get_ref().as_array().map(|values| {
            let tables = values.iter().enumerate().filter_map(|(at, value)| {
                let table = value.get_ref().as_table()?;
                Some(self.inner(table, format!("{}[{at}].", self.full(key)), value.span().start))
            });
            (values.len(), tables.collect::<Vec<_>>())
        });
        match tables {
            Some((count, tables)) if count == tables.len() => tables,
            _ => {
                self.note(key, format!("Use tables, each under its own [[{key}]]."));
                Vec::new()
            }
        }
    }

    /// `path` as meant from the file's folder.
    pub(super) fn beside(&self, path: &Path) -> PathBuf {
        self.source.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn inner(&self, table: &'a DeTable<'a>, path: String, offset: usize) -> Section<'a> {
        Section { source: self.source, table, notes: self.notes, path, offset }
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    fn offset_of(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.offset, |value| value.span().start)
    }
}
