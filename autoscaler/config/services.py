"""Merges the services of the policy file with those of labels, service by service."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from autoscaler.config.consistency import policy_inconsistencies
from autoscaler.config.labels import PREFIX, read_labels
from autoscaler.config.layers import Layer, Layers, locate
from autoscaler.config.load import PolicyFile, service_config, service_layers, validate
from autoscaler.config.model import ServiceConfig
from autoscaler.config.schema import ServiceModel
from autoscaler.core.policy import Policy
from autoscaler.errors import ConfigError
from autoscaler.ports.fleet import Fleet, ServiceRef, ServiceState
from autoscaler.ports.metrics import SignalRequest

Labelled = Mapping[ServiceRef, Mapping[str, str]]  # the labels `autoscaler.*` of each service that has some


@dataclass(frozen=True, slots=True)
class ResolvedServices:
    """The services that are scaled now, and those with invalid labels."""

    services: Mapping[str, ServiceConfig]
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # name -> its problems, one a line


ServiceResolver = Callable[[Fleet], ResolvedServices]  # the services to scale in a snapshot


def by_labels(file: PolicyFile) -> ServiceResolver:
    """Return a resolver for the services of the file and of the labels last seen."""
    last: tuple[Labelled, ResolvedServices] | None = None

    def resolved(fleet: Fleet) -> ResolvedServices:
        nonlocal last
        labelled = {ref: state.labels for ref, state in fleet.services.items() if state.labels}
        if last is not None:
            labelled |= {ref: labels for ref, labels in last[0].items() if ref.kind in fleet.unavailable}
        if last is None or last[0] != labelled:
            last = labelled, resolve(file, labelled)
        return last[1]

    return resolved


def fixed(services: Mapping[str, ServiceConfig]) -> ServiceResolver:
    """Return a resolver for exactly these services in every snapshot."""
    resolved = ResolvedServices(services)
    return lambda _: resolved


def resolve(file: PolicyFile, labelled: Labelled) -> ResolvedServices:
    """Return the services of the file merged with their labels, and those of labels alone.

    A mistake in a service's labels removes that one service, even if the file has it.
    """
    services, refused = dict(file.config.services), dict[str, str]()
    for ref, labels in sorted(labelled.items()):
        in_file = _in_file(file, ref)
        if in_file is None and file.settings.compose_project not in {None, ref.group}:
            continue
        taken = {*services, *refused, *file.config.services}
        name = in_file or (str(ref) if ref.name in taken else ref.name)
        try:
            service = _labelled(file, name, ref, labels, services)
        except ConfigError as error:
            services.pop(name, None)
            refused[name] = str(error)
        else:
            if service is not None:
                services[name] = service
    return ResolvedServices(services, refused)


def _in_file(file: PolicyFile, ref: ServiceRef) -> str | None:
    return next((name for name, service in file.config.services.items() if service.target.names(ref)), None)


def _labelled(
    file: PolicyFile, name: str, ref: ServiceRef, labels: Mapping[str, str], services: Mapping[str, ServiceConfig]
) -> ServiceConfig | None:
    """Return the service of labels and file together; None: its labels do not enable it.

    Raises:
        ConfigError: one line for each problem.
    """
    read = read_labels(str(ref), labels)
    if not read.enabled:
        return None
    own, defaults = service_layers(file.document, name)
    layers = [*([own] if name in file.config.services else []), Layer(read.document, (PREFIX,)), defaults]
    problems = list(_not_for_labels(layers, read.document.tree[PREFIX]))
    model = validate(ServiceModel, layers, problems)
    if model is None or problems:
        raise ConfigError("\n".join(problems))
    service = replace(service_config(name, model, file.root, file.settings), target=ref)
    others = {other: each for other, each in services.items() if other != name}
    if problems := [
        *policy_inconsistencies(service.policy, layers),
        *_beyond_limits(layers, service.policy, file.config.max_replicas_total, others),
    ]:
        raise ConfigError("\n".join(problems))
    return service


def _not_for_labels(layers: Layers, tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping) and "target" in tree:
        yield locate(
            layers[-2:], ("target",), "cannot be set by a label: the labels are those of the service that is scaled"
        )


def _beyond_limits(
    layers: Layers, policy: Policy, total: int | None, others: Mapping[str, ServiceConfig]
) -> Iterator[str]:
    """Yield a problem if the service's minimum exceeds what the file's replica budget leaves."""
    if total is None:
        return
    left = total - sum(other.policy.min_replicas for other in others.values())
    if policy.min_replicas > left:
        text = f"{policy.min_replicas} is more than the {max(0, left)} that limits.max_replicas_total {total} leaves"
        yield locate(layers, ("replicas", "min"), text)


def signal_requests(service: ServiceConfig, state: ServiceState) -> dict[str, SignalRequest]:
    """Return the policy's signal requests, by the name of the reading."""
    name_in_traefik = traefik_service(service, state)
    return {name: SignalRequest(source, name_in_traefik) for name, source in service.policy.sources.items()}


def traefik_service(service: ServiceConfig, state: ServiceState) -> str | None:
    """Return the service's name in Traefik: from the policy file, or else from the containers' labels."""
    return service.traefik_service or state.traefik_service
