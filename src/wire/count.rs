//! How many tokens a prompt has, before a provider says so: rather one too many than one too few.
//!
//! Texts are counted by OpenAI's own tables. What a provider puts around them (roles, names, schemas) is counted above
//! what is known of it, and vendors with tables of their own get a quarter more.

use super::body::Body;
use super::vendors::Endpoint;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::borrow::Cow;
use std::fmt;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

/// Bytes that are looked up at a time: the tables take time by the square of a word's length. A cut adds a token at most.
const PIECE: usize = 512;
/// Bytes of all texts that are looked up; beyond, a byte counts as a token, which no table exceeds.
const LOOKED_UP: usize = 4 << 20;
/// For every message, part, tool and name: what stands around them.
const AROUND: u64 = 4;
/// For the call itself.
const PRIMER: u64 = 8;
/// The most that a picture counts, but with the models that count it dearer.
const PICTURE: u64 = 2_048;
const DEAR_PICTURE: u64 = 50_000;
/// Base64 letters of sound or of a file to a token.
const LETTERS: u64 = 128;

/// Fields of a body that a model reads.
const READ: [&str; 11] = [
    "messages",
    "prompt",
    "input",
    "suffix",
    "instructions",
    "system",
    "tools",
    "functions",
    "response_format",
    "text",
    "prediction",
];

/// Loads the tables now rather than with the first call.
pub fn load() {
    o200k_base_singleton();
}

/// Bytes of a body that [`prompt`] would look at.
pub fn size(body: &Body) -> usize {
    READ.iter().filter_map(|name| body.raw(name)).map(|raw| raw.get().len()).sum()
}

/// Tokens that `model` of `vendor` reads of this body.
pub fn prompt(body: &Body, endpoint: Endpoint, vendor: &str, model: &str) -> u64 {
    read(body, endpoint, vendor, Count::of(model, LOOKED_UP))
}

/// No fewer than [`prompt`] says, and told at once: every byte counts as a token.
pub fn at_most(body: &Body, endpoint: Endpoint, vendor: &str, model: &str) -> u64 {
    read(body, endpoint, vendor, Count::of(model, 0))
}

fn read(body: &Body, endpoint: Endpoint, vendor: &str, mut count: Count<'_>) -> u64 {
    count.sum = PRIMER;
    // Embeddings and completions take numbers for tokens that were looked up before.
    let ready_made = matches!(endpoint, Endpoint::Embed | Endpoint::Complete);
    for raw in READ.iter().filter_map(|name| body.raw(name)) {
        let part = if ready_made { Part::ReadyMade } else { Part::Text };
        let read = (Walk { count: &mut count, part }).deserialize(&mut serde_json::Deserializer::from_str(raw.get()));
        if read.is_err() {
            // Too deep to be walked.
            count.add(len(raw.get()));
        }
    }
    let own = matches!(vendor, "openai" | "azure-openai");
    if own { count.sum } else { count.sum.saturating_add(count.sum / 4) }
}

/// Tokens of a text that a model wrote.
pub fn written(text: &str, model: &str) -> u64 {
    let mut count = Count::of(model, LOOKED_UP);
    count.text(text);
    count.sum
}

fn table(model: &str) -> &'static CoreBPE {
    let name = model.strip_prefix("ft:").unwrap_or(model).rsplit('/').next().unwrap_or(model);
    let older = ["gpt-4-", "gpt-4:", "gpt-3.5", "gpt-35", "text-embedding", "davinci", "babbage"];
    let older = name == "gpt-4" || older.iter().any(|prefix| name.starts_with(prefix));
    if older { cl100k_base_singleton() } else { o200k_base_singleton() }
}

fn picture(model: &str) -> u64 {
    if model.contains("gpt-4o-mini") { DEAR_PICTURE } else { PICTURE }
}

struct Count<'m> {
    model: &'m str,
    /// Bytes that may still be looked up.
    left: usize,
    sum: u64,
    picture: u64,
}

impl<'m> Count<'m> {
    fn of(model: &'m str, left: usize) -> Self {
        Self { model, left, sum: 0, picture: picture(model) }
    }

    fn add(&mut self, tokens: u64) {
        self.sum = self.sum.saturating_add(tokens);
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            if self.left == 0 {
                return self.add(len(rest));
            }
            let end = (PIECE.min(self.left)..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            self.left = self.left.saturating_sub(piece.len());
            self.add(u64::try_from(table(self.model).encode_ordinary(piece).len()).unwrap_or(u64::MAX));
            rest = after;
        }
    }
}

/// What a value is to the count.
#[derive(Clone, Copy)]
enum Part {
    Text,
    /// A list of numbers is a list of tokens.
    ReadyMade,
    /// A text is a file in base64. The field's name.
    File(&'static str),
}

/// Counts a value while it is parsed: no copy of it is made.
struct Walk<'w, 'm> {
    count: &'w mut Count<'m>,
    part: Part,
}

impl Walk<'_, '_> {
    /// It is no file: the field counts like any other.
    fn named(&mut self) {
        if let Part::File(name) = self.part {
            self.count.text(name);
        }
    }

