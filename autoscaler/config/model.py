"""The effective configuration: the policy file merged with its defaults, in base units."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autoscaler.config.compose_options import ComposeOptions
from autoscaler.config.connection import Connection
from autoscaler.core.policy import Policy
from autoscaler.ports.fleet import ServiceRef


@dataclass(frozen=True, slots=True)
class PrometheusConfig:
    """The source of readings, and how long an answer may take."""

    url: str  # an Address, which shows no credentials
    timeout_seconds: float
    max_sample_age_seconds: float
    select: Mapping[str, str] = field(default_factory=dict)  # label matchers for every series of Traefik
    service_label: str = "service"  # the label with the service's name in Traefik
    connection: Connection = field(default_factory=Connection)


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """One service: its policy, its target, its name in Traefik (None: from the labels), and how to scale it."""

    policy: Policy
    target: ServiceRef
    traefik_service: str | None = None
    options: ComposeOptions = field(default_factory=ComposeOptions)
    further_traefik_services: tuple[str, ...] = ()  # more names, beside a stated one


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; services by name."""

    interval_seconds: float
    dry_run: bool
    prometheus: PrometheusConfig
    max_concurrent_operations: int
    max_replicas_total: int | None
    services: Mapping[str, ServiceConfig]
    traefik_api_url: str | None = None
    lease: bool = True  # whether a lease keeps a second daemon from acting
