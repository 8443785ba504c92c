"""Services with several names in Traefik, and names with several services."""

import pytest

from autoscaler.adapters.prometheus.naming import shared, together
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.ports.metrics import Share

BLUE = Share("api@docker", 2, 3, ("shop/green",))
NONE_READY = Share("api@docker", 0, 0, ("shop/green",))
EMPTY = Reading(ReadingKind.EMPTY, note="no answers in the window")
UNSEEN = Reading(ReadingKind.UNSEEN, note="it knows web@docker")
STALE = Reading(ReadingKind.STALE, note="down")


@pytest.mark.parametrize(
    ("share", "adds", "value", "words"),
    [
        pytest.param(None, True, 31.5, "", id="a name of its own"),
        pytest.param(BLUE, True, 21.0, "2 of the 3 ready replicas behind api@docker are its own", id="a load"),
        pytest.param(BLUE, False, 31.5, "of all services behind api@docker, shop/green too", id="a ratio"),
        pytest.param(NONE_READY, True, 15.75, "the others are of shop/green: that part of 31.5", id="none ready"),
    ],
)
def test_a_shared_name_is_split_by_ready_replicas(share: Share | None, adds: bool, value: float, words: str) -> None:
    reading = shared(Reading.of(31.5), share, adds=adds)
    assert reading.value == pytest.approx(value)
    assert words in reading.note


def test_what_is_not_measured_is_not_split() -> None:
    assert shared(UNSEEN, BLUE, adds=True) == UNSEEN


@pytest.mark.parametrize(
    ("one", "other", "adds", "expected"),
    [
        pytest.param(
            Reading.of(3.0, age_seconds=2.0),
            Reading.of(4.0, age_seconds=5.0, note="fading", partial=True),
            True,
            Reading.of(7.0, age_seconds=5.0, note="the sum of a 3, b 4; b: fading", partial=True),
            id="loads are summed",
        ),
        pytest.param(
            Reading.of(0.3), Reading.of(0.2), False, Reading.of(0.3, note="the highest of a 0.3, b 0.2"), id="ratios"
        ),
        pytest.param(
            Reading.of(3.0),
            UNSEEN,
            True,
            Reading.of(3.0, note="the sum of a 3; b is unseen: the value may be too low", partial=True),
            id="one is unseen",
        ),
        pytest.param(UNSEEN, UNSEEN, True, UNSEEN, id="both are unseen"),
        pytest.param(EMPTY, UNSEEN, False, UNSEEN, id="no answers, and one is unseen"),
        pytest.param(EMPTY, Reading.of(0.1), False, Reading.of(0.1, note="the highest of b 0.1"), id="of one"),
        pytest.param(EMPTY, EMPTY, False, EMPTY, id="no answers"),
        pytest.param(
            Reading.of(3.0), STALE, True, Reading(ReadingKind.STALE, note="b: down"), id="one cannot be measured"
        ),
    ],
)
def test_several_names_are_one_reading(one: Reading, other: Reading, adds: bool, expected: Reading) -> None:
    assert together({"a": one, "b": other}, adds=adds) == expected


def test_one_name_stays_as_it_is() -> None:
    assert together({"a": STALE}, adds=True) is STALE
