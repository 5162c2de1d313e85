//! What a key may do, as the contract names it (§4.2).

/// Scopes offered in the console with their meaning; a key may also carry `*`, everything.
pub const SCOPES: [(&str, &str); 7] = [
    ("completions.write", "Call models"),
    ("models.list", "List models"),
    ("logs.view", "Read one log"),
    ("logs.list", "List logs"),
    ("logs.write", "Write own logs"),
    ("logs.export", "Export logs"),
    ("analytics.view", "Read figures"),
];

/// What a key gets when nothing is said.
pub const DEFAULT_SCOPES: [&str; 2] = ["completions.write", "models.list"];

/// Whether `granted` covers `wanted`: the same word, or `*`.
pub fn covers(granted: &[String], wanted: &str) -> bool {
    granted.iter().any(|scope| scope == wanted || scope == "*")
}
