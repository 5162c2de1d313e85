//! A kept answer for another caller: events for one who streams, one JSON for one who does not.

use super::chat::assemble;
use super::sse::Observer;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Kept events as they were; without usage, where the caller did not ask for it.
pub fn events(kept: &Bytes, usage: bool) -> Bytes {
    if usage {
        return kept.clone();
    }
    let mut observer = Observer::new(true);
    let start = observer.push(kept.clone());
    [start, observer.finish()].concat().into()
}

/// A kept `chat.completion` or `text_completion` as the events of a stream: one chunk a choice with all it has, one
/// with its finish reason, one with usage where the caller asked for it, and the terminal event. `None` where this is no
/// such answer.
pub fn streamed(kept: &[u8], usage: bool) -> Option<Bytes> {
    let Value::Object(mut answer) = serde_json::from_slice(kept).ok()? else { return None };
    let Some(Value::Array(choices)) = answer.remove("choices") else { return None };
    let text = choices.first()?["text"].is_string();
    let chunks = choices.into_iter().map(if text { texts } else { deltas }).collect::<Option<Vec<_>>>()?;
    let counted = answer.remove("usage").filter(|counted| usage && !counted.is_null());
    answer.insert("object".into(), if text { "text_completion".into() } else { "chat.completion.chunk".into() });
    let mut out = String::new();
    for choice in chunks.into_iter().flatten() {
        write(&mut out, &mut answer, json!([choice]));
    }
    if let Some(counted) = counted {
        answer.insert("usage".into(), counted);
        write(&mut out, &mut answer, json!([]));
    }
    out.push_str("data: [DONE]\n\n");
    Some(out.into())
}

/// Kept events as the one answer they add up to; `None` where they add up to none, or to an error.
pub fn whole(kept: &[u8]) -> Option<Bytes> {
    let answer = assemble(kept)?;
    let sound = answer["choices"].as_array().is_some_and(|choices| !choices.is_empty()) && answer["error"].is_null();
    sound.then(|| answer.to_string().into())
}

/// A choice of a chat as a chunk with everything and one with its finish reason.
fn deltas(choice: Value) -> Option<[Value; 2]> {
    let Value::Object(mut choice) = choice else { return None };
    let Some(Value::Object(mut message)) = choice.remove("message") else { return None };
    for (call, index) in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten().zip(0..) {
        call.as_object_mut()?.insert("index".into(), Value::from(index));
    }
    choice.insert("delta".into(), message.into());
    Some(in_two(choice, "delta", json!({})))
}

fn texts(choice: Value) -> Option<[Value; 2]> {
    let Value::Object(choice) = choice else { return None };
    choice.get("text")?.is_string().then(|| in_two(choice, "text", "".into()))
}

fn in_two(mut choice: Map<String, Value>, output: &str, none: Value) -> [Value; 2] {
    let finish = choice.insert("finish_reason".into(), Value::Null).unwrap_or_default();
    let index = choice.entry("index").or_insert_with(|| 0.into()).clone();
    let mut last = json!({ "index": index, "finish_reason": finish });
    last[output] = none;
    [choice.into(), last]
}

