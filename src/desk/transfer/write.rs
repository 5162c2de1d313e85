//! The setup as the text of a set-up file, secrets left out: pure.

mod limits;

use super::Present;
use super::plan::holder;
use crate::limit::rule::Scope;
use crate::store::keys::{KIND, StoredKey};
use crate::store::models::{ALL, StoredModel, StoredPrice};
use crate::store::providers::{Standing, StoredProvider};
use crate::wire::vendors::vendor;
use jiff::Timestamp;
use serde_json::Value;
use std::fmt::Write;

/// Stands where a config holds a secret.
pub const LEFT_OUT: &str = "LEFT-OUT-OF-THE-EXPORT";
/// Keys of a config whose values are secrets.
const SECRETS: [&str; 8] = [
    "api_key",
    "azure_ad_token",
    "azure_entra_client_secret",
    "aws_secret_access_key",
    "aws_session_token",
    "oracle_private_key",
    "oracle_key_passphrase",
    "workers_ai_api_key",
];

const HEAD: &str = "\
# The routing setup of a Switchyard workspace, as a set-up file.
# Secrets are left out. Started with this file (--setup), the server takes them from the variables named here; imported
# in a console, providers keep or ask for their keys there, and new API keys get new secrets.
";

/// What is live and published; the sandbox is always there. Each limit stands with its owner.
pub fn write(present: &Present, workspace: &str, now: i64) -> String {
    let mut text = format!("{HEAD}# Workspace {workspace}, {}.\n", moment(now));
    for row in present.providers.iter().filter(|row| row.slug != crate::settings::SANDBOX) {
        provider(&mut text, row, holder(row, present));
        let of = |scope: &Scope| limits::of(present, scope);
        limits::owned(&mut text, "provider", &row.slug, of(&Scope::Provider(row.id.clone())));
        limits::owned(&mut text, "provider.shared", &row.slug, of(&Scope::Integration(row.id.clone())));
    }
    present
        .models
        .iter()
        .filter(|row| said(row, closed(&present.models, &row.provider)))
        .for_each(|row| model(&mut text, row));
    present.prices.iter().for_each(|row| price(&mut text, row));
    for row in present.configs.iter().filter(|row| row.number > 0) {
        text += "\n[[config]]\n";
        line(&mut text, "id", &quoted(&row.slug));
        line(&mut text, "name", &quoted(&row.name));
        line(&mut text, "body", &long(&masked(&row.body)));
    }
    for row in present.keys.iter().filter(|row| row.revoked_at.is_none()) {
        key(&mut text, row);
        limits::owned(&mut text, "api_key", &row.name, limits::of(present, &Scope::Key(row.id.clone())));
    }
    let all = limits::of(present, &Scope::Workspace);
    limits::owned(&mut text, "workspace", crate::settings::WORKSPACE_LIMIT, all);
    limits::policies(&mut text, limits::of(present, &Scope::Policy));
    text
}

/// A config's text without what is secret in it; the text itself where nothing is.
pub fn masked(body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.trim_end().to_owned() };
    if hide(&mut value) { serde_json::to_string_pretty(&value).unwrap_or_default() } else { body.trim_end().to_owned() }
}

/// A model that differs from what nothing is said of; `closed`: that is off, so that each one counts.
pub fn said(row: &StoredModel, closed: bool) -> bool {
    row.custom || !row.enabled || row.context.is_some() || closed
}

/// Whether models of the provider that nothing is said of are off.
pub fn closed(models: &[StoredModel], provider: &str) -> bool {
    models.iter().any(|row| row.provider == provider && row.model == ALL && !row.enabled)
}

pub fn moment(at: i64) -> String {
    Timestamp::from_millisecond(at).map(|at| at.to_string()).unwrap_or_default()
}

/// `holder`: slug of the provider whose credential it has.
fn provider(text: &mut String, row: &StoredProvider, holder: Option<&str>) {
    *text += "\n[[provider]]\n";
    line(text, "slug", &quoted(&row.slug));
    if !row.name.is_empty() {
        line(text, "name", &quoted(&row.name));
    }
    if !row.note.is_empty() {
        line(text, "note", &quoted(&row.note));
    }
    if row.standing != Standing::default() {
        line(text, "standing", &quoted(row.standing.word()));
    }
    if let Some(holder) = holder {
        return line(text, "integration", &quoted(holder));
    }
    line(text, "vendor", &quoted(&row.vendor));
    if let Some(url) = &row.base_url {
        line(text, "base_url", &quoted(url));
    }
    if row.credential.is_some() {
        let usual = vendor(&row.vendor).and_then(|vendor| vendor.variable).filter(|_| row.slug == row.vendor);
        let variable = usual.map_or_else(|| variable(&row.slug), str::to_owned);
        let hint = row.hint.replace(char::is_control, "");
        line(text, "key_env", &format!("{} # {hint}", quoted(&variable)));
    }
    if !row.open.is_empty() {
        line(text, "open", &list(&row.open));
    }
}

