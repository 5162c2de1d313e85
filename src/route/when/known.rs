//! What a query can ask for, each read from the call once.

use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::value::{cut, text, written};
use crate::route::Facts;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Metadata(String),
    Params(String),
    Pathname,
}

/// The values of a call that were asked for so far: a body's field may be large, and the conditions many.
#[derive(Default)]
pub struct Known<'a>(BTreeMap<&'a Place, Answer>);

pub struct Answer {
    pub value: Option<Value>,
    /// As an explanation tells it.
    pub shown: String,
    text: OnceCell<String>,
}

impl Place {
    /// Two segments, no more.
    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once('.')? {
            (_, below) if below.is_empty() || below.contains('.') => None,
            ("metadata", below) => Some(Self::Metadata(below.to_owned())),
            ("params", below) => Some(Self::Params(below.to_owned())),
            ("url", "pathname") => Some(Self::Pathname),
            _ => None,
        }
    }

    fn read(&self, facts: Facts<'_>) -> Option<Value> {
        match self {
            Self::Metadata(key) => facts.metadata.get(key).cloned(),
            Self::Params(key) => facts.params?.read(key),
            Self::Pathname => Some(Value::from(facts.pathname)),
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Metadata(key) => format!("metadata.{key}"),
            Self::Params(key) => format!("params.{key}"),
            Self::Pathname => "url.pathname".to_owned(),
        }
    }
}

impl<'a> Known<'a> {
    pub fn answer(&mut self, place: &'a Place, facts: Facts<'_>) -> &Answer {
        self.0.entry(place).or_insert_with(|| {
            let (name, value) = (place.written(), place.read(facts));
            let shown = value
                .as_ref()
                .map_or_else(|| format!("{name} missing"), |value| format!("{name} is {}", cut(&written(value))));
            Answer { value, shown, text: OnceCell::new() }
        })
    }
}

impl Answer {
    /// `String(value)`.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| text(self.value.as_ref()).into_owned())
    }
}
