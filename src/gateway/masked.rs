//! Headers as the journal keeps them: every credential is masked before anything is queued.

use http::HeaderMap;
use serde_json::Value;
use std::borrow::Cow;

const MASK: &str = "[masked]";

/// Header lines, `name: value`, with credentials masked: the usual names, whatever sounds like a secret, credentials
/// inside `x-portkey-config`, and the names that `x-portkey-sensitive-headers` lists.
pub fn lines(headers: &HeaderMap) -> String {
    let sensitive = headers.get("x-portkey-sensitive-headers").map(|value| names(value.to_str().unwrap_or_default()));
    let listed = |name: &str| sensitive.as_ref().is_some_and(|names| names.contains(&folded(name)));
    let mut block = String::with_capacity(headers.len() * 48);
    for (name, value) in headers {
        let name = name.as_str();
        let shown = if value.is_sensitive() || secret(name) || listed(name) {
            Cow::Borrowed(MASK)
        } else if name == "x-portkey-config" {
            config(value.to_str().unwrap_or_default())
        } else {
            match value.to_str() {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Borrowed("[not text]"),
            }
        };
        for part in [name, ": ", &shown, "\n"] {
            block.push_str(part);
        }
    }
    block
}

/// The names of a header list, folded: `a, b`, `['a', 'b']` and `["a"]` read alike.
pub fn names(list: &str) -> Vec<String> {
    list.split(',').map(folded).filter(|name| !name.is_empty()).collect()
}

/// A header name for comparison: letters and digits only, since SDKs differ in case, `_` and `-`.
fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn secret(name: &str) -> bool {
    match name {
        "authorization"
        | "proxy-authorization"
        | "cookie"
        | "set-cookie"
        | "x-portkey-api-key"
        | "x-api-key"
        | "api-key" => true,
        "x-portkey-config" | "x-portkey-virtual-key" => false,
        // What nearly every call has need not be searched.
        "host" | "accept" | "accept-encoding" | "connection" | "content-length" | "content-type" | "date"
        | "user-agent" | "x-portkey-trace-id" => false,
        _ => {
            ["secret", "token", "password", "credential", "private-key", "passphrase", "service-account", "access-key"]
                .iter()
                .any(|word| name.contains(word))
        }
    }
}

fn config(text: &str) -> Cow<'_, str> {
    if text.starts_with("pc-") {
        return Cow::Borrowed(text);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            mask(&mut value);
            Cow::Owned(value.to_string())
        }
        Err(_) => Cow::Borrowed(MASK),
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if credential(name) && !value.is_null() {
                    *value = MASK.into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

fn credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "authorization"
        || [
            "api_key",
            "apikey",
            "api-key",
            "secret",
            "password",
            "access_key",
            "private_key",
            "passphrase",
            "service_account",
        ]
        .iter()
        .any(|word| name.contains(word))
        || name.ends_with("token")
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
    fn the_rest_is_kept() {
        let block = block(&[("user-agent", "curl/8"), ("x-portkey-config", "pc-main"), ("x-portkey-provider", "@a")]);
        assert_eq!(block, "user-agent: curl/8\nx-portkey-config: pc-main\nx-portkey-provider: @a\n");
    }
}
