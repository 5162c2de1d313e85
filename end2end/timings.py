"""How long pages take with a full journal: seeds one, starts a server on it, and prints p95 over 50 runs of each.

Usage: timings.py BINARY [ROWS [DAYS]]. Ends non-zero where a page passes its limit.
"""

import http.client
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

RUNS = 50
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"

# Name, address, and milliseconds that its p95 may take.
PAGES = [
    ("Overview, 24 h", "/?range=24h", 300),
    ("Overview, 30 d", "/?range=30d", 300),
    ("Analytics, cost by model, 30 d", "/analytics?range=30d&tab=cost", 300),
    ("Analytics, latency by key, 30 d", "/analytics?range=30d&tab=latency&by=key", 300),
    ("Analytics, users, 30 d each day", "/analytics?range=30d&tab=users&each=day", 300),
    ("Analytics, model within env, 30 d", "/analytics?range=30d&tab=cost&by=model&meta=env=prod", 300),
    ("Logs, 24 h", "/logs?range=24h", 300),
    ("Logs, 30 d", "/logs?range=30d", 300),
    ("Logs, model", "/logs?range=30d&model=gpt-4o", 200),
    ("Logs, status", "/logs?range=30d&status=5xx", 200),
    ("Logs, key", "/logs?range=30d&key=sample-intern", 200),
    ("Logs, metadata", "/logs?range=30d&meta=env=staging", 200),
    ("Logs, one user", "/logs?range=30d&meta=_user=acct_1399", 200),
    ("Logs, text in metadata", "/logs?range=30d&text=acct_139", 200),
    ("Logs, model and metadata", "/logs?range=30d&model=gpt-4o&meta=env=dev", 200),
    ("Logs, status and text", "/logs?range=30d&status=error&text=staging", 200),
]
# Chart queries alone, without a page around them.
CHARTS = [
    ("Chart, requests, 30 d", "/v1/analytics/graphs/requests", "", 150),
    ("Chart, latency, 30 d", "/v1/analytics/graphs/latency", "", 150),
    ("Chart, cost of a model, 30 d", "/v1/analytics/graphs/cost", "&ai_model=gpt-5", 150),
    ("Chart, errors of a key and env, 30 d", "/v1/analytics/graphs/errors", "&api_key_ids=sample-agents&metadata=%7B%22env%22:%22prod%22%7D", 150),
    ("Groups, users, 30 d", "/v1/analytics/groups/users", "", 150),
]
KEY = "sy-timings00000000000000000000000000"


class Server:
    """The binary on a folder of its own."""

    def __init__(self, binary: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.setup = folder / "setup.toml"
        self.setup.write_text(
            f'listen = "127.0.0.1:{self.port}"\ndata = "{folder / "data"}"\n'
            f'[owner]\nemail = "{EMAIL}"\npassword = "{PASSWORD}"\n'
            f'[[api_key]]\nname = "timings"\nvalue = "{KEY}"\nscopes = ["*"]\n'
        )
        self.binary = binary

    def errand(self, *words: str) -> float:
        start = time.perf_counter()
        subprocess.run([self.binary, "--setup", str(self.setup), *words], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    def start(self) -> None:
        self.process = subprocess.Popen([self.binary, "--setup", str(self.setup)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server does not answer")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)


def read(line: http.client.HTTPConnection, method: str, path: str, body: str | None = None, **heads: str) -> http.client.HTTPResponse:
    line.request(method, path, body, {name.replace("_", "-"): value for name, value in heads.items()})
    answer = line.getresponse()
    answer.text = answer.read().decode()
    return answer


def signed_in(server: Server) -> str:
    """The cookie of a session."""
    line = server.connect()
    page = read(line, "GET", "/sign-in").text
    action = re.search(r'action="(/api/sign_in[^"]*)"', page).group(1)
    form = urllib.parse.urlencode({"form[email]": EMAIL, "form[password]": PASSWORD})
    origin = f"http://127.0.0.1:{server.port}"
    answer = read(line, "POST", action, form, Content_Type="application/x-www-form-urlencoded", Origin=origin, Accept="text/html")
    return answer.getheader("set-cookie").split(";")[0]


def p95(server: Server, path: str, **heads: str) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    line = server.connect()
    took = []
    for _ in range(RUNS):
        start = time.perf_counter()
        answer = read(line, "GET", path, **heads)
        took.append((time.perf_counter() - start) * 1000)
        assert answer.status == 200, (path, answer.status, answer.text[:300])
    took.sort()
    return took[RUNS // 2], took[(RUNS * 95 + 99) // 100 - 1]


def main(binary: str, rows: str = "1000000", days: str = "30") -> int:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(binary, Path(folder))
        print(f"{rows} calls over {days} days written in {server.errand('seed', '--requests', rows, '--days', days):.0f} s")
        server.start()
        try:
            return measure(server)
        finally:
            server.process.terminate()
            server.process.wait()


def measure(server: Server) -> int:
    cookie = signed_in(server)
    now = time.time()
    moment = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    span = f"?time_of_generation_min={moment(now - 30 * 86400)}&time_of_generation_max={moment(now)}"
    rows = [(name, path, limit, {"Cookie": cookie}) for name, path, limit in PAGES]
    rows += [(name, path + span + more, limit, {"x_portkey_api_key": KEY}) for name, path, more, limit in CHARTS]
    past = 0
    print(f"{'':42}{'p50':>8}{'p95':>8}{'limit':>8}")
    for name, path, limit, heads in rows:
        middle, high = p95(server, path, **heads)
        past += high > limit
        print(f"{name:42}{middle:8.0f}{high:8.0f}{limit:8}{'  past it' if high > limit else ''}")
    return 1 if past else 0


sys.exit(main(*sys.argv[1:]))
