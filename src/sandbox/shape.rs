//! A value that fits a JSON Schema, made up without chance.

use serde_json::{Map, Value, json};

/// The simplest value that the schema asks for. Recursive schemas end in null.
pub(super) fn example(schema: &Value) -> Value {
    filled(schema, schema, DEEPEST)
}

const DEEPEST: u8 = 16;

fn filled(schema: &Value, root: &Value, depth: u8) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(target) = schema["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)) {
        return filled(target, root, depth);
    }
    for given in [&schema["const"], &schema["default"], &schema["enum"][0]] {
        if !given.is_null() {
            return given.clone();
        }
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if schema[choice][0].is_object() {
            return filled(&schema[choice][0], root, depth);
        }
    }
    match kind(schema) {
        "object" => object(schema, root, depth),
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(1).min(8);
            (0..count).map(|_| filled(&schema["items"], root, depth)).collect()
        }
        "string" => text(schema).into(),
        "integer" => json!(schema["minimum"].as_i64().unwrap_or(1)),
        "number" => json!(schema["minimum"].as_f64().unwrap_or(1.5)),
        "boolean" => true.into(),
        _ => Value::Null,
    }
}

fn object(schema: &Value, root: &Value, depth: u8) -> Value {
    let properties = schema["properties"].as_object();
    let fields = properties.into_iter().flatten();
    Value::Object(fields.map(|(name, inner)| (name.clone(), filled(inner, root, depth))).collect::<Map<_, _>>())
}

/// The type, the first where there are several; an object where only properties are given, and where nothing is.
fn kind(schema: &Value) -> &str {
    let named = schema["type"].as_str().or(schema["type"][0].as_str());
    named.unwrap_or(if schema["items"].is_object() { "array" } else { "object" })
}

fn text(schema: &Value) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("email") => "person@example.com",
        Some("uri") => "https://example.com",
        _ => "text",
    };
    let least = schema["minLength"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0).min(1024);
    format!("{text:x<least$}")
}

#[cfg(test)]
mod tests {
    use super::example;
    use serde_json::json;

    #[test]
    fn an_example_fits_its_schema() {
        for (schema, value) in [
            (json!({}), json!({})),
            (json!(null), json!({})),
            (
                json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 3}}}),
                json!({"city": "text", "days": 3}),
            ),
            (
                json!({"properties": {"unit": {"enum": ["C", "F"]}, "ok": {"type": ["boolean", "null"]}}}),
                json!({"unit": "C", "ok": true}),
            ),
            (json!({"type": "array", "items": {"type": "number"}, "minItems": 2}), json!([1.5, 1.5])),
            (json!({"$ref": "#/$defs/a", "$defs": {"a": {"const": 7}}}), json!(7)),
            (json!({"anyOf": [{"type": "string", "minLength": 6}, {"type": "null"}]}), json!("textxx")),
        ] {
            assert_eq!(example(&schema), value, "{schema}");
        }
    }

    #[test]
    fn a_recursive_schema_ends() {
        let tree = json!({"properties": {"child": {"$ref": "#"}}});
        assert!(example(&tree).to_string().ends_with("null}}}}}}}}"));
    }
}
