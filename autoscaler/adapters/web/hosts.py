"""The names of the daemon, so that no site on the web can read it through a browser (DNS rebinding).

Such a site lets its own name lead to this machine, and the browser sends that name as Host.
"""

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from autoscaler.adapters.web.answer import Json
from autoscaler.adapters.web.rare_line import RareLine
from autoscaler.formats import one_line

EXEMPT = frozenset({"/metrics", "/healthz", "/readyz"})  # for probes and scrapers, which use any name
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]/]+)(:\d*)?", re.IGNORECASE)
_LOGGED_CHARACTERS = 100
MISDIRECTED = 421
_HINT = "if it is one, add it to AUTOSCALER_ALLOWED_HOSTS"


def is_own_name(host: str | None, allowed: Collection[str]) -> bool:
    """Return whether a Host header names this daemon: an address, a name without a dot, or one of those allowed.

    `*.example.org` allows all names below it, `*` every name. A request without the header comes from no browser.
    """
    if host is None or "*" in allowed:
        return True
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower()
    own = "." not in name or _is_address(name) or name in allowed
    return own or any(each.startswith("*.") and name.endswith(each[1:]) for each in allowed)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def with_own_names(app: ASGIApp, allowed: Collection[str]) -> ASGIApp:
    """Refuse requests for other names, except for `EXEMPT` paths."""
    line = RareLine("web.refused")

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host")
        if scope["path"] in EXEMPT or is_own_name(host, allowed):
            await app(scope, receive, send)
            return
        shown = one_line(host or "", _LOGGED_CHARACTERS)
        client = scope["client"][0] if scope["client"] else "unknown"
        line.log(reason="host", client=client, host=shown, hint=_HINT)
        answer = Json({"error": f"{shown!r} is no known name of this daemon; {_HINT}"}, status_code=MISDIRECTED)
        await answer(scope, receive, send)

    return checked
