"""The Portkey SDK for Python with configs: where a call goes, how often, what is cached, and what is told about it."""

import json

import openai
import pytest
from portkey_ai import Portkey, createHeaders
from portkey_ai._vendor import openai as vendored
from portkey_ai.api_resources.exceptions import InternalServerError

WORDS = "good morning"
SECOND = {"provider": "@beta", "override_params": {"model": "gpt-4o-mini"}}
CACHED = {"provider": "@alpha", "cache": {"mode": "simple", "max_age": 3600}}


@pytest.fixture
def portkey(world):
    return lambda **options: Portkey(base_url=world.base, **{"api_key": world.key, **options})


def ask(client, words=WORDS, model="gpt-4o-mini", **more):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": words}], **more)


def target(model, provider="@alpha", **more):
    return {"provider": provider, "override_params": {"model": model}, **more}


def strategy(mode, *targets, **more):
    return {"strategy": {"mode": mode, **more}, "targets": list(targets)}


def shown(headers, prefix="x-portkey-"):
    """What routing says of itself, short."""
    names = ["last-used-option-index", "retry-attempt-count", "cache-status"]
    return tuple(headers[prefix + name] for name in names)


@pytest.mark.parametrize("form", ["object", "text", "id", "call"])
def test_a_fallback_is_taken_however_the_config_is_given(world, portkey, form):
    config = {"object": world.fallback, "text": json.dumps(world.fallback), "id": "pc-fallback"}.get(form)
    client = portkey().with_options(config="pc-fallback") if form == "call" else portkey(config=config)
    answer = ask(client)
    assert answer.choices[0].message.content == f"You said: {WORDS}"
    assert world.way() == ["alpha/fail-503", "beta/gpt-4o-mini"]
    assert [call["headers"]["authorization"] for call in world.calls()] == [
        f"Bearer {world.credential}",
        f"Bearer {world.second_credential}",
    ]
    headers = answer.get_headers()
    assert shown(headers, "") == ("config.targets[1]", "0", "DISABLED")
    assert headers["provider"] == "openai"


@pytest.mark.parametrize("named", [False, True])
def test_a_keys_default_config_routes_a_call_that_names_no_model(world, portkey, named):
    answer = portkey(api_key=world.routed_key).chat.completions.create(
        messages=[{"role": "user", "content": WORDS}], **({"model": "gpt-4o"} if named else {})
    )
    assert answer.choices[0].message.content == f"You said: {WORDS}"
    assert world.way() == ["beta/gpt-4o-mini"]


def test_a_calls_config_replaces_the_keys_default(world, portkey):
    ask(portkey(api_key=world.routed_key, config={"provider": "@alpha"}))
    assert world.way() == ["alpha/gpt-4o-mini"]


NESTED = strategy("fallback", strategy("fallback", target("fail-500"), target("fail-429")), SECOND)
PAID = {"query": {"metadata.plan": {"$eq": "paid"}}, "then": "big"}
HOT = {"query": {"$or": [{"params.temperature": {"$gte": 1}}, {"metadata.mood": {"$in": ["hot"]}}]}, "then": "warm"}
CHOICE = strategy(
    "conditional",
    target("gpt-4o", name="big"),
    target("gpt-4.1", name="warm"),
    SECOND | {"name": "small"},
    conditions=[PAID, HOT],
    default="small",
)


@pytest.mark.parametrize(
    ("config", "more", "way", "headers"),
    [
        (
            NESTED,
            {},
            ["alpha/fail-500", "alpha/fail-429", "beta/gpt-4o-mini"],
            ("config.targets[1]", "0", "DISABLED"),
        ),
        (
            strategy("fallback", SECOND, target("gpt-4o")),
            {},
            ["beta/gpt-4o-mini"],
            ("config.targets[0]", "0", "DISABLED"),
        ),
        (
            strategy("loadbalance", target("gpt-4o", weight=0), SECOND | {"weight": 1}),
            {},
            ["beta/gpt-4o-mini"],
            ("config.targets[1]", "0", "DISABLED"),
        ),
        (
            strategy("priority", target("fail-502", priority=2), target("gpt-4o", priority=3), target("fail-500", priority=1)),
            {},
            ["alpha/fail-500", "alpha/fail-502", "alpha/gpt-4o"],
            ("config.targets[1]", "0", "DISABLED"),
        ),
        (CHOICE, {"metadata": {"plan": "paid"}}, ["alpha/gpt-4o"], ("config.targets[0]", "0", "DISABLED")),
        (CHOICE, {"metadata": {"mood": "hot"}}, ["alpha/gpt-4.1"], ("config.targets[1]", "0", "DISABLED")),
        (CHOICE, {"body": {"temperature": 1.2}}, ["alpha/gpt-4.1"], ("config.targets[1]", "0", "DISABLED")),
        (CHOICE, {"body": {"temperature": 0.2}}, ["beta/gpt-4o-mini"], ("config.targets[2]", "0", "DISABLED")),
        (
            target("throttled-2", retry={"attempts": 3, "use_retry_after_headers": True}),
            {},
            ["alpha/throttled-2"] * 3,
            ("config", "2", "DISABLED"),
        ),
        (
            target("flaky-1", retry={"attempts": 1, "on_status_codes": [503]}),
            {},
            ["alpha/flaky-1"] * 2,
            ("config", "1", "DISABLED"),
        ),
    ],
)
def test_a_config_decides_the_way(world, portkey, config, more, way, headers):
    client = portkey(config=config, **({"metadata": more["metadata"]} if "metadata" in more else {}))
    answer = ask(client, **more.get("body", {}))
    assert world.way() == way
    assert shown(answer.get_headers(), "") == headers


