//! A test of a provider: one cheap call with its own credential, told in words that a person can act on.

use crate::book::ProviderEntry;
use crate::gateway::host::Reach;
use crate::gateway::opened::Source;
use crate::gateway::outgoing::signed;
use crate::gateway::relay::{self, Fault};
use crate::house::Shared;
use crate::journal::secrets::Secrets;
use crate::wire::body::Body;
use crate::wire::openai::read_answer;
use crate::wire::vendors::Endpoint;
use app::model::provider::Tested;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a provider may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Letters of what is told.
const WORDS_MOST: usize = 400;
/// Models named as examples.
const EXAMPLES: usize = 3;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Asks for the list of models, or, where the vendor has none, for one token of the first model known.
pub async fn run(house: &Shared, workspace: &str, slug: &str) -> Tested {
    let at = house.clock.now();
    let nothing = |words: &str| Tested { at, good: false, status: 0, took_ms: 0, words: words.into() };
    let book = house.shelf.book();
    let Some(provider) = book.provider(workspace, slug) else {
        return nothing("Its credential cannot be opened with this master key. Enter the key again.");
    };
    let Some(request) = request(house, provider) else {
        return nothing("Nothing that this vendor serves can be tested without cost. Call one of its models.");
    };
    let began = Instant::now();
    let answered = tokio::time::timeout(PATIENCE, answer(house, provider, request)).await;
    let answered = answered.unwrap_or_else(|_| Err(Fault::timeout(PATIENCE)));
    let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    let (status, good, words) = match answered {
        Ok((status, bytes)) => {
            let (good, words) = told(status, &secrets(provider).masked(bytes), provider);
            (status.as_u16(), good, words)
        }
        Err(Fault::Timeout(_)) => (
            0,
            false,
            format!("No answer came within {} s. Check that it is up, and its base URL.", PATIENCE.as_secs()),
        ),
        Err(fault) => (0, false, fault.refusal(slug).message),
    };
    Tested { at, good, status, took_ms, words: short(&words, WORDS_MOST) }
}

fn request(house: &Shared, provider: &ProviderEntry) -> Option<Request<Full<Bytes>>> {
    let (method, uri, body) = match provider.uri(Endpoint::Models) {
        Some(uri) => (Method::GET, uri.clone(), Bytes::new()),
        None => smallest(house, provider)?,
    };
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    request.headers_mut().insert(ACCEPT, JSON);
    signed(request.headers_mut(), provider);
    Some(request)
}

/// The smallest call that the vendor serves.
fn smallest(house: &Shared, provider: &ProviderEntry) -> Option<(Method, Uri, Bytes)> {
    let own = provider.stock.models().find(|(_, item)| item.custom && item.enabled).map(|(model, _)| model.to_owned());
    let model = own.or_else(|| house.prices.models(provider.vendor).into_iter().next())?;
    let chat = json!({ "model": model, "messages": [{ "role": "user", "content": "Hi" }], "max_tokens": 1 });
    let embed = json!({ "model": model, "input": "Hi" });
    let (uri, body) = match provider.uri(Endpoint::Chat) {
        Some(uri) => (uri, chat),
        None => (provider.uri(Endpoint::Embed)?, embed),
    };
    let mut body = Body::parse(&Bytes::from(body.to_string())).ok()?;
    provider.vendor.prepare(&mut body);
    Some((Method::POST, uri.clone(), body.bytes()))
}

async fn answer(
    house: &Shared,
    provider: &ProviderEntry,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), Fault> {
    let (head, body) = house.relay.send(request, PATIENCE, Reach::Stored).await?.into_parts();
    let bytes = relay::whole(&provider.slug, &head.headers, Source::Upstream(body)).await?;
    Ok((head.status, bytes))
}

