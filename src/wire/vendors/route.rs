//! Which endpoint a path under `/v1` is, and what of it follows a vendor's address.

use super::Endpoint;
use http::Method;

/// Where a request wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub endpoint: Endpoint,
    /// What follows `/v1`, the query included, such as `/files/file-1/content` or `/batches?limit=2`.
    pub rest: String,
}

/// What people may open of a vendor's account, as providers keep it: each shows more than the caller's own calls.
pub const OPENABLE: [&str; 4] = ["files", "batches", "fine_tuning", "other"];

/// Paths that are this gateway's own business, whether served yet or not: none of them ever goes to a vendor.
const OWN: [&str; 21] = [
    "admin",
    "analytics",
    "api-keys",
    "audit-logs",
    "collections",
    "configs",
    "explain",
    "feedback",
    "guardrails",
    "integrations",
    "labels",
    "logs",
    "mcp-integrations",
    "mcp-servers",
    "model-configs",
    "policies",
    "prompts",
    "providers",
    "scim",
    "secret-references",
    "virtual-keys",
];

/// Methods by path; one that ends in `/*` covers what is below it. What is in no row is [`Endpoint::Other`].
static ROWS: &[(&str, &[Method], Endpoint)] = &[
    ("/chat/completions", &[Method::POST], Endpoint::Chat),
    ("/completions", &[Method::POST], Endpoint::Complete),
    ("/embeddings", &[Method::POST], Endpoint::Embed),
    ("/models", &[Method::GET], Endpoint::Models),
    ("/models/*", &[Method::GET], Endpoint::Models),
    ("/responses", &[Method::POST], Endpoint::Respond),
    ("/responses/*", &[Method::GET, Method::POST, Method::DELETE], Endpoint::Respond),
    ("/images/generations", &[Method::POST], Endpoint::Image),
    ("/images/edits", &[Method::POST], Endpoint::Image),
    ("/images/variations", &[Method::POST], Endpoint::Image),
    ("/audio/speech", &[Method::POST], Endpoint::Speech),
    ("/audio/transcriptions", &[Method::POST], Endpoint::Transcribe),
    ("/audio/translations", &[Method::POST], Endpoint::Translate),
    ("/moderations", &[Method::POST], Endpoint::Moderate),
    ("/rerank", &[Method::POST], Endpoint::Rerank),
    ("/files", &[Method::GET, Method::POST], Endpoint::Files),
    ("/files/*", &[Method::GET, Method::POST, Method::DELETE], Endpoint::Files),
    ("/batches", &[Method::GET, Method::POST], Endpoint::Batches),
    ("/batches/*", &[Method::GET, Method::POST], Endpoint::Batches),
    ("/fine_tuning/*", &[Method::GET, Method::POST, Method::DELETE], Endpoint::FineTune),
    ("/realtime", &[Method::GET], Endpoint::Realtime),
];
const PASSED: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Every path that is an endpoint of its own, with its methods; one that ends in `/*` covers what is below it.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static [Method])> {
    ROWS.iter().map(|(path, methods, _)| (*path, *methods))
}

/// The way of a request, `target` being its path and query from `/v1` on; the legacy `/v1/proxy` says nothing.
/// `None` where it is no path of a vendor, or could be read as another one.
pub fn route(method: &Method, target: &str) -> Option<Route> {
    let rest = target.strip_prefix("/v1")?;
    let rest = rest.strip_prefix("/proxy").filter(|rest| rest.starts_with('/')).unwrap_or(rest);
    let path = rest.split('?').next()?.to_ascii_lowercase();
    let path = path.strip_suffix('/').unwrap_or(&path);
    let first = path.strip_prefix('/')?.split('/').next()?;
    // The SDKs escape the slashes of a model's id.
    let read = if first == "models" { path.replace("%2f", "/") } else { path.to_owned() };
    if !plain(&read) || OWN.contains(&first) || !PASSED.contains(method) {
        return None;
    }
    let covers = |row: &str| match row.strip_suffix('*') {
        Some(above) => path.len() > above.len() && path.starts_with(above),
        None => path == row,
    };
    let row = ROWS.iter().find(|(row, methods, _)| covers(row) && methods.contains(method));
    Some(Route { endpoint: row.map_or(Endpoint::Other, |(_, _, endpoint)| *endpoint), rest: rest.to_owned() })
}

