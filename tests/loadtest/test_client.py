"""The client against a small server: cookies, hosts, faults; and a whole load test that finds an uneven spread."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from autoscaler.cli.app import app
from autoscaler.loadtest.client import Load, send
from autoscaler.loadtest.replicas import Recogniser

Answering = Callable[[int, BaseHTTPRequestHandler], None]


@contextmanager
def serving(answering: Answering) -> Iterator[str]:
    """A server whose every answer is made by that function, which gets the number of the request."""
    numbers = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answering(next(numbers), self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def test_a_client_keeps_the_sticky_cookie_unless_told_not_to() -> None:
    def answering(number: int, handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Cookie") == "shop=server0":
            reply(handler)
        else:
            reply(handler, Set_Cookie=f"shop=server{number}; Path=/; HttpOnly")

    recogniser = Recogniser([], cookie="shop")
    with serving(answering) as url:
        kept = send(Load(url, 3, 0.0, 1), recogniser)
    with serving(answering) as url:
        fresh = send(Load(url, 3, 0.0, 1, cookies=False), recogniser)
    assert [(each.cookie, each.cookie_sent) for each in kept] == [
        ("server0", False),
        ("server0", True),
        ("server0", True),
    ]
    assert [(each.cookie, each.cookie_sent) for each in fresh] == [(f"server{number}", False) for number in range(3)]


def test_a_cookie_for_tls_only_is_not_kept_without_tls() -> None:
    with serving(lambda _, handler: reply(handler, Set_Cookie="shop=a; Secure")) as url:
        answers = send(Load(url, 2, 0.0, 1), Recogniser([], cookie="shop"))
    assert not any(each.cookie_sent for each in answers)


def test_the_site_the_path_and_the_query_are_asked_for() -> None:
    seen: list[tuple[str, str | None]] = []

    def answering(_: int, handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.path, handler.headers.get("Host")))
        reply(handler)

    with serving(answering) as url:
        send(Load(f"{url}/a%20b?c=d", 1, 0.0, 1, host="shop.example"), Recogniser([]))
    assert seen == [("/a%20b?c=d", "shop.example")]


def test_each_request_is_sent_once_whatever_comes() -> None:
    def answering(number: int, handler: BaseHTTPRequestHandler) -> None:
        if number % 3 == 2:
            handler.close_connection = True
            handler.connection.shutdown(2)
        else:
            reply(handler, 200 if number % 3 else 503)

    with serving(answering) as url:
        answers = send(Load(url, 12, 0.0, 3), Recogniser([]))
    assert sorted(each.status or 0 for each in answers) == [0] * 4 + [200] * 4 + [503] * 4
    assert all(each.error and each.error.startswith("broken off") for each in answers if each.status is None)


@pytest.mark.parametrize(
    ("weights", "code", "balance"), [((1, 1), 0, "balanced"), ((9, 1), 1, "uneven")], ids=["even", "uneven"]
)
def test_a_gateway_that_prefers_a_replica_is_found_out(weights: tuple[int, int], code: int, balance: str) -> None:
    order = [name for name, weight in zip("ab", weights, strict=True) for _ in range(weight)]
    with serving(lambda number, handler: reply(handler, X_Served_By=order[number % len(order)])) as url:
        command = ["load-test", "web", "--url", url, "--requests", "40", "--delay", "0s", "--json"]
        done = CliRunner().invoke(app, command, env={"AUTOSCALER_DOCKER_URL": "unix:///nowhere.sock"})
    told = json.loads(done.stdout)
    assert (done.exit_code, told["balance"], told["told_by"]) == (code, balance, "the header x-served-by")
