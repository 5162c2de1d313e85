//! A config's choices in few words, as they stand at the rails of its graph.

use serde_json::Value;

/// A mode as its points are called.
pub fn mode(mode: &str) -> &str {
    match mode {
        "single" => "First only",
        "fallback" => "Fallback",
        "loadbalance" => "Load balance",
        "conditional" => "Conditions",
        "round-robin" => "In turn",
        "priority" => "Priority",
        "least-latency" => "Fastest",
        "least-cost" => "Cheapest",
        other => other,
    }
}

/// `metadata.plan is paid and params.model matches ^gpt`.
pub fn query(query: &Value) -> String {
    joined(query, " and ")
}

fn joined(query: &Value, between: &str) -> String {
    let Some(map) = query.as_object() else { return "?".into() };
    let parts = map.iter().map(|(key, value)| match (key.as_str(), value) {
        ("$and" | "$or", Value::Array(queries)) => {
            let word = if key == "$or" { " or " } else { " and " };
            let told: Vec<_> = queries.iter().map(|query| joined(query, " and ")).collect();
            if map.len() > 1 { format!("({})", told.join(word)) } else { told.join(word) }
        }
        (key, Value::Object(tests)) => {
            let tests = tests.iter().map(|(operator, value)| format!("{key} {} {}", test(operator), plain(value)));
            tests.collect::<Vec<_>>().join(" and ")
        }
        (key, value) => format!("{key} is {}", plain(value)),
    });
    parts.collect::<Vec<_>>().join(between)
}

/// An operator in words.
pub fn test(operator: &str) -> &str {
    match operator {
        "$eq" => "is",
        "$ne" => "is not",
        "$gt" => ">",
        "$gte" => "≥",
        "$lt" => "<",
        "$lte" => "≤",
        "$in" => "is one of",
        "$nin" => "is none of",
        "$regex" => "matches",
        other => other,
    }
}

/// `on 429, 500, …`; `on failure` where nothing is said.
pub fn statuses(codes: Option<&Value>) -> String {
    const MOST: usize = 3;
    let Some(codes) = codes.and_then(Value::as_array).filter(|codes| !codes.is_empty()) else {
        return "on failure".into();
    };
    let told: Vec<_> = codes.iter().take(MOST).map(plain).collect();
    let more = if codes.len() > MOST { ", …" } else { "" };
    format!("on {}{more}", told.join(", "))
}

/// The shares of a node's targets in percent; none where all weights are 0.
pub fn shares(targets: &[Value]) -> Vec<Option<f64>> {
    let weight = |target: &Value| target.get("weight").map_or(Some(1.0), Value::as_f64).unwrap_or(0.0).max(0.0);
    let sum: f64 = targets.iter().map(weight).sum();
    targets.iter().map(|target| (sum > 0.0).then(|| 100.0 * weight(target) / sum)).collect()
}

/// `33.3 %`.
pub fn percent(share: f64) -> String {
    let text = format!("{share:.1}");
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// The model that a target calls, without its provider, or what else it is known by.
pub fn target(target: &Value) -> (String, String) {
    let text = |key: &str| target.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let model = ["override_params", "default_params"]
        .iter()
        .find_map(|key| target.get(*key)?.get("model")?.as_str())
        .filter(|model| !model.is_empty());
    let provider = text("provider").or_else(|| text("virtual_key"));
    let (in_model, model) = match model.and_then(|model| model.strip_prefix('@')?.split_once('/')) {
        Some((slug, model)) => (Some(slug), Some(model)),
        None => (None, model),
    };
    let provider = in_model.or_else(|| provider.map(|provider| provider.trim_start_matches('@')));
    let name = text("name").or(model).or(provider).unwrap_or("New target");
    let rest = [model.filter(|model| *model != name), provider.filter(|provider| *provider != name)];
    let rest: Vec<_> = rest.into_iter().flatten().collect();
    let rest = match rest.as_slice() {
        [] if provider.is_none() => "the model of the call".to_owned(),
        [] => String::new(),
        rest => rest.join(" · "),
    };
    (name.to_owned(), rest)
}

/// The slug of the provider that a target calls.
pub fn provider(target: &Value) -> &str {
    let in_model = target
        .get("override_params")
        .and_then(|params| params.get("model")?.as_str()?.strip_prefix('@')?.split_once('/'))
        .map(|(slug, _)| slug);
    let own = target.get("provider").or_else(|| target.get("virtual_key")).and_then(Value::as_str);
    in_model.or(own).unwrap_or_default().trim_start_matches('@')
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_reads_as_a_sentence() {
        for (asked, told) in [
            (json!({"metadata.plan": {"$eq": "paid"}}), "metadata.plan is paid"),
            (
                json!({"params.model": "m", "url.pathname": {"$regex": "^/v1"}}),
                "params.model is m and url.pathname matches ^/v1",
            ),
            (
                json!({"$or": [{"metadata.a": {"$in": [1, "b"]}}, {"params.n": {"$gt": 2, "$lt": 5}}]}),
                "metadata.a is one of 1, b or params.n > 2 and params.n < 5",
            ),
            (json!(3), "?"),
        ] {
            assert_eq!(query(&asked), told);
        }
    }

    #[test]
    fn a_target_is_known_by_its_name_model_or_provider() {
        for (node, name, rest) in [
            (json!({"name": "fast", "provider": "@c", "override_params": {"model": "m"}}), "fast", "m · c"),
            (json!({"override_params": {"model": "@c/m"}}), "m", "c"),
            (json!({"provider": "@c"}), "c", ""),
            (json!({}), "New target", "the model of the call"),
        ] {
            assert_eq!(target(&node), (name.to_owned(), rest.to_owned()));
        }
        assert_eq!(shares(&[json!({"weight": 3}), json!({})]), [Some(75.0), Some(25.0)]);
        assert_eq!(shares(&[json!({"weight": 0})]), [None]);
        assert_eq!(
            [statuses(None), statuses(Some(&json!([429, 500, 502, 503])))],
            ["on failure", "on 429, 500, 502, …"]
        );
        assert_eq!([percent(75.0), percent(100.0 / 3.0)], ["75 %", "33.3 %"]);
    }
}
