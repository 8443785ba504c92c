"""The HTTP face over a real socket."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from starlette.requests import Request

from autoscaler.adapters.web.page import PageHandlers
from autoscaler.adapters.web.server import WebServer
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.errors import ConfigError
from autoscaler.events import Action
from tests.support.builders import NOW, policy, seen
from tests.support.web_site import Site

HOSTILE = """a/b?c#d "{%7B}'"""


def evaluated(site: Site, at: float = NOW, load: float = 400.0, service: str = "userservice") -> None:
    """Tell of one evaluation with two replicas."""
    decision, _ = decide(replace(policy(), service=service), seen(2, {"throughput": load}), Memory(), at)
    site.decided(decision, Action.SCALED if load != 100.0 else Action.UNCHANGED)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(policy(), replace(policy(), service=HOSTILE))
    site.start()
    yield site
    site.server.stop(10.0)


def test_health_follows_the_loop_and_readiness_the_first_cycle(site: Site) -> None:
    assert site.get("/healthz").status_code == 200
    assert site.get("/readyz").status_code == 503
    evaluated(site)
    assert site.get("/readyz").json() == {"ok": True, "message": "ready"}
    site.now += 31
    assert site.get("/healthz").status_code == 503


def test_metrics_are_in_the_text_format(site: Site) -> None:
    answer = site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'autoscaler_replicas{service="userservice",state="max"} 10.0' in answer.text


def test_the_last_decision_of_each_service_is_told(site: Site) -> None:
    service = site.get("/api/v1/services").json()[0]
    assert (service["min"], service["max"], service["decision"]) == (1, 10, None)
    evaluated(site)
    service = site.get("/api/v1/services").json()[0]
    assert service == site.get("/api/v1/services/userservice").json()
    assert (service["action"], service["decision"]["desired"], service["decision"]["direction"]) == ("scaled", 8, "up")
    assert service["decision"]["sentence"].endswith("2 → 8")


def test_the_journal_is_told_newest_first(site: Site) -> None:
    assert site.get("/api/v1/services/userservice/decisions").json() == []
    for at, load in ((NOW, 400.0), (NOW + 60, 100.0), (NOW + 65, 100.0)):
        evaluated(site, at, load)
    entries = site.get("/api/v1/services/userservice/decisions").json()
    told = [(entry["decision"]["reason"], entry["at"], entry["last_at"], entry["times"]) for entry in entries]
    assert told == [("steady", NOW + 60, NOW + 65, 2), ("above_target", NOW, NOW, 1)]


@pytest.mark.parametrize(
    ("query", "reasons"),
    [
        pytest.param("limit=1", ["steady"], id="the newest"),
        pytest.param(f"since={NOW + 30}", ["steady"], id="since"),
        pytest.param(f"until={NOW + 30}", ["above_target"], id="until"),
        pytest.param(f"since={NOW + 62}&until={NOW + 63}", ["steady"], id="within a run"),
        pytest.param("since=2023-11-14T22:13:21Z&until=2023-11-14T22:14:19Z", [], id="between the two"),
        pytest.param("until=2023-11-14T23:13:20%2B01:00", ["above_target"], id="with another zone"),
    ],
)
def test_the_journal_can_be_asked_for_a_time(site: Site, query: str, reasons: list[str]) -> None:
    for at, load in ((NOW, 400.0), (NOW + 60, 100.0), (NOW + 65, 100.0)):
        evaluated(site, at, load)
    entries = site.get(f"/api/v1/services/userservice/decisions?{query}").json()
    assert [entry["decision"]["reason"] for entry in entries] == reasons


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit must be a whole number from 1 to 2000, not '0'"),
        ("limit=2001", "limit must be a whole number from 1 to 2000, not '2001'"),
        (f"limit={'9' * 5000}", "limit must be a whole number from 1 to 2000"),
        ("limit=ten", "limit must be a whole number from 1 to 2000, not 'ten'"),
        ("since=yesterday", "since must be unix seconds, or a time with its zone such as 2026-01-31T14:05:00Z"),
        ("since=nan", "since must be unix seconds"),
        ("until=inf", "until must be unix seconds"),
        ("until=2026-01-31T14:05:00", "until must be unix seconds, or a time with its zone"),
        ("since=2&until=1", "since is after until, so nothing can be between them"),
        ("limt=1", "unknown parameter 'limt'; known are limit, since and until"),
    ],
)
def test_a_bad_question_to_the_journal_is_400_with_a_sentence(site: Site, query: str, message: str) -> None:
    answer = site.get(f"/api/v1/services/userservice/decisions?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)


def test_a_service_may_have_any_name(site: Site) -> None:
    evaluated(site, service=HOSTILE)
    path = "/api/v1/services/a%2Fb%3Fc%23d%20%22%7B%257B%7D%27"
    assert site.get(path).json()["service"] == HOSTILE
    assert [entry["service"] for entry in site.get(f"{path}/decisions").json()] == [HOSTILE]
    assert 'service="a/b?c#d \\"{%7B}\'"' in site.get("/metrics").text


@pytest.mark.parametrize("path", ["nobody", "nobody/decisions", "", "../../metrics", "userservice/"])
def test_an_unknown_service_is_404(site: Site, path: str) -> None:
    evaluated(site)
    assert httpx.get(f"{site.url}/api/v1/services/{path.replace('.', '%2E')}", trust_env=False).status_code == 404


def test_a_number_that_json_does_not_have_breaks_no_answer(site: Site) -> None:
    decision, _ = decide(policy(), seen(2, {"throughput": 400.0}), Memory(), NOW)
    (proposal,) = decision.proposals
    site.decided(replace(decision, proposals=(replace(proposal, ratio=float("inf")),)))
    told = site.get("/api/v1/services/userservice").json()
    assert told["decision"]["proposals"][0]["ratio"] is None


def test_the_landing_page_links_to_the_rest(site: Site) -> None:
    page = site.get("/").text
    assert all(f'href="{path}"' in page for path in ("metrics", "healthz", "readyz"))


def test_nothing_can_be_written(site: Site) -> None:
    for path in ("userservice", "userservice/decisions"):
        assert httpx.post(f"{site.url}/api/v1/services/{path}", timeout=10, trust_env=False).status_code == 405


def test_the_end_of_the_server_is_told(site: Site) -> None:
    site.server.stop(10.0)
    assert site.ended.is_set()


def test_a_port_that_is_taken_is_a_clear_error(site: Site) -> None:
    with pytest.raises(ConfigError, match=rf"AUTOSCALER_LISTEN: cannot listen on 127.0.0.1:{site.port}: .*in use"):
        WebServer(site.app, "127.0.0.1", site.port, on_exit=print)


def test_the_page_serves_files_and_whatever_is_read_of_the_daemon_is_the_apis(site: Site) -> None:
    owners = {route.path: type(getattr(route.endpoint, "__self__", None)) for route in site.routes}
    assert {path for path, owner in owners.items() if owner is PageHandlers} == {"/", "/page/{file}"}
    assert PageHandlers().index(Request({"type": "http"})).body == site.get("/").content
