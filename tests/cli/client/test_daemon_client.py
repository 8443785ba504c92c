"""How a daemon is asked over HTTP where something stands before it: redirects and a password."""

import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from autoscaler.cli.client.daemon_client import DaemonClient

ELSEWHERE = "/elsewhere"


class Gateway(BaseHTTPRequestHandler):
    """Sends whoever asks at the root to the daemon, and answers there with what it was sent."""

    def do_GET(self) -> None:
        at_the_daemon = self.path.startswith(ELSEWHERE)
        self.send_response(200 if at_the_daemon else 308)
        self.send_header("Location", f"{ELSEWHERE}{self.path}")
        self.end_headers()
        if at_the_daemon:
            self.wfile.write(f'[{{"service": "{self.headers["Authorization"]}"}}]'.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_redirect_is_followed(gateway: str) -> None:
    assert DaemonClient(f"http://{gateway}").names() == ["None"]


def test_the_password_of_the_url_is_sent(gateway: str) -> None:
    credentials = base64.b64encode(b"me:p@ss").decode()
    assert DaemonClient(f"http://me:p%40ss@{gateway}{ELSEWHERE}/").names() == [f"Basic {credentials}"]
