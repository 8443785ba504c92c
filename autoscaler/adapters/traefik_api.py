"""The services that Traefik itself lists, by its API. One reader at a time."""

from collections.abc import Callable

import requests

from autoscaler.adapters.http_session import HardSession
from autoscaler.events import TraefikListed
from autoscaler.formats import Address
from autoscaler.ports.observers import Emit

TIMEOUT_SECONDS = 5.0
_PAGE, _MOST_PAGES = 500, 20
_OK = 200


class TraefikServices:
    """The names of the services that Traefik has enabled, as last listed. `listed` may be read from any thread."""

    def __init__(self, url: Callable[[], str | None], emit: Emit) -> None:
        self.listed: frozenset[str] = frozenset()
        self._url = url
        self._emit = emit
        self._session = HardSession()

    def refresh(self) -> None:
        """Ask the API, if there is one; without an answer no service is listed: an old list proves nothing."""
        found = self._url()
        url = None if found is None else Address(found)
        if url is None and not self.listed:
            return
        problem = None
        try:
            self.listed = frozenset() if url is None else self._ask(url.whole.rstrip("/"))
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            self.listed = frozenset()
            where, why = url or "", type(error).__name__
            problem = f"Traefik's API at {where} lists no services ({why}); check traefik.api_url, and Traefik's API"
        self._emit(TraefikListed(self.listed, problem))

    def _ask(self, url: str) -> frozenset[str]:
        names: set[str] = set()
        for page in range(1, _MOST_PAGES + 1):
            where = f"{url}/api/http/services?per_page={_PAGE}&page={page}"
            answer = self._session.request("GET", where, timeout=TIMEOUT_SECONDS)
            if answer.status_code != _OK:
                raise ValueError(f"status {answer.status_code}")
            services = answer.json()
            if not isinstance(services, list):
                raise TypeError("no list")
            names |= {str(each["name"]) for each in services if each["status"] == "enabled"}
            if len(services) < _PAGE:
                break
        return frozenset(names)
