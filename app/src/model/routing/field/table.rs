//! The rows.

use super::Clause::{Among, Begins, Has, Off};
use super::Kind::{Either, Flag, List, Map, Number, Query, Text, Whole, Words};
use super::clouds::CLOUDS;
use super::form::Form::{CallPath, DropPath, Header, Plain, Url};
use super::{Clause, Field, Kind, Object};

/// Vendors that ask for no credential.
const KEYLESS: &[&str] = &["ollama", "triton", "sandbox"];

/// Every object of a config, in the order of the schema.
pub static OBJECTS: [&Object; 11] =
    [&NODE, &STRATEGY, &CONDITION, &STICKY, &BREAKER, &RETRY, &CACHE, &STREAM, &HEDGE, &QUEUE, &DEPLOYMENT];

/// A day in milliseconds: no wait is longer.
const DAY: u64 = 86_400_000;
const ANY_COUNT: Kind = Whole { least: 0, most: u32::MAX as u64 };
const COUNT: Kind = Whole { least: 1, most: u32::MAX as u64 };
const MILLIS: Kind = Whole { least: 1, most: DAY };
const STATUSES: Kind = List { of: &Whole { least: 100, most: 599 }, least: 0 };
const GUARDRAILS: Kind = List { of: &Either(&[Text(Plain), Map]), least: 0 };
const HOOKS: Kind = List { of: &Map, least: 0 };

pub static NODE: Object = Object {
    name: "node",
    meaning: "where a call goes and how",
    fields: &[ROUTE, TARGET, CARE, HOOKED, CLOUDS],
    enough: ENOUGH,
    lacking: "This says nothing about the call. Add targets with a strategy, a provider (\"@slug\", or a vendor's name \
              with api_key or custom_host), or one of cache, retry, request_timeout, override_params.",
};

/// What makes a node one (contract §2.1).
const ENOUGH: &[&[Clause]] = &[
    &[Has("strategy"), Has("targets")],
    &[Begins("provider", "@")],
    &[Has("virtual_key")],
    &[Has("provider"), Has("api_key")],
    &[Has("provider"), Has("custom_host")],
    &[Among("provider", KEYLESS)],
    &[Has("passthrough")],
    &[Has("cache")],
    &[Has("retry")],
    &[Has("request_timeout")],
    &[Has("stream")],
    &[Has("forward_headers")],
    &[Has("override_params")],
    &[Has("default_params")],
    &[Has("drop_params")],
    &[Has("prompt_id")],
    &[Has("input_guardrails")],
    &[Has("output_guardrails")],
    &[Has("before_request_hooks")],
    &[Has("after_request_hooks")],
    &[Has("input_mutators")],
    &[Has("output_mutators")],
    &[Has("provider"), Has("aws_access_key_id"), Has("aws_secret_access_key")],
    &[Has("provider"), Has("aws_role_arn")],
    &[Has("provider"), Has("aws_auth_type")],
    &[Has("provider"), Has("vertex_region"), Has("vertex_service_account_json")],
    &[Has("provider"), Has("vertex_region"), Has("vertex_project_id")],
    &[Has("provider"), Has("azure_ad_token")],
    &[Has("provider"), Has("azure_auth_mode")],
    &[Has("provider"), Has("azure_entra_client_id"), Has("azure_entra_client_secret"), Has("azure_entra_tenant_id")],
    &[Has("provider"), Has("oracle_tenancy"), Has("oracle_user"), Has("oracle_fingerprint"), Has("oracle_private_key")],
];

static ROUTE: &[Field] = &[
    Field::new("name", Text(Plain), "By which conditions name the target."),
    Field::new("strategy", Kind::Object(&STRATEGY), "How one of the targets is chosen.").beside("targets"),
    Field::new(
        "targets",
        List { of: &Kind::Object(&NODE), least: 1 },
        "Where a call can go; each target may have a strategy and targets of its own.",
    )
    .beside("strategy"),
    Field::new(
        "weight",
        Number { least: 0.0, most: 1e9 },
        "Share among its siblings when load is balanced; 0 for never.",
    )
    .default("1"),
    Field::new("priority", ANY_COUNT, "Tier of the mode priority: the lowest is tried first.")
        .default("the target's position")
        .ours(),
];

