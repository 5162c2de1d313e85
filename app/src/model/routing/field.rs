//! The table of a config's fields: what may stand where, what it means, and what counts where it is absent.
//!
//! The reader checks against it, the published JSON Schema is generated from it, and the form is drawn from it: nothing is
//! written twice.

mod clouds;
mod form;
mod schema;
mod table;

pub use form::Form;
pub use schema::schema;
pub use table::{NODE, OBJECTS, STRATEGY};

/// An object of a config: the node, or one that stands in it.
#[derive(Debug)]
pub struct Object {
    /// Its name in the schema's `$defs`.
    pub name: &'static str,
    pub meaning: &'static str,
    pub fields: &'static [&'static [Field]],
    /// One of them must hold; none: nothing is asked for.
    pub enough: &'static [&'static [Clause]],
    /// What to say where none of them holds.
    pub lacking: &'static str,
}

#[derive(Debug)]
pub struct Field {
    pub key: &'static str,
    pub kind: Kind,
    /// One sentence.
    pub meaning: &'static str,
    pub need: Need,
    /// Must stand beside it.
    pub beside: Option<&'static str>,
    /// What counts where the field is absent: JSON, or words where no value says it; empty for nothing.
    pub default: &'static str,
    pub since: Since,
    /// Whether its feature exists. If not, the field is checked and saved, and a call that needs it is refused.
    pub exists: bool,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text(Form),
    Flag,
    Whole {
        least: u64,
        most: u64,
    },
    Number {
        least: f64,
        most: f64,
    },
    Words(&'static [&'static str]),
    List {
        of: &'static Kind,
        least: usize,
    },
    /// An object of anything.
    Map,
    Object(&'static Object),
    /// The query of a condition.
    Query,
    Either(&'static [Kind]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Never,
    Always,
    /// Where the field `mode` of the same object is this word.
    Mode(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Portkey has it, under the same name.
    Portkey,
    Ours,
}

/// A demand on one field of an object.
#[derive(Clone, Copy, Debug)]
pub enum Clause {
    Has(&'static str),
    /// A text that begins so.
    Begins(&'static str, &'static str),
    /// One of these words.
    Among(&'static str, &'static [&'static str]),
    /// A flag that is false.
    Off(&'static str),
}

/// Keys of a query that hold a list of queries.
pub const GROUPS: [&str; 2] = ["$and", "$or"];
/// What a query can look at: `metadata.` and `params.` followed by one key, and the path of the URL.
pub const SUBJECTS: [&str; 2] = ["metadata.", "params."];
pub const PATHNAME: &str = "url.pathname";

/// Operators of a query, with what each compares with.
pub const OPERATORS: [(&str, Operand); 9] = [
    ("$eq", Operand::Single),
    ("$ne", Operand::Single),
    ("$gt", Operand::Numeric),
    ("$gte", Operand::Numeric),
    ("$lt", Operand::Numeric),
    ("$lte", Operand::Numeric),
    ("$in", Operand::Several),
    ("$nin", Operand::Several),
    ("$regex", Operand::Pattern),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A text, a number, true, false or null.
    Single,
    /// A number, or a text that is one.
    Numeric,
    /// A list of single ones.
    Several,
    /// A regular expression; whether it compiles is for the router to say.
    Pattern,
}

impl Object {
    pub fn all(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().flat_map(|fields| fields.iter())
    }

    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.all().find(|field| field.key == key)
    }
}

impl Clause {
    pub fn key(&self) -> &'static str {
        match self {
            Self::Has(key) | Self::Begins(key, _) | Self::Among(key, _) | Self::Off(key) => key,
        }
    }
}

impl Field {
    const fn new(key: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self { key, kind, meaning, need: Need::Never, beside: None, default: "", since: Since::Portkey, exists: true }
    }

    const fn needed(self) -> Self {
        Self { need: Need::Always, ..self }
    }

    const fn needed_in(self, mode: &'static str) -> Self {
        Self { need: Need::Mode(mode), ..self }
    }

    const fn beside(self, key: &'static str) -> Self {
        Self { beside: Some(key), ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    const fn ours(self) -> Self {
        Self { since: Since::Ours, ..self }
    }

    /// Its feature does not exist yet.
    const fn later(self) -> Self {
        Self { exists: false, ..self }
    }
}

impl Kind {
    /// What is allowed, to follow the word "Use".
    pub fn allowed(&self) -> String {
        match self {
            Self::Text(form) => form.allowed().to_owned(),
            Self::Flag => "true or false".into(),
            Self::Whole { least, most } if *most == u64::from(u32::MAX) => {
                format!("a whole number from {least} on")
            }
            Self::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number { least, most } => format!("a number from {least} to {most}"),
            Self::Words(words) => format!("one of {}", words.join(", ")),
            Self::List { of, least: 0 } => format!("a list, each item {}", of.allowed()),
            Self::List { of, .. } => format!("a list of at least one item, each {}", of.allowed()),
            Self::Map => "an object".into(),
            Self::Object(object) => format!("an object that says {}", object.meaning),
            Self::Query => r#"an object such as {"metadata.plan": {"$eq": "paid"}}"#.into(),
            Self::Either(kinds) => kinds.iter().map(Self::allowed).collect::<Vec<_>>().join(", or "),
        }
    }
}
