"""The daemon asks Traefik's view: what it makes of each answer."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from autoscaler.adapters.compose.traefik_view import FRESH_SECONDS, HOLD_SECONDS, Hiding, TraefikView, ViewUnavailable
from autoscaler.events import ViewChanged
from tests.support.fakes import Recorder

ID = "a" * 64
GOOD = {"instance": "one", "traefiks": 1, "engine": "ok", "hidden": {}}
NOBODY = "no Traefik asks Traefik's view at {url}; give Traefik --providers.docker.endpoint=tcp://<the view>:2375"


@dataclass
class FakeView:
    """Answers as a test says."""

    url: str = ""
    status: int = 200
    body: bytes = json.dumps(GOOD).encode()
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)

    def say(self, **facts: object) -> None:
        self.status, self.body = 200, json.dumps(facts).encode()


@pytest.fixture
def fake() -> Iterator[FakeView]:
    fake = FakeView()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.asked.append((self.command, self.path, self.headers["Authorization"], body))
            self.send_response(fake.status)
            self.end_headers()
            self.wfile.write(fake.body)

        do_GET = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def view(fake: FakeView, clock: Clock, recorder: Recorder) -> TraefikView:
    return TraefikView(fake.url + "/", "s3cret", emit=recorder.notify, monotonic=clock)


def test_an_order_has_the_secret_and_an_end_and_says_how_far_it_is(fake: FakeView, view: TraefikView) -> None:
    fake.say(instance="one", traefiks=1, hidden=True, looked_seconds=None)
    assert view.hide(ID) == Hiding("one", True, None)
    fake.say(instance="one", traefiks=1, hidden=True, looked_seconds=0.5)
    assert view.hide(ID) == Hiding("one", True, 0.5)
    view.show(ID)
    assert [(method, path, secret) for method, path, secret, _ in fake.asked] == [
        ("PUT", f"/hidden/{ID}", "Bearer s3cret"),
        ("PUT", f"/hidden/{ID}", "Bearer s3cret"),
        ("DELETE", f"/hidden/{ID}", "Bearer s3cret"),
    ]
    assert json.loads(fake.asked[0][3]) == {"seconds": HOLD_SECONDS}


@pytest.mark.parametrize(
    ("problem", "status", "known", "knows"),
    [(None, 200, True, True), (None, 200, False, False), (None, 500, True, False), ("away", 200, True, False)],
)
def test_it_drains_what_it_sees(
    fake: FakeView, view: TraefikView, problem: str | None, status: int, *, known: bool, knows: bool
) -> None:
    fake.say(**{**GOOD, "engine": problem or "ok"})
    view.problem()
    fake.say(known=known)
    fake.status = status
    assert view.knows(ID) is knows


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", "does not answer"),
        (200, b"[]", "refuses the order: 200"),
        (200, b"{}", "what is no account"),
        (200, b'{"instance": "one", "hidden": true, "looked_seconds": "x"}', "what is no account"),
        (401, b'{"message": "the secret is not that of this view"}', "refuses the order: the secret is not that"),
        (502, b"{}", "refuses the order: 502"),
    ],
)
def test_any_other_answer_is_none(fake: FakeView, view: TraefikView, status: int, body: bytes, message: str) -> None:
    fake.status, fake.body = status, body
    with pytest.raises(ViewUnavailable, match=message):
        view.hide(ID)


def test_a_view_that_is_not_there_is_unavailable(recorder: Recorder) -> None:
    gone = TraefikView("http://127.0.0.1:9", "s3cret", emit=recorder.notify)
    with pytest.raises(ViewUnavailable, match="does not answer"):
        gone.show(ID)
    assert gone.problem() is not None
    assert recorder.of(ViewChanged) == [ViewChanged(gone.problem())]


def test_it_is_used_only_where_a_traefik_asks_it_and_a_change_is_reported_once(
    fake: FakeView, view: TraefikView, clock: Clock, recorder: Recorder
) -> None:
    assert view.problem() is None
    fake.say(**{**GOOD, "traefiks": 0})
    assert view.problem() is None  # as it has just said
    nobody = NOBODY.format(url=fake.url)
    for _ in range(2):
        clock.now += FRESH_SECONDS
        assert view.problem() == nobody
    fake.say(**{**GOOD, "engine": "does not answer"})
    clock.now += FRESH_SECONDS
    assert view.problem() == f"Traefik's view at {fake.url} cannot ask the engine"
    fake.say(**GOOD)
    clock.now += FRESH_SECONDS
    assert view.problem() is None
    assert recorder.of(ViewChanged) == [ViewChanged(), ViewChanged(nobody), ViewChanged()]
    assert len(fake.asked) == 5
