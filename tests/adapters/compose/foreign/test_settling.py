"""What somebody else does, told from snapshots and events alone: timelines, and what holds whatever happens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.compose.foreign.classify import classify
from autoscaler.adapters.compose.foreign.engine_event import ContainerEvent, parse_event
from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChangeTracker
from autoscaler.adapters.compose.foreign.settling import (
    LONGEST_STOP_SECONDS,
    Settled,
    WatchedService,
    take_event,
    take_snapshot,
)
from autoscaler.adapters.compose.foreign.snapshot_diff import Change, differences
from autoscaler.adapters.compose.replicas import parse
from autoscaler.adapters.docker.own_actions import OwnContainers
from autoscaler.control.yielding import MOST_CORRECTIONS, PERIOD_SECONDS, YIELD_SECONDS, Yielding
from autoscaler.events import Foreign
from autoscaler.ports.fleet import ServiceRef
from tests.support.engine_answers import clone, listed

SETTLE = 10.0
NOBODY = OwnContainers()
USERS = ServiceRef("users", "shop")
EXITED = {"State": "exited", "Status": "Exited (137) 1 second ago"}


def event(number: int, action: str, **facts: Any) -> ContainerEvent:
    return ContainerEvent(USERS, f"id{number}", f"shop-users-{number}", action, **{"clone": False, **facts})


class Timeline:
    """One service, looked at every second or when a test says so."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self.watched, self.now = WatchedService(), 0.0
        self.settled: list[tuple[float, Settled]] = []
        self.own = NOBODY
        self.look(*containers)

    def look(self, *containers: dict[str, Any], at: float | None = None) -> "Timeline":
        self.now = self.now if at is None else at
        self.watched, settled = take_snapshot(self.watched, parse(containers), self.own, self.now, SETTLE)
        if settled is not None:
            self.settled.append((self.now, settled))
        return self

    def take_event(self, *events: ContainerEvent, at: float) -> "Timeline":
        self.now = at
        for each in events:
            self.watched = take_event(self.watched, each, self.own, at)
        return self

    def until(self, end: float, *containers: dict[str, Any]) -> "Timeline":
        while self.now < end:
            self.look(*containers, at=self.now + 1.0)
        return self

    @property
    def restless(self) -> bool:
        return self.watched.ongoing is not None

    def verdicts(self) -> list[tuple[float, Foreign, int, int]]:
        found = [(at, classify(each)) for at, each in self.settled]
        return [(at, each.kind, each.before, each.after) for at, each in found if each is not None]


def test_what_is_there_from_the_beginning_was_done_by_nobody() -> None:
    assert not Timeline(listed(1), clone(2)).until(20.0, listed(1), clone(2)).restless


