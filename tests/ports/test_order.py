"""An order may be raised while it is carried out, but nobody gets back what has gone."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from autoscaler.ports.order import Order


def order(replicas: int) -> Order:
    return Order(replicas, emit=lambda _: None, pause=lambda _: False)


def test_an_order_that_has_not_begun_may_be_raised_to_any_count() -> None:
    wanted = order(2)
    assert wanted.raise_to(9)
    assert wanted.replicas == 9


def test_an_order_is_not_lowered_by_being_raised() -> None:
    wanted = order(4)
    assert not wanted.raise_to(3)
    assert wanted.replicas == 4


def test_an_order_is_lowered_as_long_as_nobody_has_begun_to_carry_it_out() -> None:
    wanted = order(4)
    assert wanted.lower_to(3)
    assert not wanted.lower_to(3)
    wanted.begin()
    assert not wanted.lower_to(2)
    assert wanted.replicas == 3


def test_an_order_that_removes_keeps_at_most_those_that_are_left() -> None:
    wanted = order(2)
    wanted.begin_removal(5)
    assert wanted.release()
    assert wanted.raise_to(9)
    assert wanted.replicas == 4
    assert not wanted.release()


def test_nothing_may_go_before_it_is_known_how_many_there_are() -> None:
    assert not order(1).release()


@given(present=st.integers(1, 30), steps=st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=60))
def test_there_are_never_fewer_left_than_asked_for(present: int, steps: list[int | None]) -> None:
    wanted = order(min(1, present))
    wanted.begin_removal(present)
    left = present
    for step in steps:
        if step is None:
            left -= wanted.release()
        else:
            wanted.raise_to(step)
        assert wanted.replicas <= left <= present


def test_of_many_threads_no_two_get_the_same_leave() -> None:
    wanted, allowed = order(10), threading.Semaphore(0)
    wanted.begin_removal(200)

    def ask() -> None:
        for _ in range(100):
            if wanted.release():
                allowed.release()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed.acquire(blocking=False) for _ in range(800)) == 190
