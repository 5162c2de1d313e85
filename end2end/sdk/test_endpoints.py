"""The Portkey SDK for Python on every endpoint that passes through: method, path and credential of what goes upstream."""

import wave

import pytest
from portkey_ai import Portkey
from portkey_ai._vendor import openai as vendored

SOUND = bytes([0xFF, 0xFB, 0x90, 0x00, 0x0D, 0x0A, 0x00])
CONTENT = bytes([0x00, 0xFE, 0x0A, 0x0D, 0x22])
BATCH = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
MESSAGES = [{"role": "user", "content": "hello"}]
PICTURE = ("dot.png", b"\x89PNG\r\n\x1a\n", "image/png")


@pytest.fixture
def client(world):
    return Portkey(base_url=world.base, api_key=world.key, provider="@alpha")


def text(answer):
    return answer.choices[0].text


def picture(answer):
    return answer.data[0].b64_json


def first(answer):
    return answer.data[0].id


def said(answer):
    return answer.output[0].content[0].text


# What is called, the request that reaches the provider, and what the caller reads of its answer.
CALLS = [
    (lambda c: text(c.completions.create(model="gpt-3.5-turbo-instruct", prompt="once")), "POST /v1/completions", "once and so on"),
    (
        lambda c: c.embeddings.create(model="text-embedding-3-small", input="ab", encoding_format="float").data[0].embedding,
        "POST /v1/embeddings",
        [2.0, 0.5, -0.25],
    ),
    (lambda c: picture(c.images.generate(model="gpt-image-1", prompt="a yard")), "POST /v1/images/generations", "c2NyaXB0ZWQ="),
    (lambda c: picture(c.images.edit(model="gpt-image-1", image=PICTURE, prompt="a yard")), "POST /v1/images/edits", "c2NyaXB0ZWQ="),
    (lambda c: picture(c.images.create_variation(model="dall-e-2", image=PICTURE)), "POST /v1/images/variations", "c2NyaXB0ZWQ="),
    (lambda c: c.audio.speech.create(model="tts-1", voice="alloy", input="hello").content, "POST /v1/audio/speech", SOUND),
    (lambda c: c.moderations.create(model="omni-moderation-latest", input="hello").results[0].flagged, "POST /v1/moderations", False),
    (lambda c: c.files.create(file=("notes.jsonl", b"{}\r\n\x00"), purpose="batch").id, "POST /v1/files", "file-1"),
    (lambda c: first(c.files.list()), "GET /v1/files", "file-1"),
    (lambda c: first(c.files.list(purpose="batch", limit=2)), "GET /v1/files?limit=2&purpose=batch", "file-1"),
    (lambda c: c.files.retrieve("file-1").filename, "GET /v1/files/file-1", "notes.jsonl"),
    (lambda c: c.files.content("file-1").content, "GET /v1/files/file-1/content", CONTENT),
    (lambda c: c.files.delete("file-1").deleted, "DELETE /v1/files/file-1", True),
    (lambda c: c.batches.create(**BATCH).id, "POST /v1/batches", "batch-1"),
    (lambda c: first(c.batches.list()), "GET /v1/batches", "batch-1"),
    (lambda c: c.batches.retrieve("batch-1").status, "GET /v1/batches/batch-1", "in_progress"),
    (lambda c: c.batches.cancel("batch-1").status, "POST /v1/batches/batch-1/cancel", "cancelling"),
    (lambda c: said(c.responses.create(model="gpt-4o-mini", input="hello")), "POST /v1/responses", "scripted words"),
    (lambda c: said(c.responses.parse(model="gpt-4o-mini", input="hello")), "POST /v1/responses", "scripted words"),
    (lambda c: said(c.responses.retrieve("resp-1")), "GET /v1/responses/resp-1", "scripted words"),
    (lambda c: c.responses.cancel("resp-1").status, "POST /v1/responses/resp-1/cancel", "cancelled"),
    (lambda c: c.responses.delete("resp-1"), "DELETE /v1/responses/resp-1", None),
    (lambda c: first(c.responses.input_items.list("resp-1")), "GET /v1/responses/resp-1/input_items", "msg-0"),
    (lambda c: c.responses.compact(model="gpt-4o-mini", input="hello").id, "POST /v1/responses/compact", "cmp-1"),
    (
        lambda c: c.responses.input_tokens.count(model="gpt-4o-mini", input="hello").input_tokens,
        "POST /v1/responses/input_tokens",
        7,
    ),
    (lambda c: c.beta.chat.completions.parse(model="gpt-4o-mini", messages=MESSAGES).model, "POST /v1/chat/completions", "gpt-4o-mini-2024-07-18"),
    (lambda c: first(c.models.list()), "GET /v1/models", "gpt-4o-mini"),
    (lambda c: list(c.vector_stores.list().data), "GET /v1/vector_stores", []),
]


