"""The calls that Traefik's Docker provider makes; all others are refused. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs

_PATH = re.compile(
    r"(?P<version>/v1\.[0-9]{1,3})?"
    r"/(?:(?P<plain>_ping|version|events|containers/json)|containers/(?P<id>[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254})/json)"
)
_FALSE = frozenset({"", "0", "no", "false", "none"})  # as the engine reads its parameters


class Kind(StrEnum):
    """What Traefik may ask."""

    PING = "_ping"
    VERSION = "version"
    EVENTS = "events"
    LIST = "containers/json"
    INSPECT = "inspect"


@dataclass(frozen=True, slots=True)
class Call:
    """One permitted call."""

    kind: Kind
    version: str  # as in the path, such as /v1.24; empty without one
    container: str = ""
    stopped_too: bool = False  # the list has stopped containers, too


def permitted(method: str, target: str, *, has_body: bool) -> Call | None:
    """Return the call; None if it is refused. HEAD is for the ping alone."""
    path, _, query = target.partition("?")
    found = _PATH.fullmatch(path)
    if found is None or has_body:
        return None
    kind = Kind.INSPECT if found["id"] else Kind(found["plain"])
    if method != "GET" and not (method == "HEAD" and kind is Kind.PING):
        return None
    everything = parse_qs(query).get("all", [""])[-1].strip().lower() not in _FALSE
    return Call(kind, found["version"] or "", found["id"] or "", everything)
