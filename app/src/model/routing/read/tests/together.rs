//! What parts of a config demand of each other.

use super::*;

#[test]
fn a_node_says_something_about_the_call() {
    for value in [
        json!({"provider": "@alpha"}),
        json!({"provider": "openai", "api_key": "sk-1"}),
        json!({"provider": "openai", "custom_host": "http://127.0.0.1:9100/v1"}),
        json!({"provider": "ollama"}),
        json!({"virtual_key": "alpha"}),
        json!({"passthrough": true}),
        json!({"cache": "simple"}),
        json!({"cache": {"mode": "simple"}}),
        json!({"retry": {"attempts": 9}}),
        json!({"request_timeout": 1}),
        json!({"stream": {"idle_timeout": 1}}),
        json!({"forward_headers": ["x-a"]}),
        json!({"override_params": {"model": "@alpha/m"}}),
        json!({"default_params": {}}),
        json!({"drop_params": ["a"]}),
        json!({"prompt_id": "pp-a"}),
        json!({"input_guardrails": ["pg-a", {"default.contains": {"operator": "none"}, "deny": true}]}),
        json!({"after_request_hooks": [{"id": "a", "type": "guardrail"}]}),
        json!({"output_mutators": []}),
        json!({"provider": "bedrock", "aws_access_key_id": "a", "aws_secret_access_key": "b"}),
        json!({"provider": "vertex-ai", "vertex_region": "r", "vertex_service_account_json": {"type": "x"}}),
        json!({"provider": "vertex-ai", "vertex_region": "r", "vertex_service_account_json": "{}"}),
    ] {
        accept(&value);
        accept(&group(json!({"mode": "single"}), json!([value])));
    }
    for value in [
        json!({}),
        json!({"name": "a"}),
        json!({"weight": 1}),
        json!({"provider": "openai"}),
        json!({"api_key": "sk-1"}),
        json!({"custom_host": "https://a/v1"}),
        json!({"provider": "bedrock", "aws_access_key_id": "a"}),
        json!({"strict_open_ai_compliance": false}),
    ] {
        check(&value, &[": This says nothing about the call. Add targets with a strategy, a provider"]);
        check(&group(json!({"mode": "single"}), json!([value])), &["targets[0]: This says nothing about the call."]);
    }
}

#[test]
fn strategy_and_targets_stand_together() {
    let targets = json!([{"name": "a", "provider": "@a"}, {"name": "b", "provider": "@b"}]);
    let missing = "a list of at least one item, each an object that says where a call goes and how.";
    for (value, told) in [
        (json!({"strategy": {"mode": "single"}}), &[&*format!("targets: Required beside strategy. Use {missing}")][..]),
        (json!({"targets": targets}), &["strategy: Required beside targets. Use an object that says how one"]),
        (group(json!({}), targets.clone()), &["strategy.mode: Required. Use one of single, fallback,"]),
        (
            group(json!({"mode": "roundrobin"}), targets.clone()),
            &[
                "strategy.mode: Use one of single, fallback, loadbalance, conditional, round-robin, priority, least-latency, least-cost, not roundrobin. Did you mean round-robin?",
            ],
        ),
        (group(json!({"mode": "single"}), json!([])), &["targets: Use a list of at least one item"]),
        (group(json!({"mode": "single"}), json!({})), &["targets: Use a list of at least one item"]),
        (
            group(json!({"mode": "single"}), json!(["@a"])),
            &["targets[0]: Use an object that says where a call goes and how, not a text."],
        ),
        (
            group(json!({"mode": "fallback", "on_status_codes": [0]}), targets.clone()),
            &["strategy.on_status_codes[0]: Use a whole number from 100"],
        ),
        (group(json!({"mode": "fallback", "hedge": {}}), targets.clone()), &["strategy.hedge.after: Required."]),
        (
            group(json!({"mode": "fallback", "hedge": {"after": 1, "max": 5}}), targets.clone()),
            &["strategy.hedge.max: Use a whole number from 2 to 4, not 5."],
        ),
        (
            group(json!({"mode": "fallback", "queue": {"max_wait": 0}}), targets.clone()),
            &["strategy.queue.max_wait: Use a whole number from 1 to"],
        ),
        (
            group(json!({"mode": "loadbalance", "sticky": {"enabled": true}}), targets.clone()),
            &["strategy.sticky: Add hash_fields"],
        ),
        (
            group(
                json!({"mode": "loadbalance", "sticky": {"enabled": true, "hash_fields": ["user"]}}),
                targets.clone(),
            ),
            &["strategy.sticky.hash_fields[0]: Use a path such as metadata.user_id"],
        ),
        (
            group(json!({"mode": "loadbalance", "sticky": {"enabled": true, "hash_fields": []}}), targets.clone()),
            &["strategy.sticky.hash_fields: Use a list of at least one"],
        ),
        (
            group(
                json!({"mode": "loadbalance"}),
                json!([{"weight": 0, "provider": "@a"}, {"weight": 0.0, "provider": "@b"}]),
            ),
            &["targets: No provider selected: every weight is 0."],
        ),
        (
            group(json!({"mode": "conditional"}), targets.clone()),
            &[
                "strategy.conditions: No conditions passed in the query router.",
                "strategy.default: Query router did not resolve to any valid target.",
            ],
        ),
    ] {
        check(&value, told);
    }
    accept(&group(json!({"mode": "loadbalance", "sticky": {"enabled": false}}), targets));
    accept(&group(json!({"mode": "loadbalance"}), json!([{"weight": 0, "provider": "@a"}, {"provider": "@b"}])));
    accept(&group(json!({"mode": "fallback"}), json!([{"weight": 0, "provider": "@a"}])));
}

