//! What is allowed in the fields that people and files fill in. Each refusal is a sentence that says what is allowed.

use app::model::provider::OPENABLE;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use url::Url;

pub const PASSWORD_LEAST: usize = 10;
pub const PASSWORD_MOST: usize = 256;
const SLUG_MOST: usize = 255;
const NAME_MOST: usize = 64;
const MODEL_MOST: usize = 200;
const METADATA_MOST: usize = 128;
const KEY_LEAST: usize = 16;
const PATTERN_MOST: usize = 256;
/// Characters of what a key is described with.
pub const DESCRIPTION_MOST: usize = 500;
/// Characters of a provider's note.
pub const NOTE_MOST: usize = 1_000;

pub type Ruling<T> = Result<T, String>;

/// An e-mail address, trimmed: something on both sides of one `@`, and no space.
pub fn email(text: &str) -> Ruling<String> {
    let text = text.trim();
    let sane = text.len() <= 254
        && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if sane { Ok(text.to_owned()) } else { Err("Enter an e-mail address, such as ada@example.com.".into()) }
}

/// The start of a day in UTC, milliseconds.
pub fn day(text: &str) -> Ruling<i64> {
    let date = text.trim().parse::<Date>().ok();
    let start = date.and_then(|date| TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok());
    start.map(Timestamp::as_millisecond).ok_or_else(|| "Use a day, such as 2026-11-24.".to_owned())
}

/// A password worth hashing: length is what makes it strong, so nothing else is asked for.
pub fn password(text: &str, email: &str) -> Ruling<()> {
    let length = text.chars().count();
    if length < PASSWORD_LEAST {
        return Err(format!("Use at least {PASSWORD_LEAST} characters."));
    }
    if length > PASSWORD_MOST {
        return Err(format!("Use at most {PASSWORD_MOST} characters."));
    }
    if text.eq_ignore_ascii_case(email.trim()) {
        return Err("Use something other than the e-mail address.".into());
    }
    Ok(())
}

/// What stands after `@` in a model, or names a config.
pub fn slug(text: &str) -> Ruling<String> {
    let text = text.trim();
    let sane = (1..=SLUG_MOST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if sane { Ok(text.to_owned()) } else { Err(format!("Use letters, digits, - and _, at most {SLUG_MOST}.")) }
}

/// What names a config in calls.
pub fn config_id(text: &str) -> Ruling<String> {
    let id = slug(text)?;
    if id.starts_with("pc-") {
        Ok(id)
    } else {
        Err(format!("Begin it with pc-, such as pc-{id}: calls name a config so."))
    }
}

/// A name for people, trimmed.
pub fn name(text: &str) -> Ruling<String> {
    let text = text.trim();
    let sane = (1..=NAME_MOST).contains(&text.chars().count()) && !text.contains(char::is_control);
    if sane { Ok(text.to_owned()) } else { Err(format!("Use 1 to {NAME_MOST} characters on one line.")) }
}

/// A text for people, on as many lines as it takes.
pub fn text(text: &str, most: usize) -> Ruling<String> {
    if text.chars().count() <= most { Ok(text.to_owned()) } else { Err(format!("Use at most {most} characters.")) }
}

/// An upstream base URL without a slash at its end. A credential has no place in it.
pub fn base_url(text: &str) -> Ruling<String> {
    let text = text.trim();
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        return Err("Use an address that starts with http:// or https://, such as https://api.example.com/v1.".into());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Leave user name and password out of the address; the key has its own field.".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("Leave out everything from ? or # on.".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A provider's credential: it travels in a header, so printable ASCII on one line.
pub fn credential(text: &str) -> Ruling<String> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("Use the key as the vendor shows it: letters, digits and signs, no spaces.".into())
    }
}

/// The secret of an API key that a file brings along.
pub fn api_key(text: &str) -> Ruling<String> {
    if text.len() >= KEY_LEAST && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(format!("Use at least {KEY_LEAST} letters, digits and signs, no spaces, such as sy-4f9a…"))
    }
}

/// `*`, or a thing and an act such as `logs.view`.
pub fn scope(text: &str) -> Ruling<String> {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if text == "*" || text.split_once('.').is_some_and(|(thing, act)| word(thing) && word(act)) {
        Ok(text.to_owned())
    } else {
        Err("Use * or scopes such as completions.write, models.list, logs.view.".into())
    }
}

/// A model's name as a vendor may have it.
pub fn model(text: &str) -> Ruling<String> {
    let text = text.trim();
    let sane = (1..=MODEL_MOST).contains(&text.chars().count())
        && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    if sane {
        Ok(text.to_owned())
    } else {
        Err(format!("Use the name as the vendor has it: at most {MODEL_MOST} letters, digits and signs, no spaces."))
    }
}

/// What callers may see of a provider's whole account.
pub fn openable(text: &str) -> Ruling<String> {
    let known = OPENABLE.map(|(word, _)| word);
    if known.contains(&text) { Ok(text.to_owned()) } else { Err(format!("Use one of: {}.", known.join(", "))) }
}

/// One value of default metadata.
pub fn metadata_value(text: &str) -> Ruling<String> {
    if text.chars().count() <= METADATA_MOST {
        Ok(text.to_owned())
    } else {
        Err(format!("Use at most {METADATA_MOST} characters in a metadata value."))
    }
}

