//! OpenAI's answers, and the spellings in which compatible vendors differ: model, usage, errors.

use super::body::text_of;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// Tokens of one answer, in one convention whatever the vendor's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Cache reads and writes included.
    pub input: u64,
    pub cached: u64,
    pub cache_write: u64,
    /// Reasoning included.
    pub output: u64,
    pub reasoning: u64,
}

/// What is known of an answer that is not a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The body is a JSON object. A 2xx for which this is false is no answer at all.
    pub well_formed: bool,
    pub model: Option<String>,
    pub usage: Option<Usage>,
    /// The vendor's words, where it reports an error.
    pub error: Option<String>,
    /// It has an `error`: the status that this says, else 502. A success with it is none.
    pub failed: Option<u16>,
}

/// Reads what we keep of a body; a field of an unexpected type counts as absent.
pub fn read_answer(bytes: &[u8]) -> Answer {
    let Some(envelope) = Envelope::read(bytes) else { return Answer::default() };
    Answer {
        well_formed: true,
        model: envelope.model(),
        usage: envelope.usage(),
        error: envelope.error_words(),
        failed: envelope.error_status(),
    }
}

/// The top of an answer or of a stream's event. Of a field that comes twice the last one counts.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    model: Option<&'a RawValue>,
    usage: Option<&'a RawValue>,
    x_groq: Option<&'a RawValue>,
    choices: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    code: Option<&'a RawValue>,
    status: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Name {
    Model,
    Usage,
    XGroq,
    Choices,
    Error,
    Message,
    Detail,
    Code,
    Status,
    #[serde(other)]
    Other,
}

impl<'a> Envelope<'a> {
    /// `None` for anything but an object in UTF-8.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        // JSON is UTF-8: members that are passed over count as well.
        let text = std::str::from_utf8(bytes).ok()?;
        text.trim_ascii_start().starts_with('{').then(|| serde_json::from_str(text).ok())?
    }

    pub(super) fn model(&self) -> Option<String> {
        let model = text_of(self.model?)?;
        (!model.is_empty()).then(|| model.into_owned())
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let own = self.usage.and_then(|raw| serde_json::from_str::<Counts>(raw.get()).ok());
        let counts = own.or_else(|| serde_json::from_str::<Groq>(self.x_groq?.get()).ok()?.usage)?;
        counts.normal()
    }

    /// The event that carries nothing but the usage asked for by `stream_options`.
    pub(super) fn is_usage_only(&self) -> bool {
        let no_choices = self.choices.and_then(|raw| raw.get().strip_prefix('['));
        no_choices.is_some_and(|rest| rest.trim_ascii_start() == "]") && self.usage().is_some()
    }

    /// The status that an error tells of itself, else 502; `None` without an error.
    pub(super) fn error_status(&self) -> Option<u16> {
        let error = self.error?;
        let inner = Envelope::read(error.get().as_bytes()).unwrap_or_default();
        let told = [inner.code, inner.status, self.code, self.status].into_iter().flatten().find_map(status_of);
        Some(told.unwrap_or(502))
    }

    /// The sentence in an error, wherever the vendor puts it.
    pub(super) fn error_words(&self) -> Option<String> {
        match self.error {
            Some(error) => Some(words(error)),
            None if self.choices.is_some() => None,
            None => self.message.or(self.detail).map(words),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor(PhantomData))
    }
}

struct EnvelopeVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for EnvelopeVisitor<'a> {
    type Value = Envelope<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Envelope<'a>, A::Error> {
        let mut all = Envelope::default();
        while let Some(name) = fields.next_key()? {
            let field = match name {
                Name::Model => &mut all.model,
                Name::Usage => &mut all.usage,
                Name::XGroq => &mut all.x_groq,
                Name::Choices => &mut all.choices,
                Name::Error => &mut all.error,
                Name::Message => &mut all.message,
                Name::Detail => &mut all.detail,
                Name::Code => &mut all.code,
                Name::Status => &mut all.status,
                Name::Other => {
                    fields.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = fields.next_value()?;
        }
        Ok(all)
    }
}

