//! The table as JSON Schema, draft 2020-12. What only a reader can check, such as the name of a target, is left to it.

use super::{Clause, Field, GROUPS, Kind, Need, OBJECTS, OPERATORS, Object, Operand, PATHNAME, SUBJECTS, Since};
use serde_json::{Map, Value, json};

/// The schema of a config, served at its `$id`.
pub fn schema() -> Value {
    let objects = OBJECTS.iter().map(|object| (object.name.to_owned(), definition(object)));
    let defs: Map<String, Value> = objects.chain([("query".to_owned(), query())]).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/schema/config.json",
        "title": "Switchyard config",
        "$ref": "#/$defs/node",
        "$defs": defs,
    })
}

fn definition(object: &Object) -> Value {
    let properties: Map<String, Value> = object.all().map(|field| (field.key.to_owned(), property(field))).collect();
    let mut out = map(json!({
        "type": "object",
        "description": format!("This says {}.", object.meaning),
        "properties": properties,
        "additionalProperties": false,
    }));
    let needed: Vec<&str> = keys(object, |field| field.need == Need::Always);
    if !needed.is_empty() {
        out.insert("required".into(), json!(needed));
    }
    let beside = object.all().filter_map(|field| Some((field.key.to_owned(), json!([field.beside?]))));
    let beside: Map<String, Value> = beside.collect();
    if !beside.is_empty() {
        out.insert("dependentRequired".into(), Value::Object(beside));
    }
    if !object.enough.is_empty() {
        let enough: Vec<Value> = object.enough.iter().map(|clauses| alternative(clauses)).collect();
        out.insert("anyOf".into(), json!(enough));
    }
    let modes: Vec<Value> = modes(object);
    if !modes.is_empty() {
        out.insert("allOf".into(), json!(modes));
    }
    Value::Object(out)
}

fn keys(object: &Object, which: impl Fn(&Field) -> bool) -> Vec<&'static str> {
    object.all().filter(|field| which(field)).map(|field| field.key).collect()
}

/// What each mode needs.
fn modes(object: &Object) -> Vec<Value> {
    let mut modes: Vec<&str> = Vec::new();
    for field in object.all() {
        if let Need::Mode(mode) = field.need
            && !modes.contains(&mode)
        {
            modes.push(mode);
        }
    }
    let rule = |mode: &&'static str| {
        let needed = keys(object, |field| field.need == Need::Mode(mode));
        let given = json!({"properties": {"mode": {"const": mode}}, "required": ["mode"]});
        json!({"if": given, "then": {"required": needed}})
    };
    modes.iter().map(rule).collect()
}

fn alternative(clauses: &[Clause]) -> Value {
    let demands = clauses.iter().filter_map(|clause| {
        let demand = match clause {
            Clause::Has(_) => return None,
            Clause::Begins(_, start) => json!({"pattern": format!("^{start}")}),
            Clause::Among(_, words) => json!({"enum": words}),
            Clause::Off(_) => json!({"const": false}),
        };
        Some((clause.key().to_owned(), demand))
    });
    let demands: Map<String, Value> = demands.collect();
    let mut out = map(json!({"required": clauses.iter().map(Clause::key).collect::<Vec<_>>()}));
    if !demands.is_empty() {
        out.insert("properties".into(), Value::Object(demands));
    }
    Value::Object(out)
}

fn property(field: &Field) -> Value {
    let mut out = map(kind(&field.kind));
    let mut said = field.meaning.to_owned();
    match serde_json::from_str::<Value>(field.default) {
        Ok(value) => drop(out.insert("default".into(), value)),
        Err(_) if field.default.is_empty() => {}
        Err(_) => said.push_str(&format!(" Where absent: {}.", field.default)),
    }
    if field.since == Since::Ours {
        said.push_str(" Portkey has no such field.");
    }
    if !field.exists {
        said.push_str(" Saved, but a call that needs it is refused so far.");
    }
    out.insert("description".into(), said.into());
    Value::Object(out)
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text(form) => match form.pattern() {
            Some(pattern) => json!({"type": "string", "pattern": pattern}),
            None => json!({"type": "string", "minLength": 1}),
        },
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Whole { least, most } => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Kind::Number { least, most } => {
            json!({"type": "number", "minimum": least, "maximum": most})
        }
        Kind::Words(words) => json!({"enum": words}),
        Kind::List { of, least } => {
            json!({"type": "array", "minItems": least, "items": self::kind(of)})
        }
        Kind::Map => json!({"type": "object"}),
        Kind::Object(object) => json!({"$ref": format!("#/$defs/{}", object.name)}),
        Kind::Query => json!({"$ref": "#/$defs/query"}),
        Kind::Either(kinds) => json!({"anyOf": kinds.iter().map(self::kind).collect::<Vec<_>>()}),
    }
}

