"""What goes wrong when, and how the load goes: all of it drawn by one seed. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.drain.streams import QUICK_SECONDS, App

WARM_UP_SECONDS = 15.0  # from the first request to the first disruption
QUIET_SECONDS = 20.0  # after the last one: by then all must be put right
DAEMONS = ("a", "b")
PROMETHEUS = "prometheus"
# Two services: on SIGTERM one finishes its work, the other dies at once.
APPS = tuple(App(QUICK_SECONDS, finishes=finishes, keep_alive=True) for finishes in (True, False))
CUT_SECONDS = 14.0  # the other daemon leads after some 11 s
LOW_RATE, HIGH_RATE = 9, 22  # requests per second of one service
PER_REPLICA = 5  # so that the low rate needs 2 replicas, and the high one 5


class Kind(StrEnum):
    """What happens to a call."""

    STATUS = "status"  # an answer of another status, and nothing is done
    DELAY = "delay"  # it is done at once, and the answer comes late
    TRUNCATION = "truncation"  # it is done, and half of the answer comes
    RESET = "reset"  # the connection is reset, and nothing is done
    LOST = "lost"  # it is done, and the connection is reset instead of an answer
    CUT = "cut"  # every call is reset, until another daemon leads
    HANG = "hang"  # no call is answered until then; afterwards each is reset, and nothing is done
    ERROR = "error"  # Prometheus answers with an error of its own
    EMPTY = "empty"  # Prometheus answers that nothing was found


@dataclass(frozen=True, slots=True)
class Kill:
    """A daemon is killed by `kill -9`, and started again after a while."""

    at_s: float  # from the first request
    daemon: str
    down_s: float

    @property
    def end_s(self) -> float:
        return self.at_s + self.down_s

    def __str__(self) -> str:
        return f"{self.at_s:7.1f} s  kill -9 {self.daemon}, started again after {self.down_s:.1f} s"


@dataclass(frozen=True, slots=True)
class Fault:
    """A while in which calls fail."""

    at_s: float
    lasts_s: float
    asker: str  # the daemon whose calls fail
    of: str  # engine or prometheus
    kind: Kind
    every: int = 1  # the n-th call of those that it concerns
    changes_only: bool = False  # only calls that change something
    status: int = 0
    delay_s: float = 0.0

    @property
    def end_s(self) -> float:
        return self.at_s + self.lasts_s

    def __str__(self) -> str:
        which = ("every change" if self.changes_only else "every call") + (f", 1 of {self.every}" * (self.every > 1))
        how = f" {self.status}" * bool(self.status) + f" of {self.delay_s:.1f} s" * bool(self.delay_s)
        return f"{self.at_s:7.1f} s  {self.asker} asks {self.of}: {self.kind}{how} for {self.lasts_s:.1f} s ({which})"


@dataclass(frozen=True, slots=True)
class Wave:
    """A steady rate of requests, for a while."""

    rate: int
    lasts_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole soak."""

    seconds: float
    kills: tuple[Kill, ...]
    faults: tuple[Fault, ...]
    waves: dict[str, tuple[Wave, ...]]  # by service, one after another

    @property
    def last_disruption_s(self) -> float:
        """When a daemon is killed, or a fault ends, for the last time."""
        return max([kill.at_s for kill in self.kills] + [fault.end_s for fault in self.faults], default=0.0)

    def lines(self) -> list[str]:
        every: list[Kill | Fault] = [*self.kills, *self.faults]
        return [str(each) for each in sorted(every, key=lambda each: each.at_s)]


def plan(seed: int, minutes: float) -> Plan:
    """Draw the plan; what it holds for each part depends on the seed and the minutes alone."""
    seconds = minutes * 60
    end = seconds - QUIET_SECONDS - 1.0
    disruptions: list[Kill | Fault] = [
        *_kills(random.Random(f"{seed} kills"), end),
        *_engine_faults(random.Random(f"{seed} engine"), end),
        *_prometheus_faults(random.Random(f"{seed} prometheus"), end),
    ]
    return Plan(
        seconds,
        kills=tuple(each for each in disruptions if isinstance(each, Kill)),
        faults=tuple(each for each in disruptions if isinstance(each, Fault)),
        waves={app.name: tuple(_waves(random.Random(f"{seed} load {app.name}"), seconds)) for app in APPS},
    )