/// Default metadata as typed: a JSON object of text, or nothing.
pub fn metadata(text: &str) -> Ruling<BTreeMap<String, String>> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let pairs: BTreeMap<String, String> = serde_json::from_str(text)
        .map_err(|_| r#"Use a JSON object of text, such as {"team": "search"}."#.to_owned())?;
    pairs.into_iter().map(|(key, value)| Ok((key, metadata_value(&value)?))).collect()
}

/// What a key may call: a model, or a pattern with `*`; `@slug/` before it names the provider.
pub fn model_pattern(text: &str) -> Ruling<String> {
    let sane = (1..=PATTERN_MOST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let whole = !text.starts_with('@') || text.contains('/') || text.ends_with('*');
    if sane && whole {
        Ok(text.to_owned())
    } else {
        Err("Use models such as @openai/gpt-4o, @openai/* or gpt-4o*.".into())
    }
}

/// Words apart by space, comma or line.
pub fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A moment as milliseconds: an ISO 8601 time, in UTC where it names no offset, or a date; nothing is none.
pub fn moment(text: &str) -> Ruling<Option<i64>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let at = text.parse::<Timestamp>().ok();
    let plain = || text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let at = at.or_else(plain).map(Timestamp::as_millisecond);
    at.map(Some).ok_or_else(|| "Use a time in UTC such as 2027-01-31T12:00.".into())
}

pub fn switch(text: &str) -> Ruling<bool> {
    text.parse().map_err(|_| "Use true or false.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_whole_or_refused() {
        for (text, kept) in [
            ("https://api.cerebras.ai/v1", Some("https://api.cerebras.ai/v1")),
            (" http://127.0.0.1:9100/v1/ ", Some("http://127.0.0.1:9100/v1")),
            ("http://localhost:11434", Some("http://localhost:11434")),
            ("ftp://example.com", None),
            ("https://user:secret@example.com", None),
            ("https://example.com/v1?key=1", None),
            ("https://", None),
            ("example.com/v1", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(base_url(text).ok().as_deref(), kept, "{text}");
        }
    }

    #[test]
    fn emails_need_a_name_and_a_host() {
        for (text, kept) in [
            (" ada@example.com ", Some("ada@example.com")),
            ("root@localhost", Some("root@localhost")),
            ("@example.com", None),
            ("ada@", None),
            ("ada", None),
            ("a da@example.com", None),
            ("ada@example@com", None),
        ] {
            assert_eq!(email(text).ok().as_deref(), kept, "{text}");
        }
    }

    #[test]
    fn passwords_are_judged_by_length_alone() {
        for (text, good) in [
            ("correct horse", true),
            ("пароль-пароль", true),
            ("short", false),
            ("ada@example.com", false),
            (&"x".repeat(257), false),
        ] {
            assert_eq!(password(text, "ada@example.com").is_ok(), good, "{text}");
        }
    }

    #[test]
    fn slugs_and_scopes_have_a_form() {
        for (text, good) in
            [("alpha", true), ("a_b-C9", true), ("a b", false), ("", false), ("a/b", false), ("@a", false)]
        {
            assert_eq!(slug(text).is_ok(), good, "{text}");
        }
        for (text, good) in [("*", true), ("logs.view", true), ("api_keys.create", true), ("logs", false), ("", false)]
        {
            assert_eq!(scope(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn models_have_no_spaces() {
        for (text, good) in [("meta-llama/Llama-3:free", true), ("@cf/x", true), ("a b", false), (" ", false)] {
            assert_eq!(model(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn what_can_be_opened_is_what_endpoints_ask_for() {
        assert_eq!(OPENABLE.map(|(word, _)| word), crate::wire::vendors::OPENABLE);
        for (text, good) in [("files", true), ("fine_tuning", true), ("chat", false), ("", false)] {
            assert_eq!(openable(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn moments_are_utc_where_they_name_no_offset() {
        for (text, at) in [
            ("", Some(None)),
            ("2027-01-31T12:00", Some(Some(1_801_396_800_000))),
            (" 2027-01-31T12:00:00Z", Some(Some(1_801_396_800_000))),
            ("2027-01-31T13:00:00+01:00", Some(Some(1_801_396_800_000))),
            ("2027-01-31", Some(Some(1_801_353_600_000))),
            ("soon", None),
        ] {
            assert_eq!(moment(text).ok(), at, "{text}");
        }
    }

    #[test]
    fn patterns_of_models_are_words() {
        for (text, good) in
            [("@a/b*", true), ("@a*", true), ("gpt-4o", true), ("@a", false), ("a b", false), ("", false)]
        {
            assert_eq!(model_pattern(text).is_ok(), good, "{text}");
        }
        assert_eq!(words(" @a/b,c\n\n d "), ["@a/b", "c", "d"]);
    }

    #[test]
    fn metadata_is_a_flat_object_of_text() {
        assert_eq!(metadata("").unwrap().len(), 0);
        assert_eq!(metadata(r#"{"team": "ci"}"#).unwrap()["team"], "ci");
        for text in ["[]", r#"{"a": 1}"#, r#"{"a": {"b": "c"}}"#, "team=ci"] {
            assert!(metadata(text).is_err(), "{text}");
        }
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(129));
        assert!(metadata(&long).is_err());
    }
}
