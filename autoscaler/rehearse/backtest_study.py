"""One policy file, or two side by side, over what Prometheus knows of the past."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.ports import MetricHistory, Span
from autoscaler.rehearse.backtest import Replayed, backtest
from autoscaler.rehearse.backtest_before import Learned, learn_before
from autoscaler.rehearse.backtest_caveats import Circumstances
from autoscaler.rehearse.backtest_outcome import Outcome, outcomes
from autoscaler.rehearse.backtest_past import Catalog, Wanted, record
from autoscaler.rehearse.backtest_recording import Recording
from autoscaler.rehearse.stage import Script

Told = Callable[[str, float], None]  # what is being done, and the share of it that is done, 0 to 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What is replayed, and how."""

    span: Span
    start_delay_seconds: float
    now: float  # unix seconds


def study(
    history: MetricHistory,
    catalog: Catalog,
    scripts: Sequence[Script],
    names: Sequence[str],
    terms: Terms,
    *,
    tell: Told,
) -> dict[str, tuple[Outcome, ...]]:
    """Replay the named services, which every file has, under each policy; return the outcomes by service.

    Raises:
        ConfigError: Traefik has no service of that name.
        MetricsUnavailable: Prometheus does not answer, or knows nothing of a service in that span.
    """
    wanted = [Wanted(name, tuple(script.config.services[name] for script in scripts)) for name in names]
    recordings = record(
        history, catalog, wanted, terms.span, now=terms.now, progress=lambda share: tell("reading Prometheus", share)
    )
    learned = learn_before(
        history, scripts, wanted, terms.span.start, progress=lambda share: tell("learning from before", share)
    )
    replays = [_replay(script, recordings, known, terms, tell) for script, known in zip(scripts, learned, strict=True)]
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
    script: Script, recordings: Mapping[str, Recording], known: Learned, terms: Terms, tell: Told
) -> dict[str, Replayed]:
    services, budget = script.config.services, script.config.max_replicas_total
    return backtest(
        {name: (services[name].policy, recording) for name, recording in recordings.items()},
        start_delay_seconds=terms.start_delay_seconds,
        max_replicas_total=budget if set(recordings) == set(services) else None,
        progress=lambda share: tell(f"replaying {script.title}", share),
        memories={name: each.memory for name, each in known.items()},
    )


def _circumstances(
    script: Script, wanted: Wanted, recordings: Mapping[str, Recording], known: Learned, terms: Terms
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
