"""What works without a daemon: one evaluation that acts on nothing, and scaling by hand."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from autoscaler.account import Account, account
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.core.model import Direction
from autoscaler.core.schedule import bounds_at
from autoscaler.cycle import Cycle
from autoscaler.errors import AutoscalerError, ConfigError, TargetUnavailable
from autoscaler.events import OperationFinished
from autoscaler.finished import failure_stage
from autoscaler.gate import Gate, dry_run
from autoscaler.operations import Operations
from autoscaler.order import Order
from autoscaler.policyfile.load import PolicyFile, load_file
from autoscaler.policyfile.model import Config, ServiceConfig
from autoscaler.policyfile.roster import Roster, by_labels, fixed
from autoscaler.ports import ReplicaTarget
from autoscaler.settings import Settings
from autoscaler.warmstart import WarmStart, wait_for
from autoscaler.wiring import make_history, make_source, make_target

MANUAL = "manual"
WARM_START_SECONDS = 10.0  # at most, before a plan


def plan(settings: Settings, names: Iterable[str] = ()) -> list[Account]:
    """Evaluate the named services (all, without names) once and act on nothing.

    It knows what a daemon that starts now would know; where Prometheus cannot say it, the memory is empty.

    Raises:
        ConfigError: the policy file is wrong, or neither it nor a label has such a service.
    """
    file, target = load_file(settings.config, settings), make_target(settings, tell=_nobody)
    roster = seen(file, target)
    wanted = chosen(roster, names)
    alone = file.config.max_replicas_total is None
    planner = _planner(settings, file.config, target, wanted if alone else roster.services)
    finished = planner.run(time.time())
    return [account(finished.services[name], wanted[name].policy, finished.at) for name in wanted]


def _planner(settings: Settings, config: Config, target: ComposeTarget, services: Mapping[str, ServiceConfig]) -> Cycle:
    """Return a cycle that acts on nothing; what a budget leaves for one service depends on all of them."""
    gate = Gate(Operations(target, _nobody, at_once=1), [dry_run])
    history = make_history(settings, config, _nobody, timeout_seconds=WARM_START_SECONDS)
    warm = WarmStart(fixed(services), target, history, interval_seconds=config.interval_seconds)
    memories = {name: each.memory for name, each in wait_for(warm, time.time(), WARM_START_SECONDS).items()}
    source = make_source(settings, config, _nobody)
    return Cycle(
        *(fixed(services), source, target, gate, _nobody),
        max_replicas_total=config.max_replicas_total,
        memories=memories,
        refusal=target.refusal,
    )


def scale(settings: Settings, names: Iterable[str], replicas: int) -> list[OperationFinished]:
    """Bring the named services (all, without names) to that count by the daemon's own target code.

    Raises:
        ConfigError: the policy file is wrong, there is no such service, or the count is outside a service's bounds.
        TargetUnavailable: the engine does not answer.
    """
    file, target = load_file(settings.config, settings), make_target(settings, tell=_nobody)
    services = chosen(seen(file, target), names)
    for service in services.values():
        check_bounds(service, replicas, time.time())
    with ThreadPoolExecutor(file.config.max_concurrent_operations) as pool:
        return list(pool.map(lambda service: _scale(target, service, replicas), services.values()))


def seen(file: PolicyFile, target: ReplicaTarget) -> Roster:
    """Return the services of the file and those that labels enable; without an engine, those of the file alone."""
    try:
        return by_labels(file)(target.observe())
    except TargetUnavailable:
        return Roster(file.config.services)


def chosen(roster: Roster, names: Iterable[str]) -> Mapping[str, ServiceConfig]:
    """Return the named services, or all of them.

    Raises:
        ConfigError: a name is not there, or nothing is; or the labels of one of them have a mistake.
    """
    services, wanted = roster.services, list(names)
    mistakes = [why for name, why in roster.refused.items() if name in wanted or not wanted]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if not services:
        raise ConfigError("there is nothing to scale: no service is in the policy file or has autoscaler.enable=true")
    wanted = wanted or list(services)
    unknown = [name for name in wanted if name not in services]
    if unknown:
        known = ", ".join(sorted(services))
        raise ConfigError(
            f"no service {', '.join(unknown)} in the policy file or enabled by a label; there are: {known}"
        )
    return {name: services[name] for name in wanted}


def check_bounds(service: ServiceConfig, replicas: int, now: float) -> None:
    """Refuse a count that the policy does not allow at `now` (unix seconds), with what schedules make of its bounds.

    Raises:
        ConfigError: it is outside the bounds.
    """
    policy = service.policy
    bounds = bounds_at(policy.min_replicas, policy.max_replicas, policy.schedules, now)
    if not bounds.low <= replicas <= bounds.high:
        allowed = f"replicas {bounds.low} to {bounds.high} of the policy file"
        moved = " as a schedule moves them now" if bounds.low_by or bounds.high_by else ""
        raise ConfigError(f"{policy.service}: {replicas} is outside {allowed}{moved}")


def _scale(target: ReplicaTarget, service: ServiceConfig, replicas: int) -> OperationFinished:
    at, started = time.time(), time.monotonic()
    finished = OperationFinished(service.policy.service, Direction.NONE, MANUAL, replicas, replicas, at, 0.0)
    try:
        before = target.observe().find(service.target).current
        finished = replace(finished, before=before, after=before, direction=direction(before, replicas))
        order = Order(replicas, tell=_nobody, pause=_sleep, options=service.options)
        after = target.scale(service.target, order)
        finished = replace(finished, after=after)
    except AutoscalerError as error:
        finished = replace(finished, error=str(error), stage=failure_stage(error))
    return replace(finished, duration_seconds=time.monotonic() - started)


def direction(before: int, after: int) -> Direction:
    """Return which way a change goes."""
    if before == after:
        return Direction.NONE
    return Direction.UP if after > before else Direction.DOWN


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _nobody(_: object) -> None:
    """Tell nobody: these commands print their result."""
