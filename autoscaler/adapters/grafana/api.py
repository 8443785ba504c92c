"""Grafana's annotations API (POST and PATCH /api/annotations); every fault's message says what to do."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from autoscaler.adapters.http_session import AnswerTooLargeError, HardSession
from autoscaler.formats import Address

TIMEOUT_SECONDS = 3.0
MOST_BYTES = 65_536
_OK, _REDIRECTS = 200, range(300, 400)


class GrafanaFault(Exception):
    """Grafana did not accept the annotation; the message says why and what to check."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A mark at a time, or over a region if there is an end. Times in unix seconds."""

    at: float
    text: str
    tags: tuple[str, ...]
    until: float | None = None

    def body(self) -> dict[str, Any]:
        """Return the body for the API, with times in milliseconds."""
        end = {} if self.until is None else {"timeEnd": round(self.until * 1000)}
        text = html.escape(self.text, quote=False)  # Grafana shows it as HTML
        return {"time": round(self.at * 1000), **end, "tags": list(self.tags), "text": text}


class GrafanaApi:
    """The annotations of one Grafana. One caller at a time."""

    def __init__(self, url: str, token: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        address = Address(url)
        self._url = f"{address.whole.rstrip('/')}/api/annotations"
        self._name = f"Grafana at {address.rstrip('/')}"
        self._timeout_seconds = timeout_seconds
        self._session = HardSession()
        self._session.most_bytes = MOST_BYTES
        self._session.headers["Authorization"] = f"Bearer {token}"

    def add(self, annotation: Annotation) -> int:
        """Create an annotation, and return its number.

        Raises:
            GrafanaFault: Grafana did not accept it.
        """
        number = self._ask("POST", self._url, annotation.body()).get("id")
        if not isinstance(number, int):
            raise self._unlike_grafana()
        return number

    def change(self, number: int, annotation: Annotation) -> None:
        """Replace an earlier annotation by this one.

        Raises:
            GrafanaFault: Grafana did not accept it.
        """
        self._ask("PATCH", f"{self._url}/{number}", annotation.body())

    def _ask(self, method: str, url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer = self._session.request(method, url, json=body, timeout=self._timeout_seconds)
        except requests.Timeout as error:
            raise GrafanaFault(f"{self._name} did not answer within {self._timeout_seconds:g} s") from error
        except AnswerTooLargeError as error:
            raise self._unlike_grafana() from error
        except (requests.RequestException, ValueError) as error:
            problem = "cannot be reached; check AUTOSCALER_GRAFANA_URL and that it runs"
            raise GrafanaFault(f"{self._name} {problem}") from error
        if answer.status_code != _OK:
            raise GrafanaFault(f"{self._name} {_refusal(answer.status_code)}")
        try:
            found = answer.json()
        except ValueError as error:
            raise self._unlike_grafana() from error
        if not isinstance(found, dict):
            raise self._unlike_grafana()
        return found

    def _unlike_grafana(self) -> GrafanaFault:
        return GrafanaFault(f"{self._name} does not answer like Grafana; check AUTOSCALER_GRAFANA_URL")


def _refusal(status: int) -> str:
    match status:
        case 401:
            return "refuses the token (HTTP 401); create a new one for a service account with the role Editor"
        case 403:
            return "does not let the token write annotations (HTTP 403); its service account needs the role Editor"
        case 404:
            return "has no such annotation, or no such API (HTTP 404); check AUTOSCALER_GRAFANA_URL"
        case _ if status in _REDIRECTS:
            return f"redirects (HTTP {status}); set AUTOSCALER_GRAFANA_URL to the target of the redirect"
        case _:
            return f"fails (HTTP {status}); see its log"
