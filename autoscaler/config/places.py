"""Finds the place of a service's key in the policy file, for problems that only other programs reveal."""

from collections.abc import Iterator

from autoscaler.config.layers import locate
from autoscaler.config.load import PolicyFile, service_layers
from autoscaler.config.yaml_nodes import Place
from autoscaler.core.policy import Goal, Policy, Query, Signal


def locate_in_service(file: PolicyFile, name: str, place: Place, text: str) -> str:
    """Return the text after the location of a service's key; for a service of labels alone, after its name."""
    if name in file.config.services:
        return locate(service_layers(file.document, name), place, text)
    where = ".".join(str(part) for part in place)
    return f"labels of {name}: {f'{where}: ' if where else ''}{text}"


def latency_places(policy: Policy) -> Iterator[tuple[Place, float]]:
    """Yield the latencies (seconds) that must be measurable, each with its place in the service."""
    for rule in policy.rules:
        if isinstance(rule.source, Query) or rule.source.signal is not Signal.LATENCY:
            continue
        if rule.goal is Goal.TARGET:
            yield ("rules", rule.name, "target"), rule.target
        for index, step in enumerate(rule.steps):
            yield ("rules", rule.name, "steps", index, "above" if step.above else "below"), step.bound
    if policy.objective is not None:
        yield ("objective", "latency"), policy.objective.latency_seconds