/// Whether it went well, and what to say of it.
fn told(status: StatusCode, bytes: &[u8], provider: &ProviderEntry) -> (bool, String) {
    let name = provider.vendor.name;
    if status.is_success() {
        return match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => (true, listed(&value).unwrap_or_else(|| "It answered a call for one token.".into())),
            Err(_) => (false, "The answer is not JSON, so this is not its API. Check the base URL.".into()),
        };
    }
    let advice = match status.as_u16() {
        401 | 403 => "Check the key, or enter another one.",
        404 | 405 => "Check the base URL: it goes up to and with /v1 where the vendor has one.",
        429 => "The credential works, and its limit is used up for now. Try again later.",
        500.. => "The provider is in trouble. Try again later.",
        300..=399 => "It sends calls to another address. Enter that one as the base URL.",
        _ => "Try again once this is put right.",
    };
    match read_answer(bytes).error.or_else(|| plain(bytes)) {
        Some(words) => (false, format!("{name} says: “{}” {advice}", short(words.trim(), WORDS_MOST / 2))),
        None => (false, format!("{name} gave no reason. {advice}")),
    }
}

/// `It lists 42 models, such as a, b, c.`
fn listed(value: &Value) -> Option<String> {
    let models = value.as_array().or_else(|| value["data"].as_array()).or_else(|| value["models"].as_array())?;
    let name = |model: &Value| {
        let name = model["id"].as_str().or_else(|| model["name"].as_str()).or_else(|| model.as_str())?;
        Some(short(name, 60))
    };
    let names: Vec<String> = models.iter().filter_map(name).take(EXAMPLES).collect();
    Some(match (models.len(), names.as_slice()) {
        (0, _) => "It answered with an empty list of models.".into(),
        (1, [name]) => format!("It lists one model, {name}."),
        (count, []) => format!("It lists {count} models."),
        (count, names) => format!("It lists {count} models, such as {}.", names.join(", ")),
    })
}

/// A text that is no page of HTML.
fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes.get(..bytes.len().min(4_000))?).ok()?.trim();
    (!text.is_empty() && !text.starts_with('<') && !text.starts_with('{')).then(|| text.to_owned())
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A provider may echo the credential.
fn secrets(provider: &ProviderEntry) -> Secrets {
    let mut secrets = Secrets::default();
    if let Some((_, credential)) = &provider.credential {
        secrets.add(credential.as_bytes());
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::{secrets, told};
    use crate::book::ProviderEntry;
    use crate::wire::vendors::vendor;
    use http::StatusCode;

    fn provider() -> ProviderEntry {
        let vendor = vendor("cerebras").expect("a row");
        ProviderEntry::new("alpha".into(), vendor, "https://a.example/v1", Some("csk-0123456789"))
    }

    #[test]
    fn an_answer_is_told_in_words_to_act_on() {
        for (status, body, good, words) in [
            (
                200,
                r#"{"data":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}"#,
                true,
                "It lists 4 models, such as a, b, c.",
            ),
            (200, r#"[{"id":"a"}]"#, true, "It lists one model, a."),
            (200, r#"{"data":[]}"#, true, "It answered with an empty list of models."),
            (200, r#"{"choices":[]}"#, true, "It answered a call for one token."),
            (200, "<html>Welcome</html>", false, "The answer is not JSON"),
            (401, r#"{"error":{"message":"Wrong API key"}}"#, false, "Cerebras says: “Wrong API key” Check the key"),
            (404, "<html>Not found</html>", false, "Cerebras gave no reason. Check the base URL"),
            (429, "slow down", false, "Cerebras says: “slow down” The credential works"),
            (503, "", false, "Cerebras gave no reason. The provider is in trouble"),
        ] {
            let (was_good, said) = told(StatusCode::from_u16(status).expect("a status"), body.as_bytes(), &provider());
            assert!(was_good == good && said.starts_with(words), "{status} {body}: {said}");
        }
    }

    #[test]
    fn a_credential_that_comes_back_is_masked() {
        let body = format!(r#"{{"error":{{"message":"{} csk-0123456789"}}}}"#, "no such key ".repeat(20));
        let said = told(StatusCode::UNAUTHORIZED, &secrets(&provider()).masked(body.into()), &provider()).1;
        assert!(!said.contains("csk-0123"), "{said}");
    }
}
