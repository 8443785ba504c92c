"""What a real engine has answered (20.10: a clone, its original and two more services), served again over HTTP."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded_engine.json").read_text(encoding="utf-8"))
CALLS = {
    "version": r"GET /version",
    "list": r"GET .*/containers/json",
    "inspect": r"GET .*/containers/[^/]+/json",
    "image": r"GET .*/images/.*/json",
    "create": r"POST .*/containers/create",
    "exec create": r"POST .*/containers/[^/]+/exec",
    "exec start": r"POST .*/exec/[^/]+/start",
    "exec inspect": r"GET .*/exec/[^/]+/json",
    "changes": r"GET .*/containers/[^/]+/changes",
    "stat": r"HEAD .*/containers/[^/]+/archive",
    "archive": r"GET .*/containers/[^/]+/archive",
    "logs": r"GET .*/containers/[^/]+/logs",
    "volume": r"GET .*/volumes/[^/]+",
    "events": r"GET .*/events",
}


def _usual(call: str) -> bytes:
    match call:
        case "archive":
            return base64.b64decode(RECORDED["archive"])
        case "stat":
            return str(RECORDED["stat"]).encode()
        case "logs" | "exec start":
            return b""
        case "events":
            return b"".join(json.dumps(event).encode() + b"\n" for event in RECORDED["events"])
        case "create":
            return json.dumps({"Id": RECORDED["inspect"]["Id"], "Warnings": []}).encode()
        case _:
            return json.dumps(RECORDED[call]).encode()


@dataclass
class RecordedEngine:
    """Answers each call as the real engine has, but for the bodies that a test gives."""

    url: str = ""
    bodies: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked = f"{method} {path.partition('?')[0]}"
        call = next(call for call, pattern in CALLS.items() if re.fullmatch(pattern, asked))
        body, status = self.bodies.get(call, _usual(call)), self.statuses.get(call, 200)
        if call == "stat":
            return status, {"X-Docker-Container-Path-Stat": body.decode("latin-1")}, b""
        return status, {"Content-Type": "application/json"}, body


def _handler(engine: RecordedEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for headers and body

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = engine.answer(self.command, self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    return Handler


@contextmanager
def recorded_engine() -> Iterator[RecordedEngine]:
    """Serve the recorded answers on a free port of 127.0.0.1."""
    engine = RecordedEngine()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(engine))
    server.daemon_threads = True
    engine.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


OTHERS: tuple[Any, ...] = (None, True, 7, -1, 2.5, float("inf"), 10**400, "", "x", [], [None], {}, {"x": None})


@st.composite
def mutations(draw: st.DrawFn, document: Any, *, most: int = 3) -> Any:
    """Return the document with some keys removed and some values of another type. Labels keep their names and texts."""
    mutated = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, most))):
        _mutate(draw, mutated, free=False)
    return mutated


def _mutate(draw: st.DrawFn, inside: Any, *, free: bool) -> None:
    """Change something in it, or in what is in it; in a free one, the keys are people's own."""
    keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    value = inside[key]
    if isinstance(value, dict | list) and draw(st.booleans()):
        _mutate(draw, value, free=key in {"Labels", "Attributes"})
    elif free or isinstance(inside, list) or draw(st.booleans()):
        others = [other for other in OTHERS if type(other) is not type(value)]
        inside[key] = deepcopy(draw(st.sampled_from(others)))
    else:
        del inside[key]


@pytest.fixture(scope="module")
def recorded_server() -> Iterator[RecordedEngine]:
    with recorded_engine() as engine:
        yield engine


@pytest.fixture
def recorded(recorded_server: RecordedEngine) -> RecordedEngine:
    """The recorded engine, with every answer as it was recorded."""
    recorded_server.bodies, recorded_server.statuses = {}, {}
    return recorded_server
