"""Runs the binary in front of a scripted provider, once for all tests of this folder."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

SERVE = Path(__file__).parent.parent / "harness" / "serve.mjs"


@dataclass(frozen=True)
class World:
    """Where everything is: `base` ends in `/v1`."""

    base: str
    upstream: str
    key: str
    plain_key: str
    routed_key: str
    credential: str
    second_credential: str
    fallback: dict

    def calls(self) -> list[dict]:
        """What reached the providers since the test began."""
        return httpx.get(f"{self.upstream}/_calls").json()

    def way(self) -> list[str]:
        """The same in short: `alpha/gpt-4o-mini`."""
        return [f"{call['provider']}/{call['model']}" for call in self.calls()]

    def log(self, trace: str) -> dict:
        """The newest log record of `trace`."""
        return self.logs(trace)[0]

    def logs(self, trace: str) -> list[dict]:
        """The log records of `trace`, newest first."""
        answer = httpx.get(f"{self.base}/logs", params={"trace_id": trace}, headers={"x-portkey-api-key": self.key})
        return answer.raise_for_status().json()["data"]


@pytest.fixture(scope="session")
def running():
    child = subprocess.Popen(
        ["node", str(SERVE), "sdk-python"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    line = child.stdout.readline()
    assert line, "the server did not start; its words stand above"
    yield World(**json.loads(line))
    child.stdin.close()
    assert child.wait(timeout=30) == 0, "the server did not end cleanly"


@pytest.fixture
def world(running: World) -> World:
    httpx.delete(f"{running.upstream}/_calls")
    return running
