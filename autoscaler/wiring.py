"""Builds single parts from the settings, for the daemon and for commands."""

import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from autoscaler.adapters.compose.gateway import entrance
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.compose.traefik_view import TraefikView
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.leadership.election import LeaseTiming
from autoscaler.adapters.leadership.leases import Leases
from autoscaler.adapters.leadership.volume_store import LeaseVolumes
from autoscaler.adapters.prometheus.catalog import PrometheusCatalog
from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.history import PrometheusHistory
from autoscaler.adapters.prometheus.names import ServiceNames
from autoscaler.adapters.prometheus.promql import TraefikQueries
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.adapters.targets import Targets
from autoscaler.adapters.traefik_api import TraefikServices
from autoscaler.config.connection import Credentials
from autoscaler.config.model import Config
from autoscaler.config.settings import Settings
from autoscaler.errors import MetricsUnavailable
from autoscaler.events import Event
from autoscaler.loadtest.entrance import Entrance
from autoscaler.ports.fleet import COMPOSE, ServiceRef
from autoscaler.ports.leadership import Leadership
from autoscaler.ports.observers import Emit, Observer, discard
from autoscaler.ports.targets import ReplicaTarget

LONGEST_REQUEST_SECONDS = 2.0  # to ask Prometheus how long requests take; a replica waits for it


def make_target(
    settings: Settings, emit: Emit, longest_request: Callable[[str], float | None] = lambda _: None
) -> ReplicaTarget:
    """Return the targets; `longest_request` says how long the requests of a Traefik service took at most."""
    view, url, secret = None, settings.traefik_view_url, settings.traefik_view_secret
    if url is not None and secret is not None:
        view = TraefikView(url, secret.get_secret_value(), emit=emit, longest_request=longest_request)
    timeout_seconds = settings.docker_timeout_seconds
    compose = ComposeTarget(settings.engine, timeout_seconds=timeout_seconds, emit=emit, view=view)
    return Targets({COMPOSE: compose})


def longest_request_seconds(settings: Settings, config: Config, emit: Emit, traefik_service: str) -> float | None:
    """Return how long the requests of a service took at most; None if Prometheus cannot say."""
    timeout_seconds = min(LONGEST_REQUEST_SECONDS, config.prometheus.timeout_seconds)
    try:
        catalog = make_catalog(settings, config, emit, timeout_seconds=timeout_seconds)
        return catalog.longest_request_seconds(traefik_service, time.time())
    except MetricsUnavailable:
        return None


def make_leadership(settings: Settings, emit: Emit, keys: Iterable[str], off: Callable[[], bool]) -> Leadership:
    """Return this daemon's leases, unless they are `off`; it follows `keys` from the start."""
    timing = LeaseTiming()
    # A longer look is useless: the holder may not act any more.
    timeout_seconds = min(settings.docker_timeout_seconds, timing.confirmed_seconds)
    engine = Engine(settings.engine, timeout_seconds=timeout_seconds, emit=emit)
    holder = f"the daemon on {socket.gethostname()} (process {os.getpid()})"
    return Leases(LeaseVolumes(engine, holder), emit, projects=keys, timing=timing, off=off)


def find_entrance(settings: Settings, ref: ServiceRef) -> Entrance:
    """Return where a service is reached through its gateway.

    Raises:
        TargetUnavailable: the engine does not answer. TargetRefused: there is no such service.
    """
    engine = Engine(settings.engine, timeout_seconds=settings.docker_timeout_seconds, emit=discard)
    return entrance.find_entrance(engine, ref)


def make_source(
    settings: Settings, config: Config, emit: Emit, names: ServiceNames, traefik: TraefikServices
) -> PrometheusSource:
    """Return the source of present readings; `names` asks the same Prometheus from now on."""
    timeout_seconds = config.prometheus.timeout_seconds
    names.ask(_make_client(settings, config, emit, timeout_seconds), _queries(config))
    return PrometheusSource(
        _make_client(settings, config, emit, timeout_seconds),
        max_sample_age_seconds=config.prometheus.max_sample_age_seconds,
        queries=_queries(config),
        names=names,
        listed=lambda: traefik.listed,
    )


def make_history(settings: Settings, config: Config, emit: Emit, *, timeout_seconds: float) -> PrometheusHistory:
    """Return the source of past readings; its queries may take longer."""
    client = _make_client(settings, config, emit, timeout_seconds)
    max_age_seconds = config.prometheus.max_sample_age_seconds
    return PrometheusHistory(client, max_sample_age_seconds=max_age_seconds, queries=_queries(config))


def make_catalog(settings: Settings, config: Config, emit: Emit, *, timeout_seconds: float) -> PrometheusCatalog:
    """Return the catalog of the services that Prometheus knows."""
    return PrometheusCatalog(_make_client(settings, config, emit, timeout_seconds), _queries(config))


def _queries(config: Config) -> TraefikQueries:
    return TraefikQueries(config.prometheus.select, config.prometheus.service_label)


def _make_client(settings: Settings, config: Config, emit: Emit, timeout_seconds: float) -> PrometheusClient:
    connection = config.prometheus.connection
    if settings.prometheus_token is not None:
        credentials = Credentials("AUTOSCALER_PROMETHEUS_TOKEN", value=settings.prometheus_token)
        if settings.prometheus_token_file is not None:
            file = settings.prometheus_token_file
            credentials = Credentials(f"the token in AUTOSCALER_PROMETHEUS_TOKEN_FILE ({file})", file=file)
        connection = replace(connection, credentials=credentials)
    return PrometheusClient(config.prometheus.url, timeout_seconds=timeout_seconds, emit=emit, connection=connection)


def stalled_after_seconds(settings: Settings, config: Config) -> float:
    """Return after how long without a cycle the loop counts as dead: three of the slowest possible cycles."""
    slowest = config.interval_seconds + settings.docker_timeout_seconds + 2 * config.prometheus.timeout_seconds
    return 3 * slowest


def broadcast(observers: Iterable[Observer]) -> Emit:
    """Return a function that passes an event to every observer."""
    observers = tuple(observers)

    def emit(event: Event) -> None:
        for observer in observers:
            observer.notify(event)

    return emit
