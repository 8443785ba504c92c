"""The services that Traefik's series of the last day name, asked beside the cycles."""

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.faults import PrometheusFault
from autoscaler.adapters.prometheus.promql import TraefikQueries

SEEN_SECONDS = 86_400.0


class ServiceNames:
    """The names of one Prometheus, as last refreshed. `seen` may be read from any thread."""

    def __init__(self) -> None:
        self.seen: frozenset[str] = frozenset()
        self._asked: tuple[PrometheusClient, TraefikQueries] | None = None

    def ask(self, client: PrometheusClient, queries: TraefikQueries) -> None:
        """Ask that client from now on; only the refresh uses it."""
        self._asked = client, queries

    def refresh(self, at: float) -> None:
        """Ask for the metadata of the day before `at` (unix seconds); without an answer the names stay."""
        if self._asked is None:
            return
        client, queries = self._asked
        try:
            self.seen = client.label_values(queries.label, queries.named, at - SEEN_SECONDS, at)
        except PrometheusFault:
            return  # the client has emitted it