def test_replicas_that_vanish_one_by_one_are_one_change_that_has_settled_after_the_last() -> None:
    seen = Timeline(*(listed(number) for number in range(1, 6)))
    for at in (1.0, 8.0, 15.0):
        seen.look(*(listed(number) for number in range(1, int(5 - at // 7))), at=at)
    seen.until(40.0, listed(1), listed(2))
    assert seen.verdicts() == [(25.0, Foreign.SCALED, 5, 2)]


def test_what_is_told_to_end_is_waited_for_beyond_the_settle_time_but_not_for_ever() -> None:
    both = (listed(1), listed(2))
    seen = Timeline(*both).take_event(event(1, "kill", signal=15), at=1.0).until(LONGEST_STOP_SECONDS, *both)
    assert seen.restless
    seen.until(LONGEST_STOP_SECONDS + 2.0, *both)
    assert (seen.restless, seen.verdicts()) == (False, [])


def test_it_is_settled_once_that_has_ended_which_was_told_to() -> None:
    seen = Timeline(listed(1), listed(2)).take_event(event(1, "kill", signal=15), event(2, "kill", signal=15), at=1.0)
    seen.until(30.0, listed(1), listed(2)).take_event(event(2, "die", exit_code=143), at=30.5)
    seen.look(listed(1), at=31.0).until(60.0, listed(1))
    assert seen.restless
    seen.until(100.0)
    assert seen.verdicts() == [(71.0, Foreign.REMOVED, 2, 0)]


def test_what_compose_has_made_and_not_started_is_waited_for() -> None:
    made = listed(2, State="created", Status="Created")
    seen = Timeline(listed(1)).until(30.0, listed(1), made)
    assert seen.restless
    seen.until(60.0, listed(1), listed(2))
    assert seen.verdicts() == [(41.0, Foreign.SCALED, 1, 2)]


def test_a_list_that_is_older_than_the_end_it_does_not_show_settles_nothing() -> None:
    both = (listed(1), listed(2))
    seen = (
        Timeline(*both)
        .take_event(event(2, "kill", signal=15), at=1.0)
        .take_event(event(2, "die", exit_code=143), at=14.0)
    )
    seen.look(*both, at=13.9)
    assert seen.restless
    seen.look(listed(1), at=15.0).until(30.0, listed(1))
    assert seen.verdicts() == [(25.0, Foreign.SCALED, 2, 1)]


def test_what_is_told_to_end_is_known_until_it_has_ended() -> None:
    tracker = ForeignChangeTracker(monotonic=lambda: 0.0)
    tracker.take_snapshot(parse([listed(1), listed(2)]), 0.0)
    assert not tracker.being_stopped(USERS, "id1")
    tracker.take_event(event(1, "kill", signal=15))
    assert tracker.being_stopped(USERS, "id1")
    assert not tracker.being_stopped(USERS, "id2")
    tracker.take_event(event(1, "die", exit_code=143))
    assert not tracker.being_stopped(USERS, "id1")


@pytest.mark.parametrize("signal", [1, 10, 12])
def test_a_signal_to_reload_disturbs_nothing(signal: int) -> None:
    assert not Timeline(listed(1)).take_event(event(1, "kill", signal=signal), at=1.0).restless


def test_a_crash_loop_disturbs_nothing_however_long_it_goes_on() -> None:
    seen = Timeline(listed(1))
    for at in range(1, 50, 2):
        seen.take_event(event(1, "die", exit_code=1), at=at).look(listed(1, State="restarting", Status=""), at=at)
        seen.look(listed(1), at=at + 1)
        assert not seen.restless


def test_a_death_is_told_with_what_was_heard_before_it_was_seen() -> None:
    seen = Timeline(listed(1), listed(2)).take_event(event(2, "oom"), event(2, "die", exit_code=137), at=0.5)
    seen.until(20.0, listed(1), listed(2, **EXITED))
    found = classify(seen.settled[0][1])
    assert found is not None
    assert found.what == (
        "2 → 1 replicas, not by the autoscaler (shop-users-2 was ended by SIGKILL, exit code 137, out of memory)"
    )


@pytest.mark.parametrize("seen_meanwhile", [True, False])
def test_clones_that_are_removed_before_they_have_run_are_told_as_well(seen_meanwhile: bool) -> None:
    made = [clone(number, State="created", Status="Created") for number in (2, 3)] if seen_meanwhile else []
    seen = Timeline(listed(1)).look(listed(1), *made, at=1.0)
    seen.take_event(*(event(number, "destroy", clone=True) for number in (2, 3)), at=1.1)
    seen.until(20.0, listed(1))
    found = classify(seen.settled[0][1])
    assert found is not None
    assert found.kind is Foreign.SCALED
    assert "still 1 replicas, not by the autoscaler (2 removed at once; " in found.what


def test_an_old_container_that_is_cleared_away_is_no_change_of_the_count() -> None:
    seen = Timeline(listed(1), listed(2, **EXITED)).take_event(event(2, "destroy"), at=1.0).until(20.0, listed(1))
    assert seen.verdicts() == [(12.0, Foreign.CHANGED, 1, 1)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        pytest.param([listed(1), clone(2)], [listed(1)], Foreign.SCALED, id="up with the file's count"),
        pytest.param([listed(1)], [listed(1), listed(2)], Foreign.SCALED, id="up --scale"),
        pytest.param([listed(1)], [], Foreign.REMOVED, id="down"),
        pytest.param([listed(1)], [listed(1, **EXITED)], Foreign.STOPPED, id="stop"),
        pytest.param([listed(1, **EXITED)], [listed(1)], Foreign.STARTED, id="start"),
        pytest.param([listed(1)], [listed(1, Id="new")], Foreign.RECREATED, id="up --force-recreate"),
        pytest.param(
            [listed(1), clone(2)], [listed(1, Id="new", ImageID="sha256:2")], Foreign.RECREATED, id="up, a new image"
        ),
        pytest.param([listed(1), listed(2)], [listed(1), listed(2, **EXITED)], Foreign.DIED, id="kill"),
        pytest.param([listed(1)], [listed(1, State="paused")], Foreign.CHANGED, id="pause"),
    ],
)
def test_what_it_was(before: list[dict[str, Any]], after: list[dict[str, Any]], kind: Foreign) -> None:
    found = classify(Settled(tuple(parse(before)), tuple(parse(after))))
    assert found is not None
    assert found.kind is kind


def test_what_our_operations_have_at_work_is_not_somebody_else_s() -> None:
    before = parse([listed(1), listed(2), clone(3), clone(4, State="created", Status="Created")])
    after = parse([listed(1), clone(4), clone(5)])
    own = OwnContainers(starting=frozenset({"id4"}), ending=frozenset({"id2", "id3"}))
    assert differences(before, after, own) == ()
    assert [each.what for each in differences(before, after, NOBODY)] == [
        Change.REMOVED,
        Change.REMOVED,
        Change.STARTED,
    ]


def test_a_clone_that_is_starting_may_exit_but_not_vanish_by_itself() -> None:
    own = OwnContainers(starting=frozenset({"id2"}))
    before = parse([listed(1), clone(2)])
    assert differences(before, parse([listed(1), clone(2, **EXITED)]), own) == ()
    assert [each.what for each in differences(before, parse([listed(1)]), own)] == [Change.REMOVED]


def test_what_is_not_about_a_replica_is_not_heard() -> None:
    assert parse_event({"Action": "die", "Actor": {"ID": "x", "Attributes": {"name": "web"}}}) is None


def test_an_event_tells_who_and_how() -> None:
    attributes = {**listed(2)["Labels"], "name": "shop-users-2", "signal": "9"}
    container_event = parse_event({"Action": "kill", "Actor": {"ID": "id2", "Attributes": attributes}})
    assert container_event == event(2, "kill", signal=9)


def test_whoever_undoes_our_repairs_is_given_way_to_as_long_as_he_goes_on() -> None:
    yielding = Yielding()
    for turn in range(MOST_CORRECTIONS):
        yielding = yielding.changed(20.0 * turn).corrected(20.0 * turn)
        assert not yielding.yields(20.0 * turn)
    yielding = yielding.changed(100.0)
    assert yielding.yields(100.0 + YIELD_SECONDS - 1.0)
    yielding = yielding.changed(300.0)
    assert yielding.yields(300.0 + YIELD_SECONDS - 1.0)
    assert not yielding.yields(300.0 + YIELD_SECONDS)


def test_changes_that_are_far_apart_are_no_contest() -> None:
    yielding = Yielding()
    for turn in range(10):
        now = turn * PERIOD_SECONDS / 2
        yielding = yielding.changed(now).corrected(now)
        assert not yielding.yields(now)


STATES = st.sampled_from(["running", "exited", "created", "restarting", "paused"])
SERVICES = st.dictionaries(st.integers(1, 6), st.tuples(STATES, st.booleans()), max_size=6)
ACTIONS = st.sampled_from(["create", "destroy", "die", "kill", "oom", "pause", "rename", "unpause"])
STEPS = st.lists(
    st.one_of(SERVICES, st.builds(lambda number, action: event(number, action, signal=15), st.integers(1, 6), ACTIONS)),
    max_size=12,
)


def containers(service: dict[int, tuple[str, bool]]) -> list[dict[str, Any]]:
    return [
        (clone if is_clone else listed)(number, State=state, Status="") for number, (state, is_clone) in service.items()
    ]


@given(SERVICES, STEPS, SERVICES)
def test_whatever_happens_it_settles_and_tells_the_counts_as_they_were_and_are(
    first: dict[int, tuple[str, bool]], steps: list[Any], last: dict[int, tuple[str, bool]]
) -> None:
    seen = Timeline(*containers(first))
    for index, step in enumerate(steps):
        if isinstance(step, ContainerEvent):
            seen.take_event(step, at=float(index + 1))
        else:
            seen.look(*containers(step), at=float(index + 1))
    seen.look(*containers(last), at=20.0)
    seen.until(20.0 + LONGEST_STOP_SECONDS + SETTLE + 1.0, *containers(last))
    assert not seen.restless
    if seen.settled:
        _, settled = seen.settled[-1]
        assert settled.after == tuple(parse(containers(last)))


@given(SERVICES, SERVICES)
def test_nothing_that_we_have_at_work_ever_disturbs(
    before: dict[int, tuple[str, bool]], after: dict[int, tuple[str, bool]]
) -> None:
    ids = frozenset(f"id{number}" for number in (*before, *after))
    assert differences(parse(containers(before)), parse(containers(after)), OwnContainers(ending=ids)) == ()


@given(SERVICES)
def test_a_service_that_stays_as_it_is_is_never_disturbed(service: dict[int, tuple[str, bool]]) -> None:
    seen = parse(containers(service))
    assert differences(seen, seen, NOBODY) == ()
