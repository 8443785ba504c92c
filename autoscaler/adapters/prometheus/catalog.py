"""Lists the services in Prometheus with their first time, and Traefik's duration buckets."""

from autoscaler.adapters.prometheus.buckets import Buckets, longest
from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import PrometheusFault
from autoscaler.adapters.prometheus.promql import TraefikQueries
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.errors import MetricsUnavailable

STEP_SECONDS = 300  # Prometheus' lookback for a sample, so that no sample is missed


class PrometheusCatalog:
    """Lists the services of one Prometheus. One caller at a time."""

    def __init__(self, client: PrometheusClient, queries: TraefikQueries = TraefikQueries()) -> None:  # noqa: B008  frozen
        self._client = client
        self._queries = queries

    def services_since(self, start: float, end: float) -> dict[str, float]:
        """Return the Traefik services with counters between two times, each with its first time.

        All in unix seconds; the first time may be up to `STEP_SECONDS` too early.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses the query.
        """
        seen = f"timestamp({self._queries.names})[{max(1, round(end - start))}s:{STEP_SECONDS}s]"
        label = self._queries.label
        first = self._ask(f"min by ({label}) (min_over_time({seen}))", end)
        return {sample.labels.get(label, ""): max(start, sample.value - STEP_SECONDS) for sample in first}

    def buckets(self, at: float) -> Buckets:
        """Return the buckets of Traefik's durations at a time (unix seconds); none while Prometheus has none.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses the query.
        """
        return Buckets.of(self._ask(self._queries.buckets, at))

    def longest_request_seconds(self, traefik_service: str, at: float) -> float | None:
        """Return the bucket within which every request of the last hour was over, in seconds.

        None if that is unknown: no requests, longer ones than any bucket, or connections such as websockets.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses the query.
        """
        return longest(self._ask(self._queries.request_times(traefik_service), at))

    def _ask(self, promql: str, at: float) -> list[Sample]:
        try:
            return self._client.ask(promql, at)
        except PrometheusFault as fault:
            raise MetricsUnavailable(str(fault)) from fault
