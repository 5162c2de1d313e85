//! A first call in five clients, with address, key and model filled in.

use crate::parts::copy::Copy;
use leptos::prelude::*;

/// Stands where a key is not known any more.
pub const NO_KEY: &str = "YOUR_API_KEY";

const HELLO: &str = "Say hello from the yard";

/// Name in the page, name for people, and how the call is written.
type Client = (&'static str, &'static str, fn(&Call) -> String);

const CLIENTS: [Client; 5] = [
    ("curl", "curl", curl),
    ("openai-python", "OpenAI Python", openai_python),
    ("openai-node", "OpenAI Node", openai_node),
    ("portkey-python", "Portkey Python", portkey_python),
    ("portkey-node", "Portkey Node", portkey_node),
];

/// What a snippet is filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Ends in `/v1`.
    pub base_url: String,
    pub key: String,
    pub model: String,
}

/// Tabs of radio buttons, so that they change without scripts and with the arrow keys.
#[component]
pub fn Snippets(#[prop(into)] call: Signal<Call>) -> impl IntoView {
    let tab = |(id, name, _): Client| {
        view! {
            <label>
                <input type="radio" name="client" value=id checked=id == "curl" />
                <span>{name}</span>
            </label>
        }
    };
    let snippet = move |(id, name, write): Client| {
        let text = Signal::derive(move || call.with(write));
        view! {
            <div class="snippet" data-client=id>
                <Copy text=text what="snippet" quiet=true />
                <pre tabindex="0" aria-label=format!("{name} snippet")>
                    <code>{move || paint(&text.get())}</code>
                </pre>
            </div>
        }
    };
    view! {
        <div class="code snippets">
            <div class="head" role="radiogroup" aria-label="Client">
                {CLIENTS.map(tab).collect_view()}
            </div>
            {CLIENTS.map(snippet).collect_view()}
        </div>
    }
}

/// Texts in quotes stand out.
fn paint(text: &str) -> AnyView {
    let piece = |(quoted, piece): (bool, &str)| {
        let piece = piece.to_owned();
        if quoted { view! { <span class="text">{piece}</span> }.into_any() } else { piece.into_any() }
    };
    pieces(text).into_iter().map(piece).collect_view().into_any()
}

/// Cuts at quotes: `(quoted, piece)`. A quote ends at the same sign that began it.
fn pieces(text: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'']) {
        let sign = &rest[start..=start];
        let end = rest[start + 1..].find(sign).map_or(rest.len(), |end| start + 1 + end + 1);
        pieces.extend([(false, &rest[..start]), (true, &rest[start..end])]);
        rest = &rest[end..];
    }
    pieces.push((false, rest));
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces
}

fn curl(call: &Call) -> String {
    let Call { base_url, key, model } = call;
    format!(
        r#"curl {base_url}/chat/completions \
  -H "Authorization: Bearer {key}" \
  -H "Content-Type: application/json" \
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "{HELLO}"}}]}}'"#
    )
}

fn openai_python(call: &Call) -> String {
    python("openai", "OpenAI", call)
}

fn portkey_python(call: &Call) -> String {
    python("portkey_ai", "Portkey", call)
}

fn python(module: &str, class: &str, call: &Call) -> String {
    let Call { base_url, key, model } = call;
    format!(
        r#"from {module} import {class}

client = {class}(
    base_url="{base_url}",
    api_key="{key}",
)

answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "{HELLO}"}}],
)
print(answer.choices[0].message.content)"#
    )
}

fn openai_node(call: &Call) -> String {
    node(r#"import OpenAI from "openai";"#, "OpenAI", call)
}

fn portkey_node(call: &Call) -> String {
    node(r#"import { Portkey } from "portkey-ai";"#, "Portkey", call)
}

fn node(import: &str, class: &str, call: &Call) -> String {
    let Call { base_url, key, model } = call;
    format!(
        r#"{import}

const client = new {class}({{
  baseURL: "{base_url}",
  apiKey: "{key}",
}});

const answer = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "{HELLO}" }}],
}});
console.log(answer.choices[0].message.content);"#
    )
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, Call, pieces};

    #[test]
    fn every_snippet_carries_address_key_and_model() {
        let call = Call { base_url: "http://x/v1".into(), key: "sy-1".into(), model: "@sandbox/echo".into() };
        for (id, _, write) in CLIENTS {
            let text = write(&call);
            for part in ["http://x/v1", "sy-1", "@sandbox/echo"] {
                assert!(text.contains(part), "{id} lacks {part}");
            }
        }
    }

    #[test]
    fn quotes_are_cut_out() {
        for (text, cut) in [
            ("", vec![]),
            ("plain", vec![(false, "plain")]),
            (r#"a "b" c"#, vec![(false, "a "), (true, r#""b""#), (false, " c")]),
            (r#"'{"a": 1}'"#, vec![(true, r#"'{"a": 1}'"#)]),
            ("open 'end", vec![(false, "open "), (true, "'end")]),
        ] {
            assert_eq!(pieces(text), cut, "{text}");
        }
    }
}