#[test]
fn conditions_name_targets_that_are_there() {
    let conditional = |default: &str, then: &str, targets: Value| {
        let condition = json!({"query": {"metadata.plan": "paid"}, "then": then});
        group(json!({"mode": "conditional", "conditions": [condition], "default": default}), targets)
    };
    let targets = json!([{"name": "a", "provider": "@a"}, {"name": "b", "provider": "@b"}]);
    accept(&conditional("a", "b", targets.clone()));
    check(
        &conditional("c", "d", targets.clone()),
        &[
            "strategy.default: Invalid target name found in the query router: c. Names of the targets here: a, b.",
            "strategy.conditions[0].then: Invalid target name found in the query router: d. Names of the targets",
        ],
    );
    let nameless = json!([{"provider": "@a"}]);
    check(
        &conditional("a", "a", nameless),
        &[
            "strategy.default: Invalid target name found in the query router: a. No target here has a name",
            "strategy.conditions[0].then: Invalid target name found in the query router: a. No target",
        ],
    );
    // A name counts among the targets of its own strategy alone.
    let nested = json!([{"name": "a", "provider": "@a"}, group(json!({"mode": "single"}), targets)]);
    check(
        &conditional("a", "b", nested),
        &[
            "strategy.conditions[0].then: Invalid target name found in the query router: b. Names of the targets here: a.",
        ],
    );
}

#[test]
fn queries_use_the_operators_and_paths_that_exist() {
    let with = |query: Value| {
        let conditions = json!([{"query": query, "then": "a"}]);
        group(
            json!({"mode": "conditional", "conditions": conditions, "default": "a"}),
            json!([{"name": "a", "provider": "@a"}]),
        )
    };
    for query in [
        json!({"metadata.plan": "paid"}),
        json!({"metadata.plan": null, "params.stream": true, "url.pathname": "/v1/embeddings"}),
        json!({"params.max_tokens": {"$gt": 1, "$lte": "100.5"}}),
        json!({"params.model": {"$in": ["a", 1, null]}, "metadata.user id": {"$nin": []}}),
        json!({"params.model": {"$regex": "(?=["}}),
        json!({"$and": [{"$or": [{"metadata.a": {"$eq": 1}}, {"metadata.b": {"$ne": null}}]}]}),
    ] {
        accept(&with(query));
    }
    let at = "strategy.conditions[0].query";
    for (query, told) in [
        (json!({}), ": Empty. Use an object such as"),
        (json!([]), ": Use an object such as {\"metadata.plan\": {\"$eq\": \"paid\"}}, not a list."),
        (json!({"$and": []}), ".$and: Use a list of at least one query."),
        (json!({"$or": {"metadata.a": 1}}), ".$or: Use a list of at least one query."),
        (json!({"$or": ["a"]}), ".$or[0]: Use a query, an object, not a text."),
        (json!({"$not": []}), ".$not: Unsupported operator used in the query router: $not. Use $and or $or here."),
        (json!({"plan": "paid"}), ".plan: Use metadata.<key>, params.<key>, url.pathname"),
        (json!({"metadata.a.b": 1}), ".metadata.a.b: Use metadata.<key>"),
        (json!({"metadata.": 1}), ".metadata.: Use metadata.<key>"),
        (json!({"url.host": "a"}), ".url.host: Use metadata.<key>"),
        (json!({"metadata.a": {}}), ".metadata.a: Use at least one operator: $eq, $ne,"),
        (json!({"metadata.a": ["x"]}), ".metadata.a: Use one value, or {\"$in\": [...]}"),
        (
            json!({"metadata.a": {"$like": "x"}}),
            ".metadata.a.$like: Unsupported operator used in the query router: $like. Use $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $regex.",
        ),
        (json!({"metadata.a": {"$in": "x"}}), ".metadata.a.$in: Use a list of texts"),
        (json!({"metadata.a": {"$in": [[]]}}), ".metadata.a.$in: Use a list of texts"),
        (json!({"metadata.a": {"$gt": "many"}}), ".metadata.a.$gt: Use a number, not a text."),
        (json!({"metadata.a": {"$regex": 1}}), ".metadata.a.$regex: Use a regular expression as text, not a number."),
        (
            json!({"metadata.a": {"$eq": {}}}),
            ".metadata.a.$eq: Use a text, a number, true, false or null, not an object.",
        ),
    ] {
        check(&with(query), &[&format!("{at}{told}")]);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let config = json!({
        "strategy": {"mode": "conditionl", "cb_config": {}},
        "cache": {"mode": "simple", "max_age": 1},
        "targets": [
            {"provider": "@a", "retry": {"attempts": "two"}, "weigth": 1},
            group(json!({"mode": "loadbalance"}), json!([{"provider": "@b", "weight": -1}, {}])),
        ],
    });
    check(
        &config,
        &[
            "cache.max_age: Use a whole number from 60",
            "strategy.cb_config: Add failure_threshold",
            "strategy.mode: Use one of",
            "targets[0].retry.attempts: Use a whole number",
            "targets[0].weigth: Unknown key. Did you mean weight?",
            "targets[1].targets[0].weight: Use a number from 0",
            "targets[1].targets[1]: This says nothing about the call.",
        ],
    );
}
