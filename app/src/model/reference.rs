//! The published description of the API, as a page shows it.

use serde::{Deserialize, Serialize};

/// All of it, grouped by what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub version: String,
    /// Ending in `/v1`.
    pub base_url: String,
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// For links within the page, such as `virtual-keys`.
    pub id: String,
    pub title: String,
    pub operations: Vec<Operation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// With `/v1` before it, where it stands there.
    pub path: String,
    pub summary: String,
    /// One of them is enough; empty where the document does not say.
    pub scopes: Vec<String>,
    /// Each of them is needed.
    pub every: bool,
    pub parameters: Vec<Parameter>,
    /// A command to copy.
    pub sample: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `body`.
    pub place: String,
    pub kind: String,
    pub required: bool,
}
