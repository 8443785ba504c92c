"""Which clones count as left behind by an interrupted operation, and when: tables and timelines."""

from dataclasses import replace

import pytest

from autoscaler.adapters.compose.recovery.leftovers import LeftoverKind, Limits, Suspects, left_over, suspects
from autoscaler.adapters.compose.replicas import Replica, parse
from autoscaler.ports.fleet import ServiceRef
from tests.support.engine_answers import clone, listed

LIMITS = Limits(settle_seconds=10.0, start_seconds=lambda _: 60.0)
CREATED = clone(3, State="created", Status="Created")
EXITED = clone(3, State="exited", Status="Exited (137) 2 seconds ago")
DEAD = clone(3, State="dead", Status="Dead")
STARTING = clone(3, Status="Up 2 seconds (health: starting)")
UNHEALTHY = clone(3, Status="Up 2 minutes (unhealthy)")
HEALTHY = clone(3, Status="Up 2 minutes (healthy)")
CRASHING = clone(3, State="restarting", Status="Restarting (1) 2 seconds ago")
Entry = dict[str, object]


def numbers(replicas: list[Replica]) -> list[int]:
    return [replica.number for replica in replicas]


def due(*looks: tuple[float, list[Entry]]) -> list[int]:
    """The numbers of those that are left over at the last of the looks."""
    found: Suspects = {}
    for at, entries in looks:
        found = suspects(found, parse(entries), at, ())
    return numbers(left_over(found, parse(entries), at, LIMITS))


@pytest.mark.parametrize(
    ("entry", "after_seconds"),
    [
        pytest.param(CREATED, 10.0, id="made and never started"),
        pytest.param(EXITED, 10.0, id="exited"),
        pytest.param(DEAD, 10.0, id="dead"),
        pytest.param(STARTING, 60.0, id="starting for ever"),
    ],
)
def test_a_clone_counts_as_left_over_after_its_time_and_not_before(entry: Entry, after_seconds: float) -> None:
    beside = listed(1)
    assert due((0.0, [beside, entry]), (after_seconds - 0.1, [beside, entry])) == []
    assert due((0.0, [beside, entry]), (after_seconds, [beside, entry])) == [3]


def test_what_is_unhealthy_may_have_been_drained_be_it_a_clone_or_not() -> None:
    own = listed(1, Status="Up 2 minutes (unhealthy)")
    assert due((0.0, [own, UNHEALTHY]), (9.9, [own, UNHEALTHY])) == []
    assert due((0.0, [own, UNHEALTHY]), (10.0, [own, UNHEALTHY])) == [1, 3]
    found = suspects({}, parse([own, UNHEALTHY]), 0.0, ())
    assert {suspect.kind for suspect in found.values()} == {LeftoverKind.DRAINED}


@pytest.mark.parametrize("entry", [HEALTHY, CRASHING])
def test_a_clone_that_was_not_seen_starting_is_not_our_affair(entry: Entry) -> None:
    assert due((0.0, [listed(1), entry]), (1000.0, [listed(1), entry])) == []


def test_a_clone_that_starts_and_turns_unhealthy_is_left_over_at_once() -> None:
    assert due((0.0, [listed(1), STARTING]), (1.0, [listed(1), UNHEALTHY])) == [3]


def test_a_clone_that_starts_and_crashes_again_and_again_is_left_over_after_the_start_limit() -> None:
    looks = [(0.0, [listed(1), STARTING]), (30.0, [listed(1), CRASHING]), (60.0, [listed(1), STARTING])]
    assert due(*looks) == [3]


def test_a_clone_that_becomes_ready_is_forgotten() -> None:
    looks = [(0.0, [listed(1), STARTING]), (30.0, [listed(1), HEALTHY]), (99.0, [listed(1), STARTING])]
    assert due(*looks) == []


@pytest.mark.parametrize("state", [{"State": "created", "Status": "Created"}, {"State": "exited", "Status": "Exited"}])
def test_one_of_composes_own_is_never_left_over(state: dict[str, str]) -> None:
    own = listed(3, **state)
    assert due((0.0, [listed(1), own]), (1000.0, [listed(1), own])) == []


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"State": "exited", "Status": "Exited (0)"}, LeftoverKind.EXITED),
        ({"State": "running", "Status": "Up 2 minutes"}, LeftoverKind.LEAVING),
        ({"State": "running", "Status": "Up 2 minutes (unhealthy)"}, LeftoverKind.DRAINED),
    ],
)
def test_one_of_composes_own_whose_removal_was_begun_is_our_affair(state: dict[str, str], kind: LeftoverKind) -> None:
    own = listed(3, Names=["/shop-users-3.leaving"], **state)
    assert due((0.0, [listed(1), own]), (9.9, [listed(1), own])) == []
    assert due((0.0, [listed(1), own]), (10.0, [listed(1), own])) == [3]
    assert [found.kind for found in suspects({}, parse([listed(1), own]), 0.0, ()).values()] == [kind]


def test_what_is_exited_while_nothing_runs_is_composes_to_start() -> None:
    stopped = listed(1, State="exited", Status="Exited (0)")
    assert due((0.0, [stopped, EXITED]), (1000.0, [stopped, EXITED])) == []


def test_the_time_in_which_nothing_ran_does_not_count() -> None:
    stopped = listed(1, State="exited", Status="Exited (0)")
    looks = [(0.0, [listed(1), EXITED]), (9.0, [stopped, EXITED]), (18.0, [listed(1), EXITED])]
    assert due(*looks, (27.9, [listed(1), EXITED])) == []
    assert due(*looks, (28.0, [listed(1), EXITED])) == [3]


def test_the_time_in_which_an_operation_was_at_work_on_it_does_not_count() -> None:
    replicas = parse([listed(1), EXITED])
    found = suspects({}, replicas, 0.0, ())
    found = suspects(found, replicas, 5.0, {"id3"})
    assert found == {}
    found = suspects(found, replicas, 11.0, ())
    assert left_over(found, replicas, 11.0, LIMITS) == []


def test_an_operation_that_is_at_work_on_others_does_not_begin_its_time_anew() -> None:
    replicas = parse([listed(1), clone(2), EXITED])
    found = suspects({}, replicas, 0.0, ())
    found = suspects(found, replicas, 5.0, {"id1", "id2"})
    assert numbers(left_over(found, replicas, 10.0, LIMITS)) == [3]


def test_a_created_clone_that_starts_begins_a_new_time() -> None:
    assert due((0.0, [listed(1), CREATED]), (9.0, [listed(1), STARTING]), (11.0, [listed(1), STARTING])) == []


def test_services_are_looked_at_one_by_one() -> None:
    web, exited = parse([listed(1), EXITED])
    api = replace(exited, ref=ServiceRef("api", web.ref.group), id="other")
    found = suspects(suspects({}, [api, web, exited], 0.0, ()), [api, web, exited], 10.0, ())
    assert [each.id for each in left_over(found, [api, web, exited], 10.0, LIMITS)] == [exited.id]
