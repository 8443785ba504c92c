"""What each part of a policy file allows, but not together: problems that need several places to be seen."""

from collections.abc import Iterator, Mapping

from autoscaler.core.policy import Policy
from autoscaler.fleet import ServiceRef
from autoscaler.policyfile.model import Config, ServiceConfig
from autoscaler.policyfile.yaml_tree import Document, Place


def inconsistencies(config: Config, document: Document) -> list[str]:
    """Return one line for each problem, with file, line, key, value and what is allowed."""
    lines = [
        *_shared_targets(config.services, document),
        *_small_budget(config, document),
    ]
    for name, service in config.services.items():
        lines.extend(_schedules(service.policy, document, ("services", name)))
        lines.extend(_bursts(service.policy, document, ("services", name)))
    return list(dict.fromkeys(lines))


def _shared_targets(services: Mapping[str, ServiceConfig], document: Document) -> Iterator[str]:
    owners: dict[ServiceRef, str] = {}
    for name, service in services.items():
        owner = owners.setdefault(service.target, name)
        if owner != name:
            yield _line(
                document,
                ("services", name),
                f"scales {service.target}, and so does services.{owner}; a Compose service may have one policy",
            )


def _small_budget(config: Config, document: Document) -> Iterator[str]:
    total, needed = config.max_replicas_total, sum(each.policy.min_replicas for each in config.services.values())
    if total is not None and needed > total:
        text = f"must be at least {needed}, the sum of `replicas.min` of all services, not {total}"
        yield _line(document, ("limits", "max_replicas_total"), text)


def _schedules(policy: Policy, document: Document, at: Place) -> Iterator[str]:
    """Refuse a bound that the other one makes void: what is never in effect was not meant."""
    for index, schedule in enumerate(policy.schedules):
        here = (*at, "schedules", index)
        low, high = schedule.min_replicas, schedule.max_replicas
        if low is not None and high is None and low > policy.max_replicas:
            text = f"is above replicas.max {policy.max_replicas}; give the schedule a `max`, too, or raise replicas.max"
            yield _line(document, (*here, "min"), f"{low} {text}")
        if high is not None and low is None and high < policy.min_replicas:
            text = f"is below replicas.min {policy.min_replicas}; give the schedule a `min`, too, or lower replicas.min"
            yield _line(document, (*here, "max"), f"{high} {text}")


def _bursts(policy: Policy, document: Document, at: Place) -> Iterator[str]:
    for rule in policy.rules:
        if rule.burst is not None and rule.burst.window_seconds >= rule.source.window_seconds:
            long, short = f"{rule.source.window_seconds:g} s", f"{rule.burst.window_seconds:g} s"
            text = f"must be shorter than the window of the rule {rule.name}, {long}, not {short}; or set burst: off"
            yield _line(document, (*at, "burst", "window"), text)


def _line(document: Document, place: Place, text: str) -> str:
    """Put file, line and key before the text; what a service does not say itself is of the defaults."""
    where = ".".join(map(str, place))
    candidates = (place, ("defaults", *place[2:]))
    line = next((document.lines[each] for each in candidates if each in document.lines), document.lines[()])
    return f"{document.file}:{line}: {where}: {text}"
