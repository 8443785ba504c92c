"""A real HTTP server that answers like a Prometheus, or like anything else, as a test tells it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from deploy.lab import images
from tests.support import eventful_hour as eventful
from tests.support import real_prometheus as real
from tests.support import traefik_history as history

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """What it answers, and what it was asked."""

    url: str
    answer: Answer
    queries: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


def says(status: int, body: str | bytes, content_type: str = "application/json", **headers: str) -> Answer:
    """An answer with that status and body."""
    data = body.encode() if isinstance(body, str) else body

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def vector(*series: str, more: str = "") -> Answer:
    """A successful answer with these series, each as JSON."""
    result = ",".join(series)
    return says(200, f'{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}{more}}}')


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parameters = parse_qs(urlsplit(self.path).query)
            made.queries.append({name: values[0] for name, values in parameters.items()})
            made.headers.append(dict(self.headers))
            try:
                made.answer(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    made = Server(f"http://127.0.0.1:{http.server_address[1]}", vector())
    thread = threading.Thread(target=http.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.released.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture(scope="session", params=[images.PROMETHEUS_OLD, images.PROMETHEUS], ids=["2.42", "3.x"])
def prometheus_url(
    request: pytest.FixtureRequest, engine_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a real Prometheus with the histories of `history.py` and `eventful.py` in its database."""
    past = history.make()
    eventful.add_to(past)
    with real.running(request.param, past.text(), tmp_path_factory.mktemp("prometheus")) as url:
        yield url
