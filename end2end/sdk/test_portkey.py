"""The Portkey SDK for Python, with only base URL and key set."""

import json
import time

import httpx
import openai
import pytest
from portkey_ai import Portkey, createHeaders
from portkey_ai._vendor import openai as vendored

MODEL = "@alpha/gpt-4o-mini"
MESSAGES = [{"role": "user", "content": "good morning"}]


@pytest.fixture
def client(world):
    return Portkey(base_url=world.base, api_key=world.key)


def test_a_chat_is_answered_and_its_trace_can_be_read(world, client):
    answer = client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert answer.choices[0].message.content == "You said: good morning"
    assert answer.get_headers()["trace-id"]


def test_the_placeholder_never_reaches_the_provider(world, client):
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    [call] = world.calls()
    assert call["headers"]["authorization"] == f"Bearer {world.credential}"
    assert not [name for name in call["headers"] if name.startswith("x-portkey-")]
    assert "OPENAI_API_KEY" not in json.dumps(call)


@pytest.mark.parametrize("asked", [False, True])
def test_a_stream_carries_usage_only_where_it_was_asked_for(client, asked):
    options = {"stream_options": {"include_usage": True}} if asked else {}
    chunks = list(client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, **options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "You said: good morning"
    assert len([chunk for chunk in chunks if chunk.usage]) == (1 if asked else 0)


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({}, MODEL),
        ({"provider": "@alpha"}, "gpt-4o-mini"),
        ({"virtual_key": "alpha"}, "gpt-4o-mini"),
        ({"virtual_key": "@alpha"}, "gpt-4o-mini"),
    ],
)
def test_each_way_to_name_a_provider_reaches_it(world, options, model):
    Portkey(base_url=world.base, api_key=world.key, **options).chat.completions.create(model=model, messages=MESSAGES)
    [call] = world.calls()
    assert json.loads(call["text"])["model"] == "gpt-4o-mini"
    assert call["headers"]["authorization"] == f"Bearer {world.credential}"


def test_trace_and_metadata_land_in_the_log(world, client):
    trace = "trace-portkey-python"
    traced = client.with_options(trace_id=trace, metadata={"_user": "ada", "env": "prod"})
    answer = traced.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert answer.get_headers()["trace-id"] == trace
    metrics = world.log(trace)["metrics"]
    metadata = dict(zip(metrics["metadata.key"], metrics["metadata.value"], strict=True))
    assert metadata == {"_user": "ada", "env": "prod", "team": "ci"}
    assert metrics["sdk_version"].startswith("portkey-")


def test_embeddings_come_as_numbers(client):
    answer = client.embeddings.create(model="@alpha/text-embedding-3-small", input=["a"], encoding_format="float")
    assert answer.data[0].embedding == [1.0, 0.5, -0.25]


def test_models_are_listed_as_they_are_called_and_each_can_be_retrieved(client):
    assert "@sandbox/echo" in [model.id for model in client.models.list().data]
    assert client.models.retrieve("@sandbox/echo").id == "@sandbox/echo"


@pytest.mark.parametrize(
    ("model", "kind", "tries"),
    [
        ("@nowhere/gpt-4o-mini", vendored.BadRequestError, 0),
        ("@alpha/missing", vendored.NotFoundError, 1),
        ("@alpha/busy", vendored.RateLimitError, 1),
        ("@alpha/broken", vendored.InternalServerError, 1),
    ],
)
def test_a_refusal_is_said_once_and_the_sdk_does_not_try_again(world, client, model, kind, tries):
    with pytest.raises(kind):
        client.chat.completions.create(model=model, messages=MESSAGES)
    assert len(world.calls()) == tries


def test_a_wrong_key_raises_authentication_error(world):
    stranger = Portkey(base_url=world.base, api_key="sy-not-a-key-of-this-house")
    with pytest.raises(vendored.AuthenticationError, match="Invalid API Key"):
        stranger.chat.completions.create(model=MODEL, messages=MESSAGES)


def test_the_openai_sdk_with_portkey_headers_is_answered(world):
    headers = createHeaders(api_key=world.key, provider="@alpha", metadata={"env": "dev"})
    client = openai.OpenAI(base_url=world.base, api_key="not-used", default_headers=headers, max_retries=0)
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert answer.choices[0].message.content == "You said: good morning"
    assert world.calls()[0]["headers"]["authorization"] == f"Bearer {world.credential}"


