"""The queries on real Prometheus servers, of both major versions, over a history with fixed timestamps."""

import pytest

from autoscaler.adapters.prometheus.answers import IDLE, UNANSWERED
from autoscaler.adapters.prometheus.catalog import PrometheusCatalog
from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.promql import TraefikQueries
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.ports.metrics import SignalRequest
from tests.support.fakes import Recorder
from tests.support.traefik_history import (
    BEGUN,
    DOWN,
    FADED,
    FADING,
    FIRST,
    GONE,
    LIVE,
    OLD,
    OVERWRITTEN,
    QUIET,
    SINGLE,
    STRIPPED,
    TWO,
    UNLABELLED,
)

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prometheus")]

REQUESTS = TraefikSignal(Signal.REQUESTS, 20.0)
CONCURRENCY = TraefikSignal(Signal.CONCURRENCY, 20.0)
ERRORS = TraefikSignal(Signal.ERROR_RATIO, 20.0)
P95 = TraefikSignal(Signal.LATENCY, 20.0, 0.95)
SLOW = TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=0.3)
SLOW_BETWEEN = TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=0.15)
SLOWER_THAN_5_S = TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=5.0)
SIGNALS = (REQUESTS, CONCURRENCY, ERRORS, P95, SLOW)


@pytest.fixture(scope="module")
def prometheus(prometheus_url: str) -> PrometheusSource:
    client = PrometheusClient(prometheus_url, timeout_seconds=10.0, emit=Recorder().notify)
    return PrometheusSource(client, max_sample_age_seconds=30.0)


def read(prometheus: PrometheusSource, signal: TraefikSignal, service: str, at: float = LIVE) -> Reading:
    request = SignalRequest(signal, service)
    return prometheus.read([request], at)[request]


@pytest.mark.parametrize(
    ("signal", "service", "value"),
    [
        pytest.param(REQUESTS, "users@docker", 10.0, id="what reached it, without what middlewares answered"),
        pytest.param(REQUESTS, "guarded@docker", 0.0, id="nothing but what a middleware answered"),
        pytest.param(REQUESTS, "retried@docker", 30.0, id="each try of a retry"),
        pytest.param(REQUESTS, "partly@docker", 11.0, id="what reached it, and what found no server"),
        pytest.param(ERRORS, "partly@docker", 5 / 11, id="errors, and what found no server"),
        pytest.param(REQUESTS, "plain@docker", 4.0, id="arrivals of a service without router metrics"),
        pytest.param(REQUESTS, "dead@docker", 3.0, id="arrivals that found no server"),
        pytest.param(REQUESTS, "reset@docker", 6.0, id="arrivals over a restart of Traefik"),
        pytest.param(REQUESTS, "idle@docker", 0.0, id="no arrivals"),
        pytest.param(CONCURRENCY, "users@docker", 1.5, id="in flight"),
        pytest.param(CONCURRENCY, "idle@docker", 0.0, id="none in flight"),
        pytest.param(ERRORS, "users@docker", 0.0, id="no errors"),
        pytest.param(ERRORS, "shaky@docker", 0.1, id="some errors"),
        pytest.param(ERRORS, "dead@docker", 1.0, id="nothing but errors"),
        pytest.param(ERRORS, "idle@docker", 0.0, id="no errors of no requests"),
        pytest.param(P95, "users@docker", 0.25, id="between two buckets"),
        pytest.param(P95, "idle@docker", 0.0, id="no latency of no requests"),
        pytest.param(P95, "slow@docker", 5.0, id="above the highest bucket"),
        pytest.param(SLOW, "users@docker", 0.0, id="none slower than a bucket's bound"),
        pytest.param(SLOW_BETWEEN, "users@docker", 0.15, id="some slower than what lies between two bounds"),
        pytest.param(SLOW, "slow@docker", 1.0, id="all of them slow"),
        pytest.param(SLOWER_THAN_5_S, "slow@docker", 1.0, id="all slower than the bound that Prometheus 3 writes 5.0"),
        pytest.param(SLOWER_THAN_5_S, "users@docker", 0.0, id="none slower than that"),
    ],
)
def test_signals(prometheus: PrometheusSource, signal: TraefikSignal, service: str, value: float) -> None:
    reading = read(prometheus, signal, service)
    # Where a counter starts anew within the window, Prometheus extrapolates: the value is near, not exact.
    assert reading.value == pytest.approx(value, rel=0.35 if service == "reset@docker" else 1e-6)
    assert reading.age_seconds == pytest.approx(1.0)


