"""The soak's own arithmetic: its plan comes from the seed alone, and what was noted becomes the figures."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.soak.account import (
    Change,
    Claim,
    Life,
    Log,
    Look,
    Sample,
    Seen,
    duplicates,
    figures,
    left_behind,
    out_of_service,
    seen_of,
    two_leaders,
    usage,
)
from benchmarks.soak.plan import CUT_SECONDS, QUIET_SECONDS, WARM_UP_SECONDS, Fault, Kind, Plan, fault_at, plan
from benchmarks.soak.proxy import Notes, Proxy, listening
from benchmarks.soak.verdict import problems, sentence
from tests.support.paths import ROOT

REPLICA = Seen("1" * 64, "web", 3, "shop-web-3", "running", "healthy")
DRAINED = replace(REPLICA, health="unhealthy")
OTHER = Seen("2" * 64, "web", 2, "shop-web-2", "running", "healthy")


def looks(*moments: tuple[float, list[Seen]]) -> list[Look]:
    return [Look(at, tuple(containers)) for at, containers in moments]


# --- the plan


@given(seed=st.integers(1, 10**6), minutes=st.floats(1.0, 30.0))
def test_a_plan_is_drawn_by_its_seed_alone_and_leaves_calm_at_both_ends(seed: int, minutes: float) -> None:
    drawn = plan(seed, minutes)
    assert drawn == plan(seed, minutes)
    assert drawn.last_disruption_s <= minutes * 60 - QUIET_SECONDS
    assert min(each.at_s for each in drawn.faults) >= WARM_UP_SECONDS <= min(each.at_s for each in drawn.kills)
    for waves in drawn.waves.values():
        assert sum(wave.lasts_s for wave in waves) == pytest.approx(minutes * 60, abs=0.2)


def test_another_seed_is_another_plan() -> None:
    assert plan(1, 5.0).lines() != plan(2, 5.0).lines()


def test_twenty_minutes_hold_every_kind_of_fault_at_both_daemons_and_twenty_kills() -> None:
    drawn = plan(1, 20.0)
    assert len(drawn.kills) >= 20
    engine = {Kind.STATUS, Kind.DELAY, Kind.TRUNCATION, Kind.RESET, Kind.LOST}
    prometheus = {Kind.ERROR, Kind.DELAY, Kind.EMPTY, Kind.TRUNCATION}
    for asker in "ab":
        assert {each.kind for each in drawn.faults if (each.asker, each.of) == (asker, "engine")} >= engine
        assert {each.kind for each in drawn.faults if (each.asker, each.of) == (asker, "prometheus")} == prometheus


def test_one_daemon_lives_from_a_third_on_and_is_cut_off_before_the_other_is_killed() -> None:
    drawn = plan(1, 20.0)
    late = [kill for kill in drawn.kills if kill.at_s > 1200 / 3]
    assert {kill.daemon for kill in late} == {"b"}
    cuts = [fault.at_s for fault in drawn.faults if fault.kind in {Kind.CUT, Kind.HANG}]
    assert all(any(0 <= kill.at_s - at - CUT_SECONDS <= 10.1 for at in cuts) for kill in late)


@pytest.mark.parametrize(
    ("at_s", "asker", "of", "changes", "found"),
    [
        (10.0, "a", "engine", True, Kind.LOST),
        (12.0, "a", "engine", True, None),
        (9.9, "a", "engine", True, None),
        (10.0, "b", "engine", True, None),
        (10.0, "a", "prometheus", True, None),
        (10.0, "a", "engine", False, None),
        (11.0, "a", "engine", False, Kind.CUT),
        (11.0, "a", "engine", True, Kind.CUT),
    ],
)
def test_a_fault_concerns_calls_of_its_while_its_asker_and_its_sort(
    at_s: float, asker: str, of: str, found: Kind | None, *, changes: bool
) -> None:
    faults = (
        Fault(10.0, 2.0, "a", "engine", Kind.LOST, changes_only=True),
        Fault(11.0, 1.0, "a", "engine", Kind.CUT),
    )
    fault = fault_at(Plan(60.0, (), faults, {}), at_s, asker, of, changes=changes)
    assert (fault and fault.kind) == found


# --- the account


@pytest.mark.parametrize(
    ("status", "state", "health"),
    [
        ("Up 3 seconds (health: starting)", "running", "starting"),
        ("Up 2 minutes (healthy)", "running", "healthy"),
        ("Up 2 minutes (unhealthy)", "running", "unhealthy"),
        ("Up 2 minutes", "running", None),
        ("Exited (0) 2 minutes ago", "exited", None),
    ],
)
def test_a_container_is_read_from_the_engines_list(status: str, state: str, health: str | None) -> None:
    labels = {"com.docker.compose.service": "web", "com.docker.compose.container-number": "3"}
    listed = {"Id": "1" * 64, "Names": ["/shop-web-3"], "State": state, "Status": status, "Labels": labels}
    assert seen_of(listed) == replace(REPLICA, state=state, health=health)


def test_a_replica_that_served_and_does_not_is_out_of_service_until_it_serves_or_is_gone() -> None:
    noted = looks((0, [DRAINED]), (1, [REPLICA]), (2, [DRAINED]), (5, [REPLICA]), (6, [DRAINED]), (8, []))
    assert out_of_service(noted, []) == [("shop-web-3", 3, 2), ("shop-web-3", 2, 6)]


def drain(event: str, at: float, **more: object) -> dict[str, object]:
    return {"event": event, "at": at, "replica": "shop-web-3", "service": "web", "direction": "down", **more}


@pytest.mark.parametrize(
    ("lines", "end", "seconds"),
    [
        ([], 100.0, 8.0),
        ([drain("replica.draining", 2.0)], 100.0, 0.0),
        ([drain("replica.draining", 2.0)], 4.0, 5.0),  # the daemon was killed
        ([drain("replica.draining", 2.0), drain("replica.taken_back", 6.0)], 100.0, 3.0),
        ([drain("replica.draining", 2.0), drain("replica.drained", 6.0)], 100.0, 0.0),  # then it is stopped
        ([drain("replica.draining", 2.0), drain("scale.failed", 6.0)], 100.0, 3.0),
        ([drain("replica.draining", 2.0), drain("scaled", 6.0, direction="up")], 100.0, 0.0),
        ([drain("replica.draining", 2.0), drain("replica.removed", 6.0, replica="shop-web-4")], 100.0, 0.0),
    ],
)
def test_what_a_living_daemon_drains_is_not_out_of_service(
    lines: list[dict[str, Any]], end: float, seconds: float
) -> None:
    leaving = replace(DRAINED, name="shop-web-3.leaving")
    noted = looks((1, [REPLICA]), *((at, [leaving]) for at in range(2, 10)), (10, []))
    told = figures(Log(looks=noted, lives=[Life("a1", 0.0, end, lines), Life("b1", 0.0, 100.0)]), 1.0)
    assert told["longest_out_of_service_s"] == seconds


def test_while_no_daemon_lives_nothing_counts_as_out_of_service_or_left_behind() -> None:
    exited = replace(OTHER, state="exited")
    noted = looks((1, [REPLICA, OTHER]), *((at, [DRAINED, exited]) for at in range(2, 20)))
    told = figures(Log(looks=noted, lives=[Life("a1", 0.0, 5.0), Life("b1", 14.5, 100.0)]), 1.0)
    assert (told["longest_out_of_service_s"], told["longest_left_behind_s"]) == (4, 4)


@pytest.mark.parametrize(
    ("container", "since", "count"),
    [
        (REPLICA, 0, 0),
        (DRAINED, 0, 1),
        (replace(REPLICA, health="starting"), 0, 0),
        (replace(REPLICA, health=None), 0, 0),
        (replace(REPLICA, state="created", health=None), 0, 1),
        (replace(REPLICA, state="created", health=None), 97, 0),  # it is being started
        (replace(REPLICA, state="exited", health=None), 0, 1),
    ],
)
def test_an_orphan_is_astray_at_the_end_and_has_been_for_a_while(container: Seen, since: int, count: int) -> None:
    noted = looks(*((at, [OTHER, container] if at >= since else [OTHER]) for at in range(101)))
    told = figures(Log(looks=noted), 1.0)
    assert told["orphans"] == len(told["astray"]) == count


def test_what_does_not_run_is_left_behind_for_as_long() -> None:
    exited = replace(REPLICA, state="exited")
    assert left_behind(looks((0, [exited]), (3, [REPLICA]), (4, [exited]), (9, [exited]))) == [
        ("shop-web-3", 3, 0),
        ("shop-web-3", 5, 4),
    ]


def test_two_containers_of_a_service_with_one_number_are_duplicates_however_often_they_are_seen() -> None:
    twin, of_another = replace(REPLICA, id="3" * 64, name="twin"), replace(REPLICA, id="4" * 64, service="api")
    noted = looks((0, [REPLICA, of_another]), (1, [REPLICA, twin]), (2, [REPLICA, twin]))
    assert duplicates(noted) == ["web 3: shop-web-3 111111111111 twin 333333333333"]


A, B = Claim(0.0, "a1"), Claim(20.0, "b1")


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ([(6.0, "a1"), (26.0, "b1"), (27.0, "b1")], 0),
        ([(6.0, "a1"), (23.0, "a1"), (26.0, "b1")], 0),  # the new holder does not act yet
        ([(6.0, "a1"), (26.0, "b1"), (27.0, "a1"), (28.0, "a1")], 1),
        ([(6.0, "a1"), (26.0, "b1"), (27.0, "a2")], 1),  # the same daemon, started again, has no lease
        ([(6.0, "a1"), (7.0, "b1"), (26.0, "b1"), (27.0, "a1")], 2),
    ],
)
def test_two_lead_where_one_without_the_lease_acts_after_its_holder(
    changes: list[tuple[float, str]], count: int
) -> None:
    made = [Change(at, speaker, "POST /containers/create", 201) for at, speaker in changes]
    assert len(two_leaders(made, [A, B])) == count


def test_memory_is_that_of_the_longest_life_a_minute_after_its_start_and_at_its_end() -> None:
    brief = [Sample(float(at), "b1", 500.0, 90, 90) for at in range(100)]
    long = [Sample(float(at), "a1", 60.0 + at / 10, 12 + at // 295, 20) for at in range(601)]
    assert usage([*brief, *long]) == {
        "rss_start_mb": 66.5,
        "rss_end_mb": 119.5,
        "threads_start": 12,
        "threads": 14,
        "fds_start": 20,
        "fds": 20,
        "longest_life_s": 600,
        "rss_each_minute_mb": [60.0, 66.0, 72.0, 78.0, 84.0, 90.0, 96.0, 102.0, 108.0, 114.0, 120.0],
    }


def test_requests_and_faults_are_counted() -> None:
    requests = [{"status": 200, "took": 51}, {"status": 502, "took": 1250}, {"status": 0, "took": 3}]
    told = figures(Log(requests=requests, kills=2, hits={"engine reset": 3, "prometheus empty": 4}), 2.0)
    assert (told["requests"], told["failed"], told["slowest_s"]) == (3, 2, 1.25)
    assert (told["kills"], told["faults"], told["failures"]) == (2, 7, requests[1:])


GOOD = {
    "seed": 7,
    "minutes": 20.0,
    "kills": 30,
    "faults": 900,
    "requests": 36_000,
    "failed": 0,
    "not_sent": 0,
    "slowest_s": 0.2,
    "orphans": 0,
    "duplicates": 0,
    "two_leaders": 0,
    "longest_out_of_service_s": 12.0,
    "longest_left_behind_s": 12.0,
    "rss_start_mb": 60.0,
    "rss_end_mb": 62.0,
    "longest_life_s": 800,
}


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({}, []),
        ({"failed": 1}, ["1 failed"]),
        ({"not_sent": 2}, ["2 not_sent"]),
        ({"orphans": 1}, ["1 orphans"]),
        ({"duplicates": 1}, ["1 duplicates"]),
        ({"two_leaders": 1}, ["1 two_leaders"]),
        ({"requests": 29_999}, ["29,999 of 30,000 requests"]),
        ({"longest_out_of_service_s": 21.0}, ["21 s out of service"]),
        ({"rss_end_mb": 66.0}, ["memory grew by 10%"]),
        ({"rss_end_mb": 66.0, "longest_life_s": 100}, []),
    ],
)
def test_each_goal_is_judged(changes: dict[str, Any], missed: list[str]) -> None:
    told = {**GOOD, **changes}
    assert problems(told) == missed
    assert sentence(told).startswith(f"soak: failed: {missed[0]}  20 minutes" if missed else "soak: ok  20 minutes")


# --- the proxy


@contextmanager
def proxied(fault: Callable[[], Fault | None]) -> Iterator[tuple[Proxy, list[str]]]:
    """A proxy before a server that answers `{"Labels": …}` of what it got, and the calls that have reached it."""
    reached: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reached.append(f"{self.command} {self.path}")
            body = asked or b'{"of": "the server"}'
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            port = server.server_address[1]
            connect = lambda: HTTPConnection("127.0.0.1", int(port))  # noqa: E731
            proxy = Proxy("engine", connect, lambda _: fault(), Notes(), speaker="a1")
            with listening(proxy):
                yield proxy, reached
        finally:
            server.shutdown()
            thread.join()


def ask(proxy: Proxy, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_without_a_fault_the_proxy_passes_calls_and_notes_those_that_change_something() -> None:
    with proxied(lambda: None) as (proxy, reached):
        assert ask(proxy, "GET", "/v1.41/containers/json?all=1") == (201, b'{"of": "the server"}')
        assert ask(proxy, "POST", "/v1.41/containers/x/stop?t=1", "{}") == (201, b"{}")
    assert reached == ["GET /v1.41/containers/json?all=1", "POST /v1.41/containers/x/stop?t=1"]
    assert [(each.speaker, each.call, each.status) for each in proxy.notes.changes] == [
        ("a1", "POST /v1.41/containers/x/stop", 201)
    ]


def test_a_lease_is_noted_once_it_has_the_labels_that_were_asked_for() -> None:
    lease = json.dumps({"Name": "traefik-autoscaler-lease.shop", "Labels": {"token": "1"}})
    with proxied(lambda: None) as (proxy, _):
        ask(proxy, "POST", "/volumes/create", lease)
        ask(proxy, "POST", "/volumes/create", lease.replace("lease", "knock"))
    assert [claim.speaker for claim in proxy.notes.claims] == ["a1"]
    assert proxy.notes.changes == []


@pytest.mark.parametrize(
    ("kind", "reached", "answer"),
    [
        (Kind.STATUS, False, (503, b"<html>injected fault</html>")),
        (Kind.DELAY, True, (201, b"{}")),
        (Kind.TRUNCATION, True, IncompleteRead),
        (Kind.RESET, False, ConnectionError),
        (Kind.CUT, False, ConnectionError),
        (Kind.LOST, True, ConnectionError),
        (Kind.EMPTY, False, (200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}')),
    ],
)
def test_each_fault_is_made_before_or_after_the_deed(
    kind: Kind, answer: tuple[int, bytes] | type[Exception], *, reached: bool
) -> None:
    fault = Fault(0.0, 1.0, "a", "engine", kind, status=503 if kind is Kind.STATUS else 0, delay_s=0.01)
    with proxied(lambda: fault) as (proxy, calls):
        if isinstance(answer, tuple):
            assert ask(proxy, "POST", "/containers/x/start", "{}") == answer
        else:
            with pytest.raises((answer, RemoteDisconnected)):
                ask(proxy, "POST", "/containers/x/start", "{}")
    assert bool(calls) is reached
    assert proxy.notes.hits == {f"engine {kind}": 1}


def test_a_call_that_hangs_is_reset_at_the_end_of_its_while_and_not_done() -> None:
    hang = Fault(0.0, 1.0, "a", "engine", Kind.HANG)
    whiles = iter([hang, hang])
    with proxied(lambda: next(whiles, None)) as (proxy, calls):
        with pytest.raises((ConnectionError, RemoteDisconnected)):
            ask(proxy, "POST", "/containers/x/start", "{}")
        assert ask(proxy, "GET", "/x") == (201, b'{"of": "the server"}')
    assert calls == ["GET /x"]


def test_of_the_calls_that_a_fault_concerns_it_meets_each_n_th() -> None:
    with proxied(lambda: Fault(0.0, 1.0, "a", "engine", Kind.EMPTY, every=3)) as (proxy, calls):
        for _ in range(6):
            ask(proxy, "GET", "/x")
    assert len(calls) == 4


# --- a run


@pytest.mark.engine
@pytest.mark.slow
def test_a_short_soak_loses_no_request_leaves_nothing_and_never_has_two_leaders(
    compose_command: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--minutes", "2", "--seed", "6", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    zero = ("failed", "orphans", "duplicates", "two_leaders")
    assert {name: told[name] for name in zero} == dict.fromkeys(zero, 0), done.stdout
    assert told["requests"] > 2_000
    assert told["kills"] == len(plan(6, 2.0).kills) > 1
    assert done.stdout.splitlines()[:-1] == ["seed 6, 2 minutes", *plan(6, 2.0).lines()]
