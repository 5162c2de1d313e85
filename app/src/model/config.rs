//! Saved configs: as listed, as edited, and as tried.
//!
//! Work on a config is its draft, one for all who edit it; publishing makes an immutable version of it.

use crate::model::Origin;
use crate::model::explain::Explain;
use crate::model::routing::Mistake;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigRow {
    /// `pc-…`, as clients name it.
    pub slug: String,
    pub name: String,
    /// The JSON text as published; empty where nothing was published yet.
    pub body: String,
    /// The published version, from 1; 0: never published, so that no call can use it.
    pub version: i64,
    pub origin: Origin,
    /// Of the newest version or draft, milliseconds.
    pub updated_at: i64,
    /// E-mail of who published; `None`: a file, an API key, or nobody yet.
    pub author: Option<String>,
    /// A draft is in work.
    pub draft: bool,
    /// The strategy's mode, as configs write it; empty where the text is no config.
    pub mode: String,
    /// Targets that can be called, at any depth.
    pub targets: u32,
    /// Keys whose default it is.
    pub used_by: u32,
    /// Calls of the last 24 hours.
    pub calls: u64,
}

/// Everything the editor and the page of versions show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigDetail {
    pub row: ConfigRow,
    /// Goes up with each change of draft and publication. It is what [`save`](crate::backend::ConfigDesk::save_draft) and
    /// publish take as `seen`.
    pub revision: i64,
    pub draft: Option<Draft>,
    /// What this person typed last and could not be saved, for somebody else had been quicker.
    pub aside: Option<Aside>,
    /// Newest first, at most 500.
    pub versions: Vec<Version>,
    pub users: Vec<ConfigUser>,
    /// Calls of the last 60 seconds.
    pub calls_a_minute: u64,
    pub providers: Vec<ProviderPick>,
    /// This person may change it: an owner or admin, and no file declares it.
    pub editable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Exactly as typed; it need not be JSON.
    pub body: String,
    /// The version it began from; 0: none.
    pub base: i64,
    /// E-mail of who saved it last.
    pub author: Option<String>,
    pub at: i64,
    /// What stands against publishing it.
    pub mistakes: Vec<Mistake>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    pub body: String,
    pub at: i64,
}

/// A version, without its text, which `config_version` gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub number: i64,
    /// The id that calls record.
    pub id: String,
    /// E-mail; `None`: a file or an API key.
    pub author: Option<String>,
    pub at: i64,
    pub note: String,
    /// The one that calls take now.
    pub published: bool,
    /// Of the last seven days, and how many of them failed.
    pub calls: u64,
    pub failed: u64,
}

/// A key that uses a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigUser {
    pub id: String,
    pub name: String,
    /// It is the key's default; otherwise calls of the last 24 hours named it.
    pub default: bool,
}

/// A provider that a target may name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderPick {
    /// Without `@`.
    pub slug: String,
    pub vendor_name: String,
    /// Models known by name, at most 500.
    pub models: Vec<String>,
    /// Of the last 24 hours; not filled in everywhere.
    pub calls: u64,
    pub errors: u64,
    pub p50_ms: Option<u32>,
}

/// What became of a draft that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    /// It is kept as typed, whatever is wrong with it.
    Kept {
        revision: i64,
        mistakes: Vec<Mistake>,
    },
    Clash(Clash),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Published {
    Done { number: i64, revision: i64 },
    Clash(Clash),
}

/// Somebody else was quicker. Nothing of theirs was overwritten; what was refused is kept aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash {
    /// Their text: the draft, or what is published where there is none.
    pub theirs: String,
    /// To be sent as `seen` once the two are made one.
    pub revision: i64,
    pub author: Option<String>,
    pub at: i64,
}

/// A call to be tried with a config that need not be saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trial {
    /// The config's text.
    pub body: String,
    /// The body of a call to `/v1/chat/completions`.
    pub sample: String,
    /// Such as `x-portkey-metadata`; keys and configs are left out of it.
    pub headers: Vec<(String, String)>,
    /// By the JSON path of a target, such as `targets[0]`.
    pub chaos: Vec<(String, Chaos)>,
    /// Nothing is sent.
    pub dry: bool,
}

/// What a target is made to do instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chaos {
    /// Answers this status, 400 to 599.
    Status(u16),
    Hang,
    /// Breaks off after so many chunks of its answer.
    Cut(u32),
}

/// What a try showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Absent where the call was refused before it was planned.
    pub explain: Option<Explain>,
    /// Of the answer; 0 where nothing was sent.
    pub status: u16,
    /// The answer's body, or what the gateway says in its place; at most 64 KiB of it.
    pub answer: String,
    /// Id of the log.
    pub log: Option<String>,
}

/// The same as the editor shows it: how calls are explained is the server's to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// HTML.
    pub story: String,
    /// Where the call would go, or went, in this order, as JSON paths such as `targets[0]`.
    pub steps: Vec<String>,
    pub status: u16,
    pub answer: String,
    pub log: Option<String>,
}
