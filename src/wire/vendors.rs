//! The vendor table: everything in which one OpenAI-compatible vendor differs from the next, as data.

mod route;
mod table;

use super::body::Body;
use http::Uri;
pub use route::{OPENABLE, Route, route, rows};
use serde_json::value::{RawValue, to_raw_value};
pub use table::VENDORS;

/// One vendor. A new one is a row in the table, not a file.
#[derive(Clone, Copy, Debug)]
pub struct Vendor {
    /// What stands in `x-portkey-provider` and in the set-up file.
    pub slug: &'static str,
    pub name: &'static str,
    /// Two letters for the tile.
    pub tile: &'static str,
    pub kind: Kind,
    pub base: Base,
    pub auth: Auth,
    pub paths: Paths,
    /// What else it has, at OpenAI's paths.
    pub also: &'static [Endpoint],
    /// Sent with every call, besides the credential.
    pub headers: &'static [(&'static str, &'static str)],
    pub quirks: &'static [Quirk],
    /// The variable that makes the vendor ready with no further step.
    pub variable: Option<&'static str>,
    /// The vendor's id in the price data of `genai-prices`.
    pub prices: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Cloud,
    /// Runs on the reader's own machines.
    Local,
    /// Built in; answers are made up.
    Simulated,
}

/// Where calls go, without the endpoint's path and without a slash at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Url(&'static str),
    /// There is no address that fits everybody: the provider must name one.
    Required,
    /// The sandbox of this process, whose port is known once it runs.
    Sandbox,
}

/// How the credential is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    Bearer,
    /// In this header, as it is.
    Header(&'static str),
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Chat,
    Complete,
    Embed,
    Models,
    /// The Responses API and all below it.
    Respond,
    Image,
    Speech,
    Transcribe,
    Translate,
    Moderate,
    Rerank,
    Files,
    Batches,
    FineTune,
    Realtime,
    /// A path of the vendor that we know nothing of.
    Other,
}

/// Paths after the base URL; `None` where the vendor has no such endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// What comes before any other path of OpenAI's, such as `/v1` where the base URL goes without.
    pub under: &'static str,
    pub chat: Option<&'static str>,
    pub complete: Option<&'static str>,
    pub embed: Option<&'static str>,
    pub models: Option<&'static str>,
}

/// A difference from OpenAI's request, applied in the order of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// The vendor refuses calls that carry these fields.
    Drop(&'static [&'static str]),
    Rename(&'static str, &'static str),
    /// The role `developer` is unknown there.
    DeveloperToSystem,
    /// A field's value, if it is this text, has another name.
    MapValue {
        field: &'static str,
        from: &'static str,
        to: &'static str,
    },
}

/// The vendor of that slug.
pub fn vendor(slug: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.slug == slug)
}

/// The catalogue's words for endpoints.
const WORDS: [(&[Endpoint], &str); 7] = [
    (&[Endpoint::Chat], "chat"),
    (&[Endpoint::Complete], "completions"),
    (&[Endpoint::Embed], "embeddings"),
    (&[Endpoint::Respond], "responses"),
    (&[Endpoint::Image], "images"),
    (&[Endpoint::Speech, Endpoint::Transcribe, Endpoint::Translate], "audio"),
    (&[Endpoint::Rerank], "reranking"),
];

impl Endpoint {
    /// The stored word of a kind of call.
    pub fn word(self) -> &'static str {
        self.words().0
    }

    /// It takes and answers JSON objects alone.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Chat | Self::Complete | Self::Embed)
    }

    /// Whether what it may come to can be told from the request.
    pub fn is_counted(self) -> bool {
        self.is_text() || self == Self::Respond
    }

    /// Portkey's name for it, as its errors have it.
    pub fn name(self) -> &'static str {
        self.words().1
    }

    /// The word of [`OPENABLE`] that a provider must carry before a caller sees this of its account.
    pub fn opened_by(self) -> Option<&'static str> {
        match self {
            Self::Files => Some("files"),
            Self::Batches => Some("batches"),
            Self::FineTune => Some("fine_tuning"),
            Self::Other => Some("other"),
            _ => None,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Chat => ("chat", "chatComplete"),
            Self::Complete => ("complete", "complete"),
            Self::Embed => ("embed", "embed"),
            Self::Models => ("models", "listModels"),
            Self::Respond => ("responses", "createModelResponse"),
            Self::Image => ("images", "imageGenerate"),
            Self::Speech => ("speech", "createSpeech"),
            Self::Transcribe => ("transcription", "createTranscription"),
            Self::Translate => ("translation", "createTranslation"),
            Self::Moderate => ("moderation", "moderate"),
            Self::Rerank => ("rerank", "rerank"),
            Self::Files => ("files", "files"),
            Self::Batches => ("batches", "batches"),
            Self::FineTune => ("fine_tuning", "finetune"),
            Self::Realtime => ("realtime", "realtime"),
            Self::Other => ("other", "proxy"),
        }
    }
}

