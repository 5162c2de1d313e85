"""Figures as the Portkey SDK for Python reads them."""

import datetime as dt

import pytest
from portkey_ai import Portkey

MESSAGES = [{"role": "user", "content": "good morning"}]


@pytest.fixture(scope="module")
def span():
    now = dt.datetime.now(dt.timezone.utc)
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {
        "time_of_generation_min": (now - dt.timedelta(hours=2)).strftime(form),
        "time_of_generation_max": (now + dt.timedelta(hours=1)).strftime(form),
    }


@pytest.fixture
def client(world):
    return Portkey(base_url=world.base, api_key=world.key)


def test_calls_are_in_every_graph(world, client, span):
    caller = Portkey(base_url=world.base, api_key=world.key, metadata={"_user": "ada", "env": "figures"})
    for _ in range(3):
        caller.chat.completions.create(model="@sandbox/echo", messages=MESSAGES)
    narrowed = {**span, "metadata": '{"env":"figures"}'}
    requests = client.analytics.graphs.requests(**narrowed)
    assert requests.summary["total"] == 3
    assert sum(point["total"] for point in requests.data) == 3
    assert client.analytics.graphs.cost(**narrowed).summary["total"] > 0
    assert client.analytics.graphs.tokens(**narrowed).summary["total"] > 0
    assert client.analytics.graphs.latency(**narrowed).summary["p99"] > 0
    assert client.analytics.graphs.errors(**narrowed).summary["total"] == 0
    graphs = client.analytics.graphs
    for graph in (
        graphs.users, graphs.users_requests, graphs.errors_rate, graphs.errors_stacks, graphs.errors_status_codes,
        graphs.requests_rescued, graphs.cache_hit_rate, graphs.cache_latency, graphs.feedbacks, graphs.feedbacks_scores,
        graphs.feedbacks_weighted, graphs.feedbacks_ai_models,
    ):
        assert graph(**span).object == "analytics-graph"
    assert client.analytics.summary.cache(**span).summary["total_requests"] >= 3


def test_calls_are_in_every_group(client, span):
    groups = client.analytics.groups
    users = groups.users(**span)
    assert users.object == "list"
    assert next(row for row in users.data if row["user"] == "ada")["requests"] >= 3
    assert any(row["ai_model"] == "echo" for row in groups.ai_models(**span).data)
    env = groups.metadata(metadata_key="env", **span)
    assert next(row for row in env.data if row["metadata_value"] == "figures")["requests"] == 3
    assert groups.workspaces(**span).data[0]["requests"] >= 3
