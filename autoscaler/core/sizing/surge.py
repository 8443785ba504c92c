"""Surge: overload leaves a queue, so more replicas than the load needs are wanted until answers are quick again.

With capacity for the load alone a queue does not empty: at 95 % utilisation a queue of five seconds lasts 100 s.
"""

import math
from dataclasses import replace

from autoscaler.core.memory import Memory
from autoscaler.core.model import Moment, Observation, Sizing
from autoscaler.core.policy import OBJECTIVE, Policy
from autoscaler.core.sizing.sizing import recent_load

OVERLOADED_SHARE = 0.5  # of the answers, slow
FACTOR = 1.6  # of the load: the queue empties in a few seconds
LEAST_SLOW_ANSWERS = 10.0  # in the window; fewer may be chance
HOLD_SECONDS = 30.0


def observe_surge(policy: Policy, seen: Observation, memory: Memory, sizing: Sizing | None, now: float) -> Memory:
    """Record that most answers are slow, and the replicas that this load and its queue need."""
    objective = policy.objective
    if objective is None or sizing is None:
        return memory
    load, slow_share = recent_load(policy, seen), seen.value(OBJECTIVE)
    if load is None or slow_share is None or slow_share < OVERLOADED_SHARE:
        return memory
    if load * slow_share * objective.source.window_seconds < LEAST_SLOW_ANSWERS:
        return memory
    return replace(memory, surge=Moment(now + HOLD_SECONDS, math.ceil(FACTOR * load / sizing.per_replica)))
