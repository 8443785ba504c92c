"""Learns from the loads before a replayed span, as a daemon that starts with the span would have learned."""

from collections.abc import Callable, Mapping, Sequence

from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.metrics import MetricHistory
from autoscaler.rehearse.backtest.fetch import RequestedService
from autoscaler.rehearse.simulation.runner import NamedConfig
from autoscaler.warmstart.learning import REACHES_DAYS, LearningService, learn_days
from autoscaler.warmstart.window import RebuiltMemory

MOST_DAYS = max(REACHES_DAYS)

Learned = Mapping[str, RebuiltMemory]  # by service; those with an objective only


def learn_before(
    history: MetricHistory,
    files: Sequence[NamedConfig],
    wanted: Sequence[RequestedService],
    start: float,
    *,
    progress: Callable[[float], None],
) -> Sequence[Learned]:
    """Return what the services of each policy file learn from the days of load before `start` (unix seconds).

    If Prometheus cannot return them, the replay goes on with nothing learned, and `problem` says why.
    """
    services = {
        (index, each.name): service
        for index, file in enumerate(files)
        for each in wanted
        if (service := _learning_service(file, each)) is not None
    }
    known: Sequence[RebuiltMemory] = ()
    if services:
        try:
            known = learn_days(history, list(services.values()), start, MOST_DAYS, progress)
        except MetricsUnavailable as error:
            known = [RebuiltMemory(problem=str(error)) for _ in services]
    learned: list[dict[str, RebuiltMemory]] = [{} for _ in files]
    for (index, name), recalled in zip(services, known, strict=True):
        learned[index][name] = recalled
    return learned


def _learning_service(file: NamedConfig, wanted: RequestedService) -> LearningService | None:
    policy = file.config.services[wanted.name].policy
    if policy.objective is None:
        return None
    return LearningService(policy, wanted.requests[policy.sources[policy.objective.rule]])
