"""Overload leaves a queue, and a queue outlives it: more replicas than the load needs, until answers are quick again.

With capacity for just the load a queue never empties: at 95 % utilisation one of five seconds takes 100 s to go.
"""

import math
from dataclasses import replace

from autoscaler.core.memory import Memory
from autoscaler.core.model import Moment, Observation, Sizing
from autoscaler.core.policy import OBJECTIVE, Policy
from autoscaler.core.sizing.capacity import OVERLOADED_SHARE
from autoscaler.core.sizing.sizing import recent_load

FACTOR = 1.6  # of the load: what waits is gone in a few seconds
LEAST_SLOW_ANSWERS = 10.0  # in the window; fewer may be chance
HOLD_SECONDS = 30.0


def see_surge(policy: Policy, observation: Observation, memory: Memory, sizing: Sizing | None, now: float) -> Memory:
    """Note when most answers are slow, and the replicas that this load and its queue need."""
    objective = policy.objective
    if objective is None or sizing is None:
        return memory
    load, slow_share = recent_load(policy, objective, observation), observation.value(OBJECTIVE)
    if load is None or slow_share is None or slow_share < OVERLOADED_SHARE:
        return memory
    if load * slow_share * objective.source.window_seconds < LEAST_SLOW_ANSWERS:
        return memory
    return replace(memory, surge=Moment(now + HOLD_SECONDS, math.ceil(FACTOR * load / sizing.per_replica)))
