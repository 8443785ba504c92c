"""Checks a policy file across several keys that are valid each on their own."""

from collections.abc import Iterator, Mapping

from autoscaler.config.layers import Layer, Layers, locate
from autoscaler.config.model import Config, ServiceConfig
from autoscaler.config.yaml_tree import Document
from autoscaler.core.policy import Policy
from autoscaler.ports.fleet import ServiceRef


def inconsistencies(config: Config, document: Document, services: Mapping[str, Layers]) -> list[str]:
    """Return one line for each problem, with file, line, key, value and what is allowed."""
    lines = [
        *_shared_targets(config.services, document),
        *_small_budget(config, document),
    ]
    for name, service in config.services.items():
        lines.extend(policy_inconsistencies(service.policy, services[name]))
    return list(dict.fromkeys(lines))


def policy_inconsistencies(policy: Policy, layers: Layers) -> Iterator[str]:
    """Return one line for each problem of one policy, which was merged from these layers."""
    yield from _schedules(policy, layers)
    yield from _bursts(policy, layers)


def _shared_targets(services: Mapping[str, ServiceConfig], document: Document) -> Iterator[str]:
    owners: dict[ServiceRef, str] = {}
    for name, service in services.items():
        owner = owners.setdefault(service.target, name)
        if owner != name:
            text = f"scales {service.target}, and so does services.{owner}; a service may have one policy"
            yield locate([Layer(document, ("services", name))], (), text)


def _small_budget(config: Config, document: Document) -> Iterator[str]:
    total, needed = config.max_replicas_total, sum(each.policy.min_replicas for each in config.services.values())
    if total is not None and needed > total:
        text = f"must be at least {needed}, the sum of `replicas.min` of all services, not {total}"
        yield locate([Layer(document, ())], ("limits", "max_replicas_total"), text)


def _schedules(policy: Policy, layers: Layers) -> Iterator[str]:
    """Refuse a scheduled bound that can never take effect because of the other one."""
    for index, schedule in enumerate(policy.schedules):
        low, high = schedule.min_replicas, schedule.max_replicas
        if low is not None and high is None and low > policy.max_replicas:
            text = f"is above replicas.max {policy.max_replicas}; give the schedule a `max`, too, or raise replicas.max"
            yield locate(layers, ("schedules", index, "min"), f"{low} {text}")
        if high is not None and low is None and high < policy.min_replicas:
            text = f"is below replicas.min {policy.min_replicas}; give the schedule a `min`, too, or lower replicas.min"
            yield locate(layers, ("schedules", index, "max"), f"{high} {text}")


def _bursts(policy: Policy, layers: Layers) -> Iterator[str]:
    for rule in policy.rules:
        if rule.burst is not None and rule.burst.window_seconds >= rule.source.window_seconds:
            long, short = f"{rule.source.window_seconds:g} s", f"{rule.burst.window_seconds:g} s"
            text = f"must be shorter than the window of the rule {rule.name}, {long}, not {short}; or set burst: off"
            yield locate(layers, ("burst", "window"), text)