def test_a_latency_above_the_highest_bucket_says_so(prometheus: PrometheusSource) -> None:
    assert "highest bucket, 5s" in read(prometheus, P95, "slow@docker").note


def test_a_share_above_the_highest_bucket_is_not_measured(prometheus: PrometheusSource) -> None:
    reading = read(prometheus, TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=6.0), "users@docker")
    assert (reading.kind, reading.value) == (ReadingKind.ERROR, None)
    assert "add 6 to Traefik's option metrics.prometheus.buckets" in reading.note


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        pytest.param("plain@docker", None, id="no durations"),
        pytest.param("users@docker", 0.3, id="none longer than a bucket"),
        pytest.param("slow@docker", None, id="longer than any bucket"),
        pytest.param("idle@docker", None, id="no requests"),
        pytest.param('odd"name\\', None, id="unknown"),
    ],
)
def test_the_longest_request_of_the_last_hour(prometheus_url: str, service: str, seconds: float | None) -> None:
    catalog = PrometheusCatalog(PrometheusClient(prometheus_url, timeout_seconds=10.0, emit=Recorder().notify))
    assert catalog.longest_request_seconds(service, LIVE) == seconds


@pytest.mark.parametrize("service", ["idle@docker", "dead@docker"])
def test_no_answers_are_neither_quick_nor_slow(prometheus: PrometheusSource, service: str) -> None:
    reading = read(prometheus, SLOW, service)
    assert (reading.kind, reading.value, reading.note) == (ReadingKind.EMPTY, None, UNANSWERED)


@pytest.mark.parametrize("ratio", [0.79, 0.81, 0.9, 0.99])
def test_a_quantile_keeps_a_threshold_exactly_when_the_slow_share_does(
    prometheus: PrometheusSource, ratio: float
) -> None:
    quantile = read(prometheus, TraefikSignal(Signal.LATENCY, 20.0, ratio), "users@docker").value
    slow = read(prometheus, SLOW_BETWEEN, "users@docker").value
    assert quantile is not None
    assert slow is not None
    assert (quantile <= 0.15) == (slow <= 1 - ratio)


def test_no_traffic_is_said_to_be_no_traffic(prometheus: PrometheusSource) -> None:
    assert read(prometheus, P95, "idle@docker").note == IDLE


def test_several_traefiks_are_summed_and_told_apart(prometheus: PrometheusSource) -> None:
    reading = read(prometheus, REQUESTS, "users@docker", TWO)
    assert reading.value == pytest.approx(20.0)
    assert reading.note == (
        "summed over 2 Traefiks, {instance='a:8082'}, {instance='b:8082'}; "
        "if it must be one of them, set prometheus.select"
    )


@pytest.mark.parametrize(
    ("queries", "at", "value"),
    [
        pytest.param(TraefikQueries({"instance": "a:8082"}), TWO, 10.0, id="one Traefik of two"),
        pytest.param(TraefikQueries(label="exported_service"), OVERWRITTEN, 60.0, id="an overwritten label"),
    ],
)
def test_the_policy_file_says_which_series_and_which_label(
    prometheus_url: str, queries: TraefikQueries, at: float, value: float
) -> None:
    client = PrometheusClient(prometheus_url, timeout_seconds=10.0, emit=Recorder().notify)
    reading = read(PrometheusSource(client, max_sample_age_seconds=30.0, queries=queries), REQUESTS, "users@docker", at)
    assert reading.value == pytest.approx(value)
    assert reading.note == ""


