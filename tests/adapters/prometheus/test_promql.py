"""The query texts: windows in milliseconds, and what is a plain selector."""

import pytest

from autoscaler.adapters.prometheus.promql import is_selector, signal_query, with_matcher
from autoscaler.core.policy import Signal, TraefikSignal


@pytest.mark.parametrize("signal", list(Signal))
def test_every_signal_is_asked_over_its_own_window_for_all_services(signal: Signal) -> None:
    query = signal_query(TraefikSignal(signal, 7.5, 0.95))
    assert "[7500ms]" in query
    assert "sum by (service" in query


def test_the_quantile_is_the_rules() -> None:
    assert signal_query(TraefikSignal(Signal.LATENCY, 20.0, 0.99)).startswith("histogram_quantile(0.99, ")


@pytest.mark.parametrize(
    ("promql", "plain"),
    [("queue", True), (' queue{name="mail"} ', True), ("job:queue:sum", True), ("sum(queue)", False), ("a + b", False)],
)
def test_plain_selectors(promql: str, plain: bool) -> None:
    assert is_selector(promql) is plain


@pytest.mark.parametrize(("series", "made"), [("a", "a{x}"), ('a{b="c"}', 'a{b="c",x}')])
def test_a_matcher_is_added(series: str, made: str) -> None:
    assert with_matcher(series, "x") == made
