//! The conversation that a call was, read out of its logged bodies.

mod assemble;
mod markdown;

use app::model::chat::{Part, Turn};
pub use assemble::assemble;
use serde_json::Value;

/// The turns of a call: what was sent, then what was answered. Empty where the bodies hold no conversation.
///
/// `stream`: the response is the text of an event stream. Completions show prompt and text, embeddings their inputs and
/// what came of them. Bodies that are cut off or malformed give what can be read of them.
pub fn turns(request: &[u8], response: &[u8], stream: bool) -> Vec<Turn> {
    let asked: Value = serde_json::from_slice(request).unwrap_or_default();
    let answered = if stream { assemble(response) } else { serde_json::from_slice(response).ok() }.unwrap_or_default();
    let mut turns = asked_turns(&asked);
    turns.extend(answered_turns(&answered));
    turns
}

fn asked_turns(asked: &Value) -> Vec<Turn> {
    if let Some(messages) = asked["messages"].as_array() {
        return messages.iter().map(|message| turn(message, None)).collect();
    }
    let input = if asked["prompt"].is_null() { &asked["input"] } else { &asked["prompt"] };
    let parts: Vec<_> = match input {
        Value::String(text) => vec![Part::Text(text.clone())],
        Value::Array(items) => inputs(items),
        _ => Vec::new(),
    };
    if parts.is_empty() { Vec::new() } else { vec![Turn { role: "user".into(), parts, finish: None }] }
}

fn answered_turns(answered: &Value) -> Vec<Turn> {
    if let Some(choices) = answered["choices"].as_array() {
        return choices.iter().map(choice).collect();
    }
    let note = answered["data"].as_array().and_then(|items| vectors(items)).map(Part::Note);
    note.map(|note| Turn { role: "assistant".into(), parts: vec![note], finish: None }).into_iter().collect()
}

fn choice(choice: &Value) -> Turn {
    let finish = choice["finish_reason"].as_str();
    match choice["text"].as_str() {
        None => turn(&choice["message"], finish),
        Some(text) => Turn {
            role: "assistant".into(),
            parts: vec![Part::Text(text.to_owned())],
            finish: finish.map(String::from),
        },
    }
}

fn turn(message: &Value, finish: Option<&str>) -> Turn {
    let role = match message["role"].as_str().unwrap_or("assistant") {
        "developer" => "system",
        "function" => "tool",
        role => role,
    };
    let mut parts = Vec::new();
    if let Some(reasoning) = filled(&message["reasoning_content"]).or_else(|| filled(&message["reasoning"])) {
        parts.push(Part::Note(format!("Reasoning: {reasoning}")));
    }
    if role == "tool" {
        let id = message["tool_call_id"].as_str().or(message["name"].as_str()).unwrap_or_default().to_owned();
        parts.push(Part::ToolResult { id, content: plain(&message["content"]) });
    } else {
        parts.extend(contents(&message["content"]));
    }
    parts.extend(filled(&message["refusal"]).map(|refusal| Part::Text(refusal.to_owned())));
    parts.extend(message["tool_calls"].as_array().into_iter().flatten().map(tool_call));
    if message["function_call"].is_object() {
        parts.push(called(&Value::Null, &message["function_call"]));
    }
    Turn { role: role.to_owned(), parts, finish: finish.map(String::from) }
}

fn tool_call(call: &Value) -> Part {
    called(&call["id"], if call["function"].is_object() { &call["function"] } else { &call["custom"] })
}

fn called(id: &Value, function: &Value) -> Part {
    let text = |value: &Value| value.as_str().map_or_else(String::new, String::from);
    let arguments = if function["arguments"].is_null() { &function["input"] } else { &function["arguments"] };
    Part::ToolCall { id: text(id), name: text(&function["name"]), arguments: text(arguments) }
}

fn contents(content: &Value) -> Vec<Part> {
    match content {
        Value::String(text) if !text.is_empty() => vec![markdown::part(text)],
        Value::Array(items) => items.iter().map(content_part).collect(),
        _ => Vec::new(),
    }
}

fn content_part(item: &Value) -> Part {
    match item["type"].as_str().unwrap_or("text") {
        "text" | "input_text" | "output_text" => markdown::part(item["text"].as_str().unwrap_or_default()),
        "refusal" => Part::Text(item["refusal"].as_str().unwrap_or_default().to_owned()),
        "image_url" => Part::Note(image(item["image_url"]["url"].as_str().unwrap_or_default())),
        "input_audio" => Part::Note(format!("Audio, {}", item["input_audio"]["format"].as_str().unwrap_or("unknown"))),
        "file" => Part::Note(format!("File {}", file_name(&item["file"]))),
        other => Part::Note(format!("A part of type {other}")),
    }
}

fn image(url: &str) -> String {
    let Some(data) = url.strip_prefix("data:") else { return format!("Image at {url}") };
    let (kind, bytes) = data.split_once(";base64,").unwrap_or((data, ""));
    format!("Image, {}, {} KB", kind.split(',').next().unwrap_or(kind), decoded_size(bytes).div_ceil(1024))
}

fn file_name(file: &Value) -> &str {
    file["filename"].as_str().or(file["file_id"].as_str()).unwrap_or("without a name")
}

