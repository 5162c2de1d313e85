"""The Portkey SDK for Python, with only base URL and key set."""

import json

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
