//! Headers that a caller or a config passes on to the provider (contract §1.2, §1.3).

use crate::gateway::caller::{PLACEHOLDER, secret, strip};
use crate::gateway::masked::{folded, folded_list};
use crate::gateway::names;
use crate::gateway::refusal::Refusal;
use http::header::CONNECTION;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What is never passed on, folded: the connection's own, the body's own, and what answers would be packed by.
const CLOSED: [&str; 19] = [
    "acceptencoding",
    "connection",
    "contentencoding",
    "contentlength",
    "contenttype",
    "cookie",
    "cookie2",
    "expect",
    "host",
    "keepalive",
    "proxyauthenticate",
    "proxyauthorization",
    "proxyconnection",
    "setcookie",
    "te",
    "trailer",
    "trailers",
    "transferencoding",
    "upgrade",
];
/// Names that credentials go by; with a stored one, none of them is the caller's to send.
const CREDENTIALS: [&str; 4] = ["apikey", "authorization", "xapikey", "xgoogapikey"];

/// The names that the request itself lists, over what a config lists. `a, b`, `['a', 'b']` and `["a"]` read alike.
pub fn listed(headers: &HeaderMap) -> Option<Vec<String>> {
    headers.get(&names::FORWARD_HEADERS).map(|list| folded_list(list.to_str().unwrap_or_default()))
}

/// The headers of the request that go upstream, over the provider's own. Names match when letters and digits do, since
/// SDKs differ in the rest. `credential` is the header of the stored credential, which nothing may stand over.
///
/// # Errors
/// 400 where the list names itself.
pub fn collect(
    headers: &HeaderMap,
    names: &[String],
    credential: Option<&HeaderName>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    let wanted: Vec<String> = names.iter().map(|name| folded(name)).collect();
    let own = names::FORWARD_HEADERS.as_str();
    if wanted.contains(&folded(own)) {
        let message = format!("forward_headers must not contain the '{own}' header");
        return Err(Refusal { param: Some("forward_headers".into()), ..Refusal::invalid(message) });
    }
    let bound: Vec<String> = headers.get_all(CONNECTION).iter().flat_map(list).collect();
    let passes = |name: &str, value: &HeaderValue| {
        wanted.iter().any(|wanted| wanted == name)
            && !name.starts_with("xportkey")
            && !CLOSED.contains(&name)
            && !bound.iter().any(|bound| bound == name)
            && !credential.is_some_and(|own| folded(own.as_str()) == name || CREDENTIALS.contains(&name))
            && !opens(headers, value)
    };
    let forwarded = headers.iter().filter(|(name, value)| passes(&folded(name.as_str()), value));
    Ok(forwarded.map(|(name, value)| (plain(name), value.clone())).collect())
}

/// Puts them over what the request upstream has.
pub fn place(headers: &mut HeaderMap, forwarded: Vec<(HeaderName, HeaderValue)>) {
    for (name, _) in &forwarded {
        headers.remove(name);
    }
    headers.extend(forwarded);
}

fn list(value: &HeaderValue) -> Vec<String> {
    folded_list(value.to_str().unwrap_or_default())
}

/// Whether it is the key of this gateway, which is nobody else's business, or stands for none at all.
fn opens(headers: &HeaderMap, value: &HeaderValue) -> bool {
    let value = value.to_str().map(strip).unwrap_or_default();
    value == PLACEHOLDER || secret(headers).is_some_and(|secret| secret == value)
}