/// Prompts or inputs as given: texts, or tokens that only the model can read.
fn inputs(items: &[Value]) -> Vec<Part> {
    let tokens = items.iter().filter(|item| item.is_u64()).count();
    if tokens > 0 {
        return vec![Part::Note(format!("{tokens} tokens given as numbers"))];
    }
    let shown = items.iter().take(MOST_INPUTS).map(|item| match item {
        Value::Array(tokens) => Part::Note(format!("{} tokens given as numbers", tokens.len())),
        other => Part::Text(plain(other)),
    });
    let rest = items.len().saturating_sub(MOST_INPUTS);
    shown.chain((rest > 0).then(|| Part::Note(format!("{rest} more inputs")))).collect()
}

/// A request may embed thousands of texts; the JSON view shows them all.
const MOST_INPUTS: usize = 20;

/// Such as `2 vectors of 1536 dimensions`; `None` where these are no embeddings.
fn vectors(items: &[Value]) -> Option<String> {
    let dimensions = match &items.first()?["embedding"] {
        Value::Array(numbers) => numbers.len(),
        Value::String(base64) => decoded_size(base64) / size_of::<f32>(),
        _ => return None,
    };
    let plural = if items.len() == 1 { "" } else { "s" };
    Some(format!("{} vector{plural} of {dimensions} dimensions", items.len()))
}

fn decoded_size(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

fn filled(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Text as it is: of a string, of the text parts of a list, or else the JSON.
fn plain(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| item["text"].is_string()) => {
            items.iter().filter_map(|item| item["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{assemble, turns};
    use app::model::chat::{Part, Turn};
    use serde_json::Value;
    use std::path::Path;

    fn golden(name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/wire/chat").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn conversations_read_as_the_golden_files_say() {
        for (name, answer) in [
            ("tools", "response.json"),
            ("parts", "response.json"),
            ("stream", "response.sse"),
            ("completion", "response.sse"),
            ("embedding", "response.json"),
            ("refused", "response.json"),
        ] {
            let (request, response) = (golden(&format!("{name}.request.json")), golden(&format!("{name}.{answer}")));
            let read = turns(request.as_bytes(), response.as_bytes(), answer.ends_with("sse"));
            let expected: Vec<Turn> = serde_json::from_str(&golden(&format!("{name}.turns.json"))).expect(name);
            assert_eq!(read, expected, "{name}: {}", serde_json::to_string_pretty(&read).expect("JSON"));
        }
    }

    #[test]
    fn a_stream_becomes_the_answer_it_would_have_been() {
        for name in ["stream", "completion"] {
            let expected: Value = serde_json::from_str(&golden(&format!("{name}.assembled.json"))).expect(name);
            let assembled = assemble(golden(&format!("{name}.response.sse")).as_bytes());
            assert_eq!(assembled, Some(expected), "{name}");
        }
        assert_eq!(assemble(b"<html>no stream</html>"), None);
    }

    #[test]
    fn usage_in_its_own_place_wins_over_that_of_groq() {
        let (own, groq) = (r#""usage":{"prompt_tokens":1}"#, r#""x_groq":{"usage":{"prompt_tokens":2}}"#);
        for (events, tokens) in [
            (format!("data: {{{own},{groq}}}"), 1),
            (format!("data: {{{groq},{own}}}"), 1),
            (format!("data: {{{groq}}}\n\ndata: {{{own}}}"), 1),
            (format!("data: {{\"usage\":null,{groq}}}"), 2),
        ] {
            let whole = assemble(events.as_bytes()).expect("an answer");
            assert_eq!(whole["usage"]["prompt_tokens"], tokens, "{events}");
        }
    }

    #[test]
    fn indexes_may_be_any_and_many() {
        let calls = |parts: &str| format!(r#"data: {{"choices":[{{"delta":{{"tool_calls":[{parts}]}}}}]}}"#);
        let most = calls(&format!(r#"{{"index":{0},"id":"a"}},{{"index":{0},"id":"b"}}"#, u64::MAX));
        let many: Vec<_> = (0..50_000).map(|index| format!(r#"{{"index":{index}}}"#)).collect();
        let (many_calls, many_choices) =
            (calls(&many.join(",")), format!(r#"data: {{"choices":[{}]}}"#, many.join(",")));
        for (stream, choices, calls) in [(most, 1, 1), (many_calls, 1, 50_000), (many_choices, 50_000, 0)] {
            let whole = assemble(stream.as_bytes()).expect("an answer");
            let length = |value: &Value| value.as_array().map_or(0, Vec::len);
            let found = (length(&whole["choices"]), length(&whole["choices"][0]["message"]["tool_calls"]));
            assert_eq!(found, (choices, calls));
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for (request, response) in [("", ""), ("[]", "null"), ("{\"messages\":7}", "{\"choices\":{}}"), ("{", "<html>")]
        {
            assert_eq!(turns(request.as_bytes(), response.as_bytes(), false), [], "{request}");
        }
        let odd = turns(br#"{"messages":[7,{"role":9,"content":{"a":1}}]}"#, b"", true);
        assert_eq!(odd.len(), 2);
    }

    #[test]
    fn many_inputs_are_counted_rather_than_shown() {
        let texts: Vec<_> = (0..25).map(|number| number.to_string()).collect();
        let request = serde_json::json!({ "input": texts }).to_string();
        let turns = turns(request.as_bytes(), b"", false);
        assert_eq!((turns[0].parts.len(), turns[0].parts.last()), (21, Some(&Part::Note("5 more inputs".into()))));
    }
}
