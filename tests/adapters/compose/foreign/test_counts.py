"""Counts that somebody else sets, on the real engine with the real Compose: put right or taken over, never fought."""

from dataclasses import replace

import pytest

from autoscaler.events import Action, Foreign
from deploy.lab.shell import run
from tests.support.builders import FREE
from tests.support.compose_project import Project
from tests.support.cycling import RAISING, Living

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def originals() -> int:
    return 2


@pytest.fixture
def living(plain: Project) -> Living:
    return Living(plain, plain.engine_url)


def test_an_up_in_the_middle_that_resets_the_count_is_put_right_and_told_once(living: Living) -> None:
    with living.living(load=5):
        living.project.run("up", "--detach")
        assert len(living.project.containers()) == 2
        living.until("five are ready again", lambda: living.ready == 5 and living.quiet and bool(living.told))
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.SCALED, 5, 2, 5)
        assert event.what == (
            "5 → 2 replicas, not by the autoscaler (3 removed; docker compose up, or another scaler?); brought to 5"
        )
        assert living.failures == []
    assert any("a foreign change is under way (" in reason for reason in living.held)


def test_a_count_that_somebody_raises_is_taken_over(living: Living) -> None:
    with living.living(load=2):
        living.project.run("up", "--detach", "--scale", "web=4")
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.SCALED, 2, 4, 4)
        assert event.action is Action.UNCHANGED
        assert living.project.containers() == living.project.names(1, 2, 3, 4)


def test_a_count_that_is_more_than_the_load_needs_is_lowered_again(plain: Project) -> None:
    project = plain
    living = Living(plain, plain.engine_url, policy=replace(RAISING, scale_down=FREE))
    with living.living(load=2):
        project.run("up", "--detach", "--scale", "web=3")
        assert (living.one_event().after, living.one_event().desired) == (3, 2)
        living.until("two are left", lambda: living.ready == 2 and living.quiet)
    assert len(living.told) == 1


def test_a_replica_that_somebody_removes_is_replaced(living: Living) -> None:
    with living.living(load=3):
        run(["docker", "rm", "--force", *living.project.names(2)], "remove one")
        living.until("three are ready again", lambda: living.ready == 3 and living.quiet and bool(living.told))
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.SCALED, 3, 2, 3)
        assert living.project.containers() == living.project.names(1, 3, 4)


def test_without_the_engine_s_events_it_takes_no_more_than_a_cycle_longer(plain: Project) -> None:
    project = plain
    living = Living(plain, plain.engine_url, events=False)
    with living.living(load=4):
        project.run("up", "--detach")
        living.until("four are ready again", lambda: living.ready == 4 and living.quiet and bool(living.told))
        assert (living.one_event().after, living.failures) == (2, [])


def test_whoever_undoes_our_changes_again_and_again_is_given_way_to(plain: Project) -> None:
    living = Living(plain, plain.engine_url)
    with living.living(load=4):
        while not given_way(living):
            told = len(living.told)
            living.project.run("up", "--detach")
            living.until_told(told + 1)
            living.until("it is put right or left", lambda: given_way(living) or (living.ready == 4 and living.quiet))
        assert [event.action for event in living.told] == [*(3 * [Action.SCALED]), Action.SETTLING]
        last = living.told[-1]
        assert (last.after, last.desired) == (2, 4)
        undone = "foreign changes have undone 3 of the autoscaler's within 300 s"
        assert f"{undone}; left alone for another 300 s" in last.what
        living.load(6)
        living.until("it is decided, and left alone", lambda: living.wants == 6)
        assert len(living.project.containers()) == 2


def given_way(living: Living) -> bool:
    return bool(living.told) and living.told[-1].action is Action.SETTLING
