"""A real HTTP proxy in front of the real engine, that can be told to fail at a given call."""

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Fault:
    """What happens to calls whose method and path contain `call`, for the next `times` of them."""

    call: str  # e.g. "POST /containers/create"
    status: int = 500  # 0: the connection is dropped, without an answer
    times: int = 1
    skip: int = 0  # so many such calls pass first
    after: bool = False  # the engine does it first
    text: str = "injected fault"
    proxy: bool = False  # the answer is a proxy's own, and so no JSON
    body: bytes | None = None  # instead of a message
    delay_seconds: float = 0.0  # before the answer


@dataclass
class Proxy:
    """Passes everything to the engine's socket, but for the faults."""

    engine_url: str
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    url: str = ""
    gather: tuple[str, threading.Barrier] | None = None  # calls like this wait for each other
    at_once: Counter[str] = field(default_factory=Counter)  # calls that are under way, by method and last word
    most_at_once: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def under_way(self, method: str, path: str) -> Iterator[None]:
        call = f"{method} {path.partition('?')[0].rpartition('/')[2]}"
        with self.lock:
            self.at_once[call] += 1
            self.most_at_once[call] = max(self.most_at_once[call], self.at_once[call])
        try:
            if self.gather is not None and self.gather[0] == call:
                self.gather[1].wait(90)
            yield
        finally:
            with self.lock:
                self.at_once[call] -= 1

    def fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            wanted_method, _, wanted_path = fault.call.partition(" ")
            if fault.times <= 0 or method != wanted_method or wanted_path not in path:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None


class UnixConnection(HTTPConnection):
    """HTTP over the engine's unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=90)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(90)
        self.sock.connect(self._path)


def handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            proxy.calls.append(f"{self.command} {self.path}")
            fault = proxy.fault(self.command, self.path)
            if fault is None and self.path.partition("?")[0].endswith("/events"):
                self._pass_events()
                return
            if fault is None or fault.after:
                with proxy.under_way(self.command, self.path):
                    status, answer = self._ask(body)
            if fault is not None:
                if fault.status == 0:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                time.sleep(fault.delay_seconds)
                message = json.dumps({"message": fault.text}).encode()
                status, answer = fault.status, message if fault.body is None else fault.body
            kind = "text/html" if fault is not None and fault.proxy else "application/json"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _pass_events(self) -> None:
            connection = UnixConnection(proxy.engine_url.removeprefix("unix://"))
            self.close_connection = True
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request(self.command, self.path, headers={"Host": "docker"})
                answer = connection.getresponse()
                self.send_response(answer.status)
                self.end_headers()
                while line := answer.readline():
                    self.wfile.write(line)

        def _ask(self, body: bytes) -> tuple[int, bytes]:
            connection = UnixConnection(proxy.engine_url.removeprefix("unix://"))
            try:
                headers = {"Content-Type": self.headers.get("Content-Type") or "application/json", "Host": "docker"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        do_GET = do_POST = do_DELETE = _pass  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    return Handler


@contextmanager
def proxying(engine_url: str) -> Iterator[Proxy]:
    """Run a proxy on a free port of 127.0.0.1."""
    proxy = Proxy(engine_url)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(proxy))
    server.daemon_threads = True
    proxy.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
