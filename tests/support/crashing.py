"""A process that scales, and is killed at a chosen call to the engine: before it got there, or before the answer."""

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.config.compose_options import ComposeOptions, Drain
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.order import Order
from tests.support.engine_proxy import UnixConnection
from tests.support.paths import ROOT
from tests.support.quick import QUICK

OPTIONS = ComposeOptions(20.0, Drain(timeout_seconds=2.0, throttle_seconds=0.2))


QUESTIONS = ("GET", "HEAD")
_ID = re.compile(r"[0-9a-f]{64}|(?<=autoscaler-unit-)[0-9a-f]{6}")


@dataclass(frozen=True)
class Point:
    """Where the process dies: at the so-manieth of such calls, before or after the engine has done it."""

    call: str  # e.g. POST /containers/ID/start
    number: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.call}, number {self.number}"


@dataclass
class Trap:
    """Passes calls on to the engine; at the point it holds one until the process is dead."""

    engine_url: str
    point: Point | None = None
    calls: list[str] = field(default_factory=list)
    sprung: threading.Event = field(default_factory=threading.Event)
    dead: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str, path: str) -> Point:
        """Note a call; ids differ from time to time, and the order of what is done side by side, too."""
        call = f"{method} {_ID.sub('ID', path.partition('?')[0])}"
        with self.lock:
            self.calls.append(call)
            return Point(call, self.calls.count(call), after=False)

    def points(self) -> Iterator[Point]:
        """Every point of what was recorded.

        A question changes nothing: before it things are as they are after the change before. Each is here once.
        """
        for index, call in enumerate(self.calls):
            number, question = self.calls[: index + 1].count(call), call.startswith(QUESTIONS)
            if number == 1 or not question:
                yield Point(call, number, after=False)
            if not question:
                yield Point(call, number, after=True)


def handler(trap: Trap) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            here = trap.count(self.command, self.path)
            if here == trap.point:
                self._hold()
                return
            status, headers, answer = self._ask(body)
            if replace(here, after=True) == trap.point:
                self._hold()
                return
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            with contextlib.suppress(OSError):  # the process may have been killed
                self.end_headers()
                self.wfile.write(answer)

        def _hold(self) -> None:
            trap.sprung.set()
            trap.dead.wait(90)
            self.close_connection = True

        def _ask(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            connection = UnixConnection(trap.engine_url.removeprefix("unix://"))
            try:
                headers = {"Content-Type": self.headers.get("Content-Type") or "application/json", "Host": "docker"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, dict(answer.headers), answer.read()
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    return Handler


@contextmanager
def trapping(engine_url: str, point: Point | None = None) -> Iterator[Trap]:
    trap = Trap(engine_url, point)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(trap))
    server.daemon_threads = True
    trap.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield trap
    finally:
        trap.dead.set()
        server.shutdown()
        thread.join()
        server.server_close()


def scale_and_die(engine_url: str, ref: ServiceRef, replicas: int, point: Point | None = None) -> Trap:
    """Scale in a process of its own, which is killed at the point, if it comes there; return what was called."""
    with trapping(engine_url, point) as trap:
        command = [sys.executable, "-m", "tests.support.crashing", trap.url, str(ref.group), ref.name]
        process = subprocess.Popen([*command, str(replicas)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while not trap.sprung.wait(0.02) and process.poll() is None:
            assert time.monotonic() < deadline, trap.calls
        process.kill()
        _, errors = process.communicate()
        assert trap.sprung.is_set() or process.returncode == 0, (str(point), errors)
    return trap


def pause(seconds: float) -> bool:
    time.sleep(min(seconds, 0.1))
    return False


def main(url: str, project: str, service: str, replicas: str) -> None:
    def nobody(_: object) -> None:
        """Tell nobody."""

    target = ComposeTarget(url, timeout_seconds=30.0, emit=nobody, timing=QUICK)
    order = Order(int(replicas), emit=nobody, pause=pause, options=OPTIONS)
    target.scale(ServiceRef(service, project), order)


if __name__ == "__main__":
    main(*sys.argv[1:])