const TARGET: &[Field] = &[
    Field::new("provider", Text(Plain), "A provider of the workspace as @slug, or a vendor's bare name."),
    Field::new("virtual_key", Text(Plain), "Slug of a provider: the older way to write @slug."),
    Field::new("api_key", Text(Plain), "Credential for a bare vendor."),
    Field::new("passthrough", Flag, "The provider is taken from the request.").default("false"),
    Field::new("custom_host", Text(Url), "Base URL to call, version segment included."),
    Field::new("forward_headers", List { of: &Text(Header), least: 0 }, "Headers of the request that are sent on."),
    Field::new("override_params", Map, "Overwrites fields of the body."),
    Field::new("default_params", Map, "Fills fields of the body that are absent."),
    Field::new(
        "drop_params",
        List { of: &Text(DropPath), least: 0 },
        "Takes fields out of the body, after the others.",
    ),
];

static CARE: &[Field] = &[
    Field::new("retry", Kind::Object(&RETRY), "When the same target is tried again."),
    Field::new("cache", Either(&[Kind::Object(&CACHE), CACHE_MODES]), "Whether answers are kept and used again."),
    Field::new("request_timeout", MILLIS, "Milliseconds for one attempt, until its answer begins."),
    Field::new("stream", Kind::Object(&STREAM), "What is expected of a stream.").ours(),
    Field::new("cb_config", Kind::Object(&BREAKER), "When the target counts as broken."),
    Field::new("on_status_codes", STATUSES, "The older place for the strategy's field of that name."),
    Field::new("strict_open_ai_compliance", Flag, "Whether a provider's extra fields are left out.").default("true"),
    Field::new("fetch_integrated_models", Flag, "Whether the list of models is that of the workspace.")
        .default("false"),
];

const HOOKED: &[Field] = &[
    Field::new("input_guardrails", GUARDRAILS, "Guardrails for the request, by slug or in full.").later(),
    Field::new("output_guardrails", GUARDRAILS, "Guardrails for the answer, by slug or in full.").later(),
    Field::new("before_request_hooks", HOOKS, "Hooks before the request.").later(),
    Field::new("after_request_hooks", HOOKS, "Hooks after the request.").later(),
    Field::new("input_mutators", GUARDRAILS, "Mutators of the request, by slug or in full.").later(),
    Field::new("output_mutators", GUARDRAILS, "Mutators of the answer, by slug or in full.").later(),
    Field::new("prompt_id", Text(Plain), "A saved prompt that the target runs.").later(),
];

pub static STRATEGY: Object = Object {
    name: "strategy",
    meaning: "how one of the targets is chosen",
    fields: &[STRATEGY_FIELDS],
    enough: &[],
    lacking: "",
};

static STRATEGY_FIELDS: &[Field] = &[
    Field::new(
        "mode",
        Words(&[
            "single",
            "fallback",
            "loadbalance",
            "conditional",
            "round-robin",
            "priority",
            "least-latency",
            "least-cost",
        ]),
        "The first target, in order after failures, by weighted chance, by conditions, in turn, by tiers, the fastest, \
         or the cheapest.",
    )
    .needed(),
    Field::new("on_status_codes", STATUSES, "Statuses on which the next target is tried.").default("any but 2xx"),
    Field::new(
        "conditions",
        List { of: &Kind::Object(&CONDITION), least: 1 },
        "Looked at in order; the first that holds names the target.",
    )
    .needed_in("conditional"),
    Field::new("default", Text(Plain), "Name of the target for calls that meet no condition.").needed_in("conditional"),
    Field::new("sticky", Kind::Object(&STICKY), "Keeps calls that belong together on one target."),
    Field::new("cb_config", Kind::Object(&BREAKER), "When a target counts as broken."),
    Field::new("hedge", Kind::Object(&HEDGE), "Asks a second target while the first is slow.").ours(),
    Field::new("queue", Kind::Object(&QUEUE), "Lets a call wait where every target is rate limited.").ours(),
];

pub static CONDITION: Object = Object {
    name: "condition",
    meaning: "which calls go to which target",
    fields: &[&[
        Field::new("query", Query, "What must hold of the call's metadata, body or path.").needed(),
        Field::new("then", Text(Plain), "Name of the target.").needed(),
    ]],
    enough: &[],
    lacking: "",
};

pub static STICKY: Object = Object {
    name: "sticky",
    meaning: "which calls stay with one target",
    fields: &[&[
        Field::new("enabled", Flag, "Whether calls stay.").needed(),
        Field::new("hash_fields", List { of: &Text(CallPath), least: 1 }, "Values of the call that belong together."),
        Field::new("ttl", Whole { least: 1, most: 31_536_000 }, "Seconds that a target is remembered.").default("3600"),
    ]],
    enough: &[&[Has("hash_fields")], &[Off("enabled")]],
    lacking: "Add hash_fields, such as [\"metadata.user_id\"].",
};