def test_weights_and_turns_share_the_calls_out(world, portkey):
    both = [target("gpt-4o"), SECOND]
    turns = portkey(config=strategy("round-robin", *both))
    for _ in range(4):
        ask(turns)
    assert sorted(world.way()) == ["alpha/gpt-4o"] * 2 + ["beta/gpt-4o-mini"] * 2
    assert world.way()[:2] == world.way()[2:]
    drawn = portkey(config=strategy("loadbalance", *both))
    for _ in range(40):
        ask(drawn)
    assert set(world.way()[4:]) == {"alpha/gpt-4o", "beta/gpt-4o-mini"}


def test_a_user_stays_with_a_target(world, portkey):
    config = strategy("loadbalance", target("gpt-4o"), SECOND, sticky={"enabled": True, "hash_fields": ["metadata._user"], "ttl": 60})
    ada = portkey(config=config, metadata={"_user": "ada"})
    for _ in range(12):
        ask(ada)
    assert len(set(world.way())) == 1


def test_parameters_of_a_config_reach_the_provider_in_their_order(world, portkey):
    config = {
        "provider": "@alpha",
        "default_params": {"max_tokens": 5, "seed": 7},
        "override_params": {"temperature": 0.5},
        "drop_params": ["seed", "user"],
    }
    ask(portkey(config=config), max_tokens=9, user="ada")
    sent = json.loads(world.calls()[0]["text"])
    assert {name: sent.get(name) for name in ("max_tokens", "temperature", "seed", "user")} == {
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": None,
        "user": None,
    }


def test_a_named_header_is_forwarded_and_no_other(world, portkey):
    ask(portkey(provider="@alpha", forward_headers=["x_tenant"], x_tenant="north", x_other="south"))
    [call] = world.calls()
    assert call["headers"]["x-tenant"] == "north"
    assert "south" not in json.dumps(call["headers"])


# What the cache holds outlives a test, so each asks in words of its own.


def test_an_answer_is_kept_given_again_and_refreshed(world, portkey):
    client = portkey(config=CACHED)
    fresh = client.with_options(cache_force_refresh=True)
    words = "python: kept, given again and refreshed"
    asked = [client, client, fresh, client]
    assert [ask(one, words).get_headers()["cache-status"] for one in asked] == ["MISS", "HIT", "REFRESH", "HIT"]
    assert world.way() == ["alpha/gpt-4o-mini"] * 2


@pytest.mark.parametrize(
    ("first", "then", "shared"),
    [
        ({"cache_namespace": "n-1"}, {"cache_namespace": "n-1"}, True),
        ({"cache_namespace": "n-2"}, {"cache_namespace": "n-3"}, False),
        ({"cache_namespace": "n-4", "metadata": {"_user": "ada"}}, {"cache_namespace": "n-4", "metadata": {"_user": "eve"}}, True),
        ({"metadata": {"_user": "ada"}}, {"metadata": {"_user": "ada"}}, True),
        ({"metadata": {"_user": "bob"}}, {"metadata": {"_user": "eve"}}, False),
        ({"cache_force_refresh": False}, {"cache_force_refresh": False}, True),
    ],
)
def test_a_namespace_or_else_the_metadata_divides_the_cache(portkey, first, then, shared):
    words = f"python: divided by {json.dumps([first, then])}"
    statuses = [ask(portkey(config=CACHED, **options), words).get_headers()["cache-status"] for options in (first, then)]
    assert statuses == ["MISS", "HIT" if shared else "MISS"]


