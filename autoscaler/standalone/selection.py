"""The services that a command without a daemon acts on."""

from collections.abc import Iterable, Mapping

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import ResolvedServices
from autoscaler.errors import ConfigError, TargetUnavailable
from autoscaler.ports.fleet import Fleet


def chosen(resolved: ResolvedServices, names: Iterable[str], fleet: Fleet) -> Mapping[str, ServiceConfig]:
    """Return the named services, or all of them.

    Raises:
        ConfigError: a name is unknown, there is no service at all, or a label has a mistake.
        TargetUnavailable: the labels that may describe them could not be read.
    """
    services, wanted = resolved.services, list(names)
    mistakes = [why for name, why in resolved.refused.items() if name in wanted or not wanted]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if not services and (unread := unread_labels(fleet)) is not None:
        raise TargetUnavailable(unread)
    if not services:
        raise ConfigError("there is nothing to scale: no service is in the policy file or has autoscaler.enable=true")
    wanted = wanted or list(services)
    unknown = [name for name in wanted if name not in services]
    if unknown:
        known = ", ".join(sorted(services))
        raise ConfigError(
            f"no service {', '.join(unknown)} in the policy file or enabled by a label; there are: {known}"
        )
    return {name: services[name] for name in wanted}


def unread_labels(fleet: Fleet) -> str | None:
    """Return why the labels of some services could not be read."""
    whys = [*fleet.unavailable.values(), *fleet.unknown.values()]
    return f"{whys[0]}; until then no label is read, and no service of a label is known" if whys else None
