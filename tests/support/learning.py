"""Services with an objective, and loads to learn from."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from random import Random

from autoscaler.core.memory import Memory
from autoscaler.core.model import Reading, Sizing
from autoscaler.core.policy import OBJECTIVE, Behavior, Objective, Policy, Rule, Signal, TraefikSignal
from autoscaler.core.replay import learn_from
from autoscaler.core.sizing.learned import Learned
from autoscaler.core.sizing.sizing import Starts, learn, size
from tests.support.builders import FREE, NOW, THROUGHPUT, policy, seen

SLOW = TraefikSignal(Signal.SLOW_RATIO, 10.0, threshold_seconds=0.3)
GOAL = Objective(0.3, 0.99, SLOW, "throughput")
DAY = 86_400.0
MIDNIGHT = NOW // DAY * DAY


def promising(
    objective: Objective = GOAL,
    *,
    rule: Rule = THROUGHPUT,
    low: int = 1,
    high: int = 10,
    up: Behavior = FREE,
    down: Behavior = FREE,
) -> Policy:
    """A policy with an objective for its only rule."""
    return replace(policy(rule, low=low, high=high, up=up, down=down), objective=objective)


def every(seconds: float, loads: Iterable[float], *, start: float = MIDNIGHT) -> list[tuple[float, float]]:
    """The loads with their times."""
    return [(start + seconds * index, load) for index, load in enumerate(loads)]


def taught(which: Policy, past: list[tuple[float, float]], *, start_seconds: float | None = None) -> Learned:
    """What the policy's sizing learned from past loads, of which none is too old."""
    learned = learn_from(which, past, Memory(start_seconds=start_seconds), MIDNIGHT).learned
    assert learned is not None
    return learned


def sizing_of(which: Policy, learned: Learned | None) -> Sizing:
    """The sizing that follows from what was learned."""
    sizing = size(which, learned)
    assert sizing is not None
    return sizing


def notes(sizing: Sizing) -> Mapping[str, tuple[bool, str]]:
    """Each learned part: whether it is trusted, and why."""
    return {each.name: (each.trusted, each.note) for each in sizing.estimates}


def lived(which: Policy, share: Reading | float, load: float = 300.0, *, seconds: float = 3600.0) -> Learned:
    """What is learned from so long a constant load on four replicas with that share of slow answers."""
    learned = None
    observation = seen(4, {"throughput": load, OBJECTIVE: share})
    for step in range(round(seconds / 5.0) + 1):
        learned = learn(which, observation, learned, Starts(), NOW + 5.0 * step)
    assert learned is not None
    return learned


def noisy(mean: float, deviation: float, count: int, *, seed: int = 1) -> list[float]:
    dice = Random(seed)
    return [max(0.0, dice.gauss(mean, deviation)) for _ in range(count)]


def spiking(days: float, *, seconds: float = 60.0, usual: float = 100.0, spike: float = 400.0) -> list[float]:
    """A constant load but for ten minutes each day, at three o'clock: a cron job."""
    return [
        spike if 3 * 3600 <= seconds * index % DAY < 3 * 3600 + 600 else usual
        for index in range(round(days * DAY / seconds))
    ]


def size_of(value: object) -> int:
    """The bytes of a value and of all that it holds, each object once."""
    return _size_of(value, set())


def _size_of(value: object, counted: set[int]) -> int:
    if id(value) in counted:
        return 0
    counted.add(id(value))
    return sys.getsizeof(value) + sum(_size_of(part, counted) for part in _parts(value))


def _parts(value: object) -> Iterable[object]:
    if is_dataclass(value):
        return [getattr(value, each.name) for each in fields(value)]
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, tuple | list) else ()
