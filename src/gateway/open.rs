//! Whether a provider has what a path asks for, and whether it is open to this caller.

use crate::book::ProviderEntry;
use crate::gateway::refusal::Refusal;
use crate::wire::vendors::{Endpoint, Kind, Route, VENDORS};
use http::{StatusCode, Uri};
use std::sync::Arc;

/// How many vendors a refusal names.
const NAMED: usize = 6;

/// What the answer depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub route: &'a Route,
    pub provider: &'a ProviderEntry,
    /// The providers of the caller's workspace.
    pub connected: &'a [Arc<ProviderEntry>],
}

/// Where the request goes.
///
/// # Errors
/// 400 where the vendor has no such endpoint, naming who has; 403 where the provider does not open it.
pub fn address(ask: Ask<'_>) -> Result<Uri, Refusal> {
    let Ask { route, provider, .. } = ask;
    let address = provider.address(route).ok_or_else(|| lacking(&ask))?;
    if provider.opens(route.endpoint) { Ok(address) } else { Err(closed(route.endpoint, provider)) }
}

fn lacking(ask: &Ask<'_>) -> Refusal {
    let Ask { route: Route { endpoint, .. }, provider, connected } = ask;
    let message =
        format!("{} is not supported by {}. {}", endpoint.name(), provider.vendor.slug, capable(*endpoint, connected));
    Refusal { code: Some("endpoint_not_supported"), ..Refusal::invalid(message) }
}

/// Who has it: the providers that are connected, else vendors that can be.
fn capable(endpoint: Endpoint, connected: &[Arc<ProviderEntry>]) -> String {
    let fit = |one: &&Arc<ProviderEntry>| one.vendor.serves(endpoint) && one.opens(endpoint);
    let slugs: Vec<String> = connected.iter().filter(fit).map(|one| format!("@{}", one.slug)).collect();
    if !slugs.is_empty() {
        return format!("Call one that has it: {}.", slugs.join(", "));
    }
    let vendors = VENDORS.iter().filter(|vendor| vendor.kind != Kind::Simulated && vendor.serves(endpoint));
    let names: Vec<&str> = vendors.map(|vendor| vendor.name).take(NAMED).collect();
    format!("Connect one that has it on the Providers page, such as {}.", names.join(", "))
}

fn closed(endpoint: Endpoint, provider: &ProviderEntry) -> Refusal {
    let word = endpoint.opened_by().unwrap_or_default();
    let message = format!(
        "@{slug} does not open this path, since it shows the whole account at {name}. Ask an owner of this workspace to \
         open \"{word}\" for @{slug}: on the Providers page, or as open = [\"{word}\"] in the set-up file.",
        slug = provider.slug,
        name = provider.vendor.name,
    );
    let refusal = Refusal { status: StatusCode::FORBIDDEN, kind: "permission_error", ..Refusal::invalid(message) };
    Refusal { code: Some("endpoint_closed"), param: Some(word.to_owned()), ..refusal }
}

#[cfg(test)]
mod tests {
    use super::{Ask, address};
    use crate::book::ProviderEntry;
    use crate::wire::vendors::{route, vendor};
    use http::Method;
    use std::sync::Arc;

    fn entry(slug: &str, of: &str) -> ProviderEntry {
        ProviderEntry::new(slug.into(), vendor(of).expect(of), "https://h/v1", Some("k"))
    }

    #[test]
    fn a_path_is_served_closed_or_lacking() {
        let connected = [Arc::new(entry("mine", "groq")), Arc::new(entry("plain", "cerebras"))];
        for (of, target, told) in [
            ("openai", "/v1/audio/speech", Ok("https://h/v1/audio/speech")),
            ("openai", "/v1/files", Err((403, r#"open = ["files"]"#))),
            ("openai", "/v1/threads", Err((403, r#"open = ["other"]"#))),
            (
                "cerebras",
                "/v1/audio/speech",
                Err((400, "createSpeech is not supported by cerebras. Call one that has it: @mine.")),
            ),
            ("cerebras", "/v1/files", Err((400, "files is not supported by cerebras. Connect one"))),
            ("cerebras", "/v1/rerank", Err((400, "such as Together AI, Fireworks AI"))),
        ] {
            let provider = entry("alpha", of);
            let route = route(&Method::POST, target).expect(target);
            let ask = Ask { route: &route, provider: &provider, connected: &connected };
            match (address(ask), told) {
                (Ok(uri), Ok(wanted)) => assert_eq!(uri.to_string(), wanted),
                (Err(refusal), Err((status, words))) => {
                    assert_eq!(refusal.status.as_u16(), status, "{target}");
                    assert!(refusal.message.contains(words), "{}", refusal.message);
                }
                (got, _) => panic!("{of} {target}: {got:?}"),
            }
        }
    }

    #[test]
    fn ones_own_account_is_open() {
        let provider = entry("openai", "openai").opened();
        for target in ["/v1/files", "/v1/batches", "/v1/fine_tuning/jobs", "/v1/threads"] {
            let route = route(&Method::GET, target).expect(target);
            assert!(address(Ask { route: &route, provider: &provider, connected: &[] }).is_ok(), "{target}");
        }
    }
}
