"""What a replay sums up to: hand-made replays, and figures counted by hand."""

import pytest

from autoscaler.rehearse.backtest.replay import Replayed
from autoscaler.rehearse.backtest.summary import compare, summary_lines
from autoscaler.rehearse.backtest.totals import BlindPeriod, Shortage, Totals, total
from tests.support.builders import LATENCY, NOW, THROUGHPUT, behavior, policy
from tests.support.recorded_pasts import GAP, recording, replay, requests

HOUR = 720  # instants


def totals(replayed: Replayed, **given: object) -> Totals:
    real = given.pop("real", [None] * len(replayed.instants))
    return total(replayed, step_seconds=5.0, real=real, **given)  # type: ignore[arg-type]


def test_changes_and_reversals_are_counted_per_hour() -> None:
    past = requests((100.0, HOUR), (200.0, 100), (100.0, HOUR - 100))
    summed = totals(replay(policy(low=2), past))
    assert (summed.evaluations, summed.hours, summed.changes, summed.reversals) == (2 * HOUR, 2.0, 2, 1)
    assert figures(summed)["changes per hour"] == "1.00 (2)"
    assert figures(summed)["reversals per hour"] == "0.50 (1)"
    assert summed.decisions == {"above_target": 1, "below_target": 1}


def test_a_change_back_after_more_than_ten_minutes_is_no_reversal() -> None:
    assert totals(replay(policy(low=2), requests((200.0, 130), (100.0, 10)))).reversals == 0


def test_replica_hours_are_those_asked_for() -> None:
    summed = totals(replay(policy(low=2), requests((100.0, HOUR), (200.0, HOUR))))
    assert summed.replica_hours == pytest.approx(2 + 4)
    assert summed.mean_replicas == pytest.approx(3.0)
    assert (summed.least_replicas, summed.most_replicas) == (2, 4)


def test_what_really_ran_is_compared_only_where_it_is_known() -> None:
    replayed = replay(policy(low=2), requests((100.0, 2 * HOUR)))
    summed = totals(replayed, real=[4] * HOUR + [None] * HOUR)
    assert summed.real_replica_hours == pytest.approx(4.0)
    assert summed.replica_hours_compared == pytest.approx(2.0)
    assert figures(summed)["replica-hours against then"] == "-50.0% (of 4.0)"
    assert figures(totals(replayed))["replica-hours against then"] == "not known"


def test_time_at_the_maximum_tells_how_much_of_it_wanted_more() -> None:
    held = policy(low=2, high=4, down=behavior(window=300.0))
    replayed = replay(held, requests((100.0, 10), (300.0, 20), (100.0, 100)), start_delay=0.0)
    summed = totals(replayed)
    assert (summed.seconds_at_max, summed.seconds_wanting_more) == (20 * 5 + 59 * 5, 19 * 5)
    assert figures(summed)["time at the maximum"] == "6m35s (60.8%), 1m35s of it wanting more"


def test_too_little_capacity_is_more_load_than_the_ready_replicas_can_take() -> None:
    past = requests((100.0, 10), (200.0, 10), (600.0, 20))
    replayed = replay(policy(low=2, high=8), past, start_delay=15.0)
    loads = [100.0] * 10 + [200.0] * 10 + [600.0] * 20
    summed = totals(replayed, loads=loads, capacities=[50.0] * 40)
    late, beyond = 3, 20  # until the start at 200, and all the time at 600
    share = (late * 200 + beyond * 600) / sum(loads)
    assert summed.shortage == Shortage((late + beyond) * 5.0, 200.0, share)
    assert figures(summed)["time with too little capacity"] == "1m55s (57.5%)"
    assert figures(summed)["load in that time"] == "84.00%"


def test_a_load_that_is_not_known_is_neither_enough_nor_too_little() -> None:
    replayed = replay(policy(low=2), requests((100.0, 10)))
    assert totals(replayed, loads=[None] * 8 + [60.0, 999.0], capacities=[50.0] * 10).shortage == Shortage(
        5.0, 10.0, 999.0 / 1059.0
    )
    assert totals(replayed, loads=[None] * 10, capacities=[50.0] * 10).shortage is None


def test_without_a_stated_capacity_too_little_is_not_known() -> None:
    summed = totals(replay(policy(LATENCY), recording({LATENCY.source: [0.1] * 5})))
    assert figures(summed)["time with too little capacity"] == "not known"


def test_an_idle_service_had_no_load_in_that_time() -> None:
    replayed = replay(policy(), requests((0.0, 3)))
    assert totals(replayed, loads=[0.0] * 3, capacities=[50.0] * 3).shortage == Shortage(0.0, 15.0, 0.0)


def test_blind_periods_have_a_beginning_a_length_and_what_was_missing() -> None:
    summed = totals(replay(policy(), requests((100.0, 4), (GAP, 6), (100.0, 2), (GAP, 1))))
    assert summed.blind == (
        BlindPeriod(NOW + 20.0, 30.0, "throughput (stale)"),
        BlindPeriod(NOW + 60.0, 5.0, "throughput (stale)"),
    )
    assert figures(summed)["blind periods"] == "2, 35s in all, 30s the longest"


def test_never_and_none_are_said_in_words() -> None:
    said = figures(totals(replay(policy(), requests((10.0, 3))), loads=[10.0] * 3, capacities=[50.0] * 3))
    assert said["blind periods"] == "none"
    assert said["time at the maximum"] == "never"
    assert said["time with too little capacity"] == "never"
    assert said["changes by reason"] == "nothing"


def test_the_limits_that_held_longest_come_first() -> None:
    held = policy(THROUGHPUT, low=2, high=4, down=behavior(window=60.0))
    summed = totals(replay(held, requests((100.0, 2), (300.0, 5), (100.0, 30)), start_delay=0.0))
    assert list(summed.limit_seconds.items()) == [("stabilization", 55.0), ("bounds", 25.0)]


def test_two_policies_are_compared_line_by_line() -> None:
    past = requests((100.0, HOUR), (300.0, HOUR), replicas=[4] * 2 * HOUR)
    few, many = (totals(replay(policy(low=2, high=high), past), real=[4] * 2 * HOUR) for high in (4, 6))
    rows = {name: rest for name, *rest in compare(summary_lines(few), summary_lines(many))}
    assert rows["replica-hours"] == ["6.0", "8.0", "+2.0"]
    assert rows["replica-hours against then"] == ["-25.0% (of 8.0)", "+0.0% (of 8.0)", "+25.00 points"]
    assert rows["time at the maximum"] == ["1h (50.0%), 59m55s of it wanting more", "1h (50.0%)", "same"]
    assert rows["changes per hour"] == ["1.00 (2)", "1.00 (2)", "same"]
    assert rows["time with too little capacity"] == ["not known", "not known", ""]


def test_a_line_that_only_one_has_is_compared_with_nothing() -> None:
    whole = summary_lines(totals(replay(policy(), requests((10.0, 3)))))
    (last,) = compare(whole[:1], whole[:2])[1:]
    assert last == (whole[1].name, "not known", whole[1].value, "")


def figures(summed: Totals) -> dict[str, str]:
    return {line.name: line.value for line in summary_lines(summed)}
