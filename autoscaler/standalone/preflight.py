"""Checks a policy file against the engine and Prometheus: each service exists, can be scaled, can be measured."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.config.load import PolicyFile, load_file
from autoscaler.config.model import Config, ServiceConfig
from autoscaler.config.places import latency_places, locate_in_service
from autoscaler.config.services import by_labels
from autoscaler.config.settings import Settings
from autoscaler.errors import MalformedAnswer, MetricsUnavailable, TargetRefused, TargetUnavailable
from autoscaler.events import Event, ViewChanged
from autoscaler.ports.fleet import Fleet, ServiceState
from autoscaler.ports.observers import discard
from autoscaler.ports.targets import ReplicaTarget
from autoscaler.standalone.selection import unread_labels
from autoscaler.wiring import make_catalog, make_target

ENGINE_SECONDS = PROMETHEUS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One service as the engine sees it; without `current` it was not found."""

    current: int | None = None
    ready: int | None = None
    note: str | None = None  # why it was not found
    obstacle: str | None = None  # why it cannot be scaled
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of a check. `config` has the services that labels describe, too, if the engine answered.

    `unasked` says why the engine or Prometheus did not answer. `problems` has a line for each thing that forbids
    scaling, with its file and line. `view` says whether Traefik's view is used, if there is one.
    """

    config: Config
    seen: Mapping[str, Seen] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    view: ViewChanged | None = None


def examine(path: Path, settings: Settings, *, offline: bool) -> Examination:
    """Load a policy file and, unless offline, check its services against the engine and Prometheus.

    Raises:
        ConfigError: the file is wrong.
    """
    file = load_file(path, settings)
    found = Examination(file.config)
    return found if offline else _check_metrics(file, _check_target(file, found))


def _check_target(file: PolicyFile, found: Examination) -> Examination:
    timeout_seconds = min(ENGINE_SECONDS, file.settings.docker_timeout_seconds)
    heard: list[Event] = []
    target = make_target(file.settings.model_copy(update={"docker_timeout": timeout_seconds}), heard.append)
    fleet = target.observe()
    resolved = by_labels(file)(fleet)
    unavailable, seen = dict(fleet.unavailable), dict[str, Seen]()
    for name, service in resolved.services.items():
        if service.target.kind in unavailable:
            continue
        try:
            seen[name] = _seen(target, fleet, service)
        except MalformedAnswer as error:
            seen[name] = Seen(note=str(error))
        except TargetUnavailable as error:
            unavailable[service.target.kind] = str(error)
    problems = [line for why in resolved.refused.values() for line in why.splitlines()]
    problems += [
        locate_in_service(file, name, (), f"cannot be scaled: {each.obstacle}")
        for name, each in seen.items()
        if each.obstacle is not None
    ]
    if not resolved.services and (unread := unread_labels(fleet)) is not None:
        problems.append(unread)
    config = replace(found.config, services=resolved.services)
    unasked = (*found.unasked, *unavailable.values())
    view = next((event for event in reversed(heard) if isinstance(event, ViewChanged)), None)
    return replace(found, config=config, seen=seen, problems=(*found.problems, *problems), unasked=unasked, view=view)


def _seen(target: ReplicaTarget, fleet: Fleet, service: ServiceConfig) -> Seen:
    try:
        state = fleet.find(service.target)
    except (TargetRefused, TargetUnavailable) as error:  # the target itself has answered
        return Seen(note=str(error))
    obstacle = target.refusal(state.ref)
    warnings = (*target.warnings(state.ref, service.policy.max_replicas, service.options), *_misnamed(service, state))
    return Seen(state.current, state.ready, obstacle=obstacle, warnings=warnings)


def _misnamed(service: ServiceConfig, state: ServiceState) -> Iterator[str]:
    stated, labelled = service.traefik_service, state.traefik_service
    known = {labelled, *state.further_traefik_services}
    if stated and labelled and stated.endswith("@docker") and stated not in known:
        yield (
            f"traefik_service is {stated}, but by its labels Traefik calls it {labelled}; "
            "under a name that Traefik does not use no load is seen"
        )


def _check_metrics(file: PolicyFile, found: Examination) -> Examination:
    timeout_seconds = min(PROMETHEUS_SECONDS, file.config.prometheus.timeout_seconds)
    try:
        catalog = make_catalog(file.settings, file.config, discard, timeout_seconds=timeout_seconds)
        buckets = catalog.buckets(time.time())
    except MetricsUnavailable as error:
        return replace(found, unasked=(*found.unasked, str(error)))
    problems = [line for name, each in found.config.services.items() for line in _too_slow(file, name, each, buckets)]
    return replace(found, problems=(*found.problems, *problems))


def _too_slow(file: PolicyFile, name: str, service: ServiceConfig, buckets: Buckets) -> Iterator[str]:
    for place, seconds in latency_places(service.policy):
        note = buckets.too_low_note(seconds)
        if note is not None:
            yield locate_in_service(file, name, place, f"{seconds:g} s cannot be measured: {note}")
