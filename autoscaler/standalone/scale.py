"""The operation of `scale` without a daemon."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from autoscaler.config.load import load_file
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import by_labels
from autoscaler.config.settings import Settings
from autoscaler.control.result import failure_stage
from autoscaler.core.limits import beyond_bounds
from autoscaler.core.model import Direction
from autoscaler.errors import AutoscalerError, ConfigError
from autoscaler.events import OperationFinished
from autoscaler.ports.observers import discard
from autoscaler.ports.order import Order
from autoscaler.ports.targets import ReplicaTarget
from autoscaler.standalone.selection import chosen
from autoscaler.wiring import longest_request_seconds, make_target

MANUAL = "manual"


def scale(settings: Settings, names: Iterable[str], replicas: int) -> list[OperationFinished]:
    """Bring the named services (all, without names) to a count by the daemon's own target code.

    Raises:
        ConfigError: the policy file is wrong, there is no such service, or the count is outside a service's bounds.
        TargetUnavailable: the engine does not answer.
    """
    file = load_file(settings.config, settings)
    longest_request = partial(longest_request_seconds, settings, file.config, discard)
    target = make_target(settings, emit=discard, longest_request=longest_request)
    fleet = target.observe()
    services = chosen(by_labels(file)(fleet), names, fleet)
    for service in services.values():
        if (beyond := beyond_bounds(service.policy, replicas, time.time())) is not None:
            raise ConfigError(beyond)
    with ThreadPoolExecutor(file.config.max_concurrent_operations) as pool:
        return list(pool.map(lambda service: _scale(target, service, replicas), services.values()))


def _scale(target: ReplicaTarget, service: ServiceConfig, replicas: int) -> OperationFinished:
    at, started = time.time(), time.monotonic()
    finished = OperationFinished(service.policy.service, Direction.NONE, MANUAL, replicas, replicas, at, 0.0)
    try:
        before = target.observe().find(service.target).current
        finished = replace(finished, before=before, after=before, direction=Direction.between(before, replicas))
        order = Order(replicas, emit=discard, pause=_sleep, options=service.options)
        after = target.scale(service.target, order)
        finished = replace(finished, after=after)
    except AutoscalerError as error:
        finished = replace(finished, error=str(error), stage=failure_stage(error))
    return replace(finished, duration_seconds=time.monotonic() - started)


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False
