"""Replicas that die again and again after they were ready: made ever more rarely, and for nothing else held back."""

from collections.abc import Iterable

import pytest

from autoscaler.control.crash_backoff import FORGOTTEN_AFTER_SECONDS, CrashBackoff
from autoscaler.events import Action
from deploy.lab.shell import run
from tests.support.compose_project import Project
from tests.support.cycling import Living


def ids(*names: str) -> frozenset[str]:
    return frozenset(names)


def died(times: Iterable[float]) -> CrashBackoff:
    """A service of three, whose latest replica dies at each of these times."""
    crash_backoff = CrashBackoff()
    for number, at in enumerate(times):
        crash_backoff = crash_backoff.died(ids(f"new {number}"), ids("first", "second"), 3, at)
    return crash_backoff


@pytest.mark.parametrize(
    ("deaths", "pause_seconds"),
    [(1, 0), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 300), (9, 300)],
)
def test_each_death_of_a_new_one_makes_the_pause_longer_up_to_five_minutes(deaths: int, pause_seconds: float) -> None:
    crash_backoff = died([0.0] * deaths)
    assert crash_backoff.hold_reason(3, pause_seconds) is None
    if pause_seconds:
        assert crash_backoff.hold_reason(3, pause_seconds - 0.1) is not None


def test_the_operator_is_told_how_often_and_how_long() -> None:
    assert died([0.0, 0.0]).hold_reason(3, 4.0) == ("a new replica has died; the next one starts in 6 s")
    assert died([0.0] * 4).hold_reason(3, 10.0) == (
        "new replicas have died 3 times in a row; the next one starts in 30 s"
    )


def test_a_load_that_needs_more_than_there_were_is_followed_at_once() -> None:
    assert died([0.0] * 4).hold_reason(4, 1.0) is None


def test_one_that_was_there_at_the_death_before_is_no_new_one() -> None:
    crash_backoff = died([0.0]).died(ids("first"), ids("second", "third"), 3, 20.0)
    assert crash_backoff.hold_reason(3, 20.0) is None


def test_an_old_one_that_dies_beside_them_changes_nothing_of_the_pause() -> None:
    crash_backoff = died([0.0] * 3).died(ids("first"), ids("second"), 3, 5.0)
    assert crash_backoff.hold_reason(3, 19.9) is not None
    assert crash_backoff.hold_reason(3, 20.0) is None


def test_what_has_lived_for_ten_minutes_begins_anew() -> None:
    assert died([0.0, 0.0, FORGOTTEN_AFTER_SECONDS - 1.0]).hold_reason(3, FORGOTTEN_AFTER_SECONDS) is not None
    assert died([0.0, 0.0, FORGOTTEN_AFTER_SECONDS]).hold_reason(3, FORGOTTEN_AFTER_SECONDS) is None


@pytest.mark.engine
def test_a_clone_that_dies_again_is_replaced_after_a_pause_and_a_growing_load_is_followed_at_once(
    plain: Project,
) -> None:
    living = Living(plain, plain.engine_url)
    with living.living(load=2):
        run(["docker", "kill", *plain.names(2)], "kill a clone")
        living.until("it is replaced", lambda: living.ready == 2 and living.quiet and len(living.told) == 1)
        run(["docker", "kill", *plain.names(3)], "kill the next one")
        living.until_told(2)
        assert [each.action for each in living.told] == [Action.SCALED, Action.BACKING_OFF]
        assert "a new replica has died; the next one starts in " in living.told[1].what
        living.load(3)
        living.until("the load is followed all the same", lambda: living.ready == 3 and living.quiet)
