//! The config of a call, as far as this version routes: one node, or `single` with one target. What would need more is
//! refused by name, never passed over in silence.

use crate::book::Book;
use crate::gateway::refusal::Refusal;
use http::HeaderMap;
use serde_json::{Map, Value};

/// A leaf, with what it inherits merged in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub provider: Option<String>,
    pub api_key: Option<String>,
    pub override_params: Map<String, Value>,
    /// Milliseconds.
    pub request_timeout: Option<u64>,
    /// JSON path of the target used, `config` where there is none.
    pub path: String,
    /// Slug and version, of a saved config.
    pub saved: Option<(String, String)>,
}

impl Node {
    /// The config of a request: the header's, else the key's default, else none.
    ///
    /// # Errors
    /// 400, with the contract's words (§5).
    pub fn of(
        headers: &HeaderMap,
        default: Option<&str>,
        workspace: &str,
        book: &Book,
    ) -> Result<Option<Self>, Refusal> {
        let header = headers.get("x-portkey-config").map(|value| value.to_str().unwrap_or_default().trim());
        match header.filter(|text| !text.is_empty()).or(default) {
            None => Ok(None),
            Some(text) if text.starts_with("pc-") => saved(text, workspace, book).map(Some),
            Some(text) => read(text).map(Some),
        }
    }
}

fn saved(slug: &str, workspace: &str, book: &Book) -> Result<Node, Refusal> {
    let entry = book.config(workspace, slug).ok_or_else(|| Refusal {
        param: Some(slug.to_owned()),
        ..Refusal::invalid(format!("Invalid config id passed: {slug} is not a config of this workspace."))
    })?;
    Ok(Node { saved: Some((entry.slug.clone(), entry.version.clone())), ..read(&entry.body)? })
}

fn read(text: &str) -> Result<Node, Refusal> {
    let value = serde_json::from_str::<Value>(text)
        .map_err(|_| Refusal::invalid("Invalid config passed. You need to pass a valid json"))?;
    let Value::Object(root) = value else {
        return Err(Refusal::invalid("Invalid config passed. You need to pass a valid json"));
    };
    let mut node = Node { path: "config".into(), ..Node::default() };
    descend(root, &mut node)?;
    Ok(node)
}

fn descend(fields: Map<String, Value>, node: &mut Node) -> Result<(), Refusal> {
    let mut target = None;
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("strategy", Value::Object(strategy)) if strategy.get("mode").and_then(Value::as_str) == Some("single") => {
            }
            ("targets", Value::Array(mut targets)) if targets.len() == 1 => target = targets.pop(),
            ("provider" | "virtual_key", Value::String(slug)) => {
                let slug = if name == "virtual_key" { format!("@{}", slug.trim_start_matches('@')) } else { slug };
                node.provider = Some(slug);
            }
            ("api_key", Value::String(key)) => node.api_key = Some(key),
            ("override_params", Value::Object(params)) => node.override_params.extend(params),
            ("request_timeout", Value::Number(millis)) => node.request_timeout = millis.as_u64(),
            ("name" | "weight" | "strict_open_ai_compliance", _) => {}
            _ => return Err(unsupported(&format!("{}.{name}", node.path))),
        }
    }
    match target {
        None => Ok(()),
        Some(Value::Object(target)) => {
            node.path.push_str(".targets[0]");
            descend(target, node)
        }
        Some(_) => Err(unsupported(&format!("{}.targets[0]", node.path))),
    }
}

fn unsupported(path: &str) -> Refusal {
    let message = format!("Invalid config passed: {path} is not something this version of the gateway can route by.");
    Refusal { param: Some(path.to_owned()), code: Some("config_unsupported"), ..Refusal::invalid(message) }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_single_target_inherits_from_its_parent() {
        let node = read(
            r#"{"strategy":{"mode":"single"},"request_timeout":900,"override_params":{"model":"a","seed":1},
                "targets":[{"provider":"@alpha","override_params":{"model":"b"}}]}"#,
        )
        .expect("a node");
        assert_eq!((node.path.as_str(), node.provider.as_deref()), ("config.targets[0]", Some("@alpha")));
        assert_eq!(node.request_timeout, Some(900));
        assert_eq!(serde_json::Value::Object(node.override_params), serde_json::json!({"model":"b","seed":1}));
    }

    #[test]
    fn what_cannot_be_routed_is_named() {
        for (text, named) in [
            (r#"{"cache":{"mode":"simple"}}"#, "config.cache"),
            (r#"{"strategy":{"mode":"fallback"},"targets":[{},{}]}"#, "config.strategy"),
            (r#"{"targets":[{"retry":{"attempts":2}}]}"#, "config.targets[0].retry"),
        ] {
            let refusal = read(text).expect_err("a refusal");
            assert!(refusal.message.contains(named), "{text}: {}", refusal.message);
        }
        assert!(read("nope").expect_err("a refusal").message.ends_with("You need to pass a valid json"));
    }
}