def _kills(draw: random.Random, end: float) -> Iterator[Kill | Fault]:
    """Kill either daemon, and now and then both, for a third of the time; then only `b`, so that `a` grows old.

    Before that, `a` is cut off, so that `b` leads when it is killed. Between two kills there is time for one to lead.
    """
    at = WARM_UP_SECONDS + draw.uniform(0.0, 10.0)
    while at < max(end / 3, WARM_UP_SECONDS + 10.0):
        for daemon in draw.choice([("a",), ("b",), ("a", "b")]):
            yield Kill(round(at, 1), daemon, round(draw.uniform(0.5, 12.0), 1))
        at += draw.uniform(28.0, 45.0)
    while at + CUT_SECONDS + 10.0 < end:
        yield Fault(round(at, 1), CUT_SECONDS, "a", "engine", draw.choice((Kind.CUT, Kind.HANG)))
        at += CUT_SECONDS + draw.uniform(0.0, 10.0)
        yield Kill(round(at, 1), "b", round(draw.uniform(0.5, 12.0), 1))
        at += draw.uniform(28.0, 40.0)


def _engine_faults(draw: random.Random, end: float) -> Iterator[Fault]:
    kinds = (Kind.STATUS, Kind.DELAY, Kind.TRUNCATION, Kind.RESET, Kind.LOST)
    for at, lasts in _whiles(draw, end, gap=(3.0, 12.0), lasts=(1.0, 7.0)):
        kind = draw.choice(kinds)
        yield Fault(
            at,
            lasts,
            draw.choice(DAEMONS),
            "engine",
            kind,
            every=draw.choice((1, 2, 3)),
            changes_only=draw.random() < 0.5,
            status=draw.choice((403, 429, 500, 502, 503, 504)) if kind is Kind.STATUS else 0,
            delay_s=round(draw.uniform(0.5, 8.0), 1) if kind is Kind.DELAY else 0.0,
        )


def _prometheus_faults(draw: random.Random, end: float) -> Iterator[Fault]:
    kinds = (Kind.ERROR, Kind.DELAY, Kind.EMPTY, Kind.TRUNCATION)
    for at, lasts in _whiles(draw, end, gap=(8.0, 25.0), lasts=(2.0, 12.0)):
        kind = draw.choice(kinds)
        yield Fault(
            at,
            lasts,
            draw.choice(DAEMONS),
            PROMETHEUS,
            kind,
            every=draw.choice((1, 2)),
            status=draw.choice((400, 422, 500, 503)) if kind is Kind.ERROR else 0,
            delay_s=round(draw.uniform(0.5, 4.0), 1) if kind is Kind.DELAY else 0.0,
        )


def _whiles(
    draw: random.Random, end: float, *, gap: tuple[float, float], lasts: tuple[float, float]
) -> Iterator[tuple[float, float]]:
    """Draw whiles that end before the end; each begins a gap after the one before it."""
    at = WARM_UP_SECONDS + draw.uniform(*gap)
    while (long := draw.uniform(*lasts)) + at < end:
        yield round(at, 1), round(long, 1)
        at += long + draw.uniform(*gap)


def _waves(draw: random.Random, seconds: float) -> Iterator[Wave]:
    at = 0.0
    rate = LOW_RATE
    while at < seconds:
        lasts = round(draw.uniform(10.0, 22.0), 1)
        yield Wave(rate, round(min(lasts, seconds - at), 1))
        at, rate = at + lasts, HIGH_RATE if rate == LOW_RATE else LOW_RATE


def fault_at(plan: Plan, at_s: float, asker: str, of: str, *, changes: bool) -> Fault | None:
    """Return the fault that concerns a call at that moment; what cuts a daemon off goes before the others."""
    found = [
        each
        for each in plan.faults
        if each.at_s <= at_s < each.end_s
        and (each.asker, each.of) == (asker, of)
        and (changes or not each.changes_only)
    ]
    return min(found, key=lambda each: (each.kind not in {Kind.CUT, Kind.HANG}, each.at_s), default=None)
