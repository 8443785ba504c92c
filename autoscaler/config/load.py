"""Loads the policy file: the effective configuration, or all problems of the file at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from autoscaler.config.compose_options import ComposeOptions
from autoscaler.config.consistency import inconsistencies
from autoscaler.config.fields import check_url
from autoscaler.config.layers import Layer, Layers, locate, merge_layers
from autoscaler.config.messages import describe_error
from autoscaler.config.model import Config, PrometheusConfig, ServiceConfig
from autoscaler.config.policies import make_policy
from autoscaler.config.schema import FileModel, ServiceModel
from autoscaler.config.schema_connection import make_connection
from autoscaler.config.schema_drain import make_drain
from autoscaler.config.settings import DEFAULT_CONFIG, Settings
from autoscaler.config.sizes import MOST_PROBLEMS, MOST_SERVICES, some
from autoscaler.config.yaml_tree import Document, read_document
from autoscaler.errors import ConfigError
from autoscaler.formats import Address
from autoscaler.ports.fleet import ServiceRef

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A valid policy file and its configuration; labels have lower priority."""

    document: Document
    root: FileModel
    settings: Settings
    config: Config


def load(path: Path, settings: Settings) -> Config:
    """Read the policy file; settings override it.

    Raises:
        ConfigError: one line for each problem, with file, line, key, value and what is allowed.
    """
    return load_file(path, settings).config


def load_file(path: Path, settings: Settings) -> PolicyFile:
    """Read the policy file, and keep the place of each key.

    Without a configured path and without a file at the default path, only labels define services.

    Raises:
        ConfigError: as `load`.
    """
    document = _document(path, settings)
    problems: list[str] = []
    root = validate(FileModel, [Layer(document, ())], problems)
    services = _services(document, problems)
    if root is None or problems:
        raise ConfigError(some(problems))
    config = _config(document, root, services, settings)
    if problems := inconsistencies(config, document, {name: service_layers(document, name) for name in services}):
        raise ConfigError(some(problems))
    return PolicyFile(document, root, settings, config)


def _document(path: Path, settings: Settings) -> Document:
    by_variable = "config" in settings.model_fields_set and path == settings.config
    if by_variable and not path.exists():
        raise ConfigError(f"{path}: no such file; AUTOSCALER_CONFIG names it, correct or unset that variable")
    if path == DEFAULT_CONFIG and "config" not in settings.model_fields_set and not path.exists():
        return Document("(no policy file)", {}, {(): 0})
    return read_document(path)


def _services(document: Document, problems: list[str]) -> dict[str, ServiceModel]:
    """Validate each service, merged with the defaults."""
    services, defaults = document.tree.get("services"), document.tree.get("defaults")
    if not isinstance(services, dict) or not isinstance(defaults or {}, dict):
        return {}
    if len(services) > MOST_SERVICES:
        text = f"has {len(services)} services; at most {MOST_SERVICES} are allowed"
        problems.append(locate([Layer(document, ())], ("services",), text))
        return {}
    models = {name: validate(ServiceModel, service_layers(document, name), problems) for name in services}
    return {name: model for name, model in models.items() if model is not None}


def service_layers(document: Document, name: str) -> list[Layer]:
    """Return the layers of a service of the file: its own keys above the defaults."""
    return [Layer(document, ("services", name)), Layer(document, ("defaults",))]


def validate(model: type[M], layers: Layers, problems: list[str]) -> M | None:
    """Return the model of the merged layers, or None after adding its problems, one line each."""
    try:
        return model.model_validate(merge_layers(layers))
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = dict.fromkeys(describe_error(detail, model, layers) for detail in details[: MOST_PROBLEMS + 1])
        problems.extend(found)
        return None


def _config(document: Document, root: FileModel, services: Mapping[str, ServiceModel], settings: Settings) -> Config:
    prometheus, connection = root.prometheus, make_connection(root.prometheus, Path(document.file).parent)
    return Config(
        interval_seconds=root.interval,
        dry_run=root.dry_run if settings.dry_run is None else settings.dry_run,
        lease=root.lease == "on",
        prometheus=PrometheusConfig(
            _url(prometheus.url, settings),
            prometheus.timeout,
            prometheus.max_sample_age,
            prometheus.select,
            prometheus.service_label,
            connection,
        ),
        traefik_api_url=None if root.traefik.api_url is None else Address(root.traefik.api_url),
        max_concurrent_operations=root.limits.max_concurrent_operations,
        max_replicas_total=root.limits.max_replicas_total,
        services={name: service_config(name, model, root, settings) for name, model in services.items()},
    )


def service_config(name: str, model: ServiceModel, root: FileModel, settings: Settings) -> ServiceConfig:
    """Return the effective configuration of a validated service."""
    compose = name if model.target is None else model.target.compose
    project = None if model.target is None else model.target.project
    names = tuple(dict.fromkeys(model.traefik_services or filter(None, [model.traefik_service])))
    return ServiceConfig(
        policy=make_policy(name, model, root.prometheus.window),
        target=ServiceRef(compose, project or settings.compose_project),
        traefik_service=names[0] if names else None,
        further_traefik_services=names[1:],
        options=ComposeOptions(model.start_timeout, make_drain(model.drain)),
    )


def _url(written: str, settings: Settings) -> Address:
    if settings.prometheus_url is None:
        return Address(written)
    try:
        return check_url(settings.prometheus_url.whole)
    except ValueError as error:
        raise ConfigError(f"AUTOSCALER_PROMETHEUS_URL: {error}, not {str(settings.prometheus_url)!r}") from error
