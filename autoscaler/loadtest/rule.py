"""Finds a host and a path that match a Traefik router rule. Pure."""

import re
from dataclasses import dataclass

_MATCHER = re.compile(r"""(\w+)\(\s*(?:`([^`]*)`|"([^"]*)"|'([^']*)')?[^)]*\)""")
_UNDERSTOOD = {"Host": "host", "Path": "path", "PathPrefix": "path"}


@dataclass(frozen=True, slots=True)
class Aim:
    """A request that is routed: its Host header (None: any), and its path."""

    host: str | None = None
    path: str = "/"


def aim_of(rule: str) -> Aim | None:
    """Return the first host and the first path of the rule; None for a rule with other conditions.

    Only Host, Path and PathPrefix are understood, joined by && and ||.
    """
    matchers = _MATCHER.findall(rule)
    if not matchers or "!" in rule or any(name not in _UNDERSTOOD for name, *_ in matchers):
        return None
    found: dict[str, str] = {}
    for name, *quoted in matchers:
        found.setdefault(_UNDERSTOOD[name], "".join(quoted))
    path = found.get("path") or "/"
    return Aim(found.get("host") or None, path) if path.startswith("/") else None
