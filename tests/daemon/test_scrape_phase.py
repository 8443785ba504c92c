"""The phase of the cycles: soon after each scrape, whatever the phase was at first."""

import math
from dataclasses import dataclass, replace

import pytest

from autoscaler.core.model import Decision, Proposal, Reading, ReadingKind, Reason, Replicas
from autoscaler.daemon.scrape_phase import CLOSE_SECONDS, Phase, shifted
from autoscaler.events import Action, CycleFinished, ServiceOutcome

DECISION = Decision("web", 0.0, Replicas(2, 2), 2, Reason.STEADY, "stays at 2")
START = 1_000_000.0


def finished(at: float, *ages: float | None) -> CycleFinished:
    """A cycle that has decided one service by readings of these ages."""
    proposals = tuple(Proposal(f"rule-{n}", Reading.of(1.0, age_seconds=age), 1.0) for n, age in enumerate(ages))
    outcome = ServiceOutcome("web", Action.UNCHANGED, replace(DECISION, proposals=proposals))
    return CycleFinished(at, 0.01, {"web": outcome})


@dataclass(frozen=True)
class World:
    """A Prometheus that scrapes at 0, `scrape`, ..., and stores after `lag`; its clock may be ahead."""

    scrape: float = 5.0
    lag: float = 0.05
    ahead: float = 0.0

    def waits(self, first: float, interval: float, cycles: int = 40) -> list[float]:
        """How old, in truth, the newest sample was that each cycle saw."""
        phase, at, found = Phase(), START + first, []
        for _ in range(cycles):
            taken = math.floor((at - self.lag) / self.scrape) * self.scrape
            found.append(at - taken)
            later, phase = shifted(phase, finished(at, max(0.0, at - taken - self.ahead)), interval)
            assert -interval / 2 <= later <= interval / 2
            at += interval + later
        return found


FIRSTS = [0.0, 0.3, 0.6, 2.0, 4.0, 4.99]


@pytest.mark.parametrize("first", FIRSTS)
@pytest.mark.parametrize(
    ("world", "interval"),
    [(World(), 5.0), (World(scrape=1.0), 1.0), (World(scrape=1.0), 5.0), (World(lag=0.0), 5.0)],
    ids=["5 s and 5 s", "1 s and 1 s", "scraped five times a cycle", "stored at once"],
)
def test_cycles_come_to_follow_each_scrape_closely_and_stay_there(world: World, interval: float, first: float) -> None:
    assert all(0.0 <= wait < 0.6 + CLOSE_SECONDS for wait in world.waits(first, interval)[8:])


@pytest.mark.parametrize("first", FIRSTS)
def test_where_scrapes_are_rarer_than_cycles_the_first_cycle_after_each_follows_closely(first: float) -> None:
    waits = World(scrape=15.0).waits(first, 5.0)[9:]
    assert all(wait % 5.0 < 0.6 + CLOSE_SECONDS for wait in waits)


@pytest.mark.parametrize("first", FIRSTS)
def test_a_prometheus_that_stores_late_is_waited_for(first: float) -> None:
    assert all(1.0 <= wait < 1.2 + CLOSE_SECONDS for wait in World(lag=1.0).waits(first, 5.0)[12:])


@pytest.mark.parametrize("first", FIRSTS)
@pytest.mark.parametrize("ahead", [-3.0, 3.0])
def test_a_wrong_clock_ends_in_a_steady_phase(ahead: float, first: float) -> None:
    waits = World(ahead=ahead).waits(first, 5.0)[20:]
    assert max(waits) - min(waits) < 1e-6


@pytest.mark.parametrize(("scrape", "interval"), [(15.0, 10.0), (5.0, 3.0), (2.0, 5.0)])
def test_nothing_is_shifted_where_the_intervals_do_not_go_into_one_another(scrape: float, interval: float) -> None:
    phase, at = Phase(), START
    for _ in range(20):
        later, phase = shifted(phase, finished(at, at % scrape), interval)
        assert later == 0.0
        at += interval


def test_the_newest_of_all_readings_counts_and_one_without_an_age_does_not() -> None:
    _, phase = shifted(Phase(), finished(100.0, 4.0, None, 1.5), 5.0)
    assert phase.sampled_at == 98.5


def test_a_cycle_without_any_reading_shifts_nothing() -> None:
    blind = Proposal("rule", Reading(ReadingKind.ERROR), 1.0)
    outcome = ServiceOutcome("web", Action.UNCHANGED, replace(DECISION, proposals=(blind,)))
    failed = ServiceOutcome("api", Action.FAILED, error="no")
    cycle = CycleFinished(100.0, 0.01, {"web": outcome, "api": failed})
    assert shifted(Phase(90.0), cycle, 5.0) == (0.0, Phase(90.0))
