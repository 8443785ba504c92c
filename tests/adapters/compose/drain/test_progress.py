"""A drain, look by look: asked to go, let go by Traefik, its last requests over; in seconds since it was asked."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from autoscaler.adapters.compose.drain.progress import (
    Limits,
    Probe,
    Progress,
    advanced,
    being_drained,
    probes_of,
)
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
