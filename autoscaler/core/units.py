"""Writes values in the units of their rules."""

from typing import assert_never

from autoscaler.core.policy import Query, Rule, Signal


def format_value(rule: Rule, value: float) -> str:
    """Write a value in the rule's unit."""
    if isinstance(rule.source, Query):
        return f"{value:.4g}"
    match rule.source.signal:
        case Signal.REQUESTS:
            return f"{value:.4g} req/s"
        case Signal.CONCURRENCY:
            return f"{value:.3g} in flight"
        case Signal.LATENCY:
            return f"{value * 1000:.0f} ms"
        case Signal.ERROR_RATIO | Signal.SLOW_RATIO:
            return f"{value * 100:.2g} %"
        case _:
            assert_never(rule.source.signal)
