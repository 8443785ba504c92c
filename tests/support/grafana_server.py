"""A real HTTP server with the annotations API as Grafana documents it, and with faults on demand.

Grafana itself is not to be had where the tests run. After its HTTP API reference: POST /api/annotations wants a JSON
body with a text, and answers 200 with the number; PATCH /api/annotations/ID changes what it is given; 401 without the
right token, 400 without a text, 404 for an unknown number.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_test"


@dataclass
class Grafana:
    """Its annotations by number, how it behaves, and what it was asked."""

    url: str = ""
    token: str = TOKEN
    annotations: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answer: tuple[int, bytes] | None = None  # in place of the right one
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.released.set()

    def hang(self) -> None:
        """Answer nothing until `released` is set again."""
        self.released.clear()

    def handle(self, method: str, path: str, token: str | None, body: bytes) -> tuple[int, bytes]:
        self.asked.append(f"{method} {path}")
        self.released.wait(120)
        if self.answer is not None:
            return self.answer
        if token != f"Bearer {self.token}":
            return 401, b'{"message":"Unauthorized"}'
        return self._annotate(method, path, json.loads(body))

    def _annotate(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if method == "POST" and path == "/api/annotations":
            if not body.get("text"):
                return 400, b'{"message":"Failed to save annotation"}'
            number = len(self.annotations) + 1
            self.annotations[number] = body
            return 200, json.dumps({"message": "Annotation added", "id": number}).encode()
        number = int(path.rpartition("/")[2])
        if number not in self.annotations:
            return 404, b'{"message":"Could not find annotation to update"}'
        self.annotations[number].update({name: value for name, value in body.items() if value})
        return 200, b'{"message":"Annotation patched"}'


@contextmanager
def running() -> Iterator[Grafana]:
    grafana = Grafana()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = grafana.handle(self.command, self.path, self.headers["Authorization"], body)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except ConnectionError:
                self.close_connection = True

        def do_PATCH(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    grafana.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield grafana
    finally:
        grafana.released.set()
        http.shutdown()
        thread.join()
        http.server_close()
