"""The HTTP face over a real socket."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.adapters.status import StatusObserver
from autoscaler.adapters.web import WebServer, make_app
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.errors import ConfigError
from autoscaler.events import Action, CycleFinished, ServiceOutcome
from tests.builders import NOW, policy, seen


class Site:
    def __init__(self) -> None:
        self.now = 0.0
        self.status = StatusObserver([policy()], stalled_after_seconds=30.0, monotonic=lambda: self.now)
        self.metrics = MetricsObserver([policy()], dry_run=False)
        self.ended = threading.Event()
        self.port = free_port()
        app = make_app(self.status, self.metrics)
        self.server = WebServer(app, "127.0.0.1", self.port, on_exit=self.ended.set)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def evaluated(self) -> None:
        decision, _ = decide(policy(), seen(2, {"throughput": 400.0}), Memory(), NOW)
        outcome = ServiceOutcome("userservice", Action.SCALED, decision)
        self.status.notify(CycleFinished(NOW, 0.1, {"userservice": outcome}))


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site.server.start()
    yield site
    site.server.stop(10.0)


def test_health_follows_the_loop_and_readiness_the_first_cycle(site: Site) -> None:
    assert site.get("/healthz").status_code == 200
    assert site.get("/readyz").status_code == 503
    site.evaluated()
    assert site.get("/readyz").json() == {"ok": True, "message": "ready"}
    site.now += 31
    assert site.get("/healthz").status_code == 503


def test_metrics_are_in_the_text_format(site: Site) -> None:
    answer = site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'autoscaler_replicas{service="userservice",state="max"} 10.0' in answer.text


def test_the_last_decision_of_each_service_is_told(site: Site) -> None:
    (service,) = site.get("/api/v1/services").json()
    assert (service["min"], service["max"], service["decision"]) == (1, 10, None)
    site.evaluated()
    (service,) = site.get("/api/v1/services").json()
    assert service == site.get("/api/v1/services/userservice").json()
    assert (service["action"], service["decision"]["desired"]) == ("scaled", 8)
    assert service["decision"]["sentence"].endswith("2 → 8")


def test_an_unknown_service_is_404(site: Site) -> None:
    site.evaluated()
    assert site.get("/api/v1/services/nobody").status_code == 404


def test_the_landing_page_links_to_the_rest(site: Site) -> None:
    page = site.get("/").text
    assert all(f'href="{path}"' in page for path in ("/metrics", "/healthz", "/readyz"))


def test_nothing_can_be_written(site: Site) -> None:
    assert httpx.post(f"http://127.0.0.1:{site.port}/api/v1/services/userservice", timeout=10).status_code == 405


def test_the_end_of_the_server_is_told(site: Site) -> None:
    site.get("/healthz")
    site.server.stop(10.0)
    assert site.ended.is_set()


def test_a_port_that_is_taken_is_a_clear_error(site: Site) -> None:
    with pytest.raises(ConfigError, match=rf"AUTOSCALER_LISTEN: cannot listen on 127.0.0.1:{site.port}: .*in use"):
        WebServer(make_app(site.status, site.metrics), "127.0.0.1", site.port, on_exit=print)
