"""The OpenAI SDK for Python, with only base URL and key set."""

import asyncio
import json

import openai
import pytest

MODEL = "@alpha/gpt-4o-mini"
MESSAGES = [{"role": "user", "content": "good morning"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@pytest.fixture
def client(world):
    return openai.OpenAI(base_url=world.base, api_key=world.plain_key)


def test_a_chat_is_answered_by_the_provider_that_the_model_names(world, client):
    answer = client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert answer.choices[0].message.content == "You said: good morning"
    assert answer.usage.total_tokens == 14
    [call] = world.calls()
    assert json.loads(call["text"])["model"] == "gpt-4o-mini"
    assert call["headers"]["authorization"] == f"Bearer {world.credential}"


@pytest.mark.parametrize("asked", [False, True])
def test_a_stream_carries_usage_only_where_it_was_asked_for(client, asked):
    options = {"stream_options": {"include_usage": True}} if asked else {}
    chunks = list(client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, **options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "You said: good morning"
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == ([14] if asked else [])
    assert len(chunks[-1].choices) == (0 if asked else 1)


@pytest.mark.parametrize("asked", [False, True])
def test_a_stream_that_breaks_off_raises_an_error_that_says_so(client, asked):
    options = {"stream_options": {"include_usage": True}} if asked else {}
    words = [{"role": "user", "content": "one two three four five"}]
    stream = client.chat.completions.create(model="@sandbox/reset-3", messages=words, stream=True, **options)
    with pytest.raises(openai.APIError, match="broke off"):
        list(stream)


def test_the_async_client_streams_too(world):
    async def words():
        async with openai.AsyncOpenAI(base_url=world.base, api_key=world.plain_key) as client:
            stream = await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
            return [chunk.choices[0].delta.content async for chunk in stream]

    assert "".join(word or "" for word in asyncio.run(words())) == "You said: good morning"


def test_tool_calls_come_back_as_they_were_made(client):
    answer = client.chat.completions.create(model=MODEL, messages=MESSAGES, tools=[WEATHER])
    [call] = answer.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo"})


def test_json_mode_answers_json(client):
    answer = client.chat.completions.create(model=MODEL, messages=MESSAGES, response_format={"type": "json_object"})
    assert json.loads(answer.choices[0].message.content) == {"answer": 42}


def test_a_text_completion_is_answered(client):
    answer = client.completions.create(model="@alpha/gpt-3.5-turbo-instruct", prompt="Once")
    assert answer.choices[0].text == "Once and so on"


def test_embeddings_come_as_numbers(client):
    answer = client.embeddings.create(model="@alpha/text-embedding-3-small", input=["a", "bc"])
    assert [row.embedding for row in answer.data] == [[1.0, 0.5, -0.25], [2.0, 0.5, -0.25]]


def test_models_are_listed_as_they_are_called_and_each_can_be_retrieved(client):
    assert "@sandbox/echo" in [model.id for model in client.models.list()]
    assert client.models.retrieve("@sandbox/echo").id == "@sandbox/echo"


@pytest.mark.parametrize(
    ("model", "kind", "text", "tries"),
    [
        ("@nowhere/gpt-4o-mini", openai.BadRequestError, "alpha", 0),
        ("gpt-4o-mini", openai.BadRequestError, "x-portkey-provider", 0),
        ("@alpha/missing", openai.NotFoundError, "The model `missing` does not exist", 1),
        ("@alpha/busy", openai.RateLimitError, "Rate limit reached", 1 + openai.DEFAULT_MAX_RETRIES),
        ("@alpha/broken", openai.InternalServerError, "The server had an error", 1 + openai.DEFAULT_MAX_RETRIES),
    ],
)
def test_each_refusal_raises_its_own_class_and_each_try_of_the_sdk_is_one_call(world, client, model, kind, text, tries):
    with pytest.raises(kind, match=text) as refused:
        client.chat.completions.create(model=model, messages=MESSAGES)
    assert refused.value.response.headers["x-portkey-trace-id"]
    assert len(world.calls()) == tries


def test_a_wrong_key_raises_authentication_error(world):
    stranger = openai.OpenAI(base_url=world.base, api_key="sy-not-a-key-of-this-house")
    with pytest.raises(openai.AuthenticationError, match="Invalid API Key"):
        stranger.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert world.calls() == []
