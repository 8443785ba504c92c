"""What the loads before a replayed span teach, as a daemon that starts at its beginning would have learned it."""

from collections.abc import Callable, Mapping, Sequence

from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.metrics import MetricHistory
from autoscaler.rehearse.backtest.fetch import Wanted
from autoscaler.rehearse.simulation.runner import NamedConfig
from autoscaler.warmstart.learning import REACHES_DAYS, Pupil, learn_days
from autoscaler.warmstart.window import Recalled

MOST_DAYS = max(REACHES_DAYS)

Learned = Mapping[str, Recalled]  # by service; those with an objective only


def learn_before(
    history: MetricHistory,
    scripts: Sequence[NamedConfig],
    wanted: Sequence[Wanted],
    start: float,
    *,
    progress: Callable[[float], None],
) -> Sequence[Learned]:
    """Return what each policy file's services know of the loads of the 14 days before `start` (unix seconds).

    A Prometheus that cannot tell them is no reason not to replay: then nothing is known, and `problem` says why.
    """
    pupils = {
        (index, each.name): pupil
        for index, script in enumerate(scripts)
        for each in wanted
        if (pupil := _pupil(script, each)) is not None
    }
    known: Sequence[Recalled] = ()
    if pupils:
        try:
            known = learn_days(history, list(pupils.values()), start, MOST_DAYS, progress)
        except MetricsUnavailable as error:
            known = [Recalled(problem=str(error)) for _ in pupils]
    learned: list[dict[str, Recalled]] = [{} for _ in scripts]
    for (index, name), recalled in zip(pupils, known, strict=True):
        learned[index][name] = recalled
    return learned


def _pupil(script: NamedConfig, wanted: Wanted) -> Pupil | None:
    policy = script.config.services[wanted.name].policy
    if policy.objective is None:
        return None
    return Pupil(policy, wanted.requests[policy.sources[policy.objective.rule]])
