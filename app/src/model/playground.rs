//! The playground: a conversation, tried on one to four models or configs.

pub mod code;

use crate::model::chat::Part;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

/// Columns side by side.
pub const COLUMNS: usize = 4;

/// A message that is more than a role and a text: it is written as the JSON that is sent.
pub const AS_JSON: &str = "json";

/// What is asked, as typed into the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    pub system: String,
    pub turns: Vec<Said>,
    pub temperature: String,
    pub max_tokens: String,
    /// A JSON array, or empty.
    pub tools: String,
    /// A JSON object of all other parameters, or empty.
    pub more: String,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// `user`, `assistant`, or [`AS_JSON`].
    pub role: String,
    pub text: String,
}

/// Whom it is asked of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Column {
    /// Such as `@slug/model`; may be empty where a config names the model.
    pub model: String,
    /// Slug of a saved config, or empty.
    pub config: String,
}

/// Everything the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    pub sheet: Sheet,
    /// Some models to choose from, as they are called.
    pub models: Vec<String>,
    /// Slug and name of the configs that a call may take.
    pub configs: Vec<(String, String)>,
    /// The call that was opened, if one was.
    pub run: Option<Run>,
    /// Why a call could not be opened.
    pub note: Option<String>,
    /// What the sheet is as code.
    pub code: Vec<Snippet>,
}

/// The sheet's first column as code: `curl`, `Python` or `Node`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    pub client: String,
    pub text: String,
}

/// What came of a call, in the words of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Id of its log.
    pub log: String,
    pub status: u16,
    pub error: Option<String>,
    /// The answer.
    pub parts: Vec<Part>,
    /// Name and value, such as `first token` and `90 ms`.
    pub figures: Vec<(String, String)>,
}

/// What is wrong with a sheet: the field, and what to do.
pub type Wrong = (&'static str, String);

impl Sheet {
    /// The body of a call of one column.
    ///
    /// # Errors
    /// All fields that cannot be sent.
    pub fn body(&self, column: &Column, stream: bool) -> Result<Value, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut body = Map::new();
        let model = column.model.trim();
        if model.is_empty() && column.config.is_empty() {
            wrong.push(("model", "Choose a model such as @sandbox/echo, or a config that names one.".to_owned()));
        } else if !model.is_empty() {
            body.insert("model".into(), model.into());
        }
        let messages = self.messages(&mut wrong);
        body.insert("messages".into(), messages.into());
        let temperature = number(&self.temperature).map_err(|()| "Enter a number such as 0.7, or nothing.");
        let longest = number(&self.max_tokens).map_err(|()| "Enter a whole number of tokens, or nothing.");
        let longest = longest.and_then(|most| match most {
            Some(most) if !most.is_u64() => Err("Enter a whole number of tokens, or nothing."),
            most => Ok(most),
        });
        for (name, read) in [("temperature", temperature), ("max_tokens", longest)] {
            match read {
                Ok(None) => {}
                Ok(Some(number)) => _ = body.insert(name.into(), number.into()),
                Err(told) => wrong.push((name, told.to_owned())),
            }
        }
        match read(&self.tools) {
            Ok(None) => {}
            Ok(Some(tools @ Value::Array(_))) => _ = body.insert("tools".into(), tools),
            Ok(Some(_)) => wrong.push(("tools", "Tools are a JSON array: [{\"type\": \"function\", …}].".to_owned())),
            Err(why) => wrong.push(("tools", why)),
        }
        match read(&self.more) {
            Ok(None) => {}
            Ok(Some(Value::Object(more))) => body.extend(more),
            Ok(Some(_)) => wrong.push(("more", "Parameters are a JSON object: {\"top_p\": 0.9}.".to_owned())),
            Err(why) => wrong.push(("more", why)),
        }
        if stream {
            body.insert("stream".into(), true.into());
        }
        if wrong.is_empty() { Ok(Value::Object(body)) } else { Err(wrong) }
    }

    fn messages(&self, wrong: &mut Vec<Wrong>) -> Vec<Value> {
        let system = Some(&self.system).filter(|text| !text.trim().is_empty());
        let mut messages: Vec<_> = system.map(|text| json!({"role": "system", "content": text})).into_iter().collect();
        for said in self.turns.iter().filter(|said| !said.text.trim().is_empty()) {
            match said.role.as_str() {
                AS_JSON => match read(&said.text) {
                    Ok(Some(message @ Value::Object(_))) => messages.push(message),
                    Ok(_) => wrong.push(("turns", "A message as JSON is an object with a role.".to_owned())),
                    Err(why) => wrong.push(("turns", why)),
                },
                role => messages.push(json!({"role": role, "content": said.text})),
            }
        }
        if messages.is_empty() && wrong.is_empty() {
            wrong.push(("turns", "Write a message first.".to_owned()));
        }
        messages
    }

    /// The sheet that would send this body again; `None` where it is no chat.
    pub fn of(body: &Value, config: Option<String>) -> Option<Self> {
        let mut rest = body.as_object()?.clone();
        let messages = rest.remove("messages")?;
        let mut messages = messages.as_array()?.iter().peekable();
        let first = messages.peek().and_then(|message| plain(message)).filter(|(role, _)| *role == "system");
        let system = first.map(|(_, text)| text.to_owned());
        if system.is_some() {
            messages.next();
        }
        let take = |rest: &mut Map<String, Value>, name: &str, fits: fn(&Value) -> bool| {
            let fits = rest.get(name).is_some_and(fits);
            if fits { rest.remove(name) } else { None }
        };
        let text = |value: Option<Value>| value.map(|value| value.to_string()).unwrap_or_default();
        let model = take(&mut rest, "model", Value::is_string);
        let temperature = take(&mut rest, "temperature", Value::is_number);
        let longest = take(&mut rest, "max_tokens", Value::is_u64);
        let tools = take(&mut rest, "tools", Value::is_array);
        rest.remove("stream");
        rest.remove("stream_options");
        let column = Column {
            model: model.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
            config: config.unwrap_or_default(),
        };
        Some(Self {
            system: system.unwrap_or_default(),
            turns: messages.map(said).collect(),
            temperature: text(temperature),
            max_tokens: text(longest),
            tools: tools.map(|tools| laid_out(&tools)).unwrap_or_default(),
            more: if rest.is_empty() { String::new() } else { laid_out(&Value::Object(rest)) },
            columns: vec![column],
        })
    }
}