/// 429 or "429".
fn status_of(raw: &RawValue) -> Option<u16> {
    let status = raw.get().trim_matches('"').parse().ok()?;
    (400..600).contains(&status).then_some(status)
}

/// `"text"`, `{"message": "text"}` or, failing both, the JSON itself.
fn words(raw: &RawValue) -> String {
    if let Some(text) = text_of(raw) {
        return text.into_owned();
    }
    let inner = Envelope::read(raw.get().as_bytes());
    let text =
        inner.and_then(|inner| inner.message.or(inner.error).or(inner.detail).and_then(text_of).map(String::from));
    text.unwrap_or_else(|| raw.get().to_owned())
}

#[derive(Debug, Deserialize)]
struct Groq {
    usage: Option<Counts>,
}

/// Usage as vendors spell it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    prompt_tokens: Count,
    completion_tokens: Count,
    input_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<Details>,
    input_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
    cached_tokens: Count,
    prompt_cache_hit_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    reasoning_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Count,
    cache_write_tokens: Count,
    reasoning_tokens: Count,
}

impl Counts {
    /// `None` where nothing was counted, so that an empty `usage` is not mistaken for a free call, or where it counts more
    /// than any model reads and writes: that is no count.
    fn normal(&self) -> Option<Usage> {
        let prompt = self.prompt_tokens_details.as_ref().or(self.input_tokens_details.as_ref());
        let cached = first(&[
            prompt.map_or(Count(None), |details| details.cached_tokens),
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
            self.cache_read_input_tokens,
        ]);
        let cache_write = first(&[
            prompt.map_or(Count(None), |details| details.cache_write_tokens),
            self.cache_creation_input_tokens,
        ]);
        let completion = self.completion_tokens_details.as_ref().or(self.output_tokens_details.as_ref());
        let reasoning =
            first(&[completion.map_or(Count(None), |details| details.reasoning_tokens), self.reasoning_tokens]);
        let output = first(&[self.completion_tokens, self.output_tokens]);
        let total = self.total_tokens.0;
        let input = match self.prompt_tokens.0.or(self.input_tokens.0) {
            Some(input) => input,
            None => total?.saturating_sub(output),
        };
        let cache = cached.saturating_add(cache_write);
        let cache_apart = cache > input || (self.prompt_tokens.0.is_none() && self.cache_read_input_tokens.0.is_some());
        let sum = input.saturating_add(output).saturating_add(reasoning);
        let reasoning_apart = reasoning > output || (reasoning > 0 && total == Some(sum));
        let usage = Usage {
            input: if cache_apart { input.saturating_add(cache) } else { input },
            cached,
            cache_write,
            output: if reasoning_apart { output.saturating_add(reasoning) } else { output },
            reasoning,
        };
        (usage.input <= MOST_TOKENS && usage.output <= MOST_TOKENS).then_some(usage)
    }
}

/// Of one answer. A thousand times the longest context there is.
const MOST_TOKENS: u64 = 1_000_000_000;

/// The first count given that is more than zero.
fn first(counts: &[Count]) -> u64 {
    counts.iter().filter_map(|count| count.0).find(|count| *count > 0).unwrap_or(0)
}

/// A whole number, or nothing where there is anything else.
#[derive(Clone, Copy, Debug, Default)]
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a count")
    }

    fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
        Ok(Count(Some(count)))
    }

    fn visit_i64<E>(self, count: i64) -> Result<Count, E> {
        Ok(Count(u64::try_from(count).ok()))
    }

    fn visit_f64<E>(self, count: f64) -> Result<Count, E> {
        Ok(Count(format!("{:.0}", count.trunc()).parse().ok()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Count, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Count, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }
}

#[cfg(test)]
mod tests;
