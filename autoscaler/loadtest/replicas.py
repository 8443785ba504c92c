"""Recognises replicas in the answers of a gateway. Pure."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Headers in which services and proxies name the instance that answered, the most reliable first.
HEADERS = ("x-replica", "x-hostname", "x-served-by", "x-container-id", "x-instance-id", "x-pod-name", "x-backend")
_UNNAMED_COOKIE = re.compile(r"_[0-9a-f]{5}")  # Traefik's name for a cookie without one in the labels
_FNV_OFFSET, _FNV_PRIME, _FNV_BITS = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class KnownReplica:
    """A container: its marks in an answer (name, id, host name, addresses), and its URLs in Traefik."""

    name: str
    marks: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()


class Recogniser:
    """Finds the replica that gave an answer; `cookie` is the sticky cookie's name, if the labels have it."""

    def __init__(self, replicas: Iterable[KnownReplica], cookie: str | None = None) -> None:
        replicas = tuple(replicas)
        often = Counter(mark for replica in replicas for mark in replica.marks)
        self._cookie = cookie
        self._by_mark = {mark: each.name for each in replicas for mark in each.marks if mark and often[mark] == 1}
        self._by_cookie = {value: each.name for each in replicas for url in each.urls for value in cookie_values(url)}
        words = "|".join(map(re.escape, sorted(self._by_mark, key=len, reverse=True)))
        self._mark = re.compile(rf"(?<![\w.-])(?:{words})(?![\w-])") if words else None

    def by_mark(self, texts: Iterable[str]) -> str | None:
        """Return the replica named in these texts; None for none, or more than one."""
        if self._mark is None:
            return None
        found = {self._by_mark[mark] for text in texts for mark in self._mark.findall(text)}
        return found.pop() if len(found) == 1 else None

    def sticky(self, cookies: Mapping[str, str]) -> str | None:
        """Return the value of the sticky cookie among these, if there is one."""
        for name, value in cookies.items():
            if name == self._cookie or value in self._by_cookie or _UNNAMED_COOKIE.fullmatch(name):
                return value
        return None

    def by_cookie(self, value: str) -> str:
        """Return the replica whose sticky cookie has that value, or a name derived from it; values are per server."""
        return self._by_cookie.get(value, f"server {value[:12]}")


def cookie_values(url: str) -> tuple[str, ...]:
    """Return the values that Traefik may write into a server's sticky cookie.

    Source: traefik/traefik, pkg/server/service/loadbalancer/sticky.go. The first half of the SHA-256 of its URL;
    before v3.3 the FNV-1 of it, once or twice; before v2.2 the URL itself.
    """
    once = _fnv(url)
    return hashlib.sha256(url.encode()).hexdigest()[:16], once, _fnv(once), url


def _fnv(text: str) -> str:
    """Return the 64-bit FNV-1 in hexadecimal."""
    value = _FNV_OFFSET
    for byte in text.encode():
        value = (value * _FNV_PRIME & _FNV_BITS) ^ byte
    return f"{value:x}"
