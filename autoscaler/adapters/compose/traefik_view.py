"""Asks Traefik's view to leave replicas out, and how far it is."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from autoscaler.adapters.http_session import HardSession
from autoscaler.errors import AutoscalerError
from autoscaler.events import ViewChanged
from autoscaler.formats import Address
from autoscaler.ports.observers import Emit

HOLD_SECONDS = 15.0  # an order that is not renewed ends: nothing stays hidden when this daemon has died
ASK_SECONDS = 2.0
FRESH_SECONDS = 10.0  # what it has said of itself


class ViewUnavailable(AutoscalerError):
    """The view does not answer, or refuses."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """How far the view is with an order: `looked_seconds` ago every Traefik has listed the containers without it."""

    instance: str  # of the view; another one knows no earlier order
    hidden: bool
    looked_seconds: float | None


class TraefikView:
    """One view. Thread-safe. `longest_request` says how long the requests of a Traefik service took at most."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        emit: Emit,
        longest_request: Callable[[str], float | None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = Address(url).whole.rstrip("/")
        self._secret = secret
        self._emit = emit
        self.longest_request = longest_request
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._problem: str | None = None

    @property
    def name(self) -> str:
        return f"Traefik's view at {Address(self._url)}"

    def problem(self) -> str | None:
        """Return why the view cannot be used now, or None; it is asked now and then."""
        with self._lock:
            if self._asked_at is None or self._monotonic() - self._asked_at >= FRESH_SECONDS:
                before, first = self._problem, self._asked_at is None
                self._problem, self._asked_at = self._ask_problem(), self._monotonic()
                if first or (before is None) != (self._problem is None):
                    self._emit(ViewChanged(self._problem))
            return self._problem

    def hide(self, container: str) -> Hiding:
        """Order, or renew the order, to leave a container out.

        Raises:
            ViewUnavailable: it does not answer, or refuses.
        """
        answer = self._ask("PUT", f"/hidden/{container}", {"seconds": HOLD_SECONDS})
        try:
            looked = answer["looked_seconds"]
            return Hiding(str(answer["instance"]), answer["hidden"] is True, None if looked is None else float(looked))
        except (KeyError, TypeError, ValueError) as error:
            raise ViewUnavailable(f"{self.name} answers with what is no account of an order") from error

    def knows(self, container: str) -> bool:
        """Return whether the view can be used now and sees this container: it may be limited to other projects."""
        if self.problem() is not None:
            return False
        try:
            return self._ask("GET", f"/hidden/{container}").get("known") is True
        except ViewUnavailable:
            return False

    def show(self, container: str) -> None:
        """Take the order back.

        Raises:
            ViewUnavailable: as `hide`; then the order ends by itself.
        """
        self._ask("DELETE", f"/hidden/{container}")

    def _ask_problem(self) -> str | None:
        try:
            answer = self._ask("GET", "/view")
        except ViewUnavailable as error:
            return str(error)
        if answer.get("engine") != "ok":
            return f"{self.name} cannot ask the engine"
        if not answer.get("traefiks"):
            return f"no Traefik asks {self.name}; give Traefik --providers.docker.endpoint=tcp://<the view>:2375"
        return None

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._secret}"}
        try:
            with HardSession() as session:
                answer = session.request(method, self._url + path, json=body, headers=headers, timeout=ASK_SECONDS)
                found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise ViewUnavailable(f"{self.name} does not answer ({type(error).__name__})") from error
        if not answer.ok or not isinstance(found, dict):
            message = found.get("message") if isinstance(found, dict) else None
            raise ViewUnavailable(f"{self.name} refuses the order: {message or answer.status_code}")
        return found
