"""Prepares a policy for simulation: drops the rules that cannot be simulated, and lists the caveats."""

from collections.abc import Iterator
from dataclasses import replace

from autoscaler.config.model import Config
from autoscaler.core.policy import Policy, Query, Rule
from autoscaler.errors import ConfigError
from autoscaler.formats import format_duration
from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.readings import is_latency, shortest_window
from autoscaler.rehearse.simulation.simulate import SimulatedPolicy

USUAL_GOAL_SECONDS = 0.3
USUAL_SLOW_SHARE = 0.01


def prepare_policy(title: str, config: Config, service: str, plant: Plant, *, with_queries: bool) -> SimulatedPolicy:
    """Return the policy of one service of the file as it can be simulated, with its caveats.

    A `query` cannot be simulated. Its rules are left out, unless `with_queries`: then they stay, without a reading.

    Raises:
        ConfigError: without its queries no rule is left that may raise.
    """
    policy = config.services[service].policy
    queries = [rule for rule in policy.rules if isinstance(rule.source, Query)]
    if queries and not with_queries:
        policy = _without(policy, queries)
    found = (*_about_queries(queries, kept=with_queries), *_about(policy, config, plant))
    return SimulatedPolicy(title, policy, config.interval_seconds, config.prometheus.max_sample_age_seconds, found)


def goal_of(policy: Policy) -> tuple[float, float]:
    """Return the goal in seconds, and the share of answers that may exceed it.

    From the objective; else the target of a latency rule, or 300 ms, and 1 %.
    """
    if policy.objective is not None:
        return policy.objective.latency_seconds, policy.objective.budget
    targets = [rule.target for rule in policy.rules if is_latency(rule.source)]
    return (targets[0] if targets else USUAL_GOAL_SECONDS), USUAL_SLOW_SHARE


def _without(policy: Policy, queries: list[Rule]) -> Policy:
    kept = tuple(rule for rule in policy.rules if rule not in queries)
    if all(rule.cap for rule in kept):
        raise ConfigError(
            f"{policy.service}: a query cannot be simulated, and without {_names(queries)} no rule asks for replicas; "
            "--with-queries shows what happens without a reading"
        )
    return replace(policy, rules=kept)


def _about_queries(queries: list[Rule], *, kept: bool) -> Iterator[str]:
    if not queries:
        return
    what = "has no reading, which may forbid to lower" if kept else "is left out; --with-queries keeps it, unread"
    yield f"A query cannot be simulated: {_names(queries)} {what}."


def _about(policy: Policy, config: Config, plant: Plant) -> Iterator[str]:
    shortest = shortest_window(plant.scrape_seconds)
    for name, source in policy.sources.items():
        if not isinstance(source, Query) and source.window_seconds < shortest:
            window, scrape = format_duration(source.window_seconds), format_duration(plant.scrape_seconds)
            yield f"{name} has no reading: its window {window} is shorter than two scrapes ({scrape} apart)."
    if policy.objective is not None:
        yield "The simulation starts with nothing learned; the daemon first learns from days of Prometheus data."
    if policy.schedules:
        yield "For schedules, the simulation starts on Monday 2024-01-01 00:00 UTC, unless the CSV file has unix times."
    if config.max_replicas_total is not None and len(config.services) > 1:
        yield f"Each service is simulated alone: limits.max_replicas_total {config.max_replicas_total} is not shared."
    yield (
        "The service is a model: random arrivals, equal replicas, waiting times of queueing theory. A real service has "
        "slow requests, cold caches, shared hosts, failing starts, and clients that retry."
    )


def _names(rules: list[Rule]) -> str:
    return ", ".join(rule.name for rule in rules)
