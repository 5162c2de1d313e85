//! A call as code, to be taken elsewhere.

use super::{Snippet, Wrong};
use crate::model::playground::{Column, Sheet};
use serde_json::Value;

/// Stands where the key belongs: the playground has none to give.
const KEY: &str = "YOUR_API_KEY";

/// The call of one column in three languages. `base_url` ends in `/v1`.
///
/// # Errors
/// All fields that cannot be sent.
pub fn code(sheet: &Sheet, column: &Column, base_url: &str) -> Result<Vec<Snippet>, Vec<Wrong>> {
    let body = sheet.body(column, false)?;
    let call = Call { base_url, config: &column.config, body: &body };
    let snippets = [("curl", call.curl()), ("Python", call.python()), ("Node", call.node())];
    Ok(snippets.map(|(client, text)| Snippet { client: client.to_owned(), text }).into())
}

struct Call<'a> {
    base_url: &'a str,
    config: &'a str,
    body: &'a Value,
}

impl Call<'_> {
    fn curl(&self) -> String {
        let Self { base_url, config, body } = self;
        let config = match *config {
            "" => String::new(),
            config => format!("  -H \"x-portkey-config: {config}\" \\\n"),
        };
        let body = serde_json::to_string_pretty(body).unwrap_or_default().replace('\'', r"'\''");
        format!(
            "curl {base_url}/chat/completions \\\n  -H \"Authorization: Bearer {KEY}\" \\\n  \
             -H \"Content-Type: application/json\" \\\n{config}  -d '{body}'"
        )
    }

    fn python(&self) -> String {
        let Self { base_url, config, body } = self;
        let fields = body.as_object().into_iter().flatten();
        let (known, own): (Vec<_>, Vec<_>) = fields.partition(|(name, _)| NAMED.contains(&name.as_str()));
        let mut arguments: Vec<_> =
            known.into_iter().map(|(name, value)| format!("{name}={}", python(value, 1))).collect();
        if body.get("model").is_none() {
            arguments.insert(0, "model=\"\"".to_owned());
        }
        if !own.is_empty() {
            let own = own.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            arguments.push(format!("extra_body={}", python(&Value::Object(own), 1)));
        }
        if !config.is_empty() {
            arguments.push(format!("extra_headers={{\"x-portkey-config\": \"{config}\"}}"));
        }
        let arguments: String = arguments.into_iter().map(|argument| format!("    {argument},\n")).collect();
        format!(
            "from openai import OpenAI\n\nclient = OpenAI(\n    base_url=\"{base_url}\",\n    api_key=\"{KEY}\",\n)\n\n\
             answer = client.chat.completions.create(\n{arguments})\nprint(answer.choices[0].message.content)"
        )
    }

    fn node(&self) -> String {
        let Self { base_url, config, body } = self;
        let body = serde_json::to_string_pretty(body).unwrap_or_default();
        let headers = match *config {
            "" => String::new(),
            config => format!(", {{\n  headers: {{ \"x-portkey-config\": \"{config}\" }},\n}}"),
        };
        format!(
            "import OpenAI from \"openai\";\n\nconst client = new OpenAI({{\n  baseURL: \"{base_url}\",\n  \
             apiKey: \"{KEY}\",\n}});\n\nconst answer = await client.chat.completions.create({body}{headers});\n\
             console.log(answer.choices[0].message.content);"
        )
    }
}

/// Parameters that the Python SDK takes by name; what it does not know goes beside them.
const NAMED: [&str; 22] = [
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
];

/// A value as Python writes it; `deep` is how far its line is indented, four spaces each.
fn python(value: &Value, deep: usize) -> String {
    let (inner, outer) = ("    ".repeat(deep + 1), "    ".repeat(deep));
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Array(items) if !items.is_empty() => {
            let items: String = items.iter().map(|item| format!("{inner}{},\n", python(item, deep + 1))).collect();
            format!("[\n{items}{outer}]")
        }
        Value::Object(fields) if !fields.is_empty() => {
            let field = |(name, value): (&String, &Value)| {
                format!("{inner}{}: {},\n", Value::from(name.as_str()), python(value, deep + 1))
            };
            let fields: String = fields.iter().map(field).collect();
            format!("{{\n{fields}{outer}}}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playground::Said;

    fn sheet(text: &str) -> Sheet {
        Sheet { turns: vec![Said { role: "user".into(), text: text.into() }], ..Sheet::default() }
    }

    #[test]
    fn every_client_carries_address_model_config_and_words() {
        let column = Column { model: "@sandbox/echo".into(), config: "pc-x".into() };
        let snippets = code(&sheet("Hello there"), &column, "http://x/v1").unwrap();
        assert_eq!(
            snippets.iter().map(|snippet| snippet.client.as_str()).collect::<Vec<_>>(),
            ["curl", "Python", "Node"]
        );
        for Snippet { client, text } in snippets {
            for part in ["http://x/v1", "@sandbox/echo", "pc-x", "Hello there", KEY] {
                assert!(text.contains(part), "{client} lacks {part}: {text}");
            }
        }
    }

    #[test]
    fn each_language_writes_values_its_own_way() {
        let sheet = Sheet { more: r#"{"stop": null, "logprobs": true, "own": [1]}"#.into(), ..sheet("it's \"fine\"") };
        let column = Column { model: "m".into(), ..Column::default() };
        let [curl, python, node] = code(&sheet, &column, "http://x/v1").unwrap().try_into().unwrap();
        for (text, part) in [
            (&curl.text, r#"it'\''s \"fine\""#),
            (
                &python.text,
                "    stop=None,\n    logprobs=True,\n    extra_body={\n        \"own\": [\n            1,\n        ],\n    },",
            ),
            (&python.text, r#""content": "it's \"fine\"","#),
            (&node.text, r#""stop": null"#),
        ] {
            assert!(text.contains(part), "lacks {part}: {text}");
        }
    }
}
