"""Who goes: unready first, then clones, the highest number first; never the last ready one."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.compose.drain.victims import victims
from autoscaler.adapters.compose.replicas import Replica, parse
from tests.support.engine_answers import clone, listed

UNHEALTHY: dict[str, Any] = {"Status": "Up 5 minutes (unhealthy)"}
EXITED: dict[str, Any] = {"State": "exited", "Status": "Exited (1)"}


def numbers(replicas: Sequence[Replica]) -> list[int]:
    return [replica.number for replica in replicas]


@pytest.mark.parametrize(
    ("containers", "count", "chosen"),
    [
        pytest.param([listed(1), clone(2), clone(3)], 2, [3, 2], id="clones, the highest number first"),
        pytest.param([listed(1), listed(2), clone(3)], 2, [3, 2], id="then Compose's own"),
        pytest.param([listed(1), clone(2, **UNHEALTHY), clone(3)], 1, [2], id="who does not serve first"),
        pytest.param([listed(1), clone(2)], 2, [2], id="the last ready one stays"),
        pytest.param([listed(1, **UNHEALTHY), clone(2)], 2, [1], id="whoever it is"),
        pytest.param([listed(1, **UNHEALTHY), clone(2, **UNHEALTHY)], 1, [2], id="none is ready"),
        pytest.param([listed(1), clone(2, **EXITED)], 1, [], id="what does not run is no replica"),
        pytest.param([listed(1), clone(2), clone(3)], 0, [], id="none is too many"),
        pytest.param([listed(1), clone(2)], -1, [], id="there are too few"),
    ],
)
def test_who_goes(containers: list[dict[str, Any]], count: int, chosen: list[int]) -> None:
    assert numbers(victims(parse(containers), count)) == chosen


def test_nobody_goes_on_whom_another_container_leans() -> None:
    assert numbers(victims(parse([listed(1), clone(2), clone(3)]), 2, {"id3"})) == [2, 1]


@given(
    kinds=st.lists(st.sampled_from([(listed, {}), (clone, {}), (clone, UNHEALTHY), (listed, EXITED)]), max_size=8),
    count=st.integers(-1, 10),
    depended_on=st.sets(st.sampled_from([f"id{number}" for number in range(8)])),
)
def test_a_service_that_has_a_ready_replica_keeps_one(kinds: list[Any], count: int, depended_on: set[str]) -> None:
    replicas = parse([make(number, **facts) for number, (make, facts) in enumerate(kinds)])
    chosen = victims(replicas, count, depended_on)
    assert len(chosen) <= max(0, count)
    assert not depended_on & {replica.id for replica in chosen}
    had = sum(replica.ready for replica in replicas)
    assert had == 0 or sum(replica.ready for replica in replicas if replica not in chosen) >= 1
