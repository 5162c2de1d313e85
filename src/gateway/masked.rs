//! Headers as the journal keeps them: every credential is masked before anything is queued.

use crate::gateway::names;
use crate::journal::secrets::{MASK, Secrets};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::Value;
use std::borrow::Cow;

/// Header lines, `name: value`, with credentials masked: what goes by a credential's name, what JSON in a header holds
/// under such a name, and the names that `x-portkey-sensitive-headers` lists.
pub fn lines(headers: &HeaderMap) -> String {
    let sensitive = headers.get_all(&names::SENSITIVE_HEADERS).iter();
    let sensitive = sensitive.flat_map(|value| folded_list(value.to_str().unwrap_or_default())).collect::<Vec<_>>();
    let mut block = String::with_capacity(headers.len() * 48);
    for (name, value) in headers {
        let known = sensitive.is_empty() && usual(name.as_str());
        let masked = value.is_sensitive() || name == AUTHORIZATION;
        let shown = if masked || !known && hidden(&folded(name.as_str()), &sensitive) {
            Cow::Borrowed(MASK)
        } else {
            value.to_str().map_or(Cow::Borrowed("[not text]"), open)
        };
        for part in [name.as_str(), ": ", &shown, "\n"] {
            block.push_str(part);
        }
    }
    block
}

/// The credentials among headers.
pub fn credentials(headers: &HeaderMap) -> Secrets {
    let mut secrets = Secrets::default();
    for (name, value) in headers {
        if value.is_sensitive() || !usual(name.as_str()) && secret(&folded(name.as_str())) {
            secrets.add(value.as_bytes());
        }
    }
    secrets
}

/// The names of a header list, folded: `a, b`, `['a', 'b']` and `["a"]` read alike.
pub fn folded_list(list: &str) -> Vec<String> {
    list.split(',').map(folded).filter(|name| !name.is_empty()).collect()
}

/// A header name for comparison: letters and digits only, since SDKs differ in case, `_` and `-`.
pub fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The names that nearly every call has are no credential's.
fn usual(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "accept"
            | "accept-encoding"
            | "connection"
            | "content-length"
            | "content-type"
            | "date"
            | "server"
            | "transfer-encoding"
            | "user-agent"
            | "x-portkey-package-version"
            | "x-portkey-provider"
            | "x-portkey-runtime"
            | "x-portkey-runtime-version"
            | "x-portkey-strict-open-ai-compliance"
            | "x-portkey-trace-id"
            | "x-request-id"
            | "x-stainless-arch"
            | "x-stainless-async"
            | "x-stainless-lang"
            | "x-stainless-os"
            | "x-stainless-package-version"
            | "x-stainless-read-timeout"
            | "x-stainless-retry-count"
            | "x-stainless-runtime"
            | "x-stainless-runtime-version"
            | "x-stainless-timeout"
    )
}

fn hidden(folded: &str, listed: &[String]) -> bool {
    secret(folded) || listed.iter().any(|listed| listed == folded)
}

/// Whether a folded name, of a header or of a field, is one that credentials go by.
fn secret(name: &str) -> bool {
    const WORDS: [&str; 15] = [
        "accesskey",
        "apikey",
        "assertion",
        "authorization",
        "authtoken",
        "cookie",
        "credential",
        "jwt",
        "passphrase",
        "password",
        "privatekey",
        "secret",
        "serviceaccount",
        "signature",
        "subscription",
    ];
    const ENDS: [&str; 4] = ["auth", "bearer", "key", "token"];
    const READABLE: [&str; 5] =
        ["idempotencykey", "secwebsocketkey", "virtualkey", "xidempotencykey", "xportkeyvirtualkey"];
    !READABLE.contains(&name)
        && !name.starts_with("xportkeycache")
        && (WORDS.iter().any(|word| name.contains(word)) || ENDS.iter().any(|end| name.ends_with(end)))
}

/// A value whose name tells nothing: JSON is looked into, and masked whole where it cannot be read.
fn open(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with(['{', '[']) {
        return Cow::Borrowed(text);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            if mask(&mut value) {
                Cow::Owned(value.to_string())
            } else {
                Cow::Borrowed(text)
            }
        }
        Err(_) if text.contains('{') => Cow::Borrowed(MASK),
        Err(_) => Cow::Borrowed(text),
    }
}

/// Whether anything had to be masked.
fn mask(value: &mut Value) -> bool {
    let mut masked = false;
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| masked |= field(name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| masked |= mask(item)),
        _ => {}
    }
    masked
}

fn field(name: &str, value: &mut Value) -> bool {
    // A condition's field is a question about the call, whatever it is called.
    let asks = ["metadata.", "params."].iter().any(|side| name.starts_with(side));
    if asks || value.is_null() || !secret(&folded(name)) {
        return mask(value);
    }
    *value = MASK.into();
    true
}

