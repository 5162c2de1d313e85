//! What a provider answers, and what a caller sends: a request's body and, after a NUL, a response's. A form starts with
//! a line that is its content type. Whatever comes is read or refused; what is read and written again is the same.

use app::model::chat::Part;
use bytes::Bytes;
use serde_json::Value;
use switchyard::wire::body::Body;
use switchyard::wire::form::Form;
use switchyard::wire::openai::read_answer;
use switchyard::wire::{chat, replay};

/// Far more than any call has.
const FIELDS_MOST: usize = 4096;
/// `"":1,` in bytes.
const SHORTEST_FIELD: usize = 5;
const PARTS_MOST: usize = 256;

/// Fails where the promise above is broken.
pub fn run(data: &[u8]) {
    let (asked, answered) = match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, data),
    };
    body(asked);
    answer(answered);
    replayed(answered);
    shown(asked, answered, false);
    shown(asked, answered, true);
    if let Some(at) = data.iter().position(|byte| *byte == b'\n')
        && let Ok(content_type) = std::str::from_utf8(&data[..at])
    {
        form(content_type, &data[at + 1..]);
    }
}

fn body(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let Ok(mut body) = Body::parse(&bytes) else {
        let object = read(&bytes).is_some_and(|value| value.is_object());
        assert!(!object || bytes.len() > FIELDS_MOST * SHORTEST_FIELD, "an object that is no body");
        return;
    };
    assert_eq!(body.bytes(), bytes, "an unchanged body leaves otherwise");
    let before = read(&bytes);
    body.set_text("model", "a \"b\"");
    body.rename("max_tokens", "max_completion_tokens");
    body.remove("user");
    let written = body.bytes();
    let Ok(again) = Body::parse(&written) else { return assert!(before.is_none(), "a change broke {written:?}") };
    assert_eq!(again.text("model").as_deref(), Some("a \"b\""));
    assert!(again.raw("user").is_none() && again.raw("max_tokens").is_none());
    let (Some(mut before), Some(mut after)) = (before, read(&written)) else { return };
    for all in [&mut before, &mut after] {
        let all = all.as_object_mut();
        all.into_iter().for_each(|all| all.retain(|name, _| !CHANGED.contains(&name.as_str())));
    }
    assert_eq!(before, after, "a change reached other fields");
}

const CHANGED: [&str; 4] = ["model", "max_tokens", "max_completion_tokens", "user"];

fn answer(bytes: &[u8]) {
    let answer = read_answer(bytes);
    if let Some(object) = read(bytes).filter(Value::is_object) {
        assert!(answer.well_formed, "an object that is no answer");
        let given = object["model"].as_str().filter(|model| !model.is_empty());
        assert_eq!(answer.model.as_deref(), given);
        assert_eq!(answer.failed.is_some(), !object["error"].is_null());
    }
    assert!(answer.failed.is_none_or(|status| (400..600).contains(&status)));
    assert!(answer.failed.is_none() || answer.error.is_some(), "a failure without words");
}

/// An answer that was converted once stays the same, however often it is converted.
fn replayed(bytes: &[u8]) {
    let kept = Bytes::copy_from_slice(bytes);
    assert_eq!(replay::events(&kept, true), kept);
    assert!(replay::events(&kept, false).len() <= kept.len());
    let first = [replay::whole(bytes), replay::streamed(bytes, true).and_then(|stream| replay::whole(&stream))];
    for first in first.into_iter().flatten() {
        let Some(stream) = replay::streamed(&first, true) else { continue };
        let second = replay::whole(&stream).unwrap_or_default();
        assert_eq!(read(&second), read(&first), "{first:?} came back as {second:?}");
        let third = replay::streamed(&second, true).and_then(|stream| replay::whole(&stream)).unwrap_or_default();
        assert_eq!(read(&third), read(&second), "{second:?} came back as {third:?}");
    }
}

/// What the console shows cannot act.
fn shown(asked: &[u8], answered: &[u8], stream: bool) {
    for turn in chat::turns(asked, answered, stream) {
        for part in turn.parts {
            let Part::Html(html) = part else { continue };
            let html = html.to_ascii_lowercase();
            for word in ["<script", "<img", "<iframe", "<style", "<svg", "<form", "<input", "<a href=\"javascript"] {
                assert!(!html.contains(word), "{word} in {html}");
            }
        }
    }
}

fn form(content_type: &str, bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let Ok(mut form) = Form::parse(bytes.clone(), content_type) else { return };
    assert_eq!(form.bytes(), bytes, "an unchanged form leaves otherwise");
    assert!(form.parts().len() <= PARTS_MOST);
    let before = form.summary();
    for value in ["whisper", "", "a\r\nb", "--"] {
        if form.set_text("model", value).is_err() {
            continue;
        }
        let again = Form::parse(form.bytes(), content_type);
        let again = again.map(|again| (again.summary(), again.parts().to_vec()));
        assert_eq!(again, Ok((form.summary(), form.parts().to_vec())), "a change broke the form");
        assert!(form.text("model").is_none_or(|text| text == value));
        let others = |summary: &Value| {
            let mut others = summary.clone();
            others.as_object_mut().map(|all| all.shift_remove("model"));
            others
        };
        assert_eq!(others(&before), others(&form.summary()), "a change reached other parts");
    }
}

fn read(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}
