//! What the sandbox says.

use super::call::{Call, tokens};
use super::model::Act;
use super::shape;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::borrow::Cow;

/// An answer, before it is put into JSON.
#[derive(Debug)]
pub(super) struct Said {
    /// Streamed one a chunk.
    pub(super) pieces: Vec<Cow<'static, str>>,
    pub(super) tool: Option<ToolCall>,
    pub(super) finish: &'static str,
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
}

#[derive(Debug)]
pub(super) struct ToolCall {
    pub(super) name: String,
    /// JSON text.
    pub(super) arguments: String,
}

/// What the model says to the call.
pub(super) fn said(act: Act, call: &Call) -> Said {
    match act {
        Act::Lorem { tokens, .. } => limited(lorem(tokens), call),
        Act::Json => limited(words(&shaped_answer(call).to_string()), call),
        Act::Tools => tool_turn(call),
        _ => limited(words(&call.last_words()), call),
    }
}

/// An answer of `/v1/embeddings`.
pub(super) fn vectors(call: &Call, dimensions: u32) -> Value {
    let dimensions = call.dimensions.map_or(dimensions, |asked| asked.clamp(1, dimensions));
    let base64 = call.encoding_format.as_deref() == Some("base64");
    let inputs = call.inputs();
    let used: u64 = inputs.iter().map(|input| tokens(input)).sum();
    let data: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let vector = unit_vector(input, dimensions);
            let embedding = if base64 { encoded(&vector).into() } else { Value::from(vector) };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let usage = json!({ "prompt_tokens": used, "total_tokens": used });
    json!({ "object": "list", "data": data, "model": call.model, "usage": usage })
}

fn tool_turn(call: &Call) -> Said {
    if let Some(result) = call.tool_result() {
        return limited(words(&format!("The tool answered: {result}")), call);
    }
    let Some(tool) = call.tools.first() else {
        return limited(words("Offer a tool with the call, and this model calls it."), call);
    };
    let arguments = shape::example(&tool.function.parameters).to_string();
    Said {
        pieces: Vec::new(),
        finish: "tool_calls",
        prompt_tokens: call.prompt_tokens(),
        completion_tokens: tokens(&tool.function.name) + tokens(&arguments),
        tool: Some(ToolCall { name: tool.function.name.clone(), arguments }),
    }
}

fn shaped_answer(call: &Call) -> Value {
    let schema = &call.response_format["json_schema"]["schema"];
    if schema.is_object() { shape::example(schema) } else { json!({ "simulated": true, "echo": call.last_words() }) }
}

/// As many pieces as the caller allows.
fn limited(mut pieces: Vec<Cow<'static, str>>, call: &Call) -> Said {
    let most = call.most_tokens();
    let mut used = 0;
    let fits = pieces.iter().take_while(|piece| {
        let sum = used + tokens(piece);
        let fits = sum <= most;
        used = if fits { sum } else { used };
        fits
    });
    let count = fits.count();
    let finish = if count < pieces.len() { "length" } else { "stop" };
    pieces.truncate(count);
    Said { pieces, tool: None, finish, prompt_tokens: call.prompt_tokens(), completion_tokens: used }
}

fn words(text: &str) -> Vec<Cow<'static, str>> {
    text.split_inclusive(char::is_whitespace).map(|word| Cow::Owned(word.to_owned())).collect()
}

/// Words of one token each.
fn lorem(count: u32) -> Vec<Cow<'static, str>> {
    const WORDS: [&str; 16] = [
        "sed ", "ut ", "non ", "quis ", "est ", "in ", "sit ", "amet ", "nam ", "vel ", "at ", "quam ", "erat ",
        "dui ", "nec ", "ante ",
    ];
    WORDS.iter().cycle().zip(0..count).map(|(word, _)| Cow::Borrowed(*word)).collect()
}

/// The same text gives the same vector, of length one.
fn unit_vector(text: &str, dimensions: u32) -> Vec<f32> {
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) // FNV-1a
    });
    let raw: Vec<f32> = (0..dimensions).map(|_| f32::from(next(&mut state)) / f32::from(i16::MAX)).collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    raw.into_iter().map(|number| number / length).collect()
}

/// One step of splitmix64, of which sixteen bits are used.
fn next(state: &mut u64) -> i16 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let [high, low, ..] = (mixed ^ (mixed >> 27)).to_be_bytes();
    i16::from_be_bytes([high, low])
}

fn encoded(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
}
