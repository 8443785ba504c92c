"""Which services Prometheus knows at all, and since when; and how finely Traefik measures durations."""

from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import PrometheusFault
from autoscaler.adapters.prometheus.promql import BUCKETS, KNOWN
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.errors import MetricsUnavailable
from autoscaler.ports.observers import Emit

STEP_SECONDS = 300  # as far as Prometheus looks back for a sample: none is missed in between


class PrometheusCatalog:
    """Lists the services of one Prometheus. One caller at a time."""

    def __init__(self, url: str, *, emit: Emit, timeout_seconds: float, token: str | None = None) -> None:
        self._client = PrometheusClient(url, timeout_seconds=timeout_seconds, emit=emit, token=token)

    def services_since(self, start: float, end: float) -> dict[str, float]:
        """Return the Traefik services that were counted between two times, each with the time since when.

        All in unix seconds; a service may have come up to `STEP_SECONDS` after the time that is returned.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses.
        """
        seen = f"timestamp({KNOWN})[{max(1, round(end - start))}s:{STEP_SECONDS}s]"
        first = self._asked(f"min by (service) (min_over_time({seen}))", end)
        return {sample.labels.get("service", ""): max(start, sample.value - STEP_SECONDS) for sample in first}

    def buckets(self, at: float) -> Buckets:
        """Return the buckets of Traefik's durations at a time (unix seconds); none while Prometheus has not seen any.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses.
        """
        return Buckets.of(self._asked(BUCKETS, at))

    def _asked(self, promql: str, at: float) -> list[Sample]:
        try:
            return self._client.ask(promql, at)
        except PrometheusFault as fault:
            raise MetricsUnavailable(str(fault)) from fault
