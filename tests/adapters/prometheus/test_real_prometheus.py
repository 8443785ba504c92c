"""The queries on real Prometheus servers, of both major versions, over a history with fixed timestamps."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from autoscaler.adapters.prometheus.answers import IDLE
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.ports import SignalRequest
from deploy.lab import images
from deploy.lab.ports import free_ports
from deploy.lab.shell import run
from tests.adapters.prometheus.history import DOWN, GONE, LIVE, OLD, SINGLE, TWO, make
from tests.fakes import Recorder

pytestmark = pytest.mark.engine

REQUESTS = TraefikSignal(Signal.REQUESTS, 20.0)
CONCURRENCY = TraefikSignal(Signal.CONCURRENCY, 20.0)
ERRORS = TraefikSignal(Signal.ERROR_RATIO, 20.0)
P95 = TraefikSignal(Signal.LATENCY, 20.0, 0.95)
SIGNALS = (REQUESTS, CONCURRENCY, ERRORS, P95)


@pytest.fixture(scope="module", params=[images.PROMETHEUS_OLD, images.PROMETHEUS], ids=["2.42", "3.x"])
def prometheus(
    request: pytest.FixtureRequest, engine_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusSource]:
    """A real Prometheus with the history in its database."""
    image: str = request.param
    if images.ensure([image]):
        pytest.skip(f"{image} is not to be had here")
    directory = tmp_path_factory.mktemp("prometheus")
    _fill(directory)
    (port,) = free_ports(1)
    name = f"autoscaler-test-prometheus-{secrets.token_hex(3)}"
    options = ["--user", "0:0", "--volume", f"{directory}:/data", "--publish", f"127.0.0.1:{port}:9090"]
    flags = [
        "--config.file=/data/prometheus.yaml",
        "--storage.tsdb.path=/data/tsdb",
        "--storage.tsdb.retention.time=36500d",
    ]
    run(["docker", "run", "--detach", "--name", name, *options, image, *flags], "start Prometheus")
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url)
        yield PrometheusSource(url, timeout_seconds=10.0, max_sample_age_seconds=30.0, tell=Recorder().notify)
    finally:
        run(["docker", "rm", "--force", "--volumes", name], "remove Prometheus")
        run(
            ["docker", "run", "--rm", "--volume", f"{directory}:/data", images.PYTHON, "rm", "-rf", "/data/tsdb"],
            "clean up",
        )


def _fill(directory: Path) -> None:
    """Write the history, and make blocks of it with the real promtool."""
    (directory / "prometheus.yaml").write_text("global: {}\n", encoding="utf-8")
    (directory / "history.txt").write_text(make().text(), encoding="utf-8")
    command = ["docker", "run", "--rm", "--user", "0:0", "--entrypoint", "promtool", "--volume", f"{directory}:/data"]
    images.ensure([images.PROMETHEUS_OLD])
    blocks = ["tsdb", "create-blocks-from", "openmetrics", "/data/history.txt", "/data/tsdb"]
    run([*command, images.PROMETHEUS_OLD, *blocks], "make blocks")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/-/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("Prometheus did not become ready")


def read(prometheus: PrometheusSource, signal: TraefikSignal, service: str, at: float = LIVE) -> Reading:
    request = SignalRequest(signal, service)
    return prometheus.read([request], at)[request]


@pytest.mark.parametrize(
    ("signal", "service", "value"),
    [
        pytest.param(REQUESTS, "users@docker", 10.0, id="arrivals, without what a rate limit refused"),
        pytest.param(REQUESTS, "plain@docker", 4.0, id="arrivals of a service without router metrics"),
        pytest.param(REQUESTS, "dead@docker", 3.0, id="arrivals that found no server"),
        pytest.param(REQUESTS, "reset@docker", 6.0, id="arrivals over a restart of Traefik"),
        pytest.param(REQUESTS, "idle@docker", 0.0, id="no arrivals"),
        pytest.param(REQUESTS, "never@docker", 0.0, id="no arrival, ever"),
        pytest.param(CONCURRENCY, "users@docker", 1.5, id="in flight"),
        pytest.param(CONCURRENCY, "idle@docker", 0.0, id="none in flight"),
        pytest.param(ERRORS, "users@docker", 0.0, id="no errors"),
        pytest.param(ERRORS, "shaky@docker", 0.1, id="some errors"),
        pytest.param(ERRORS, "dead@docker", 1.0, id="nothing but errors"),
        pytest.param(ERRORS, "idle@docker", 0.0, id="no errors of no requests"),
        pytest.param(P95, "users@docker", 0.25, id="between two buckets"),
        pytest.param(P95, "idle@docker", 0.0, id="no latency of no requests"),
        pytest.param(P95, "slow@docker", 5.0, id="above the highest bucket"),
    ],
)
def test_signals(prometheus: PrometheusSource, signal: TraefikSignal, service: str, value: float) -> None:
    reading = read(prometheus, signal, service)
    # Where a counter starts anew within the window, Prometheus extrapolates: the value is near, not exact.
    assert reading.value == pytest.approx(value, rel=0.35 if service == "reset@docker" else 1e-6)
    assert reading.age_seconds == pytest.approx(1.0)


def test_a_latency_above_the_highest_bucket_says_so(prometheus: PrometheusSource) -> None:
    assert "highest bucket, 5s" in read(prometheus, P95, "slow@docker").note
    assert prometheus.latency_ceiling_seconds(LIVE) == 5.0


def test_no_traffic_is_said_to_be_no_traffic(prometheus: PrometheusSource) -> None:
    assert read(prometheus, P95, "idle@docker").note == IDLE
    assert read(prometheus, REQUESTS, "never@docker").note == IDLE


def test_several_traefiks_are_summed(prometheus: PrometheusSource) -> None:
    assert read(prometheus, REQUESTS, "users@docker", TWO).value == pytest.approx(20.0)


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
