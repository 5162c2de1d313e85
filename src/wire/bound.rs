//! How much a call may answer: the bound that its body names, and the one that is put there.

use super::body::Body;
use super::vendors::Endpoint;
use bytes::Bytes;
use serde_json::Value;

/// What a body says of the length of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Tokens of one answer at most; `None`: the body leaves it open.
    pub given: Option<u64>,
    /// Answers that it asks for.
    pub copies: u64,
    /// What stands in `given`'s place where it is open.
    pub most: u64,
}

/// Reads it. `None`: this endpoint writes nothing that has a length, such as embeddings.
pub fn length(body: &Body, endpoint: Endpoint, vendor: &str, model: &str) -> Option<Length> {
    let names = names(endpoint)?;
    let number = |name: &&str| body.raw(name).and_then(|raw| whole(raw.get()));
    let given = names.iter().filter_map(number).max();
    // Some vendors take "3" for 3.
    let count = |name: &&str| body.raw(name).and_then(|raw| whole(raw.get().trim_matches('"').trim()));
    let copies = ["n", "best_of"].iter().filter_map(count).max().unwrap_or(1).max(1);
    let copies = copies.saturating_mul(if endpoint == Endpoint::Complete { prompts(body) } else { 1 });
    let most = match endpoint {
        // OpenAI's own bound where a completion names none.
        Endpoint::Complete if vendor == "openai" => 16,
        _ => most(model),
    };
    Some(Length { given, copies, most })
}

/// How many prompts a completion answers, each for itself: texts, or lists of tokens.
fn prompts(body: &Body) -> u64 {
    let several = body.read::<Vec<Value>>("prompt").filter(|prompts| !prompts.iter().all(Value::is_number));
    several.map_or(1, |prompts| u64::try_from(prompts.len()).unwrap_or(u64::MAX).max(1))
}

/// A field that names a bound which is none, such as `-1` or a text.
pub fn unread(body: &Body, endpoint: Endpoint) -> Option<&'static str> {
    let odd = |name: &&&str| body.raw(name).is_some_and(|raw| raw.get() != "null" && whole(raw.get()).is_none());
    names(endpoint)?.iter().find(odd).copied()
}

/// The body with the bound put in, under the name that the vendor knows.
pub fn put(body: &Body, endpoint: Endpoint, vendor: &str, bound: u64) -> Bytes {
    let name = match endpoint {
        Endpoint::Respond => "max_output_tokens",
        Endpoint::Chat if matches!(vendor, "openai" | "azure-openai") => "max_completion_tokens",
        _ => "max_tokens",
    };
    body.bytes_with(names(endpoint).unwrap_or_default(), (name, &bound.to_string()))
}

fn names(endpoint: Endpoint) -> Option<&'static [&'static str]> {
    match endpoint {
        Endpoint::Chat => Some(&["max_completion_tokens", "max_tokens"]),
        Endpoint::Complete => Some(&["max_tokens"]),
        Endpoint::Respond => Some(&["max_output_tokens"]),
        _ => None,
    }
}

/// Also such as `16.0` and `1e3`.
fn whole(text: &str) -> Option<u64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = text.parse::<f64>().ok().filter(|number| (0.0..1e12).contains(number))?;
    format!("{:.0}", number.ceil()).parse().ok()
}

/// The most that a model writes in one answer.
pub fn most(model: &str) -> u64 {
    let name = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
    MOST.iter().find(|(prefix, _)| name.starts_with(prefix)).map_or(USUAL, |(_, most)| *most)
}

/// What every model of the last years writes.
const USUAL: u64 = 4_096;

/// By the beginning of a model's name; the first one counts.
const MOST: &[(&str, u64)] = &[
    ("gpt-oss", 32_768),
    ("gpt-5", 128_000),
    ("gpt-4.1", 32_768),
    ("gpt-4.5", 16_384),
    ("gpt-4o", 16_384),
    ("chatgpt-4o", 16_384),
    ("gpt-4-turbo", 4_096),
    ("gpt-4", 8_192),
    ("gpt-3.5", 4_096),
    ("o1-preview", 32_768),
    ("o1-mini", 65_536),
    ("o1", 100_000),
    ("o3", 100_000),
    ("o4", 100_000),
    ("claude-opus-4-1", 32_000),
    ("claude-opus-4-0", 32_000),
    ("claude-opus-4-2", 32_000),
    ("claude-opus-4", 64_000),
    ("claude-sonnet-4", 64_000),
    ("claude-haiku-4", 64_000),
    ("claude-3-7", 64_000),
    ("claude-3-5", 8_192),
    ("claude-3", 4_096),
    ("gemini-2.5", 65_535),
    ("gemini-3", 65_535),
    ("gemini", 8_192),
    ("llama-3.3", 32_768),
    ("llama-3.1", 8_192),
    ("llama3.1", 8_192),
    ("llama-4", 8_192),
    ("qwen-3", 32_768),
    ("qwen3", 32_768),
    ("zai-glm", 32_768),
    ("deepseek", 8_192),
    ("grok", 32_768),
    ("kimi", 16_384),
];

