"""What operators say over HTTP: who may, what is refused and with which words, and what follows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
from structlog.testing import capture_logs

from autoscaler.adapters.override_file import OverrideFile
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Override
from autoscaler.core.schedule import Schedule
from autoscaler.events import Intervened, InterventionChange
from tests.support.builders import NOW, policy, seen
from tests.support.web_site import Site

TOKEN = "0123456789abcdef"
HOSTILE = "a/b?c#d \"{%7B}' 猫"
NIGHT = Schedule("* * * * *", 3600.0, ZoneInfo("UTC"), max_replicas=3)
POLICIES = (
    policy(low=2),
    replace(policy(), service=HOSTILE),
    replace(policy(), service="nightly", schedules=(NIGHT,)),
)


class Reloads:
    """Notes that it was called, and fails if told to."""

    def __init__(self) -> None:
        self.times = 0
        self.problem: str | None = None

    def __call__(self) -> str | None:
        self.times += 1
        return self.problem


reloads = Reloads()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(*POLICIES, token=TOKEN, store=OverrideFile(tmp_path_factory.mktemp("state")), reload=reloads)
    site.start()
    yield site
    site.server.stop(10.0)


@pytest.fixture
def site(started: Site) -> Site:
    """The site as nobody had said anything yet."""
    for each in POLICIES:
        started.overrides.resume(each.service)
    started.told.clear()
    return started


def post(site: Site, path: str, body: object = None, **headers: str) -> httpx.Response:
    """Post with the token and JSON; a header that is empty is left out."""
    given = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in given.items() if value}
    return httpx.post(f"{site.url}{path}", content=content, headers=sent, timeout=10, trust_env=False)


def say(site: Site, what: str, body: object = None, service: str = "userservice", **headers: str) -> httpx.Response:
    return post(site, f"/api/v1/services/{quote(service, safe='')}/{what}", body, **headers)


@pytest.mark.parametrize(
    ("body", "seconds"), [(None, 3600), ({}, 3600), ({"for": "90s"}, 90), ({"for": "365d"}, 365 * 86400)]
)
def test_a_pause_holds_from_now_on_for_as_long_as_asked(site: Site, body: object, seconds: float) -> None:
    answer = say(site, "pause", body)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "service": "userservice",
            "intervention": {"paused_until": NOW + seconds, "override": None},
            "warning": None,
        },
    )
    assert site.overrides.of("userservice", NOW).paused_until == NOW + seconds


@pytest.mark.parametrize(("body", "seconds"), [({"replicas": 4}, 1800), ({"replicas": 4, "for": "2h"}, 7200)])
def test_an_override_holds_from_now_on_for_as_long_as_asked(site: Site, body: object, seconds: float) -> None:
    answer = say(site, "scale", body)
    assert answer.json()["intervention"]["override"] == {"replicas": 4, "until": NOW + seconds}
    assert site.overrides.of("userservice", NOW).override == Override(4, NOW + seconds)


def test_resume_ends_both_and_tells_what_was(site: Site) -> None:
    say(site, "scale", {"replicas": 4})
    say(site, "pause")
    answer = say(site, "resume").json()
    assert answer["before"] == {"paused_until": NOW + 3600, "override": {"replicas": 4, "until": NOW + 1800}}
    assert answer["intervention"] == {"paused_until": None, "override": None}
    assert say(site, "resume", {}).json()["before"] == {"paused_until": None, "override": None}


def test_it_is_shown_at_once_everywhere(site: Site) -> None:
    say(site, "scale", {"replicas": 4})
    say(site, "pause", {"for": "1m"})
    told = site.get("/api/v1/services/userservice").json()
    assert told["intervention"] == {"paused_until": NOW + 60, "override": {"replicas": 4, "until": NOW + 1800}}
    metrics = site.get("/metrics").text
    assert 'autoscaler_paused{service="userservice"} 1.0' in metrics
    assert 'autoscaler_override_replicas{service="userservice"} 4.0' in metrics
    assert 'autoscaler_paused{service="nightly"} 0.0' in metrics
    assert [each.change for each in site.told if isinstance(each, Intervened)] == [InterventionChange.SET] * 2


def test_the_decision_that_follows_names_the_operator(site: Site) -> None:
    say(site, "scale", {"replicas": 4})
    override = site.overrides.of("userservice", NOW).override
    site.decided(decide(policy(low=2), seen(2, {"throughput": 500}), Memory(), NOW, override)[0])
    told = site.get("/api/v1/services/userservice").json()
    assert (told["decision"]["reason"], told["decision"]["desired"]) == ("override", 4)
    assert told["decision"]["sentence"] == "an operator wants 4 until 2023-11-14 22:43:20 UTC; 2 → 4"


@pytest.mark.parametrize(
    ("service", "replicas", "message"),
    [
        ("userservice", 1, "userservice: 1 is outside replicas 2 to 10 of its policy"),
        ("userservice", 11, "userservice: 11 is outside replicas 2 to 10 of its policy"),
        ("nightly", 4, "nightly: 4 is outside replicas 1 to 3 of its policy (schedule * * * * * UTC)"),
    ],
)
def test_an_override_beyond_the_bounds_is_refused_with_the_bounds(
    site: Site, service: str, replicas: int, message: str
) -> None:
    answer = say(site, "scale", {"replicas": replicas}, service)
    assert (answer.status_code, answer.json()) == (422, {"error": message})
    assert site.overrides.of(service, NOW).override is None


def test_an_override_of_a_paused_service_is_refused(site: Site) -> None:
    say(site, "pause")
    answer = say(site, "scale", {"replicas": 4})
    assert answer.status_code == 409
    assert answer.json()["error"] == "userservice is paused until 2023-11-14 23:13:20 UTC: resume it first"


@pytest.mark.parametrize("what", ["pause", "resume", "scale"])
def test_a_service_may_have_any_name(site: Site, what: str) -> None:
    answer = say(site, what, {"replicas": 4} if what == "scale" else None, HOSTILE)
    assert (answer.status_code, answer.json()["service"]) == (200, HOSTILE)
    assert f"service={json.dumps(HOSTILE, ensure_ascii=False)}" in site.get("/metrics").text


@pytest.mark.parametrize("path", ["nobody/pause", "a/b/pause", "%FF/pause", "/pause", "userservice/stop"])
def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    answer = post(site, f"/api/v1/services/{path}")
    assert (answer.status_code, set(answer.json())) == (404, {"error"})


@pytest.mark.parametrize("path", ["/api/v1/services/userservice/pause", "/-/reload"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_405_and_says_which_is_right(site: Site, path: str, method: str) -> None:
    answer = httpx.request(method, f"{site.url}{path}", timeout=10, trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("what", "body", "message"),
    [
        ("pause", b"{", 'the body is no JSON; allowed are "for"'),
        ("pause", b"\xff", 'the body is no JSON; allowed are "for"'),
        ("pause", b"[" * 4000, 'the body is no JSON; allowed are "for"'),
        ("pause", b"[]", 'the body must be a JSON object; allowed are "for"'),
        ("pause", b'{"for": "1h", "for": "2h"}', "the body has a key twice"),
        ("pause", {"fro": "1h"}, 'unknown key "fro"; allowed are "for"'),
        ("pause", {"for": 60}, '"for" must be a duration: a number with a unit'),
        ("pause", {"for": "0s"}, '"for" must be from 1s to 365d, not 0s'),
        ("pause", {"for": "366d"}, '"for" must be from 1s to 365d, not 366d'),
        ("scale", {}, '"replicas" must be a whole number from 1, such as {"replicas": 4}; it is missing'),
        ("scale", {"replicas": "4"}, '"replicas" must be a whole number from 1, such as {"replicas": 4}, not "4"'),
        ("scale", {"replicas": 4.5}, '"replicas" must be a whole number from 1, such as {"replicas": 4}, not 4.5'),
        ("scale", {"replicas": True}, '"replicas" must be a whole number from 1'),
        ("scale", {"replicas": 0}, '"replicas" must be a whole number from 1'),
        ("scale", {"replicas": 10**30}, '"replicas" must be a whole number from 1'),
        ("scale", {"replicas": 4, "until": 5}, 'unknown key "until"; allowed are "replicas" and "for"'),
        ("resume", {"for": "1h"}, 'unknown key "for"; no key is allowed'),
    ],
)
def test_a_malformed_body_is_400_with_what_is_allowed(site: Site, what: str, body: object, message: str) -> None:
    answer = say(site, what, body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)
    assert site.overrides.of("userservice", NOW).override is None


def test_a_long_body_is_413(site: Site) -> None:
    assert say(site, "pause", b" " * 4096).status_code == 200
    assert say(site, "pause", b" " * 4097).status_code == 413


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_a_form_could_send_is_415(site: Site, kind: str) -> None:
    assert say(site, "pause", **{"Content-Type": kind}).status_code == 415
    assert site.overrides.of("userservice", NOW).paused_until is None
    assert say(site, "pause", **{"Content-Type": "application/json; charset=utf-8"}).status_code == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"]
)
@pytest.mark.parametrize("path", ["/api/v1/services/userservice/pause", "/api/v1/services/nobody/pause", "/-/reload"])
def test_without_the_token_it_is_401_and_nothing_more_is_said(site: Site, given: str, path: str) -> None:
    sent = {b"Authorization": given.encode()} if given else {}
    answer = httpx.post(f"{site.url}{path}", headers=sent, timeout=10, trust_env=False)
    assert answer.status_code == 401
    assert answer.json() == {"error": "this needs the daemon's token, as the header Authorization: Bearer TOKEN"}
    assert answer.headers["www-authenticate"] == "Bearer"


def test_wrong_tokens_are_logged_without_flooding(site: Site) -> None:
    with capture_logs() as logs:
        for seconds in (60.0, *[0.0] * 49, 60.0):
            site.now += seconds
            say(site, "pause", Authorization="Bearer s3cret-but-wrong")
    first, second = logs
    assert (first["event"], first["log_level"]) == ("api.denied", "warning")
    assert second["count"] == 50
    assert "s3cret" not in json.dumps(logs)


def test_a_reload_is_passed_on_and_its_problems_are_told(site: Site) -> None:
    reloads.times, reloads.problem = 0, None
    assert (post(site, "/-/reload").json(), reloads.times) == ({"reloaded": True}, 1)
    reloads.problem = "policy.yaml:3: no"
    answer = post(site, "/-/reload")
    assert (answer.status_code, answer.json(), reloads.times) == (422, {"error": "policy.yaml:3: no"}, 2)


def test_what_cannot_be_kept_works_and_warns(tmp_path: Path) -> None:
    site = Site(policy(), token=TOKEN, store=OverrideFile(tmp_path))
    site.start()
    (tmp_path / "overrides.new").mkdir()
    answer = say(site, "pause").json()
    site.server.stop(10.0)
    assert answer["intervention"]["paused_until"] == NOW + 3600
    assert "Is a directory; pauses and overrides work, but will not survive a restart" in answer["warning"]
    assert b"autoscaler_state_failed 1.0" in site.metrics.render()


def test_without_a_token_writing_is_off_and_reading_is_not() -> None:
    site = Site(policy())
    site.start()
    answers = [say(site, "pause"), post(site, "/-/reload"), say(site, "pause", service="nobody")]
    found = site.get("/api/v1/services/userservice").status_code
    site.server.stop(10.0)
    assert found == 200
    for answer in answers:
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("writing is off: put a token into a file, name it as AUTOSCALER_API_")