fn query() -> Value {
    let queries = json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/query"}});
    let operand = |operand: Operand| match operand {
        Operand::Single => single(),
        Operand::Numeric => json!({"type": ["number", "string"]}),
        Operand::Several => json!({"type": "array", "items": single()}),
        Operand::Pattern => json!({"type": "string"}),
    };
    let operators: Map<String, Value> = OPERATORS.iter().map(|(name, of)| ((*name).to_owned(), operand(*of))).collect();
    let test = json!({"anyOf": [
        single(),
        {"type": "object", "minProperties": 1, "properties": operators, "additionalProperties": false},
    ]});
    let groups = GROUPS.iter().map(|group| ((*group).to_owned(), queries.clone()));
    let properties: Map<String, Value> = groups.chain([(PATHNAME.to_owned(), test.clone())]).collect();
    let subjects = SUBJECTS.iter().map(|subject| (format!("^{}[^.]+$", subject.replace('.', r"\.")), test.clone()));
    json!({
        "type": "object",
        "description": "This says what must hold of a call.",
        "minProperties": 1,
        "properties": properties,
        "patternProperties": subjects.collect::<Map<String, Value>>(),
        "additionalProperties": false,
    })
}

fn single() -> Value {
    json!({"type": ["string", "number", "boolean", "null"]})
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` within.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(reference)) => found.push(reference.clone()),
                _ => references(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_field_of_the_table_is_in_the_schema_with_its_meaning() {
        let schema = schema();
        assert_eq!(schema["$id"], "/schema/config.json");
        for object in OBJECTS {
            let definition = &schema["$defs"][object.name];
            assert_eq!(definition["additionalProperties"], false, "{}", object.name);
            for field in object.all() {
                let said = definition["properties"][field.key]["description"].as_str().unwrap_or_default();
                assert!(said.starts_with(field.meaning), "{}.{}", object.name, field.key);
            }
        }
    }

    #[test]
    fn every_reference_leads_to_a_definition() {
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 15, "{found:?}");
        for reference in found {
            assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn kinds_ranges_and_demands_are_written_as_the_draft_has_them() {
        let defs = &schema()["$defs"];
        for (path, wanted) in [
            ("/node/properties/targets/items/$ref", json!("#/$defs/node")),
            ("/node/properties/targets/minItems", json!(1)),
            ("/node/properties/weight/minimum", json!(0.0)),
            ("/node/properties/weight/default", json!(1)),
            ("/node/dependentRequired/strategy", json!(["targets"])),
            ("/node/anyOf/0", json!({"required": ["strategy", "targets"]})),
            ("/node/anyOf/1", json!({"required": ["provider"], "properties": {"provider": {"pattern": "^@"}}})),
            ("/strategy/required", json!(["mode"])),
            ("/strategy/allOf/0/if/properties/mode/const", json!("conditional")),
            ("/strategy/allOf/0/then/required", json!(["conditions", "default"])),
            ("/cache/properties/max_age/minimum", json!(60)),
            ("/cache/properties/max_age/maximum", json!(7_776_000)),
            ("/retry/properties/on_status_codes/items/maximum", json!(599)),
            ("/retry/properties/on_status_codes/default", json!([429, 500, 502, 503, 504, 529])),
            ("/sticky/anyOf/1/properties/enabled/const", json!(false)),
            ("/query/properties/$and/items/$ref", json!("#/$defs/query")),
        ] {
            assert_eq!(defs.pointer(path), Some(&wanted), "{path}");
        }
    }
}
