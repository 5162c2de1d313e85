//! A request's body in the form that it came: JSON, a form with files, or bytes that are nobody's business here.

use crate::gateway::refusal::Refusal;
use crate::route::{Leaf, params};
use crate::wire::body::{Body, BodyError};
use crate::wire::form::Form;
use crate::wire::vendors::Endpoint;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

#[derive(Clone, Debug)]
pub enum Payload {
    Json(Body),
    Form(Form),
    Bytes(Bytes),
}

impl Payload {
    /// Reads it as its content type says. Chat, completions and embeddings take a JSON object alone.
    ///
    /// # Errors
    /// 400 with what is wrong.
    pub fn read(headers: &HeaderMap, endpoint: Endpoint, bytes: &Bytes) -> Result<Self, Refusal> {
        let json = || Body::parse(bytes).map(Self::Json);
        let invalid = |error: BodyError| Refusal::invalid(error.to_string());
        let text = endpoint.is_text();
        match Kind::of(headers)? {
            Kind::Json if text => json().map_err(invalid),
            _ if text => Err(Refusal::invalid("This endpoint takes a JSON body. Send content-type: application/json.")),
            Kind::Form(kind) => {
                Form::parse(bytes.clone(), kind).map(Self::Form).map_err(|error| Refusal::invalid(error.to_string()))
            }
            Kind::Json if bytes.is_empty() => Ok(Self::Bytes(Bytes::new())),
            Kind::Json => match json() {
                Ok(json) => Ok(json),
                // A list is the vendor's to judge.
                Err(BodyError::NotObject) => Ok(Self::Bytes(bytes.clone())),
                Err(error) => Err(invalid(error)),
            },
            Kind::Audio => Ok(Self::Bytes(bytes.clone())),
        }
    }

    pub fn json(&self) -> Option<&Body> {
        if let Self::Json(body) = self { Some(body) } else { None }
    }

    pub fn model(&self) -> Option<String> {
        match self {
            Self::Json(body) => body.text("model").map(Into::into),
            // Of several, which one counts is the vendor's to say.
            Self::Form(form) if form.parts().iter().filter(|part| part.name == "model").count() > 1 => None,
            Self::Form(form) => form.text("model").map(str::to_owned),
            Self::Bytes(_) => None,
        }
    }

    /// Applies a target's parameters. A form takes those that are one value: lists, objects and drops are for JSON
    /// alone.
    ///
    /// # Errors
    /// 400 where a form cannot carry one.
    pub fn apply(&mut self, leaf: &Leaf) -> Result<(), Refusal> {
        match self {
            Self::Json(body) => params::apply(body, leaf),
            Self::Form(form) => {
                for (name, value) in &leaf.default_params {
                    if !form.parts().iter().any(|part| part.name == *name) {
                        put(form, name, value)?;
                    }
                }
                for (name, value) in &leaf.override_params {
                    put(form, name, value)?;
                }
            }
            Self::Bytes(_) => {}
        }
        Ok(())
    }

    /// Names the model as it is called where the request goes.
    ///
    /// # Errors
    /// 400 where a form cannot carry the name.
    pub fn set_model(&mut self, model: &str) -> Result<(), Refusal> {
        match self {
            Self::Json(body) => body.set_text("model", model),
            Self::Form(form) => put(form, "model", &model.into())?,
            Self::Bytes(_) => {}
        }
        Ok(())
    }

    pub fn stream(&self) -> bool {
        match self {
            Self::Json(body) => body.flag("stream") == Some(true),
            Self::Form(form) => form.text("stream") == Some("true"),
            Self::Bytes(_) => false,
        }
    }

    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Json(body) => body.bytes(),
            Self::Form(form) => form.bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }

    /// What the journal keeps of it: of a form its fields and the names of its files, of other bytes their number.
    pub fn kept(&self) -> Bytes {
        match self {
            Self::Json(body) => body.bytes(),
            Self::Form(form) => form.summary().to_string().into(),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(_) => bytes.clone(),
                Err(_) => serde_json::json!({ "bytes": bytes.len() }).to_string().into(),
            },
        }
    }

    /// The content type that it goes upstream with.
    pub fn kind(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        match self {
            Self::Json(_) => Some(HeaderValue::from_static("application/json")),
            Self::Bytes(bytes) if bytes.is_empty() => None,
            Self::Form(_) | Self::Bytes(_) => headers.get(CONTENT_TYPE).cloned(),
        }
    }
}

fn put(form: &mut Form, name: &str, value: &Value) -> Result<(), Refusal> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Ok(()),
    };
    form.set_text(name, &text).map_err(|error| Refusal::invalid(error.to_string()))
}

enum Kind<'a> {
    Json,
    Form(&'a str),
    Audio,
}

impl<'a> Kind<'a> {
    /// What is not named is JSON.
    fn of(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Self::Json) };
        let whole = value.to_str().unwrap_or_default();
        let kind = whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => Ok(Self::Json),
            "multipart/form-data" => Ok(Self::Form(whole)),
            audio if audio.starts_with("audio/") => Ok(Self::Audio),
            _ => Err(Refusal { param: Some("content-type".into()), ..Refusal::invalid("Invalid content type passed") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Payload;
    use crate::route::Leaf;
    use crate::wire::form::Form;
    use serde_json::{Value, json};

    #[test]
    fn a_form_takes_a_targets_parameters() {
        let sent = "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
        let given = |value: Value| value.as_object().cloned().unwrap_or_default();
        for (default, set, kept) in [
            (json!({}), json!({}), json!({ "model": "whisper-1" })),
            (json!({ "model": "m", "prompt": "p" }), json!({}), json!({ "model": "whisper-1", "prompt": "p" })),
            (json!({}), json!({ "model": "m", "temperature": 0.5 }), json!({ "model": "m", "temperature": "0.5" })),
            (json!({ "stream": true }), json!({ "stream": false }), json!({ "model": "whisper-1", "stream": "false" })),
            (json!({}), json!({ "include": ["a"], "language": null }), json!({ "model": "whisper-1" })),
        ] {
            let leaf = Leaf { default_params: given(default), override_params: given(set), ..Leaf::default() };
            let form = Form::parse(sent.into(), "multipart/form-data; boundary=b").expect("a form");
            let mut payload = Payload::Form(form);
            payload.apply(&leaf).expect("it carries them");
            let Payload::Form(form) = payload else { panic!("it stays a form") };
            assert_eq!(form.summary(), kept);
        }
    }
}