/// Whether a vendor reads the path as we do: no empty or dotted parts, and nothing escaped that needs no escape or
/// that divides.
fn plain(path: &str) -> bool {
    let mut escapes = path.split('%');
    escapes.next();
    let escaped = |escape: &str| {
        let byte = escape.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        byte.is_some_and(|byte| {
            !byte.is_ascii_alphanumeric() && !byte.is_ascii_control() && !b"-._~/\\%".contains(&byte)
        })
    };
    path.strip_prefix('/').is_some_and(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")))
        && !path.contains(['\\', ';'])
        && escapes.all(escaped)
}

#[cfg(test)]
mod tests {
    use super::super::{Endpoint, vendor};
    use super::{OPENABLE, ROWS, Route, route};
    use http::Method;
    use std::collections::BTreeSet;

    #[test]
    fn a_path_and_a_method_are_an_endpoint() {
        for (method, target, endpoint) in [
            ("POST", "/v1/chat/completions", Endpoint::Chat),
            ("POST", "/v1/chat/completions/", Endpoint::Chat),
            ("GET", "/v1/chat/completions", Endpoint::Other),
            ("POST", "/v1/proxy/chat/completions", Endpoint::Chat),
            ("POST", "/v1/completions", Endpoint::Complete),
            ("POST", "/v1/embeddings", Endpoint::Embed),
            ("GET", "/v1/models?limit=2", Endpoint::Models),
            ("GET", "/v1/models/meta/llama", Endpoint::Models),
            ("GET", "/v1/models/%40sandbox%2Fecho", Endpoint::Models),
            ("DELETE", "/v1/models/ft-1", Endpoint::Other),
            ("POST", "/v1/responses", Endpoint::Respond),
            ("GET", "/v1/responses", Endpoint::Other),
            ("GET", "/v1/responses/r-1/input_items?limit=1", Endpoint::Respond),
            ("DELETE", "/v1/responses/r-1", Endpoint::Respond),
            ("POST", "/v1/images/edits", Endpoint::Image),
            ("POST", "/v1/audio/speech", Endpoint::Speech),
            ("POST", "/v1/audio/transcriptions", Endpoint::Transcribe),
            ("POST", "/v1/audio/translations", Endpoint::Translate),
            ("POST", "/v1/moderations", Endpoint::Moderate),
            ("POST", "/v1/rerank", Endpoint::Rerank),
            ("GET", "/v1/files?purpose=batch", Endpoint::Files),
            ("GET", "/v1/files/file-1/content", Endpoint::Files),
            ("GET", "/v1/FILES", Endpoint::Files),
            ("PUT", "/v1/files", Endpoint::Other),
            ("POST", "/v1/batches/b-1/cancel", Endpoint::Batches),
            ("POST", "/v1/fine_tuning/jobs", Endpoint::FineTune),
            ("GET", "/v1/realtime?model=m", Endpoint::Realtime),
            ("POST", "/v1/realtime/client_secrets", Endpoint::Other),
            ("GET", "/v1/vector_stores", Endpoint::Other),
            ("POST", "/v1/threads/t%3A1/runs", Endpoint::Other),
            ("POST", "/v1/proxy", Endpoint::Other),
        ] {
            let method = method.parse().expect("a method");
            assert_eq!(route(&method, target).map(|route| route.endpoint), Some(endpoint), "{method} {target}");
        }
    }

    #[test]
    fn what_is_ours_or_ambiguous_goes_nowhere() {
        for target in [
            "/v1",
            "/v1/",
            "/v2/files",
            "/v1//files",
            "/v1/a/../files",
            "/v1/./files",
            "/v1/a/%2e%2e/files",
            "/v1/%66iles",
            "/v1/a%2Ffiles",
            "/v1/models/%40alpha%2F..%2Ffiles",
            "/v1/models/a%2F%2Ffiles",
            "/v1/models/a%252Ffiles",
            "/v1/a%252Ffiles",
            "/v1/a%5Cfiles",
            "/v1/a;b/files",
            "/v1/a%00",
            "/v1/a%0d%0a",
            "/v1/a%",
            "/v1/a%zz",
            "/v1/configs",
            "/v1/CONFIGS/pc-1",
            "/v1/api-keys",
            "/v1/admin/users",
            "/v1/proxy/configs",
            "/v1files",
        ] {
            assert_eq!(route(&Method::GET, target), None, "{target}");
        }
        for method in [Method::HEAD, Method::OPTIONS, Method::TRACE, Method::CONNECT] {
            assert_eq!(route(&method, "/v1/files"), None, "{method}");
        }
    }

    #[test]
    fn each_vendor_has_the_path_under_its_own_address() {
        for (slug, method, target, address) in [
            ("openai", Method::POST, "/v1/chat/completions?x=1", Some("https://h/v1/chat/completions")),
            ("openai", Method::GET, "/v1/files?limit=2", Some("https://h/v1/files?limit=2")),
            ("openai", Method::GET, "/v1/realtime?model=m", Some("https://h/v1/realtime?model=m")),
            ("openai", Method::GET, "/v1/models/gpt%3A1", Some("https://h/v1/models/gpt%3A1")),
            ("openai", Method::POST, "/v1/proxy/images/edits", Some("https://h/v1/images/edits")),
            ("openai", Method::POST, "/v1/rerank", None),
            ("together-ai", Method::POST, "/v1/rerank", Some("https://h/v1/v1/rerank")),
            ("lepton", Method::POST, "/v1/audio/transcriptions", Some("https://h/v1/api/v1/audio/transcriptions")),
            ("cerebras", Method::POST, "/v1/embeddings", None),
            ("cerebras", Method::POST, "/v1/audio/speech", None),
            ("cerebras", Method::GET, "/v1/anything", Some("https://h/v1/anything")),
        ] {
            let Route { endpoint, .. } = route(&method, target).expect(target);
            let vendor = vendor(slug).expect(slug);
            let made = vendor.address("https://h/v1/", &route(&method, target).expect(target));
            assert_eq!(made.map(|uri| uri.to_string()).as_deref(), address, "{slug} {target}");
            assert_eq!(vendor.serves(endpoint), address.is_some(), "{slug} {target}");
        }
    }

    #[test]
    fn what_shows_the_account_is_opened_by_a_word_of_the_list() {
        let opened: BTreeSet<_> = ROWS.iter().filter_map(|(_, _, endpoint)| endpoint.opened_by()).collect();
        let mut listed: BTreeSet<_> = OPENABLE.into();
        assert_eq!(Endpoint::Other.opened_by(), Some("other"));
        listed.remove("other");
        assert_eq!(opened, listed);
    }
}
