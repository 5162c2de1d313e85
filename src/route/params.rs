//! A target's changes to the body: defaults, overrides, drops, in this order (contract §2.1).

use serde_json::value::{RawValue, to_raw_value};

use crate::route::Leaf;
use crate::wire::body::Body;

/// A place in the body, such as `a.b`, `tools[0].function.strict` or `tools[*].x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// A field of the body itself.
    top: Box<str>,
    below: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Key(Box<str>),
    Index(usize),
    Every,
}

/// Rewrites the fields that the target names; the bytes of all others stay as they came.
pub fn apply(body: &mut Body, leaf: &Leaf) {
    for (name, value) in &leaf.default_params {
        if body.raw(name).is_none() {
            put(body, name, value);
        }
    }
    for (name, value) in &leaf.override_params {
        put(body, name, value);
    }
    for path in &leaf.drop_params {
        path.drop_from(body);
    }
}

impl Path {
    /// The error is a sentence that says what a path looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = parts_of(text).ok_or_else(|| {
            format!(
                "`{text}` is no path into the body. Write such as `a.b`, `tools[0].function.strict` or `tools[*].x`."
            )
        })?;
        match parts.remove(0) {
            Part::Key(top) => Ok(Self { top, below: parts }),
            Part::Index(_) | Part::Every => Err(format!("`{text}` must begin with the name of a field of the body.")),
        }
    }

    /// Takes out what stands there. Where nothing does, nothing changes.
    fn drop_from(&self, body: &mut Body) {
        if self.below.is_empty() {
            body.remove(&self.top);
        } else if let Some(rest) = body.raw(&self.top).and_then(|raw| without(raw, &self.below)) {
            body.set(&self.top, rest);
        }
    }
}

fn put(body: &mut Body, name: &str, value: &serde_json::Value) {
    if let Ok(value) = to_raw_value(value) {
        body.set(name, value);
    }
}

/// At least one part, or `None` where the text is no path.
fn parts_of(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for segment in text.split('.') {
        let (name, mut rest) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
        if name.is_empty() || name.contains(']') {
            return None;
        }
        parts.push(Part::Key(name.into()));
        while !rest.is_empty() {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            parts.push(if index == "*" { Part::Every } else { Part::Index(index_of(index)?) });
            rest = after;
        }
    }
    Some(parts)
}

fn index_of(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The value without what `parts` names; `None` where that is not there.
fn without(raw: &RawValue, parts: &[Part]) -> Option<Box<RawValue>> {
    let (part, below) = parts.split_first()?;
    match part {
        Part::Key(name) => without_key(raw, name, below),
        Part::Index(at) => without_items(raw, *at..at.saturating_add(1), below),
        Part::Every => without_items(raw, 0..usize::MAX, below),
    }
}

fn without_key(raw: &RawValue, name: &str, below: &[Part]) -> Option<Box<RawValue>> {
    let mut object: Body = serde_json::from_str(raw.get()).ok()?;
    let field = object.raw(name)?;
    if below.is_empty() {
        object.remove(name);
    } else {
        let rest = without(field, below)?;
        object.set(name, rest);
    }
    serde_json::from_slice(&object.bytes()).ok()
}

fn without_items(raw: &RawValue, range: std::ops::Range<usize>, below: &[Part]) -> Option<Box<RawValue>> {
    let mut items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).ok()?;
    let range = range.start..range.end.min(items.len());
    if range.start >= range.end {
        return None;
    }
    if below.is_empty() {
        items.drain(range);
        return to_raw_value(&items).ok();
    }
    let mut changed = false;
    for item in &mut items[range] {
        if let Some(rest) = without(item, below) {
            *item = rest;
            changed = true;
        }
    }
    changed.then(|| to_raw_value(&items).ok())?
}

#[cfg(test)]
mod tests {
    use super::{Path, apply};
    use crate::route::Leaf;
    use crate::wire::body::Body;
    use bytes::Bytes;
    use serde_json::{Map, Value, json};

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn applied(body: &str, leaf: &Leaf) -> String {
        let mut body = Body::parse(&Bytes::copy_from_slice(body.as_bytes())).expect("an object");
        apply(&mut body, leaf);
        String::from_utf8(body.bytes().to_vec()).expect("UTF-8")
    }

    #[test]
    fn drops_take_out_what_is_there_and_nothing_else() {
        let tools = r#"{ "tools":[{"x":1.50e2,"f":{"strict":true, "n" : 1}},{"x":2},7] , "a": {"b":1,"c":2}}"#;
        for (path, body, after) in [
            ("a", r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
            ("a", r#"{"a":1,"b": 2,"a":3}"#, r#"{"b":2}"#),
            ("z", r#"{ "a" : 1 }"#, r#"{ "a" : 1 }"#),
            ("a.b", tools, r#"{"tools":[{"x":1.50e2,"f":{"strict":true, "n" : 1}},{"x":2},7],"a":{"c":2}}"#),
            ("a.b.c", tools, tools),
            ("a[0]", tools, tools),
            ("a.z", tools, tools),
            ("tools.x", tools, tools),
            ("tools[0].f.strict", tools, r#"{"tools":[{"x":1.50e2,"f":{"n":1}},{"x":2},7],"a":{"b":1,"c":2}}"#),
            ("tools[*].x", tools, r#"{"tools":[{"f":{"strict":true, "n" : 1}},{},7],"a":{"b":1,"c":2}}"#),
            ("tools[*].y", tools, tools),
            ("tools[2]", r#"{"tools":[1,2,3,4]}"#, r#"{"tools":[1,2,4]}"#),
            ("tools[9]", tools, tools),
            ("tools[18446744073709551615]", tools, tools),
            ("tools[*]", r#"{"tools":[1,2]}"#, r#"{"tools":[]}"#),
            ("m[0][1].k", r#"{"m":[[0,{"k":1,"l":2}]]}"#, r#"{"m":[[0,{"l":2}]]}"#),
        ] {
            let leaf = Leaf { drop_params: vec![Path::parse(path).expect(path)], ..Leaf::default() };
            assert_eq!(applied(body, &leaf), after, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_says_so() {
        for text in ["", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a[x]", "a[-1]", "a[+1]", "a]b", "a[0]b", "a[0"] {
            let error = Path::parse(text).expect_err(text);
            assert!(error.contains("`tools[*].x`") || error.contains("begin with"), "{text}: {error}");
        }
    }

    #[test]
    fn defaults_yield_to_the_body_overrides_do_not_and_drops_come_last() {
        let leaf = Leaf {
            default_params: object(&json!({"a": 0, "b": 0, "c": 0})),
            override_params: object(&json!({"b": 1, "c": {"d": 1, "e": 2}, "model": "m"})),
            drop_params: vec![Path::parse("c.d").expect("a path"), Path::parse("user").expect("a path")],
            ..Leaf::default()
        };
        let after = applied(r#"{"a":null,"b":9,"temperature": 1.0,"user":"u","model":"x"}"#, &leaf);
        assert_eq!(after, r#"{"a":null,"b":1,"temperature":1.0,"model":"m","c":{"e":2}}"#);
    }

    #[test]
    fn a_target_without_changes_leaves_the_bytes_alone() {
        let text = "{ \"b\" : 1.50,\n \"a\":[1, 2] }\n";
        assert_eq!(applied(text, &Leaf::default()), text);
    }
}
