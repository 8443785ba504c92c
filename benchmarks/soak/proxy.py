"""An HTTP proxy before the engine or Prometheus, for one daemon: it notes changes, and makes the plan's faults."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from autoscaler.adapters.leadership.volume_store import LEASE
from benchmarks.soak.account import Change, Claim
from benchmarks.soak.plan import Fault, Kind

LONGEST_SECONDS = 90.0
POLL_SECONDS = 0.1
HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close is a reset


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=LONGEST_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LONGEST_SECONDS)
        self.sock.connect(self._path)


@dataclass(slots=True)
class Notes:
    """What all proxies have noted."""

    changes: list[Change] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)  # calls that met a fault, by what was asked and kind
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class Proxy:
    """Passes calls on; `fault` returns the one that concerns a call now, by whether the call changes something."""

    of: str
    connect: Callable[[], HTTPConnection]
    fault: Callable[[bool], Fault | None]
    notes: Notes
    speaker: str = ""  # the process that asks
    port: int = 0
    _concerned: Counter[Fault] = field(default_factory=Counter)

    def fault_of(self, *, changes: bool) -> Fault | None:
        fault = self.fault(changes)
        if fault is None:
            return None
        with self.notes.lock:
            self._concerned[fault] += 1
            hit = (self._concerned[fault] - 1) % fault.every == 0
            if hit:
                self.notes.hits[f"{self.of} {fault.kind}"] += 1
        return fault if hit else None

    def note(self, speaker: str, at: float, call: str, body: bytes, answer: "Answer | None") -> None:
        """Note a call that changes a container, or who has the lease."""
        method, _, target = call.partition(" ")
        path = urlsplit(target).path
        if "/volumes/" not in path:
            with self.notes.lock:
                self.notes.changes.append(Change(at, speaker, f"{method} {path}", answer.status if answer else 0))
        elif path.endswith("/volumes/create") and answer is not None and LEASE.encode() in body:
            asked, made = (json.loads(each).get("Labels") for each in (body, answer.body))
            if asked == made:
                with self.notes.lock:
                    self.notes.claims.append(Claim(at, speaker))


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:  # noqa: C901  one class, of short methods
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            at, speaker = time.time(), proxy.speaker
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            changes = proxy.of == "engine" and self.command not in {"GET", "HEAD"}
            fault = proxy.fault_of(changes=changes)
            if fault is not None and not _is_done(fault):
                self._refuse(fault, body)
                return
            if urlsplit(self.path).path.endswith("/events"):
                self._stream(body)
                return
            answer = self._ask(body)
            if changes:
                proxy.note(speaker, at, f"{self.command} {self.path}", body, answer)
            if fault is not None:
                time.sleep(fault.delay_s)
            if answer is None or (fault is not None and fault.kind is Kind.LOST):
                self._reset()
            else:
                self._send(answer, truncated=fault is not None and fault.kind is Kind.TRUNCATION)

        def _refuse(self, fault: Fault, body: bytes) -> None:
            while fault.kind is Kind.HANG and proxy.fault(True) == fault:
                time.sleep(POLL_SECONDS)
            if fault.kind in {Kind.RESET, Kind.CUT, Kind.HANG}:
                self._reset()
            elif fault.kind is Kind.EMPTY:
                kind = "matrix" if "query_range" in self.path else "vector"
                self._json(200, {"status": "success", "data": {"resultType": kind, "result": []}})
            elif fault.kind is Kind.ERROR:
                self._json(fault.status, {"status": "error", "errorType": "internal", "error": "injected fault"})
            elif fault.status == 500:
                self._json(fault.status, {"message": "injected fault"})
            else:  # of a proxy, and so no JSON
                self._send(Answer(fault.status, [("Content-Type", "text/html")], b"<html>injected fault</html>"))

        def _json(self, status: int, told: object) -> None:
            self._send(Answer(status, [("Content-Type", "application/json")], json.dumps(told).encode()))

        def _ask(self, body: bytes) -> Answer | None:
            with contextlib.suppress(OSError, HTTPException), contextlib.closing(proxy.connect()) as connection:
                found = self._asked(connection, body)
                return Answer(found.status, found.getheaders(), found.read())
            return None

        def _asked(self, connection: HTTPConnection, body: bytes) -> HTTPResponse:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
            connection.request(self.command, self.path, body, kept)
            return connection.getresponse()

        def _stream(self, body: bytes) -> None:
            """Pass the events on until either side ends; the end of the connection is their end."""
            self.close_connection = True
            with contextlib.suppress(OSError, HTTPException), contextlib.closing(proxy.connect()) as connection:
                found = self._asked(connection, body)
                self._head(found.status, found.getheaders(), [("Connection", "close")])
                while data := found.read1(65536):
                    self.wfile.write(data)

        def _send(self, answer: Answer, *, truncated: bool = False) -> None:
            length = next((value for name, value in answer.headers if name.lower() == "content-length"), None)
            if self.command != "HEAD":
                length = str(len(answer.body))
            with contextlib.suppress(OSError):  # the daemon may have been killed
                self._head(answer.status, answer.headers, [("Content-Length", length or "0")])
                if truncated:
                    self.close_connection = True
                    self.wfile.write(answer.body[: len(answer.body) // 2])
                elif self.command != "HEAD":
                    self.wfile.write(answer.body)

        def _head(self, status: int, headers: list[tuple[str, str]], more: list[tuple[str, str]]) -> None:
            self.send_response_only(status)
            for name, value in [*(each for each in headers if each[0].lower() not in HOP_BY_HOP), *more]:
                self.send_header(name, value)
            self.end_headers()

        def _reset(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self.connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815

        def handle(self) -> None:
            with contextlib.suppress(OSError, ValueError):  # a connection that is reset
                super().handle()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    return Handler


def _is_done(fault: Fault) -> bool:
    """Return whether the call is done in spite of the fault."""
    return fault.kind in {Kind.DELAY, Kind.TRUNCATION, Kind.LOST}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Be quiet: a daemon that is killed breaks its connections."""


@contextlib.contextmanager
def listening(proxy: Proxy) -> Iterator[None]:
    """Run a proxy on a free port of 127.0.0.1."""
    server = _Server(("127.0.0.1", 0), handler(proxy))
    proxy.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