impl Vendor {
    pub fn path(&self, endpoint: Endpoint) -> Option<&'static str> {
        match endpoint {
            Endpoint::Chat => self.paths.chat,
            Endpoint::Complete => self.paths.complete,
            Endpoint::Embed => self.paths.embed,
            Endpoint::Models => self.paths.models,
            _ => None,
        }
    }

    /// Whether it has the endpoint. Of other paths nobody knows.
    pub fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Other || self.path(endpoint).is_some() || self.also.contains(&endpoint)
    }

    /// Where a request goes, if the vendor has what it asks for.
    pub fn address(&self, base_url: &str, route: &Route) -> Option<Uri> {
        let base = base_url.trim_end_matches('/');
        let text = match route.endpoint {
            Endpoint::Chat | Endpoint::Complete | Endpoint::Embed => format!("{base}{}", self.path(route.endpoint)?),
            Endpoint::Models => format!("{base}{}{}", self.paths.models?, route.rest.get("/models".len()..)?),
            endpoint if self.serves(endpoint) => format!("{base}{}{}", self.paths.under, route.rest),
            _ => return None,
        };
        text.parse().ok()
    }

    /// What it serves, in the catalogue's words, such as `Chat, embeddings`.
    pub fn summary(&self) -> String {
        let words = WORDS.iter().filter(|(endpoints, _)| endpoints.iter().any(|endpoint| self.serves(*endpoint)));
        let text = words.map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
        text.get(..1).map_or_else(String::new, |first| first.to_uppercase() + &text[1..])
    }

    /// Makes the body what the vendor takes; fields that no quirk names pass through.
    pub fn prepare(&self, body: &mut Body) {
        for quirk in self.quirks {
            quirk.apply(body);
        }
    }
}

impl Quirk {
    fn apply(self, body: &mut Body) {
        match self {
            Self::Drop(fields) => fields.iter().for_each(|field| body.remove(field)),
            Self::Rename(from, to) => body.rename(from, to),
            Self::MapValue { field, from, to } => {
                if body.text(field).is_some_and(|text| text == from) {
                    body.set_text(field, to);
                }
            }
            Self::DeveloperToSystem => {
                if let Some(messages) = body.raw("messages").and_then(without_developer) {
                    body.set("messages", messages);
                }
            }
        }
    }
}

/// The messages with `developer` turned into `system`; `None` where nothing changes or they are no list of objects.
fn without_developer(messages: &RawValue) -> Option<Box<RawValue>> {
    memchr::memmem::find(messages.get().as_bytes(), b"\"developer\"")?;
    let mut messages: Vec<Body> = serde_json::from_str(messages.get()).ok()?;
    for message in &mut messages {
        Quirk::MapValue { field: "role", from: "developer", to: "system" }.apply(message);
    }
    let messages: Option<Vec<_>> = messages.into_iter().map(Body::into_raw).collect();
    to_raw_value(&messages?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Base, Endpoint, Kind, VENDORS, vendor};
    use crate::wire::body::Body;
    use bytes::Bytes;
    use std::collections::BTreeSet;
    use url::Url;

    #[test]
    fn every_row_can_be_called() {
        for vendor in VENDORS {
            let slug = vendor.slug;
            assert!(
                slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{slug}"
            );
            assert_eq!(vendor.tile.len(), 2, "{slug}");
            assert!(!vendor.name.is_empty() && !vendor.summary().is_empty(), "{slug}");
            let endpoints = [Endpoint::Chat, Endpoint::Complete, Endpoint::Embed, Endpoint::Models];
            for path in endpoints.iter().filter_map(|endpoint| vendor.path(*endpoint)) {
                assert!(path.starts_with('/') && !path.ends_with('/'), "{slug} {path}");
                assert!(path.starts_with(vendor.paths.under), "{slug} {path}");
            }
            assert!(vendor.also.iter().all(|endpoint| vendor.path(*endpoint).is_none()), "{slug}");
            if let Base::Url(base) = vendor.base {
                let url = Url::parse(base).expect(slug);
                assert!(url.scheme() == "https" && !base.ends_with('/') && url.query().is_none(), "{slug} {base}");
            }
            assert_eq!(vendor.kind == Kind::Simulated, vendor.base == Base::Sandbox, "{slug}");
            if let Some(variable) = vendor.variable {
                assert!(variable.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{slug} {variable}");
            }
        }
    }

    #[test]
    fn slugs_and_variables_name_one_vendor() {
        let slugs: BTreeSet<_> = VENDORS.iter().map(|vendor| vendor.slug).collect();
        let variables: Vec<_> = VENDORS.iter().filter_map(|vendor| vendor.variable).collect();
        assert_eq!(slugs.len(), VENDORS.len());
        assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
        assert_eq!(VENDORS[0].slug, "cerebras");
    }

    #[test]
    fn the_catalogue_says_what_a_vendor_serves() {
        for (slug, words) in [
            ("cerebras", "Chat"),
            ("nebius", "Chat, completions, embeddings, images"),
            ("voyage", "Embeddings, reranking"),
        ] {
            assert_eq!(vendor(slug).expect(slug).summary(), words);
        }
    }

    #[test]
    fn quirks_change_what_they_name_and_nothing_else() {
        let developer = r#"{"messages":[{"role":"developer","content": "say \"developer\""},{"role":"user"}],"x":1}"#;
        for (slug, before, after) in [
            ("cerebras", r#"{"model":"m","logprobs":true,"top_k":1.0}"#, r#"{"model":"m","top_k":1.0}"#),
            ("openai", developer, developer),
            (
                "groq",
                developer,
                r#"{"messages":[{"role":"system","content":"say \"developer\""},{"role":"user"}],"x":1}"#,
            ),
            (
                "mistral-ai",
                r#"{"seed":7,"safe_mode":true,"tool_choice":"required","stream_options":{"include_usage":true}}"#,
                r#"{"random_seed":7,"safe_prompt":true,"tool_choice":"any"}"#,
            ),
            ("mistral-ai", r#"{"tool_choice":{"type":"function"}}"#, r#"{"tool_choice":{"type":"function"}}"#),
            ("groq", r#"{"messages":"developer"}"#, r#"{"messages":"developer"}"#),
        ] {
            let mut body = Body::parse(&Bytes::from_static(before.as_bytes())).expect(before);
            vendor(slug).expect(slug).prepare(&mut body);
            assert_eq!(String::from_utf8_lossy(&body.bytes()), after, "{slug}");
        }
    }
}
