"""Nomad Autoscaler's strategy target-value and the cooldown of its handler, written anew from published behaviour.

Sources: hashicorp/nomad-autoscaler, plugins/builtin/strategy/target-value/plugin/plugin.go (Run, calculateDirection),
policy/check.go (runCheckAndCapCount), policy/handler.go (Run, scalingNeeded, waitAndScale, calculateCooldown) and
sdk/strategy.go (CapCount), with the defaults of agent/config/config.go.

This is a policy of one check, without max_scale_up and max_scale_down, which are unset by default. A rescale of the
plant counts as done at once, so the states between idle and cooldown are not seen here.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from benchmarks.elasticity.view import View


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Action:
    """What a check asks for; the bounds may change the count, but not the direction."""

    direction: Direction
    count: int

    def capped(self, lowest: int, highest: int) -> "Action":
        return replace(self, count=min(max(self.count, lowest), highest))

    def is_needed(self, count: int) -> bool:
        """Tell whether it changes `count`; an action without a direction never does."""
        return self.direction is not Direction.NONE and self.count != count


def target_value(metric: float, target: float, count: int, threshold: float) -> Action:
    """Return what brings a metric per replica to its target, both in one unit; none within threshold, a share of 1.

    The factor is rounded before it is multiplied, and the product up: an exact share may cost a replica.
    """
    factor = metric / target if target else metric
    direction = direction_of(count, factor, threshold)
    if direction is Direction.NONE:
        return Action(direction, count)
    wanted = math.ceil(count * factor) if count else math.ceil(factor)
    return Action(direction if wanted != count else Direction.NONE, wanted)


def direction_of(count: int, factor: float, threshold: float) -> Direction:
    """Return where a factor leads; both edges of the threshold lead nowhere."""
    if count == 0:
        return Direction.UP if factor > 0 else Direction.NONE
    if factor < 1 - threshold:
        return Direction.DOWN
    return Direction.UP if factor > 1 + threshold else Direction.NONE


class Handler:
    """The part of a policy's handler that lets an action through, or not; times and durations are in seconds."""

    def __init__(
        self,
        *,
        cooldown_seconds: float,
        cooldown_on_scale_up_seconds: float,
        out_of_cooldown_at: float = -math.inf,
    ) -> None:
        self.out_of_cooldown_at = out_of_cooldown_at
        self._cooldown_seconds = cooldown_seconds
        self._cooldown_on_scale_up_seconds = cooldown_on_scale_up_seconds

    def step(self, now: float, count: int, action: Action) -> int:
        """Return the new count; a cooldown lasts until after its end, and actions within are forgotten."""
        if not action.is_needed(count) or now <= self.out_of_cooldown_at:
            return count
        self.out_of_cooldown_at = now + self._cooldown_after(action)
        return action.count

    def _cooldown_after(self, action: Action) -> float:
        is_up = action.direction is Direction.UP
        return self._cooldown_on_scale_up_seconds if is_up else self._cooldown_seconds


class Nomad:
    """Nomad Autoscaler for one target; what it remembers is lost with the object, as with its restart."""

    def __init__(
        self,
        *,
        target_per_replica: float,  # requests per second
        min_replicas: int,
        max_replicas: int,
        interval_seconds: float = 10.0,
        threshold: float = 0.01,
        cooldown_seconds: float = 300.0,
        cooldown_on_scale_up_seconds: float | None = None,  # None or 0: as cooldown_seconds
        query_window_seconds: float = 60.0,
    ) -> None:
        self.interval_seconds = interval_seconds
        self._target = target_per_replica
        self._min, self._max = min_replicas, max_replicas
        self._threshold = threshold
        self._query_window_seconds = query_window_seconds
        self._handler = Handler(
            cooldown_seconds=cooldown_seconds,
            cooldown_on_scale_up_seconds=cooldown_on_scale_up_seconds or cooldown_seconds,
        )

    def decide(self, view: View) -> int:
        """Run one evaluation; without a metric, or without an action, a count beyond its bounds stays there."""
        total = view.scraped_rate(self._query_window_seconds)
        if total is None:
            return view.replicas
        per_replica = total / max(1, view.replicas)
        action = target_value(per_replica, self._target, view.replicas, self._threshold)
        return self._handler.step(view.now, view.replicas, action.capped(self._min, self._max))
