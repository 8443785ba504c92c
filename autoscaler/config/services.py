"""Merges the services of the policy file with those of labels, service by service."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from autoscaler.config.consistency import policy_inconsistencies
from autoscaler.config.labels import PREFIX, read_labels
from autoscaler.config.layers import Layer, Layers, locate
from autoscaler.config.load import PolicyFile, service_config, service_layers, validate
from autoscaler.config.model import ServiceConfig
from autoscaler.config.schema import ServiceModel
from autoscaler.config.sizes import MOST_SERVICES, some
from autoscaler.core.policy import Query
from autoscaler.errors import ConfigError
from autoscaler.ports.fleet import COMPOSE, Fleet, ServiceRef, ServiceState
from autoscaler.ports.metrics import Share, SignalRequest

UNSHARED: Mapping[str, Collection[ServiceState]] = MappingProxyType({})
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
    known = KnownLabels(file)

    def resolved(fleet: Fleet) -> ResolvedServices:
        nonlocal last
        labelled = {ref: state.labels for ref, state in fleet.services.items() if state.labels}
        if last is not None:
            labelled |= {ref: labels for ref, labels in last[0].items() if fleet.hides(ref)}
        if last is None or last[0] != labelled:
            last = labelled, resolve(file, labelled, known)
        return last[1]

    return resolved


def fixed(services: Mapping[str, ServiceConfig]) -> ServiceResolver:
    """Return a resolver for exactly these services in every snapshot."""
    resolved = ResolvedServices(services)
    return lambda _: resolved


@dataclass(frozen=True, slots=True)
class _Read:
    """What the labels of one service say, with the file's layers: None where they do not enable it."""

    service: ServiceConfig | None = None
    layers: Layers = ()
    problems: str = ""


class KnownLabels:
    """Reads the labels of each service once, and again when they change: reading takes much longer than comparing."""

    def __init__(self, file: PolicyFile) -> None:
        self._file = file
        self._known: dict[tuple[str, ServiceRef], tuple[Mapping[str, str], _Read]] = {}

    def read(self, name: str, ref: ServiceRef, labels: Mapping[str, str]) -> _Read:
        known = self._known.get((name, ref))
        if known is None or known[0] != labels:
            try:
                read = _read(self._file, name, ref, labels)
            except ConfigError as error:
                read = _Read(problems=str(error))
            known = self._known[name, ref] = labels, read
        return known[1]

    def keep(self, refs: Collection[ServiceRef]) -> None:
        """Forget all other services."""
        self._known = {key: known for key, known in self._known.items() if key[1] in refs}


def resolve(file: PolicyFile, labelled: Labelled, known: KnownLabels | None = None) -> ResolvedServices:
    """Return the services of the file merged with their labels, and those of labels alone.

    A mistake in a service's labels removes that one service, even if the file has it.
    """
    known = known or KnownLabels(file)
    services, refused = dict(file.config.services), dict[str, str]()
    in_file = {service.target: name for name, service in file.config.services.items()}
    taken = set(services)
    minima = sum(service.policy.min_replicas for service in services.values())
    for ref, labels in sorted(labelled.items()):
        of_file = in_file.get(ref) or in_file.get(ref.without_group)
        if of_file is None and ref.kind == COMPOSE and file.settings.compose_project not in {None, ref.group}:
            continue
        name = of_file or next(each for each in (ref.name, str(ref), f"{ref.kind}:{ref}") if each not in taken)
        read = known.read(name, ref, labels)
        if read.service is None and not read.problems:
            continue
        before = services.get(name)
        minima -= 0 if before is None else before.policy.min_replicas
        others = len(services) - (before is not None)
        problems = read.problems or some(list(_beyond_limits(file, read, minima, others)))
        if read.service is None or problems:
            services.pop(name, None)
            refused[name] = problems
        else:
            services[name] = read.service
            minima += read.service.policy.min_replicas
        taken.add(name)
    known.keep(labelled.keys())
    return ResolvedServices(services, refused)