#[cfg(test)]
mod tests {
    use super::lines;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn block(rows: &[(&str, &str)]) -> String {
        let rows = rows.iter().map(|(name, value)| {
            (HeaderName::try_from(*name).expect("a name"), HeaderValue::from_str(value).expect("a value"))
        });
        lines(&rows.collect::<HeaderMap>())
    }

    #[test]
    fn no_credential_is_kept() {
        for (name, value) in [
            ("authorization", "Bearer SECRET"),
            ("x-portkey-api-key", "SECRET"),
            ("x-api-key", "SECRET"),
            ("cookie", "a=SECRET"),
            ("x-portkey-aws-secret-access-key", "SECRET"),
            ("x-portkey-aws-session-token", "SECRET"),
            ("x-portkey-vertex-service-account-json", "SECRET"),
            ("x-portkey-azure-ad-token", "SECRET"),
            (
                "x-portkey-config",
                r#"{"targets":[{"provider":"openai","api_key":"SECRET","aws_secret_access_key":"SECRET"}]}"#,
            ),
            ("x-portkey-config", "{not json SECRET"),
            ("x-portkey-config", r#"{"awsAccessKeyId":"SECRET"}"#),
            ("x-portkey-config", r#"{"workers_ai_key":"SECRET","key":"SECRET"}"#),
            ("x-portkey-config", r#"{"credentials":{"any":["SECRET"]}}"#),
            ("x-portkey-config", r#"{"custom_headers":{"x-key":"SECRET"}}"#),
            ("x-portkey-azure-extra-params", r#" {"client":{"token":"SECRET"}}"#),
            ("x-portkey-provider", r#"{"provider":"openai","api_key":"SECRET"}"#),
            ("x-portkey-trace-id", r#"{"api_key":"SECRET"}"#),
            ("x-portkey-default-input-guardrails", r#"[{"webhook":{"headers":{"Authorization":"SECRET"}}}]"#),
            ("x-portkey-default-output-guardrails", r#"[{"not json SECRET"#),
            ("x-goog-api-key", "SECRET"),
            ("x-portkey-openai-api-key", "SECRET"),
            ("x-openai-api-key", "SECRET"),
            ("apikey", "SECRET"),
            ("ocp-apim-subscription-key", "SECRET"),
            ("x-functions-key", "SECRET"),
            ("x-auth-key", "SECRET"),
            ("x-auth", "SECRET"),
            ("x-auth-token", "SECRET"),
            ("cf-aig-authorization", "SECRET"),
            ("cf-access-jwt-assertion", "SECRET"),
            ("x-amz-signature", "SECRET"),
            ("x-amz-security-token", "SECRET"),
        ] {
            let block = block(&[(name, value)]);
            assert!(!block.contains("SECRET"), "{name}: {block}");
            assert!(block.contains(name), "{name}: {block}");
        }
    }

    #[test]
    fn listed_names_are_masked_however_the_list_is_written() {
        for list in ["x-mine", "['x-mine', 'other']", r#"["X_Mine"]"#, "a, X-Mine"] {
            let block = block(&[("x-mine", "SECRET"), ("x-portkey-sensitive-headers", list)]);
            assert!(!block.contains("SECRET"), "{list}: {block}");
        }
    }

    #[test]
    fn every_line_of_the_list_counts() {
        let lists = [("x-portkey-sensitive-headers", "x-a"), ("x-portkey-sensitive-headers", "x-mine")];
        let block = block(&[("x-mine", "SECRET"), lists[0], lists[1]]);
        assert!(!block.contains("SECRET"), "{block}");
    }

    #[test]
    fn the_rest_is_kept() {
        for (name, value) in [
            ("user-agent", "curl/8"),
            ("x-portkey-provider", "@a"),
            ("x-portkey-config", "pc-main"),
            ("x-portkey-config", r#"{"targets":[{"virtual_key":"a","stream":{"first_token_timeout":5}}], "b":1.50}"#),
            ("x-portkey-config", r#"{"conditions":[{"query":{"metadata.key":{"$eq":"gold"}}}]}"#),
            ("x-portkey-virtual-key", "alpha"),
            ("x-portkey-cache-namespace", "n"),
            ("x-portkey-cache-force-refresh", "true"),
            ("x-portkey-metadata", r#"{"team":"a", "max_tokens":5}"#),
            ("x-portkey-sensitive-headers", "['a']"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-limit-tokens-usage-based", "10"),
            ("idempotency-key", "i-1"),
        ] {
            assert_eq!(block(&[(name, value)]), format!("{name}: {value}\n"));
        }
    }
}
