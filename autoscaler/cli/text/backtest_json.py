"""`autoscaler backtest --json`: everything but the timeline."""

from collections.abc import Mapping, Sequence
from typing import Any

from autoscaler.rehearse.backtest.outcome import Outcome
from autoscaler.rehearse.backtest.runner import ReplayOptions


def as_json(outcomes: Mapping[str, Sequence[Outcome]], terms: ReplayOptions) -> dict[str, Any]:
    """Return everything as JSON knows it; times are unix seconds."""
    span = terms.span
    return {
        "since": span.start,
        "until": span.end,
        "step_seconds": span.step_seconds,
        "start_delay_seconds": terms.start_delay_seconds,
        "runs": [_run(outcome) for of_service in outcomes.values() for outcome in of_service],
    }


def _run(outcome: Outcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "title": run.title,
        "service": run.service,
        "totals": outcome.totals,
        "figures": run.figures,
        "decisions": run.decisions,
        "caveats": run.caveats,
    }
