"""What Traefik's API lists, and what a silent one proves: nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from autoscaler.adapters.traefik_api import TraefikServices
from autoscaler.events import TraefikListed
from tests.support.fakes import Recorder

WEB = {"name": "web@docker", "status": "enabled", "provider": "docker"}
BROKEN = {"name": "broken@docker", "status": "disabled"}


class Api:
    """A server that answers with one status and one body."""

    def __init__(self) -> None:
        self.url, self.status, self.body = "", 200, json.dumps([WEB, BROKEN])
        self.asked: list[str] = []


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            data = made.body.encode()
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://user:secret@127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def test_the_enabled_services_are_listed(api: Api) -> None:
    recorder = Recorder()
    traefik = TraefikServices(lambda: api.url, recorder.notify)
    traefik.refresh()
    assert traefik.listed == {"web@docker"}
    assert api.asked == ["/api/http/services?per_page=500&page=1"]
    assert recorder.of(TraefikListed) == [TraefikListed(frozenset({"web@docker"}))]


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "[]"), (200, "<html>"), (200, "{}"), (200, '[{"name": "x"}]'), (200, '["x"]'), (404, "404 page not found")],
)
def test_without_a_good_answer_nothing_is_listed_any_more(api: Api, status: int, body: str) -> None:
    recorder = Recorder()
    traefik = TraefikServices(lambda: api.url, recorder.notify)
    traefik.refresh()
    api.status, api.body = status, body
    traefik.refresh()
    assert traefik.listed == frozenset()
    problem = recorder.of(TraefikListed)[-1].problem
    assert problem is not None
    assert "check traefik.api_url" in problem
    assert "secret" not in problem


def test_without_an_api_nothing_is_asked() -> None:
    recorder = Recorder()
    TraefikServices(lambda: None, recorder.notify).refresh()
    assert recorder.of(TraefikListed) == []


def test_an_api_that_is_taken_out_of_the_file_lists_nothing(api: Api) -> None:
    url: list[str | None] = [api.url]
    traefik = TraefikServices(lambda: url[0], Recorder().notify)
    traefik.refresh()
    url[0] = None
    traefik.refresh()
    assert traefik.listed == frozenset()
