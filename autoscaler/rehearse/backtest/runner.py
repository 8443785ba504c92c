"""Backtests one policy file, or two to compare, over the past in Prometheus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoscaler.ports.metrics import MetricHistory, Span
from autoscaler.rehearse.backtest.caveats import ReplayConditions
from autoscaler.rehearse.backtest.fetch import Catalog, RequestedService, record
from autoscaler.rehearse.backtest.learn_before import Learned, learn_before
from autoscaler.rehearse.backtest.outcome import BacktestOutcome, outcomes
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.replay import Replayed, backtest
from autoscaler.rehearse.run import ReportProgress
from autoscaler.rehearse.simulation.runner import NamedConfig


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The span and the conditions of a replay."""

    span: Span
    start_delay_seconds: float
    now: float  # unix seconds


def backtest_services(
    history: MetricHistory,
    catalog: Catalog,
    files: Sequence[NamedConfig],
    names: Sequence[str],
    options: ReplayOptions,
    *,
    report_progress: ReportProgress,
) -> dict[str, tuple[BacktestOutcome, ...]]:
    """Replay the named services of every file under each policy; return the outcomes by service.

    Raises:
        ConfigError: Traefik has no service of that name.
        MetricsUnavailable: Prometheus does not answer, or has no data of a service in that span.
    """
    wanted = [RequestedService(name, tuple(file.config.services[name] for file in files)) for name in names]
    recordings = record(
        history,
        catalog,
        wanted,
        options.span,
        now=options.now,
        progress=lambda share: report_progress("reading Prometheus", share),
    )
    learned = learn_before(
        history,
        files,
        wanted,
        options.span.start,
        progress=lambda share: report_progress("learning from earlier load", share),
    )
    replays = [
        _replay(file, recordings, known, options, report_progress) for file, known in zip(files, learned, strict=True)
    ]
    return {
        each.name: outcomes(
            [file.title for file in files],
            [of[each.name] for of in replays],
            [_conditions(file, each, recordings, known, options) for file, known in zip(files, learned, strict=True)],
        )
        for each in wanted
    }


def _replay(
    file: NamedConfig,
    recordings: Mapping[str, Recording],
    known: Learned,
    options: ReplayOptions,
    report_progress: ReportProgress,
) -> dict[str, Replayed]:
    services, budget = file.config.services, file.config.max_replicas_total
    return backtest(
        {name: (services[name].policy, recording) for name, recording in recordings.items()},
        start_delay_seconds=options.start_delay_seconds,
        max_replicas_total=budget if set(recordings) == set(services) else None,
        progress=lambda share: report_progress(f"replaying {file.title}", share),
        memories={name: each.memory for name, each in known.items()},
    )


def _conditions(
    file: NamedConfig,
    wanted: RequestedService,
    recordings: Mapping[str, Recording],
    known: Learned,
    options: ReplayOptions,
) -> ReplayConditions:
    config = file.config
    return ReplayConditions(
        wanted,
        recordings[wanted.name],
        options.span.step_seconds,
        options.start_delay_seconds,
        config.interval_seconds,
        learned=known.get(wanted.name),
        unshared_budget=None if set(recordings) == set(config.services) else config.max_replicas_total,
    )