def test_feedback_is_given_revised_and_stands_in_the_log(world, client):
    trace = "trace-feedback-python"
    client.with_options(trace_id=trace).chat.completions.create(model=MODEL, messages=MESSAGES)
    one = client.feedback.create(trace_id=trace, value=5, weight=0.5, metadata={"_user": "ada"})
    assert one.status == "success"
    many = client.feedback.bulk_create(feedbacks=[{"trace_id": trace, "value": 1}, {"trace_id": trace, "value": -1}])
    assert len(many.feedback_ids) == 2
    [changed] = client.feedback.update(feedback_id=one.feedback_ids[0], value=-10).feedback_ids
    assert changed == one.feedback_ids[0]
    said = {row["id"]: (row["value"], row["weight"]) for row in world.log(trace)["feedback"]}
    assert said == {changed: (-10, 0.5), many.feedback_ids[0]: (1, 1.0), many.feedback_ids[1]: (-1, 1.0)}


def test_feedback_out_of_bounds_is_a_bad_request(client):
    with pytest.raises(Exception, match="whole number from -10 to 10") as refused:
        client.feedback.create(trace_id="t", value=11)
    assert refused.value.status_code == 400


def test_a_call_made_elsewhere_is_logged(world, client):
    trace = "trace-custom-python"
    client.logs.create(
        request={"url": "https://api.openai.com/v1/chat/completions", "provider": "openai", "body": {"model": "gpt-4o"}},
        response={
            "status": 200,
            "response_time": 120,
            "body": {"model": "gpt-4o", "usage": {"prompt_tokens": 1000, "completion_tokens": 100}},
        },
        metadata={"traceId": trace, "spanId": "s-1", "spanName": "elsewhere", "env": "prod"},
    )
    metrics = world.log(trace)["metrics"]
    assert (metrics["span_id"], metrics["span_name"], metrics["response_time"]) == ("s-1", "elsewhere", 120)
    assert (metrics["total_units"], metrics["cost"]) == (1100, 0.35)


def test_a_span_from_elsewhere_joins_the_trace_of_a_call(world, client):
    trace = "trace-spans-python"
    client.with_options(trace_id=trace, span_id="root-1").chat.completions.create(model=MODEL, messages=MESSAGES)
    client.logs.create(
        request={"url": "https://tools.example.com/lookup", "body": {"query": "orders"}},
        response={"status": 200, "response_time": 40, "body": {"found": 3}},
        metadata={"traceId": trace, "spanId": "leaf-1", "parentSpanId": "root-1", "spanName": "lookup"},
    )
    spans = {record["metrics"]["span_id"]: record["metrics"] for record in world.logs(trace)}
    assert set(spans) == {"root-1", "leaf-1"}
    assert [spans["leaf-1"][name] for name in ("parent_span_id", "span_name")] == ["root-1", "lookup"]


def test_an_export_is_ordered_run_and_downloaded_by_its_address_alone(world, client):
    trace = "trace-export-python"
    client.with_options(trace_id=trace).chat.completions.create(model=MODEL, messages=MESSAGES)
    exports = client.logs.exports
    made = exports.create(filters={"trace_id": trace}, description="one", requested_data=["trace_id", "ai_model", "cost"])
    assert made.total == 1
    exports.update(export_id=made.id, filters={"trace_id": trace}, requested_data=["trace_id", "ai_model"])
    exports.start(export_id=made.id)
    deadline = time.monotonic() + 30
    while exports.retrieve(export_id=made.id).status == "in_progress":
        assert time.monotonic() < deadline, "the export does not end"
        time.sleep(0.02)
    assert exports.retrieve(export_id=made.id).status == "success"
    assert made.id in json.dumps(exports.list(workspace_id="default").model_dump(), default=str)
    lines = httpx.get(exports.download(export_id=made.id).signed_url).raise_for_status().text.splitlines()
    assert [json.loads(line) for line in lines] == [{"trace_id": trace, "ai_model": "gpt-4o-mini-2024-07-18"}]


def test_an_export_that_does_not_run_cannot_be_cancelled(client):
    made = client.logs.exports.create(filters={}, requested_data=["id"])
    with pytest.raises(Exception, match="does not run"):
        client.logs.exports.cancel(export_id=made.id)
