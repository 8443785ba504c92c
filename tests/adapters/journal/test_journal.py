"""The journal: what is kept, what is folded, and that it never grows."""

import math
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.journal.observer import KEPT_IN_ALL, LOOK_BACK, JournalObserver
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Estimate, Reading, Sizing
from autoscaler.core.schedule import Schedule
from autoscaler.events import Action, CycleFinished, CycleMissed, Evaluation, ServiceOutcome, ServicesChanged
from tests.support.builders import NOW, missing, policy, seen
from tests.support.examples import examples

STEADY, ABOVE, TOLERATED = 200.0, 400.0, 210.0  # loads that four replicas find right, too much, nearly right


def decision(load: Reading | float, count: int = 4) -> Decision:
    return decide(policy(), seen(count, {"throughput": load}), Memory(), NOW)[0]


class Log:
    """A journal, and a clock that goes on five seconds with each evaluation."""

    def __init__(self, kept: int = 2000) -> None:
        self.journal = JournalObserver([policy()], kept=kept)
        self.now = NOW

    def emit(self, what: Decision | str, action: Action = Action.UNCHANGED) -> None:
        outcome = (
            ServiceOutcome("userservice", Action.FAILED, error=what)
            if isinstance(what, str)
            else ServiceOutcome("userservice", action, what)
        )
        self.journal.notify(CycleFinished(self.now, 0.1, {"userservice": outcome}))
        self.now += 5.0

    @property
    def entries(self) -> Sequence[Evaluation]:
        """All entries, oldest first."""
        found = self.journal.entries("userservice", since=-math.inf, until=math.inf, limit=5000)
        assert found is not None
        return found[::-1]

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(e.decision.reason if e.decision else e.error or "", e.times) for e in self.entries]


def test_what_stays_the_same_is_one_entry_with_its_first_and_last_time() -> None:
    log = Log()
    for _ in range(100):
        log.emit(decision(STEADY))
    (entry,) = log.entries
    assert (entry.at, entry.last_at, entry.times) == (NOW, NOW + 495.0, 100)


def test_each_change_of_the_count_is_an_entry_of_its_own() -> None:
    log = Log()
    for _ in range(3):
        log.emit(decision(ABOVE), Action.SCALED)
        log.emit(decision(STEADY))
    assert log.told == [("above_target", 1), ("steady", 1)] * 3


def test_a_change_of_reason_of_usability_and_of_trust_is_an_entry() -> None:
    log, learned = Log(), Sizing("throughput", 50.0)
    trusted = replace(learned, estimates=(Estimate("capacity", trusted=True, note=""),))
    distrusted = replace(learned, estimates=(Estimate("capacity", trusted=False, note=""),))
    log.emit(decision(STEADY))
    log.emit(decision(TOLERATED))
    log.emit(decision(missing()))
    log.emit(replace(decision(STEADY), sizing=distrusted))
    log.emit(replace(decision(STEADY), sizing=trusted))
    assert log.told == [("steady", 1), ("within_tolerance", 1), ("blind", 1), ("steady", 1), ("steady", 1)]


def test_a_service_that_cannot_be_evaluated_is_remembered_with_why() -> None:
    log = Log()
    for error in ("away", "away", "gone"):
        log.emit(error)
    assert log.told == [("away", 2), ("gone", 1)]


def test_a_dry_run_that_wants_the_same_all_day_is_one_entry() -> None:
    log = Log()
    for _ in range(1000):
        log.emit(decision(ABOVE), Action.DRY_RUN)
    assert log.told == [("above_target", 1000)]


