"""What is remembered, and that it does not grow."""

from autoscaler.core.memory import Memory, observe_blindness, observe_count, recent, recommend, reversals
from autoscaler.core.model import Moment, Replicas
from tests.support.builders import NOW, at_most, behavior, policy


def recommended(*candidates: int, up: float = 0.0, down: float = 60.0) -> list[int]:
    which = policy(up=behavior(window=up), down=behavior(window=down))
    memory = Memory()
    for step, candidate in enumerate(candidates):
        memory = recommend(memory, candidate, NOW + 5.0 * step, which)
    return [moment.replicas for moment in memory.recommendations]


def test_a_run_of_equal_recommendations_is_one_moment() -> None:
    assert recommended(4, 4, 4, 4) == [4]


def test_what_a_later_recommendation_outdoes_is_dropped() -> None:
    assert recommended(4, 6, 3, 5, 2) == [6, 5, 2]


def test_the_up_window_keeps_its_least() -> None:
    assert recommended(4, 6, 3, 5, up=60.0) == [4, 6, 3, 5]


def test_what_is_older_than_every_window_is_dropped() -> None:
    assert recommended(9, *[1] * 11) == [9, 1]
    assert recommended(9, *[1] * 12) == [1]


def test_the_far_edge_of_a_window_is_outside() -> None:
    moments = (Moment(NOW - 60.0, 1), Moment(NOW - 59.0, 2))
    assert recent(moments, NOW, 60.0) == moments[1:]
    assert recent(moments, NOW, 61.0) == moments
    assert recent((), NOW, 60.0) == ()


def test_changes_are_kept_as_long_as_a_rate_needs_them() -> None:
    which, memory = policy(up=behavior(at_most(4, 30.0))), Memory()
    for step, count in enumerate((2, 4, 4, 4, 3, 3)):
        memory = observe_count(memory, Replicas(count, count), NOW + 10.0 * step, which)
    assert memory.changes == (Moment(NOW + 30.0, -1),)


def test_changes_of_direction_are_counted_not_changes() -> None:
    changes = tuple(Moment(NOW - age, size) for age, size in ((50, 1), (40, 2), (30, -1), (20, -1), (10, 4)))
    assert reversals(changes, NOW, 60.0) == 2
    assert reversals(changes, NOW, 25.0) == 1
    assert reversals(changes, NOW, 5.0) == 0


def test_blindness_has_one_beginning() -> None:
    blind = observe_blindness(Memory(), NOW, blind=True)
    assert observe_blindness(blind, NOW + 5.0, blind=True) is blind
    assert observe_blindness(blind, NOW + 5.0, blind=False).blind_since is None
