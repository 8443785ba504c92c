"""The query texts: windows in milliseconds, and what is a plain selector."""

import re
from typing import cast

import pytest

from autoscaler.adapters.prometheus.buckets import Part
from autoscaler.adapters.prometheus.promql import TraefikQueries, is_selector, with_matcher
from autoscaler.core.policy import Signal, TraefikSignal


@pytest.mark.parametrize("signal", list(Signal))
def test_every_signal_is_asked_over_its_own_window_for_all_services(signal: Signal) -> None:
    query = TraefikQueries().signal(TraefikSignal(signal, 7.5, 0.95), [Part(("0.3",), 1.0)])
    assert "[7500ms]" in query
    assert "sum by (service" in query


def test_the_quantile_is_the_rules() -> None:
    assert TraefikQueries().signal(TraefikSignal(Signal.LATENCY, 20.0, 0.99)).startswith("histogram_quantile(0.99, ")


def test_a_slow_share_counts_the_buckets_up_to_its_threshold_however_they_are_written() -> None:
    parts = [Part(("0.3",), 0.75), Part(("5", "5.0"), 0.25)]
    query = TraefikQueries().signal(TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=1.0), parts)
    assert r"le=~`0\.3`" in query
    assert r"le=~`5|5\.0`" in query
    assert "1 - clamp_max((0.75 * sum by (service)" in query


@pytest.mark.parametrize(
    ("promql", "plain"),
    [
        ("queue", True),
        (' queue{name="mail"} ', True),
        ("job:queue:sum", True),
        ("sum(queue)", False),
        ("a + b", False),
        (f"a{' ' * 16_000}b", False),
    ],
)
def test_plain_selectors(promql: str, plain: bool) -> None:
    assert is_selector(promql) is plain


@pytest.mark.parametrize(("series", "made"), [("a", "a{x}"), ('a{b="c"}', 'a{b="c",x}')])
def test_a_matcher_is_added(series: str, made: str) -> None:
    assert with_matcher(series, "x") == made


@pytest.mark.parametrize("signal", list(Signal))
def test_every_series_of_traefik_is_selected_and_grouped_by_the_configured_label(signal: Signal) -> None:
    queries = TraefikQueries({"job": "traefik", "instance": 'e"dge'}, "exported_service")
    texts = [
        queries.signal(TraefikSignal(signal, 20.0, 0.95), [Part(("0.3",), 1.0)]),
        *(queries.health([20.0]), queries.known, queries.named, queries.names, queries.buckets, queries.servers_up),
    ]
    for text in texts:
        selectors = re.findall(r'(?<!")traefik_[a-z_]+(\{[^{}]*\})?', text)
        assert all(r'instance="e\"dge",job="traefik"' in selector for selector in selectors or [text])
        assert "by (service" not in text


def test_a_signal_without_a_query_is_never_asked_as_another() -> None:
    with pytest.raises(AssertionError, match="queue_length"):
        TraefikQueries().signal(TraefikSignal(cast("Signal", "queue_length"), 20.0))
