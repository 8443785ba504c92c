"""Simulates the services of one or two policy files, all with the same requests."""

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
from autoscaler.rehearse.simulation.simulated_policy import goal_of, prepare_policy

MOST_AT_ONCE = 10_000  # requests; beyond that Erlang's recursion takes minutes


@dataclass(frozen=True, slots=True)
class NamedConfig:
    """A policy file, and its name in charts."""

    title: str
    config: Config


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """The simulated conditions; `goal_seconds` replaces the policies' own goals."""

    load: Load
    plant: Plant
    seed: int = 1
    goal_seconds: float | None = None
    with_queries: bool = False


def choose_services(files: Sequence[NamedConfig], names: Iterable[str]) -> list[str]:
    """Return the named services, or without names the services of every file.

    Raises:
        ConfigError: a file has no services, or lacks a named one, or the files have none in common.
    """
    if empty := [file.title for file in files if not file.config.services]:
        raise ConfigError(f"{' and '.join(empty)}: no services in it; labels are not read here, name a policy file")
    wanted = list(dict.fromkeys(names))
    for file in files:
        missing = [name for name in wanted if name not in file.config.services]
        if missing:
            known = ", ".join(file.config.services)
            raise ConfigError(f"{file.title}: no service {', '.join(missing)}; it has: {known}")
    common = [name for name in files[0].config.services if all(name in file.config.services for file in files)]
    if not common:
        raise ConfigError(f"{' and '.join(file.title for file in files)} have no service in common")
    return wanted or common


def simulate_services(
    files: Sequence[NamedConfig], services: Sequence[str], options: SimulationOptions, progress: Progress
) -> Mapping[str, Sequence[Run]]:
    """Return a run of each file's policy for each service; all receive the same requests.

    Raises:
        ConfigError: a policy cannot be simulated, no answer can meet its goal, or the load is too high.
    """
    _check_size(options)
    pairs = [(service, file) for service in services for file in files]
    policies = [
        prepare_policy(s.title, s.config, name, options.plant, with_queries=options.with_queries) for name, s in pairs
    ]
    scenario_of = cache(lambda goal, slow: _scenario(options, goal, slow))  # scenarios cache their demand
    scenarios = [scenario_of(*_goal(simulated.policy, options)) for simulated in policies]
    runs: dict[str, list[Run]] = {service: [] for service in services}
    for done, (simulated, scenario) in enumerate(zip(policies, scenarios, strict=True)):
        runs[simulated.policy.service].append(simulate(simulated, scenario, _part(progress, done, len(policies))))
    return runs


def _check_size(options: SimulationOptions) -> None:
    service_seconds = options.plant.service.service_seconds
    at_once = options.load.peak * service_seconds
    if at_once > MOST_AT_ONCE:
        many = f"{options.load.peak:,.0f} requests/s of {format_duration(service_seconds)} are {at_once:,.0f} at once"
        raise ConfigError(f"{many}; at most {MOST_AT_ONCE:,} can be simulated; lower --peak or --service-time")


def _part(progress: Progress, done: int, of: int) -> Progress:
    return lambda share: progress((done + share) / of)


def _goal(policy: Policy, options: SimulationOptions) -> tuple[float, float]:
    goal_seconds, slow_share = goal_of(policy)
    if options.goal_seconds is not None:
        goal_seconds = options.goal_seconds
    service_seconds = options.plant.service.service_seconds
    if goal_seconds <= service_seconds:
        goal, service = format_duration(goal_seconds), format_duration(service_seconds)
        raise ConfigError(
            f"{policy.service}: --service-time must be below the goal {goal}, or no answer can meet it, not {service}; "
            "--goal sets another goal"
        )
    return goal_seconds, slow_share


def _scenario(options: SimulationOptions, goal_seconds: float, slow_share: float) -> Scenario:
    service = replace(options.plant.service, goal_seconds=goal_seconds)
    return Scenario(options.load, replace(options.plant, service=service), slow_share, options.seed)
