"""Reads the past of services from Prometheus into recordings, or reports why there is none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from autoscaler.config.model import ServiceConfig
from autoscaler.core.policy import Policy, Source, TraefikSignal
from autoscaler.errors import ConfigError, MetricsUnavailable
from autoscaler.formats import one_line
from autoscaler.ports.metrics import MetricHistory, SignalRequest, Span
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.reference_capacity import request_sources
from autoscaler.rehearse.charts.timeline import format_time


class Catalog(Protocol):
    """The services of the past."""

    def services_since(self, start: float, end: float) -> Mapping[str, float]:
        """Return the Traefik services with counted requests between two times (unix seconds).

        Each with the time of its first count: at most some minutes too early, never too late.

        Raises:
            MetricsUnavailable: the server does not answer, or refuses the request.
        """
        ...


@dataclass(frozen=True, slots=True)
class RequestedService:
    """A service to replay, with its configuration in each policy file."""

    name: str
    configs: tuple[ServiceConfig, ...]

    @property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(config.policy for config in self.configs)

    @property
    def sources(self) -> set[Source]:
        """The sources of all its policies."""
        return {source for policy in self.policies for source in policy.sources.values()}

    @property
    def needs_traefik(self) -> bool:
        """Whether one of its policies uses Traefik's signals."""
        return any(isinstance(source, TraefikSignal) for source in self.sources)

    @property
    def stated_name(self) -> str | None:
        """The name in Traefik that a file states."""
        return next((config.traefik_service for config in self.configs if config.traefik_service is not None), None)

    @property
    def traefik_name(self) -> str:
        """The name in Traefik: as stated, or the default for a Compose service."""
        return self.stated_name or f"{self.configs[0].target.name}@docker"

    @property
    def requests(self) -> dict[Source, SignalRequest]:
        """The signal requests by source, also those of the load."""
        sources = self.sources.union(request_sources(self.policies))
        stating = next((config for config in self.configs if config.traefik_service is not None), None)
        further = () if stating is None else stating.further_traefik_services
        return {source: SignalRequest(source, self.traefik_name, self.name, further=further) for source in sources}

    @property
    def counted(self) -> SignalRequest:
        """The request for the past replica counts."""
        return self.requests[request_sources(self.policies)[0]]


def record(
    history: MetricHistory,
    catalog: Catalog,
    wanted: Sequence[RequestedService],
    span: Span,
    *,
    now: float,
    progress: Callable[[float], None],
) -> dict[str, Recording]:
    """Return a recording of each service.

    Raises:
        ConfigError: Traefik has no service of that name.
        MetricsUnavailable: Prometheus does not answer, or has no data of a service in that span.
    """
    since = catalog.services_since(span.start, span.end)
    others = "; or choose other services with --service" if len(wanted) > 1 else ""
    for each in wanted:
        if each.needs_traefik and each.traefik_name not in since:
            raise _unknown(each, since, catalog.services_since(span.end, now), span, others)
    readings = history.read_range(
        {request for each in wanted for request in each.requests.values()}, span, progress=progress
    )
    replicas = history.replicas_range({each.counted for each in wanted}, span)
    recordings = {
        each.name: Recording(
            span.instants,
            {source: readings[request] for source, request in each.requests.items()},
            replicas[each.counted],
            since.get(each.traefik_name, span.start),
        )
        for each in wanted
    }
    for name, recording in recordings.items():
        if recording.first == len(recording.instants):
            raise MetricsUnavailable(f"{name}: {_nothing(recording, span)}{others}")
    return recordings


def _unknown(
    wanted: RequestedService, since: Mapping[str, float], later: Mapping[str, float], span: Span, others: str
) -> ConfigError | MetricsUnavailable:
    name = wanted.traefik_name
    if name in later:
        began = format_time(later[name])
        return MetricsUnavailable(f"{wanted.name}: Prometheus knows {name} only since about {began}{others}")
    if not since:
        return MetricsUnavailable(
            f"Prometheus has no metrics of Traefik {_between(span)}; check that it scrapes Traefik, and for how long "
            "it keeps its data (--storage.tsdb.retention.time)"
        )
    hint = "" if wanted.stated_name else f"; set services.{wanted.name}.traefik_service"
    known = one_line(", ".join(sorted(since)), 1000)
    return ConfigError(f"{wanted.name}: Prometheus knows no Traefik service {name}{hint}{others}. It knows: {known}")


def _nothing(recording: Recording, span: Span) -> str:
    why = sorted({f"{reading.kind}: {reading.note}" for *_, reading in recording.readings.values()})
    return f"nothing usable was measured {_between(span)} ({'; '.join(why)})"


def _between(span: Span) -> str:
    return f"between {format_time(span.start)} and {format_time(span.end)}"
