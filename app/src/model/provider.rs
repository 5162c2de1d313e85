//! Providers: a vendor with a credential, called as `@slug`.

use crate::model::Origin;
use serde::{Deserialize, Serialize};

/// What may be opened of a vendor's whole account, and what that shows. It is closed unless somebody opens it.
pub const OPENABLE: [(&str, &str); 4] = [
    ("files", "Files, whoever uploaded them"),
    ("batches", "Batches, whoever started them"),
    ("fine_tuning", "Fine-tuning jobs and their models"),
    ("other", "Every other path of the vendor's API"),
];

/// A connected provider. The credential is sealed; `hint` is all that is shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRow {
    pub id: String,
    pub slug: String,
    /// Slug of the vendor, such as `cerebras`.
    pub vendor: String,
    pub vendor_name: String,
    /// Two letters for the tile.
    pub tile: String,
    /// The base URL in force.
    pub base_url: String,
    /// Such as `csk-…9f2e`; empty where no credential is needed.
    pub hint: String,
    pub origin: Origin,
    pub created_at: i64,
    /// Of the last 24 hours.
    pub calls: u64,
    pub errors: u64,
    /// The median of latency over those hours: SVG text, drawn by the server; empty where nothing was called.
    pub spark: String,
    /// Of the last [`NOW`](super::models::NOW) minutes.
    pub calls_now: u64,
    pub errors_now: u64,
    pub p50_ms: Option<u32>,
    /// How many models are known and switched on.
    pub models: u32,
    /// What callers may see of its whole account, in the words of [`OPENABLE`].
    pub open: Vec<String>,
    /// How the last test went.
    pub test: Option<Tested>,
}

/// How a call for a test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// Milliseconds.
    pub at: i64,
    pub good: bool,
    /// 0: no answer.
    pub status: u16,
    pub took_ms: u32,
    /// What came of it, the provider's own words among it.
    pub words: String,
}

/// A vendor of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorCard {
    pub slug: String,
    pub name: String,
    pub tile: String,
    /// Such as `Chat, embeddings`.
    pub summary: String,
    /// It runs on the reader's own machines.
    pub local: bool,
    pub base_url: String,
    /// A base URL must be given.
    pub needs_base_url: bool,
    /// The vendor takes no key.
    pub keyless: bool,
    /// The variable that makes it ready with no further step, such as `CEREBRAS_API_KEY`.
    pub variable: Option<String>,
}

/// The form for a new provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewProvider {
    pub slug: String,
    pub vendor: String,
    pub key: String,
    /// Empty means the vendor's own.
    pub base_url: String,
    /// What callers may see of its whole account, in the words of [`OPENABLE`].
    pub open: Vec<String>,
}

/// The form for a provider that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditedProvider {
    pub id: String,
    /// A new credential; empty: the one of before stays.
    pub key: String,
    /// Empty means the vendor's own.
    pub base_url: String,
    pub open: Vec<String>,
}

/// Everything the providers page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Providers {
    pub rows: Vec<ProviderRow>,
    pub catalogue: Vec<VendorCard>,
    /// Whether this person may change anything.
    pub editable: bool,
}