    fn number<E>(mut self, number: impl Into<Number>) -> Result<(), E> {
        self.named();
        match self.part {
            Part::ReadyMade => self.count.add(1),
            Part::Text | Part::File(_) => self.count.text(&number.into().to_string()),
        }
        Ok(())
    }

    fn flag<E>(mut self) -> Result<(), E> {
        self.named();
        self.count.add(1);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.flag()
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.flag()
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.number(number)
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.number(number)
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.number(Number::from_f64(number).unwrap_or_else(|| 0.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        match self.part {
            Part::File(_) => self.count.add(len(text) / LETTERS + 1),
            Part::Text | Part::ReadyMade => self.count.text(text),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.named();
        let part = if matches!(self.part, Part::ReadyMade) { Part::ReadyMade } else { Part::Text };
        while items.next_element_seed(Walk { count: &mut *self.count, part })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        self.named();
        self.count.add(AROUND);
        while let Some(Name(name)) = fields.next_key()? {
            let part = match &*name {
                "image_url" | "input_image" => {
                    self.count.add(self.count.picture);
                    fields.next_value::<IgnoredAny>()?;
                    continue;
                }
                "data" => Part::File("data"),
                "file_data" => Part::File("file_data"),
                name => {
                    self.count.text(name);
                    Part::Text
                }
            };
            fields.next_value_seed(Walk { count: &mut *self.count, part })?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Name<'n>(#[serde(borrow)] Cow<'n, str>);

fn len(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{at_most, prompt, written};
    use crate::wire::body::Body;
    use crate::wire::vendors::Endpoint;
    use serde_json::json;

    fn count(body: &serde_json::Value, endpoint: Endpoint, vendor: &str) -> u64 {
        let body = Body::parse(&body.to_string().into()).expect("an object");
        let (exact, most) = (prompt(&body, endpoint, vendor, "gpt-4o"), at_most(&body, endpoint, vendor, "gpt-4o"));
        assert!(exact <= most, "{exact} of at most {most}");
        exact
    }

    #[test]
    fn a_prompt_counts_no_less_than_its_provider_says() {
        let hello = json!({ "messages": [{ "role": "user", "content": "Hello, how are you?" }] });
        // As OpenAI counts them: 13, and 82 with its own example of a function.
        let told = count(&hello, Endpoint::Chat, "openai");
        assert!((13..=24).contains(&told), "{told}");
        assert!(count(&hello, Endpoint::Chat, "groq") > told);
        let tools = json!({
            "messages": [{ "role": "user", "content": "What's the weather like in Boston today?" }],
            "tools": [{ "type": "function", "function": {
                "name": "get_current_weather",
                "description": "Get the current weather in a given location",
                "parameters": { "type": "object", "properties": {
                    "location": { "type": "string", "description": "The city and state, e.g. San Francisco, CA" },
                    "unit": { "type": "string", "enum": ["celsius", "fahrenheit"] },
                }, "required": ["location"] },
            }}],
        });
        let told = count(&tools, Endpoint::Chat, "openai");
        assert!((82..=160).contains(&told), "{told}");
    }

    #[test]
    fn whatever_a_body_holds_counts() {
        let body = json!({ "messages": [
            { "file": { "data": "A".repeat(1_280), "other": 1.5e15 }, "x": [null, true, -7, 1e300] },
            { "data": { "data": [1] }, "input_image": { "deep": [{}] } },
        ]});
        let (file, picture) = (1_280 / 128 + 1, 2_048);
        let told = count(&body, Endpoint::Chat, "openai");
        assert!((file + picture + 40..file + picture + 100).contains(&told), "{told}");
        let deep = format!(r#"{{"messages":{}{}}}"#, "[".repeat(100), "]".repeat(100));
        assert_eq!(count(&deep.parse().expect("JSON"), Endpoint::Chat, "openai"), 8);
        let deeper = Body::parse(&format!(r#"{{"messages":{}"a"{}}}"#, "[".repeat(4_000), "]".repeat(4_000)).into());
        let told = deeper.map(|body| prompt(&body, Endpoint::Chat, "openai", "gpt-4o"));
        assert!(told.as_ref().is_ok_and(|told| *told > 8_000), "{told:?}");
    }

    #[test]
    fn tokens_pictures_and_long_words_have_their_count() {
        let numbers = json!({ "input": [[1, 2, 3], [4, 5]] });
        assert_eq!(count(&numbers, Endpoint::Embed, "openai"), 8 + 5);
        let picture = json!({ "messages": [{ "role": "user", "content": [
            { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{}", "A".repeat(100_000)) } },
        ]}]});
        let told = count(&picture, Endpoint::Chat, "openai");
        assert!((2_048..2_100).contains(&told), "{told}");
        for text in ["a".repeat(200_000), "é".repeat(50_000), " ".repeat(100_000)] {
            let told = written(&text, "gpt-4o");
            assert!(told > 0 && usize::try_from(told).is_ok_and(|told| told <= text.len()), "{told}");
        }
    }
}