fn said(message: &Value) -> Said {
    match plain(message) {
        Some((role @ ("user" | "assistant"), text)) => Said { role: role.to_owned(), text: text.to_owned() },
        _ => Said { role: AS_JSON.to_owned(), text: laid_out(message) },
    }
}

/// Role and text of a message that has nothing else, and something to say.
fn plain(message: &Value) -> Option<(&str, &str)> {
    let message = message.as_object().filter(|message| message.len() == 2)?;
    let (role, text) = (message.get("role")?.as_str()?, message.get("content")?.as_str()?);
    (!text.trim().is_empty()).then_some((role, text))
}

fn laid_out(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn number(text: &str) -> Result<Option<Number>, ()> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| ()),
    }
}

fn read(text: &str) -> Result<Option<Value>, String> {
    match text.trim() {
        "" => Ok(None),
        text => serde_json::from_str(text).map(Some).map_err(|error| format!("This is not JSON: {error}.")),
    }
}

/// Tokens a second of an answer, streamed between its first token and its end: `1,940 tok/s`.
pub fn speed(tokens: u64, micros: u64) -> Option<String> {
    let rate = (tokens > 0 && micros > 0).then(|| tokens.saturating_mul(1_000_000) / micros)?;
    Some(format!("{} tok/s", crate::model::money::grouped(rate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_body_becomes_the_sheet_that_sends_it_again() {
        for body in [
            json!({"model": "@a/b", "messages": [{"role": "user", "content": "Hi"}]}),
            json!({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Go on"}],
                "model": "m", "temperature": 0.4, "max_tokens": 400}),
            json!({"model": "m", "messages": [{"role": "developer", "content": "x"}, {"role": "user", "content":
                [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": "https://x"}}]}],
                "tools": [{"type": "function", "function": {"name": "f"}}], "top_p": 0.5, "seed": 7}),
            json!({"model": "m", "messages": [{"role": "user", "content": "q", "name": "ada"},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "tool_call_id": "1", "content": "4"}], "max_tokens": null, "temperature": "hot"}),
        ] {
            let sheet = Sheet::of(&body, None).unwrap();
            assert_eq!(sheet.body(&sheet.columns[0], false), Ok(body));
        }
    }

    #[test]
    fn a_stream_is_asked_for_by_the_page_alone() {
        let logged = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": true,
            "stream_options": {"include_usage": true}});
        let sheet = Sheet::of(&logged, Some("pc-x".into())).unwrap();
        let column = &sheet.columns[0];
        assert_eq!(column.config, "pc-x");
        assert_eq!(sheet.body(column, false).unwrap().get("stream"), None);
        assert_eq!(sheet.body(column, true).unwrap()["stream"], true);
        assert_eq!(sheet.more, "");
    }

    #[test]
    fn what_is_no_chat_cannot_be_opened() {
        for body in [json!(null), json!([]), json!({"input": "x"}), json!({"messages": 7})] {
            assert_eq!(Sheet::of(&body, None), None, "{body}");
        }
    }

    #[test]
    fn every_field_that_cannot_be_sent_is_told_at_once() {
        let sheet = Sheet {
            turns: vec![Said { role: AS_JSON.into(), text: "{".into() }],
            temperature: "warm".into(),
            max_tokens: "1.5".into(),
            tools: "{}".into(),
            more: "[1".into(),
            ..Sheet::default()
        };
        let told = sheet.body(&Column::default(), true).unwrap_err();
        let fields: Vec<_> = told.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["model", "turns", "temperature", "max_tokens", "tools", "more"]);
        let column = Column { config: "pc-x".into(), ..Column::default() };
        assert_eq!(Sheet::default().body(&column, true).unwrap_err()[0].0, "turns");
    }

    #[test]
    fn a_rate_needs_tokens_and_time() {
        for (tokens, micros, told) in
            [(0, 5, None), (5, 0, None), (194, 100_000, Some("1,940 tok/s")), (3, 2_000_000, Some("1 tok/s"))]
        {
            assert_eq!(speed(tokens, micros).as_deref(), told);
        }
    }
}
