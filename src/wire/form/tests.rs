use super::{AMBIGUOUS, BROKEN, Form, FormError, HEADERS, MANY, NO_BOUNDARY, NO_FORM};
use bytes::Bytes;
use serde_json::json;

const TYPE: &str = "multipart/form-data; boundary=X";
const SPEECH: &[u8] = b"--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n@alpha/whisper\r\n\
    --X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".wav\"\r\nContent-Type: audio/wav\r\n\r\n\
    RIFF\r\n\xff\x00--X\r\n-\r\n--X--\r\n";

fn form(bytes: &[u8]) -> Result<Form, FormError> {
    Form::parse(Bytes::copy_from_slice(bytes), TYPE)
}

fn part(head: &str, value: &str) -> String {
    format!("--X\r\n{head}\r\n\r\n{value}\r\n")
}

fn field(name: &str, value: &str) -> String {
    part(&format!("content-disposition: form-data; name=\"{name}\""), value)
}

#[test]
fn fields_and_files_are_told_apart() {
    let form = form(SPEECH).expect("a form");
    assert_eq!((form.text("model"), form.text("file"), form.text("other")), (Some("@alpha/whisper"), None, None));
    let file = &form.parts()[1];
    assert_eq!((file.file.as_deref(), file.size()), (Some("a \\\"b\\\".wav"), 14));
    assert_eq!(
        form.summary(),
        json!({
            "model": "@alpha/whisper",
            "file": { "file": "a \\\"b\\\".wav", "content_type": "audio/wav", "bytes": 14 },
        })
    );
    assert_eq!(form.bytes(), SPEECH);
}

#[test]
fn a_change_leaves_every_other_byte() {
    let mut form = form(SPEECH).expect("a form");
    form.set_text("model", "whisper").expect("a value");
    let at = SPEECH.windows(7).position(|window| window == b"@alpha/").expect("the prefix");
    assert_eq!(form.bytes(), [&SPEECH[..at], &SPEECH[at + 7..]].concat());
    assert_eq!((form.text("model"), form.parts()[1].size()), (Some("whisper"), 14));
    form.set_text("language", "").expect("a new field");
    assert!(form.bytes().ends_with(&SPEECH[at + 14..]));
    assert_eq!((form.text("language"), form.parts().len()), (Some(""), 3));
}

#[test]
fn a_value_set_is_the_only_one_of_its_name() {
    let text = format!("{}{}{}--X--", field("model", "a"), field("x", "1"), field("model", "b"));
    let mut form = form(text.as_bytes()).expect("a form");
    assert_eq!(form.summary(), json!({ "model": ["a", "b"], "x": "1" }));
    form.set_text("model", "c").expect("a value");
    assert_eq!(form.summary(), json!({ "model": ["c", "c"], "x": "1" }));
}

#[test]
fn nothing_set_can_break_out_of_its_part() {
    let evil = field("evil", "1");
    for (name, value) in [
        ("model", "a\r\n--X--"),
        ("model", &format!("a\r\n{}", evil.trim_end())),
        ("model", evil.trim_end()),
        ("absent", evil.trim_end()),
        ("mo\"del", "a"),
        ("a\r\nb", "c"),
    ] {
        let mut form = form(SPEECH).expect("a form");
        assert!(form.set_text(name, value).is_err(), "{name} {value:?}");
        assert_eq!(form.bytes(), SPEECH);
    }
}

#[test]
fn boundaries_are_read_as_libraries_write_them() {
    for kind in [
        "multipart/form-data; boundary=X",
        "Multipart/Form-Data;Boundary=\"X\"",
        "multipart/form-data; charset=utf-8; boundary=X",
    ] {
        assert!(Form::parse(Bytes::from_static(SPEECH), kind).is_ok(), "{kind}");
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"X",
        "multipart/form-data; boundary=a b",
        "multipart/form-data; boundary=X; boundary=Y",
        "multipart/mixed; boundary=X",
        "application/json",
        &long,
    ] {
        assert_eq!(Form::parse(Bytes::from_static(SPEECH), kind).map(|_| ()), Err(NO_BOUNDARY), "{kind}");
    }
}

#[test]
fn hostile_forms_are_refused_with_a_reason() {
    let a = field("a", "1");
    let many = format!("{}--X--", a.repeat(257));
    let long = part(&format!("content-disposition: form-data; name=\"{}\"", "n".repeat(9000)), "1");
    for (text, why) in [
        ("", NO_FORM),
        ("{\"model\":\"m\"}", NO_FORM),
        ("preamble\r\n--X--", NO_FORM),
        ("--X", BROKEN),
        ("--X\r\n", HEADERS),
        (&a, BROKEN),
        (a.trim_end(), BROKEN),
        (&format!("{a}--X"), BROKEN),
        (&format!("{a}--Xy--"), AMBIGUOUS),
        (&format!("{a}--X \r\n"), AMBIGUOUS),
        (&format!("{a}--X--\r\n--X\r\n"), AMBIGUOUS),
        (&field("a", "b\r\n--Xtra"), AMBIGUOUS),
        (&field("a", "--X\r\n"), AMBIGUOUS),
        (&many, MANY),
        (&format!("{long}--X--"), HEADERS),
        (&format!("{}--X--", part("content-type: text/plain", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: attachment; name=\"a\"", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data; name=\"\"", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data; name=\"a\"; name=\"b\"", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data; name=\"a", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data; name=\"a\\\"; x=\"", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data; name=\"a\" junk", "1")), HEADERS),
        (&format!("{}--X--", part("content-disposition: form-data; name=\"a\"\r\n folded: b", "1")), HEADERS),
        (&format!("{}--X--", part("no colon", "1")), HEADERS),
        ("--X\r\n--X\r\n\r\n1\r\n--X--", HEADERS),
    ] {
        assert_eq!(form(text.as_bytes()).map(|_| ()), Err(why), "{:.90}", text);
    }
}

#[test]
fn any_end_of_a_form_is_refused_or_read_without_a_panic() {
    for end in 0..SPEECH.len() {
        let cut = form(&SPEECH[..end]);
        assert_eq!(cut.is_ok(), end >= SPEECH.len() - 2, "{end}");
    }
}
