"""A drain, look by look: asked to go, let go by Traefik, its last requests over; in seconds since it was asked."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from autoscaler.adapters.compose.drain.progress import (
    Limits,
    Probe,
    Progress,
    advanced,
    advanced_by_view,
    being_drained,
    probes_of,
)
from autoscaler.adapters.compose.traefik_view import Hiding
from autoscaler.events import DrainEnd

LIMITS = Limits(notice_seconds=40.0, throttle_seconds=2.5, timeout_seconds=30.0)


@dataclass
class Timeline:
    """A drain that is looked at each half second, while the probe says what the test lets it say."""

    limits: Limits = LIMITS
    progress: Progress = field(default_factory=lambda: Progress(0.0))
    now: float = 0.0
    unhealthy: bool = False
    log: tuple[Probe, ...] = ()

    def until(self, second: float) -> Progress:
        while self.now < second:
            self.now += 0.5
            self.progress = advanced(
                self.progress, self.now, unhealthy=self.unhealthy, probes=self.log[-5:], limits=self.limits
            )
        return self.progress

    def probe(self, connections: int | None) -> None:
        self.unhealthy = True
        self.log = (*self.log, Probe(f"{self.now}", connections))


def test_it_is_over_when_two_probes_after_traefik_let_it_go_see_nobody() -> None:
    line = Timeline()
    line.until(3)
    line.probe(0)
    assert line.until(5).unrouted_at is None
    line.probe(0)
    assert line.until(6).unrouted_at == 6.0
    line.probe(0)
    assert line.until(8).end is None
    line.probe(0)
    assert line.until(8.5).end is DrainEnd.IDLE


@pytest.mark.parametrize(
    ("said", "end"),
    [
        pytest.param((0, 0), DrainEnd.IDLE, id="nobody twice"),
        pytest.param((1, 0, 0), DrainEnd.IDLE, id="the last one went"),
        pytest.param((0, 1, 0), None, id="not in a row"),
        pytest.param((2, 2), None, id="requests go on"),
        pytest.param((0,), None, id="once is not enough"),
        pytest.param((None, 0), None, id="unreadable is not over"),
        pytest.param((0, None), None, id="cut off is not over"),
        pytest.param((0, 0, 0, 0, 0, 0, 0), DrainEnd.IDLE, id="the log forgets"),
    ],
)
def test_what_the_probes_must_say(said: tuple[int | None, ...], end: DrainEnd | None) -> None:
    line = Timeline()
    line.probe(4)
    line.until(4)
    assert line.progress.unrouted_at is not None
    for connections in said:
        line.probe(connections)
    assert line.until(line.now + 0.5).end is end
    assert line.progress.connections == said[-1]


def test_requests_that_do_not_end_are_waited_for_no_longer_than_allowed() -> None:
    line = Timeline()
    line.probe(3)
    line.until(3)
    assert line.until(32.5).end is None
    line.probe(3)
    assert line.until(34).end is DrainEnd.TIMEOUT
    assert line.progress.connections == 3


def test_a_timeout_of_nothing_waits_for_traefik_only() -> None:
    line = Timeline(Limits(40.0, 2.5, 0.0))
    line.probe(3)
    assert line.until(2.5).end is None
    assert line.until(3).end is DrainEnd.TIMEOUT


def test_one_that_never_turns_unhealthy_is_not_waited_for_for_ever() -> None:
    line = Timeline()
    assert line.until(39.5).unhealthy_at is None
    assert line.until(40).unhealthy_at == 40.0
    assert line.until(72).end is None
    assert line.until(73).end is DrainEnd.TIMEOUT


def test_traefiks_throttle_is_waited_out() -> None:
    line = Timeline(Limits(40.0, 10.5, 30.0))
    line.probe(0)
    assert line.until(10.5).unrouted_at is None
    assert line.until(11).unrouted_at == 11.0


def inspected(*outputs: str) -> dict[str, Any]:
    return {"State": {"Health": {"Log": [{"Start": f"t{n}", "Output": said} for n, said in enumerate(outputs)]}}}


def test_the_health_log_is_read() -> None:
    log = inspected("ok", "draining: 12 open connections 1F40<x", "draining: ? open connections\n", "draining: 1")
    assert [probe.connections for probe in probes_of(log)] == [None, 12, None, None]
    assert probes_of({"State": {}}) == []


@pytest.mark.parametrize(
    ("container", "drained"),
    [
        (inspected("ok", "draining: 0 open connections\n"), True),
        (inspected("draining: 0 open connections\n", "ok"), False),
        (inspected(), False),
        ({"State": {"Health": None}}, False),
    ],
)
def test_a_drained_replica_is_recognised(container: dict[str, Any], drained: bool) -> None:
    assert being_drained(container) is drained


VIEW = Limits(notice_seconds=10.0, throttle_seconds=2.5, timeout_seconds=30.0)


@dataclass
class ByView:
    """A drain by Traefik's view, which is asked each half second; `looked_at` is when every Traefik has looked."""

    longest_seconds: float | None = 0.1
    progress: Progress = field(default_factory=lambda: Progress(0.0))
    now: float = 0.0
    instance: str = "one"
    answers: bool = True
    hidden: bool = True
    looked_at: float | None = None

    def until(self, second: float) -> Progress:
        while self.now < second and self.progress.end is None:
            self.now += 0.5
            hiding = Hiding(self.instance, self.hidden, None if self.looked_at is None else self.now - self.looked_at)
            answer = hiding if self.answers else None
            self.progress = advanced_by_view(self.progress, self.now, answer, VIEW, self.longest_seconds)
        return self.progress