@pytest.mark.parametrize(
    ("at", "kind", "note"),
    [
        pytest.param(DOWN, ReadingKind.STALE, "cannot scrape Traefik at traefik:8082", id="Traefik is down"),
        pytest.param(OLD, ReadingKind.STALE, "last sample is 50s old", id="its samples are old"),
        pytest.param(GONE, ReadingKind.EMPTY, "no metrics of Traefik", id="it was never scraped"),
    ],
)
@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: str(signal.signal))
def test_without_fresh_metrics_of_traefik_nothing_is_zero(
    prometheus: PrometheusSource, signal: TraefikSignal, at: float, kind: ReadingKind, note: str
) -> None:
    reading = read(prometheus, signal, "users@docker", at)
    assert (reading.kind, reading.value) == (kind, None)
    assert note in reading.note


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: str(signal.signal))
def test_a_counter_that_was_seen_once_is_not_zero(prometheus: PrometheusSource, signal: TraefikSignal) -> None:
    reading = read(prometheus, signal, "users@docker", SINGLE)
    assert (reading.kind, reading.value) == (ReadingKind.EMPTY, None)
    assert "fewer than two samples within 20s" in reading.note


@pytest.mark.parametrize(
    ("at", "words"),
    [
        pytest.param(OVERWRITTEN, "exported_service has users@docker: set honor_labels: true", id="overwritten label"),
        pytest.param(UNLABELLED, "addServicesLabels may be off in Traefik", id="no label"),
        pytest.param(STRIPPED, "its load may be counted as users", id="relabelled"),
        pytest.param(FIRST, "addServicesLabels may be off in Traefik", id="the first request of an entry point"),
        pytest.param(LIVE, "it knows idle@docker", id="another name"),
    ],
)
def test_a_service_without_series_is_not_idle(prometheus: PrometheusSource, at: float, words: str) -> None:
    for signal in (REQUESTS, ERRORS):
        reading = read(prometheus, signal, "users@docker" if at != LIVE else "ilde@docker", at)
        assert (reading.kind, reading.value) == (ReadingKind.UNSEEN, None)
        assert words in reading.note


def test_a_service_without_series_is_idle_while_no_entry_point_counts_a_request(prometheus: PrometheusSource) -> None:
    for signal in (REQUESTS, CONCURRENCY, ERRORS, P95):
        reading = read(prometheus, signal, "users@docker", QUIET)
        assert (reading.value, reading.note) == (0.0, IDLE)


def test_samples_that_no_longer_come_are_stale_after_two_scrape_intervals(prometheus: PrometheusSource) -> None:
    reading = read(prometheus, REQUESTS, "users@docker", FADED)
    assert (reading.kind, reading.value) == (ReadingKind.STALE, None)
    assert reading.note == (
        "Traefik's last sample is 16s old, but they came every 5s: the scrape or the remote write has stopped"
    )


@pytest.mark.parametrize(("at", "covered"), [(FADING, "13s"), (BEGUN, "13s")], ids=["fading", "just begun"])
def test_a_window_with_too_few_samples_is_partial(prometheus: PrometheusSource, at: float, covered: str) -> None:
    reading = read(prometheus, REQUESTS, "users@docker", at)
    assert reading.value is not None
    assert reading.value < 36.0
    assert reading.partial
    assert reading.note == f"samples cover {covered} of the last 20s: the value may be too low"


@pytest.mark.parametrize(
    ("promql", "kind", "value"),
    [
        pytest.param("sum(queue)", ReadingKind.VALUE, 150.0, id="one number"),
        pytest.param("scalar(sum(queue))", ReadingKind.VALUE, 150.0, id="a scalar"),
        pytest.param("queue", ReadingKind.MANY, None, id="two series"),
        pytest.param("no_such_metric", ReadingKind.EMPTY, None, id="nothing"),
        pytest.param("sum(queue) / 0", ReadingKind.INF, None, id="infinite"),
        pytest.param("0 * sum(queue) / 0", ReadingKind.NAN, None, id="not a number"),
        pytest.param("sum(queue", ReadingKind.ERROR, None, id="a bad query"),
        pytest.param("stuck", ReadingKind.STALE, None, id="an old sample"),
        pytest.param('queue{name="mail"}', ReadingKind.VALUE, 120.0, id="a fresh sample"),
    ],
)
def test_an_operators_query(prometheus: PrometheusSource, promql: str, kind: ReadingKind, value: float | None) -> None:
    request = SignalRequest(Query(promql))
    reading = prometheus.read([request], LIVE)[request]
    assert (reading.kind, reading.value) == (kind, value)