@pytest.mark.parametrize("streamed_first", [False, True])
def test_a_stream_and_a_whole_answer_share_an_entry(world, portkey, streamed_first):
    client = portkey(config=CACHED)
    words = f"python: one entry for both, {streamed_first}"
    for stream in (streamed_first, not streamed_first):
        answer = ask(client, words, stream=stream)
        text = told(answer) if stream else answer.choices[0].message.content
        assert text == f"You said: {words}"
    assert len(world.calls()) == 1


def told(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_a_hit_costs_nothing_and_the_log_says_so(world, portkey):
    client = portkey(config=CACHED)
    for trace in ("python-miss", "python-hit"):
        ask(client.with_options(trace_id=trace), "python: what does a hit cost?")
    miss, hit = world.log("python-miss")["metrics"], world.log("python-hit")["metrics"]
    assert [miss["cache_status"], hit["cache_status"], hit["cache_type"]] == ["MISS", "HIT", "simple"]
    assert miss["cost"] > 0 == hit["cost"]


def test_embeddings_are_cached_as_well(world, portkey):
    client = portkey(config=CACHED)
    for _ in range(2):
        answer = client.embeddings.create(model="text-embedding-3-small", input=["python"], encoding_format="float")
        assert answer.data[0].embedding == [6.0, 0.5, -0.25]
    assert len(world.calls()) == 1


def test_spans_and_metadata_land_in_one_log_record_for_all_attempts(world, portkey):
    trace = "python-spans"
    client = portkey(
        config="pc-fallback",
        trace_id=trace,
        span_id="span-2",
        parent_span_id="span-1",
        span_name="answer",
        metadata={"_user": "ada", "env": "prod"},
    )
    assert ask(client).get_headers()["trace-id"] == trace
    [record] = world.logs(trace)
    metrics = record["metrics"]
    assert [metrics[name] for name in ("span_id", "parent_span_id", "span_name")] == ["span-2", "span-1", "answer"]
    assert [metrics[name] for name in ("mode", "last_used_option_index", "config")] == ["fallback", 1, "pc-fallback"]
    assert record["response"]["lastUsedOptionJsonPath"] == "config.targets[1]"
    metadata = dict(zip(metrics["metadata.key"], metrics["metadata.value"], strict=True))
    assert metadata == {"_user": "ada", "env": "prod", "team": "ci"}


def test_without_debug_a_log_keeps_figures_and_no_words(world, portkey):
    trace = "python-untracked"
    ask(portkey(provider="@alpha", trace_id=trace, debug=False), "a secret of mine")
    record = world.log(trace)
    assert record["metrics"]["total_units"] > 0
    assert "secret of mine" not in json.dumps(record)


KINDS = [
    (400, vendored.BadRequestError),
    (401, vendored.AuthenticationError),
    (403, vendored.PermissionDeniedError),
    (404, vendored.NotFoundError),
    (408, vendored.APIStatusError),
    (409, vendored.ConflictError),
    (412, vendored.APIStatusError),
    (422, vendored.UnprocessableEntityError),
    (429, vendored.RateLimitError),
    (500, vendored.InternalServerError),
    (503, vendored.InternalServerError),
    (529, vendored.InternalServerError),
]


@pytest.mark.parametrize(("status", "kind"), KINDS)
@pytest.mark.parametrize("config", [{"provider": "@alpha"}, {"provider": "@alpha", "retry": {"attempts": 0}}])
def test_an_error_has_its_class_and_is_not_tried_again_by_the_sdk(world, portkey, status, kind, config):
    with pytest.raises(kind, match=f"Scripted {status}") as refused:
        ask(portkey(config=config), model=f"fail-{status}")
    assert type(refused.value) is kind
    assert refused.value.body["code"] == f"scripted_{status}"
    assert len(world.calls()) == 1


def test_the_sdks_own_client_does_not_try_again_either(world, portkey):
    with pytest.raises(InternalServerError, match="Scripted 503"):
        portkey(provider="@alpha").post("/chat/completions", model="fail-503", messages=[])
    assert world.way() == ["alpha/fail-503"]


def test_the_last_targets_error_is_the_calls(world, portkey):
    with pytest.raises(vendored.RateLimitError) as refused:
        ask(portkey(config=strategy("fallback", target("fail-500"), target("fail-429", "@beta"))))
    assert world.way() == ["alpha/fail-500", "beta/fail-429"]
    assert shown(refused.value.response.headers) == ("config.targets[1]", "0", "DISABLED")


def test_retries_that_are_used_up_are_told_as_such(world, portkey):
    retry = {"attempts": 2, "on_status_codes": [429], "use_retry_after_headers": True}
    with pytest.raises(vendored.RateLimitError) as refused:
        ask(portkey(config=target("throttled-9", retry=retry)))
    assert world.way() == ["alpha/throttled-9"] * 3
    assert shown(refused.value.response.headers) == ("config", "-1", "DISABLED")


def test_a_status_that_is_not_among_the_codes_ends_a_fallback(world, portkey):
    with pytest.raises(vendored.BadRequestError):
        ask(portkey(config=strategy("fallback", target("fail-400"), SECOND, on_status_codes=[429, 503])))
    assert world.way() == ["alpha/fail-400"]


def test_a_target_that_hangs_is_given_up_in_time(world, portkey):
    hanging = target("hang", "@sandbox", request_timeout=150)
    assert ask(portkey(config=strategy("fallback", hanging, SECOND))).get_headers()["last-used-option-index"] == "config.targets[1]"
    with pytest.raises(vendored.APIStatusError, match="exceeded the timeout sent in the request: 100ms") as refused:
        ask(portkey(provider="@sandbox", request_timeout=100), model="hang")
    assert refused.value.status_code == 408


@pytest.mark.parametrize("model", ["fail-503", "hang", "garbage", "empty", "reset-0"])
def test_a_stream_that_has_said_nothing_falls_back(portkey, model):
    first = target(model, "@sandbox", request_timeout=300)
    stream = ask(portkey(config=strategy("fallback", first, SECOND)), stream=True)
    assert told(stream) == f"You said: {WORDS}"
    assert stream.response.headers["x-portkey-last-used-option-index"] == "config.targets[1]"


def test_a_stream_that_breaks_later_ends_in_an_error(world, portkey):
    stream = ask(portkey(config=strategy("fallback", target("reset-3", "@sandbox"), SECOND)), "one two three four five", stream=True)
    with pytest.raises(vendored.APIError, match="broke off"):
        told(stream)
    assert world.calls() == []


def test_all_mistakes_of_a_config_are_told_at_once(world, portkey):
    config = strategy("fallbak", target("gpt-4o", weight=-1), retry={"attempts": 9})
    with pytest.raises(vendored.BadRequestError, match="Invalid config passed") as refused:
        ask(portkey(config=config))
    errors = refused.value.response.json()["errors"]
    for path in ("strategy.mode", "targets[0].weight"):
        assert any(path in error for error in errors), errors
    assert world.calls() == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("pc-nowhere", "Invalid config id passed"),
        ("{not json", "valid json"),
        ({"provider": "@alpha", "input_guardrails": ["pg-1"]}, "input_guardrails"),
        ({"prompt_id": "pp-1", "provider": "@alpha"}, "prompt_id"),
        ({"provider": "@alpha", "custom_host": "http://127.0.0.1:9/v1"}, "Invalid custom host"),
        ({"provider": "@alpha", "custom_host": "https://elsewhere.example.com/v1"}, "stored credential"),
    ],
)
def test_a_config_that_cannot_be_followed_is_refused_and_nothing_is_sent(world, portkey, config, words):
    with pytest.raises(vendored.BadRequestError, match=words):
        ask(portkey(config=config))
    assert world.calls() == []


