"""Brings policies, load and plant together: one or two policy files, their services, the same requests for all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from autoscaler.config.model import Config
from autoscaler.core.policy import Policy
from autoscaler.errors import ConfigError
from autoscaler.formats import format_duration
from autoscaler.rehearse.run import Run
from autoscaler.rehearse.simulation.loads import Load
from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.scenario import Scenario
from autoscaler.rehearse.simulation.simulate import Progress, simulate
from autoscaler.rehearse.simulation.simulated_policy import goal_of, make_actor

MOST_AT_ONCE = 10_000  # requests; beyond that Erlang's recursion takes minutes


@dataclass(frozen=True, slots=True)
class NamedConfig:
    """A policy file under the name that charts call it by."""

    title: str
    config: Config


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """What is simulated around the policies; `goal_seconds` replaces the goals that they have themselves."""

    load: Load
    plant: Plant
    seed: int = 1
    goal_seconds: float | None = None
    with_queries: bool = False


def choose(scripts: Sequence[NamedConfig], names: Iterable[str]) -> list[str]:
    """Return the named services, or, without names, those that every file has.

    Raises:
        ConfigError: a file has no services, or lacks a named one, or there is none that all have.
    """
    if empty := [script.title for script in scripts if not script.config.services]:
        raise ConfigError(f"{' and '.join(empty)}: no services in it; labels are not read here, name a policy file")
    wanted = list(dict.fromkeys(names))
    for script in scripts:
        missing = [name for name in wanted if name not in script.config.services]
        if missing:
            known = ", ".join(script.config.services)
            raise ConfigError(f"{script.title}: no service {', '.join(missing)}; it has: {known}")
    common = [name for name in scripts[0].config.services if all(name in script.config.services for script in scripts)]
    if not common:
        raise ConfigError(f"{' and '.join(script.title for script in scripts)} have no service in common")
    return wanted or common


def perform(
    scripts: Sequence[NamedConfig], services: Sequence[str], terms: SimulationOptions, progress: Progress
) -> Mapping[str, Sequence[Run]]:
    """Return a run of each file's policy for each service; all get the same requests.

    Raises:
        ConfigError: a policy cannot be simulated, its goal is one that no answer can meet, or the load is too much.
    """
    _check_size(terms)
    acts = [(service, script) for service in services for script in scripts]
    cast = [make_actor(s.title, s.config, name, terms.plant, with_queries=terms.with_queries) for name, s in acts]
    scene_of = cache(lambda goal, slow: _scene(terms, goal, slow))  # scenes remember what they work out
    scenes = [scene_of(*_goal(actor.policy, terms)) for actor in cast]
    runs: dict[str, list[Run]] = {service: [] for service in services}
    for done, (actor, scene) in enumerate(zip(cast, scenes, strict=True)):
        runs[actor.policy.service].append(simulate(actor, scene, _part(progress, done, len(cast))))
    return runs


def _check_size(terms: SimulationOptions) -> None:
    service_seconds = terms.plant.service.service_seconds
    at_once = terms.load.peak * service_seconds
    if at_once > MOST_AT_ONCE:
        many = f"{terms.load.peak:,.0f} requests/s of {format_duration(service_seconds)} are {at_once:,.0f} at once"
        raise ConfigError(f"{many}; at most {MOST_AT_ONCE:,} can be simulated; lower --peak or --service-time")


def _part(progress: Progress, done: int, of: int) -> Progress:
    return lambda share: progress((done + share) / of)


def _goal(policy: Policy, terms: SimulationOptions) -> tuple[float, float]:
    goal_seconds, slow_share = goal_of(policy)
    if terms.goal_seconds is not None:
        goal_seconds = terms.goal_seconds
    service_seconds = terms.plant.service.service_seconds
    if goal_seconds <= service_seconds:
        goal, service = format_duration(goal_seconds), format_duration(service_seconds)
        raise ConfigError(
            f"{policy.service}: --service-time must be below the goal {goal}, or no answer can meet it, not {service}; "
            "--goal sets another goal"
        )
    return goal_seconds, slow_share


def _scene(terms: SimulationOptions, goal_seconds: float, slow_share: float) -> Scenario:
    service = replace(terms.plant.service, goal_seconds=goal_seconds)
    return Scenario(terms.load, replace(terms.plant, service=service), slow_share, terms.seed)
