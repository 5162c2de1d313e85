//! API keys as people see them; the secret exists only in [`MintedKey`].

use crate::model::Origin;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A row of the keys page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    pub id: String,
    pub name: String,
    /// `sy-` and the last four characters are all that is kept in clear.
    pub last_four: String,
    pub scopes: Vec<String>,
    /// Slug of the default config, `pc-…`.
    pub config: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub origin: Origin,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    /// Calls in the last 24 hours.
    pub calls: u64,
}

/// The form for a new key. `metadata` is a JSON object of strings, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewKey {
    pub name: String,
    pub scopes: Vec<String>,
    pub config: String,
    pub metadata: String,
}

/// A key just made: the only time its secret is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintedKey {
    pub id: String,
    pub name: String,
    pub value: String,
}

/// Everything the keys page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub rows: Vec<KeyRow>,
    /// Slug and name of the configs that a key may default to.
    pub configs: Vec<(String, String)>,
    /// Shown once, right after it was made.
    pub fresh: Option<MintedKey>,
    /// The base URL for snippets, ending in `/v1`.
    pub base_url: String,
    /// A model to call in snippets, such as `@sandbox/echo`.
    pub model: String,
}