#[cfg(test)]
mod tests {
    use super::{Length, length, most, put, unread};
    use crate::wire::body::Body;
    use crate::wire::vendors::Endpoint;

    #[test]
    fn the_bound_of_a_body_is_read_in_every_spelling() {
        for (text, endpoint, vendor, given, copies, most) in [
            ("{}", Endpoint::Chat, "openai", None, 1, 16_384),
            (r#"{"max_tokens":5}"#, Endpoint::Chat, "openai", Some(5), 1, 16_384),
            (r#"{"max_tokens":5,"max_completion_tokens":9,"n":3}"#, Endpoint::Chat, "groq", Some(9), 3, 16_384),
            (r#"{"max_tokens":null,"n":0}"#, Endpoint::Chat, "groq", None, 1, 16_384),
            (r#"{"max_tokens":"5"}"#, Endpoint::Chat, "groq", None, 1, 16_384),
            (r#"{"n":"3"}"#, Endpoint::Chat, "groq", None, 3, 16_384),
            (r#"{"n":" 2.0 ","best_of":"many"}"#, Endpoint::Chat, "groq", None, 2, 16_384),
            (r#"{"max_tokens":1e3}"#, Endpoint::Chat, "groq", Some(1_000), 1, 16_384),
            (r#"{"best_of":2}"#, Endpoint::Complete, "openai", None, 2, 16),
            (r#"{"prompt":["a","b"],"n":3}"#, Endpoint::Complete, "openai", None, 6, 16),
            (r#"{"prompt":[[1,2],[3]]}"#, Endpoint::Complete, "openai", None, 2, 16),
            (r#"{"prompt":[1,2,3]}"#, Endpoint::Complete, "openai", None, 1, 16),
            (r#"{"prompt":"a","max_tokens":9}"#, Endpoint::Complete, "openai", Some(9), 1, 16),
            (r#"{"max_output_tokens":7}"#, Endpoint::Respond, "openai", Some(7), 1, 16_384),
        ] {
            let body = Body::parse(&text.into()).expect(text);
            let found = length(&body, endpoint, vendor, "gpt-4o");
            assert_eq!(found, Some(Length { given, copies, most }), "{text}");
            assert_eq!(length(&body, Endpoint::Embed, vendor, "gpt-4o"), None);
        }
    }

    #[test]
    fn a_bound_that_is_none_is_found() {
        for (text, name) in [
            (r#"{"max_tokens":-1}"#, Some("max_tokens")),
            (r#"{"max_tokens":1,"max_completion_tokens":"5"}"#, Some("max_completion_tokens")),
            (r#"{"max_tokens":1e30}"#, Some("max_tokens")),
            (r#"{"max_tokens":null}"#, None),
            (r#"{"max_tokens":16.0}"#, None),
        ] {
            assert_eq!(unread(&Body::parse(&text.into()).expect(text), Endpoint::Chat), name, "{text}");
        }
    }

    #[test]
    fn a_bound_is_put_where_the_vendor_looks() {
        for (endpoint, vendor, written) in [
            (Endpoint::Chat, "openai", r#"{"model":"m","max_completion_tokens":300}"#),
            (Endpoint::Chat, "cerebras", r#"{"model":"m","max_tokens":300}"#),
            (Endpoint::Respond, "openai", r#"{"model":"m","max_output_tokens":300}"#),
        ] {
            for open in ["", r#""max_tokens":null,"#] {
                let open = if endpoint == Endpoint::Respond { open.replace("max", "max_output") } else { open.into() };
                let body = Body::parse(&format!(r#"{{{open}"model":"m"}}"#).into()).expect("an object");
                assert_eq!(put(&body, endpoint, vendor, 300), written);
            }
        }
    }

    #[test]
    fn a_model_is_known_by_the_beginning_of_its_name() {
        for (model, tokens) in [
            ("gpt-4o-mini-2024-07-18", 16_384),
            ("openai/gpt-oss-120b", 32_768),
            ("claude-opus-4-20250514", 32_000),
            ("claude-opus-4-5", 64_000),
            ("LLaMA3.1-8b", 8_192),
            ("echo", 4_096),
        ] {
            assert_eq!(most(model), tokens, "{model}");
        }
    }
}