@pytest.mark.parametrize(("call", "line", "answer"), CALLS, ids=[f"{at}: {line}" for at, (_, line, _) in enumerate(CALLS)])
def test_a_call_reaches_its_path_and_its_answer_the_caller(world, client, call, line, answer):
    got = call(client)
    if answer is not None:
        assert got == answer
    [arrived] = world.calls()
    assert f"{arrived['method']} {arrived['path']}{arrived['search']}" == line
    assert arrived["headers"]["authorization"] == f"Bearer {world.credential}"
    assert not [name for name in arrived["headers"] if name.startswith("x-portkey-")]


@pytest.fixture
def recording(tmp_path):
    """A tenth of a second of silence, in a file, since the SDK looks at its name."""
    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    with path.open("rb") as file:
        yield file


@pytest.mark.parametrize("what", ["transcriptions", "translations"])
@pytest.mark.parametrize(("options", "model"), [({"provider": "@alpha"}, "whisper-1"), ({}, "@alpha/whisper-1")])
def test_a_recording_is_heard_whole(world, recording, what, options, model):
    client = Portkey(base_url=world.base, api_key=world.key, **options)
    heard = getattr(client.audio, what).create(model=model, file=recording)
    assert heard.text == "scripted sound"
    [arrived] = world.calls()
    assert (arrived["path"], arrived["model"]) == (f"/v1/audio/{what}", "whisper-1")
    assert "hello.wav" in arrived["text"]
    assert "RIFF" in arrived["text"]
    assert arrived["headers"]["authorization"] == f"Bearer {world.credential}"


def test_a_response_is_streamed(world, client):
    events = list(client.responses.create(model="gpt-4o-mini", input="hello", stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "scripted words"
    assert events[-1].response.usage.total_tokens == 9


def test_a_completion_is_streamed(world):
    client = Portkey(base_url=world.base, api_key=world.key, provider="@sandbox")
    chunks = client.completions.create(model="echo", prompt="one two three", stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "one two three"


def test_a_config_routes_every_kind_of_body(world, recording):
    down = {"provider": "@alpha", "override_params": {"model": "fail-503"}}
    config = {"strategy": {"mode": "fallback"}, "targets": [down, {"provider": "@beta"}]}
    client = Portkey(base_url=world.base, api_key=world.key, config=config)
    picture = client.images.generate(model="gpt-image-1", prompt="a yard")
    assert picture.get_headers()["last-used-option-index"] == "config.targets[1]"
    assert client.audio.transcriptions.create(model="whisper-1", file=recording).text == "scripted sound"
    assert said(client.responses.create(model="gpt-4o-mini", input="hello")) == "scripted words"
    assert world.way() == [
        "alpha/fail-503",
        "beta/gpt-image-1",
        "alpha/fail-503",
        "beta/whisper-1",
        "alpha/fail-503",
        "beta/gpt-4o-mini",
    ]


def test_a_pictures_call_is_logged_with_its_provider(world):
    trace = "python-picture"
    client = Portkey(base_url=world.base, api_key=world.key, provider="@alpha", trace_id=trace)
    client.images.generate(model="gpt-image-1", prompt="a yard")
    [record] = world.logs(trace)
    assert (record["metrics"]["ai_org"], record["metrics"]["response_status_code"]) == ("openai", 200)
    assert record["metrics"]["request_url"].endswith("/v1/images/generations")


REFUSED = [
    (lambda c: c.files.list(), "@beta", vendored.PermissionDeniedError, 'open = \\["files"\\]'),
    (lambda c: c.batches.list(), "@beta", vendored.PermissionDeniedError, 'open = \\["batches"\\]'),
    (lambda c: c.files.list(), None, vendored.BadRequestError, "x-portkey-provider"),
    (lambda c: c.fine_tuning.jobs.list(), "@alpha", vendored.PermissionDeniedError, 'open = \\["fine_tuning"\\]'),
]


@pytest.mark.parametrize(("call", "provider", "kind", "words"), REFUSED)
def test_what_is_not_open_is_refused_and_nothing_is_sent(world, call, provider, kind, words):
    client = Portkey(base_url=world.base, api_key=world.key, **({"provider": provider} if provider else {}))
    with pytest.raises(kind, match=words):
        call(client)
    assert world.calls() == []


def test_an_endpoint_that_a_vendor_lacks_names_who_has_it(world, client):
    with pytest.raises(Exception, match="@sandbox") as refused:
        client.post("/rerank", model="rerank-1", query="yard", documents=["rail", "yard"])
    assert refused.value.status_code == 400
    ranked = Portkey(base_url=world.base, api_key=world.key, provider="@sandbox").post(
        "/rerank", model="echo", query="yard", documents=["rail", "yard"]
    )
    assert ranked.results[0]["index"] == 1
