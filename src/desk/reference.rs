//! The served OpenAPI document, read for people.

use super::Seat;
use crate::admin::openapi;
use app::backend::{Answer, ReferenceDesk};
use app::model::reference::{Group, Operation, Parameter, Reference};
use async_trait::async_trait;
use serde_json::{Map, Value};

#[async_trait]
impl ReferenceDesk for Seat {
    async fn reference(&self) -> Answer<Reference> {
        Ok(read(&openapi::document(), &self.house.settings.base_url()))
    }
}

/// Groups stand in the order of the document, operations of one path by method.
fn read(document: &Value, base_url: &str) -> Reference {
    let mut groups: Vec<Group> = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let id = operation["tags"][0].as_str().unwrap_or("other");
            let one = told(path, method, operation, base_url);
            match groups.iter_mut().find(|group| group.id == id) {
                Some(group) => group.operations.push(one),
                None => groups.push(Group { id: id.to_owned(), title: title(id), operations: vec![one] }),
            }
        }
    }
    let version = document["info"]["version"].as_str().unwrap_or_default().to_owned();
    Reference { version, base_url: base_url.to_owned(), groups }
}

/// A path beside `/v1` says so by a server of its own.
fn told(path: &str, method: &str, operation: &Value, base_url: &str) -> Operation {
    let beside = operation["servers"].is_array();
    let base = if beside { base_url.trim_end_matches("/v1") } else { base_url };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scopes = operation["x-scopes"].as_array().into_iter().flatten().map(text).collect();
    let content = operation["requestBody"]["content"].as_object().and_then(|kinds| kinds.iter().next());
    let none = (String::new(), Value::Null);
    let (kind, body) = content.unwrap_or((&none.0, &none.1));
    let method = method.to_uppercase();
    let ask = Ask {
        method: &method,
        url: &format!("{base}{path}"),
        open: operation["security"].as_array().is_some_and(Vec::is_empty),
        form: kind == "multipart/form-data",
        schema: &body["schema"],
    };
    Operation {
        sample: ask.sample(),
        parameters: parameters(operation, &body["schema"]),
        path: if beside { path.to_owned() } else { format!("/v1{path}") },
        summary: text(&operation["summary"]),
        scopes,
        every: operation["x-every-scope"] == true,
        method,
    }
}

fn parameters(operation: &Value, schema: &Value) -> Vec<Parameter> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outer = operation["parameters"].as_array().into_iter().flatten().map(|one| Parameter {
        name: text(&one["name"]),
        place: text(&one["in"]),
        kind: text(&one["schema"]["type"]),
        required: one["required"] == true,
    });
    let inner = schema["properties"].as_object().into_iter().flatten().map(|(name, one)| Parameter {
        name: name.clone(),
        place: "body".into(),
        kind: if one["format"] == "binary" { "file".into() } else { text(&one["type"]) },
        required: required(schema, name),
    });
    outer.chain(inner).collect()
}

fn required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name))
}

/// A request, as a command has it.
struct Ask<'a> {
    method: &'a str,
    url: &'a str,
    /// It asks for no key.
    open: bool,
    /// The body is a form with a file.
    form: bool,
    schema: &'a Value,
}

impl Ask<'_> {
    /// With what must be in the body, each with a value of its type.
    fn sample(&self) -> String {
        let Self { method, url, .. } = self;
        let mut lines =
            vec![if *method == "GET" { format!("curl '{url}'") } else { format!("curl -X {method} '{url}'") }];
        if !self.open {
            lines.push("  -H \"x-portkey-api-key: $SWITCHYARD_API_KEY\"".into());
        }
        let fields = self.schema["properties"].as_object().into_iter().flatten();
        let needed: Vec<(&String, &Value)> = fields.filter(|(name, _)| required(self.schema, name)).collect();
        if self.form {
            lines.extend(needed.iter().map(|(name, one)| match one["format"] == "binary" {
                true => format!("  -F '{name}=@file'"),
                false => format!("  -F '{name}=…'"),
            }));
        } else if !needed.is_empty() {
            let body: Map<String, Value> = needed.into_iter().map(|(name, one)| (name.clone(), example(one))).collect();
            lines.push("  -H 'content-type: application/json'".into());
            lines.push(format!("  -d '{}'", Value::from(body)));
        }
        lines.join(" \\\n")
    }
}

fn example(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("object") => serde_json::json!({}),
        Some("array") => serde_json::json!([]),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        _ => "…".into(),
    }
}

/// `virtual-keys` is `Virtual keys`.
fn title(id: &str) -> String {
    let words = id.replace(['-', '_'], " ");
    let first = words.get(..1).unwrap_or_default().to_uppercase();
    let title = first + words.get(1..).unwrap_or_default();
    title.replace("Api ", "API ")
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::admin::openapi::document;
    use crate::admin::table::ROUTES;

    #[test]
    fn every_row_of_the_table_is_told() {
        let reference = read(&document(), "http://127.0.0.1:8787/v1");
        let all: Vec<_> = reference.groups.iter().flat_map(|group| &group.operations).collect();
        for row in ROUTES {
            let (method, path) = (row.verb.word().to_uppercase(), format!("/v1{}", row.path));
            let one = all.iter().find(|one| one.method == method && one.path == path);
            let one = one.unwrap_or_else(|| panic!("{method} {path}"));
            assert_eq!(one.scopes, row.scopes, "{method} {path}");
            let body: Vec<_> = one.parameters.iter().filter(|one| one.place == "body").collect();
            assert_eq!(body.len(), row.takes.len(), "{method} {path}");
        }
        let making = all.iter().find(|one| one.method == "POST" && one.path == "/v1/virtual-keys").expect("a row");
        assert!(making.sample.starts_with("curl -X POST 'http://127.0.0.1:8787/v1/virtual-keys' \\\n"));
        assert!(making.sample.contains(r#"-d '{"name":"…","provider":"…"}'"#), "{}", making.sample);
        let sent = |path: &str, method: &str| {
            let one = all.iter().find(|one| one.method == method && one.path == path);
            one.unwrap_or_else(|| panic!("{method} {path}")).sample.clone()
        };
        assert!(sent("/v1/audio/transcriptions", "POST").ends_with("-F 'model=…' \\\n  -F 'file=@file'"));
        assert_eq!(sent("/healthz", "GET"), "curl 'http://127.0.0.1:8787/healthz'");
        let logs = all.iter().find(|one| one.method == "POST" && one.path == "/v1/logs").expect("a row");
        assert!(logs.every && logs.scopes.len() == 2);
    }
}