def test_a_dry_run_tells_the_way_and_sends_nothing(world, portkey):
    client = portkey(config=CHOICE, metadata={"plan": "paid"})
    told = client.post("/explain", model="gpt-4o-mini", messages=[{"role": "user", "content": WORDS}]).model_dump()
    assert [told[name] for name in ("object", "source")] == ["explain", "header"]
    assert [(step["path"], step["provider"], step["model"]) for step in told["steps"]] == [("config.targets[0]", "@alpha", "gpt-4o")]
    [decision] = told["decisions"]
    assert decision["mode"] == "conditional"
    assert [(tested["held"], tested["then"]) for tested in decision["conditions"]][0] == (True, "big")
    assert world.calls() == []


def test_the_openai_sdk_routes_by_headers(world):
    headers = createHeaders(api_key=world.key, config="pc-fallback", trace_id="python-bare")
    client = openai.OpenAI(base_url=world.base, api_key="not-used", default_headers=headers)
    answer = client.chat.completions.create(model="any", messages=[{"role": "user", "content": WORDS}])
    assert answer.choices[0].message.content == f"You said: {WORDS}"
    assert world.way() == ["alpha/fail-503", "beta/gpt-4o-mini"]


def test_the_openai_sdk_tries_only_what_is_the_callers_to_repeat(world):
    client = openai.OpenAI(base_url=world.base, api_key=world.key, max_retries=0)
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="@alpha/fail-429", messages=[{"role": "user", "content": WORDS}])
    assert len(world.calls()) == 1
