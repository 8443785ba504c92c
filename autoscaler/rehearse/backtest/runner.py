"""One policy file, or two side by side, over what Prometheus knows of the past."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.ports.metrics import MetricHistory, Span
from autoscaler.rehearse.backtest.caveats import Circumstances
from autoscaler.rehearse.backtest.fetch import Catalog, Wanted, record
from autoscaler.rehearse.backtest.learn_before import Learned, learn_before
from autoscaler.rehearse.backtest.outcome import Outcome, outcomes
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.replay import Replayed, backtest
from autoscaler.rehearse.simulation.runner import NamedConfig

Told = Callable[[str, float], None]  # what is being done, and the share of it that is done, 0 to 1


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What is replayed, and how."""

    span: Span
    start_delay_seconds: float
    now: float  # unix seconds


def study(
    history: MetricHistory,
    catalog: Catalog,
    scripts: Sequence[NamedConfig],
    names: Sequence[str],
    terms: ReplayOptions,
    *,
    report_progress: Told,
) -> dict[str, tuple[Outcome, ...]]:
    """Replay the named services, which every file has, under each policy; return the outcomes by service.

    Raises:
        ConfigError: Traefik has no service of that name.
        MetricsUnavailable: Prometheus does not answer, or knows nothing of a service in that span.
    """
    wanted = [Wanted(name, tuple(script.config.services[name] for script in scripts)) for name in names]
    recordings = record(
        history,
        catalog,
        wanted,
        terms.span,
        now=terms.now,
        progress=lambda share: report_progress("reading Prometheus", share),
    )
    learned = learn_before(
        history,
        scripts,
        wanted,
        terms.span.start,
        progress=lambda share: report_progress("learning from before", share),
    )
    replays = [
        _replay(script, recordings, known, terms, report_progress)
        for script, known in zip(scripts, learned, strict=True)
    ]
    return {
        each.name: outcomes(
            [script.title for script in scripts],
            [of[each.name] for of in replays],
            [
                _circumstances(script, each, recordings, known, terms)
                for script, known in zip(scripts, learned, strict=True)
            ],
        )
        for each in wanted
    }


def _replay(
    script: NamedConfig,
    recordings: Mapping[str, Recording],
    known: Learned,
    terms: ReplayOptions,
    report_progress: Told,
) -> dict[str, Replayed]:
    services, budget = script.config.services, script.config.max_replicas_total
    return backtest(
        {name: (services[name].policy, recording) for name, recording in recordings.items()},
        start_delay_seconds=terms.start_delay_seconds,
        max_replicas_total=budget if set(recordings) == set(services) else None,
        progress=lambda share: report_progress(f"replaying {script.title}", share),
        memories={name: each.memory for name, each in known.items()},
    )


def _circumstances(
    script: NamedConfig, wanted: Wanted, recordings: Mapping[str, Recording], known: Learned, terms: ReplayOptions
) -> Circumstances:
    config = script.config
    return Circumstances(
        wanted,
        recordings[wanted.name],
        terms.span.step_seconds,
        terms.start_delay_seconds,
        config.interval_seconds,
        learned=known.get(wanted.name),
        unshared_budget=None if set(recordings) == set(config.services) else config.max_replicas_total,
    )