pub static BREAKER: Object = Object {
    name: "breaker",
    meaning: "when a target counts as broken, and for how long",
    fields: &[&[
        Field::new("failure_threshold", COUNT, "Failures that open the circuit."),
        Field::new(
            "failure_threshold_percentage",
            Number { least: 0.0, most: 100.0 },
            "Percent of failures that opens the circuit.",
        ),
        Field::new("minimum_requests", COUNT, "Requests before the percentage counts."),
        Field::new(
            "cooldown_interval",
            Whole { least: 30_000, most: DAY },
            "Milliseconds until an open circuit is tried again.",
        )
        .default("30000"),
        Field::new("failure_status_codes", STATUSES, "Statuses that count as failures.").default("500 and above"),
    ]],
    enough: &[&[Has("failure_threshold")], &[Has("failure_threshold_percentage")]],
    lacking: "Add failure_threshold or failure_threshold_percentage.",
};

pub static RETRY: Object = Object {
    name: "retry",
    meaning: "when the same target is tried again",
    fields: &[&[
        Field::new("attempts", ANY_COUNT, "Tries after the first, 0 to 5; more count as 5.").needed(),
        Field::new("on_status_codes", STATUSES, "Statuses that are retried.").default("[429,500,502,503,504,529]"),
        Field::new("use_retry_after_headers", Flag, "Whether a 429 waits as long as its answer asks.").default("false"),
        Field::new("use_retry_after_header", Flag, "Another spelling of use_retry_after_headers.").default("false"),
    ]],
    enough: &[],
    lacking: "",
};

const CACHE_MODES: Kind = Words(&["simple", "semantic"]);

pub static CACHE: Object = Object {
    name: "cache",
    meaning: "whether answers are kept and used again",
    fields: &[&[
        Field::new("mode", CACHE_MODES, "Equal calls share an answer; semantic acts as simple so far.").needed(),
        Field::new("max_age", Whole { least: 60, most: 7_776_000 }, "Seconds that an answer is good for.")
            .default("604800"),
    ]],
    enough: &[],
    lacking: "",
};

pub static STREAM: Object = Object {
    name: "stream",
    meaning: "what is expected of a stream",
    fields: &[&[
        Field::new("first_token_timeout", MILLIS, "Milliseconds until the first content.").ours(),
        Field::new("idle_timeout", MILLIS, "Milliseconds between two chunks.").ours(),
        Field::new(
            "min_tokens_per_second",
            Number { least: 0.0, most: 1e6 },
            "Least rate, measured over ten seconds; 0 for none.",
        )
        .ours(),
        Field::new(
            "hold",
            Whole { least: 0, most: 60_000 },
            "Milliseconds for which content is held back, so that a stream that breaks early can still fall back.",
        )
        .default("0")
        .ours(),
    ]],
    enough: &[],
    lacking: "",
};

pub static HEDGE: Object = Object {
    name: "hedge",
    meaning: "when a second target is asked as well",
    fields: &[&[
        Field::new("after", MILLIS, "Milliseconds without an answer before the next target is asked.").needed().ours(),
        Field::new("max", Whole { least: 2, most: 4 }, "Targets asked at most, the first included.")
            .default("2")
            .ours(),
    ]],
    enough: &[],
    lacking: "",
};

pub static QUEUE: Object = Object {
    name: "queue",
    meaning: "how long a call waits where every target is rate limited",
    fields: &[&[
        Field::new("max_wait", Whole { least: 1, most: 600_000 }, "Milliseconds that a call waits at most.")
            .needed()
            .ours(),
        Field::new("max_calls", Whole { least: 1, most: 10_000 }, "Calls that wait at most.").default("100").ours(),
    ]],
    enough: &[],
    lacking: "",
};

pub static DEPLOYMENT: Object = Object {
    name: "deployment",
    meaning: "one of Azure OpenAI's deployments",
    fields: &[&[
        Field::new("deployment_id", Text(Plain), "The deployment.").needed().later(),
        Field::new("alias", Text(Plain), "By which a call names it as its model.").needed().later(),
        Field::new("api_version", Text(Plain), "Version of Azure's API.").needed().later(),
        Field::new("is_default", Flag, "Whether other models go there.").default("false").later(),
    ]],
    enough: &[],
    lacking: "",
};
