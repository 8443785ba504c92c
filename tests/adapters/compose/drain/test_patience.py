"""How long drains wait while no other replica is ready: a clock that the test moves."""

from autoscaler.adapters.compose.drain.patience import FORGOTTEN_SECONDS, LONGEST_SECONDS, Patience


def waits(patience: Patience, begin: float) -> float:
    """How long it lasts from `begin` on, without a ready replica; to the second."""
    seconds = 0.0
    while patience.lasts(begin + seconds, ready=False):
        seconds += 1.0
    return seconds


def test_there_is_none_at_first_and_more_after_each_drain_in_vain_up_to_a_limit() -> None:
    patience, now, seen = Patience(5.0), 0.0, []
    for _ in range(6):
        seen.append(waits(patience, now))
        now += seen[-1]
        patience.in_vain(now)
        now += 60.0
    assert seen == [0.0, 5.0, 10.0, 20.0, LONGEST_SECONDS, LONGEST_SECONDS]


def test_it_begins_anew_each_time_that_another_replica_is_ready() -> None:
    patience = Patience(5.0)
    patience.in_vain(0.0)
    assert patience.lasts(1.0, ready=False)
    assert not patience.lasts(5.0, ready=True)
    assert waits(patience, 7.0) == 5.0


def test_it_ends_with_a_replica_that_goes_and_after_a_while() -> None:
    patience = Patience(5.0)
    patience.in_vain(0.0)
    assert waits(patience, FORGOTTEN_SECONDS) == 0.0
    patience.in_vain(FORGOTTEN_SECONDS)
    patience.rewarded()
    assert waits(patience, FORGOTTEN_SECONDS + 1.0) == 0.0