def _read(file: PolicyFile, name: str, ref: ServiceRef, labels: Mapping[str, str]) -> _Read:
    """Return the service of labels and file together.

    Raises:
        ConfigError: one line for each problem.
    """
    read = read_labels(str(ref), labels)
    if not read.enabled:
        return _Read()
    own, defaults = service_layers(file.document, name)
    layers = [*([own] if name in file.config.services else []), Layer(read.document, (PREFIX,)), defaults]
    problems = list(_not_for_labels(layers, read.document.tree[PREFIX]))
    model = validate(ServiceModel, layers, problems)
    if model is None or problems:
        raise ConfigError(some(problems))
    service = replace(service_config(name, model, file.root, file.settings), target=ref)
    if problems := list(policy_inconsistencies(service.policy, layers)):
        raise ConfigError(some(problems))
    return _Read(service, layers)


def _not_for_labels(layers: Layers, tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping) and "target" in tree:
        yield locate(
            layers[-2:], ("target",), "cannot be set by a label: the labels are those of the service that is scaled"
        )


def _beyond_limits(file: PolicyFile, read: _Read, minima: int, others: int) -> Iterator[str]:
    """Yield what the file's limits leave no room for, beside so many others and the sum of their minima."""
    if others >= MOST_SERVICES:
        yield locate(read.layers, (), f"there are {others} services already; at most {MOST_SERVICES} are allowed")
    total, least = file.config.max_replicas_total, 0 if read.service is None else read.service.policy.min_replicas
    if total is not None and least > total - minima:
        text = f"{least} is more than the {max(0, total - minima)} that limits.max_replicas_total {total} leaves"
        yield locate(read.layers, ("replicas", "min"), text)


def signal_requests(
    service: ServiceConfig, state: ServiceState, behind: Mapping[str, Collection[ServiceState]] = UNSHARED
) -> dict[str, SignalRequest]:
    """Return the policy's signal requests, by the name of the reading; `behind` has the services of each name."""
    names = traefik_services(service, state)
    first = names[0] if names else None
    of_traefik = SignalRequest(
        next(iter(service.policy.sources.values())),
        first,
        further=names[1:],
        shares=tuple(_shares(names, state, behind)),
        unmeasured=state.unmeasured if first == state.traefik_service else None,
    )
    return {
        name: SignalRequest(source, first) if isinstance(source, Query) else replace(of_traefik, source=source)
        for name, source in service.policy.sources.items()
    }


def traefik_services(service: ServiceConfig, state: ServiceState) -> tuple[str, ...]:
    """Return the service's names in Traefik: from the policy file, or else from the containers' labels."""
    first, further = service.traefik_service, service.further_traefik_services
    if first is None:
        first, further = state.traefik_service, state.further_traefik_services
    return () if first is None else (first, *further)


def services_behind(fleet: Fleet, services: Iterable[ServiceConfig]) -> Mapping[str, Collection[ServiceState]]:
    """Return the services that run behind each Traefik name, those without a policy included."""
    policies = {each.target: each for each in services}
    found: dict[str, list[ServiceState]] = {}
    for ref, state in fleet.services.items():
        service = policies.get(ref) or policies.get(ref.without_group)
        for name in _label_names(state) if service is None else traefik_services(service, state):
            if state.current > 0:
                found.setdefault(name, []).append(state)
    return found


def _label_names(state: ServiceState) -> tuple[str, ...]:
    return () if state.traefik_service is None else (state.traefik_service, *state.further_traefik_services)


def _shares(
    names: Iterable[str], state: ServiceState, behind: Mapping[str, Collection[ServiceState]]
) -> Iterator[Share]:
    """Yield the service's share of each name that other services have, too."""
    for name in names:
        others = [each for each in behind.get(name, ()) if each.ref != state.ref]
        if others:
            of = state.ready + sum(each.ready for each in others)
            yield Share(name, state.ready, of, tuple(sorted(str(each.ref) for each in others)))
