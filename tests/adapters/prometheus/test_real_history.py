"""The past on real Prometheus servers: every instant is read as the present was read then."""

from collections.abc import Sequence

import pytest

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.history import CHUNK_INSTANTS, PrometheusHistory
from autoscaler.adapters.prometheus.names import ServiceNames
from autoscaler.adapters.prometheus.promql import OWN_LISTED, TraefikQueries
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.errors import MetricsUnavailable
from autoscaler.events import PrometheusAsked
from autoscaler.ports.metrics import SignalRequest, Span
from tests.support.eventful_hour import BEGIN, END
from tests.support.fakes import Recorder

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prometheus")]

SIGNALS = [
    TraefikSignal(Signal.REQUESTS, 60.0),
    TraefikSignal(Signal.REQUESTS, 20.0),
    TraefikSignal(Signal.CONCURRENCY, 60.0),
    TraefikSignal(Signal.LATENCY, 60.0, 0.99),
    TraefikSignal(Signal.ERROR_RATIO, 60.0),
    TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.2),
    TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=6.0),
]
QUERIES = [Query("jobs"), Query("sum(jobs)"), Query("scalar(sum(jobs))"), Query("jobs / 0 * 0"), Query("gone")]
REQUESTS = [
    *(SignalRequest(signal, service) for signal in SIGNALS for service in ("users@docker", "late@docker", None)),
    *(SignalRequest(query) for query in QUERIES),
]
USERS, LATE = REQUESTS[:2]
REPLICAS = SignalRequest(SIGNALS[0], "users@docker", service="users")
STRANGER = SignalRequest(SIGNALS[0], "stranger@docker", service="stranger")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def client(prometheus_url: str) -> PrometheusClient:
    return PrometheusClient(prometheus_url, timeout_seconds=10.0, emit=Recorder().notify)


@pytest.fixture
def names() -> ServiceNames:
    return ServiceNames()


@pytest.fixture
def listed() -> set[str]:
    """What Traefik's API lists."""
    return set()


@pytest.fixture
def source(client: PrometheusClient, names: ServiceNames, listed: set[str]) -> PrometheusSource:
    return PrometheusSource(client, max_sample_age_seconds=30.0, names=names, listed=lambda: frozenset(listed))


@pytest.fixture
def history(prometheus_url: str, recorder: Recorder) -> PrometheusHistory:
    client = PrometheusClient(prometheus_url, timeout_seconds=30.0, emit=recorder.notify)
    return PrometheusHistory(client, max_sample_age_seconds=30.0)


def nobody(_: float) -> None:
    """Hear no progress."""


def same(past: Reading, present: Reading) -> bool:
    """Prometheus sums floats in another order for a range."""
    words = (past.kind, past.note) == (present.kind, present.note)
    return words and [past.value, past.age_seconds] == pytest.approx([present.value, present.age_seconds])


def test_every_instant_is_read_as_it_would_have_been_read_then(
    source: PrometheusSource,
    history: PrometheusHistory,
    client: PrometheusClient,
    names: ServiceNames,
    listed: set[str],
) -> None:
    span = Span(BEGIN - 60.0, END + 330.0, 27.0)
    past = history.read_range(REQUESTS, span, progress=nobody)
    kinds, idle_by_list = set(), 0
    for index, at in enumerate(span.instants):
        within_a_day = client.ask(f"group by (service) (count_over_time({TraefikQueries().named}[1d]))", at)
        names.seen = frozenset(sample.labels["service"] for sample in within_a_day)
        listed.clear()
        listed |= {sample.labels["traefik_service"] for sample in client.ask(OWN_LISTED, at)}
        present = source.read(REQUESTS, at)
        idle_by_list += bool(listed) and present[LATE].value == 0.0
        for request in REQUESTS:
            assert same(past[request][index], present[request]), (at - BEGIN, request)
            kinds.add(present[request].kind)
    assert kinds == set(ReadingKind)
    assert idle_by_list > 0


def test_a_long_past_is_asked_in_chunks(
    source: PrometheusSource, history: PrometheusHistory, recorder: Recorder
) -> None:
    span = Span(BEGIN, END, 0.3)
    assert len(span) > 11_000  # more than Prometheus answers at once
    told: list[float] = []
    past: Sequence[Reading] = history.read_range([USERS], span, progress=told.append)[USERS]
    assert len(past) == len(span)
    for index in range(0, len(span), 487):
        assert same(past[index], source.read([USERS], span.instants[index])[USERS])
    assert told == pytest.approx([min(1.0, (n + 1) * CHUNK_INSTANTS / len(span)) for n in range(len(told))])
    assert told[-1] == 1.0
    assert {event.error for event in recorder.of(PrometheusAsked)} == {None}


def test_replicas_are_known_from_our_metrics_then_from_traefiks_health_checks(history: PrometheusHistory) -> None:
    span = Span(BEGIN + 300.0, END, 600.0)
    ready = history.replicas_range([REPLICAS, STRANGER], span)
    assert ready[REPLICAS] == [2, 2, 3, None, 2, 2]
    assert set(ready[STRANGER]) == {None}
    assert history.replicas_range([REPLICAS], span, existing=True)[REPLICAS][:3] == [4, 4, 4]


def test_the_load_per_replica_is_what_one_daemon_had_learned_within_a_day(history: PrometheusHistory) -> None:
    assert history.capacities(BEGIN + 900.0) == history.capacities(END + 80_000.0) == {("learned", "rps"): 62.5}
    assert history.capacities(BEGIN - 60.0) == history.capacities(END + 90_000.0) == {}


@pytest.mark.parametrize(
    ("promql", "words"),
    [
        pytest.param("sum(jobs", "refused the query: .*unclosed left parenthesis", id="a bad query"),
        pytest.param("jobs[5m]", "refused the query: .*invalid expression type", id="no vector"),
        pytest.param("jobs * on () group_left () jobs", "refused the query: ", id="one that fails at some instants"),
    ],
)
def test_what_prometheus_refuses_is_said_in_its_words(history: PrometheusHistory, promql: str, words: str) -> None:
    with pytest.raises(MetricsUnavailable, match=words):
        history.read_range([SignalRequest(Query(promql))], Span(BEGIN, END, 60.0), progress=nobody)