def test_a_service_that_flaps_between_reasons_for_a_day_has_one_entry_for_each() -> None:
    log = Log()
    one, other = decision(STEADY), decision(TOLERATED)
    for _ in range(86_400 // 10):
        log.emit(one)
        log.emit(other)
    assert log.told == [("steady", 8640), ("within_tolerance", 8640)]


def test_what_comes_back_after_a_while_is_a_new_entry() -> None:
    log = Log()
    for _ in range(2):
        for load in (STEADY, TOLERATED):
            for _ in range(30):
                log.emit(decision(load))
    assert log.told == [("steady", 30), ("within_tolerance", 30)] * 2


def test_an_unchanged_evaluation_is_folded_however_long_the_interval_is() -> None:
    log = Log()
    for _ in range(3):
        log.emit(decision(STEADY))
        log.now += 3600.0
    assert log.told == [("steady", 3)]


def test_the_oldest_entries_go_first() -> None:
    log = Log(kept=3)
    for _ in range(5):
        log.emit(decision(ABOVE), Action.SCALED)
    assert [entry.at for entry in log.entries] == [NOW + 10.0, NOW + 15.0, NOW + 20.0]


def test_many_services_share_what_may_be_kept_in_all() -> None:
    policies = [replace(policy(), service=f"s{number}") for number in range(KEPT_IN_ALL // 100)]
    journal = JournalObserver(policies)
    for turn in range(150):
        outcome = ServiceOutcome("s7", Action.SCALED, decision(ABOVE))
        journal.notify(CycleFinished(NOW + turn, 0.1, {"s7": outcome}))
    found = journal.entries("s7", since=-math.inf, until=math.inf, limit=5000)
    assert found is not None
    assert len(found) == 100


def test_an_entry_knows_the_schedule_that_moved_its_bounds() -> None:
    always = Schedule("* * * * *", 3600.0, ZoneInfo("Europe/Berlin"), min_replicas=3)
    journal = JournalObserver([replace(policy(), schedules=(always,))])
    outcome = ServiceOutcome("userservice", Action.UNCHANGED, decision(STEADY))
    journal.notify(CycleFinished(NOW, 0.1, {"userservice": outcome}))
    (entry,) = journal.entries("userservice", since=NOW, until=NOW, limit=1) or ()
    assert (entry.bounds.low, entry.bounds.low_by) == (3, "* * * * * Europe/Berlin")


def test_it_keeps_nothing_of_services_and_events_that_are_not_its_own() -> None:
    journal = JournalObserver([policy()])
    journal.notify(CycleMissed())
    journal.notify(CycleFinished(NOW, 0.1, {"nobody": ServiceOutcome("nobody", Action.FAILED, error="away")}))
    assert journal.entries("nobody", since=-math.inf, until=math.inf, limit=9) is None
    assert journal.entries("userservice", since=-math.inf, until=math.inf, limit=9) == []


steps = st.tuples(
    st.sampled_from([decision(load) for load in (STEADY, ABOVE, TOLERATED, missing())] + ["away"]),
    st.sampled_from([Action.UNCHANGED, Action.SCALED, Action.BUSY]),
)


@examples(100)
@given(st.lists(steps, max_size=60), st.integers(1, 12))
def test_nothing_is_lost_but_by_age_and_nothing_is_kept_out_of_order(
    told: list[tuple[Decision | str, Action]], kept: int
) -> None:
    log = Log(kept=kept)
    for what, action in told:
        log.emit(what, action)
    entries = log.entries
    assert len(entries) <= kept
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert all(entry.at <= entry.last_at for entry in entries)
    if len(entries) < kept:
        assert sum(entry.times for entry in entries) == len(told)


@pytest.mark.parametrize("reasons", [LOOK_BACK, LOOK_BACK + 1])
def test_so_many_reasons_may_alternate_and_still_be_folded(reasons: int) -> None:
    log = Log()
    for _ in range(3):
        for number in range(reasons):
            log.emit(f"error {number}")
    assert len(log.entries) == (reasons if reasons <= LOOK_BACK else 3 * reasons)


def test_a_service_that_stays_keeps_its_journal_when_others_come_and_go() -> None:
    log = Log()
    log.emit(decision(STEADY))
    log.journal.notify(ServicesChanged({"userservice": policy(), "music": policy()}, {}))
    assert len(log.entries) == 1
    assert log.journal.entries("music", since=-math.inf, until=math.inf, limit=10) == []
    log.journal.notify(ServicesChanged({"music": policy()}, {}))
    assert log.journal.entries("userservice", since=-math.inf, until=math.inf, limit=10) is None