fn write(out: &mut String, answer: &mut Map<String, Value>, choices: Value) {
    answer.insert("choices".into(), choices);
    if let Ok(event) = serde_json::to_string(answer) {
        out.push_str("data: ");
        out.push_str(&event);
        out.push_str("\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::{events, streamed, whole};
    use bytes::Bytes;
    use serde_json::{Value, json};
    use std::path::Path;

    fn golden(name: &str) -> Bytes {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/wire").join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
    }

    /// The events of a stream, each as JSON; the terminal one as text.
    fn read(stream: &[u8]) -> Vec<Value> {
        let text = std::str::from_utf8(stream).expect("UTF-8");
        let data = text.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").expect("one line of data"));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
    }

    fn json_of(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).expect("JSON")
    }

    #[test]
    fn a_kept_answer_is_streamed_as_the_golden_files_say() {
        for name in ["tools", "choices", "function", "spoken", "completion"] {
            let kept = golden(&format!("replay/{name}.json"));
            for (usage, kind) in [(true, "usage.sse"), (false, "sse")] {
                let stream = streamed(&kept, usage).expect(name);
                assert_eq!(read(&stream), read(&golden(&format!("replay/{name}.{kind}"))), "{name}.{kind}");
            }
        }
    }

    #[test]
    fn kept_events_are_one_answer_as_the_golden_files_say() {
        for name in ["pieces", "legacy", "untidy"] {
            let answer = whole(&golden(&format!("replay/{name}.kept.sse"))).expect(name);
            let expected = json_of(&golden(&format!("replay/{name}.whole.json")));
            assert_eq!(json_of(&answer), expected, "{name}: {:#}", json_of(&answer));
        }
    }

    #[test]
    fn an_answer_stays_the_same_however_often_it_is_converted() {
        for name in [
            "chat/stream.response.sse",
            "chat/completion.response.sse",
            "sse/openai.sse",
            "sse/groq.sse",
            "sse/spaced.sse",
            "replay/pieces.kept.sse",
            "replay/legacy.kept.sse",
            "replay/untidy.kept.sse",
            "replay/tools.usage.sse",
            "replay/choices.usage.sse",
            "replay/function.usage.sse",
            "replay/spoken.usage.sse",
            "replay/completion.usage.sse",
        ] {
            let first = whole(&golden(name)).expect(name);
            let stream = streamed(&first, true).expect(name);
            let second = whole(&stream).expect(name);
            assert_eq!(json_of(&second), json_of(&first), "{name}");
            assert_eq!(streamed(&second, true).expect(name), stream, "{name}");
        }
    }

    #[test]
    fn what_was_answered_whole_comes_back_whole() {
        for name in ["tools", "choices", "function", "spoken", "completion"] {
            let kept = golden(&format!("replay/{name}.json"));
            let back = whole(&streamed(&kept, true).expect(name)).expect(name);
            assert_eq!(json_of(&back), json_of(&kept), "{name}");
        }
    }

    #[test]
    fn numbers_keep_their_last_digit() {
        let numbers = "[-0.9562961600402223,-1.7219943212743039,-0.09622011251808181,1e-7,18446744073709551615]";
        let choice = r#"{"index":0,"text":"a","logprobs":{"token_logprobs":NUMBERS},"finish_reason":"stop"}"#;
        let kept = format!(r#"{{"choices":[{}]}}"#, choice.replace("NUMBERS", numbers));
        let stream = streamed(kept.as_bytes(), true).expect("a stream");
        let back = whole(&stream).expect("an answer");
        for bytes in [&stream, &back] {
            assert!(String::from_utf8_lossy(bytes).contains(numbers), "{bytes:?}");
        }
    }

    #[test]
    fn kept_events_leave_as_they_were_but_for_usage_that_was_not_asked_for() {
        for name in ["openai", "spaced"] {
            let kept = golden(&format!("sse/{name}.sse"));
            assert_eq!(events(&kept, true), kept, "{name}");
            assert_eq!(events(&kept, false), golden(&format!("sse/{name}.stripped.sse")), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_converted_is_no_answer() {
        for kept in ["", "[]", "{", "{}", r#"{"choices":[]}"#, r#"{"choices":[7]}"#, r#"{"data":[{"embedding":[1]}]}"#]
        {
            assert_eq!(streamed(kept.as_bytes(), true), None, "{kept}");
        }
        let odd = json!({ "choices": [{ "message": { "tool_calls": [7] } }] }).to_string();
        assert_eq!(streamed(odd.as_bytes(), true), None);
        for kept in [
            "",
            "data: [DONE]\n\n",
            "data: {\"type\":\"response.created\"}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{}}]}\n\ndata: {\"error\":{\"message\":\"no\"}}\n\n",
        ] {
            assert_eq!(whole(kept.as_bytes()), None, "{kept}");
        }
    }
}