/// The Node SDK makes `-x-foo` of `XFoo`.
fn plain(name: &HeaderName) -> HeaderName {
    let meant = name.as_str().trim_start_matches('-');
    HeaderName::try_from(meant).unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
mod tests {
    use super::{collect, listed, names, place};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn map(rows: &[(&str, &str)]) -> HeaderMap {
        let rows = rows.iter().map(|(name, value)| {
            (HeaderName::try_from(*name).expect(name), HeaderValue::from_str(value).expect(value))
        });
        rows.collect()
    }

    /// The names that arrive upstream, in order, joined.
    fn forwarded(rows: &[(&str, &str)], list: &str, credential: Option<&HeaderName>) -> String {
        let mut headers = map(rows);
        headers.insert(&names::FORWARD_HEADERS, HeaderValue::from_str(list).expect(list));
        let names = listed(&headers).expect("a list");
        let collected = collect(&headers, &names, credential).expect("headers");
        collected
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().expect("text")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn names_match_however_the_sdk_writes_them() {
        for (header, list) in [
            ("x-foo", "x-foo"),
            ("x-foo", "X-Foo, other"),
            ("x-foo", "X_Foo"),
            ("x-foo", "['x-foo', 'b']"),
            ("x-foo", r#"["x-foo"]"#),
            ("-x-foo", "XFoo"),
            ("x-foo", "XFoo"),
        ] {
            assert_eq!(forwarded(&[("x-key", "k"), (header, "1")], list, None), "x-foo=1", "{header} {list}");
        }
    }

    #[test]
    fn only_what_is_named_goes_and_every_value_of_it() {
        let rows = [("x-a", "1"), ("x-a", "2"), ("x-b", "3"), ("user-agent", "mine")];
        assert_eq!(forwarded(&rows, "x-a, user-agent, absent", None), "x-a=1 x-a=2 user-agent=mine");
        assert_eq!(forwarded(&rows, "", None), "");
    }

    #[test]
    fn what_is_passed_on_stands_over_the_providers_own() {
        let mut headers = map(&[("user-agent", "ours"), ("x-own", "kept"), ("x-a", "0")]);
        let caller = map(&[("user-agent", "theirs"), ("x-a", "1"), ("x-a", "2")]);
        let names = ["user-agent", "x-a"].map(String::from);
        place(&mut headers, collect(&caller, &names, None).expect("headers"));
        assert_eq!(headers, map(&[("x-own", "kept"), ("user-agent", "theirs"), ("x-a", "1"), ("x-a", "2")]));
    }

    #[test]
    fn some_headers_are_never_passed_on() {
        for name in [
            "x-portkey-api-key",
            "x-portkey-config",
            "-x-portkey-metadata",
            "x_portkey_virtual_key",
            "cookie",
            "host",
            "content-length",
            "content-type",
            "accept-encoding",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "expect",
            "proxy-authorization",
            "x-hop",
        ] {
            assert_eq!(forwarded(&[("connection", "x-hop"), (name, "1")], name, None), "", "{name}");
        }
    }

    #[test]
    fn nothing_stands_over_a_stored_credential() {
        let rows =
            [("x-portkey-api-key", "sy-1"), ("authorization", "Bearer mine"), ("x-secret", "s"), ("api-key", "k")];
        let list = "authorization, x-secret, api-key";
        assert_eq!(forwarded(&rows, list, None), "authorization=Bearer mine x-secret=s api-key=k");
        assert_eq!(forwarded(&rows, list, Some(&HeaderName::from_static("x-secret"))), "");
        assert_eq!(forwarded(&rows, list, Some(&http::header::AUTHORIZATION)), "x-secret=s");
    }

    #[test]
    fn the_key_of_the_gateway_stays_here() {
        for rows in [
            &[("authorization", "Bearer sy-1")][..],
            &[("x-portkey-api-key", "sy-1"), ("authorization", "bearer  sy-1")],
            &[("x-portkey-api-key", "sy-1"), ("x-copy", "sy-1")],
            &[("x-api-key", "sy-1")],
            &[("x-api-key", "sy-1"), ("authorization", "Bearer OPENAI_API_KEY")],
        ] {
            assert_eq!(forwarded(rows, "authorization, x-api-key, x-copy", None), "", "{rows:?}");
        }
    }

    #[test]
    fn a_list_that_names_itself_is_refused() {
        for name in ["x-portkey-forward-headers", "X_Portkey_Forward_Headers", "xPortkeyForwardHeaders"] {
            let refusal = collect(&HeaderMap::new(), &[name.to_owned()], None).expect_err(name);
            assert_eq!(refusal.message, "forward_headers must not contain the 'x-portkey-forward-headers' header");
        }
    }
}
