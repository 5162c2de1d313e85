//! Saved configs as listed.

use crate::model::Origin;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigRow {
    /// `pc-…`, as clients name it.
    pub slug: String,
    pub name: String,
    /// The JSON text as saved.
    pub body: String,
    pub version: i64,
    pub origin: Origin,
    pub updated_at: i64,
}
