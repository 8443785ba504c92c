"""An engine and a Prometheus that say in every free field what a terminal or a page might obey."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.engine_answers import inspected, listed

MARK = "planted"  # so that a test sees that the text has arrived
# A cleared screen, a title, a copied text, colours; bidi; NUL and backspaces; markup of rich; HTML; PromQL.
PLANTED = (
    f"{MARK}\x1b[2J\x1b[1;1H\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x9b31m\u202e\u2066\x00\x08\r\n"
    "[red]b[/red][link=http://evil.example]:bomb:<img src=x onerror=alert(1)><script>alert(2)</script><b>&amp;"
    "\"'`} or vector(1) # \\"
)
HALF = "\ud800"  # of a pair; JSON has it, no encoding does
AT = "2026-01-31T14:05:00Z"
LONG = PLANTED + "A" * 1_000_000
POLICY = """\
interval: 1s
lease: off
prometheus: {{url: {prometheus}, timeout: 2s}}
services:
  users:
    target: {{compose: users, project: shop}}
    replicas: {{min: 2, max: 3}}
    rules:
      load: {{signal: requests, per_replica: 50}}
      many: {{query: many, per_replica: 5}}
      refused: {{query: refused, per_replica: 5}}
      partial: {{query: partial, per_replica: 5}}
  denied:
    target: {{compose: denied, project: shop}}
    replicas: {{min: 2, max: 3}}
    rules: {{load: {{signal: requests, per_replica: 50}}}}
  guard:
    target: {{compose: guard, project: shop}}
    replicas: {{min: 2, max: 3}}
    rules: {{load: {{signal: requests, per_replica: 50}}}}
"""

Answered = tuple[int, bytes | str | object]


def _labels(service: str, number: int = 1) -> dict[str, str]:
    return {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": service,
        "com.docker.compose.container-number": str(number),
        f"traefik.http.services.{PLANTED.replace('.', '')}.loadbalancer.server.port": "80",
        f"note.{PLANTED}": LONG[:20_000],
    }


def _has(labels: dict[str, str], wanted: list[str]) -> bool:
    pairs = [each.partition("=") for each in wanted]
    return all(labels.get(name) == value if equals else name in labels for name, equals, value in pairs)


MISTAKES = {
    "autoscaler.enable": "true",
    "autoscaler.replicas.min": PLANTED,
    f"autoscaler.rules.{MARK}\x1b[2J\u202e<img>.query": "x",
    "autoscaler.rules.a.query": PLANTED,
    "autoscaler.rules.b": f'{{query: "{MARK}\\u202e", per_replica: 1}}',
}


class Engine:
    """Four services of one replica each; clones of `users` end at once, `denied` gets none, `guard` has the socket."""

    def __init__(self) -> None:
        self.clones: dict[str, dict[str, Any]] = {}

    def containers(self) -> list[dict[str, Any]]:
        first = [self._listed(service) for service in ("users", "denied", "guard")]
        mistaken = self._listed("mistaken", MISTAKES)
        nameless = self._listed("nameless", {"com.docker.compose.service": PLANTED, **MISTAKES})
        return [*first, mistaken, nameless, *self.clones.values()]

    def _listed(self, service: str, more: dict[str, str] | None = None) -> dict[str, Any]:
        names = {"Id": f"{service}1", "Names": [f"/shop-{service}-1"]}
        return listed(1, labels=_labels(service) | (more or {})) | names

    def answer(self, method: str, path: str, query: dict[str, str]) -> Answered:  # noqa: PLR0911
        path = re.sub(r"^/v1\.\d+", "", path)
        container = path.split("/")[2] if path.count("/") > 1 else ""
        match method, path.rpartition("/")[2]:
            case "GET", "version":
                return 200, {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10"}
            case "GET", "json" if path == "/containers/json":
                wanted = json.loads(query.get("filters", "{}")).get("label", [])
                return 200, [each for each in self.containers() if _has(each["Labels"], wanted)]
            case "GET", "json" if path.startswith("/containers/"):
                return 200, self._inspected(container)
            case "GET", "json":
                return 200, {"Id": "sha256:1", "Config": {}}
            case "POST", "create":
                return self._create(query["name"])
            case "GET", "logs":
                return 200, f"first\n{LONG}\n{PLANTED}".encode()
            case "GET", "changes":
                return 200, []
            case "DELETE", _:
                self.clones.pop(container, None)
                return 204, b""
            case "GET", "events":
                return 200, b""
            case _:
                return 204, b""

    def _inspected(self, container: str) -> dict[str, Any]:
        service = container.rstrip("0123456789").removeprefix("clone-") or "users"
        labels: dict[str, str] = next((each["Labels"] for each in self.containers() if each["Id"] == container), {})
        found = inspected(Id=container, Name=f"/shop-{service}-1", Config={"Tty": True, "Labels": labels})
        log = [{"Start": AT, "ExitCode": 1, "Output": PLANTED}]
        state = {"Running": container not in self.clones, "ExitCode": 3, "StartedAt": AT, "Health": {"Log": log}}
        socket = [{"Type": "bind", "Source": f"/{PLANTED}/docker.sock", "Destination": "/socket"}]
        return {
            **found,
            "Created": AT,
            "State": state,
            "Mounts": socket if service == "guard" else [],
            "RestartCount": 0,
        }

    def _create(self, name: str) -> Answered:
        if "denied" in name:
            return 500, {"message": LONG[:200_000] + HALF}
        number = int(name.rpartition("-")[2])
        labels = _labels("users", number) | {"io.traefik-autoscaler.clone-of": "shop-users-1"}
        clone = listed(number, labels=labels, State="exited", Status="Exited (3) 1 second ago")
        self.clones[f"clone-users{number}"] = clone | {"Id": f"clone-users{number}", "Names": [f"/{name}"]}
        return 201, {"Id": f"clone-users{number}", "Warnings": [PLANTED]}


def prometheus(_: str, __: str, query: dict[str, str]) -> Answered:
    """Answer each query with two series, or as the query's name says."""
    text = LONG[:100_000] + HALF
    if "time" not in query:
        return 400, {"status": "error", "errorType": "bad_data", "error": text}
    names = {"fact": "up", "instance": text, "service": text, "le": text, f"{PLANTED}{HALF}": "x"}
    series = [{"metric": names | {"n": str(n)}, "value": [float(query["time"]), "0"]} for n in range(2)]
    answer: dict[str, object] = {"status": "success", "data": {"resultType": "vector", "result": series}}
    if query["query"] == "refused":
        return 400, {"status": "error", "errorType": "bad_data", "error": text}
    return 200, {**answer, "warnings": [text]} if query["query"] == "partial" else answer


@contextlib.contextmanager
def serving(answer: Callable[[str, str, dict[str, str]], Answered]) -> Iterator[str]:
    """Serve what this answers to a method, a path and a query; yield the address without a scheme."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, body = answer(self.command, unquote(parts.path), query)
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815

        def do_HEAD(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