fn model(text: &mut String, row: &StoredModel) {
    *text += "\n[[model]]\n";
    line(text, "provider", &quoted(&row.provider));
    line(text, "model", &quoted(&row.model));
    if row.custom {
        line(text, "custom", "true");
    }
    if !row.enabled {
        line(text, "enabled", "false");
    }
    if let Some(context) = row.context {
        line(text, "context", &context.to_string());
    }
}

fn price(text: &mut String, row: &StoredPrice) {
    *text += "\n[[price]] # US dollars a million tokens\n";
    line(text, "provider", &quoted(&row.provider));
    line(text, "model", &quoted(&row.model));
    let figures = [("input", row.input), ("cached", row.cached), ("output", row.output)];
    for (name, figure) in figures {
        if let Some(micros) = figure {
            line(text, name, &format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000));
        }
    }
    if figures.iter().all(|(_, figure)| figure.is_none()) {
        line(text, "list", "true");
    }
    line(text, "from", &quoted(&moment(row.starts_at)));
}

fn key(text: &mut String, row: &StoredKey) {
    *text += "\n[[api_key]]\n";
    line(text, "name", &quoted(&row.name));
    let variable = variable(&format!("switchyard_{}", row.name));
    line(text, "value_env", &format!("{} # sy-…{}", quoted(&variable), row.last_four));
    if row.kind != KIND {
        line(text, "kind", &quoted(&row.kind));
    }
    if !row.description.is_empty() {
        line(text, "description", &quoted(&row.description));
    }
    line(text, "scopes", &list(&row.scopes));
    if let Some(config) = &row.config {
        line(text, "config", &quoted(config));
    }
    if !row.config_override {
        line(text, "allow_config_override", "false");
    }
    if !row.metadata.is_empty() {
        let pairs: Vec<_> =
            row.metadata.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
        line(text, "metadata", &format!("{{ {} }}", pairs.join(", ")));
    }
    if !row.enforced {
        line(text, "metadata_enforced", "false");
    }
    if !row.allowed.models.is_empty() {
        line(text, "allowed_models", &list(&row.allowed.models));
    }
    if !row.allowed.providers.is_empty() {
        line(text, "allowed_providers", &list(&row.allowed.providers));
    }
    if let Some(end) = row.expires_at {
        line(text, "expires_at", &quoted(&moment(end)));
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    _ = writeln!(text, "{key} = {value}");
}

fn list(items: &[impl AsRef<str>]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// A basic string: what JSON escapes, TOML does too, but for the one control character that JSON leaves.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A text of several lines as it is, where TOML can hold it so.
fn long(text: &str) -> String {
    let plain = !text.contains("'''") && !text.contains(|letter: char| letter.is_control() && letter != '\n');
    if plain { format!("'''\n{text}\n'''") } else { quoted(text) }
}

/// `ci key` is `CI_KEY`, `alpha` is `ALPHA_API_KEY`.
fn variable(name: &str) -> String {
    let letters =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' });
    let mut variable: String = letters.collect();
    if variable.starts_with(|letter: char| letter.is_ascii_digit()) {
        variable.insert(0, '_');
    }
    if !variable.ends_with("KEY") {
        variable += "_API_KEY";
    }
    variable
}

/// Whether there was anything to hide.
fn hide(value: &mut Value) -> bool {
    let mut found = false;
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if SECRETS.contains(&name.as_str()) && value.is_string() {
                    *value = LEFT_OUT.into();
                    found = true;
                }
                found |= hide(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| found |= hide(item)),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{LEFT_OUT, long, masked, quoted, variable};

    #[test]
    fn a_text_of_toml_reads_back_as_it_was() {
        for text in
            ["plain", "a \"quoted\" \\ one", "two\nlines", "tab\tand\u{7f}\u{1}", "it's ''' odd", "naïve ☃", "\r\n"]
        {
            for written in [quoted(text), long(text)] {
                let table: toml::Table = format!("a = {written}").parse().unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(table["a"].as_str().map(str::trim_end), Some(text.trim_end()), "{written}");
            }
        }
    }

    #[test]
    fn a_config_is_written_without_its_secrets() {
        let plain = "{\n  \"provider\": \"@a\"\n}\n";
        assert_eq!(masked(plain), plain.trim_end());
        let secret = r#"{"targets":[{"provider":"openai","api_key":"sk-1"},{"provider":"@b"}]}"#;
        let told = masked(secret);
        assert!(told.contains(LEFT_OUT) && !told.contains("sk-1"), "{told}");
        assert_eq!(masked("{ no json"), "{ no json");
    }

    #[test]
    fn a_variable_is_named_after_its_thing() {
        for (name, wanted) in
            [("alpha", "ALPHA_API_KEY"), ("switchyard_ci", "SWITCHYARD_CI_API_KEY"), ("4-eyes key", "_4_EYES_KEY")]
        {
            assert_eq!(variable(name), wanted);
        }
    }
}
