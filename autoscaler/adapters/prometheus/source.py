"""The metric source: the readings of all rules, by a few queries at one evaluation time."""

from collections.abc import Callable, Collection

from autoscaler.adapters.prometheus.client import PrometheusClient, answer_bytes
from autoscaler.adapters.prometheus.faults import TRANSPORT, PrometheusFault
from autoscaler.adapters.prometheus.names import ServiceNames
from autoscaler.adapters.prometheus.promql import TraefikQueries
from autoscaler.adapters.prometheus.reader import Reader, ReadingsByRequest
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.core.policy import Query, TraefikSignal
from autoscaler.ports.metrics import SignalRequest


class PrometheusSource:
    """Reads from one Prometheus. One caller at a time; the number of queries grows with the distinct signals only.

    A signal whose answer did not come in time is asked last in the next cycle, so that it costs the others one cycle.
    """

    def __init__(
        self,
        client: PrometheusClient,
        *,
        max_sample_age_seconds: float,
        queries: TraefikQueries = TraefikQueries(),  # noqa: B008  frozen
        names: ServiceNames | None = None,
        listed: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._client = client
        self._max_age_seconds = max_sample_age_seconds
        self._queries = queries
        self._names = names or ServiceNames()
        self._listed = listed
        self._late: set[TraefikSignal | Query] = set()

    def read(self, requests: Collection[SignalRequest], at: float) -> ReadingsByRequest:
        by_signal: dict[TraefikSignal | Query, list[SignalRequest]] = {}
        for request in requests:
            by_signal.setdefault(request.source, []).append(request)
        present = _Present(self._client, at, self._names.seen, self._listed(), answer_bytes(len(requests)))
        readings: ReadingsByRequest = {}
        for signal in sorted(by_signal, key=self._late.__contains__):
            before = present.unreachable
            reader = Reader(by_signal[signal], self._max_age_seconds, self._queries, among=requests)
            readings |= reader.read(present)
            if not present.unreachable:
                self._late.discard(signal)
            elif not before:
                self._late.add(signal)
        self._late &= by_signal.keys()
        return {request: readings[request] for request in requests}


class _Present:
    """The queries of one cycle: each is sent once, and none after a failed connection."""

    def __init__(
        self, client: PrometheusClient, at: float, seen: frozenset[str], listed: frozenset[str], most_bytes: int
    ) -> None:
        self.at = at
        self.seen = seen
        self.listed = listed
        self._client = client
        self._most_bytes = most_bytes
        self._answers: dict[str, list[Sample] | PrometheusFault] = {}
        self._transport_fault: PrometheusFault | None = None

    @property
    def unreachable(self) -> bool:
        return self._transport_fault is not None

    def ask(self, promql: str, *, lookback_seconds: float | None = None) -> list[Sample]:
        if promql not in self._answers:
            self._answers[promql] = self._transport_fault or self._fetch(promql, lookback_seconds)
        answer = self._answers[promql]
        if isinstance(answer, PrometheusFault):
            raise answer
        return answer

    def _fetch(self, promql: str, lookback_seconds: float | None) -> list[Sample] | PrometheusFault:
        try:
            return self._client.ask(promql, self.at, lookback_seconds=lookback_seconds, most_bytes=self._most_bytes)
        except PrometheusFault as fault:
            self._transport_fault = fault if fault.kind in TRANSPORT else None
            return fault
