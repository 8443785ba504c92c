"""Small makers of recorded pasts."""

from collections.abc import Sequence

from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Policy, Source
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.replay import Replayed, backtest
from tests.support.builders import NOW, THROUGHPUT

STEP = 5.0
GAP = Reading(ReadingKind.STALE, note="Traefik's last sample is old")

Value = float | Reading


def instants(count: int, step: float = STEP) -> list[float]:
    return [NOW + step * index for index in range(count)]


def recording(
    readings: dict[Source, Sequence[Value]], *, replicas: Sequence[int | None] | None = None, step: float = STEP
) -> Recording:
    """A past with these readings, one for each instant; numbers are usable ones."""
    count = len(next(iter(readings.values())))
    return Recording(
        instants(count, step),
        {
            source: [value if isinstance(value, Reading) else Reading.of(value) for value in values]
            for source, values in readings.items()
        },
        [None] * count if replicas is None else replicas,
    )


def requests(*stretches: tuple[Value, int], replicas: Sequence[int | None] | None = None) -> Recording:
    """A past of requests per second: stretches of a load and its number of instants."""
    values = [value for value, count in stretches for _ in range(count)]
    return recording({THROUGHPUT.source: values}, replicas=replicas)


def replay(policy: Policy, past: Recording, *, start_delay: float = 20.0) -> Replayed:
    """Replay one service."""
    replays = backtest(
        {"web": (policy, past)}, start_delay_seconds=start_delay, max_replicas_total=None, progress=lambda _: None
    )
    return replays["web"]