def test_by_the_view_it_is_over_after_the_throttle_and_the_longest_request() -> None:
    line = ByView(looked_at=0.2)
    assert line.until(2.5).unrouted_at is None
    assert line.until(3.0).unrouted_at == 3.0
    assert line.until(60.0).end is DrainEnd.IDLE
    assert line.now == 3.5


@pytest.mark.parametrize(
    ("longest_seconds", "over_at", "end"),
    [
        (0.0, 3.0, DrainEnd.IDLE),
        (5.0, 8.0, DrainEnd.IDLE),
        (31.0, 33.0, DrainEnd.TIMEOUT),
        (None, 33.0, DrainEnd.TIMEOUT),
    ],
)
def test_by_the_view_the_longest_request_is_waited_for_and_never_longer_than_the_timeout(
    longest_seconds: float | None, over_at: float, end: DrainEnd
) -> None:
    line = ByView(longest_seconds, looked_at=0.2)
    assert line.until(60.0).end is end
    assert line.now == over_at


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(ByView(answers=False), id="no answer"),
        pytest.param(ByView(looked_at=None), id="Traefik does not look"),
        pytest.param(ByView(hidden=False, looked_at=0.0), id="it stays shown"),
    ],
)
def test_what_the_view_does_not_confirm_is_taken_back(line: ByView) -> None:
    assert line.until(60.0).end is DrainEnd.TAKEN_BACK
    assert line.now == 10.0


def test_a_view_that_was_away_for_a_moment_costs_nothing() -> None:
    line = ByView(5.0, looked_at=0.2)
    line.until(4.0)
    line.answers = False
    line.until(7.0)
    line.answers = True
    assert line.until(60.0).end is DrainEnd.IDLE
    assert line.now == 8.0


def test_a_view_that_goes_away_before_the_end_has_it_taken_back() -> None:
    line = ByView(20.0, looked_at=0.2)
    line.until(5.0)
    line.answers = False
    assert line.until(60.0).end is DrainEnd.TAKEN_BACK
    assert line.now == 15.5


def test_a_view_that_was_restarted_has_shown_it_and_all_is_waited_for_anew() -> None:
    line = ByView(5.0, looked_at=0.2)
    assert line.until(7.0).unrouted_at == 3.0
    line.instance, line.looked_at = "two", 7.2
    assert line.until(9.5).unrouted_at is None
    assert line.until(60.0).end is DrainEnd.IDLE
    assert line.now == 15.0


def test_one_that_was_shown_meanwhile_is_waited_for_anew() -> None:
    line = ByView(5.0, looked_at=0.2)
    line.until(7.0)
    line.hidden = False
    line.until(8.0)
    line.hidden, line.looked_at = True, 8.2
    assert line.until(60.0).end is DrainEnd.IDLE
    assert line.now == 16.0
