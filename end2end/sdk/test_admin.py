"""What the Portkey SDK for Python manages: each thing is created, read, updated, listed and deleted."""

import pytest
from portkey_ai import Portkey
from portkey_ai._vendor import openai as vendored

CONFIG = {"strategy": {"mode": "single"}, "targets": [{"provider": "@alpha", "override_params": {"max_tokens": 5}}]}
MESSAGES = [{"role": "user", "content": "good morning"}]


@pytest.fixture
def client(world):
    return Portkey(base_url=world.base, api_key=world.key)


def listed(page, name, value):
    """The one item of a list whose field is this."""
    items = [item if isinstance(item, dict) else item.dict() for item in page.data]
    return next((item for item in items if item[name] == value), None)


def test_a_config_lives_its_life_and_routes_calls(world, client):
    made = client.configs.create(name="From Python", config=CONFIG, workspace_id="default")
    assert made.id and made.version_id and made.slug.startswith("pc-from-python-")
    read = client.configs.retrieve(slug=made.slug)
    assert (read.name, read.config, read.status) == ("From Python", CONFIG, "active")
    caller = Portkey(base_url=world.base, api_key=world.key, config=made.slug)
    answer = caller.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert answer.choices[0].message.content == "You said: good morning"
    changed = client.configs.update(slug=made.slug, name="Renamed", config={**CONFIG, "retry": {"attempts": 1}})
    assert changed.version_id and changed.version_id != made.version_id
    assert client.configs.retrieve(slug=made.slug).config["retry"] == {"attempts": 1}
    assert listed(client.configs.list(workspace_id="default"), "slug", made.slug)["name"] == "Renamed"
    client.configs.delete(slug=made.slug)
    assert listed(client.configs.list(), "slug", made.slug) is None


def test_an_integration_and_its_provider_live_their_lives(client):
    made = client.integrations.create(
        name="Shared", slug="py-shared", ai_provider_id="openai", key="sk-python-credential-1", create_default_provider=False
    )
    assert made.slug == "py-shared"
    client.integrations.update(slug="py-shared", name="Shared by all", description="for tests")
    read = client.integrations.retrieve(slug="py-shared")
    assert (read.name, read.description, read.ai_provider_id) == ("Shared by all", "for tests", "openai")
    assert "sk-python-credential" not in str(read)
    assert listed(client.integrations.list(), "slug", "py-shared")
    models = client.integrations.models
    price = {"type": "static", "pay_as_you_go": {"request_token": {"price": 0.00025}, "response_token": {"price": 0.001}}}
    own = {"slug": "rank-7b", "enabled": True, "is_custom": True, "pricing_config": price}
    models.update(slug="py-shared", models=[{"slug": "gpt-4o", "enabled": False}, own], allow_all_models=True)
    told = {model.slug: model for model in models.list(slug="py-shared").models}
    assert (told["gpt-4o"].enabled, told["rank-7b"].is_custom) == (False, True)
    assert told["rank-7b"].pricing_config == price
    models.delete(slug="py-shared", slugs="rank-7b")
    assert "rank-7b" not in {model.slug for model in models.list(slug="py-shared").models}

    workspaces = client.integrations.workspaces
    here = workspaces.list(slug="py-shared").workspaces[0]
    assert here.enabled is False, "nothing calls with it yet"
    limit = {"type": "tokens", "credit_limit": 1000}
    access = {"id": here.id, "enabled": True, "default_provider_slug": "py-given", "usage_limits": limit}
    workspaces.update(slug="py-shared", workspaces=[access])
    here = workspaces.list(slug="py-shared").workspaces[0]
    assert (here.enabled, here.usage_limits["credit_limit"]) == (True, 1000)
    workspaces.update(slug="py-shared", workspaces=[{"id": here.id, "enabled": False}])
    assert workspaces.list(slug="py-shared").workspaces[0].enabled is False
    workspaces.update(slug="py-shared", workspaces=[{"id": here.id, "enabled": True}])
    client.providers.delete(slug="py-given")

    provider = client.providers.create(name="One", integration_id=made.id, slug="py-one", note="n")
    assert provider.slug == "py-one"
    client.providers.update(slug="py-one", name="First", note="changed")
    read = client.providers.retrieve(slug="py-one")
    assert (read.name, read.note, read.integration_id) == ("First", "changed", made.id)
    assert listed(client.providers.list(), "slug", "py-one")["name"] == "First"
    client.providers.delete(slug="py-one")
    assert listed(client.providers.list(), "slug", "py-one") is None

    client.integrations.delete(slug="py-shared")
    assert listed(client.integrations.list(), "slug", "py-shared") is None


def test_a_virtual_key_lives_its_life(client):
    made = client.virtual_keys.create(name="Py key", provider="openai", key="sk-python-credential-2", note="n")
    assert made.slug == "py-key"
    client.virtual_keys.update(slug="py-key", name="Renamed", note="changed")
    read = client.virtual_keys.retrieve(slug="py-key")
    assert (read.name, read.note) == ("Renamed", "changed")
    assert listed(client.virtual_keys.list(), "slug", "py-key")["name"] == "Renamed"
    client.virtual_keys.delete(slug="py-key")
    assert listed(client.virtual_keys.list(), "slug", "py-key") is None


def test_an_api_key_lives_its_life_and_calls(world, client):
    made = client.api_keys.create(
        type="workspace",
        sub_type="service",
        name="py-ci",
        description="for tests",
        scopes=["completions.write"],
        defaults={"metadata": {"team": "py"}},
        usage_limits={"type": "tokens", "credit_limit": 1000, "alert_threshold": 750, "periodic_reset": "weekly"},
        rate_limits=[{"type": "requests", "unit": "rpm", "value": 50}],
    )
    assert made.key.startswith("sy-")
    answer = Portkey(base_url=world.base, api_key=made.key).chat.completions.create(
        model="@alpha/gpt-4o-mini", messages=MESSAGES
    )
    assert answer.choices[0].message.content == "You said: good morning"
    client.api_keys.update(id=made.id, name="py-ci-2", scopes=["completions.write", "models.list"])
    read = client.api_keys.retrieve(id=made.id)
    assert (read.name, read.description, read.scopes) == ("py-ci-2", "for tests", ["completions.write", "models.list"])
    assert read.defaults["metadata"] == {"team": "py"}
    usage = read.usage_limits if isinstance(read.usage_limits, dict) else dict(read.usage_limits)
    assert (usage["credit_limit"], usage["periodic_reset"]) == (1000, "weekly")
    assert 0 < usage["current_usage"] <= 1000
    with pytest.raises(vendored.APIStatusError) as spent:
        Portkey(base_url=world.base, api_key=made.key).chat.completions.create(
            model="@alpha/gpt-4o-mini", messages=MESSAGES, max_tokens=2000
        )
    assert spent.value.status_code == 412 and "The budget of API key" in str(spent.value)
    assert made.key not in str(read)
    assert listed(client.api_keys.list(page_size=100), "id", made.id)["name"] == "py-ci-2"
    rotated = client.post(f"/api-keys/{made.id}/rotate", key_transition_period_ms=1_800_000)
    assert rotated.key != made.key and rotated.key_transition_expires_at
    for key in (made.key, rotated.key):
        Portkey(base_url=world.base, api_key=key).chat.completions.create(model="@alpha/gpt-4o-mini", messages=MESSAGES)
    client.api_keys.delete(id=made.id)
    assert listed(client.api_keys.list(), "id", made.id) is None
