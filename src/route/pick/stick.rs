//! The key under which a call stays with a target.

use serde_json::Value;

use crate::route::Facts;

/// FNV-1a over the fields that the call has, with their names; `None` where it has none of them. The same in every
/// process and version: what is remembered outlives both.
pub fn key(fields: &[String], facts: Facts<'_>) -> Option<u64> {
    let mut hash = None;
    for field in fields {
        if let Some(value) = read(field, facts).filter(|value| !value.is_null()) {
            let text = format!("{field}={value}\n");
            hash = Some(
                text.bytes().fold(hash.unwrap_or(BASIS), |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)),
            );
        }
    }
    hash
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// `metadata.a.b` or `params.a.b`.
fn read(field: &str, facts: Facts<'_>) -> Option<Value> {
    let (root, path) = field.split_once('.')?;
    let (top, below) = path.split_once('.').map_or((path, None), |(top, below)| (top, Some(below)));
    let value: Value = match root {
        "metadata" => facts.metadata.get(top)?.clone(),
        "params" => facts.params?.read(top)?,
        _ => return None,
    };
    below
        .into_iter()
        .flat_map(|below| below.split('.'))
        .try_fold(value, |mut value, key| Some(value.get_mut(key)?.take()))
}

#[cfg(test)]
mod tests {
    use super::key;
    use crate::route::Facts;
    use crate::wire::body::Body;
    use bytes::Bytes;
    use serde_json::json;

    fn of(fields: &[&str], metadata: &serde_json::Value) -> Option<u64> {
        let body = Body::parse(&Bytes::from_static(br#"{"user":"u1","a":{"b":[1]},"z":null}"#)).expect("a body");
        let none = serde_json::Map::new();
        let metadata = metadata.as_object().unwrap_or(&none);
        let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
        key(&fields, Facts { metadata, params: Some(&body), pathname: "/" })
    }

    #[test]
    fn equal_values_have_equal_keys_and_a_call_without_any_has_none() {
        let (ann, bob) = (json!({"id": "ann", "x": {"y": 1}}), json!({"id": "bob"}));
        assert_eq!(of(&["metadata.id"], &ann), of(&["metadata.id"], &ann));
        assert_ne!(of(&["metadata.id"], &ann), of(&["metadata.id"], &bob));
        assert_ne!(of(&["metadata.id"], &ann), of(&["metadata.id", "params.user"], &ann));
        assert_eq!(of(&["metadata.id", "metadata.none"], &ann), of(&["metadata.id"], &ann));
        for field in ["metadata.x.y", "params.user", "params.a.b"] {
            assert!(of(&[field], &ann).is_some(), "{field}");
        }
        for field in ["metadata.none", "metadata.id.deep", "params.z", "params.user.b", "id", "header.id", ""] {
            assert_eq!(of(&[field], &ann), None, "{field}");
        }
    }

    #[test]
    fn a_key_never_changes() {
        assert_eq!(of(&["metadata.id"], &json!({"id": "a"})), Some(0x2884_1b92_0893_f477));
    }
}
