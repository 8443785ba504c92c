"""The route to a service through its gateway, and how a Traefik router rule is matched. Pure."""

import re
from dataclasses import dataclass

from autoscaler.loadtest.replicas import KnownReplica

_MATCHER = re.compile(r"""(?<!\w)(\w+)\(\s*(?:`([^`]*)`|"([^"]*)"|'([^']*)')?[^)]*\)""")
LONGEST_RULE = 4096  # characters
_UNDERSTOOD = {"Host": "host", "Path": "path", "PathPrefix": "path"}


@dataclass(frozen=True, slots=True)
class Aim:
    """A request that is routed: its Host header (None: any), and its path."""

    host: str | None = None
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Entrance:
    """The route to a service; unknown parts are None."""

    replicas: tuple[KnownReplica, ...]
    ready: int
    cookie: str | None  # the sticky cookie's name
    aim: Aim | None
    rules: tuple[str, ...]  # as in the labels
    gateway: str | None  # such as https://127.0.0.1:443


def aim_of(rule: str) -> Aim | None:
    """Return the first host and the first path of the rule; None for a rule with other conditions.

    Only Host, Path and PathPrefix are understood, joined by && and ||.
    """
    matchers = _MATCHER.findall(rule) if len(rule) <= LONGEST_RULE else []
    if not matchers or "!" in rule or any(name not in _UNDERSTOOD for name, *_ in matchers):
        return None
    found: dict[str, str] = {}
    for name, *quoted in matchers:
        found.setdefault(_UNDERSTOOD[name], "".join(quoted))
    path = found.get("path") or "/"
    return Aim(found.get("host") or None, path) if path.startswith("/") else None
